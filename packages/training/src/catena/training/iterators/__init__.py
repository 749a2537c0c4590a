"""Iterators: from a dataset to its minibatches, epoch after epoch."""

from __future__ import annotations

from catena.training.iterators._iterator import Iterator, OrderSampler, ShuffleOrderSampler
from catena.training.iterators._multiprocess import MultiprocessIterator
from catena.training.iterators._multithread import MultithreadIterator
from catena.training.iterators._serial import SerialIterator

__all__ = [
    "Iterator",
    "MultiprocessIterator",
    "MultithreadIterator",
    "OrderSampler",
    "SerialIterator",
    "ShuffleOrderSampler",
]
