"""What a trainer asks of an updater."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catena.training.optimizers import Optimizer

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class Updater:
    """Base class of updaters: define `update`, which does one iteration of training, and `get_all_optimizers`.

    A trainer and its extensions also read `iteration`, and `epoch`, `epoch_detail`, `previous_epoch_detail` and
    `is_new_epoch` where there are epochs.

    Attributes:
        iteration: number of updates so far.
    """

    iteration = 0

    def connect_trainer(self, trainer: Trainer) -> None:
        """Called once by the trainer that will run this updater."""

    def finalize(self) -> None:
        """Called once when training is over, however it ends."""

    def get_optimizer(self, name: str) -> Optimizer:
        """The optimizer of that name.

        Raises:
            ValueError: there is none.
        """
        found: Optimizer = named(self, "optimizer", self.get_all_optimizers(), name)
        return found

    def get_all_optimizers(self) -> dict[str, Optimizer]:
        """All optimizers by name."""
        raise TypeError(
            f"{type(self).__name__} names no optimizers; define get_all_optimizers(self) in it, returning a dict"
        )

    def update(self) -> None:
        """Do one iteration."""
        raise TypeError(f"{type(self).__name__} does nothing; define update(self) in it")

    def serialize(self, serializer: Serializer) -> None:
        """Write the updater's state to `serializer`, or read it back from there."""
        raise TypeError(f"{type(self).__name__} cannot be saved; define serialize(self, serializer) in it")


def named(owner: Any, kind: str, existing: Mapping[str, Any], name: str) -> Any:
    """What `existing` has under `name`, or an error that says what there is."""
    if name not in existing:
        raise missing(owner, kind, existing, name)
    return existing[name]


def missing(owner: Any, kind: str, existing: Mapping[str, Any], name: str) -> ValueError:
    """The error that says what `existing` has instead of `name`."""
    there = ", ".join(map(repr, existing)) or "none"
    return ValueError(
        f"{type(owner).__name__}: there is no {kind} named {name!r}, only {there}; give one that name, or define the method "
        "that asks for it in a subclass"
    )
