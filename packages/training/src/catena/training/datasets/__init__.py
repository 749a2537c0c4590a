"""Datasets: anything with a length whose `dataset[i]` is an example; arrays and lists are datasets as they are."""

from __future__ import annotations

from catena.training.datasets._containers import (
    DatasetMixin,
    SubDataset,
    TupleDataset,
    split_dataset,
    split_dataset_random,
)
from catena.training.datasets._digits import get_digits

__all__ = ["DatasetMixin", "SubDataset", "TupleDataset", "get_digits", "split_dataset", "split_dataset_random"]
