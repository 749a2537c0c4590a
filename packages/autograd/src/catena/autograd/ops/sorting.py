"""Sorting, and reading elements along an axis at places of their own; places have no gradient."""

from __future__ import annotations

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import indexing
from xparray import Array, Device


@op
def take_along_axis(x: Array, indices: Array, *, axis: int = -1) -> Array:
    """The elements of x at `indices` along `axis`, line by line; the other axes broadcast."""
    return xp.take_along_axis(x, indices, axis=axis)


def _whole_key(shape: tuple[int, ...], indices: Array, axis: int, device: Device) -> tuple[Array, ...]:
    """An index for each axis that together read what `indices` reads along `axis`."""
    rest = range(len(shape))
    key = [
        xp.reshape(xp.arange(n, device=device), tuple(n if i == k else 1 for k in rest)) for i, n in enumerate(shape)
    ]
    key[axis] = indices
    return tuple(key)


def _take_along_axis_x(g: Array, x_spec: Spec, indices: Array, axis: int) -> Array:
    key = _whole_key(x_spec.shape, indices, axis, x_spec.device)
    return indexing.scatter_add(g, key=key, shape=x_spec.shape)


take_along_axis.vjps(x=_take_along_axis_x)


@op
def sort(x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """x sorted along `axis`; of equal elements, a stable sort has the gradients in the order in which they stood."""
    return xp.sort(x, axis=axis, descending=descending, stable=stable)


def _sort_x(g: Array, x: Array, axis: int, descending: bool, stable: bool) -> Array:
    order = xp.argsort(as_array(x), axis=axis, descending=descending, stable=stable)
    return take_along_axis(g, xp.argsort(order, axis=axis), axis=axis)


sort.vjps(x=_sort_x)
