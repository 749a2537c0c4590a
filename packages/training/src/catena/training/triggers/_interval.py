"""Intervals, and what stands for a trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer

Trigger = Callable[["Trainer"], bool]
UNITS = ("epoch", "iteration")


class IntervalTrigger:
    """Fires each time that training has passed another `period` epochs or iterations.

    It fires when `updater.epoch_detail // period`, or `updater.iteration // period`, is no longer what it was when the
    trigger was last asked; so one that is asked rarely misses no period.

    Args:
        period: how many epochs or iterations; half an epoch is 0.5.
        unit: "epoch" or "iteration".

    Raises:
        ValueError: `period` is not a positive number, or `unit` is neither of the two.

    Example:
        >>> print(IntervalTrigger(5, "epoch"))
        IntervalTrigger(5, 'epoch')
    """

    def __init__(self, period: float, unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(
                f"IntervalTrigger: unit is {unit!r}; expected 'epoch' or 'iteration'; write (1, 'epoch'), for instance"
            )
        if isinstance(period, bool) or not isinstance(period, (int, float)):
            raise ValueError(f"IntervalTrigger: period is {period!r}; expected a number; write (1, {unit!r})")
        if not 0 < period < float("inf"):
            raise ValueError(
                f"IntervalTrigger: period is {period!r} ({unit}); expected more than 0; "
                "for an extension that never runs by itself give the trigger None"
            )
        self.period = period
        self.unit = unit
        self._previous_iteration = 0
        self._previous_epoch_detail = -1.0

    def __call__(self, trainer: Trainer) -> bool:
        """Whether another period is over since the last call."""
        updater, period = trainer.updater, self.period
        if self.unit == "iteration":
            last, self._previous_iteration = self._previous_iteration, updater.iteration
            return bool(last // period != self._previous_iteration // period)
        before, self._previous_epoch_detail = self._previous_epoch_detail, updater.epoch_detail
        if before < 0:  # never asked yet
            before = updater.previous_epoch_detail or 0.0
        return bool(before // period != self._previous_epoch_detail // period)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the moment of the last call."""
        self._previous_iteration = int(serializer("previous_iteration", self._previous_iteration))
        self._previous_epoch_detail = float(serializer("previous_epoch_detail", self._previous_epoch_detail))

    def get_training_length(self) -> tuple[float, str]:
        """How long training lasts if this is its stop trigger, `(period, unit)`."""
        return self.period, self.unit

    def __repr__(self) -> str:
        return f"IntervalTrigger({self.period!r}, {self.unit!r})"


def never(trainer: Trainer) -> bool:
    """False: the trigger meant by None."""
    return False


def get_trigger(trigger: Any) -> Trigger:
    """The trigger that is meant.

    Args:
        trigger: `(period, unit)` for an `IntervalTrigger`, None for never, or a callable, which is a trigger itself:
            it is called with the trainer, once an iteration, and returns whether to run.

    Raises:
        TypeError: `trigger` is none of these.
        ValueError: the tuple's period or unit makes no sense.

    Example:
        >>> get_trigger((3, "epoch"))
        IntervalTrigger(3, 'epoch')
        >>> get_trigger(None)("any trainer")
        False
    """
    if trigger is None:
        return never
    if callable(trigger):
        return cast("Trigger", trigger)
    if isinstance(trigger, (tuple, list)) and len(trigger) == 2:
        return IntervalTrigger(*trigger)
    raise TypeError(
        f"get_trigger: trigger is {trigger!r}; expected (period, unit) such as (1, 'epoch'), "
        "a callable that takes the trainer, or None for never"
    )
