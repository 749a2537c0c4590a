"""Evaluation on held-out data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import catena.autograd as ag
import catena.nn as nn
from catena.training._extension import PRIORITY_WRITER, Extension
from catena.training.convert import call_with, concat_examples
from catena.training.updaters._updater import named

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class Evaluator(Extension):
    """Reports what a model reports about a dataset that it is not trained on, averaged over the examples.

    An evaluation goes over the dataset once, with `config.train` False and without recording a graph. The loss that
    the target 'main' reports becomes 'validation/main/loss', where 'validation' is the name of this extension. A
    minibatch counts by its number of examples, so the mean is that over the dataset even if the last minibatch is
    smaller. (In Chainer all minibatches count alike.)

    Args:
        iterator: yields the minibatches, once (`repeat=False`); an evaluation goes over a copy. Or a dict of iterators
            by name, for a subclass that defines `evaluate`; this class uses 'main'.
        target: the link that reports, called with the arrays of a minibatch; or a dict of links by name.
        converter: called as `converter(batch, device)`; makes of a minibatch a tuple or a dict of arrays, or one
            array.
        device: where minibatches go; None leaves them where they are.
        eval_hook: called as `eval_hook(evaluator)` before each evaluation.
        eval_func: called with the arrays in place of the target.

    Raises:
        TypeError: an iterator is none, or a target is no link.
        ValueError: a dict has no entry, or an iterator repeats for ever, or yields nothing; or none is named 'main'.

    Example:
        >>> from catena.training.iterators import SerialIterator
        >>> evaluator = Evaluator(SerialIterator([1.0, 2.0, 6.0], 2, repeat=False, shuffle=False), nn.Link(),
        ...                       eval_func=lambda x: nn.report({"mean": x.mean()}))
        >>> evaluator()
        {'mean': 3.0}
    """

    trigger = (1, "epoch")
    priority = PRIORITY_WRITER

    def __init__(
        self,
        iterator: Any,
        target: Any,
        converter: Callable[..., Any] = concat_examples,
        device: Any = None,
        eval_hook: Callable[[Evaluator], Any] | None = None,
        eval_func: Callable[..., Any] | None = None,
    ) -> None:
        self._iterators = dict(iterator) if isinstance(iterator, Mapping) else {"main": iterator}
        self._targets = dict(target) if isinstance(target, Mapping) else {"main": target}
        for kind, given in (("iterator", self._iterators), ("target", self._targets)):
            if not given:
                raise ValueError(
                    f"Evaluator: {kind} is an empty dict; expected at least one {kind}, under the name 'main'"
                )
        for name, each in self._targets.items():
            if not hasattr(each, "namedlinks"):
                raise TypeError(
                    f"Evaluator: target {name!r} is of type {type(each).__name__}; expected a link, such as the model "
                    "that is trained"
                )
        for name, each in self._iterators.items():
            if not hasattr(each, "__next__"):
                raise TypeError(
                    f"Evaluator: iterator {name!r} is of type {type(each).__name__}; expected an iterator, such as "
                    "SerialIterator(dataset, 100, repeat=False, shuffle=False)"
                )
            if getattr(each, "repeat", False):
                raise ValueError(
                    f"Evaluator: iterator {name!r} repeats its dataset for ever, so an evaluation would never end; "
                    "make it with repeat=False, shuffle=False"
                )
        self.converter = converter
        self.device = device
        self.eval_hook = eval_hook
        self.eval_func = eval_func

    @property
    def default_name(self) -> str:
        """'validation', with which the names of what is reported begin."""
        return "validation"

    def get_iterator(self, name: str) -> Any:
        """The iterator of that name.

        Raises:
            ValueError: there is none.
        """
        return named(self, "iterator", self._iterators, name)

    def get_all_iterators(self) -> dict[str, Any]:
        """All iterators by name."""
        return dict(self._iterators)

    def get_target(self, name: str) -> Any:
        """The target of that name.

        Raises:
            ValueError: there is none.
        """
        return named(self, "target", self._targets, name)

    def get_all_targets(self) -> dict[str, Any]:
        """All targets by name."""
        return dict(self._targets)

    def __call__(self, trainer: Trainer | None = None) -> dict[str, float]:
        """Evaluate, report the means, and return them by name; a trainer is not needed."""
        reporter = nn.Reporter()
        prefix = f"{self.name}/" if self.name else ""
        for name, target in self._targets.items():
            reporter.add_observer(prefix + name, target)
            reporter.add_observers(prefix + name, target.namedlinks(skipself=True))
        with reporter, ag.using_config("train", False), ag.no_backprop_mode():
            result = self.evaluate()
        nn.report(result)
        return result

    def evaluate(self) -> dict[str, float]:
        """Go over the data once and return the means by name; a subclass may do it in another way."""
        if self.eval_hook is not None:
            self.eval_hook(self)
        evaluate = self.eval_func or self.get_target("main")
        iterator = copy.copy(self.get_iterator("main"))
        if hasattr(iterator, "reset"):
            iterator.reset()
        summary = nn.DictSummary()
        empty = True
        for batch in iterator:
            empty = False
            observation: dict[str, Any] = {}
            with nn.report_scope(observation):
                call_with(evaluate, self.converter(batch, self.device))
            summary.add(observation, weight=len(batch))
        if empty:
            raise ValueError("Evaluator: the iterator 'main' gave no minibatch; is its dataset empty?")
        return summary.compute_mean()

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the state of the iterators, for the order in which a shuffled one goes."""
        for name, iterator in self._iterators.items():
            if hasattr(iterator, "serialize"):
                iterator.serialize(serializer[f"iterator:{name}"])

    def finalize(self) -> None:
        """Finalize the iterators."""
        for iterator in self._iterators.values():
            if hasattr(iterator, "finalize"):
                iterator.finalize()
