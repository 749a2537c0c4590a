"""Products of matrices that are transposed on the way, one by one or by batches."""

from __future__ import annotations

from catena.autograd.ops import arithmetic, products, shape
from xparray import Array


def matmul(a: Array, b: Array, transa: bool = False, transb: bool = False) -> Array:
    """a @ b, each transposed first where so said: `(..., m, k)` and `(..., k, n)` give `(..., m, n)`; vectors stay and lose their axis.

    Args:
        a: matrices, a vector or a number, which multiplies.
        b: the same.
        transa: exchange the last two axes of a, unless it is a vector.
        transb: exchange the last two axes of b, unless it is a vector.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> matmul(np.ones((3, 2)), np.ones((4, 3)), transa=True, transb=True).shape
        (2, 4)
    """
    if transa and a.ndim > 1:
        a = shape.matrix_transpose(a)
    if transb and b.ndim > 1:
        b = shape.matrix_transpose(b)
    if not (getattr(a, "ndim", 0) and getattr(b, "ndim", 0)):
        return arithmetic.multiply(a, b)
    k, rows = a.shape[-1], b.shape[-2 if b.ndim > 1 else -1]
    if k != rows:
        raise ValueError(
            f"matmul: the rows of a have {k} elements, the columns of b {rows} (a: {_shown(a, transa)}, b: {_shown(b, transb)}); "
            "expected the same; transpose one with transa=True or transb=True"
        )
    return products.matmul(a, b)


def _shown(x: Array, transposed: bool) -> str:
    return f"{tuple(x.shape)}{' as transposed' if transposed and x.ndim > 1 else ''}"


def batch_matmul(a: Array, b: Array, transa: bool = False, transb: bool = False) -> Array:
    """The product of a[i] and b[i] for each i: `(n, m, k)` and `(n, k, l)` give `(n, m, l)`; `(n, m)` counts as `(n, m, 1)`.

    Raises:
        ValueError: a or b is no batch of matrices, or the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> batch_matmul(np.ones((5, 3)), np.ones((5, 3)), transa=True).shape
        (5, 1, 1)
    """
    for name, x in (("a", a), ("b", b)):
        if x.ndim not in (2, 3) or x.shape[0] != a.shape[0]:
            n = a.shape[0] if a.ndim else "n"
            raise ValueError(
                f"batch_matmul: {name} has shape {tuple(x.shape)}; expected ({n}, m, k) or ({n}, m), a matrix or a column each"
            )
    a, b = (shape.expand_dims(x, axis=2) if x.ndim == 2 else x for x in (a, b))
    return matmul(a, b, transa, transb)
