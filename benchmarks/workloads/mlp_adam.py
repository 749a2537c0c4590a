"""W3: a wide perceptron, one step of Adam (Kingma and Ba 2015, arXiv:1412.6980)."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload
from benchmarks.workloads import _mlp

HIDDEN = 1000
# eps is so small that it does not matter which square root it stands beside.
ALPHA, BETA1, BETA2, EPS = 1e-4, 0.9, 0.999, 1e-16

WORKLOAD = Workload(
    name="W3",
    title="MLP 784-1000-1000-10, relu, softmax cross entropy, batch 100, Adam",
    target=0.65,
    tolerance=1e-4,
)


@WORKLOAD.torch
def with_torch() -> Contest:
    """Torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    parameters = _mlp.torch_leaves(HIDDEN)
    x, t = (torch.tensor(a) for a in _mlp.data())
    optimizer = torch.optim.Adam(parameters, lr=ALPHA, betas=(BETA1, BETA2), eps=EPS)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = _mlp.torch_loss(parameters, x, t)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


class _Adam:
    """Adam in NumPy; eps stands beside the square root of the corrected second moment."""

    def __init__(self, parameters: list[Any]) -> None:
        self.parameters = parameters
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.t = 0

    def update(self, gradients: list[Any]) -> None:
        self.t += 1
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            self._update(p, g, m, v)

    def _update(self, p: Any, g: Any, m: Any, v: Any) -> None:
        m += (1 - BETA1) * (g - m)
        v += (1 - BETA2) * (g * g - v)
        fix1, fix2 = 1 - BETA1**self.t, 1 - BETA2**self.t
        p -= ALPHA / fix1 * m / (np.sqrt(v) / math.sqrt(fix2) + EPS)


@WORKLOAD.numpy
def with_numpy() -> Contest:
    """NumPy, by hand."""
    adam = _Adam(_mlp.initial(HIDDEN))
    x, t = _mlp.data()

    def step() -> Any:
        loss, gradients = _mlp.by_hand(adam.parameters, x, t)
        adam.update(gradients)
        return loss

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.hips
def with_hips() -> Contest:
    """HIPS autograd."""
    from autograd import value_and_grad

    adam = _Adam(_mlp.initial(HIDDEN))
    x, t = _mlp.data()
    onehot = _mlp.onehot(t)
    loss_and_gradients = value_and_grad(_mlp.hips_loss)

    def step() -> Any:
        loss, gradients = loss_and_gradients(adam.parameters, x, onehot)
        adam.update(gradients)
        return loss

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    from catena.training import optimizers

    optimizer = optimizers.Adam(alpha=ALPHA, beta1=BETA1, beta2=BETA2, eps=EPS)
    return Contest(_mlp.catena_step(HIDDEN, optimizer), lambda loss: (float(loss),))
