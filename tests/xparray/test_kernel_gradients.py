"""Each gradient kernel against differences of its forward, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray.kernels import (
    activation,
    attention,
    batch_normalization,
    clipping,
    embedding,
    gaussian,
    loss,
    noise,
    normalization,
    recurrent,
    softmax,
)

STEP = 1e-4


def draw(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


@dataclass
class Gradient:
    """A forward with some results, of arrays; and its gradients in them, from the cotangents of those results."""

    name: str
    shapes: list[tuple[int, ...]]
    forward: Callable[..., Any]
    gradient: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def elementwise(forward: Any, gradient: Any, *, of_result: bool = False, **options: Any) -> Gradient:
    def of(g: Any, x: Any, **options: Any) -> Any:
        return gradient(g, forward(x, **options) if of_result else x, **options)

    return Gradient(forward.__name__, [(4, 5)], forward, of, options)


def normalised(forward: Any, gradient: Any, shape: tuple[int, ...], **options: Any) -> Gradient:
    """Of the results the first: the statistics are not differentiated."""

    def of(g: Any, x: Any, gamma: Any, *beta: Any, **options: Any) -> Any:
        return gradient(g, x, gamma, *forward(x, gamma, *beta, **options)[1:], **options)

    parameters = [shape[1:2]] * (1 if forward is normalization.rms_normalization else 2)
    return Gradient(forward.__name__, [shape, *parameters], lambda *xs, **o: forward(*xs, **o)[0], of, options)


LABELS = np.array([1, -1, 0])
NUMBERS = np.array([[0, 2], [2, -1]])
WEIGHTS = np.array([0.5, 2.0])
CROSS = {"ignore_label": -1, "normalize": True}
ids, lstm, gru = {"ignore_label": -1}, recurrent.lstm, recurrent.gru
GRADIENTS = [
    elementwise(activation.relu, activation.relu_grad, of_result=True),
    elementwise(activation.sigmoid, activation.sigmoid_grad, of_result=True),
    elementwise(activation.silu, activation.silu_grad),
    elementwise(activation.softplus, activation.softplus_grad, beta=1.5),
    elementwise(activation.elu, activation.elu_grad, alpha=0.7, scale=1.3),
    elementwise(gaussian.erf, gaussian.erf_grad),
    elementwise(gaussian.gelu, gaussian.gelu_grad),
    elementwise(gaussian.gelu_tanh, gaussian.gelu_tanh_grad),
    elementwise(clipping.clip, clipping.clip_grad, low=-0.5, high=0.5),
    Gradient("tanh", [(4, 5)], xp.tanh, lambda g, x: activation.tanh_grad(g, xp.tanh(x))),
    Gradient("dropout", [(4, 5)], lambda x: noise.dropout(x, KEPT, ratio=0.2), lambda g, x: noise.dropout(g, KEPT, ratio=0.2)),
    elementwise(softmax.softmax, softmax.softmax_grad, of_result=True, axis=1),
    elementwise(softmax.softmax, softmax.softmax_grad, of_result=True, axis=0),
    elementwise(softmax.log_softmax, softmax.log_softmax_grad, of_result=True, axis=1),
    elementwise(softmax.log_softmax, softmax.log_softmax_grad, of_result=True, axis=0),
    Gradient("logsumexp", [(4, 5)], softmax.logsumexp,
             lambda g, x, axis: softmax.logsumexp_grad(g, x, softmax.logsumexp(x, axis=axis), axis=axis), {"axis": 1}),
    Gradient("logsumexp, first axis", [(4, 5)], softmax.logsumexp,
             lambda g, x, axis: softmax.logsumexp_grad(g, x, softmax.logsumexp(x, axis=axis), axis=axis), {"axis": 0}),
    Gradient("cross entropy", [(3, 2)], lambda x, **o: loss.softmax_cross_entropy(x, LABELS, WEIGHTS, **o),
             lambda g, x, **o: loss.softmax_cross_entropy_grad(g, x, LABELS, WEIGHTS, **o), CROSS | {"mean": True}),
    Gradient("cross entropy of images", [(1, 2, 3)], lambda x, **o: loss.softmax_cross_entropy(x, LABELS[None], WEIGHTS, **o),
             lambda g, x, **o: loss.softmax_cross_entropy_grad(g, x, LABELS[None], WEIGHTS, **o), CROSS | {"mean": False}),
    Gradient("squared error", [(3, 2), (3, 2)], loss.mean_squared_error,
             lambda g, a, b: (loss.mean_squared_error_grad(g, a, b), loss.mean_squared_error_grad(g, b, a))),
    Gradient("embedding", [(3, 4)], lambda W, **o: embedding.embedding(NUMBERS, W, **o),
             lambda g, W, **o: embedding.embedding_grad(g, NUMBERS, n=3, **o), ids),
    normalised(normalization.layer_normalization, normalization.layer_normalization_grad, (4, 5), eps=1e-5),
    normalised(normalization.rms_normalization, normalization.rms_normalization_grad, (4, 5), eps=1e-5),
    normalised(normalization.group_normalization, normalization.group_normalization_grad, (2, 6, 3), eps=1e-5, groups=2),
    normalised(batch_normalization.batch_normalization, batch_normalization.batch_normalization_grad, (4, 3), eps=1e-5),
    normalised(batch_normalization.batch_normalization, batch_normalization.batch_normalization_grad, (3, 2, 2, 3), eps=1e-5),
    Gradient("scale and shift", [(3, 2, 4), (2,), (2,)], batch_normalization.scale_and_shift,
             lambda g, x, scale, shift: batch_normalization.scale_and_shift_grad(g, x, scale)),
    Gradient("LSTM", [(2, 3), (2, 12)], lambda c, x, **o: lstm(c, x, None, **o),
             lambda gc, gh, c, x, **o: recurrent.lstm_grad(gc, gh, c, x, None, **o), {"interleaved": False}),
    Gradient("LSTM, interleaved", [(2, 3), (2, 12), (2, 12)], lstm,
             lambda gc, gh, c, x, y, **o: (*(r := recurrent.lstm_grad(gc, gh, c, x, y, **o)), r[1]), {"interleaved": True}),
    Gradient("GRU", [(2, 3), (2, 9), (2, 9)], gru, recurrent.gru_grad),
    Gradient("attention", [(2, 3, 4)], lambda x, **o: attention.attention_weights(x, None, **o),
             lambda g, x, scale, diagonal: attention.attention_weights_grad(
                 g, attention.attention_weights(x, None, scale=scale, diagonal=diagonal), scale=scale),
             {"scale": 0.3, "diagonal": 1}),
]  # fmt: skip
KEPT = np.arange(20).reshape(4, 5) % 3 > 0


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("case", GRADIENTS, ids=str)
def test_a_gradient_is_that_of_its_forward(case: Gradient, jit: bool) -> None:
    if jit and not xp.jit_enabled():
        pytest.skip("compiled loops need numba")
    xs = draw(*case.shapes)
    with xp.jit(jit):
        results = case.forward(*xs, **case.options)
        results = results if isinstance(results, tuple) else (results,)
        cotangents = draw(*(np.shape(y) for y in results))
        gradients = case.gradient(*map(np.asarray, cotangents), *xs, **case.options)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        assert len(gradients) == len(xs)
        for i, gradient in enumerate(gradients):
            expected = np.empty(xs[i].shape)
            for place in np.ndindex(xs[i].shape):
                ends = []
                for step in (STEP, -STEP):
                    moved = [x.copy() for x in xs]
                    moved[i][place] += step
                    y = case.forward(*moved, **case.options)
                    y = y if isinstance(y, tuple) else (y,)
                    ends.append(sum(float(np.sum(g * v)) for g, v in zip(cotangents, y, strict=True)))
                expected[place] = (ends[0] - ends[1]) / (2 * STEP)
            np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("forward", "shape", "options"),
    [
        (normalization.layer_normalization, (50, 300), {}),
        (normalization.group_normalization, (50, 300), {"groups": 1}),
        (batch_normalization.batch_normalization, (300, 50), {}),
        (batch_normalization.batch_normalization, (20, 50, 15), {}),
    ],
)
def test_statistics_far_from_zero(forward: Any, shape: tuple[int, ...], options: dict[str, Any], dtype: str) -> None:
    """A mean 10,000 times the deviation: the square of one and the mean of squares would cancel."""
    x = (np.random.default_rng(0).standard_normal(shape) + 1e4).astype(dtype)
    parameters = np.ones(shape[1], dtype), np.zeros(shape[1], dtype)
    y, mean, var = forward(x, *parameters, eps=0.0, **options)
    exact = x.astype("float64")
    axes = (1,) if forward is not batch_normalization.batch_normalization else (0, *range(2, len(shape)))
    center = exact.mean(axis=axes, keepdims=True)
    variance = exact.var(axis=axes, keepdims=True)
    tolerance = {"float32": 1e-4, "float64": 1e-11}[dtype]
    np.testing.assert_allclose(mean.reshape(-1), center.reshape(-1), rtol=2 * float(np.finfo(dtype).eps))
    np.testing.assert_allclose(var.reshape(-1), variance.reshape(-1), rtol=tolerance)
    np.testing.assert_allclose(y, (exact - center) / np.sqrt(variance), atol=tolerance)
