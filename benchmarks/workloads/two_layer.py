"""W2: two matrices and a relu without biases, mean squared error, one step of SGD."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

BATCH, N_IN, HIDDEN, N_OUT = 64, 1000, 100, 10
LR = 1e-4

WORKLOAD = Workload(
    name="W2",
    title="two layers 1000-100-10 without biases, relu, mean squared error, batch 64, SGD",
    target=0.45,
    tolerance=1e-4,
)


def data() -> tuple[Any, Any, Any, Any]:
    """x `(batch, n_in)`, y `(batch, n_out)` and the initial W1 `(n_in, hidden)`, W2 `(hidden, n_out)`, all float32."""
    rng = np.random.RandomState(1)
    shapes = ((BATCH, N_IN), (BATCH, N_OUT), (N_IN, HIDDEN), (HIDDEN, N_OUT))
    x, y, W1, W2 = (rng.randn(*shape).astype(np.float32) for shape in shapes)
    return x, y, W1, W2


@WORKLOAD.torch
def with_torch() -> Contest:
    """Torch, eager."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x, y, W1, W2 = (torch.tensor(a) for a in data())
    W1.requires_grad_()
    W2.requires_grad_()
    optimizer = torch.optim.SGD([W1, W2], lr=LR)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss: Any = F.mse_loss(F.relu(x @ W1) @ W2, y)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


@WORKLOAD.numpy
def with_numpy() -> Contest:
    """NumPy, by hand."""
    x, y, W1, W2 = data()

    def step() -> Any:
        h = x @ W1
        np.maximum(h, 0, out=h)
        e = h @ W2
        e -= y
        loss = np.mean(e * e)
        e *= 2 / e.size
        gW2 = h.T @ e
        gh = e @ W2.T
        gh *= h > 0
        gW1 = x.T @ gh
        np.subtract(W1, LR * gW1, out=W1)
        np.subtract(W2, LR * gW2, out=W2)
        return loss

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.hips
def with_hips() -> Contest:
    """HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, y, *weights = data()

    def loss(weights: Any) -> Any:
        W1, W2 = weights
        e = anp.dot(anp.maximum(anp.dot(x, W1), 0), W2) - y
        return anp.mean(e * e)

    loss_and_gradients = value_and_grad(loss)

    def step() -> Any:
        value, gradients = loss_and_gradients(weights)
        for w, g in zip(weights, gradients, strict=True):
            np.subtract(w, LR * g, out=w)
        return value

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    import catena.nn as nn
    import catena.nn.functions as F
    from catena.training import optimizers

    x, y, W1, W2 = data()

    class TwoLayer(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.W1 = nn.Parameter(W1)
                self.W2 = nn.Parameter(W2)

        def forward(self, x: Any) -> Any:
            return F.matmul(F.relu(F.matmul(x, self.W1)), self.W2)

    model = TwoLayer()
    optimizer = optimizers.SGD(lr=LR)
    optimizer.setup(model)
    seen: Any = None

    def lossfun(x: Any, y: Any) -> Any:
        nonlocal seen
        loss = F.mean_squared_error(model(x), y)
        seen = loss.array
        return loss

    def step() -> Any:
        optimizer.update(lossfun, x, y)
        return seen

    return Contest(step, lambda loss: (float(loss),))
