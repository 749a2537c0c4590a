"""Variables among the arguments of xparray's functions, and in code written against the array API standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F

A = np.array([[0.5, -1.0], [2.0, 0.25]])
B = np.array([1.5, -0.5])

DIFFERENTIABLE: list[tuple[str, Callable[[Any], Any]]] = [
    ("abs", xp.abs),
    ("add", lambda v: xp.add(B, v)),
    ("astype", lambda v: xp.astype(v, xp.asarray(1.0).dtype)),
    ("broadcast_to", lambda v: xp.broadcast_to(v, (3, 2, 2))),
    ("clip", lambda v: xp.clip(v, -0.9, 1.0)),
    ("concat", lambda v: xp.concat([A, v], axis=1)),
    ("cos", xp.cos),
    ("cosh", xp.cosh),
    ("cumulative_sum", lambda v: xp.cumulative_sum(v, axis=1)),
    ("divide", lambda v: xp.divide(v, B)),
    ("einsum", lambda v: xp.einsum("ij,j->i", v, B)),
    ("exp", xp.exp),
    ("expand_dims", lambda v: xp.expand_dims(v, axis=1)),
    ("expm1", xp.expm1),
    ("flip", lambda v: xp.flip(v, axis=0)),
    ("log", lambda v: xp.log(xp.abs(v))),
    ("log1p", lambda v: xp.log1p(v * v)),
    ("matmul", lambda v: xp.matmul(v, v)),
    ("matrix_transpose", xp.matrix_transpose),
    ("max", lambda v: xp.max(v, axis=0)),
    ("maximum", lambda v: xp.maximum(v, 0.1)),
    ("mean", lambda v: xp.mean(v, axis=-1, keepdims=True)),
    ("min", xp.min),
    ("minimum", lambda v: xp.minimum(0.1, v)),
    ("multiply", lambda v: xp.multiply(v, v)),
    ("negative", xp.negative),
    ("permute_dims", lambda v: xp.permute_dims(v, (1, 0))),
    ("pow", lambda v: xp.pow(v, 3)),
    ("reshape", lambda v: xp.reshape(v, (4,))),
    ("sign", lambda v: v * xp.sign(v)),
    ("sin", xp.sin),
    ("sinh", xp.sinh),
    ("sqrt", lambda v: xp.sqrt(xp.abs(v))),
    ("square", xp.square),
    ("squeeze", lambda v: xp.squeeze(xp.expand_dims(v, axis=0), axis=0)),
    ("stack", lambda v: xp.stack([v, A], axis=1)),
    ("subtract", lambda v: xp.subtract(B, v)),
    ("sum", lambda v: xp.sum(v, axis=(0, 1))),
    ("take", lambda v: xp.take(v, np.array([1, 1]), axis=0)),
    ("tan", xp.tan),
    ("tanh", xp.tanh),
    ("to_device", lambda v: xp.to_device(v, "numba")),
    ("where", lambda v: xp.where(v > 0, v, v * v)),
]


@pytest.mark.parametrize("f", [f for _, f in DIFFERENTIABLE], ids=[name for name, _ in DIFFERENTIABLE])
def test_xparrays_functions_differentiate_variables(f: Callable[[Any], Any]) -> None:
    v = Variable(A)
    y = f(v)
    assert type(y) is Variable
    np.testing.assert_array_equal(y.array, f(A))
    g = ag.grad(F.sum(y), v)
    h = 1e-6
    for at in np.ndindex(A.shape):
        step = np.zeros_like(A)
        step[at] = h
        slope = (np.sum(f(A + step)) - np.sum(f(A - step))) / (2 * h)
        assert g[at] == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, v: xp.argmax(v, axis=0),
        lambda xp, v: xp.isnan(v),
        lambda xp, v: xp.isfinite(v),
        lambda xp, v: xp.greater(v, 0.0),
        lambda xp, v: xp.equal(v, v),
        lambda xp, v: xp.all(v > 0),
        lambda xp, v: xp.any(v > 0),
    ],
)
def test_what_has_no_gradient_gives_arrays(f: Callable[[Any, Any], Any]) -> None:
    for namespace in (xp, F):
        got = f(namespace, Variable(A))
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, f(np, A))


def test_variables_win_over_arrays() -> None:
    v = Variable(A)
    assert type(xp.add(A, v)) is Variable
    assert type(xp.where(A > 0, A, v)) is Variable
    assert type(xp.concat([A, A, v])) is Variable


def test_namespace_of_a_variable() -> None:
    v = Variable(A)
    assert xp.array_namespace(v) is F
    assert xp.array_namespace(A, v, 2.0) is F
    assert v.__array_namespace__() is F
    assert v.__array_namespace__(api_version="2024.12") is F
    assert xp.array_namespace(v.array) is np


def softmax(x: Any, axis: int = -1) -> Any:
    """Written against the standard alone."""
    ns = x.__array_namespace__()
    e = ns.exp(x - ns.max(x, axis=axis, keepdims=True))
    return e / ns.sum(e, axis=axis, keepdims=True)


def standardized(x: Any) -> Any:
    ns = x.__array_namespace__()
    mean = ns.mean(x, axis=0)
    deviation = ns.sqrt(ns.mean(ns.square(x - mean), axis=0))
    return ns.where(deviation > 0, (x - mean) / deviation, ns.zeros_like(x))


@pytest.mark.parametrize("f", [softmax, standardized])
def test_code_for_the_standard_differentiates(f: Callable[[Any], Any]) -> None:
    v = Variable(A)
    y = f(v)
    np.testing.assert_allclose(y.array, f(A), rtol=1e-12)
    weights = np.array([[1.0, 2.0], [3.0, -1.0]])
    g = ag.grad((y * weights).sum(), v, create_graph=True)
    h = 1e-5
    for at in np.ndindex(A.shape):
        step = np.zeros_like(A)
        step[at] = h
        slope = (np.sum(weights * f(A + step)) - np.sum(weights * f(A - step))) / (2 * h)
        assert g.array[at] == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert ag.grad((g * g).sum(), v).shape == (2, 2)


def test_softmax_of_the_slides() -> None:
    np.testing.assert_allclose(
        softmax(Variable(np.array([1.0, 2.0, 3.0]))).array, [0.09003057, 0.24472846, 0.66524094], rtol=1e-6
    )


def test_a_kernel_records_its_reference() -> None:
    @xp.kernel
    def cubed(x: Any) -> Any:
        return x * x * x

    @cubed.on("host", jit=False)
    def _(x: Any) -> Any:
        return np.power(x, 3)

    v = Variable(np.array(2.0))
    g = ag.grad(cubed(v), v, create_graph=True)
    assert (float(g), float(ag.grad(g, v))) == (12.0, 12.0)
    assert cubed(np.array(2.0)) == 8.0
