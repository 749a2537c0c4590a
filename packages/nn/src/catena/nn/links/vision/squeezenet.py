"""A network with few parameters: convolutions with windows of 3 see few channels only."""

from __future__ import annotations

from typing import Any

from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions.array import concat
from catena.nn.functions.noise import dropout
from catena.nn.functions.pooling import average_pooling_2d, max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.initializers import Normal
from catena.nn.links.batch_normalization import BatchNormalization
from catena.nn.links.convolution import Convolution2D
from xparray import Array


class Fire(Chain):
    """A convolution with windows of 1 to few channels, and from these two, of 1 and 3, side by side, normalised together.

    Args:
        in_channels: channels of the images; None to take them from the first.
        squeeze: channels between.
        expand1: results of the windows of 1.
        expand3: results of the windows of 3.

    Raises:
        ValueError: a size is no positive integer.

    Source: F. Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016, https://arxiv.org/abs/1602.07360.

    Example:
        >>> import numpy as np
        >>> fire = Fire(96, 16, 64, 64)
        >>> fire(np.ones((1, 96, 9, 9), "float32")).shape, fire.count_params()
        ((1, 128, 9, 9), 12176)
    """

    def __init__(self, in_channels: int | None, squeeze: int, expand1: int, expand3: int) -> None:
        super().__init__()
        with self.init_scope():
            self.conv1 = Convolution2D(in_channels, squeeze, 1)
            self.conv2 = Convolution2D(squeeze, expand1, 1)
            self.conv3 = Convolution2D(squeeze, expand3, 3, pad=1)
            self.bn4 = BatchNormalization(expand1 + expand3)

    def forward(self, x: Array) -> Any:
        """`(n, in_channels, height, width)` gives `(n, expand1 + expand3, height, width)`."""
        h = relu(self.conv1(x))
        return relu(self.bn4(concat([self.conv2(h), self.conv3(h)], axis=1)))


class SqueezeNet(Chain):
    """Eight Fires between two convolutions, for pictures of 224 x 224 or 227 x 227: 1,231,000 parameters for 1000 classes.

    Args:
        n_class: number of classes.

    Raises:
        ValueError: `n_class` is no positive integer.

    Source: F. Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016, https://arxiv.org/abs/1602.07360,
    with each Fire normalised.

    Example:
        >>> import numpy as np
        >>> SqueezeNet(10)(np.ones((1, 3, 224, 224), "float32")).shape
        (1, 10)
    """

    def __init__(self, n_class: int = 1000) -> None:
        super().__init__()
        with self.init_scope():
            self.conv1 = Convolution2D(3, 96, 7, stride=2)
            self.fire2 = Fire(96, 16, 64, 64)
            self.fire3 = Fire(128, 16, 64, 64)
            self.fire4 = Fire(128, 16, 128, 128)
            self.fire5 = Fire(256, 32, 128, 128)
            self.fire6 = Fire(256, 48, 192, 192)
            self.fire7 = Fire(384, 48, 192, 192)
            self.fire8 = Fire(384, 64, 256, 256)
            self.fire9 = Fire(512, 64, 256, 256)
            self.conv10 = Convolution2D(512, n_class, 1, pad=1, initialW=Normal(0.01))

    def forward(self, x: Array) -> Any:
        """`(n, 3, height, width)` gives scores, `(n, n_class)`."""
        h = max_pooling_2d(relu(self.conv1(x)), 3, stride=2)
        h = self.fire4(self.fire3(self.fire2(h)))
        h = max_pooling_2d(h, 3, stride=2)
        h = self.fire8(self.fire7(self.fire6(self.fire5(h))))
        h = max_pooling_2d(h, 3, stride=2)
        h = dropout(self.fire9(h), ratio=0.5)
        h = average_pooling_2d(relu(self.conv10(h)), 13)
        return F.reshape(h, shape=(len(x), -1))
