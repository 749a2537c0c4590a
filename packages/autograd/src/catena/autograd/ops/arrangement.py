"""Moving, rolling, repeating and tiling elements; diagonals and triangles of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import xparray as xp
from catena.autograd._op import op
from catena.autograd.ops.indexing import getitem
from catena.autograd.ops.scatter import gather
from catena.autograd.ops.shape import broadcast_to, expand_dims, parts, reshape, transpose
from xparray import Array


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """The arrays repeated to one shape.

    Example:
        >>> import numpy as np
        >>> [x.shape for x in broadcast_arrays(np.ones((2, 1)), np.ones(3))]
        [(2, 3), (2, 3)]
    """
    shape = xp.broadcast_shapes(*(tuple(x.shape) for x in arrays))
    return [broadcast_to(x, shape=shape) for x in arrays]


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """The diagonals of the matrices, `offset` above the main one.

    Example:
        >>> import numpy as np
        >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]), offset=1).tolist()
        [2.0]
    """
    m, n = x.shape[-2:]
    flat = reshape(x, shape=(*x.shape[:-2], m * n))
    length = max(min(m + min(offset, 0), n - max(offset, 0)), 0)
    first = max(offset, 0) + max(-offset, 0) * n
    last = first + (length - 1) * (n + 1)
    return getitem(flat, key=(..., slice(first, last + 1, n + 1) if length else slice(0, 0)))


def meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> list[Array]:
    """The coordinates of a grid: vectors, each repeated along the axes of all others; with "xy" the first two axes are exchanged.

    Raises:
        ValueError: `indexing` is neither "xy" nor "ij".

    Example:
        >>> import numpy as np
        >>> [x.shape for x in meshgrid(np.ones(2), np.ones(3))]
        [(3, 2), (3, 2)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}; expected 'xy' or 'ij'")
    places = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        places[:2] = 1, 0
    return broadcast_arrays(
        *(
            reshape(x, shape=tuple(-1 if i == at else 1 for i in range(len(arrays))))
            for x, at in zip(arrays, places, strict=True)
        )
    )


def moveaxis(x: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """x with the axes `source` moved to the places `destination`, the others in their order.

    Raises:
        ValueError: there are not as many places as axes, or one is named twice.

    Example:
        >>> import numpy as np
        >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    sources, places = (
        [i % x.ndim for i in ([axes] if isinstance(axes, int) else axes)] for axes in (source, destination)
    )
    if len(sources) != len(places) or len(set(sources)) != len(sources) or len(set(places)) != len(places):
        raise ValueError(
            f"moveaxis: source is {source!r} and destination {destination!r}; expected as many places as axes, each once"
        )
    order = [i for i in range(x.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, axes=tuple(order))


def repeat(x: Array, repeats: int | Sequence[int] | Array, axis: int | None = None) -> Array:
    """x with each element along `axis` repeated so often, or as often as a sequence says of each; flattened where no axis is named.

    Example:
        >>> import numpy as np
        >>> repeat(np.array([1.0, 2.0]), np.array([2, 1])).tolist()
        [1.0, 1.0, 2.0]
    """
    if axis is None:
        return repeat(reshape(x, shape=(-1,)), repeats, axis=0)
    if isinstance(repeats, int):
        at = axis % x.ndim
        before, n, after = x.shape[:at], x.shape[at], x.shape[at + 1 :]
        apart = broadcast_to(expand_dims(x, axis=at + 1), shape=(*before, n, repeats, *after))
        return reshape(apart, shape=(*before, n * repeats, *after))
    device = xp.device_of(x)
    places = xp.repeat(xp.arange(x.shape[axis], device=device), xp.asarray(repeats, device=device))
    return gather(x, places, axis=axis)


@op
def roll(x: Array, *, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Array:
    """x with its elements moved by `shift` along `axis`, or in the order of all elements; what falls off comes back at the start."""
    return x if axis == () else xp.roll(x, shift, axis=axis)


def _opposite(shift: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


roll.vjps(x=lambda g, shift, axis: roll(g, shift=_opposite(shift), axis=axis))


def tile(x: Array, reps: int | tuple[int, ...]) -> Array:
    """x as a whole repeated so often along each axis; the shorter of shape and `reps` is preceded by ones.

    Example:
        >>> import numpy as np
        >>> tile(np.array([1.0, 2.0]), (2, 2)).tolist()
        [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    shape = tuple(x.shape)
    reps = (reps,) if isinstance(reps, int) else tuple(reps)
    ndim = max(len(shape), len(reps))
    shape, times = ((1,) * (ndim - len(part)) + part for part in (shape, reps))
    pairs = list(zip(times, shape, strict=True))
    x = reshape(x, shape=tuple(n for _, length in pairs for n in (1, length)))
    x = broadcast_to(x, shape=tuple(n for pair in pairs for n in pair))
    return reshape(x, shape=tuple(a * b for a, b in pairs))


@op
def tril(x: Array, *, k: int = 0) -> Array:
    """Matrices x with zeros above the diagonal `k`, counted upwards from the main one."""
    return xp.tril(x, k=k)


@op
def triu(x: Array, *, k: int = 0) -> Array:
    """Matrices x with zeros below the diagonal `k`, counted upwards from the main one."""
    return xp.triu(x, k=k)


tril.vjps(x=lambda g, k: tril(g, k=k))
triu.vjps(x=lambda g, k: triu(g, k=k))


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The parts of x along `axis`, without that axis.

    Example:
        >>> import numpy as np
        >>> [part.tolist() for part in unstack(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)]
        [[1.0, 3.0], [2.0, 4.0]]
    """
    n, axis = x.shape[axis], axis % x.ndim
    if not n:
        return ()
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return tuple(reshape(part, shape=shape) for part in parts(x, indices_or_sections=n, axis=axis))
