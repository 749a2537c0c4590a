"""Threads of compiled loops, and peace between them and the threads of NumPy's matrix products.

A loop that releases the interpreter's lock is run by Python threads, each on its share of the work: no second threading
runtime, nothing that breaks in a forked child. What a loop computes for an element, or for a block of fixed size, does not
depend on the share it is in, so results do not depend on the number of threads. Workers look out for their next call for a
millisecond, each time yielding the processor, then they sleep (see `_spin.py`).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# Simple loops over fewer elements are done before another thread has begun.
LEAST = 30_000

# The idle threads of NumPy's OpenBLAS spin for 2^26 cycles, 20 ms, on the processors that loops want. After 2^16 they sleep:
# long enough to stay awake from one product of a small model to the next.
_BLAS_TIMEOUT = "16"


class _Team:
    """Workers, and what they share with the thread that leads them: a row of words each, and a call each."""

    def __init__(self, workers: int) -> None:
        from xparray import _spin  # loads numba

        quiet_blas()
        self.spin = _spin
        self.busy = threading.Lock()
        self.words = np.zeros((workers + 1) * _spin.ROW, np.int64)
        self.calls: list[Any] = [None] * workers
        self.errors: list[BaseException | None] = [None] * workers
        self.wake = [threading.Lock() for _ in range(workers)]
        for w, lock in enumerate(self.wake):
            lock.acquire()
            threading.Thread(target=self._serve, args=(w, lock), name="xparray", daemon=True).start()

    def _serve(self, w: int, lock: threading.Lock) -> None:
        spin, words, leader = self.spin, self.words, len(self.wake)
        processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        while True:
            found = spin.look_out(words, w, leader)
            if found == spin.CALL:
                function, args = self.calls[w]
                try:
                    function(*args)
                except BaseException as e:
                    self.errors[w] = e  # raised in the thread that leads
                del function, args  # the arrays are the caller's
                self.calls[w] = None
                continue
            others = processors - {int(words[leader * spin.ROW])}
            if found == spin.CROWD and others:
                os.sched_setaffinity(0, others)
            lock.acquire()

    def call_up(self) -> None:
        """Wake those who sleep."""
        words, spin = self.words, self.spin
        for w, lock in enumerate(self.wake):
            if words[w * spin.ROW] == spin.ASLEEP:
                words[w * spin.ROW] = spin.IDLE
                lock.release()

    def lead(self, function: Callable[..., Any], args: tuple[Any, ...], bounds: list[int]) -> None:
        """Call the function for each interval between two bounds, for the first in this thread."""
        words, spin = self.words, self.spin
        workers = len(bounds) - 2
        for w in range(workers):
            self.calls[w] = function, (*args, bounds[w + 1], bounds[w + 2])
            self.errors[w] = None  # of a call before, which the leader's own error has hidden
            words[w * spin.ROW + spin.ENTRY] = 0
        left: list[int] = []
        try:
            spin.begin(words, workers)
            function(*args, bounds[0], bounds[1])
        finally:
            left = [w for w in range(workers) if spin.take_back(words, w)]
        for w in left:
            function(*args, bounds[w + 1], bounds[w + 2])
        for w in range(workers):
            error, self.errors[w] = self.errors[w], None
            if error is not None:
                raise error


class _State:
    """What the process has: the number of threads, a team for each number that was asked for."""

    def __init__(self) -> None:
        self.threads: int | None = None
        self.is_blas_quiet = False
        self.teams: dict[int, _Team] = {}
        self.starting = threading.Lock()

    def forget_threads(self) -> None:
        """In a forked child, which has none."""
        self.teams = {}
        self.starting = threading.Lock()


_state = _State()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.forget_threads)


def num_threads() -> int:
    """How many threads share a large loop: `XPARRAY_NUM_THREADS`, else `OMP_NUM_THREADS`, else the processors at hand."""
    if _state.threads is None:
        named = os.environ.get("XPARRAY_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
        if named.isdigit() and int(named) > 0:
            _state.threads = int(named)
        elif hasattr(os, "sched_getaffinity"):
            _state.threads = len(os.sched_getaffinity(0))
        else:
            _state.threads = os.cpu_count() or 1
    return _state.threads


def set_num_threads(n: int) -> None:
    """Let `n` threads share a large loop from now on; 1 leaves all work to the thread that calls.

    Raises:
        ValueError: `n` is less than 1.

    Example:
        >>> set_num_threads(2)
        >>> num_threads()
        2
    """
    if n < 1:
        raise ValueError(f"set_num_threads: n is {n}; expected a number of threads, 1 or more")
    _state.threads = n


def share(function: Callable[..., Any], n: int, *args: Any, least: int = LEAST, grain: int = 1) -> None:
    """Call `function(*args, start, stop)` for all of the range from 0 to `n`, in several threads where that pays.

    Args:
        function: a compiled loop over the range; what it writes for one index must not depend on another's.
        n: length of the range.
        args: what else the loop takes.
        least: where n is smaller, the calling thread does all of it.
        grain: shares begin at multiples of this.
    """
    cells = -(-n // grain)
    threads = min(_state.threads or num_threads(), cells)
    team = None if threads <= 1 or n < least else _team(threads)
    if team is None:
        function(*args, 0, n)
        return
    try:
        bounds = [min(n, cells * k // threads * grain) for k in range(threads)]
        team.lead(function, args, [*bounds, n])
    finally:
        team.busy.release()


def share_code(entry: int, data: int, n: int) -> None:
    """Like `share` of code that needs nothing of the interpreter: `entry(data, start, stop)` for all of the range to `n`.

    Args:
        entry: address of a C function of three 64-bit integers.
        data: what it makes of it, such as the address of its arguments.
        n: length of the range.
    """
    threads = min(_state.threads or num_threads(), n)
    team = None if threads <= 1 else _team(threads)
    if team is None:
        from xparray import _spin  # loads numba

        _spin.lead(_nobody, 0, entry, data, n)
        return
    try:
        team.spin.lead(team.words, threads - 1, entry, data, n)
    finally:
        team.busy.release()


_nobody = np.zeros(8, np.int64)


def _team(threads: int) -> _Team | None:
    """The team of so many threads, awake and for the caller to release; None where another thread leads it at this moment."""
    team = _state.teams.get(threads)
    if team is None:
        with _state.starting:
            team = _state.teams.get(threads)
            if team is None:
                team = _state.teams[threads] = _Team(threads - 1)
    if not team.busy.acquire(blocking=False):
        return None  # the processors have work enough
    team.call_up()
    return team


def quiet_blas() -> None:
    """Start the threads of NumPy's OpenBLAS anew with a short time to spin, once, before threads of ours begin.

    Where the environment sets that time it stays as it is, and so it does while other Python threads run, which may be in a
    product. The functions of OpenBLAS that this takes are no public ones; where one is absent nothing is changed.
    """
    if _state.is_blas_quiet:
        return
    _state.is_blas_quiet = True
    if "OPENBLAS_THREAD_TIMEOUT" in os.environ or threading.active_count() > 1:
        return
    for path in (Path(np.__file__).parent.parent / "numpy.libs").glob("libscipy_openblas*"):
        blas = ctypes.PyDLL(str(path))  # keeps the interpreter's lock: no other thread begins a product meanwhile
        if all(hasattr(blas, f) for f in ("blas_thread_shutdown_", "openblas_read_env", "blas_thread_init")):
            os.environ["OPENBLAS_THREAD_TIMEOUT"] = _BLAS_TIMEOUT
            blas.blas_thread_shutdown_()
            blas.openblas_read_env()
            blas.blas_thread_init()
            del os.environ["OPENBLAS_THREAD_TIMEOUT"]
