"""A table of what was compiled, at the end of the run."""

from __future__ import annotations

from typing import Any

import pytest

ROWS = pytest.StashKey[list[tuple[Any, ...]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> list[tuple[Any, ...]]:
    """Rows of the table: the kernel, its dtype, and for each architecture the bytes of code."""
    return request.config.stash[ROWS]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("CUDA kernels: bytes of code by architecture")
    for name, dtype, sizes in rows:
        columns = "  ".join(f"sm_{arch} {size:6}" for arch, size in sizes.items())
        terminalreporter.write_line(f"{name:64} {dtype:8}  {columns}")
    count = sum(len(sizes) for _, _, sizes in rows)
    terminalreporter.write_line(f"{len(rows)} kernels, {count} compilations")
