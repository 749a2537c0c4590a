"""Pooling: the greatest element or the sum of each window of images, and back.

Windows are those of `window`, without dilation: sizes, strides and paddings are tuples of one number for each axis after the batch and
the channels, and `size` is what the result has along these axes. The references serve any number of axes; the host's loops
(`_pooling`) one and two.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, device_of
from xparray._kernel import kernel
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels import _pooling
from xparray.kernels._vectors import lanes
from xparray.kernels.window import Sizes, col2im, columns, flat, over_planes, served, windows


def _of_taps(ksize: Sizes, size: Sizes) -> tuple[int, ...]:
    """The shape of numbers one for each element of a window."""
    return (1, 1, math.prod(ksize), *(1 for _ in size))


def _chosen(indices: Array, ksize: Sizes, size: Sizes) -> Array:
    """For each window and each of its elements whether it is the one named."""
    taps = xp.arange(math.prod(ksize), dtype=indices.dtype, device=device_of(indices))
    return xp.equal(xp.reshape(taps, _of_taps(ksize, size)), xp.expand_dims(indices, axis=2))


@kernel
def max_pooling(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> tuple[Array, Array]:
    """The greatest element of each window, and which of the window's elements, counted through, is the first such one.

    A window with a NaN gives NaN; one that lies outside of the image -inf and 0. The indices are int32.
    """
    ns = array_namespace(x)
    col = columns(x, ksize, stride, pad, (1,) * len(size), size, -math.inf)
    col = ns.reshape(col, (*x.shape[:2], math.prod(ksize), *size))
    return ns.max(col, axis=2), xp.astype(ns.argmax(col, axis=2), "int32")


@kernel
def take_in_windows(x: Array, indices: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes) -> Array:
    """Of each window the element named in `indices`, `(n, c, *counts)`; 0 where that lies outside of the image."""
    ns = array_namespace(x)
    size = tuple(indices.shape[2:])
    col = columns(x, ksize, stride, pad, (1,) * len(size), size)
    col = ns.reshape(col, (*x.shape[:2], math.prod(ksize), *size))
    return ns.sum(ns.where(_chosen(indices, ksize, size), col, 0.0), axis=2)


@kernel
def put_in_windows(g: Array, indices: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Array:
    """Images of lengths `size`, `g`, `(n, c, *counts)`, added at the elements that `indices` names: the adjoint of `take_in_windows`."""
    ns = array_namespace(g)
    counts = tuple(g.shape[2:])
    col = ns.where(_chosen(indices, ksize, counts), ns.expand_dims(g, axis=2), 0.0)
    col = ns.reshape(col, (*g.shape[:2], *ksize, *counts))
    return col2im(col, stride=stride, pad=pad, dilate=(1,) * len(size), size=size)


def _divisors(divide: str, lengths: Sizes, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Any:
    """What to divide the sum of each window by: an array of the host that broadcasts to `(n, c, *size)`, or None."""
    if divide == "none":
        return None
    shared = [[k] * m for k, m in zip(ksize, size, strict=True)]
    if divide == "inside":
        shared = [
            [max(0, min(i * s - p + k, n) - max(i * s - p, 0)) for i in range(m)]
            for n, k, s, p, m in zip(lengths, ksize, stride, pad, size, strict=True)
        ]
    return functools.reduce(np.multiply, np.ix_(*shared))


@kernel
def sum_pooling(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Array:
    """The sum of each window's elements, or their mean.

    Args:
        x: images.
        ksize: elements of a window.
        stride: from window to window.
        pad: elements before the image.
        size: numbers of windows.
        divide: "none", "window" by the number of a window's elements, "inside" by the number of those in the image.
    """
    ns = array_namespace(x)
    col = columns(x, ksize, stride, pad, (1,) * len(size), size)
    y = ns.sum(ns.reshape(col, (*x.shape[:2], math.prod(ksize), *size)), axis=2)
    return _divided(y, _divisors(divide, tuple(x.shape[2:]), ksize, stride, pad, size))


@kernel
def unpooling(g: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Array:
    """Images of lengths `size` with each element of `g`, `(n, c, *counts)`, added to all of its window: the adjoint of `sum_pooling`."""
    ns = array_namespace(g)
    counts = tuple(g.shape[2:])
    g = _divided(g, _divisors(divide, size, ksize, stride, pad, counts))
    g = ns.reshape(g, (*g.shape[:2], *(1 for _ in ksize), *counts))
    col = ns.broadcast_to(g, (*g.shape[:2], *ksize, *counts))
    return col2im(col, stride=stride, pad=pad, dilate=(1,) * len(size), size=size)


def _divided(y: Array, divisors: Any) -> Array:
    return y if divisors is None else y / xp.asarray(divisors, dtype=y.dtype, device=device_of(y))


# ------------------------------------------------------------------------------------------------- on the host


@max_pooling.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Any:
    if not served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(size), size)
    y, indices = empty((*x.shape[:2], *size), x.dtype), empty((*x.shape[:2], *size), np.int32)
    pitch, rows, of_tap = _pooling.packing(s, x.dtype)

    def over(start: int, stop: int) -> None:
        lines = _pooling.room_for_lines(s, x.dtype)
        _pooling.max_pooling(
            images, s, pitch, rows, of_tap, lanes(x.dtype), lines, y.reshape(-1), indices.reshape(-1), start, stop
        )

    images = flat(x)
    over_planes(over, x, y.size * math.prod(ksize))
    return y, indices


@take_in_windows.on("host")
def _(x: Any, indices: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes) -> Any:
    if not served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(pad), indices.shape[2:])
    y = empty(indices.shape, x.dtype)
    over_planes(
        _pooling.take_in_windows, x, 8 * y.size, flat(x), flat(indices.astype(np.int32, copy=False)), s, y.reshape(-1)
    )
    return y


@put_in_windows.on("host")
def _(g: Any, indices: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Any:
    if not served(g):
        return NotImplemented
    s = windows(size, ksize, stride, pad, (1,) * len(pad), g.shape[2:])
    x = empty((*g.shape[:2], *size), g.dtype)
    over_planes(
        _pooling.put_in_windows, x, 8 * g.size, flat(g), flat(indices.astype(np.int32, copy=False)), s, x.reshape(-1)
    )
    return x


@sum_pooling.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Any:
    if not served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(size), size)
    divisors = _divisors(divide, x.shape[2:], ksize, stride, pad, size)
    each = np.ones(math.prod(size), x.dtype) if divisors is None else divisors.astype(x.dtype).reshape(-1)
    y = empty((*x.shape[:2], *size), x.dtype)
    over_planes(_pooling.sum_pooling, x, y.size * math.prod(ksize), flat(x), each, s, y.reshape(-1))
    return y


@unpooling.on("host")
def _(g: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Any:
    if not served(g):
        return NotImplemented
    s = windows(size, ksize, stride, pad, (1,) * len(size), g.shape[2:])
    divided = _divided(g, _divisors(divide, size, ksize, stride, pad, g.shape[2:]))
    x = empty((*g.shape[:2], *size), g.dtype)
    over_planes(_pooling.unpooling, x, g.size * math.prod(ksize), flat(divided), s, x.reshape(-1))
    return x
