"""Decompositions of matrices, in the last two axes of stacks of them.

Vectors of eigenvalues or singular values that are equal may be turned among each other: there gradients are infinite or NaN. A
complex vector has a phase that is no function of the matrix: a result may use such vectors only in ways that do not depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import selection, shape
from catena.autograd.ops.arrangement import diagonal, tril, triu
from catena.autograd.ops.complex import adjoint, conjugate, fitted, imag, is_complex, real_part
from catena.autograd.ops.indexing import getitem
from catena.autograd.ops.linalg import solve
from catena.autograd.ops.products import matmul
from xparray import Array

Cotangents = Sequence[Array | None]


def _hermitian_part(x: Array) -> Array:
    """(x + x^H) / 2, which of a Hermitian x is x itself, bit for bit."""
    return (x + adjoint(x)) / 2


def _rows(x: Array) -> Array:
    """Vectors `(..., n)` as matrices of one row, which multiply columns."""
    return shape.expand_dims(x, axis=-2)


def _columns(x: Array) -> Array:
    """Vectors `(..., n)` as matrices of one column, which multiply rows."""
    return shape.expand_dims(x, axis=-1)


def _with_diagonal(x: Any, y: Any, like: Array) -> Array:
    """Matrices with x, a row or a number, on the diagonal and the elements of y elsewhere; `like` has as many columns."""
    places = xp.eye(like.shape[-1], dtype="bool", device=xp.device_of(like))
    return selection.where(places, x, y)


def _inverse_gaps(x: Array) -> Array:
    """1 / (x_j - x_i), and 0 where i is j."""
    return 1 / _with_diagonal(math.inf, _rows(x) - _columns(x), x)


def _over(g: Array, R: Array) -> Array:
    """g R^-H"""
    return adjoint(solve(R, adjoint(g)))


# --------------------------------------------------------------------------------------------------------------- triangular factors


@op
def cholesky(x: Array, *, upper: bool = False) -> Array:
    """L of x = L L^H, or with `upper` U of x = U^H U, for positive definite x, of which the Hermitian part is taken."""
    return xp.linalg.cholesky(_hermitian_part(x), upper=upper)


def _cholesky_x(g: Array, out: Array, upper: bool) -> Array:
    # I. Murray, Differentiation of the Cholesky decomposition, 2016, (10).
    L, g = (adjoint(out), adjoint(g)) if upper else (out, g)
    P = adjoint(L) @ g
    P = (tril(P) + tril(P, k=-1)) / 2
    return _hermitian_part(_over(solve(adjoint(L), P), adjoint(L)))


cholesky.vjps(x=_cholesky_x)


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Array
    R: Array


@op
def qr_factors(x: Array, *, mode: Literal["reduced", "complete"] = "reduced") -> tuple[Array, Array]:
    """`qr` as a plain tuple."""
    Q, R = xp.linalg.qr(x, mode=mode)
    return Q, R


qr_factors.name = "qr"  # what errors and graphs call it


@qr_factors.vjp
def _(g: Cotangents, x_spec: Spec, out: tuple[Array, Array], mode: str, *, needs: tuple[bool, ...]) -> list[Array]:
    # S. F. Walter, L. Lehmann, Algorithmic differentiation of linear algebra functions with application in optimum experimental
    # design, 2011; M. Roberts, D. Roberts, QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep
    # matrices, real and complex, 2020.
    (gQ, gR), (Q, R) = g, out
    m, n = x_spec.shape[-2:]
    if mode == "complete" and m > n:
        gQ = _determined("qr", "Q", "columns", x_spec, gQ, "mode='reduced'")
        Q, R, gR = _first_columns(Q, n), _first_rows(R, n), None if gR is None else _first_rows(gR, n)
    W: Any = 0.0 if gR is None else gR @ adjoint(R)
    if gQ is not None:
        W = W - adjoint(Q) @ gQ
    half = (triu(W) + triu(W, k=1)) / 2
    inner = Q @ (half + adjoint(half))
    return [_over(inner if gQ is None else inner + gQ, R)]


def _determined(function: str, name: str, parts: str, x: Spec, g: Array | None, fix: str) -> Array | None:
    """The cotangent of those rows or columns of a factor that x determines; ValueError where one comes from the others."""
    if g is None:
        return None
    m, n = x.shape[-2:]
    k = min(m, n)
    rest = (..., slice(k, None)) if parts == "columns" else (..., slice(k, None), slice(None))
    if bool(xp.any(as_array(g)[rest] != 0)):
        raise ValueError(
            f"{function}: the last {abs(m - n)} {parts} of {name} are not determined by x, {x.shape}, and have no gradient; use {fix}"
        )
    return _first_columns(g, k) if parts == "columns" else _first_rows(g, k)


def _first_columns(x: Array, n: int) -> Array:
    return getitem(x, key=(..., slice(0, n)))


def _first_rows(x: Array, n: int) -> Array:
    return getitem(x, key=(..., slice(0, n), slice(None)))


def qr(x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """The unitary `Q` and upper triangular `R` of x = Q R, of shapes `(..., m, k)` and `(..., k, n)` with k the lesser of m and n, or m.

    There is a gradient where the first k columns of x are independent, of the first n columns of the Q of "complete".

    Example:
        >>> import numpy as np
        >>> Q, R = qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
        >>> bool(np.allclose(Q @ R, [[3.0, 1.0], [4.0, 2.0]]))
        True
    """
    m, n = x.shape[-2:]
    if m >= n:
        return QRResult(*qr_factors(x, mode=mode))
    Q, R = qr_factors(_first_columns(x, m))
    rest = getitem(x, key=(..., slice(m, n)))
    return QRResult(Q, shape.concat([R, matmul(adjoint(Q), rest)], axis=-1))


# -------------------------------------------------------------------------------------------------------------------- eigenvalues


class EigResult(NamedTuple):
    """What `eig` and `eigh` return."""

    eigenvalues: Array
    eigenvectors: Array


@op
def hermitian_factors(x: Array) -> tuple[Array, Array]:
    """`eigh` as a plain tuple."""
    values, vectors = xp.linalg.eigh(_hermitian_part(x))
    return values, vectors


hermitian_factors.name = "eigh"


@hermitian_factors.vjp
def _(g: Cotangents, out: tuple[Array, Array], *, needs: tuple[bool, ...]) -> list[Array]:
    (of_values, of_vectors), (w, V) = g, out
    if of_vectors is None:
        return [_hermitian(V, real_part(of_values))]
    inner = _inverse_gaps(w) * (adjoint(V) @ of_vectors)
    if of_values is not None:
        inner = _with_diagonal(_rows(real_part(of_values)), inner, w)
    return [_hermitian_part(V @ inner @ adjoint(V))]


def _hermitian(V: Array, values: Array) -> Array:
    """V diag(values) V^H"""
    return (V * _rows(values)) @ adjoint(V)


def eigh(x: Array, /) -> EigResult:
    """The `eigenvalues`, real, and `eigenvectors`, one a column, of Hermitian matrices; of others, of their Hermitian part.

    Example:
        >>> import numpy as np
        >>> eigh(np.array([[0.0, 1.0], [1.0, 0.0]])).eigenvalues.tolist()
        [-1.0, 1.0]
    """
    return EigResult(*hermitian_factors(x))


@op
def eigvalsh(x: Array) -> Array:
    """The eigenvalues, real, of Hermitian matrices; of others, of their Hermitian part."""
    return xp.linalg.eigvalsh(_hermitian_part(x))


eigvalsh.vjps(x=lambda g, x: _hermitian(eigh(x).eigenvectors, real_part(g)))


@op
def eigen_factors(x: Array) -> tuple[Array, Array]:
    """`eig` as a plain tuple."""
    values, vectors = xp.linalg.eig(x)
    return values, vectors


eigen_factors.name = "eig"


@eigen_factors.vjp
def _(g: Cotangents, x_spec: Spec, out: tuple[Array, Array], *, needs: tuple[bool, ...]) -> list[Array]:
    # C. Boeddeker et al., On the computation of complex-valued gradients with application to statistically optimum beamforming, 2019,
    # (4.77); the second term of J keeps the vectors at length 1.
    (of_values, of_vectors), (w, V) = g, out
    inner: Any = 0.0
    if of_vectors is not None:
        J = adjoint(V) @ of_vectors
        J = J - (adjoint(V) @ V) * _rows(real_part(diagonal(J)))
        inner = conjugate(_inverse_gaps(w)) * J
    if of_values is not None:
        inner = _with_diagonal(_rows(of_values), inner, w)
    return [fitted(solve(adjoint(V), inner @ adjoint(V)), x_spec)]


def eig(x: Array, /) -> EigResult:
    """The `eigenvalues` and `eigenvectors` of length 1, one a column, of square matrices, in no order; both complex.

    Example:
        >>> import numpy as np
        >>> eig(np.array([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues.tolist()
        [1j, -1j]
    """
    return EigResult(*eigen_factors(x))


@op
def eigvals(x: Array) -> Array:
    """The eigenvalues, complex, of square matrices, in no order."""
    return xp.linalg.eigvals(x)


def _eigvals_x(g: Array, x: Array, x_spec: Spec) -> Array:
    H = adjoint(eig(x).eigenvectors)
    return fitted(solve(H, _columns(g) * H), x_spec)


eigvals.vjps(x=_eigvals_x)

# ---------------------------------------------------------------------------------------------------------------- singular values


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Array
    S: Array
    Vh: Array


@op
def singular_factors(x: Array, *, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """`svd` as a plain tuple."""
    U, S, Vh = xp.linalg.svd(x, full_matrices=full_matrices)
    return U, S, Vh


singular_factors.name = "svd"


@singular_factors.vjp
def _(
    g: Cotangents, x_spec: Spec, out: tuple[Array, Array, Array], full_matrices: bool, *, needs: tuple[bool, ...]
) -> list[Array]:
    # Z.-Q. Wan, S.-X. Zhang, Automatic differentiation for complex valued SVD, 2019.
    (gU, gS, gVh), (U, S, Vh) = g, out
    m, n = x_spec.shape[-2:]
    if full_matrices and m > n:
        gU = _determined("svd", "U", "columns", x_spec, gU, "full_matrices=False")
        U = _first_columns(U, n)
    if full_matrices and n > m:
        gVh = _determined("svd", "Vh", "rows", x_spec, gVh, "full_matrices=False")
        Vh = _first_rows(Vh, m)
    gaps = _inverse_gaps(S * S)
    inner: Any = 0.0
    if gU is not None:
        J = adjoint(U) @ gU
        inner = _twice_hermitian_part(gaps * J) * _rows(S)
        if is_complex(J):
            inner = inner + _with_diagonal(1j * _rows(imag(diagonal(J)) / S), 0.0, S)
    if gVh is not None:
        inner = inner + _columns(S) * _twice_hermitian_part(gaps * (Vh @ adjoint(gVh)))
    if gS is not None:
        inner = inner + _with_diagonal(_rows(real_part(gS)), 0.0, S)
    gx = U @ inner @ Vh
    if gU is not None and m > n:
        rest = gU / _rows(S)
        gx = gx + (rest - U @ (adjoint(U) @ rest)) @ Vh
    if gVh is not None and n > m:
        rest = gVh / _columns(S)
        gx = gx + U @ (rest - (rest @ adjoint(Vh)) @ Vh)
    return [gx]


def _twice_hermitian_part(x: Array) -> Array:
    return x + adjoint(x)


def svd(x: Array, /, *, full_matrices: bool = True) -> SVDResult:
    """The unitary `U` and `Vh` and the singular values `S`, greatest first, of x = U S Vh.

    With `full_matrices`, U is `(..., m, m)` and Vh `(..., n, n)`; what x does not determine of them has no gradient. Without, they are
    `(..., m, k)` and `(..., k, n)` with k the lesser of m and n.

    Example:
        >>> import numpy as np
        >>> svd(np.array([[0.0, 2.0], [1.0, 0.0]])).S.tolist()
        [2.0, 1.0]
    """
    return SVDResult(*singular_factors(x, full_matrices=full_matrices))


@op
def svdvals(x: Array) -> Array:
    """The singular values, greatest first."""
    return xp.linalg.svdvals(x)


def _svdvals_x(g: Array, x: Array) -> Array:
    U, _, Vh = svd(x, full_matrices=False)
    return (U * _rows(real_part(g))) @ Vh


svdvals.vjps(x=_svdvals_x)
