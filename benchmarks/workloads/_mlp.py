"""The three-layer perceptron of W1 and W3 in each library's words; the workloads add sizes and an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

N_IN, N_OUT, BATCH = 784, 10, 100


def data() -> tuple[Any, Any]:
    """Images `(batch, n_in)` float32 and labels `(batch,)` int64."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, N_IN), dtype=np.float32)
    return x, rng.integers(0, N_OUT, BATCH)


def initial(hidden: int) -> list[Any]:
    """[W1, b1, W2, b2, W3, b3]: weights `(n_out, n_in)` after He et al. 2015 (arXiv:1502.01852), biases 0."""
    rng = np.random.default_rng(
        2
    )  # with 1 a unit lies on the edge of its relu, and rounding decides the losses' fourth digit
    parameters = []
    for n_in, n_out in ((N_IN, hidden), (hidden, hidden), (hidden, N_OUT)):
        parameters.append(rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in)).astype(np.float32))
        parameters.append(np.zeros(n_out, np.float32))
    return parameters


def by_hand(parameters: list[Any], x: Any, t: Any) -> tuple[Any, list[Any]]:
    """Loss and gradients in NumPy, derived by hand."""
    W1, b1, W2, b2, W3, b3 = parameters
    rows = np.arange(len(x))
    h1 = x @ W1.T
    h1 += b1
    np.maximum(h1, 0, out=h1)
    h2 = h1 @ W2.T
    h2 += b2
    np.maximum(h2, 0, out=h2)
    y = h2 @ W3.T
    y += b3
    y -= y.max(axis=1, keepdims=True)
    p = np.exp(y)
    total = p.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - y[rows, t])
    p /= total
    p[rows, t] -= 1
    p /= len(x)
    g2 = p @ W3
    g2 *= h2 > 0
    g1 = g2 @ W2
    g1 *= h1 > 0
    gradients = [g1.T @ x, g1.sum(axis=0), g2.T @ h1, g2.sum(axis=0), p.T @ h2, p.sum(axis=0)]
    return loss, gradients


def torch_leaves(hidden: int) -> list[Any]:
    """The initial values as torch's leaves."""
    import torch

    return [torch.tensor(p, requires_grad=True) for p in initial(hidden)]


def torch_loss(parameters: list[Any], x: Any, t: Any) -> Any:
    """The loss in torch."""
    from torch.nn import functional as F

    W1, b1, W2, b2, W3, b3 = parameters
    h = F.relu(F.linear(x, W1, b1))
    h = F.relu(F.linear(h, W2, b2))
    return F.cross_entropy(F.linear(h, W3, b3), t)


def hips_loss(parameters: list[Any], x: Any, onehot: Any) -> Any:
    """The loss in HIPS autograd; the labels come as `(batch, n_out)`, for indexing is slow there."""
    import autograd.numpy as anp

    W1, b1, W2, b2, W3, b3 = parameters
    h = anp.maximum(anp.dot(x, W1.T) + b1, 0)
    h = anp.maximum(anp.dot(h, W2.T) + b2, 0)
    y = anp.dot(h, W3.T) + b3
    y = y - anp.max(y, axis=1, keepdims=True)
    log_p = y - anp.log(anp.sum(anp.exp(y), axis=1, keepdims=True))
    return -anp.sum(log_p * onehot) / len(x)


def onehot(t: Any) -> Any:
    """Labels as rows of the identity, float32."""
    return np.eye(N_OUT, dtype=np.float32)[t]


def catena_step(hidden: int, optimizer: Any) -> Callable[[], Any]:
    """One update by `optimizer`, giving the loss."""
    import catena.nn as nn
    import catena.nn.functions as F
    import catena.nn.links as L

    W1, _, W2, _, W3, _ = initial(hidden)

    class MLP(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.l1 = L.Linear(N_IN, hidden, initialW=W1)
                self.l2 = L.Linear(hidden, hidden, initialW=W2)
                self.l3 = L.Linear(hidden, N_OUT, initialW=W3)

        def forward(self, x: Any) -> Any:
            h = F.relu(self.l1(x))
            h = F.relu(self.l2(h))
            return self.l3(h)

    model = MLP()
    optimizer.setup(model)
    x, t = data()
    seen: Any = None

    def lossfun(x: Any, t: Any) -> Any:
        nonlocal seen
        loss = F.softmax_cross_entropy(model(x), t)
        seen = loss.array
        return loss

    def step() -> Any:
        optimizer.update(lossfun, x, t)
        return seen

    return step
