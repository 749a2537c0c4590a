"""The functions `prepare` of the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def preparing(network: Any) -> Callable[..., Any]:
    """The network's method `prepare`, for which there need not be a network."""

    def prepare(image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
        """A picture as `(3, height, width)`: blue, green and red, less the mean of the pictures of the training."""
        return network.prepare(network.__new__(network), image, size)

    return prepare
