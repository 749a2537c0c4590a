"""What stands here runs on a GPU; where there is none it is skipped, and the reason printed."""

from __future__ import annotations

from pathlib import Path

import pytest

import xparray as xp


def why_not() -> str:
    """Why the tests cannot run; empty where they can."""
    try:
        xp.get_backend("cuda").native_device(xp.Device("cuda"))
    except (ImportError, RuntimeError) as e:
        return str(e)
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    reason = why_not() if ours else ""
    for item in ours:
        item.add_marker(pytest.mark.gpu)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
