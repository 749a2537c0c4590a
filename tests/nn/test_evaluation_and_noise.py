"""Evaluations against counts, noise against its distribution, and the errors that bad input gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable, using_config

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
T = RNG.integers(-1, 3, 40)
SIGNS = RNG.integers(-1, 2, (40, 3))

# ---------------------------------------------------------------------------------------------------------- evaluation


def counted(beta: float, label_num: int) -> list[list[float]]:
    """Precision, recall, F-beta and support, class by class."""
    called = X.argmax(1)
    rows = []
    for c in range(label_num):
        hits = sum((called == c) & (T == c))
        guesses, support = sum((called == c) & (T >= 0)), sum(T == c)
        p, r = hits / max(1, guesses), hits / max(1, support)
        rows.append([p, r, (1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0, support])
    return [list(v) for v in zip(*rows, strict=True)]


@pytest.mark.parametrize("backend", ["numpy", "numba", "strict"])
@pytest.mark.parametrize(("beta", "label_num"), [(1.0, None), (2.0, 4)])
def test_classification_summary(backend: str, beta: float, label_num: int | None) -> None:
    y, t = (xp.to_device(v, backend) for v in (X, T))
    got = F.classification_summary(y, t, label_num, beta)
    assert [xp.to_device(v, "numpy").tolist() for v in got] == [pytest.approx(v) for v in counted(beta, label_num or 3)]
    p, r, f1, support = F.classification_summary(X, T)
    for f, expected in ((F.precision, p), (F.recall, r), (F.f1_score, f1)):
        of_variable = f(Variable(X), T)
        np.testing.assert_array_equal(of_variable[0].array, expected)
        np.testing.assert_array_equal(f(X, T)[1], support)


def test_binary_accuracy() -> None:
    expected = ((X >= 0) == (SIGNS == 1))[SIGNS >= 0].mean()
    np.testing.assert_allclose(F.binary_accuracy(X, SIGNS), expected)
    of_variable = F.binary_accuracy(Variable(X), SIGNS)
    assert isinstance(of_variable, Variable) and not of_variable.requires_grad
    assert F.binary_accuracy(X, np.full_like(SIGNS, -1)) == 0


def test_r2_score() -> None:
    true = X + 0.3 * RNG.standard_normal(X.shape)
    true[:, 2] = 1.5
    scores = 1 - ((true - X) ** 2).sum(0) / np.maximum(1e-9, ((true - true.mean(0)) ** 2).sum(0))
    scores[2] = 0
    np.testing.assert_allclose(F.r2_score(X, true, multioutput="raw_values"), scores)
    np.testing.assert_allclose(F.r2_score(Variable(X), true).array, scores.mean())
    weights = np.repeat([0.0, 2.0], 20)  # the same as the second half alone
    np.testing.assert_allclose(F.r2_score(X, true, weights), F.r2_score(X[20:], true[20:]))


# --------------------------------------------------------------------------------------------------------------- noise


def test_gaussian() -> None:
    xp.random.seed(0)
    y, eps = F.gaussian(np.full(20000, 3.0), np.full(20000, np.log(4.0)), return_eps=True)
    assert abs(y.mean() - 3) < 0.05 and abs(y.std() - 2) < 0.05
    np.testing.assert_allclose(y, 3 + 2 * eps)
    mean, ln_var = Variable(np.ones(2)), Variable(np.zeros(2))
    F.gaussian(mean, ln_var, eps=np.array([1.0, -2.0])).backward(grad=np.ones(2))
    assert mean.grad.tolist() == [1, 1] and ln_var.grad.tolist() == [0.5, -1]


def test_gumbel_softmax_draws_classes_in_proportion() -> None:
    xp.random.seed(0)
    log_pi = np.log(np.tile([0.1, 0.2, 0.7], (20000, 1)))
    y = F.gumbel_softmax(log_pi, 0.1)
    np.testing.assert_allclose(y.sum(1), 1)
    np.testing.assert_allclose(np.bincount(y.argmax(1)) / 20000, [0.1, 0.2, 0.7], atol=0.02)
    assert (F.gumbel_softmax(log_pi, 0.01).max(1) > 0.99).mean() > 0.95


def test_zoneout() -> None:
    xp.random.seed(0)
    h, x = np.zeros((200, 50)), np.ones((200, 50))
    y, mask = F.zoneout(h, x, 0.2, return_mask=True)
    assert abs(y.mean() - 0.8) < 0.02
    np.testing.assert_array_equal(F.zoneout(h, x, 0.2, mask=mask), y)
    with using_config("train", False):
        np.testing.assert_allclose(F.zoneout(h, x, 0.2), 0.8)


@pytest.mark.parametrize("batchwise", [True, False])
def test_simplified_dropconnect(batchwise: bool) -> None:
    xp.random.seed(0)
    W, b = RNG.standard_normal((4, 3)), np.arange(4.0)
    link = L.SimplifiedDropconnect(None, 4, 0.25, initialW=W, initial_bias=b)
    x = X.astype("float32")
    draws = [link(x, use_batchwise_mask=batchwise).array for _ in range(400)]
    assert np.std(draws, 0).min() > 0.01
    np.testing.assert_allclose(np.mean(draws, 0), X @ W.T + b, atol=0.6)
    mask = RNG.integers(0, 2, (40, 4, 3) if batchwise else (4, 3))
    expected = np.einsum("ni,noi->no", X, np.broadcast_to(mask * W / 0.75, (40, 4, 3))) + b
    np.testing.assert_allclose(link(x, mask=mask).array, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(link(x, train=False).array, X @ W.T + b, rtol=1e-4, atol=1e-5)
    with using_config("train", False):
        np.testing.assert_allclose(link(x).array, X @ W.T + b, rtol=1e-4, atol=1e-5)


def test_dropout_gives_the_mask_that_repeats_it() -> None:
    y, mask = F.dropout(X, 0.25, return_mask=True)
    np.testing.assert_array_equal(F.dropout(X, 0.25, mask=mask), y)
    assert set(np.unique(mask)) == {0.0, 1 / 0.75}


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.binary_accuracy(X, SIGNS + 1), ValueError, "is 2; expected integers from 0 to 1, or -1"),
        (lambda: F.binary_accuracy(X, T), ValueError, "binary_accuracy: y and t differ in shape (y: (40, 3) float64"),
        (lambda: F.binary_accuracy(X, X), TypeError, "binary_accuracy: t is float64, expected integers"),
        (
            lambda: F.precision(X, T + 1),
            ValueError,
            "is 3; expected integers from 0 to 2, or -1 for what is not to count",
        ),
        (lambda: F.recall(X, X), ValueError, "recall: labels have shape (40, 3), expected (40,)"),
        (lambda: F.f1_score(X[:, 0], T), ValueError, "f1_score: y has 1 axes, expected at least two"),
        (lambda: F.r2_score(X, X, multioutput="mean"), ValueError, "expected 'uniform_average' or 'raw_values'"),
        (lambda: F.r2_score(X[:0], X[:0]), ValueError, "r2_score: there is no example to score"),
        (lambda: F.r2_score(X, X, np.ones(3)), ValueError, "sample_weight has shape (3,), there are 40 examples"),
        (
            lambda: F.zoneout(X, X, 2),
            ValueError,
            "zoneout: ratio is 2; expected the probability that h stays, from 0 to 1",
        ),
        (lambda: F.zoneout(X, X[:1]), ValueError, "zoneout: h and x differ in shape"),
        (lambda: F.zoneout(X, X, mask=X[:1]), ValueError, "zoneout: x and mask differ in shape"),
        (lambda: F.gaussian(X, X, eps=X[:1]), ValueError, "gaussian: mean and eps differ in shape"),
        (
            lambda: F.gumbel_softmax(X, 0),
            ValueError,
            "gumbel_softmax: tau is 0; expected a number above 0, such as 0.1",
        ),
        (lambda: F.gumbel_softmax(X, axis=2), ValueError, "gumbel_softmax: axis is 2, log_pi has 2 axes"),
        (
            lambda: F.simplified_dropconnect(X, np.ones((4, 3)), mask=np.ones((3, 4))),
            ValueError,
            "simplified_dropconnect: mask has shape (3, 4)",
        ),
        (
            lambda: F.simplified_dropconnect(X, np.ones((4, 2))),
            ValueError,
            "simplified_dropconnect: x has 3 features, W expects 2",
        ),
        (lambda: L.SimplifiedDropconnect(3, 4, 1.0), ValueError, "SimplifiedDropconnect: ratio is 1.0; expected the"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert text in str(e.value)
