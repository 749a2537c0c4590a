"""Pooling: one number for each window of an image, and back.

Windows are those of `convolution`, with a stride of their own size unless given. `max_pooling` begins with cover_all=True: a last
window that reaches beyond the image covers what is left at its end.
"""

from __future__ import annotations

import math
from typing import Any

from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.autograd._op import Spec
from catena.nn.functions._checks import check_arrays
from catena.nn.functions._windows import Size, check_images, counts, lengths_back, sizes
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import pooling as kernels
from xparray.kernels.window import Sizes

# ------------------------------------------------------------------------------------------------------------- ops
#
# `way` is ksize, stride and pad, as the kernels take them.


@op
def max_pooling(x: Array, *, size: Sizes, way: dict[str, Sizes]) -> tuple[Array, Array]:
    """The greatest element of each window of `(n, c, *lengths)`, and which of the window's elements it is: both `(n, c, *size)`."""
    return kernels.max_pooling(x, size=size, **way)


@op
def take_in_windows(x: Array, indices: Array, *, way: dict[str, Sizes]) -> Array:
    """Of each window of `(n, c, *lengths)` the element that `indices`, `(n, c, *counts)`, names."""
    return kernels.take_in_windows(x, indices, **way)


@op
def put_in_windows(x: Array, indices: Array, *, size: Sizes, way: dict[str, Sizes]) -> Array:
    """Images of lengths `size` with each element of x, `(n, c, *counts)`, added where `indices` says in its window."""
    return kernels.put_in_windows(x, indices, size=size, **way)


@op
def sum_pooling(x: Array, *, size: Sizes, way: dict[str, Sizes], divide: str) -> Array:
    """The sum of each window, `(n, c, *size)`, divided by nothing ("none"), its elements ("window") or those "inside" the image."""
    return kernels.sum_pooling(x, size=size, divide=divide, **way)


@op
def spread_windows(x: Array, *, size: Sizes, way: dict[str, Sizes], divide: str) -> Array:
    """Images of lengths `size` with each element of x added to all of its window: the adjoint of `sum_pooling`."""
    return kernels.unpooling(x, size=size, divide=divide, **way)


def _lengths(spec: Spec) -> Sizes:
    return tuple(spec.shape[2:])


max_pooling.vjps(
    x=lambda g, out, x_spec, way: put_in_windows(g[0], as_array(out[1]), size=_lengths(x_spec), way=way),
)
take_in_windows.vjps(
    x=lambda g, x_spec, indices, way: put_in_windows(g, indices, size=_lengths(x_spec), way=way),
)
put_in_windows.vjps(x=lambda g, indices, way: take_in_windows(g, indices, way=way))
sum_pooling.vjps(
    x=lambda g, x_spec, way, divide: spread_windows(g, size=_lengths(x_spec), way=way, divide=divide),
)
spread_windows.vjps(
    x=lambda g, x_spec, way, divide: sum_pooling(g, size=_lengths(x_spec), way=way, divide=divide),
)


# ---------------------------------------------------------------------------------------------------------- checks


def _way(function: str, n: int, x: Any, ksize: Any, stride: Any, pad: Any) -> dict[str, Sizes]:
    check_images(function, x, n)
    k = sizes(function, "ksize", ksize, n)
    return {
        "ksize": k,
        "stride": k if stride is None else sizes(function, "stride", stride, n),
        "pad": sizes(function, "pad", pad, n, 0),
    }


def _check_inside(function: str, x: Array, way: dict[str, Sizes], size: Sizes) -> None:
    """Raise unless each window has an element of the image."""
    for length, k, s, p, m in zip(x.shape[2:], way["ksize"], way["stride"], way["pad"], size, strict=True):
        if p >= k or (m - 1) * s - p >= length:
            fix = "give less pad than ksize" if p >= k else "give cover_all=False, less pad or a smaller stride"
            raise ValueError(
                f"{function}: a window of {k} elements at stride {s} and pad {p} lies outside of an axis of length {length} "
                f"({describe('x', [x])}); {fix}"
            )


def _axes(function: str, x: Any) -> int:
    check_arrays(function, x=x)
    if x.ndim < 3:
        raise ValueError(
            f"{function}: x has {x.ndim} axes, expected at least 3, (n, channels, *lengths) ({describe('x', [x])}); reshape x"
        )
    return int(x.ndim) - 2


def _max_pool(
    function: str, n: int, x: Any, ksize: Any, stride: Any, pad: Any, cover_all: bool, return_indices: bool
) -> Any:
    way = _way(function, n, x, ksize, stride, pad)
    size = counts(function, x, way["ksize"], way["stride"], way["pad"], (1,) * n, cover_all)
    _check_inside(function, x, way, size)
    y, indices = max_pooling(x, size=size, way=way)
    return (y, as_array(indices)) if return_indices else y


def _average_pool(function: str, n: int, x: Any, ksize: Any, stride: Any, pad: Any, pad_value: float | None) -> Any:
    if pad_value is not None and pad_value != 0:
        raise ValueError(
            f"{function}: pad_value is {pad_value!r}; expected 0, or None for means of the elements inside of the image"
        )
    way = _way(function, n, x, ksize, stride, pad)
    size = counts(function, x, way["ksize"], way["stride"], way["pad"], (1,) * n)
    if pad_value is None:
        _check_inside(function, x, way, size)
    return sum_pooling(x, size=size, way=way, divide="inside" if pad_value is None else "window")


def _unpool(
    function: str, n: int, x: Any, ksize: Any, stride: Any, pad: Any, outsize: Any, cover_all: bool
) -> tuple[Sizes, dict[str, Sizes]]:
    """The lengths of the images whose windows x has, and the windows."""
    way = _way(function, n, x, ksize, stride, pad)
    size = lengths_back(function, x, way["ksize"], way["stride"], way["pad"], (1,) * n, outsize, cover_all)
    return size, way


# ----------------------------------------------------------------------------------------------------- max pooling


def max_pooling_2d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    """The greatest element of each window; elements outside of the image do not count. Of equal ones the first gets the gradient.

    Args:
        x: images, `(n, channels, height, width)`.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window; ksize unless given.
        pad: elements before and after the image that windows may cover.
        cover_all: a last window that reaches beyond the image covers what is left at its end.
        return_indices: return the pair of the result and, as int32, which of its window's elements, counted through, each one is.

    Returns:
        `(n, channels, out_height, out_width)`: (length + 2 pad - ksize) / stride + 1 windows along an axis, rounded up with cover_all,
        else down.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes, a number is below its least, no window fits, or one lies outside of the image.

    Example:
        >>> import numpy as np
        >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
        >>> max_pooling_2d(x, 2).tolist()
        [[[[4.0, 5.0], [7.0, 8.0]]]]
        >>> max_pooling_2d(x, 2, cover_all=False).tolist()
        [[[[4.0]]]]
    """
    return _max_pool("max_pooling_2d", 2, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_nd(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    """`max_pooling_2d` over as many axes as `(n, channels, *lengths)` has after the channels.

    Example:
        >>> import numpy as np
        >>> max_pooling_nd(np.ones((1, 2, 4, 5, 6)), 2).shape
        (1, 2, 2, 3, 3)
    """
    n = _axes("max_pooling_nd", x)
    return _max_pool("max_pooling_nd", n, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_1d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    """`max_pooling_2d` over the one axis of `(n, channels, length)`.

    Example:
        >>> import numpy as np
        >>> max_pooling_1d(np.array([[[1.0, 3.0, 2.0]]]), 2).tolist()
        [[[3.0, 2.0]]]
    """
    return _max_pool("max_pooling_1d", 1, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_3d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    """`max_pooling_2d` over the three axes of `(n, channels, depth, height, width)`.

    Example:
        >>> import numpy as np
        >>> max_pooling_3d(np.ones((1, 2, 4, 4, 4)), 2).shape
        (1, 2, 2, 2, 2)
    """
    return _max_pool("max_pooling_3d", 3, x, ksize, stride, pad, cover_all, return_indices)


# ------------------------------------------------------------------------------------------------- average pooling


def average_pooling_2d(x: Array, ksize: Size, stride: Size | None = None, pad: Size = 0) -> Array:
    """The mean of each window's elements, those outside of the image counted as 0.

    Args:
        x: images, `(n, channels, height, width)`.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window; ksize unless given.
        pad: zeros on each end of an axis.

    Returns:
        `(n, channels, out_height, out_width)`: (length + 2 pad - ksize) // stride + 1 windows along an axis.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes, a number is below its least, or no window fits into the image.

    Example:
        >>> import numpy as np
        >>> average_pooling_2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
        [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return _average_pool("average_pooling_2d", 2, x, ksize, stride, pad, 0)


def average_pooling_nd(
    x: Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Array:
    """`average_pooling_2d` over as many axes as `(n, channels, *lengths)` has after the channels.

    With pad_value=None a mean is that of the elements inside of the image alone.

    Example:
        >>> import numpy as np
        >>> average_pooling_nd(np.ones((1, 1, 4)), 2, pad=1).tolist()
        [[[0.5, 1.0, 0.5]]]
        >>> average_pooling_nd(np.ones((1, 1, 4)), 2, pad=1, pad_value=None).tolist()
        [[[1.0, 1.0, 1.0]]]
    """
    return _average_pool("average_pooling_nd", _axes("average_pooling_nd", x), x, ksize, stride, pad, pad_value)


def average_pooling_1d(
    x: Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Array:
    """`average_pooling_nd` over the one axis of `(n, channels, length)`.

    Example:
        >>> import numpy as np
        >>> average_pooling_1d(np.array([[[1.0, 3.0, 2.0, 4.0]]]), 2).tolist()
        [[[2.0, 3.0]]]
    """
    return _average_pool("average_pooling_1d", 1, x, ksize, stride, pad, pad_value)


def average_pooling_3d(
    x: Array, ksize: Size, stride: Size | None = None, pad: Size = 0, pad_value: float | None = 0
) -> Array:
    """`average_pooling_nd` over the three axes of `(n, channels, depth, height, width)`.

    Example:
        >>> import numpy as np
        >>> average_pooling_3d(np.ones((1, 2, 4, 4, 4)), 2).shape
        (1, 2, 2, 2, 2)
    """
    return _average_pool("average_pooling_3d", 3, x, ksize, stride, pad, pad_value)


# ------------------------------------------------------------------------------------------------------- unpooling


def unpooling_2d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Array:
    """Each element of x added to all elements of its window of the result: what lay under several windows is their sum.

    Args:
        x: images, `(n, channels, height, width)`.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window; ksize unless given.
        pad: elements cut off from each end of the result.
        outsize: lengths of the result; the least with x's number of windows unless given.
        cover_all: the windows are counted as `max_pooling_2d` does, so that the last one may reach beyond the result.

    Returns:
        `(n, channels, out_height, out_width)`.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes, a number is below its least, or images of `outsize` have other windows.

    Example:
        >>> import numpy as np
        >>> unpooling_2d(np.array([[[[1.0, 2.0]]]]), 2, cover_all=False).tolist()
        [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """
    size, way = _unpool("unpooling_2d", 2, x, ksize, stride, pad, outsize, cover_all)
    return spread_windows(x, size=size, way=way, divide="none")


def unpooling_nd(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Array:
    """`unpooling_2d` over as many axes as `(n, channels, *lengths)` has after the channels.

    Example:
        >>> import numpy as np
        >>> unpooling_nd(np.ones((1, 2, 3, 3, 3)), 2).shape
        (1, 2, 5, 5, 5)
    """
    size, way = _unpool("unpooling_nd", _axes("unpooling_nd", x), x, ksize, stride, pad, outsize, cover_all)
    return spread_windows(x, size=size, way=way, divide="none")


def unpooling_1d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Array:
    """`unpooling_2d` over the one axis of `(n, channels, length)`.

    Example:
        >>> import numpy as np
        >>> unpooling_1d(np.array([[[1.0, 2.0]]]), 2).tolist()
        [[[1.0, 1.0, 2.0]]]
    """
    size, way = _unpool("unpooling_1d", 1, x, ksize, stride, pad, outsize, cover_all)
    return spread_windows(x, size=size, way=way, divide="none")


def unpooling_3d(
    x: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Array:
    """`unpooling_2d` over the three axes of `(n, channels, depth, height, width)`.

    Example:
        >>> import numpy as np
        >>> unpooling_3d(np.ones((1, 1, 2, 2, 2)), 2, outsize=4).shape
        (1, 1, 4, 4, 4)
    """
    size, way = _unpool("unpooling_3d", 3, x, ksize, stride, pad, outsize, cover_all)
    return spread_windows(x, size=size, way=way, divide="none")


def upsampling_2d(
    x: Array,
    indexes: Array,
    ksize: Size,
    stride: Size | None = None,
    pad: Size = 0,
    outsize: Size | None = None,
    cover_all: bool = True,
) -> Array:
    """The way back of `max_pooling_2d`: each element of x where the greatest of its window was, 0 elsewhere.

    Args:
        x: images, `(n, channels, height, width)`.
        indexes: integers of the same shape, what `max_pooling_2d` returns with return_indices=True.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window; ksize unless given.
        pad: elements cut off from each end of the result.
        outsize: lengths of the result; the least with x's number of windows unless given.
        cover_all: the windows are counted as `max_pooling_2d` does.

    Returns:
        `(n, channels, out_height, out_width)`.

    Raises:
        TypeError: x or indexes is no array, or indexes are no integers.
        ValueError: the shapes do not fit together.

    Source: V. Badrinarayanan et al., SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation, 2015.

    Example:
        >>> import numpy as np
        >>> y, indexes = max_pooling_2d(np.array([[[[1.0, 5.0], [3.0, 2.0]]]]), 2, return_indices=True)
        >>> upsampling_2d(y, indexes, 2, outsize=2).tolist()
        [[[[0.0, 5.0], [0.0, 0.0]]]]
    """
    check_arrays("upsampling_2d", x=x, indexes=indexes)
    if tuple(indexes.shape) != tuple(x.shape):
        raise ValueError(
            f"upsampling_2d: indexes have shape {tuple(indexes.shape)}, expected {tuple(x.shape)} "
            f"({describe(['x', 'indexes'], [x, indexes])}); give what max_pooling_2d(..., return_indices=True) returned"
        )
    size, way = _unpool("upsampling_2d", 2, x, ksize, stride, pad, outsize, cover_all)
    return put_in_windows(x, as_array(indexes), size=size, way=way)


# --------------------------------------------------------------------------------------------------------- pyramid


def spatial_pyramid_pooling_2d(x: Array, pyramid_height: int, pooling: str | None = None) -> Array:
    """The maxima of 1, 4, 16, ... parts of each image, as many features for an image of any size.

    Level i cuts an axis of length n into 2^i windows of k = ceil(n / 2^i) elements, with a pad of (2^i k - n) // 2.

    Args:
        x: images, `(n, channels, height, width)`.
        pyramid_height: number of levels.
        pooling: "max", or None for the same.

    Returns:
        `(n, channels (4^pyramid_height - 1) / 3, 1, 1)`.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes, the images are too small for the levels, or `pooling` is unknown.

    Source: K. He et al., Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition, ECCV 2014.

    Example:
        >>> import numpy as np
        >>> spatial_pyramid_pooling_2d(np.ones((5, 2, 9, 13)), 3).shape
        (5, 42, 1, 1)
    """
    name = "spatial_pyramid_pooling_2d"
    check_images(name, x, 2)
    if pooling not in (None, "max"):
        raise ValueError(f"{name}: pooling is {pooling!r}; expected 'max'")
    if type(pyramid_height) is not int or pyramid_height < 1:
        raise ValueError(f"{name}: pyramid_height is {pyramid_height!r}; expected an integer from 1")
    levels = []
    for bins in (2**i for i in range(pyramid_height)):
        ksize = tuple(math.ceil(n / bins) for n in x.shape[2:])
        pad = tuple((bins * k - n) // 2 for n, k in zip(x.shape[2:], ksize, strict=True))
        way = {"ksize": ksize, "stride": ksize, "pad": pad}
        if any(p >= k or n + p <= (bins - 1) * k for n, k, p in zip(x.shape[2:], ksize, pad, strict=True)):
            raise ValueError(
                f"{name}: images of {tuple(x.shape[2:])} do not fill {bins} x {bins} windows of {ksize} ({describe('x', [x])}); "
                "give fewer levels or larger images"
            )
        y, _ = max_pooling(x, size=(bins, bins), way=way)
        levels.append(F.reshape(y, shape=(x.shape[0], x.shape[1] * bins * bins, 1, 1)))
    return F.concat(levels, axis=1)
