"""Arrays joined to one, which lies in memory of the pool where it is large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel
from xparray._memory import empty
from xparray._typing import Array

_LARGE = 1 << 16  # bytes from which the pool's memory pays


@kernel
def concat(*xs: Array, axis: int = 0) -> Array:
    """The arrays joined along the existing axis `axis`."""
    return array_namespace(*xs).concat(xs, axis=axis)


@concat.on("host", jit=False)
def _(*xs: Any, axis: int = 0) -> Any:
    return pooled_concat(xs, axis=axis)


def pooled_concat(xs: Sequence[Any], /, axis: int | None = 0, **options: Any) -> Any:
    """`np.concat`, a large result in memory of the pool."""
    if axis is None or options or not _is_large(xs) or not _have_axis(xs, axis):
        return np.concat(xs, axis=axis, **options)
    shape = list(xs[0].shape)
    shape[axis] = sum([x.shape[axis] for x in xs])
    return np.concat(xs, axis=axis, out=empty(tuple(shape), xs[0].dtype))


def pooled_stack(xs: Sequence[Any], /, axis: int = 0, **options: Any) -> Any:
    """`np.stack`, a large result in memory of the pool."""
    if options or not _is_large(xs) or not -xs[0].ndim <= axis + (axis < 0) <= xs[0].ndim:
        return np.stack(xs, axis=axis, **options)
    shape = list(xs[0].shape)
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, len(xs))
    return np.stack(xs, axis=axis, out=empty(tuple(shape), xs[0].dtype))


def _is_large(xs: Sequence[Any]) -> bool:
    """Whether arrays of one dtype, as many as `xs` and as large as the first, are worth a block of the pool."""
    dtype = getattr(xs[0], "dtype", None) if len(xs) else None
    return dtype is not None and len(xs) * xs[0].nbytes >= _LARGE and all([x.dtype == dtype for x in xs])


def _have_axis(xs: Sequence[Any], axis: int) -> bool:
    ndim = xs[0].ndim
    return -ndim <= axis < ndim and all([x.ndim == ndim for x in xs])


# What the backend "numba" takes instead of NumPy's functions of these names.
POOLED = {"concat": pooled_concat, "stack": pooled_stack}
