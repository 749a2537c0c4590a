"""Images `(n, c, h, w)`: blocks of depth, windows in columns, other sizes, sampling at points.

M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, Spatial Transformer Networks, 2015, https://arxiv.org/abs/1506.02025.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import arithmetic, products, selection, shape
from catena.autograd.ops.scatter import gather, placed
from xparray import Array
from xparray.kernels import window


def _check_images(function: str, name: str, x: Array) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"{function}: {name} has shape {tuple(x.shape)}; expected images (n, c, h, w); add an axis with expand_dims"
        )


# ---------------------------------------------------------------------------------------------------------------- depth and space


def depth2space(X: Array, r: int) -> Array:
    """Channels turned into blocks of r x r pixels: `(n, r r c, h, w)` gives `(n, c, h r, w r)`, channels counted (row, column, c).

    W. Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network,
    2016, https://arxiv.org/abs/1609.05158.

    Raises:
        ValueError: X is no batch of images, or its channels are no multiple of r r.

    Example:
        >>> depth2space(np.arange(4.0).reshape(1, 4, 1, 1), 2).tolist()
        [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    _check_images("depth2space", "X", X)
    n, c, h, w = X.shape
    if r < 1 or c % (r * r):
        raise ValueError(
            f"depth2space: X has {c} channels and r is {r}; expected a multiple of r r = {r * r} (X: {tuple(X.shape)})"
        )
    blocks = shape.reshape(X, shape=(n, r, r, c // (r * r), h, w))
    return shape.reshape(shape.transpose(blocks, axes=(0, 3, 4, 1, 5, 2)), shape=(n, c // (r * r), h * r, w * r))


def space2depth(X: Array, r: int) -> Array:
    """Blocks of r x r pixels turned into channels: `(n, c, h r, w r)` gives `(n, r r c, h, w)`; the inverse of `depth2space`.

    Raises:
        ValueError: X is no batch of images, or its height or width is no multiple of r.

    Example:
        >>> space2depth(np.arange(4.0).reshape(1, 1, 2, 2), 2)[0, :, 0, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    _check_images("space2depth", "X", X)
    n, c, h, w = X.shape
    if r < 1 or h % r or w % r:
        raise ValueError(
            f"space2depth: X has shape {tuple(X.shape)} and r is {r}; expected a height and a width that are multiples of it"
        )
    blocks = shape.reshape(X, shape=(n, c, h // r, r, w // r, r))
    return shape.reshape(shape.transpose(blocks, axes=(0, 3, 5, 1, 2, 4)), shape=(n, r * r * c, h // r, w // r))


# ------------------------------------------------------------------------------------------------------------------------ windows

Pair = int | tuple[int, int]
Sizes = tuple[int, ...]


@op
def unfolded(x: Array, *, ksize: Sizes, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Array:
    """The elements of windows: `(n, c, *lengths)` gives `(n, c, *ksize, *size)`."""
    return window.im2col(x, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)


@op
def folded(col: Array, *, stride: Sizes, pad: Sizes, dilate: Sizes, size: Sizes) -> Array:
    """The sums of what windows have for each pixel of images of lengths `size`: what undoes `unfolded`."""
    return window.col2im(col, stride=stride, pad=pad, dilate=dilate, size=size)


def _unfolded_x(g: Array, x_spec: Spec, stride: Sizes, pad: Sizes, dilate: Sizes) -> Array:
    return folded(g, stride=stride, pad=pad, dilate=dilate, size=x_spec.shape[2:])


def _folded_col(g: Array, col_spec: Spec, stride: Sizes, pad: Sizes, dilate: Sizes) -> Array:
    n = len(stride)
    ksize, size = col_spec.shape[2 : 2 + n], col_spec.shape[2 + n :]
    return unfolded(g, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)


unfolded.name = "im2col"  # what errors and graphs call it
unfolded.vjps(x=_unfolded_x)
folded.vjps(col=_folded_col)


def im2col(x: Array, ksize: Pair, stride: Pair = 1, pad: Pair = 0, cover_all: bool = False, dilate: Pair = 1) -> Array:
    """The elements of each window of images as channels: `(n, c, h, w)` gives `(n, c kh kw, oh, ow)`.

    Args:
        x: images.
        ksize: height and width of a window, or one number for both, as below.
        stride: from window to window.
        pad: zeros on both ends of each axis.
        cover_all: a last window that reaches beyond the image covers what is left at its end.
        dilate: from one element of a window to the next.

    Raises:
        ValueError: x is no batch of images, or smaller than a window.

    Example:
        >>> im2col(np.arange(4.0).reshape(1, 1, 2, 2), 2)[0, :, 0, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    _check_images("im2col", "x", x)
    ksize, stride, pad, dilate = map(_pair, (ksize, stride, pad, dilate))
    each = zip(x.shape[2:], ksize, stride, pad, dilate, strict=True)
    size = tuple(window.count_windows(n, k, s, p, dilate=d, cover_all=cover_all) for n, k, s, p, d in each)
    if min(size) < 1:
        raise ValueError(
            f"im2col: no window fits: x has shape {tuple(x.shape)}, ksize is {ksize}, pad {pad}, dilate {dilate}; "
            "expected images at least as large as a window; give a smaller ksize or more pad"
        )
    col = unfolded(x, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)
    return shape.reshape(col, shape=(x.shape[0], x.shape[1] * ksize[0] * ksize[1], *size))


def _pair(n: Pair) -> tuple[int, int]:
    return (n, n) if isinstance(n, int) else n


# ------------------------------------------------------------------------------------------------------------------------- sizes


def resize_images(
    x: Array,
    output_shape: tuple[int, int],
    *,
    mode: Literal["bilinear", "nearest"] = "bilinear",
    align_corners: bool = True,
) -> Array:
    """Images of another size: `(n, c, h, w)` gives `(n, c, *output_shape)`.

    Args:
        x: images.
        output_shape: the new height and width.
        mode: "bilinear" interpolates between the four nearest pixels, "nearest" takes one.
        align_corners: the centres of the pixels in the corners stay in the corners; False scales the pixels' areas, as OpenCV does.

    Raises:
        ValueError: x is no batch of images, a length is 0, or the mode is another one.

    Example:
        >>> resize_images(np.array([[[[0.0, 1.0]]]]), (1, 3)).tolist()
        [[[[0.0, 0.5, 1.0]]]]
    """
    _check_images("resize_images", "x", x)
    if len(output_shape) != 2 or min(*output_shape, *x.shape[2:]) < 1:
        raise ValueError(
            f"resize_images: output_shape is {output_shape} and x has shape {tuple(x.shape)}; expected two lengths, all of them 1 or more"
        )
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f"resize_images: mode is {mode!r}; expected 'bilinear' or 'nearest'")
    for axis, m in zip((2, 3), output_shape, strict=True):
        n = x.shape[axis]
        if mode == "nearest":
            # Halves are rounded to the even one.
            places = np.rint(_corners(n, m)) if align_corners else np.floor(np.arange(m) * (n / m))
            x = gather(x, placed(places.astype(np.int64), x), axis=axis)
        else:
            places = _corners(n, m) if align_corners else np.clip((np.arange(m) + 0.5) * (n / m) - 0.5, 0, n - 1)
            x = _interpolated(x, axis, places)
    return x


def _corners(n: int, m: int) -> np.ndarray[Any, Any]:
    """m places from the first to the last of n elements."""
    return np.linspace(0, n - 1, m)


def _interpolated(x: Array, axis: int, places: np.ndarray[Any, Any]) -> Array:
    """x at `places` between its elements along `axis`."""
    before = np.floor(places).astype(np.int64)
    behind = np.minimum(before + 1, x.shape[axis] - 1)
    share = (places - before).reshape(-1, *(1,) * (x.ndim - axis - 1))
    w = xp.asarray(share, dtype=x.dtype, device=xp.device_of(x))
    low = gather(x, placed(before, x), axis=axis)
    return low + (gather(x, placed(behind, x), axis=axis) - low) * w


# ------------------------------------------------------------------------------------------------------------ spatial transformer


def spatial_transformer_grid(theta: Array, output_shape: tuple[int, int], **kwargs: Any) -> Array:
    """The points that an affine map sends the pixels of an image of `output_shape` to: theta `(n, 2, 3)` gives `(n, 2, h, w)`.

    A pixel stands at (x, y, 1), x and y from -1 to 1 from the left to the right and from the top to the bottom; its point is theta times
    that, x before y. Equation 1 of the paper above.

    Raises:
        ValueError: theta has another shape.
        TypeError: another argument; `use_cudnn=` was Chainer's of old.

    Example:
        >>> spatial_transformer_grid(np.array([[[1.0, 0, 0], [0, 1, 0]]]), (1, 2)).tolist()
        [[[[-1.0, 1.0]], [[-1.0, -1.0]]]]
    """
    _refuse("spatial_transformer_grid", kwargs)
    if tuple(theta.shape[1:]) != (2, 3):
        raise ValueError(
            f"spatial_transformer_grid: theta has shape {tuple(theta.shape)}; expected (n, 2, 3), an affine map an image"
        )
    h, w = output_shape
    ys, xs = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    coordinates = np.stack([xs.reshape(-1), ys.reshape(-1), np.ones(h * w)])
    points = products.matmul(theta, xp.asarray(coordinates, dtype=theta.dtype, device=xp.device_of(theta)))
    return shape.reshape(points, shape=(theta.shape[0], 2, h, w))


def spatial_transformer_sampler(x: Array, grid: Array, **kwargs: Any) -> Array:
    """Images sampled at points, interpolated between the four pixels around each; outside of the image there are zeros.

    Args:
        x: images `(n, c, h, w)`.
        grid: points `(n, 2, oh, ow)`, x before y, from -1 to 1 between the centres of the first and the last pixels of an axis.

    Returns:
        `(n, c, oh, ow)`, equation 5 of the paper above, differentiable in images and points.

    Raises:
        ValueError: a shape is another.
        TypeError: another argument; `use_cudnn=` was Chainer's of old.

    Example:
        >>> x = np.array([[[[1.0, 3.0]]]])
        >>> spatial_transformer_sampler(x, np.zeros((1, 2, 1, 1))).tolist()
        [[[[2.0]]]]
    """
    _refuse("spatial_transformer_sampler", kwargs)
    _check_images("spatial_transformer_sampler", "x", x)
    if grid.ndim != 4 or grid.shape[1] != 2 or grid.shape[0] != x.shape[0]:
        raise ValueError(
            f"spatial_transformer_sampler: grid has shape {tuple(grid.shape)}, x {tuple(x.shape)}; "
            f"expected a grid of shape ({x.shape[0]}, 2, oh, ow)"
        )
    n, c, h, w = x.shape
    pixels = shape.reshape(shape.transpose(x, axes=(0, 2, 3, 1)), shape=(n * h * w, c))
    first = xp.reshape(xp.arange(n, device=xp.device_of(x)) * (h * w), (n, 1, 1))
    columns, rows = (_neighbours(grid[:, i, ...], length) for i, length in ((0, w), (1, h)))
    y = None
    for row, row_weight in rows:
        for column, column_weight in columns:
            found = gather(pixels, first + row * w + column)  # (n, oh, ow, c)
            part = arithmetic.multiply(found, shape.expand_dims(row_weight * column_weight, axis=-1))
            y = part if y is None else arithmetic.add(y, part)
    return shape.transpose(y, axes=(0, 3, 1, 2))


def _neighbours(points: Array, length: int) -> list[tuple[Array, Array]]:
    """The pixels on both sides of points along an axis, and how much of each is in the point; nothing of one that is outside."""
    places = (points + 1) * ((length - 1) / 2)
    values = as_array(places)
    low = xp.floor(values)
    found = []
    for at, weight in ((low, 1 - (places - low)), (low + 1, places - low)):
        inside = xp.logical_and(xp.greater_equal(at, 0), xp.less(at, length))
        index = xp.astype(xp.where(inside, at, xp.zeros_like(at)), "int64")
        found.append((index, selection.where(inside, weight, 0.0)))
    return found


def _refuse(function: str, keywords: dict[str, Any]) -> None:
    if keywords:
        raise TypeError(
            f"{function}: got an unknown argument {next(iter(keywords))!r}; leave it out, there is one implementation"
        )
