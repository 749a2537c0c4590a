"""What loops over the rows of a matrix share: rows of any axis, sums that stay exact, exponentials in blocks.

A sum in single precision is kept short: parts of `PART` numbers, whose sums are added up in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._kernel import Loop, loop, scalar
from xparray._threads import LEAST, share
from xparray.kernels.elementary import dense, exp

PART = 4096

# ---------------------------------------------------------------------------------------------------- arrays


def over_rows(function: Loop, size: int, *args: Any, grain: int = 1) -> None:
    """Call `function(*args, start, stop)` for all rows of the first of `args`, in threads where `size` elements are worth it."""
    rows = len(args[0])
    if size < LEAST:
        function(*args, 0, rows)
    else:
        share(function, rows, *args, least=1, grain=grain)


def as_rows(x: Any, axis: int) -> Any:
    """The lines of `x` along `axis` as the rows of a matrix in C order."""
    if axis not in (-1, x.ndim - 1):
        x = np.moveaxis(x, axis, -1)
    x = dense(x)
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


# ------------------------------------------------------------------------------------------------------ sums


@loop(reassociate=True)
def sum_of(x: Any) -> Any:
    """The sum of a row, in double precision."""
    total = 0.0
    for start in range(0, x.size, PART):
        a = x[start : start + PART]
        part = x.dtype.type(0)
        for i in range(a.size):
            part += a[i]
        total += part
    return total


@loop(reassociate=True)
def sum_of_products(x: Any, y: Any) -> Any:
    """The sum over i of x[i] y[i], in double precision."""
    total = 0.0
    for start in range(0, x.size, PART):
        a, b = x[start : start + PART], y[start : start + PART]
        part = x.dtype.type(0)
        for i in range(a.size):
            part += a[i] * b[i]
        total += part
    return total


# ---------------------------------------------------------------------------------------------- exponentials
#
# Compilers turn the greatest of integers into vector instructions; the greatest of floats, with NaN among them, they do not.
# A float's bits, all but the sign of negative ones flipped, are an integer in the same order.


def _rank32(x: Any) -> Any:
    bits = np.float32(x).view(np.int32)
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF))


def _rank64(x: Any) -> Any:
    bits = np.float64(x).view(np.int64)
    return np.int64(bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF))


def _at_rank32(bits: Any) -> Any:
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


def _at_rank64(bits: Any) -> Any:
    return np.int64(bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)).view(np.float64)


rank = scalar(float32=_rank32, float64=_rank64)
at_rank = scalar(int32=_at_rank32, int64=_at_rank64)


@loop
def greatest_of(x: Any) -> Any:
    """The greatest number of a row; NaN where it has a positive NaN."""
    top = rank(x[0])
    for k in range(x.size):
        top = max(top, rank(x[k]))
    return at_rank(top)


@loop
def powers(x: Any, y: Any, greatest: Any) -> None:
    """Write exp(x - greatest) of each row to `y`, and the greatest of each row to `greatest`; short rows share one loop over exp."""
    rows, n = x.shape
    for i in range(rows):
        greatest[i] = greatest_of(x[i])
        for k in range(n):
            y[i, k] = x[i, k] - greatest[i]
    flat = y.ravel()
    for j in range(flat.size):
        flat[j] = exp(flat[j])


@loop
def block_of(n: Any) -> Any:
    """How many rows of `n` elements to do at a time: few enough to stay in the cache, and of short ones a multiple of 8 for vectors."""
    return 8 * max(1, 256 // n) if n <= 1024 else 1
