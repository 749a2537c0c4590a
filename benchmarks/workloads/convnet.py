"""W4: a small convolutional network with batch normalization on 32 x 32 images, one step of SGD with momentum."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

BATCH, LENGTH, CLASSES = 32, 32, 10
CHANNELS = ((3, 32), (32, 32), (32, 64))
FEATURES = 64 * (LENGTH // 4) ** 2
LR, MOMENTUM, EPS = 1e-3, 0.9, 1e-5

WORKLOAD = Workload(
    name="W4",
    title="convnet 3x32x32: 3x3 convolutions to 32, 32, 64 channels, BN, relu, max pooling; batch 32, momentum",
    target=0.45,
    tolerance=1e-4,
)


def data() -> tuple[Any, Any]:
    """Images `(batch, 3, 32, 32)` float32 and labels `(batch,)` int64."""
    rng = np.random.RandomState(0)
    return rng.randn(BATCH, 3, LENGTH, LENGTH).astype(np.float32), rng.randint(0, CLASSES, BATCH)


def initial() -> list[Any]:
    """Weights of the three convolutions, after He et al. 2015 (arXiv:1502.01852), and of the linear layer; biases are 0."""
    rng = np.random.RandomState(1)
    convolutions = [(rng.randn(o, i, 3, 3) * np.sqrt(2 / (9 * i))).astype(np.float32) for i, o in CHANNELS]
    return [*convolutions, (rng.randn(CLASSES, FEATURES) * 0.01).astype(np.float32)]


def with_torch(memory: str = "contiguous_format") -> Contest:
    """Torch, eager, with its arrays in the given memory format."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    layers: list[Any] = []
    for k, (n_in, n_out) in enumerate(CHANNELS):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out, eps=EPS), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] * (k > 0)
    model: Any = nn.Sequential(*layers, nn.Flatten(), nn.Linear(FEATURES, CLASSES))
    learned = [layer for layer in model if isinstance(layer, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for layer, W in zip(learned, initial(), strict=True):
            layer.weight.copy_(torch.tensor(W))
            layer.bias.zero_()
    model = model.to(memory_format=getattr(torch, memory))
    x, t = (torch.tensor(a) for a in data())
    x = x.to(memory_format=getattr(torch, memory))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss: Any = F.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


WORKLOAD.torch(with_torch)
WORKLOAD.torch_as("torch-channels-last")(partial(with_torch, "channels_last"))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    import catena.nn as nn
    import catena.nn.functions as F
    import catena.nn.links as L
    from catena.training import optimizers

    W1, W2, W3, W4 = initial()

    class ConvNet(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.c1 = L.Convolution2D(3, 32, 3, pad=1, initialW=W1)
                self.n1 = L.BatchNormalization(32, eps=EPS)
                self.c2 = L.Convolution2D(32, 32, 3, pad=1, initialW=W2)
                self.n2 = L.BatchNormalization(32, eps=EPS)
                self.c3 = L.Convolution2D(32, 64, 3, pad=1, initialW=W3)
                self.n3 = L.BatchNormalization(64, eps=EPS)
                self.l4 = L.Linear(FEATURES, CLASSES, initialW=W4)

        def forward(self, x: Any) -> Any:
            h = F.relu(self.n1(self.c1(x)))
            h = F.max_pooling_2d(F.relu(self.n2(self.c2(h))), 2)
            h = F.max_pooling_2d(F.relu(self.n3(self.c3(h))), 2)
            return self.l4(h)

    model = ConvNet()
    optimizer = optimizers.MomentumSGD(lr=LR, momentum=MOMENTUM)
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

    return Contest(step, lambda loss: (float(loss),))
