"""Convolutions with windows of several sizes side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from catena.nn.functions.activation import softmax
from catena.nn.functions.noise import dropout
from catena.nn.functions.normalization import local_response_normalization
from catena.nn.functions.pooling import average_pooling_2d, max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.initializers import LeCunUniform
from catena.nn.links.connection import Linear
from catena.nn.links.convolution import Convolution2D
from catena.nn.links.inception import Inception
from catena.nn.links.vision._layers import File, Layers, initializers

# in_channels, and the results of the parts of an Inception, for each of them.
INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(Layers):
    """The network of nine Inceptions, for pictures of 224 x 224 and 1000 classes: 13,378,280 parameters.

    The layers "loss1_fc2" and "loss2_fc2" are scores for the two losses in the middle, which its training adds.

    Args:
        pretrained_model: path of an `.npz` file of parameters; None for random ones, LeCunUniform.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: C. Szegedy et al., Going Deeper with Convolutions, CVPR 2015, https://arxiv.org/abs/1409.4842.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import no_backprop_mode
        >>> with no_backprop_mode():
        ...     y = GoogLeNet()(np.zeros((1, 3, 224, 224), "float32"), layers=["pool3"])
        >>> y["pool3"].shape
        (1, 480, 14, 14)
    """

    _mean = (104.0, 117.0, 123.0)
    _features = "pool5"
    _branches: ClassVar[Mapping[str, str]] = {"loss1_fc2": "inception_4a", "loss2_fc2": "inception_4d"}

    def __init__(self, pretrained_model: File = None) -> None:
        super().__init__()
        init = initializers("GoogLeNet", pretrained_model, LeCunUniform())
        with self.init_scope():
            self.conv1 = Convolution2D(3, 64, 7, stride=2, pad=3, **init)
            self.conv2_reduce = Convolution2D(64, 64, 1, **init)
            self.conv2 = Convolution2D(64, 192, 3, stride=1, pad=1, **init)
            for name, channels in INCEPTIONS.items():
                setattr(self, f"inc{name}", Inception(*channels))
            self.loss3_fc = Linear(1024, 1000, **init)
            self.loss1_conv = Convolution2D(512, 128, 1, **init)
            self.loss1_fc1 = Linear(2048, 1024, **init)
            self.loss1_fc2 = Linear(1024, 1000, **init)
            self.loss2_conv = Convolution2D(528, 128, 1, **init)
            self.loss2_fc1 = Linear(2048, 1024, **init)
            self.loss2_fc2 = Linear(1024, 1000, **init)
        self._load(pretrained_model)

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """What each layer calls one after another."""
        layers: dict[str, list[Callable[[Any], Any]]] = {
            "conv1": [self.conv1, relu],
            "pool1": [_maxima, _among_neighbours],
            "conv2_reduce": [self.conv2_reduce, relu],
            "conv2": [self.conv2, relu, _among_neighbours],
            "pool2": [_maxima],
        }
        for name in INCEPTIONS:
            layers[f"inception_{name}"] = [getattr(self, f"inc{name}")]
            if name in ("3b", "4e"):
                layers[f"pool{name[0]}"] = [_maxima]
        layers |= {
            "pool5": [lambda x: average_pooling_2d(x, 7, stride=1)],
            "loss3_fc": [lambda x: dropout(x, 0.4), self.loss3_fc],
            "prob": [softmax],
            "loss1_fc2": [_means, self.loss1_conv, relu, self.loss1_fc1, relu, self.loss1_fc2],
            "loss2_fc2": [_means, self.loss2_conv, relu, self.loss2_fc1, relu, self.loss2_fc2],
        }
        return layers


def _maxima(x: Any) -> Any:
    return max_pooling_2d(x, 3, stride=2)


def _means(x: Any) -> Any:
    return average_pooling_2d(x, 5, stride=3)


def _among_neighbours(x: Any) -> Any:
    return local_response_normalization(x, n=5, k=1, alpha=1e-4 / 5)
