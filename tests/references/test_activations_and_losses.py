"""Values, gradients and gradients of gradients of activations and losses are those of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable, grad

torch = pytest.importorskip("torch")
T = torch.nn.functional
of = torch.as_tensor

RNG = np.random.default_rng(0)
LABELS = np.array([0, 3, -1, 2, 1])
SIGNS = RNG.integers(0, 2, (5, 4))
YES = SIGNS.astype(float)
SHARES = RNG.random((5, 4))
SIDES = 1 - 2 * np.eye(4)[abs(LABELS)]
PAIRS = np.array([0, 1, 1, 0, 0])
SLOPES = RNG.random(4)
PATHS = RNG.integers(0, 4, (4, 3))
TIMES, LENGTHS = np.array([7, 6, 7, 5]), np.array([3, 2, 0, 2])


def focal(x: Any) -> Any:
    losses = T.cross_entropy(x, of(LABELS), ignore_index=-1, reduction="none")
    return ((1 - torch.exp(-losses)) ** 2 * losses).sum() / 4


def sigmoid_focal(x: Any) -> Any:
    p = torch.sigmoid(torch.where(of(SIGNS) == 1, x, -x))
    return (-torch.where(of(SIGNS) == 1, 0.25, 0.75) * (1 - p) ** 2 * torch.log(p)).mean()


def normal(mean: Any, ln_var: Any) -> Any:
    return torch.distributions.Normal(mean, torch.exp(ln_var / 2))


def contrastive(a: Any, b: Any) -> Any:
    d = (a - b).norm(dim=1)
    return (torch.where(of(PAIRS) == 1, d**2, torch.relu(5 - d) ** 2) / 2).mean()


def decov(h: Any) -> Any:
    c = torch.cov(h.T, correction=0)
    return (c - torch.diag(torch.diag(c))).square().sum() / 2


def ctc(x: Any) -> Any:
    losses = T.ctc_loss(torch.log_softmax(x, 2), of(PATHS), of(TIMES), of(LENGTHS), blank=4, reduction="none")
    return losses.mean()


Row = tuple[str, Callable[..., Any], Callable[..., Any], list[tuple[int, ...]]]

ONE, TWO, THREE = [[(5, 4)] * n for n in (1, 2, 3)]
ROWS: list[Row] = [
    ("relu", F.relu, T.relu, ONE),
    ("leaky_relu", F.leaky_relu, lambda x: T.leaky_relu(x, 0.2), ONE),
    ("relu6", F.relu6, T.relu6, ONE),
    ("clipped_relu", lambda x: F.clipped_relu(x, 1.5), lambda x: T.hardtanh(x, 0, 1.5), ONE),
    ("hard_tanh", F.hard_tanh, T.hardtanh, ONE),
    ("hard_sigmoid", F.hard_sigmoid, lambda x: torch.clip(0.2 * x + 0.5, 0, 1), ONE),
    ("hard_swish", F.hard_swish, T.hardswish, ONE),
    ("elu", lambda x: F.elu(x, 0.5), lambda x: T.elu(x, 0.5), ONE),
    ("selu", F.selu, T.selu, ONE),
    ("celu", lambda x: F.celu(x, alpha=0.5), lambda x: T.celu(x, 0.5), ONE),
    ("prelu", F.prelu, T.prelu, [(5, 4), (4,)]),
    ("crelu", F.crelu, lambda x: torch.cat([T.relu(x), T.relu(-x)], 1), ONE),
    ("maxout", lambda x: F.maxout(x, 2), lambda x: x.reshape(5, 2, 2).amax(2), ONE),
    ("sigmoid", F.sigmoid, torch.sigmoid, ONE),
    ("log_sigmoid", F.log_sigmoid, T.logsigmoid, ONE),
    ("softplus", lambda x: F.softplus(x, 2.0), lambda x: T.softplus(x, 2.0), ONE),
    ("silu", F.silu, T.silu, ONE),
    ("swish", F.swish, lambda x, b: x * torch.sigmoid(b * x), [(5, 4), (4,)]),
    ("mish", F.mish, T.mish, ONE),
    ("gelu", F.gelu, T.gelu, ONE),
    ("gelu approximately", lambda x: F.gelu(x, True), lambda x: T.gelu(x, approximate="tanh"), ONE),
    ("softsign", F.softsign, T.softsign, ONE),
    ("glu", F.glu, lambda x: T.glu(x, 1), ONE),
    ("softmax", F.softmax, lambda x: T.softmax(x, 1), ONE),
    ("log_softmax", F.log_softmax, lambda x: T.log_softmax(x, 1), ONE),
    (
        "softmax_cross_entropy",
        lambda x: F.softmax_cross_entropy(x, LABELS),
        lambda x: T.cross_entropy(x, of(LABELS), ignore_index=-1),
        ONE,
    ),
    (
        "softmax_cross_entropy of probabilities",
        lambda x: F.softmax_cross_entropy(x, SHARES),
        lambda x: T.cross_entropy(x, of(SHARES)),
        ONE,
    ),
    (
        "label_smoothed_cross_entropy",
        lambda x: F.label_smoothed_cross_entropy(x, LABELS, 0.2),
        lambda x: T.cross_entropy(x, of(LABELS), ignore_index=-1, label_smoothing=0.2),
        ONE,
    ),
    ("focal_loss", lambda x: F.focal_loss(x, LABELS), focal, ONE),
    (
        "sigmoid_cross_entropy",
        lambda x: F.sigmoid_cross_entropy(x, SIGNS),
        lambda x: T.binary_cross_entropy_with_logits(x, of(YES)),
        ONE,
    ),
    ("sigmoid_focal_loss", lambda x: F.sigmoid_focal_loss(x, SIGNS), sigmoid_focal, ONE),
    ("mean_squared_error", F.mean_squared_error, T.mse_loss, TWO),
    ("mean_absolute_error", F.mean_absolute_error, T.l1_loss, TWO),
    (
        "huber_loss",
        lambda x, t: F.huber_loss(x, t, 0.7),
        lambda x, t: T.huber_loss(x, t, delta=0.7, reduction="none").sum(1),
        TWO,
    ),
    ("hinge", lambda x: F.hinge(x, abs(LABELS), "L2"), lambda x: (T.relu(1 + of(SIDES) * x) ** 2).sum() / 5, ONE),
    ("contrastive", lambda a, b: F.contrastive(a, b, PAIRS, 5), contrastive, TWO),
    (
        "triplet",
        F.triplet,
        lambda a, p, n: T.relu(((a - p) ** 2 - (a - n) ** 2).sum(1) + 0.2).mean(),
        THREE,
    ),
    ("gaussian_nll", F.gaussian_nll, lambda x, m, v: -normal(m, v).log_prob(x).sum(), THREE),
    (
        "gaussian_kl_divergence",
        F.gaussian_kl_divergence,
        lambda m, v: torch.distributions.kl_divergence(normal(m, v), normal(0 * m, 0 * v)).sum(),
        TWO,
    ),
    (
        "bernoulli_nll",
        lambda y: F.bernoulli_nll(SHARES, y),
        lambda y: T.binary_cross_entropy_with_logits(y, of(SHARES), reduction="sum"),
        ONE,
    ),
    ("decov", F.decov, decov, ONE),
    (
        "connectionist_temporal_classification",
        lambda x: F.connectionist_temporal_classification(x, PATHS, 4, TIMES, LENGTHS),
        ctc,
        [(7, 4, 5)],
    ),
]
ONCE = {"connectionist_temporal_classification"}  # torch has no second derivative


@pytest.mark.parametrize(("name", "ours", "torchs", "shapes"), ROWS, ids=[row[0] for row in ROWS])
def test_against_torch(name: str, ours: Any, torchs: Any, shapes: list[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(1)
    values = [2 * rng.standard_normal(shape) for shape in shapes]
    xs, ts = [Variable(v) for v in values], [torch.tensor(v, requires_grad=True) for v in values]
    y, expected = ours(*xs), torchs(*ts)
    _close(y, expected)
    g = rng.standard_normal(y.shape)
    twice = name not in ONCE
    gxs = grad([y], xs, [Variable(g)], create_graph=twice)
    gts = torch.autograd.grad(expected, ts, of(g), create_graph=twice)
    for gx, gt in zip(gxs, gts, strict=True):
        _close(gx, gt)
    if twice and any(gt.requires_grad for gt in gts):
        ws = [rng.standard_normal(v.shape) for v in values]
        total = sum(F.sum(gx * w) for gx, w in zip(gxs, ws, strict=True))
        wanted = sum((gt * of(w)).sum() for gt, w in zip(gts, ws, strict=True))
        again = grad([total], xs), torch.autograd.grad(wanted, ts, allow_unused=True)
        for x, gx, gt in zip(values, *again, strict=True):  # None where there is nothing to differentiate
            _close(np.zeros_like(x) if gx is None else gx, torch.zeros(x.shape) if gt is None else gt)


def _close(got: Any, expected: Any) -> None:
    got = got.array if isinstance(got, Variable) else got
    np.testing.assert_allclose(got, expected.detach().numpy(force=True), rtol=1e-9, atol=1e-11)
