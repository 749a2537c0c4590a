"""Scaling the loss, so that small gradients do not vanish in half precision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import xparray as xp
from catena.nn import Parameter
from xparray import Array

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer

GREATEST = 65504.0
"""The greatest number of float16."""


@xp.elementwise
def _scaled(g: Array, factor: float) -> Array:
    return factor * g


class LossScale:
    """A factor of the loss: fixed, or moved so that it is as great as the gradients' range allows.

    A moving factor doubles over `interval` updates, up to 65504; where a gradient is NaN or infinite, the update is left out and the factor
    is halved.

    Args:
        scale: the fixed factor; None for a moving one, from 1.
        interval: over how many updates a moving factor doubles.

    Raises:
        ValueError: `scale` is not a positive number, or `interval` is less than 1.

    References:
        P. Micikevicius et al., Mixed Precision Training, ICLR 2018 (https://arxiv.org/abs/1710.03740).
    """

    def __init__(self, scale: float | None, interval: int = 1000) -> None:
        if scale is not None and not 0 < scale < math.inf:
            raise ValueError(f"loss_scale is {scale}; expected a positive number, such as 128")
        if interval < 1:
            raise ValueError(f"loss_scaling: interval is {interval}; expected a number of updates from 1, such as 1000")
        self.moves = scale is None
        self.value = 1.0 if scale is None else float(scale)
        self._growth = 2 ** (1 / interval)

    def take_off(self, params: list[Parameter]) -> bool:
        """Divide the gradients by the factor, in place; False, with the gradients as they are, if the update must be left out."""
        gradients = [p.grad for p in params if p.grad is not None]
        if self.moves and not all(bool(xp.all(xp.isfinite(g))) for g in gradients):
            self.value = max(self.value / 2, 2.0**-24)
            return False
        for g in gradients:
            _scaled(g, 1 / self.value, out=g)
        if self.moves:
            self.value = min(self.value * self._growth, GREATEST)
        return True

    def serialize(self, serializer: Serializer) -> None:
        """Write or read a moving factor."""
        if self.moves:
            self.value = float(serializer("value", self.value))
