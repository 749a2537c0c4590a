"""The extensions `linalg` and `fft`: results against definitions written out, or against what they have to satisfy."""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray.backends.numba import NumbaArray

DEVICES = ["numpy", "numba", "strict"]
TYPES = {"numpy": np.ndarray, "numba": NumbaArray, "strict": type(xp.zeros((), device="strict"))}
DTYPES = ["float32", "float64", "complex64", "complex128"]
STACKS: list[tuple[int, ...]] = [(), (2,), (0,), (2, 1)]

on_every_device = pytest.mark.parametrize("device", DEVICES)
of_every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def home(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(xp.to_device(x, "numpy"))


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if "complex" in dtype else 0)
    return x.astype(dtype)


def adjoint(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return x.swapaxes(-1, -2).conj()


def positive(shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """Hermitian positive definite matrices."""
    x = numbers(shape, dtype)
    return (x @ adjoint(x) + np.eye(shape[-1])).astype(dtype)


def close(got: Any, expected: Any, dtype: str | None = None, device: str | None = None) -> None:
    if device is not None:
        assert type(got) is TYPES[device]
        assert str(xp.device_of(got)) == device
    got, expected = home(got), np.asarray(expected)
    assert got.shape == expected.shape
    if dtype is not None:
        assert got.dtype == dtype
    precision = 2e-4 if got.dtype in (np.float32, np.complex64) else 1e-11
    np.testing.assert_allclose(got, expected, rtol=precision, atol=precision)


def real(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def complex_of(dtype: str) -> str:
    return {"float32": "complex64", "float64": "complex128"}.get(dtype, dtype)


def each_matrix(
    f: Callable[[Any], Any], x: np.ndarray[Any, Any], shape: tuple[int, ...] = (), dtype: Any = None
) -> Any:
    """`f` of each matrix of a stack; `shape` is that of one result."""
    result = np.empty((*x.shape[:-2], *shape), dtype or x.dtype)
    for at in np.ndindex(x.shape[:-2]):
        result[at] = f(x[at])
    return result


def determinant(a: Any) -> Any:
    """Leibniz's formula."""
    n, total = len(a), 0
    for order in itertools.permutations(range(n)):
        sign = (-1) ** sum(order[i] > order[j] for i, j in itertools.combinations(range(n), 2))
        total = total + sign * math.prod(a[i, j] for i, j in enumerate(order))
    return total


# --------------------------------------------------------------------------------------------------------- determinants


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("stack", STACKS)
def test_determinants_and_inverses(stack: tuple[int, ...], dtype: str, device: str) -> None:
    a = numbers((*stack, 3, 3), dtype)
    x = xp.asarray(a, device=device)
    expected = each_matrix(determinant, a)
    close(xp.linalg.det(x), expected, dtype, device)
    sign, logarithm = xp.linalg.slogdet(x)
    assert xp.linalg.slogdet(x)._fields == ("sign", "logabsdet")
    close(logarithm, np.log(np.abs(expected)), real(dtype), device)
    close(sign, expected / np.abs(expected), dtype, device)
    inverse = xp.linalg.inv(x)
    assert (type(inverse), home(inverse).dtype) == (TYPES[device], dtype)
    close(xp.matmul(x, inverse), np.broadcast_to(np.eye(3), a.shape), dtype, device)
    for n in (0, 1, 2, 3, -1, -2):
        power = np.broadcast_to(np.eye(3, dtype=dtype), a.shape)
        for _ in range(abs(n)):
            power = power @ (a if n > 0 else home(inverse))
        close(xp.linalg.matrix_power(x, n), power, dtype, device)


@on_every_device
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_the_determinant_zero(device: str) -> None:
    sign, logarithm = xp.linalg.slogdet(xp.zeros((2, 2), device=device))
    assert (float(sign), float(logarithm)) == (0.0, -math.inf)
    assert float(xp.linalg.det(xp.ones((0, 0), device=device))) == 1.0


@on_every_device
@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ((3, 3), (3,), (3,)),
        ((3, 3), (3, 2), (3, 2)),
        ((5, 3, 3), (3,), (5, 3)),
        ((5, 3, 3), (3, 2), (5, 3, 2)),
        ((3, 3), (5, 3, 2), (5, 3, 2)),
        ((2, 1, 3, 3), (4, 3, 1), (2, 4, 3, 1)),
        # A stack of vectors is a matrix.
        ((3, 3, 3), (3, 3), (3, 3, 3)),
    ],
)
@of_every_dtype
def test_solve(left: Any, right: Any, result: Any, dtype: str, device: str) -> None:
    a, b = numbers(left, dtype), numbers(right, dtype, seed=1)
    y = xp.linalg.solve(xp.asarray(a, device=device), xp.asarray(b, device=device))
    assert (type(y), tuple(y.shape), home(y).dtype) == (TYPES[device], result, dtype)
    columns = home(y)[..., None] if len(right) == 1 else home(y)
    expected = b[:, None] if len(right) == 1 else b
    close(a @ columns, np.broadcast_to(expected, columns.shape))


# ------------------------------------------------------------------------------------------------------- decompositions


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("stack", STACKS)
def test_cholesky(stack: tuple[int, ...], dtype: str, device: str) -> None:
    a = positive((*stack, 3, 3), dtype)
    lower = xp.linalg.cholesky(xp.asarray(a, device=device))
    upper = xp.linalg.cholesky(xp.asarray(a, device=device), upper=True)
    close(home(lower) @ adjoint(home(lower)), a, dtype)
    close(adjoint(home(upper)) @ home(upper), a, dtype)
    close(lower, np.tril(home(lower)), dtype, device)
    close(upper, np.triu(home(upper)), dtype, device)


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("stack", STACKS)
def test_eigenvalues(stack: tuple[int, ...], dtype: str, device: str) -> None:
    symmetric, general = positive((*stack, 3, 3), dtype), numbers((*stack, 3, 3), dtype)
    for name, a, value, vector in (
        ("eigh", symmetric, real(dtype), dtype),
        ("eig", symmetric, complex_of(dtype), complex_of(dtype)),
        ("eig", general, complex_of(dtype), complex_of(dtype)),
    ):
        x = xp.asarray(a, device=device)
        found = getattr(xp.linalg, name)(x)
        assert found._fields == ("eigenvalues", "eigenvectors")
        values, vectors = home(found.eigenvalues), home(found.eigenvectors)
        assert (values.dtype, vectors.dtype) == (value, vector)
        close(found.eigenvectors, vectors, vector, device)
        close(a @ vectors, vectors * values[..., None, :])
        close(np.sum(np.abs(vectors) ** 2, axis=-2), np.ones(values.shape))
        alone = getattr(xp.linalg, "eigvalsh" if name == "eigh" else "eigvals")(x)
        close(np.sort_complex(home(alone)), np.sort_complex(values))
        close(alone, home(alone), value, device)


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 3, 2), (2, 2, 3)])
def test_qr_and_svd(shape: tuple[int, ...], dtype: str, device: str) -> None:
    a = numbers(shape, dtype)
    x, (*stack, m, n), k = xp.asarray(a, device=device), shape, min(shape[-2:])
    for mode, (q_shape, r_shape) in {"reduced": ((m, k), (k, n)), "complete": ((m, m), (m, n))}.items():
        found = xp.linalg.qr(x, mode=mode)
        assert found._fields == ("Q", "R")
        q, r = home(found.Q), home(found.R)
        assert (q.shape, r.shape) == ((*stack, *q_shape), (*stack, *r_shape))
        close(adjoint(q) @ q, np.broadcast_to(np.eye(q_shape[1]), (*stack, q_shape[1], q_shape[1])), dtype)
        close(found.R, np.triu(r), dtype, device)
        close(q @ r, a)
    for full in (True, False):
        found = xp.linalg.svd(x, full_matrices=full)
        assert found._fields == ("U", "S", "Vh")
        u, s, v = map(home, found)
        assert u.shape == (*stack, m, m if full else k)
        assert s.shape == (*stack, k)
        assert v.shape == (*stack, n if full else k, n)
        assert (u.dtype, s.dtype, v.dtype) == (dtype, real(dtype), dtype)
        assert (np.diff(s, axis=-1) <= 0).all()
        close(u[..., :k] * s[..., None, :] @ v[..., :k, :], a)
        close(adjoint(u) @ u, np.broadcast_to(np.eye(u.shape[-1]), (*stack, u.shape[-1], u.shape[-1])))
        close(v @ adjoint(v), np.broadcast_to(np.eye(v.shape[-2]), (*stack, v.shape[-2], v.shape[-2])))
        close(xp.linalg.svdvals(x), s, real(dtype), device)
    assert [type(part) for part in (*xp.linalg.qr(x), *xp.linalg.svd(x))] == [TYPES[device]] * 5


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_pinv(shape: tuple[int, ...], dtype: str, device: str) -> None:
    a = numbers(shape, dtype)
    pseudo = xp.linalg.pinv(xp.asarray(a, device=device))
    close(pseudo, home(pseudo), dtype, device)
    # Penrose's four conditions.
    p = home(pseudo)
    close(a @ p @ a, a)
    close(p @ a @ p, p)
    close(adjoint(a @ p), a @ p)
    close(adjoint(p @ a), p @ a)


@on_every_device
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ranks_and_tolerances(dtype: str, device: str) -> None:
    small = 1e-3
    a = np.stack([np.diag([4.0, 2.0, 0.0]), np.diag([4.0, small, small]), np.zeros((3, 3))]).astype(dtype)
    x = xp.asarray(a, device=device)
    assert home(xp.linalg.matrix_rank(x)).tolist() == [2, 3, 0]
    assert home(xp.linalg.matrix_rank(x, rtol=1e-2)).tolist() == [2, 1, 0]
    tolerances = xp.asarray([0.9, 1e-9, 0.5], dtype=dtype, device=device)
    assert home(xp.linalg.matrix_rank(x, rtol=tolerances)).tolist() == [1, 3, 0]
    rank = xp.linalg.matrix_rank(x[0, ...])
    assert (type(rank), rank.shape, home(rank).dtype, int(rank)) == (TYPES[device], (), np.int64, 2)
    close(xp.linalg.pinv(x, rtol=tolerances)[0, ...], np.diag([0.25, 0, 0]), dtype, device)
    close(xp.linalg.pinv(x, rtol=1e-2)[1, ...], np.diag([0.25, 0, 0]), dtype, device)
    # Unless told, singular values count that are above max(M, N) eps times the greatest: here just above, and just below.
    eps = xp.finfo(dtype).eps
    for factor, rank_ in ((3.5, 2), (2.5, 1)):
        y = xp.asarray(np.diag([1.0, factor * eps, 0.0]), dtype=dtype, device=device)
        assert int(xp.linalg.matrix_rank(y)) == rank_
        assert int(np.count_nonzero(home(xp.linalg.pinv(y)))) == rank_


# ---------------------------------------------------------------------------------------------------------------- norms


def lengths(v: np.ndarray[Any, Any], order: float) -> Any:
    """The norm of the elements of `v`, by the standard's table."""
    a = [abs(x) for x in v.ravel().tolist()]
    if order == math.inf:
        return max(a)
    if order == -math.inf:
        return min(a)
    return float(sum(x != 0 for x in a)) if order == 0 else sum(x**order for x in a) ** (1 / order)


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, -1, -2, math.inf, -math.inf])
def test_vector_norm(order: float, dtype: str, device: str) -> None:
    a = numbers((2, 3, 2), dtype)
    x = xp.asarray(a, device=device)
    norm = xp.linalg.vector_norm
    close(norm(x, ord=order), lengths(a, order), real(dtype), device)
    close(norm(x, ord=order, keepdims=True), np.full((1, 1, 1), lengths(a, order)), real(dtype), device)
    along = np.array([[lengths(a[i, :, k], order) for k in range(2)] for i in range(2)])
    close(norm(x, axis=1, ord=order), along, real(dtype), device)
    close(norm(x, axis=-2, ord=order, keepdims=True), along[:, None, :], real(dtype), device)
    both = np.array([lengths(a[:, j], order) for j in range(3)])
    close(norm(x, axis=(0, -1), ord=order), both, real(dtype), device)
    close(norm(x, axis=(0, 2), ord=order, keepdims=True), both[None, :, None], real(dtype), device)
    if order == 2:
        close(norm(x), lengths(a, 2), real(dtype), device)
        close(norm(x[0, 0, 0, ...]), abs(a[0, 0, 0]), real(dtype), device)


@on_every_device
@of_every_dtype
@pytest.mark.parametrize("shape", [(3, 2), (2, 2, 3)])
@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
def test_matrix_norm(order: Any, shape: tuple[int, ...], dtype: str, device: str) -> None:
    def norm(m: np.ndarray[Any, Any]) -> Any:
        singular = np.sqrt(np.abs(np.linalg.eigvalsh(m @ adjoint(m) if len(m) < len(m.T) else adjoint(m) @ m)))
        rows = [sum(map(abs, row)) for row in m.tolist()]
        columns = [sum(map(abs, column)) for column in m.T.tolist()]
        table = {"fro": lengths(m, 2), "nuc": singular.sum(), 1: max(columns), -1: min(columns)}
        return {**table, 2: singular.max(), -2: singular.min(), math.inf: max(rows), -math.inf: min(rows)}[order]

    a = numbers(shape, dtype)
    x, expected = xp.asarray(a, device=device), each_matrix(norm, a, dtype=real(dtype))
    close(xp.linalg.matrix_norm(x, ord=order), expected, real(dtype), device)
    close(xp.linalg.matrix_norm(x, ord=order, keepdims=True), expected[..., None, None], real(dtype), device)
    if order == "fro":
        close(xp.linalg.matrix_norm(x), expected, real(dtype), device)


# ------------------------------------------------------------------------------------------------------------- products


@on_every_device
@of_every_dtype
def test_products_of_vectors(dtype: str, device: str) -> None:
    a, b = numbers((4, 1, 3), dtype), numbers((2, 3), dtype, seed=1)
    x, y = xp.asarray(a, device=device), xp.asarray(b, device=device)
    crossed = np.empty((4, 2, 3), dtype)
    dotted = np.empty((4, 2), dtype)
    for i, j in np.ndindex(4, 2):
        u, v = a[i, 0], b[j]
        crossed[i, j] = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
        dotted[i, j] = sum(p.conj() * q for p, q in zip(u, v, strict=True))
    close(xp.linalg.cross(x, y), crossed, dtype, device)
    close(
        xp.linalg.cross(xp.moveaxis(x, -1, -2), xp.moveaxis(y, -1, -2), axis=-2),
        crossed.swapaxes(-1, -2),
        dtype,
        device,
    )
    close(xp.vecdot(x, y), dotted, dtype, device)
    close(xp.vecdot(xp.moveaxis(x, -1, -2), xp.moveaxis(y, -1, -2), axis=-2), dotted, dtype, device)
    close(xp.linalg.outer(x[0, 0, ...], y[0, ...]), [[p * q for q in b[0]] for p in a[0, 0]], dtype, device)
    with pytest.raises(ValueError, match=r"3|three"):
        xp.linalg.cross(x[..., :2], y[..., :2])


@on_every_device
@of_every_dtype
def test_products_of_matrices(dtype: str, device: str) -> None:
    a, b = numbers((2, 1, 3, 4), dtype), numbers((5, 4, 2), dtype, seed=1)
    x, y = xp.asarray(a, device=device), xp.asarray(b, device=device)
    expected = np.empty((2, 5, 3, 2), dtype)
    for i, j, k, m in np.ndindex(expected.shape):
        expected[i, j, k, m] = sum(a[i, 0, k, p] * b[j, p, m] for p in range(4))
    close(xp.matmul(x, y), expected, dtype, device)
    close(xp.matmul(x[0, 0, 0, ...], y), expected[0, :, 0], dtype, device)
    close(xp.matmul(x, y[0, :, 0]), expected[:, 0, :, 0][:, None], dtype, device)
    vector = xp.matmul(x[0, 0, 0, ...], y[0, :, 0])
    close(vector, expected[0, 0, 0, 0], dtype, device)
    left, right = a[:, 0], b[0]
    contracted = np.empty((2, 3, 2), dtype)
    for i, k, m in np.ndindex(contracted.shape):
        contracted[i, k, m] = sum(left[i, k, p] * right[p, m] for p in range(4))
    u, v = x[:, 0, ...], y[0, ...]
    for axes in (1, ((-1,), (0,)), ((2,), (-2,))):
        close(xp.tensordot(u, v, axes=axes), contracted, dtype, device)
    both = [
        [sum(left[i, j, k] * left[i, j, m] for i in range(2) for j in range(3)) for m in range(4)] for k in range(4)
    ]
    close(xp.tensordot(xp.permute_dims(u, (2, 0, 1)), u), both, dtype, device)
    close(
        xp.tensordot(x[0, 0, 0, ...], x[0, 0, 0, ...], axes=0),
        [[p * q for q in a[0, 0, 0]] for p in a[0, 0, 0]],
        dtype,
        device,
    )
    with pytest.raises(ValueError, match="matmul"):
        xp.matmul(x[0, 0, 0, 0], y)


@on_every_device
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 2, 3), (0, 2)])
@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 5])
def test_diagonals(shape: tuple[int, ...], offset: int, device: str) -> None:
    a = np.arange(math.prod(shape), dtype="int16").reshape(shape)
    x, (m, n) = xp.asarray(a, device=device), shape[-2:]
    places = [(i, i + offset) for i in range(m) if 0 <= i + offset < n]
    expected = np.stack([a[..., i, j] for i, j in places], axis=-1) if places else np.empty((*shape[:-2], 0))
    diagonal = xp.linalg.diagonal(x, offset=offset)
    close(diagonal, expected, "int16", device)
    close(xp.linalg.trace(x, offset=offset), expected.sum(axis=-1), "int64", device)
    close(xp.linalg.trace(x, offset=offset, dtype="float32"), expected.sum(axis=-1), "float32", device)
    if not offset:
        close(xp.linalg.diagonal(x), expected, "int16", device)
        close(xp.linalg.trace(x), expected.sum(axis=-1), "int64", device)


# -------------------------------------------------------------------------------------------------------------- Fourier


def fitted(values: list[complex], n: int) -> list[complex]:
    return [*values[:n], *[0] * (n - len(values))]


def transformed(values: list[complex], sign: int) -> list[complex]:
    """The sum that defines the transform."""
    n = len(values)
    return [sum(v * cmath.exp(sign * 2j * math.pi * j * k / n) for j, v in enumerate(values)) for k in range(n)]


def one(values: list[complex], n: int) -> list[complex]:
    return transformed(fitted(values, n), -1)


def inverse(values: list[complex], n: int) -> list[complex]:
    return [v / n for v in transformed(fitted(values, n), 1)]


def mirrored(values: list[complex], n: int) -> list[complex]:
    """The `n` numbers with Hermitian symmetry whose first ones these are."""
    half = fitted(values, n // 2 + 1)
    half[0] = half[0].real
    if n % 2 == 0:
        half[-1] = half[-1].real
    return [*half, *(complex(v).conjugate() for v in half[1 : (n + 1) // 2][::-1])]


# By function: its definition for one line of numbers and the length n; n by default, for m numbers; and the argument's kind.
LINES: dict[str, tuple[Callable[[list[complex], int], list[Any]], Callable[[int], int], str]] = {
    "fft": (one, lambda m: m, "complex"),
    "hfft": (lambda v, n: [y.real for y in transformed(mirrored([complex(x).conjugate() for x in v], n), 1)], lambda m: 2 * (m - 1), "complex"),
    "ifft": (inverse, lambda m: m, "complex"),
    "ihfft": (lambda v, n: [y.conjugate() / n for y in one(v, n)][: n // 2 + 1], lambda m: m, "float"),
    "irfft": (lambda v, n: [y.real / n for y in transformed(mirrored(v, n), 1)], lambda m: 2 * (m - 1), "complex"),
    "rfft": (lambda v, n: one(v, n)[: n // 2 + 1], lambda m: m, "float"),
}  # fmt: skip
FORWARD = {"fft", "rfft", "hfft"}


def scale(name: str, norm: str, n: int) -> float:
    """What `norm` multiplies the unscaled transform, or the inverse with its 1/n, by."""
    if norm == "backward":
        return 1.0
    factor = math.sqrt(n) if norm == "ortho" else n
    return 1 / factor if name in FORWARD else factor


@on_every_device
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("name", LINES)
def test_transforms_of_lines(name: str, norm: Any, bits: int, device: str) -> None:
    f, default, kind = LINES[name]
    dtype = f"complex{2 * bits}" if kind == "complex" else f"float{bits}"
    a = numbers((2, 5, 3), dtype)
    x = xp.asarray(a, device=device)
    transform = getattr(xp.fft, name)
    for axis, n in ((-1, None), (1, None), (0, None), (1, 4), (1, 5), (1, 8), (-2, 3), (2, 1)):
        length = default(a.shape[axis]) if n is None else n
        expected = np.apply_along_axis(lambda v, m=length: np.array(f(v.tolist(), m)), axis, a) * scale(
            name, norm, length
        )
        got = transform(x, n=n, axis=axis, norm=norm)
        close(got, expected, None, device)
        assert home(got).dtype == (f"float{bits}" if name in ("hfft", "irfft") else f"complex{2 * bits}")
    if norm == "backward":
        close(transform(x), home(transform(x, n=None, axis=-1, norm="backward")), None, device)


MANY = {"fftn": ("fft", "fft"), "ifftn": ("ifft", "ifft"), "rfftn": ("fft", "rfft"), "irfftn": ("ifft", "irfft")}


@on_every_device
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("name", MANY)
def test_transforms_of_several_axes(name: str, norm: Any, device: str) -> None:
    others, last = (getattr(xp.fft, f) for f in MANY[name])
    x = xp.asarray(numbers((2, 3, 4), "float64" if name == "rfftn" else "complex128"), device=device)
    for s, axes in ((None, None), (None, (0, 2)), ((3, 2), (0, 2)), ((4, 5), (-2, 0)), ((-1, 4), (1, 2))):
        along = (0, 1, 2) if axes is None else axes
        sizes = (None,) * len(along) if s is None else tuple(None if n == -1 else n for n in s)
        order = list(zip(along, sizes, strict=True))
        # Of real numbers the last axis comes first, as long as they are real; of the inverse it comes last.
        expected = x
        if name == "rfftn":
            expected = last(expected, axis=order[-1][0], n=order[-1][1], norm=norm)
        for axis, n in order[:-1]:
            expected = (xp.fft.fft if name == "rfftn" else others)(expected, axis=axis, n=n, norm=norm)
        if name != "rfftn":
            expected = last(expected, axis=order[-1][0], n=order[-1][1], norm=norm)
        got = getattr(xp.fft, name)(x, s=s, axes=axes, norm=norm)
        close(got, home(expected), "float64" if name == "irfftn" else "complex128", device)


@on_every_device
@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_frequencies(n: int, dtype: str | None, device: str) -> None:
    expected = [(k if k < (n + 1) // 2 else k - n) / (n * 0.25) for k in range(n)]
    close(xp.fft.fftfreq(n, d=0.25, dtype=dtype, device=device), expected, dtype or "float64", device)
    close(xp.fft.fftfreq(n, device=device), [v / 4 for v in expected], "float64", device)
    half = [k / (n * 0.25) for k in range(n // 2 + 1)]
    close(xp.fft.rfftfreq(n, d=0.25, dtype=dtype, device=device), half, dtype or "float64", device)
    close(xp.fft.rfftfreq(n, device=device), [v / 4 for v in half], "float64", device)
    if device == "numpy":
        close(xp.fft.fftfreq(n), [v / 4 for v in expected], "float64", device)


@on_every_device
@pytest.mark.parametrize("dtype", DTYPES)
def test_shifts(dtype: str, device: str) -> None:
    for n in (4, 5):
        a = numbers((n, 3), dtype)
        x = xp.asarray(a, device=device)
        shifted = [a[(i - n // 2) % n] for i in range(n)]
        close(xp.fft.fftshift(x, axes=0), shifted, dtype, device)
        close(xp.fft.ifftshift(xp.fft.fftshift(x, axes=0), axes=(0,)), a, dtype, device)
        close(xp.fft.fftshift(x), np.array(shifted)[:, [2, 0, 1]], dtype, device)
        close(xp.fft.ifftshift(xp.fft.fftshift(x)), a, dtype, device)
        close(xp.fft.fftshift(x, axes=[0, -1]), np.array(shifted)[:, [2, 0, 1]], dtype, device)
