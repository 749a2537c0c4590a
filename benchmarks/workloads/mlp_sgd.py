"""W1: a small perceptron, one step of SGD."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload
from benchmarks.workloads import _mlp

HIDDEN = 100
LR = 0.05

WORKLOAD = Workload(
    name="W1",
    title="MLP 784-100-100-10, relu, softmax cross entropy, batch 100, SGD",
    target=0.55,
    tolerance=1e-5,
)


def sgd(parameters: list[Any], gradients: list[Any]) -> None:
    """`p := p - lr g` in place, for the contestants that have no optimizer of their own."""
    for p, g in zip(parameters, gradients, strict=True):
        np.subtract(p, LR * g, out=p)


@WORKLOAD.torch
def with_torch() -> Contest:
    """Torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    parameters = _mlp.torch_leaves(HIDDEN)
    x, t = (torch.tensor(a) for a in _mlp.data())
    optimizer = torch.optim.SGD(parameters, lr=LR)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = _mlp.torch_loss(parameters, x, t)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


@WORKLOAD.numpy
def with_numpy() -> Contest:
    """NumPy, by hand."""
    parameters = _mlp.initial(HIDDEN)
    x, t = _mlp.data()

    def step() -> Any:
        loss, gradients = _mlp.by_hand(parameters, x, t)
        sgd(parameters, gradients)
        return loss

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.hips
def with_hips() -> Contest:
    """HIPS autograd."""
    from autograd import value_and_grad

    parameters = _mlp.initial(HIDDEN)
    x, t = _mlp.data()
    onehot = _mlp.onehot(t)
    loss_and_gradients = value_and_grad(_mlp.hips_loss)

    def step() -> Any:
        loss, gradients = loss_and_gradients(parameters, x, onehot)
        sgd(parameters, gradients)
        return loss

    return Contest(step, lambda loss: (float(loss),))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    from catena.training import optimizers

    return Contest(_mlp.catena_step(HIDDEN, optimizers.SGD(lr=LR)), lambda loss: (float(loss),))
