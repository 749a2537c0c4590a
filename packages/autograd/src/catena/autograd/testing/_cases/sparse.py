"""Products of sparse and dense matrices, as functions of the elements that are not zero and of the dense ones."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.sparse import CooMatrix
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers
from xparray import Array


def of_elements(data: Array, dense: Array, *, on_the_left: bool, **options: Any) -> Array:
    """The product with a matrix of the elements `data` at `row` and `col`."""
    shape, transa, transb, row, col = (options[name] for name in ("shape", "transa", "transb", "row", "col"))
    matrix = CooMatrix(data, row, col, shape)
    if on_the_left:
        return F.sparse_matmul(matrix, dense, transa=transa, transb=transb)
    return F.sparse_matmul(dense, matrix, transa=transa, transb=transb)


@composite
def sparse(draw: st.DrawFn) -> Call:
    m, k, n = (draw(integers(1, 3)) for _ in range(3))
    batch = (2,) if draw(st.booleans()) else ()
    left, transa, transb = (draw(st.booleans()) for _ in range(3))
    # The dense matrix meets the sparse one (m, k), as it is or transposed, on one of its sides.
    flipped = transa if left else transb
    inner = (m if flipped else k) if left else (k if flipped else m)
    dense = (inner, n) if left else (n, inner)
    dense = dense[::-1] if (transb if left else transa) else dense
    count = draw(integers(0, 4))
    row = np.array([draw(integers(-1, m - 1)) for _ in range(count * (2 if batch else 1))], np.int64).reshape(
        *batch, count
    )
    col = np.array([draw(integers(0, k - 1)) for _ in range(row.size)], np.int64).reshape(row.shape)
    data = draw(arrays(shape=row.shape))
    return Call(
        data, draw(arrays(shape=(*batch, *dense))), shape=(m, k), row=row, col=col, on_the_left=left, transa=transa, transb=transb
    )  # fmt: skip


CASES.add(of_elements, Case(sparse(), backends=("numpy", "numba"), tolerance=4))
CASES.excuse("its case is that of of_elements: a sparse matrix is no array", F.sparse_matmul)
