"""Schedules: extensions that move a hyperparameter, such as the learning rate, while training goes on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catena.training._extension import Extension

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class _Shift(Extension, ABC):
    """Sets an attribute of an optimizer to a function of how often the extension was called.

    A snapshot holds the number of calls and the value that the attribute has, whoever set it, and a resumed run begins with both.
    """

    def __init__(self, attr: str, init: float | None, target: float | None, optimizer: Any) -> None:
        self._attr = attr
        self._init = init
        self._target = target
        self._optimizer = optimizer
        self._t = 0
        self._last_value: float | None = None
        self._started = False

    @abstractmethod
    def _at(self, init: float, t: int) -> float | None:
        """The value after `t` calls, of which the first was `init`; None to leave it."""

    def _grows(self) -> bool:
        """Whether the values move away from zero."""
        return False

    def initialize(self, trainer: Trainer) -> None:
        """Set the first value, or the one that a resumed run had."""
        if self._optimizer is None:
            self._optimizer = trainer.updater.get_optimizer("main")
        if not hasattr(self._optimizer, self._attr):
            known = ", ".join(sorted(self._optimizer.hyperparam.get_dict()))
            raise ValueError(
                f"{type(self).__name__}: attr is {self._attr!r}, which {type(self._optimizer).__name__} does not have; "
                f"it has: {known}"
            )
        if self._init is None:
            self._init = float(getattr(self._optimizer, self._attr))
        value = self._last_value if self._last_value is not None else self._at(self._init, self._t)
        if value is not None:
            setattr(self._optimizer, self._attr, value)
        self._started = True

    def __call__(self, trainer: Trainer) -> None:
        """Set the next value."""
        assert self._init is not None
        self._t += 1
        value = self._at(self._init, self._t)
        if value is None:
            return
        target = self._target
        # Of quotients, so that it holds for negative values too.
        if target and (value / target > 1 if self._grows() else value / target < 1):
            value = target
        setattr(self._optimizer, self._attr, value)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the number of calls, the value and the first value."""
        value = getattr(self._optimizer, self._attr) if self._started else self._last_value
        self._t = int(serializer("_t", self._t))
        value = float(serializer("_last_value", math.nan if value is None else value))
        self._last_value = None if math.isnan(value) else value
        # The first value may be one that another schedule had set before.
        init = float(serializer("_init", math.nan if self._init is None else self._init))
        self._init = None if math.isnan(init) else init


class ExponentialShift(_Shift):
    """Multiplies a hyperparameter by `rate` at each call: `init * rate**t` after `t` calls.

    Args:
        attr: the hyperparameter's name, such as "lr" or "alpha".
        rate: factor of each call; not negative.
        init: the first value; the one that the optimizer has unless given.
        target: where the value stops.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: `rate` is negative; or, as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = ExponentialShift("lr", 0.5, init=1.0, target=0.1)  # trainer.extend(shift, trigger=(10, "epoch"))
    """

    def __init__(
        self, attr: str, rate: float, init: float | None = None, target: float | None = None, optimizer: Any = None
    ) -> None:
        super().__init__(attr, init, target, optimizer)
        if rate < 0:
            raise ValueError(f"ExponentialShift: rate is {rate}; expected a factor from 0, such as 0.5")
        self._rate = rate

    def _at(self, init: float, t: int) -> float:
        return float(init * self._rate**t)

    def _grows(self) -> bool:
        return self._rate > 1


class InverseShift(_Shift):
    """Lets a hyperparameter fall as an inverse power: `init * (1 + gamma * t)**-power` after `t` calls.

    Args:
        attr: the hyperparameter's name.
        gamma: how fast; not negative.
        power: the exponent.
        init: the first value; the one that the optimizer has unless given.
        target: where the value stops.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: `gamma` is negative; or, as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = InverseShift("lr", gamma=1e-4, power=0.75)
    """

    def __init__(
        self,
        attr: str,
        gamma: float,
        power: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, target, optimizer)
        if gamma < 0:
            raise ValueError(f"InverseShift: gamma is {gamma}; expected a number from 0, such as 1e-4")
        self._gamma = gamma
        self._power = power

    def _at(self, init: float, t: int) -> float:
        return float(init * (1 + self._gamma * t) ** -self._power)

    def _grows(self) -> bool:
        return self._power < 0


class LinearShift(_Shift):
    """Moves a hyperparameter along a straight line from one value to another, and leaves it there.

    Args:
        attr: the hyperparameter's name.
        value_range: the first value and the last one.
        time_range: after how many calls the line begins, and after how many it ends.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: a range is no pair, or the line ends before it begins; or, as the run begins, the optimizer has no
            such hyperparameter.

    Example:
        >>> shift = LinearShift("lr", (0.1, 0.0), (1000, 2000))
    """

    def __init__(
        self, attr: str, value_range: Sequence[float], time_range: Sequence[float], optimizer: Any = None
    ) -> None:
        super().__init__(attr, None, None, optimizer)
        if len(value_range) != 2 or len(time_range) != 2 or not time_range[0] < time_range[1]:
            raise ValueError(
                f"LinearShift: value_range is {value_range}, time_range {time_range}; expected (first, last) each, the "
                "times in order, such as (0.1, 0.0) and (1000, 2000)"
            )
        self._value_range = value_range
        self._time_range = time_range

    def _at(self, init: float, t: int) -> float:
        (begin, end), (first, last) = self._time_range, self._value_range
        if t >= end:
            return last
        return first + max(t - begin, 0) / (end - begin) * (last - first)


class MultistepShift(_Shift):
    """Multiplies a hyperparameter by `gamma` after each of the listed numbers of calls.

    Args:
        attr: the hyperparameter's name.
        gamma: the factor.
        step_value: the numbers of calls.
        init: the first value; the one that the optimizer has where None.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = MultistepShift("lr", 0.1, [30, 60, 90], 0.1)  # trainer.extend(shift, trigger=(1, "epoch"))
    """

    def __init__(
        self, attr: str, gamma: float, step_value: Sequence[int], init: float | None, optimizer: Any = None
    ) -> None:
        super().__init__(attr, init, None, optimizer)
        self._gamma = gamma
        self._step_value = list(step_value)

    def _at(self, init: float, t: int) -> float:
        passed = sum(t >= step for step in self._step_value)
        return float(init * self._gamma**passed)


class PolynomialShift(_Shift):
    """Lets a hyperparameter fall to zero along a power: `init * max(1 - t / max_count, 0)**rate` after `t` calls.

    Args:
        attr: the hyperparameter's name.
        rate: the exponent.
        max_count: after how many calls the value is zero.
        init: the first value; the one that the optimizer has unless given.
        target: where the value stops.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: `max_count` is not positive; or, as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = PolynomialShift("lr", rate=0.5, max_count=10_000)
    """

    def __init__(
        self,
        attr: str,
        rate: float,
        max_count: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, target, optimizer)
        if not max_count > 0:
            raise ValueError(f"PolynomialShift: max_count is {max_count}; expected a number of calls from 1")
        self._rate = rate
        self._max_count = max_count

    def _at(self, init: float, t: int) -> float:
        decay = max(1 - t / self._max_count, 0.0)
        if decay == 0 and self._rate < 0:
            return math.copysign(math.inf, init)
        return float(init * decay**self._rate)

    def _grows(self) -> bool:
        return self._rate < 0


class StepShift(_Shift):
    """Multiplies a hyperparameter by `gamma` every `step` calls: `init * gamma**(t // step)` after `t` calls.

    Args:
        attr: the hyperparameter's name.
        gamma: the factor.
        step: the number of calls.
        init: the first value; the one that the optimizer has unless given.
        target: where the value stops.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: `step` is not positive; or, as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = StepShift("lr", gamma=0.1, step=30)  # trainer.extend(shift, trigger=(1, "epoch"))
    """

    def __init__(
        self,
        attr: str,
        gamma: float,
        step: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, target, optimizer)
        if not step > 0:
            raise ValueError(f"StepShift: step is {step}; expected a number of calls from 1")
        self._gamma = gamma
        self._step = step

    def _at(self, init: float, t: int) -> float:
        return float(init * self._gamma ** (t // self._step))

    def _grows(self) -> bool:
        return self._gamma > 1


class WarmupShift(_Shift):
    """Moves a hyperparameter along a straight line to `init` during the first calls, and touches it no more.

    Another schedule may move it from there on.

    Args:
        attr: the hyperparameter's name.
        warmup_start: the first value; the one that the optimizer has where None.
        warmup_iter: the number of calls.
        init: the value at the end.
        optimizer: whose hyperparameter it is; the updater's optimizer 'main' unless given.

    Raises:
        ValueError: `warmup_iter` is not positive; or, as the run begins, the optimizer has no such hyperparameter.

    Example:
        >>> shift = WarmupShift("lr", warmup_start=0.001, warmup_iter=500, init=0.1)
    """

    def __init__(
        self, attr: str, warmup_start: float | None, warmup_iter: int, init: float, optimizer: Any = None
    ) -> None:
        super().__init__(attr, warmup_start, None, optimizer)
        if not warmup_iter > 0:
            raise ValueError(f"WarmupShift: warmup_iter is {warmup_iter}; expected a number of calls from 1")
        self._warmup_iter = warmup_iter
        self._end = init

    def _at(self, init: float, t: int) -> float | None:
        if t > self._warmup_iter:
            return None
        share = t * self._end + (self._warmup_iter - t) * init
        return share / self._warmup_iter
