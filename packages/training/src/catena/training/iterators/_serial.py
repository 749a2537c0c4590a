"""The iterator that reads its dataset in the calling thread, one example after another."""

from __future__ import annotations

from typing import Any

from catena.training.iterators._ordered import OrderedIterator, read


class SerialIterator(OrderedIterator):
    """Minibatches of a dataset, each a list of `batch_size` examples, read when asked for.

    With `repeat` it never ends: a minibatch that reaches the end of the dataset is filled up with the first examples of
    the next epoch's order. Without, the last minibatch is smaller where `batch_size` does not divide the number of
    examples, and `StopIteration` follows. While example i of epoch e is read, `xparray.random.get_generator()` is a stream
    of these two numbers and the iterator's seed, so that what a dataset draws is the same in every kind of iterator.

    Args:
        dataset: anything with a length whose `dataset[i]` is an example.
        batch_size: examples a minibatch.
        repeat: whether to go on after the last example.
        shuffle: whether each epoch goes through the examples in a new random order, drawn from a stream of the
            iterator's own; True unless `order_sampler` is given.
        order_sampler: gives each epoch's order, see `OrderSampler`; in place of `shuffle`.

    Raises:
        ValueError: the dataset is empty, `batch_size` is not positive, both `shuffle` and `order_sampler` are given, or
            the sampler returns something else than indices of examples, as many in each epoch.
        TypeError: the dataset has no length, `batch_size` is no integer, or `order_sampler` cannot be called.

    Example:
        >>> it = SerialIterator(range(5), 2, repeat=False, shuffle=False)
        >>> list(it), it.epoch
        ([[0, 1], [2, 3], [4]], 1)
        >>> it = SerialIterator(range(5), 2, shuffle=False)
        >>> [next(it) for _ in range(3)], it.is_new_epoch, it.epoch_detail
        ([[0, 1], [2, 3], [4, 0]], True, 1.2)
    """

    def __next__(self) -> list[Any]:
        plan = self._plan(self._place)
        if plan is None:
            raise StopIteration
        runs, place = plan
        batch = read(self.dataset, self._seed, runs)
        # Only now, so that an example that cannot be read leaves the iterator where it was.
        self._place = place
        return batch
