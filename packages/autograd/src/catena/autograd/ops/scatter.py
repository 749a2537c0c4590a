"""Elements read from places that an array names, and added there. Places have no gradient, and negative ones count from the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd._op import op
from catena.autograd._variable import as_array
from catena.autograd.ops import arithmetic, arrangement, indexing, shape
from xparray import Array
from xparray.kernels import indexing as kernels


@op
def gather(x: Array, indices: Array, *, axis: int = 0) -> Array:
    """The elements of x at the integers `indices` along `axis`: `(a, n, b)` and `(i, j)` give `(a, i, j, b)` for axis 1."""
    axis %= x.ndim
    taken = xp.take(x, xp.reshape(indices, (-1,)), axis=axis)
    return xp.reshape(taken, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


@op
def scatter(g: Array, indices: Array, *, shape: tuple[int, ...], axis: int = 0) -> Array:
    """Zeros of the given shape with g added at `indices` along `axis`: what undoes `gather`; an element named twice receives both."""
    axis %= len(shape)
    if axis or not math.prod(shape):
        return kernels.scatter_add(g, key=(slice(None),) * axis + (indices,), shape=shape)
    # As rows, for which there is a loop.
    rows = (math.prod(indices.shape), math.prod(shape[1:]))
    y = kernels.scatter_add(xp.reshape(g, rows), key=xp.reshape(indices, (-1,)), shape=(shape[0], rows[1]))
    return xp.reshape(y, shape)


gather.vjps(x=lambda g, indices, x_spec, axis: scatter(g, indices, shape=x_spec.shape, axis=axis))
scatter.vjps(g=lambda g, indices, axis: gather(g, indices, axis=axis))


def placed(indices: np.ndarray[Any, Any], x: Array) -> Array:
    """Places that were computed on the host, where x lives."""
    return xp.asarray(indices, device=xp.device_of(x))


def on_host(indices: Any) -> np.ndarray[Any, Any]:
    """Places as a plain array of the host, for a look at their values."""
    return np.asarray(xp.to_device(xp.asarray(as_array(indices)), "numpy"))


def scatter_add(a: Array, slices: Any, b: Array) -> Array:
    """A copy of a, to which b is added at the index `slices`; an element indexed twice receives both.

    Args:
        a: array or Variable.
        slices: what `a[slices]` takes.
        b: of the shape of `a[slices]`, or one that broadcasts to it.

    Raises:
        ValueError: b does not broadcast to the shape of `a[slices]`.

    Example:
        >>> scatter_add(np.zeros(3), np.array([0, 2, 2]), np.ones(3)).tolist()
        [1.0, 0.0, 2.0]
    """
    host_key = tuple(map(_host_part, slices)) if isinstance(slices, tuple) else _host_part(slices)
    found = np.broadcast_to(np.empty(()), tuple(a.shape))[host_key].shape
    if not _broadcasts(tuple(b.shape), found):
        raise ValueError(
            f"scatter_add: b has shape {tuple(b.shape)}, a[slices] {found} (a: {tuple(a.shape)}); expected a b that broadcasts to it"
        )
    if tuple(b.shape) != found:
        b = shape.broadcast_to(b, shape=found)
    return arithmetic.add(a, indexing.scatter_add(b, key=slices, shape=tuple(a.shape)))


def _host_part(key: Any) -> Any:
    return on_host(key) if hasattr(key, "dtype") else key


def _broadcasts(mine: tuple[int, ...], target: tuple[int, ...]) -> bool:
    lead = len(target) - len(mine)
    return lead >= 0 and all(n in (1, m) for n, m in zip(mine, target[lead:], strict=True))


def select_item(x: Array, t: Array) -> Array:
    """y[i] = x[i, t[i]]: of each line of x the element that t names.

    Args:
        x: `(..., n)`.
        t: integers `(...)` from 0 to n - 1.

    Raises:
        ValueError: t does not name one element for each line, or one that there is not.

    Example:
        >>> select_item(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0])).tolist()
        [2.0, 3.0]
    """
    if x.ndim != t.ndim + 1 or tuple(x.shape[:-1]) != tuple(t.shape):
        raise ValueError(
            f"select_item: x has shape {tuple(x.shape)}, t {tuple(t.shape)}; expected t of shape {tuple(x.shape[:-1])}, an index a line"
        )
    places, n = on_host(t), int(x.shape[-1])
    _check_range("select_item", "t", places, n)
    flat = places.reshape(-1) + n * np.arange(places.size)
    return shape.reshape(gather(shape.reshape(x, shape=(-1,)), placed(flat, x)), shape=tuple(t.shape))


def _check_range(function: str, name: str, places: np.ndarray[Any, Any], n: int) -> None:
    if places.dtype.kind not in "iu":
        raise TypeError(f"{function}: {name} has the dtype {places.dtype}; expected integers; write {name}.astype(int)")
    wrong = places[(places < 0) | (places >= n)]
    if wrong.size:
        raise ValueError(f"{function}: {name} names the element {wrong.flat[0]}; expected 0 to {n - 1}")


def permutate(x: Array, indices: Array, axis: int = 0, inv: bool = False) -> Array:
    """y[i] = x[indices[i]] along `axis`, or y[indices[i]] = x[i] where `inv` is True.

    Args:
        x: array or Variable.
        indices: each of 0 to n - 1 once, where n is the length of x along `axis`.
        axis: along which to move elements.
        inv: the inverse of the permutation.

    Raises:
        ValueError: `indices` is no permutation of the elements along `axis`.

    Example:
        >>> permutate(np.array([1.0, 2.0, 3.0]), np.array([2, 0, 1])).tolist()
        [3.0, 1.0, 2.0]
    """
    places, n = on_host(indices), x.shape[axis]
    if places.shape != (n,):
        raise ValueError(
            f"permutate: indices has shape {places.shape}; expected ({n},), the length of axis {axis} of x {tuple(x.shape)}"
        )
    _check_range("permutate", "indices", places, n)
    inverse = np.argsort(places, kind="stable")
    twice = places[inverse][1:][np.diff(places[inverse]) == 0]
    if twice.size:
        raise ValueError(f"permutate: indices names the element {twice[0]} twice; expected each of 0 to {n - 1} once")
    return permuted(x, *(placed(p, x) for p in ((inverse, places) if inv else (places, inverse))), axis=axis % x.ndim)


@op
def permuted(x: Array, indices: Array, inverse: Array, *, axis: int) -> Array:
    """x with its elements along `axis` in the order `indices`; `inverse` is the way back."""
    return xp.take(x, indices, axis=axis)


# To read the way back is several times faster than to add there.
permuted.vjps(x=lambda g, indices, inverse, axis: permuted(g, inverse, indices, axis=axis))
permuted.name = "permutate"  # what errors and graphs call it


def as_strided(x: Array, shape: tuple[int, ...], strides: tuple[int, ...], storage_offset: int | None = None) -> Array:
    """y[i, j, ...] = the element storage_offset + i strides[0] + j strides[1] + ... of those of x, counted in the order of its axes.

    Args:
        x: array or Variable.
        shape: of the result.
        strides: one for each axis of the result, in elements; 0 repeats.
        storage_offset: the first element; 0 unless given.

    Raises:
        ValueError: there is not one stride an axis, or an element lies outside of x.

    Example:
        >>> as_strided(np.arange(4.0), (3, 2), (1, 1)).tolist()
        [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """
    if len(shape) != len(strides):
        raise ValueError(f"as_strided: shape is {shape} and strides {strides}; expected one stride an axis")
    places = np.full(shape, storage_offset or 0)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        places += np.arange(n).reshape(-1, *(1,) * (len(shape) - axis - 1)) * stride
    size = math.prod(x.shape)
    if places.size and (places.min() < 0 or places.max() >= size):
        raise ValueError(
            f"as_strided: shape {shape}, strides {strides} and storage_offset {storage_offset or 0} reach from element {places.min()} "
            f"to {places.max()}; x {tuple(x.shape)} has 0 to {size - 1}"
        )
    return gather(_flat(x), placed(places, x))


def _flat(x: Array) -> Array:
    return shape.reshape(x, shape=(-1,))


def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The elements at (i, i + offset) of `axis1` and `axis2`, in a last axis of their own: `(n, n)` gives `(n,)`.

    Raises:
        ValueError: x has not two such axes.

    Example:
        >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [1.0, 4.0]
    """
    if x.ndim < 2 or axis1 % x.ndim == axis2 % x.ndim:
        raise ValueError(
            f"diagonal: axis1 is {axis1}, axis2 {axis2} and x has shape {tuple(x.shape)}; expected two axes of x"
        )
    first, second = axis1 % x.ndim, axis2 % x.ndim
    rest = [i for i in range(x.ndim) if i not in (first, second)]
    return arrangement.diagonal(shape.transpose(x, axes=(*rest, first, second)), offset=offset)
