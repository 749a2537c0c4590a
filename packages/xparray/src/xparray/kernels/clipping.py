"""Values kept within limits, and the sum of squares by which gradients are scaled down."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import alike, flat, floating, mapped

# How many elements give one sum, whatever the number of threads.
BLOCK = 1 << 16


@kernel
def clip(x: Array, *, low: float, high: float) -> Array:
    """x, elementwise, but `low` where it is less and `high` where it is more; NaN stays NaN."""
    return array_namespace(x).clip(x, min=low, max=high)


@clip.on("host")
def _(x: Any, *, low: float, high: float) -> Any:
    return mapped(_clip, x, numbers=(low, high)) if floating(x) else NotImplemented


@loop
def _clip(x: Any, y: Any, low: Any, high: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        v = low if x[i] < low else x[i]
        y[i] = high if v > high else v


@kernel
def clip_grad(g: Array, x: Array, *, low: float, high: float) -> Array:
    """`g` where x is from `low` to `high`, both included; 0 elsewhere."""
    return array_namespace(g).where((x >= low) & (x <= high), g, 0)


@clip_grad.on("host")
def _(g: Any, x: Any, *, low: float, high: float) -> Any:
    return mapped(_clip_grad, g, x, numbers=(low, high)) if alike(g, x) else NotImplemented


@loop
def _clip_grad(g: Any, x: Any, gx: Any, low: Any, high: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    for i in range(x.size):
        gx[i] = g[i] if low <= x[i] and x[i] <= high else g.dtype.type(0)


@kernel
def sum_of_squares(x: Array) -> Array:
    """The sum of the squares of all elements, float64: of gradients, the square of their norm."""
    x = xp.astype(x, "float64", copy=False)
    return array_namespace(x).sum(x * x)


@sum_of_squares.on("host")
def _(x: Any) -> Any:
    if not floating(x):
        return NotImplemented
    x = flat(x)
    sums = np.empty(-(-x.size // BLOCK))
    if x.size < LEAST:
        _sums_of_squares(x, sums, 0, sums.size)
    else:
        share(_sums_of_squares, sums.size, x, sums, least=1)
    return np.array(sums.sum())


@loop
def _sums_of_squares(x: Any, sums: Any, start: Any, stop: Any) -> None:
    for i in range(start, stop):
        sums[i] = _sum_of_squares(x[i * BLOCK : (i + 1) * BLOCK])


@loop(reassociate=True)
def _sum_of_squares(x: Any) -> Any:
    total = 0.0
    for i in range(x.size):
        total += np.float64(x[i]) * np.float64(x[i])
    return total
