"""Windows that slide over the last axes of images: their elements in columns, and back.

Along an axis, window i begins at element `i stride - pad`, and its element k lies at `i stride - pad + k dilate`; elements outside of
the image count as zero. Sizes, strides and the like are tuples of one number for each axis after the first two, which are the batch
and the channels. `size` is what the result has along these axes: for a function of an image
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


def columns(
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


# ------------------------------------------------------------------------------------------------ references


@kernel
def im2col(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Array:
    """The elements of each window: `(n, c, *lengths)` gives `(n, c, *ksize, *size)`."""
    return columns(x, ksize, stride, pad, dilate, size)


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


# Along fewer windows than these a loop takes longer to begin than to run; their elements are looked up instead.
_NARROW = 16


@loop
def _is_narrow(s: Any) -> Any:
    """Whether lines of windows are short, and windows so many that a copy of the plane costs little."""
    return s.ow < _NARROW and 2 * s.kh * s.kw * s.oh * s.ow >= s.h * s.w


@loop
def _seen(s: Any) -> Any:
    """For each element of the window and each window where it lies in its plane; behind the plane's end for one outside."""
    seen = np.empty(s.kh * s.kw * s.oh * s.ow, np.intp)
    at = 0
    for tap in range(s.kh * s.kw):
        top, left = s.top + tap // s.kw * s.dilate_y, s.left + tap % s.kw * s.dilate_x
        for i in range(s.oh):
            for j in range(s.ow):
                y, x = top + i * s.stride_y, left + j * s.stride_x
                seen[at] = y * s.w + x if 0 <= y < s.h and 0 <= x < s.w else s.h * s.w
                at += 1
    return seen


@loop
def _unfold_narrow(
    x: Any, s: Any, per_plane: Any, per_tap: Any, channels: Any, per_image: Any, col: Any, start: Any, stop: Any
) -> None:
    seen, places, size = _seen(s), s.oh * s.ow, s.h * s.w
    room = np.zeros(size + 1, x.dtype)
    for plane in range(start, stop):
        for q in range(size):
            put(room, q, get(x, plane * size + q))
        base = plane // channels * per_image + plane % channels * per_plane
        for tap in range(s.kh * s.kw):
            for q in range(places):
                put(col, base + tap * per_tap + q, get(room, get(seen, tap * places + q)))


@loop
def _fold_narrow(
    col: Any, s: Any, per_plane: Any, per_tap: Any, channels: Any, per_image: Any, x: Any, start: Any, stop: Any
) -> None:
    seen, places, size = _seen(s), s.oh * s.ow, s.h * s.w
    room = np.empty(size + 1, x.dtype)
    for plane in range(start, stop):
        for q in range(size):
            put(room, q, x.dtype.type(0))
        base = plane // channels * per_image + plane % channels * per_plane
        for tap in range(s.kh * s.kw):
            for q in range(places):
                to = get(seen, tap * places + q)
                put(room, to, get(room, to) + get(col, base + tap * per_tap + q))
        for q in range(size):
            put(x, plane * size + q, get(room, q))


@vector_loop
def unfold(
    x: Any, s: Any, per_plane: Any, per_tap: Any, channels: Any, per_image: Any, col: Any, start: Any, stop: Any
) -> None:
    """The elements of windows on planes from `start` to `stop`, each in its place in `col`."""
    if _is_narrow(s):
        _unfold_narrow(x, s, per_plane, per_tap, channels, per_image, col, start, stop)
        return
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
    if _is_narrow(s):
        _fold_narrow(col, s, per_plane, per_tap, channels, per_image, x, start, stop)
        return
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


# ------------------------------------------------------------------------------------------------- on the host


def flat(x: Any) -> Any:
    """The elements of `x` in C order, aligned and writable."""
    return dense(x).reshape(-1)


def windows(lengths: Sizes, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Windows:
    """What the loops are told; one axis counts as the second of two."""
    one = (1,) * (2 - len(pad))
    top, left = (*(0 for _ in one), *pad)
    return Windows._make([*one, *lengths, *one, *ksize, *one, *size, *one, *stride, -top, -left, *one, *dilate])


def served(x: Any) -> bool:
    """Whether the loops serve `x`."""
    return floating(x) and x.ndim in (3, 4) and x.size > 0


def over_planes(function: Any, x: Any, work: int, *args: Any) -> None:
    """Run a loop over the planes of `x`, in threads where there is work enough."""
    planes = x.shape[0] * x.shape[1]
    share(function, planes, *args, least=0 if work > LEAST else planes + 1)


@im2col.on("host")
def _(x: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Any:
    if not served(x):
        return NotImplemented
    s = windows(x.shape[2:], ksize, stride, pad, dilate, size)
    taps, count = math.prod(ksize), math.prod(size)
    col = empty((*x.shape[:2], *ksize, *size), x.dtype)
    channels = x.shape[1]
    over_planes(
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
    over_planes(fold, x, col.size, flat(col), s, taps * count, count, channels, channels * taps * count, x.reshape(-1))
    return x
