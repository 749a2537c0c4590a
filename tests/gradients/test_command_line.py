"""`python -m catena.autograd.testing`: what it runs, prints and returns."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from catena.autograd.testing.__main__ import GROUP, main

OWN = """
from catena.autograd import elementwise_op
from catena.autograd.testing import CASES, Case, broadcasting, reals

@elementwise_op
def half(x):
    return 0.5 * x

half.vjps(x=lambda g: g)

@elementwise_op
def third(x):
    return x / 3

third.vjps(x=lambda g: g / 3)

for f in (half, third):
    CASES.add(f, Case(broadcasting(reals())))
"""


def run(*arguments: str, code: str = "", path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = ["-c", code] if code else ["-m", "catena.autograd.testing", *arguments]
    environment = dict(os.environ, COLUMNS="200", PYTHONPATH=str(path or ""))
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--op", "tanh", "--examples", "2"], ["tanh"]),
        (["--op", "log*", "--examples", "2"], ["log", "log1p", "logaddexp", "logsumexp"]),
        (["--op", "square", "--examples", "2", "--backend", "numba", "--order", "3"], ["square"]),
        (["--op", "square", "--examples", "2", "--backend", "numba", "--backend", "strict"], ["square"]),
    ],
)
def test_what_is_right(arguments: list[str], names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    rows = [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")]
    assert set(names) <= set(rows)
    assert f"{len(rows)} right, 0 wrong, 2 examples each" in printed


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--op", "tahn"], "--op: nothing is called 'tahn'; there is tan"),
        (["--backend", "abacus"], "abacus"),
        (["--examples", "0"], "--examples is 0; expected a number from 1"),
        (["--order", "0"], "--order is 0; expected a number from 1"),
        (["--cases", "no.such.module"], "No module named 'no'"),
    ],
)
def test_what_cannot_be_run(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert text in capsys.readouterr().err


def test_a_wrong_op_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    path = tmp_path
    done = run("--op", "*h*", "--cases", "own", "--examples", "5", path=path)
    assert done.returncode == 1, done.stderr
    assert "wrong: AssertionError" in done.stdout
    assert "half: the gradient in x, () float64, is wrong" in done.stdout
    lines = done.stdout[done.stdout.index("import numpy") : done.stdout.index("Case())") + len("Case())")]
    assert "from own import half" in lines
    again = run(code=lines, path=path)
    assert "half: the gradient in x, () float64, is wrong" in again.stderr


WITHOUT_RICH = """
import runpy, sys
sys.modules["rich"] = sys.modules["rich.console"] = None
runpy.run_module("catena.autograd.testing", run_name="__main__")
"""


def test_without_rich_it_says_what_to_install() -> None:
    done = run(code=WITHOUT_RICH)
    assert done.returncode == 1
    assert done.stderr == "catena.autograd.testing: rich is not installed; pip install catena-autograd[testing]\n"


@pytest.mark.skipif(not entry_points(group=GROUP), reason="catena-nn is on the path here, not installed")
def test_functions_of_other_parts_are_found() -> None:
    done = run("--op", "softmax", "--examples", "1")
    assert done.returncode == 0, done.stderr
    assert "nn.functions.activation" in done.stdout
