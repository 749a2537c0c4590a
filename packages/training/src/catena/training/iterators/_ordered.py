"""What iterators over a dataset share: where they are, what comes next, and how both go to a file."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import xparray as xp
from catena.training.iterators._iterator import Iterator, ShuffleOrderSampler

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer

Runs: TypeAlias = list[tuple[int, list[int]]]
"""The examples of a minibatch: their indices, run by run of one epoch."""


class Place(NamedTuple):
    """Where an iterator is: `position` in the `order` of `epoch`, and what the last minibatch did."""

    position: int
    epoch: int
    is_new_epoch: bool
    previous_epoch_detail: float
    order: np.ndarray[Any, Any] | None


class OrderedIterator(Iterator):
    """Base of the iterators that go through a dataset in an order, epoch after epoch; `_next_batch` reads the examples.

    The arguments are those of `SerialIterator`.
    """

    _place: Place

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
                f"{self._name}: dataset is of type {type(dataset).__name__}, which has no length; expected a list, "
                "an array or a dataset"
            )
        if len(dataset) == 0:
            raise ValueError(f"{self._name}: the dataset is empty; expected at least one example")
        batch_size = positive(self._name, "batch_size", batch_size, "examples a minibatch")
        if order_sampler is None:
            order_sampler = ShuffleOrderSampler() if shuffle is None or shuffle else None
        elif not callable(order_sampler):
            raise TypeError(
                f"{self._name}: order_sampler is {order_sampler!r} ({type(order_sampler).__name__}); expected a callable "
                "such as ShuffleOrderSampler(seed)"
            )
        elif shuffle is not None:
            raise ValueError(
                f"{self._name}: got shuffle={shuffle} and an order_sampler, which both set the order; leave shuffle out"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.order_sampler = order_sampler
        self._repeat = bool(repeat)
        self._seed = int(xp.random.get_generator().integers((), 0, 2**63 - 1, device="numpy"))
        keep_freed_memory()
        self.reset()

    def _plan(self, place: Place) -> tuple[Runs, Place] | None:
        """The minibatch after `place` and the place after it, or None at the end."""
        if not self._repeat and place.epoch > 0:
            return None
        begin, epoch, order = place.position, place.epoch, place.order
        size = self._size(order)
        if size == 0:
            raise ValueError(f"{self._name}: the dataset has become empty; expected at least one example")
        end = begin + self.batch_size
        runs = [(epoch, _indices(order, begin, min(end, size)))]
        while end >= size:
            epoch += 1
            if not self._repeat:
                end = 0
                break
            order = self._next_order(order, begin)
            end -= size
            runs.append((epoch, _indices(order, 0, min(end, size))))
        detail = place.epoch + begin / size
        return runs, Place(end, epoch, epoch > place.epoch, detail, order)

    def _next_order(self, order: np.ndarray[Any, Any] | None, position: int) -> np.ndarray[Any, Any] | None:
        if self.order_sampler is None:
            return None
        n = len(self.dataset)
        given = self.order_sampler(np.arange(n) if order is None else order.copy(), position)
        new = np.asarray(given)
        if new.ndim != 1 or new.dtype.kind not in "iu" or new.size == 0 or new.min() < 0 or new.max() >= n:
            raise ValueError(
                f"{self._name}: order_sampler returned {given!r:.60} of shape {new.shape} and dtype {new.dtype}; "
                f"expected a 1-d array of integers from 0 to {n - 1}"
            )
        if order is not None and len(new) != len(order):
            raise ValueError(
                f"{self._name}: order_sampler returned {len(new)} indices after {len(order)}; expected as many in "
                "each epoch"
            )
        return new

    def reset(self) -> None:
        """Start again from the first epoch, in a new order where the examples are shuffled."""
        self._place = Place(0, 0, False, -1.0, self._next_order(None, 0))

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _size(self, order: np.ndarray[Any, Any] | None) -> int:
        return len(self.dataset) if order is None else len(order)

    @property
    def repeat(self) -> bool:
        """Whether the iterator goes on after the last example."""
        return self._repeat

    @property
    def epoch(self) -> int:
        """Number of full passes over the dataset so far."""
        return self._place.epoch

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last minibatch ended a pass."""
        return self._place.is_new_epoch

    @property
    def current_position(self) -> int:
        """The place in the running epoch's order where the next minibatch begins."""
        return self._place.position

    @property
    def epoch_detail(self) -> float:
        """Passes over the dataset so far, with the fraction of the running one."""
        place = self._place
        return place.epoch + place.position / self._size(place.order)

    @property
    def previous_epoch_detail(self) -> float | None:
        """`epoch_detail` before the last minibatch; None before the first."""
        previous = self._place.previous_epoch_detail
        return None if previous < 0 else previous

    def serialize(self, serializer: Serializer) -> None:
        """Write the place in the dataset, the running epoch's order, the sampler's state and the seed of the examples'
        random streams, or read them back.

        What is written belongs to the minibatches handed out, not to those read ahead.

        Raises:
            ValueError: what is read does not fit the dataset; the iterator stays as it was.
        """
        place = self._place
        position = serializer("current_position", place.position)
        epoch = serializer("epoch", place.epoch)
        is_new_epoch = serializer("is_new_epoch", place.is_new_epoch)
        previous = serializer("previous_epoch_detail", place.previous_epoch_detail)
        seed = serializer("sample_seed", self._seed)
        order, size = None, self._size(place.order)
        if place.order is not None:
            order = np.array(serializer("order", place.order.copy()))
            if len(order) != size or order.min() < 0 or order.max() >= len(self.dataset):
                raise ValueError(
                    f"{self._name}: the file holds an order of {len(order)} indices up to {order.max()}, the "
                    f"dataset has {len(self.dataset)} examples; resume with the dataset that the file was saved with"
                )
        if not 0 <= position < size or epoch < 0:
            raise ValueError(
                f"{self._name}: the file holds place {position} of epoch {epoch}, the dataset has "
                f"{len(self.dataset)} examples; resume with the dataset that the file was saved with"
            )
        serialize = getattr(self.order_sampler, "serialize", None)
        if serialize is not None:
            serialize(serializer["order_sampler"])
        self._place = Place(int(position), int(epoch), bool(is_new_epoch), float(previous), order)
        self._seed = int(seed)


def positive(owner: str, argument: str, value: Any, meaning: str) -> int:
    """`value` as a positive integer."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{owner}: {argument} is {value!r} ({type(value).__name__}); expected a positive integer"
        ) from None
    if number <= 0:
        raise ValueError(f"{owner}: {argument} is {number}; expected a positive number of {meaning}")
    return number


def positive_seconds(owner: str, argument: str, value: float | None) -> float | None:
    """`value`, if it is a time to wait, or None for ever."""
    if value is not None and not 0 < value < math.inf:
        raise ValueError(
            f"{owner}: {argument} is {value}; expected a positive number of seconds, or None to wait for ever"
        )
    return value


def keep_freed_memory() -> None:
    """Have glibc keep the memory of examples that are gone, up to 64 MiB, for those that come.

    By default it gives such blocks back to the system, which clears them page by page when they are asked for again: for images that
    costs half as much as decoding them. The largest block freed so far, up to 32 MiB, sets how much it keeps; see mallopt(3). Other
    systems take no notice.
    """
    np.empty(31 << 20, np.uint8)


class SampleStream:
    """What `xparray.random.get_generator()` returns while an example is read: its own stream, made when first asked for."""

    epoch: int
    index: int
    generator: xp.random.Generator | None

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self) -> xp.random.Generator:
        if self.generator is None:
            self.generator = xp.random.Generator.of(self.seed, self.epoch, self.index)
        return self.generator


def read(dataset: Any, seed: int, runs: Sequence[tuple[int, Sequence[int]]]) -> list[Any]:
    """The examples of `runs`, each read with the random stream of its seed, epoch and index."""
    stream, batch = SampleStream(seed), []
    with xp.random.use_generator(stream):
        for stream.epoch, indices in runs:
            for stream.index in indices:
                stream.generator = None
                try:
                    batch.append(dataset[stream.index])
                except StopIteration as e:
                    raise RuntimeError(
                        f"dataset[{stream.index}] raised StopIteration, read in epoch {stream.epoch}, which would end the pass; "
                        "expected an example"
                    ) from e
                except Exception as e:
                    e.add_note(f"This was example {stream.index}, read in epoch {stream.epoch}.")
                    raise
    return batch


def _indices(order: np.ndarray[Any, Any] | None, begin: int, end: int) -> list[int]:
    if order is None:
        return list(range(begin, end))
    indices: list[int] = order[begin:end].tolist()
    return indices
