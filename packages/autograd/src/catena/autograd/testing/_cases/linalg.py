"""Determinants, inverses, norms and decompositions of matrices, single and in stacks.

Matrices have a strong diagonal, whose elements are far from each other: so they are well-conditioned, and their eigenvalues and singular
values distinct. Of factors that are determined up to phases, the cases have what does not depend on these.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.ops import decompositions, linalg, norms
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    axes,
    calls,
    composite,
    integers,
    laid_out,
    reals,
    sampled_from,
    shapes,
)
from xparray import Array

# No library has these of float16.
DTYPES = sampled_from(["float64", "complex128", "float32", "complex64"])
BATCHES = sampled_from([(), (), (), (2,), (1, 2), (0,)])


@composite
def matrix(draw: st.DrawFn, shape: Any = None, *, dtype: Any = DTYPES, batch: Any = BATCHES) -> Array:
    """Matrices of 1 to 3 rows and as many columns, or of a given shape."""
    n = draw(integers(1, 3))
    m, n = (n, n) if shape is None else shape
    x = draw(arrays(reals(-1 / 2, 1 / 2), (*draw(batch), m, n), dtype=dtype))
    strong = np.zeros((m, n))
    np.fill_diagonal(strong, [4, -8, 12])
    return laid_out((x + strong).astype(x.dtype), draw(sampled_from(["C", "F", "strided"])))


@composite
def rectangular(draw: st.DrawFn, *, dtype: Any = DTYPES) -> Array:
    return draw(matrix((draw(integers(1, 3)), draw(integers(1, 3))), dtype=dtype))


@composite
def equations(draw: st.DrawFn) -> Call:
    n = draw(integers(1, 3))
    a = draw(matrix((n, n)))
    dtype = sampled_from([a.dtype.name, a.dtype.name, "float32", "complex128"])
    batches = [(), a.shape[:-2], (3, *(1 for _ in a.shape[:-2]))]
    b = draw(sampled_from([(n,), *((*batch, n, 2) for batch in batches)]))
    return Call(a, draw(arrays(shape=b, dtype=dtype)))


def _uneven(x: Array) -> Array:
    """x with steps added that make no two sums of multiples of 1/8, nor their squares, equal."""
    return x + (0.037 * np.arange(x.size).reshape(x.shape)).astype(x.dtype)


@composite
def normed(draw: st.DrawFn) -> Call:
    """Vectors without elements of equal size, for the extremes, and far from zero, where small powers bend."""
    x = _uneven(draw(arrays(reals(1, 3), shapes(min_dims=1, min_side=1), distinct=True, dtype=DTYPES)))
    signs = np.where(np.arange(x.size).reshape(x.shape) % 2, 1, -1).astype(x.dtype)
    ord = draw(sampled_from([2, 1, 3, 2.5, 0, float("inf"), -float("inf"), 0.5, -1]))
    return Call(x * signs, axis=draw(axes(x.ndim)), keepdims=draw(st.booleans()), ord=ord)


@composite
def normed_matrix(draw: st.DrawFn) -> Call:
    """Matrices without zeros, of which no two sums of absolute values are equal."""
    x = _uneven(draw(rectangular()) + 2)
    ord = draw(sampled_from(["fro", "nuc", None, 1, -1, 2, -2, float("inf"), -float("inf")]))
    return Call(x, keepdims=draw(st.booleans()), ord=ord)


# ------------------------------------------------------------------------------------- what of decompositions depends on no phase


def qr_parts(x: Any) -> Any:
    """The products of each column of Q with its row of R."""
    Q, R = F.linalg.qr(x)
    return F.einsum("bik,bkj->bkij", *(F.reshape(f, (-1, *f.shape[-2:])) for f in (Q, R)))


def eigh_parts(x: Any) -> Any:
    """The eigenvalues, and the projections to the eigenvectors."""
    w, V = F.linalg.eigh(x)
    V = F.reshape(V, (-1, *V.shape[-2:]))
    return w, F.einsum("bik,bjk->bkij", V, F.conj(V))


def eig_parts(x: Any) -> Any:
    """A sum over eigenvectors, which no order changes."""
    w, V = F.linalg.eig(x)
    w, V = F.reshape(w, (-1, w.shape[-1])), F.reshape(V, (-1, *V.shape[-2:]))
    return F.einsum("bk,bik,bjk->bij", w * w, V, F.conj(V))


def eigvals_parts(x: Any) -> Any:
    """The sum of the cubes of the eigenvalues."""
    return F.sum(F.linalg.eigvals(x) ** 3, axis=-1)


def svd_parts(x: Any) -> Any:
    """The singular values, and the products of the singular vectors that belong together."""
    U, S, Vh = F.linalg.svd(x, full_matrices=False)
    return S, F.einsum("bik,bkj->bkij", *(F.reshape(f, (-1, *f.shape[-2:])) for f in (U, Vh)))


square = calls(matrix())
CASES.add(linalg.det, Case(square))
CASES.add(linalg.cofactors, Case(square))
CASES.add(linalg.inv, Case(square))
CASES.add(linalg.signs_and_logarithms, Case(square))
CASES.add(linalg.solve, Case(equations()))
CASES.add(linalg.trace, Case(calls(rectangular(), offset=integers(-2, 2))))
CASES.add(linalg.matrix_power, Case(calls(matrix(), integers(-2, 5)), tolerance=100))
CASES.add(linalg.pinv, Case(calls(rectangular())))
CASES.add(decompositions.cholesky, Case(calls(matrix().map(abs), upper=st.booleans())))
CASES.add(decompositions.eigvalsh, Case(square))
CASES.add(decompositions.svdvals, Case(calls(rectangular())))
CASES.add(norms.p_norm, Case(normed().filter(lambda call: abs(call.options["ord"]) < 9)))
CASES.add(F.linalg.vector_norm, Case(normed()))
CASES.add(F.linalg.matrix_norm, Case(normed_matrix()))
CASES.add(qr_parts, Case(calls(rectangular())))
CASES.add(eigh_parts, Case(square))
CASES.add(eig_parts, Case(square))
CASES.add(eigvals_parts, Case(square))
CASES.add(svd_parts, Case(calls(rectangular())))
CASES.excuse(
    "its factors are determined up to phases; the function `..._parts` beside has a case",
    decompositions.qr_factors,
    decompositions.hermitian_factors,
    decompositions.eigen_factors,
    decompositions.eigvals,
    decompositions.singular_factors,
    F.linalg.qr,
    F.linalg.eigh,
    F.linalg.eig,
    F.linalg.svd,
)
CASES.excuse("`signs_and_logarithms` has a case, of which it is a named tuple", F.linalg.slogdet)
CASES.excuse("it gives integers", F.linalg.matrix_rank)
