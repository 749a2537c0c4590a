"""A file that each process opens for itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar


class _Closable(Protocol):
    def close(self) -> object: ...


T = TypeVar("T", bound=_Closable)


class PerProcess(Generic[T]):
    """What `opener(*args)` opens, when a process first needs it; as a context, it is one thread's at a time.

    Processes that share one open file, as forks do, would move each other's place in it; and none can be pickled.
    """

    def __init__(self, opener: Callable[..., T], *args: Any) -> None:
        self._opener, self._args = opener, args
        self._owner: int | None = None

    def __enter__(self) -> T:
        if self._owner != os.getpid():
            self._lock = threading.Lock()
            self._opened = self._opener(*self._args)
            self._owner = os.getpid()
        self._lock.acquire()
        return self._opened

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def close(self) -> None:
        """Close it, if this process opened it; it is opened again when needed."""
        if self._owner == os.getpid():
            self._owner = None
            self._opened.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"_opener": self._opener, "_args": self._args, "_owner": None}

    def __del__(self) -> None:
        self.close()
