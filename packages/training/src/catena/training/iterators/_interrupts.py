"""Stretches of code that Ctrl-C does not cut in two."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def without_interrupt() -> Iterator[None]:
    """Put Ctrl-C off to the end of the block, by when what is made in it is in a list of what to give back.

    Blocking the signal is not enough: the system hands it to any other thread, one of BLAS's for instance, and Python raises
    KeyboardInterrupt in this one all the same. It is blocked too, for the processes that start meanwhile: they inherit
    it, so that Ctrl-C does not interrupt their imports.
    """
    with contextlib.ExitStack() as stack:
        # KeyboardInterrupt comes up in the main thread only; None is a handler that Python could not put back.
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not None:
            stack.enter_context(_put_off())
        stack.enter_context(_blocked())
        yield


@contextlib.contextmanager
def _put_off() -> Iterator[None]:
    caught: list[int] = []
    # Python runs the handlers of signals that came earlier before it sets a new one.
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
