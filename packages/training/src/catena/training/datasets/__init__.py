"""Datasets: anything with a length whose `dataset[i]` is an example; arrays and lists are datasets as they are."""

from __future__ import annotations

from catena.training.datasets import tabular
from catena.training.datasets._combined import ConcatenatedDataset, DictDataset, TransformDataset
from catena.training.datasets._containers import DatasetMixin, SubDataset, TupleDataset, split_dataset
from catena.training.datasets._digits import get_digits
from catena.training.datasets._download import (
    cache_or_load_file,
    cached_download,
    get_dataset_directory,
    get_dataset_root,
    set_dataset_root,
)
from catena.training.datasets._downloaded import (
    get_cifar10,
    get_cifar100,
    get_fashion_mnist,
    get_fashion_mnist_labels,
    get_kuzushiji_mnist,
    get_kuzushiji_mnist_labels,
    get_mnist,
    get_ptb_words,
    get_ptb_words_vocabulary,
    get_svhn,
)
from catena.training.datasets._files import (
    PickleDataset,
    PickleDatasetWriter,
    TextDataset,
    open_pickle_dataset,
    open_pickle_dataset_writer,
)
from catena.training.datasets._generated import get_shapes, get_spirals, get_waves
from catena.training.datasets._images import (
    ImageDataset,
    LabeledImageDataset,
    LabeledZippedImageDataset,
    MultiZippedImageDataset,
    ZippedImageDataset,
)
from catena.training.datasets._splits import (
    get_cross_validation_datasets,
    get_cross_validation_datasets_random,
    split_dataset_n,
    split_dataset_n_random,
    split_dataset_random,
)
from catena.training.datasets._tabular import TabularDataset

__all__ = [
    "ConcatenatedDataset",
    "DatasetMixin",
    "DictDataset",
    "ImageDataset",
    "LabeledImageDataset",
    "LabeledZippedImageDataset",
    "MultiZippedImageDataset",
    "PickleDataset",
    "PickleDatasetWriter",
    "SubDataset",
    "TabularDataset",
    "TextDataset",
    "TransformDataset",
    "TupleDataset",
    "ZippedImageDataset",
    "cache_or_load_file",
    "cached_download",
    "get_cifar10",
    "get_cifar100",
    "get_cross_validation_datasets",
    "get_cross_validation_datasets_random",
    "get_dataset_directory",
    "get_dataset_root",
    "get_digits",
    "get_fashion_mnist",
    "get_fashion_mnist_labels",
    "get_kuzushiji_mnist",
    "get_kuzushiji_mnist_labels",
    "get_mnist",
    "get_ptb_words",
    "get_ptb_words_vocabulary",
    "get_shapes",
    "get_spirals",
    "get_svhn",
    "get_waves",
    "open_pickle_dataset",
    "open_pickle_dataset_writer",
    "set_dataset_root",
    "split_dataset",
    "split_dataset_n",
    "split_dataset_n_random",
    "split_dataset_random",
    "tabular",
]
