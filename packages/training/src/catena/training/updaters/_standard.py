"""The updater of plain training: a minibatch, a loss, an update."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from catena.autograd._node import NEXT
from catena.training.convert import call_with, concat_examples, parse_device
from catena.training.iterators import Iterator
from catena.training.optimizers import Optimizer
from catena.training.updaters._updater import Updater, missing

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer


class StandardUpdater(Updater):
    """Takes a minibatch from the iterator 'main', makes arrays of it and updates the optimizer 'main' with the loss.

    A subclass that trains otherwise defines `update_core`. Its own `__init__` need not call this one's, as long as it
    sets `_iterators` and `_optimizers`, dicts by name; everything else has a default.

    Args:
        iterator: yields minibatches; or a dict of iterators by name.
        optimizer: already set up with its model; or a dict of optimizers by name, which are the names in reports too.
        converter: called as `converter(batch, device)`; makes of a minibatch a tuple or a dict of arrays, the loss
            function's arguments, or one array.
        device: where minibatches and the optimizers' models go: "numpy", "numba", ...; -1 is "numpy" and n >= 0 is
            "cuda:n"; None leaves both where they are.
        loss_func: called with the arrays, returns the loss; the optimizer's target unless given.
        loss_scale: a factor of the loss in the backward pass, see `GradientMethod.set_loss_scale`; none unless given.
        auto_new_epoch: whether to tell the optimizer when an epoch is over.
        n_accumulate: how many minibatches make one update, with the mean of their gradients; each counts alike.

    Raises:
        TypeError: an iterator has no `next`, or an optimizer no `update` and `target`.
        ValueError: a dict has no entry, `device` is given and an optimizer has no target, there is no such device, or
            `n_accumulate` is less than 1.

    Attributes:
        device: as given; it may be set.
        time_waiting: seconds of this process in which `update_core` waited for minibatches.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> from catena.training import datasets, iterators, optimizers
        >>> x = np.eye(4, dtype=np.float32)
        >>> model = L.Linear(4, 1)
        >>> updater = StandardUpdater(
        ...     iterators.SerialIterator(x, 2),
        ...     optimizers.SGD().setup(model),
        ...     loss_func=lambda batch: (model(batch) ** 2).mean(),
        ... )
        >>> for _ in range(3):
        ...     updater.update()
        >>> updater.iteration, updater.epoch, updater.epoch_detail
        (3, 1, 1.5)
    """

    _iterators: dict[str, Any]
    _optimizers: dict[str, Any]
    converter: Callable[..., Any] = staticmethod(concat_examples)
    device: Any = None
    loss_func: Callable[..., Any] | None = None
    auto_new_epoch = True
    n_accumulate = 1
    time_waiting = 0.0

    def __init__(
        self,
        iterator: Iterator | Mapping[str, Iterator],
        optimizer: Optimizer | Mapping[str, Optimizer],
        converter: Callable[..., Any] = concat_examples,
        device: Any = None,
        loss_func: Callable[..., Any] | None = None,
        loss_scale: float | None = None,
        auto_new_epoch: bool = True,
        *,
        n_accumulate: int = 1,
    ) -> None:
        self._iterators = dict(iterator) if isinstance(iterator, Mapping) else {"main": iterator}
        self._optimizers = dict(optimizer) if isinstance(optimizer, Mapping) else {"main": optimizer}
        for kind, given in (("iterator", self._iterators), ("optimizer", self._optimizers)):
            if not given:
                raise ValueError(
                    f"{type(self).__name__}: {kind} is an empty dict; expected at least one {kind}, under the name "
                    "'main'"
                )
        for given, methods, example in (
            (self._iterators, ("next",), "SerialIterator(dataset, 100)"),
            (self._optimizers, ("update", "target"), "SGD().setup(model)"),
        ):
            for name, each in given.items():
                if not all(hasattr(each, method) for method in methods):
                    kind = "iterator" if given is self._iterators else "optimizer"
                    raise TypeError(
                        f"{type(self).__name__}: {kind} {name!r} is of type {type(each).__name__}; expected an "
                        f"{kind}, such as {example}"
                    )
        self.converter = converter
        self.device = device
        self.loss_func = loss_func
        self.auto_new_epoch = auto_new_epoch
        if not isinstance(n_accumulate, int) or n_accumulate < 1:
            raise ValueError(
                f"{type(self).__name__}: n_accumulate is {n_accumulate!r}; expected a number of minibatches from 1"
            )
        self.n_accumulate = n_accumulate
        for name, each in self._optimizers.items():
            if auto_new_epoch:
                each.use_auto_new_epoch = True
            if loss_scale is not None:
                each.set_loss_scale(loss_scale)
            if device is not None:
                if each.target is None:
                    raise ValueError(
                        f"{type(self).__name__}: optimizer {name!r} has no model to move to {device!r}; call "
                        "optimizer.setup(model) first"
                    )
                each.target.to_device(parse_device(device))

    def get_iterator(self, name: str) -> Any:
        """The iterator of that name.

        Raises:
            ValueError: there is none.
        """
        try:
            return self._iterators[name]
        except KeyError:
            raise missing(self, "iterator", self._iterators, name) from None

    def get_optimizer(self, name: str) -> Any:
        """The optimizer of that name.

        Raises:
            ValueError: there is none.
        """
        try:
            return self._optimizers[name]
        except KeyError:
            raise missing(self, "optimizer", self._optimizers, name) from None

    def get_all_optimizers(self) -> dict[str, Any]:
        """All optimizers by name."""
        return dict(self._optimizers)

    @property
    def epoch(self) -> int:
        """Number of full passes over the dataset of the iterator 'main'."""
        epoch: int = self.get_iterator("main").epoch
        return epoch

    @property
    def epoch_detail(self) -> float:
        """Passes over the dataset of the iterator 'main', with the fraction of the running one."""
        detail: float = self.get_iterator("main").epoch_detail
        return detail

    @property
    def previous_epoch_detail(self) -> float | None:
        """`epoch_detail` before the last minibatch; None before the first, and of an iterator that does not count it."""
        detail: float | None = getattr(self.get_iterator("main"), "previous_epoch_detail", None)
        return detail

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last minibatch ended an epoch."""
        ended: bool = self.get_iterator("main").is_new_epoch
        return ended

    def update(self) -> None:
        """Do one iteration: `update_core`, counted in `iteration`."""
        self.update_core()
        self.iteration += 1

    def update_core(self) -> None:
        """The work of one iteration; what a subclass defines.

        Raises:
            ValueError: there is no iterator or no optimizer named 'main'.
            RuntimeError: the iterator has come to its end.
        """
        optimizer = self.get_optimizer("main")
        loss_func = optimizer.target if self.loss_func is None else self.loss_func
        if self.n_accumulate == 1:
            arrays, ends_epoch = self._next_arrays()
            if isinstance(arrays, tuple):
                optimizer.update(loss_func, *arrays)
            else:
                call_with(partial(optimizer.update, loss_func), arrays)
        else:
            ends_epoch = self._accumulate(optimizer, loss_func)
            optimizer.update()
        if self.auto_new_epoch and ends_epoch:
            optimizer.new_epoch(auto=True)

    def _next_arrays(self) -> tuple[Any, bool]:
        """The arrays of the next minibatch of 'main', and whether it ends an epoch."""
        iterator = self.get_iterator("main")
        begun = time.perf_counter()
        try:
            batch = iterator.next()
        except StopIteration:
            raise RuntimeError(
                f"{type(self).__name__}: the iterator 'main' has come to its end after {self.iteration} iterations; "
                "build it with repeat=True, or stop the trainer earlier"
            ) from None
        self.time_waiting += time.perf_counter() - begun
        return self.converter(batch, self.device), iterator.is_new_epoch

    def _accumulate(self, optimizer: Any, loss_func: Callable[..., Any]) -> bool:
        """Sum up the gradients of several minibatches, each divided by their number; whether one of them ends an epoch."""
        optimizer.target.cleargrads()
        ends_epoch, begun = False, NEXT()
        for part in range(1, self.n_accumulate + 1):
            arrays, ends = self._next_arrays()
            ends_epoch = ends_epoch or ends
            loss = call_with(loss_func, arrays) * (1 / self.n_accumulate)
            # A later part's loss may build on what this one computed; after the last, all of this update's graph goes.
            free = begun if part == self.n_accumulate else False
            loss.backward(free=free, loss_scale=getattr(optimizer, "loss_scale", None))
            del loss
        return ends_epoch

    def finalize(self) -> None:
        """Finalize the iterators."""
        for iterator in self._iterators.values():
            iterator.finalize()

    def serialize(self, serializer: Serializer) -> None:
        """Write the iterators, the optimizers, their models and `iteration`, or read them back."""
        for name, iterator in self._iterators.items():
            iterator.serialize(serializer[f"iterator:{name}"])
        for name, optimizer in self._optimizers.items():
            # The model first: it gives shapes to parameters that have none yet, and these say what the optimizer
            # remembers.
            optimizer.target.serialize(serializer[f"model:{name}"])
            optimizer.serialize(serializer[f"optimizer:{name}"])
        self.iteration = int(serializer("iteration", self.iteration))
