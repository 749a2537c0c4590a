"""Weights of mean 0 and variance 1."""

from __future__ import annotations

from catena.autograd import Variable
from catena.autograd import functions as F
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.link_hooks._weight import WeightHook


class WeightStandardization(WeightHook):
    """A link computes with (W - mean) / sqrt(var + eps), the mean and the variance taken over all axes of W but the first.

    Args:
        eps: added to the variance.
        weight_name: of the parameter.
        name: of the hook.

    Raises:
        ValueError: the link has no such parameter.

    Source: S. Qiao et al., Weight Standardization, 2019, https://arxiv.org/abs/1903.10520.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> layer = L.Linear(2, 2, initialW=np.array([[1.0, 3.0], [0.0, 8.0]])).add_hook(WeightStandardization())
        >>> layer(np.eye(2, dtype="float32")).array.round(4).T
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """

    name = "WeightStandardization"

    def __init__(self, *, eps: float = 1e-5, weight_name: str = "W", name: str | None = None) -> None:
        super().__init__(weight_name, name)
        self.eps = eps

    def computed(self, link: Link, W: Parameter) -> Variable:
        """W, standardized."""
        axes = tuple(range(1, len(W.shape)))
        centred = F.subtract(W, F.mean(W, axis=axes, keepdims=True))
        variance = F.mean(F.square(centred), axis=axes, keepdims=True)
        return F.divide(centred, F.sqrt(F.add(variance, self.eps)))
