"""Linear algebra on the last two axes, stacks of matrices included: the standard's extension `linalg`.

A function that returns several arrays returns a named tuple.
"""

from __future__ import annotations

from typing import Any, Literal

from xparray._standard._declare import call, of_one, of_one_with, of_two, of_two_with
from xparray._standard._reduction import Axes
from xparray._standard._shape import matmul, matrix_transpose, tensordot, vecdot
from xparray._typing import Array

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot",
    "vector_norm",
]  # fmt: skip

# The signatures.


def _cholesky(x: Array, /, *, upper: bool = False) -> Array: ...
def _cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array: ...
def _diagonal(x: Array, /, *, offset: int = 0) -> Array: ...
def _matrix_norm(
    x: Array, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro"
) -> Array: ...
def _matrix_power(x: Array, n: int, /) -> Array: ...
def _qr(x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> Any: ...
def _svd(x: Array, /, *, full_matrices: bool = True) -> Any: ...
def _trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array: ...
def _vector_norm(x: Array, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Array: ...


# Products and parts
cross = of_two_with(_cross, "linalg.cross", "Cross products of the vectors of length three along `axis`.")
diagonal = of_one_with(_diagonal, "linalg.diagonal", "The diagonals, `offset` above the main one.")
matrix_power = of_one_with(_matrix_power, "linalg.matrix_power", "The square matrices to the power of the integer `n`.")
outer = of_two("linalg.outer", "The products of all pairs of elements of the two vectors: (n,) and (m,) to (n, m).")
trace = of_one_with(_trace, "linalg.trace", "Sums of the diagonals, `offset` above the main one.")

# Decompositions
cholesky = of_one_with(
    _cholesky, "linalg.cholesky", "L of x = L L^H, or with `upper` U of x = U^H U, for positive definite x."
)
eig = of_one("linalg.eig", "The `eigenvalues` and `eigenvectors`, one a column, of square matrices; both complex.")
eigh = of_one("linalg.eigh", "The `eigenvalues`, real, and `eigenvectors`, one a column, of Hermitian matrices.")
eigvals = of_one("linalg.eigvals", "The eigenvalues, complex, of square matrices.")
eigvalsh = of_one("linalg.eigvalsh", "The eigenvalues, real, of Hermitian matrices.")
qr = of_one_with(_qr, "linalg.qr", "The unitary `Q` and upper triangular `R` of x = Q R.")
svd = of_one_with(
    _svd, "linalg.svd", "The unitary `U` and `Vh` and the singular values `S`, greatest first, of x = U S Vh."
)
svdvals = of_one("linalg.svdvals", "The singular values, greatest first.")

# Determinants, norms, inverses
det = of_one("linalg.det", "Determinants of square matrices.")
inv = of_one("linalg.inv", "Inverses of square matrices.")
matrix_norm = of_one_with(
    _matrix_norm, "linalg.matrix_norm", "Norms of the matrices: of Frobenius, nuclear, or of order `ord`."
)
slogdet = of_one(
    "linalg.slogdet", "The `sign` of the determinants and the logarithm of their absolute values: `logabsdet`."
)
solve = of_two("linalg.solve", "X of `x1` X = `x2`, with vectors for columns unless `x2` is one vector.")
vector_norm = of_one_with(_vector_norm, "linalg.vector_norm", "Norms of order `ord` of the vectors along `axis`.")


def matrix_rank(x: Array, /, *, rtol: Array | float | None = None) -> Array:
    """Number of singular values above `rtol` times the greatest; max(M, N) eps unless given, for matrices of M by N elements."""
    return call("linalg.matrix_rank", (x, rtol), x, rtol=rtol)


def pinv(x: Array, /, *, rtol: Array | float | None = None) -> Array:
    """Pseudo-inverses, in which singular values up to `rtol` times the greatest count as zero; max(M, N) eps unless given."""
    return call("linalg.pinv", (x, rtol), x, rtol=rtol)
