"""Small networks of convolutions that larger ones are built of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

from catena.nn._chain import Chain, ChainList
from catena.nn.functions._checks import check_choice
from catena.nn.functions._windows import Size
from catena.nn.functions.array import concat
from catena.nn.functions.pooling import average_pooling_2d, max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.links.batch_normalization import BatchNormalization
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


class InceptionBN(Chain):
    """Inception whose windows of 5 are two of 3, one after the other, with batch normalisation after each convolution and no biases.

    The children are `proj3`, `conv3`, `proj33`, `conv33a`, `conv33b`, with out1 also `conv1`, with proj_pool also `poolp`, and
    after each one a BatchNormalization whose name has an `n` behind: `proj3n`.

    Args:
        in_channels: channels of the images; None to take them from the first.
        out1: results of the windows of 1; 0 for no such way.
        proj3: channels before the windows of 3.
        out3: results of the windows of 3.
        proj33: channels before the two windows of 3.
        out33: results of the two windows of 3.
        pooltype: "max" or "avg", of windows of 3.
        proj_pool: results of the windows of 1 after the pooling; None to let all channels pass.
        stride: of the last windows of each way.
        conv_init: initial W of all convolutions: an initializer or a number.
        dtype: of the normalisations; `config.dtype` unless given.

    Raises:
        ValueError: a size is no positive integer, pooltype is neither, or there is an out1 beside a stride or without a proj_pool.

    Source: S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML
    2015, https://arxiv.org/abs/1502.03167.

    Example:
        >>> import numpy as np
        >>> InceptionBN(None, 2, 3, 4, 1, 2, "avg", 3)(np.ones((2, 6, 8, 8), "float32")).shape
        (2, 11, 8, 8)
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj33: int,
        out33: int,
        pooltype: Literal["max", "avg"],
        proj_pool: int | None = None,
        stride: int = 1,
        conv_init: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_choice("InceptionBN", "pooltype", pooltype, "max", "avg")
        if out1 and (stride != 1 or proj_pool is None):
            raise ValueError(
                f"InceptionBN: out1 is {out1}, stride {stride}, proj_pool {proj_pool}; expected out1=0 beside a stride or without proj_pool"
            )
        self.pooltype = pooltype
        self.stride = stride
        self.has_one, self.has_projection = out1 != 0, proj_pool is not None
        convolutions = [
            ("proj3", in_channels, proj3, 1, 1),
            ("conv3", proj3, out3, 3, stride),
            ("proj33", in_channels, proj33, 1, 1),
            ("conv33a", proj33, out33, 3, 1),
            ("conv33b", out33, out33, 3, stride),
            *([("conv1", in_channels, out1, 1, 1)] if self.has_one else []),
            *([("poolp", in_channels, proj_pool, 1, 1)] if self.has_projection else []),
        ]
        for name, n_in, n_out, ksize, step in convolutions:
            convolution = Convolution2D(n_in, n_out, ksize, step, ksize // 2, nobias=True, initialW=conv_init)
            self.add_link(name, convolution)
        for name, _, n_out, _, _ in convolutions:
            self.add_link(f"{name}n", BatchNormalization(n_out, dtype=dtype))

    def _through(self, x: Array, *names: str) -> Any:
        """x through convolutions, each with its normalisation and relu."""
        for name in names:
            x = relu(self[f"{name}n"](self[name](x)))
        return x

    def forward(self, x: Array) -> Any:
        """`(n, in_channels, height, width)` gives `(n, out1 + out3 + out33 + proj_pool, out_height, out_width)`."""
        pool = max_pooling_2d if self.pooltype == "max" else average_pooling_2d
        covers = {"cover_all": False} if self.pooltype == "max" else {}
        pooled = pool(x, 3, stride=self.stride, pad=1, **covers)
        ways = [
            *([self._through(x, "conv1")] if self.has_one else []),
            self._through(x, "proj3", "conv3"),
            self._through(x, "proj33", "conv33a", "conv33b"),
            self._through(pooled, "poolp") if self.has_projection else pooled,
        ]
        return concat(ways, axis=1)


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
