"""Special functions: their values at 50 digits, their poles, and on which backends they are."""

from __future__ import annotations

import inspect
import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import xparray as xp
from xparray import special

HOST = ["numpy", "numba"]
DEVICES = [*HOST, "strict", "strict:device1"]
EPS = {"float32": 2.0**-23, "float64": 2.0**-52}

signs = [-3.7, -1.25, -0.5, -1e-3, 0.0, 1e-3, 0.375, 0.75, 1.0, 2.5, 4.75]
above = [1e-3, 0.125, 0.5, 1.0, 1.5, 2.75, 8.0, 20.25]
unit = [1e-4, 0.03125, 0.25, 0.5, 0.5009765625, 0.75, 0.9375]
between = [2 * p - 1 for p in unit]
pairs = [(a, b) for a in (0.25, 1.0, 3.5) for b in (0.5, 2.0, 7.25)]

# name: the function at 50 digits, its arguments, and how many epsilons of the result it may be off.
Fact = tuple[Callable[..., Any], list[Any], int]
FACTS: dict[str, Fact] = {
    "beta": (mp.beta, pairs, 8),
    "betainc": (
        lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        [(a, b, x) for a, b in pairs[::2] for x in (0.125, 0.5, 0.875)],
        64,
    ),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), pairs, 16),
    "digamma": (mp.digamma, [-2.5, -0.25, *above], 16),
    "entr": (lambda x: -x * mp.log(x), above, 4),
    "erf": (mp.erf, signs, 4),
    "erfc": (mp.erfc, [*signs, 9.0], 16),
    "erfcinv": (lambda x: mp.erfinv(1 - x), [*unit, 1.0, 1.25, 1.9375], 16),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), [*signs, 30.0], 16),
    "erfinv": (mp.erfinv, between, 8),
    "exp1": (mp.e1, above, 16),
    "expi": (mp.ei, [-2.0, -0.25, *above], 16),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), [*signs, -80.0, 80.0], 4),
    "gamma": (mp.gamma, [-2.5, -0.25, *above], 16),
    "gammainc": (lambda a, x: mp.gammainc(a, 0, x, regularized=True), pairs, 32),
    "gammaincc": (lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), pairs, 32),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), [-2.5, -0.25, *above, 1000.0], 16),
    "i0": (lambda x: mp.besseli(0, x), signs, 8),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [*signs, 200.0], 8),
    "i1": (lambda x: mp.besseli(1, x), signs, 8),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), [*signs, 200.0], 8),
    "kl_div": (lambda x, y: x * mp.log(x / y) - x + y, pairs, 32),
    "log_expit": (lambda x: -mp.log(1 + mp.exp(-x)), [*signs, -200.0, 80.0], 4),
    "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), [*signs, -35.0], 16),
    "loggamma": (mp.loggamma, above, 16),
    "logit": (lambda x: mp.log(x / (1 - x)), unit, 8),
    "multigammaln": (
        lambda a, d: mp.log(mp.pi) * d * (d - 1) / 4 + sum(mp.loggamma(a - mp.mpf(j) / 2) for j in range(int(d))),
        [(a, d) for a in (2.5, 4.0) for d in (1, 2, 3)],
        16,
    ),
    "ndtr": (mp.ncdf, [*signs, -9.0], 64),
    "ndtri": (lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), unit, 16),
    "polygamma": (lambda n, x: mp.polygamma(int(n), x), [(n, x) for n in (0, 1, 2, 4) for x in (0.25, 1.0, 5.5)], 32),
    "rel_entr": (lambda x, y: x * mp.log(x / y), [*pairs, (1.0, 1.0009765625), (1.25, 1.0), (1.5, 0.75)], 16),
    "rgamma": (mp.rgamma, [-2.5, -0.25, *above], 16),
    "sinc": (lambda x: mp.sinc(mp.pi * x), [-2.5, -0.25, 1e-3, 0.375, 0.5, 1.25], 8),
    "xlog1py": (lambda x, y: x * mp.log1p(y), [(x, y) for x in (-1.5, 0.0, 2.0) for y in (-0.5, 1e-3, 3.0)], 4),
    "xlogy": (lambda x, y: x * mp.log(y), [(x, y) for x in (-1.5, 0.0, 2.0) for y in (1e-3, 0.5, 3.0)], 4),
    "zeta": (mp.zeta, [(s, q) for s in (1.5, 2.0, 6.25) for q in (0.5, 1.0, 3.75)], 16),
}  # fmt: skip
INVERSES = ["gammaincinv", "gammainccinv", "betaincinv"]
ALONG_AXES = ["logsumexp", "softmax", "log_softmax"]
# Those that are expressions of the standard's functions, and so run on any backend.
EXPRESSIONS = [
    "entr", "erf", "expit", "kl_div", "log_expit", "logit", "rel_entr", "sinc", "xlog1py", "xlogy", *ALONG_AXES,
]  # fmt: skip


def test_every_function_has_its_facts() -> None:
    assert sorted([*FACTS, *INVERSES, *ALONG_AXES]) == sorted(special.__all__)


def columns(name: str, dtype: str) -> list[Any]:
    """The arguments of each fact, as arrays; dimensions are numbers."""
    values = [v if isinstance(v, tuple) else (v,) for v in FACTS[name][1]]
    return [np.array(c, dtype) for c in zip(*values, strict=True)]


@pytest.mark.parametrize("device", HOST)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FACTS)
def test_values(name: str, dtype: str, device: str) -> None:
    truth, _, allowed = FACTS[name]
    arguments = columns(name, dtype)
    with mp.workdps(50):
        expected = [truth(*(mp.mpf(float(a)) for a in row)) for row in zip(*arguments, strict=True)]
    f = getattr(special, name)
    if name == "multigammaln":
        xs = [xp.to_device(a[None], device) for a in arguments[0]]
        y = xp.concat([f(x, int(d)) for x, d in zip(xs, arguments[1], strict=True)])
    else:
        y = f(*(xp.to_device(a, device) for a in arguments))
    assert (str(xp.device_of(y)), y.dtype) == (device, dtype)
    tiny = float(np.finfo(dtype).tiny)
    for got, true, *row in zip(y.tolist(), expected, *arguments, strict=True):
        # An argument is exact, a result is rounded; where a function is steep, or crosses zero, the error is absolute.
        assert (
            abs(got - true) <= allowed * EPS[dtype] * max(abs(true), mp.mpf("0.05") if abs(true) > 1e-4 else 0) + tiny
        ), row


@pytest.mark.parametrize(
    ("inverse", "function", "parameters"),
    [
        ("gammaincinv", "gammainc", (2.5,)),
        ("gammainccinv", "gammaincc", (2.5,)),
        ("betaincinv", "betainc", (2.5, 0.75)),
        ("erfinv", "erf", ()),
        ("ndtri", "ndtr", ()),
        ("logit", "expit", ()),
    ],
)
def test_inverses(inverse: str, function: str, parameters: tuple[float, ...]) -> None:
    p = np.array(unit)
    y = getattr(special, inverse)(*parameters, p)
    np.testing.assert_allclose(getattr(special, function)(*parameters, y), p, rtol=1e-12)


inf, nan = math.inf, math.nan


# name, arguments, result.
LIMITS_OF_EXPRESSIONS: list[tuple[str, list[Any], Any]] = [
    ("erf", [[-inf, inf, nan, -0.0]], [-1, 1, nan, -0.0]),
    ("expit", [[-inf, -1000.0, 0.0, 1000.0, inf, nan]], [0, 0, 0.5, 1, 1, nan]),
    ("logit", [[0.0, 0.5, 1.0, -0.5, 2.0]], [-inf, 0, inf, nan, nan]),
    ("log_expit", [[-inf, -1000.0, 1000.0, inf, nan]], [-inf, -1000, 0, 0, nan]),
    ("xlogy", [[0.0, 0.0, 0.0, 0.0, 1.0, 1.0], [0.0, -1.0, inf, nan, 0.0, -1.0]], [0, 0, 0, nan, -inf, nan]),
    ("xlog1py", [[0.0, 0.0, 0.0, 1.0], [-1.0, inf, nan, -1.0]], [0, 0, nan, -inf]),
    ("entr", [[0.0, 1.0, -1.0, inf, nan]], [0, 0, -inf, -inf, nan]),
    ("rel_entr", [[0.0, 0.0, 1.0, -1.0, 1.0, nan], [0.0, 2.0, 0.0, 1.0, -1.0, 1.0]], [0, 0, inf, inf, inf, nan]),
    ("rel_entr", [[1e-300, 1e300], [1e300, 1e-300]], [1e-300 * math.log(1e-300) * 2, 1e300 * math.log(1e300) * 2]),
    ("kl_div", [[0.0, 1.0, 1.0], [2.0, 1.0, 0.0]], [2, 0, inf]),
    ("sinc", [[0.0, -0.0, 1e-300]], [1, 1, 1]),
    ("logsumexp", [[-inf, -inf]], -inf),
    ("logsumexp", [[inf, 0.0]], inf),
    ("logsumexp", [[nan, 0.0]], nan),
    ("logsumexp", [[-1000.0, -1000.0]], -1000 + math.log(2)),
    ("softmax", [[-1000.0, 0.0]], [0, 1]),
]  # fmt: skip
LIMITS_OF_SCIPY: list[tuple[str, list[Any], Any]] = [
    ("erfinv", [[-1.0, 1.0, 1.5]], [-inf, inf, nan]),
    ("ndtri", [[0.0, 1.0, -1.0]], [-inf, inf, nan]),
    ("log_ndtr", [[-inf, inf]], [-inf, 0]),
    ("gammaln", [[0.0, -1.0, inf]], [inf, inf, inf]),
    ("loggamma", [[-0.5]], [nan]),
    ("gamma", [[171.0, 172.0, inf]], [7.257415615307994e306, inf, inf]),
    ("rgamma", [[0.0, -1.0, 2.0]], [0, 0, 1]),
    ("digamma", [[0.0, -1.0]], [-inf, nan]),
    ("gammainc", [[1.0, 1.0], [0.0, inf]], [0, 1]),
    ("gammaincc", [[1.0, 1.0], [0.0, inf]], [1, 0]),
    ("betainc", [[2.0, 2.0], [3.0, 3.0], [0.0, 1.0]], [0, 1]),
    ("zeta", [[1.0], [1.0]], [inf]),
    ("exp1", [[0.0]], [inf]),
    ("i0e", [[inf]], [0.0]),
]


@pytest.mark.parametrize(
    ("name", "lists", "expected", "device"),
    [
        *((*limit, device) for limit in LIMITS_OF_EXPRESSIONS for device in DEVICES),
        *((*limit, device) for limit in LIMITS_OF_SCIPY for device in HOST),
    ],
)
def test_poles_and_limits_come_without_warnings(name: str, lists: list[Any], expected: Any, device: str) -> None:
    options = {"axis": 0} if name == "softmax" else {}
    y = getattr(special, name)(*(xp.asarray(x, device=device) for x in lists), **options)
    assert str(xp.device_of(y)) == device
    np.testing.assert_allclose(np.asarray(xp.to_device(y, "numpy")), expected, rtol=1e-14)


@pytest.mark.parametrize("device", ["strict", "strict:device1"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_run_on_every_backend(name: str, device: str) -> None:
    f = getattr(special, name)
    arguments = columns(name, "float32") if name in FACTS else [np.array([[1.0, 2.5], [-1.0, 0.0]], "float32")]
    options = {"axis": 0} if name in ALONG_AXES else {}
    expected = f(*arguments, **options)
    y = f(*(xp.to_device(a, device) for a in arguments), **options)
    assert (str(xp.device_of(y)), str(y.dtype).rpartition(".")[2]) == (device, "float32")
    np.testing.assert_allclose(np.asarray(xp.to_device(y, "numpy")), expected, rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize("name", sorted(set(special.__all__) - set(EXPRESSIONS) - {"multigammaln"}))
def test_other_functions_say_where_they_are(name: str) -> None:
    f = getattr(special, name)
    x = xp.ones((2,), device="strict")
    with pytest.raises(AttributeError) as e:
        f(*[x] * len(inspect.signature(f).parameters))
    assert str(e.value) == (
        f"special.{name}: backend 'strict' (array_api_strict) has no such function; "
        "move the arrays with xp.to_device(x, 'numpy')"
    )


@pytest.mark.parametrize("device", HOST)
@pytest.mark.parametrize(
    ("call", "shape", "dtype"),
    [
        (lambda x: special.gammaln(x.astype("float16")), (2, 3), "float16"),
        (lambda x: special.expit(x.astype("float16")), (2, 3), "float16"),
        (lambda x: special.gammaln(x.astype("int8")), (2, 3), "float64"),
        (lambda x: special.expit(x.astype("int64")), (2, 3), "float64"),
        (lambda x: special.entr(x > 1), (2, 3), "float64"),
        (lambda x: special.xlogy(2, x), (2, 3), "float32"),
        (lambda x: special.xlogy(x, 2.5), (2, 3), "float32"),
        (lambda x: special.gammainc(2, x), (2, 3), "float32"),
        (lambda x: special.betainc(0.5, 2, x / 8), (2, 3), "float32"),
        (lambda x: special.polygamma(1, x), (2, 3), "float32"),
        (lambda x: special.polygamma(np.array([[1], [2]]), x.astype("float64")), (2, 3), "float64"),
        (lambda x: special.beta(x, x.astype("float64")), (2, 3), "float64"),
        (lambda x: special.beta(x[:, :1], x[0]), (2, 3), "float32"),
        (lambda x: special.gammaln(x[0, 0, ...]), (), "float32"),
        (lambda x: special.expit(x[0, 0, ...]), (), "float32"),
        (lambda x: special.gammaln(x[:0]), (0, 3), "float32"),
        (lambda x: special.gammaln(x.T[::-1]), (3, 2), "float32"),
        (lambda x: special.multigammaln(x + 1, 2), (2, 3), "float32"),
        (lambda x: special.logsumexp(x), (), "float32"),
        (lambda x: special.logsumexp(x, axis=0), (3,), "float32"),
        (lambda x: special.logsumexp(x, axis=(0, 1), keepdims=True), (1, 1), "float32"),
        (lambda x: special.logsumexp(x.astype("int32"), axis=-1), (2,), "float64"),
        (lambda x: special.softmax(x.astype("float16"), axis=-1), (2, 3), "float16"),
        (lambda x: special.log_softmax(x, axis=1), (2, 3), "float32"),
    ],
)  # fmt: skip
def test_shapes_and_dtypes(call: Callable[[Any], Any], shape: tuple[int, ...], dtype: str, device: str) -> None:
    x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype="float32", device=device)
    before = x.copy()
    y = call(x)
    assert type(y) is xp.get_backend(device).array_types[0]
    assert (y.shape, y.dtype) == (shape, dtype)
    assert np.isfinite(y).all()
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("x", "dtype"), [(2, "float64"), (2.5, "float64"), (True, "float64"), (np.float32(2), "float32")]
)
@pytest.mark.parametrize("name", ["gammaln", "expit", "logsumexp"])
def test_numbers(name: str, x: Any, dtype: str) -> None:
    y = getattr(special, name)(x)
    assert (type(y), y.shape, y.dtype) == (np.ndarray, (), dtype)


def test_along_axes() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)) * 50
    weights = np.exp(x - x.max())
    np.testing.assert_allclose(special.logsumexp(x, axis=0), np.log(weights.sum(0)) + x.max(), rtol=1e-12)
    np.testing.assert_allclose(special.softmax(x, axis=1), weights / weights.sum(1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(special.log_softmax(x, axis=0), x - special.logsumexp(x, axis=0), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: special.erf(x * 1j), TypeError, "special.erf: got complex128; expected real numbers"),
        (lambda x: special.xlogy(x, 1j), TypeError, "special.xlogy: got complex128; expected real numbers"),
        (
            lambda x: special.gamma(x, x),
            TypeError,
            "special.gamma: got 2 arguments; expected 1: gamma(x: 'Array', /) -> 'Array'",
        ),
        (
            lambda x: special.beta(x, xp.to_device(x, "strict")),
            ValueError,
            "special.beta: arguments live on different devices: argument 0: (2,) float64 on numpy; "
            "argument 1: (2,) float64 on strict; move argument 1 with xp.to_device(x, 'numpy')",
        ),
        (
            lambda x: special.gamma("two"),
            TypeError,
            "special.gamma: argument 0 is 'two': builtins.str is no array of an installed backend; convert it with xp.asarray(x)",
        ),
        (
            lambda x: special.multigammaln(x, 0),
            ValueError,
            "special.multigammaln: d is 0; expected a number of dimensions, 1 or more",
        ),
    ],
)
def test_what_is_refused(call: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    x = np.ones(2)
    with pytest.raises(error) as e:
        call(x)
    assert str(e.value) == text
    assert x.tolist() == [1, 1]


def test_without_scipy_expressions_remain() -> None:
    program = """
import sys
sys.modules["scipy"] = None
import xparray as xp
print(xp.special.expit(0.0), xp.special.xlogy(2.0, 1.0))
for _ in range(2):
    try:
        xp.special.gamma(3.0)
    except ImportError as e:
        print(e)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)
    missing = "special.gamma: scipy is not installed; pip install xparray[special]"
    assert run.stdout.splitlines() == ["0.5 0.0", missing, missing]
