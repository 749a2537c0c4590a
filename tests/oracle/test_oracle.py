"""The same programs on Chainer 7.8.1 and here: values, gradients, names in files, states of optimizers, logs of trainings.

CHAINER_PYTHON names a Python that has Chainer 7.8.1; `tox run -e chainer-oracle` makes one.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
REAL = os.environ.get("CHAINER_PYTHON", "")
pytestmark = pytest.mark.skipif(not REAL, reason="CHAINER_PYTHON is not set: run `tox run -e chainer-oracle`")


@functools.cache
def results(program: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for i, python in enumerate((REAL, sys.executable)):
            path = Path(folder) / f"{i}.npz"
            environment = {**os.environ, "PYTHONPATH": ""} if python == REAL else dict(os.environ)
            run = subprocess.run(
                [python, HERE / program, path], check=False, env=environment, capture_output=True, text=True
            )
            if run.returncode:  # told by each test, and not run again for each
                return {}, {"absent": np.array([]), "failed": np.array(f"{python}: {run.stderr}")}
            with np.load(path) as file:
                found.append({k: file[k] for k in file.files})
    return found[0], found[1]


def cases() -> list[tuple[str, str]]:
    tables = {"functions.py": ("CASES",), "links.py": ("LINKS", "OPTIMIZERS")}
    found = [(p, case) for p, names in tables.items() for name in names for case in names_in(p, name)]
    return found + [("links.py", f"training with {what}") for what in TRAININGS]


def names_in(program: str, table: str) -> list[str]:
    return list(runpy.run_path(str(HERE / program))[table])


TRAININGS = (
    "sgd", "momentum", "adam", "weight decay", "lasso", "clipping", "hard clipping", "lars", "convolution", "embedding",
)  # fmt: skip


def test_so_many_are_compared() -> None:
    """Functions and links are counted once however many cases they have."""
    functions, links, optimizers = (
        {name.split()[0] for name in names_in(program, table)}
        for program, table in (("functions.py", "CASES"), ("links.py", "LINKS"), ("links.py", "OPTIMIZERS"))
    )
    counts = len(functions), len(links), len(optimizers), len(TRAININGS)
    print(f"{counts[0]} functions, {counts[1]} links, {counts[2]} optimizers, {counts[3]} trainings")
    assert counts == (215, 55, 15, 10)


@pytest.mark.parametrize(("program", "case"), cases())
def test_agrees_with_chainer(program: str, case: str) -> None:
    theirs, ours = results(program)
    assert "failed" not in ours, str(ours["failed"])
    assert case not in ours["absent"]
    keys = [k for k in theirs.keys() | ours.keys() if k.startswith(f"{case}: ")]
    assert keys
    assert f"{case}: error" not in ours, str(ours[f"{case}: error"])
    assert f"{case}: error" not in theirs, str(theirs[f"{case}: error"])
    for key in keys:
        if key not in theirs:  # Chainer has no gradient where ours is zero everywhere
            assert not ours[key].any(), key
            continue
        assert key in ours, key
        compare(key, ours[key], theirs[key])


def compare(key: str, y: np.ndarray, e: np.ndarray) -> None:
    if e.dtype.kind == "U":
        assert y.tolist() == e.tolist(), key
        return
    assert y.shape == e.shape, key
    assert y.dtype.kind == e.dtype.kind, key
    if e.dtype.kind == "f":
        assert y.dtype == e.dtype, key
    tolerance = (
        {"rtol": 1e-4, "atol": 1e-5} if e.dtype == np.float32 or "training" in key else {"rtol": 1e-7, "atol": 1e-8}
    )
    np.testing.assert_allclose(y, e, err_msg=key, **tolerance)


def test_chainer_reads_what_is_written_here(tmp_path: Path) -> None:
    program = HERE.parent / "chainer" / "golden" / "files.py"
    subprocess.run([sys.executable, program, tmp_path], check=True)
    environment = {**os.environ, "PYTHONPATH": ""}
    read = [REAL, program, tmp_path, "--read"]
    there = json.loads(subprocess.run(read, check=True, env=environment, capture_output=True, text=True).stdout)
    here = json.loads((tmp_path / "chainer.json").read_text())
    assert there.keys() == here.keys()
    for part in here:
        for name in here[part]:
            assert flat(there[part][name]) == pytest.approx(flat(here[part][name]), rel=1e-5, abs=1e-6), (part, name)


def flat(x: Any) -> list[float]:
    if isinstance(x, dict):
        return [y for key in sorted(x) for y in flat(x[key])]
    return [y for part in x for y in flat(part)] if isinstance(x, list) else [x]
