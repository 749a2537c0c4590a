"""Small helpers that programs for Chainer use."""

from __future__ import annotations

import tempfile
import warnings
from typing import Any, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd import config
from catena.autograd import functions as _functions
from catena.autograd.sparse import CooMatrix, to_coo
from chainer.utils import argument, conv, type_check
from chainer.utils.conv import get_conv_outsize, get_deconv_outsize
from xparray import Array

__all__ = [
    "CooMatrix",
    "WalkerAlias",
    "argument",
    "conv",
    "experimental",
    "force_array",
    "force_type",
    "get_conv_outsize",
    "get_deconv_outsize",
    "nondeterministic",
    "size_of_shape",
    "sum_to",
    "tempdir",
    "to_coo",
    "type_check",
]

tempdir = tempfile.TemporaryDirectory


def size_of_shape(shape: Any) -> int:
    """The number of elements of an array of that shape.

    Example:
        >>> size_of_shape((2, 3))
        6
    """
    size = 1
    for n in shape:
        size *= n
    return size


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """An array summed over the axes that broadcasting from `shape` would have added.

    Example:
        >>> sum_to(np.ones((2, 3)), (3,))
        array([2., 2., 2.])
    """
    return _functions.sum_to(x, shape)


def force_array(x: Any, dtype: Any = None) -> Any:
    """A number, as reductions of NumPy's return it, as a 0-d array; an array as it is, in `dtype` where given.

    Example:
        >>> force_array(np.float32(2))
        array(2., dtype=float32)
    """
    array = np.asarray(x) if np.isscalar(x) else x
    return array if dtype is None else xp.astype(array, dtype, copy=False)


def force_type(dtype: Any, value: Any) -> Any:
    """A number in `dtype`, an array of another dtype cast to it.

    Example:
        >>> force_type(np.dtype("float32"), 2)
        np.float32(2.0)
    """
    if np.isscalar(value):
        return dtype.type(value)
    return value if value.dtype == dtype else xp.astype(value, dtype)


def experimental(api_name: str) -> None:
    """Do nothing: nothing warns that it is experimental."""


def nondeterministic(f_name: str) -> None:
    """Warn, where `config.warn_nondeterministic` is set, that a function's bits may differ from run to run."""
    if config.warn_nondeterministic:
        warnings.warn(f"{f_name} is not deterministic", stacklevel=2)


class _Table(NamedTuple):
    threshold: Any
    values: Any


class WalkerAlias:
    """Draws integers with given probabilities, at the same cost however many there are.

    Args:
        probs: probabilities, or weights, `(n,)`.

    Source: A. J. Walker, New fast method for generating discrete random numbers with arbitrary frequency distributions,
    Electronics Letters 10 (1974).

    Example:
        >>> np.random.seed(0)
        >>> draws = WalkerAlias([1, 3]).sample(10000)
        >>> bool(abs(draws.mean() - 0.75) < 0.02)
        True
    """

    def __init__(self, probs: Any) -> None:
        weights = np.asarray(probs, dtype=np.float32)
        if weights.ndim != 1 or not len(weights) or (weights < 0).any() or not weights.sum() > 0:
            raise ValueError(
                f"WalkerAlias: probs has shape {weights.shape}; expected one axis of weights from 0, with one above 0"
            )
        self._table = _alias_table(weights / weights.sum())

    def to_device(self, device: Any) -> WalkerAlias:
        """Move the table to a device, and return the sampler."""
        self._table = _Table(*(xp.to_device(a, device) for a in self._table))
        return self

    def to_cpu(self) -> WalkerAlias:
        """Move the table to the host, and return the sampler."""
        return self.to_device("numpy")

    def to_gpu(self) -> WalkerAlias:
        """Move the table to the first GPU, and return the sampler."""
        return self.to_device("cuda:0")

    def sample(self, shape: Any) -> Any:
        """Integers, int32, of that shape."""
        threshold, values = self._table
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        n = len(threshold)
        u = xp.to_device(np.random.uniform(0, n, size), xp.device_of(threshold))
        index = xp.astype(u, "int32")
        other = (u - index) >= threshold[index]
        return values[index, xp.astype(other, "int32")]


def _alias_table(probabilities: Any) -> _Table:
    """Columns of one unit each, which hold the probability of their own integer and, above a threshold, of another one."""
    n = len(probabilities)
    threshold = (probabilities * n).astype(np.float64)
    values = np.stack([np.arange(n), np.arange(n)], axis=1).astype(np.int32)
    poor = [i for i in range(n) if threshold[i] < 1]
    rich = [i for i in range(n) if threshold[i] >= 1]
    while poor and rich:
        small, large = poor.pop(), rich[-1]
        values[small, 1] = large
        threshold[large] -= 1 - threshold[small]
        if threshold[large] < 1:
            poor.append(rich.pop())
    for i in (*poor, *rich):  # what rounding left over
        threshold[i] = 1
    return _Table(threshold.astype(np.float32), values)
