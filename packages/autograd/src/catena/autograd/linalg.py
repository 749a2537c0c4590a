"""Differentiable linear algebra, of stacks of matrices in the last two axes: the array API standard's extension `linalg`."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd._variable import as_array
from catena.autograd.ops.arrangement import diagonal
from catena.autograd.ops.decompositions import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from catena.autograd.ops.linalg import det, inv, matrix_power, pinv, slogdet, solve, trace
from catena.autograd.ops.norms import matrix_norm, vector_norm
from catena.autograd.ops.products import cross, matmul, outer, tensordot, vecdot
from catena.autograd.ops.shape import matrix_transpose
from xparray import Array

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot",
    "vector_norm",
]  # fmt: skip


def matrix_rank(x: Array, /, *, rtol: Array | float | None = None) -> Any:
    """Number of singular values above `rtol` times the greatest; max(M, N) eps unless given. The result is an array: it has no gradient.

    Example:
        >>> import numpy as np
        >>> int(matrix_rank(np.ones((2, 2))))
        1
    """
    return xp.linalg.matrix_rank(as_array(x), rtol=as_array(rtol))
