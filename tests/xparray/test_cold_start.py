"""What a process has to load and to compile before its first results; how long that takes, `python -m benchmarks.xparray` prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

FUNCTIONS = """
import sys
import numpy as np
import xparray as xp

@xp.elementwise
def decayed(x, rate):
    return x - rate * x

@xp.fuse
def loss(x):
    y = xp.tanh(x)
    return xp.mean(y * y, axis=-1), 1 - y * y

@xp.reduction(xp.add, post_map=xp.sqrt)
def norm(x):
    return x * x

x = xp.asarray(np.linspace(-2, 2, 12, dtype="float32").reshape(3, 4))
tagged = xp.to_device(x, "numba")
"""
CALLS = """
from numba.core import event

with event.install_recorder("numba:compile") as compiled:
    decayed(x, 0.5), decayed(tagged, 0.5), decayed(x, 0.25, out=x)
    loss(x), loss(tagged), norm(x, axis=0), norm(tagged)
    xp.exp(tagged), xp.special.expit(x)
    assert decayed.why_not is loss.why_not is norm.why_not is None
print(len(compiled.buffer))
"""


def run(tmp_path: Path, text: str) -> str:
    file = tmp_path / "program.py"
    file.write_text(FUNCTIONS + text)
    variables = {**os.environ, "XPARRAY_CACHE_DIR": str(tmp_path / "cache"), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, str(file)], env=variables, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    assert int(run(tmp_path, CALLS)) > 0
    assert run(tmp_path, CALLS) == "0"


def test_numba_is_loaded_by_the_first_loop(tmp_path: Path) -> None:
    shown = run(
        tmp_path,
        """
print("numba" in sys.modules)
xp.exp(x) + xp.sum(x)
print("numba" in sys.modules)
with xp.jit(False):
    decayed(x, 0.5), loss(x), norm(x)
print("numba" in sys.modules)
decayed(x, 0.5)
print("numba" in sys.modules)
""",
    )
    assert shown.split() == ["False", "False", "False", "True"]
