"""The iterator that reads its dataset in the calling thread, one example after another."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from catena.training.iterators._iterator import Iterator, ShuffleOrderSampler

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer


class SerialIterator(Iterator):
    """Minibatches of a dataset, each a list of `batch_size` examples, read when asked for.

    With `repeat` it never ends: a minibatch that reaches the end of the dataset is filled up with the first examples of
    the next epoch's order. Without, the last minibatch is smaller where `batch_size` does not divide the number of
    examples, and `StopIteration` follows.

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

    epoch: int
    is_new_epoch: bool
    _position: int
    _order: np.ndarray[Any, Any] | None
    _previous_epoch_detail: float

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        order_sampler: Callable[[np.ndarray[Any, Any], int], Any] | None = None,
    ) -> None:
        if not hasattr(dataset, "__len__"):
            raise TypeError(
                f"SerialIterator: dataset is of type {type(dataset).__name__}, which has no length; expected a list, "
                "an array or a dataset"
            )
        if len(dataset) == 0:
            raise ValueError("SerialIterator: the dataset is empty; expected at least one example")
        try:
            batch_size = operator.index(batch_size)
        except TypeError:
            raise TypeError(
                f"SerialIterator: batch_size is {batch_size!r} ({type(batch_size).__name__}); expected a positive "
                "integer"
            ) from None
        if batch_size <= 0:
            raise ValueError(
                f"SerialIterator: batch_size is {batch_size}; expected a positive number of examples a minibatch"
            )
        if order_sampler is None:
            order_sampler = ShuffleOrderSampler() if shuffle is None or shuffle else None
        elif not callable(order_sampler):
            raise TypeError(
                f"SerialIterator: order_sampler is {order_sampler!r} ({type(order_sampler).__name__}); expected a callable "
                "such as ShuffleOrderSampler(seed)"
            )
        elif shuffle is not None:
            raise ValueError(
                f"SerialIterator: got shuffle={shuffle} and an order_sampler, which both set the order; leave shuffle "
                "out"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.order_sampler = order_sampler
        self._repeat = bool(repeat)
        self.reset()

    def __next__(self) -> list[Any]:
        if not self._repeat and self.epoch > 0:
            raise StopIteration
        begin, size, order, epoch = self._position, self._size, self._order, self.epoch
        if size == 0:
            raise ValueError("SerialIterator: the dataset has become empty; expected at least one example")
        detail, end = self.epoch_detail, begin + self.batch_size
        indices = _places(order, begin, min(end, size))
        while end >= size:
            epoch += 1
            if not self._repeat:
                end = 0
                break
            order = self._next_order(order, begin)
            end -= size
            indices += _places(order, 0, min(end, size))
        dataset = self.dataset
        batch = [dataset[i] for i in indices]
        # Only now, so that an example that cannot be read leaves the iterator where it was.
        self.is_new_epoch = epoch > self.epoch
        self._position, self.epoch, self._order, self._previous_epoch_detail = end, epoch, order, detail
        return batch

    def _next_order(self, order: np.ndarray[Any, Any] | None, position: int) -> np.ndarray[Any, Any] | None:
        if self.order_sampler is None:
            return None
        n = len(self.dataset)
        given = self.order_sampler(np.arange(n) if order is None else order, position)
        new = np.asarray(given)
        if new.ndim != 1 or new.dtype.kind not in "iu" or new.size == 0 or new.min() < 0 or new.max() >= n:
            raise ValueError(
                f"SerialIterator: order_sampler returned {given!r:.60} of shape {new.shape} and dtype {new.dtype}; "
                f"expected a 1-d array of integers from 0 to {n - 1}"
            )
        if order is not None and len(new) != len(order):
            raise ValueError(
                f"SerialIterator: order_sampler returned {len(new)} indices after {len(order)}; expected as many in "
                "each epoch"
            )
        return new

    def reset(self) -> None:
        """Start again from the first epoch, in a new order where the examples are shuffled."""
        self.epoch = 0
        self.is_new_epoch = False
        self._position = 0
        self._previous_epoch_detail = -1.0
        self._order = self._next_order(None, 0)

    @property
    def repeat(self) -> bool:
        """Whether the iterator goes on after the last example."""
        return self._repeat

    @property
    def current_position(self) -> int:
        """The place in the running epoch's order where the next minibatch begins."""
        return self._position

    @property
    def epoch_detail(self) -> float:
        """Passes over the dataset so far, with the fraction of the running one."""
        return self.epoch + self._position / self._size

    @property
    def previous_epoch_detail(self) -> float | None:
        """`epoch_detail` before the last minibatch; None before the first."""
        return None if self._previous_epoch_detail < 0 else self._previous_epoch_detail

    @property
    def _size(self) -> int:
        return len(self.dataset) if self._order is None else len(self._order)

    def serialize(self, serializer: Serializer) -> None:
        """Write the place in the dataset, the running epoch's order and the sampler's state, or read them back.

        Raises:
            ValueError: what is read does not fit the dataset; the iterator stays as it was.
        """
        position = serializer("current_position", self._position)
        epoch = serializer("epoch", self.epoch)
        is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        previous = serializer("previous_epoch_detail", self._previous_epoch_detail)
        order = None
        if self._order is not None:
            order = np.array(serializer("order", self._order.copy()))
            if len(order) != self._size or order.min() < 0 or order.max() >= len(self.dataset):
                raise ValueError(
                    f"SerialIterator: the file holds an order of {len(order)} indices up to {order.max()}, the "
                    f"dataset has {len(self.dataset)} examples; resume with the dataset that the file was saved with"
                )
        if not 0 <= position < self._size or epoch < 0:
            raise ValueError(
                f"SerialIterator: the file holds place {position} of epoch {epoch}, the dataset has "
                f"{len(self.dataset)} examples; resume with the dataset that the file was saved with"
            )
        serialize = getattr(self.order_sampler, "serialize", None)
        if serialize is not None:
            serialize(serializer["order_sampler"])
        self._position, self.epoch, self._order = int(position), int(epoch), order
        self.is_new_epoch, self._previous_epoch_detail = bool(is_new_epoch), float(previous)


def _places(order: np.ndarray[Any, Any] | None, begin: int, end: int) -> list[int]:
    if order is None:
        return list(range(begin, end))
    indices: list[int] = order[begin:end].tolist()
    return indices
