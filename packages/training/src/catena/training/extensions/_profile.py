"""Where the time of a run went, and what came of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO

from catena.nn.serializers._files import replacing
from catena.training._extension import Extension
from catena.training.extensions._log_report import LogReport

if TYPE_CHECKING:
    from catena.training._trainer import Trainer


def time_table(trainer: Trainer) -> str:
    """A line for each thing that took time in this run: seconds, their share, and the name."""
    spent = dict(trainer.time_spent)
    waited = getattr(trainer.updater, "time_waiting", 0.0)
    whole = trainer.run_time
    rows = [("update", spent.pop("update", 0.0)), ("  of which waiting for minibatches", waited)]
    rows += sorted(spent.items(), key=lambda row: -row[1])
    rows += [("the loop itself", max(whole - trainer.time_spent.get("update", 0.0) - sum(spent.values()), 0.0))]
    share = 100 / whole if whole > 0 else 0.0
    return "".join(f"{seconds:12.3f} s {seconds * share:6.1f} %  {name}\n" for name, seconds in rows)


class ProfileReport(Extension):
    """Writes a table of where the time of the run went: waiting for minibatches, updates, and each extension.

    For the functions of a model see `catena.autograd.TimerHook`.

    Args:
        filename: the file's name in the trainer's folder.
        trigger: when the file is written.

    Example:
        >>> extension = ProfileReport("profile.txt", trigger=(1000, "iteration"))
    """

    priority = -50  # after what it measures, but before a snapshot

    def __init__(self, filename: str = "profile.txt", trigger: Any = (1, "epoch")) -> None:
        self.trigger = trigger
        self._filename = filename

    def __call__(self, trainer: Trainer) -> None:
        """Write the table."""
        path = os.path.join(trainer.out, self._filename)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path, durable=False) as temporary, open(temporary, "w", encoding="utf-8") as file:
            file.write(f"after {trainer.updater.iteration} iterations\n{time_table(trainer)}")


class RunSummary(Extension):
    """Prints at the end of a run how long it was and how fast, the last and the best of each reported value, and where its time went.

    Args:
        log_report: the name of the LogReport whose values are shown; nothing is shown of them where there is none.
        out: where it goes; standard output unless given.

    Example:
        >>> extension = RunSummary()
    """

    trigger = None
    priority = 0

    def __init__(self, log_report: str = "LogReport", out: TextIO | None = None) -> None:
        self._log_report = log_report
        self._out = out
        self._trainer: Trainer | None = None
        self._begun_at = 0

    def initialize(self, trainer: Trainer) -> None:
        """Note where the run begins."""
        self._trainer = trainer
        self._begun_at = trainer.updater.iteration

    def finalize(self) -> None:
        """Print."""
        trainer, self._trainer = self._trainer, None  # no cycle remains
        if trainer is not None:
            print("\n".join(self._lines(trainer)), file=self._out, flush=True)

    def _lines(self, trainer: Trainer) -> list[str]:
        updater, seconds = trainer.updater, trainer.run_time
        done = updater.iteration - self._begun_at
        lines = [
            f"{updater.iteration} iterations, {getattr(updater, 'epoch', 0)} epochs; in this run {done} iterations in "
            f"{seconds:.1f} s, {done / seconds if seconds > 0 else 0:.5g} a second"
        ]
        try:
            report = trainer.get_extension(self._log_report)
        except ValueError:
            report = None
        if isinstance(report, LogReport) and report.log:
            lines.append(f"{'last':>12} {'least':>12} {'greatest':>12}  value")
            for name, values in _columns(report.log).items():
                lines.append(f"{values[-1]:12.6g} {min(values):12.6g} {max(values):12.6g}  {name}")
        return [*lines, time_table(trainer).rstrip("\n"), f"files are in {os.fspath(trainer.out)}"]


def _columns(log: list[dict[str, Any]]) -> dict[str, list[float]]:
    columns: dict[str, list[float]] = {}
    for entry in log:
        for name, value in entry.items():
            if name not in ("epoch", "iteration", "elapsed_time") and isinstance(value, int | float):
                columns.setdefault(name, []).append(value)
    return columns
