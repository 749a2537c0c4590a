"""W7: ten elementwise operations on ten million values, `tanh(x / 2 (1 + tanh(c (a x^3 + x))))`, their sum, and its gradient."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

SIZE = 10_000_000
A, C = 0.044715, 0.79788456
# glibc's malloc then keeps freed memory instead of giving it back to the system, which clears it page by page.
KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


def _workload(name: str, title: str, target: float, counted: bool = False) -> Workload:
    return Workload(
        name=name,
        title=f"ten elementwise operations on 1e7 values, forward and backward: {title}",
        target=target,
        tolerance=1e-5,
        steps=3,
        counted=counted,
    )


NUMPY = _workload("W7-numpy", 'device "numpy"', 0.5, counted=True)
NUMBA = _workload("W7-numba", 'device "numba"', 0.22)
FUSE = _workload("W7-fuse", "the forward and its rule by xp.fuse", 0.02)
WORKLOADS = (NUMPY, NUMBA, FUSE)


def data() -> Any:
    """Normal values, `(10 000 000,)` float32."""
    return np.random.RandomState(0).randn(SIZE).astype(np.float32)


def numbers(loss: Any, gradient: Any) -> tuple[float, float]:
    """What contestants must agree on."""
    return float(loss), float(np.abs(np.asarray(gradient)[::1000]).sum(dtype=np.float64))


def with_torch() -> Contest:
    """Torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    x: Any = torch.tensor(data(), requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = torch.tanh((torch.tanh((x * x * x * A + x) * C) + 1) * x * 0.5).sum()
        y.backward()
        return y.detach()

    return Contest(step, lambda y: numbers(y, x.grad))


def with_catena(device: str) -> Contest:
    """Catena, an operation at a time."""
    import catena.autograd as ag
    import catena.autograd.functions as F
    import xparray as xp

    x: Any = ag.Variable(xp.to_device(data(), device))

    def step() -> Any:
        x.cleargrad()
        y = F.sum(F.tanh((F.tanh((x * x * x * A + x) * C) + 1) * x * 0.5))
        y.backward()
        return y

    return Contest(step, lambda y: numbers(y.array, x.grad))


def with_catena_fused() -> Contest:
    """Catena, as an op whose forward and whose rule are one pass each."""
    import catena.autograd as ag
    import xparray as xp

    @xp.fuse(strict=True)
    def value(x: Any) -> Any:
        return xp.sum(xp.tanh((xp.tanh((x * x * x * A + x) * C) + 1) * x * 0.5))

    @xp.elementwise(strict=True)
    def slope(g: Any, x: Any) -> Any:
        t = xp.tanh((x * x * x * A + x) * C)
        y = xp.tanh((t + 1) * x * 0.5)
        return g * (1 - y * y) * 0.5 * (t + 1 + x * (1 - t * t) * (C * (1 + 3 * A * x * x)))

    @ag.op
    def total(x: Any) -> Any:
        return value(x)

    total.vjps(x=lambda g, x: slope(g, x))
    x: Any = ag.Variable(xp.to_device(data(), "numba"))

    def step() -> Any:
        x.cleargrad()
        y = total(x)
        y.backward()
        return y

    return Contest(step, lambda y: numbers(y.array, x.grad))


for _one in WORKLOADS:
    _one.torch(with_torch)
    _one.torch_as("torch-kept-memory", KEEP_MEMORY)(with_torch)
NUMPY.catena(partial(with_catena, "numpy"))
NUMBA.catena(partial(with_catena, "numba"))
FUSE.catena(with_catena_fused)
