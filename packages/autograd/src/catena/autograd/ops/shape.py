"""Rearranging elements: shapes, axes, joining and splitting, dtypes and devices."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd.ops import indexing
from xparray import Array, Device, array_namespace


@op
def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    """The elements of x in the given shape, in which one length may be -1."""
    return array_namespace(x).reshape(x, shape)


reshape.vjps(x=lambda g, x_spec: reshape(g, shape=x_spec.shape))


@op
def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    """x repeated along new axes and axes of length one, to the given shape."""
    return array_namespace(x).broadcast_to(x, shape)


@op
def sum_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    """x summed over the axes along which an array of the given shape would be repeated to become of x's: what undoes `broadcast_to`."""
    lead = x.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[lead:], strict=True)):
        raise ValueError(
            f"sum_to: an array of shape {shape} does not broadcast to {tuple(x.shape)}; expected a shape that does"
        )
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1))
    ns = array_namespace(x)
    return ns.reshape(ns.sum(x, axis=axes, dtype=x.dtype), shape) if axes else x


broadcast_to.vjps(x=lambda g, x_spec: sum_to(g, shape=x_spec.shape))
sum_to.vjps(x=lambda g, x_spec: broadcast_to(g, shape=x_spec.shape))


@op
def transpose(x: Array, *, axes: Sequence[int] | None = None) -> Array:
    """x with its axes in the given order; reversed where none is given."""
    return array_namespace(x).permute_dims(x, tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def _inverse(axes: Sequence[int] | None) -> Sequence[int] | None:
    if axes is None:
        return None
    axes = [a % len(axes) for a in axes]
    return tuple(axes.index(i) for i in range(len(axes)))


transpose.vjps(x=lambda g, axes: transpose(g, axes=_inverse(axes)))
permute_dims = transpose


@op
def matrix_transpose(x: Array) -> Array:
    """x with its last two axes exchanged."""
    return array_namespace(x).matrix_transpose(x)


matrix_transpose.vjps(x=lambda g: matrix_transpose(g))


@op
def squeeze(x: Array, *, axis: int | tuple[int, ...] | None = None) -> Array:
    """x without the axes `axis`, each of length one; without all such axes where none is named."""
    if axis is None:
        axis = tuple(i for i, n in enumerate(x.shape) if n == 1)
    return array_namespace(x).squeeze(x, axis=axis)


squeeze.vjps(x=lambda g, x_spec: reshape(g, shape=x_spec.shape))


@op
def expand_dims(x: Array, *, axis: int = 0) -> Array:
    """x with a new axis of length one at `axis`."""
    return array_namespace(x).expand_dims(x, axis=axis)


expand_dims.vjps(x=lambda g, x_spec: reshape(g, shape=x_spec.shape))


@op
def flip(x: Array, *, axis: int | tuple[int, ...] | None = None) -> Array:
    """x with the order of its elements along `axis` (all axes where none is named) reversed."""
    return array_namespace(x).flip(x, axis=axis)


flip.vjps(x=lambda g, axis: flip(g, axis=axis))


def _part(axis: int, start: int, stop: int, ndim: int) -> tuple[slice, ...]:
    """The index of elements `start` to `stop` along `axis`."""
    index = [slice(None)] * ndim
    index[axis] = slice(start, stop)
    return tuple(index)


@op
def joined(*xs: Array, axis: int = 0) -> Array:
    """The arrays joined along the existing axis `axis`."""
    return array_namespace(*xs).concat(xs, axis=axis)


joined.name = "concat"  # what errors and graphs call it


@joined.vjp
def _(g: Array, xs_spec: list[Spec], axis: int, *, needs: tuple[bool, ...]) -> list[Array | None]:
    start, gs = 0, []
    for spec, needed in zip(xs_spec, needs, strict=True):
        stop = start + spec.shape[axis]
        gs.append(indexing.getitem(g, key=_part(axis, start, stop, len(spec.shape))) if needed else None)
        start = stop
    return gs


def concat(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """The arrays joined along the existing axis `axis`.

    Args:
        arrays: arrays or Variables of the same shape except along `axis`.
        axis: along which to join.

    Example:
        >>> import numpy as np
        >>> concat([np.ones((1, 2)), np.zeros((2, 2))]).shape
        (3, 2)
    """
    return joined(*arrays, axis=axis)


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """The arrays, all of one shape, joined along a new axis `axis`.

    Example:
        >>> import numpy as np
        >>> stack([np.ones(2), np.zeros(2)], axis=1).tolist()
        [[1.0, 0.0], [1.0, 0.0]]
    """
    return joined(*(expand_dims(x, axis=axis) for x in arrays), axis=axis)


@op
def split_axis(x: Array, *, indices_or_sections: int | Sequence[int], axis: int = 0) -> tuple[Array, ...]:
    """x cut along `axis`: into so many equal parts, or at the given indices; a tuple of arrays."""
    n = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ValueError(
                f"split_axis: axis {axis} has length {n}, which is no multiple of {indices_or_sections} sections "
                f"(x: {tuple(x.shape)}); give indices instead"
            )
        step = n // indices_or_sections
        cuts = list(range(0, n + 1, step)) if step else [0] * (indices_or_sections + 1)
    else:
        cuts = [0, *indices_or_sections, n]
    return tuple(x[_part(axis, a, b, x.ndim)] for a, b in itertools.pairwise(cuts))


@split_axis.vjp
def _(g: Sequence[Array | None], out_spec: list[Spec], axis: int, *, needs: tuple[bool, ...]) -> list[Array]:
    parts = [
        xp.zeros(s.shape, dtype=s.dtype, device=s.device) if part is None else part
        for part, s in zip(g, out_spec, strict=True)
    ]
    return [concat(parts, axis=axis)]


@op
def astype(x: Array, *, dtype: Any, copy: bool = True) -> Array:
    """x with another dtype (x itself where `copy` is False and it has that dtype); the gradient comes back in x's."""
    return xp.astype(x, dtype, copy=copy)


astype.vjps(x=lambda g, x_spec: astype(g, dtype=x_spec.dtype))


@op
def to_device(x: Array, *, device: str | Device) -> Array:
    """x on another device; the gradient comes back to x's."""
    return xp.to_device(x, device)


to_device.stays = False
to_device.vjps(x=lambda g, x_spec: to_device(g, device=x_spec.device))
