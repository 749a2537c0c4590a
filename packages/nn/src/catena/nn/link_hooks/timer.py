"""How long calls of links take."""

from __future__ import annotations

import time
from typing import TextIO

from catena.autograd import TimerHook as FunctionTimer
from catena.nn._link_hook import LinkCall, LinkHook


class _Times(FunctionTimer):
    _subject = "link"


class TimerHook(LinkHook):
    """How long the forward of each link takes, that of the links in it included, in seconds on the host's clock.

    What a link on a GPU only begins is not waited for.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> with TimerHook() as timer:
        ...     y = L.Linear(3, 2)(np.ones((5, 3), "float32"))
        >>> timer.summary()["Linear"]["occurrence"], timer.total_time() > 0
        (1, True)
    """

    name = "TimerHook"

    def __init__(self) -> None:
        self._times = _Times()
        self._started: list[float] = []
        self._total = 0.0

    @property
    def call_history(self) -> list[tuple[str, float]]:
        """The name of the link's class and the seconds of each call, in the order in which they ended."""
        return self._times.call_history

    def forward_preprocess(self, args: LinkCall) -> None:
        """Start the clock."""
        self._started.append(time.perf_counter())

    def forward_postprocess(self, args: LinkCall) -> None:
        """Stop it."""
        seconds = time.perf_counter() - self._started.pop()
        self.call_history.append((type(args.link).__name__, seconds))
        if not self._started:
            self._total += seconds

    def forward_failed(self, args: LinkCall) -> None:
        """Forget the call."""
        self._started.pop()

    def total_time(self) -> float:
        """Seconds of all calls that were not part of another."""
        return self._total

    def summary(self) -> dict[str, dict[str, float]]:
        """For each class `elapsed_time` in seconds, and `occurrence`, the number of calls."""
        return self._times.summary()

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Print the summary as a table, in "sec", "ms", "us", "ns" or what suits each line ("auto").

        Raises:
            ValueError: another unit.
        """
        self._times.print_report(unit, file)
