"""Users' functions as CUDA kernels: the same results as on the host, and the same rules."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp

GPU = "cuda:0"
TOLERANCE = {"float16": 4e-3, "float32": 3e-6, "float64": 1e-13}


def host(x: Any) -> Any:
    return xp.to_device(x, "numpy")


def moved(args: Any) -> list[Any]:
    return [xp.to_device(a, GPU) if isinstance(a, np.ndarray) else a for a in args]


def assert_as_on_the_host(y: Any, expected: Any) -> None:
    ys, rs = (y, expected) if isinstance(expected, tuple) else ((y,), (expected,))
    assert isinstance(y, tuple) == isinstance(expected, tuple) and len(ys) == len(rs)
    for a, r in zip(ys, rs, strict=True):
        assert str(xp.device_of(a)) == GPU
        r = np.asarray(r)
        assert (a.shape, a.dtype) == (r.shape, r.dtype)
        tolerance = TOLERANCE.get(r.dtype.name, 0)
        np.testing.assert_allclose(host(a), r, rtol=tolerance, atol=tolerance, equal_nan=True)


def operands(count: int, dtype: str) -> list[np.ndarray[Any, Any]]:
    """Arrays that pair special values, and random ones."""
    rng = np.random.default_rng(count)
    kind = np.dtype(dtype).kind
    if kind == "b":
        special: list[Any] = [True, False]
    elif kind == "f":
        special = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan]
    else:
        info = np.iinfo(dtype)
        special = [0, 1, 2, 3, 7, info.max, info.min, info.max - 1]
    table = np.array(list(itertools.product(special, repeat=min(count, 2)))).T.astype(dtype)
    table = np.resize(table, (count, table.shape[1]))
    return [np.concatenate([t, (rng.normal(size=1000) * 3).astype(dtype)]) for t in table]


# ------------------------------------------------------------------------------------------------ elementwise


def sgd(p, g, lr):
    return p - lr * g


def adam(p, g, m, v, alpha, beta1, beta2, eps):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return p - alpha * m / (xp.sqrt(v) + eps), m, v


def gelu(x):
    return 0.5 * x * (1 + xp.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def softplus(x, beta):
    z = beta * x
    return (xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))) / beta


def leaky_relu(x, slope):
    return xp.where(x > 0, x, slope * x)


def clipped(x, y):
    return xp.clip(x, -1, 2), xp.maximum(x, y), xp.minimum(x, y), (x > y) | (x == y)


def roundings(x):
    return xp.floor(x), xp.ceil(x), np.trunc(x), np.rint(x), xp.sign(x), xp.isnan(x), xp.isfinite(x)


def divisions(x, y):
    return x // y, x % y, np.fmod(x, y)


def whole_numbers(x, y):
    return x + y, x - y, x * y, abs(x), x**2, x & y, x | y, x ^ y, ~x, x // y, x % y


def to_floats(x, y):
    return x / y, xp.sqrt(xp.abs(x)), 0.5 * x


def helper(x, scale=2.0):
    return scale * x + 1


@xp.elementwise
def sigmoid(x):
    return 1 / (1 + xp.exp(-x))


def with_helpers(x):
    return sigmoid(x) * helper(x), helper(x, 0.5) + math.pi


FLOATS = ["float16", "float32", "float64"]
WHOLE = ["int8", "int32", "int64", "uint8", "uint64"]
TABLE: list[tuple[Callable[..., Any], int, tuple[float, ...], list[str]]] = [
    (sgd, 2, (0.25,), FLOATS),
    (sgd, 2, (3,), FLOATS + WHOLE),
    (adam, 4, (1e-3, 0.9, 0.999, 1e-3), FLOATS),
    (gelu, 1, (), FLOATS),
    (softplus, 1, (2.0,), FLOATS),
    (leaky_relu, 1, (0.2,), FLOATS + WHOLE),
    (clipped, 2, (), [*FLOATS, "int8", "int64"]),  # -1 is no unsigned integer
    (roundings, 1, (), FLOATS + WHOLE),
    (divisions, 2, (), FLOATS + WHOLE),
    (whole_numbers, 2, (), WHOLE),
    (to_floats, 2, (), FLOATS + WHOLE),
    (with_helpers, 1, (), FLOATS),
]
CASES = [(f, n, numbers, dtype) for f, n, numbers, dtypes in TABLE for dtype in dtypes]


@pytest.mark.parametrize(
    ("function", "count", "numbers", "dtype"),
    CASES,
    ids=[f"{f.__name__}{k}-{d}" for k, (f, _, _, d) in enumerate(CASES)],
)
def test_one_kernel_gives_what_the_function_gives(
    function: Callable[..., Any], count: int, numbers: tuple[float, ...], dtype: str
) -> None:
    f = xp.elementwise(function)
    arrays = operands(count, dtype)
    with np.errstate(all="ignore"):
        expected = function(*arrays, *numbers)
    for _ in range(2):
        y = f(*moved(arrays), *numbers)
        assert f.why_not is None
        assert_as_on_the_host(y, expected)


@pytest.mark.parametrize(
    ("shapes", "dtypes"),
    [
        (((), ()), ("float32", "float32")),
        (((0,), (0,)), ("float32", "float32")),
        (((3, 4), (4,)), ("float32", "float64")),
        (((3, 1), (1, 4)), ("float32", "int32")),
        (((5, 1, 2), (3, 1)), ("float16", "bool")),
        (((0, 3), (1, 3)), ("int8", "uint8")),
    ],
)
def test_shapes_broadcast_and_dtypes_promote(shapes: tuple[tuple[int, ...], ...], dtypes: tuple[str, ...]) -> None:
    f = xp.elementwise(two_results)
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.normal(size=s) * 4).astype(d) for s, d in zip(shapes, dtypes, strict=True)]
    assert_as_on_the_host(f(*moved(arrays), 0.5), two_results(*arrays, 0.5))
    assert f.why_not is None


def two_results(x, y, s):
    return x + y, (x * y) * s


@pytest.mark.parametrize("how", [lambda x: x.T, lambda x: x[::2], lambda x: x[:, ::-1]], ids=["T", "step", "reversed"])
def test_any_strides(how: Callable[[Any], Any]) -> None:
    x, y = np.arange(12.0).reshape(4, 3), np.arange(12.0, 24.0).reshape(4, 3)
    f = xp.elementwise(two_results)
    a, b = moved([x, y])
    assert_as_on_the_host(f(how(a), how(b), 2), two_results(how(x), how(y), 2))
    assert f.why_not is None


def test_in_place() -> None:
    f = xp.elementwise(adam)
    numbers = (1e-3, 0.9, 0.999, 1e-8)
    arrays = [np.abs(a) for a in np.random.default_rng(0).normal(size=(4, 5, 6)).astype("float32")]
    p, g, m, v = moved(arrays)
    y = f(p, g, m, v, *numbers, out=(p, m, v))
    assert f.why_not is None
    assert y[0] is p and y[1] is m and y[2] is v
    assert_as_on_the_host((p, m, v), adam(*arrays, *numbers))


def exchanged(x, y):
    return y, x


def test_all_is_read_before_anything_is_written() -> None:
    f = xp.elementwise(exchanged)
    x, y = moved([np.zeros(4), np.ones(4)])
    f(x, y, out=(x, y))
    assert f.why_not is None
    assert (host(x).tolist(), host(y).tolist()) == ([1.0] * 4, [0.0] * 4)


def shift(x):
    return x + 1


def test_results_across_an_argument_come_from_the_function_itself() -> None:
    f = xp.elementwise(shift)
    memory = xp.linspace(0.0, 1.0, 9, device=GPU)
    expected = host(memory)[:-1] + 1
    f(memory[:-1], out=memory[1:])
    np.testing.assert_array_equal(host(memory)[1:], expected)
    assert "overlaps" in str(f.why_not)


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (lambda: xp.zeros((4,), device=GPU), ValueError, r"shift: out\[0\] has shape \(4,\), result 0 has \(3,\)"),
        (
            lambda: xp.zeros((3,), dtype="float32", device=GPU),
            TypeError,
            r"shift: out\[0\] is float32, result 0 is float64",
        ),
        (
            lambda: (xp.zeros((3,), device=GPU),) * 2,
            ValueError,
            "shift: out has 2 arrays, the function returns 1 result",
        ),
        (lambda: np.zeros(3), ValueError, "shift: arguments live on different devices: "),
    ],
)
def test_arrays_of_out_that_do_not_fit(out: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        xp.elementwise(shift)(xp.zeros((3,), device=GPU), out=out())


def control(x):
    if x > 0:
        return x
    return -x


def test_what_cannot_be_a_kernel_runs_as_it_is_written() -> None:
    f = xp.elementwise(control)
    x = xp.asarray([-2.0], device=GPU)
    assert host(f(x)).tolist() == [2.0]
    assert "control, line " in str(f.why_not) and "write xp.where(condition, a, b)" in str(f.why_not)


def test_the_switch_gives_the_function_as_it_is_written() -> None:
    f = xp.elementwise(gelu)
    x = np.linspace(-3, 3, 100, dtype="float32")
    with xp.jit(False):
        y = f(xp.to_device(x, GPU))
        assert f.why_not is not None
    assert_as_on_the_host(y, gelu(x))
    f(xp.to_device(x, GPU))
    assert f.why_not is None


def test_numbers_change_without_a_new_kernel() -> None:
    f = xp.elementwise(sgd)
    p, g = moved([np.ones(3), np.ones(3)])
    assert [float(host(f(p, g, lr))[0]) for lr in (0.5, 0.25, 2, True)] == [0.5, 0.75, -1.0, 0.0]


# ------------------------------------------------------------------------------------------------- reductions


@xp.reduction(xp.add, post_map=xp.sqrt)
def distance(x, y):
    return (x - y) ** 2


@xp.reduction(xp.maximum)
def greatest(x, y):
    return xp.abs(x * y), x - y


@xp.reduction(lambda a, b: a + b - a * b, identity=0)
def union(x, y):
    return 1 / (1 + x * x + y * y)


@xp.fuse
def moments(x, y):
    d = x - y
    return xp.mean(d, axis=1), xp.sqrt(xp.mean(d * d, axis=1)), xp.any(x > 2 * y, axis=1)


@xp.fuse
def kept(x, y):
    return xp.sum(x * y, axis=(0, 2), keepdims=True), xp.min(x, axis=(0, 2), keepdims=True)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1)], ids=str)
@pytest.mark.parametrize("function", [distance, greatest, union], ids=lambda f: f.__name__)
def test_a_reduction_as_on_the_host(function: Any, axis: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=s) * 3 for s in ((5, 4, 7), (4, 1)))
    x, y = x.astype(dtype), y.astype(dtype)
    for keepdims in (False, True):
        z = function(*moved([x, y]), axis=axis, keepdims=keepdims)
        assert function.why_not is None
        with xp.jit(False):
            expected = function(x, y, axis=axis, keepdims=keepdims)
        assert_as_on_the_host(z, expected)


@xp.fuse
def beside(x, y):
    z = x + y
    return z, xp.max(z, axis=1), 2 * z, xp.sum(x, axis=1) > 0


ENDINGS = [(f, d) for f in (moments, kept, beside) for d in ("float16", "float32", "float64", "int64")]


@pytest.mark.parametrize(("function", "dtype"), [*ENDINGS, (kept, "bool"), (beside, "bool")])
def test_an_expression_that_ends_in_reductions(function: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = ((rng.normal(size=(3, 40, 2)) * 3).astype(dtype) for _ in "xy")
    z = function(*moved([x, y]))
    assert function.why_not is None
    with xp.jit(False):
        expected = function(x, y)
    assert_as_on_the_host(z, expected)


def test_the_mean_of_many_float16_does_not_overflow() -> None:
    x = np.full((1, 4096), 100, "float16")
    (mean, *_) = moments(*moved([x, np.zeros_like(x)]))
    assert moments.why_not is None and host(mean).tolist() == [100.0]


def test_a_reduction_with_nan_and_into_given_arrays() -> None:
    x = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
    outs = tuple(xp.zeros((2,), device=GPU) for _ in range(2))
    y = greatest(*moved([x, np.ones(3)]), axis=1, out=outs)
    assert y[0] is outs[0]
    assert_as_on_the_host(y, (np.array([np.nan, 6.0]), np.array([np.nan, 5.0])))


def test_reductions_of_nothing() -> None:
    x = xp.zeros((3, 0), device=GPU)
    assert host(distance(x, x, axis=1)).tolist() == [0.0] * 3
    assert host(union(x, x, axis=1)).tolist() == [0.0] * 3
    assert greatest(x, x, axis=0)[0].shape == (0,)
    with pytest.raises(ValueError, match=r"zero-size|identity"):
        greatest(x, x, axis=1)


def test_kernels_need_no_numba(tmp_path: Path) -> None:
    (tmp_path / "functions.py").write_text(
        "import xparray as xp\n\n\n@xp.elementwise\ndef twice(x):\n    return 2 * x\n"
    )
    program = """
import sys
sys.modules["numba"] = None
import xparray as xp
from functions import twice

@xp.kernel
def place(x):
    return x

@place.on("cuda")
def _(x):
    return x + 1

for device in ("cuda", "numpy"):
    x = xp.ones(2, device=device)
    print(place(x).tolist(), twice(x).tolist(), twice.why_not)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[2.0, 2.0] [2.0, 2.0] None",
        "[1.0, 1.0] [2.0, 2.0] compiled loops are switched off, or numba is not installed",
    ]
