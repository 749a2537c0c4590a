"""Windows that slide over the last axes of images: their elements in columns, their greatest elements, their means, and back.

Along an axis, window i begins at element `i stride - pad`, and its element k lies at `i stride - pad + k dilate`; elements outside of
the image count as zero, or not at all for the greatest. Sizes, strides and the like are tuples of one number for each axis after
the first two, which are the batch and the channels. `size` is what the result has along these axes: for a function of an image
the numbers of windows (see `count_windows`), for one that goes back to an image its lengths.

The references serve any number of axes; the host's loops one and two.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, device_of
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels._vectors import get, put, vector_loop
from xparray.kernels.elementary import dense, floating

Sizes = tuple[int, ...]


def count_windows(length: int, ksize: int, stride: int, pad: int, *, dilate: int = 1, cover_all: bool = False) -> int:
    """How many windows there are along an axis.

    Args:
        length: of the axis.
        ksize: elements of a window.
        stride: from the begin of one window to that of the next.
        pad: zeros on both ends of the axis.
        dilate: from one element of a window to the next.
        cover_all: a last window that reaches beyond the axis covers what is left at its end.

    Example:
        >>> count_windows(6, 3, 2, 0), count_windows(6, 3, 2, 0, cover_all=True)
        (2, 3)
    """
    return (length + 2 * pad - (ksize - 1) * dilate - 1 + (stride - 1 if cover_all else 0)) // stride + 1


def length_of_windows(
    count: int, ksize: int, stride: int, pad: int, *, dilate: int = 1, cover_all: bool = False
) -> int:
    """The least length of an axis along which there are `count` windows; the other arguments are those of `count_windows`.

    Example:
        >>> length_of_windows(2, 3, 2, 0)
        5
    """
    return (count - 1) * stride + (ksize - 1) * dilate + 1 - 2 * pad - (stride - 1 if cover_all else 0)


# ---------------------------------------------------------------------------------------- references' parts


def _constant(x: Array, shape: Sequence[int], value: float) -> Array:
    return xp.full(tuple(shape), value, dtype=x.dtype, device=device_of(x))


def _fitted(x: Array, axis: int, before: int, length: int, value: float = 0.0) -> Array:
    """`x` with `before` elements of that value put in front along `axis`, and so many cut off or added behind as make the length."""
    shape = tuple(x.shape)
    kept = min(shape[axis], length - before)
    if kept < shape[axis]:
        x = x[(*(slice(None),) * axis, slice(0, kept), ...)]
    parts = [_constant(x, (*shape[:axis], n, *shape[axis + 1 :]), value) for n in (before, length - before - kept)]
    if before or length > kept:
        x = array_namespace(x).concat([parts[0], x, parts[1]], axis=axis)
    return x


def _columns(
    x: Array, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes, outside: float = 0.0
) -> Array:
    """`im2col` with elements outside of the image of the given value."""
    ns = array_namespace(x)
    for i, (k, s, p, d, m) in enumerate(zip(ksize, stride, pad, dilate, size, strict=True)):
        x = _fitted(x, i + 2, p, max(p + x.shape[i + 2], (m - 1) * s + (k - 1) * d + 1), outside)
    shape = (*x.shape[:2], *ksize, *size)
    taps = [
        x[
            (
                ...,
                *(
                    slice(k * d, k * d + (m - 1) * s + 1, s)
                    for k, d, m, s in zip(tap, dilate, size, stride, strict=True)
                ),
            )
        ]
        for tap in itertools.product(*map(range, ksize))
    ]
    return ns.reshape(ns.stack(taps, axis=2), shape)


def _of_taps(ksize: Sizes, size: Sizes) -> tuple[int, ...]:
    """The shape of numbers one for each element of a window."""
    return (1, 1, math.prod(ksize), *(1 for _ in size))


def _chosen(indices: Array, ksize: Sizes, size: Sizes) -> Array:
    """For each window and each of its elements whether it is the one named."""
    taps = xp.arange(math.prod(ksize), dtype=indices.dtype, device=device_of(indices))
    return xp.equal(xp.reshape(taps, _of_taps(ksize, size)), xp.expand_dims(indices, axis=2))


# ------------------------------------------------------------------------------------------------ references


@kernel
def im2col(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Array:
    """The elements of each window: `(n, c, *lengths)` gives `(n, c, *ksize, *size)`."""
    return _columns(x, ksize, stride, pad, dilate, size)


@kernel
def col2im(col: Array, *, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Array:
    """Images of lengths `size`, each element the sum of what `col`, `(n, c, *ksize, *counts)`, has for it: the adjoint of `im2col`."""
    ns = array_namespace(col)
    nd = len(size)
    ends = []
    # An axis of the window at a time: axis 2 is its next one, to which the axis of windows at 2 + nd belongs.
    for s, p, d, n in zip(stride, pad, dilate, size, strict=True):
        k, m = col.shape[2], col.shape[2 + nd]
        shape = (*col.shape[:2], *col.shape[3 : 2 + nd], m * s, *col.shape[3 + nd :])
        if s > 1:
            gaps = _constant(col, (*col.shape[: 3 + nd], s - 1, *col.shape[3 + nd :]), 0.0)
            col = ns.concat([ns.expand_dims(col, axis=3 + nd), gaps], axis=3 + nd)
        length = max(p + n, (m - 1) * s + (k - 1) * d + 1)
        parts = (ns.reshape(col[:, :, i, ...], shape) for i in range(k))
        col = functools.reduce(operator.add, (_fitted(part, 1 + nd, i * d, length) for i, part in enumerate(parts)))
        ends.append(slice(p, p + n))
    return col[(..., *ends)]


@kernel
def max_pooling(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> tuple[Array, Array]:
    """The greatest element of each window, and which of the window's elements, counted through, is the first such one.

    A window with a NaN gives NaN; one that lies outside of the image -inf and 0. The indices are int32.
    """
    ns = array_namespace(x)
    col = _columns(x, ksize, stride, pad, (1,) * len(size), size, -math.inf)
    col = ns.reshape(col, (*x.shape[:2], math.prod(ksize), *size))
    return ns.max(col, axis=2), xp.astype(ns.argmax(col, axis=2), "int32")


@kernel
def take_in_windows(x: Array, indices: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes) -> Array:
    """Of each window the element named in `indices`, `(n, c, *counts)`; 0 where that lies outside of the image."""
    ns = array_namespace(x)
    size = tuple(indices.shape[2:])
    col = _columns(x, ksize, stride, pad, (1,) * len(size), size)
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
    col = _columns(x, ksize, stride, pad, (1,) * len(size), size)
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


# ----------------------------------------------------------------------------------------------------- loops
#
# Images are counted through batch and channels as planes, and a loop takes a range of them.


class Windows(NamedTuple):
    """Sizes of windows of `kh` x `kw` elements, `oh` x `ow` of them, on planes of `h` x `w`."""

    h: int
    w: int
    kh: int
    kw: int
    oh: int
    ow: int
    stride_y: int
    stride_x: int
    top: int
    left: int
    dilate_y: int
    dilate_x: int


@loop
def inside(count: Any, stride: Any, shift: Any, length: Any) -> Any:
    """The first and the last i, and one, with 0 <= i stride + shift < length."""
    first = min(count, max(0, (stride - 1 - shift) // stride))
    return first, max(first, min(count, (length - 1 - shift) // stride + 1))


@vector_loop
def unfold(
    x: Any, s: Any, per_plane: Any, per_tap: Any, channels: Any, per_image: Any, col: Any, start: Any, stop: Any
) -> None:
    """The elements of windows on planes from `start` to `stop`, each in its place in `col`."""
    zero = x.dtype.type(0)
    for plane in range(start, stop):
        base = plane // channels * per_image + plane % channels * per_plane
        for tap in range(s.kh * s.kw):
            top = s.top + tap // s.kw * s.dilate_y
            left = s.left + tap % s.kw * s.dilate_x
            first, last = inside(s.ow, s.stride_x, left, s.w)
            for i in range(s.oh):
                y = top + i * s.stride_y
                to = base + tap * per_tap + i * s.ow
                if y < 0 or y >= s.h:
                    for q in range(s.ow):
                        put(col, to + q, zero)
                    continue
                for q in range(first):
                    put(col, to + q, zero)
                at = (plane * s.h + y) * s.w + left
                if s.stride_x == 1:
                    for q in range(first, last):
                        put(col, to + q, get(x, at + q))
                else:
                    for q in range(first, last):
                        put(col, to + q, get(x, at + q * s.stride_x))
                for q in range(last, s.ow):
                    put(col, to + q, zero)


@vector_loop
def fold(
    col: Any, s: Any, per_plane: Any, per_tap: Any, channels: Any, per_image: Any, x: Any, start: Any, stop: Any
) -> None:
    """The sums of what `col` has for each element of the planes from `start` to `stop`."""
    for plane in range(start, stop):
        for q in range(s.h * s.w):
            put(x, plane * s.h * s.w + q, x.dtype.type(0))
        base = plane // channels * per_image + plane % channels * per_plane
        for tap in range(s.kh * s.kw):
            top = s.top + tap // s.kw * s.dilate_y
            left = s.left + tap % s.kw * s.dilate_x
            first, last = inside(s.ow, s.stride_x, left, s.w)
            for i in range(s.oh):
                y = top + i * s.stride_y
                if 0 <= y < s.h:
                    at = base + tap * per_tap + i * s.ow
                    to = (plane * s.h + y) * s.w + left
                    if s.stride_x == 1:
                        for q in range(first, last):
                            put(x, to + q, get(x, to + q) + get(col, at + q))
                    else:
                        for q in range(first, last):
                            put(x, to + q * s.stride_x, get(x, to + q * s.stride_x) + get(col, at + q))


@loop
def _keep_greater(v: Any, y: Any, indices: Any, to: Any, tap: Any) -> None:
    """Put `v` in y[to], and where it comes from in indices[to], if it is greater or the first NaN."""
    best = get(y, to)
    better = (v > best) | (np.isnan(v) & ~np.isnan(best))
    put(y, to, v if better else best)
    put(indices, to, np.int32(tap) if better else get(indices, to))


@vector_loop
def _max_pooling(x: Any, s: Any, y: Any, indices: Any, start: Any, stop: Any) -> None:
    for plane in range(start, stop):
        for i in range(s.oh):
            to = (plane * s.oh + i) * s.ow
            for q in range(s.ow):
                put(y, to + q, x.dtype.type(-np.inf))
                put(indices, to + q, np.int32(0))
            for tap in range(s.kh * s.kw):
                row = s.top + i * s.stride_y + tap // s.kw
                left = s.left + tap % s.kw
                if row < 0 or row >= s.h:
                    continue
                first, last = inside(s.ow, s.stride_x, left, s.w)
                at = (plane * s.h + row) * s.w + left
                # The same twice: a compiler that knows the step has instructions for it.
                if s.stride_x == 2:
                    for q in range(first, last):
                        _keep_greater(get(x, at + q * 2), y, indices, to + q, tap)
                else:
                    for q in range(first, last):
                        _keep_greater(get(x, at + q * s.stride_x), y, indices, to + q, tap)


@loop
def _places_of_taps(s: Any) -> Any:
    """Rows and columns of the elements of a window: looked up, they cost no division."""
    down = np.empty(s.kh * s.kw, np.intp)
    across = np.empty(s.kh * s.kw, np.intp)
    for tap in range(s.kh * s.kw):
        down[tap], across[tap] = tap // s.kw, tap % s.kw
    return down, across


@vector_loop
def _take_in_windows(x: Any, indices: Any, s: Any, y: Any, start: Any, stop: Any) -> None:
    taps = s.kh * s.kw
    down, across = _places_of_taps(s)
    for plane in range(start, stop):
        for i in range(s.oh):
            for j in range(s.ow):
                at = (plane * s.oh + i) * s.ow + j
                tap = get(indices, at)
                known = tap if 0 <= tap < taps else 0
                row = s.top + i * s.stride_y + down[known]
                column = s.left + j * s.stride_x + across[known]
                within = known == tap and 0 <= row < s.h and 0 <= column < s.w
                put(y, at, get(x, (plane * s.h + row) * s.w + column) if within else x.dtype.type(0))


@vector_loop
def _put_in_windows(g: Any, indices: Any, s: Any, x: Any, start: Any, stop: Any) -> None:
    taps = s.kh * s.kw
    down, across = _places_of_taps(s)
    for plane in range(start, stop):
        for q in range(s.h * s.w):
            put(x, plane * s.h * s.w + q, x.dtype.type(0))
        for i in range(s.oh):
            for j in range(s.ow):
                at = (plane * s.oh + i) * s.ow + j
                tap = get(indices, at)
                known = tap if 0 <= tap < taps else 0
                row = s.top + i * s.stride_y + down[known]
                column = s.left + j * s.stride_x + across[known]
                if known == tap and 0 <= row < s.h and 0 <= column < s.w:
                    to = (plane * s.h + row) * s.w + column
                    put(x, to, get(x, to) + get(g, at))


@vector_loop
def _sum_pooling(x: Any, divisors: Any, s: Any, y: Any, start: Any, stop: Any) -> None:
    for plane in range(start, stop):
        for i in range(s.oh):
            to = (plane * s.oh + i) * s.ow
            for q in range(s.ow):
                put(y, to + q, x.dtype.type(0))
            for tap in range(s.kh * s.kw):
                row = s.top + i * s.stride_y + tap // s.kw
                left = s.left + tap % s.kw
                if row < 0 or row >= s.h:
                    continue
                first, last = inside(s.ow, s.stride_x, left, s.w)
                at = (plane * s.h + row) * s.w + left
                for q in range(first, last):
                    put(y, to + q, get(y, to + q) + get(x, at + q * s.stride_x))
            for q in range(s.ow):
                put(y, to + q, get(y, to + q) / get(divisors, i * s.ow + q))


@vector_loop
def _unpooling(g: Any, s: Any, x: Any, start: Any, stop: Any) -> None:
    for plane in range(start, stop):
        for q in range(s.h * s.w):
            put(x, plane * s.h * s.w + q, x.dtype.type(0))
        for i in range(s.oh):
            at = (plane * s.oh + i) * s.ow
            for tap in range(s.kh * s.kw):
                row = s.top + i * s.stride_y + tap // s.kw
                left = s.left + tap % s.kw
                if row < 0 or row >= s.h:
                    continue
                first, last = inside(s.ow, s.stride_x, left, s.w)
                to = (plane * s.h + row) * s.w + left
                for q in range(first, last):
                    put(x, to + q * s.stride_x, get(x, to + q * s.stride_x) + get(g, at + q))


# ------------------------------------------------------------------------------------------------- on the host


def flat(x: Any) -> Any:
    """The elements of `x` in C order, aligned and writable."""
    return dense(x).reshape(-1)


def windows(lengths: Sizes, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Windows:
    """What the loops are told; one axis counts as the second of two."""
    one = (1,) * (2 - len(pad))
    top, left = (*(0 for _ in one), *pad)
    return Windows._make([*one, *lengths, *one, *ksize, *one, *size, *one, *stride, -top, -left, *one, *dilate])


def _served(x: Any) -> bool:
    """Whether the loops serve `x`."""
    return floating(x) and x.ndim in (3, 4) and x.size > 0


def _over_planes(function: Any, x: Any, work: int, *args: Any) -> None:
    """Run a loop over the planes of `x`, in threads where there is work enough."""
    planes = x.shape[0] * x.shape[1]
    share(function, planes, *args, least=0 if work > LEAST else planes + 1)


@im2col.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Any:
    if not _served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, dilate, size)
    taps, count = math.prod(ksize), math.prod(size)
    col = empty((*x.shape[:2], *ksize, *size), x.dtype)
    channels = x.shape[1]
    _over_planes(
        unfold, x, col.size, flat(x), s, taps * count, count, channels, channels * taps * count, col.reshape(-1)
    )
    return col


@col2im.on("host")
def _(col: Any, *, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Any:
    nd = len(size)
    if not (floating(col) and nd in (1, 2) and col.size):
        return NotImplemented
    ksize, counts = col.shape[2 : 2 + nd], col.shape[2 + nd :]
    s = windows(size, ksize, stride, pad, dilate, counts)
    taps, count = math.prod(ksize), math.prod(counts)
    x = empty((*col.shape[:2], *size), col.dtype)
    channels = col.shape[1]
    _over_planes(fold, x, col.size, flat(col), s, taps * count, count, channels, channels * taps * count, x.reshape(-1))
    return x


@max_pooling.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Any:
    if not _served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(size), size)
    y, indices = empty((*x.shape[:2], *size), x.dtype), empty((*x.shape[:2], *size), np.int32)
    _over_planes(_max_pooling, x, y.size * math.prod(ksize), flat(x), s, y.reshape(-1), indices.reshape(-1))
    return y, indices


@take_in_windows.on("host")
def _(x: Any, indices: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes) -> Any:
    if not _served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(pad), indices.shape[2:])
    y = empty(indices.shape, x.dtype)
    _over_planes(_take_in_windows, x, 8 * y.size, flat(x), flat(indices.astype(np.int32, copy=False)), s, y.reshape(-1))
    return y


@put_in_windows.on("host")
def _(g: Any, indices: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes) -> Any:
    if not _served(g):
        return NotImplemented
    s = windows(size, ksize, stride, pad, (1,) * len(pad), g.shape[2:])
    x = empty((*g.shape[:2], *size), g.dtype)
    _over_planes(_put_in_windows, x, 8 * g.size, flat(g), flat(indices.astype(np.int32, copy=False)), s, x.reshape(-1))
    return x


@sum_pooling.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Any:
    if not _served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, (1,) * len(size), size)
    divisors = _divisors(divide, x.shape[2:], ksize, stride, pad, size)
    each = np.ones(math.prod(size), x.dtype) if divisors is None else divisors.astype(x.dtype).reshape(-1)
    y = empty((*x.shape[:2], *size), x.dtype)
    _over_planes(_sum_pooling, x, y.size * math.prod(ksize), flat(x), each, s, y.reshape(-1))
    return y


@unpooling.on("host")
def _(g: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, size: Sizes, divide: str = "none") -> Any:
    if not _served(g):
        return NotImplemented
    s = windows(size, ksize, stride, pad, (1,) * len(size), g.shape[2:])
    divided = _divided(g, _divisors(divide, size, ksize, stride, pad, g.shape[2:]))
    x = empty((*g.shape[:2], *size), g.dtype)
    _over_planes(_unpooling, x, g.size * math.prod(ksize), flat(divided), s, x.reshape(-1))
    return x
