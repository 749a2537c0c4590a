"""Adding at indices: the jitted version against the reference, for every kind of index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray.kernels.indexing import scatter_add

SHAPE = (4, 3, 2)
MASK = np.arange(24).reshape(SHAPE) % 3 == 0
KEYS: dict[str, Any] = {
    "integer": 1,
    "negative": -1,
    "integers": (1, 2, 0),
    "np.int64": np.int64(2),
    "slice": slice(1, 3),
    "stride": slice(None, None, -2),
    "nothing": slice(2, 2),
    "slices": (slice(1, None), slice(None), 0),
    "ellipsis": (..., 1),
    "all": ...,
    "empty tuple": (),
    "new axis": (None, 2, None),
    "array": np.array([0, 2, 0, -1]),
    "array of two axes": np.array([[0, 0], [1, 0]]),
    "array of none": np.array(3),
    "empty array": np.array([], dtype="int64"),
    "list": [3, 3, 1],
    "empty list": [],
    "arrays": (np.array([0, 0, 1]), np.array([1, 1, 2])),
    "broadcast arrays": (np.array([[0], [3]]), np.array([1, 1, 0])),
    "array and slice": (np.array([2, 2]), slice(0, 2)),
    "slice and array": (slice(None), np.array([2, 2, 2])),
    "arrays apart": (np.array([1, 1]), slice(None), np.array([0, 0])),
    "array and integer": (1, np.array([2, 2])),
    "array and new axis": (np.array([1, 1]), None),
    "ellipsis and array": (..., np.array([1, 1, 0])),
    "mask": MASK,
    "mask of an axis": np.array([True, False, True, False]),
    "mask and slice": (np.array([True, False, True, True]), slice(1, 2)),
    "mask as list": [True, False, False, True],
    "mask of nothing": np.zeros(SHAPE, dtype=bool),
    "mask and array": (np.array([True, False, True, False]), np.array([1, 1])),
    "bool": True,
    "unsigned array": np.array([1, 1, 3], dtype="uint8"),
}


def cotangent(key: Any, dtype: str) -> np.ndarray[Any, Any]:
    """Distinct whole numbers in the shape of `x[key]`."""
    shape = np.zeros(SHAPE)[key].shape
    return np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(dtype)


def expected(g: np.ndarray[Any, Any], key: Any) -> np.ndarray[Any, Any]:
    """Element by element: each one of `g` goes where `x[key]` read it."""
    y = np.zeros(SHAPE, dtype=g.dtype)
    places = np.arange(y.size).reshape(SHAPE)[key]
    for place, value in zip(np.ravel(places), np.ravel(g), strict=True):
        y.flat[place] += value
    return y


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("device", ["numpy", "numba", "strict", "strict:device1"])
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_elements_go_back_to_where_they_were_read(key: Any, device: str, dtype: str) -> None:
    g = cotangent(key, dtype)
    y = scatter_add(xp.asarray(g, device=device), key=key, shape=SHAPE)
    assert str(xp.device_of(y)) == device
    home = xp.to_device(y, "numpy")
    assert home.dtype == dtype
    np.testing.assert_array_equal(home, expected(g, key))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_the_host_version_is_the_reference(key: Any) -> None:
    g = cotangent(key, "float64")
    result, reference = scatter_add(g, key=key, shape=SHAPE), scatter_add.reference(g, key=key, shape=SHAPE)
    assert (result.dtype, result.shape) == (reference.dtype, reference.shape)
    np.testing.assert_array_equal(result, reference)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("device", ["numpy", "strict"])
def test_what_is_not_finite_stays_in_its_place(device: str, bad: float) -> None:
    g = xp.asarray([1.0, bad, 3.0], device=device)
    y = xp.to_device(scatter_add(g, key=xp.asarray([0, 2, 0], device=device), shape=(4,)), "numpy")
    np.testing.assert_array_equal(y, [4.0, 0.0, bad, 0.0])


@pytest.mark.parametrize("device", ["numba", "strict", "strict:device1"])
@pytest.mark.parametrize("name", ["array", "arrays", "mask", "mask of an axis"])
def test_an_index_may_live_on_the_same_device(name: str, device: str) -> None:
    key = KEYS[name]
    moved = (
        tuple(xp.asarray(k, device=device) for k in key) if isinstance(key, tuple) else xp.asarray(key, device=device)
    )
    g = cotangent(key, "float64")
    y = scatter_add(xp.asarray(g, device=device), key=moved, shape=SHAPE)
    np.testing.assert_array_equal(xp.to_device(y, "numpy"), expected(g, key))


@pytest.mark.parametrize("device", ["numpy", "strict"])
@pytest.mark.parametrize(("shape", "key"), [((0, 3), slice(None)), ((), ()), ((1,), 0), ((2, 0), 1)])
def test_small_shapes(shape: tuple[int, ...], key: Any, device: str) -> None:
    g = np.ones(np.zeros(shape)[key].shape)
    y = scatter_add(xp.asarray(g, device=device), key=key, shape=shape)
    assert (tuple(y.shape), float(xp.to_device(y, "numpy").sum())) == (shape, g.size)


@pytest.mark.parametrize("device", ["numpy", "strict"])
def test_an_index_out_of_bounds(device: str) -> None:
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        scatter_add(xp.ones((1,), device=device), key=np.array([4]), shape=(4,))


def test_the_argument_is_left_alone() -> None:
    g = np.ones((2, 3, 2))
    g.flags.writeable = False
    y = scatter_add(g, key=slice(0, 2), shape=SHAPE)
    y += 1
    assert g.sum() == g.size
