"""Datasets made of other data: tuples of arrays side by side, parts of a dataset, and the base class of one's own."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np


class DatasetMixin:
    """Base class of datasets: define `__len__` and `get_example(i)`, and indexing comes by itself.

    `dataset[3]` is one example, `dataset[-1]` the last; a slice, a list or an array of indices, or a boolean mask of
    one entry an example, gives a list of examples.

    Raises:
        IndexError: an index is out of range.
        TypeError: `__len__` or `get_example` is not defined, or the index is of another kind.

    Example:
        >>> class Squares(DatasetMixin):
        ...     def __len__(self):
        ...         return 5
        ...     def get_example(self, i):
        ...         return i * i
        >>> squares = Squares()
        >>> squares[-1], squares[1:3], squares[[0, 4]]
        (16, [1, 4], [0, 16])
    """

    def __len__(self) -> int:
        raise TypeError(
            f"{type(self).__name__} has no length; define __len__(self) in it, returning the number of examples"
        )

    def get_example(self, i: int) -> Any:
        """Example number `i`, from 0 to `len(self) - 1`."""
        raise TypeError(
            f"{type(self).__name__} has no examples; define get_example(self, i) in it, returning example number i"
        )

    def __getitem__(self, index: Any) -> Any:
        n = len(self)
        if type(index) is int and 0 <= index < n:  # what iterators ask for
            return self.get_example(index)
        indices = indices_of(index, n, type(self).__name__)
        return self.get_example(indices) if isinstance(indices, int) else [self.get_example(i) for i in indices]


class TupleDataset(DatasetMixin):
    """Several datasets of one length side by side: example `i` is the tuple of their examples `i`.

    Args:
        datasets: arrays, lists or datasets.

    Raises:
        TypeError: one has no length.
        ValueError: there is none, or their lengths differ.

    Example:
        >>> import numpy as np
        >>> dataset = TupleDataset(np.eye(2), ["a", "b"])
        >>> dataset[1]
        (array([0., 1.]), 'b')
        >>> len(dataset[:])
        2
    """

    def __init__(self, *datasets: Any) -> None:
        if not datasets:
            raise ValueError("TupleDataset: got no datasets; expected at least one, such as TupleDataset(x, t)")
        for i, dataset in enumerate(datasets):
            if not hasattr(dataset, "__len__"):
                raise TypeError(
                    f"TupleDataset: dataset {i} is {dataset!r:.60} ({type(dataset).__name__}), which has no length; expected "
                    "an array, a list or a dataset"
                )
        lengths = [len(d) for d in datasets]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"TupleDataset: the datasets have {', '.join(map(str, lengths))} examples; expected the same number "
                "in each"
            )
        self._datasets = datasets
        self._length = lengths[0]

    def __len__(self) -> int:
        return self._length

    def get_example(self, i: int) -> tuple[Any, ...]:
        """The datasets' examples number `i`."""
        return tuple([d[i] for d in self._datasets])


class SubDataset(DatasetMixin):
    """The examples of `dataset` from `start` up to `finish`, counted along `order` where one is given.

    Args:
        dataset: any dataset.
        start: the first example's place.
        finish: the place after the last example.
        order: indices into `dataset`; example `i` of the part is then `dataset[order[start + i]]`.

    Raises:
        ValueError: not 0 <= start <= finish <= number of examples, or `order` holds an index outside of the dataset.

    Example:
        >>> SubDataset("abcdef", 1, 3, order=[5, 4, 3, 2, 1, 0])[:]
        ['e', 'd']
    """

    def __init__(
        self, dataset: Any, start: int, finish: int, order: Sequence[int] | np.ndarray[Any, Any] | None = None
    ) -> None:
        n = len(dataset)
        size = n if order is None else len(order)
        start, finish = operator.index(start), operator.index(finish)
        if not 0 <= start <= finish <= size:
            raise ValueError(
                f"SubDataset: start is {start}, finish {finish}; expected 0 <= start <= finish <= {size}, the number "
                "of examples"
            )
        self._dataset = dataset
        self._order = None if order is None else _checked_order(order, n)[start:finish]
        self._start, self._size = start, finish - start

    def __len__(self) -> int:
        return self._size

    def get_example(self, i: int) -> Any:
        """Example number `i` of the part."""
        return self._dataset[self._start + i if self._order is None else self._order[i]]


def split_dataset(
    dataset: Any, split_at: int, order: Sequence[int] | np.ndarray[Any, Any] | None = None
) -> tuple[SubDataset, SubDataset]:
    """Two parts of `dataset`: its first `split_at` examples and the rest, counted along `order` where one is given.

    Raises:
        ValueError: not 0 <= split_at < number of examples, or `order` is not as long as the dataset.

    Example:
        >>> first, second = split_dataset("abcde", 3)
        >>> first[:], second[:]
        (['a', 'b', 'c'], ['d', 'e'])
    """
    n = len(dataset)
    split_at = operator.index(split_at)
    if not 0 <= split_at < n:
        raise ValueError(
            f"split_dataset: split_at is {split_at}, the dataset has {n} examples; expected 0 <= split_at < {n}"
        )
    if order is not None and len(order) != n:
        raise ValueError(f"split_dataset: order has {len(order)} indices, the dataset {n} examples; expected as many")
    return SubDataset(dataset, 0, split_at, order), SubDataset(dataset, split_at, n, order)


def seeded_permutation(n: int, seed: int) -> np.ndarray[Any, Any]:
    """The integers from 0 to n - 1 in an order that depends on `seed` alone, `(n,)` int64."""
    # RandomState's streams are frozen for ever; those of numpy.random.Generator may change from one NumPy to the next.
    return np.random.RandomState(seed).permutation(n)


def indices_of(index: Any, n: int, owner: str) -> int | list[int]:
    """`index` as one number from 0 to n - 1, or as a list of them."""
    if isinstance(index, slice):
        return list(range(*index.indices(n)))
    if isinstance(index, list | tuple) or (isinstance(index, np.ndarray) and index.ndim > 0):
        array = np.asarray(index)
        if array.dtype == bool:
            if array.shape != (n,):
                raise IndexError(f"{owner}: the mask has shape {array.shape}; expected ({n},), one entry an example")
            return np.flatnonzero(array).tolist()
        if array.ndim != 1 or (array.size > 0 and array.dtype.kind not in "iu"):
            raise TypeError(
                f"{owner}: got indices of shape {array.shape} and dtype {array.dtype}; expected a list or 1-d array "
                "of integers"
            )
        return [_in_range(i, n, owner) for i in array.tolist()]
    try:
        return _in_range(operator.index(index), n, owner)
    except TypeError:
        raise TypeError(
            f"{owner}: got the index {index!r} ({type(index).__name__}); expected an integer, a slice, a list or an "
            "array of integers"
        ) from None


def _in_range(i: int, n: int, owner: str) -> int:
    if not -n <= i < n:
        raise IndexError(f"{owner}: index {i} is out of range; there are {n} examples")
    return i + n if i < 0 else i


def _checked_order(order: Sequence[int] | np.ndarray[Any, Any], n: int) -> list[int]:
    array = np.asarray(order)
    if array.ndim != 1 or (array.size > 0 and (array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= n)):
        raise ValueError(
            f"SubDataset: order has shape {array.shape} and dtype {array.dtype}; expected a list of integers from 0 "
            f"to {n - 1}"
        )
    indices: list[int] = array.tolist()
    return indices
