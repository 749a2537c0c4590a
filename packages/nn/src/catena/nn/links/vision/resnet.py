"""Networks whose blocks add what they compute to what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions.activation import softmax
from catena.nn.functions.pooling import average_pooling_2d, max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.initializers import HeNormal
from catena.nn.links.batch_normalization import BatchNormalization
from catena.nn.links.connection import Linear
from catena.nn.links.convolution import Convolution2D
from catena.nn.links.vision._layers import File, Layers, initializers
from xparray import Array


class _Bottleneck(Chain):
    """relu(x + f(x)) for f of convolutions with windows of 1, 3 and 1, each normalised; or, of other channels, relu(g(x) + f(x))."""

    def __init__(
        self,
        n_in: int,
        n_middle: int,
        n_out: int,
        initialW: Any,
        strides: tuple[int, int] = (1, 1),
        first: bool = False,
    ) -> None:
        super().__init__()
        of_1, of_3 = strides
        init: dict[str, Any] = {"nobias": True, "initialW": initialW}
        with self.init_scope():
            self.conv1 = Convolution2D(n_in, n_middle, 1, of_1, 0, **init)
            self.bn1 = BatchNormalization(n_middle)
            self.conv2 = Convolution2D(n_middle, n_middle, 3, of_3, 1, **init)
            self.bn2 = BatchNormalization(n_middle)
            self.conv3 = Convolution2D(n_middle, n_out, 1, 1, 0, **init)
            self.bn3 = BatchNormalization(n_out)
            if first:
                self.conv4 = Convolution2D(n_in, n_out, 1, of_1 * of_3, 0, **init)
                self.bn4 = BatchNormalization(n_out)
        self.first = first

    def forward(self, x: Array) -> Any:
        h = relu(self.bn1(self.conv1(x)))
        h = relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return relu(F.add(h, self.bn4(self.conv4(x)) if self.first else x))


class _Block(Chain):
    """Bottlenecks one after another, "a", "b1", "b2", ..., the first with a stride and other channels."""

    def __init__(
        self, n: int, n_in: int, n_middle: int, n_out: int, stride: int, initialW: Any, downsample_fb: bool
    ) -> None:
        super().__init__()
        self.names = ["a", *(f"b{i}" for i in range(1, n))]
        strides = (1, stride) if downsample_fb else (stride, 1)
        with self.init_scope():
            self.a = _Bottleneck(n_in, n_middle, n_out, initialW, strides, first=True)
            for name in self.names[1:]:
                setattr(self, name, _Bottleneck(n_out, n_middle, n_out, initialW))

    def forward(self, x: Array) -> Any:
        for name in self.names:
            x = getattr(self, name)(x)
        return x


class _ResNet(Layers):
    """A convolution, four blocks and a linear layer."""

    _mean = (103.063, 115.903, 123.152)
    _features = "pool5"
    _blocks: ClassVar[tuple[int, int, int, int]]

    def __init__(self, pretrained_model: File = None, downsample_fb: bool = False) -> None:
        super().__init__()
        init = initializers(type(self).__name__, pretrained_model, HeNormal())
        n2, n3, n4, n5 = self._blocks
        with self.init_scope():
            self.conv1 = Convolution2D(3, 64, 7, 2, 3, **init)
            self.bn1 = BatchNormalization(64)
            self.res2 = _Block(n2, 64, 64, 256, 1, init["initialW"], downsample_fb)
            self.res3 = _Block(n3, 256, 128, 512, 2, init["initialW"], downsample_fb)
            self.res4 = _Block(n4, 512, 256, 1024, 2, init["initialW"], downsample_fb)
            self.res5 = _Block(n5, 1024, 512, 2048, 2, init["initialW"], downsample_fb)
            self.fc6 = Linear(2048, 1000)
        self._load(pretrained_model)

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """What each layer calls one after another."""
        return {
            "conv1": [self.conv1, self.bn1, relu],
            "pool1": [lambda x: max_pooling_2d(x, 3, stride=2)],
            "res2": [self.res2],
            "res3": [self.res3],
            "res4": [self.res4],
            "res5": [self.res5],
            "pool5": [lambda x: F.reshape(average_pooling_2d(x, x.shape[2:], stride=1), shape=x.shape[:2])],
            "fc6": [self.fc6],
            "prob": [softmax],
        }


class ResNet50Layers(_ResNet):
    """The network of 50 layers with weights, for pictures of 224 x 224 and 1000 classes: 25,557,096 parameters.

    Args:
        pretrained_model: path of an `.npz` file of parameters; None for random ones, HeNormal.
        downsample_fb: in blocks with a stride, let the convolution with windows of 3 have it instead of the one before.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, https://arxiv.org/abs/1512.03385.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import no_backprop_mode
        >>> with no_backprop_mode():
        ...     y = ResNet50Layers()(np.zeros((1, 3, 64, 64), "float32"), layers=["pool5"])
        >>> y["pool5"].shape
        (1, 2048)
    """

    _blocks = (3, 4, 6, 3)


class ResNet101Layers(_ResNet):
    """The network of 101 layers with weights, for pictures of 224 x 224 and 1000 classes: 44,549,224 parameters.

    Args:
        pretrained_model: see ResNet50Layers.
        downsample_fb: see ResNet50Layers.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, https://arxiv.org/abs/1512.03385.

    Example:
        >>> ResNet101Layers().available_layers
        ['conv1', 'pool1', 'res2', 'res3', 'res4', 'res5', 'pool5', 'fc6', 'prob']
    """

    _blocks = (3, 4, 23, 3)


class ResNet152Layers(_ResNet):
    """The network of 152 layers with weights, for pictures of 224 x 224 and 1000 classes: 60,192,872 parameters.

    Args:
        pretrained_model: see ResNet50Layers.
        downsample_fb: see ResNet50Layers.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, https://arxiv.org/abs/1512.03385.

    Example:
        >>> ResNet152Layers().res4.names[-1]
        'b35'
    """

    _blocks = (3, 8, 36, 3)
