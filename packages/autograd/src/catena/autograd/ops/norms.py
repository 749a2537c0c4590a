"""Norms of vectors and of matrices."""

from __future__ import annotations

import math
from typing import Literal

import xparray as xp
from catena.autograd._op import op
from catena.autograd.ops import arithmetic, decompositions, linalg, reduction
from catena.autograd.ops.complex import real_part
from catena.autograd.ops.reduction import Axis as Axis  # noqa: PLC0414 - the stub of `linalg` has it from here
from xparray import Array


@op
def p_norm(x: Array, *, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Array:
    """(sum |x|^p)^(1/p) over `axis` for p = `ord`, or the number of elements other than 0; the gradient where all are 0 is 0."""
    return xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


def _p_norm_x(g: Array, x: Array, out: Array, ord: float, axis: Axis) -> Array:
    if ord == 0:
        return arithmetic.zeros_for(x)
    g = reduction.spread(real_part(g), tuple(x.shape), axis)
    if ord == 1:
        return g * arithmetic.sign(x)
    out = reduction.spread(out, tuple(x.shape), axis)
    if ord == 2:
        return g * arithmetic.share(x, out)
    return g * arithmetic.sign(x) * arithmetic.share(arithmetic.abs(x), out) ** (ord - 1)


p_norm.vjps(x=_p_norm_x)


def vector_norm(x: Array, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Array:
    """Norms of the vectors along `axis`: (sum |x|^p)^(1/p) for p = `ord`, the greatest |x| for inf, the least for -inf.

    The gradient of the vector 0 is 0, and equal extremes share it.

    Example:
        >>> import numpy as np
        >>> float(vector_norm(np.array([3.0, -4.0]))), float(vector_norm(np.array([3.0, -4.0]), ord=np.inf))
        (5.0, 4.0)
    """
    if math.isinf(ord):
        extreme = reduction.max if ord > 0 else reduction.min
        return extreme(arithmetic.abs(x), axis=axis, keepdims=keepdims)
    return p_norm(x, ord=ord, axis=axis, keepdims=keepdims)


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro") -> Array:
    """Norms of the matrices: "fro" of Frobenius, "nuc" the sum of the singular values, 2 (-2) the greatest (least) of them, 1 (-1) the
    greatest (least) sum of a column, inf (-inf) of a row, of absolute values.

    Raises:
        ValueError: `ord` is none of these.

    Example:
        >>> import numpy as np
        >>> float(matrix_norm(np.array([[1.0, -2.0], [3.0, 4.0]]), ord=1))
        6.0
    """
    if ord in ("fro", None):
        return p_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord == "nuc":
        y = reduction.sum(decompositions.svdvals(x), axis=-1)
    elif ord in (1, -1, 2, -2, math.inf, -math.inf):
        lines = (
            decompositions.svdvals(x)
            if ord in (2, -2)
            else reduction.sum(arithmetic.abs(x), axis=-2 if ord in (1, -1) else -1)
        )
        y = (reduction.max if ord > 0 else reduction.min)(lines, axis=-1)
    else:
        raise ValueError(f"matrix_norm: ord is {ord!r}; expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    return linalg.as_factors(y) if keepdims else y
