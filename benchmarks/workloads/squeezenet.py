"""W5: SqueezeNet (Iandola et al. 2016, arXiv:1602.07360) on 227 x 227 images: inference, and a step of SGD with momentum.

It is version 1.0 without dropout, so that all contestants compute the same.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

CLASSES, LENGTH = 1000, 227
POOL = None
# Channels that come in, are squeezed to, and go out of the 1 x 1 and of the 3 x 3 windows; max pooling in between.
FIRES = (
    *(POOL, (96, 16, 64, 64), (128, 16, 64, 64), (128, 32, 128, 128)),
    *(POOL, (256, 32, 128, 128), (256, 48, 192, 192), (384, 48, 192, 192), (384, 64, 256, 256)),
    *(POOL, (512, 64, 256, 256)),
)
LR, MOMENTUM = 1e-4, 0.9


def _workload(name: str, title: str, target: float, steps: int) -> Workload:
    return Workload(name, f"SqueezeNet on 3x{LENGTH}x{LENGTH} images, {title}", target, tolerance=1e-4, steps=steps)


INFERENCE_1 = _workload("W5-inference-1", "inference, batch 1", 0.55, 3)
INFERENCE_8 = _workload("W5-inference-8", "inference, batch 8", 0.50, 3)
TRAINING = _workload("W5-training", "training, batch 4, softmax cross entropy, momentum", 0.68, 10)
WORKLOADS = (INFERENCE_1, INFERENCE_8, TRAINING)


def data(batch: int) -> tuple[Any, Any]:
    """Images `(batch, 3, 227, 227)` float32 and labels `(batch,)` int64."""
    rng = np.random.RandomState(0)
    return rng.randn(batch, 3, LENGTH, LENGTH).astype(np.float32), rng.randint(0, CLASSES, batch)


def initial() -> list[Any]:
    """The weights in the order in which they are used, after He et al. 2015 (arXiv:1502.01852); biases are 0."""
    rng = np.random.RandomState(1)
    shapes = [(96, 3, 7)]
    for fire in FIRES:
        if fire is not POOL:
            n_in, squeezed, ones, threes = fire
            shapes += [(squeezed, n_in, 1), (ones, squeezed, 1), (threes, squeezed, 3)]
    shapes.append((CLASSES, 512, 1))
    return [(rng.randn(o, i, k, k) * np.sqrt(2 / (i * k * k))).astype(np.float32) for o, i, k in shapes]


def torch_model(memory: str) -> Any:
    """The network in torch, with its arrays in the given memory format."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Fire(nn.Module):
        def __init__(self, n_in: int, squeezed: int, ones: int, threes: int) -> None:
            super().__init__()
            self.squeeze = nn.Conv2d(n_in, squeezed, 1)
            self.ones = nn.Conv2d(squeezed, ones, 1)
            self.threes = nn.Conv2d(squeezed, threes, 3, padding=1)

        def forward(self, x: Any) -> Any:
            h = F.relu(self.squeeze(x))
            return torch.cat([F.relu(self.ones(h)), F.relu(self.threes(h))], 1)

    model = nn.Sequential(
        *(nn.Conv2d(3, 96, 7, 2), nn.ReLU()),
        *(nn.MaxPool2d(3, 2) if fire is POOL else Fire(*fire) for fire in FIRES),
        *(nn.Conv2d(512, CLASSES, 1), nn.ReLU(), nn.AvgPool2d(13), nn.Flatten()),
    )
    parameters = list(model.parameters())
    with torch.no_grad():
        for W, b, first in zip(parameters[::2], parameters[1::2], initial(), strict=True):
            W.copy_(torch.tensor(first))
            b.zero_()
    return model.to(memory_format=getattr(torch, memory))


def torch_inference(batch: int, memory: str = "contiguous_format") -> Contest:
    """Inference by torch, eager."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = torch_model(memory)
    x = torch.tensor(data(batch)[0]).to(memory_format=getattr(torch, memory))

    def step() -> Any:
        with torch.inference_mode():
            return model(x)

    return Contest(step, lambda y: (y.sum().item(), y.max().item()))


def torch_training(memory: str = "contiguous_format") -> Contest:
    """A step of training by torch, eager."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = torch_model(memory)
    x, t = (torch.tensor(a) for a in data(4))
    x = x.to(memory_format=getattr(torch, memory))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss: Any = F.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


def catena_model() -> Any:
    """The network in catena."""
    import catena.nn as nn
    import catena.nn.functions as F
    import catena.nn.links as L

    weights = iter(initial())

    class Fire(nn.Chain):
        def __init__(self, n_in: int, squeezed: int, ones: int, threes: int) -> None:
            super().__init__()
            with self.init_scope():
                self.squeeze = L.Convolution2D(n_in, squeezed, 1, initialW=next(weights))
                self.ones = L.Convolution2D(squeezed, ones, 1, initialW=next(weights))
                self.threes = L.Convolution2D(squeezed, threes, 3, pad=1, initialW=next(weights))

        def forward(self, x: Any) -> Any:
            h = F.relu(self.squeeze(x))
            return F.concat([F.relu(self.ones(h)), F.relu(self.threes(h))], axis=1)

    class SqueezeNet(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.first = L.Convolution2D(3, 96, 7, stride=2, initialW=next(weights))
                self.fires = nn.ChainList(*(Fire(*fire) for fire in FIRES if fire is not POOL))
                self.last = L.Convolution2D(512, CLASSES, 1, initialW=next(weights))

        def forward(self, x: Any) -> Any:
            h = F.relu(self.first(x))
            fires = iter(self.fires)
            for fire in FIRES:
                h = F.max_pooling_2d(h, 3, stride=2) if fire is POOL else next(fires)(h)
            h = F.average_pooling_2d(F.relu(self.last(h)), 13)
            return F.reshape(h, (-1, CLASSES))

    return SqueezeNet()


def catena_inference(batch: int) -> Contest:
    """Inference by catena."""
    import catena.autograd as ag

    model = catena_model()
    x, _ = data(batch)

    def step() -> Any:
        with ag.using_config("train", False), ag.no_backprop_mode():
            return model(x).array

    return Contest(step, lambda y: (float(y.sum()), float(y.max())))


def catena_training() -> Contest:
    """A step of training by catena."""
    import catena.nn.functions as F
    from catena.training import optimizers

    model = catena_model()
    optimizer = optimizers.MomentumSGD(lr=LR, momentum=MOMENTUM)
    optimizer.setup(model)
    x, t = data(4)
    seen: Any = None

    def lossfun(x: Any, t: Any) -> Any:
        nonlocal seen
        loss = F.softmax_cross_entropy(model(x), t)
        seen = loss.array
        return loss

    def step() -> Any:
        optimizer.update(lossfun, x, t)
        return seen

    return Contest(step, lambda loss: (float(loss),))


for _one, _batch in ((INFERENCE_1, 1), (INFERENCE_8, 8)):
    _one.torch(partial(torch_inference, _batch))
    _one.torch_as("torch-channels-last")(partial(torch_inference, _batch, "channels_last"))
    _one.catena(partial(catena_inference, _batch))
TRAINING.torch(torch_training)
TRAINING.torch_as("torch-channels-last")(partial(torch_training, "channels_last"))
TRAINING.catena(catena_training)
