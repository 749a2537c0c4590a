"""What a trainer asks of an iterator, and the orders in which iterators go through a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

import xparray as xp

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer


class Iterator:
    """Base class of iterators over minibatches: define `__next__`, which returns a list of examples.

    A trainer also reads `epoch` (number of full passes so far), `is_new_epoch` (whether the last minibatch ended a
    pass), `epoch_detail` (passes so far with their fraction) and `previous_epoch_detail` (the same before the last
    minibatch), saves and restores the iterator through `serialize`, and starts it again for each evaluation through
    `reset`, where there is one.
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Any]:
        raise TypeError(
            f"{type(self).__name__} yields nothing; define __next__(self) in it, returning a list of examples"
        )

    def next(self) -> list[Any]:
        """The next minibatch: the same as `next(iterator)`."""
        return self.__next__()

    def finalize(self) -> None:
        """Give back what the iterator holds, such as workers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.finalize()

    def serialize(self, serializer: Serializer) -> None:
        """Write the iterator's state to `serializer`, or read it back from there."""


class OrderSampler:
    """Base class of the orders in which an iterator goes through its dataset, one order an epoch.

    Any callable of these two arguments will do in its place. Define `serialize` as well where the order depends on a
    state.
    """

    def __call__(self, current_order: np.ndarray[Any, Any], current_position: int) -> np.ndarray[Any, Any]:
        """The next epoch's order: indices into the dataset, as many as in `current_order`.

        Args:
            current_order: the order that ends, `(n,)` int64; 0, 1, 2, ... before the first epoch.
            current_position: the place in it where the last minibatch began.
        """
        raise TypeError(
            f"{type(self).__name__} gives no order; define __call__(self, current_order, current_position) in it"
        )

    def serialize(self, serializer: Serializer) -> None:
        """Write the sampler's state to `serializer`, or read it back from there."""


class ShuffleOrderSampler(OrderSampler):
    """A new random permutation for each epoch, from a stream of its own whose state snapshots hold.

    Args:
        random_state: a seed, a `xparray.random.Generator`, or a `numpy.random.RandomState`, of which a seed is drawn; a stream spawned
            from the process's unless given.

    Example:
        >>> import numpy as np
        >>> a, b = ShuffleOrderSampler(7), ShuffleOrderSampler(7)
        >>> sorted(a(np.arange(5), 0)) == [0, 1, 2, 3, 4], bool((b(np.arange(5), 0) == b(np.arange(5), 0)).all())
        (True, False)
    """

    def __init__(self, random_state: int | xp.random.Generator | np.random.RandomState | None = None) -> None:
        if isinstance(random_state, np.random.RandomState):
            random_state = int(random_state.randint(2**31))
        if random_state is None:
            random_state = xp.random.get_generator().spawn()
        elif not isinstance(random_state, xp.random.Generator):
            random_state = xp.random.default_rng(random_state)
        self._generator = random_state

    def __call__(self, current_order: np.ndarray[Any, Any], current_position: int) -> np.ndarray[Any, Any]:
        """A permutation of as many indices as `current_order` has."""
        return self._generator.permutation(len(current_order))

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the stream's state."""
        self._generator.state = serializer("random_state", self._generator.state)
