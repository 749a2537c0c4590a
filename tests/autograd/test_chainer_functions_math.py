"""The math family against NumPy, SciPy and torch, and what its functions refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Op, Variable
from catena.autograd import functions as F
from catena.autograd.sparse import CooMatrix, to_coo

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((2, 4, 5))
SQUARES = RNG.standard_normal((2, 3, 3))
SPARSE = np.where(RNG.random((2, 3, 4)) < 0.4, RNG.standard_normal((2, 3, 4)), 0.0)

# --------------------------------------------------------------------------------------------------------------- names and places

# As Chainer 7 has them, but for names of inputs that nobody gives by name. Here more may follow. `add`, `clip` and `fft` are the
# standard's here.
MATH = """
    arctanh(x) average(x, axis, weights, keepdims) absolute(x) batch_l2_norm_squared(x) bias(x, y, axis) ceil(x) cholesky(x)
    cumprod(x, axis) cumsum(x, axis) batch_det(x) det(x) digamma(x) einsum(subscripts) erf(x) erfc(x) erfcinv(x)
    erfcx(x) erfinv(x) exp(x) log(x) log10(x) log2(x) expm1(x) ifft(x) fix(x) floor(x) fmod(x, divisor) cosh(x) sinh(x)
    identity(inputs) batch_inv(x) inv(x) lgamma(x) linear_interpolate(p, x, y) log_ndtr(x) log1p(x) logsumexp(x, axis)
    batch_matmul(a, b, transa, transb) matmul(a, b, transa, transb) maximum(a, b) minimum(a, b) argmax(x, axis) argmin(x, axis)
    max(x, axis, keepdims) min(x, axis, keepdims) ndtr(x) ndtri(x) polygamma(n, x) prod(x, axis, keepdims) scale(x, y, axis) sign(x)
    sparse_matmul(a, b, transa, transb) rsqrt(x) sqrt(x) square(x) sum(x, axis, keepdims) sum_to(x, shape) tensordot(a, b, axes)
    arccos(x) arcsin(x) arctan(x) arctan2(y, x) cos(x) sin(x) tan(x) zeta(x, q) mean(x, axis, weights, keepdims)
"""


@pytest.mark.parametrize("signature", [line + ")" for line in " ".join(MATH.split()).rstrip(")").split(") ")])
def test_arguments_come_in_the_order_of_chainer(signature: str) -> None:
    name, _, listed = signature.rstrip(")").partition("(")
    f = getattr(F, name)
    parameters = list(inspect.signature(f.forward if isinstance(f, Op) else f).parameters)
    assert parameters[: len(listed.split(", "))] == listed.split(", ")


def test_there_are_seventy_with_those_of_the_standard() -> None:
    assert MATH.count("(") + 3 == 70


# --------------------------------------------------------------------------------------------------------------------------- values

W = np.array([1.0, 2.0, 0.5])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda a, b: F.average(a, 1, W), np.average(A, 1, W)),
        (lambda a, b: F.average(a, -2, W, keepdims=True), np.average(A, 1, W, keepdims=True)),
        (lambda a, b: F.average(a, weights=A**2), np.average(A, weights=A**2)),
        (lambda a, b: F.mean(a, (0, 2)), A.mean((0, 2))),
        (lambda a, b: F.batch_l2_norm_squared(a), (A**2).sum((1, 2))),
        (lambda a, b: F.batch_matmul(a[..., 0], a, transa=True), A[:, None, :, 0] @ A),
        (lambda a, b: F.bias(a, W), A + W[:, None]),
        (lambda a, b: F.scale(a, W, -2), A * W[:, None]),
        (lambda a, b: F.cumsum(a), A.cumsum()),
        (lambda a, b: F.cumprod(a, 1), A.cumprod(1)),
        (lambda a, b: F.fix(a * 3), np.fix(A * 3)),
        (lambda a, b: F.fmod(a * 7, -1.5), np.fmod(A * 7, -1.5)),
        (lambda a, b: F.fmod(a, np.abs(a)), np.fmod(A, np.abs(A))),
        (lambda a, b: F.linear_interpolate(0.25, a, 1.0), 0.25 * A + 0.75),
        (lambda a, b: F.matmul(a, b), A @ B),
        (lambda a, b: F.matmul(b, a, True, True), np.swapaxes(A @ B, 1, 2)),
        (lambda a, b: F.matmul(a, 2.0), 2 * A),
        (lambda a, b: F.matmul(W, a, transa=True), W @ A),
        (lambda a, b: F.argmax(a, 1), A.argmax(1)),
        (lambda a, b: F.argmin(a), A.argmin()),
        (lambda a, b: F.max(a, 1, True), A.max(1, keepdims=True)),
        (lambda a, b: F.sum(a, 1, True), A.sum(1, keepdims=True)),
        (lambda a, b: F.prod(a, 1, True), A.prod(1, keepdims=True)),
        (lambda a, b: F.rsqrt(a * a), 1 / np.abs(A)),
        (lambda a, b: F.identity(a), A),
        (lambda a, b: F.batch_det(SQUARES + 0 * a[:, :, :3]), np.linalg.det(SQUARES)),
        (lambda a, b: F.batch_inv(SQUARES + 0 * a[:, :, :3]), np.linalg.inv(SQUARES)),
        (lambda a, b: F.ifft((a, a * a))[0], np.fft.ifft(A + 1j * A * A).real),
    ],
)  # fmt: skip
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_values(call: Callable[..., Any], expected: Any, device: str) -> None:
    vs = [Variable(xp.asarray(x, device=device)) for x in (A, B)]
    for y in (call(*vs), call(*(v.array for v in vs))):
        assert str(xp.device_of(y)) == device
        np.testing.assert_allclose(np.asarray(ag.as_array(y)), expected, rtol=1e-12, atol=1e-14)


def test_several_are_handed_on_as_a_tuple() -> None:
    a, b = Variable(A), Variable(B)
    assert F.identity(a, b) == (a, b)
    assert F.identity(a) is a


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("transa", [False, True])
@pytest.mark.parametrize("transb", [False, True])
def test_products_with_sparse_matrices(batch: bool, transa: bool, transb: bool) -> None:
    sparse, dense = (SPARSE, A) if batch else (SPARSE[0], A[0])
    flip = {False: lambda x: x, True: lambda x: np.swapaxes(x, -1, -2)}
    other = dense if transa != transb else flip[True](dense)
    matrix = to_coo(sparse, requires_grad=True)
    for operands, expected in (
        ((matrix, other), flip[transa](sparse) @ flip[transb](other)),
        ((other, matrix), flip[transa](other) @ flip[transb](sparse)),
    ):
        y = F.sparse_matmul(*operands, transa=transa, transb=transb)
        np.testing.assert_allclose(y.array, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(matrix.to_dense().array, sparse)
    F.sum(y * y).backward()
    assert matrix.data.grad.shape == matrix.data.shape


def test_elements_at_one_place_are_added() -> None:
    A = CooMatrix(np.array([1.0, 2.0]), np.array([0, 0]), np.array([1, 1]), (1, 2))
    assert A.to_dense().array.tolist() == [[0, 3]]
    assert F.sparse_matmul(A, np.eye(2)).array.tolist() == [[0, 3]]


def test_an_empty_sparse_matrix() -> None:
    assert F.sparse_matmul(to_coo(np.zeros((2, 3))), np.ones((3, 2))).array.tolist() == [[0, 0], [0, 0]]


# --------------------------------------------------------------------------------------------------------------- special functions

POSITIVE = np.array([0.01, 0.3, 1.0, 2.5, 30.0])
REAL = np.array([-3.0, -0.7, 0.0, 0.2, 4.0])
UNIT = np.array([0.01, 0.3, 0.5, 0.9])


def test_special_functions_are_those_of_xparray() -> None:
    assert F.special.__all__ == xp.special.__all__
    v = Variable(UNIT)
    for name in F.special.__all__:
        f = getattr(xp.special, name)
        count = len(inspect.signature(f).parameters)
        first: list[Any] = [2.0] * (count - 1)
        if name in ("logsumexp", "softmax", "log_softmax"):
            y = f(v, axis=0)
        elif name == "multigammaln":
            y = f(v + 2, 3)
        else:
            y = f(*first, v)
        assert type(y) is Variable and y.requires_grad, name


@pytest.mark.parametrize(
    ("name", "x"),
    [
        *(
            (name, REAL)
            for name in (
                "erf",
                "erfc",
                "ndtr:special.ndtr",
                "log_ndtr:special.log_ndtr",
                "i0:special.i0",
                "i1:special.i1",
            )
        ),
        *(
            (name, REAL)
            for name in ("i0e:special.i0e", "i1e:special.i1e", "erfcx:special.erfcx", "expit:sigmoid", "sinc")
        ),
        *((name, POSITIVE) for name in ("gammaln:lgamma", "digamma", "entr:special.entr")),
        *((name, UNIT) for name in ("logit", "ndtri:special.ndtri", "erfinv")),
    ],
)
def test_slopes_are_those_of_torch(name: str, x: Any) -> None:
    torch = pytest.importorskip("torch")
    ours, _, theirs = name.partition(":")
    by_torch = torch
    for part in (theirs or ours).split("."):
        by_torch = getattr(by_torch, part)
    t = torch.tensor(x, requires_grad=True)
    y = by_torch(t)
    (slope,) = torch.autograd.grad(y.sum(), t)
    v = Variable(x)
    z = getattr(F.special, ours)(v)
    np.testing.assert_allclose(z.array, y.detach().numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(ag.grad(F.sum(z), v), slope.numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    ("f", "x", "order", "expected"),
    [
        (F.special.sinc, 0.0, 2, -(np.pi**2) / 3),
        (F.special.sinc, 0.0, 4, np.pi**4 / 5),
        (F.special.i1, 0.0, 3, 3 / 8),
        (F.special.i1, 0.0, 1, 1 / 2),
        (F.special.log_ndtr, -1000.0, 1, 1000.000999998),
        (F.special.log_ndtr, 40.0, 1, 0.0),
        (lambda x: F.special.xlogy(x, np.zeros(())), 0.0, 1, -np.inf),
        (lambda y: F.special.xlogy(np.zeros(()), y), 0.0, 1, 0.0),
        (lambda x: F.special.kl_div(x, np.array(1.0)), 1.0, 1, 0.0),
        (lambda x: F.special.kl_div(x, np.array(1.0)), 1.0, 2, 1.0),
        (lambda q: F.zeta(np.array(2.0), q), 1.0, 1, -2 * 1.2020569031595943),
        (lambda x: F.polygamma(np.array(1), x), 1.0, 1, -2 * 1.2020569031595943),
    ],
)
def test_slopes_where_formulas_have_quotients_of_zeros(
    f: Callable[[Any], Any], x: float, order: int, expected: float
) -> None:
    v = Variable(np.array(x))
    y = f(v)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(order):
            y = ag.grad(y, v, create_graph=True)
    np.testing.assert_allclose(ag.as_array(y), expected, rtol=1e-12, atol=1e-15)


# --------------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: F.average(x, (0, 1), W), r"average: axis is \(0, 1\) beside weights; expected one axis, or None for all"),
        (lambda x: F.average(x, 0, W), r"average: weights has shape \(3,\), x \(2, 3, 4\); expected \(2,\) for axis 0"),
        (lambda x: F.bias(x, W, 2), r"bias: y has shape \(3,\), x \(2, 3, 4\); expected y of the shape of the axes of x from axis=2 on"),
        (lambda x: F.scale(x, W, 0), r"scale: y has shape \(3,\), x \(2, 3, 4\)"),
        (lambda x: F.batch_l2_norm_squared(x[0, 0]), r"batch_l2_norm_squared: x has shape \(4,\); expected \(n, ...\)"),
        (
            lambda x: F.matmul(x, B, transa=True),
            r"matmul: the rows of a have 3 elements, the columns of b 4 \(a: \(2, 4, 3\) as transposed, b: \(2, 4, 5\)\); "
            "expected the same; transpose one with transa=True or transb=True",
        ),
        (lambda x: F.batch_matmul(x, B[:1]), r"batch_matmul: b has shape \(1, 4, 5\); expected \(2, m, k\) or \(2, m\)"),
        (lambda x: F.ifft(x), r"ifft: x is an array of shape \(2, 3, 4\); expected a pair \(real, imag\)"),
        (lambda x: F.ifft((x, x[0])), r"ifft: real is \(2, 3, 4\) float64, imag \(3, 4\) float64; expected the same shape"),
        (lambda x: F.sparse_matmul(to_coo(SPARSE), x), r"sparse_matmul: the dense matrix has shape \(2, 3, 4\); expected \(2, 4, 'l'\)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_wrong_arguments_are_refused(call: Callable[[Any], Any], text: str, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        call(wrap(A))


AT = np.array([0, 1])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: CooMatrix(W, AT, AT, (2, 2)), r"CooMatrix: data has shape \(3,\), row \(2,\), col \(2,\); expected the same \(nnz,\)"),
        (lambda: CooMatrix(W[:2], AT, AT, (2, 1)), r"CooMatrix: col has 1; expected 0 to 0 for the shape \(2, 1\), or -1 for none"),
        (lambda: CooMatrix(W[:2], AT, AT, (2,)), r"CooMatrix: shape is \(2,\); expected two lengths"),
        (lambda: CooMatrix(W[:2], AT, AT, (2, 2), "K"), r"CooMatrix: order is 'K'; expected 'C', 'F' or 'other'"),
        (lambda: to_coo(W), r"to_coo: x has shape \(3,\); expected an array \(m, n\) or \(batch, m, n\)"),
        (lambda: to_coo(Variable(A)), r"to_coo: x is a Variable, which would be cut from its graph"),
        (lambda: to_coo(A, ldnz=3), r"to_coo: a matrix of x has 12 elements that are not zero; expected at most ldnz=3"),
    ],
)  # fmt: skip
def test_wrong_sparse_matrices_are_refused(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()


def test_products_need_one_sparse_and_one_dense_matrix() -> None:
    with pytest.raises(
        TypeError,
        match=r"sparse_matmul: got a ndarray, b ndarray; expected one CooMatrix and one array; make one with to_coo",
    ):
        F.sparse_matmul(A, B)
