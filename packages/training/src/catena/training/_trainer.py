"""The training loop."""

from __future__ import annotations

import json
import os
import random
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from inspect import isfunction
from typing import TYPE_CHECKING, Any

import numpy as np

import catena.nn as nn
import xparray.random
from catena.autograd import Variable
from catena.nn._arrays import is_array
from catena.training._extension import PRIORITY_READER
from catena.training._json import serialize_json
from catena.training._reproducible import last_seed, versions
from catena.training.triggers import get_trigger
from xparray import to_device

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training.updaters import Updater


_TO_BE_DECORATED: Any = object()


@dataclass
class _Entry:
    """An extension as the trainer keeps it."""

    extension: Any
    trigger: Any
    priority: int
    call_before_training: bool

    def tell(self, event: str, *args: Any) -> None:
        """Call the extension's method for an event; a plain function has none."""
        method = getattr(self.extension, event, None)
        if method is not None:
            method(*args)


class Trainer:
    """The training loop: update the parameters, run each extension whose trigger fires, until the stop trigger does.

    What a model reports during an update (`catena.nn.report`) is in `observation`, under the name of the optimizer
    that has it as target: 'main/loss' is the loss reported by the target of the optimizer 'main'.

    A saved trainer (by the extension `snapshot`, or by `catena.nn.serializers.save_npz`) is the state of its updater,
    its stop trigger, its extensions and their triggers, the last observation, and of the process's random generators: xparray's,
    NumPy's global one and that of Python's `random`; and what `set_seed` was given and the versions of the libraries, as a record. A
    trainer built in the same way that loads the file goes on as if it had never stopped.

    Args:
        updater: does one iteration of training.
        stop_trigger: when training is over: a tuple such as `(20, "epoch")`, a callable of the trainer, or None for a
            loop that only an exception ends.
        out: the folder of all files; `run` makes it.
        extensions: to `extend` one after another.

    Raises:
        TypeError: `updater` is no updater, or `out` is no path.
        ValueError: an optimizer has no target.

    Attributes:
        observation: what was reported in the running iteration, by name.
        reporter: the reporter that collects it.
        time_spent: seconds of this run by what they went into: "update", and each extension by name.
        about: what `set_seed` was given, that of the snapshot where the run was resumed, and the versions of the libraries.

    Example:
        >>> import tempfile
        >>> class Count:  # an updater has these; see StandardUpdater for one that trains
        ...     iteration = epoch = 0
        ...     def connect_trainer(self, trainer): ...
        ...     def get_all_optimizers(self): return {}
        ...     def update(self): self.iteration += 1
        ...     def finalize(self): ...
        >>> trainer = Trainer(Count(), (3, "iteration"), out=tempfile.mkdtemp())
        >>> @trainer.extend
        ... def show(trainer):
        ...     print("iteration", trainer.updater.iteration)
        >>> trainer.run()
        iteration 1
        iteration 2
        iteration 3
    """

    file_kind = "trainer"

    def __init__(
        self,
        updater: Updater,
        stop_trigger: Any = None,
        out: str | os.PathLike[str] = "result",
        extensions: Iterable[Any] | None = None,
    ) -> None:
        if not hasattr(updater, "update"):
            raise TypeError(
                f"Trainer: updater is {updater!r:.60} ({type(updater).__name__}); expected an updater, such as "
                "StandardUpdater(iterator, optimizer)"
            )
        if not isinstance(out, str | os.PathLike):
            raise TypeError(f"Trainer: out is {out!r} ({type(out).__name__}); expected a folder, such as 'result'")
        self.updater: Any = updater  # most have epochs too, which Updater does not promise
        self.stop_trigger: Any = get_trigger(stop_trigger)
        self.out = out
        self.observation: dict[str, Any] = {}
        self.reporter = nn.Reporter()
        self.time_spent: dict[str, float] = {}
        self.about: dict[str, Any] = {"seed": last_seed(), "versions": versions()}
        for name, optimizer in updater.get_all_optimizers().items():
            if optimizer.target is None:
                raise ValueError(f"Trainer: the optimizer {name!r} has no model; call optimizer.setup(model) first")
            self.reporter.add_observer(name, optimizer.target)
            self.reporter.add_observers(name, optimizer.target.namedlinks(skipself=True))
        self._extensions: dict[str, _Entry] = {}
        self._started_at: float | None = None
        self._elapsed_before = 0.0  # by the runs that this one resumes, then by this run too once it is over
        self._run_time = 0.0
        self._ran = False
        updater.connect_trainer(self)
        for extension in extensions or ():
            self.extend(extension)

    @property
    def is_before_training(self) -> bool:
        """Whether no update was done yet, in this run or in one that it resumes."""
        return bool(self.updater.iteration == 0)

    @property
    def elapsed_time(self) -> float:
        """Seconds spent in `run`, those of the runs that this one resumes included."""
        if self._started_at is None:
            return self._elapsed_before
        return self._elapsed_before + time.perf_counter() - self._started_at

    @property
    def run_time(self) -> float:
        """Seconds spent in `run` by this trainer alone."""
        if self._started_at is None:
            return self._run_time
        return time.perf_counter() - self._started_at

    def extend(
        self,
        extension: Any = _TO_BE_DECORATED,
        name: str | None = None,
        trigger: Any = None,
        priority: int | None = None,
        *,
        call_before_training: bool = False,
    ) -> Any:
        """Add an extension; a function is returned as it is, for `@trainer.extend`. Without one, return a decorator.

        Args:
            extension: an `Extension`, or any callable of the trainer; left out in `@trainer.extend(trigger=...)`.
            name: the extension's own `name`, `default_name` or `__name__` unless given; a name that is taken gets
                '_1', '_2', ... at its end.
            trigger: the extension's own unless given, or else `(1, "iteration")`.
            priority: the extension's own unless given, or else `PRIORITY_READER`.
            call_before_training: whether to call it before the first update as well.

        Raises:
            TypeError: `extension` is no callable, is a class or a function that makes extensions, or has no name; `priority` is no number.
            ValueError: the name is "training".

        Example:
            >>> import catena.nn.links as L
            >>> from catena.training import iterators, optimizers, updaters
            >>> iterator = iterators.SerialIterator([1.0], 1)
            >>> trainer = Trainer(updaters.StandardUpdater(iterator, optimizers.SGD().setup(L.Linear(1, 1))))
            >>> @trainer.extend(trigger=(10, "iteration"))
            ... def halve(trainer):
            ...     trainer.updater.get_optimizer("main").lr /= 2
            >>> trainer.get_extension("halve") is halve
            True
        """
        if extension is _TO_BE_DECORATED:
            return partial(
                self.extend, name=name, trigger=trigger, priority=priority, call_before_training=call_before_training
            )
        if not callable(extension):
            raise TypeError(f"Trainer.extend: extension is {extension!r}; expected a callable that takes the trainer")
        if isinstance(extension, type):
            raise TypeError(
                f"Trainer.extend: extension is the class {extension.__name__}; expected an object of it, "
                f"{extension.__name__}(...)"
            )
        makes_one = str(getattr(extension, "__module__", "")).startswith("catena.training.extensions")
        if makes_one and not hasattr(extension, "trigger"):
            raise TypeError(
                f"Trainer.extend: extension is the function {extension.__name__}; expected what it returns, {extension.__name__}(...)"
            )
        if name is None:
            own = (getattr(extension, attribute, None) for attribute in ("name", "default_name", "__name__"))
            name = next((found for found in own if found is not None), None)
        if name is None:
            raise TypeError(f"Trainer.extend: {extension!r} has no name of its own; give one, extend(..., name='...')")
        if name == "training":
            raise ValueError("Trainer.extend: name is 'training', which is the trainer's own; give another name")
        unique, ordinal = name, 0
        while unique in self._extensions:
            ordinal += 1
            unique = f"{name}_{ordinal}"
        if trigger is None:
            trigger = getattr(extension, "trigger", (1, "iteration"))
        order: int = getattr(extension, "priority", PRIORITY_READER) if priority is None else priority
        if not isinstance(order, int | float):
            raise TypeError(
                f"Trainer.extend: priority is {order!r} ({type(order).__name__}); expected a number, such as 100"
            )
        entry = _Entry(extension, get_trigger(trigger), order, call_before_training)
        if hasattr(extension, "name"):
            entry.extension.name = unique
        self._extensions[unique] = entry
        return extension if isfunction(extension) else None  # a session would show every LogReport that it adds

    def get_extension(self, name: str) -> Any:
        """The extension of that name.

        Raises:
            ValueError: there is none.
        """
        if name not in self._extensions:
            there = ", ".join(map(repr, self._extensions)) or "none"
            raise ValueError(f"Trainer.get_extension: there is no extension named {name!r}; there are: {there}")
        return self._extensions[name].extension

    def run(self, show_loop_exception_msg: bool = True) -> None:
        """Train until the stop trigger fires; once.

        However the run ends, every extension and then the updater is finalized exactly once, and an `Exception` is
        first told to every extension's `on_error`. It is raised on as it is, with its own traceback.

        Args:
            show_loop_exception_msg: whether an exception gets a note that says where training stood.

        Raises:
            RuntimeError: this trainer has run before.
            OSError: the folder `out` cannot be made.
        """
        if self._ran:
            raise RuntimeError(
                f"Trainer.run: this trainer has already run, up to iteration {self.updater.iteration}, and runs once "
                "only; to go on, build another with a later stop_trigger and load a snapshot into it: "
                "catena.nn.serializers.load_npz(file, trainer)"
            )
        self._ran = True
        entries = sorted(self._extensions.values(), key=lambda entry: -entry.priority)
        self._started_at = time.perf_counter()
        try:
            self._make_folder()
            # Lowest priority first: a snapshot restores the run before any other extension looks at it.
            for entry in sorted(entries, key=lambda entry: entry.priority):
                entry.tell("initialize", self)
            self._compare_versions()
            self._loop(entries)
        except BaseException as error:
            if show_loop_exception_msg and isinstance(error, Exception):
                error.add_note(f"raised in Trainer.run after {self.updater.iteration} complete iterations")
            self._close(entries, error)
            raise
        failure = self._close(entries, None)
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # an exception that the frame of its own traceback refers to would be a cycle

    def _make_folder(self) -> None:
        try:
            os.makedirs(self.out, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno,
                f"Trainer.run: the folder {os.fspath(self.out)!r} cannot be made: {error.strerror}; give another one, "
                "Trainer(..., out='result')",
            ) from error

    def _compare_versions(self) -> None:
        before, now = self.about["versions"], versions()
        self.about["versions"] = now
        changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        if changed:
            listed = ", ".join(
                f"{name} {before.get(name, 'not there')}, now {now.get(name, 'not there')}" for name in changed
            )
            warnings.warn(
                f"Trainer.run: the snapshot was written with other versions: {listed}; this run may end with other bits than one "
                "that was never stopped",
                stacklevel=3,
            )

    def _loop(self, entries: list[_Entry]) -> None:
        update, scope = self.updater.update, self.reporter.scope
        if self.is_before_training:
            self.observation = {}
            with scope(self.observation):
                for entry in entries:
                    if entry.call_before_training:
                        entry.extension(self)
        names = {id(entry): name for name, entry in self._extensions.items()}
        named = [(names[id(entry)], entry.trigger, entry.extension) for entry in entries]
        spent = self.time_spent = dict.fromkeys(["update", *(name for name, _, _ in named)], 0.0)
        now, stop = time.perf_counter, self.stop_trigger
        while not stop(self):
            observation: dict[str, Any] = {}
            self.observation = observation
            with scope(observation):
                begun = now()
                update()
                done = now()
                spent["update"] += done - begun
                for name, trigger, extension in named:
                    if trigger(self):
                        extension(self)
                        begun, done = done, now()
                        spent[name] += done - begun

    def _close(self, entries: list[_Entry], error: BaseException | None) -> BaseException | None:
        """Tell every extension of the error, then finalize each and the updater, whatever any of them raises.

        The first failure of a run without an error is returned; all others become notes of the error or of that one.
        """
        self._run_time = self.run_time
        self._elapsed_before, self._started_at = self._elapsed_before + self._run_time, None
        steps: list[Callable[[], None]] = []
        if isinstance(error, Exception):
            steps += [partial(entry.tell, "on_error", self, error, error.__traceback__) for entry in entries]
        steps += [partial(entry.tell, "finalize") for entry in entries]
        steps.append(self.updater.finalize)
        for step in steps:
            failure = _failure_of(step)
            if error is None:
                error = failure
            elif failure is not None:
                error.add_note(f"then, while the trainer was closed, also: {failure!r}")
        return error

    def serialize(self, serializer: Serializer) -> None:
        """Write the whole state of the run to `serializer`, or read it back from there."""
        self.updater.serialize(serializer["updater"])
        if hasattr(self.stop_trigger, "serialize"):
            self.stop_trigger.serialize(serializer["stop_trigger"])
        for name, entry in self._extensions.items():
            if hasattr(entry.extension, "serialize"):
                entry.extension.serialize(serializer["extensions"][name])
            if hasattr(entry.trigger, "serialize"):
                entry.trigger.serialize(serializer["extension_triggers"][name])
        elapsed = float(serializer("_snapshot_elapsed_time", self.elapsed_time))
        # What is asked after the snapshot, the stop trigger above all, looks at the last observation once more.
        last = serialize_json(serializer, "observation", _numbers_in(self.observation))
        self.about = serialize_json(serializer, "about", self.about)
        if serializer.reading:
            self.observation = last
            self._elapsed_before = elapsed
            if self._started_at is not None:
                self._started_at = time.perf_counter()
        _serialize_random_states(serializer["random"])


def _failure_of(step: Callable[[], None]) -> BaseException | None:
    try:
        step()
    except BaseException as failure:  # Ctrl-C too: other extensions still have files to close and workers to join
        return failure
    return None


def _numbers_in(observation: dict[str, Any]) -> dict[str, float]:
    """The numbers of an observation, in which an extension may have put anything."""
    found = {}
    for name, value in observation.items():
        array = value.array if isinstance(value, Variable) else value
        if isinstance(array, int | float | np.generic) or is_array(array):
            host = np.asarray(to_device(array, "numpy") if is_array(array) else array)
            if host.size == 1 and host.dtype.kind in "biuf":
                found[name] = float(host.item())
    return found


def _serialize_random_states(serializer: Serializer) -> None:
    """Write or read the states of the process's random generators, as JSON."""
    numpy_state = json.loads(json.dumps(np.random.get_state(legacy=False), default=np.ndarray.tolist))
    numpy_state = serialize_json(serializer, "numpy", numpy_state)
    python_state = serialize_json(serializer, "python", list(random.getstate()))
    generator = xparray.random.get_generator()
    xparray_state = serializer("xparray", generator.state)
    if not serializer.reading:
        return
    try:
        np.random.set_state(numpy_state)
        random.setstate(tuple(tuple(part) if isinstance(part, list) else part for part in python_state))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"Trainer: the file holds a state that no random generator of numpy or Python has: {error}"
        ) from error
    generator.state = xparray_state
