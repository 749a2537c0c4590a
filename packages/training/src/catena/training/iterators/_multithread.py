"""The iterator that reads its dataset in threads, a minibatch ahead."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeAlias

import numpy as np

from catena.training.iterators._ordered import positive, read
from catena.training.iterators._prefetch import Keys, PrefetchingIterator

_Task: TypeAlias = "Future[list[Any]]"


class MultithreadIterator(PrefetchingIterator[_Task]):
    """A `SerialIterator` whose examples are read by threads, one minibatch ahead.

    It pays where reading waits, for files or a network, or leaves the interpreter's lock, as image decoders do. The dataset must
    bear several threads at once. Minibatches, states in files and the examples' random streams are those of `SerialIterator`.

    Args:
        dataset: anything with a length whose `dataset[i]` is an example.
        batch_size: examples a minibatch.
        repeat: whether to go on after the last example.
        shuffle: whether each epoch has a new random order; True unless `order_sampler` is given.
        order_sampler: gives each epoch's order, see `OrderSampler`; it is asked a minibatch early.
        n_threads: number of threads.

    Raises:
        ValueError: as for `SerialIterator`, or `n_threads` is not positive.
        TypeError: as for `SerialIterator`, or `n_threads` is no integer.

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
    ) -> None:
        self.n_threads = positive(self._name, "n_threads", n_threads, "threads")
        self._pool: ThreadPoolExecutor | None = None
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler, n_workers=self.n_threads, n_prefetch=1)

    def _submit(self, part: int, keys: Keys) -> _Task:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.n_threads, "MultithreadIterator")
        # In a copy of the context, so that settings such as `using_config` hold in the thread too.
        return self._pool.submit(copy_context().run, read, self.dataset, self._seed, [(e, [i]) for e, i in keys])

    def _collect(self, parts: list[_Task]) -> list[Any]:
        return [example for part in parts for example in part.result()]

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_pool": None}
