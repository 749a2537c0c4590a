"""How far a run is."""

from __future__ import annotations

import sys
import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO

from catena.training._extension import Extension
from catena.training.extensions._console import terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from catena.training._trainer import Trainer

SECONDS_BETWEEN_DRAWINGS = 0.1
UPDATES_OF_SPEED = 100


class ProgressBar(Extension):
    """Shows how much of the training and of the epoch is done, at what speed, and how long the rest will take.

    Args:
        training_length: `(period, unit)` as in a trigger; that of the trainer's stop trigger unless given.
        update_interval: how many iterations from one look to the next.
        bar_length: width of a bar, in characters.
        out: where a plain line goes at each look; unless given, standard output, where rich draws bars if that is a
            terminal (and rich is installed; plain lines otherwise).

    Example:
        >>> bar = ProgressBar(update_interval=10, bar_length=20)
    """

    def __init__(
        self,
        training_length: tuple[float, str] | None = None,
        update_interval: int = 100,
        bar_length: int = 50,
        out: TextIO | None = None,
    ) -> None:
        self._training_length = training_length
        self._update_interval = update_interval
        self._bar_length = bar_length
        self._out = out
        self._recent: deque[tuple[int, float]] = deque(maxlen=UPDATES_OF_SPEED)
        self._progress: Progress | None = None
        self._tasks: list[Any] = []
        self._drawn_at = 0.0

    def initialize(self, trainer: Trainer) -> None:
        """Find out how long training will last."""
        if self._training_length is None and hasattr(trainer.stop_trigger, "get_training_length"):
            self._training_length = trainer.stop_trigger.get_training_length()
        self._recent.append((trainer.updater.iteration, time.perf_counter()))

    def __call__(self, trainer: Trainer) -> None:
        """Show it, if it is time."""
        iteration = trainer.updater.iteration
        if iteration % self._update_interval:
            return
        now = time.perf_counter()
        self._recent.append((iteration, now))
        console = terminal() if self._out is None else None
        if console is None:
            self._print(trainer)
        elif now - self._drawn_at >= SECONDS_BETWEEN_DRAWINGS:
            self._drawn_at = now
            self._draw(console, trainer)

    def finalize(self) -> None:
        """Take the bars off the terminal."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _done(self, trainer: Trainer) -> float | None:
        """The share of training that is done, from 0 to 1, or None if nobody knows its length."""
        if self._training_length is None:
            return None
        length, unit = self._training_length
        done = trainer.updater.iteration if unit == "iteration" else trainer.updater.epoch_detail
        return float(min(done / length, 1.0))

    def _speed(self) -> float:
        """Iterations a second, over the last updates."""
        (first, began), (last, now) = self._recent[0], self._recent[-1]
        return (last - first) / (now - began) if now > began else 0.0

    def _status(self, trainer: Trainer) -> str:
        updater, speed, done = trainer.updater, self._speed(), self._done(trainer)
        status = f"{updater.iteration} iter, {updater.epoch} epoch"
        if self._training_length is not None:
            status += " / {:g} {}s".format(*self._training_length)
        status += f", {speed:.5g} iters/sec"
        if done and speed > 0:
            left = updater.iteration / done * (1 - done) / speed
            status += f", {timedelta(seconds=round(left))} to go"
        return status

    def _print(self, trainer: Trainer) -> None:
        done = self._done(trainer)
        share = trainer.updater.epoch_detail % 1 if done is None else done
        filled = int(share * self._bar_length)
        bar = "#" * filled + "." * (self._bar_length - filled)
        label = "this epoch" if done is None else "total"
        out = sys.stdout if self._out is None else self._out
        out.write(f"{label} [{bar}] {share:7.2%}  {self._status(trainer)}\n")
        out.flush()

    def _draw(self, console: Console, trainer: Trainer) -> None:
        if self._progress is None:
            from rich.progress import BarColumn, Progress, TextColumn

            self._progress = Progress(
                TextColumn("{task.description:>10}"),
                BarColumn(self._bar_length),
                TextColumn("{task.fields[text]}"),
                console=console,
                auto_refresh=False,
                transient=True,
            )
            self._tasks = [self._progress.add_task(name, total=1.0, text="") for name in ("total", "this epoch")]
            self._progress.start()
        done, epoch = self._done(trainer), trainer.updater.epoch_detail % 1
        for task, share in zip(self._tasks, (done, epoch), strict=True):
            text = f"{share or 0:7.2%}"
            if task == self._tasks[0]:
                text = ("" if done is None else f"{text}  ") + self._status(trainer)
            self._progress.update(task, completed=share or 0.0, total=None if share is None else 1.0, text=text)
        self._progress.refresh()
