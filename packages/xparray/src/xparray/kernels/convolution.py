"""Convolution of images and its gradients: each a reference for any number of axes, and on the host the fastest of four ways.

Windows slide over images (see `window`): output o of window i is b[o] + the sum over channels c and elements k of the window of
W[o, c, k] x[c, i stride - pad + k dilate]. With groups, channels and outputs are cut into as many equal parts, and each part of
the outputs sees its part of the channels: W is `(n_out, n_in / groups, *ksize)`. Each gradient is again a convolution, or
a convolution's gradient, of its own arguments: so are those of higher order.

On the host, for float32 and float64 and one or two axes, the shapes alone say how:

- windows of one element, and few windows of many products, by products of matrices (`_columns`);
- 3 x 3 windows at stride 1 by Winograd's algorithm (`winograd`): float32, from 8 channels and outputs on, and enough tiles;
- all else directly (`_direct`).

Winograd's way errs by up to 2e-5 of the greatest result, the others by 5e-6 (thousands of products); `exact=True` rules it out for a call,
`exact_convolutions()` for all. NaN and infinity in x make NaN, or infinity, of all that they belong to; by Winograd's way, and in
the gradient with respect to W, of some elements besides. No result depends on the number of threads.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel
from xparray._typing import Array
from xparray.kernels import _columns, _direct, winograd
from xparray.kernels._columns import Case
from xparray.kernels.elementary import dense, floating
from xparray.kernels.window import Sizes, col2im, im2col

_exact = os.environ.get("XPARRAY_EXACT_CONVOLUTIONS", "0") != "0"


class exact_convolutions:
    """Do without Winograd's algorithm (True) or not from now on, or within a `with` block, in every thread.

    `XPARRAY_EXACT_CONVOLUTIONS=1` in the environment starts without it.

    Example:
        >>> with exact_convolutions():
        ...     pass
    """

    def __init__(self, exact: bool = True) -> None:
        global _exact  # noqa: PLW0603 - one switch for the process
        self._before = _exact
        _exact = exact

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        global _exact  # noqa: PLW0603
        _exact = self._before


# ------------------------------------------------------------------------------------------------ references


@kernel
def convolution(
    x: Array,
    W: Array,
    b: Array | None,
    *,
    size: Sizes,
    stride: Sizes,
    pad: Sizes,
    dilate: Sizes,
    groups: int = 1,
    exact: bool = False,
) -> Array:
    """The convolution of `x`, `(n, n_in, *lengths)`, with `W`: `(n, n_out, *size)`.

    Args:
        x: images.
        W: weights, `(n_out, n_in / groups, *ksize)`.
        b: biases, `(n_out,)`, or None.
        size: numbers of windows (`window.count_windows`).
        stride: from window to window.
        pad: elements before the image.
        dilate: from element to element of a window.
        groups: parts of the channels.
        exact: not by Winograd's algorithm.
    """
    ns = array_namespace(x, W)
    n, o, ksize = x.shape[0], W.shape[0], tuple(W.shape[2:])
    terms = math.prod(W.shape[1:])
    col = im2col(x, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)
    col = ns.reshape(col, (n, groups, terms, math.prod(size)))
    y = ns.reshape(ns.reshape(W, (groups, o // groups, terms)) @ col, (n, o, *size))
    return y if b is None else y + ns.reshape(b, (1, o, *(1 for _ in size)))


@kernel
def convolution_input_gradient(
    g: Array, W: Array, *, size: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, groups: int = 1, exact: bool = False
) -> Array:
    """The gradient of `convolution` with respect to x, of lengths `size`, given that of its result: the transposed convolution."""
    ns = array_namespace(g, W)
    n, o, counts, ksize = g.shape[0], W.shape[0], tuple(g.shape[2:]), tuple(W.shape[2:])
    terms = math.prod(W.shape[1:])
    g = ns.reshape(g, (n, groups, o // groups, math.prod(counts)))
    col = ns.matrix_transpose(ns.reshape(W, (groups, o // groups, terms))) @ g
    col = ns.reshape(col, (n, groups * W.shape[1], *ksize, *counts))
    return col2im(col, stride=stride, pad=pad, dilate=dilate, size=size)


@kernel
def convolution_weight_gradient(
    x: Array, g: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, groups: int = 1, exact: bool = False
) -> Array:
    """The gradient of `convolution` with respect to W, of windows of `ksize`, given that of its result."""
    ns = array_namespace(x, g)
    n, c, o, size = x.shape[0], x.shape[1] // groups, g.shape[1], tuple(g.shape[2:])
    terms, count = c * math.prod(ksize), math.prod(size)
    col = im2col(x, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)
    col = ns.permute_dims(ns.reshape(col, (n, groups, terms, count)), (1, 2, 0, 3))
    g = ns.permute_dims(ns.reshape(g, (n, groups, o // groups, count)), (1, 2, 0, 3))
    rows, columns = (ns.reshape(a, (groups, a.shape[1], n * count)) for a in (g, col))
    return ns.reshape(rows @ ns.matrix_transpose(columns), (o, c, *ksize))


@kernel
def convolution_bias_gradient(g: Array) -> Array:
    """The gradient of `convolution` with respect to b, given that of its result: the sum of each channel over images and places.

    On the host it is added up in double precision, of parts of 4096 numbers.
    """
    return array_namespace(g).sum(g, axis=(0, *range(2, g.ndim)))


# ------------------------------------------------------------------------------------------------- on the host

# Fewer tiles than these do not make up for the transforms of the weights; nor, for the gradient of so many pairs of channels and
# outputs that its transforms leave the cache, do fewer than twice as many.
_TILES, _PAIRS = 32, 1 << 16
# Fewer places than these on a line are added up before it pays that they were added in vectors, if a product of matrices has
# so many terms; a gradient of more elements has no room for sums of parts of the images.
_PLACES, _TERMS, _WEIGHTS = 128, 256, 1 << 18


def _has_tiles(case: Case, dtype: Any, exact: bool, least: int) -> bool:
    """Whether Winograd's algorithm serves, may serve, and pays."""
    plain = case.ksize == (3, 3) and case.stride == case.dilate == (1, 1) and case.groups == 1
    tiles = case.images * -(-case.size[0] // 4) * -(-case.size[1] // 4)
    return plain and case.c >= 8 and case.o >= 8 and tiles >= least and dtype == np.float32 and not (exact or _exact)


def _is_short(case: Case) -> bool:
    """Whether there are so few windows that their places do not fill vectors, and products enough for a product of matrices."""
    places = math.prod(case.size)
    short = (places <= 16 and case.terms >= 64) or (places <= 64 and case.terms >= 512)
    return short and case.o // case.groups >= 16


def way(case: Case, dtype: Any, exact: bool) -> Callable[..., Any]:
    """The function of x, W, b and the case that convolves."""
    if case.is_product:
        return _columns.product
    if _has_tiles(case, dtype, exact, _TILES):
        return winograd.convolve
    return _columns.convolve if _is_short(case) else _direct.convolve


def input_gradient_way(case: Case, dtype: Any, exact: bool) -> Callable[..., Any]:
    """The function of g, W and the case that gives the gradient with respect to x."""
    if case.is_product:
        return _columns.product_input_gradient
    if _has_tiles(case, dtype, exact, _TILES):
        return winograd.input_gradient
    # A few channels, cut into phases besides, leave the direct way little to do at a time.
    thin = max(case.stride) > 1 and case.c // case.groups < 4 <= case.o // case.groups
    return _columns.input_gradient if thin or _is_short(case) else _direct.input_gradient


def weight_gradient_way(case: Case, dtype: Any, exact: bool) -> Callable[..., Any]:
    """The function of x, g and the case that gives the gradient with respect to W."""
    if case.is_product:
        return _columns.product_weight_gradient
    if _has_tiles(case, dtype, exact, _TILES if case.c * case.o <= _PAIRS else 2 * _TILES):
        return winograd.weight_gradient
    short = case.terms >= _TERMS and _direct.places_together(case, dtype) < _PLACES
    many = case.o // case.groups * case.terms > _WEIGHTS
    return _columns.weight_gradient if short or many else _direct.weight_gradient


def _serves(a: Any, other: Any, size: Sizes) -> bool:
    return (
        floating(a) and other.dtype == a.dtype and a.ndim in (3, 4) and bool(a.size and other.size and math.prod(size))
    )


def _on_two_axes(a: Any) -> Any:
    """Images or weights of one axis as those of two, of which the first has length 1."""
    return dense(a).reshape(*a.shape[:2], *(1,) * (4 - a.ndim), *a.shape[2:])


@convolution.on("host")
def _(
    x: Any,
    W: Any,
    b: Any,
    *,
    size: Sizes,
    stride: Sizes,
    pad: Sizes,
    dilate: Sizes,
    groups: int = 1,
    exact: bool = False,
) -> Any:
    if not _serves(x, W, size) or not (b is None or b.dtype == x.dtype):
        return NotImplemented
    case = Case.of(x.shape, len(W), W.shape[2:], size, stride, pad, dilate, groups)
    y = way(case, x.dtype, exact)(_on_two_axes(x), _on_two_axes(W), b if b is None else dense(b), case)
    return y.reshape(len(x), len(W), *size)


@convolution_input_gradient.on("host")
def _(
    g: Any, W: Any, *, size: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, groups: int = 1, exact: bool = False
) -> Any:
    if not _serves(g, W, size):
        return NotImplemented
    shape = (len(g), W.shape[1] * groups, *size)
    case = Case.of(shape, len(W), W.shape[2:], g.shape[2:], stride, pad, dilate, groups)
    return input_gradient_way(case, g.dtype, exact)(_on_two_axes(g), _on_two_axes(W), case).reshape(shape)


@convolution_weight_gradient.on("host")
def _(
    x: Any, g: Any, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, groups: int = 1, exact: bool = False
) -> Any:
    if not _serves(x, g, ksize):
        return NotImplemented
    case = Case.of(x.shape, g.shape[1], ksize, g.shape[2:], stride, pad, dilate, groups)
    gW = weight_gradient_way(case, x.dtype, exact)(_on_two_axes(x), _on_two_axes(g), case)
    return gW.reshape(g.shape[1], x.shape[1] // groups, *ksize)


@convolution_bias_gradient.on("host")
def _(g: Any) -> Any:
    if not (floating(g) and g.ndim > 2 and g.size):
        return NotImplemented
    return _columns.bias_gradient(dense(g).reshape(*g.shape[:2], -1))
