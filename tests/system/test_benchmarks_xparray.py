"""The program that prints xparray's ratios runs, and its contestants agree; nothing here asserts a time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")
ROOT = Path(__file__).resolve().parents[2]


def test_ratios_are_printed() -> None:
    command = [sys.executable, "-m", "benchmarks.xparray", "kernels", "calls", "--rounds", "1", "--size", "40000"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout
    for row in ("ten elementwise operations, 40,000 float32", "W7", "sum of squares along 0", "add of ten float64"):
        assert re.search(rf"^{row}.*ratio", shown, re.MULTILINE), shown
    assert re.search(r"^elementwise on numba +[0-9.]+ +[0-9.]+ +< 0.125$", shown, re.MULTILINE), shown


def test_unknown_sections_are_refused() -> None:
    command = [sys.executable, "-m", "benchmarks.xparray", "warm"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2 and "no such section: warm; there are kernels, threads, calls, cold" in run.stderr
