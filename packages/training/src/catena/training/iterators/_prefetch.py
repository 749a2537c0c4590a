"""The base of iterators that read minibatches ahead: what is under way, and the state of what was handed out."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeAlias, TypeVar

import numpy as np

from catena.nn.serializers import DictionaryDeserializer, DictionarySerializer
from catena.training.iterators._ordered import OrderedIterator, Place

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer

Keys: TypeAlias = list[tuple[int, int]]
"""The epoch and the index of each example."""

_State: TypeAlias = dict[str, np.ndarray[Any, Any]] | None

T = TypeVar("T")


class _Batch(NamedTuple, Generic[T]):
    """A minibatch under way, and where the iterator and its sampler are after it."""

    parts: list[T]
    place: Place
    sampler: _State


class PrefetchingIterator(OrderedIterator, Generic[T]):
    """Base of the iterators whose workers read ahead: define `_submit`, `_collect` and `_stop`.

    What goes wrong while a minibatch is read stops the workers and leaves the iterator where it was, so that the next
    call tries the same minibatch again, with new workers.
    """

    _sampler: _State

    def __init__(self, *args: Any, n_workers: int, n_prefetch: int) -> None:
        self._n_workers, self._n_prefetch = n_workers, n_prefetch
        self._ahead: deque[_Batch[T]] = deque()
        super().__init__(*args)

    @abstractmethod
    def _submit(self, keys: Keys) -> T:
        """Have a worker read examples."""

    @abstractmethod
    def _collect(self, parts: list[T]) -> list[Any]:
        """The examples of a minibatch, once they are there."""

    @abstractmethod
    def _stop(self) -> None:
        """Stop the workers."""

    def __next__(self) -> list[Any]:
        try:
            while len(self._ahead) <= self._n_prefetch and self._read_one_more():
                pass
            batch = self._collect(self._ahead[0].parts) if self._ahead else None
        except BaseException:
            # Ctrl-C included: it may have come in the middle of a message from a worker.
            self.finalize()
            raise
        if batch is None:
            raise StopIteration
        _, self._place, self._sampler = self._ahead.popleft()
        return batch

    def _read_one_more(self) -> bool:
        _, place, sampler = self._ahead[-1] if self._ahead else (None, self._place, self._sampler)
        plan = self._plan(place)
        if plan is None:
            return False
        runs, after = plan
        if after.order is not place.order:
            sampler = _state_of(self.order_sampler)
        keys = [(epoch, i) for epoch, indices in runs for i in indices]
        size = -(-len(keys) // self._n_workers)
        parts = [self._submit(keys[begin : begin + size]) for begin in range(0, len(keys), size)]
        self._ahead.append(_Batch(parts, after, sampler))
        return True

    def _forget(self) -> None:
        """Drop the minibatches under way; the sampler goes back to where the last one handed out left it."""
        ahead, self._ahead = self._ahead, deque()
        if ahead and ahead[-1].sampler is not self._sampler:
            _set_state(self.order_sampler, self._sampler)

    def finalize(self) -> None:
        """Stop the workers; should the iterator be asked for more, it starts new ones and goes on where it was."""
        self._forget()
        self._stop()

    def reset(self) -> None:
        """Start again from the first epoch, in a new order where the examples are shuffled."""
        self._forget()
        super().reset()
        self._sampler = _state_of(self.order_sampler)

    def serialize(self, serializer: Serializer) -> None:
        """Write the place in the dataset, the running epoch's order, the sampler's state and the seed of the examples'
        random streams, or read them back.

        What is written belongs to the minibatches handed out, not to those read ahead.

        Raises:
            ValueError: what is read does not fit the dataset; the iterator stays as it was.
        """
        if serializer.reading:
            super().serialize(serializer)
            self._ahead.clear()
            self._sampler = _state_of(self.order_sampler)
        else:
            ahead = self._ahead[-1].sampler if self._ahead else self._sampler
            _set_state(self.order_sampler, self._sampler)
            try:
                super().serialize(serializer)
            finally:
                _set_state(self.order_sampler, ahead)

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, _ahead=deque())
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ahead": deque()}


def _state_of(sampler: Any) -> _State:
    if not hasattr(sampler, "serialize"):
        return None
    state: dict[str, np.ndarray[Any, Any]] = {}
    DictionarySerializer(state).save(sampler)
    return state


def _set_state(sampler: Any, state: _State) -> None:
    if state is not None:
        DictionaryDeserializer(state).load(sampler)
