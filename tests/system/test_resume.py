"""A run that is killed with SIGKILL and resumed ends with the same bits as one that never stopped; and what faults leave behind."""

from __future__ import annotations

import json
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("_resumable.py")
SECONDS = 120
CASES = list(runpy.run_path(str(PROGRAM))["CASES"])


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
    train_and_kill(case, killed, 5)  # between snapshots
    train_and_kill(case, killed, 8)  # in the second epoch
    resumed = train(case, killed)
    assert 1 < resumed[0] <= resumed[-1] == iterations[-1]
    assert files(killed) == files(once)
    about = json.loads((once / "log").read_text())[0]["about"]
    assert about["seed"] == 0
    assert about["versions"]["numpy"] == np.__version__


# ------------------------------------------------------------------------------------------------- faults

CASE = "adam-serial-shuffled-early"


def start(case: str, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(case, out, *options), capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("once")
    train(CASE, out)
    return files(out)


@pytest.mark.parametrize(
    "writer", ["SimpleWriter", "ThreadWriter", "ProcessWriter", "ThreadQueueWriter", "ProcessQueueWriter"]
)
def test_where_the_disk_is_full_the_last_good_snapshot_stays(
    tmp_path: Path, finished: dict[str, Any], writer: str
) -> None:
    run = start(CASE, tmp_path, "--full-at", "10", "--writer", writer)
    assert run.returncode == 1
    assert "OSError: [Errno 27] File too large" in run.stderr
    assert "was not written; what stood there before is as it was" in run.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    # A process that was started before has no such limit; a thread may not have done with iteration 9 yet.
    last = max(snapshots(tmp_path))
    assert last == {"SimpleWriter": 9, "ProcessWriter": 9, "ProcessQueueWriter": 15}.get(writer, 6 if last < 9 else 9)
    assert train(CASE, tmp_path)[0] == last + 1
    assert files(tmp_path) == finished


def test_a_truncated_snapshot_is_passed_over(tmp_path: Path, finished: dict[str, Any]) -> None:
    train_and_kill(CASE, tmp_path, 14)
    newest = snapshots(tmp_path)[12]
    newest.write_bytes(newest.read_bytes()[:2000])
    run = start(CASE, tmp_path)
    assert run.returncode == 0
    assert re.search(r"skipped a newer file .*snapshot_iter_12' cannot be read, it is damaged", run.stderr)
    assert run.stdout.split()[0] == "10"
    assert files(tmp_path) == finished


def test_snapshots_of_another_model_are_refused_and_stay(tmp_path: Path, finished: dict[str, Any]) -> None:
    train_and_kill(CASE, tmp_path, 14)
    run = start("lamb-serial-hooks", tmp_path)
    assert run.returncode == 1
    assert run.stdout == ""
    assert re.search(r"autoload found 2 files .* and none loads; move them away to start anew", run.stderr)
    assert train(CASE, tmp_path)[0] == 13
    assert files(tmp_path) == finished


def test_two_trainers_in_one_folder_leave_whole_files(tmp_path: Path, finished: dict[str, Any]) -> None:
    both = [
        subprocess.Popen(command(CASE, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.communicate(timeout=SECONDS)[1] == ""
        assert process.returncode == 0
    assert files(tmp_path) == finished


@pytest.mark.parametrize("writer", ["ProcessWriter", "ProcessQueueWriter"])
def test_a_killed_trainer_leaves_no_process_behind(tmp_path: Path, writer: str) -> None:
    with subprocess.Popen(
        command(CASE, tmp_path, "--slow", "--writer", writer),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 13:
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                process.kill()
                break
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, children
        time.sleep(0.05)
    assert train(CASE, tmp_path)[0] > 1
