"""Linear algebra, Fourier transforms and functions of complex numbers have torch.autograd's values, gradients and gradients of gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from catena.autograd import Variable, grad
from catena.autograd import functions as f

torch = pytest.importorskip("torch")

Shape = tuple[int, ...]
Host = np.ndarray[Any, Any]
la, tla, tfft = f.linalg, torch.linalg, torch.fft

REAL, COMPLEX = ("float64",), ("complex128",)
BOTH = REAL + COMPLEX


class Row(NamedTuple):
    """One function twice, the shapes of its inputs, and the dtypes in which it is tried."""

    name: str
    ours: Callable[..., Any]
    torchs: Callable[..., Any]
    shapes: Sequence[Shape]
    dtypes: Sequence[str] = BOTH


def alike(name: str, shapes: Sequence[Shape], dtypes: Sequence[str] = BOTH) -> Row:
    """A function that both libraries call the same."""
    return Row(name, getattr(la, name), getattr(tla, name), shapes, dtypes)


def positive(xp: Any, x: Any) -> Any:
    """A positive definite matrix."""
    return x @ xp.conj(x.mT) + 2 * xp.eye(x.shape[-1])


def hermitian(xp: Any, x: Any) -> Any:
    return x + xp.conj(x.mT)


# What does not depend on the phases of vectors.


def products(xp: Any, a: Any, b: Any) -> Any:
    return xp.einsum("bik,bkj->bkij", a, b)


def projections(xp: Any, V: Any) -> Any:
    return xp.einsum("bik,bjk->bkij", V, xp.conj(V))


def eig_sum(xp: Any, w: Any, V: Any) -> Any:
    return xp.einsum("bk,bik,bjk->bij", w * w, V, xp.conj(V))


class Ours:
    """The few functions that the expressions above need of both libraries."""

    conj, eye, einsum = staticmethod(f.conj), staticmethod(np.eye), staticmethod(f.einsum)


class Torchs:
    conj, einsum = staticmethod(torch.conj), staticmethod(torch.einsum)

    @staticmethod
    def eye(n: int) -> Any:
        return torch.eye(n, dtype=torch.float64)


S, T = (2, 3, 3), (2, 4, 3)

LINALG = [
    alike("det", [S]),
    Row("det of a singular matrix", lambda x: la.det(x[..., :1] * x), lambda x: tla.det(x[..., :1] * x), [(2, 2)]),
    Row("log|det|", lambda x: la.slogdet(x).logabsdet, lambda x: tla.slogdet(x).logabsdet, [S]),
    Row("sign of det", lambda x: la.slogdet(x).sign, lambda x: tla.slogdet(x).sign, [S], COMPLEX),
    alike("inv", [S]),
    alike("solve", [S, (2, 3, 2)]),
    Row("solve of a stack", la.solve, tla.solve, [(3, 3), (4, 2, 3, 1)]),
    Row("solve of a vector", la.solve, lambda a, b: tla.solve(a, b), [(3, 3), (3,)]),
    Row("pinv", la.pinv, tla.pinv, [T]),
    Row("pinv of a wide one", la.pinv, tla.pinv, [(2, 3)]),
    *(
        Row(f"power {n}", lambda x, n=n: la.matrix_power(x, n), lambda x, n=n: tla.matrix_power(x, n), [S])
        for n in (-2, 1, 5)
    ),
    *(
        Row(
            f"cholesky{', upper' * upper}",
            lambda x, u=upper: la.cholesky(positive(Ours, x), upper=u),
            lambda x, u=upper: tla.cholesky(positive(Torchs, x), upper=u),
            [S],
        )
        for upper in (False, True)
    ),
    *(
        Row(
            f"qr of {shape}",
            lambda x: products(Ours, *la.qr(x)),
            lambda x: products(Torchs, *tla.qr(x)),
            [shape],
        )
        for shape in (S, T, (2, 2, 4))
    ),
    Row("eigh", lambda x: la.eigh(hermitian(Ours, x))[0], lambda x: tla.eigh(hermitian(Torchs, x))[0], [S]),
    Row(
        "eigenvectors of eigh",
        lambda x: projections(Ours, la.eigh(hermitian(Ours, x))[1]),
        lambda x: projections(Torchs, tla.eigh(hermitian(Torchs, x))[1]),
        [S],
    ),
    Row("eigvalsh", lambda x: la.eigvalsh(hermitian(Ours, x)), lambda x: tla.eigvalsh(hermitian(Torchs, x)), [S]),
    Row("eig", lambda x: eig_sum(Ours, *la.eig(x)), lambda x: eig_sum(Torchs, *tla.eig(x)), [S]),
    Row("eigvals", lambda x: f.sum(la.eigvals(x) ** 3), lambda x: (tla.eigvals(x) ** 3).sum(), [S]),
    *(
        Row(
            f"svd of {shape}",
            lambda x: products(Ours, *la.svd(x, full_matrices=False)[::2]),
            lambda x: products(Torchs, *tla.svd(x, full_matrices=False)[::2]),
            [shape],
        )
        for shape in (S, T, (2, 2, 4))
    ),
    alike("svdvals", [T]),
    *(
        Row(
            f"vector_norm {order}",
            lambda x, o=order: la.vector_norm(x, ord=o, axis=-1),
            lambda x, o=order: tla.vector_norm(x, ord=o, dim=-1),
            [S],
        )
        for order in (1, 2, 3.5, -1, np.inf, -np.inf)
    ),
    *(
        Row(
            f"matrix_norm {order}",
            lambda x, o=order: la.matrix_norm(x, ord=o),
            lambda x, o=order: tla.matrix_norm(x, ord=o),
            [T],
        )
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ),
    Row("trace", lambda x: la.trace(x @ x), lambda x: (x @ x).diagonal(0, -2, -1).sum(-1), [S]),
    Row("diagonal", lambda x: la.diagonal(x, offset=-1) ** 2, lambda x: x.diagonal(-1, -2, -1) ** 2, [T]),
    alike("cross", [(2, 3), (1, 3)]),
    Row("vecdot", la.vecdot, tla.vecdot, [(2, 3), (2, 3)]),
    Row("tensordot", lambda a, b: f.tensordot(a, b, axes=1), lambda a, b: torch.tensordot(a, b, 1), [(2, 3), (3, 4)]),
    Row("outer", la.outer, torch.outer, [(2,), (3,)]),
]

FFT = [
    *(
        Row(
            f"{name}, n={n}, {norm}",
            lambda x, name=name, n=n, m=norm: getattr(f.fft, name)(x, n=n, norm=m) ** 2,
            lambda x, name=name, n=n, m=norm: getattr(tfft, name)(x, n=n, norm=m) ** 2,
            [(2, 5)],
            dtypes,
        )
        for name, dtypes in {
            "fft": BOTH, "ifft": BOTH, "rfft": REAL, "irfft": COMPLEX, "hfft": COMPLEX, "ihfft": REAL,
        }.items()
        for n, norm in [(None, "backward"), (3, "forward"), (8, "ortho")]
    ),
    *(
        Row(
            f"{name}, s={s}, {norm}",
            lambda x, name=name, s=s, m=norm: getattr(f.fft, name)(x, s=s, axes=(2, 0) if s else None, norm=m) ** 2,
            lambda x, name=name, s=s, m=norm: getattr(tfft, name)(x, s=s, dim=(2, 0) if s else None, norm=m) ** 2,
            [(3, 2, 4)],
            dtypes,
        )
        for name, dtypes in {"fftn": BOTH, "ifftn": BOTH, "rfftn": REAL, "irfftn": COMPLEX}.items()
        for s, norm in [(None, "backward"), ((3, 5), "forward"), ((5, 4), "ortho")]
    ),
    Row("fftshift", lambda x: f.fft.fftshift(x) ** 2, lambda x: tfft.fftshift(x) ** 2, [(3, 4)]),
    Row("ifftshift", lambda x: f.fft.ifftshift(x, axes=1) ** 2, lambda x: tfft.ifftshift(x, 1) ** 2, [(3, 5)]),
]  # fmt: skip

NAMES = "abs acos acosh asin asinh atan atanh conj cos cosh exp expm1 log log10 log1p log2 reciprocal sign sin sinh sqrt square tan tanh"
COMPLEX_ELEMENTS = [
    *(
        Row(name, getattr(f, name), torch.sgn if name == "sign" else getattr(torch, name), [(2, 3)], COMPLEX)
        for name in NAMES.split()
    ),
    Row("real", lambda z: f.real(z) ** 2, lambda z: z.real**2, [(2, 3)], COMPLEX),
    Row("imag", lambda z: f.imag(z) ** 2, lambda z: z.imag**2, [(2, 3)], COMPLEX),
    Row("multiply", f.multiply, torch.mul, [(2, 3), (3,)], COMPLEX),
    Row("divide", f.divide, torch.div, [(2, 3), (3,)], COMPLEX),
    Row("pow", f.pow, torch.pow, [(2, 3), (3,)], COMPLEX),
    Row("mean", lambda z: f.mean(z, axis=0) ** 2, lambda z: z.mean(0) ** 2, [(2, 3)], COMPLEX),
    Row("prod", lambda z: f.prod(z, axis=1), lambda z: z.prod(1), [(2, 3)]),
    Row(
        "prod with a zero",
        lambda z: f.prod(z * np.arange(3.0), axis=1),
        lambda z: (z * torch.arange(3.0)).prod(1),
        [(2, 3)],
    ),
    Row("cumulative_prod", lambda z: f.cumulative_prod(z, axis=1), lambda z: z.cumprod(1), [(2, 5)]),
    Row("cumulative_sum", lambda z: f.cumulative_sum(z, axis=0) ** 2, lambda z: z.cumsum(0) ** 2, [(4, 2)]),
    Row("diff", lambda z: f.diff(z, axis=0, n=2) ** 2, lambda z: z.diff(2, 0) ** 2, [(4, 2)]),
    Row("var", lambda x: f.var(x, axis=0, correction=1), lambda x: x.var(0), [(4, 2)], REAL),
    Row("std", lambda x: f.std(x), lambda x: x.std(correction=0), [(4, 2)], REAL),
    Row("sort", lambda x: f.sort(x, axis=0, descending=True) ** 2, lambda x: x.sort(0, True)[0] ** 2, [(4, 2)], REAL),
    Row("hypot", f.hypot, torch.hypot, [(2, 3), (3,)], REAL),
    Row("atan2", f.atan2, torch.atan2, [(2, 3), (3,)], REAL),
    Row("remainder", f.remainder, torch.remainder, [(2, 3), (3,)], REAL),
    Row("copysign", f.copysign, torch.copysign, [(2, 3), (3,)], REAL),
]

ROWS = [*LINALG, *FFT, *COMPLEX_ELEMENTS]


def drawn(shape: Shape, dtype: str, seed: int) -> Host:
    rng = np.random.default_rng(seed)
    parts = rng.uniform(-1, 1, (2, *shape))
    return np.asarray(parts[0] + 1j * parts[1] if dtype == "complex128" else parts[0])


def weights(shape: Shape, is_complex: bool, seed: int) -> Host:
    return drawn(shape, "complex128" if is_complex else "float64", seed)


def of_ours(row: Row, xs: Sequence[Host]) -> list[list[Any]]:
    variables = [Variable(x) for x in xs]
    y = row.ours(*variables)
    first = grad([y], variables, [Variable(weights(y.shape, y.dtype.kind == "c", 1))], create_graph=True)
    total: Any = sum(
        f.sum(f.real(g * weights(g.shape, g.dtype.kind == "c", 2 + i).conj())) for i, g in enumerate(first)
    )
    second = grad([total], variables) if total.requires_grad else [None] * len(xs)
    return [
        [y.array],
        [g.array for g in first],
        [np.zeros_like(x) if g is None else g for g, x in zip(second, xs, strict=True)],
    ]


def of_torch(row: Row, xs: Sequence[Host]) -> list[list[Any]]:
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    y = row.torchs(*tensors)
    first = torch.autograd.grad(
        y, tensors, torch.as_tensor(weights(tuple(y.shape), y.is_complex(), 1)), create_graph=True
    )
    total: Any = sum(
        torch.real(g * torch.as_tensor(weights(tuple(g.shape), g.is_complex(), 2 + i).conj())).sum()
        for i, g in enumerate(first)
    )
    second = torch.autograd.grad(total, tensors, allow_unused=True) if total.requires_grad else [None] * len(xs)
    return [
        [y.resolve_conj().detach().numpy()],
        [g.detach().resolve_conj().numpy() for g in first],
        [
            np.zeros_like(x) if g is None else g.resolve_conj().numpy(force=True)
            for g, x in zip(second, xs, strict=True)
        ],
    ]


@pytest.mark.parametrize(
    ("row", "dtype"),
    [(row, dtype) for row in ROWS for dtype in row.dtypes],
    ids=[f"{row.name}-{dtype}" for row in ROWS for dtype in row.dtypes],
)
def test_agrees(row: Row, dtype: str) -> None:
    xs = [drawn(shape, dtype, 10 + i) for i, shape in enumerate(row.shapes)]
    for what, ours, theirs in zip(
        ("values", "gradients", "gradients of gradients"), of_ours(row, xs), of_torch(row, xs), strict=True
    ):
        for a, b in zip(ours, theirs, strict=True):
            assert a.dtype == b.dtype, (row.name, what)
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9, err_msg=f"{row.name}: {what}")
