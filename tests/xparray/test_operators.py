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
