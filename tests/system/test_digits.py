"""The program that trains on handwritten digits: what it reaches, what it leaves, and that a kill costs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = Path(__file__).parents[2] / "examples" / "digits.py"
SECONDS = 300
VARYING = {"_snapshot_elapsed_time", "random/numpy", "random/python"}


def command(out: Path, *options: str) -> list[str]:
    return [sys.executable, str(PROGRAM), "--out", str(out), *options]


def train(out: Path, *options: str) -> str:
    run = subprocess.run(command(out, *options), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def iterations(out: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("snapshot_iter_")) for path in out.glob("snapshot_iter_*"))


def train_and_kill(out: Path, epoch: int, *options: str) -> None:
    """Kill the program, with no chance to clean up, when the snapshot of that epoch is there."""
    began = time.monotonic()
    with subprocess.Popen(command(out, *options), stdout=subprocess.DEVNULL) as process:
        while not iterations(out) or iterations(out)[-1] < epoch * 28:
            assert process.poll() is None, "the program ended before it was killed"
            assert time.monotonic() - began < SECONDS
            time.sleep(0.002)
        process.kill()
    assert process.returncode < 0


def without_times(log: str) -> str:
    return re.sub(r'"elapsed_time": [0-9.e+-]+', "", log)


def contents(snapshot: Path) -> dict[str, Any]:
    """Every array of a snapshot by key: its type, shape and bytes."""
    with np.load(snapshot, allow_pickle=False) as arrays:
        found = {key: (array.dtype.str, array.shape, array.tobytes()) for key, array in arrays.items()}
        found["extensions/LogReport/_log"] = without_times(str(arrays["extensions/LogReport/_log"]))
    # The program seeds xparray's generator and draws from no other: their states are the operating system's.
    return {key: value for key, value in found.items() if key not in VARYING}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the output of a run as long as by default."""
    out = tmp_path_factory.mktemp("digits") / "result"
    return out, train(out)


def test_reads_97_of_100_digits(finished: tuple[Path, str]) -> None:
    out, printed = finished
    log = json.loads((out / "log").read_text())
    assert [entry["epoch"] for entry in log] == list(range(1, 21))
    assert log[-1]["validation/main/accuracy"] >= 0.97
    assert f"{log[-1]['validation/main/accuracy']:.1%} of the 360 test digits" in printed.splitlines()[-1]


def test_prints_a_row_for_each_epoch(finished: tuple[Path, str]) -> None:
    lines = finished[1].splitlines()
    (header,) = (line for line in lines if line.startswith("epoch"))
    names = ["loss", "accuracy"]
    columns = [f"{which}main/{name}" for name in names for which in ("", "validation/")]
    assert header.split() == ["epoch", *columns, "elapsed_time"]
    assert [line.split()[0] for line in lines if re.match(r"\d", line)][:20] == [str(i) for i in range(1, 21)]


def test_leaves_a_log_plots_and_snapshots(finished: tuple[Path, str]) -> None:
    out, _ = finished
    snapshots = [f"snapshot_iter_{i}" for i in iterations(out)]
    assert len(snapshots) == 2
    assert {path.name for path in out.iterdir()} == {"log", "loss.png", "accuracy.png", *snapshots}
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in ("loss.png", "accuracy.png"))


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_killed_and_resumed_ends_with_the_same_bits(tmp_path: Path, device: str) -> None:
    options = ("--epoch", "4", "--device", device)
    once, killed = tmp_path / "once", tmp_path / "killed"
    train(once, *options)
    train_and_kill(killed, 1, *options)
    train_and_kill(killed, 2, *options, "--resume")
    reached = iterations(killed)
    train(killed, *options, "--resume")
    assert reached[-1] < iterations(killed)[-1] == iterations(once)[-1]
    last = f"snapshot_iter_{iterations(once)[-1]}"
    assert contents(killed / last) == contents(once / last)
    assert without_times((killed / "log").read_text()) == without_times((once / "log").read_text())
    for plot in ("loss.png", "accuracy.png"):
        assert (killed / plot).read_bytes() == (once / plot).read_bytes()


def test_another_seed_gives_another_run(finished: tuple[Path, str], tmp_path: Path) -> None:
    train(tmp_path, "--epoch", "1", "--seed", "1")
    losses = [json.loads((out / "log").read_text())[0]["main/loss"] for out in (finished[0], tmp_path)]
    assert losses[0] != losses[1]


def test_a_damaged_snapshot_is_named_and_the_one_before_is_used(tmp_path: Path) -> None:
    train(tmp_path, "--epoch", "2")
    before, last = iterations(tmp_path)
    damaged = tmp_path / f"snapshot_iter_{last}"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    run = subprocess.run(
        command(tmp_path, "--epoch", "2", "--resume"), capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert re.search(rf"skipped a newer file .*{damaged.name}' cannot be read, it is damaged", run.stderr)
    assert iterations(tmp_path) == [before, last]
    assert len(damaged.read_bytes()) > 1000
