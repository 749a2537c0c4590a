"""Losses against formulas of NumPy's and sums over everything that is possible, and the errors that bad input gets."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable

SIGNATURES = {
    "absolute_error": "(x0, x1)",
    "argmax_crf1d": "(cost, xs)",
    "bernoulli_nll": "(x, y, reduce='sum')",
    "black_out": "(x, t, W, samples, reduce='mean')",
    "connectionist_temporal_classification": "(x, t, blank_symbol, input_length=None, label_length=None, reduce='mean')",
    "contrastive": "(x0, x1, y, margin=1, reduce='mean')",
    "crf1d": "(cost, xs, ys, reduce='mean')",
    "cross_covariance": "(y, z, reduce='half_squared_sum')",
    "decov": "(h, reduce='half_squared_sum')",
    "discriminative_margin_based_clustering_loss": "(embeddings, labels, delta_v, delta_d, max_embedding_dim, norm=1, "
    "alpha=1.0, beta=1.0, gamma=0.001)",
    "gaussian_kl_divergence": "(mean, ln_var, reduce='sum')",
    "gaussian_nll": "(x, mean, ln_var, reduce='sum')",
    "hinge": "(x, t, norm='L1', reduce='mean')",
    "huber_loss": "(x, t, delta, reduce='sum_along_second_axis')",
    "mean_absolute_error": "(x0, x1)",
    "negative_sampling": "(x, t, W, sampler, sample_size, reduce='sum', *, samples=None, return_samples=False)",
    "sigmoid_cross_entropy": "(x, t, normalize=True, reduce='mean')",
    "squared_difference": "(x1, x2)",
    "squared_error": "(x0, x1)",
    "triplet": "(anchor, positive, negative, margin=0.2, reduce='mean')",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(F, name))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == SIGNATURES[name]


# ------------------------------------------------------------------------------------------------------------- values

RNG = np.random.default_rng(0)
X, Z = 2 * RNG.standard_normal((2, 5, 4))
T = np.array([0, 3, 1, -1, 2])
ALL = np.array([0, 3, 1, 0, 2])
SIGNS = RNG.integers(-1, 2, (5, 4))
YES = (SIGNS == 1).astype(float)
P = np.exp(X) / np.exp(X).sum(1, keepdims=True)
OF_LABELS = np.where(T >= 0, -np.log(P[np.arange(5), T]), 0)
OF_SIGNS = np.where(SIGNS == -1, 0, np.logaddexp(0, X) - X * YES)
COUNT = (SIGNS >= 0).sum()
PT = 1 / (1 + np.exp(np.where(SIGNS == 1, -X, X)))
SIDE = 1 - 2 * np.eye(4)[ALL]
Y = np.array([0, 1, 1, 0, 0])
D = np.linalg.norm(X - Z, axis=1)
PAIRS = np.where(Y == 1, D**2, np.maximum(0, 4 - D) ** 2) / 2
HUBER = np.where(abs(X - Z) <= 0.7, (X - Z) ** 2 / 2, 0.7 * (abs(X - Z) - 0.35))
COV_XZ = (X - X.mean(0)).T @ (Z - Z.mean(0)) / 5
COV_X = np.cov(X.T, bias=True) * (1 - np.eye(4))
KL = (X**2 + np.exp(Z) - Z - 1) / 2
NLL = ((X - Z) ** 2 * np.exp(-YES) + YES + np.log(2 * np.pi)) / 2
TRIPLET = np.maximum(0, ((X - Z) ** 2).sum(1) - ((X - 1) ** 2).sum(1) + 0.2)
HINGE = np.maximum(0, 1 + SIDE * X)

VALUES = [
    (F.label_smoothed_cross_entropy(X, T, 0.2, reduce="no"), 0.8 * OF_LABELS - 0.2 * np.log(P).mean(1) * (T >= 0)),
    (F.label_smoothed_cross_entropy(X, T, 0.0), OF_LABELS.sum() / 4),
    (F.focal_loss(X, T, reduce="no"), (1 - np.exp(-OF_LABELS)) ** 2 * OF_LABELS),
    (F.focal_loss(X, T, 0.0, normalize=False), OF_LABELS.sum() / 5),
    (
        F.focal_loss(X, T, 0.5, np.arange(4.0), reduce="no"),
        (1 - np.exp(-OF_LABELS)) ** 0.5 * OF_LABELS * np.arange(4.0)[T] * (T >= 0),
    ),
    (F.sigmoid_cross_entropy(X, SIGNS, reduce="no"), OF_SIGNS),
    (F.sigmoid_cross_entropy(X, SIGNS), OF_SIGNS.sum() / COUNT),
    (F.sigmoid_cross_entropy(X, SIGNS, normalize=False), OF_SIGNS.sum() / 5),
    (F.sigmoid_focal_loss(X, SIGNS, 1.5, 0.25, reduce="no"), np.where(YES, 0.25, 0.75) * (1 - PT) ** 1.5 * OF_SIGNS),
    (F.sigmoid_focal_loss(X, SIGNS, 2.0, None), ((1 - PT) ** 2 * OF_SIGNS).sum() / COUNT),
    (F.mean_absolute_error(X, Z), abs(X - Z).mean()),
    (F.squared_error(X, Z), (X - Z) ** 2),
    (F.squared_difference(X, Z), (X - Z) ** 2),
    (F.absolute_error(X, Z), abs(X - Z)),
    (F.huber_loss(X, Z, 0.7, "no"), HUBER),
    (F.huber_loss(X, Z, 0.7), HUBER.sum(1)),
    (F.hinge(X, ALL), HINGE.sum() / 5),
    (F.hinge(X, ALL, "L2", "no"), HINGE**2),
    (F.contrastive(X, Z, Y, 4.0, "no"), PAIRS),
    (F.contrastive(X, Z, Y, 4.0), PAIRS.mean()),
    (F.triplet(X, Z, np.ones_like(X), reduce="no"), TRIPLET),
    (F.triplet(X, Z, np.ones_like(X)), TRIPLET.mean()),
    (F.gaussian_kl_divergence(X, Z, "no"), KL),
    (F.gaussian_kl_divergence(X, Z), KL.sum()),
    (F.gaussian_nll(X, Z, YES, "mean"), NLL.mean()),
    (F.bernoulli_nll(YES, X), (np.logaddexp(0, X) - X * YES).sum()),
    (F.cross_covariance(X, Z, "no"), COV_XZ),
    (F.cross_covariance(X, Z), (COV_XZ**2).sum() / 2),
    (F.decov(X, "no"), COV_X),
    (F.decov(X), (COV_X**2).sum() / 2),
]


@pytest.mark.parametrize(("got", "expected"), VALUES)
def test_values(got: Any, expected: Any) -> None:
    assert isinstance(got, np.ndarray)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_losses_that_are_0_have_finite_gradients(gamma: float) -> None:
    x = Variable(np.array([[1000.0, -1000.0], [0.0, 0.0]]))
    F.focal_loss(x, np.array([0, -1]), gamma).backward()
    assert np.isfinite(x.grad).all()
    F.sigmoid_focal_loss(x, np.array([[1, 0], [-1, -1]]), gamma).backward()
    assert np.isfinite(x.grad).all()


def test_contrastive_of_one_place_has_finite_gradients() -> None:
    x = Variable(np.zeros((2, 3)))
    F.contrastive(x, np.zeros((2, 3)), np.array([0, 1])).backward()
    np.testing.assert_array_equal(x.grad, 0)


def discriminative(x: Any, labels: Any, delta_v: float, delta_d: float, norm: int) -> float:
    """The paper's formula, image by image and object by object."""
    total = 0.0
    for image, label in zip(x, labels, strict=True):
        of = [image[:, label == c].T for c in range(1, 4) if (label == c).any()]
        if not of:
            continue
        means = [v.mean(0) for v in of]
        var = [
            np.mean(np.maximum(0, np.linalg.norm(v - m, norm, 1) - delta_v) ** 2)
            for v, m in zip(of, means, strict=True)
        ]
        pairs = [
            np.maximum(0, 2 * delta_d - np.linalg.norm(a - b, norm)) ** 2 for a, b in itertools.permutations(means, 2)
        ]
        total += (
            np.mean(var) + sum(pairs) / max(1, len(pairs)) + 0.001 * np.mean([np.linalg.norm(m, norm) for m in means])
        )
    return total / len(x)


@pytest.mark.parametrize("norm", [1, 2])
def test_discriminative_loss(norm: Any) -> None:
    x = RNG.standard_normal((3, 2, 4, 5))
    labels = RNG.integers(0, 4, (3, 4, 5))
    labels[1][labels[1] == 2] = 0  # an object that this image lacks
    labels[2] = 0
    got = F.discriminative_margin_based_clustering_loss(x, labels, 0.3, 1.5, 3, norm)
    np.testing.assert_allclose(got, discriminative(x, labels, 0.3, 1.5, norm), rtol=1e-12)


# ------------------------------------------------------------------------------------------------------------- sampled


def test_negative_sampling() -> None:
    W, t = RNG.standard_normal((6, 4)), np.array([0, 5, -1, 2, 2])
    samples = RNG.integers(0, 6, (5, 3))
    loss, drawn = F.negative_sampling(X, t, W, lambda shape: samples, 3, "no", return_samples=True)
    expected = np.logaddexp(0, -(X * W[t]).sum(1)) + np.logaddexp(0, np.einsum("ni,nki->nk", X, W[samples])).sum(1)
    np.testing.assert_allclose(loss, np.where(t >= 0, expected, 0), rtol=1e-12)
    np.testing.assert_array_equal(drawn, samples)
    total = F.negative_sampling(X, t, W, lambda shape: samples, 3)
    np.testing.assert_allclose(total, loss.sum(), rtol=1e-12)


def test_black_out() -> None:
    W, samples = RNG.standard_normal((6, 4)), RNG.integers(0, 6, (5, 3))
    e = np.exp(np.einsum("ni,nki->nk", X, W[np.concatenate([ALL[:, None], samples], 1)]))
    p = e / e.sum(1, keepdims=True)
    expected = -np.log(p[:, 0]) - np.log(1 - p[:, 1:]).sum(1)
    np.testing.assert_allclose(F.black_out(X, ALL, W, samples, "no"), expected, rtol=1e-11)
    np.testing.assert_allclose(F.black_out(X, ALL, W, samples), expected.mean(), rtol=1e-11)


def test_links_that_sample_draw_in_proportion() -> None:
    xp.random.seed(0)
    link = L.NegativeSampling(4, [81, 16, 0, 1], 2, power=0.5)
    shares = np.bincount(link.sampler((20000,)), minlength=4) / 20000
    np.testing.assert_allclose(shares, [9 / 14, 4 / 14, 0, 1 / 14], atol=0.01)
    assert not link.W.array.any()
    link.cleargrads()
    link(X.astype("float32"), T).backward()
    assert link.W.grad.any()
    assert 0 < L.BlackOut(4, [1, 2, 3, 4], 3).W.array.std() < 1


def test_hierarchical_softmax_is_a_distribution() -> None:
    tree = L.BinaryHierarchicalSoftmax.create_huffman_tree({0: 5, 1: 1, 2: 2, 3: 7, 4: 1})
    assert tree == (3, (((1, 4), 2), 0))
    link = L.BinaryHierarchicalSoftmax(4, tree)
    assert link.W.shape == (4, 4) and abs(link.W.array).max() <= 1
    x = X[:1].astype("float32")
    p = [float(np.exp(-link(x, np.array([c])).array)) for c in range(5)]
    assert abs(sum(p) - 1) < 1e-6
    right = 1 / (1 + np.exp(link.W.array[0] @ x[0]))  # the root's row is the first, its left is 3
    assert abs(p[3] - (1 - right)) < 1e-6


# ------------------------------------------------------------------------------------------------------------ sequences


def by_enumeration(p: Any, t: list[int], blank: int) -> float:
    """The probability of t: all ways to choose a symbol at each time, that give t without repeats and blanks."""
    total = 0.0
    for way in itertools.product(range(p.shape[1]), repeat=len(p)):
        merged = [s for i, s in enumerate(way) if s != blank and (i == 0 or way[i - 1] != s)]
        if merged == t:
            total += float(np.prod(p[np.arange(len(p)), list(way)]))
    return total


@pytest.mark.parametrize("as_list", [False, True])
def test_ctc(as_list: bool) -> None:
    x = RNG.standard_normal((5, 4, 3))
    t = np.array([[0, 2, 0], [2, 2, -1], [0, 0, 0], [2, -1, -1]])
    times, lengths = np.array([5, 3, 5, 1]), np.array([3, 2, 0, 1])
    p = np.exp(x) / np.exp(x).sum(2, keepdims=True)
    expected = [-np.log(by_enumeration(p[: times[i], i], t[i, : lengths[i]].tolist(), 1)) for i in range(4)]
    got = F.connectionist_temporal_classification(list(x) if as_list else x, t, 1, times, lengths, "no")
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    mean = F.connectionist_temporal_classification(x, t, 1, times, lengths)
    np.testing.assert_allclose(mean, np.mean(expected), rtol=1e-12)


def chains() -> tuple[Any, list[Any], list[Any]]:
    lengths = [4, 3, 3, 1]
    return (
        RNG.standard_normal((3, 3)),
        [RNG.standard_normal((n, 3)) for n in lengths],
        [RNG.integers(0, 3, n) for n in lengths],
    )


def test_crf1d_sums_over_all_labellings() -> None:
    cost, xs, ys = chains()

    def score(x: Any, y: Any) -> float:
        return float(sum(x[i, k] for i, k in enumerate(y)) + sum(cost[a, b] for a, b in itertools.pairwise(y)))

    every = [{y: score(x, y) for y in itertools.product(range(3), repeat=len(x))} for x in xs]
    losses = [np.log(sum(np.exp(list(s.values())))) - score(x, y) for s, x, y in zip(every, xs, ys, strict=True)]
    link = L.CRF1d(3, cost)
    np.testing.assert_allclose(link(xs, ys, "no", transpose=True).array, losses, rtol=1e-6)
    np.testing.assert_allclose(link(xs, ys, transpose=True).array, np.mean(losses), rtol=1e-6)
    scores, best = link.argmax(xs, transpose=True)
    np.testing.assert_allclose(scores.array, [max(s.values()) for s in every], rtol=1e-6)
    assert [tuple(map(int, y)) for y in best] == [max(s, key=lambda y: s[y]) for s in every]
    at_times = [np.stack([x[i] for x in xs if len(x) > i]) for i in range(4)]
    np.testing.assert_allclose(F.argmax_crf1d(cost, at_times)[0], scores.array, rtol=1e-6)
    assert [len(y) for y in F.argmax_crf1d(cost, at_times)[1]] == [4, 3, 3, 1]


# -------------------------------------------------------------------------------------------------------------- errors

W = np.zeros((6, 4))
SCORES = np.zeros((4, 2, 3))

ERRORS = [
    (
        lambda: F.sigmoid_cross_entropy(X, SIGNS + 1),
        ValueError,
        "is 2; expected integers from 0 to 1, or -1 for what is not to count",
    ),
    (lambda: F.sigmoid_cross_entropy(X, YES), TypeError, "sigmoid_cross_entropy: t is float64, expected integers"),
    (
        lambda: F.sigmoid_cross_entropy(X, T),
        ValueError,
        "sigmoid_cross_entropy: x and t differ in shape (x: (5, 4) float64",
    ),
    (lambda: F.sigmoid_cross_entropy(X, SIGNS, reduce="sum"), ValueError, "reduce is 'sum'; expected 'mean' or 'no'"),
    (lambda: F.focal_loss(X, T + 1), ValueError, "focal_loss: t[1] is 4; expected integers from 0 to 3, or -1"),
    (lambda: F.focal_loss(X, T, -1.0), ValueError, "focal_loss: gamma is -1.0; expected 0 or more, such as 2.0"),
    (lambda: F.focal_loss(X, T, class_weight=np.ones(3)), ValueError, "class_weight has shape (3,), x has 4 classes"),
    (lambda: F.sigmoid_focal_loss(X, SIGNS, alpha=2), ValueError, "alpha is 2; expected a number from 0 to 1, or None"),
    (
        lambda: F.label_smoothed_cross_entropy(X, T, 2),
        ValueError,
        "smoothing is 2; expected a probability, from 0 to 1",
    ),
    (lambda: F.label_smoothed_cross_entropy(X, T[:3]), ValueError, "labels have shape (3,), expected (5,)"),
    (
        lambda: F.mean_absolute_error(X, Z[:2]),
        ValueError,
        "mean_absolute_error: x0 and x1 differ in shape (x0: (5, 4) float64, x1: (2, 4) float64) and do not broadcast; "
        "reshape one of them, as with F.reshape(x1, x0.shape)",
    ),
    (
        lambda: F.mean_absolute_error(X[:0], Z[:0]),
        ValueError,
        "mean_absolute_error: there is nothing to take the mean of",
    ),
    (lambda: F.squared_error(X, SIGNS), TypeError, "squared_error: x1 is int64, expected floating numbers"),
    (lambda: F.absolute_error(X, 1.0), TypeError, "absolute_error: x1 is 1.0 (float), expected an array"),
    (lambda: F.huber_loss(X, Z, 0.0), ValueError, "huber_loss: delta is 0.0; expected a number above 0, such as 1.0"),
    (lambda: F.huber_loss(X[0], Z[0], 1.0), ValueError, "huber_loss: there is no second axis to sum along"),
    (lambda: F.hinge(X, T), ValueError, "hinge: t[3] is -1; expected integers from 0 to 3"),
    (lambda: F.hinge(X, ALL, norm="L3"), ValueError, "hinge: norm is 'L3'; expected 'L1' or 'L2'"),
    (lambda: F.hinge(SCORES, ALL), ValueError, "hinge: x has shape (4, 2, 3), expected 2 axes, (n, n_class)"),
    (lambda: F.contrastive(X, Z, T), ValueError, "contrastive: y[1] is 3; expected integers from 0 to 1"),
    (lambda: F.contrastive(X, Z, Y, 0), ValueError, "contrastive: margin is 0; expected a number above 0, such as 1.0"),
    (lambda: F.contrastive(X, Z, Y[:2]), ValueError, "contrastive: y has shape (2,), expected (5,)"),
    (lambda: F.triplet(X, Z, Z[:1]), ValueError, "triplet: anchor and negative differ in shape"),
    (
        lambda: F.discriminative_margin_based_clustering_loss(np.zeros((1, 2, 1, 1)), np.array([[[3]]]), 0.5, 1.5, 2),
        ValueError,
        "labels[0, 0, 0] is 3; expected integers from 0 to 2",
    ),
    (lambda: F.cross_covariance(X, Z[:2]), ValueError, "cross_covariance: y and z have 5 and 2 examples"),
    (lambda: F.decov(X, "mean"), ValueError, "decov: reduce is 'mean'; expected 'half_squared_sum' or 'no'"),
    (lambda: F.gaussian_nll(X, Z, Z[:, :1]), ValueError, "gaussian_nll: x and ln_var differ in shape"),
    (
        lambda: F.negative_sampling(X, T, W[:, :3], np.zeros, 2),
        ValueError,
        "negative_sampling: x has 4 features, W expects 3 (x: (5, 4) float64, W: (6, 3) float64); make W for 4 features",
    ),
    (
        lambda: F.negative_sampling(X, T, W, np.zeros, 2),
        TypeError,
        "negative_sampling: samples is float64, expected integers",
    ),
    (
        lambda: F.negative_sampling(X, T, W, lambda shape: np.full(shape, 6), 2),
        ValueError,
        "negative_sampling: samples[0, 0] is 6; expected integers from 0 to 5",
    ),
    (lambda: F.black_out(X, T, W, SIGNS), ValueError, "black_out: t[3] is -1; expected integers from 0 to 5"),
    (
        lambda: F.connectionist_temporal_classification(SCORES, np.array([[1, 1, 1], [0, 0, 0]]), 2),
        ValueError,
        "example 0 has 4 times, its 3 labels with 2 blanks between equal ones take 5; leave such examples out",
    ),
    (
        lambda: F.connectionist_temporal_classification(SCORES, np.array([[1, 2], [0, 1]]), 2),
        ValueError,
        "t[0, 1] is 2, the blank_symbol; leave blanks out of the labels",
    ),
    (
        lambda: F.connectionist_temporal_classification(SCORES, np.array([[1], [0]]), 3),
        ValueError,
        "blank_symbol is 3, x has 3 symbols; expected one of them",
    ),
    (
        lambda: F.connectionist_temporal_classification(SCORES, np.array([[1], [0]]), 2, np.array([5, 4])),
        ValueError,
        "input_length[0] is 5; expected integers from 1 to 4",
    ),
    (
        lambda: F.connectionist_temporal_classification([], np.array([[1]]), 2),
        ValueError,
        "x is empty; expected scores",
    ),
    (
        lambda: F.crf1d(np.zeros((3, 3)), [np.zeros((1, 3)), np.zeros((2, 3))], []),
        ValueError,
        "crf1d: xs[1] has shape (2, 3); expected (n, 3) with n at most 1, the longest sequences first",
    ),
    (
        lambda: F.crf1d(np.zeros((3, 2)), [], []),
        ValueError,
        "crf1d: cost has shape (3, 2); expected (n_label, n_label)",
    ),
    (
        lambda: F.crf1d(np.zeros((3, 3)), [np.zeros((1, 3))], [np.array([3])]),
        ValueError,
        "crf1d: ys[0][0] is 3; expected integers from 0 to 2",
    ),
    (
        lambda: L.CRF1d(3)([np.zeros((1, 3)), np.zeros((2, 3))], [np.array([0])] * 2, transpose=True),
        ValueError,
        "CRF1d: xs have the lengths [1, 2]; put the longest sequences first",
    ),
    (lambda: L.NegativeSampling(3, [0, 0], 2), ValueError, "expected a vector of numbers from 0 up, not all of them 0"),
    (
        lambda: L.BinaryHierarchicalSoftmax(3, (0, 1, 2)),
        ValueError,
        "tree has a node of 3 parts, (0, 1, 2); expected two",
    ),
    (lambda: L.BinaryHierarchicalSoftmax(3, (0, (1, 0))), ValueError, "tree has the leaf 0, which comes twice"),
    (lambda: L.BinaryHierarchicalSoftmax(3, 0), ValueError, "tree is 0; expected a tuple (left, right)"),
    (
        lambda: L.BinaryHierarchicalSoftmax(4, (0, 2))(X, ALL),
        ValueError,
        "t[1] is 3, which is no leaf of the tree; make a tree with all classes",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert text in str(e.value)
