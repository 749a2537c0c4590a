"""Seconds per step, taken while nothing else runs on the machine."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workload import Build

QUIET = 0.04
"""Share of the machine that other programs may take during a measurement."""
ATTEMPTS = 8
STAT = Path("/proc/stat")
USER, NICE, SYSTEM, IRQ, SOFTIRQ, STEAL = 1, 2, 3, 6, 7, 8


@dataclass(frozen=True)
class Sample:
    """One measurement: the median seconds of a step, and what else the machine did meanwhile."""

    seconds: float
    steps: int
    others: float | None
    """Share of the machine that other programs took; None where the system does not tell."""
    peak_mb: int

    @property
    def quiet(self) -> bool:
        """Whether other programs stayed under the limit, as far as is known."""
        return self.others is None or self.others < QUIET


@dataclass(frozen=True)
class _Usage:
    machine: float | None
    own: float
    wall: float

    @classmethod
    def now(cls) -> _Usage:
        used = resource.getrusage(resource.RUSAGE_SELF)
        machine = None
        if STAT.exists():
            ticks = STAT.read_text(encoding="ascii").split("\n", 1)[0].split()
            busy = sum(int(ticks[i]) for i in (USER, NICE, SYSTEM, IRQ, SOFTIRQ, STEAL))
            machine = busy / os.sysconf("SC_CLK_TCK")
        return cls(machine, used.ru_utime + used.ru_stime, time.perf_counter())

    def others_since(self, start: _Usage) -> float | None:
        if self.machine is None or start.machine is None:
            return None
        others = (self.machine - start.machine) - (self.own - start.own)
        return max(0.0, others / ((self.wall - start.wall) * (os.cpu_count() or 1)))


def measure(build: Build, seconds: float, attempts: int = ATTEMPTS) -> Sample:
    """Time steps for about `seconds`, again while other programs disturb, and give the quietest of `attempts`.

    Each attempt starts from the initial values, so that every contestant is timed in the same phase of training.
    """
    best: Sample | None = None
    for _ in range(attempts):
        sample = _measure_once(build, seconds)
        if best is None or (sample.others or 0.0) < (best.others or 0.0):
            best = sample
        if best.quiet:
            break
    if best is None:
        raise ValueError(f"measure: attempts is {attempts}, expected at least 1")
    return best


def _measure_once(build: Build, seconds: float) -> Sample:
    clock = time.perf_counter
    step = build().step
    for _ in range(3):
        step()
    end = clock() + seconds / 4
    while clock() < end:
        step()
    times: list[float] = []
    before = _Usage.now()
    end = clock() + seconds
    while (started := clock()) < end or len(times) < 3:
        step()
        times.append(clock() - started)
    others = _Usage.now().others_since(before)
    return Sample(statistics.median(times), len(times), others, _peak_mb())


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)
