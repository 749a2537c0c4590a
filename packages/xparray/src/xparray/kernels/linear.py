"""Matrix products, plain and with a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.elementary import dense, floating

_F4 = np.dtype(np.float32)
# Products of fewer terms are done sooner by a BLAS; where A is larger its rows leave the cache before they are read again.
_FEWEST_TERMS = 1 << 18
_LARGEST_A = 1 << 20
# The least length of a row that a vector register can be filled from, on any processor.
_WIDTH = 16


@kernel
def product(a: Array, b: Array) -> Array:
    """a @ b; for float32 matrices of moderate size in tiles of our own, whose sums do not depend on the number of threads."""
    return a @ b


@product.on("host")
def _(a: Any, b: Any) -> Any:
    return _in_tiles(a, b) if _serves(a, b) else a @ b


def _serves(a: Any, b: Any) -> bool:
    if a.dtype != _F4 or b.dtype != _F4 or a.ndim != 2 or b.ndim != 2:
        return False
    (m, k), (rows, n) = a.shape, b.shape
    return (
        k == rows
        and k >= _WIDTH
        and n >= _WIDTH
        and m * k * n >= _FEWEST_TERMS
        and m * k <= _LARGEST_A
        and a.flags.forc
        and b.flags.forc
        and a.flags.writeable
        and b.flags.writeable
    )


def _in_tiles(a: Any, b: Any) -> Any:
    from xparray.kernels.product import multiply  # loads numba

    return multiply(a, b)


def multiply_stacks(a: Any, b: Any, out: Any = None) -> Any:
    """a @ b for stacks of matrices, written to `out`, dense by rows, if given; a stack may lack the first axes of the other."""
    if out is None:
        stack = a.shape[:-2] if a.ndim > b.ndim else b.shape[:-2]
        out = empty((*stack, a.shape[-2], b.shape[-1]), a.dtype)
    axes_a, axes_b, axes = a.ndim - 2, b.ndim - 2, out.ndim - 2
    if not out.size or not _serves(a[(0,) * axes_a], b[(0,) * axes_b]):
        return np.matmul(a, b, out=out)
    from xparray.kernels.product import multiply  # loads numba

    for at in np.ndindex(out.shape[:-2]):
        multiply(a[at[axes - axes_a :]], b[at[axes - axes_b :]], out[at])
    return out


@kernel
def affine(x: Array, W: Array, b: Array | None) -> Array:
    """x W^T + b for `(n, n_in)`, `(n_out, n_in)` and `(n_out,)` or None; `(n, n_out)`."""
    y = x @ W.T
    return y if b is None else y + b


@affine.on("host")
def _(x: Any, W: Any, b: Any) -> Any:
    y = _in_tiles(x, W.T) if _serves(x, W.T) else x @ W.T
    if b is None:
        return y
    if b.dtype != y.dtype or not floating(y):
        return y + b
    _add_to_rows(y, dense(b))
    return y


@loop
def _add_to_rows(y: Any, b: Any) -> None:
    for i in range(y.shape[0]):
        for k in range(b.size):
            y[i, k] += b[k]


@kernel
def sum_of_rows(g: Array) -> Array:
    """The sum over the first axis of a matrix."""
    return array_namespace(g).sum(g, axis=0)


@sum_of_rows.on("host")
def _(g: Any) -> Any:
    if not floating(g):
        return NotImplemented
    y = np.zeros(g.shape[1], g.dtype)
    _sum_of_rows(dense(g), y)
    return y


@loop
def _sum_of_rows(g: Any, y: Any) -> None:
    for i in range(g.shape[0]):
        for k in range(y.size):
            y[k] += g[i, k]
