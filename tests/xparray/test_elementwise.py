from __future__ import annotations

import copy
import itertools
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import Elementwise, elementwise
from xparray._one_source import host as host_calls
from xparray._one_source.fusion import compile_loops

pytest.importorskip("numba")

RATE = 0.25
TABLE = {1: 3, "e": 0.1}
DTYPES = ["float32", "float64"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Compiled code of these tests goes to a folder of their own."""
    folder = tmp_path_factory.mktemp("cache") / "xparray"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPARRAY_CACHE_DIR", str(folder))
        yield folder


def assert_same_bits(y: Any, expected: Any) -> None:
    ys, rs = (y, expected) if isinstance(expected, tuple) else ((y,), (expected,))
    assert isinstance(y, tuple) == isinstance(expected, tuple) and len(ys) == len(rs)
    for a, r in zip(ys, rs, strict=True):
        assert isinstance(a, np.ndarray)
        r = np.asarray(r)
        assert (a.dtype, a.shape) == (r.dtype, r.shape)
        np.testing.assert_array_equal(a, r)
        if r.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(a[~np.isnan(a)]), np.signbit(r[~np.isnan(r)]))


# ------------------------------------------------------------------------------------------ what is translated


def sgd(p, g, lr):
    return p - lr * g


def adam(p, g, m, v, alpha, beta1, beta2, eps):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return p - alpha * m / (xp.sqrt(v) + eps), m, v


def bias_corrected(p, g, alpha, beta, t):
    step = alpha * math.sqrt(1 - beta**t) / (1 - beta)
    step /= 2
    return p - step * g


def polynomial(x):
    return 0.5 * x**2 - 2 * x + 1 / 3 - -1.5


def all_signs(x, y):
    return -x + +y * -0.0 - (0 * x) / -2


def leaky_relu(x, slope):
    return xp.where(x > 0, x, slope * x)


def relu_gradient(x, g):
    return (x > 0) * g


def box(x, y):
    inside = (x >= -1) & (x <= 1.0) | ~(y != x)
    return xp.where(inside ^ (y < x), x, 0)


def masks(x, y):
    return x == y, xp.logical_or(xp.isnan(x), xp.logical_not(xp.isfinite(y)))


def comparisons(x, y):
    return xp.where(xp.less(x, y), 1.0, x) + xp.where(xp.greater_equal(x, 0.1), x, y)


def absolutes(x):
    return xp.abs(x) + abs(x) + np.fabs(x)


def roundings(x):
    return xp.floor(x) + 10 * xp.ceil(x) + 100 * np.trunc(x) + 1000 * np.rint(x)


def signs(x):
    return xp.sign(x)


def roots(x):
    return xp.sqrt(x), xp.square(x), np.reciprocal(x)


def extremes(x, y):
    return xp.maximum(x, y), xp.minimum(x, 0.5), np.fmax(x, y), np.fmin(x, y)


def clipped(x, y):
    return xp.clip(x, -0.5, 0.75), xp.clip(x, y, 2.0)


def likes(x, y):
    return xp.zeros_like(x) + y, xp.ones_like(x) - x


def gelu(x):
    return 0.5 * x * (1 + xp.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def softplus(x, beta):
    z = beta * x
    return (xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))) / beta


def exponential(x):
    return xp.exp(x)


def two_ends(x):
    return np.sin(x), x + 1, xp.cos(x)


def exp_and_more(x):
    e = xp.exp(x)
    return e, e * x


def powers(x, y, n):
    x = xp.abs(x)
    return x**3, x**0.5, x**n, 2.0**y, x**y, np.hypot(x, y), x**-1


def names_of_all_kinds(x):
    a, b = x * RATE, math.pi
    c: float = RATE if RATE > 0 else math.inf
    d = e = float(max(1, 2)) // 1
    a = a + b * (0 < c <= 1)
    return a - d, TABLE[1] * TABLE["e"] * e * a, (not c) * x, -(c**2) / x


def unused(x, y, scale):
    """Reads one of its arguments only."""
    pass
    return x * 2


def helper(x, scale=2.0, *, shift=1):
    return scale * x + shift, scale


@elementwise
def sigmoid(x):
    return 1 / (1 + xp.exp(-x))


def silu_and_help(x):
    y, scale = helper(x, shift=0.5)
    return sigmoid(x) * y + scale * sigmoid(x)


def closed(rate):
    def scaled(x):
        return rate * x

    return scaled


ONE, TWO = "x", "xy"
FUSED: list[tuple[Callable[..., Any], int, tuple[float, ...]]] = [
    (sgd, 2, (0.1,)),
    (sgd, 2, (3,)),
    (sgd, 2, (True,)),
    (adam, 4, (1e-3, 0.9, 0.999, 1e-8)),
    (bias_corrected, 2, (0.001, 0.9, 3)),
    (polynomial, 1, ()),
    (all_signs, 2, ()),
    (leaky_relu, 1, (0.2,)),
    (relu_gradient, 2, ()),
    (box, 2, ()),
    (masks, 2, ()),
    (comparisons, 2, ()),
    (absolutes, 1, ()),
    (roundings, 1, ()),
    (signs, 1, ()),
    (roots, 1, ()),
    (extremes, 2, ()),
    (clipped, 2, ()),
    (likes, 2, ()),
    (gelu, 1, ()),
    (softplus, 1, (2.0,)),
    (exponential, 1, ()),
    (two_ends, 1, ()),
    (exp_and_more, 1, ()),
    (powers, 2, (2,)),
    (names_of_all_kinds, 1, ()),
    (unused, 2, (1.0,)),
    (silu_and_help, 1, ()),
    (closed(0.1), 1, ()),
]
IDS = [f"{f.__name__}{'-'.join(map(str, numbers))}" for f, _, numbers in FUSED]
COMPILED = [elementwise(f) for f, _, _ in FUSED]


def operands(count: int, dtype: str) -> list[np.ndarray[Any, Any]]:
    """Arrays that pair special values, among them ones that overflow, and random values for the vector part of a loop."""
    info = np.finfo(dtype)
    special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.5,
        1e-3,
        np.inf,
        -np.inf,
        np.nan,
        info.max,
        info.tiny,
        info.smallest_subnormal,
    ]
    rng = np.random.default_rng(count)
    if count <= 2:
        table = np.array(list(itertools.product(special, repeat=count)), dtype).T
        return [np.ascontiguousarray(np.concatenate([t, rng.normal(size=131)]), dtype) for t in table]
    return [
        np.concatenate([special, rng.normal(size=131)]).astype(dtype)[rng.permutation(131 + len(special))]
        for _ in range(count)
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", range(len(FUSED)), ids=IDS)
def test_a_loop_has_the_bits_of_the_function_as_it_is_written(case: int, dtype: str) -> None:
    function, count, numbers = FUSED[case]
    f = COMPILED[case]
    arrays = operands(count, dtype)
    with np.errstate(all="ignore"):
        y = f(*arrays, *numbers)
        assert f.why_not is None
        if function in (extremes, clipped):  # which of two zeros is the greater one is not said
            arrays = [a + 0.0 for a in arrays]
            y = f(*arrays, *numbers)
        assert_same_bits(y, function(*arrays, *numbers))
        assert_same_bits(f(*arrays, *numbers), y)  # the second call takes the short way


@pytest.mark.parametrize("case", [IDS.index("powers2"), IDS.index("two_ends"), IDS.index("adam0.001-0.9-0.999-1e-08")])
def test_blocks_join_without_a_seam(case: int) -> None:
    function, count, numbers = FUSED[case]
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.1, 2, 3 * 2**15 + 7).astype("float32") for _ in range(count)]
    assert_same_bits(COMPILED[case](*arrays, *numbers), function(*arrays, *numbers))
    assert COMPILED[case].why_not is None


# ------------------------------------------------------------------------------------------ shapes and memory


def mixed(x, y, s):
    z = x * y + s
    return z - xp.exp(0.1 * y), z > x


MIXED = elementwise(mixed)


def array(shape: tuple[int, ...], dtype: str, how: str) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(sum(shape))
    x = rng.normal(size=shape).astype(dtype)
    if how == "strided":
        return np.repeat(x[..., None], 2, -1)[..., 0]
    if how == "fortran":
        return np.asfortranarray(x)
    if how == "reversed":
        return x[::-1] if shape else x
    if how == "read-only":
        x.flags.writeable = False
    if how == "unaligned":
        raw = np.empty(x.nbytes + 1, np.uint8)[1:].view(dtype).reshape(shape)
        raw[...] = x
        return raw
    return x


SHAPES = [
    ((), ()),
    ((0,), (0,)),
    ((1,), (1,)),
    ((3, 0), (3, 0)),
    ((7,), (7,)),
    ((3, 4), (3, 4)),
    ((50, 41, 3), (50, 41, 3)),
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((3, 4), ()),
    ((), (3, 4)),
    ((3, 4), (1, 1)),
    ((0, 3), (1, 3)),
    ((0,), (1,)),
]


@pytest.mark.parametrize("how", ["dense", "strided", "fortran", "reversed", "read-only", "unaligned"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_any_shape_and_stride(shapes: tuple[tuple[int, ...], ...], how: str) -> None:
    dtype = "float32"
    x, y = array(shapes[0], dtype, how), array(shapes[1], dtype, how)
    kept = x.copy(), y.copy()
    for _ in range(2):
        assert_same_bits(MIXED(x, y, 0.5), mixed(x, y, 0.5))
        assert MIXED.why_not is None
    assert_same_bits(x, kept[0])
    assert_same_bits(y, kept[1])


def test_a_result_of_another_shape_than_the_arguments_is_the_function_s() -> None:
    f = elementwise(two_shapes)
    x, y = np.ones((3, 1), "float32"), np.ones((1, 4), "float32")
    assert_same_bits(f(x, y), two_shapes(x, y))
    assert "several shapes" in str(f.why_not)


def two_shapes(x, y):
    return x + 1, x + y


def test_shapes_that_do_not_fit_raise_numpy_s_error() -> None:
    with pytest.raises(ValueError, match="could not be broadcast together"):
        MIXED(np.ones(3, "float32"), np.ones(4, "float32"), 0.5)


@pytest.mark.parametrize("how", ["dense", "strided", "fortran", "reversed", "read-only"])
def test_in_place(how: str) -> None:
    f = elementwise(adam)
    numbers = (1e-3, 0.9, 0.999, 1e-8)
    p, g, m, v = (np.abs(array((6, 5), "float32", "dense")) + i for i in range(4))
    g = array((6, 5), "float32", how)
    if how not in ("dense", "read-only"):
        p, m, v = (w + np.zeros_like(p) for w in (array((6, 5), "float32", how), m, v))
    expected = adam(p, g, m, v, *numbers)
    y = f(p, g, m, v, *numbers, out=(p, m, v))
    assert f.why_not is None
    assert all(a is b for a, b in zip(y, (p, m, v), strict=True))
    assert_same_bits(y, expected)
    expected = adam(p, g, m, v, *numbers)
    assert_same_bits(f(p, g, m, v, *numbers, out=(p, m, v)), expected)


@pytest.mark.parametrize(
    "where", ["fresh", "strided", "view of x", "wider", "wider over x", "swapped", "x is read-only"]
)
def test_out_elsewhere(where: str) -> None:
    f = elementwise(two_results)
    for _ in range(2):
        x, y = (
            np.linspace(0, 1, 12, dtype="float32").reshape(3, 4),
            np.linspace(5, 7, 12, dtype="float32").reshape(3, 4),
        )
        outs: dict[str, tuple[np.ndarray[Any, Any], ...]] = {
            "fresh": (np.empty_like(x), np.empty_like(x)),
            "strided": (np.zeros((3, 8), "float32")[:, ::2], np.zeros((4, 3), "float32").T),
            "view of x": (x[:], y.reshape(-1).reshape(3, 4)),
            "wider": (np.empty((3, 4)), np.empty((3, 4))),
            "wider over x": (np.empty((3, 4)), x),
            "swapped": (y, x),
            "x is read-only": (x.view(), y),
        }
        x.flags.writeable = where != "x is read-only"
        out = outs[where]
        expected = two_results(x.copy(), y.copy())
        assert f(x, y, out=out)[0] is out[0]
        assert f.why_not is None
        for o, r in zip(out, expected, strict=True):
            np.testing.assert_array_equal(o, r.astype(o.dtype))


def two_results(x, y):
    return x + y, x * y


@pytest.mark.parametrize("function", ["shifted", "shifted_exp"])
@pytest.mark.parametrize("length", [9, 40000])
def test_out_across_an_input_is_written_after_all_is_read(function: str, length: int) -> None:
    f = elementwise(globals()[function])
    memory = np.linspace(0, 1, length + 1, dtype="float32")
    expected = f.function(memory[:-1].copy())
    f(memory[:-1], out=memory[1:])
    assert_same_bits(memory[1:], expected)
    assert "overlaps" in str(f.why_not)
    memory = np.linspace(0, 1, length + 1, dtype="float32")
    both = memory[:-1], memory[1:]
    expected = two_results(both[0].copy(), both[1].copy())
    elementwise(two_results)(*both, out=(both[0], np.empty(length, "float32")))
    assert_same_bits(both[0], expected[0])


def shifted(x):
    return x + 1


def shifted_exp(x):
    return xp.exp(x) * x


def test_one_array_twice_in_out_holds_the_last_result() -> None:
    for jit in (True, False):
        with xp.jit(jit):
            x, y = np.full(5, 2.0), np.full(5, 3.0)
            elementwise(two_results)(x, y, out=(x, x))
            assert x.tolist() == [6.0] * 5


def test_the_function_may_return_its_arguments() -> None:
    for jit in (True, False):
        with xp.jit(jit):
            x, y = np.zeros(4), np.ones(4)
            elementwise(exchanged)(x, y, out=(x, y))
            assert (x.tolist(), y.tolist()) == ([1.0] * 4, [0.0] * 4)
            z = elementwise(exchanged)(x, y)
            assert_same_bits(z, (y, x))


def exchanged(x, y):
    return y, x


# ------------------------------------------------------------------------------------------ dtypes and numbers


def test_float32_stays_float32_step_by_step() -> None:
    f = elementwise(literals)
    x = np.random.default_rng(0).normal(size=1000).astype("float32")
    one = np.float32
    expected = [one(one(one(0.1) * v) + one(1 - 0.9)) / one(one(one(3) - v) * one(1.1)) for v in x]
    y = f(x, 0.9)
    assert f.why_not is None and y.dtype == "float32"
    assert y.tolist() == [float(e) for e in expected]


def literals(x, beta):
    return (0.1 * x + (1 - beta)) / ((3 - x) * 1.1)


@pytest.mark.parametrize("dtypes", [("float16", "float16"), ("complex64", "complex64"), (">f4", ">f4")], ids=str)
def test_other_dtypes_give_what_the_function_gives(dtypes: tuple[str, str]) -> None:
    f = elementwise(sgd)
    p, g = (np.arange(1, 5).astype(d) for d in dtypes)
    assert_same_bits(f(p, g, 0.5), sgd(p, g, 0.5))
    assert f"argument 0 is {p.dtype}; loops compute in bool, int8" in str(f.why_not)
    if p.dtype.kind == "f":
        f(p, g, 0.5, out=p)
        assert p.tolist() == [0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize("number", [np.float64(0.1), np.float32(0.1), 0.1 + 0j, np.array(0.1), "0.1"], ids=repr)
def test_numbers_that_are_not_python_s(number: Any) -> None:
    f = elementwise(sgd)
    p = np.ones(3, "float32")
    if isinstance(number, str):
        with pytest.raises(TypeError):
            f(p, p, number)
    else:
        assert_same_bits(f(p, p, number), sgd(p, p, number))


@pytest.mark.parametrize("number", [2**70, 1e300, -1e300, math.inf, math.nan], ids=str)
def test_numbers_beyond_the_dtype(number: float) -> None:
    f = elementwise(sgd)
    p = np.ones(3, "float32")
    with np.errstate(all="ignore"):
        assert_same_bits(f(p, p, number), sgd(p, p, number))
    assert f.why_not is None


def test_python_s_own_errors_come_from_python_s_numbers() -> None:
    f = elementwise(bias_corrected)
    p = np.ones(3, "float32")
    with pytest.raises(ZeroDivisionError):
        f(p, p, 0.1, 1, 3)
    assert_same_bits(f(p, p, 0.1, 0.9, 3), bias_corrected(p, p, 0.1, 0.9, 3))


def test_names_of_numbers_are_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    f, x = elementwise(with_rate), np.ones(2, "float32")
    assert f(x).tolist() == [0.25, 0.25]
    monkeypatch.setitem(globals(), "RATE", 0.75)
    assert f(x).tolist() == [0.75, 0.75] and f.why_not is None
    monkeypatch.setitem(globals(), "RATE", np.float64(0.5))
    y = f(x)
    assert y.dtype == "float64" and "computes with a float64" in str(f.why_not)

    rate = 2.0

    def scaled(x):
        return rate * x

    g = elementwise(scaled)
    assert g(x).tolist() == [2.0, 2.0]
    rate = 3.0
    assert g(x).tolist() == [3.0, 3.0] and g.why_not is None


def with_rate(x):
    return RATE * x


def test_numbers_are_computed_as_often_as_the_function_computes_them() -> None:
    f, x = elementwise(counting), np.ones(2, "float32")
    counts: list[int] = []
    for jit in (True, False):
        with xp.jit(jit):
            f(x, 1.0)  # the first call tries one element out, and so counts once more
            start = next(COUNTER)
            y = f(x, 1.0), f(x, -1.0)
        counts.append(next(COUNTER) - start)
        drawn = [[float(v[0]) for v in a] for a in y]
        assert drawn == [[start + 1.0 + start + 2.0, 2 * (start + 3.0)], [start + 4.0 + start + 5.0, 2 * (start + 6.0)]]
    assert counts[0] == counts[1] == 7


COUNTER = itertools.count()


def counting(x, a):
    n = x * next(COUNTER) + x * next(COUNTER)
    return n + (math.log(a) if a > 0 else 0.0), twice(x, next(COUNTER))


def twice(x, k):
    return x * k + x * k


def test_keywords_and_defaults() -> None:
    f = elementwise(with_options)
    x = np.ones(3, "float32")
    for y in (f(x), f(x=x), f(x, rate=0.5), f(x, 0.5, shift=1)):
        assert y.tolist() == [1.5] * 3 and f.why_not is None
    assert f(x, out=x, shift=2) is x and x.tolist() == [2.5] * 3
    with xp.jit(False):
        assert f(np.ones(1), 2.0, shift=3).tolist() == [5.0]
    with pytest.raises(TypeError, match="unexpected keyword argument 'scale'"):
        f(x, scale=1)


def with_options(x, rate=0.5, *, shift=1):
    return rate * x + shift


# ------------------------------------------------------------------------------------------ out that does not fit


def bad_outs() -> list[tuple[Any, type[Exception], str]]:
    read_only = np.ones(3, "float32")
    read_only.flags.writeable = False
    good = np.ones(3, "float32")
    return [
        (good, ValueError, "two_results: out has 1 array, the function returns 2 results; pass one array for each"),
        ((good,) * 3, ValueError, "two_results: out has 3 arrays, the function returns 2 results"),
        (
            (good, np.ones(4, "float32")),
            ValueError,
            r"out\[1\] has shape \(4,\), result 1 has \(3,\); pass an array of that shape",
        ),
        (
            (good, np.ones(3, int)),
            TypeError,
            r"out\[1\] is int64, result 1 is float32, which does not fit; pass a float32 array",
        ),
        ((good, read_only), ValueError, r"out\[1\] is read-only; pass an array that can be written"),
        ((good, None), TypeError, "two_results: out has a NoneType; expected arrays, one for each result"),
        ((good, [1.0, 2.0, 3.0]), TypeError, "out has a list; expected arrays"),
        ((good, np.float32(1)), TypeError, "out has a float32; expected arrays"),
    ]


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("case", range(8))
def test_out_that_does_not_fit(case: int, jit: bool) -> None:
    out, error, text = bad_outs()[case]
    f = elementwise(two_results)
    x, y = np.full(3, 2, "float32"), np.full(3, 3, "float32")
    with xp.jit(jit), pytest.raises(error, match=text):
        f(x, y, out=out)
    first = out[0] if isinstance(out, tuple) else out
    assert first.tolist() == [1.0] * 3  # nothing was written


@pytest.mark.parametrize("jit", [True, False])
def test_in_place_on_a_read_only_argument(jit: bool) -> None:
    f = elementwise(sgd)
    p, g = np.ones(3, "float32"), np.ones(3, "float32")
    with xp.jit(jit):
        f(p, g, 0.5, out=p)
        p.flags.writeable = False
        with pytest.raises(ValueError, match=r"sgd: out\[0\] is read-only"):
            f(p, g, 0.5, out=p)
    assert p.tolist() == [0.5] * 3


# ------------------------------------------------------------------------------------------ other arrays, switches, objects


def test_tagged_arrays_keep_the_tag_and_their_functions() -> None:
    x = xp.to_device(np.linspace(-3, 3, 50, dtype="float32"), "numba")
    f = elementwise(gelu)
    y = f(x)
    assert f.why_not is None and str(xp.device_of(y)) == "numba"
    assert_same_bits(np.asarray(y), np.asarray(gelu(x)))
    g = elementwise(sgd)
    mixed = g(np.asarray(x), x, 0.5)
    assert g.why_not is None and type(mixed) is type(x)
    assert g(x, x, 0.5, out=x) is x


def test_arrays_of_another_library() -> None:
    pytest.importorskip("array_api_strict")
    f = elementwise(adam)
    numbers = (1e-3, 0.9, 0.999, 1e-8)
    host = [np.linspace(1, 2, 6) + i for i in range(4)]
    p, g, m, v = (xp.to_device(a, "strict:device1") for a in host)
    y = f(p, g, m, v, *numbers, out=(p, m, v))
    assert y[0] is p and "is Array, neither a host array nor a Python number" in str(f.why_not)
    for a, r in zip(y, adam(*host, *numbers), strict=True):
        np.testing.assert_allclose(np.asarray(xp.to_device(a, "numpy")), r, rtol=1e-15)
    with pytest.raises(
        ValueError, match=r"sgd: arguments live on different devices: .*xp.to_device\(x, 'strict:device1'\)"
    ):
        elementwise(sgd)(p, host[1], 0.1)
    with pytest.raises(ValueError, match="different devices"):
        elementwise(sgd)(p, g, 0.1, out=host[0])
    with pytest.raises(TypeError, match=r"out\[0\] is .*float32, result 0 is .*float64; pass an array of that dtype"):
        elementwise(sgd)(p, g, 0.1, out=xp.astype(p, "float32"))


def test_no_arrays_at_all() -> None:
    f = elementwise(sgd)
    assert f(2.0, 1.0, 0.5) == 1.5 and f.why_not == "sgd: no argument is an array"


def test_the_switch() -> None:
    f = elementwise(sgd)
    p = np.ones(4, "float32")
    with xp.jit(False):
        assert_same_bits(f(p, p, 0.1), sgd(p, p, 0.1))
        assert f.why_not == "compiled loops are switched off, or numba is not installed"
        assert_same_bits(f(p[0], p[1], 0.1), sgd(p[0], p[1], 0.1))  # a 0-d array, no NumPy scalar
    f(p, p, 0.1)
    assert f.why_not is None


@elementwise
def decay(p: Any, rate: float) -> Any:
    """Shrink `p`."""
    return p - rate * p


def test_it_is_the_function_that_it_was() -> None:
    assert isinstance(decay, Elementwise)
    assert (decay.__name__, decay.__doc__, decay.__module__) == ("decay", "Shrink `p`.", __name__)
    assert copy.deepcopy(decay) is decay and copy.copy(decay) is decay
    assert repr(decay) == "<elementwise decay(p: 'Any', rate: 'float') -> 'Any'>"


def test_threads_share_one_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Callable[..., bool]] = []

    def counting(*args: Any, **options: Any) -> Callable[..., bool]:
        made.append(compile_loops(*args, **options))
        return made[-1]

    monkeypatch.setattr(host_calls, "compile_loops", counting)
    f = elementwise(with_rate)
    x = np.ones(10, "float32")
    results: list[list[float]] = []
    threads = [threading.Thread(target=lambda: results.append(f(x).tolist())) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [[RATE] * 10] * 8 and len(made) == 1
