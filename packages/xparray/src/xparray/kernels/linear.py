"""Matrix products with a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._typing import Array
from xparray.kernels.elementary import dense, floating


@kernel
def affine(x: Array, W: Array, b: Array | None) -> Array:
    """x W^T + b for `(n, n_in)`, `(n_out, n_in)` and `(n_out,)` or None; `(n, n_out)`."""
    y = x @ W.T
    return y if b is None else y + b


@affine.on("host")
def _(x: Any, W: Any, b: Any) -> Any:
    y = x @ W.T
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
