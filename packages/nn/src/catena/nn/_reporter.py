"""Reporter: numbers that a model reports while it runs find their way to whoever logs them."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import xparray
from catena.autograd import Variable, config
from catena.nn._arrays import is_array

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer


class _Active(threading.local):
    """The reporters of the running thread, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[Reporter] = []


_active = _Active()


class Reporter:
    """Collects reported values in the dict `observation`, each under the name of who reports it.

    It receives what is reported inside its `with` block. An observer that was added as "main" reports its loss as "main/loss".

    Attributes:
        observation: what was reported, by name; a later value replaces an earlier one.

    Example:
        >>> class Model: ...
        >>> model = Model()
        >>> reporter = Reporter()
        >>> reporter.add_observer("main", model)
        >>> with reporter:
        ...     report({"loss": 0.5}, model)
        >>> reporter.observation
        {'main/loss': 0.5}
    """

    def __init__(self) -> None:
        # Observers are kept, or the identity of a dead one could become another object's.
        self._observers: dict[int, tuple[Any, str]] = {}
        self.observation: dict[str, Any] = {}

    def __enter__(self) -> Self:
        _active.stack.append(self)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _active.stack.pop()

    def scope(self, observation: dict[str, Any]) -> AbstractContextManager[None]:
        """A block in which this reporter is the current one and writes into `observation`."""
        return _Scope(self, observation)

    def add_observer(self, name: str, observer: Any) -> None:
        """Let values reported by `observer` be called `<name>/<key>`."""
        self._observers[id(observer)] = (observer, f"{name}/")

    def add_observers(self, prefix: str, observers: Iterable[tuple[str, Any]]) -> None:
        """Add each observer of the (name, observer) pairs, such as `link.namedlinks()` gives, under `prefix + name`."""
        for name, observer in observers:
            self.add_observer(prefix + name, observer)

    def report(self, values: Mapping[str, Any], observer: Any = None) -> None:
        """Store the values; see the function `report`.

        Raises:
            KeyError: `observer` was not added.
            TypeError: a value is no number.
            ValueError: a value has more than one element.
        """
        prefix = ""
        if observer is not None:
            known = self._observers.get(id(observer))
            if known is None:
                raise KeyError(
                    f"report: the observer, a {type(observer).__name__}, is not known to the reporter; "
                    "add it with reporter.add_observer(name, observer), or report with no observer"
                )
            prefix = known[1]
        checked, graphs = {}, {}
        for key, value in values.items():
            checked[prefix + key] = _scalar("report", key, value)
            if isinstance(value, Variable):
                graphs[prefix + key] = value
        self.observation.update(checked)
        if graphs and config.keep_graph_on_report:
            self.observation.update(graphs)


class _Scope:
    """What `Reporter.scope` returns: a class, since a trainer enters one in every iteration, and a generator takes longer."""

    def __init__(self, reporter: Reporter, observation: dict[str, Any]) -> None:
        self._reporter = reporter
        self._observation = observation

    def __enter__(self) -> None:
        reporter = self._reporter
        self._before, reporter.observation = reporter.observation, self._observation
        _active.stack.append(reporter)

    def __exit__(self, *raised: object) -> None:
        _active.stack.pop()
        self._reporter.observation = self._before


def report(values: Mapping[str, Any], observer: Any = None) -> None:
    """Report numbers to the current reporter; without one, nothing happens.

    Args:
        values: numbers, or arrays or Variables of one element, by key. Of a Variable its array is stored, not its graph,
            unless `config.keep_graph_on_report` is set.
        observer: who reports, such as the link `self`; its name in the reporter comes before each key. None for bare keys.

    Raises:
        KeyError: the reporter does not know `observer`.
        TypeError: a value is no number.
        ValueError: a value has more than one element.

    Example:
        >>> observation = {}
        >>> with Reporter().scope(observation):
        ...     report({"loss": np.float32(0.5)})
        >>> observation
        {'loss': array(0.5, dtype=float32)}
    """
    if _active.stack:
        _active.stack[-1].report(values, observer)


def get_current_reporter() -> Reporter:
    """The reporter that receives what is reported here.

    Raises:
        RuntimeError: there is none.
    """
    if not _active.stack:
        raise RuntimeError("get_current_reporter: no reporter is active here; enter one: with reporter: ...")
    return _active.stack[-1]


@contextmanager
def report_scope(observation: dict[str, Any]) -> Iterator[None]:
    """A block in which the current reporter writes into `observation` instead.

    Raises:
        RuntimeError: there is no current reporter.

    Example:
        >>> seen = {}
        >>> with Reporter():
        ...     with report_scope(seen):
        ...         report({"loss": 1.0})
        >>> seen
        {'loss': 1.0}
    """
    with get_current_reporter().scope(observation):
        yield


def _scalar(function: str, key: str, value: Any) -> Any:
    """`value` as a Python number or a 0-d array, on the device where it is."""
    if isinstance(value, Variable):
        value = value.array
    if type(value) is np.ndarray and not value.shape:  # what nearly all are
        return value
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not is_array(value):
        raise TypeError(
            f"{function}: {key} is {value!r:.60} ({type(value).__name__}); expected a number or an array of one element"
        )
    if math.prod(value.shape) != 1:
        raise ValueError(
            f"{function}: {key} has shape {tuple(value.shape)}; expected one element; reduce it first, "
            f"as in F.mean({key})"
        )
    return xparray.reshape(value, ()) if value.ndim else value


def _weight(function: str, weight: float) -> float:
    if not (math.isfinite(weight) and weight >= 0):
        raise ValueError(f"{function}: weight is {weight}; expected a finite number from 0")
    return weight


_ON_HOST = (np.ndarray, bool, int, float)


class Summary:
    """The weighted mean and standard deviation of numbers as they come, in double precision.

    Example:
        >>> summary = Summary()
        >>> summary.add(1.0)
        >>> summary.add(4.0, weight=2)
        >>> summary.compute_mean()
        3.0
    """

    def __init__(self) -> None:
        self._x = 0.0
        self._x2 = 0.0
        self._n = 0.0
        # Numbers on other devices, not looked at before they are needed: a look waits for the device.
        self._waiting: list[tuple[Any, float]] = []

    def add(self, value: Any, weight: float = 1) -> None:
        """Take in a number, `weight` times.

        Args:
            value: number, or array or Variable of one element.
            weight: how much it counts, such as the number of examples it is the mean of.

        Raises:
            TypeError: `value` is no number.
            ValueError: `value` has more than one element, or `weight` is negative or not finite.
        """
        self._add(_scalar("Summary.add", "value", value), _weight("Summary.add", weight))

    def _add(self, value: Any, weight: float) -> None:
        """Take in what was checked."""
        if isinstance(value, _ON_HOST):
            x = float(value)
            self._x += weight * x
            self._x2 += weight * x * x
            self._n += weight
        else:
            self._waiting.append((value, weight))
            if len(self._waiting) >= 1000:
                self._settle()

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        for value, weight in waiting:
            self._add(float(value), weight)

    def compute_mean(self) -> float:
        """The mean, Σ w·x / Σ w.

        Raises:
            ValueError: nothing was added, or only with weight 0.
        """
        return self.make_statistics()[0]

    def make_statistics(self) -> tuple[float, float]:
        """The mean and the standard deviation, sqrt(Σ w·x² / Σ w - mean²).

        Raises:
            ValueError: nothing was added, or only with weight 0.
        """
        self._settle()
        if not self._n:
            raise ValueError("Summary: nothing was added, so there is no mean; add(value) first")
        mean = self._x / self._n
        variance = self._x2 / self._n - mean * mean
        # Rounding can bring it below zero; NaN stays NaN.
        return mean, math.sqrt(0.0 if variance < 0 else variance)

    def serialize(self, serializer: Serializer) -> None:
        """Write the sums, or read them back."""
        self._settle()
        self._x = serializer("_x", self._x)
        self._x2 = serializer("_x2", self._x2)
        self._n = serializer("_n", self._n)


class DictSummary:
    """A Summary for each name.

    Example:
        >>> summary = DictSummary()
        >>> summary.add({"loss": 1.0, "accuracy": 0.5}, weight=3)
        >>> summary.add({"loss": 5.0})
        >>> summary.compute_mean()
        {'loss': 2.0, 'accuracy': 0.5}
    """

    def __init__(self) -> None:
        self._summaries: dict[str, Summary] = {}

    def add(self, d: Mapping[str, Any], weight: float = 1) -> None:
        """Take in a number for each name of `d`, all or, if one of them is no number, none.

        Args:
            d: numbers by name; a tuple is a number and its own weight.
            weight: how much the others count.

        Raises:
            TypeError: a value is no number.
            ValueError: a value has more than one element, or a weight is negative or not finite.
        """
        weight, checked = _weight("DictSummary.add", weight), []
        for name, value in d.items():
            if isinstance(value, tuple):
                value, own = value
                checked.append((name, _scalar("DictSummary.add", name, value), _weight("DictSummary.add", own)))
            else:
                checked.append((name, _scalar("DictSummary.add", name, value), weight))
        for name, value, w in checked:
            if name not in self._summaries:
                self._summaries[name] = Summary()
            self._summaries[name]._add(value, w)

    def compute_mean(self) -> dict[str, float]:
        """The mean of each name's numbers, in the order in which the names came."""
        return {name: summary.compute_mean() for name, summary in self._summaries.items()}

    def make_statistics(self) -> dict[str, float]:
        """The mean of each name's numbers under the name, their standard deviation under `<name>.std`."""
        statistics = {name: summary.make_statistics() for name, summary in self._summaries.items()}
        means = {name: mean for name, (mean, _) in statistics.items()}
        return {**means, **{f"{name}.std": std for name, (_, std) in statistics.items()}}

    def serialize(self, serializer: Serializer) -> None:
        """Write the names and their sums, or read them back."""
        names = json.loads(serializer("_names", json.dumps(list(self._summaries))))
        if serializer.reading:
            self._summaries = {name: self._summaries.get(name) or Summary() for name in names}
        for i, name in enumerate(names):
            self._summaries[name].serialize(serializer["_summaries"][str(i)])
