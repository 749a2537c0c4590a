"""Convolutions and their links against windows written out, and the errors that bad input gets."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable

F4 = "float32"


def numbers(*shape: int, dtype: str = "float64") -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)


def all_of(value: Any, n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def places(size: tuple[int, ...], ksize: tuple[int, ...], stride: Any, pad: Any, dilate: Any) -> Any:
    """Each window, each of its elements, and where in the image that lies, which may be outside."""
    n = len(size)
    s, p, d = (all_of(value, n) for value in (stride, pad, dilate))
    for window in np.ndindex(*size):
        for tap in np.ndindex(*ksize):
            yield window, tap, tuple(window[a] * s[a] + tap[a] * d[a] - p[a] for a in range(n))


def written_out(
    x: Any, W: Any, stride: Any = 1, pad: Any = 0, dilate: Any = 1, groups: int = 1, cover_all: bool = False
) -> Any:
    """The convolution, element by element."""
    n, lengths, ksize = x.ndim - 2, x.shape[2:], W.shape[2:]
    s, p, d = (all_of(value, n) for value in (stride, pad, dilate))
    room = [lengths[a] + 2 * p[a] - (ksize[a] - 1) * d[a] - 1 for a in range(n)]
    size = tuple((-(-room[a] // s[a]) if cover_all else room[a] // s[a]) + 1 for a in range(n))
    y = np.zeros((len(x), len(W), *size))
    n_in, n_out = W.shape[1], len(W) // groups
    for window, tap, at in places(size, ksize, stride, pad, dilate):
        if all(0 <= i < length for i, length in zip(at, lengths, strict=True)):
            for o in range(len(W)):
                part = o // n_out * n_in
                y[(slice(None), o, *window)] += (
                    x[(slice(None), slice(part, part + n_in), *at)] @ W[(o, slice(None), *tap)]
                )
    return y


# ---------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("stride", "pad", "dilate", "groups"),
    list(itertools.product([1, (2, 3)], [0, (2, 1)], [1, (1, 2)], [1, 2])),
)
@pytest.mark.parametrize("cover_all", [False, True])
def test_convolution_2d(stride: Any, pad: Any, dilate: Any, groups: int, cover_all: bool) -> None:
    x, W, b = numbers(2, 4, 7, 6), numbers(6, 4 // groups, 3, 2), numbers(6)
    y = F.convolution_2d(x, W, b, stride, pad, cover_all, dilate=dilate, groups=groups)
    expected = written_out(x, W, stride, pad, dilate, groups, cover_all) + b[:, None, None]
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("f", "n", "options"),
    [
        (F.convolution_1d, 1, {"stride": 2, "pad": 1, "dilate": 2, "groups": 2, "cover_all": True}),
        (F.convolution_3d, 3, {"stride": (1, 2, 1), "pad": 1, "groups": 2}),
        (F.convolution_nd, 1, {}),
        (F.convolution_nd, 2, {"dilate": 2, "cover_all": True}),
        (F.convolution_nd, 3, {"stride": 2}),
        (F.dilated_convolution_2d, 2, {"dilate": (2, 1), "stride": 2, "cover_all": True}),
    ],
)
def test_over_other_axes(f: Any, n: int, options: dict[str, Any]) -> None:
    x, W = numbers(2, 4, *(5,) * n), numbers(2, 4 // options.get("groups", 1), *(2,) * n)
    np.testing.assert_allclose(f(x, W, **options), written_out(x, W, **options), rtol=1e-12, atol=1e-12)


def test_depthwise_results_of_a_channel_lie_together() -> None:
    x, W, b = numbers(2, 3, 5, 6), numbers(2, 3, 3, 2), numbers(6)
    y = F.depthwise_convolution_2d(x, W, b, stride=2, pad=1)
    for c, m in itertools.product(range(3), range(2)):
        alone = written_out(x[:, c : c + 1], W[m : m + 1, c : c + 1], 2, 1)[:, 0] + b[2 * c + m]
        np.testing.assert_allclose(y[:, 2 * c + m], alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("stride", "pad", "dilate", "groups"), list(itertools.product([1, (2, 3)], [0, (0, 1)], [1, (1, 2)], [1, 2]))
)
def test_deconvolution_is_the_transpose(stride: Any, pad: Any, dilate: Any, groups: int) -> None:
    """<convolution(z), x> = <z, deconvolution(x)> for every z."""
    x, W = numbers(2, 4, 4, 3), numbers(4, 3, 3, 2)
    y = F.deconvolution_2d(x, W, None, stride, pad, dilate=dilate, groups=groups)
    assert y.shape[1] == 3 * groups
    s, p, d = (all_of(v, 2) for v in (stride, pad, dilate))
    assert y.shape[2:] == tuple(
        s[a] * (x.shape[2 + a] - 1) + (W.shape[2 + a] - 1) * d[a] + 1 - 2 * p[a] for a in range(2)
    )
    z = numbers(*y.shape)
    there = written_out(z, W, stride, pad, dilate, groups)
    assert np.sum(there * x) == pytest.approx(np.sum(z * y), rel=1e-10)
    b = numbers(3 * groups)
    with_b = F.deconvolution_2d(x, W, b, stride, pad, dilate=dilate, groups=groups)
    np.testing.assert_allclose(with_b, y + b[:, None, None], rtol=1e-12)


@pytest.mark.parametrize(("outsize", "length"), [(None, 7), (7, 7), (8, 8), (6, 6)])
def test_sizes_of_results_of_deconvolution(outsize: Any, length: int) -> None:
    x, W = numbers(1, 1, 4), numbers(1, 1, 3)
    y = F.deconvolution_1d(x, W, stride=2, pad=1, outsize=outsize)
    assert y.shape == (1, 1, length)
    whole = F.deconvolution_1d(x, W, stride=2)
    padded = np.concatenate([whole[0, 0, 1:], np.zeros(1)])
    np.testing.assert_allclose(y[0, 0], padded[:length], rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_deconvolutions_are_one_function(n: int) -> None:
    x, W = numbers(2, 2, *(3,) * n), numbers(2, 3, *(2,) * n)
    f = (F.deconvolution_1d, F.deconvolution_2d, F.deconvolution_3d)[n - 1]
    np.testing.assert_array_equal(f(x, W, stride=2), F.deconvolution_nd(x, W, stride=2))


@pytest.mark.parametrize("dtype", ["float16", F4, "float64"])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_dtypes_and_backends(dtype: str, backend: str) -> None:
    x, W, b = (xp.to_device(a.astype(dtype), backend) for a in (numbers(2, 3, 5, 5), numbers(4, 3, 3, 3), numbers(4)))
    y = F.convolution_2d(x, W, b, pad=1)
    assert (str(y.dtype), str(xp.device_of(y))) == (dtype, backend)


def test_no_images_give_no_results() -> None:
    x, W = Variable(numbers(0, 3, 5, 5)), Variable(numbers(4, 3, 3, 3))
    y = F.convolution_2d(x, W)
    assert y.shape == (0, 4, 3, 3)
    y.backward(grad=np.zeros(y.shape))
    assert x.grad.shape == (0, 3, 5, 5)
    assert not W.grad.any()


# ---------------------------------------------------------------------------------------------------------- errors

X, W43 = np.ones((2, 3, 8, 8), F4), np.ones((4, 3, 3, 3), F4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.convolution_2d(X, np.ones((2, 4, 3, 3), F4)),
         "convolution_2d: x has 3 channels, W expects 4 (x: (2, 3, 8, 8) float32, W: (2, 4, 3, 3) float32); "
         "make W of shape (2, 3, 3, 3), as links with in_channels=None do at their first call"),
        (lambda: F.convolution_2d(X, W43, groups=2),
         "convolution_2d: x has 3 channels, W expects 6 in 2 groups (x: (2, 3, 8, 8) float32, W: (4, 3, 3, 3) float32); "
         "choose groups that divide 3"),
        (lambda: F.convolution_2d(np.ones((1, 4, 8, 8)), np.ones((3, 2, 3, 3)), groups=2),
         "convolution_2d: W has 3 outputs, which 2 groups do not divide (x: (1, 4, 8, 8) float64, W: (3, 2, 3, 3) float64); "
         "choose groups that divide 3"),
        (lambda: F.convolution_2d(X[0], W43),
         "convolution_2d: x has 3 axes, expected 4, (n, channels, height, width) (x: (3, 8, 8) float32); "
         "give a single image a batch axis with x[None]"),
        (lambda: F.convolution_2d(X, W43[0]),
         "convolution_2d: W has 3 axes, expected 4, (n_out, n_in / groups, *ksize) (x: (2, 3, 8, 8) float32, W: (3, 3, 3) float32); reshape W"),
        (lambda: F.convolution_2d(X, W43, np.ones(3, F4)),
         "convolution_2d: b has shape (3,), W has 4 outputs (x: (2, 3, 8, 8) float32, W: (4, 3, 3, 3) float32, b: (3,) float32); "
         "give b the shape (4,)"),
        (lambda: F.convolution_2d(X[:, :, :2], W43, pad=(0, 1)),
         "convolution_2d: a window of (3, 3) does not fit into images of (2, 8) with pad (0, 1) (x: (2, 3, 2, 8) float32); "
         "give larger images, a smaller window or more pad"),
        (lambda: F.convolution_2d(X, W43, stride=0),
         "convolution_2d: stride is 0; expected an integer from 1, or 2 of them in a tuple"),
        (lambda: F.convolution_2d(X, W43, pad=(1, 2, 3)),
         "convolution_2d: pad is (1, 2, 3); expected an integer from 0, or 2 of them in a tuple"),
        (lambda: F.convolution_2d(X, W43, groups=0), "convolution_2d: groups is 0; expected an integer from 1"),
        (lambda: F.convolution_nd(X[0, 0], W43),
         "convolution_nd: x has 2 axes, expected at least 3, (n, channels, *lengths) (x: (8, 8) float32); reshape x"),
        (lambda: F.deconvolution_2d(X, W43),
         "deconvolution_2d: x has 3 channels, W expects 4 (x: (2, 3, 8, 8) float32, W: (4, 3, 3, 3) float32); "
         "make W of shape (3, 3, 3, 3), as links with in_channels=None do at their first call"),
        (lambda: F.deconvolution_1d(np.ones((1, 1, 4)), np.ones((1, 1, 3)), stride=2, outsize=11),
         "deconvolution_1d: outsize is 11, of which (4,) are not the windows (x: (1, 1, 4) float64); give lengths from 8 to 10"),
        (lambda: F.deconvolution_2d(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), pad=1),
         "deconvolution_2d: the result would have the lengths (0, 0) (x: (1, 1, 1, 1) float64); "
         "give larger images, a larger window or less pad than (1, 1)"),
        (lambda: F.depthwise_convolution_2d(X, W43[:, :2]),
         "depthwise_convolution_2d: W has shape (4, 2, 3, 3), expected (multiplier, 3, kh, kw) "
         "(x: (2, 3, 8, 8) float32, W: (4, 2, 3, 3) float32); give W a window for each channel of x on its axis 1"),
        (lambda: L.Convolution2D(4, None),
         "Convolution2D: ksize is missing; give Convolution2D(in_channels, out_channels, ksize), or Convolution2D(out_channels, ksize)"),
        (lambda: L.Convolution2D(3, 4, 3, groups=2),
         "Convolution2D: 2 groups do not divide in_channels, 3; choose groups that do"),
        (lambda: L.Deconvolution2D(4, 3, 3, groups=2),
         "Deconvolution2D: 2 groups do not divide out_channels, 3; choose groups that do"),
        (lambda: L.Convolution2D(3, 0, 3), "Convolution2D: out_channels is 0; expected a positive integer"),
        (lambda: L.Convolution2D(4, 3)(X[0]),
         "Convolution2D: x has 3 axes, expected 4, (n, channels, height, width) (x: (3, 8, 8) float32); "
         "give a single image a batch axis with x[None]"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value) == text


def test_what_is_no_array() -> None:
    with pytest.raises(TypeError) as e:
        F.convolution_2d([[1.0]], W43)  # type: ignore[arg-type]
    assert str(e.value) == "convolution_2d: x is [[1.0]] (list), expected an array; pass xp.asarray(x)"


# ----------------------------------------------------------------------------------------------------------- links

MAKERS: list[tuple[Any, Any, Any]] = [
    (lambda n_in: L.Convolution2D(n_in, 4, (3, 2)), (2, 6, 5, 5), (4, 6, 3, 2)),
    (lambda n_in: L.Convolution2D(n_in, 4, 3, groups=2), (2, 6, 5, 5), (4, 3, 3, 3)),
    (lambda n_in: L.Convolution1D(n_in, 4, 3), (2, 6, 5), (4, 6, 3)),
    (lambda n_in: L.Convolution3D(n_in, 4, 2), (2, 6, 3, 3, 3), (4, 6, 2, 2, 2)),
    (lambda n_in: L.ConvolutionND(2, n_in, 4, 3, cover_all=True), (2, 6, 5, 5), (4, 6, 3, 3)),
    (lambda n_in: L.DilatedConvolution2D(n_in, 4, 3, dilate=2), (2, 6, 5, 5), (4, 6, 3, 3)),
    (lambda n_in: L.DepthwiseConvolution2D(n_in, 2, 3), (2, 6, 5, 5), (2, 6, 3, 3)),
    (lambda n_in: L.Deconvolution2D(n_in, 4, 3, groups=2), (2, 6, 5, 5), (6, 2, 3, 3)),
    (lambda n_in: L.Deconvolution1D(n_in, 4, 3), (2, 6, 5), (6, 4, 3)),
    (lambda n_in: L.Deconvolution3D(n_in, 4, 2), (2, 6, 2, 2, 2), (6, 4, 2, 2, 2)),
    (lambda n_in: L.DeconvolutionND(2, n_in, 4, 3, 2), (2, 6, 5, 5), (6, 4, 3, 3)),
]


@pytest.mark.parametrize(("make", "x_shape", "W_shape"), MAKERS)
def test_layouts_and_first_calls(make: Any, x_shape: tuple[int, ...], W_shape: tuple[int, ...], tmp_path: Any) -> None:
    xp.random.seed(0)
    eager, lazy = make(6), make(None)
    assert eager.W.shape == W_shape
    assert not lazy.W.is_initialized
    x = numbers(*x_shape, dtype=F4)
    y = lazy(x)
    assert {name: p.shape for name, p in lazy.namedparams()} == {name: p.shape for name, p in eager.namedparams()}
    assert sorted(name for name, _ in lazy.namedparams()) == ["/W", "/b"]
    assert not lazy.b.array.any()
    assert y.dtype == F4
    nn.serializers.save_npz(tmp_path / "a.npz", lazy)
    another = make(None)
    nn.serializers.load_npz(tmp_path / "a.npz", another)
    for other in (another, pickle.loads(pickle.dumps(lazy)), lazy.copy()):
        np.testing.assert_array_equal(other(x).array, y.array)


def test_two_arguments_are_results_and_window() -> None:
    for cls in (L.Convolution2D, L.Deconvolution2D, L.DilatedConvolution2D):
        layer = cls(4, 3)
        assert (layer.in_channels, layer.out_channels, layer.ksize) == (None, 4, (3, 3))
    assert L.ConvolutionND(1, 4, 3).ksize == (3,)


@pytest.mark.parametrize(
    ("make", "std"),
    [
        (lambda: L.Convolution2D(64, 64, 3), (64 * 9) ** -0.5),
        (lambda: L.Deconvolution2D(64, 32, 3), (32 * 9) ** -0.5),
        (lambda: L.DepthwiseConvolution2D(64, 32, 3), (64 * 9) ** -0.5),
        (lambda: L.Convolution2D(64, 64, 3, groups=4), (16 * 9) ** -0.5),
    ],
)
def test_initial_weights(make: Any, std: float) -> None:
    xp.random.seed(0)
    W = make().W.array
    assert W.std() == pytest.approx(std, rel=0.05)
    assert abs(W.mean()) < 0.02 * std * 10


def test_nobias_and_initial_values() -> None:
    W = numbers(2, 3, 1, 1, dtype=F4)
    layer = L.Convolution2D(3, 2, 1, nobias=True, initialW=W)
    assert layer.b is None
    np.testing.assert_array_equal(layer.W.array, W)
    assert L.Convolution2D(3, 2, 1, initial_bias=5).b.array.tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match="shape"):
        L.Convolution2D(3, 2, 3, initialW=W)


def test_from_params() -> None:
    W, b = numbers(4, 3, 3, 2, dtype=F4), numbers(4, dtype=F4)
    x = numbers(2, 6, 5, 5, dtype=F4)
    layer = L.Convolution2D.from_params(W, Variable(b), 2, 1, groups=2)
    np.testing.assert_allclose(layer(x).array, F.convolution_2d(x, W, b, 2, 1, groups=2), rtol=1e-6)
    assert L.Convolution2D.from_params(W, nobias=True).b is None
    x = numbers(2, 4, 5, 5, dtype=F4)
    layer = L.Deconvolution2D.from_params(W, None, 2, groups=2)
    assert layer.b.shape == (6,)
    np.testing.assert_allclose(layer(x).array, F.deconvolution_2d(x, W, None, 2, groups=2), rtol=1e-6)


def test_options_reach_the_function() -> None:
    x = numbers(1, 2, 6, 6, dtype=F4)
    layer = L.Convolution2D(2, 4, 3, 2, 1, dilate=2, groups=2)
    np.testing.assert_allclose(layer(x).array, written_out(x, layer.W.array, 2, 1, 2, 2), rtol=1e-4, atol=1e-5)
    assert L.ConvolutionND(2, 2, 4, 3, 2, cover_all=True)(x).shape == (1, 4, 3, 3)
    assert L.Deconvolution2D(2, 4, 3, 2, outsize=14)(x).shape == (1, 4, 14, 14)
