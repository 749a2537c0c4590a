"""The iterator that reads its dataset in threads, a minibatch ahead."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Self

import numpy as np

from catena.training.iterators._ordered import positive, positive_seconds, read
from catena.training.iterators._prefetch import Keys, PrefetchingIterator


class _Task:
    """Examples that a thread is to read; `begun` counts those that it has begun, and in the end they or an error are there."""

    examples: list[Any]
    error: BaseException | None = None

    def __init__(self, dataset: Any, seed: int, keys: Keys) -> None:
        self.keys = keys
        self.begun = 0
        self.done = threading.Event()
        self._arguments = dataset, seed
        # A copy, so that settings such as `using_config` hold in the thread too.
        self._context = copy_context()

    def run(self) -> None:
        try:
            self.examples = self._context.run(self._read)
        except BaseException as e:  # whatever it is, it is raised where the examples are asked for
            self.error = e
        self.done.set()

    def _read(self) -> list[Any]:
        examples = []
        for epoch, i in self.keys:
            self.begun += 1
            examples += read(*self._arguments, [(epoch, [i])])
        return examples


class _Threads:
    """Threads that run tasks in turn; daemons, so that one that waits for ever does not keep the program from ending."""

    def __init__(self, n: int) -> None:
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self.stop = weakref.finalize(self, _stop, self.tasks, n)
        for i in range(n):
            threading.Thread(target=_serve, args=(self.tasks,), name=f"MultithreadIterator-{i}", daemon=True).start()


def _serve(tasks: SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        task.run()
        del task


def _stop(tasks: SimpleQueue[_Task | None], n: int) -> None:
    while not tasks.empty():
        tasks.get()
    for _ in range(n):
        tasks.put(None)


class MultithreadIterator(PrefetchingIterator[_Task]):
    """A `SerialIterator` whose examples are read by threads, one minibatch ahead.

    It pays where reading waits, for files or a network, or leaves the interpreter's lock, as image decoders do. The dataset must
    bear several threads at once. Minibatches, states in files and the examples' random streams are those of `SerialIterator`.

    Threads cannot be stopped: one that reads for ever is left to itself, and ends with the program.

    Args:
        dataset: anything with a length whose `dataset[i]` is an example.
        batch_size: examples a minibatch.
        repeat: whether to go on after the last example.
        shuffle: whether each epoch has a new random order; True unless `order_sampler` is given.
        order_sampler: gives each epoch's order, see `OrderSampler`; it is asked a minibatch early.
        n_threads: number of threads.
        dataset_timeout: seconds that an example may take; None waits for ever.

    Raises:
        ValueError: as for `SerialIterator`, or `n_threads` or `dataset_timeout` is not positive.
        TypeError: as for `SerialIterator`, or `n_threads` is no integer.
        TimeoutError: an example took longer than `dataset_timeout`; the message says which.
        Exception: what the dataset raised, with the example in its notes.

    Example:
        >>> with MultithreadIterator(range(5), 2, repeat=False, shuffle=False, n_threads=2) as it:
        ...     list(it)
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_threads: int = 1,
        order_sampler: Callable[[np.ndarray[Any, Any], int], Any] | None = None,
        *,
        dataset_timeout: float | None = None,
    ) -> None:
        self.n_threads = positive(self._name, "n_threads", n_threads, "threads")
        self._timeout = positive_seconds(self._name, "dataset_timeout", dataset_timeout)
        self._threads: _Threads | None = None
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler, n_workers=self.n_threads, n_prefetch=1)

    def _submit(self, keys: Keys) -> _Task:
        if self._threads is None:
            self._threads = _Threads(self.n_threads)
        task = _Task(self.dataset, self._seed, keys)
        self._threads.tasks.put(task)
        return task

    def _collect(self, parts: list[_Task]) -> list[Any]:
        return [example for part in parts for example in self._wait(part)]

    def _wait(self, task: _Task) -> list[Any]:
        limit, since, begun = self._timeout, time.monotonic(), task.begun
        while not task.done.wait(None if limit is None else limit / 4):
            now = time.monotonic()
            if task.begun != begun:
                since, begun = now, task.begun
            elif limit is not None and now - since >= limit:
                epoch, i = task.keys[max(begun - 1, 0)]
                what = "while it read" if begun else "before it began"
                raise TimeoutError(
                    f"{self._name}: a thread did nothing for {limit:g} s {what} example {i} of epoch {epoch}; if examples may take "
                    "as long, pass a larger dataset_timeout, or None to wait for ever"
                )
        if task.error is not None:
            raise task.error
        return task.examples

    def _stop(self) -> None:
        if self._threads is not None:
            self._threads.stop()
            self._threads = None

    def __copy__(self) -> Self:
        other = super().__copy__()
        other._threads = None
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_threads": None}
