"""Copies from the host to a GPU that run beside what the GPU computes."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

_MOST = 8  # blocks kept for later
_LEAST = 512  # bytes of a block, and what its size is a multiple of


class _Block:
    """Memory on the GPU, page-locked memory of the host as large, and what must be over before each is written again."""

    def __init__(self, cupy: Any, size: int) -> None:
        self.size = size
        self.memory = cupy.cuda.alloc(size)
        self.staged = cupy.cuda.alloc_pinned_memory(size)
        self.copied = cupy.cuda.Event(disable_timing=True)
        self.used = cupy.cuda.Event(disable_timing=True)


class _Owner:
    """Lives as long as an array or a view of it does."""


class Uploads:
    """Copies arrays of the host to one GPU on a stream of their own; what is computed later waits for them, the program does not.

    A block comes back when the last view of its array dies. What was to be computed with it until then is what the next copy
    into it waits for, and nothing else; so a batch is copied while the GPU works on the one before.

    Args:
        device: the GPU, as CuPy's Device.
        stream: CuPy's stream that copies; a new one unless given.
        compute_stream: CuPy's stream on which the arrays are used; the current one of each call unless given.
    """

    def __init__(self, device: Any, stream: Any = None, compute_stream: Any = None) -> None:
        import cupy  # pyright: ignore[reportMissingImports]

        self._cupy = cupy
        self._device = device
        with device:
            self._copies = cupy.cuda.Stream(non_blocking=True) if stream is None else stream
        self._computes = compute_stream
        self._free: list[_Block] = []

    def __call__(self, x: np.ndarray[Any, Any]) -> Any:
        """A copy of `x` on the GPU; `x` may change at once."""
        cupy = self._cupy
        with self._device:
            if x.nbytes == 0:
                return cupy.asarray(x)
            computes = cupy.cuda.get_current_stream() if self._computes is None else self._computes
            block = self._block(x.nbytes, computes)
            staged = np.frombuffer(block.staged, x.dtype, x.size).reshape(x.shape)
            staged[...] = x
            owner = _Owner()
            # Not at the end of the program, when CUDA may be gone.
            weakref.finalize(owner, _give_back, self._device, block, computes, self._free).atexit = False
            memory = cupy.cuda.UnownedMemory(block.memory.ptr, block.size, owner, self._device.id)
            array = cupy.ndarray(x.shape, x.dtype, cupy.cuda.MemoryPointer(memory, 0))
            array.set(staged, stream=self._copies)
            block.copied.record(self._copies)
            computes.wait_event(block.copied)
            return array

    def _block(self, nbytes: int, computes: Any) -> _Block:
        """A block that the stream that copies may write when its turn comes."""
        fitting = [block for block in self._free if nbytes <= block.size <= max(2 * nbytes, _LEAST)]
        if fitting:
            block = min(fitting, key=lambda block: block.size)
            self._free.remove(block)
            block.copied.synchronize()  # the host's side of it is free as well
        else:
            while len(self._free) >= _MOST:
                self._free.pop(0).copied.synchronize()
            with computes:
                block = _Block(self._cupy, -(-nbytes // _LEAST) * _LEAST)
            # CuPy hands out memory that kernels under way on this stream may still use.
            block.used.record(computes)
        self._copies.wait_event(block.used)
        return block


def _give_back(device: Any, block: _Block, computes: Any, free: list[_Block]) -> None:
    with device:
        block.used.record(computes)
    free.append(block)
