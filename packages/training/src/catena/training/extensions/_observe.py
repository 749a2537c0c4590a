"""Values of one's own in the observation, and what is made of reported ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import catena.nn as nn
from catena.training._extension import PRIORITY_EDITOR, PRIORITY_WRITER, Extension, make_extension
from catena.training.triggers import get_trigger

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


def observe_value(observation_key: str, target_func: Callable[[Trainer], Any]) -> Any:
    """An extension that reports a value each epoch.

    Args:
        observation_key: the value's name.
        target_func: called with the trainer, returns the value.

    Example:
        >>> extension = observe_value("iteration_again", lambda trainer: trainer.updater.iteration)
        >>> extension.trigger, extension.default_name
        ((1, 'epoch'), '_observe_value')
    """

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER, default_name="_observe_value")
    def observe(trainer: Trainer) -> None:
        trainer.observation[observation_key] = target_func(trainer)

    return observe


def observe_lr(optimizer_name: str = "main", observation_key: str = "lr") -> Any:
    """An extension that reports an optimizer's learning rate each epoch: its `lr`, or `alpha` where it has none.

    Args:
        optimizer_name: the optimizer's name in the updater.
        observation_key: the value's name.

    Raises:
        ValueError: when it is called, if the optimizer has neither of the two.

    Example:
        >>> observe_lr().trigger
        (1, 'epoch')
    """

    def learning_rate(trainer: Trainer) -> Any:
        optimizer = trainer.updater.get_optimizer(optimizer_name)
        for name in ("lr", "alpha"):
            if hasattr(optimizer, name):
                return getattr(optimizer, name)
        raise ValueError(
            f"observe_lr: the optimizer {optimizer_name!r} is {type(optimizer).__name__}, which has no learning rate; "
            "observe something else with observe_value"
        )

    return observe_value(observation_key, learning_rate)


class MicroAverage(Extension):
    """Reports the quotient of two sums over an interval, such as of correct answers and of answers.

    The quotient of sums over several minibatches is not the mean of the minibatches' quotients, where they are of
    different sizes.

    Args:
        numerator_key: the name of the value to sum up above.
        denominator_key: the name of the value to sum up below.
        result_key: under which the quotient is reported.
        trigger: when an interval ends. The extension itself runs in every iteration.

    Example:
        >>> average = MicroAverage("main/correct", "main/answers", "main/accuracy", trigger=(100, "iteration"))
    """

    priority = PRIORITY_EDITOR

    def __init__(self, numerator_key: str, denominator_key: str, result_key: str, trigger: Any = (1, "epoch")) -> None:
        self._trigger: Any = get_trigger(trigger)
        self._numerator_key = numerator_key
        self._denominator_key = denominator_key
        self._result_key = result_key
        self._numerator = 0.0
        self._denominator = 0.0

    def __call__(self, trainer: Trainer) -> None:
        """Take in the two values, and report the quotient if it is time."""
        observation = trainer.observation
        if self._numerator_key in observation and self._denominator_key in observation:
            self._numerator += float(observation[self._numerator_key])
            self._denominator += float(observation[self._denominator_key])
        if self._trigger(trainer) and self._denominator:
            nn.report({self._result_key: self._numerator / self._denominator})
            self._numerator = self._denominator = 0.0

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the sums."""
        self._numerator = float(serializer("_numerator", self._numerator))
        self._denominator = float(serializer("_denominator", self._denominator))
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
