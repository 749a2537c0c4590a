"""Activations against formulas of NumPy's, their edges, and the errors that bad input gets."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable, using_config

SIGNATURES = {
    "clipped_relu": "(x, *, z=20.0)",
    "crelu": "(x, axis=1)",
    "elu": "(x, *, alpha=1.0)",
    "glu": "(x, axis=1)",
    "leaky_relu": "(x, *, slope=0.2)",
    "maxout": "(x, pool_size, axis=1)",
    "prelu": "(x, W)",
    "relu6": "(x)",
    "rrelu": "(x, l=0.125, u=0.3333333333333333, *, r=None, return_r=False)",
    "selu": "(x, *, alpha=1.6732632423543772, scale=1.0507009873554805)",
    "softplus": "(x, *, beta=1.0)",
    "swish": "(x, beta)",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(F, name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == SIGNATURES[name]


def sigmoid(x: Any) -> Any:
    return (1 + np.tanh(x / 2)) / 2


def beside(x: Any, parameter: Any) -> Any:
    return xp.to_device(parameter, xp.device_of(x))


FORMULAS = [
    (F.clipped_relu, lambda x: np.minimum(np.maximum(x, 0), 20)),
    (lambda x: F.clipped_relu(x, 1.5), lambda x: np.minimum(np.maximum(x, 0), 1.5)),
    (F.relu6, lambda x: np.minimum(np.maximum(x, 0), 6)),
    (F.crelu, lambda x: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], 1)),
    (lambda x: F.crelu(x, -1), lambda x: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], -1)),
    (F.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x)),
    (lambda x: F.leaky_relu(x, 0.01), lambda x: np.where(x > 0, x, 0.01 * x)),
    (F.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
    (lambda x: F.elu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    (lambda x: F.celu(x, alpha=0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5))),
    (F.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    (F.hard_sigmoid, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    (F.hard_tanh, lambda x: np.clip(x, -1, 1)),
    (F.hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    (F.log_sigmoid, lambda x: np.log(sigmoid(x))),
    (F.softplus, lambda x: np.log1p(np.exp(x))),
    (lambda x: F.softplus(x, 2.0), lambda x: np.log1p(np.exp(2 * x)) / 2),
    (F.silu, lambda x: x * sigmoid(x)),
    (F.mish, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    (lambda x: F.gelu(x, True), lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    (F.softsign, lambda x: x / (1 + abs(x))),
    (F.glu, lambda x: x[:, :2] * sigmoid(x[:, 2:])),
    (lambda x: F.maxout(x, 2), lambda x: np.maximum(x[:, ::2], x[:, 1::2])),
    (lambda x: F.prelu(x, beside(x, np.array(0.5))), lambda x: np.where(x > 0, x, 0.5 * x)),
    (
        lambda x: F.prelu(x, beside(x, np.arange(4.0))),
        lambda x: np.where(x > 0, x, x * np.arange(4.0).reshape(4, *[1] * (x.ndim - 2))),
    ),
    (
        lambda x: F.swish(x, beside(x, np.arange(4.0))),
        lambda x: x * sigmoid(x * np.arange(4.0).reshape(4, *[1] * (x.ndim - 2))),
    ),
]


@pytest.mark.parametrize(("f", "formula"), FORMULAS)
@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 6)])
@pytest.mark.parametrize("backend", ["numpy", "numba", "strict"])
def test_values(f: Any, formula: Any, shape: tuple[int, ...], backend: str) -> None:
    x = 4 * np.random.default_rng(0).standard_normal(shape)
    if backend == "strict":
        pytest.importorskip("array_api_strict")
    y = xp.to_device(f(xp.to_device(x, backend)), "numpy")
    np.testing.assert_allclose(np.asarray(y), formula(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (F.relu, 0.0, 0.0),
        (F.leaky_relu, 0.0, 0.2),
        (F.elu, 0.0, 1.0),
        (F.clipped_relu, 0.0, 0.0),
        (F.clipped_relu, 20.0, 0.0),
        (F.relu6, 6.0, 0.0),
        (F.hard_sigmoid, 2.5, 0.0),
        (F.hard_tanh, -1.0, 0.0),
        (F.hard_swish, -3.0, 0.0),
        (F.hard_swish, 3.0, 1.0),
        (F.softsign, 0.0, 1.0),
    ],
)
def test_gradients_at_kinks(f: Any, at: float, slope: float) -> None:
    x = Variable(np.array([at]))
    f(x).backward(grad=np.ones(1))
    assert x.grad.tolist() == [slope]


@pytest.mark.parametrize("f", [F.silu, F.mish, F.gelu, F.softplus, F.log_sigmoid, F.elu, F.selu, F.celu, F.softsign])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_no_overflow(f: Any, dtype: str) -> None:
    x = Variable(np.array([-1e4, -100, 100, 1e4], dtype))
    y = f(x)
    y.backward(grad=np.ones(4, dtype))
    assert y.dtype == dtype and x.grad.dtype == dtype
    assert np.isfinite(y.array).all() and np.isfinite(x.grad).all()


def test_rrelu_draws_in_training_only() -> None:
    x = -np.ones((50, 40))
    xp.random.seed(0)
    y, r = F.rrelu(x, return_r=True)
    assert (r >= 1 / 8).all() and (r <= 1 / 3).all() and r.std() > 0.05
    np.testing.assert_array_equal(y, x * r)
    np.testing.assert_array_equal(F.rrelu(x, r=r), y)
    with using_config("train", False):
        y, r = F.rrelu(x, return_r=True)
        assert r is None
        np.testing.assert_allclose(y, -(1 / 8 + 1 / 3) / 2 * np.ones_like(x))


def test_links() -> None:
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    prelu = L.PReLU((4,), init=0.5)
    np.testing.assert_array_equal(prelu(x).array, np.where(x > 0, x, x / 2))
    swish = L.Swish(())
    np.testing.assert_allclose(swish(x).array, x * sigmoid(x), rtol=1e-6)
    W = np.random.default_rng(1).standard_normal((2, 3, 4)).astype("float32")
    maxout = L.Maxout(4, 2, 3, initialW=W, initial_bias=np.ones((2, 3), "float32"))
    assert [name for name, _ in maxout.namedparams()] == ["/linear/W", "/linear/b"]
    np.testing.assert_allclose(maxout(x).array, np.einsum("ni,opi->nop", x, W).max(2) + 1, rtol=1e-5)
    assert L.Maxout(4, 2, 3, initial_bias=None).linear.b is None


X = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: F.clipped_relu(X, z=0.0),
            ValueError,
            "clipped_relu: z is 0.0; expected a number above 0, the greatest result",
        ),
        (
            lambda: F.crelu(X, axis=2),
            ValueError,
            "crelu: axis is 2, x has 2 axes (x: (2, 3)); expected an axis from -2 to 1",
        ),
        (lambda: F.glu(X), ValueError, "glu: axis 1 of x has 3 elements (x: (2, 3)), which are no two halves"),
        (lambda: F.glu([1.0, 2.0]), TypeError, "glu: x is [1.0, 2.0] (list), expected an array; pass xp.asarray(x)"),
        (
            lambda: F.maxout(X, 2),
            ValueError,
            "maxout: pool_size is 2, axis 1 of x has 3 elements (x: (2, 3)); expected a divisor of that number",
        ),
        (
            lambda: F.prelu(X, np.zeros(2)),
            ValueError,
            "prelu: W has shape (2,), an example of x has (3,) (x: (2, 3) float64, W: (2,) float64); "
            "give W the shape (), or that of the first axes of an example",
        ),
        (lambda: F.prelu(X, 0.25), TypeError, "prelu: W is 0.25 (float), expected an array; pass xp.asarray(W)"),
        (lambda: F.swish(X, np.zeros((3, 1))), ValueError, "swish: beta has shape (3, 1), an example of x has (3,)"),
        (
            lambda: F.rrelu(X, 0.5, 0.25),
            ValueError,
            "rrelu: l is 0.5, u is 0.25; expected l no greater than u, such as l=1/8, u=1/3",
        ),
        (lambda: F.rrelu(X, r=np.zeros(3)), ValueError, "rrelu: r has shape (3,), x has (2, 3)"),
        (lambda: L.Maxout(3, 0, 2), ValueError, "Maxout: out_size is 0; expected a positive integer"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert text in str(e.value)
