"""What the networks of this folder add to catena's: parameters from Chainer's folder of data, and the functions `prepare`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from chainer.dataset import download


def stored(network: Any, pretrained_model: Any, name: str) -> Any:
    """The path of the file of parameters: for "auto" the one of that name in Chainer's folder of data.

    Raises:
        FileNotFoundError: it is not there, for nothing is downloaded.
    """
    if pretrained_model != "auto":
        return pretrained_model
    path = os.path.join(download.get_dataset_directory("pfnet/chainer/models/", create_directory=False), name)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"{type(network).__name__}: pretrained_model is 'auto', and there is no {path}; nothing is downloaded or converted here: "
            "put the file that Chainer made there, give its path, or None for random values"
        )
    return path


def preparing(network: Any) -> Callable[..., Any]:
    """The network's method `prepare`, for which there need not be a network."""

    def prepare(image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
        """A picture as `(3, height, width)`: blue, green and red, less the mean of the pictures of the training."""
        return network.prepare(network.__new__(network), image, size)

    return prepare
