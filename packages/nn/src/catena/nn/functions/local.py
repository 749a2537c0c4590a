"""Windows without weights in common, and windows that move where the data says: relatives of the convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.nn.functions._checks import check_arrays
from catena.nn.functions._windows import Size, check_images, counts, sizes
from catena.nn.functions.embedding import rows
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import window as kernels
from xparray.kernels.window import Sizes


@op
def columns(x: Array, *, ksize: Sizes, size: Sizes, way: dict[str, Sizes]) -> Array:
    """The elements of each window of `(n, c, *lengths)`: `(n, c, *ksize, *size)`; `way` is stride, pad and dilate."""
    return kernels.im2col(x, ksize=ksize, size=size, **way)


@op
def columns_summed(x: Array, *, size: Sizes, way: dict[str, Sizes]) -> Array:
    """Images of lengths `size`, each element the sum of what x, `(n, c, *ksize, *counts)`, has for it: the adjoint of `columns`."""
    return kernels.col2im(x, size=size, **way)


columns.vjps(x=lambda g, x_spec, way: columns_summed(g, size=tuple(x_spec.shape[2:]), way=way))
columns_summed.vjps(
    x=lambda g, x_spec, size, way: columns(
        g, ksize=tuple(x_spec.shape[2 : 2 + len(size)]), size=tuple(x_spec.shape[2 + len(size) :]), way=way
    )
)


def local_convolution_2d(x: Array, W: Array, b: Array | None = None, stride: Size = 1) -> Array:
    """A convolution whose every place has weights of its own: y[n, o, i, j] = b[o, i, j] + the sum of W[o, i, j] x[n, window i, j].

    Args:
        x: images, `(n, n_in, height, width)`.
        W: weights, `(n_out, out_height, out_width, n_in, kh, kw)`.
        b: biases, `(n_out, out_height, out_width)`, or None.
        stride: from window to window; one number, or one for each axis.

    Returns:
        `(n, n_out, out_height, out_width)`, where an axis has (length - ksize) // stride + 1 windows.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: the shapes do not fit together.

    Source: Y. Taigman et al., DeepFace: Closing the Gap to Human-Level Performance in Face Verification, CVPR 2014.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((2, 3, 5, 4)), np.ones((6, 3, 2, 3, 3, 3))
        >>> local_convolution_2d(x, W).shape
        (2, 6, 3, 2)
    """
    name = "local_convolution_2d"
    check_arrays(name, x=x, W=W, **({} if b is None else {"b": b}))
    check_images(name, x, 2)
    listed = describe(["x", "W", "b"], [x, W, b])
    if W.ndim != 6:
        raise ValueError(
            f"{name}: W has {W.ndim} axes, expected 6, (n_out, out_height, out_width, n_in, kh, kw) ({listed}); reshape W"
        )
    ksize, strides = tuple(W.shape[4:]), sizes(name, "stride", stride, 2)
    size = counts(name, x, ksize, strides, (0, 0), (1, 1))
    expected = (W.shape[0], *size, x.shape[1], *ksize)
    if tuple(W.shape) != expected:
        raise ValueError(f"{name}: W has shape {tuple(W.shape)}, expected {expected} ({listed}); make W of that shape")
    if b is not None and tuple(b.shape) != expected[:3]:
        raise ValueError(
            f"{name}: b has shape {tuple(b.shape)}, expected {expected[:3]} ({listed}); make b of that shape"
        )
    n, n_out, places = x.shape[0], W.shape[0], size[0] * size[1]
    terms = x.shape[1] * ksize[0] * ksize[1]
    col = columns(x, ksize=ksize, size=size, way={"stride": strides, "pad": (0, 0), "dilate": (1, 1)})
    # A product of matrices for each place: (n, terms) by (terms, n_out).
    col = F.transpose(F.reshape(col, shape=(n, terms, places)), axes=(2, 0, 1))
    weights = F.transpose(F.reshape(W, shape=(n_out, places, terms)), axes=(1, 2, 0))
    y = F.reshape(F.transpose(F.matmul(col, weights), axes=(1, 2, 0)), shape=(n, n_out, *size))
    return y if b is None else F.add(y, b)


def shift(x: Array, ksize: Size = 3, dilate: Size = 1) -> Array:
    """Each group of channels moved in a direction of its own, zeros in from the edge: a convolution that needs no weights.

    The channels are cut into kh kw groups of equal size, the last with what is left over. Group g is moved by the g-th place of the
    window: by ky dilate down and kx dilate to the right, ky from -(kh // 2) up and kx from -(kw // 2) up; the last group changes places
    with the middle one, so that it stays.

    Args:
        x: images, `(n, channels, height, width)`, with kh kw channels at least.
        ksize: lengths of the window, odd; one number, or one for each axis.
        dilate: from element to element of the window.

    Returns:
        Images of the same shape.

    Raises:
        TypeError: x is no array.
        ValueError: x has another number of axes or too few channels, or a length is even.

    Source: B. Wu et al., Shift: A Zero FLOP, Zero Parameter Alternative to Spatial Convolutions, CVPR 2018.

    Example:
        >>> import numpy as np
        >>> x = np.arange(9.0).reshape(1, 1, 3, 3).repeat(9, axis=1)
        >>> shift(x)[0, 0].tolist()
        [[4.0, 5.0, 0.0], [7.0, 8.0, 0.0], [0.0, 0.0, 0.0]]
    """
    check_images("shift", x, 2)
    (kh, kw), (dy, dx) = sizes("shift", "ksize", ksize, 2), sizes("shift", "dilate", dilate, 2)
    listed = describe("x", [x])
    if not (kh % 2 and kw % 2):
        raise ValueError(f"shift: ksize is {ksize!r}; expected odd lengths, so that the window has a middle")
    groups = kh * kw
    if x.shape[1] < groups:
        raise ValueError(
            f"shift: x has {x.shape[1]} channels, a window of {kh} x {kw} needs at least {groups} ({listed}); "
            "give more channels or a smaller window"
        )
    height, width = x.shape[2:]
    top, left, middle = kh // 2 * dy, kw // 2 * dx, (groups - 1) // 2
    # Images with room around them: a window of one element over padded ones.
    around = columns(
        x,
        ksize=(1, 1),
        size=(height + 2 * top, width + 2 * left),
        way={"stride": (1, 1), "pad": (top, left), "dilate": (1, 1)},
    )
    around = F.reshape(around, shape=(*x.shape[:2], height + 2 * top, width + 2 * left))
    each = x.shape[1] // groups
    parts = []
    for i in range(groups):
        place = {middle: groups - 1, groups - 1: middle}.get(i, i)
        y = top - (place // kw - kh // 2) * dy
        z = left - (place % kw - kw // 2) * dx
        channels = slice(i * each, (i + 1) * each if i < groups - 1 else x.shape[1])
        parts.append(F.getitem(around, key=(slice(None), channels, slice(y, y + height), slice(z, z + width))))
    return F.concat(parts, axis=1)


def deformable_convolution_2d_sampler(
    x: Array, offset: Array, W: Array, b: Array | None = None, stride: Size = 1, pad: Size = 0
) -> Array:
    """A convolution whose windows' elements are moved, each by an offset of its own, and read between pixels by bilinear interpolation.

    Element k of window (i, j) is x at the row `i stride - pad + k // kw + offset[n, kh kw + k, i, j]` and the column `j stride - pad +
    k % kw + offset[n, k, i, j]`; what is outside of the image is 0.

    Args:
        x: images, `(n, n_in, height, width)`.
        offset: `(n, 2 kh kw, out_height, out_width)`: the horizontal ones of the window's elements, then the vertical ones, in pixels.
        W: weights, `(n_out, n_in, kh, kw)`.
        b: biases, `(n_out,)`, or None.
        stride: from window to window; one number, or one for each axis.
        pad: zeros on each end of an axis.

    Returns:
        `(n, n_out, out_height, out_width)`.

    Raises:
        TypeError: an argument is no array.
        ValueError: the shapes do not fit together.

    Source: J. Dai et al., Deformable Convolutional Networks, ICCV 2017.

    Example:
        >>> import numpy as np
        >>> x, W = np.arange(16.0).reshape(1, 1, 4, 4), np.ones((1, 1, 1, 1))
        >>> offset = np.full((1, 2, 4, 4), 0.5)
        >>> deformable_convolution_2d_sampler(x, offset, W)[0, 0, 0].tolist()
        [2.5, 3.5, 4.5, 2.5]
    """
    name = "deformable_convolution_2d_sampler"
    check_arrays(name, x=x, offset=offset, W=W, **({} if b is None else {"b": b}))
    check_images(name, x, 2)
    listed = describe(["x", "offset", "W", "b"], [x, offset, W, b])
    if W.ndim != 4 or W.shape[1] != x.shape[1]:
        raise ValueError(
            f"{name}: W has shape {tuple(W.shape)}, expected (n_out, {x.shape[1]}, kh, kw) ({listed}); make W of that shape"
        )
    if b is not None and tuple(b.shape) != (W.shape[0],):
        raise ValueError(
            f"{name}: b has shape {tuple(b.shape)}, expected ({W.shape[0]},) ({listed}); make b of that shape"
        )
    n, n_in, height, width = x.shape
    n_out, _, kh, kw = W.shape
    taps = kh * kw
    (sy, sx), (py, px) = sizes(name, "stride", stride, 2), sizes(name, "pad", pad, 2, 0)
    oh, ow = counts(name, x, (kh, kw), (sy, sx), (py, px), (1, 1))
    if tuple(offset.shape) != (n, 2 * taps, oh, ow):
        raise ValueError(
            f"{name}: offset has shape {tuple(offset.shape)}, expected {(n, 2 * taps, oh, ow)}, two for each element of each window "
            f"({listed}); compute it by a convolution of x with the same ksize, stride and pad"
        )
    still_y = (np.arange(oh) * sy - py)[:, None] + (np.arange(taps) // kw)[:, None, None]
    still_x = (np.arange(ow) * sx - px) + (np.arange(taps) % kw)[:, None, None]
    across = F.add(F.getitem(offset, key=(slice(None), slice(0, taps), ...)), _beside(still_x, offset))
    down = F.add(F.getitem(offset, key=(slice(None), slice(taps, 2 * taps), ...)), _beside(still_y, offset))
    # Pixels as rows of all channels, and for each place the four around it, each weighted by how near it is.
    pixels = F.reshape(F.transpose(x, axes=(0, 2, 3, 1)), shape=(n * height * width, n_in))
    ys, xs = _neighbours(down, height), _neighbours(across, width)
    of_image = xp.reshape(xp.arange(n, device=xp.device_of(as_array(x))) * (height * width), (n, 1, 1, 1))
    col: Any = None
    for row, of_row in ys:
        for column, of_column in xs:
            number = xp.where((row >= 0) & (column >= 0), of_image + row * width + column, -1)
            weight = F.expand_dims(F.multiply(of_row, of_column), axis=-1)
            part = F.multiply(rows(number, pixels, ignore_label=-1), weight)
            col = part if col is None else F.add(col, part)
    col = F.reshape(F.transpose(col, axes=(0, 2, 3, 1, 4)), shape=(n * oh * ow, taps * n_in))
    weights = F.reshape(F.transpose(W, axes=(2, 3, 1, 0)), shape=(taps * n_in, n_out))
    y = F.matmul(col, weights)
    y = y if b is None else F.add(y, b)
    return F.transpose(F.reshape(y, shape=(n, oh, ow, n_out)), axes=(0, 3, 1, 2))


def _beside(numbers: Any, x: Array) -> Array:
    """Numbers of the host as an array of the dtype and on the device of x."""
    array = as_array(x)
    return xp.asarray(numbers, dtype=array.dtype, device=xp.device_of(array))


def _neighbours(at: Any, length: int) -> list[tuple[Array, Any]]:
    """The elements before and behind each place on an axis, -1 for those outside, and their weights."""
    place = as_array(at)
    before = xp.floor(place)
    behind = F.subtract(at, before)
    found = []
    for step, weight in ((0, F.subtract(1.0, behind)), (1, behind)):
        element = before + step
        inside = (element >= 0) & (element < length)
        found.append((xp.astype(xp.where(inside, element, -1.0), "int64"), weight))
    return found
