"""Rearranging elements: shapes, axes, joining and splitting, dtypes and devices."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd.ops import complex as complex_
from catena.autograd.ops import indexing
from xparray import Array, Device, array_namespace
from xparray.kernels import joining


@op
def reshape(x: Array, *, shape: tuple[int, ...], copy: bool | None = None) -> Array:
    """The elements of x in the given shape, in which one length may be -1; `copy` as in the standard."""
    ns = array_namespace(x)
    return ns.reshape(x, shape) if copy is None else ns.reshape(x, shape, copy=copy)


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
    return joining.concat(*xs, axis=axis)


joined.name = "concat"  # what errors and graphs call it


@joined.vjp
def _(g: Array, xs_spec: list[Spec], axis: int, *, needs: tuple[bool, ...]) -> list[Array | None]:
    start, gs = 0, []
    for spec, needed in zip(xs_spec, needs, strict=True):
        stop = start + spec.shape[axis]
        gs.append(indexing.getitem(g, key=_part(axis, start, stop, len(spec.shape))) if needed else None)
        start = stop
    return gs


def concat(xs: Sequence[Array], axis: int | None = 0) -> Array:
    """The arrays joined along the existing axis `axis`.

    Args:
        xs: arrays or Variables of the same shape except along `axis`.
        axis: along which to join; None joins all elements, in order.

    Example:
        >>> import numpy as np
        >>> concat([np.ones((1, 2)), np.zeros((2, 2))]).shape
        (3, 2)
    """
    if axis is None:
        xs, axis = [reshape(x, shape=(-1,)) for x in xs], 0
    return joined(*xs, axis=axis)


def stack(xs: Sequence[Array], axis: int = 0) -> Array:
    """The arrays, all of one shape, joined along a new axis `axis`.

    Example:
        >>> import numpy as np
        >>> stack([np.ones(2), np.zeros(2)], axis=1).tolist()
        [[1.0, 0.0], [1.0, 0.0]]
    """
    return joined(*(expand_dims(x, axis=axis) for x in xs), axis=axis)


@op
def parts(x: Array, *, indices_or_sections: int | Sequence[int], axis: int = 0) -> tuple[Array, ...]:
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


parts.name = "split_axis"  # what errors and graphs call it


@parts.vjp
def _(g: Sequence[Array | None], out_spec: list[Spec], axis: int, *, needs: tuple[bool, ...]) -> list[Array]:
    gs = [
        xp.zeros(s.shape, dtype=s.dtype, device=s.device) if part is None else part
        for part, s in zip(g, out_spec, strict=True)
    ]
    return [concat(gs, axis=axis)]


@op
def astype(x: Array, *, dtype: Any, copy: bool = True) -> Array:
    """x with another dtype (x itself where `copy` is False and it has that dtype); the gradient comes back in x's."""
    return xp.astype(x, dtype, copy=copy)


astype.vjps(x=lambda g, x_spec: complex_.fitted(g, x_spec))


@op
def to_device(x: Array, *, device: str | Device) -> Array:
    """x on another device; the gradient comes back to x's."""
    return xp.to_device(x, device)


to_device.stays = False
to_device.vjps(x=lambda g, x_spec: to_device(g, device=x_spec.device))

# ------------------------------------------------------------------------------------------------------------------- by other ones


def flatten(x: Array) -> Array:
    """All elements of x in one axis.

    Example:
        >>> import numpy as np
        >>> flatten(np.ones((2, 3))).shape
        (6,)
    """
    return reshape(x, shape=(-1,))


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """x with two of its axes exchanged.

    Example:
        >>> import numpy as np
        >>> swapaxes(np.ones((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    order = list(range(x.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, axes=tuple(order))


def rollaxis(x: Array, axis: int, start: int = 0) -> Array:
    """x with `axis` moved before the axis that stands at `start`.

    Example:
        >>> import numpy as np
        >>> rollaxis(np.ones((2, 3, 4)), 2, 1).shape
        (2, 4, 3)
    """
    if not (-x.ndim <= axis < x.ndim and -x.ndim <= start <= x.ndim):
        raise ValueError(
            f"rollaxis: axis is {axis} and start {start}; expected axes of x {tuple(x.shape)}, the start up to {x.ndim}"
        )
    axis, start = axis % x.ndim, start + x.ndim if start < 0 else start
    order = [i for i in range(x.ndim) if i != axis]
    order.insert(start - (axis < start), axis)
    return transpose(x, axes=tuple(order))


def fliplr(a: Array) -> Array:
    """a with the order along its second axis reversed.

    Example:
        >>> import numpy as np
        >>> fliplr(np.array([[1.0, 2.0]])).tolist()
        [[2.0, 1.0]]
    """
    if a.ndim < 2:
        raise ValueError(
            f"fliplr: a has shape {tuple(a.shape)}; expected two axes or more; flip(a, 0) reverses a vector"
        )
    return flip(a, axis=1)


def flipud(a: Array) -> Array:
    """a with the order along its first axis reversed.

    Example:
        >>> import numpy as np
        >>> flipud(np.array([[1.0], [2.0]])).tolist()
        [[2.0], [1.0]]
    """
    if not a.ndim:
        raise ValueError("flipud: a has shape (); expected one axis or more")
    return flip(a, axis=0)


def cast(x: Array, typ: Any) -> Array:
    """x with the dtype `typ`, x itself where it has that; the gradient comes back in x's.

    Example:
        >>> import numpy as np
        >>> cast(np.ones(2), "float32").dtype
        dtype('float32')
    """
    return astype(x, dtype=typ, copy=False)


def copy(x: Array, dst: int | str | Device) -> Array:
    """x on another device; the gradient comes back to x's.

    Args:
        x: array or Variable.
        dst: a device, such as "cuda:0", or as a number the GPU; -1 is the host.

    Example:
        >>> import numpy as np
        >>> copy(np.ones(2), -1).tolist()
        [1.0, 1.0]
    """
    if isinstance(dst, int):
        dst = "numpy" if dst < 0 else f"cuda:{dst}"
    return to_device(x, device=dst)
