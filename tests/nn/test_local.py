"""Relatives of the convolution, and pooling of boxes, against their definitions written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


# ---------------------------------------------------------------------------------------- relatives of convolutions


@pytest.mark.parametrize("stride", [1, (2, 1)])
def test_local_convolution_of_equal_weights_is_a_convolution(stride: Any) -> None:
    x, W = numbers(2, 3, 6, 5), numbers(4, 3, 3, 2)
    y = F.convolution_2d(x, W, stride=stride)
    everywhere = np.broadcast_to(W[:, None, None], (4, *y.shape[2:], 3, 3, 2))
    b = numbers(4, *y.shape[2:])
    np.testing.assert_allclose(F.local_convolution_2d(x, everywhere, b, stride), y + b, rtol=1e-12, atol=1e-12)


def test_local_convolution_has_weights_of_its_own_at_each_place() -> None:
    x, W = numbers(2, 3, 4, 5), numbers(2, 3, 4, 3, 2, 2)
    y = F.local_convolution_2d(x, W)
    for i, j in np.ndindex(3, 4):
        expected = np.tensordot(x[:, :, i : i + 2, j : j + 2], W[:, i, j], axes=((1, 2, 3), (1, 2, 3)))
        np.testing.assert_allclose(y[:, :, i, j], expected, rtol=1e-12)


def test_shift() -> None:
    x = numbers(1, 11, 4, 5)
    y = F.shift(x, 3, (1, 2))
    # The places of the window, the last in the middle's place and the middle last, which has what is left over.
    moves = [(-1, -2), (-1, 0), (-1, 2), (0, -2), (1, 2), (0, 2), (1, -2), (1, 0), *[(0, 0)] * 3]
    for c, (down, right) in enumerate(moves):
        expected = np.zeros((4, 5))
        for i, j in np.ndindex(4, 5):
            if 0 <= i - down < 4 and 0 <= j - right < 5:
                expected[i, j] = x[0, c, i - down, j - right]
        np.testing.assert_array_equal(y[0, c], expected)


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 1), ((1, 2), (0, 1))])
def test_deformable_convolution_that_does_not_move_is_a_convolution(stride: Any, pad: Any) -> None:
    x, W, b = numbers(2, 3, 6, 5), numbers(4, 3, 3, 2), numbers(4)
    y = F.convolution_2d(x, W, b, stride, pad)
    offset = np.zeros((2, 12, *y.shape[2:]))
    np.testing.assert_allclose(
        F.deformable_convolution_2d_sampler(x, offset, W, b, stride, pad), y, rtol=1e-12, atol=1e-12
    )


def test_deformable_convolution_reads_between_pixels() -> None:
    x, W, offset = numbers(1, 2, 4, 5), numbers(3, 2, 2, 2), 3 * numbers(1, 8, 3, 4)

    def read(c: int, at: float, across: float) -> float:
        total = 0.0
        for i, j in np.ndindex(4, 5):
            total += max(0, 1 - abs(at - i)) * max(0, 1 - abs(across - j)) * x[0, c, i, j]
        return total

    y = F.deformable_convolution_2d_sampler(x, offset, W)
    for o, i, j in np.ndindex(3, 3, 4):
        expected = sum(
            W[o, c, k // 2, k % 2] * read(c, i + k // 2 + offset[0, 4 + k, i, j], j + k % 2 + offset[0, k, i, j])
            for c in range(2)
            for k in range(4)
        )
        assert y[0, o, i, j] == pytest.approx(expected, rel=1e-10)


# ----------------------------------------------------------------------------------------------------------- boxes

X = numbers(2, 3, 9, 12)
ROIS = np.array([[1.2, 2.4, 6.9, 9.3], [0, 0, 17, 23], [-3, 4, 5, 40], [3, 3, 3.2, 3.4], [20, 30, 22, 33]], "float32")
NUMBERS = np.array([0, 1, 1, 0, 1], "int32")


def in_bins(value: Any, scale: float, count: tuple[int, int], end: int = 0) -> Any:
    """`value` of each bin of each box, whose edges are rounded."""
    y = np.zeros((len(ROIS), 3, *count))
    for r, (roi, n) in enumerate(zip(ROIS, NUMBERS, strict=True)):
        edges = [round(float(v) * scale) for v in roi]
        for places in np.ndindex(*count):
            parts = []
            for a in range(2):
                step = max(edges[2 + a] - edges[a] + end, 1) / count[a]
                first, last = edges[a] + math.floor(places[a] * step), edges[a] + math.ceil((places[a] + 1) * step)
                parts.append(slice(max(first, 0), max(last, 0)))
            pixels = X[(n, slice(None), *parts)].reshape(3, -1)
            if pixels.size:
                y[(r, slice(None), *places)] = value(pixels)
    return y


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("count", [(1, 1), (2, 3)])
def test_pooling_of_boxes(scale: float, count: tuple[int, int]) -> None:
    mean = F.roi_average_pooling_2d(X, ROIS, NUMBERS, count, scale)
    np.testing.assert_allclose(mean, in_bins(lambda p: p.mean(-1), scale, count), rtol=1e-12, atol=1e-12)
    most = F.roi_max_pooling_2d(X, ROIS, NUMBERS, count, scale)
    np.testing.assert_array_equal(most, in_bins(lambda p: p.max(-1), scale, count))
    older = np.concatenate([NUMBERS[:, None], ROIS[:, [1, 0, 3, 2]]], axis=1)
    np.testing.assert_array_equal(
        F.roi_pooling_2d(X, older, *count, scale), in_bins(lambda p: p.max(-1), scale, count, 1)
    )


def between_pixels(n: int, y: float, x: float) -> Any:
    """The samples' rule: nothing more than a pixel outside, the edge's value on the way there."""
    if not (-1 <= y <= 9 and -1 <= x <= 12):
        return None
    y, x = min(max(y, 0), 8), min(max(x, 0), 11)
    i, j = min(int(y), 7), min(int(x), 10)
    u, v = y - i, x - j
    return (
        X[n, :, i, j] * (1 - u) * (1 - v) + X[n, :, i, j + 1] * (1 - u) * v
        + X[n, :, i + 1, j] * u * (1 - v) + X[n, :, i + 1, j + 1] * u * v
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [None, 2, (1, 3), (None, 2)])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_aligned_boxes(ratio: Any, scale: float) -> None:
    count, pair = (2, 3), ratio if isinstance(ratio, tuple) else (ratio, ratio)
    mean, most = np.zeros((2, len(ROIS), 3, *count))
    for r, (roi, n) in enumerate(zip(ROIS.astype(float) * scale, NUMBERS, strict=True)):
        step = [max(roi[2 + a] - roi[a], 1) / count[a] for a in range(2)]
        grid = [math.ceil(step[a]) if (given := pair[a]) is None else given for a in range(2)]
        for i, j in np.ndindex(*count):
            samples = [
                between_pixels(
                    n, roi[0] + (i + (p + 0.5) / grid[0]) * step[0], roi[1] + (j + (q + 0.5) / grid[1]) * step[1]
                )
                for p, q in np.ndindex(*grid)
            ]
            counted = [s for s in samples if s is not None]
            if counted:
                mean[r, :, i, j] = sum(counted) / len(samples)
                most[r, :, i, j] = np.max(counted, axis=0)
    np.testing.assert_allclose(
        F.roi_average_align_2d(X, ROIS, NUMBERS, count, scale, ratio), mean, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(F.roi_max_align_2d(X, ROIS, NUMBERS, count, scale, ratio), most, rtol=1e-9, atol=1e-12)


def test_no_boxes() -> None:
    x = Variable(X)
    for f in (F.roi_average_pooling_2d, F.roi_max_pooling_2d, F.roi_average_align_2d, F.roi_max_align_2d):
        y = f(x, np.zeros((0, 4), "float32"), np.zeros(0, "int32"), 2, 1.0)
        assert y.shape == (0, 3, 2, 2)


# ---------------------------------------------------------------------------------------------------------- errors

X1 = np.ones((1, 3, 5, 5), "float32")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.local_convolution_2d(X1, np.ones((2, 3, 3, 3, 2, 2), "float32")), ValueError,
         "local_convolution_2d: W has shape (2, 3, 3, 3, 2, 2), expected (2, 4, 4, 3, 2, 2) "
         "(x: (1, 3, 5, 5) float32, W: (2, 3, 3, 3, 2, 2) float32); make W of that shape"),
        (lambda: F.shift(X1), ValueError,
         "shift: x has 3 channels, a window of 3 x 3 needs at least 9 (x: (1, 3, 5, 5) float32); give more channels or a smaller window"),
        (lambda: F.shift(X1, 2), ValueError, "shift: ksize is 2; expected odd lengths, so that the window has a middle"),
        (lambda: F.deformable_convolution_2d_sampler(X1, X1, np.ones((2, 3, 3, 3))), ValueError,
         "deformable_convolution_2d_sampler: offset has shape (1, 3, 5, 5), expected (1, 18, 3, 3), two for each element of each window "
         "(x: (1, 3, 5, 5) float32, offset: (1, 3, 5, 5) float32, W: (2, 3, 3, 3) float64); "
         "compute it by a convolution of x with the same ksize, stride and pad"),
        (lambda: F.roi_max_pooling_2d(X1, np.ones((2, 5)), np.zeros(2, int), 2, 1.0), ValueError,
         "roi_max_pooling_2d: rois have shape (2, 5), expected (n_roi, 4): y_min, x_min, y_max, x_max "
         "(x: (1, 3, 5, 5) float32, rois: (2, 5) float64, roi_indices: (2,) int64); reshape them"),
        (lambda: F.roi_max_pooling_2d(X1, np.ones((2, 4)), np.array([0, 1]), 2, 1.0), ValueError,
         "roi_max_pooling_2d: box 1 lies in image 1, x has 1 images "
         "(x: (1, 3, 5, 5) float32, rois: (2, 4) float64, roi_indices: (2,) int64); expected numbers from 0 to 0"),
        (lambda: F.roi_max_pooling_2d(X1, np.ones((1, 4)), np.ones(1), 2, 1.0), TypeError,
         "roi_max_pooling_2d: roi_indices are float64, expected integers "
         "(x: (1, 3, 5, 5) float32, rois: (1, 4) float64, roi_indices: (1,) float64); "
         'convert them with xp.astype(roi_indices, "int32")'),
        (lambda: F.roi_average_align_2d(X1, np.ones((1, 4)), np.zeros(1, int), 2, 1.0, 0), ValueError,
         "roi_average_align_2d: sampling_ratio is 0; expected an integer from 1, None, or one of these for each axis"),
        (lambda: F.roi_average_align_2d(X1, np.ones((1, 4)), np.zeros(1, int), 2, 0), ValueError,
         "roi_average_align_2d: spatial_scale is 0; expected a positive number such as 1 / 16"),
        (lambda: F.bilinear(np.ones((2, 3)), np.ones((2, 4)), np.ones((3, 4, 5)), np.ones((3, 5))), ValueError,
         "bilinear: V2 and b missing (e1: (2, 3) float64, e2: (2, 4) float64, W: (3, 4, 5) float64, V1: (3, 5) float64); "
         "give all of V1, V2 and b, or none"),
        (lambda: F.bilinear(np.ones((2, 3)), np.ones((2, 4)), np.ones((4, 4, 5))), ValueError,
         "bilinear: e1, e2 and W do not fit together (e1: (2, 3) float64, e2: (2, 4) float64, W: (4, 4, 5) float64); "
         "expected (batch, n_left), (batch, n_right) and (n_left, n_right, n_out)"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value) == text


def test_bilinear() -> None:
    e1, e2, W = numbers(5, 2, 3), numbers(5, 4), numbers(6, 4, 2)
    V1, V2, b = numbers(6, 2), numbers(4, 2) + 1, numbers(2)
    flat = e1.reshape(5, 6)
    expected = np.einsum("ij,ik,jkl->il", flat, e2, W)
    np.testing.assert_allclose(F.bilinear(e1, e2, W), expected, rtol=1e-12)
    np.testing.assert_allclose(F.bilinear(e1, e2, W, V1, V2, b), expected + flat @ V1 + e2 @ V2 + b, rtol=1e-12)
