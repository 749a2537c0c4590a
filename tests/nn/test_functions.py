"""Functions of networks against formulas of NumPy's, and the errors that bad input gets."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn.functions as F
import xparray as xp
from catena.autograd import Variable

F4 = "float32"
RNG = np.random.default_rng


def scores(*shape: int, dtype: str = "float64") -> Any:
    return RNG(0).standard_normal(shape).astype(dtype)


def probabilities(x: Any) -> Any:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


# --------------------------------------------------------------------------------------------------------- namespace

SIGNATURES = {
    "accuracy": "(y, t, ignore_label=None)",
    "concat": "(xs, axis=1)",
    "dropout": "(x, ratio=0.5, *, mask=None, return_mask=False)",
    "linear": "(x, W, b=None, n_batch_axes=1)",
    "mean_squared_error": "(x0, x1)",
    "softmax_cross_entropy": "(x, t, normalize=True, cache_score=True, class_weight=None, ignore_label=-1, reduce='mean', "
    "enable_double_backprop=True, soft_target_loss='cross-entropy')",
    "relu": "(x)",
    "sigmoid": "(x)",
    "tanh": "(x)",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(F, name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == SIGNATURES[name]


def test_the_namespace_holds_the_functions_of_autograd_too() -> None:
    assert set(F.__all__) >= set(ag.functions.__all__)
    assert len(F.__all__) == len(set(F.__all__))
    assert all(hasattr(F, name) for name in F.__all__)
    assert F.exp is ag.functions.exp


def test_axes_may_be_given_by_position() -> None:
    x = scores(2, 3, 4)
    np.testing.assert_array_equal(F.softmax(x, 2), F.softmax(x, axis=2))
    np.testing.assert_array_equal(F.log_softmax(Variable(x), 0).array, F.log_softmax(x, axis=0))


# -------------------------------------------------------------------------------------------------------- activation


@pytest.mark.parametrize(
    ("f", "formula"),
    [
        (F.relu, lambda x: (x + np.abs(x)) / 2),
        (F.sigmoid, lambda x: (1 + np.tanh(x / 2)) / 2),
        (F.tanh, lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
        (F.softmax, probabilities),
        (F.log_softmax, lambda x: np.log(probabilities(x))),
    ],
)
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4)])
def test_values_of_activations(f: Any, formula: Any, shape: tuple[int, ...]) -> None:
    x = 3 * scores(*shape)
    np.testing.assert_allclose(f(Variable(x)).array, formula(x), rtol=1e-12, atol=1e-12)


def test_relu_has_no_gradient_at_zero() -> None:
    x = Variable(np.array([-1.0, 0.0, 2.0]))
    F.relu(x).backward(grad=np.ones(3))
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


def test_large_scores_do_not_overflow() -> None:
    x = np.array([[1000.0, 0.0], [-1000.0, -1000.0]])
    assert F.softmax(x).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert F.log_softmax(x)[0].tolist() == [0.0, -1000.0]
    assert F.sigmoid(np.array([-800.0, -30.0])).tolist() == [0.0, pytest.approx(np.exp(-30), rel=1e-12)]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.softmax(np.ones(3)),
         "softmax: axis is 1, x has 1 axis (x: (3,)); expected an axis from -1 to 0, such as axis=-1"),
        (lambda: F.log_softmax(np.ones((2, 3)), axis=-3),
         "log_softmax: axis is -3, x has 2 axes (x: (2, 3)); expected an axis from -2 to 1, such as axis=-1"),
        (lambda: F.softmax(np.ones(()), axis=0),
         "softmax: axis is 0, x has 0 axes (x: ()); expected an array with axes"),
    ],
)  # fmt: skip
def test_axes_that_do_not_exist(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value) == text


# -------------------------------------------------------------------------------------------------------- connection


@pytest.mark.parametrize(
    ("x_shape", "n_batch_axes", "y_shape"),
    [((5, 6), 1, (5, 4)), ((5, 2, 3), 1, (5, 4)), ((5, 7, 6), 2, (5, 7, 4)), ((5, 7, 2, 3), 2, (5, 7, 4)), ((0, 6), 1, (0, 4))],
)  # fmt: skip
@pytest.mark.parametrize("bias", [True, False])
def test_linear(x_shape: tuple[int, ...], n_batch_axes: int, y_shape: tuple[int, ...], bias: bool) -> None:
    x, W, b = scores(*x_shape), scores(4, 6), scores(4) if bias else None
    y = F.linear(x, W, b, n_batch_axes)
    assert y.shape == y_shape
    np.testing.assert_allclose(y, np.inner(x.reshape(*x_shape[:n_batch_axes], 6), W) + (b if bias else 0), rtol=1e-12)


def test_gradients_of_linear_are_fresh_and_contiguous() -> None:
    x, W, b = Variable(scores(5, 6, dtype=F4)), Variable(scores(4, 6, dtype=F4)), Variable(scores(4, dtype=F4))
    y = F.linear(x, W, b)
    g = scores(5, 4, dtype=F4)
    y.backward(grad=g)
    np.testing.assert_allclose(x.grad, g @ W.array, rtol=1e-6)
    np.testing.assert_allclose(W.grad, np.einsum("ni,nj->ij", g, x.array), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(b.grad, g.sum(0), rtol=1e-5, atol=1e-6)
    assert all(v.grad.flags.carray and v.grad.dtype == F4 for v in (x, W, b))


X3, W3 = np.zeros((32, 28, 28), F4), np.zeros((100, 784), F4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.linear(X3, W3, None, 2),
         "linear: x has 28 features, W expects 784 (x: (32, 28, 28) float32, W: (100, 784) float32); "
         "flatten x with F.reshape(x, (len(x), -1))"),
        (lambda: F.linear(X3[:, :, 0], W3),
         "linear: x has 28 features, W expects 784 (x: (32, 28) float32, W: (100, 784) float32); "
         "make W for 28 features, as L.Linear(None, 100) does at its first call"),
        (lambda: F.linear(X3, W3, np.zeros(10, F4)),
         "linear: b has shape (10,), W has 100 outputs (x: (32, 28, 28) float32, W: (100, 784) float32, b: (10,) float32); "
         "give b the shape (100,)"),
        (lambda: F.linear(np.zeros((2, 784), F4), W3, np.zeros((1, 100), F4)), "linear: b has shape (1, 100), W has 100 outputs"),
        (lambda: F.linear(X3, W3[0]),
         "linear: W has shape (784,), expected two axes, (n_out, n_in) (x: (32, 28, 28) float32, W: (784,) float32); "
         "for one output give it the first axis with W[None]"),
        (lambda: F.linear(np.zeros(784, F4), W3),
         "linear: x has 1 features, W expects 784 (x: (784,) float32, W: (100, 784) float32); "
         "give a single example a batch axis with x[None]"),
        (lambda: F.linear(X3, W3, None, 4), "linear: n_batch_axes is 4, x has 3 axes (x: (32, 28, 28) float32); expected from 1 to 3"),
        (lambda: F.linear(X3[0, 0, 0], W3), "linear: n_batch_axes is 1, x has 0 axes"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_linear(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value).startswith(text)


def test_concat_joins_features() -> None:
    a, b = scores(2, 3), scores(2, 4)
    np.testing.assert_array_equal(F.concat([a, b]), np.hstack([a, b]))
    np.testing.assert_array_equal(F.concat([a, a], axis=0), np.vstack([a, a]))


# -------------------------------------------------------------------------------------------------------------- loss

X, T = scores(6, 4), np.array([0, 3, 1, -1, 2, 2])
P = probabilities(X)
USED = T >= 0
LOSSES = np.where(USED, -np.log(P[np.arange(6), T]), 0.0)
WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, LOSSES.sum() / 5),
        ({"normalize": False}, LOSSES.sum() / 6),
        ({"reduce": "no"}, LOSSES),
        ({"class_weight": WEIGHTS}, (LOSSES * WEIGHTS[T]).sum() / 5),
        ({"class_weight": WEIGHTS.astype(F4), "reduce": "no"}, LOSSES * WEIGHTS[T]),
        ({"cache_score": False, "enable_double_backprop": True}, LOSSES.sum() / 5),
    ],
)
@pytest.mark.parametrize("labels", ["int64", "int32", "int8"])
def test_softmax_cross_entropy(options: dict[str, Any], expected: Any, labels: str) -> None:
    y = F.softmax_cross_entropy(X, T.astype(labels), **options)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    assert F.softmax_cross_entropy(X.astype(F4), T, **options).dtype == F4


def test_gradient_of_softmax_cross_entropy() -> None:
    x = Variable(X)
    F.softmax_cross_entropy(x, T).backward()
    one_hot = np.eye(4)[T]
    np.testing.assert_allclose(x.grad, np.where(USED[:, None], (P - one_hot) / 5, 0), rtol=1e-12, atol=1e-15)


def test_softmax_cross_entropy_of_images() -> None:
    x, t = scores(2, 5, 3, 4), RNG(1).integers(0, 5, (2, 3, 4))
    flat = np.moveaxis(x, 1, -1).reshape(-1, 5)
    expected = -np.log(probabilities(flat)[np.arange(24), t.reshape(-1)])
    np.testing.assert_allclose(F.softmax_cross_entropy(x, t, reduce="no"), expected.reshape(2, 3, 4), rtol=1e-12)
    np.testing.assert_allclose(F.softmax_cross_entropy(x, t), expected.mean(), rtol=1e-12)


@pytest.mark.parametrize("t", [np.full(3, -1), np.full(3, 2)])
def test_a_batch_of_ignored_labels_has_loss_zero(t: Any) -> None:
    x = Variable(scores(3, 2))
    loss = F.softmax_cross_entropy(x, t, ignore_label=int(t[0]))
    loss.backward()
    assert float(loss) == 0.0
    assert not x.grad.any()


def test_an_ignored_example_may_hold_nan() -> None:
    x = Variable(np.array([[1.0, 2.0], [np.nan, np.inf]]))
    loss = F.softmax_cross_entropy(x, np.array([0, -1]))
    loss.backward()
    assert np.isfinite(float(loss))
    assert x.grad[1].tolist() == [0.0, 0.0]


def test_a_class_may_be_ruled_out_with_minus_infinity() -> None:
    x = Variable(np.array([[1.0, -np.inf, 1.0]]))
    loss = F.softmax_cross_entropy(x, np.array([0]))
    loss.backward()
    assert float(loss) == pytest.approx(np.log(2))
    np.testing.assert_allclose(x.grad, [[-0.5, 0.0, 0.5]])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_probabilities_as_targets(weights: Any) -> None:
    t = probabilities(scores(6, 4) * 2)
    logarithm = np.log(P) * (1 if weights is None else weights)
    expected = {"cross-entropy": -(t * logarithm).sum(1), "kl-divergence": (t * (np.log(t + 1e-7) - logarithm)).sum(1)}
    for kind, losses in expected.items():
        options = {"class_weight": weights, "soft_target_loss": kind}
        np.testing.assert_allclose(F.softmax_cross_entropy(X, t, **options), losses.mean(), rtol=1e-12)
        np.testing.assert_allclose(F.softmax_cross_entropy(X, t, reduce="no", **options), losses, rtol=1e-12)


X2 = np.zeros((3, 10), F4)


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.array([0, 10, 1])),
         "softmax_cross_entropy: t[1] is 10, x has 10 classes (x: (3, 10) float32, t: (3,) int64); "
         "expected labels from 0 to 9, or ignore_label=-1 for those not to count"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.array([0, 1, -2]), ignore_label=-3), "softmax_cross_entropy: t[2] is -2"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros(4, "int32")),
         "softmax_cross_entropy: labels have shape (4,), expected (3,) (x: (3, 10) float32, t: (4,) int32); "
         "give one label for each example, (3,)"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros((3, 1), "int32")),
         "softmax_cross_entropy: labels have shape (3, 1), expected (3,) (x: (3, 10) float32, t: (3, 1) int32); "
         "reshape them with xp.reshape(t, (3,))"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros((3, 10), "int32")),
         "softmax_cross_entropy: labels have shape (3, 10), expected (3,) (x: (3, 10) float32, t: (3, 10) int32); "
         "turn one-hot labels into indices with xp.argmax(t, axis=1)"),
        (TypeError, lambda: F.softmax_cross_entropy(X2, np.zeros(3, F4)),
         "softmax_cross_entropy: labels are float32, expected integers (x: (3, 10) float32, t: (3,) float32); "
         'convert them with xp.astype(t, "int64")'),
        (TypeError, lambda: F.softmax_cross_entropy(X2, np.zeros(3, bool)), "softmax_cross_entropy: labels are bool, expected integers"),
        (ValueError, lambda: F.softmax_cross_entropy(X2[0], np.array(1)),
         "softmax_cross_entropy: x has 1 axes, expected at least two, (n, n_class, ...) (x: (10,) float32, t: () int64); "
         "give a single example a batch axis with x[None]"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros((4, 10), F4)),
         "softmax_cross_entropy: probabilities t have another shape than x (x: (3, 10) float32, t: (4, 10) float32)"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros(3, int), reduce="sum"),
         "softmax_cross_entropy: reduce is 'sum'; expected 'mean' or 'no'"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, X2, soft_target_loss="hinge"),
         "softmax_cross_entropy: soft_target_loss is 'hinge'; expected 'cross-entropy' or 'kl-divergence'"),
        (ValueError, lambda: F.softmax_cross_entropy(X2, np.zeros(3, int), class_weight=np.ones(3)),
         "softmax_cross_entropy: class_weight has shape (3,), x has 10 classes (x: (3, 10) float32, t: (3,) int64); "
         "give one weight a class, (10,)"),
        (ValueError, lambda: F.mean_squared_error(np.zeros((3, 1)), np.zeros(3)),
         "mean_squared_error: x0 and x1 differ in shape (x0: (3, 1) float64, x1: (3,) float64) and do not broadcast; "
         "reshape one of them, as with F.reshape(x1, x0.shape)"),
        (TypeError, lambda: F.mean_squared_error(np.zeros(3), np.zeros(3, int)),
         "mean_squared_error: x1 is int64, expected floating numbers (x0: (3,) float64, x1: (3,) int64); "
         'convert it with F.astype(x1, "float32")'),
        (ValueError, lambda: F.mean_squared_error(np.zeros((0, 3)), np.zeros((0, 3))),
         "mean_squared_error: there is nothing to take the mean of (x0: (0, 3) float64, x1: (0, 3) float64); "
         "leave out empty minibatches"),
    ],
)  # fmt: skip
def test_losses_refuse(error: type[Exception], call: Any, text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value).startswith(text)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_squared_error(dtype: str) -> None:
    a, b = Variable(scores(4, 5, dtype=dtype)), Variable(scores(4, 5, dtype=dtype)[::-1])
    loss = F.mean_squared_error(a, b)
    loss.backward()
    d = a.array.astype("float64") - b.array
    digits = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(float(loss), (d * d).sum() / 20, rtol=digits)
    np.testing.assert_allclose(a.grad, d / 10, rtol=digits)
    np.testing.assert_array_equal(b.grad, -a.grad)
    assert loss.dtype == a.grad.dtype == dtype


# ------------------------------------------------------------------------------------------------------------- noise


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean(ratio: float) -> None:
    xp.random.seed(1)
    x = Variable(np.ones(100_000, F4))
    y = F.dropout(x, ratio)
    kept = y.array != 0
    assert abs(kept.mean() - (1 - ratio)) < 0.01
    np.testing.assert_allclose(y.array[kept], 1 / (1 - ratio), rtol=1e-6)
    y.backward(grad=np.ones(100_000, F4))
    np.testing.assert_array_equal(x.grad, y.array)
    assert y.dtype == F4


def test_dropout_draws_from_the_stream_of_the_process() -> None:
    draws = []
    for seed in (3, 3, 4):
        xp.random.seed(seed)
        draws.append(F.dropout(np.ones(50)).tolist())
    assert draws[0] == draws[1] != draws[2]


def test_dropout_does_nothing_outside_of_training() -> None:
    x = Variable(np.ones(3))
    state = xp.random.get_generator().state
    with ag.using_config("train", False):
        assert F.dropout(x) is x
        assert F.dropout(x, return_mask=True) == (x, None)
    assert xp.random.get_generator().state == state


def test_the_mask_of_a_dropout_serves_another() -> None:
    x = scores(20)
    y, mask = F.dropout(x, return_mask=True)
    np.testing.assert_array_equal(F.dropout(x, mask=mask), y)
    np.testing.assert_array_equal(y, x * mask)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.dropout(np.ones(3), 1.0),
         "dropout: ratio is 1.0; expected the probability of dropping an element, from 0 to below 1, such as 0.5"),
        (lambda: F.dropout(np.ones(3), -0.1), "dropout: ratio is -0.1; expected"),
        (lambda: F.dropout(np.ones(3), mask=np.ones((3, 1))),
         "dropout: mask has shape (3, 1), x has (3,) (x: (3,) float64, mask: (3, 1) float64); "
         "give the mask that dropout returned for an x of this shape"),
    ],
)  # fmt: skip
def test_dropout_refuses(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value).startswith(text)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.linear([[1, 2]], W3), "linear: x is [[1, 2]] (list), expected an array; pass xp.asarray(x)"),
        (lambda: F.linear(Variable(X3), [[1, 2]]), "linear: W is [[1, 2]] (list), expected an array; pass xp.asarray(W)"),
        (lambda: F.linear(X3, W3, (1, 2)), "linear: b is (1, 2) (tuple), expected an array; pass xp.asarray(b)"),
        (lambda: F.linear(None, W3), "linear: x is None (NoneType), expected an array; pass an array as x"),
        (lambda: F.softmax_cross_entropy(X2, [0, 1, 2]),
         "softmax_cross_entropy: t is [0, 1, 2] (list), expected an array; pass xp.asarray(t)"),
        (lambda: F.softmax_cross_entropy([[0.0, 1.0]], [1]),
         "softmax_cross_entropy: x is [[0.0, 1.0]] (list), expected an array; pass xp.asarray(x)"),
        (lambda: F.softmax_cross_entropy(X2, None), "softmax_cross_entropy: t is None (NoneType), expected an array; pass an array as t"),
        (lambda: F.mean_squared_error(X2, 1.0), "mean_squared_error: x1 is 1.0 (float), expected an array; pass xp.asarray(x1)"),
        (lambda: F.accuracy(X2, [0, 1, 2]), "accuracy: t is [0, 1, 2] (list), expected an array; pass xp.asarray(t)"),
        (lambda: F.dropout([1.0, 2.0]), "dropout: x is [1.0, 2.0] (list), expected an array; pass xp.asarray(x)"),
        (lambda: F.exp([1.0, 2.0]), "exp: argument 0 is [1.0, 2.0]: builtins.list is no array of an installed backend; "
         "convert it with xp.asarray(x)"),
    ],
)  # fmt: skip
def test_what_is_no_array_is_named(call: Any, text: str) -> None:
    with pytest.raises(TypeError) as e:
        call()
    assert str(e.value) == text


# -------------------------------------------------------------------------------------------------------- evaluation

Y = np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1], [0.2, 0.2, 0.6]])


@pytest.mark.parametrize(
    ("t", "ignore_label", "expected"),
    [
        ([1, 0, 2], None, 1.0),
        ([1, 0, 0], None, 2 / 3),
        ([1, -1, 0], None, 1 / 3),
        ([1, -1, 0], -1, 1 / 2),
        ([2, 2, 2], 2, 0.0),
        ([1, 1, 0], 0, 1 / 2),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_accuracy(t: list[int], ignore_label: int | None, expected: float, dtype: str) -> None:
    a = F.accuracy(Variable(Y.astype(dtype)), Variable(np.array(t), requires_grad=False), ignore_label)
    assert (type(a), a.requires_grad) == (Variable, False)
    assert (a.shape, a.dtype) == ((), dtype)
    assert type(F.accuracy(Y.astype(dtype), np.array(t), ignore_label)) is np.ndarray
    assert float(a) == pytest.approx(expected, rel=1e-3 if dtype == "float16" else 1e-7)


def test_accuracy_of_images() -> None:
    y, t = scores(2, 5, 3, 4), RNG(1).integers(0, 5, (2, 3, 4))
    assert float(F.accuracy(y, t)) == pytest.approx((y.argmax(1) == t).mean())
    assert float(F.accuracy(y[:, :, :1, :1], t[:, 0, 0])) == (y[:, :, 0, 0].argmax(1) == t[:, 0, 0]).mean()


def test_accuracy_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError) as e:
        F.accuracy(Y, np.zeros(2, int))
    assert str(e.value) == (
        "accuracy: labels have shape (2,), expected (3,) (y: (3, 3) float64, t: (2,) int64); give one label for each example, (3,)"
    )
    with pytest.raises(TypeError, match="accuracy: labels are float64, expected integers"):
        F.accuracy(Y, np.zeros(3))


# ---------------------------------------------------------------------------------------------------- other backends


@pytest.mark.parametrize("device", ["numba", "strict:device1"])
def test_a_network_gives_on_any_device_what_it_gives_on_numpy(device: str) -> None:
    if device.startswith("strict"):
        pytest.importorskip("array_api_strict")
    x, W, b, t = scores(5, 6, dtype=F4), scores(4, 6, dtype=F4), scores(4, dtype=F4), np.array([0, 1, -1, 3, 2])
    results = []
    for where in ("numpy", device):
        leaves = [Variable(xp.to_device(a, where)) for a in (W, b)]
        h = F.sigmoid(F.relu(F.linear(xp.to_device(x, where), *leaves)))
        loss = F.softmax_cross_entropy(h, xp.to_device(t, where)) + F.mean_squared_error(h, F.softmax(h))
        loss.backward()
        results.append([loss.array, *(v.grad for v in leaves), F.accuracy(h, xp.to_device(t, where)).array])
        assert {str(xp.device_of(a)) for a in results[-1]} == {where}
    for got, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(np.asarray(xp.to_device(got, "numpy")), expected, rtol=1e-5, atol=1e-6)
