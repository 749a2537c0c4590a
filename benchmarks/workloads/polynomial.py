"""W8: `y = x**2 - 2*x + 1` on one element, forward and backward: what the bookkeeping of an operation costs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

WORKLOAD = Workload(
    name="W8-polynomial",
    title="y = x**2 - 2*x + 1 on one element, forward and backward",
    target=0.20,
    tolerance=1e-6,
)


def data() -> Any:
    """One element, `(1,)` float32."""
    return np.array([5], np.float32)


@WORKLOAD.torch
def with_torch() -> Contest:
    """Torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x: Any = torch.tensor(data(), requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x**2 - 2 * x + 1
        y.backward()
        return y

    return Contest(step, lambda y: (y.item(), x.grad.item()))


@WORKLOAD.numpy
def with_numpy() -> Contest:
    """NumPy, by hand."""
    x = data()

    def step() -> Any:
        y = x**2 - 2 * x + 1
        g = np.ones_like(y)
        return y, g * 2 * x - g * 2

    return Contest(step, lambda result: (result[0].item(), result[1].item()))


@WORKLOAD.hips
def with_hips() -> Contest:
    """HIPS autograd."""
    from autograd import value_and_grad

    x = data()
    value_and_gradient = value_and_grad(lambda x: x**2 - 2 * x + 1)

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
        y = x**2 - 2 * x + 1
        y.backward()
        return y

    return Contest(step, lambda y: (y.array.item(), x.grad.item()))
