"""Values of the elementwise functions: each element against Python's own arithmetic, `math` and `cmath`."""

from __future__ import annotations

import cmath
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xparray as xp

DEVICES = ["numpy", "numba", "strict"]


def home(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(xp.to_device(x, "numpy"))


def within(got: Any, expected: list[Any], dtype: str, device: str, units: float = 4, shape: Any = None) -> None:
    """An array on `device` with the expected elements, within so many units of the dtype's precision."""
    assert str(xp.device_of(got)) == device
    got = home(got)
    assert got.dtype == dtype
    assert got.shape == (shape if shape is not None else (len(expected),))
    wanted = np.array(expected, dtype=complex if "complex" in dtype else float)
    # Numbers that the dtype does not hold to full precision have an absolute error too.
    info = np.finfo(dtype)
    np.testing.assert_allclose(got.ravel(), wanted, rtol=units * float(info.eps), atol=float(info.smallest_normal))


# ----------------------------------------------------------------------------------------------- floating-point numbers

# The interval of arguments, and Python's function.
ONE: dict[str, tuple[tuple[float, float], Callable[[float], float]]] = {
    "abs": ((-9, 9), abs),
    "acos": ((-1, 1), math.acos),
    "acosh": ((1, 99), math.acosh),
    "asin": ((-1, 1), math.asin),
    "asinh": ((-9, 9), math.asinh),
    "atan": ((-9, 9), math.atan),
    "atanh": ((-0.99, 0.99), math.atanh),
    "ceil": ((-9, 9), math.ceil),
    "conj": ((-9, 9), float),
    "cos": ((-9, 9), math.cos),
    "cosh": ((-9, 9), math.cosh),
    "exp": ((-20, 20), math.exp),
    "expm1": ((-1, 1), math.expm1),
    "floor": ((-9, 9), math.floor),
    "log": ((1e-3, 99), math.log),
    "log10": ((1e-3, 99), math.log10),
    "log1p": ((-0.9, 1), math.log1p),
    "log2": ((1e-3, 99), math.log2),
    "negative": ((-9, 9), operator.neg),
    "positive": ((-9, 9), operator.pos),
    "real": ((-9, 9), float),
    "reciprocal": ((0.1, 9), lambda x: 1 / x),
    "round": ((-9, 9), round),
    "sign": ((-9, 9), lambda x: math.copysign(1, x)),
    "sin": ((-9, 9), math.sin),
    "sinh": ((-9, 9), math.sinh),
    "sqrt": ((0, 9), math.sqrt),
    "square": ((-9, 9), lambda x: x * x),
    "tan": ((-1.5, 1.5), math.tan),
    "tanh": ((-9, 9), math.tanh),
    "trunc": ((-9, 9), math.trunc),
}
TESTS: dict[str, Callable[[float], bool]] = {
    "isfinite": math.isfinite,
    "isinf": math.isinf,
    "isnan": math.isnan,
    "signbit": lambda x: x < 0,
}
TWO: dict[str, Callable[[float, float], Any]] = {
    "add": operator.add,
    "atan2": math.atan2,
    "copysign": math.copysign,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "hypot": math.hypot,
    "logaddexp": lambda a, b: math.log(math.exp(a) + math.exp(b)),
    "maximum": max,
    "minimum": min,
    "multiply": operator.mul,
    "pow": lambda a, b: abs(a) ** b,
    "remainder": operator.mod,
    "subtract": operator.sub,
}
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "not_equal": operator.ne,
}


def sample(low: float, high: float, dtype: str, n: int = 60) -> list[float]:
    """Numbers of the dtype, as Python's: all over the interval, and some close to zero if it lies within."""
    values = np.random.default_rng(n).uniform(low, high, n)
    if low < 0 < high or low == 0:
        values = np.concatenate([values, [1e-3, 1e-6, 1e-12], [] if low == 0 else [-1e-3, -1e-6, -1e-12]])
    return [float(v) for v in values.astype(dtype)]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ONE)
def test_one_real_number(name: str, dtype: str, device: str) -> None:
    interval, f = ONE[name]
    values = sample(*interval, dtype)
    x = xp.asarray(values, dtype=dtype, device=device)
    within(getattr(xp, name)(x), [f(v) for v in values], dtype, device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", TESTS)
def test_questions_to_one_real_number(name: str, device: str) -> None:
    values = [*sample(-9, 9, "float64"), math.inf, -math.inf, math.nan]
    got = getattr(xp, name)(xp.asarray(values, device=device))
    assert home(got).tolist() == [TESTS[name](v) for v in values]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TWO)
def test_two_real_numbers(name: str, dtype: str, device: str) -> None:
    a, b = sample(-9, 9, dtype, 40), sample(0.5, 9, dtype, 46)
    if name == "pow":
        a = [abs(v) for v in a]
    f, x, y = TWO[name], xp.asarray(a, dtype=dtype, device=device), xp.asarray(b, dtype=dtype, device=device)
    expected = [f(v, w) for v, w in zip(a, b, strict=True)]
    # A sum or remainder loses digits where it is small beside its arguments, the logarithm of a sum where it is near zero.
    units = 64.0 if name in ("add", "subtract", "remainder", "logaddexp") else 8.0
    within(getattr(xp, name)(x, y), expected, dtype, device, units)
    # Broadcast over two axes, and with a number in place of either array.
    grid = [f(v, w) for v, w in itertools.product(a[:5], b[:7])]
    within(getattr(xp, name)(x[:5, None], y[None, :7]), grid, dtype, device, units, (5, 7))
    within(getattr(xp, name)(x, 2.5), [f(v, 2.5) for v in a], dtype, device, units)
    within(getattr(xp, name)(2.5, y), [f(2.5, w) for w in b], dtype, device, units)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint64"])
@pytest.mark.parametrize("name", COMPARED)
def test_comparisons(name: str, dtype: str, device: str) -> None:
    values = [0, 1, 2, 3, 100] if "u" in dtype else [-100, -1, 0, 1, 100]
    pairs = list(itertools.product(values, values))
    x, y = (xp.asarray([p[i] for p in pairs], dtype=dtype, device=device) for i in range(2))
    assert home(getattr(xp, name)(x, y)).tolist() == [COMPARED[name](a, b) for a, b in pairs]
    assert home(getattr(xp, name)(x, 1)).tolist() == [COMPARED[name](a, 1) for a, _ in pairs]
    assert home(getattr(xp, name)(1, y)).tolist() == [COMPARED[name](1, b) for _, b in pairs]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nextafter(dtype: str, device: str) -> None:
    step = 2.0**-23 if dtype == "float32" else 2.0**-52
    x = xp.asarray([1.0, 1.0, 1.0, 2.0], dtype=dtype, device=device)
    got = xp.nextafter(x, xp.asarray([5.0, -5.0, 1.0, 9.0], dtype=dtype, device=device))
    assert home(got).tolist() == [1 + step, 1 - step / 2, 1.0, 2 + 2 * step]
    assert home(xp.nextafter(x, 9.0)).tolist() == [1 + step, 1 + step, 1 + step, 2 + 2 * step]


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_floor_divide_of_finite_numbers_is_pythons(device: str) -> None:
    # floor(1.0 / 0.1) would be 10: the quotient is rounded before.
    a, b = [1.0, 6.0, -1.0, 0.3], [0.1, 0.1, 0.1, 0.1]
    got = xp.floor_divide(xp.asarray(a, device=device), xp.asarray(b, device=device))
    assert home(got).tolist() == [x // y for x, y in zip(a, b, strict=True)] == [9.0, 59.0, -10.0, 2.0]


# ----------------------------------------------------------------------------------------------------- complex numbers


def _sign(z: complex) -> complex:
    return z / abs(z)


ONE_COMPLEX: dict[str, Callable[[complex], complex]] = {
    **{
        name: getattr(cmath, name)
        for name in ("acos acosh asin asinh atan atanh cos cosh exp sin sinh sqrt tan tanh log10".split())
    },
    "conj": lambda z: z.conjugate(),
    "expm1": lambda z: cmath.exp(z) - 1,
    "log": cmath.log,
    "log1p": lambda z: cmath.log(1 + z),
    "log2": lambda z: cmath.log(z) / math.log(2),
    "negative": operator.neg,
    "positive": operator.pos,
    "reciprocal": lambda z: 1 / z,
    "round": lambda z: complex(round(z.real), round(z.imag)),
    "sign": _sign,
    "square": lambda z: z * z,
}
TWO_COMPLEX: dict[str, Callable[[complex, complex], complex]] = {
    "add": operator.add,
    "divide": operator.truediv,
    "multiply": operator.mul,
    "pow": operator.pow,
    "subtract": operator.sub,
}


def complex_sample(dtype: str, seed: int = 0, n: int = 40) -> list[complex]:
    rng = np.random.default_rng(seed)
    return [complex(v) for v in (rng.uniform(-3, 3, n) + 1j * rng.uniform(-3, 3, n)).astype(dtype)]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", ONE_COMPLEX)
def test_one_complex_number(name: str, dtype: str, device: str) -> None:
    values = complex_sample(dtype)
    got = getattr(xp, name)(xp.asarray(values, dtype=dtype, device=device))
    within(got, [ONE_COMPLEX[name](v) for v in values], dtype, device, 16)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", TWO_COMPLEX)
def test_two_complex_numbers(name: str, dtype: str, device: str) -> None:
    a, b = complex_sample(dtype), complex_sample(dtype, seed=1)
    f, x, y = TWO_COMPLEX[name], xp.asarray(a, dtype=dtype, device=device), xp.asarray(b, dtype=dtype, device=device)
    within(getattr(xp, name)(x, y), [f(v, w) for v, w in zip(a, b, strict=True)], dtype, device, 64)
    within(getattr(xp, name)(x, 2j), [f(v, 2j) for v in a], dtype, device, 64)
    real = xp.asarray([abs(w) for w in b], dtype="float32" if dtype == "complex64" else "float64", device=device)
    expected = [f(v, w) for v, w in zip(a, home(real).tolist(), strict=True)]
    within(getattr(xp, name)(x, real), expected, dtype, device, 64)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_parts_of_complex_numbers(dtype: str, device: str) -> None:
    values = complex_sample(dtype)
    x, part = xp.asarray(values, dtype=dtype, device=device), "float32" if dtype == "complex64" else "float64"
    within(xp.abs(x), [abs(v) for v in values], part, device)
    within(xp.real(x), [v.real for v in values], part, device, 0)
    within(xp.imag(x), [v.imag for v in values], part, device, 0)
    assert home(xp.equal(x, xp.conj(x))).tolist() == [v.imag == 0 for v in values]
    assert home(xp.not_equal(x, x)).tolist() == [False] * len(values)


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_complex_functions_near_zero_keep_their_digits(device: str) -> None:
    values = [complex(a, b) for a in (0.0, 1e-3, -1e-3, 1e-12, -1e-12) for b in (0.0, 1e-3, -1e-12)]
    x = xp.asarray(values, device=device)
    expm1 = [z + z**2 / 2 + z**3 / 6 + z**4 / 24 + z**5 / 120 + z**6 / 720 for z in values]
    log1p = [z - z**2 / 2 + z**3 / 3 - z**4 / 4 + z**5 / 5 - z**6 / 6 for z in values]
    for got, expected in ((home(xp.expm1(x)), expm1), (home(xp.log1p(x)), log1p)):
        np.testing.assert_allclose(got.real, [z.real for z in expected], rtol=1e-12)
        np.testing.assert_allclose(got.imag, [z.imag for z in expected], rtol=1e-12)


# ------------------------------------------------------------------------------------------------ integers and truth values

LIMITS = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
INTEGER: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "maximum": max,
    "minimum": min,
    "multiply": operator.mul,
    "subtract": operator.sub,
}
DIVISION: dict[str, Callable[[int, int], int]] = {"floor_divide": operator.floordiv, "remainder": operator.mod}
SHIFTS: dict[str, Callable[[int, int], int]] = {
    "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift,
}


def wrapped(value: int, dtype: str) -> int:
    """What is left of a number in so many bits."""
    low, high = LIMITS[dtype]
    return (value - low) % (high - low + 1) + low


@st.composite
def integers(draw: st.DrawFn) -> tuple[str, list[int], list[int]]:
    dtype = draw(st.sampled_from(sorted(LIMITS)))
    low, high = LIMITS[dtype]
    values = st.integers(low, high) | st.sampled_from([low, high, 0, 1]) | st.integers(max(low, -9), 9)
    n = draw(st.integers(1, 6))
    return dtype, draw(st.lists(values, min_size=n, max_size=n)), draw(st.lists(values, min_size=n, max_size=n))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@given(case=integers())
def test_integers(device: str, case: tuple[str, list[int], list[int]]) -> None:
    dtype, a, b = case
    x, y = xp.asarray(a, dtype=dtype, device=device), xp.asarray(b, dtype=dtype, device=device)

    def check(got: Any, expected: list[int]) -> None:
        assert home(got).dtype == dtype
        assert home(got).tolist() == [wrapped(v, dtype) for v in expected]

    for name, f in INTEGER.items():
        check(getattr(xp, name)(x, y), [f(v, w) for v, w in zip(a, b, strict=True)])
    low, _ = LIMITS[dtype]
    # Division by zero is left open, and so is the one quotient that its dtype does not hold.
    fair = [(v, w) for v, w in zip(a, b, strict=True) if w != 0 and not (v == low and w == -1)]
    if fair:
        v, w = (xp.asarray([pair[i] for pair in fair], dtype=dtype, device=device) for i in range(2))
        for name, f in DIVISION.items():
            check(getattr(xp, name)(v, w), [f(*pair) for pair in fair])
    shifts = [w % 8 for w in b]
    for name, f in SHIFTS.items():
        got = getattr(xp, name)(x, xp.asarray(shifts, dtype=dtype, device=device))
        check(got, [f(v, w) for v, w in zip(a, shifts, strict=True)])
        check(getattr(xp, name)(x, 3), [f(v, 3) for v in a])
    check(xp.bitwise_invert(x), [~v for v in a])
    check(xp.square(x), [v * v for v in a])
    check(
        xp.pow(x, xp.asarray([w % 4 for w in b], dtype=dtype, device=device)),
        [v ** (w % 4) for v, w in zip(a, b, strict=True)],
    )
    for name in ("ceil", "floor", "trunc", "round", "positive", "conj", "real"):
        check(getattr(xp, name)(x), a)
    check(xp.sign(x), [(v > 0) - (v < 0) for v in a])
    check(xp.abs(x), [abs(v) if v != low else v for v in a])
    check(xp.negative(x), [-v for v in a])


TRUTH: dict[str, Callable[[bool, bool], bool]] = {
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "equal": operator.eq,
    "logical_and": lambda a, b: a and b,
    "logical_or": lambda a, b: a or b,
    "logical_xor": operator.ne,
    "not_equal": operator.ne,
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", TRUTH)
def test_truth_values(name: str, device: str) -> None:
    a, b = zip(*itertools.product([False, True], [False, True]), strict=True)
    f, g, x, y = TRUTH[name], getattr(xp, name), xp.asarray(a, device=device), xp.asarray(b, device=device)
    for got, expected in (
        (g(x, y), [f(v, w) for v, w in zip(a, b, strict=True)]),
        (g(x, True), [f(v, True) for v in a]),
        (g(False, y), [f(False, w) for w in b]),
    ):
        assert home(got).dtype == np.bool_
        assert home(got).tolist() == expected
    assert home(xp.logical_not(x)).tolist() == home(xp.bitwise_invert(x)).tolist() == [not v for v in a]


# --------------------------------------------------------------------------------------------------- clip and where


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("low", "high"), [(-1, 2), (None, 1), (0, None), (None, None), (-200, 200)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
def test_clip(dtype: str, low: int | None, high: int | None, device: str) -> None:
    values = [-3, -1, 0, 1, 3]
    x = xp.asarray(values, dtype=dtype, device=device)
    capped = [v if high is None else min(v, high) for v in values]
    expected = [v if low is None else max(v, low) for v in capped]
    got = xp.clip(x, low, high)
    assert home(got).tolist() == home(xp.clip(x, min=low, max=high)).tolist() == expected
    assert str(xp.device_of(got)) == device
    assert not np.may_share_memory(home(got), home(x))


@pytest.mark.parametrize("device", DEVICES)
def test_clip_broadcasts(device: str) -> None:
    x = xp.asarray([[-5.0, 0.0, 5.0]], device=device)
    low, high = xp.asarray([[-1.0], [-2.0]], device=device), xp.asarray([1.0, 2.0, 3.0], device=device)
    assert home(xp.clip(x, low, high)).tolist() == [[-1, 0, 3], [-2, 0, 3]]
    assert home(xp.clip(x[0, 1], low, 4.0)).tolist() == [[0], [0]]


@pytest.mark.parametrize("device", DEVICES)
def test_clip_hands_on_nan(device: str) -> None:
    x, nans = xp.asarray([math.nan, 1.0], device=device), xp.asarray([0.0, math.nan], device=device)
    assert np.isnan(home(xp.clip(x, 0.0, 2.0))).tolist() == [True, False]
    assert np.isnan(home(xp.clip(x[1:], nans[1:], None))).tolist() == [True]
    assert np.isnan(home(xp.clip(x[1:], None, nans[1:]))).tolist() == [True]


@pytest.mark.parametrize("device", DEVICES)
def test_where(device: str) -> None:
    condition, x = xp.asarray([[True], [False]], device=device), xp.asarray([1.0, 2.0], device=device)
    assert home(xp.where(condition, x, -x)).tolist() == [[1, 2], [-1, -2]]
    assert home(xp.where(condition, x, 0.0)).tolist() == [[1, 2], [0, 0]]
    assert home(xp.where(condition, 0.0, x)).tolist() == [[0, 0], [1, 2]]
    assert home(xp.where(condition[0, 0], x[0], x[1])).shape == ()
