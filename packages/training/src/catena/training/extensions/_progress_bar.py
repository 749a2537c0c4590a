"""How far a run is."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from catena.training._extension import Extension
from catena.training.extensions._console import terminal
from catena.training.triggers import get_trigger

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from catena.training._trainer import Trainer

SECONDS_BETWEEN_DRAWINGS = 0.2
LOOKS_FOR_SPEED = 100


class ProgressBar(Extension):
    """Shows how much of the training and of the epoch is done, at what speed, and how long the rest will take.

    Args:
        training_length: `(period, unit)` as in a trigger; that of the trainer's stop trigger unless given.
        update_interval: how many iterations from one look to the next.
        bar_length: width of a bar, in characters.
        out: where a plain line goes at each look; unless given, standard output, where rich draws bars if that is a
            terminal (and rich is installed; plain lines otherwise).

    Raises:
        TypeError: `training_length` is no `(period, unit)`.
        ValueError: `update_interval` or the period is not positive, or the unit is unknown.

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
        if training_length is not None:
            get_trigger(training_length)  # for its checks
        if update_interval < 1:
            raise ValueError(
                f"ProgressBar: update_interval is {update_interval}; expected a number of iterations from 1, such as 100"
            )
        self._training_length = training_length
        self._update_interval = update_interval
        self._bar_length = bar_length
        self._out = out
        self._recent: deque[tuple[int, float]] = deque(maxlen=LOOKS_FOR_SPEED)
        self._live: Live | None = None
        self._drawn_at = 0.0

    def initialize(self, trainer: Trainer) -> None:
        """Find out how long training will last."""
        stop_trigger = trainer.stop_trigger
        if self._training_length is None and hasattr(stop_trigger, "get_training_length"):
            self._training_length = stop_trigger.get_training_length()
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
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _done(self, trainer: Trainer) -> float | None:
        """The share of training that is done, from 0 to 1, or None if nobody knows its length."""
        if self._training_length is None:
            return None
        length, unit = self._training_length
        done = trainer.updater.iteration if unit == "iteration" else trainer.updater.epoch_detail
        return float(min(done / length, 1.0))

    def _speed(self) -> float:
        """Iterations a second, over the last looks."""
        (first, began), (last, now) = self._recent[0], self._recent[-1]
        return (last - first) / (now - began) if now > began else 0.0

    def _status(self, trainer: Trainer) -> str:
        updater, speed, done = trainer.updater, self._speed(), self._done(trainer)
        status = f"{updater.iteration} iter, {updater.epoch} epoch"
        if self._training_length is not None:
            status += " / {:g} {}s".format(*self._training_length)
        status += f", {speed:.5g} iters/sec"
        if done and speed > 0:
            minutes, seconds = divmod(round(updater.iteration / done * (1 - done) / speed), 60)
            status += f", {minutes // 60}:{minutes % 60:02}:{seconds:02} to go"
        return status

    def _print(self, trainer: Trainer) -> None:
        done = self._done(trainer)
        share = trainer.updater.epoch_detail % 1 if done is None else done
        filled = int(share * self._bar_length)
        bar = "#" * filled + "." * (self._bar_length - filled)
        label = "this epoch" if done is None else "total"
        print(f"{label} [{bar}] {share:7.2%}  {self._status(trainer)}", file=self._out, flush=True)

    def _draw(self, console: Console, trainer: Trainer) -> None:
        from rich.live import Live
        from rich.segment import Segment, Segments

        if self._live is None:
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        done = "-" if console.legacy_windows or console.options.ascii_only else "━"
        left = done if console.color_system is not None and not console.no_color else " "
        width = max(min(self._bar_length, console.width - 20), 1)
        # Rich's own table and bars take several times as long to draw.
        parts = []
        for label, share in (("total", self._done(trainer)), ("this epoch", trainer.updater.epoch_detail % 1)):
            if share is not None:
                filled = int(share * width)
                parts += [
                    Segment(f"{label:10} "),
                    Segment(done * filled, console.get_style("bar.complete")),
                    Segment(left * (width - filled), console.get_style("bar.back")),
                    Segment(f" {share:7.2%}"),
                    Segment.line(),
                ]
        self._live.update(Segments([*parts, Segment(self._status(trainer))]), refresh=True)
