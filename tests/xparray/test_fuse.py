from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import Fused, _threads, fuse

pytest.importorskip("numba")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled code of these tests goes to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPARRAY_CACHE_DIR", str(tmp_path_factory.mktemp("cache") / "xparray"))
        yield


def normal(*shape: int, dtype: str = "float32") -> np.ndarray[Any, Any]:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


def assert_close(y: Any, expected: Any, tolerance: float = 2e-6) -> None:
    ys, rs = (y, expected) if isinstance(expected, tuple) else ((y,), (expected,))
    assert isinstance(y, tuple) == isinstance(expected, tuple)
    for a, r in zip(ys, rs, strict=True):
        r = np.asarray(r)
        assert (a.dtype, a.shape) == (r.dtype, r.shape)
        np.testing.assert_allclose(a, r, rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------------------ what is fused


def activation(x, y):
    return xp.tanh(x) * y + 1


def moments(x):
    return xp.mean(x), xp.mean(x * x, keepdims=False) - xp.mean(x) ** 2


def distance(x, center):
    d = x - center
    return xp.sqrt(xp.sum(d * d, axis=1)), d


def methods(x, a):
    return (a * x).sum(axis=-1, keepdims=True) / 2, x.max(axis=-1, keepdims=True) - x.min(axis=-1, keepdims=True)


def kinds(x, limit):
    return xp.any(x > limit, axis=0), xp.all(x > -limit, axis=0), xp.prod(x, axis=0), (x > 0).sum(axis=0)


def loss_and_gradient(x, t):
    y = 1 / (1 + xp.exp(-x))
    return xp.mean((y - t) ** 2), (y - t) * y * (1 - y)


def helped(x):
    return length(x - 0.5) + 1


def length(x):
    return xp.sqrt(xp.sum(x * x, axis=(0, -1)))


CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (activation, (normal(6, 5), normal(5))),
    (moments, (normal(4, 3, 2),)),
    (distance, (normal(6, 5), normal(5))),
    (distance, (normal(6, 5), 0.5)),
    (methods, (normal(3, 4, 5), 2)),
    (kinds, (normal(7, 4), 1.0)),
    (kinds, (np.arange(-6, 6).reshape(4, 3), 4)),
    (loss_and_gradient, (normal(300, 70), normal(300, 70))),
    (helped, (normal(5, 6, 7),)),
]


@pytest.mark.parametrize("device", ["numpy", "numba"])
@pytest.mark.parametrize("case", range(len(CASES)), ids=[f.__name__ for f, _ in CASES])
def test_a_fused_function_gives_what_it_says(case: int, device: str) -> None:
    function, args = CASES[case]
    f = fuse(strict=True)(function)
    args = tuple(xp.to_device(a, device) if isinstance(a, np.ndarray) else a for a in args)
    for _ in range(2):
        y = f(*args)
        assert f.why_not is None
        assert_close(y, function(*args))
        assert {str(xp.device_of(a)) for a in (y if isinstance(y, tuple) else (y,))} == {device}
    with xp.jit(False):
        assert_close(f(*args), function(*args), 0)


def test_it_is_elementwise_with_reductions() -> None:
    f = fuse(activation)
    assert isinstance(f, Fused) and isinstance(f, xp.Elementwise) and repr(f) == "<fuse activation(x, y)>"
    x = normal(8)
    assert f(x, x, out=x) is x and f.why_not is None
    assert_close(x, activation(normal(8), normal(8)))
    with pytest.raises(TypeError, match="fuse: got 3"):
        fuse(3)


# ------------------------------------------------------------------------------------------ axes and shapes


SHAPES = [(5,), (2049,), (40, 50), (2, 3, 4), (1, 6), (33, 1, 65), (70_000,), (300, 301)]


def each_axis(ndim: int) -> list[tuple[int, ...] | None]:
    return [None, *(a for n in range(1, ndim + 1) for a in itertools.combinations(range(ndim), n))]


def squares(x):
    return x * x


SQUARES = xp.reduction(xp.add)(squares)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_all_axes_of_all_shapes(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    for axis in each_axis(len(shape)):
        expected = np.sum(x.astype("float64") ** 2, axis=axis).astype("float32")
        assert_close(SQUARES(x, axis=axis), expected, 3e-7 * 4)
        assert SQUARES(x, axis=axis, keepdims=True).shape == np.sum(x, axis=axis, keepdims=True).shape
        if any(shape[a] > 1 for a in (axis or range(len(shape)))):
            assert SQUARES.why_not is None


BROADCAST = [((3, 4), (4,)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (2, 1, 1)), ((4, 1), (1, 5)), ((3, 40, 5), (1, 40, 1))]


def weighted(x, y, a):
    return a * x * y + y


WEIGHTED = xp.reduction(xp.add, strict=True)(weighted)


@pytest.mark.parametrize("how", ["dense", "fortran", "reversed"])
@pytest.mark.parametrize("shapes", BROADCAST, ids=str)
def test_arrays_that_are_broadcast_together(shapes: tuple[tuple[int, ...], ...], how: str) -> None:
    x, y = (normal(*shape, dtype="float64") for shape in shapes)
    if how == "fortran":
        x, y = np.asfortranarray(x), np.asfortranarray(y)
    if how == "reversed":
        x, y = x[::-1], y[::-1]
    z = weighted(x, y, 2.0)
    for axis in each_axis(z.ndim):
        assert_close(WEIGHTED(x, y, 2.0, axis=axis), z.sum(axis=axis), 1e-13)


def test_a_reduction_of_a_smaller_array_than_the_others_is_the_function_s() -> None:
    f = fuse(two_sizes)
    x, y = normal(3, 4), normal(4)
    assert_close(f(x, y), two_sizes(x, y))
    assert "several shapes" in str(f.why_not)


def two_sizes(x, y):
    return xp.sum(y, axis=-1), x + y


def test_axes_that_are_not_there_and_arrays_without_elements() -> None:
    f = xp.reduction(xp.maximum)(squares)
    with pytest.raises(
        ValueError, match=r"squares: axis is \(2,\); expected different axes of an array of shape \(3, 4\)"
    ):
        f(np.ones((3, 4)), axis=2)
    with pytest.raises(ValueError, match=r"squares: axis is \(0, -1\); expected different axes"):
        f(np.ones(3), axis=(0, -1))
    with pytest.raises(ValueError, match="axis 1 is out of bounds"):
        fuse(distance)(np.ones(3), 1.0)
    assert SQUARES(np.ones((0, 3)), axis=0).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="zero-size array"):
        f(np.ones((0, 3)), axis=0)


def test_out() -> None:
    f = fuse(distance)
    x, center = normal(6, 5), normal(5)
    expected = distance(x, center)
    out = np.empty(6, "float32"), x
    assert f(x, center, out=out)[1] is x and f.why_not is None
    assert_close(out, expected)
    for bad, error, text in [
        ((np.empty(5, "float32"), x), ValueError, r"distance: out\[0\] has shape \(5,\), result 0 has \(6,\)"),
        ((np.empty(6, "int64"), x), TypeError, r"distance: out\[0\] is int64, result 0 is float32, which does not fit"),
        (x, ValueError, "distance: out has 1 array, the function returns 2 results"),
    ]:
        kept = x.copy()
        with pytest.raises(error, match=text):
            f(x, center, out=bad)
        assert_close(x, kept, 0)


# ------------------------------------------------------------------------------------------ numbers


def test_float32_sums_are_accurate() -> None:
    x = np.full(3_000_000, 0.1, "float32")
    exact = np.sum(x.astype("float64"))
    for shape, axis in [
        ((3_000_000,), None),
        ((1000, 3000), 1),
        ((3000, 1000), 0),
        ((1_500_000, 2), 0),
        ((3, 1000, 1000), (0, 2)),
    ]:
        y = TOTAL(x.reshape(shape), axis=axis).astype("float64")
        np.testing.assert_allclose(y, exact / y.size, rtol=4e-7)


def itself(x):
    return x


TOTAL = xp.reduction(xp.add, strict=True)(itself)


def test_nan_and_infinity() -> None:
    x = np.array([[1.0, np.nan, 3.0], [np.inf, 1.0, -np.inf], [np.inf, 1.0, 2.0]], "float32")
    f = fuse(strict=True)(extremes)
    with np.errstate(invalid="ignore"):
        for a, r in zip(f(x), extremes(x), strict=True):
            np.testing.assert_array_equal(a, r)


def extremes(x):
    return xp.max(x, axis=1), xp.min(x, axis=1), xp.sum(x, axis=1), xp.prod(x, axis=1)


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_results_do_not_depend_on_the_number_of_threads(device: str) -> None:
    f = fuse(strict=True)(loss_and_gradient)
    x = xp.to_device(normal(1000, 1001), device)
    before = _threads.num_threads()
    try:
        seen = []
        for n in (1, 2, 3):
            _threads.set_num_threads(n)
            results = [*f(x, x), TOTAL(x), TOTAL(x, axis=0), TOTAL(x, axis=1), TOTAL(x.T, axis=0)]
            seen.append([np.asarray(r).tobytes() for r in results])
    finally:
        _threads.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]


# ------------------------------------------------------------------------------------------ what is not fused


def softmax(x):
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def two_axes(x):
    return xp.sum(x, axis=0) + xp.sum(x, axis=1)


def twice(x):
    return xp.sum(xp.sum(x, axis=0), axis=0)


def axis_of_a_name(x, axis):
    return xp.sum(x, axis=axis)


def with_dtype(x):
    return xp.sum(x, axis=0, dtype=xp.float64)


REFUSED = [
    (softmax, (), "computes with a reduction's result and the array itself; reductions end a fused function"),
    (two_axes, (), "has other axes than the reduction before"),
    (twice, (), "reduces the result of a reduction"),
    (axis_of_a_name, (0,), "has axes that the text does not show as numbers"),
    (with_dtype, (), "has axes that the text does not show as numbers"),
]


@pytest.mark.parametrize(("function", "numbers", "why"), REFUSED, ids=[f.__name__ for f, _, _ in REFUSED])
def test_what_one_pass_cannot_do_runs_as_it_is_written(function: Any, numbers: tuple[Any, ...], why: str) -> None:
    f, x = fuse(function), normal(4, 4, dtype="float64")
    assert_close(f(x, *numbers), function(x, *numbers), 0)
    assert why in str(f.why_not)
    assert f"{function.__name__}, line {function.__code__.co_firstlineno + 1}: `" in str(f.why_not)


def test_arrays_of_another_library() -> None:
    pytest.importorskip("array_api_strict")
    f = fuse(distance)
    x, center = normal(6, 5, dtype="float64"), normal(5, dtype="float64")
    y = f(*(xp.to_device(a, "strict:device1") for a in (x, center)))
    assert str(xp.device_of(y[0])) == "strict:device1"
    assert_close(xp.to_device(y[0], "numpy"), distance(x, center)[0], 1e-13)
