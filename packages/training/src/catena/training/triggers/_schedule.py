"""Triggers of chosen moments: listed ones, the first, and by the clock."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from catena.training.triggers._interval import UNITS

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class ManualScheduleTrigger:
    """Fires at the listed epochs or iterations, each once.

    It fires where a point lies after the moment of the last call, up to now; so one that is asked rarely misses none.

    Args:
        points: a number or several; half an epoch is 0.5.
        unit: "epoch" or "iteration".

    Raises:
        ValueError: there is no point, one is no positive number, or `unit` is neither of the two.

    Attributes:
        points: the list of them.
        unit: as given.
        finished: whether the last of them has passed.

    Example:
        >>> trigger = ManualScheduleTrigger([10, 15], "epoch")
        >>> trigger.points, trigger.finished
        ([10, 15], False)
    """

    def __init__(self, points: float | Iterable[float], unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(f"ManualScheduleTrigger: unit is {unit!r}; expected 'epoch' or 'iteration'")
        self.points = list(points) if isinstance(points, Iterable) else [points]
        if not self.points or not all(isinstance(p, (int, float)) and 0 < p < math.inf for p in self.points):
            raise ValueError(
                f"ManualScheduleTrigger: points is {points!r}; expected numbers above 0, such as [10, 15] for a unit of "
                f"{unit!r}"
            )
        self.unit = unit
        self.finished = False
        self._previous_iteration = 0
        self._previous_epoch_detail = 0.0

    def __call__(self, trainer: Trainer) -> bool:
        """Whether a point was passed since the last call."""
        updater = trainer.updater
        by_epoch = self.unit == "epoch"
        before = self._previous_epoch_detail if by_epoch else self._previous_iteration
        now = updater.epoch_detail if by_epoch else updater.iteration
        self._previous_iteration = updater.iteration
        self._previous_epoch_detail = getattr(updater, "epoch_detail", 0.0)
        self.finished = bool(now >= max(self.points))
        return any(before < point <= now for point in self.points)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the moment of the last call."""
        self._previous_iteration = int(serializer("previous_iteration", self._previous_iteration))
        self._previous_epoch_detail = float(serializer("previous_epoch_detail", self._previous_epoch_detail))
        self.finished = bool(serializer("finished", self.finished))


class OnceTrigger:
    """Fires the first time it is asked, and never again.

    Args:
        call_on_resume: whether it fires once more in a run that goes on from a snapshot.

    Example:
        >>> trigger = OnceTrigger()
        >>> trigger("any trainer"), trigger("any trainer"), trigger.finished
        (True, False, True)
    """

    def __init__(self, call_on_resume: bool = False) -> None:
        self._flag_first = True
        self._flag_resumed = call_on_resume

    @property
    def finished(self) -> bool:
        """Whether it will fire no more."""
        return not (self._flag_first or self._flag_resumed)

    def __call__(self, trainer: Trainer) -> bool:
        """Whether this is the first call."""
        fires = not self.finished
        self._flag_first = self._flag_resumed = False
        return fires

    def serialize(self, serializer: Serializer) -> None:
        """Write or read whether there was a call."""
        self._flag_first = bool(serializer("_flag_first", self._flag_first))


class TimeTrigger:
    """Fires each time that another `period` of training time has passed, counted by `Trainer.elapsed_time`.

    It fires once where several periods have passed since the last call.

    Args:
        period: seconds.

    Raises:
        ValueError: `period` is not a positive number.

    Example:
        >>> from types import SimpleNamespace
        >>> trigger = TimeTrigger(60)
        >>> [trigger(SimpleNamespace(elapsed_time=seconds)) for seconds in (59, 61, 100, 300, 310)]
        [False, True, False, True, False]
    """

    def __init__(self, period: float) -> None:
        if isinstance(period, bool) or not isinstance(period, (int, float)) or not 0 < period < math.inf:
            raise ValueError(f"TimeTrigger: period is {period!r}; expected a number of seconds above 0, such as 60")
        self._period = period
        self._next_time = float(period)

    def __call__(self, trainer: Trainer) -> bool:
        """Whether another period is over."""
        elapsed = trainer.elapsed_time
        if elapsed <= self._next_time:
            return False
        self._next_time += self._period * (math.floor((elapsed - self._next_time) / self._period) + 1)
        return True

    def serialize(self, serializer: Serializer) -> None:
        """Write or read when it will fire next."""
        self._next_time = float(serializer("next_time", self._next_time))
