"""Small networks of convolutions that larger ones are built of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from catena.nn._chain import Chain, ChainList
from catena.nn.functions._windows import Size
from catena.nn.functions.array import concat
from catena.nn.functions.pooling import max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.links.convolution import Convolution2D
from xparray import Array


class Inception(Chain):
    """Four ways side by side: windows of 1, of 1 and 3, of 1 and 5, and maxima of 3 x 3 followed by windows of 1; relu after each.

    The children are `conv1`, `proj3`, `conv3`, `proj5`, `conv5` and `projp`.

    Args:
        in_channels: channels of the images; None to take them from the first.
        out1: results of the windows of 1.
        proj3: channels before the windows of 3.
        out3: results of the windows of 3.
        proj5: channels before the windows of 5.
        out5: results of the windows of 5.
        proj_pool: results of the windows of 1 after the maxima.
        conv_init: initial W of all: an initializer or a number.
        bias_init: initial b of all, likewise.

    Raises:
        ValueError: a size is no positive integer.

    Source: C. Szegedy et al., Going Deeper with Convolutions, CVPR 2015.

    Example:
        >>> import numpy as np
        >>> Inception(None, 2, 3, 4, 1, 2, 3)(np.ones((1, 6, 8, 8), "float32")).shape
        (1, 11, 8, 8)
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj5: int,
        out5: int,
        proj_pool: int,
        conv_init: Any = None,
        bias_init: Any = None,
    ) -> None:
        super().__init__()
        init = {"initialW": conv_init, "initial_bias": bias_init}
        with self.init_scope():
            self.conv1 = Convolution2D(in_channels, out1, 1, **init)
            self.proj3 = Convolution2D(in_channels, proj3, 1, **init)
            self.conv3 = Convolution2D(proj3, out3, 3, pad=1, **init)
            self.proj5 = Convolution2D(in_channels, proj5, 1, **init)
            self.conv5 = Convolution2D(proj5, out5, 5, pad=2, **init)
            self.projp = Convolution2D(in_channels, proj_pool, 1, **init)

    def forward(self, x: Array) -> Any:
        """`(n, in_channels, height, width)` gives `(n, out1 + out3 + out5 + proj_pool, height, width)`."""
        ways = [
            self.conv1(x),
            self.conv3(relu(self.proj3(x))),
            self.conv5(relu(self.proj5(x))),
            self.projp(max_pooling_2d(x, 3, stride=1, pad=1)),
        ]
        return relu(concat(ways, axis=1))


class MLPConvolution2D(ChainList):
    """A convolution, and after it convolutions with windows of 1, which together are a small network at each place.

    The children are "0", "1", ..., one for each number in `out_channels`; an activation stands between them, none after the last.

    Args:
        in_channels: channels of the images; None to take them from the first. `MLPConvolution2D(ns, ksize)` is
            `MLPConvolution2D(None, ns, ksize)`.
        out_channels: channels of the results, one number for each convolution.
        ksize: lengths of the first one's window; one number, or one for each axis, as the following.
        stride: the first one's, from window to window.
        pad: the first one's zeros on each end of an axis.
        activation: called between them.
        conv_init: initial W of all: an initializer or a number.
        bias_init: initial b of all, likewise.

    Raises:
        ValueError: a size is no such integer, or `out_channels` is empty.

    Source: M. Lin et al., Network In Network, ICLR 2014.

    Example:
        >>> import numpy as np
        >>> MLPConvolution2D(None, (8, 4), 3)(np.ones((1, 3, 5, 5), "float32")).shape
        (1, 4, 3, 3)
    """

    def __init__(
        self,
        in_channels: Any,
        out_channels: Any,
        ksize: Size | None = None,
        stride: Size = 1,
        pad: Size = 0,
        activation: Callable[[Any], Any] = relu,
        conv_init: Any = None,
        bias_init: Any = None,
    ) -> None:
        if ksize is None:
            in_channels, out_channels, ksize = None, in_channels, out_channels
        if not isinstance(out_channels, tuple | list) or not out_channels:
            raise ValueError(
                f"MLPConvolution2D: out_channels is {out_channels!r}; expected a number for each convolution, such as (64, 32)"
            )
        init = {"initialW": conv_init, "initial_bias": bias_init}
        first = Convolution2D(in_channels, out_channels[0], ksize, stride, pad, **init)
        pairs = pairwise(out_channels)
        super().__init__(first, *(Convolution2D(n_in, n_out, 1, **init) for n_in, n_out in pairs))
        self.activation = activation

    def forward(self, x: Array) -> Any:
        """`(n, in_channels, height, width)` gives `(n, out_channels[-1], out_height, out_width)`."""
        *others, last = self
        for layer in others:
            x = self.activation(layer(x))
        return last(x)
