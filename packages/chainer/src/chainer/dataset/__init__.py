"""What datasets, iterators and converters are made of."""

from __future__ import annotations

from catena.training.convert import *  # noqa: F403
from catena.training.datasets import DatasetMixin as DatasetMixin
from catena.training.datasets import TabularDataset as TabularDataset
from catena.training.iterators import Iterator as Iterator
from chainer.dataset import convert as convert
from chainer.dataset import dataset_mixin as dataset_mixin
from chainer.dataset import iterator as iterator
from chainer.dataset import tabular as tabular
from chainer.dataset.download import *  # noqa: F403
