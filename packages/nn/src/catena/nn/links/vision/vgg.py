"""Deep stacks of convolutions with windows of 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from catena.nn.functions.activation import softmax
from catena.nn.functions.noise import dropout
from catena.nn.functions.pooling import max_pooling_2d
from catena.nn.functions.rectifiers import relu
from catena.nn.initializers import Normal
from catena.nn.links.connection import Linear
from catena.nn.links.convolution import Convolution2D
from catena.nn.links.vision._layers import File, Layers, initializers


class _VGG(Layers):
    """Five groups of convolutions, each followed by maxima of 2 x 2, and three linear layers."""

    _mean = (103.939, 116.779, 123.68)
    _features = "fc7"
    _convolutions: ClassVar[tuple[int, ...]]  # how many there are in each group

    def __init__(self, pretrained_model: File = None) -> None:
        super().__init__()
        init = initializers(type(self).__name__, pretrained_model, Normal(0.01), initial_bias=0)
        with self.init_scope():
            n_in = 3
            for name, n_out in self._names():
                setattr(self, name, Convolution2D(n_in, n_out, 3, 1, 1, **init))
                n_in = n_out
            self.fc6 = Linear(512 * 7 * 7, 4096, **init)
            self.fc7 = Linear(4096, 4096, **init)
            self.fc8 = Linear(4096, 1000, **init)
        self._load(pretrained_model)

    def _names(self) -> list[tuple[str, int]]:
        """The convolutions' names and their channels."""
        groups = zip(self._convolutions, (64, 128, 256, 512, 512), strict=True)
        return [(f"conv{i}_{j}", n_out) for i, (n, n_out) in enumerate(groups, 1) for j in range(1, n + 1)]

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """What each layer calls one after another."""
        layers: dict[str, list[Callable[[Any], Any]]] = {}
        for i, n in enumerate(self._convolutions, 1):
            layers |= {f"conv{i}_{j}": [getattr(self, f"conv{i}_{j}"), relu] for j in range(1, n + 1)}
            layers[f"pool{i}"] = [lambda x: max_pooling_2d(x, 2)]
        layers |= {
            "fc6": [self.fc6, relu, dropout],
            "fc7": [self.fc7, relu, dropout],
            "fc8": [self.fc8],
            "prob": [softmax],
        }
        return layers


class VGG16Layers(_VGG):
    """The network of 16 layers with weights, for pictures of 224 x 224 and 1000 classes: 138,357,544 parameters.

    Args:
        pretrained_model: path of an `.npz` file of parameters; None for random ones, with the paper's standard deviation of .01.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015,
    https://arxiv.org/abs/1409.1556.

    Example:
        >>> model = VGG16Layers()
        >>> model.fc6.W.shape, model.available_layers[-4:]
        ((4096, 25088), ['fc6', 'fc7', 'fc8', 'prob'])
    """

    _convolutions = (2, 2, 3, 3, 3)


class VGG19Layers(_VGG):
    """The network of 19 layers with weights, for pictures of 224 x 224 and 1000 classes: 143,667,240 parameters.

    Args:
        pretrained_model: path of an `.npz` file of parameters; None for random ones, with the paper's standard deviation of .01.

    Raises:
        ValueError: the file is to be downloaded, or one of Caffe's, or of another network.

    Source: K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015,
    https://arxiv.org/abs/1409.1556.

    Example:
        >>> import numpy as np
        >>> model = VGG19Layers()
        >>> model.extract([np.zeros((32, 32), "uint8")], layers=["pool5"], size=None)["pool5"].shape
        (1, 512, 1, 1)
    """

    _convolutions = (2, 2, 4, 4, 4)
