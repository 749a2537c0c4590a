"""Convolutions, and their transposes, over images with any number of axes.

Windows slide over the last axes of images: along an axis of length n, window i begins at element `i stride - pad`, and its
element k lies at `i stride - pad + k dilate`; elements outside of the image are 0. There are
(n + 2 pad - (ksize - 1) dilate - 1) // stride + 1 windows, and with `cover_all` one more where elements are left at the end.

Formulas: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016.
"""

from __future__ import annotations

from typing import Any

from catena.autograd import functions as F
from catena.autograd import op
from catena.autograd._op import Spec
from catena.nn.functions._checks import check_arrays
from catena.nn.functions._windows import Size, check_images, counts, lengths_back, sizes
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import convolution as kernels
from xparray.kernels.window import Sizes

# ------------------------------------------------------------------------------------------------------------- ops
#
# The convolution and its two gradients are linear in each of their inputs, and each one's gradients are the two others: so there
# are gradients of every order. `way` is stride, pad, dilate and groups, as the kernels take them.


@op
def convolution(x: Array, W: Array, b: Array | None = None, *, size: Sizes, way: dict[str, Any]) -> Array:
    """The convolution of `(n, n_in, *lengths)` with W, `(n_out, n_in / groups, *ksize)`, and b, `(n_out,)`: `(n, n_out, *size)`."""
    return kernels.convolution(x, W, b, size=size, **way)


@op
def transposed_convolution(y: Array, W: Array, *, size: Sizes, way: dict[str, Any]) -> Array:
    """The gradient of `convolution` in x, of lengths `size`, for that of the result, y, `(n, n_out, *counts)`."""
    return kernels.convolution_input_gradient(y, W, size=size, **way)


@op
def correlation(x: Array, y: Array, *, ksize: Sizes, way: dict[str, Any]) -> Array:
    """The gradient of `convolution` in W, `(n_out, n_in / groups, *ksize)`, for that of the result, y, `(n, n_out, *counts)`."""
    return kernels.convolution_weight_gradient(x, y, ksize=ksize, **way)


def _lengths(spec: Spec) -> Sizes:
    return tuple(spec.shape[2:])


convolution.vjps(
    x=lambda g, W, x_spec, way: transposed_convolution(g, W, size=_lengths(x_spec), way=way),
    W=lambda g, x, W_spec, way: correlation(x, g, ksize=_lengths(W_spec), way=way),
    b=lambda g: kernels.convolution_bias_gradient(g),
)
transposed_convolution.vjps(
    y=lambda g, W, y_spec, way: convolution(g, W, size=_lengths(y_spec), way=way),
    W=lambda g, y, W_spec, way: correlation(g, y, ksize=_lengths(W_spec), way=way),
)
correlation.vjps(
    x=lambda g, y, x_spec, way: transposed_convolution(y, g, size=_lengths(x_spec), way=way),
    y=lambda g, x, y_spec, way: convolution(x, g, size=_lengths(y_spec), way=way),
)


# ---------------------------------------------------------------------------------------------------------- checks


def _check(function: str, n: int, x: Array, W: Array, b: Array | None, groups: int, transposed: bool) -> None:
    """Raise unless x, W and b fit together as the arguments of `function` over `n` axes."""
    check_arrays(function, W=W, **({} if b is None else {"b": b}))
    check_images(function, x, n)

    def listed() -> str:
        return describe(["x", "W", "b"], [x, W, b])

    n_in, n_out = ("n_in", "n_out / groups") if transposed else ("n_out", "n_in / groups")
    if W.ndim != n + 2:
        raise ValueError(
            f"{function}: W has {W.ndim} axes, expected {n + 2}, ({n_in}, {n_out}, *ksize) ({listed()}); reshape W"
        )
    if type(groups) is not int or groups < 1:
        raise ValueError(f"{function}: groups is {groups!r}; expected an integer from 1")
    channels = x.shape[1]
    expected = W.shape[0] if transposed else W.shape[1] * groups
    of_groups = f" in {groups} groups" if groups > 1 else ""
    if channels != expected:
        needed = (channels, *W.shape[1:]) if transposed else (W.shape[0], channels // groups, *W.shape[2:])
        fix = f"make W of shape {tuple(needed)}, as links with in_channels=None do at their first call"
        if channels % groups:
            fix = f"choose groups that divide {channels}"
        raise ValueError(f"{function}: x has {channels} channels, W expects {expected}{of_groups} ({listed()}); {fix}")
    if W.shape[0] % groups:
        raise ValueError(
            f"{function}: W has {W.shape[0]} {'inputs' if transposed else 'outputs'}, which {groups} groups do not divide ({listed()}); "
            f"choose groups that divide {W.shape[0]}"
        )
    outputs = W.shape[1] * groups if transposed else W.shape[0]
    if b is not None and tuple(b.shape) != (outputs,):
        raise ValueError(
            f"{function}: b has shape {tuple(b.shape)}, W has {outputs} outputs{of_groups if transposed else ''} ({listed()}); "
            f"give b the shape ({outputs},)"
        )


def _axes(function: str, x: Array) -> int:
    check_arrays(function, x=x)
    if x.ndim < 3:
        raise ValueError(
            f"{function}: x has {x.ndim} axes, expected at least 3, (n, channels, *lengths) ({describe('x', [x])}); reshape x"
        )
    return int(x.ndim) - 2


def _way(function: str, n: int, stride: Any, pad: Any, dilate: Any, groups: int) -> dict[str, Any]:
    return {
        "stride": sizes(function, "stride", stride, n),
        "pad": sizes(function, "pad", pad, n, 0),
        "dilate": sizes(function, "dilate", dilate, n),
        "groups": groups,
    }


def _convolve(
    function: str, n: int, x: Any, W: Any, b: Any, stride: Any, pad: Any, cover_all: bool, dilate: Any, groups: int
) -> Any:
    _check(function, n, x, W, b, groups, transposed=False)
    way = _way(function, n, stride, pad, dilate, groups)
    size = counts(function, x, tuple(W.shape[2:]), way["stride"], way["pad"], way["dilate"], cover_all)
    return convolution(x, W, size=size, way=way) if b is None else convolution(x, W, b, size=size, way=way)


def _deconvolve(
    function: str, n: int, x: Any, W: Any, b: Any, stride: Any, pad: Any, outsize: Any, dilate: Any, groups: int
) -> Any:
    _check(function, n, x, W, b, groups, transposed=True)
    way = _way(function, n, stride, pad, dilate, groups)
    size = lengths_back(function, x, tuple(W.shape[2:]), way["stride"], way["pad"], way["dilate"], outsize)
    y = transposed_convolution(x, W, size=size, way=way)
    return y if b is None else F.add(y, F.reshape(b, shape=(1, -1, *(1,) * n)))


# ----------------------------------------------------------------------------------------------------- convolution


def convolution_2d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """y[n, o, i, j] = b[o] + the sum over c, k, l of W[o, c, k, l] x[n, c, i stride + k dilate - pad, j stride + l dilate - pad].

    With groups, channels and outputs are cut into as many equal parts, and each part of the outputs sees its part of the channels.

    Args:
        x: images, `(n, n_in, height, width)`.
        W: weights, `(n_out, n_in / groups, kh, kw)`.
        b: biases, `(n_out,)`, or None.
        stride: from window to window; one number, or one for each axis, as all the following.
        pad: zeros on each end of an axis.
        cover_all: a last window that reaches beyond the image covers what is left at its end.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Returns:
        `(n, n_out, out_height, out_width)`, where an axis has (length + 2 pad - (ksize - 1) dilate - 1) // stride + 1 windows.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: the shapes do not fit together, a number is below its least, or no window fits into the image.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 3, 7, 9), "float32"), np.ones((2, 3, 3, 3), "float32")
        >>> y = convolution_2d(x, W, stride=2, pad=1)
        >>> y.shape, float(y[0, 0, 0, 0]), float(y[0, 0, 1, 1])
        ((1, 2, 4, 5), 12.0, 27.0)
    """
    return _convolve("convolution_2d", 2, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_nd(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`convolution_2d` over as many axes as `(n, n_in, *lengths)` has after the channels.

    Example:
        >>> import numpy as np
        >>> convolution_nd(np.ones((1, 2, 5, 6, 7)), np.ones((4, 2, 3, 3, 3))).shape
        (1, 4, 3, 4, 5)
    """
    n = _axes("convolution_nd", x)
    return _convolve("convolution_nd", n, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_1d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`convolution_2d` over one axis: `(n, n_in, length)` and W, `(n_out, n_in / groups, k)`.

    Example:
        >>> import numpy as np
        >>> convolution_1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, -1.0]]])).tolist()
        [[[-1.0, -2.0]]]
    """
    return _convolve("convolution_1d", 1, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_3d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    cover_all: bool = False,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`convolution_2d` over three axes: `(n, n_in, depth, height, width)` and W, `(n_out, n_in / groups, kd, kh, kw)`.

    Example:
        >>> import numpy as np
        >>> convolution_3d(np.ones((1, 2, 4, 4, 4)), np.ones((3, 2, 2, 2, 2)), stride=2).shape
        (1, 3, 2, 2, 2)
    """
    return _convolve("convolution_3d", 3, x, W, b, stride, pad, cover_all, dilate, groups)


def dilated_convolution_2d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    dilate: Size = 1,
    cover_all: bool = False,
) -> Array:
    """`convolution_2d` with `dilate` by position: windows whose elements lie `dilate` apart.

    Source: F. Yu and V. Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016.

    Example:
        >>> import numpy as np
        >>> dilated_convolution_2d(np.ones((1, 1, 7, 7)), np.ones((1, 1, 3, 3)), dilate=2).shape
        (1, 1, 3, 3)
    """
    return _convolve("dilated_convolution_2d", 2, x, W, b, stride, pad, cover_all, dilate, 1)


def depthwise_convolution_2d(x: Array, W: Array, b: Array | None = None, stride: Size = 1, pad: Size = 0) -> Array:
    """Each channel convolved by itself, with `multiplier` windows: a convolution with a group for each channel.

    Args:
        x: images, `(n, channels, height, width)`.
        W: weights, `(multiplier, channels, kh, kw)`.
        b: biases, `(channels multiplier,)`, or None.
        stride: from window to window.
        pad: zeros on each end of an axis.

    Returns:
        `(n, channels multiplier, out_height, out_width)`, the results of one channel beside each other.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: the shapes do not fit together.

    Source: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017.

    Example:
        >>> import numpy as np
        >>> depthwise_convolution_2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3))).shape
        (1, 6, 3, 3)
    """
    name = "depthwise_convolution_2d"
    check_arrays(name, x=x, W=W)
    if W.ndim != 4 or (x.ndim == 4 and x.shape[1] != W.shape[1]):
        raise ValueError(
            f"{name}: W has shape {tuple(W.shape)}, expected (multiplier, {x.shape[1] if x.ndim == 4 else 'channels'}, kh, kw) "
            f"({describe(['x', 'W'], [x, W])}); give W a window for each channel of x on its axis 1"
        )
    multiplier, channels = W.shape[:2]
    by_channel = F.reshape(F.transpose(W, (1, 0, 2, 3)), shape=(multiplier * channels, 1, *W.shape[2:]))
    return _convolve(name, 2, x, by_channel, b, stride, pad, False, 1, int(channels))


# --------------------------------------------------------------------------------------------------- deconvolution


def deconvolution_2d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    *,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """The transpose of `convolution_2d`: each element of x adds itself times a window of weights to the result.

    Args:
        x: images, `(n, n_in, height, width)`.
        W: weights, `(n_in, n_out / groups, kh, kw)`.
        b: biases, `(n_out,)`, or None.
        stride: from window to window of the result; one number, or one for each axis, as all the following.
        pad: elements cut off from each end of the result.
        outsize: lengths of the result, of which x has the windows' number; the least unless given.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Returns:
        `(n, n_out, out_height, out_width)`, by default of lengths stride (length - 1) + (ksize - 1) dilate + 1 - 2 pad.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: the shapes do not fit together, or images of `outsize` do not have as many windows as x has elements.

    Source: M. D. Zeiler et al., Deconvolutional Networks, CVPR 2010.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3))
        >>> deconvolution_2d(x, W, stride=2)[0, 0, 2].tolist()
        [2.0, 2.0, 4.0, 2.0, 2.0]
        >>> deconvolution_2d(x, W, stride=2, pad=1, outsize=4).shape
        (1, 1, 4, 4)
    """
    return _deconvolve("deconvolution_2d", 2, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_nd(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`deconvolution_2d` over as many axes as `(n, n_in, *lengths)` has after the channels.

    Example:
        >>> import numpy as np
        >>> deconvolution_nd(np.ones((1, 2, 3, 4)), np.ones((2, 5, 2, 2)), stride=2).shape
        (1, 5, 6, 8)
    """
    n = _axes("deconvolution_nd", x)
    return _deconvolve("deconvolution_nd", n, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_1d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`deconvolution_2d` over one axis: `(n, n_in, length)` and W, `(n_in, n_out / groups, k)`.

    Example:
        >>> import numpy as np
        >>> deconvolution_1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0]]])).tolist()
        [[[1.0, 12.0, 20.0]]]
    """
    return _deconvolve("deconvolution_1d", 1, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_3d(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: Size = 1,
    pad: Size = 0,
    outsize: Size | None = None,
    dilate: Size = 1,
    groups: int = 1,
) -> Array:
    """`deconvolution_2d` over three axes: `(n, n_in, depth, height, width)` and W, `(n_in, n_out / groups, kd, kh, kw)`.

    Example:
        >>> import numpy as np
        >>> deconvolution_3d(np.ones((1, 2, 2, 2, 2)), np.ones((2, 1, 2, 2, 2)), stride=2).shape
        (1, 1, 4, 4, 4)
    """
    return _deconvolve("deconvolution_3d", 3, x, W, b, stride, pad, outsize, dilate, groups)
