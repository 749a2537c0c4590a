"""Reading elements by index, and its adjoint."""

from __future__ import annotations

from typing import Any

from catena.autograd._op import op
from xparray import Array
from xparray.kernels import indexing as kernels


@op
def getitem(x: Array, *, key: Any) -> Array:
    """x[key]: integers, slices, ellipsis, None, boolean masks, integer arrays."""
    return x[key]


@op
def scatter_add(g: Array, *, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of the given shape, with g added at `key`; an element indexed twice receives both."""
    return kernels.scatter_add(g, key=key, shape=shape)


getitem.vjps(x=lambda g, key, x_spec: scatter_add(g, key=key, shape=x_spec.shape))
scatter_add.vjps(g=lambda g, key: getitem(g, key=key))


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """The elements of x at the integer array `indices`, `(n,)`, along `axis`; x has one axis where none is named.

    Example:
        >>> import numpy as np
        >>> take(np.arange(6.0).reshape(2, 3), np.array([2, 0]), axis=1).tolist()
        [[2.0, 0.0], [5.0, 3.0]]
    """
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: x has shape {tuple(x.shape)}; name the axis along which to take")
        axis = 0
    return getitem(x, key=(slice(None),) * (axis % x.ndim) + (indices,))


def get_item(x: Array, slices: Any) -> Array:
    """x[slices]: integers, slices, ellipsis, None, integer and boolean arrays, or a tuple of them.

    Example:
        >>> import numpy as np
        >>> get_item(np.arange(6.0).reshape(2, 3), (1, slice(0, 2))).tolist()
        [3.0, 4.0]
    """
    return getitem(x, key=slices)
