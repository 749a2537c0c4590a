"""Windows: columns, pooling and their adjoints, against loops over the definition, in every layout, dtype and way."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import _threads
from xparray.kernels import pooling as pools
from xparray.kernels import window

RNG = np.random.default_rng
TOLERANCE = {"float16": 4e-3, "float32": 2e-6, "float64": 1e-14}
# lengths, ksize, stride, pad, dilate, cover_all
GEOMETRIES: dict[str, tuple[Any, ...]] = {
    "plain": ((6, 7), (3, 2), (1, 1), (0, 0), (1, 1), False),
    "stride": ((9, 8), (3, 3), (2, 3), (1, 1), (1, 1), False),
    "covering all": ((8, 9), (3, 3), (2, 2), (0, 1), (1, 1), True),
    "dilated": ((9, 11), (3, 2), (1, 2), (2, 1), (2, 3), False),
    "gaps": ((9, 9), (1, 2), (3, 4), (0, 0), (1, 1), False),
    "pad beyond the window": ((4, 3), (2, 2), (1, 2), (3, 2), (1, 1), False),
    "beyond the image": ((3, 3), (1, 1), (2, 2), (0, 0), (1, 1), True),
    "few of a large image": ((40, 41), (2, 2), (13, 13), (1, 0), (1, 1), False),
    "one element": ((1, 1), (1, 1), (1, 1), (0, 0), (1, 1), False),
    "one axis": ((11,), (3,), (2,), (1,), (2,), False),
    "three axes": ((4, 5, 3), (2, 3, 2), (1, 2, 1), (1, 0, 1), (1, 1, 2), False),
}
POOLED = {name: g for name, g in GEOMETRIES.items() if set(g[4]) == {1} or name == "one axis"}


def sizes(name: str) -> dict[str, Any]:
    """The options of `im2col`."""
    lengths, ksize, stride, pad, dilate, cover_all = GEOMETRIES[name]
    size = tuple(
        window.count_windows(n, k, s, p, dilate=d, cover_all=cover_all)
        for n, k, s, p, d in zip(lengths, ksize, stride, pad, dilate, strict=True)
    )
    return {"ksize": ksize, "stride": stride, "pad": pad, "dilate": dilate, "size": size}


def pooling(name: str) -> dict[str, Any]:
    options = sizes(name)
    del options["dilate"]
    if name == "one axis":
        options["size"] = (6,)
    return options


def images(name: str, dtype: str, batch: int = 2) -> Any:
    return RNG(0).standard_normal((batch, 3, *GEOMETRIES[name][0])).astype(dtype)


def columns(x: Any, ksize: Any, stride: Any, pad: Any, size: Any, dilate: Any = None, outside: float = 0.0) -> Any:
    """The definition, element by element."""
    col = np.full((*x.shape[:2], *ksize, *size), outside, x.dtype)
    for k in itertools.product(*map(range, ksize)):
        for i in itertools.product(*map(range, size)):
            at = tuple(
                j * s - p + e * d for j, s, p, e, d in zip(i, stride, pad, k, dilate or (1,) * len(k), strict=True)
            )
            if all(0 <= a < n for a, n in zip(at, x.shape[2:], strict=True)):
                col[(..., *k, *i)] = x[(..., *at)]
    return col


def pooled_columns(x: Any, options: Any, outside: float = 0.0) -> Any:
    """`(n, c, elements of a window, *size)`."""
    return columns(x, **options, outside=outside).reshape(*x.shape[:2], -1, *options["size"])


def close(got: Any, expected: Any, dtype: str) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    assert (got.shape, got.dtype) == (expected.shape, np.dtype(dtype))
    finite = np.abs(expected[np.isfinite(expected)], dtype="float64")
    scale = TOLERANCE[dtype]
    np.testing.assert_allclose(got, expected, rtol=scale, atol=scale * finite.max(initial=0.0))


both_ways = pytest.mark.parametrize(
    "jit", [pytest.param(True, marks=pytest.mark.skipif(find_spec("numba") is None, reason="loops need numba")), False]
)
every_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


@pytest.mark.parametrize(
    ("args", "options", "count"),
    [
        ((7, 3, 1, 0), {}, 5),
        ((7, 3, 2, 1), {}, 4),
        ((6, 3, 2, 0), {}, 2),
        ((6, 3, 2, 0), {"cover_all": True}, 3),
        ((9, 3, 2, 0), {"dilate": 2}, 3),
        ((3, 3, 1, 0), {}, 1),
    ],
)
def test_counts(args: Any, options: Any, count: int) -> None:
    assert window.count_windows(*args, **options) == count
    length = window.length_of_windows(count, *args[1:], **options)
    assert window.count_windows(length, *args[1:], **options) == count
    assert window.count_windows(length - 1, *args[1:], **options) == count - 1


@every_dtype
@both_ways
@pytest.mark.parametrize("name", GEOMETRIES)
def test_columns_and_their_adjoint(name: str, jit: bool, dtype: str) -> None:
    x, options = images(name, dtype), sizes(name)
    with xp.jit(jit):
        col = window.im2col(x, **options)
        np.testing.assert_array_equal(col, columns(x, **options))
        assert col.dtype == dtype
        g = RNG(1).standard_normal(col.shape).astype(dtype)
        del options["ksize"]
        y = window.col2im(g, **{**options, "size": x.shape[2:]})
    assert (y.shape, y.dtype) == (x.shape, np.dtype(dtype))
    product = np.sum(col.astype("float64") * g)
    np.testing.assert_allclose(
        np.sum(x.astype("float64") * y), product, atol=100 * TOLERANCE[dtype] * math.sqrt(g.size)
    )


@every_dtype
@both_ways
@pytest.mark.parametrize("name", POOLED)
def test_greatest_elements(name: str, jit: bool, dtype: str) -> None:
    x, options = images(name, dtype), pooling(name)
    x.reshape(-1)[::7] = x.reshape(-1)[0]  # some are equal: the first counts
    col = pooled_columns(x, options, -math.inf)
    with xp.jit(jit):
        y, indices = pools.max_pooling(x, **options)
        np.testing.assert_array_equal(y, col.max(2))
        np.testing.assert_array_equal(indices, col.argmax(2))
        assert (y.dtype, indices.dtype) == (np.dtype(dtype), np.dtype("int32"))
        counts = options.pop("size")
        taken = pools.take_in_windows(x, indices, **options)
        np.testing.assert_array_equal(taken, np.where(y == -math.inf, 0, y))
        g = RNG(1).standard_normal(y.shape).astype(dtype)
        gx = pools.put_in_windows(g, indices, **options, size=x.shape[2:])
    chosen = np.arange(math.prod(options["ksize"])).reshape(-1, *(1 for _ in counts)) == indices[:, :, None]
    inside = pooled_columns(np.ones_like(x), {**options, "size": counts}) * chosen
    np.testing.assert_allclose(
        np.sum(gx, dtype="float64"), np.sum(inside * g[:, :, None], dtype="float64"), atol=1e3 * TOLERANCE[dtype]
    )
    assert (gx.shape, gx.dtype) == (x.shape, np.dtype(dtype))
    np.testing.assert_allclose(
        np.sum(gx.astype("float64") * x),
        np.sum(g.astype("float64") * taken),
        atol=100 * TOLERANCE[dtype] * math.sqrt(g.size),
    )


@every_dtype
@both_ways
@pytest.mark.parametrize("divide", ["none", "window", "inside"])
@pytest.mark.parametrize("name", [name for name in POOLED if "beyond" not in name])
def test_sums_and_means(name: str, divide: str, jit: bool, dtype: str) -> None:
    x, options = images(name, dtype), pooling(name)
    inside = pooled_columns(np.ones(x.shape), options).sum(2)
    divisor = {"none": 1, "window": math.prod(options["ksize"]), "inside": inside}[divide]
    with xp.jit(jit):
        y = pools.sum_pooling(x, **options, divide=divide)
        close(y, pooled_columns(x.astype("float64"), options).sum(2) / divisor, dtype)
        g = RNG(1).standard_normal(y.shape).astype(dtype)
        gx = pools.unpooling(g, **{**options, "size": x.shape[2:]}, divide=divide)
    assert (gx.shape, gx.dtype) == (x.shape, np.dtype(dtype))
    np.testing.assert_allclose(
        np.sum(gx.astype("float64") * x),
        np.sum(g.astype("float64") * y),
        atol=100 * TOLERANCE[dtype] * math.sqrt(x.size),
    )


# ------------------------------------------------------------------------------------------ all kernels, one table

OPTIONS: dict[str, Any] = {"ksize": (2, 3), "stride": (2, 1), "pad": (1, 1)}
INDICES = RNG(3).integers(0, 6, (2, 3, 4, 6)).astype("int32")
Draw = Callable[[Any], tuple[Any, ...]]


def six(rng: Any) -> tuple[Any, ...]:
    return (rng.standard_normal((2, 3, 6, 6)),)


def windows(rng: Any) -> tuple[Any, ...]:
    return (rng.standard_normal((2, 3, 4, 6)),)


KERNELS: dict[str, tuple[Any, Draw, dict[str, Any]]] = {
    "im2col": (window.im2col, six, OPTIONS | {"dilate": (1, 1), "size": (4, 6)}),
    "col2im": (
        window.col2im,
        lambda rng: (rng.standard_normal((2, 3, 2, 3, 4, 6)),),
        {"stride": (2, 1), "pad": (1, 1), "dilate": (1, 1), "size": (6, 6)},
    ),
    "max_pooling": (pools.max_pooling, six, OPTIONS | {"size": (4, 6)}),
    "take_in_windows": (pools.take_in_windows, lambda rng: (*six(rng), INDICES), OPTIONS),
    "put_in_windows": (pools.put_in_windows, lambda rng: (*windows(rng), INDICES), OPTIONS | {"size": (6, 6)}),
    "sum_pooling": (pools.sum_pooling, six, OPTIONS | {"size": (4, 6), "divide": "inside"}),
    "unpooling": (pools.unpooling, windows, OPTIONS | {"size": (6, 6), "divide": "window"}),
}
every_kernel = pytest.mark.parametrize("name", KERNELS)


def call(name: str, draw: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The results of a kernel, as a tuple, of its arguments, each of which `draw` may change."""
    kernel, given, options = KERNELS[name]
    y = kernel(*(draw(a) for a in given(RNG(4))), **options)
    return y if isinstance(y, tuple) else (y,)


def strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=-1)[..., ::2]


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "Fortran": np.asfortranarray,
    "strided": strided,
    "read-only": read_only,
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "tagged": lambda x: xp.to_device(x, "numba"),
}


def test_every_kernel_of_windows_is_here() -> None:
    found = {name for m in (window, pools) for name, k in vars(m).items() if isinstance(k, xp.Kernel)}
    assert set(KERNELS) == found


@pytest.mark.parametrize("layout", LAYOUTS)
@every_kernel
def test_memory_layout_does_not_matter(name: str, layout: str) -> None:
    expected = call(name, lambda a: a)
    for y, e in zip(call(name, LAYOUTS[layout]), expected, strict=True):
        np.testing.assert_allclose(np.asarray(y), e, rtol=1e-13, atol=1e-15)
        assert str(xp.device_of(y)) == ("numba" if layout == "tagged" else "numpy")
        assert y.flags.writeable


@every_kernel
def test_references_run_on_any_backend(name: str) -> None:
    pytest.importorskip("array_api_strict")
    expected = call(name, lambda a: a)
    for y, e in zip(call(name, lambda a: xp.to_device(a, "strict:device1")), expected, strict=True):
        assert str(xp.device_of(y)) == "strict:device1"
        np.testing.assert_allclose(xp.to_device(y, "numpy"), e, rtol=1e-13, atol=1e-13)


@every_kernel
def test_empty_batches(name: str) -> None:
    for y, e in zip(call(name, lambda a: a[:0]), call(name, lambda a: a), strict=True):
        assert (y.shape, y.dtype) == ((0, *e.shape[1:]), e.dtype)


@both_ways
@pytest.mark.parametrize("name", ["max_pooling", "sum_pooling", "im2col", "col2im", "unpooling"])
def test_nan_and_infinity_go_where_they_belong(name: str, jit: bool) -> None:
    def spoil(a: Any) -> Any:
        a[0, 0, ..., 2, 3], a[1, 1, ..., 1, 2:4], a[0, 2, ..., 0, 0] = np.nan, [np.inf, -np.inf], -np.inf
        return a

    with xp.jit(False), np.errstate(all="ignore"):
        expected = call(name, spoil)
    assert not np.isfinite(expected[0]).all()
    with xp.jit(jit), np.errstate(all="ignore"):
        for y, e in zip(call(name, spoil), expected, strict=True):
            np.testing.assert_allclose(y, e, rtol=1e-13, atol=1e-13)


def test_the_first_nan_is_the_greatest_element() -> None:
    x = np.array([[[[3.0, np.nan], [np.nan, np.inf]]]])
    y, indices = pools.max_pooling(x, ksize=(2, 2), stride=(2, 2), pad=(0, 0), size=(1, 1))
    assert np.isnan(y).all()
    assert indices.tolist() == [[[[1]]]]


@pytest.mark.parametrize("index", [-1, 6, 2**31 - 1])
def test_indices_out_of_range_name_no_element(index: int) -> None:
    x = np.ones((1, 1, 6, 6))
    indices = np.full((1, 1, 4, 6), index, "int32")
    assert not pools.take_in_windows(x, indices, **OPTIONS).any()
    assert not pools.put_in_windows(x[:, :, :4], indices, **OPTIONS, size=(6, 6)).any()


@pytest.fixture
def threads() -> Any:
    before = _threads.num_threads()
    yield _threads.set_num_threads
    _threads.set_num_threads(before)


@pytest.mark.parametrize("name", KERNELS)
def test_threads_do_not_change_a_bit(name: str, threads: Callable[[int], None]) -> None:
    def many(a: Any) -> Any:
        return np.tile(a, (31, 11, *(1 for _ in a.shape[2:])))  # enough work for threads

    threads(1)
    expected = call(name, many)
    threads(3)
    for y, e in zip(call(name, many), expected, strict=True):
        np.testing.assert_array_equal(y, e)
