"""Transposed convolutions with weights that are learned: W, `(in_channels, out_channels / groups, *ksize)`, and b, `(out_channels,)`."""

from __future__ import annotations

from typing import Any, Self

from catena.autograd import as_array
from catena.nn.functions import convolution as functions
from catena.nn.functions._windows import Size, sizes
from catena.nn.links._sizes import positive
from catena.nn.links.convolution import Windows
from xparray import Array


class _Transposed(Windows):
    """W begins with the channels that come in."""

    outsize: tuple[int, ...] | None

    def _shape_of_W(self, in_channels: int) -> tuple[int, ...]:
        self._check_groups("in_channels", in_channels)
        return in_channels, self.out_channels // self.groups, *self.ksize


class Deconvolution2D(_Transposed):
    """`F.deconvolution_2d` with learned W, `(in_channels, out_channels / groups, kh, kw)`, and b, `(out_channels,)`.

    W begins as LeCunNormal of its shape as it stands (fan-in out_channels / groups kh kw), b as 0.

    Args:
        in_channels: channels of the images; None to take them from the first. `Deconvolution2D(n, ksize)` is
            `Deconvolution2D(None, n, ksize)`.
        out_channels: channels of the result.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window of the result.
        pad: elements cut off from each end of the result.
        nobias: no b.
        outsize: lengths of the result; the least unless given.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Raises:
        ValueError: a size is no such integer, groups do not divide the channels, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> layer = Deconvolution2D(None, 3, 4, stride=2, pad=1)
        >>> layer(np.ones((5, 16, 8, 8), "float32")).shape, layer.W.shape
        ((5, 3, 16, 16), (16, 3, 4, 4))
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Size | None = None,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        outsize: Size | None = None,
        initialW: Any = None,
        initial_bias: Any = None,
        *,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self._begin(2, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, dilate, groups)
        self.outsize = None if outsize is None else sizes(type(self).__name__, "outsize", outsize, 2)

    @classmethod
    def from_params(
        cls,
        W: Array,
        b: Array | None = None,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        outsize: Size | None = None,
        *,
        dilate: Size = 1,
        groups: int = 1,
    ) -> Self:
        """A link of the shapes of W and b, which are copied; b is 0 where it is None and not `nobias`."""
        n_in, n_out, *ksize = W.shape
        return cls(
            n_in,
            n_out * groups,
            tuple(ksize),
            stride,
            pad,
            nobias,
            outsize,
            as_array(W),
            as_array(b),
            dilate=dilate,
            groups=groups,
        )

    def forward(self, x: Array) -> Any:
        """`F.deconvolution_2d(x, W, b, ...)`; the first call makes W where its shape is not known yet."""
        self._take_shape(x)
        return functions.deconvolution_2d(
            x, self.W, self.b, self.stride, self.pad, self.outsize, dilate=self.dilate, groups=self.groups
        )


class DeconvolutionND(_Transposed):
    """`F.deconvolution_nd` with learned W, `(in_channels, out_channels / groups, *ksize)`, and b, `(out_channels,)`.

    Args:
        ndim: number of axes of the images after the channels.
        in_channels: channels of the images; None to take them from the first.
        out_channels: channels of the result.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window of the result.
        pad: elements cut off from each end of the result.
        nobias: no b.
        outsize: lengths of the result; the least unless given.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Raises:
        ValueError: a size is no such integer, groups do not divide the channels, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> DeconvolutionND(3, None, 4, 2, stride=2)(np.ones((1, 2, 3, 3, 3), "float32")).shape
        (1, 4, 6, 6, 6)
    """

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: Any,
        ksize: Size | None = None,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        outsize: Size | None = None,
        initialW: Any = None,
        initial_bias: Any = None,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim = positive(type(self).__name__, ndim=ndim)[0]
        self._begin(
            self.ndim, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, dilate, groups
        )
        self.outsize = None if outsize is None else sizes(type(self).__name__, "outsize", outsize, self.ndim)

    def forward(self, x: Array) -> Any:
        """`F.deconvolution_nd(x, W, b, ...)`; the first call makes W where its shape is not known yet."""
        self._take_shape(x)
        return functions.deconvolution_nd(
            x, self.W, self.b, self.stride, self.pad, self.outsize, self.dilate, self.groups
        )


class Deconvolution1D(DeconvolutionND):
    """`DeconvolutionND` over one axis: `(n, in_channels, length)`.

    Example:
        >>> import numpy as np
        >>> Deconvolution1D(2, 4, 3)(np.ones((1, 2, 7), "float32")).shape
        (1, 4, 9)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        outsize: Size | None = None,
        initialW: Any = None,
        initial_bias: Any = None,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            1, in_channels, out_channels, ksize, stride, pad, nobias, outsize, initialW, initial_bias, dilate, groups
        )


class Deconvolution3D(DeconvolutionND):
    """`DeconvolutionND` over three axes: `(n, in_channels, depth, height, width)`.

    Example:
        >>> import numpy as np
        >>> Deconvolution3D(2, 4, 3)(np.ones((1, 2, 5, 5, 5), "float32")).shape
        (1, 4, 7, 7, 7)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        outsize: Size | None = None,
        initialW: Any = None,
        initial_bias: Any = None,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            3, in_channels, out_channels, ksize, stride, pad, nobias, outsize, initialW, initial_bias, dilate, groups
        )
