"""What a Trainer calls while it trains: the Extension class, and the decorator that makes one of a function."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer

PRIORITY_WRITER = 300
"""Runs first: extensions that report values, such as an Evaluator."""
PRIORITY_EDITOR = 200
"""Runs second: extensions that change what was reported."""
PRIORITY_READER = 100
"""Runs last of the three: extensions that only read what was reported, such as a LogReport."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Extension:
    """Something that a `Trainer` calls whenever its trigger fires.

    A subclass defines `__call__`; any other callable serves as well, and `make_extension` gives it the same
    attributes.

    Attributes:
        trigger: when it is called: `(period, unit)`, a callable, or None for never; see `get_trigger`.
        priority: of the extensions due in one iteration the highest goes first; equal ones go in the order of
            `extend`.
        name: under which the trainer keeps it, once it does.

    Example:
        >>> class Hello(Extension):
        ...     trigger = (1, "epoch")
        ...
        ...     def __call__(self, trainer):
        ...         print("epoch", trainer.updater.epoch)
        >>> Hello().default_name
        'Hello'
    """

    trigger: Any = (1, "iteration")
    priority: int = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """The name under which a trainer keeps this extension if none is given: that of its class."""
        return type(self).__name__

    def __call__(self, trainer: Trainer) -> Any:
        """Do the work; called after an update whenever the trigger fires."""
        raise TypeError(f"{type(self).__name__} does nothing; define __call__(self, trainer) in it")

    def initialize(self, trainer: Trainer) -> None:
        """Prepare; called once, before the first iteration of a run, lowest priority first."""

    def on_error(self, trainer: Trainer, exc: Exception, tb: TracebackType | None) -> None:
        """React to the exception that ends the run; called once, before any extension is finalized."""

    def finalize(self) -> None:
        """Clean up; called once at the end of a run however it ends, even if `initialize` was never reached."""

    def serialize(self, serializer: Serializer) -> None:
        """Write this extension's state to `serializer`, or read it back from there."""


def make_extension(
    trigger: Any = None,
    default_name: str | None = None,
    priority: int | None = None,
    finalizer: Callable[[], Any] | None = None,
    initializer: Callable[[Trainer], Any] | None = None,
    on_error: Callable[[Trainer, Exception, TracebackType | None], Any] | None = None,
) -> Callable[[Function], Function]:
    """A decorator that gives a function of the trainer the attributes of an `Extension`.

    Args:
        trigger: when it is called; in every iteration unless given.
        default_name: the function's own name unless given.
        priority: `PRIORITY_READER` unless given.
        finalizer: called as `finalizer()` at the end of the run.
        initializer: called as `initializer(trainer)` before the first iteration.
        on_error: called as `on_error(trainer, exception, traceback)` where an exception ends the run.

    Example:
        >>> @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER)
        ... def halve(trainer):
        ...     trainer.updater.get_optimizer("main").lr /= 2
        >>> halve.default_name, halve.trigger, halve.priority
        ('halve', (1, 'epoch'), 300)
    """

    def decorate(function: Function) -> Function:
        attributes = {
            "trigger": Extension.trigger if trigger is None else trigger,
            "default_name": default_name or getattr(function, "__name__", type(function).__name__),
            "priority": Extension.priority if priority is None else priority,
            "finalize": finalizer,
            "initialize": initializer,
            "on_error": on_error,
        }
        for name, value in attributes.items():
            setattr(function, name, value)
        return function

    return decorate
