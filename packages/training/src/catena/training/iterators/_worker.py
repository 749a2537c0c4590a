"""What a worker process of MultiprocessIterator runs, and how examples travel from there.

An example is pickled with its arrays apart: pieces of bytes, the pickle first. Pieces lie in memory that both processes see, or
travel in the message itself where they do not fit.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import signal
import threading
import traceback
import zlib
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import xparray as xp
from catena.training.iterators._ordered import keep_freed_memory, read
from xparray._memory import empty

ALIGNMENT = 64  # bytes, as NumPy's own memory begins

Piece: TypeAlias = "bytes | tuple[int, int]"
"""Bytes, or their offset and length in the shared memory."""


class Order(NamedTuple):
    """What the parent asks for: examples by epoch and index, and the memory to put them in (slot, name), if any."""

    seed: int
    keys: list[tuple[int, int]]
    slot: int
    memory: str | None


class Answer(NamedTuple):
    """The examples, each as its pieces, and the bytes of all of them."""

    examples: list[list[Piece]]
    size: int


class Failure(NamedTuple):
    """What was raised: the exception pickled, and its traceback."""

    error: bytes
    traceback: str


def run(dataset: Any, orders: Connection, answers: Connection, begun: Any, inherited: tuple[Connection, ...]) -> None:
    """Read examples until told to stop.

    Args:
        dataset: where they are.
        orders: brings each `Order`, and None at the end.
        answers: takes an `Answer` or a `Failure` for each.
        begun: counts the examples begun so far, from -1 while the process starts.
        inherited: to be closed.
    """
    # Ctrl-C goes to all processes of the terminal; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for connection in inherited:
        connection.close()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    xp.set_num_threads(1)  # there is a worker for each processor
    keep_freed_memory()
    memories: dict[int, SharedMemory] = {}
    begun.value = 0
    try:
        while (order := orders.recv()) is not None:
            answers.send(_answer(dataset, order, _memory(memories, order), begun))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone
    finally:
        for memory in memories.values():
            memory.close()


def _end_with_parent() -> None:
    """End this process when its parent is gone, even in the middle of an example that takes for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _memory(memories: dict[int, SharedMemory], order: Order) -> memoryview:
    if order.memory is None:
        return memoryview(b"")
    known = memories.get(order.slot)
    if known is None or known.name != order.memory:
        if known is not None:
            known.close()
        known = memories[order.slot] = SharedMemory(order.memory)
    assert known.buf is not None  # it is open
    return known.buf


def _answer(dataset: Any, order: Order, memory: memoryview, begun: Any) -> Answer | Failure:
    examples, size = [], 0
    try:
        for epoch, i in order.keys:
            begun.value += 1
            # The streams that NumPy and Python keep for a process, which forked workers would share. NumPy takes a single number four
            # times as fast as several.
            key = zlib.crc32(f"{order.seed} {epoch} {i}".encode())
            np.random.seed(key)
            random.seed(key)
            pieces = _pieces(read(dataset, order.seed, [(epoch, [i])])[0], epoch, i)
            placed: list[Piece] = []
            for piece in pieces:
                size = -(-size // ALIGNMENT) * ALIGNMENT
                end = size + piece.nbytes
                if end <= len(memory):
                    memory[size:end] = piece
                    placed.append((size, piece.nbytes))
                else:
                    placed.append(bytes(piece))
                size = end
            examples.append(placed)
    except Exception as e:  # whatever a dataset raises is the parent's to see
        return Failure(_pickled(e), traceback.format_exc())
    return Answer(examples, size)


def _pieces(example: Any, epoch: int, i: int) -> list[memoryview]:
    buffers: list[pickle.PickleBuffer] = []
    try:
        stream = pickle.dumps(example, protocol=5, buffer_callback=buffers.append)
    except Exception as e:  # a class's own way to pickle itself may raise anything
        raise TypeError(
            f"MultiprocessIterator: example {i}, read in epoch {epoch}, is {example!r:.60} ({type(example).__name__}), which "
            f"cannot be pickled to travel from its worker ({type(e).__name__}: {e}); expected arrays, numbers, strings, or "
            "tuples, lists and dicts of them"
        ) from e
    return [memoryview(stream), *(buffer.raw() for buffer in buffers)]


class Lease(np.ndarray[Any, Any]):
    """The bytes of shared memory that examples lie in; it lives as long as one of their arrays."""


def unpack_in_place(pieces: list[Piece], lease: Lease) -> Any:
    """The example of `pieces`, all of which lie in shared memory, where its arrays stay."""
    stream, *buffers = (lease[p[0] : p[0] + p[1]] for p in pieces)
    return pickle.loads(stream.tobytes(), buffers=buffers)


def unpack(pieces: list[Piece], memory: memoryview) -> Any:
    """The example of `pieces`, in memory of its own."""
    views = [memory[p[0] : p[0] + p[1]] if isinstance(p, tuple) else memoryview(p) for p in pieces]
    try:
        stream, *buffers = views
        copies = []
        for buffer in buffers:
            copies.append(empty((len(buffer),), np.uint8))
            copies[-1][:] = np.frombuffer(buffer, np.uint8)
        return pickle.loads(stream, buffers=copies)
    finally:
        # A traceback would hold on to them, and memory that is looked at cannot be given back.
        for view in views:
            view.release()


def _pickled(error: Exception) -> bytes:
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
    except Exception:  # such as an exception with an `__init__` of its own
        text = "".join(traceback.format_exception_only(error)).strip()
        return pickle.dumps(RuntimeError(f"MultiprocessIterator: a worker raised what cannot be pickled: {text}"))
    return data
