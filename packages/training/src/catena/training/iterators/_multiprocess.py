"""The iterator that reads its dataset in processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from catena.training.iterators._ordered import positive, positive_seconds
from catena.training.iterators._prefetch import Keys, PrefetchingIterator

if TYPE_CHECKING:
    from catena.training.iterators._workers import Part

_START_METHODS = ("spawn", "forkserver", "fork")


class MultiprocessIterator(PrefetchingIterator["Part"]):
    """A `SerialIterator` whose examples are read by processes, `n_prefetch` minibatches ahead.

    Minibatches, states in files and the examples' random streams (`xparray.random.get_generator()`) are those of `SerialIterator`;
    in the workers `random` and `numpy.random` start anew for each example too, from the same numbers. Arrays come back through
    shared memory. Processes start with the first minibatch, serve copies of the iterator too, and stop at `finalize`, when the last
    copy goes, or when the program ends.

    Args:
        dataset: anything with a length whose `dataset[i]` is an example; each worker has a copy.
        batch_size: examples a minibatch.
        repeat: whether to go on after the last example.
        shuffle: whether each epoch has a new random order; True unless `order_sampler` is given.
        n_processes: number of workers; as many as there are processors unless given.
        n_prefetch: minibatches read ahead.
        shared_mem: bytes of shared memory an example; unless given it grows with the examples. What does not fit goes through a pipe.
        order_sampler: gives each epoch's order, see `OrderSampler`; it is asked `n_prefetch` minibatches early.
        dataset_timeout: seconds that an example may take; None waits for ever.
        maxtasksperchild: a worker is replaced after as many examples, against libraries that leak; never unless given.
        start_method: "spawn" starts workers as new programs, for which the dataset must be picklable; "forkserver" forks them
            from a process without threads, from a picklable dataset too; "fork" copies this process as it is, which hangs where
            another thread holds a lock.

    Raises:
        ValueError: as for `SerialIterator`, or an option is not positive.
        TypeError: as for `SerialIterator`, or the dataset or an example cannot be pickled.
        TimeoutError: an example took longer than `dataset_timeout`; the message says which.
        RuntimeError: a worker was killed, or ended; the message says at which example.
        Exception: what the dataset raised, with the worker's traceback as its cause and the example in its notes.

    Example:
        >>> with MultiprocessIterator(range(5), 2, repeat=False, shuffle=False, n_processes=2) as it:
        ...     list(it)
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_processes: int | None = None,
        n_prefetch: int = 1,
        shared_mem: int | None = None,
        order_sampler: Callable[[np.ndarray[Any, Any], int], Any] | None = None,
        dataset_timeout: float | None = 30.0,
        maxtasksperchild: int | None = None,
        *,
        start_method: Literal["spawn", "forkserver", "fork"] = "spawn",
    ) -> None:
        if n_processes is None:
            n_processes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.n_processes = positive(self._name, "n_processes", n_processes, "processes")
        self.n_prefetch = positive(self._name, "n_prefetch", n_prefetch, "minibatches")
        if shared_mem is not None:
            shared_mem = positive(self._name, "shared_mem", shared_mem, "bytes an example")
        if maxtasksperchild is not None:
            maxtasksperchild = positive(self._name, "maxtasksperchild", maxtasksperchild, "examples")
        seconds = positive_seconds(self._name, "dataset_timeout", dataset_timeout)
        if start_method not in _START_METHODS:
            raise ValueError(
                f"{self._name}: start_method is {start_method!r}; expected one of {', '.join(map(repr, _START_METHODS))}"
            )
        # Only now: multiprocessing costs as much to import as half of this package.
        from catena.training.iterators._workers import Workers

        self._workers = Workers(dataset, self.n_processes, shared_mem, seconds, maxtasksperchild, start_method)
        super().__init__(
            dataset, batch_size, repeat, shuffle, order_sampler, n_workers=self.n_processes, n_prefetch=self.n_prefetch
        )

    def _submit(self, keys: Keys) -> Part:
        return self._workers.submit(keys, self._seed)

    def _collect(self, parts: list[Part]) -> list[Any]:
        return [example for part in parts for example in self._workers.collect(part)]

    def _stop(self) -> None:
        self._workers.stop()
