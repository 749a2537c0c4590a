"""Linear algebra where gradients are 0, infinite or refused, and on what is given in stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F
from catena.autograd.gradient_check import check_derivatives

la = F.linalg
WRONG: Any = "yx"
A = np.array([[4.0, 1.0, -0.5], [0.5, -3.0, 1.0], [0.25, 0.5, 2.0]])
TALL = A[:, :2]
WIDE = A[:2]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        # The determinant of a singular matrix has the matrix of cofactors for a gradient.
        (la.det, [[1.0, 2.0], [2.0, 4.0]], [[4, -2], [-2, 1]]),
        (la.det, [[0.0, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]]),
        (la.det, [[3.0]], [[1]]),
        (la.det, np.zeros((0, 0)), np.zeros((0, 0))),
        (la.det, np.diag([0.0, 2.0, 3.0]), np.diag([6, 0, 0])),
        (la.vector_norm, [0.0, 0.0], [0, 0]),
        (lambda x: la.vector_norm(x, ord=3), [0.0, 0.0], [0, 0]),
        (lambda x: la.vector_norm(x, ord=0), [0.0, 2.0], [0, 0]),
        (lambda x: la.vector_norm(x, ord=np.inf), [2.0, -2.0], [0.5, -0.5]),
        (la.matrix_norm, np.zeros((2, 2)), np.zeros((2, 2))),
        # Sums over equal eigenvalues and singular values have gradients, which the vectors alone do not have.
        (la.eigvalsh, np.eye(2), np.eye(2)),
        (la.svdvals, np.eye(2), np.eye(2)),
        (lambda x: la.matrix_norm(x, ord="nuc"), np.eye(2), np.eye(2)),
        (lambda x: la.matrix_power(x, 0), A, np.zeros((3, 3))),
        (lambda x: la.trace(x, offset=9), A, np.zeros((3, 3))),
        (lambda x: la.diagonal(x, offset=-1), A, np.eye(3, k=-1)),
        (lambda x: la.cross(x, np.array([0.0, 0.0, 1.0])), [1.0, 2.0, 3.0], [-1, 1, 0]),
    ],
)
def test_gradients_where_formulas_divide_by_zero(f: Callable[[Any], Any], x: Any, expected: Any) -> None:
    v = Variable(np.array(x))
    y = F.sum(f(v))
    g = ag.grad(y, v) if y.requires_grad else np.zeros(v.shape)
    np.testing.assert_allclose(g, expected, atol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: la.eigh(x + x.mT).eigenvectors ** 2,
        lambda x: la.svd(x, full_matrices=False).U ** 2,
    ],
)
def test_vectors_of_equal_values_have_no_finite_gradient(f: Callable[[Any], Any]) -> None:
    v = Variable(np.eye(2))
    with np.errstate(divide="ignore", invalid="ignore"):
        g = ag.grad(F.sum(f(v) * A[:2, :2]), v)
    assert not np.all(np.isfinite(g))


@pytest.mark.parametrize("f", [la.inv, lambda x: la.slogdet(x).logabsdet])
def test_singular_matrices_raise(f: Callable[[Any], Any]) -> None:
    v = Variable(np.ones((2, 2)))
    with pytest.raises(np.linalg.LinAlgError), np.errstate(divide="ignore"):
        ag.grad(F.sum(f(v)), v)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (
            lambda: la.svd(Variable(TALL)).U,
            "svd: the last 1 columns of U are not determined by x, (3, 2), and have no gradient; use full_matrices=False",
        ),
        (
            lambda: la.svd(Variable(WIDE)).Vh,
            "svd: the last 1 rows of Vh are not determined by x, (2, 3), and have no gradient; use full_matrices=False",
        ),
        (
            lambda: la.qr(Variable(TALL), mode="complete").Q,
            "qr: the last 1 columns of Q are not determined by x, (3, 2), and have no gradient; use mode='reduced'",
        ),
    ],
)
def test_what_is_not_determined_has_no_gradient(f: Callable[[], Any], text: str) -> None:
    y = F.sum(f())
    with pytest.raises(ValueError) as e:
        y.backward()
    assert str(e.value) == text


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: la.svd(x).S, TALL),
        (lambda x: la.svd(x).Vh ** 2, TALL),
        (lambda x: la.svd(x).U ** 2, WIDE),
        (lambda x: la.svd(x).U[..., :2] ** 2, TALL),
        (lambda x: la.qr(x, mode="complete").Q[..., :2], TALL),
        (lambda x: la.svd(x)[0] ** 2, A),
        (lambda x: la.qr(x, mode="complete").R, TALL),
        (lambda x: la.qr(x, mode="complete"), A),
        (lambda x: la.qr(x, mode="complete"), WIDE),
        (lambda x: la.qr(x).R[..., 2:], WIDE),
        (lambda x: la.eigh(x).eigenvalues, A),
        (lambda x: F.abs(la.eig(x).eigenvectors), A),
        (lambda x: la.slogdet(x).sign * la.slogdet(x).logabsdet, A),
    ],
)
def test_parts_of_results(f: Callable[[Any], Any], x: Any) -> None:
    check_derivatives(f, x)
    check_derivatives(f, np.stack([x, x + 0.125]))


@pytest.mark.parametrize("f", [la.cholesky, la.eigvalsh, lambda x: la.eigh(x).eigenvalues])
def test_the_hermitian_part_is_taken(f: Callable[[Any], Any]) -> None:
    x = A @ A.T + np.eye(3)
    skew = np.array([[0.0, 1.0, 2.0], [-1.0, 0.0, 3.0], [-2.0, -3.0, 0.0]])
    np.testing.assert_array_equal(f(x), f(x + skew / 8))
    v = Variable(x)
    g = ag.grad(F.sum(f(v) ** 2), v)
    np.testing.assert_allclose(g, g.T, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda x: la.matrix_norm(x, ord=3),
            r"matrix_norm: ord is 3; expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf",
        ),
        (
            lambda x: F.tensordot(x, x, axes=1),
            r"tensordot: axes \[1\] of a have the lengths \(3,\), axes \[0\] of b \(2,\) \(a: \(2, 3\), b: \(2, 3\)\); expected the same",
        ),
        (
            lambda x: F.vecdot(x, x[..., :2]),
            r"vecdot: a has shape \(2, 3\), b \(2, 2\); expected the same length along axis -1",
        ),
        (
            lambda x: la.outer(x, x),
            r"outer: a has shape \(2, 3\), b \(2, 3\); expected vectors; flatten them with reshape\(x, \(-1,\)\)",
        ),
        (lambda x: F.meshgrid(x[0], indexing=WRONG), r"meshgrid: indexing is 'yx'; expected 'xy' or 'ij'"),
        (
            lambda x: F.moveaxis(x, (0, 1), 0),
            r"moveaxis: source is \(0, 1\) and destination 0; expected as many places as axes, each once",
        ),
    ],
)
@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_wrong_arguments_are_refused(call: Callable[[Any], Any], text: str, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        call(wrap(np.ones((2, 3))))


def test_namespaces_of_variables_have_it() -> None:
    v = Variable(A)
    ns = v.__array_namespace__()
    assert type(ns.linalg.solve(v, A)) is Variable
    assert type(xp.linalg.solve(A, v)) is Variable
    assert type(xp.linalg.svd(v)).__name__ == "SVDResult"
    assert xp.linalg.svd(v, full_matrices=False).S.requires_grad
    assert type(xp.linalg.matrix_rank(v)) is np.ndarray
    assert int(ns.linalg.matrix_rank(v, rtol=Variable(np.array(0.1)))) == 3


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
def test_derivatives_to_third_order(device: str) -> None:
    x = xp.to_device(A, device)
    check_derivatives(lambda x: F.real(la.det(la.inv(x) + la.pinv(x))), x, order=3)
    check_derivatives(lambda x: la.eigvalsh(x) * la.svdvals(x), x, order=3, rtol=1e-4)
