"""A pool of host memory: large results take the blocks that earlier results gave back.

The system takes a large block back as soon as it is free and clears it page by page when it is next asked for, which
costs more than most kernels that fill it. Results of `empty` are plain ndarrays; nothing has to be released by hand.
"""

from __future__ import annotations

import math
import os
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

# Below this many bytes NumPy's own allocation is cheaper than a block of the pool.
_LEAST = 1 << 16
# So many elements of 16 bytes have that size; fewer need no closer look.
_FEW = _LEAST // 16
_LINE = 64  # bytes of a line of the cache
_free: dict[int, list[_Block]] = {}


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 8 << 30


@dataclass
class _Settings:
    enabled: bool
    limit: int
    held: int = 0
    taken: int = 0
    reused: int = 0


_settings = _Settings(enabled=os.environ.get("XPARRAY_POOL", "1") != "0", limit=min(2 << 30, _physical_memory() // 8))


# NumPy shortens chains of bases within one class, so a result's block and owner need classes of their own: the owner is
# a view that lives until the result and all its views are gone.
class _Block(np.ndarray[Any, Any]):
    __slots__ = ()


class _Owner(np.ndarray[Any, Any]):
    __slots__ = ()

    def __del__(self, free: dict[int, list[_Block]] = _free, settings: _Settings = _settings) -> None:
        block: Any = self.base
        size = block.nbytes
        if not settings.enabled or size > settings.limit:
            return
        if settings.held + size > settings.limit:
            _forget(free, settings)
        settings.held += size
        free[size].append(block)


def _forget(free: dict[int, list[_Block]], settings: _Settings) -> None:
    """Give all unused blocks back to the system."""
    for blocks in free.values():
        blocks.clear()
    settings.held = 0


def _aligned(size: int) -> Any:
    """So many bytes from the beginning of a line of the cache on: a vector that lies across two lines takes twice the time."""
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size]


def empty(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    """A new plain array like `numpy.empty(shape, dtype)`; a large one may lie in memory that an earlier one gave back.

    The memory returns to the pool when the array and every view of it are gone.

    Example:
        >>> empty((2, 3), "float32").shape
        (2, 3)
    """
    if math.prod(shape) < _FEW:
        return np.empty(shape, dtype)
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _LEAST or not _settings.enabled:
        return np.empty(shape, dtype)
    # Sizes are rounded up, by an eighth at most, so that similar arrays share blocks.
    step = 1 << max(12, size.bit_length() - 4)
    size = -(-size // step) * step
    blocks = _free.get(size)
    if blocks is None:
        blocks = _free.setdefault(size, [])
    _settings.taken += 1
    try:
        block = blocks.pop()
    except IndexError:
        block = _aligned(size).view(_Block)
    else:
        _settings.held -= size
        _settings.reused += 1
    return np.ndarray(shape, dtype, block.view(_Owner))


def is_no_view(x: np.ndarray[Any, Any]) -> bool:
    """Whether the array's memory is its own, or a block of the pool that it was given itself."""
    return x.base is None or type(x.base) is _Owner


_own = threading.local()


def scratch(size: int, dtype: Any) -> np.ndarray[Any, Any]:
    """Memory for so many elements, for a loop that runs in this thread, until the next one asks.

    It is always the same memory: what one loop has worked in is still in the cache of its processor when the next one begins.
    """
    dtype = np.dtype(dtype)
    memory: Any = getattr(_own, "memory", None)
    if memory is None or memory.nbytes < size * dtype.itemsize:
        memory = _own.memory = _aligned(size * dtype.itemsize)
    return np.ndarray((size,), dtype, memory)


@dataclass(frozen=True)
class MemoryInfo:
    """What the pool of host memory holds: see `memory_info`.

    Attributes:
        held: bytes that wait to be used again.
        limit: the most bytes that may wait.
        taken: number of large results so far.
        reused: how many of them took a block that waited.
        enabled: whether the pool is in use.
    """

    held: int
    limit: int
    taken: int
    reused: int
    enabled: bool


def memory_info() -> MemoryInfo:
    """The state of the pool of host memory.

    Example:
        >>> memory_info().held <= memory_info().limit
        True
    """
    s = _settings
    return MemoryInfo(held=s.held, limit=s.limit, taken=s.taken, reused=s.reused, enabled=s.enabled)


def memory_pool(enabled: bool = True, *, limit: int | None = None) -> None:
    """Use the pool of host memory or not, give back what waits in it, and set how much may wait.

    `XPARRAY_POOL=0` in the environment starts without it.

    Args:
        enabled: whether large results come from the pool.
        limit: the most bytes that may wait for their next use; as before unless given. At first 2 GiB, or an eighth of the
            machine's memory where that is less.

    Raises:
        ValueError: `limit` is negative.

    Example:
        >>> memory_pool(limit=1 << 30)
        >>> memory_info().limit
        1073741824
    """
    if limit is not None and limit < 0:
        raise ValueError(f"memory_pool: limit is {limit}; expected a number of bytes, 0 or more")
    _settings.enabled = enabled
    _settings.limit = _settings.limit if limit is None else limit
    _forget(_free, _settings)
