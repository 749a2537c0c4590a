"""Pooling against windows written out, and the errors that bad input gets."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def all_of(value: Any, n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def in_windows(x: Any, ksize: Any, stride: Any, pad: Any, cover_all: bool, value: Any) -> Any:
    """`value` of the elements that each window has inside of the image."""
    n, lengths = x.ndim - 2, x.shape[2:]
    k, s, p = (all_of(v, n) for v in (ksize, ksize if stride is None else stride, pad))
    room = [lengths[a] + 2 * p[a] - k[a] for a in range(n)]
    size = tuple((-(-room[a] // s[a]) if cover_all else room[a] // s[a]) + 1 for a in range(n))
    y = np.zeros((*x.shape[:2], *size))
    for window in np.ndindex(*size):
        begin = [window[a] * s[a] - p[a] for a in range(n)]
        part = x[(..., *(slice(max(b, 0), max(b, 0) + k[a] + min(b, 0)) for a, b in enumerate(begin)))]
        y[(..., *window)] = value(part.reshape(*x.shape[:2], -1))
    return y


GEOMETRIES = list(itertools.product([2, (3, 2)], [None, 1, (2, 1)], [0, 1]))


@pytest.mark.parametrize(("ksize", "stride", "pad"), GEOMETRIES)
@pytest.mark.parametrize("cover_all", [False, True])
def test_max_pooling_2d(ksize: Any, stride: Any, pad: Any, cover_all: bool) -> None:
    # One row less where the last window would lie in the pad alone, which is an error.
    x = numbers(2, 3, 6 if cover_all and pad else 7, 6)
    y, indices = F.max_pooling_2d(x, ksize, stride, pad, cover_all, return_indices=True)
    np.testing.assert_array_equal(y, in_windows(x, ksize, stride, pad, cover_all, lambda part: part.max(-1)))
    np.testing.assert_array_equal(F.max_pooling_2d(x, ksize, stride, pad, cover_all), y)
    assert indices.dtype == "int32"
    back = F.upsampling_2d(y, indices, ksize, stride, pad, x.shape[2:], cover_all)
    # It adds up where one element is the greatest of several windows.
    assert back.sum() == pytest.approx(y.sum())
    # The greatest elements' gradient is 1 for each window that they are the greatest of.
    v = Variable(x)
    F.max_pooling_2d(v, ksize, stride, pad, cover_all).backward(grad=np.ones(y.shape))
    assert v.grad.sum() == y.size
    np.testing.assert_array_equal(np.sum(v.grad * x), pytest.approx(y.sum()))


@pytest.mark.parametrize(("ksize", "stride", "pad"), GEOMETRIES)
def test_average_pooling(ksize: Any, stride: Any, pad: Any) -> None:
    x = numbers(2, 3, 7, 6)
    area = np.prod(all_of(ksize, 2))
    y = F.average_pooling_2d(x, ksize, stride, pad)
    np.testing.assert_allclose(
        y, in_windows(x, ksize, stride, pad, False, lambda part: part.sum(-1) / area), rtol=1e-12
    )
    np.testing.assert_array_equal(F.average_pooling_nd(x, ksize, stride, pad), y)
    inside = F.average_pooling_nd(x, ksize, stride, pad, pad_value=None)
    np.testing.assert_allclose(inside, in_windows(x, ksize, stride, pad, False, lambda part: part.mean(-1)), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 3])
def test_over_other_axes(n: int) -> None:
    x = numbers(2, 2, *(5,) * n)
    largest, mean, back = (getattr(F, f"{name}_{n}d") for name in ("max_pooling", "average_pooling", "unpooling"))
    np.testing.assert_array_equal(largest(x, 2, 1), in_windows(x, 2, 1, 0, True, lambda part: part.max(-1)))
    np.testing.assert_array_equal(largest(x, 2, 1), F.max_pooling_nd(x, 2, 1))
    np.testing.assert_allclose(mean(x, 3, 2, 1), in_windows(x, 3, 2, 1, False, lambda p: p.sum(-1) / 3**n), rtol=1e-12)
    np.testing.assert_array_equal(back(x, 2, 2), F.unpooling_nd(x, 2, 2))


@pytest.mark.parametrize(
    ("outsize", "cover_all", "length"), [(None, True, 5), (None, False, 6), (5, False, 5), (6, True, 6)]
)
def test_unpooling_repeats(outsize: Any, cover_all: bool, length: int) -> None:
    x = numbers(2, 3, 3, 3)
    y = F.unpooling_2d(x, 2, outsize=outsize, cover_all=cover_all)
    np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(2, axis=3)[:, :, :length, :length])


def test_unpooling_adds_where_windows_overlap() -> None:
    x = np.array([[[1.0, 10.0, 100.0]]])
    assert F.unpooling_1d(x, 3, 1, cover_all=False).tolist() == [[[1.0, 11.0, 111.0, 110.0, 100.0]]]


def test_upsampling_is_the_gradient_of_max_pooling() -> None:
    v = Variable(numbers(2, 3, 7, 6))
    y, indices = F.max_pooling_2d(v, 3, 2, 1, return_indices=True)
    g = numbers(*y.shape)
    y.backward(grad=g)
    np.testing.assert_array_equal(F.upsampling_2d(g, indices, 3, 2, 1, outsize=(7, 6)), v.grad)


def test_the_first_of_equal_elements_gets_the_gradient() -> None:
    v = Variable(np.zeros((1, 1, 4)))
    F.max_pooling_1d(v, 2).backward(grad=np.ones((1, 1, 2)))
    assert v.grad.tolist() == [[[1.0, 0.0, 1.0, 0.0]]]


def test_pyramid() -> None:
    x = numbers(2, 3, 5, 8)
    y = F.spatial_pyramid_pooling_2d(x, 2, "max")
    assert y.shape == (2, 15, 1, 1)
    np.testing.assert_array_equal(y[:, :3, 0, 0], x.max((2, 3)))
    quarters = [
        x[:, :, rows, columns].max((2, 3))
        for rows in (slice(0, 3), slice(3, 6))
        for columns in (slice(0, 4), slice(4, 8))
    ]
    np.testing.assert_array_equal(y[:, 3:].reshape(2, 3, 4), np.stack(quarters, -1))


X = np.ones((2, 3, 5, 5), "float32")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.max_pooling_2d(X[0], 2),
         "max_pooling_2d: x has 3 axes, expected 4, (n, channels, height, width) (x: (3, 5, 5) float32); "
         "give a single image a batch axis with x[None]"),
        (lambda: F.max_pooling_2d(X, 0), "max_pooling_2d: ksize is 0; expected an integer from 1, or 2 of them in a tuple"),
        (lambda: F.max_pooling_2d(X, 2, stride=(1, 0)),
         "max_pooling_2d: stride is (1, 0); expected an integer from 1, or 2 of them in a tuple"),
        (lambda: F.max_pooling_2d(X, 2, pad=2),
         "max_pooling_2d: a window of 2 elements at stride 2 and pad 2 lies outside of an axis of length 5 (x: (2, 3, 5, 5) float32); "
         "give less pad than ksize"),
        (lambda: F.max_pooling_2d(X[:, :, :4], 1, stride=3),
         "max_pooling_2d: a window of 1 elements at stride 3 and pad 0 lies outside of an axis of length 5 (x: (2, 3, 4, 5) float32); "
         "give cover_all=False, less pad or a smaller stride"),
        (lambda: F.average_pooling_2d(X, 6),
         "average_pooling_2d: a window of (6, 6) does not fit into images of (5, 5) with pad (0, 0) (x: (2, 3, 5, 5) float32); "
         "give larger images, a smaller window or more pad"),
        (lambda: F.average_pooling_nd(X, 2, pad_value=1),
         "average_pooling_nd: pad_value is 1; expected 0, or None for means of the elements inside of the image"),
        (lambda: F.max_pooling_nd(X[0, 0], 2),
         "max_pooling_nd: x has 2 axes, expected at least 3, (n, channels, *lengths) (x: (5, 5) float32); reshape x"),
        (lambda: F.unpooling_2d(X, 2, outsize=12),
         "unpooling_2d: outsize is 12, of which (5, 5) are not the windows (x: (2, 3, 5, 5) float32); give lengths from 9 to 11, 9 to 11"),
        (lambda: F.upsampling_2d(X, X[0].astype(int), 2),
         "upsampling_2d: indexes have shape (3, 5, 5), expected (2, 3, 5, 5) (x: (2, 3, 5, 5) float32, indexes: (3, 5, 5) int64); "
         "give what max_pooling_2d(..., return_indices=True) returned"),
        (lambda: F.spatial_pyramid_pooling_2d(X, 4),
         "spatial_pyramid_pooling_2d: images of (5, 5) do not fill 4 x 4 windows of (2, 2) (x: (2, 3, 5, 5) float32); "
         "give fewer levels or larger images"),
        (lambda: F.spatial_pyramid_pooling_2d(X, 2, "mean"), "spatial_pyramid_pooling_2d: pooling is 'mean'; expected 'max'"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value) == text
