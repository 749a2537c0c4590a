"""Convolution and its gradients, each way of computing them, against the definition in float64."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import _threads
from xparray.kernels import _columns, _direct, convolution, winograd
from xparray.kernels._columns import Case
from xparray.kernels.window import count_windows

RNG = np.random.default_rng
# Of the greatest result; Winograd's way is allowed more.
TOLERANCE = {"float16": 1e-2, "float32": 5e-6, "float64": 1e-14}
OF_WINOGRAD = 2e-5
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="loops need numba")

# images, channels, outputs, lengths, ksize, stride, pad, dilate, groups
Sizes = tuple[int, ...]
Geometry = tuple[int, int, int, Sizes, Sizes, Sizes, Sizes, Sizes, int]
CASES: dict[str, Geometry] = {
    "plain": (2, 3, 5, (9, 7), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "uneven": (1, 4, 6, (11, 12), (3, 2), (2, 1), (1, 0), (1, 2), 2),
    "stride beyond the window": (3, 4, 6, (12, 9), (2, 3), (3, 2), (0, 1), (1, 1), 1),
    "phase without elements": (2, 4, 4, (9, 9), (1, 2), (3, 3), (0, 1), (1, 1), 1),
    "dilated by the stride": (2, 2, 3, (13, 12), (3, 3), (2, 2), (2, 1), (2, 3), 1),
    "wide window": (1, 2, 3, (14, 40), (3, 9), (1, 1), (1, 4), (1, 4), 1),
    "bands and cuts": (2, 3, 8, (40, 600), (5, 3), (2, 1), (2, 1), (1, 1), 1),
    "one axis": (2, 4, 6, (11,), (3,), (2,), (1,), (2,), 2),
    "long axis": (1, 2, 3, (700,), (9,), (1,), (4,), (1,), 1),
    "three axes": (2, 4, 4, (5, 6, 7), (2, 3, 2), (1, 2, 1), (1, 0, 1), (1, 1, 2), 2),
    "tiles": (2, 8, 9, (17, 18), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "tiles of many images": (9, 9, 20, (5, 13), (3, 3), (1, 1), (0, 2), (1, 1), 1),
    "tiles of many channels": (17, 40, 90, (7, 7), (3, 3), (1, 1), (2, 2), (1, 1), 1),
    "element": (2, 6, 4, (5, 6), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "element of groups": (2, 6, 4, (5, 6), (1, 1), (2, 2), (0, 0), (1, 1), 2),
    "element of large images": (3, 6, 4, (20, 21), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "element, padded": (2, 6, 4, (5, 6), (1, 1), (2, 2), (1, 1), (1, 1), 2),
    "few windows": (3, 64, 32, (7, 7), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "one window": (2, 64, 32, (3, 3), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    "few windows of groups": (2, 128, 48, (9, 9), (3, 3), (2, 2), (1, 1), (1, 1), 2),
    "thin phases": (2, 3, 8, (15, 15), (7, 7), (2, 2), (3, 3), (1, 1), 1),
    "depthwise": (2, 7, 7, (20, 21), (3, 3), (1, 1), (1, 1), (1, 1), 7),
    "two outputs a channel": (2, 7, 14, (20, 21), (3, 3), (2, 2), (1, 1), (1, 1), 7),
    "many weights": (1, 128, 128, (18, 18), (5, 5), (1, 1), (2, 2), (1, 1), 1),
    "one of all": (1, 1, 1, (1, 1), (1, 1), (1, 1), (0, 0), (1, 1), 1),
}
LARGE = {"bands and cuts", "many weights", "tiles of many channels"}


def options(name: str) -> dict[str, Any]:
    *_, stride, pad, dilate, groups = CASES[name]
    return {"stride": stride, "pad": pad, "dilate": dilate, "groups": groups}


def case_of(name: str) -> Case:
    images, c, o, lengths, ksize, stride, pad, dilate, groups = CASES[name]
    return Case.of((images, c, *lengths), o, ksize, size_of(name), stride, pad, dilate, groups)


def size_of(name: str) -> Sizes:
    _, _, _, lengths, ksize, stride, pad, dilate, _ = CASES[name]
    along = zip(lengths, ksize, stride, pad, dilate, strict=True)
    return tuple(count_windows(n, k, s, p, dilate=d) for n, k, s, p, d in along)


def arrays(name: str, dtype: str, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    """x, W, b and g."""
    images, c, o, lengths, ksize, _, _, _, groups = CASES[name]
    shapes = ((images, c, *lengths), (o, c // groups, *ksize), (o,), (images, o, *size_of(name)))
    x, W, b, g = (RNG((seed, i)).standard_normal(shape).astype(dtype) for i, shape in enumerate(shapes))
    return x, W, b, g


def by_definition(name: str, x: Any, W: Any, b: Any, g: Any) -> tuple[Any, Any, Any]:
    """The convolution and its gradients with respect to x and W, in float64, one element of the window at a time."""
    _, _, _, lengths, ksize, stride, pad, dilate, groups = CASES[name]
    x, W, b, g = (np.asarray(a, "float64") for a in (x, W, b, g))
    size, nd = g.shape[2:], len(lengths)
    ends = [(p, max(0, (m - 1) * s + (k - 1) * d + 1 - p - n)) for n, k, s, p, d, m in zip(lengths, ksize, stride, pad, dilate, size, strict=True)]  # fmt: skip
    padded = np.pad(x, [(0, 0), (0, 0), *ends])
    y, gx, gW = np.zeros(g.shape), np.zeros(padded.shape), np.zeros(W.shape)
    c, o = W.shape[1], W.shape[0] // groups
    for tap in itertools.product(*map(range, ksize)):
        at = tuple(
            slice(k * d, k * d + (m - 1) * s + 1, s) for k, d, m, s in zip(tap, dilate, size, stride, strict=True)
        )
        for i in range(groups):
            of_c, of_o = slice(i * c, (i + 1) * c), slice(i * o, (i + 1) * o)
            w = W[(of_o, slice(None), *tap)]
            seen = padded[(slice(None), of_c, *at)]
            y[:, of_o] += np.einsum("nc...,oc->no...", seen, w)
            gx[(slice(None), of_c, *at)] += np.einsum("no...,oc->nc...", g[:, of_o], w)
            gW[(of_o, slice(None), *tap)] = np.tensordot(g[:, of_o], seen, ((0, *range(2, 2 + nd)),) * 2)
    inner = tuple(slice(p, p + n) for p, n in zip(pad, lengths, strict=True))
    return y + b.reshape(-1, *(1 for _ in size)), gx[(..., *inner)], gW


def computed(name: str, x: Any, W: Any, b: Any, g: Any, **exact: Any) -> tuple[Any, Any, Any]:
    lengths, ksize, more = CASES[name][3], CASES[name][4], {**options(name), **exact}
    return (
        convolution.convolution(x, W, b, size=size_of(name), **more),
        convolution.convolution_input_gradient(g, W, size=lengths, **more),
        convolution.convolution_weight_gradient(x, g, ksize=ksize, **more),
    )


def close(got: Any, expected: Any, tolerance: float, dtype: str) -> None:
    assert (got.shape, got.dtype) == (expected.shape, np.dtype(dtype))
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.abs(expected).max())


every_case = pytest.mark.parametrize("name", CASES)


def test_every_kernel_of_convolution_is_computed() -> None:
    found = {
        k.__name__
        for k in vars(convolution).values()
        if isinstance(k, xp.Kernel) and k.__module__ == convolution.__name__
    }
    gradients = {f"convolution_{of}_gradient" for of in ("input", "weight", "bias")}
    assert found == {"convolution", *gradients}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exact", [False, True])
@every_case
def test_each_way_gives_what_the_definition_says(name: str, exact: bool, dtype: str) -> None:
    given = arrays(name, dtype)
    tolerance = max(TOLERANCE[dtype], OF_WINOGRAD if "tiles" in name and dtype == "float32" and not exact else 0)
    for got, expected in zip(computed(name, *given, exact=exact), by_definition(name, *given), strict=True):
        close(got, expected, tolerance, dtype)
        assert type(got) is np.ndarray
        assert got.flags.writeable


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [name for name in CASES if name not in LARGE])
def test_references_give_what_the_definition_says(name: str, dtype: str) -> None:
    given = arrays(name, dtype)
    with xp.jit(False):
        for got, expected in zip(computed(name, *given), by_definition(name, *given), strict=True):
            close(got, expected, TOLERANCE[dtype], dtype)


@every_case
def test_without_a_bias(name: str) -> None:
    x, W, b, g = arrays(name, "float32")
    more = {**options(name), "size": size_of(name)}
    y = convolution.convolution(x, W, None, **more)
    np.testing.assert_allclose(
        y + b.reshape(-1, *(1 for _ in g.shape[2:])), convolution.convolution(x, W, b, **more), atol=1e-3
    )


def test_windows_beyond_the_image_count() -> None:
    x, W = RNG(0).standard_normal((2, 3, 6, 5)), RNG(1).standard_normal((4, 3, 3, 3))
    more = {"stride": (2, 2), "pad": (0, 0), "dilate": (1, 1)}
    y = convolution.convolution(x, W, None, size=(3, 2), **more)
    whole = convolution.convolution(np.pad(x, [(0, 0), (0, 0), (0, 1), (0, 0)]), W, None, size=(3, 2), **more)
    np.testing.assert_allclose(y, whole)
    element = convolution.convolution(x[..., :3], W[..., :1, :1], None, size=(3, 3), **more)
    assert not element[..., 2].any()
    np.testing.assert_allclose(element[..., 0], np.einsum("nch,oc->noh", x[..., ::2, 0], W[..., 0, 0]))


# ------------------------------------------------------------------------------------------------------ the ways

WAYS = {
    # convolution, gradient with respect to x, gradient with respect to W
    "plain": (_direct.convolve, _direct.input_gradient, _direct.weight_gradient),
    "element": (_columns.product, _columns.product_input_gradient, _columns.product_weight_gradient),
    "element of groups": (_columns.product, _columns.product_input_gradient, _columns.product_weight_gradient),
    "element, padded": (_direct.convolve, _direct.input_gradient, _direct.weight_gradient),
    "few windows": (_columns.convolve, _columns.input_gradient, _columns.weight_gradient),
    "one window": (_columns.convolve, _columns.input_gradient, _columns.weight_gradient),
    "thin phases": (_direct.convolve, _columns.input_gradient, _direct.weight_gradient),
    "depthwise": (_direct.convolve, _direct.input_gradient, _direct.weight_gradient),
    "many weights": (_direct.convolve, _direct.input_gradient, _columns.weight_gradient),
    "tiles": (winograd.convolve, winograd.input_gradient, winograd.weight_gradient),
    "tiles of many channels": (winograd.convolve, winograd.input_gradient, winograd.weight_gradient),
}


def ways(name: str, dtype: str = "float32", *, exact: bool = False) -> tuple[Any, Any, Any]:
    case = case_of(name)
    choices = (convolution.way, convolution.input_gradient_way, convolution.weight_gradient_way)
    forward, of_input, of_weight = (choose(case, np.dtype(dtype), exact) for choose in choices)
    return forward, of_input, of_weight


@needs_numba
@pytest.mark.parametrize("name", WAYS)
def test_shapes_choose_the_way(name: str) -> None:
    assert ways(name) == WAYS[name]


@needs_numba
def test_exact_convolutions_do_without_winograd() -> None:
    name = "tiles of many channels"
    direct = (_direct.convolve, _direct.input_gradient, _columns.weight_gradient)
    assert ways(name, exact=True) == ways(name, "float64") == direct
    with convolution.exact_convolutions():
        assert ways(name) == direct
        with convolution.exact_convolutions(False):
            assert ways(name) == WAYS[name]
    assert ways(name) == WAYS[name]


@needs_numba
@pytest.mark.parametrize("shift", [0.0, 3.0])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_errors_stay_in_the_stated_bounds(shift: float, scale: float) -> None:
    name = "tiles of many channels"
    x, W, b, g = arrays(name, "float32", seed=1)
    x, b = (x + np.float32(shift)) * np.float32(scale), b * np.float32(scale)
    expected = by_definition(name, x, W, b, g)
    for exact, bound in ((False, 2e-5), (True, 5e-6)):
        for got, e in zip(computed(name, x, W, b, g, exact=exact), expected, strict=True):
            assert np.abs(got - e).max() < bound * np.abs(e).max()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["plain", "stride beyond the window", "tiles", "few windows", "element", "depthwise"])
def test_nan_and_infinity_go_where_they_belong(name: str, value: float, exact: bool) -> None:
    given = arrays(name, "float32")
    for a in (given[0], given[3]):
        a[0, 1, 2, 3 % a.shape[3]] = a[-1, 0, 0, 0] = value
    with np.errstate(all="ignore"), xp.jit(False):
        expected = computed(name, *given)
    with np.errstate(all="ignore"):
        results = computed(name, *given, exact=exact)
    for i, (got, e) in enumerate(zip(results, expected, strict=True)):
        lost = ~np.isfinite(e)
        assert lost.any()
        assert not np.isfinite(got[lost]).any()
        if i < 2 and (exact or name != "tiles"):
            np.testing.assert_allclose(got, e, rtol=1e-4, atol=1e-4)
        elif i < 2:  # no more than the tiles that it is in
            assert lost.sum() < (~np.isfinite(got)).sum() <= 4 * 16 * got.shape[1]


@needs_numba
@pytest.mark.parametrize("layout", ["Fortran", "strided", "read-only", "other byte order", "tagged"])
@pytest.mark.parametrize("name", ["plain", "tiles", "few windows", "element"])
def test_memory_layout_does_not_matter(name: str, layout: str) -> None:
    laid: dict[str, Callable[[Any], Any]] = {
        "Fortran": np.asfortranarray,
        "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
        "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
        "tagged": lambda a: xp.to_device(a, "numba"),
    }
    given = arrays(name, "float32")
    tolerance = 1e-4 if layout == "other byte order" else 0  # which the references serve
    for got, expected in zip(computed(name, *map(laid[layout], given)), computed(name, *given), strict=True):
        np.testing.assert_allclose(np.asarray(got), expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())
        assert str(xp.device_of(got)) == ("numba" if layout == "tagged" else "numpy")


@pytest.mark.parametrize("name", ["plain", "uneven", "one axis", "three axes"])
def test_references_run_on_any_backend(name: str) -> None:
    pytest.importorskip("array_api_strict")
    given = arrays(name, "float64")
    results = computed(name, *(xp.to_device(a, "strict:device1") for a in given))
    for got, expected in zip(results, computed(name, *given), strict=True):
        assert str(xp.device_of(got)) == "strict:device1"
        np.testing.assert_allclose(xp.to_device(got, "numpy"), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["plain", "element", "tiles", "one axis"])
def test_empty_batches(name: str) -> None:
    x, W, b, g = arrays(name, "float32")
    y, gx, gW = computed(name, x[:0], W, b, g[:0])
    assert (y.shape, gx.shape, gW.shape) == ((0, *g.shape[1:]), (0, *x.shape[1:]), W.shape)
    assert {y.dtype, gx.dtype, gW.dtype} == {np.dtype("float32")}
    assert not gW.any()


@pytest.fixture
def threads() -> Any:
    before = _threads.num_threads()
    yield _threads.set_num_threads
    _threads.set_num_threads(before)


@needs_numba
@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name][3]) < 3])
def test_threads_do_not_change_a_bit(
    name: str, threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_columns, "LEAST", 0)
    monkeypatch.setattr(_direct, "_PRODUCTS", 0)
    monkeypatch.setattr(winograd, "_PRODUCTS", 0)
    monkeypatch.setattr(winograd, "_PAIRS", 0)
    given = arrays(name, "float32")
    threads(1)
    expected = computed(name, *given)
    for n in (2, 5):
        threads(n)
        for got, e in zip(computed(name, *given), expected, strict=True):
            np.testing.assert_array_equal(got, e)


OTHER_VECTORS = """
import numpy as np
from xparray.kernels import _vectors, convolution
ours = _vectors.vector_bytes()
_vectors.vector_bytes = lambda: 96 - ours
more = dict(stride=(1, 1), pad=(1, 1), dilate=(1, 1))
for shape, o in (((2, 3, 9, 13), 5), ((4, 9, 18, 17), 21), ((4, 9, 18, 17), 32)):
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal(shape, "f"), rng.standard_normal((o, shape[1], 3, 3), "f")
    g = rng.standard_normal((shape[0], o, *shape[2:]), "f")
    for exact in (False, True):
        y = convolution.convolution(x, W, None, size=shape[2:], exact=exact, **more)
        gx = convolution.convolution_input_gradient(g, W, size=shape[2:], exact=exact, **more)
        gW = convolution.convolution_weight_gradient(x, g, ksize=(3, 3), exact=exact, **more)
        # <conv(x, W), g> is linear in each: its gradients give it back.
        products = [np.vdot(a.astype("f8"), b) for a, b in ((y, g), (gx, x), (gW, W))]
        pads = np.pad(x.astype("f8"), ((0, 0), (0, 0), (1, 1), (1, 1)))
        h, w = shape[2:]
        exactly = sum(np.einsum("nchw,oc->nohw", pads[:, :, i:i + h, j:j + w], W[:, :, i, j]) for i in range(3) for j in range(3))
        assert np.abs(y - exactly).max() < 2e-5 * np.abs(exactly).max()
        assert np.ptp(products) < 1e-4 * np.sqrt(y.size) * np.abs(y).max(), products
print("ok")
"""


@needs_numba
def test_vectors_of_another_length() -> None:
    """Blocks of vectors of 32 bytes on a processor that has 64, and the other way round."""
    done = subprocess.run([sys.executable, "-c", OTHER_VECTORS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ok\n", "")


def test_counts_of_products() -> None:
    case = case_of("uneven")
    assert case.terms == 2 * math.prod((3, 2))
    assert not case.is_product


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "shape", [(2, 3, 9, 7), (4, 5, 60, 61), (3, 2, 11), (1, 1, 1, 1), (2, 3, 2, 2, 2), (0, 3, 2, 2)]
)
def test_the_gradient_of_biases_is_the_sum_of_each_channel(shape: tuple[int, ...], dtype: str) -> None:
    g = RNG(5).standard_normal(shape).astype(dtype)
    expected = g.astype("float64").sum(axis=(0, *range(2, g.ndim)))
    for given in (g, np.asfortranarray(g)):
        y = convolution.convolution_bias_gradient(given)
        assert (y.dtype, y.shape) == (dtype, shape[1:2])
        np.testing.assert_allclose(
            y, expected, rtol=10 * TOLERANCE[dtype], atol=math.prod(shape) * TOLERANCE[dtype] / 100
        )
