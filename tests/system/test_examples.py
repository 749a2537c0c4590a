"""The examples of updaters, evaluators, extensions and datasets of one's own: what they reach, and that they resume."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, out: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), "--out", str(out), *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def log_of(out: Path) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = json.loads((out / "log").read_text())
    return [{key: value for key, value in entry.items() if key != "elapsed_time"} for entry in log]


def test_the_generator_finds_the_circle(tmp_path: Path) -> None:
    once = run("gan.py", tmp_path / "once")
    (found,) = re.findall(r"distance from the centre (\S+) \+- (\S+)\n", once)
    assert abs(float(found[0]) - 1) < 0.1
    assert float(found[1]) < 0.2
    assert list(log_of(tmp_path / "once")[1]) == ["discriminator/loss", "generator/loss", "epoch", "iteration"]
    run("gan.py", tmp_path / "resumed", "--iteration", "400")
    assert run("gan.py", tmp_path / "resumed", "--resume").splitlines()[-1] == once.splitlines()[-1]
    assert log_of(tmp_path / "resumed") == log_of(tmp_path / "once")


def test_the_curve_is_fitted_and_the_countdown_goes_on_after_a_resume(tmp_path: Path) -> None:
    once = run("custom.py", tmp_path / "once")
    levels = r"validation/worst is below (\S+) after epoch"
    assert re.findall(levels, once) == ["0.5", "0.2", "0.1"]
    log = log_of(tmp_path / "once")
    assert list(log[1]) == ["main/loss", "validation/worst", "largest_weight", "epoch", "iteration"]
    assert log[-1]["validation/worst"] < 0.1
    first = run("custom.py", tmp_path / "resumed", "--epoch", "30")
    rest = run("custom.py", tmp_path / "resumed", "--resume")
    assert (re.findall(levels, first), re.findall(levels, rest)) == (["0.5", "0.2"], ["0.1"])
    assert log_of(tmp_path / "resumed") == log
    assert re.search(r"^1000 iterations, 100 epochs; in this run 700 iterations in", rest, re.MULTILINE)
