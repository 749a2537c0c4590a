"""Copies beside a GPU's work, on a stand-in for CuPy whose streams run as late or as early as CUDA allows."""

from __future__ import annotations

import contextlib
import ctypes
import random
import sys
import types
from typing import ClassVar

import numpy as np
import pytest

from xparray.backends._transfer import Uploads


class Event:
    """Done when the stream that recorded it last has come that far."""

    def __init__(self, disable_timing=False):
        self.mark = None

    def record(self, stream):
        self.mark = mark = {"done": False}
        stream.queue.append(lambda: mark.update(done=True) or True)

    def synchronize(self):
        while self.mark is not None and not self.mark["done"]:
            Stream.step()


class Stream:
    """Work in order; which stream goes on is drawn at random."""

    every: ClassVar[list[Stream]] = []
    rng = random.Random(0)

    def __init__(self, non_blocking=True):
        self.queue = []
        self.every.append(self)

    def wait_event(self, event):
        mark = event.mark
        self.queue.append(lambda: mark is None or mark["done"])

    @classmethod
    def step(cls):
        stream = cls.rng.choice([s for s in cls.every if s.queue])
        if stream.queue[0]():
            stream.queue.pop(0)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


class Memory:
    """Memory that goes to the next who asks as soon as nobody refers to it, as CuPy's pool does."""

    pool: ClassVar[dict[int, list[bytearray]]] = {}

    def __init__(self, size):
        self.data = self.pool.get(size, []).pop() if self.pool.get(size) else bytearray(size)
        self.ptr = self.data

    def __del__(self):
        self.pool.setdefault(len(self.data), []).append(self.data)


class Array:
    def __init__(self, shape, dtype, memory):
        self.shape, self.dtype, self.memory = shape, dtype, memory

    def set(self, staged, stream):
        address, size, data = staged.ctypes.data, staged.nbytes, self.memory.ptr
        # What is there when the copy comes to run, not now.
        stream.queue.append(lambda: data.__setitem__(slice(size), ctypes.string_at(address, size)) or True)


class UnownedMemory:
    def __init__(self, ptr, size, owner, device_id):
        self.ptr, self.owner = ptr, owner


@pytest.fixture
def cupy(monkeypatch):
    Stream.every, Memory.pool = [], {}
    computes = Stream()
    pinned = lambda size: ctypes.create_string_buffer(size)  # noqa: E731
    cuda = types.SimpleNamespace(
        Event=Event, Stream=Stream, alloc=Memory, alloc_pinned_memory=pinned, UnownedMemory=UnownedMemory,
        MemoryPointer=lambda memory, offset: memory, get_current_stream=lambda: computes,
    )  # fmt: skip
    module = types.ModuleType("cupy")
    module.cuda, module.ndarray, module.asarray = cuda, Array, lambda x: ("empty", x.shape)
    monkeypatch.setitem(sys.modules, "cupy", module)
    return types.SimpleNamespace(computes=computes)


class Device(contextlib.nullcontext):
    id = 0


def use_scratch(computes, size, seen):
    """A kernel's memory, free for the next who asks before the kernel has run."""
    data = Memory(size).data
    computes.queue.append(lambda: data.__setitem__(slice(None), b"c" * size) or True)
    computes.queue.append(lambda: seen.append(set(data)) or True)


@pytest.mark.parametrize("seed", range(20))
def test_every_use_sees_its_own_values_in_any_order_of_the_streams(cupy, seed):
    uploads = Uploads(Device())
    Stream.rng = random.Random(seed)
    rng = random.Random(seed)
    seen, expected, kept = [], [], []
    x = np.empty(300)
    for i in range(60):
        if i < 8:
            use_scratch(cupy.computes, rng.choice([512, 1536, 2560]), seen)
            expected.append(99)
        part = x[: rng.choice([10, 150, 300])]
        part[:] = i  # the last copy may not have begun
        array = uploads(part)
        array.value = float(i)
        kept.append(array)
        for used in rng.sample(kept, min(2, len(kept))):
            data, n = used.memory.ptr, used.shape[0]
            cupy.computes.queue.append(
                lambda data=data, n=n: seen.append(set(np.frombuffer(data, np.float64, n))) or True
            )
            expected.append(used.value)
        if len(kept) > rng.randrange(4):
            del kept[rng.randrange(len(kept))]
        del array, used
        for _ in range(rng.randrange(12)):
            if any(stream.queue for stream in Stream.every):
                Stream.step()
    while any(stream.queue for stream in Stream.every):
        Stream.step()
    assert seen == [{value} for value in expected]
    assert len(uploads._free) <= 8 + len(kept)


def test_nothing_is_copied_of_nothing(cupy):
    uploads = Uploads(Device())
    assert uploads(np.zeros((0, 3))) == ("empty", (0, 3))
