"""Averages of the weights along a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import catena.nn as nn
import xparray as xp
from catena.nn._arrays import is_array
from catena.training._extension import PRIORITY_WRITER, Extension
from xparray import Array

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


@xp.elementwise
def _mix(average: Array, p: Array, share: float) -> Array:
    return average + share * (p - average)


class ExponentialMovingAverage(Extension):
    """Keeps a copy of a model whose weights are running means of the model's along the training.

        average = average + (1 - d) * (p - average),  d = min(decay, (1 + t) / (10 + t)) at the t-th call, from 1

    The smaller factor of the first calls lets the first weights be forgotten soon. Persistent arrays, such as the statistics of
    batch normalization, are copied as they are. A snapshot of the trainer holds the averages.

    Args:
        model: the link that is trained.
        decay: share of the mean that is kept at each call, from 0 to below 1.

    Raises:
        ValueError: `decay` is not in [0, 1).
        TypeError: `model` is no link.

    Attributes:
        model: the copy: evaluate it with `Evaluator(iterator, average.model)`, save it with `snapshot_object`.

    References:
        B. T. Polyak, A. B. Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM J. Control Optim. 30(4), 1992.

    Example:
        >>> import numpy as np
        >>> model = nn.Link(W=(2,))
        >>> model.W.array[...] = 1
        >>> average = ExponentialMovingAverage(model, decay=0.5)
        >>> model.W.array[...] = 2
        >>> average(None)
        >>> average.model.W.array.round(3)
        array([1.818, 1.818], dtype=float32)
    """

    priority = PRIORITY_WRITER + 100  # before an Evaluator of the copy

    def __init__(self, model: nn.Link, decay: float = 0.999) -> None:
        if not isinstance(model, nn.Link):
            raise TypeError(
                f"ExponentialMovingAverage: model is {model!r:.60}; expected a link, the model that is trained"
            )
        if not 0 <= decay < 1:
            raise ValueError(f"ExponentialMovingAverage: decay is {decay}; expected a number from 0 to below 1")
        self._source = model
        self._decay = decay
        self._t = 0
        self.model = model.copy("copy")

    def initialize(self, trainer: Trainer) -> None:
        """Take the copy to where the model is."""
        self.model.to_device(self._source.device)

    def __call__(self, trainer: Trainer | None) -> None:
        """Take in the weights of the model."""
        self._t += 1
        decay = min(self._decay, (1 + self._t) / (10 + self._t))
        averages = dict(self.model.namedparams())
        if any(not p.is_initialized for p in averages.values()):  # until the model has seen its first input
            self.model.copyparams(self._source)
            return
        for name, param in self._source.namedparams():
            average = averages[name].array
            _mix(average, param.array, 1 - decay, out=average)
        mine = dict(self.model.namedpersistents())
        for name, value in self._source.namedpersistents():
            if is_array(value) and is_array(mine[name]):
                mine[name][...] = value

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the averages."""
        self._t = int(serializer("t", self._t))
        self.model.serialize(serializer["model"])
