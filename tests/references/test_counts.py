"""How much is held against torch here: the distinct functions and links in the tables, each of which is there by its name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import catena.nn.distributions as D
import catena.nn.functions as F
import catena.nn.links as L

PLACES = (F, F.linalg, F.fft)


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the module of a name in this folder."""
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return lambda name: import_module(f"test_{name}")


def test_functions(tables: Any) -> None:
    rows = [row for name in ("activations_and_losses", "derivatives", "linalg_and_fft") for row in tables(name).ROWS]
    names = {row[0].replace(",", "").split()[0] for row in rows}
    known = {name for name in names if any(hasattr(place, name) for place in PLACES)}
    assert len(known) >= 80, f"{len(known)}: {', '.join(sorted(known))}"


def test_links_and_convolutions(tables: Any) -> None:
    rows = tables("links").ROWS
    names = {row.name for row in rows} | {kind[0] for kind in tables("recurrent").KINDS}
    assert names <= set(L.__all__)
    assert len(names) >= 25, f"{len(names)}: {', '.join(sorted(names))}"
    together = {"stride": 2, "pad": 1, "dilate": 2, "groups": 2}
    with_all = {row.name for row in rows if row.options == together}
    assert with_all == {f"{kind}{n}D" for kind in ("Convolution", "Deconvolution") for n in (1, 2, 3, "N")}


def test_every_distribution(tables: Any) -> None:
    classes = {name for name in D.__all__ if isinstance(getattr(D, name), type)} - {"Distribution", "Independent"}
    of_vectors = {"MultivariateNormal", "Dirichlet", "Categorical", "OneHotCategorical"}  # each has tests of its own
    assert {name.split(",")[0] for name in tables("distributions").ALL} | of_vectors == classes
