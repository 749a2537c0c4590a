"""The programs that measure training and memory run, and their contestants agree; nothing here asserts a time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")
ROOT = Path(__file__).resolve().parents[2]


def shown(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    ).stdout


def test_every_way_of_training_is_measured() -> None:
    text = shown("benchmarks.trainer", "--images", "1000", "--rounds", "1")
    for row in ("by hand", "Trainer, plain lines", "Trainer, at a terminal", "Adam.update on numba"):
        assert re.search(rf"^{row} +[0-9.]+ +[0-9.]+", text, re.MULTILINE), text


def test_an_elementwise_operation_takes_less_than_500_bytes() -> None:
    rows = dict(re.findall(r"^(.+?) {2,}(\d+) +< 500$", shown("benchmarks.memory"), re.MULTILINE))
    assert len(rows) == 7
    assert {name: int(rows[name]) for name in ("y + x", "y * x", "tanh(y)") if int(rows[name]) > 500} == {}
