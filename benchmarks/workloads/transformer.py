"""W9: a block of a transformer (Vaswani et al. 2017, arXiv:1706.03762) that normalizes first, one step of AdamW."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

BATCH, LENGTH, SIZE, HEADS, HIDDEN = 8, 128, 256, 4, 1024
# The epsilon of AdamW is so small that it does not matter which square root it stands beside.
ALPHA, BETA1, BETA2, ADAM_EPS, DECAY, NORM_EPS = 1e-4, 0.9, 0.999, 1e-16, 0.01, 1e-5

WORKLOAD = Workload(
    name="W9",
    title=f"transformer block, size {SIZE}, {HEADS} heads, length {LENGTH}, batch {BATCH}, mean squared error, AdamW",
    target=0.88,
    tolerance=1e-4,
)


def data() -> tuple[Any, Any]:
    """Inputs and what is to come of them, `(batch, length, size)` float32."""
    rng = np.random.RandomState(0)
    x, y = (rng.randn(BATCH, LENGTH, SIZE).astype(np.float32) for _ in range(2))
    return x, y


def initial() -> list[Any]:
    """Weights for query, key, value, what comes of them and the two linear layers, after He et al. 2015; biases are 0."""
    rng = np.random.RandomState(1)
    shapes = [(SIZE, SIZE)] * 4 + [(HIDDEN, SIZE), (SIZE, HIDDEN)]
    return [(rng.randn(n_out, n_in) * np.sqrt(2 / n_in)).astype(np.float32) for n_out, n_in in shapes]


def with_torch(fused: bool = False) -> Contest:
    """Torch, eager, with its fused AdamW or the usual one."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(SIZE, NORM_EPS), nn.LayerNorm(SIZE, NORM_EPS)
            self.qkv, self.out = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
            self.linear1, self.linear2 = nn.Linear(SIZE, HIDDEN), nn.Linear(HIDDEN, SIZE)

        def forward(self, x: Any) -> Any:
            parts = self.qkv(self.norm1(x)).view(BATCH, LENGTH, 3, HEADS, SIZE // HEADS)
            query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
            a = F.scaled_dot_product_attention(query, key, value)
            x = x + self.out(a.transpose(1, 2).reshape(BATCH, LENGTH, SIZE))
            return x + self.linear2(F.gelu(self.linear1(self.norm2(x)), approximate="tanh"))

    model = Block()
    query, key, value, *rest = initial()
    layers = (model.qkv, model.out, model.linear1, model.linear2)
    with torch.no_grad():
        for layer, W in zip(layers, (np.concatenate([query, key, value]), *rest), strict=True):
            layer.weight.copy_(torch.tensor(W))
            layer.bias.zero_()
    x, y = (torch.tensor(a) for a in data())
    settings = {"lr": ALPHA, "betas": (BETA1, BETA2), "eps": ADAM_EPS, "weight_decay": DECAY}
    optimizer = torch.optim.AdamW(model.parameters(), fused=fused or None, **settings)  # type: ignore[arg-type]

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss: Any = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


WORKLOAD.torch(with_torch)
WORKLOAD.torch_as("torch-fused-AdamW")(partial(with_torch, True))


@WORKLOAD.catena
def with_catena() -> Contest:
    """Catena."""
    import catena.nn.functions as F
    import catena.nn.links as L
    from catena.training import optimizers

    model = L.TransformerEncoderLayer(
        SIZE,
        HEADS,
        HIDDEN,
        dropout=0.0,
        activation=partial(F.gelu, approximate=True),
        normalization=partial(L.LayerNormalization, eps=NORM_EPS),
    )
    attention = model.attention
    layers = (attention.query, attention.key, attention.value, attention.out, model.linear1, model.linear2)
    for layer, W in zip(layers, initial(), strict=True):
        layer.W.array[...] = W
    # Here the decay is not scaled by alpha.
    optimizer = optimizers.AdamW(ALPHA, BETA1, BETA2, ADAM_EPS, weight_decay_rate=ALPHA * DECAY)
    optimizer.setup(model)
    x, y = data()
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
