"""Operators between arrays tagged "numba": NumPy's numbers, whichever way they are computed, and the tag."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]
LARGE, SMALL = 20_000, 7


def numbers(n: int, dtype: str, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=n) + 3).astype(dtype)


@pytest.mark.parametrize("n", [SMALL, LARGE])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "float16"])
@pytest.mark.parametrize("f", OPERATORS)
@pytest.mark.parametrize("jitted", [True, False])
def test_numbers_and_dtype_are_numpys(f: Callable[..., Any], dtype: str, n: int, jitted: bool) -> None:
    a, b = numbers(n, dtype, 0), numbers(n, dtype, 1)
    b[b == 0] = 1
    x, y = (xp.to_device(c, "numba") for c in (a, b))
    others = [(y, b), (b, b), (y[0], b[0]), (np.broadcast_to(b[:1], n), np.broadcast_to(b[:1], n)), (2, 2), (2.5, 2.5)]
    others += [(b.astype("float64"), b.astype("float64")), (np.float64(1.5), np.float64(1.5))]
    with xp.jit(jitted):
        for other, plain in others:
            for ours, numpys in ((f(x, other), f(a, plain)), (f(other, y), f(plain, b))):
                assert xp.device_of(ours) == xp.Device("numba")
                assert ours.dtype == numpys.dtype
                np.testing.assert_array_equal(np.asarray(ours), numpys)


def test_large_results_lie_in_the_pool() -> None:
    x = xp.to_device(numbers(LARGE, "float32", 0), "numba")
    before = xp.memory_info().taken
    y = x * 2 + x
    assert xp.memory_info().taken >= before + 2
    assert y.shape == (LARGE,)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("join", [xp.concat, xp.stack])
def test_large_arrays_join_in_the_pool(join: Callable[..., Any], axis: int | None) -> None:
    if join is xp.stack and axis is None:
        axis = -2
    parts = [numbers(LARGE * 2, "float32", seed).reshape(-1, 2) for seed in range(3)]
    before = xp.memory_info().taken
    y = join([xp.to_device(part, "numba") for part in parts], axis=axis)
    assert xp.memory_info().taken == before + (axis is not None)
    assert xp.device_of(y) == xp.Device("numba")
    np.testing.assert_array_equal(np.asarray(y), join(parts, axis=axis))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ns, x: ns.concat([x, x[:, :1]], axis=0), ValueError),
        (lambda ns, x: ns.concat([x, x[0]], axis=0), ValueError),
        (lambda ns, x: ns.concat([x, x], axis=2), np.exceptions.AxisError),
        (lambda ns, x: ns.concat([], axis=0), ValueError),
        (lambda ns, x: ns.stack([x, x[1:]], axis=0), ValueError),
        (lambda ns, x: ns.stack([x, x], axis=3), np.exceptions.AxisError),
        (lambda ns, x: ns.stack([x, x], axis=-4), np.exceptions.AxisError),
        (lambda ns, x: ns.stack([], axis=0), ValueError),
    ],
)
def test_what_does_not_join_is_numpys_error(call: Callable[[Any, Any], Any], error: type[Exception]) -> None:
    x = np.ones((LARGE, 2))
    texts = set()
    for ns, given in ((np, x), (xp.get_backend("numba").namespace, xp.to_device(x, "numba"))):
        with pytest.raises(error) as e:
            call(ns, given)
        texts.add(str(e.value))
    assert len(texts) == 1


def test_arrays_of_several_dtypes_join_as_numpy_has_it() -> None:
    x, y = numbers(LARGE, "float32", 0), numbers(LARGE, "float64", 1)
    for join in ("concat", "stack"):
        z = getattr(xp, join)([xp.to_device(x, "numba"), y])
        assert z.dtype == "float64"
        np.testing.assert_array_equal(np.asarray(z), getattr(np, join)([x, y]))


def test_arrays_that_do_not_broadcast_are_numpys_error() -> None:
    x = xp.ones((LARGE, 2), device="numba", dtype="float32")
    with pytest.raises(ValueError, match="broadcast"):
        x * xp.ones((LARGE, 3), device="numba", dtype="float32")


def test_other_types_have_their_say() -> None:
    x = xp.ones(LARGE, device="numba")

    class Other:
        __array_ufunc__ = None

        def __radd__(self, left: Any) -> str:
            return "theirs"

    assert x + Other() == "theirs"
    with pytest.raises(TypeError):
        x + "text"
