"""What extensions that work with the means of intervals share."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import catena.nn as nn
from catena.training._extension import Extension
from catena.training.triggers import get_trigger

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class Averaging(Extension, ABC):
    """Base of extensions that take in every observation, and at the end of each interval use the means.

    Args:
        keys: the names to take in; all where None.
        trigger: when an interval ends. The extension itself runs in every iteration, to see every observation.
    """

    def __init__(self, keys: Iterable[str] | None, trigger: Any) -> None:
        if isinstance(keys, str):
            raise TypeError(f"{type(self).__name__}: keys is {keys!r}; expected a list of names; write [{keys!r}]")
        self._keys = None if keys is None else list(keys)
        self._trigger: Any = get_trigger(trigger)
        self._summary = nn.DictSummary()

    def __call__(self, trainer: Trainer) -> None:
        """Take in what was reported, and use the means if it is time."""
        observation = trainer.observation
        if self._keys is not None:
            observation = {key: observation[key] for key in self._keys if key in observation}
        self._summary.add(observation)
        if not (trainer.is_before_training or self._trigger(trainer)):
            return
        means: dict[str, Any] = self._summary.compute_mean()
        means["epoch"] = trainer.updater.epoch
        means["iteration"] = trainer.updater.iteration
        self._summary = nn.DictSummary()
        self._use(means, trainer)

    @abstractmethod
    def _use(self, means: dict[str, Any], trainer: Trainer) -> None:
        """Do the work at the end of an interval: `means` by name, with `epoch` and `iteration`."""

    def serialize(self, serializer: Serializer) -> None:
        """Write or read what has been taken in for the next means."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        self._summary.serialize(serializer["_summary"])


def warn_of_unknown(owner: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Warn that nothing was reported under `names`, where there are any."""
    if names := list(names):
        listed, there = ", ".join(map(repr, names)), ", ".join(map(repr, sorted(known)))
        warnings.warn(f"{owner}: nothing was reported under {listed}; there were {there}", stacklevel=2)
