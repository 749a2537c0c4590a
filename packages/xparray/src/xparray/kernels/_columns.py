"""Convolution by products of matrices, which NumPy's BLAS multiplies: the elements of all windows side by side as columns.

Where a window is one element, the images are their columns already.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from xparray._kernel import loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray.kernels._vectors import get, put, vector_loop
from xparray.kernels.elementary import dense
from xparray.kernels.linear import multiply_stacks
from xparray.kernels.rows import sum_of
from xparray.kernels.window import Sizes, Windows, flat, fold, unfold, windows


class Case(NamedTuple):
    """The sizes of a convolution over two axes of images of the given lengths."""

    images: int
    c: int
    o: int
    lengths: Sizes
    ksize: Sizes
    size: Sizes
    stride: Sizes
    pad: Sizes
    dilate: Sizes
    groups: int

    @classmethod
    def of(
        cls,
        x_shape: Sequence[int],
        o: int,
        ksize: Sizes,
        size: Sizes,
        stride: Sizes,
        pad: Sizes,
        dilate: Sizes,
        groups: int,
    ) -> Case:
        """The case of images of shape `x_shape`; where they have one axis, it becomes the second."""
        images, c, *lengths = x_shape
        one = (1,) * (2 - len(lengths))
        zero = (0,) * len(one)
        return cls(
            images,
            c,
            o,
            (*one, *lengths),
            (*one, *ksize),
            (*one, *size),
            (*one, *stride),
            (*zero, *pad),
            (*one, *dilate),
            groups,
        )

    @property
    def terms(self) -> int:
        """Products that make an output."""
        return self.c // self.groups * math.prod(self.ksize)

    @property
    def is_product(self) -> bool:
        """Whether each window is one element, and within the image."""
        within = all((m - 1) * s < n for m, s, n in zip(self.size, self.stride, self.lengths, strict=True))
        return math.prod(self.ksize) == 1 and not any(self.pad) and within

    @property
    def windows(self) -> Windows:
        """What the loops that make columns are told."""
        return windows(self.lengths, self.ksize, self.stride, self.pad, self.dilate, self.size)


@vector_loop
def _add_to_planes(y: Any, b: Any, plane: Any, start: Any, stop: Any) -> None:
    for k in range(start, stop):
        bias = b[k % b.size]
        for q in range(k * plane, (k + 1) * plane):
            put(y, q, get(y, q) + bias)


def _with_bias(y: Any, b: Any) -> Any:
    """`y`, `(n, n_out, *size)`, with `b` added to it."""
    if b is not None:
        planes = y.shape[0] * y.shape[1]
        share(_add_to_planes, planes, y.reshape(-1), b, math.prod(y.shape[2:]), least=_least(y, planes))
    return y


@loop
def _sums_of_channels(g: Any, y: Any, start: Any, stop: Any) -> None:
    for c in range(start, stop):
        total = 0.0
        for i in range(len(g)):
            total += sum_of(g[i, c])
        y[c] = total


def bias_gradient(g: Any) -> Any:
    """The sum of each channel of `(n, channels, places)`."""
    y = np.empty(g.shape[1], g.dtype)
    share(_sums_of_channels, len(y), g, y, least=_least(g, len(y)))
    return y


def _least(a: Any, planes: int) -> int:
    """What `share` is told for a loop over planes that fills the array `a`."""
    return 0 if a.size > LEAST else planes + 1


def _total(parts: Iterable[Any]) -> Any:
    return functools.reduce(lambda a, b: np.add(a, b, out=a), parts)


# ------------------------------------------------------------------------------------------ windows of one element


def _seen(case: Case) -> tuple[slice, ...]:
    """The index of the elements that windows of one element are."""
    return (
        slice(None),
        slice(None),
        *(slice(0, (m - 1) * s + 1, s) for m, s in zip(case.size, case.stride, strict=True)),
    )


def _in_groups(a: Any, groups: int) -> Any:
    """`(n, channels, ...)` as `(n, groups, channels / groups, places)`."""
    return dense(a).reshape(a.shape[0], groups, a.shape[1] // groups, -1)


def _matrices(W: Any, groups: int) -> Any:
    """The weights of each group: `(groups, n_out / groups, terms)`."""
    return W.reshape(groups, len(W) // groups, -1)


def product(x: Any, W: Any, b: Any, case: Case) -> Any:
    """The convolution where `case.is_product`."""
    y = empty((case.images, case.groups, case.o // case.groups, math.prod(case.size)), x.dtype)
    multiply_stacks(_matrices(W, case.groups), _in_groups(x[_seen(case)], case.groups), y)
    return _with_bias(y.reshape(case.images, case.o, *case.size), b)


def product_input_gradient(g: Any, W: Any, case: Case) -> Any:
    """Its gradient with respect to x."""
    gx = empty((case.images, case.groups, case.c // case.groups, math.prod(case.size)), g.dtype)
    multiply_stacks(_matrices(W, case.groups).mT, _in_groups(g, case.groups), gx)
    gx = gx.reshape(case.images, case.c, *case.size)
    if case.size == case.lengths:
        return gx
    whole = empty((case.images, case.c, *case.lengths), g.dtype)
    whole.fill(0)
    whole[_seen(case)] = gx
    return whole


def product_weight_gradient(x: Any, g: Any, case: Case) -> Any:
    """Its gradient with respect to W."""
    places = math.prod(case.size)
    x = x[_seen(case)]
    # Images of many places are multiplied one by one, where they lie; of few, side by side.
    each = _COLUMNS if places >= 256 else (case.c + case.o) * places
    return _total(
        multiply_stacks(_side_by_side(g[part], case.groups), _side_by_side(x[part], case.groups).mT)
        for part in _chunks(case.images, each)
    )


# --------------------------------------------------------------------------------------------------- any windows

# Elements of the columns that are made at a time.
_COLUMNS = 1 << 20


def _chunks(images: int, each: int) -> list[slice]:
    """Images a few at a time, so that what is made of them, `each` elements of one, stays in the cache."""
    step = max(1, min(images, _COLUMNS // each))
    return [slice(i, min(i + step, images)) for i in range(0, images, step)]


def _chunks_of_columns(case: Case) -> list[slice]:
    return _chunks(case.images, case.groups * case.terms * math.prod(case.size))


def _side_by_side(a: Any, groups: int) -> Any:
    """`(n, channels, ...)` as `(groups, channels / groups, places of all images)`."""
    n, channels = a.shape[:2]
    return np.ascontiguousarray(a.reshape(n, channels, -1).swapaxes(0, 1)).reshape(groups, channels // groups, -1)


def _unfolded(x: Any, case: Case) -> Any:
    """The columns of images: `(groups, terms, places of all images)`."""
    n, s = len(x), case.windows
    taps, places = s.kh * s.kw, s.oh * s.ow
    col = empty((case.groups, case.terms, n * places), x.dtype)
    planes = n * case.c
    share(
        unfold,
        planes,
        flat(x),
        s,
        taps * n * places,
        n * places,
        case.c,
        places,
        col.reshape(-1),
        least=_least(col, planes),
    )
    return col


def _fold(col: Any, case: Case, gx: Any) -> None:
    """The adjoint of `_unfolded`: gx, images, of their columns."""
    n, s = len(gx), case.windows
    taps, places = s.kh * s.kw, s.oh * s.ow
    planes = n * case.c
    share(
        fold,
        planes,
        col.reshape(-1),
        s,
        taps * n * places,
        n * places,
        case.c,
        places,
        gx.reshape(-1),
        least=_least(col, planes),
    )


def convolve(x: Any, W: Any, b: Any, case: Case) -> Any:
    """The convolution."""
    y = empty((case.images, case.o, *case.size), x.dtype)
    for part in _chunks_of_columns(case):
        rows = multiply_stacks(_matrices(W, case.groups), _unfolded(x[part], case))
        y[part] = rows.reshape(case.o, -1, *case.size).swapaxes(0, 1)
    return _with_bias(y, b)


def input_gradient(g: Any, W: Any, case: Case) -> Any:
    """Its gradient with respect to x."""
    gx = empty((case.images, case.c, *case.lengths), g.dtype)
    for part in _chunks_of_columns(case):
        _fold(multiply_stacks(_matrices(W, case.groups).mT, _side_by_side(g[part], case.groups)), case, gx[part])
    return gx


def weight_gradient(x: Any, g: Any, case: Case) -> Any:
    """Its gradient with respect to W."""
    return _total(
        multiply_stacks(_side_by_side(g[part], case.groups), _unfolded(x[part], case).mT)
        for part in _chunks_of_columns(case)
    )
