"""The examples that end with a text or a picture, each with a small setting in a process of its own: they learn, and leave what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 120
# Matrices this small gain nothing from threads, which on a busy machine wait for each other.
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
Finished = tuple[str, Path, str]

SNAPSHOT = r"snapshot_iter_\d+"
HAIKU = "an old silent pond; a frog jumps into the pond, splash! silence again. "

# Program: options, the loss that falls in its log, the files that it leaves, what its last line says.
PROGRAMS = {
    "char_lstm": (
        ("--epoch", "3", "--unit", "32", "--batchsize", "16", "--start", "a frog"),
        "loss",
        ("log", "model.npz", "sample.txt"),
        r".*",
    ),
    "transformer": (
        ("--epoch", "2", "--problems", "1000"),
        "validation/main/loss",
        ("log", SNAPSHOT),
        r"\d+\.\d% of 1000 sums that it had never seen are right.*",
    ),
    "vae": (
        ("--epoch", "3"),
        "validation/main/loss",
        ("log", "reconstructions.png", "samples.png", SNAPSHOT, "walks.png"),
        r"Reconstructions, samples and walks .*",
    ),
    "dcgan": (
        ("--epoch", "2", "--every", "2"),
        "discriminator/loss",
        ("epoch_002.png", "log", "real.png", SNAPSHOT),
        r"Digits that nobody wrote, after each 2 epochs: .*",
    ),
}


def start(program: str, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / f"{program}.py"), "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=ENVIRONMENT)


def run(program: str, out: Path, *options: str) -> str:
    done = start(program, out, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def haiku(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "haiku.txt"
    path.write_text(HAIKU * 100, "utf-8")
    return path


@pytest.fixture(scope="module", params=PROGRAMS)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, haiku: Path) -> Finished:
    """A program that has run: its name, folder and output."""
    program = request.param
    out = tmp_path_factory.mktemp(program) / "result"
    text = ("--text", str(haiku)) if program == "char_lstm" else ()
    return program, out, run(program, out, *PROGRAMS[program][0], *text)


def test_learns(finished: Finished) -> None:
    program, out, _ = finished
    losses = [entry[PROGRAMS[program][1]] for entry in json.loads((out / "log").read_text())]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.02


def test_leaves_what_it_says(finished: Finished) -> None:
    program, out, printed = finished
    _, _, files, last_line = PROGRAMS[program]
    left = sorted(path.name for path in out.iterdir())
    assert len(left) == len(files)
    assert all(re.fullmatch(pattern, name) for pattern, name in zip(files, left, strict=True)), left
    assert re.fullmatch(last_line, printed.splitlines()[-1])
    for path in out.glob("*.png"):
        check_picture(path, rows=6 if path.name == "reconstructions.png" else 10)


def check_picture(path: Path, rows: int) -> None:
    """Twenty digits in each row, black on white."""
    picture = imread(path)[..., 0]
    assert picture.shape == (rows * 60, 20 * 60)
    assert picture.max() == 1
    assert picture.min() < 0.5
    # The margins are white, and there is more ink in the middle than at the sides.
    columns = picture.reshape(-1, 20, 60).mean(axis=(0, 1))
    assert columns[:6].min() == columns[-6:].min() == 1
    assert columns[25:35].mean() < min(columns[6:12].mean(), columns[-12:-6].mean())


def test_the_seed_decides_all_that_is_written(tmp_path: Path, haiku: Path) -> None:
    options = ("--epoch", "1", "--unit", "8", "--batchsize", "16", "--text", str(haiku), "--start", "an")
    samples = [run("char_lstm", tmp_path, *options, "--seed", seed).splitlines()[-1] for seed in ("0", "0", "1")]
    assert samples[0] == samples[1] != samples[2]
    assert len(samples[0]) == len("an") + 800
    assert set(samples[0]) <= set(HAIKU)


def test_a_text_too_short_for_the_batch_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("to be or not to be", "utf-8")
    done = start("char_lstm", tmp_path / "result", "--text", str(short))
    assert done.returncode == 2
    assert "a tenth of 18 characters is too little for 64 places; lower --batchsize" in done.stderr
    assert not (tmp_path / "result").exists()
