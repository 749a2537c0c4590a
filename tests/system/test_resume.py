"""A run that is killed with SIGKILL and resumed ends with the same bits as one that never stopped; and what faults leave behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("_resumable.py")
SECONDS = 120
CASES = [
    "sgd-serial-ordered",
    "sgd-serial-shuffled-dropout",
    "momentum-thread-shuffled",
    "momentum-process-dropout",
    "adam-serial-shuffled-early",
    "adam-process-shuffled",
    "adamw-thread-ordered",
    "amsgrad-serial-averaged",
    "nadam-process-shuffled-dropout",
    "lamb-serial-hooks",
    "lion-thread-accumulated",
    "rmsprop-serial-statistics",
]


def command(case: str, out: Path, *options: str) -> list[str]:
    return [sys.executable, str(PROGRAM), case, str(out), *options]


def train(case: str, out: Path) -> list[int]:
    """Run to the end; the iterations of this run."""
    run = subprocess.run(command(case, out), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return [int(line) for line in run.stdout.split()]


def train_and_kill(case: str, out: Path, at: int) -> None:
    """Kill the program after that iteration, with no chance to clean up."""
    with subprocess.Popen(command(case, out, "--slow"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= at:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL


def without_times(text: str) -> str:
    return re.sub(r'"elapsed_time": [0-9.e+-]+', "", text)


def snapshots(out: Path) -> dict[int, Path]:
    """By iteration."""
    return {int(path.name.removeprefix("snapshot_iter_")): path for path in sorted(out.glob("snapshot_iter_*"))}


def contents(path: Path) -> dict[str, Any]:
    """Every array of a snapshot by key: its type, shape and bytes; without the times."""
    with np.load(path, allow_pickle=False) as arrays:
        found: dict[str, Any] = {k: (a.dtype.str, a.shape, a.tobytes()) for k, a in arrays.items()}
        for key in found:
            if key.endswith("/_log"):
                found[key] = without_times(str(arrays[key]))
    del found["_snapshot_elapsed_time"]
    return found


def files(out: Path) -> dict[str, Any]:
    """Everything in the folder, without the times."""
    found: dict[str, Any] = {}
    for path in out.iterdir():
        if path.name.startswith("."):  # what a killed process had begun to write
            continue
        if path.name.startswith(("snapshot", "best")):
            found[path.name] = contents(path) if path.name.startswith("snapshot") else path.read_bytes()
        elif path.suffix == ".csv":
            rows = [line.split(",") for line in path.read_text().splitlines()]
            time = rows[0].index("elapsed_time")
            found[path.name] = [row[:time] + row[time + 1 :] for row in rows]
        else:
            found[path.name] = path.read_bytes() if path.suffix == ".png" else without_times(path.read_text())
    return found


@pytest.mark.parametrize("case", CASES)
def test_killed_and_resumed_ends_with_the_same_bits(tmp_path: Path, case: str) -> None:
    once, killed = tmp_path / "once", tmp_path / "killed"
    iterations = train(case, once)
    assert iterations == list(range(1, iterations[-1] + 1))
    train_and_kill(case, killed, 8)  # in the second epoch, between snapshots
    train_and_kill(case, killed, 13)
    resumed = train(case, killed)
    assert 1 < resumed[0] <= resumed[-1] == iterations[-1]
    assert files(killed) == files(once)
    about = json.loads((once / "log").read_text())[0]["about"]
    assert about["seed"] == 0
    assert about["versions"]["numpy"] == np.__version__


def test_the_cases_are_those_of_the_program() -> None:
    run = subprocess.run([sys.executable, str(PROGRAM), "--help"], capture_output=True, text=True, check=True)
    assert set(CASES) == set(re.findall(r"[a-z]+(?:-[a-z]+)+", run.stdout.split("}")[0].replace("\n", "")))
