"""Weighted means, sums and products up to each element, and places of extremes."""

from __future__ import annotations

import xparray as xp
from catena.autograd._variable import as_array
from catena.autograd.ops import arithmetic, cumulative, reduction, shape
from xparray import Array


def average(
    x: Array, axis: int | tuple[int, ...] | None = None, weights: Array | None = None, keepdims: bool = False
) -> Array:
    """sum(w x) / sum(w) over `axis` (all axes where none is named); the mean without weights.

    Args:
        x: array or Variable.
        axis: along which to average; with weights, one axis or all.
        weights: of the shape of x, or with an axis of n elements `(n,)`.
        keepdims: keep the axes, with length one.

    Raises:
        ValueError: several axes are named beside weights, or the weights have another shape.

    Example:
        >>> import numpy as np
        >>> float(average(np.array([1.0, 4.0]), weights=np.array([2.0, 1.0])))
        2.0
    """
    if weights is None:
        return reduction.mean(x, axis=axis, keepdims=keepdims)
    if isinstance(axis, tuple):
        if len(axis) != 1:
            raise ValueError(f"average: axis is {axis} beside weights; expected one axis, or None for all")
        axis = axis[0]
    expected = tuple(x.shape) if axis is None else (x.shape[axis],)
    if tuple(weights.shape) != expected:
        raise ValueError(
            f"average: weights has shape {tuple(weights.shape)}, x {tuple(x.shape)}; expected {expected} for axis {axis}"
        )
    total = reduction.sum(weights)
    if axis is not None:
        weights = shape.reshape(weights, shape=(-1, *(1,) * (x.ndim - axis % x.ndim - 1)))
    products = reduction.sum(arithmetic.multiply(x, weights), axis=axis, keepdims=keepdims)
    return arithmetic.divide(products, total)


def mean(
    x: Array, axis: int | tuple[int, ...] | None = None, weights: Array | None = None, keepdims: bool = False
) -> Array:
    """Mean over `axis` (all axes where none is named); with weights that of `average`.

    Example:
        >>> import numpy as np
        >>> mean(np.array([[1.0, 3.0]]), 1).tolist()
        [2.0]
    """
    return average(x, axis, weights, keepdims)


def cumsum(x: Array, axis: int | None = None) -> Array:
    """The sums of the elements up to each one along `axis`, or of all in their order where none is named.

    Example:
        >>> import numpy as np
        >>> cumsum(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 3.0, 6.0, 10.0]
    """
    return cumulative.cumulative_sum(*_line(x, axis))


def cumprod(x: Array, axis: int | None = None) -> Array:
    """The products of the elements up to each one along `axis`, or of all in their order where none is named.

    Example:
        >>> import numpy as np
        >>> cumprod(np.array([[1.0, 2.0], [3.0, 4.0]]), 1).tolist()
        [[1.0, 2.0], [3.0, 12.0]]
    """
    return cumulative.cumulative_prod(*_line(x, axis))


def _line(x: Array, axis: int | None) -> tuple[Array, int]:
    return (shape.reshape(x, shape=(-1,)), 0) if axis is None else (x, axis)


def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The place of the greatest element along `axis`, or among all; an array of integers, which have no gradient.

    Example:
        >>> import numpy as np
        >>> argmax(np.array([[1.0, 3.0], [2.0, 0.0]]), 1).tolist()
        [1, 0]
    """
    return xp.argmax(as_array(x), axis=axis, keepdims=keepdims)


def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The place of the least element along `axis`, or among all; an array of integers, which have no gradient.

    Example:
        >>> import numpy as np
        >>> argmin(np.array([[1.0, 3.0], [2.0, 0.0]]), 1).tolist()
        [0, 1]
    """
    return xp.argmin(as_array(x), axis=axis, keepdims=keepdims)
