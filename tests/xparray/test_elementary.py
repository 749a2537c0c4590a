"""The elementary functions and activations on polynomials of our own, against the same in more digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray.kernels import activation, elementary, gaussian

RNG = np.random.default_rng
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="compiled loops need numba")
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def mapped(loop: Any) -> Callable[[Any], Any]:
    return lambda x: elementary.mapped(loop, x)


# name -> function of arrays, the same in NumPy, the scalar, greatest error in units of epsilon (float32, float64)
ELEMENTARY: dict[str, tuple[Any, Any, Any, tuple[float, float]]] = {
    "exp": (mapped(elementary._exp), np.exp, elementary.exp, (1.0, 1.0)),
    "expm1": (mapped(elementary._expm1), np.expm1, elementary.expm1, (1.5, 1.5)),
    "log": (mapped(elementary._log), np.log, elementary.log, (1.0, 1.0)),
    "log1p": (mapped(elementary._log1p), np.log1p, elementary.log1p, (1.5, 1.5)),
    "tanh": (mapped(elementary._tanh), np.tanh, elementary.tanh, (2.0, 2.0)),
    "sigmoid": (activation.sigmoid, sigmoid, elementary.sigmoid, (2.0, 2.0)),
    "softplus": (lambda x: activation.softplus(x, beta=1.0), softplus, elementary.softplus, (1.5, 1.5)),
}
SPECIAL = [
    *(0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1.0, -1.0, 0.5, -0.5, 2.0),
    *(88.7, 88.8, -87.4, -103.9, -104.1, 709.7, 709.9, -745.1, -746.0, 1e10, -1e10),
]


def wide(dtype: str) -> Any:
    """The same numbers with more digits."""
    return "float64" if dtype == "float32" else np.longdouble


@needs_numba
@dtypes
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_are_accurate(name: str, dtype: str) -> None:
    function, in_numpy, _, units = ELEMENTARY[name]
    info = np.finfo(dtype)
    rng = RNG(0)
    x = np.concatenate([scale * rng.standard_normal(20_000) for scale in (1e-6, 1e-2, 0.3, 1, 10, 50)])
    if name == "log":
        near_one = 1 + x[:40_000]
        x = np.concatenate([np.abs(x), near_one, np.abs(x) * float(10 * info.tiny), np.abs(x) * float(info.max / 1000)])
    if name == "log1p":
        x = np.concatenate([x[x > -1], np.abs(x) * float(info.max / 1000), np.abs(x[np.abs(x) < 1]) - 1])
    x = x.astype(dtype)
    with np.errstate(all="ignore"):
        expected = in_numpy(x.astype(wide(dtype)))
    normal = (np.abs(expected) >= info.tiny) & (np.abs(expected) <= info.max)
    got, expected = function(x)[normal], expected[normal]
    error = np.abs(got - expected) / np.abs(expected)
    assert error.max() / info.eps < units[dtype == "float64"]


@needs_numba
@dtypes
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_of_special_values(name: str, dtype: str) -> None:
    function, in_numpy, _, _ = ELEMENTARY[name]
    info = np.finfo(dtype)
    x = np.array([*SPECIAL, info.tiny / 8, -info.tiny / 8, info.tiny, info.max, -info.max], dtype)
    with np.errstate(all="ignore"):
        expected = in_numpy(x.astype(wide(dtype))).astype(dtype)
    np.testing.assert_allclose(function(x), expected, rtol=4 * float(info.eps), atol=2 * float(info.smallest_subnormal))


@needs_numba
@dtypes
@pytest.mark.parametrize("name", ELEMENTARY)
def test_scalars_mean_in_python_what_they_mean_compiled(name: str, dtype: str) -> None:
    function, _, scalar, _ = ELEMENTARY[name]
    x = np.array([-3.0, 0.1, 0.7, 5.0], dtype)
    x = np.abs(x) if name in ("log", "log1p") else x
    in_python = [scalar(v) for v in x]
    assert {type(v) for v in in_python} == {x.dtype.type}
    np.testing.assert_allclose(in_python, function(x), rtol=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("name", elementary.JITTED)
def test_functions_of_tagged_arrays(name: str) -> None:
    x = np.linspace(0.1, 3, 12).reshape(3, 4)
    numpy_function = getattr(np, name)
    tagged = xp.to_device(x, "numba")
    namespace = xp.array_namespace(tagged)
    f = getattr(namespace, name)
    assert type(f(tagged)) is type(tagged)
    np.testing.assert_allclose(f(tagged), numpy_function(x), rtol=1e-15)
    np.testing.assert_allclose(f(tagged.T), numpy_function(x.T), rtol=1e-15)
    np.testing.assert_allclose(f(xp.to_device(np.arange(1, 4), "numba")), numpy_function(np.arange(1, 4)), rtol=1e-15)
    out = np.zeros_like(x)
    f(tagged, out=out)
    np.testing.assert_array_equal(out, numpy_function(x))
    with xp.jit(False):
        np.testing.assert_array_equal(f(tagged), numpy_function(x))


# --------------------------------------------------------------------------------- the normal distribution

# x, which every dtype holds, gelu(x), its derivative and erf(x), to 20 digits
FACTS = [
    (-37.5, -1.7270073785932330664e-306, -6.476271143055812623e-305, -1.0),
    (-20.25, -3.5968047265228793125e-90, -7.2834439781988635469e-89, -1.0),
    (-8.5, -8.057604598872820601e-17, -6.84650493869708435e-16, -1.0),
    (-3.125, -0.0027782040597138501854, -0.0085555310608876807429, -0.99999010326537475438),
    (-1.0625, -0.15300465268959412741, -0.09704173090239249368, -0.86705826943495275538),
    (-0.5, -0.15426876936299344818, 0.13250487534383715747, -0.52049987781304653768),
    (-0.0009765625, -0.00048790078905392525292, 0.49922081610628686646, -0.0011019324300718147042),
    (1.1920928955078125e-07, 5.9604650444701411536e-8, 0.50000009511525163685, 1.3451327885335769997e-7),
    (0.017822265625, 0.0090378433985438747281, 0.51421860509546204842, 0.020108144214745501776),
    (0.75, 0.5800294857173488505, 0.99922572173923510437, 0.7111556336535151316),
    (2.5, 2.4844758366855596621, 1.0376110859081452082, 0.99959304798255504106),
    (9.0, 8.999999999999999999, 1.0000000000000000091, 1.0),
]


@needs_numba
@dtypes
@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: str(fact[0]))
def test_the_error_function_and_gelu_at_points(fact: tuple[float, ...], dtype: str, jit: bool) -> None:
    x = np.array([fact[0]], dtype)
    info = np.finfo(dtype)
    one = np.ones(1, dtype)
    with xp.jit(jit):
        got = gaussian.gelu(x), gaussian.gelu_grad(one, x), gaussian.erf(x)
    # The reference's exp has the relative error of its argument, x^2 / 2; near 1 / sqrt(2), the derivative passes 0.
    units = np.array([3.5, 4.0, 1.5]) if jit else 5.0 + fact[0] ** 2
    for y, expected, unit in zip(got, fact[1:], np.broadcast_to(units, 3), strict=True):
        assert abs(float(y[0]) - expected) <= unit * info.eps * max(abs(expected), float(info.tiny))


@needs_numba
def test_erf_and_gelu_in_single_precision() -> None:
    x = np.concatenate([np.linspace(-13, 13, 20_000), RNG(0).standard_normal(20_000)]).astype("float32")
    exact = x.astype("float64")
    erf = np.array([math.erf(v) for v in exact])
    tail = np.array([math.erfc(abs(v) / math.sqrt(2)) / 2 for v in exact])
    eps = np.finfo("float32").eps
    np.testing.assert_array_less(np.abs(gaussian.erf(x) - erf), 1.0 * eps * np.abs(erf) + 1e-45)
    gelu = np.where(exact < 0, exact * tail, exact * (1 - tail))
    np.testing.assert_array_less(np.abs(gaussian.gelu(x) - gelu), 3.5 * eps * np.abs(gelu) + 1e-43)
    density = np.exp(-exact * exact / 2) / math.sqrt(2 * math.pi)
    slope = np.where(exact < 0, tail + exact * density, 1 - tail + exact * density)
    got = gaussian.gelu_grad(np.ones_like(x), x)
    np.testing.assert_array_less(np.abs(got - slope), 4 * eps * (np.abs(slope) + np.abs(exact) * density) + 1e-43)


@needs_numba
@dtypes
def test_gelu_tanh_is_accurate(dtype: str) -> None:
    x = np.concatenate([np.linspace(-6, 6, 20_000), RNG(0).standard_normal(20_000)]).astype(dtype)
    v = x.astype(wide(dtype))
    z = 2 * np.sqrt(2 / np.longdouble("3.14159265358979323846264338327950288")) * (v + np.longdouble("0.044715") * v**3)
    expected = v * sigmoid(z)
    error = np.abs(gaussian.gelu_tanh(x) - expected) / np.abs(expected)
    assert np.max(error / (2.5 + 1.5 * np.abs(z))) < np.finfo(dtype).eps


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("function", "at_minus_infinity", "at_infinity"),
    [
        (gaussian.erf, -1.0, 1.0),
        (gaussian.gelu, 0.0, np.inf),
        (lambda x: gaussian.gelu_grad(np.ones_like(x), x), 0.0, 1.0),
        (lambda x: gaussian.gelu_tanh_grad(np.ones_like(x), x), 0.0, 1.0),
        (lambda x: activation.softplus(x, beta=1.0), 0.0, np.inf),
        (lambda x: activation.elu(x, alpha=1.0, scale=1.0), -1.0, np.inf),
    ],
)
def test_limits(function: Any, at_minus_infinity: float, at_infinity: float, dtype: str, jit: bool) -> None:
    x = np.array([-np.inf, np.inf, np.nan], dtype)
    large = np.array([-np.finfo(dtype).max, np.finfo(dtype).max], dtype)
    with xp.jit(jit):
        np.testing.assert_array_equal(function(x), np.array([at_minus_infinity, at_infinity, np.nan], dtype))
        y = function(large)
    np.testing.assert_allclose(y, np.clip([at_minus_infinity, at_infinity], None, large[1]), rtol=1e-3)
