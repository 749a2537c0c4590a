"""Convolutions with weights of their own at each place, and such whose windows move."""

from __future__ import annotations

from typing import Any

from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions._windows import Size, check_images, counts, sizes
from catena.nn.functions.local import deformable_convolution_2d_sampler, local_convolution_2d
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive
from catena.nn.links.convolution import Convolution2D, Windows
from xparray import Array
from xparray.kernels.window import count_windows


class LocalConvolution2D(Link):
    """`F.local_convolution_2d` with learned W, `(out_channels, out_height, out_width, in_channels, kh, kw)`, and b.

    W begins as LeCunNormal of its shape as it stands, b, `(out_channels, out_height, out_width)`, as 0.

    Args:
        in_channels: channels of the images; None to take them and the lengths from the first images.
        out_channels: channels of the result.
        in_size: height and width of the images, or one number for both; None to take them and the channels from the first images.
        ksize: lengths of a window; one number, or one for each axis. `LocalConvolution2D(n, ksize)` gives it as the second argument.
        stride: from window to window.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.

    Raises:
        ValueError: a size is no such integer, no window fits, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> layer = LocalConvolution2D(None, 4, None, 3)
        >>> layer(np.ones((2, 3, 6, 5), "float32")).shape, layer.W.shape
        ((2, 4, 4, 3), (4, 4, 3, 3, 3, 3))
    """

    W: Parameter
    b: Parameter | None

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        in_size: Size | None = None,
        ksize: Size | None = None,
        stride: Size = 1,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        name = "LocalConvolution2D"
        if ksize is None:
            in_channels, out_channels, ksize = None, in_channels, out_channels
        self.out_channels = positive(name, out_channels=out_channels)[0]
        self.ksize = sizes(name, "ksize", ksize, 2)
        self.stride = sizes(name, "stride", stride, 2)
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            self.b = None if nobias else Parameter(get_initializer(0 if initial_bias is None else initial_bias))
        if in_channels is not None and in_size is not None:
            lengths = sizes(name, "in_size", in_size, 2)
            places = [count_windows(n, k, s, 0) for n, k, s in zip(lengths, self.ksize, self.stride, strict=True)]
            if min(places) < 1:
                raise ValueError(
                    f"{name}: a window of {self.ksize} does not fit into images of {lengths}; give a smaller window"
                )
            self._initialize(positive(name, in_channels=in_channels)[0], tuple(places))

    def _initialize(self, in_channels: int, places: tuple[int, ...]) -> None:
        self.W.initialize((self.out_channels, *places, in_channels, *self.ksize))
        if self.b is not None:
            self.b.initialize((self.out_channels, *places))

    def forward(self, x: Array) -> Any:
        """`F.local_convolution_2d(x, W, b, stride)`; the first call makes W and b where their shapes are not known yet."""
        if not self.W.is_initialized:
            check_images("LocalConvolution2D", x, 2)
            places = counts("LocalConvolution2D", x, self.ksize, self.stride, (0, 0), (1, 1))
            self._initialize(int(x.shape[1]), places)
        return local_convolution_2d(x, self.W, self.b, self.stride)


class _Sampler(Windows):
    """`F.deformable_convolution_2d_sampler` with learned W and b."""

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size,
        pad: Size,
        nobias: bool,
        initialW: Any,
        initial_bias: Any,
    ) -> None:
        super().__init__()
        self._begin(2, in_channels, out_channels, ksize, stride, pad, nobias, initialW, initial_bias)

    def forward(self, x: Array, offset: Array) -> Any:
        """`F.deformable_convolution_2d_sampler(x, offset, W, b, stride, pad)`."""
        self._take_shape(x)
        return deformable_convolution_2d_sampler(x, offset, self.W, self.b, self.stride, self.pad)


class DeformableConvolution2D(Link):
    """A convolution whose windows' elements are moved by what another convolution of the same images says.

    `offset_conv` is a Convolution2D of 2 kh kw results; `deform_conv` has W, `(out_channels, in_channels, kh, kw)`, which begins as 0,
    and b.

    Args:
        in_channels: channels of the images; None to take them from the first.
        out_channels: channels of the result.
        ksize: lengths of a window; one number, or one for each axis, as the following.
        stride: from window to window.
        pad: zeros on each end of an axis.
        offset_nobias: no bias in `offset_conv`.
        offset_initialW: its initial W: an initializer, a number, or an array, which is copied; None for LeCunNormal.
        offset_initial_bias: its initial b, likewise; None for 0.
        deform_nobias: no bias in `deform_conv`.
        deform_initialW: its initial W, likewise; None for 0.
        deform_initial_bias: its initial b, likewise; None for 0.

    Raises:
        ValueError: a size is no such integer, or an initial array has another shape.

    Source: J. Dai et al., Deformable Convolutional Networks, ICCV 2017.

    Example:
        >>> import numpy as np
        >>> layer = DeformableConvolution2D(None, 4, 3, pad=1)
        >>> layer(np.ones((1, 3, 5, 5), "float32")).shape, layer.offset_conv.W.shape
        ((1, 4, 5, 5), (18, 3, 3, 3))
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Size,
        stride: Size = 1,
        pad: Size = 0,
        offset_nobias: bool = False,
        offset_initialW: Any = None,
        offset_initial_bias: Any = None,
        deform_nobias: bool = False,
        deform_initialW: Any = None,
        deform_initial_bias: Any = None,
    ) -> None:
        super().__init__()
        kh, kw = sizes("DeformableConvolution2D", "ksize", ksize, 2)
        initialW = 0 if deform_initialW is None else deform_initialW
        with self.init_scope():
            self.offset_conv = Convolution2D(
                in_channels, 2 * kh * kw, (kh, kw), stride, pad, offset_nobias, offset_initialW, offset_initial_bias
            )
            self.deform_conv = _Sampler(
                in_channels, out_channels, (kh, kw), stride, pad, deform_nobias, initialW, deform_initial_bias
            )

    def forward(self, x: Array) -> Any:
        """`deform_conv(x, offset_conv(x))`."""
        return self.deform_conv(x, self.offset_conv(x))
