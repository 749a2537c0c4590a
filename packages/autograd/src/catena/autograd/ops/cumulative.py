"""Sums and products up to each element, and differences from one to the next."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd.ops import indexing, shape
from catena.autograd.ops.complex import conjugate, fitted
from xparray import Array


def _part(x: Array, axis: int, start: int, stop: int) -> Array:
    """The elements `start` to `stop` along `axis`."""
    key = [slice(None)] * x.ndim
    key[axis] = slice(start, stop)
    return indexing.getitem(x, key=tuple(key))


@op
def cumulative_sum(x: Array, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """Sums of the elements up to each one along `axis`, which an x of one axis need not name; `include_initial` puts 0 before them."""
    return xp.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


def _without_initial(g: Array, x: Spec, axis: int, include_initial: bool) -> Array:
    return _part(g, axis, 1, x.shape[axis] + 1) if include_initial else g


def _cumulative_sum_x(g: Array, x_spec: Spec, axis: int | None, include_initial: bool) -> Array:
    axis = -1 if axis is None else axis
    g = shape.flip(_without_initial(g, x_spec, axis, include_initial), axis=axis)
    return fitted(shape.flip(cumulative_sum(g, axis=axis), axis=axis), x_spec)


cumulative_sum.vjps(x=_cumulative_sum_x)


@op
def cumulative_prod(x: Array, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """Products of the elements up to each one along `axis`, which an x of one axis need not name; `include_initial` puts 1 before them."""
    return xp.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)


def _cumulative_prod_x(g: Array, x: Array, x_spec: Spec, axis: int | None, dtype: Any, include_initial: bool) -> Array:
    # With p_i = x_0 ... x_(i-1): gx_i = p_i (g_i + x_(i+1) (g_(i+1) + x_(i+2) (...))), without a division, so that x may be 0.
    axis = -1 if axis is None else axis
    x = x if dtype is None else shape.astype(x, dtype=dtype)
    g = _without_initial(g, x_spec, axis, include_initial)
    return fitted(conjugate(_before(x, axis)) * _horner(g, _later(conjugate(x), axis, 1), axis), x_spec)


cumulative_prod.vjps(x=_cumulative_prod_x)


def _before(x: Array, axis: int) -> Array:
    """The products of the elements before each one."""
    return _part(cumulative_prod(x, axis=axis, include_initial=True), axis, 0, x.shape[axis])


def others(x: Array) -> Array:
    """The products of all other elements than each one along the last axis."""
    return _before(x, -1) * shape.flip(_before(shape.flip(x, axis=-1), -1), axis=-1)


def _later(x: Array, axis: int, step: int) -> Array:
    """x moved `step` places towards the start, with zeros at the end."""
    n = x.shape[axis]
    key = [slice(None)] * x.ndim
    key[axis] = slice(0, max(n - step, 0))
    return indexing.scatter_add(_part(x, axis, min(step, n), n), key=tuple(key), shape=tuple(x.shape))


def _horner(g: Array, x: Array, axis: int) -> Array:
    """s of s_i = g_i + x_i s_(i+1), in log2(n) steps: after each, an element reaches twice as far (Hillis and Steele, 1986)."""
    step = 1
    while step < x.shape[axis]:
        g = g + x * _later(g, axis, step)
        x = x * _later(x, axis, step)
        step *= 2
    return g


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """The differences of neighbours along `axis`, taken `n` times, with `prepend` and `append` joined to x before.

    Example:
        >>> import numpy as np
        >>> diff(np.array([1.0, 4.0, 9.0])).tolist()
        [3.0, 5.0]
    """
    x = shape.concat([part for part in (prepend, x, append) if part is not None], axis=axis)
    for _ in range(n):
        length = x.shape[axis]
        x = _part(x, axis, min(1, length), length) - _part(x, axis, 0, max(length - 1, 0))
    return x
