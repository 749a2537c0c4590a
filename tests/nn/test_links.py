"""Linear, Dropout, Classifier."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable
from catena.nn import initializers

F4 = "float32"


@pytest.fixture(autouse=True)
def seeded() -> None:
    xp.random.seed(0)


def x_of(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(F4)


# ------------------------------------------------------------------------------------------------------------ Linear


def test_linear_begins_as_documented() -> None:
    layer = L.Linear(400, 300)
    assert [(name, p.shape, str(p.dtype)) for name, p in layer.namedparams()] == [
        ("/W", (300, 400), F4),
        ("/b", (300,), F4),
    ]
    assert abs(layer.W.array.std() - 1 / 20) < 1e-3
    assert abs(layer.W.array.mean()) < 1e-3
    assert not layer.b.array.any()
    assert layer.W.grad is None


@pytest.mark.parametrize("make", [lambda: L.Linear(4), lambda: L.Linear(None, 4)], ids=["Linear(4)", "Linear(None, 4)"])
@pytest.mark.parametrize(
    ("x", "n_batch_axes", "n_in"), [(x_of(5, 3), 1, 3), (x_of(5, 2, 3), 1, 6), (x_of(5, 2, 3), 2, 3)]
)
def test_linear_takes_its_in_size_from_the_first_input(make: Any, x: Any, n_batch_axes: int, n_in: int) -> None:
    layer = make()
    assert (layer.in_size, layer.out_size, layer.W.array) == (None, 4, None)
    y = layer(x, n_batch_axes)
    assert layer.W.shape == (4, n_in)
    np.testing.assert_allclose(y.array, F.linear(x, layer.W.array, None, n_batch_axes), rtol=1e-6)


def test_linear_without_bias() -> None:
    layer = L.Linear(3, 4, nobias=True)
    assert layer.b is None
    assert [name for name, _ in layer.namedparams()] == ["/W"]
    np.testing.assert_allclose(layer(x_of(5, 3)).array, x_of(5, 3) @ layer.W.array.T, rtol=1e-6)


def test_initial_arrays_are_copied() -> None:
    W, b = x_of(4, 3), x_of(4)
    layer = L.Linear(3, 4, initialW=W, initial_bias=b)
    before = W.copy()
    layer.W.array[...] = 0
    layer.b.array[...] = 0
    np.testing.assert_array_equal(W, before)
    assert b.any()


@pytest.mark.parametrize(
    ("options", "W", "b"),
    [
        ({"initialW": 2}, 2.0, 0.0),
        ({"initialW": initializers.One(), "initial_bias": 3}, 1.0, 3.0),
        ({"initialW": 0.5, "initial_bias": initializers.Constant(-1)}, 0.5, -1.0),
    ],
)
def test_initial_values(options: dict[str, Any], W: float, b: float) -> None:
    layer = L.Linear(3, 4, **options)
    assert (layer.W.array == W).all()
    assert (layer.b.array == b).all()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: L.Linear(None), "Linear: out_size is None; expected a positive integer, as in Linear(784, 100)"),
        (lambda: L.Linear(3, 0), "Linear: out_size is 0; expected a positive integer"),
        (lambda: L.Linear(2.5, 3), "Linear: in_size is 2.5; expected a positive integer"),
        (lambda: L.Linear(3, -4), "Linear: out_size is -4; expected a positive integer"),
        (lambda: L.Linear(3, 4)(x_of(5, 7)),
         "linear: x has 7 features, W expects 3 (x: (5, 7) float32, W: (4, 3) float32, b: (4,) float32)"),
    ],
)  # fmt: skip
def test_linear_refuses(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as e:
        call()
    assert str(e.value).startswith(text)


@pytest.mark.parametrize("x", [x_of(5, 3), np.float32(1.0)])
def test_bad_input_does_not_decide_the_shape_of_a_lazy_link(x: Any) -> None:
    layer = L.Linear(4)
    with pytest.raises(ValueError, match=f"linear: n_batch_axes is 3, x has {np.ndim(x)} axes"):
        layer(np.asarray(x), 3)
    assert not layer.W.is_initialized


def test_linear_learns_on_another_device() -> None:
    pytest.importorskip("array_api_strict")
    layer = L.Linear(4).to_device("strict:device1")
    x = xp.to_device(x_of(5, 3), "strict:device1")
    F.mean(layer(x)).backward()
    assert {str(p.device) for p in layer.params()} == {"strict:device1"}
    assert {str(xp.device_of(p.grad)) for p in layer.params()} == {"strict:device1"}


def test_linear_of_float64() -> None:
    with ag.using_config("dtype", "float64"):
        layer = L.Linear(3, 4)
    assert {str(p.dtype) for p in layer.params()} == {"float64"}


# ----------------------------------------------------------------------------------------------------------- Dropout


def test_dropout_link() -> None:
    layer = L.Dropout(0.25)
    assert layer.ratio == 0.25
    assert L.Dropout().ratio == 0.5
    assert not list(layer.params())
    with pytest.raises(ValueError, match=r"^dropout: ratio is 2; expected the probability of dropping an element"):
        L.Dropout(2)
    xp.random.seed(5)
    y = layer(Variable(np.ones(100, F4)))
    xp.random.seed(5)
    np.testing.assert_array_equal(y.array, F.dropout(np.ones(100, F4), 0.25))
    with ag.using_config("train", False):
        np.testing.assert_array_equal(layer(np.ones(3)), np.ones(3))


# -------------------------------------------------------------------------------------------------------- Classifier

X, T = x_of(6, 3), np.array([0, 1, 1, 0, 1, 0])


def test_classifier_keeps_and_reports_loss_and_accuracy() -> None:
    model = L.Classifier(L.Linear(3, 2))
    assert (model.y, model.loss, model.accuracy, model.compute_accuracy) == (None, None, None, True)
    reporter = nn.Reporter()
    reporter.add_observer("main", model)
    seen: dict[str, Any] = {}
    with reporter.scope(seen):
        loss = model(X, T)
    y = model.predictor(X)
    np.testing.assert_array_equal(model.y.array, y.array)
    assert loss is model.loss
    assert float(loss) == float(F.softmax_cross_entropy(y, T))
    assert float(model.accuracy) == float(F.accuracy(y, T))
    assert {key: float(value) for key, value in seen.items()} == {
        "main/loss": float(loss),
        "main/accuracy": float(model.accuracy),
    }
    assert [name for name, _ in model.namedparams()] == ["/predictor/W", "/predictor/b"]


def test_classifier_without_accuracy() -> None:
    model = L.Classifier(L.Linear(3, 2))
    model.compute_accuracy = False
    seen: dict[str, Any] = {}
    with nn.Reporter() as reporter, reporter.scope(seen):
        reporter.add_observer("main", model)
        model(X, T)
    assert list(seen) == ["main/loss"]
    assert model.accuracy is None


class Sum(nn.Link):
    """Two inputs and a keyword."""

    def forward(self, a: Any, b: Any, scale: float = 1.0) -> Any:
        return (a + b) * scale


@pytest.mark.parametrize(
    ("label_key", "args", "keywords"),
    [
        (-1, (X, 2 * X, T), {}),
        (0, (T, X, 2 * X), {}),
        (1, (X, T, 2 * X), {}),
        (-2, (X, T, 2 * X), {}),
        ("t", (X, 2 * X), {"t": T}),
        ("t", (X,), {"t": T, "b": 2 * X}),
        (-1, (X, 2 * X, T), {"scale": 1.0}),
    ],
)
def test_classifier_finds_the_labels(label_key: Any, args: Any, keywords: Any) -> None:
    model = L.Classifier(Sum(), lossfun=lambda y, t: (y, t), accfun=None, label_key=label_key)
    model.compute_accuracy = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catena.nn.links.classifier.report", lambda values, observer: None)
        y, t = model(*args, **keywords)
    np.testing.assert_array_equal(y, 3 * X)
    assert t is T


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (TypeError, lambda: L.Classifier(Sum(), label_key=1.0),
         "Classifier: label_key is 1.0 (float); expected an index such as -1, or the keyword of the labels"),
        (ValueError, lambda: L.Classifier(Sum())(),
         "Classifier: label_key is -1, the call has 0 positional arguments; call it as model(x, t), the labels last"),
        (TypeError, lambda: L.Classifier(3), "Classifier: predictor is 3 (int); expected a callable, as in Classifier(MLP(), "),
        (TypeError, lambda: L.Classifier(Sum(), "mse"), "Classifier: lossfun is 'mse' (str); expected a callable, as in "),
        (ValueError, lambda: L.Classifier(Sum())(X),
         "Classifier: label_key is -1, the call has 1 positional arguments; call it as model(x, t), the labels last, "
         "or name their keyword, as in Classifier(predictor, label_key='t')"),
        (ValueError, lambda: L.Classifier(Sum())(x=X, t=T),
         "Classifier: label_key is -1, the call has 0 positional arguments and the keywords x, t; call it as model(x, t)"),
        (ValueError, lambda: L.Classifier(Sum(), label_key="t")(t=T),
         "Classifier: the call has labels, 't', and no inputs; call it as model(x, t=t)"),
        (ValueError, lambda: L.Classifier(Sum(), label_key=2)(X, T),
         "Classifier: label_key is 2, the call has 2 positional arguments"),
        (ValueError, lambda: L.Classifier(Sum(), label_key="t")(X, b=X),
         "Classifier: no keyword argument 't', which label_key names; the keywords are: b"),
    ],
)  # fmt: skip
def test_classifier_refuses(error: type[Exception], call: Any, text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value).startswith(text)


def test_a_failing_call_leaves_nothing_of_the_last_one() -> None:
    model = L.Classifier(L.Linear(3, 2))
    model(X, T)
    with pytest.raises(ValueError, match="t\\[0\\] is 7"):
        model(X, T + 7)
    assert (model.loss, model.accuracy) == (None, None)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
def test_a_copy_holds_the_results_of_the_last_call_without_their_graph(copied: Any) -> None:
    model = L.Classifier(L.Linear(3, 2))
    model(X, T).backward()
    twin = copied(model)
    assert float(twin.loss) == float(model.loss)
    assert twin.loss.node.op is None
    np.testing.assert_array_equal(twin.predictor.W.array, model.predictor.W.array)


# ----------------------------------------------------------------------------------------------------------- together


def test_a_classifier_learns() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 10)).astype(F4)
    t = (x[:, 0] * x[:, 1] > 0).astype("int32")
    model = L.Classifier(nn.Sequential(L.Linear(32), F.relu, L.Linear(32), F.relu, L.Linear(2)))
    for _ in range(150):
        model.cleargrads()
        loss = model(x, t)
        loss.backward()
        for p in model.params():
            p.array -= 0.5 * p.grad
            p.mark_updated()
    assert float(model.accuracy) > 0.97
    assert float(loss) < 0.2
