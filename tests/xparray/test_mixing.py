"""Arrays of two devices in one call: every pair of places by every kind of call, the device of the result or the text of the error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import special


def table(text: str) -> dict[tuple[str, str], str]:
    """The cells of a table by the names of their row and column."""
    (_, *columns), *rows = (line.split() for line in text.strip().splitlines())
    return {(name, column): cell for name, *cells in rows for column, cell in zip(columns, cells, strict=True)}


# Where the result of a call is, by where its arrays are; "-" is an error that says how to move one of them.
RULE = table("""
left            numpy   numba   strict  strict:device1  number
numpy           numpy   numba   -       -               numpy
numba           numba   numba   -       -               numba
strict          -       -       strict  -               strict
strict:device1  -       -       -       strict:device1  strict:device1
number          numpy   numba   strict  strict:device1  numpy
""")

# The same of an operator between bare arrays, which xparray never sees: it is the left library's, and where that gives up the
# right one's. A star marks what is not our rule: NumPy reads array-api-strict's arrays of its own memory, and either may raise.
OPERATORS = table("""
left            numpy       numba       strict      strict:device1  number
numpy           numpy       numba       numpy*      RuntimeError*   numpy
numba           numba       numba       numba*      RuntimeError*   numba
strict          TypeError*  TypeError*  strict      ValueError*     strict
strict:device1  TypeError*  TypeError*  ValueError* strict:device1  strict:device1
number          numpy       numba       strict      strict:device1  number
""")


@xp.kernel
def blended(x: Any, y: Any) -> Any:
    return x * 0.5 + y * 0.5


@xp.elementwise
def scaled(x: Any, y: Any) -> Any:
    return x * y + 1


@xp.fuse
def fused(x: Any, y: Any) -> Any:
    return xp.multiply(x, y) + 1


@xp.reduction(xp.add)
def dot(x: Any, y: Any) -> Any:
    return x * y


# Each call, the name in its error, and its arguments in order: x is on the left place, y on the right one.
Calls = dict[str, tuple[Callable[[Any, Any], Any], str, str]]
OF_TWO: Calls = {
    "add": (lambda x, y: xp.add(x, y), "add", "xy"),
    "equal": (lambda x, y: xp.equal(x, y), "equal", "xy"),
    "atan2": (lambda x, y: xp.atan2(y, x), "atan2", "yx"),
    "special": (lambda x, y: special.xlogy(x, y), "special.xlogy", "xy"),
    "elementwise": (lambda x, y: scaled(x, y), "scaled", "xy"),
    "fuse": (lambda x, y: fused(x, y), "fused", "xy"),
    "kernel": (lambda x, y: blended(x, y), "blended", "xy"),
}
OF_THREE: Calls = {
    "clip": (lambda x, y: xp.clip(x, x, y), "clip", "xxy"),
    "where": (lambda x, y: xp.where(xp.greater(x, 0), y, x), "where", "cyx"),
}
OF_ARRAYS: Calls = {
    "concat": (lambda x, y: xp.concat([x, y, y]), "concat", "xyy"),
    "stack": (lambda x, y: xp.stack([y, x]), "stack", "yx"),
    "meshgrid": (lambda x, y: xp.meshgrid(x, y, x, x)[3], "meshgrid", "xyxx"),
    "einsum": (lambda x, y: xp.einsum("i,i->", x, y), "einsum", "xy"),
    "matmul": (lambda x, y: xp.matmul(x, y), "matmul", "xy"),
    "linalg": (lambda x, y: xp.linalg.outer(x, y), "linalg.outer", "xy"),
    "searchsorted": (lambda x, y: xp.searchsorted(x, y), "searchsorted", "xy"),
    "tensordot": (lambda x, y: xp.tensordot(x, y, axes=1), "tensordot", "xy"),
    "reduction": (lambda x, y: dot(x, y), "dot", "xy"),
    "diff": (lambda x, y: xp.diff(x, prepend=y), "diff", "xy"),
    "broadcast_arrays": (lambda x, y: xp.broadcast_arrays(x, y)[1], "broadcast_arrays", "xy"),
    "namespace": (lambda x, y: xp.array_namespace(x, y).multiply(x, y), "array_namespace", "xy"),
}


def on(place: str) -> Any:
    return 2.0 if place == "number" else xp.asarray([1.0, 2.0], device=place)


def refusal(name: str, order: str, left: str, right: str) -> str:
    """The error of a call whose arguments are on two places; the place of most, else the first, is where the others should go."""
    places = [right if letter == "y" else left for letter in order]
    kinds = ["bool" if letter == "c" else "float64" for letter in order]
    kept = max(places, key=places.count)
    listed = "; ".join(f"argument {i}: (2,) {kinds[i]} on {place}" for i, place in enumerate(places))
    moved = [str(i) for i, place in enumerate(places) if place != kept]
    return (
        f"{name}: arguments live on different devices: {listed}; "
        f"move argument{'s' * (len(moved) > 1)} {' and '.join(moved)} with xp.to_device(x, {kept!r})"
    )


def cells(calls: Calls, *, numbers: bool) -> list[tuple[str, str, str]]:
    pairs = [pair for pair in RULE if numbers or "number" not in pair]
    return [(name, *pair) for name in calls for pair in pairs]


@pytest.mark.parametrize(
    ("call", "left", "right"),
    [
        *cells(OF_TWO, numbers=True),
        *((name, left, right) for name, left, right in cells(OF_THREE, numbers=True) if left != "number"),
        *cells(OF_ARRAYS, numbers=False),
    ],
)
def test_the_rule(call: str, left: str, right: str) -> None:
    function, name, order = {**OF_TWO, **OF_THREE, **OF_ARRAYS}[call]
    expected = RULE[left, right]
    x, y = on(left), on(right)
    if expected != "-":
        result = function(x, y)
        assert str(xp.device_of(result)) == expected
        plain = function(*(np.array([1.0, 2.0]) if place != "number" else 2.0 for place in (left, right)))
        np.testing.assert_allclose(np.asarray(xp.to_device(result, "numpy")), plain, rtol=1e-12)
        return
    with pytest.raises(ValueError) as e:
        function(x, y)
    assert str(e.value) == refusal(name, order, left, right)
    moved = xp.to_device(y, left)  # one of the moves that the error offers
    assert str(xp.device_of(function(x, moved))) == left


OF_ONE: dict[str, Callable[[Any], Any]] = {
    "exp": xp.exp,
    "sum": xp.sum,
    "reshape": lambda x: xp.reshape(x, (2, 1)),
    "zeros_like": xp.zeros_like,
    "astype": lambda x: xp.astype(x, "float32"),
    "special": special.expit,
    "fft": lambda x: xp.fft.fft(xp.astype(x, "complex128")),
    "elementwise": lambda x: scaled(x, 3.0),
    "kernel": lambda x: blended(x, 2),
    "operator": lambda x: 1 - x * 2,
    "index": lambda x: x[:1],
}


@pytest.mark.parametrize("place", ["numpy", "numba", "strict", "strict:device1"])
@pytest.mark.parametrize("call", OF_ONE)
def test_functions_of_one_array_stay(call: str, place: str) -> None:
    assert str(xp.device_of(OF_ONE[call](on(place)))) == place


@pytest.mark.parametrize(("left", "right"), OPERATORS)
def test_operators_between_bare_arrays_are_their_librarys(left: str, right: str) -> None:
    expected = OPERATORS[left, right]
    assert ("*" in expected) == (RULE[left, right] == "-")
    if "Error" in expected:
        with pytest.raises((RuntimeError, TypeError, ValueError)) as e:
            on(left) + on(right)
        assert e.type.__name__ == expected.rstrip("*")
    else:
        result = on(left) + on(right)
        assert (str(xp.device_of(result)) if expected != "number" else "number") == expected.rstrip("*")


@pytest.mark.parametrize(
    ("places", "moved", "target"),
    [
        (["numpy", "numba", "strict"], "argument 2", "numpy"),
        (["numba", "strict", "numpy"], "argument 1", "numba"),
        (["strict", "numba", "numpy"], "argument 0", "numba"),
        (["strict", "strict", "numpy", "numpy"], "arguments 2 and 3", "strict"),
        (["numpy", "strict", "strict:device1", "strict:device1"], "arguments 0 and 1", "strict:device1"),
        (["strict", "strict:device1", "strict:device2"], "arguments 1 and 2", "strict"),
    ],
)
def test_what_to_move_is_the_fewest(places: list[str], moved: str, target: str) -> None:
    with pytest.raises(ValueError) as e:
        xp.concat([on(place) for place in places])
    assert str(e.value).endswith(f"; move {moved} with xp.to_device(x, {target!r})")


@pytest.mark.parametrize("place", ["strict", "strict:device1"])
@pytest.mark.parametrize("number", [np.float64(2), np.array(2.0)])
def test_numpys_numbers_are_arrays_on_the_host(place: str, number: Any) -> None:
    for args in ((on(place), number), (number, on(place))):
        with pytest.raises(ValueError, match=rf"\(\) {number.dtype} on numpy"):
            xp.add(*args)
    assert str(xp.device_of(xp.add(on(place), number.item()))) == place
    assert str(xp.device_of(xp.add(on("numba"), number))) == "numba"


@pytest.mark.parametrize("place", ["numpy", "numba", "strict", "strict:device1"])
@pytest.mark.parametrize("number", [2, 2.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pythons_numbers_take_the_arrays_dtype(place: str, number: Any, dtype: str) -> None:
    x = xp.asarray([1.0, 2.0], dtype=dtype, device=place)
    for y in (xp.multiply(x, number), xp.multiply(number, x), xp.maximum(x, number), special.xlogy(x, number)):
        assert str(y.dtype).rpartition(".")[2] == dtype


@pytest.mark.parametrize("place", ["numpy", "numba", "strict", "strict:device1"])
def test_results_have_shape_and_device_even_without_axes(place: str) -> None:
    x = on(place)
    for y in (
        xp.sum(x),
        xp.max(x),
        xp.mean(x),
        xp.matmul(x, x),
        xp.einsum("i->", x),
        special.logsumexp(x),
        xp.all(x > 0),
    ):
        assert (type(y), y.shape, str(xp.device_of(y))) == (type(x), (), place)
