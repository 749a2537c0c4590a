"""The log of a run."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from catena.nn.serializers._files import replacing
from catena.training._json import serialize_json
from catena.training.extensions._averaging import Averaging

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class LogReport(Averaging):
    """Keeps the means of what is reported in each interval, and writes them to a file of JSON.

    The file is a list with an object for each firing of `trigger`: the means since the last firing under their names,
    then `epoch`, `iteration` and `elapsed_time` in seconds. The first has `about` besides: the seed and the versions of the libraries;
    so has one from where they differ. The file is replaced as a whole, so it is complete at all times.

    Args:
        keys: the names to keep; all unless given.
        trigger: when an interval ends.
        postprocess: called with each new entry, a dict that it may change.
        filename: the file's name in the trainer's folder, in which '{epoch}' and other names in braces stand for
            values of the newest entry; None for no file.

    Raises:
        TypeError: `keys` is one string.

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
        super().__init__(keys, trigger)
        self._postprocess = postprocess
        self._filename = filename
        self._log: list[dict[str, Any]] = []

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries so far."""
        return self._log

    def _use(self, means: dict[str, Any], trainer: Trainer) -> None:
        entry = {**means, "elapsed_time": trainer.elapsed_time}
        if self._postprocess is not None:
            self._postprocess(entry)
        recorded = next((old["about"] for old in reversed(self._log) if "about" in old), None)
        if trainer.about != recorded:
            entry["about"] = copy.deepcopy(trainer.about)
        self._log.append(entry)
        if self._filename is not None:
            path = os.path.join(trainer.out, self._filename.format(**entry))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._write(path)

    def _write(self, path: str) -> None:
        with replacing(path, durable=False) as temporary, open(temporary, "w", encoding="utf-8") as file:
            json.dump(self._log, file, indent=4)
            file.write("\n")

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the entries so far and what has been taken in for the next."""
        super().serialize(serializer)
        self._log = serialize_json(serializer, "_log", self._log)
