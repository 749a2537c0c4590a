"""W8: a chain of 1000 additions `y = y + x` of one element, forward and backward."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

LENGTH = 1000

WORKLOAD = Workload(
    name="W8-chain",
    title="1000 additions y = y + x of one element, forward and backward",
    target=0.35,
    tolerance=1e-5,
    counted=False,
)


def data() -> Any:
    """One element, `(1,)` float32."""
    return np.array([0.5], np.float32)


@WORKLOAD.torch
def with_torch() -> Contest:
    """Torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x: Any = torch.tensor(data(), requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(LENGTH):
            y = y + x
        y.backward()
        return y

    return Contest(step, lambda y: (y.item(), x.grad.item()))


@WORKLOAD.numpy
def with_numpy() -> Contest:
    """NumPy, by hand."""
    x = data()

    def step() -> Any:
        y = x
        for _ in range(LENGTH):
            y = y + x
        g = np.ones_like(y)
        gx = g
        for _ in range(LENGTH):
            gx = gx + g
        return y, gx

    return Contest(step, lambda result: (result[0].item(), result[1].item()))


@WORKLOAD.hips
def with_hips() -> Contest:
    """HIPS autograd."""
    from autograd import value_and_grad

    x = data()

    def chain(x: Any) -> Any:
        y = x
        for _ in range(LENGTH):
            y = y + x
        return y

    value_and_gradient = value_and_grad(chain)

    def step() -> Any:
        return value_and_gradient(x)

    return Contest(step, lambda result: (result[0].item(), result[1].item()))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    import catena.autograd as ag

    x: Any = ag.Variable(data())

    def step() -> Any:
        x.cleargrad()
        y = x
        for _ in range(LENGTH):
            y = y + x
        y.backward()
        return y

    return Contest(step, lambda y: (y.array.item(), x.grad.item()))
