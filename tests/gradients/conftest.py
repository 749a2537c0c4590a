"""Hypothesis's profiles: how many calls of each op are tried. Choose with --hypothesis-profile; every run draws the same ones."""

from __future__ import annotations

import pytest
from hypothesis import settings

for name, examples in {"default": 25, "gradients": 200, "thorough": 5000}.items():
    settings.register_profile(name, max_examples=examples, derandomize=True, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile", None) is None:
        settings.load_profile("default")
