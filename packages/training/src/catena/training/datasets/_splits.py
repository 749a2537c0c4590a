"""Parts of a dataset: two, n, and those of cross-validation."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

import xparray as xp
from catena.training.datasets._containers import SubDataset, seeded_permutation, split_dataset

Order = Sequence[int] | np.ndarray[Any, Any] | None


def split_dataset_n(dataset: Any, n: int, order: Order = None) -> list[SubDataset]:
    """`n` parts of `dataset` with equally many examples, counted along `order`; the rest that does not divide is left out.

    Raises:
        ValueError: `n` is not positive, there are fewer examples, or `order` is not as long as the dataset.

    Example:
        >>> [part[:] for part in split_dataset_n(range(7), 3)]
        [[0, 1], [2, 3], [4, 5]]
    """
    size = _size("split_dataset_n", dataset, n, order) // n
    return [SubDataset(dataset, i * size, (i + 1) * size, order) for i in range(n)]


def split_dataset_n_random(dataset: Any, n: int, seed: int | None = None) -> list[SubDataset]:
    """`n` parts of `dataset` with equally many examples, drawn at random without replacement.

    Args:
        dataset: any dataset.
        n: number of parts.
        seed: the same seed gives the same parts, in every version of NumPy and of Chainer; None draws from the process's
            stream.

    Raises:
        ValueError: `n` is not positive, or there are fewer examples.

    Example:
        >>> [len(part) for part in split_dataset_n_random(range(7), 3, seed=0)]
        [2, 2, 2]
    """
    return split_dataset_n(dataset, n, random_order(len(dataset), seed))


def get_cross_validation_datasets(
    dataset: Any, n_folds: int | None = None, order: Order = None, **kwargs: Any
) -> list[tuple[SubDataset, SubDataset]]:
    """For each of `n_folds` folds, the rest of the dataset to train with, and the fold to test with.

    The folds' sizes differ by one example at most; they come from the last to the first, as in Chainer.

    Args:
        dataset: any dataset.
        n_folds: number of folds.
        order: indices into the dataset, along which the folds lie.
        kwargs: `n_fold`, the name of `n_folds` in Chainer 1 to 4.

    Raises:
        ValueError: `n_folds` is not positive, there are fewer examples, or `order` is not as long as the dataset.
        TypeError: `n_folds` is missing.

    Example:
        >>> [(train[:], test[:]) for train, test in get_cross_validation_datasets("abcde", 2)]
        [(['a', 'b'], ['c', 'd', 'e']), (['c', 'd', 'e'], ['a', 'b'])]
    """
    n_folds = _folds("get_cross_validation_datasets", n_folds, kwargs)
    n = _size("get_cross_validation_datasets", dataset, n_folds, order)
    indices = np.arange(n) if order is None else np.asarray(order)
    borders = [n * i // n_folds for i in range(n_folds + 1)]
    result = []
    for begin, end in reversed(list(itertools.pairwise(borders))):  # Chainer's order of folds
        train = np.concatenate([indices[end:], indices[:begin]])
        result.append((SubDataset(dataset, 0, len(train), train), SubDataset(dataset, begin, end, order)))
    return result


def get_cross_validation_datasets_random(
    dataset: Any, n_folds: int | None = None, seed: int | None = None, **kwargs: Any
) -> list[tuple[SubDataset, SubDataset]]:
    """`get_cross_validation_datasets` with folds drawn at random; `seed` as in `split_dataset_n_random`.

    Raises:
        ValueError: `n_folds` is not positive, or there are fewer examples.
        TypeError: `n_folds` is missing.

    Example:
        >>> [(len(train), len(test)) for train, test in get_cross_validation_datasets_random(range(5), 2, seed=0)]
        [(2, 3), (3, 2)]
    """
    n_folds = _folds("get_cross_validation_datasets_random", n_folds, kwargs)
    return get_cross_validation_datasets(dataset, n_folds, random_order(len(dataset), seed))


def split_dataset_random(dataset: Any, first_size: int, seed: int | None = None) -> tuple[SubDataset, SubDataset]:
    """Two parts of `dataset`, drawn at random without replacement: `first_size` examples and the rest.

    Args:
        dataset: any dataset.
        first_size: number of examples of the first part.
        seed: the same seed gives the same parts, in every version of NumPy and of Chainer; None draws from the
            process's stream.

    Raises:
        ValueError: not 0 <= first_size < number of examples.

    Example:
        >>> train, valid = split_dataset_random(range(10), 7, seed=0)
        >>> train[:], valid[:]
        ([2, 8, 4, 9, 1, 6, 7], [3, 0, 5])
    """
    return split_dataset(dataset, first_size, random_order(len(dataset), seed))


def random_order(n: int, seed: int | None) -> np.ndarray[Any, Any]:
    """The integers from 0 to n - 1 in an order that follows from `seed`, or from the process's stream."""
    return xp.random.get_generator().permutation(n) if seed is None else seeded_permutation(n, seed)


def _folds(function: str, n_folds: int | None, kwargs: dict[str, Any]) -> int:
    n_folds = kwargs.pop("n_fold", n_folds)
    if kwargs:
        raise TypeError(f"{function}: got unexpected arguments {', '.join(kwargs)}; expected n_folds and order or seed")
    if n_folds is None:
        raise TypeError(f"{function}: n_folds is missing; expected the number of folds")
    return n_folds


def _size(function: str, dataset: Any, n: int, order: Order) -> int:
    """The number of examples, if there are `n` parts of it."""
    size = len(dataset)
    if not 0 < operator.index(n) <= size:
        raise ValueError(f"{function}: asked for {n} parts of {size} examples; expected at least 1 and at most {size}")
    if order is not None and len(order) != size:
        raise ValueError(f"{function}: order has {len(order)} indices, the dataset {size} examples; expected as many")
    return size
