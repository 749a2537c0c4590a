"""Triggers that watch what is reported: the best value so far, and early stopping."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import catena.nn as nn
from catena.training.triggers._interval import get_trigger

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class _Watch:
    """The mean of one reported value over the intervals of a trigger."""

    def __init__(self, owner: str, key: str, trigger: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"{owner}: the name to watch is {key!r}; expected a string, such as 'main/loss'")
        self._owner = owner
        self.key = key
        self.trigger: Any = get_trigger(trigger)
        self._summary = nn.Summary()
        self._seen = False

    def add(self, observation: dict[str, Any]) -> None:
        """Take in the value, if it was reported."""
        if self.key in observation:
            self._summary.add(observation[self.key])
            self._seen = True

    def mean(self, trainer: Trainer) -> float | None:
        """At the end of an interval its mean, or None with a warning if nothing was reported; before the end None."""
        if not self.trigger(trainer):
            return None
        if not self._seen:
            there = ", ".join(map(repr, sorted(trainer.observation))) or "none"
            warnings.warn(
                f"{self._owner}: nothing was reported under {self.key!r} since the last look; now there are: {there}",
                stacklevel=3,
            )
            return None
        mean = self._summary.compute_mean()
        self._summary, self._seen = nn.Summary(), False
        return mean

    def serialize(self, serializer: Serializer, trigger: str, summary: str) -> None:
        """Write or read the sums, and the moment of the last look, under these keys."""
        if hasattr(self.trigger, "serialize"):
            self.trigger.serialize(serializer[trigger])
        self._summary.serialize(serializer[summary])
        self._seen = bool(serializer(f"{summary}/seen", self._seen))


class BestValueTrigger:
    """Fires at the end of an interval whose mean of one reported value is better than that of all before.

    Args:
        key: the value's name, such as "validation/main/loss".
        compare: called as `compare(best, new)`; whether `new` is better.
        trigger: when an interval ends.

    Raises:
        TypeError: `key` is no string, or `compare` cannot be called.

    Warns:
        UserWarning: nothing was reported under `key` in an interval; it does not fire then.

    Attributes:
        best_value: the best mean so far; None before the first.

    Example:
        >>> trigger = BestValueTrigger("main/loss", lambda best, new: new < 0.9 * best)
        >>> print(trigger.best_value)
        None
    """

    def __init__(self, key: str, compare: Callable[[float, float], bool], trigger: Any = (1, "epoch")) -> None:
        if not callable(compare):
            raise TypeError(
                f"{type(self).__name__}: compare is {compare!r}; expected a function compare(best, new) that says "
                "whether new is better"
            )
        self._watch = _Watch(type(self).__name__, key, trigger)
        self._compare = compare
        self.best_value: float | None = None

    def __call__(self, trainer: Trainer) -> bool:
        """Whether an interval has ended whose mean is the best."""
        self._watch.add(trainer.observation)
        mean = self._watch.mean(trainer)
        if mean is None or math.isnan(mean):
            return False
        if self.best_value is not None and not self._compare(self.best_value, mean):
            return False
        self.best_value = mean
        return True

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the best value and what was taken in since."""
        self._watch.serialize(serializer, "interval_trigger", "summary")
        best = serializer("best_value", math.nan if self.best_value is None else self.best_value)
        self.best_value = None if math.isnan(best) else float(best)


class MaxValueTrigger(BestValueTrigger):
    """Fires at the end of an interval whose mean of one reported value is greater than all before; see `BestValueTrigger`.

    Args:
        key: the value's name.
        trigger: when an interval ends.

    Example:
        >>> trigger = MaxValueTrigger("validation/main/accuracy")
    """

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, operator.lt, trigger)


class MinValueTrigger(BestValueTrigger):
    """Fires at the end of an interval whose mean of one reported value is less than all before; see `BestValueTrigger`.

    Args:
        key: the value's name.
        trigger: when an interval ends.

    Example:
        >>> trigger = MinValueTrigger("validation/main/loss")
    """

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, operator.gt, trigger)


class EarlyStoppingTrigger:
    """A stop trigger: fires when a reported value has not become better for some intervals, or after `max_trigger`.

    Args:
        check_trigger: when an interval ends.
        monitor: the name of the value to watch; its mean over the interval counts.
        patience: after how many intervals without a better one it fires; 3 unless given.
        mode: "max" or "min" says which values are better; "auto" means "max" for names with "accuracy" in them.
        verbose: whether to print that training stops early.
        max_trigger: when training stops in any case.

    Raises:
        TypeError: `monitor` is no string.
        ValueError: `patience` is less than 1, or `mode` is none of the three.

    Warns:
        UserWarning: nothing was reported under `monitor` in an interval.

    Attributes:
        best: the best mean so far.
        count: the intervals since.

    Example:
        >>> stop = EarlyStoppingTrigger(monitor="validation/main/loss", patience=5, max_trigger=(50, "epoch"))
        >>> stop.get_training_length()
        (50, 'epoch')
    """

    def __init__(
        self,
        check_trigger: Any = (1, "epoch"),
        monitor: str = "main/loss",
        patience: int | None = None,
        mode: str = "auto",
        verbose: bool = False,
        max_trigger: Any = (100, "epoch"),
    ) -> None:
        if mode not in ("auto", "max", "min"):
            raise ValueError(f"EarlyStoppingTrigger: mode is {mode!r}; expected 'auto', 'max' or 'min'")
        if patience is not None and patience < 1:
            raise ValueError(
                f"EarlyStoppingTrigger: patience is {patience!r}; expected a number of intervals from 1, such as 3"
            )
        self._watch = _Watch("EarlyStoppingTrigger", monitor, check_trigger)
        self._max_trigger: Any = get_trigger(max_trigger)
        self.monitor = monitor
        self.patience = 3 if patience is None else patience
        self.verbose = verbose
        self._greater = mode == "max" or (mode == "auto" and "accuracy" in monitor)
        self.best = -math.inf if self._greater else math.inf
        self.count = 0

    def __call__(self, trainer: Trainer) -> bool:
        """Whether training is over."""
        self._watch.add(trainer.observation)
        if self._max_trigger(trainer):
            return True
        mean = self._watch.mean(trainer)
        if mean is None:
            return False
        if mean > self.best if self._greater else mean < self.best:
            self.best, self.count = mean, 0
        else:
            self.count += 1
        stops = self.count >= self.patience
        if stops and self.verbose:
            print(
                f"early stopping after iteration {trainer.updater.iteration}: {self.monitor} was best at {self.best:g}, "
                f"{self.count} looks ago"
            )
        return stops

    def get_training_length(self) -> Any:
        """How long training lasts at most, `(period, unit)`, or None where nobody knows."""
        length = getattr(self._max_trigger, "get_training_length", None)
        return None if length is None else length()

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the best value, the count and what was taken in since."""
        self._watch.serialize(serializer, "check_trigger", "summary")
        if hasattr(self._max_trigger, "serialize"):
            self._max_trigger.serialize(serializer["max_trigger"])
        self.best = float(serializer("best", self.best))
        self.count = int(serializer("count", self.count))
