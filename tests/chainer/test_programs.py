"""Programs as users of Chainer v1 to v7 wrote them, each in a process of its own: it runs as it is, and what it trains learns.

Where CHAINER_PYTHON names a Python that has Chainer 7.8.1, all but those in the style of v1 run there too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "programs"
REAL = os.environ.get("CHAINER_PYTHON", "")
needs_chainer = pytest.mark.skipif(not REAL, reason="CHAINER_PYTHON is not set: run `tox run -e chainer-oracle`")

# A command, what is left of the error that it begins with (a loss, a perplexity, a share of errors), and the least accuracy.
PROGRAMS = [
    ("train_mnist.py", 0.2, 0.95),
    ("mnist_v2.py", 0.2, 0.95),
    ("train_cifar.py", 0.4, 0.8),
    ("train_ptb.py", 0.8, None),
    ("train_word2vec.py", 0.9, 0.9),
    ("train_word2vec.py --out-type hsm", 0.9, 0.9),
    ("train_word2vec.py --out-type original --model cbow", 0.9, 0.9),
    ("seq2seq.py", 0.5, 0.8),
    ("train_dcgan.py", 0.5, None),
    ("train_vae.py", 0.6, 0.9),
    ("vae_distributions.py", 0.6, 0.9),
    ("custom_loop.py", 0.5, 0.8),
    ("own_trainer.py", 0.7, 0.8),
    ("tagger_ctc.py", 0.3, 0.7),
    ("wgan_gp.py", 0.6, None),
    ("text_classifier.py", 0.5, 0.85),
    ("text_classifier.py --model cnn", 0.6, 0.8),
    ("train_sentiment.py", 0.5, None),
    ("train_sentiment.py --thin-stack", 0.5, None),
    ("train_memnn.py", 0.2, 0.9),
    ("train_memnn.py --sentence-repr pe", 0.2, 0.9),
    ("train_postagging.py", 0.3, 0.9),
    ("train_dqn.py", 0.5, None),
    ("train_dqn.py --target-type double_dqn", 0.5, None),
]
# In the style of v1, which 7.8.1 itself runs no longer: each old spelling warns.
OF_V1 = [
    ("mnist_v1.py", 0.5, 0.9),
    ("ptb_v1.py", 0.6, None),
]
# The generator goes back through a discriminator that was updated since: Chainer is silent, here it warns.
WARNS = {"train_dcgan.py": "UserWarning"}


@pytest.mark.parametrize(("command", "left", "accuracy"), PROGRAMS)
def test_a_program_learns(command: str, left: float, accuracy: float | None, tmp_path: Path) -> None:
    has_learned(run(sys.executable, command, tmp_path, WARNS.get(command)), left, accuracy)


@pytest.mark.parametrize(("command", "left", "accuracy"), OF_V1)
def test_a_program_of_v1_learns(command: str, left: float, accuracy: float | None, tmp_path: Path) -> None:
    has_learned(run(sys.executable, command, tmp_path, "DeprecationWarning"), left, accuracy)


@needs_chainer
@pytest.mark.parametrize(("command", "left", "accuracy"), PROGRAMS)
def test_it_is_a_program_of_chainer(command: str, left: float, accuracy: float | None, tmp_path: Path) -> None:
    has_learned(run(REAL, command, tmp_path), left, accuracy)


def has_learned(result: dict[str, float], left: float, accuracy: float | None) -> None:
    assert result["after"] < left * result["before"]
    assert accuracy is None or result["accuracy"] >= accuracy


def run(python: str, command: str, out: Path, warns: str | None = None) -> dict[str, Any]:
    """What the program prints last; a warning of any other category than `warns` is an error here."""
    flags = [] if python == REAL else ["-W", "error", *(["-W", f"default::{warns}"] if warns else [])]
    environment = {**os.environ, "CHAINER_SEED": "0", "MPLBACKEND": "agg"}
    if python == REAL:
        environment["PYTHONPATH"] = ""
    program, *options = command.split()
    done = subprocess.run(
        [python, *flags, HERE / program, "--out", out, *options],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert warns is None or warns in done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1].rpartition("\x1b[J")[2]))
