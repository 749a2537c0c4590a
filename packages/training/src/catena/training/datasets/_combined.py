"""Datasets made of other datasets: fields by name, one after the other, and through a function."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable
from typing import Any

from catena.training.datasets._containers import DatasetMixin


class DictDataset(DatasetMixin):
    """Several datasets of one length side by side: example `i` is the dict of their examples `i`.

    Args:
        datasets: arrays, lists or datasets, by name.

    Raises:
        TypeError: one has no length.
        ValueError: there is none, or their lengths differ.

    Example:
        >>> dataset = DictDataset(x=[10, 20], t="ab")
        >>> dataset[1]
        {'x': 20, 't': 'b'}
    """

    def __init__(self, **datasets: Any) -> None:
        if not datasets:
            raise ValueError("DictDataset: got no datasets; expected at least one, such as DictDataset(x=x, t=t)")
        for name, dataset in datasets.items():
            if not hasattr(dataset, "__len__"):
                raise TypeError(
                    f"DictDataset: dataset {name!r} is {dataset!r:.60} ({type(dataset).__name__}), which has no length; "
                    "expected an array, a list or a dataset"
                )
        lengths = {name: len(dataset) for name, dataset in datasets.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"DictDataset: the datasets have {lengths} examples; expected the same number in each")
        self._datasets = datasets
        self._length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._length

    def get_example(self, i: int) -> dict[str, Any]:
        """The datasets' examples number `i`, by name."""
        return {name: dataset[i] for name, dataset in self._datasets.items()}


class ConcatenatedDataset(DatasetMixin):
    """The examples of several datasets, one dataset after the other.

    Raises:
        TypeError: one has no length.

    Example:
        >>> ConcatenatedDataset("ab", [1, 2, 3])[:]
        ['a', 'b', 1, 2, 3]
    """

    def __init__(self, *datasets: Any) -> None:
        for i, dataset in enumerate(datasets):
            if not hasattr(dataset, "__len__"):
                raise TypeError(
                    f"ConcatenatedDataset: dataset {i} is {dataset!r:.60} ({type(dataset).__name__}), which has no length; "
                    "expected an array, a list or a dataset"
                )
        self._datasets = datasets
        self._ends = list(itertools.accumulate(len(dataset) for dataset in datasets))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def get_example(self, i: int) -> Any:
        """Example number `i`, counted over all datasets."""
        k = bisect.bisect_right(self._ends, i)
        return self._datasets[k][i - (self._ends[k - 1] if k else 0)]


class TransformDataset(DatasetMixin):
    """The examples of a dataset, each handed through a function when it is read.

    What `transform` draws from `xparray.random.get_generator()` is the same in every kind of iterator, and differs from
    example to example and from epoch to epoch.

    Args:
        dataset: any dataset.
        transform: called as `transform(example)`.

    Raises:
        TypeError: `transform` cannot be called.

    Example:
        >>> TransformDataset([1, 2, 3], lambda x: x * 10)[:]
        [10, 20, 30]
    """

    def __init__(self, dataset: Any, transform: Callable[[Any], Any]) -> None:
        if not callable(transform):
            raise TypeError(
                f"TransformDataset: transform is {transform!r:.60} ({type(transform).__name__}); expected a function of an example"
            )
        self._dataset = dataset
        self._transform = transform

    def __len__(self) -> int:
        return len(self._dataset)

    def get_example(self, i: int) -> Any:
        """What `transform` makes of the dataset's example number `i`."""
        return self._transform(self._dataset[i])
