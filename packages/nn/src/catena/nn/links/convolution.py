"""Convolutions with weights that are learned: W, `(out_channels, in_channels / groups, *ksize)`, and b, `(out_channels,)`.

W begins as LeCunNormal (mean 0, variance 1 / fan-in), b as 0. Where in_channels is None, W is made when the first images come.
"""

from __future__ import annotations

from typing import Any, Self

from catena.autograd import as_array
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions import convolution as functions
from catena.nn.functions._windows import Size, check_images, sizes
from catena.nn.initializers import HeNormal, get_initializer
from catena.nn.links._sizes import positive
from xparray import Array


class Windows(Link):
    """W and b, and windows over `n` axes: what convolutions share."""

    W: Parameter
    b: Parameter | None
    groups = 1
    _n: int

    def _begin(
        self,
        n: int,
        in_channels: Any,
        out_channels: Any,
        ksize: Any,
        stride: Any,
        pad: Any,
        nobias: bool,
        initialW: Any,
        initial_bias: Any,
        dilate: Any = 1,
        groups: Any = 1,
    ) -> None:
        name = type(self).__name__
        self._n = n
        if ksize is None:  # the form with two arguments, (out_channels, ksize)
            in_channels, out_channels, ksize = None, in_channels, out_channels
        if ksize is None:
            raise ValueError(
                f"{name}: ksize is missing; give {name}(in_channels, out_channels, ksize), or {name}(out_channels, ksize)"
            )
        self.in_channels = None if in_channels is None else positive(name, in_channels=in_channels)[0]
        self.out_channels, self.groups = positive(name, out_channels=out_channels, groups=groups)
        self.ksize = sizes(name, "ksize", ksize, n)
        self.stride = sizes(name, "stride", stride, n)
        self.pad = sizes(name, "pad", pad, n, 0)
        self.dilate = sizes(name, "dilate", dilate, n)
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            self.b = (
                None
                if nobias
                else Parameter(get_initializer(0 if initial_bias is None else initial_bias), (self.out_channels,))
            )
        self._check_groups("out_channels", self.out_channels)
        if self.in_channels is not None:
            self.W.initialize(self._shape_of_W(self.in_channels))

    def _check_groups(self, what: str, channels: int) -> None:
        if channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: {self.groups} groups do not divide {what}, {channels}; choose groups that do"
            )

    def _shape_of_W(self, in_channels: int) -> tuple[int, ...]:
        self._check_groups("in_channels", in_channels)
        return self.out_channels, in_channels // self.groups, *self.ksize

    def _take_shape(self, x: Array) -> None:
        """Make W where the channels of x are the first to be known."""
        if not self.W.is_initialized:
            check_images(type(self).__name__, x, self._n)
            self.W.initialize(self._shape_of_W(int(x.shape[1])))


# ----------------------------------------------------------------------------------------------------- convolution


class Convolution2D(Windows):
    """`F.convolution_2d` with learned W, `(out_channels, in_channels / groups, kh, kw)`, and b, `(out_channels,)`.

    Args:
        in_channels: channels of the images; None to take them from the first. `Convolution2D(n, ksize)` is `Convolution2D(None, n, ksize)`.
        out_channels: channels of the result.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window.
        pad: zeros on each end of an axis.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Raises:
        ValueError: a size is no such integer, groups do not divide the channels, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> layer = Convolution2D(16, 3, pad=1)
        >>> layer(np.ones((5, 3, 8, 8), "float32")).shape, layer.W.shape
        ((5, 16, 8, 8), (16, 3, 3, 3))
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Size | None = None,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
        *,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self._begin(2, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, dilate, groups)

    @classmethod
    def from_params(
        cls,
        W: Array,
        b: Array | None = None,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        *,
        dilate: Size = 1,
        groups: int = 1,
    ) -> Self:
        """A link of the shapes of W and b, which are copied; b is 0 where it is None and not `nobias`."""
        n_out, n_in, *ksize = W.shape
        return cls(
            n_in * groups,
            n_out,
            tuple(ksize),
            stride,
            pad,
            nobias,
            as_array(W),
            as_array(b),
            dilate=dilate,
            groups=groups,
        )

    def forward(self, x: Array) -> Any:
        """`F.convolution_2d(x, W, b, ...)`; the first call makes W where its shape is not known yet."""
        self._take_shape(x)
        return functions.convolution_2d(
            x, self.W, self.b, self.stride, self.pad, dilate=self.dilate, groups=self.groups
        )


class ConvolutionND(Windows):
    """`F.convolution_nd` with learned W, `(out_channels, in_channels / groups, *ksize)`, and b, `(out_channels,)`.

    Args:
        ndim: number of axes of the images after the channels.
        in_channels: channels of the images; None to take them from the first.
        out_channels: channels of the result.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window.
        pad: zeros on each end of an axis.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.
        cover_all: a last window that reaches beyond the image covers what is left at its end.
        dilate: from element to element of a window.
        groups: parts of the channels.

    Raises:
        ValueError: a size is no such integer, groups do not divide the channels, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> ConvolutionND(3, None, 4, 2)(np.ones((1, 2, 5, 5, 5), "float32")).shape
        (1, 4, 4, 4, 4)
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
        initialW: Any = None,
        initial_bias: Any = None,
        cover_all: bool = False,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim = positive(type(self).__name__, ndim=ndim)[0]
        self.cover_all = cover_all
        self._begin(
            self.ndim, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, dilate, groups
        )

    def forward(self, x: Array) -> Any:
        """`F.convolution_nd(x, W, b, ...)`; the first call makes W where its shape is not known yet."""
        self._take_shape(x)
        return functions.convolution_nd(
            x, self.W, self.b, self.stride, self.pad, self.cover_all, self.dilate, self.groups
        )


class Convolution1D(ConvolutionND):
    """`ConvolutionND` over one axis: `(n, in_channels, length)`.

    Example:
        >>> import numpy as np
        >>> Convolution1D(2, 4, 3)(np.ones((1, 2, 7), "float32")).shape
        (1, 4, 5)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
        cover_all: bool = False,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            1, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, cover_all, dilate, groups
        )


class Convolution3D(ConvolutionND):
    """`ConvolutionND` over three axes: `(n, in_channels, depth, height, width)`.

    Example:
        >>> import numpy as np
        >>> Convolution3D(2, 4, 3)(np.ones((1, 2, 5, 5, 5), "float32")).shape
        (1, 4, 3, 3, 3)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
        cover_all: bool = False,
        dilate: Size = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            3, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, cover_all, dilate, groups
        )


class DilatedConvolution2D(Windows):
    """`F.dilated_convolution_2d` with learned W, `(out_channels, in_channels, kh, kw)`, and b, `(out_channels,)`.

    The arguments are those of `Convolution2D`, with `dilate` before `nobias`.

    Example:
        >>> import numpy as np
        >>> DilatedConvolution2D(2, 4, 3, dilate=2)(np.ones((1, 2, 7, 7), "float32")).shape
        (1, 4, 3, 3)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Size | None = None,
        stride: Size = 1,
        pad: Size = 0,
        dilate: Size = 1,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        self._begin(2, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias, dilate)

    def forward(self, x: Array) -> Any:
        """`F.dilated_convolution_2d(x, W, b, ...)`; the first call makes W where its shape is not known yet."""
        self._take_shape(x)
        return functions.dilated_convolution_2d(x, self.W, self.b, self.stride, self.pad, self.dilate)


class DepthwiseConvolution2D(Link):
    """`F.depthwise_convolution_2d` with learned W, `(channel_multiplier, in_channels, kh, kw)`, and b.

    W begins as HeNormal of scale 1 / sqrt(2) (variance 1 / fan-in, of its shape as it stands), b,
    `(in_channels channel_multiplier,)`, as 0.

    Args:
        in_channels: channels of the images; None to take them from the first.
        channel_multiplier: results for each channel.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window.
        pad: zeros on each end of an axis.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.

    Raises:
        ValueError: a size is no such integer, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> layer = DepthwiseConvolution2D(None, 2, 3)
        >>> layer(np.ones((1, 3, 5, 5), "float32")).shape, layer.W.shape, layer.b.shape
        ((1, 6, 3, 3), (2, 3, 3, 3), (6,))
    """

    W: Parameter
    b: Parameter | None

    def __init__(
        self,
        in_channels: int | None,
        channel_multiplier: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.channel_multiplier = positive(name, channel_multiplier=channel_multiplier)[0]
        self.ksize = sizes(name, "ksize", ksize, 2)
        self.stride = sizes(name, "stride", stride, 2)
        self.pad = sizes(name, "pad", pad, 2, 0)
        with self.init_scope():
            self.W = Parameter(HeNormal(2**-0.5) if initialW is None else get_initializer(initialW))
            self.b = None if nobias else Parameter(get_initializer(0 if initial_bias is None else initial_bias))
        if in_channels is not None:
            self._initialize(*positive(name, in_channels=in_channels))

    def _initialize(self, in_channels: int) -> None:
        self.W.initialize((self.channel_multiplier, in_channels, *self.ksize))
        if self.b is not None:
            self.b.initialize((in_channels * self.channel_multiplier,))

    def forward(self, x: Array) -> Any:
        """`F.depthwise_convolution_2d(x, W, b, ...)`; the first call makes W and b where their shapes are not known yet."""
        if not self.W.is_initialized:
            check_images(type(self).__name__, x, 2)
            self._initialize(int(x.shape[1]))
        return functions.depthwise_convolution_2d(x, self.W, self.b, self.stride, self.pad)
