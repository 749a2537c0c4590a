"""Matrices most elements of which are zero, by the places of the others, and their products with dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np

import xparray as xp
from catena.autograd._variable import Variable
from catena.autograd.ops import arithmetic, shape
from catena.autograd.ops.scatter import gather, on_host, placed, scatter
from xparray import Array


class CooMatrix:
    """Sparse matrices in coordinates: element `data[i]` stands at `(row[i], col[i])`; what stands at one place is added.

    Args:
        data: `(nnz,)`, or `(n, nnz)` for a batch of n matrices.
        row: integers of the shape of data; -1 where there is no element, which fills up a batch.
        col: the same.
        shape: of one matrix.
        order: "C" where row by row, "F" where column by column, "other" where neither is known.
        requires_grad: whether data gets a gradient, where it is an array.

    Raises:
        ValueError: data, row and col differ in shape, or a place lies outside of the matrix.

    Example:
        >>> A = CooMatrix(np.array([5.0]), np.array([0]), np.array([1]), (2, 2), requires_grad=False)
        >>> A.to_dense().array.tolist()
        [[0.0, 5.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        data: Array,
        row: Array,
        col: Array,
        shape: tuple[int, int],
        order: str = "other",
        requires_grad: bool = False,
    ) -> None:
        if not tuple(data.shape) == tuple(row.shape) == tuple(col.shape) or data.ndim not in (1, 2):
            raise ValueError(
                f"CooMatrix: data has shape {tuple(data.shape)}, row {tuple(row.shape)}, col {tuple(col.shape)}; "
                "expected the same (nnz,), or (n, nnz) for a batch"
            )
        if len(shape) != 2:
            raise ValueError(f"CooMatrix: shape is {shape}; expected two lengths, those of one matrix")
        if order not in ("C", "F", "other"):
            raise ValueError(f"CooMatrix: order is {order!r}; expected 'C', 'F' or 'other'")
        rows, columns = on_host(row), on_host(col)
        for name, places, n in (("row", rows, shape[0]), ("col", columns, shape[1])):
            outside = places[(places < -1) | (places >= n)]
            if outside.size:
                raise ValueError(
                    f"CooMatrix: {name} has {outside.flat[0]}; expected 0 to {n - 1} for the shape {shape}, or -1 for none"
                )
        self.data = data if isinstance(data, Variable) else Variable(data, requires_grad=requires_grad)
        self.row, self.col, self.shape, self.order = row, col, tuple(shape), order
        self._places = rows, columns

    def to_dense(self) -> Variable:
        """The matrices with all their elements: `shape`, or `(n, *shape)` for a batch."""
        values, rows, columns, n = self._flattened()
        dense: Variable = scatter(
            values, placed(rows * self.shape[1] + columns, self.data), shape=(n * self.shape[0] * self.shape[1],)
        )
        batch = tuple(self.data.shape[:-1])
        return shape.reshape(dense, shape=(*batch, *self.shape))

    def _flattened(self) -> tuple[Array, np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
        """Values, rows and columns of all elements, the matrices of a batch set below each other, and how many these are."""
        rows, columns = self._places
        n = rows.shape[0] if rows.ndim == 2 else 1
        rows, columns = rows.reshape(n, -1), columns.reshape(n, -1)
        there = ((rows >= 0) & (columns >= 0)).reshape(-1)
        values = shape.reshape(self.data, shape=(-1,))
        if not there.all():
            values = gather(values, placed(np.flatnonzero(there), self.data))
        rows = rows + np.arange(n).reshape(-1, 1) * self.shape[0]
        return values, rows.reshape(-1)[there], columns.reshape(-1)[there], n


def to_coo(x: Array, ldnz: int | None = None, requires_grad: bool = False) -> CooMatrix:
    """The elements of a matrix `(m, n)`, or of a batch of them, that are not zero, as a CooMatrix.

    Args:
        x: array.
        ldnz: places for so many elements a matrix; as many as the fullest one needs unless given.
        requires_grad: whether the elements get a gradient.

    Raises:
        ValueError: x is no matrix or batch of them, or there are more elements than places.

    Example:
        >>> A = to_coo(np.array([[0.0, 5.0], [6.0, 0.0]]))
        >>> A.data.array.tolist(), A.row.tolist(), A.col.tolist()
        ([5.0, 6.0], [0, 1], [1, 0])
    """
    if isinstance(x, Variable) or x.ndim not in (2, 3):
        cut = "is a Variable, which would be cut from its graph"
        what = cut if isinstance(x, Variable) else f"has shape {tuple(x.shape)}"
        raise ValueError(f"to_coo: x {what}; expected an array (m, n) or (batch, m, n)")
    device, host = xp.device_of(x), np.asarray(xp.to_device(x, "numpy"))
    matrices = host if host.ndim == 3 else host[None]
    found = [np.nonzero(m) for m in matrices]
    fullest = max((len(rows) for rows, _ in found), default=0)
    places = fullest if ldnz is None else ldnz
    if places < fullest:
        raise ValueError(
            f"to_coo: a matrix of x has {fullest} elements that are not zero; expected at most ldnz={ldnz}"
        )
    data = np.zeros((len(matrices), places), host.dtype)
    row, col = (np.full(data.shape, -1, np.int32) for _ in range(2))
    for i, (m, (rows, columns)) in enumerate(zip(matrices, found, strict=True)):
        k = len(rows)
        data[i, :k], row[i, :k], col[i, :k] = m[rows, columns], rows, columns
    if host.ndim == 2:
        data, row, col = data[0], row[0], col[0]
    m, n = host.shape[-2:]
    placed_data, placed_row, placed_col = (xp.asarray(part, device=device) for part in (data, row, col))
    return CooMatrix(placed_data, placed_row, placed_col, (m, n), order="C", requires_grad=requires_grad)


def sparse_matmul(a: Array | CooMatrix, b: Array | CooMatrix, transa: bool = False, transb: bool = False) -> Array:
    """a @ b of a sparse and a dense matrix, or of batches of them, each transposed first where so said.

    Args:
        a: CooMatrix, array or Variable.
        b: array or Variable where a is a CooMatrix, else a CooMatrix.
        transa: transpose a.
        transb: transpose b.

    Raises:
        TypeError: not exactly one of them is sparse.
        ValueError: the shapes do not fit.

    Example:
        >>> A = to_coo(np.array([[0.0, 2.0], [1.0, 0.0]]))
        >>> sparse_matmul(A, np.array([[1.0], [3.0]])).array.tolist()
        [[6.0], [1.0]]
    """
    if isinstance(a, CooMatrix) and not isinstance(b, CooMatrix):
        return _product(a, b, transa, transb)
    if isinstance(b, CooMatrix) and not isinstance(a, CooMatrix):
        # a b = (b^T a^T)^T
        return shape.matrix_transpose(_product(b, a, not transb, not transa))
    kinds = ", ".join(f"{name} {type(x).__name__}" for name, x in (("a", a), ("b", b)))
    raise TypeError(f"sparse_matmul: got {kinds}; expected one CooMatrix and one array; make one with to_coo(x)")


def _product(sparse: CooMatrix, dense: Array, transposed: bool, dense_transposed: bool) -> Array:
    values, rows, columns, n = sparse._flattened()
    m, k = sparse.shape
    matrix = rows // max(m, 1)
    if transposed:
        # The matrices of a batch are set below each other in rows, which become columns.
        rows, columns, m, k = columns + matrix * k, rows - matrix * m, k, m
    if dense_transposed:
        dense = shape.matrix_transpose(dense)
    batch = tuple(sparse.data.shape[:-1])
    if tuple(dense.shape[:-1]) != (*batch, k):
        raise ValueError(
            f"sparse_matmul: the dense matrix has shape {tuple(dense.shape)}{' as transposed' if dense_transposed else ''}; "
            f"expected {(*batch, k, 'l')}, as the sparse one {'as transposed ' if transposed else ''}has {(*batch, m, k)}"
        )
    lines = shape.reshape(dense, shape=(n * k, dense.shape[-1]))
    terms = arithmetic.multiply(shape.expand_dims(values, axis=1), gather(lines, placed(columns + matrix * k, dense)))
    y = scatter(terms, placed(rows, dense), shape=(n * m, dense.shape[-1]))
    return shape.reshape(y, shape=(*batch, m, dense.shape[-1]))
