"""The program that prints xparray's ratios runs, and its contestants agree; nothing here asserts a time."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import xparray as xp

pytest.importorskip("numba")
ROOT = Path(__file__).resolve().parents[2]
OURS = {"einsum", "shares_memory"}


def test_ratios_are_printed() -> None:
    command = [sys.executable, "-m", "benchmarks.xparray", "kernels", "calls", "--rounds", "1", "--size", "40000"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout
    for row in ("ten elementwise operations, 40,000 float32", "W7", "sum of squares along 0"):
        assert re.search(rf"^{row}.*ratio", shown, re.MULTILINE), shown
    assert re.search(r"^elementwise on numba +[0-9.]+ +[0-9.]+ +< 0.125$", shown, re.MULTILINE), shown
    assert re.search(r"^175 functions on ten elements, \d+ over \+0.50 us; the dearest:$", shown, re.MULTILINE), shown


def test_every_function_of_the_standard_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.overheads import CALLS, name_of

    names = {
        dot + name
        for dot, m in (("", xp), ("linalg.", xp.linalg), ("fft.", xp.fft))
        for name in m.__all__
        if is_function(m, name)
    }
    assert len(CALLS) == len(names)
    assert {name_of(call) for call in CALLS} == names


def is_function(module: ModuleType, name: str) -> bool:
    """Whether `name` is the standard's rather than xparray's own: NumPy has all of those."""
    numpys = np if module is xp else getattr(np, module.__name__.rpartition(".")[2])
    return inspect.isfunction(getattr(module, name)) and name not in OURS and hasattr(numpys, name)


def test_unknown_sections_are_refused() -> None:
    command = [sys.executable, "-m", "benchmarks.xparray", "warm"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2 and "no such section: warm; there are kernels, threads, calls, cold" in run.stderr
