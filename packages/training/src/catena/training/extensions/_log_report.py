"""The log of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import catena.nn as nn
from catena.training._extension import Extension
from catena.training._json import serialize_json
from catena.training.extensions._files import replacing
from catena.training.triggers import get_trigger

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class LogReport(Extension):
    """Keeps the means of what is reported in each interval, and writes them to a file of JSON.

    The file is a list with an object for each firing of `trigger`: the means since the last firing under their names,
    then `epoch`, `iteration` and `elapsed_time` in seconds. It is replaced as a whole, so it is complete at all times.

    Args:
        keys: the names to keep; all unless given.
        trigger: when an interval ends.
        postprocess: called with each new entry, a dict that it may change.
        filename: the file's name in the trainer's folder, in which '{epoch}' and other names in braces stand for
            values of the newest entry; None for no file.

    Example:
        >>> LogReport(trigger=(100, "iteration"), filename="log.json").log
        []
    """

    def __init__(
        self,
        keys: Iterable[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str | None = "log",
    ) -> None:
        # The extension itself runs in every iteration, to see every observation.
        self._trigger: Any = get_trigger(trigger)
        self._keys = None if keys is None else list(keys)
        self._postprocess = postprocess
        self._filename = filename
        self._log: list[dict[str, Any]] = []
        self._summary = nn.DictSummary()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries so far."""
        return self._log

    def __call__(self, trainer: Trainer) -> None:
        """Take in what was reported, and write an entry if it is time."""
        observation = trainer.observation
        if self._keys is not None:
            observation = {key: observation[key] for key in self._keys if key in observation}
        self._summary.add(observation)
        if not (trainer.is_before_training or self._trigger(trainer)):
            return
        entry: dict[str, Any] = self._summary.compute_mean()
        entry["epoch"] = trainer.updater.epoch
        entry["iteration"] = trainer.updater.iteration
        entry["elapsed_time"] = trainer.elapsed_time
        if self._postprocess is not None:
            self._postprocess(entry)
        self._log.append(entry)
        self._summary = nn.DictSummary()
        if self._filename is not None:
            with (
                replacing(os.path.join(trainer.out, self._filename.format(**entry))) as path,
                open(path, "w", encoding="utf-8") as file,
            ):
                json.dump(self._log, file, indent=4)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the entries so far and what has been taken in for the next."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        self._summary.serialize(serializer["_summary"])
        self._log = serialize_json(serializer, "_log", self._log)
