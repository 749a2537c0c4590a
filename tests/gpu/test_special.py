"""Special functions and random numbers on a GPU: what the host gives."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import special

ALONG_AXES = ("logsumexp", "softmax", "log_softmax")


def arguments(name: str, dtype: str) -> list[np.ndarray[Any, Any]]:
    unit = np.array([0.03125, 0.25, 0.5, 0.75, 0.9375], dtype)
    above = unit * 4 + 1
    if name == "polygamma":
        return [np.ones(5, dtype), above]
    if name == "zeta":
        return [above, unit]
    return [above] * (len(inspect.signature(getattr(special, name)).parameters) - 1) + [unit]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(set(special.__all__) - {"multigammaln", *ALONG_AXES}))
def test_a_special_function(name: str, dtype: str) -> None:
    xs = arguments(name, dtype)
    f = getattr(special, name)
    y = f(*(xp.to_device(x, "cuda:0") for x in xs))
    assert (str(xp.device_of(y)), y.dtype) == ("cuda:0", dtype)
    np.testing.assert_allclose(xp.to_device(y, "numpy"), f(*xs), rtol=1e-4 if dtype == "float32" else 1e-10)


@pytest.mark.parametrize("name", ALONG_AXES)
def test_along_an_axis(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)) * 100
    y = getattr(special, name)(xp.to_device(x, "cuda:0"), axis=1)
    np.testing.assert_allclose(xp.to_device(y, "numpy"), getattr(special, name)(x, axis=1), rtol=1e-12)


def test_numbers_and_integers_beside_arrays() -> None:
    x = xp.asarray([1, 2, 3], device="cuda:0")
    assert special.gammaln(x).dtype == "float64"
    y = special.xlogy(2, xp.astype(x, "float32"))
    assert (str(xp.device_of(y)), y.dtype) == ("cuda:0", "float32")
    assert special.multigammaln(xp.astype(x, "float32"), 2).dtype == "float32"


def test_the_default_device() -> None:
    with xp.device("cuda") as place:
        assert str(place) == "cuda:0"
        for x in (xp.zeros((2,)), xp.asarray([1.0, 2.0]), xp.random.default_rng(0).gamma((2,), 2.0)):
            assert str(xp.device_of(x)) == "cuda:0"
