"""The table of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from catena.training._extension import Extension
from catena.training.extensions._averaging import warn_of_unknown
from catena.training.extensions._console import terminal
from catena.training.extensions._log_report import LogReport

if TYPE_CHECKING:
    from rich.console import Console

    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class PrintReport(Extension):
    """Prints each new entry of a LogReport as a row of a table.

    After a resume it begins with the rows that the log has already.

    Args:
        entries: the names in the log that are the columns.
        log_report: the name of the LogReport in the trainer; or one that is not in the trainer, which is then called
            here.
        out: where the table goes as plain lines; unless given, standard output, where rich draws it if that is a
            terminal (and rich is installed; plain lines otherwise).

    Raises:
        TypeError: `entries` is one string, or `log_report` means no LogReport.
        ValueError: at the start of the run, where the trainer has no extension of the name `log_report`.

    Example:
        >>> PrintReport(["epoch", "main/loss", "validation/main/loss"]).header
        'epoch       main/loss   validation/main/loss'
    """

    def __init__(
        self, entries: Iterable[str], log_report: str | LogReport = "LogReport", out: TextIO | None = None
    ) -> None:
        if isinstance(entries, str):
            raise TypeError(f"PrintReport: entries is {entries!r}; expected a list of names; write [{entries!r}]")
        self._entries = list(entries)
        self._widths = [max(10, len(entry)) for entry in self._entries]
        self._log_report = log_report
        self._out = out
        self._found: LogReport | None = None
        self._printed = 0
        self._names: set[str] = set()

    @property
    def header(self) -> str:
        """The plain table's first line."""
        return self._line(self._entries)

    def initialize(self, trainer: Trainer) -> None:
        """Check that the log to print is there."""
        self._found = self._find(trainer)

    def __call__(self, trainer: Trainer) -> None:
        """Print the entries that are new."""
        if self._found is None:
            self._found = self._find(trainer)
        if self._found is self._log_report:
            self._found(trainer)
        log = self._found.log
        if len(log) == self._printed:
            return
        console = terminal() if self._out is None else None
        lines = [self.header] if self._printed == 0 else []
        for entry in log[self._printed :]:
            lines.append(self._line([_cell(entry.get(name, "")) for name in self._entries]))
            self._names.update(entry.keys() - {"about"})
        self._print(lines, console)
        self._printed = len(log)

    def finalize(self) -> None:
        """Warn of names under which the log has nothing."""
        if self._names:
            warn_of_unknown("PrintReport", [name for name in self._entries if name not in self._names], self._names)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read a LogReport of its own; one in the trainer is saved there."""
        if isinstance(self._log_report, LogReport):
            self._log_report.serialize(serializer["_log_report"])

    def _find(self, trainer: Trainer) -> LogReport:
        report = self._log_report
        if isinstance(report, str):
            try:
                report = trainer.get_extension(report)
            except ValueError as error:
                raise ValueError(
                    f"PrintReport: log_report is {report!r}, of which there is none: {error}; add "
                    "trainer.extend(extensions.LogReport())"
                ) from None
        if not isinstance(report, LogReport):
            raise TypeError(f"PrintReport: log_report is {report!r}; expected a LogReport or the name of one")
        return report

    def _line(self, cells: list[str]) -> str:
        return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, self._widths, strict=True)).rstrip()

    def _print(self, lines: list[str], console: Console | None) -> None:
        if console is None:
            print(*lines, sep="\n", file=self._out, flush=True)
        else:
            from rich.text import Text

            text = Text("\n".join(lines))
            if self._printed == 0:
                text.stylize("bold", 0, len(lines[0]))
            console.print(text, soft_wrap=True)


def _cell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
