"""Logs that grow by a line: JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from catena.nn.serializers._files import replacing
from catena.training.extensions._log_report import LogReport


class _LineReport(LogReport):
    """A log of lines, which grows by one at a time.

    It is written whole at first, so that a resumed run drops what its snapshot does not know of, and where the file is not as it was
    left, since another trainer may write there too.
    """

    def __init__(
        self,
        keys: Iterable[str] | None,
        trigger: Any,
        postprocess: Callable[[dict[str, Any]], Any] | None,
        filename: str,
    ) -> None:
        super().__init__(keys, trigger, postprocess, filename)
        self._written = ("", 0, 0)  # the file, how many entries are in it, and its bytes

    @abstractmethod
    def _lines(self, entries: list[dict[str, Any]]) -> str:
        """The lines of some entries."""

    def _head(self) -> str:
        """What stands before the first entry."""
        return ""

    def _write(self, path: str) -> None:
        if os.path.exists(path) and self._written == (path, len(self._log) - 1, os.path.getsize(path)):
            with open(path, "a", encoding="utf-8", newline="") as file:
                file.write(self._lines(self._log[-1:]))
        else:
            with (
                replacing(path, durable=False) as temporary,
                open(temporary, "w", encoding="utf-8", newline="") as file,
            ):
                file.write(self._head() + self._lines(self._log))
        self._written = (path, len(self._log), os.path.getsize(path))


class JSONLinesReport(_LineReport):
    """Keeps the means of what is reported in each interval, and writes each as a line of JSON; see `LogReport`.

    Args:
        keys: the names to keep; all unless given.
        trigger: when an interval ends.
        postprocess: called with each new entry, a dict that it may change.
        filename: the file's name in the trainer's folder.

    Example:
        >>> extension = JSONLinesReport(trigger=(100, "iteration"))
    """

    def __init__(
        self,
        keys: Iterable[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str = "log.jsonl",
    ) -> None:
        super().__init__(keys, trigger, postprocess, filename)

    def _lines(self, entries: list[dict[str, Any]]) -> str:
        return "".join(json.dumps(entry) + "\n" for entry in entries)


class CSVReport(_LineReport):
    """Keeps the means of what is reported in each interval, and writes them as a table of comma-separated values.

    The first line has the names. Where a name comes later than the first entry, the file is written anew with another column.

    Args:
        keys: the names to keep; all unless given.
        trigger: when an interval ends.
        postprocess: called with each new entry, a dict that it may change.
        filename: the file's name in the trainer's folder.

    Example:
        >>> extension = CSVReport(["main/loss", "validation/main/loss"])
    """

    def __init__(
        self,
        keys: Iterable[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str = "log.csv",
    ) -> None:
        super().__init__(keys, trigger, postprocess, filename)
        self._columns: list[str] = []

    def _write(self, path: str) -> None:
        columns = list(dict.fromkeys(name for entry in self._log for name in entry if name != "about"))
        if columns != self._columns:
            self._columns, self._written = columns, ("", 0, 0)
        super()._write(path)

    def _head(self) -> str:
        return self._rows([self._columns])

    def _lines(self, entries: list[dict[str, Any]]) -> str:
        return self._rows([[entry.get(name, "") for name in self._columns] for entry in entries])

    @staticmethod
    def _rows(rows: list[list[Any]]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()
