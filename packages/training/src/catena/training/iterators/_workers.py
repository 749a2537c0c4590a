"""The worker processes of MultiprocessIterator, seen from their parent.

Each worker has two pipes of its own and no lock is shared, so that one that dies holds up nobody. The parent has no thread: orders
wait in the pipe, as many as it takes without blocking, and answers are read when a minibatch is asked for.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import secrets
import signal
import sys
import time
import warnings
import weakref
from collections import deque
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from catena.training.iterators._interrupts import without_interrupt
from catena.training.iterators._worker import Answer, Failure, Lease, Order, run, unpack, unpack_in_place

# Of orders that lie in a pipe, so that writing one never waits: the smallest buffer of the systems we know holds as much.
_WAITING_BYTES = 16_384
# A process that imports its libraries may take longer than an example.
_START_SECONDS = 120.0
_STOP_SECONDS = 2.0
_SPARE = 1.125  # examples of one dataset differ in size
# Minibatches a worker whose arrays are left in shared memory, which is not used anew as long as one lives. More are copied: a program that
# collects minibatches must not fill up that memory.
_MOST_LENT = 1


class WorkerTraceback(Exception):
    """The traceback, as text, of what a worker process raised; the cause of the exception that the parent raises."""

    def __str__(self) -> str:
        return f"in the worker:\n\n{self.args[0]}"


class Part:
    """Examples that a worker was told to read, and they themselves once they are there."""

    examples: list[Any] | None = None
    slot: int | None = None

    def __init__(self, worker: Worker, keys: list[tuple[int, int]], seed: int) -> None:
        self.worker = worker
        self.keys = keys
        self.seed = seed


class Worker:
    """One process, its pipes, its shared memory, and what it was told to do."""

    def __init__(self, number: int, context: Any, dataset: Any) -> None:
        self.number = number
        self.taken = 0  # examples asked for
        self.answered = 0  # examples answered
        self.unsent: deque[Part] = deque()
        self.sent: deque[tuple[Part, int]] = deque()
        self.memories: list[SharedMemory | None] = []
        self.free: list[int] = []
        self.lent: set[int] = set()
        self.begun = context.RawValue("q", -1)
        orders, self.orders = context.Pipe(duplex=False)
        self.answers, answers = context.Pipe(duplex=False)
        # A fork has the parent's ends of the pipes too, and would never see that the parent is gone.
        inherited = (self.orders, self.answers) if context.get_start_method() == "fork" else ()
        self.process = context.Process(
            target=run,
            args=(dataset, orders, answers, self.begun, inherited),
            name=f"MultiprocessIterator-{number}",
            daemon=True,
        )
        try:
            self.process.start()
        except BaseException:
            self.orders.close()
            self.answers.close()
            raise
        finally:
            orders.close()
            answers.close()

    def load(self) -> tuple[int, int]:
        """Numbers of examples: those that it has not begun, and all that it was asked for."""
        return self.taken - max(self.begun.value, 0), self.taken

    def give_back(self, slot: int) -> None:
        """Called when nobody has arrays in the memory of that slot any more."""
        self.lent.discard(slot)
        self.free.append(slot)

    def __str__(self) -> str:
        return f"worker {self.number} (process {self.process.pid})"

    def doing(self) -> str:
        """What it is at, in words."""
        at = self.begun.value - self.answered - 1
        if self.begun.value < 0:
            return "while it started"
        if self.sent and 0 <= at < len(self.sent[0][0].keys):
            epoch, i = self.sent[0][0].keys[at]
            return f"while it read example {i} of epoch {epoch}"
        return "between two examples"


class Workers:
    """The processes that read one dataset; they start when first asked, and stop with this object at the latest."""

    def __init__(
        self,
        dataset: Any,
        n_processes: int,
        shared_mem: int | None,
        timeout: float | None,
        maxtasksperchild: int | None,
        start_method: str,
    ) -> None:
        self._arguments = dataset, n_processes, shared_mem, timeout, maxtasksperchild, start_method
        self._dataset = dataset
        self._fixed = shared_mem is not None
        self._bytes = shared_mem or 0  # of an example, the largest so far unless fixed
        self._timeout = timeout
        self._most = maxtasksperchild
        self._context = multiprocessing.get_context(start_method)
        self._current: list[Worker | None] = [None] * n_processes
        self._living: list[Worker] = []
        weakref.finalize(self, _stop, self._living, os.getpid())

    def __reduce__(self) -> tuple[Any, ...]:
        return Workers, self._arguments

    def submit(self, keys: list[tuple[int, int]], seed: int) -> Part:
        """Have the worker that has the fewest examples left to read those of `keys`."""
        # In turns, the one that shares its processor with the parent would fall behind, and the others wait.
        worker = min(self._current, key=lambda worker: (0, 0) if worker is None else worker.load())
        k = self._current.index(worker)
        if worker is not None and self._most is not None and worker.taken >= self._most:
            worker = None  # the old one goes when it has answered
        if worker is None:
            worker = self._current[k] = self._start(k)
        worker.taken += len(keys)
        part = Part(worker, keys, seed)
        worker.unsent.append(part)
        self._send(worker)
        return part

    def collect(self, part: Part) -> list[Any]:
        """The examples of `part`, once its worker has answered."""
        while part.examples is None:
            if part.worker not in self._living:  # a copy of the iterator, which shares the processes, has stopped them
                part = self.submit(part.keys, part.seed)
            self._receive(part.worker)
        return part.examples

    def stop(self) -> None:
        """Stop all processes, whatever they do, and give their memory back."""
        _stop(self._living, os.getpid())
        self._current = [None] * len(self._current)

    def _start(self, number: int) -> Worker:
        # Workers register the memory that they attach with this process's tracker, instead of each starting its own.
        resource_tracker.ensure_running()
        try:
            with without_interrupt():
                worker = Worker(number, self._context, self._dataset)
                self._living.append(worker)
        except (pickle.PicklingError, AttributeError, TypeError) as e:
            raise TypeError(
                f"MultiprocessIterator: dataset of type {type(self._dataset).__name__} cannot be pickled to travel to a worker"
                f"{_culprits(self._dataset)} ({type(e).__name__}: {e}); define functions and classes at the top of a module and "
                "open files and locks when they are first used, or pass start_method='fork'"
            ) from e
        return worker

    def _send(self, worker: Worker) -> None:
        while worker.unsent:
            part = worker.unsent[0]
            slot = worker.free.pop() if worker.free else len(worker.memories)
            if slot == len(worker.memories):
                worker.memories.append(None)
            part.slot = slot
            self._fit(worker, slot, self._bytes * len(part.keys))
            memory = worker.memories[slot]
            order = pickle.dumps(Order(part.seed, part.keys, slot, None if memory is None else memory.name))
            if worker.sent and sum(size for _, size in worker.sent) + len(order) > _WAITING_BYTES:
                worker.free.append(slot)
                return
            try:
                worker.orders.send_bytes(order)
            except OSError:
                raise self._death(worker) from None
            worker.unsent.popleft()
            worker.sent.append((part, len(order)))

    def _receive(self, worker: Worker) -> None:
        """Wait for the worker's next answer, and take it."""
        since, begun = time.monotonic(), worker.begun.value
        while True:
            limit = self._timeout
            if limit is not None and begun < 0:
                limit = max(limit, _START_SECONDS)
            ready = wait([worker.answers, worker.process.sentinel], None if limit is None else limit / 4)
            if worker.answers in ready:
                break
            if ready:
                raise self._death(worker)
            now = time.monotonic()
            if worker.begun.value != begun:
                since, begun = now, worker.begun.value
            elif limit is not None and now - since >= limit:
                raise TimeoutError(
                    f"MultiprocessIterator: {worker} did nothing for {limit:g} s {worker.doing()}, and was stopped; if examples "
                    "may take as long, pass a larger dataset_timeout, or None to wait for ever"
                )
        try:
            answer = worker.answers.recv()
        except (EOFError, OSError):
            raise self._death(worker) from None
        if isinstance(answer, Failure):
            error = pickle.loads(answer.error)
            error.add_note(f"It was raised in {worker} of a MultiprocessIterator.")
            raise error from WorkerTraceback(answer.traceback)
        self._take(worker, answer)
        if not worker.sent and not worker.unsent and worker not in self._current:
            with without_interrupt():
                self._living.remove(worker)
                _stop([worker], os.getpid())
        else:
            self._send(worker)

    def _take(self, worker: Worker, answer: Answer) -> None:
        part, _ = worker.sent.popleft()
        assert part.slot is not None
        memory = worker.memories[part.slot]
        view = memoryview(b"") if memory is None or memory.buf is None else memory.buf
        shared = all(isinstance(piece, tuple) for pieces in answer.examples for piece in pieces)
        if shared and len(worker.lent) < _MOST_LENT:
            worker.lent.add(part.slot)
            lease = np.frombuffer(view, np.uint8).view(Lease)
            weakref.finalize(lease, worker.give_back, part.slot).atexit = False
            part.examples = [unpack_in_place(pieces, lease) for pieces in answer.examples]
        else:
            part.examples = [unpack(pieces, view) for pieces in answer.examples]
            worker.free.append(part.slot)
        worker.answered += len(part.keys)
        if not self._fixed:
            self._bytes = max(self._bytes, -(-answer.size // len(part.keys)))

    def _fit(self, worker: Worker, slot: int, size: int) -> None:
        """Have `size` bytes of memory in a slot that the worker does not use, unless the system has no more."""
        memory = worker.memories[slot]
        if size <= (0 if memory is None else memory.size):
            return
        try:
            with without_interrupt():
                worker.memories[slot] = _allocate(size if self._fixed else int(size * _SPARE))
                if memory is not None:
                    _release(memory)
        except OSError as e:
            warnings.warn(
                f"MultiprocessIterator: no {size} bytes of shared memory for {worker} ({e}); examples go through a pipe instead, "
                "which is slower: give /dev/shm more space (docker run --shm-size), or use smaller minibatches",
                RuntimeWarning,
                stacklevel=2,
            )
            self._fixed, self._bytes = True, 0

    def _death(self, worker: Worker) -> RuntimeError:
        worker.process.join(_STOP_SECONDS)
        code = worker.process.exitcode
        if code is not None and code < 0:
            how, why = (
                f"was killed by {signal.Signals(-code).name}",
                "the system does so to processes that take too much memory",
            )
        else:
            how, why = f"ended with exit code {code}", "its own message is above"
        if worker.begun.value < 0:
            why += "; a script that starts processes needs `if __name__ == '__main__':` around what it does"
        return RuntimeError(f"MultiprocessIterator: {worker} {how} {worker.doing()}; {why}")


def _allocate(size: int) -> SharedMemory:
    name = f"catena_{secrets.token_hex(8)}"
    if os.name == "posix":
        # Before it exists: a program killed between the two would leave memory that nobody gives back.
        resource_tracker.register(f"/{name}", "shared_memory")
    try:
        memory = _Memory(name, create=True, size=size)
    except OSError:
        if os.name == "posix":
            resource_tracker.unregister(f"/{name}", "shared_memory")
        raise
    if sys.platform == "linux":
        # Without this a full /dev/shm kills the worker that writes, by SIGBUS.
        try:
            with open(f"/dev/shm/{memory.name}", "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            _release(memory)
            raise
    return memory


class _Memory(SharedMemory):
    def __del__(self) -> None:
        with contextlib.suppress(BufferError):  # arrays in it outlive the program's end
            self.close()


_unlinked: list[SharedMemory] = []


def _release(memory: SharedMemory) -> None:
    """Give the memory back: at once, or where arrays in it are still in use, with the first release after that."""
    memory.unlink()
    _unlinked.append(memory)
    for each in _unlinked.copy():
        with contextlib.suppress(BufferError):
            each.close()
            _unlinked.remove(each)


def _stop(workers: list[Worker], owner: int) -> None:
    """Stop processes: asked first, then terminated, then killed."""
    if os.getpid() != owner:  # a fork of the owner, which runs its finalizers too
        return
    with without_interrupt():
        _stop_all(workers)


def _stop_all(workers: list[Worker]) -> None:
    stopping = workers.copy()
    workers.clear()
    for worker in stopping:
        # One that is at nothing goes by itself; any other has nothing to lose.
        if worker.sent or worker.begun.value < 0:
            worker.process.terminate()
        else:
            with contextlib.suppress(OSError):
                worker.orders.send(None)
        worker.orders.close()
    deadline = time.monotonic() + _STOP_SECONDS
    for worker in stopping:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
        worker.answers.close()
        worker.process.close()
        for memory in worker.memories:
            if memory is not None:
                _release(memory)


def _culprits(dataset: Any) -> str:
    names = []
    for name, value in getattr(dataset, "__dict__", {}).items():
        try:
            pickle.dumps(value)
        except Exception:  # whatever it is that pickling runs into
            names.append(name)
    return f", because of its attribute{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""
