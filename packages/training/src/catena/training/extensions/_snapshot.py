"""Saving a run, and going on with it."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from string import Formatter
from types import TracebackType
from typing import TYPE_CHECKING, Any

from catena.nn import serializers
from catena.training._extension import Extension
from catena.training._json import serialize_json
from catena.training.extensions.snapshot_writers import SimpleWriter

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer

NUMBER = r"([-+]?[0-9][0-9.e+-]*)"


def snapshot(
    savefun: Callable[[str, Any], Any] | None = None,
    filename: str | Callable[[Trainer], str] = "snapshot_iter_{.updater.iteration}",
    *,
    target: Any = None,
    condition: Callable[[], bool] | None = None,
    writer: Callable[[str, str, Any], Any] | None = None,
    snapshot_on_error: bool = False,
    n_retains: int = -1,
    autoload: bool = False,
    best: str | None = None,
    mode: str = "auto",
) -> Extension:
    """An extension that saves the whole trainer, each epoch unless extended with another trigger.

    From such a file a trainer built in the same way goes on to the same bits: `catena.nn.serializers.load_npz(file,
    trainer)` before `run`, or `autoload`. A file appears under its name only when it is complete.

    Args:
        savefun: called as `savefun(path, target)`; `catena.nn.serializers.save_npz` without compression unless given.
        filename: formatted with the trainer, or called with it; in the trainer's folder.
        target: what to save in place of the trainer, such as a model.
        condition: called without arguments before each saving; no file is written where it returns False.
        writer: writes the file, at once or beside the training: one of `extensions.snapshot_writers`, or anything that is called
            as `writer(filename, folder, target)`; takes the place of `savefun`.
        snapshot_on_error: whether a run that ends with an exception is saved as well. The file holds what the failed
            iteration left behind; one that was saved before the error is never replaced.
        n_retains: how many of the files of this name are kept, the newest, or those with the best value of `best`; -1 for all.
        autoload: whether `run` begins by loading the newest file of this name that loads; each newer one that does not
            is named in a warning.
        best: the name of a reported value, such as "validation/main/accuracy", by which files are kept.
        mode: "max" or "min" says which values of `best` are better; "auto" means "max" for names with "accuracy" in them.

    Raises:
        TypeError: both `savefun` and `writer` are given.
        ValueError: `n_retains` is neither -1 nor positive; `n_retains` or `autoload` is to find files whose names
            differ by something else than numbers; or, as the run begins, there are files to load and none of them
            loads; or, when it is called, `best` was not reported in that iteration.

    Example:
        >>> extension = snapshot(filename="epoch_{.updater.epoch}", n_retains=2, autoload=True)
        >>> extension.trigger, extension.priority
        ((1, 'epoch'), -100)
    """
    return _Snapshot(savefun, filename, target, condition, writer, snapshot_on_error, n_retains, autoload, best, mode)


def snapshot_object(
    target: Any,
    filename: str | Callable[[Trainer], str],
    savefun: Callable[[str, Any], Any] | None = None,
    *,
    condition: Callable[[], bool] | None = None,
    writer: Callable[[str, str, Any], Any] | None = None,
    snapshot_on_error: bool = False,
    n_retains: int = -1,
    autoload: bool = False,
    best: str | None = None,
    mode: str = "auto",
) -> Extension:
    """An extension that saves `target`, such as a model, each epoch unless extended otherwise; see `snapshot`.

    Args:
        target: what to save.
        filename: formatted with the trainer, or called with it; in the trainer's folder.
        savefun: called as `savefun(path, target)`; `catena.nn.serializers.save_npz` without compression unless given.
        condition: called without arguments before each saving; no file is written where it returns False.
        writer: writes the file in place of `savefun`; see `extensions.snapshot_writers`.
        snapshot_on_error: whether to save as well when a run ends with an exception.
        n_retains: how many of the files of this name are kept, the newest, or those with the best value of `best`; -1 for all.
        autoload: whether `run` begins by loading the newest file of this name that loads.
        best: the name of a reported value by which files are kept.
        mode: which values of `best` are better, "max", "min" or "auto".

    Example:
        >>> import catena.nn as nn
        >>> extension = snapshot_object(nn.Chain(), "model_iter_{.updater.iteration}")
    """
    return _Snapshot(savefun, filename, target, condition, writer, snapshot_on_error, n_retains, autoload, best, mode)


class _Snapshot(Extension):
    trigger = (1, "epoch")
    priority = -100

    def __init__(
        self,
        savefun: Callable[[str, Any], Any] | None,
        filename: str | Callable[[Trainer], str],
        target: Any,
        condition: Callable[[], bool] | None,
        writer: Any,
        snapshot_on_error: bool,
        n_retains: int,
        autoload: bool,
        best: str | None,
        mode: str,
    ) -> None:
        if savefun is not None and writer is not None:
            raise TypeError(
                "snapshot: both savefun and writer are given; give the function to the writer: ThreadWriter(savefun)"
            )
        if mode not in ("auto", "max", "min"):
            raise ValueError(f"snapshot: mode is {mode!r}; expected 'auto', 'max' or 'min'")
        if n_retains != -1 and n_retains < 1:
            raise ValueError(f"snapshot: n_retains is {n_retains}; expected a number of files from 1, or -1 for all")
        if callable(filename) and (n_retains != -1 or autoload):
            raise ValueError(
                "snapshot: filename is a function, but n_retains and autoload find files by a format string; give "
                "one such as 'snapshot_iter_{.updater.iteration}'"
            )
        if writer is None:  # deflating takes most of a snapshot's time, and makes parameters a tenth smaller at most
            writer = SimpleWriter(compression=False) if savefun is None else SimpleWriter(savefun)
        self._writer = writer
        self._filename = filename
        self._target = target
        self._condition = condition
        self._n_retains = n_retains
        self._autoload = autoload
        self._snapshot_on_error = snapshot_on_error
        self._best = best
        self._sign = -1 if mode == "max" or (mode == "auto" and best is not None and "accuracy" in best) else 1
        self._values: dict[str, float] = {}  # of `best`, by the name of the file
        if target is not None:
            # A saved run holds the state of every trigger that was asked before: so ask this one before that.
            self.priority = _Snapshot.priority + 10

    def initialize(self, trainer: Trainer) -> None:
        """Check the files' name, and load the newest file that loads, if asked to."""
        if isinstance(self._filename, str) and "[" not in self._filename:  # an item, of the observation, may come later
            self._path(trainer)
        if self._n_retains > 0:
            # A writer of one's own need not have this; its files are then looked through after each call.
            after = getattr(self._writer, "_add_cleanup_hook", None)
            if after is not None:
                after(partial(self._clean, trainer))
        if not self._autoload:
            return
        target = trainer if self._target is None else self._target
        failures = []
        found = self._find(trainer)
        for path in found:
            try:
                serializers.load_npz(path, target)
            except (ValueError, TypeError, KeyError, OSError) as error:
                failures.append(error)
            else:
                for failure in failures:
                    warnings.warn(f"snapshot: skipped a newer file that does not load: {failure}", stacklevel=2)
                return
        if failures:
            raise ValueError(
                f"snapshot: autoload found {len(failures)} files such as {found[0]!r} and none loads; move "
                f"them away to start anew. The newest: {failures[0]}"
            )

    def __call__(self, trainer: Trainer) -> None:
        """Save, then remove the files that are not to be kept."""
        if self._condition is not None and not self._condition():
            return
        path = self._path(trainer)
        if self._best is not None:
            if self._best not in trainer.observation:
                there = ", ".join(map(repr, sorted(trainer.observation))) or "none"
                raise ValueError(
                    f"snapshot: best is {self._best!r}, which was not reported in this iteration; there were: {there}; "
                    "extend with a trigger that fires when it is"
                )
            self._values[os.path.basename(path)] = float(trainer.observation[self._best])
        self._save(trainer, path)
        if self._n_retains > 0 and not hasattr(self._writer, "_add_cleanup_hook"):
            self._clean(trainer)

    def _clean(self, trainer: Trainer) -> None:
        """Remove the files that are not to be kept."""
        found = self._find(trainer)
        if self._best is not None:
            # Files that this run does not know the value of are another's. The sort is stable: of equals the newest stay.
            found = [path for path in found if os.path.basename(path) in self._values]
            found.sort(key=lambda path: self._rank(self._values[os.path.basename(path)]))
        for old in found[self._n_retains :]:
            self._values.pop(os.path.basename(old), None)
            with suppress(FileNotFoundError):  # another trainer in this folder was faster
                os.remove(old)

    def _rank(self, value: float) -> float:
        return math.inf if math.isnan(value) else self._sign * value

    def finalize(self) -> None:
        """Wait for what a writer still has to write."""
        if hasattr(self._writer, "finalize"):
            self._writer.finalize()

    def serialize(self, serializer: Serializer) -> None:
        """Write or read which file has which value, where the best ones are kept."""
        if self._best is not None:
            self._values = serialize_json(serializer, "_values", self._values)

    def on_error(self, trainer: Trainer, exc: Exception, tb: TracebackType | None) -> None:
        """Save if asked to, but never over a file from before the error."""
        if self._snapshot_on_error:
            path = self._path(trainer)
            if not os.path.exists(path):
                self._save(trainer, path)

    def _path(self, trainer: Trainer) -> str:
        if callable(self._filename):
            name = self._filename(trainer)
        else:
            try:
                name = self._filename.format(trainer)
            except (AttributeError, LookupError, ValueError) as error:
                raise ValueError(
                    f"snapshot: filename {self._filename!r} cannot be formatted with the trainer: {error}; put what the "
                    "trainer has into braces, as in 'snapshot_iter_{.updater.iteration}'"
                ) from error
        return os.path.join(trainer.out, name)

    def _save(self, trainer: Trainer, path: str) -> None:
        folder = os.fspath(trainer.out)
        self._writer(os.path.relpath(path, folder), folder, trainer if self._target is None else self._target)

    def _find(self, trainer: Trainer) -> list[str]:
        """The files whose names this extension's format string gives, the newest first."""
        assert isinstance(self._filename, str)
        folder, name = os.path.split(os.path.join(trainer.out, self._filename))
        parts = [re.escape(text) + ("" if field is None else NUMBER) for text, field, _, _ in Formatter().parse(name)]
        pattern = re.compile("".join(parts))
        if not pattern.fullmatch(os.path.basename(self._path(trainer))) or "{" in folder:
            raise ValueError(
                f"snapshot: filename {self._filename!r} gives {self._path(trainer)!r}; n_retains and autoload expect "
                "nothing but numbers in its braces, as in 'snapshot_iter_{.updater.iteration}'"
            )
        if not os.path.isdir(folder):
            return []
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if pattern.fullmatch(entry.name):
                    with suppress(FileNotFoundError):  # another trainer in this folder has removed it
                        found.append((entry.stat().st_mtime_ns, entry.path))
        return [path for _, path in sorted(found, reverse=True)]
