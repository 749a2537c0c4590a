"""Sums of products named by letters, against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import explicit_subscripts

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
LENGTHS = {"i": 2, "j": 3, "k": 4, "l": 5, "z": 0, "o": 1, "A": 2}
SUBSCRIPTS = [
    "ij,jk->ik",
    "ij,jk",
    "ij , jk -> ki",
    "ji",
    "ij->ij",
    "ij->",
    "ij->j",
    "i->",
    "->",
    ",->",
    ",i->i",
    "i,j->ij",
    "i,i->",
    "i,i->i",
    "ij,ij->i",
    "ijk,kl,jl->il",
    "ijk,ijk->kj",
    "oi,ij->oj",
    "iz,zj->ij",
    "z->",
    "Ai,ij->Aj",
    "ij,jk,kl->il",
    "kij->jki",
]


def operands(subscripts: str, device: str, dtype: str) -> list[Any]:
    rng = np.random.default_rng(0)
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    shapes = [tuple(LENGTHS[c] for c in term) for term in terms]
    return [xp.asarray(rng.integers(-4, 5, shape).astype(dtype), device=device) for shape in shapes]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_it_is_numpys(subscripts: str, dtype: str, device: str) -> None:
    result = xp.einsum(subscripts, *operands(subscripts, device, dtype))
    expected = np.einsum(subscripts, *operands(subscripts, "numpy", dtype))
    assert str(xp.device_of(result)) == device
    home = xp.to_device(result, "numpy")
    assert type(home) is np.ndarray
    assert (home.shape, home.dtype) == (np.shape(expected), dtype)
    np.testing.assert_array_equal(home, expected)  # whole numbers: every order of sums gives the same


@pytest.mark.parametrize(("number", "came"), [(3.0, "3.0 (float)"), (2, "2 (int)"), (None, "None (NoneType)")])
def test_a_number_is_no_operand(number: Any, came: str) -> None:
    with pytest.raises(TypeError) as e:
        xp.einsum("i,->i", np.ones(2), number)
    assert str(e.value) == f"einsum: operand 1 is {came}; expected an array; multiply the result by the number"


@pytest.mark.parametrize(
    ("given", "ndims", "explicit"),
    [
        ("ij,jk", [2, 2], "ij,jk->ik"),
        ("ba", [2], "ba->ab"),
        ("ij, ij", [2, 2], "ij,ij->"),
        ("i j -> j i", [2], "ij->ji"),
        ("", [0], "->"),
    ],
)
def test_the_output_is_written_out(given: str, ndims: list[int], explicit: str) -> None:
    assert explicit_subscripts(given, ndims) == explicit


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("subscripts", "shapes", "counts"),
    [
        ("ij", [(2,)], "1"),
        ("ij,jk", [(2, 3)], "2"),
        ("i", [(2,), (2,)], "1, 1"),
        ("ii", [(2, 2)], "2"),
        ("ij->ii", [(2, 2)], "2"),
        ("ij->ik", [(2, 2)], "2"),
        ("...i", [(2, 2)], "2"),
        ("i.", [(2, 2)], "2"),
        ("i1", [(2, 2)], "2"),
        ("i->j->i", [(2,)], "1"),
        ("i,->i", [(2,), (2,)], "1, 1"),
    ],
)
def test_subscripts_that_do_not_fit(subscripts: str, shapes: list[tuple[int, ...]], counts: str, device: str) -> None:
    with pytest.raises(ValueError) as e:
        xp.einsum(subscripts, *(xp.ones(shape, device=device) for shape in shapes))
    assert str(e.value) == (
        f"einsum: {subscripts!r} does not fit operands with {counts} axes; "
        "expected one term an operand, one distinct letter an axis"
    )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("subscripts", "shapes", "said"),
    [
        ("ij,jk->ik", [(2, 3), (2, 3)], "the axis 'j' is 3 long in operand 0 and 2 long in operand 1"),
        ("ij,jk->ik", [(2, 1), (3, 4)], "the axis 'j' is 1 long in operand 0 and 3 long in operand 1"),
        ("i,j,i->ij", [(4,), (3,), (1,)], "the axis 'i' is 4 long in operand 0 and 1 long in operand 2"),
    ],
)
def test_axes_of_one_letter_have_one_length(
    subscripts: str, shapes: list[tuple[int, ...]], said: str, device: str
) -> None:
    with pytest.raises(ValueError) as e:
        xp.einsum(subscripts, *(xp.ones(shape, device=device) for shape in shapes))
    listed = ", ".join(map(str, shapes))
    assert str(e.value) == f"einsum: in {subscripts!r} {said} (shapes {listed}); expected equal lengths"
