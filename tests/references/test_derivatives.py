"""Values, gradients and gradients of gradients are those of torch.autograd and of JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable, grad
from catena.autograd import functions as f

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jnp = jax.numpy

Shape = tuple[int, ...]


class Row(NamedTuple):
    """One function three times, and where its inputs are drawn: bounds and a shape each."""

    name: str
    ours: Callable[..., Any]
    torchs: Callable[..., Any]
    jaxs: Callable[..., Any]
    bounds: Sequence[tuple[float, float]]
    shapes: Sequence[Shape]


def row(
    name: str, ours: Any, torchs: Any, jaxs: Any, *bounds: tuple[float, float], shapes: Sequence[Shape] | None = None
) -> Row:
    return Row(name, ours, torchs, jaxs, bounds, shapes or [(2, 3)] * len(bounds))


ANY, SMALL, POSITIVE, LARGE = (-3.0, 3.0), (-0.9, 0.9), (0.2, 3.0), (1.5, 3.0)
I = np.array([1, 0, 1, 1])  # noqa: E741 - indices
LABELS = np.array([2, 0])
B = np.array([[True, False, True], [False, True, True]])

ROWS = [
    # Of each element
    row("abs", f.abs, torch.abs, jnp.abs, ANY),
    row("negative", f.negative, torch.neg, jnp.negative, ANY),
    row("reciprocal", f.reciprocal, torch.reciprocal, jnp.reciprocal, POSITIVE),
    row("square", f.square, torch.square, jnp.square, ANY),
    row("sqrt", f.sqrt, torch.sqrt, jnp.sqrt, POSITIVE),
    row("exp", f.exp, torch.exp, jnp.exp, ANY),
    row("expm1", f.expm1, torch.expm1, jnp.expm1, ANY),
    row("log", f.log, torch.log, jnp.log, POSITIVE),
    row("log1p", f.log1p, torch.log1p, jnp.log1p, SMALL),
    row("sin", f.sin, torch.sin, jnp.sin, ANY),
    row("cos", f.cos, torch.cos, jnp.cos, ANY),
    row("tan", f.tan, torch.tan, jnp.tan, SMALL),
    row("sinh", f.sinh, torch.sinh, jnp.sinh, ANY),
    row("cosh", f.cosh, torch.cosh, jnp.cosh, ANY),
    row("tanh", f.tanh, torch.tanh, jnp.tanh, ANY),
    row(
        "clip",
        lambda x: f.clip(x, -1.0, 1.5),
        lambda x: torch.clip(x, -1.0, 1.5),
        lambda x: jnp.clip(x, -1.0, 1.5),
        ANY,
    ),
    row("relu", F.relu, torch.relu, jax.nn.relu, ANY),
    row("sigmoid", F.sigmoid, torch.sigmoid, jax.nn.sigmoid, ANY),
    # Of two and three
    row("add", f.add, torch.add, jnp.add, ANY, ANY, shapes=[(2, 3), (3,)]),
    row("subtract", f.subtract, torch.sub, jnp.subtract, ANY, ANY, shapes=[(2, 1), (2, 3)]),
    row("multiply", f.multiply, torch.mul, jnp.multiply, ANY, ANY, shapes=[(2, 1), (1, 3)]),
    row("divide", f.divide, torch.div, jnp.divide, ANY, POSITIVE, shapes=[(2, 3), (3,)]),
    row("pow", f.pow, torch.pow, jnp.power, POSITIVE, ANY),
    row("pow of an integer", lambda x: f.pow(x, 3), lambda x: x**3, lambda x: x**3, ANY),
    row("maximum", f.maximum, torch.maximum, jnp.maximum, ANY, ANY),
    row("minimum", f.minimum, torch.minimum, jnp.minimum, ANY, ANY),
    row("logaddexp", f.logaddexp, torch.logaddexp, jnp.logaddexp, ANY, ANY),
    row(
        "where",
        lambda a, b: f.where(B, a, b),
        lambda a, b: torch.where(torch.as_tensor(B), a, b),
        lambda a, b: jnp.where(B, a, b),
        ANY,
        ANY,
        shapes=[(2, 3), (3,)],
    ),
    # Over axes
    row("sum", lambda x: f.sum(x, axis=0), lambda x: x.sum(0), lambda x: x.sum(0), ANY),
    row(
        "mean",
        lambda x: f.mean(x, axis=1, keepdims=True),
        lambda x: x.mean(1, True),
        lambda x: x.mean(1, keepdims=True),
        ANY,
    ),
    row("max", lambda x: f.max(x, axis=1), lambda x: x.amax(1), lambda x: x.max(1), ANY),
    row("min", lambda x: f.min(x), torch.amin, jnp.min, ANY),
    row("logsumexp", lambda x: f.logsumexp(x, axis=1), lambda x: x.logsumexp(1), lambda x: jax.nn.logsumexp(x, 1), ANY),
    row("cumulative_sum", lambda x: f.cumulative_sum(x, axis=1), lambda x: x.cumsum(1), lambda x: x.cumsum(1), ANY),
    row("softmax", lambda x: F.softmax(x, axis=1), lambda x: x.softmax(1), lambda x: jax.nn.softmax(x, 1), ANY),
    row(
        "log_softmax",
        lambda x: F.log_softmax(x, axis=0),
        lambda x: x.log_softmax(0),
        lambda x: jax.nn.log_softmax(x, 0),
        ANY,
    ),
    # Shapes; squared, so that there is a second derivative
    row(
        "reshape",
        lambda x: f.reshape(x, (3, 2)) ** 2,
        lambda x: x.reshape(3, 2) ** 2,
        lambda x: x.reshape(3, 2) ** 2,
        ANY,
    ),
    row(
        "permute_dims", lambda x: f.permute_dims(x, (1, 0)) ** 2, lambda x: x.permute(1, 0) ** 2, lambda x: x.T**2, ANY
    ),
    row("matrix_transpose", lambda x: f.matrix_transpose(x) ** 2, lambda x: x.mT**2, lambda x: x.mT**2, ANY),
    row(
        "squeeze",
        lambda x: f.squeeze(x, 0) ** 2,
        lambda x: x.squeeze(0) ** 2,
        lambda x: x.squeeze(0) ** 2,
        ANY,
        shapes=[(1, 3)],
    ),
    row(
        "expand_dims", lambda x: f.expand_dims(x, 1) ** 2, lambda x: x.unsqueeze(1) ** 2, lambda x: x[:, None] ** 2, ANY
    ),
    row(
        "broadcast_to",
        lambda x: f.broadcast_to(x, (2, 2, 3)) ** 2,
        lambda x: x.expand(2, 2, 3) ** 2,
        lambda x: jnp.broadcast_to(x, (2, 2, 3)) ** 2,
        ANY,
    ),
    row("flip", lambda x: f.flip(x, 1) ** 2, lambda x: x.flip(1) ** 2, lambda x: jnp.flip(x, 1) ** 2, ANY),
    row(
        "concat",
        lambda a, b: f.concat([a, b * a], axis=1),
        lambda a, b: torch.cat([a, b * a], 1),
        lambda a, b: jnp.concatenate([a, b * a], 1),
        ANY,
        ANY,
    ),
    row(
        "stack",
        lambda a, b: f.stack([a, b * a], axis=1),
        lambda a, b: torch.stack([a, b * a], 1),
        lambda a, b: jnp.stack([a, b * a], 1),
        ANY,
        ANY,
    ),
    row(
        "split_axis",
        lambda x: f.split_axis(x**2, [1], axis=1)[1],
        lambda x: torch.tensor_split(x**2, [1], 1)[1],
        lambda x: jnp.split(x**2, [1], 1)[1],
        ANY,
    ),
    # Indices
    row("getitem", lambda x: x[1, ::2] ** 2, lambda x: x[1, ::2] ** 2, lambda x: x[1, ::2] ** 2, ANY),
    row("getitem of integers", lambda x: x[I] ** 2, lambda x: x[torch.as_tensor(I)] ** 2, lambda x: x[I] ** 2, ANY),
    row("getitem of a mask", lambda x: x[B] ** 2, lambda x: x[torch.as_tensor(B)] ** 2, lambda x: x[B] ** 2, ANY),
    row(
        "take",
        lambda x: f.take(x, I, axis=1) ** 2,
        lambda x: x.index_select(1, torch.as_tensor(I)) ** 2,
        lambda x: jnp.take(x, I, 1) ** 2,
        ANY,
    ),
    row(
        "scatter_add",
        lambda x: f.scatter(x, I, shape=(2, 3)) ** 2,
        lambda x: torch.zeros(2, 3, dtype=x.dtype).index_add(0, torch.as_tensor(I), x) ** 2,
        lambda x: jnp.zeros((2, 3)).at[I].add(x) ** 2,
        ANY,
        shapes=[(4, 3)],
    ),
    # Products
    row("matmul", f.matmul, torch.matmul, jnp.matmul, ANY, ANY, shapes=[(2, 3), (3, 4)]),
    row("matmul of batches", f.matmul, torch.matmul, jnp.matmul, ANY, ANY, shapes=[(2, 1, 2, 3), (3, 3, 2)]),
    row(
        "einsum",
        lambda a, b: f.einsum("ij,jk->ik", a, b),
        lambda a, b: torch.einsum("ij,jk->ik", a, b),
        lambda a, b: jnp.einsum("ij,jk->ik", a, b),
        ANY,
        ANY,
        shapes=[(2, 3), (3, 4)],
    ),
    row(
        "einsum of three",
        lambda a, b, c: f.einsum("ij,jk,kl->il", a, b, c),
        lambda a, b, c: torch.einsum("ij,jk,kl->il", a, b, c),
        lambda a, b, c: jnp.einsum("ij,jk,kl->il", a, b, c),
        ANY,
        ANY,
        ANY,
        shapes=[(2, 3), (3, 2), (2, 2)],
    ),
    row(
        "linear",
        F.linear,
        torch.nn.functional.linear,
        lambda x, W, b: x @ W.T + b,
        ANY,
        ANY,
        ANY,
        shapes=[(2, 3), (4, 3), (4,)],
    ),
    # Losses
    row(
        "mean_squared_error",
        F.mean_squared_error,
        torch.nn.functional.mse_loss,
        lambda a, b: ((a - b) ** 2).mean(),
        ANY,
        ANY,
    ),
    row(
        "softmax_cross_entropy",
        lambda x: F.softmax_cross_entropy(x, LABELS),
        lambda x: torch.nn.functional.cross_entropy(x, torch.as_tensor(LABELS)),
        lambda x: -jax.nn.log_softmax(x, 1)[np.arange(2), LABELS].mean(),
        ANY,
    ),
    # Several in a row
    row(
        "chain",
        lambda x: f.log(f.sum(f.exp(f.tanh(x)), axis=1)),
        lambda x: torch.tanh(x).exp().sum(1).log(),
        lambda x: jnp.log(jnp.exp(jnp.tanh(x)).sum(1)),
        ANY,
    ),
    row(
        "two layers",
        lambda x, V, W: F.linear(f.tanh(F.linear(x, V)), W),
        lambda x, V, W: torch.tanh(x @ V.T) @ W.T,
        lambda x, V, W: jnp.tanh(x @ V.T) @ W.T,
        ANY,
        SMALL,
        SMALL,
        shapes=[(2, 3), (4, 3), (2, 4)],
    ),
]


def weights(shape: Shape, seed: int) -> np.ndarray[Any, Any]:
    """What outputs are weighted with, so that each counts for itself."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape))


def of_ours(row: Row, xs: Sequence[np.ndarray[Any, Any]]) -> list[list[Any]]:
    variables = [Variable(x) for x in xs]
    y = row.ours(*variables)
    first = grad([y], variables, [Variable(weights(y.shape, 1))], create_graph=True)
    total = sum((g * weights(g.shape, 2 + i)).sum() for i, g in enumerate(first))
    second = grad([total], variables)
    return [[y.array], [g.array for g in first], [zeros_for(g, x) for g, x in zip(second, xs, strict=True)]]


def of_torch(row: Row, xs: Sequence[np.ndarray[Any, Any]]) -> list[list[Any]]:
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    y = row.torchs(*tensors)
    first = torch.autograd.grad(y, tensors, torch.as_tensor(weights(tuple(y.shape), 1)), create_graph=True)
    total: Any = sum((g * torch.as_tensor(weights(tuple(g.shape), 2 + i))).sum() for i, g in enumerate(first))
    second = torch.autograd.grad(total, tensors, allow_unused=True) if total.requires_grad else [None] * len(xs)
    second = [zeros_for(g, x) if g is None else g.numpy(force=True) for g, x in zip(second, xs, strict=True)]
    return [[y.detach()], [g.detach() for g in first], second]


def of_jax(row: Row, xs: Sequence[np.ndarray[Any, Any]]) -> list[list[Any]]:
    places = tuple(range(len(xs)))

    def weighted(*xs: Any) -> Any:
        y = row.jaxs(*xs)
        return (y * weights(y.shape, 1)).sum()

    def total(*xs: Any) -> Any:
        return sum((g * weights(g.shape, 2 + i)).sum() for i, g in enumerate(jax.grad(weighted, places)(*xs)))

    arrays = [jnp.asarray(x) for x in xs]
    return [[row.jaxs(*arrays)], list(jax.grad(weighted, places)(*arrays)), list(jax.grad(total, places)(*arrays))]


def zeros_for(g: Any, x: np.ndarray[Any, Any]) -> Any:
    """A gradient that did not come is zero."""
    return np.zeros(x.shape) if g is None else g


@pytest.mark.parametrize("theirs", [of_torch, of_jax], ids=["torch", "jax"])
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_agrees(row: Row, theirs: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    xs = [rng.uniform(*bounds, shape) for bounds, shape in zip(row.bounds, row.shapes, strict=True)]
    for what, ours, expected in zip(
        ("values", "gradients", "gradients of gradients"), of_ours(row, xs), theirs(row, xs), strict=True
    ):
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_allclose(a, np.asarray(b), rtol=1e-9, atol=1e-11, err_msg=f"{row.name}: {what}")


def test_there_are_sixty() -> None:
    assert len(ROWS) >= 60
