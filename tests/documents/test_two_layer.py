"""Document 002: one network written five ways, with its losses."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "examples" / "two_layer.py"
EPOCHS = (1, 2, 3, 10, 100, 300)
WITHOUT_BIASES = (53178.395, 37294.750, 30104.098, 17345.605, 749.0656, 18.67565)
WITH_BIASES = (53178.395, 37275.945, 30088.916, 17337.879, 748.38611, 18.69864)


@pytest.fixture(scope="module")
def losses() -> dict[str, list[float]]:
    ways = runpy.run_path(str(PROGRAM))["WAYS"]
    return {way.__name__: way(max(EPOCHS)) for way in ways}


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("with_arrays", WITHOUT_BIASES),
        ("with_variables", WITHOUT_BIASES),
        ("with_links", WITHOUT_BIASES),
        ("with_optimizer", WITH_BIASES),
        ("with_trainer", WITH_BIASES),
    ],
)
def test_losses_are_those_of_the_document(
    losses: dict[str, list[float]], way: str, expected: tuple[float, ...]
) -> None:
    assert [losses[way][epoch - 1] for epoch in EPOCHS] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("way", ["with_variables", "with_links"])
def test_the_first_three_agree_at_every_epoch(losses: dict[str, list[float]], way: str) -> None:
    assert losses[way] == pytest.approx(losses["with_arrays"], rel=1e-5)


def test_the_trainer_does_exactly_what_the_loop_with_an_optimizer_does(losses: dict[str, list[float]]) -> None:
    assert losses["with_trainer"] == losses["with_optimizer"]


def test_the_program_prints_a_line_for_each_way() -> None:
    run = subprocess.run([sys.executable, PROGRAM, "--epoch", "2"], capture_output=True, text=True, check=True)
    first, *lines = (line.split() for line in run.stdout.splitlines())
    assert first == ["loss", "at", "epoch", "1", "2"]
    assert [line[0] for line in lines] == [
        f"with_{way}" for way in ("arrays", "variables", "links", "optimizer", "trainer")
    ]
    assert [float(line[1]) for line in lines] == pytest.approx([WITHOUT_BIASES[0]] * 5, rel=1e-5)
