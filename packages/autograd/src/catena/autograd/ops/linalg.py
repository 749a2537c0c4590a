"""Determinants, traces, inverses and powers of matrices, in the last two axes of stacks of them.

Formulas: M. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic differentiation, 2008.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import Variable, as_array, as_variable
from catena.autograd.ops import cumulative, reduction, shape
from catena.autograd.ops.arithmetic import zeros_for
from catena.autograd.ops.arrangement import diagonal
from catena.autograd.ops.complex import adjoint, conjugate, imag, is_complex, real_part
from catena.autograd.ops.products import matmul
from xparray import Array


def as_factors(g: Array) -> Array:
    """One number a matrix, as something to multiply the matrices with."""
    return shape.expand_dims(shape.expand_dims(g, axis=-1), axis=-1)


@op
def det(x: Array) -> Array:
    """Determinants of square matrices `(..., n, n)`; the second derivative exists for invertible ones."""
    return xp.linalg.det(x)


@op
def cofactors(x: Array) -> Array:
    """The derivative of det in each element: det(x) x^-T for invertible matrices, right for others too."""
    # With x = U S V^H, it is det(U) det(V^H) times the conjugate of U diag(products of the other singular values) V^H.
    U, S, Vh = xp.linalg.svd(x, full_matrices=False)
    turn = xp.linalg.det(U) * xp.linalg.det(Vh)
    return as_factors(turn) * conjugate((U * shape.expand_dims(cumulative.others(S), axis=-2)) @ Vh)


def _cofactors_x(g: Array, x: Array, out: Array) -> Array:
    inverse = adjoint(inv(x))
    return as_factors(reduction.sum(g * conjugate(out), axis=(-2, -1))) * inverse - inverse @ g.mT @ conjugate(out)


det.vjps(x=lambda g, x: as_factors(g) * conjugate(cofactors(x)))
cofactors.vjps(x=_cofactors_x)


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Array
    logabsdet: Array


@op
def signs_and_logarithms(x: Array) -> tuple[Array, Array]:
    """`slogdet` as a plain tuple."""
    sign, logabsdet = xp.linalg.slogdet(x)
    return sign, logabsdet


signs_and_logarithms.name = "slogdet"  # what errors and graphs call it


@signs_and_logarithms.vjp
def _(g: tuple[Array | None, ...], x: Array, out: tuple[Array, Array], *, needs: tuple[bool, ...]) -> list[Array]:
    of_sign, of_logarithm = g
    # d log|det| + i d angle = tr(x^-1 dx), and the sign is exp(i angle).
    factor = 0.0 if of_logarithm is None else real_part(of_logarithm)
    if of_sign is not None and is_complex(x):
        factor = factor + 1j * imag(of_sign * conjugate(out[0]))
    if of_logarithm is None and not is_complex(x):
        return [zeros_for(x)]
    return [as_factors(factor) * adjoint(inv(x))]


def slogdet(x: Array, /) -> SlogdetResult:
    """The `sign` of the determinants and the logarithm of their absolute values, `logabsdet`; the gradient is infinite where det is 0.

    Example:
        >>> import numpy as np
        >>> float(slogdet(-np.eye(3)).sign)
        -1.0
    """
    return SlogdetResult(*signs_and_logarithms(x))


@op
def inv(x: Array) -> Array:
    """Inverses of square matrices `(..., n, n)`."""
    return xp.linalg.inv(x)


inv.vjps(x=lambda g, out: -(adjoint(out) @ g @ adjoint(out)))


@op
def solve(a: Array, b: Array) -> Array:
    """X of a X = b: `(..., n, n)` and `(..., n, k)` give `(..., n, k)`, and a single vector `(n,)` gives `(..., n)`."""
    return xp.linalg.solve(a, b)


def _solve_b(g: Array, a: Array, b_spec: Spec) -> Array:
    return shape.sum_to(_solved(adjoint(a), g, b_spec.ndim == 1), shape=b_spec.shape)


def _solve_a(g: Array, a: Array, b_spec: Spec, out: Array) -> Array:
    gb = _solved(adjoint(a), g, b_spec.ndim == 1)
    if b_spec.ndim == 1:
        gb, out = shape.expand_dims(gb, axis=-1), shape.expand_dims(out, axis=-1)
    return shape.sum_to(-(gb @ adjoint(out)), shape=tuple(a.shape))


def _solved(a: Array, g: Array, is_vector: bool) -> Array:
    return shape.squeeze(solve(a, shape.expand_dims(g, axis=-1)), axis=-1) if is_vector else solve(a, g)


solve.vjps(a=_solve_a, b=_solve_b)


@op
def pinv(x: Array, *, rtol: Array | float | None = None) -> Array:
    """Pseudo-inverses, in which singular values up to `rtol` times the greatest count as 0; differentiable where the rank is constant."""
    return xp.linalg.pinv(x, rtol=rtol)


def _pinv_x(g: Array, x: Array, out: Array) -> Array:
    # G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, 1973.
    p, h = adjoint(out), adjoint(g)
    across, along = h @ out @ p, p @ out @ h
    return (across - x @ (out @ across)) + (along - (along @ out) @ x) - p @ g @ p


pinv.vjps(x=_pinv_x)


def matrix_power(x: Array, n: int, /) -> Array:
    """The square matrices to the power of the integer n, by repeated squaring.

    Example:
        >>> import numpy as np
        >>> matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 5).tolist()
        [[1.0, 5.0], [0.0, 1.0]]
    """
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        ones = xp.linalg.matrix_power(as_array(x), 0)
        return as_variable(ones) if isinstance(x, Variable) else ones
    y = None
    while True:
        if n % 2:
            y = x if y is None else matmul(y, x)
        n //= 2
        if not n:
            return y
        x = matmul(x, x)


def trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """Sums of the diagonals of the matrices, `offset` above the main one.

    Example:
        >>> import numpy as np
        >>> float(trace(np.eye(3)))
        3.0
    """
    return reduction.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)
