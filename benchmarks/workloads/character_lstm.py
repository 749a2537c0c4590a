"""W6: a language model of characters, an LSTM trained by truncated backpropagation through time: 35 times, then one step of SGD.

W6-steps calls its layers once for each time, as a program does that decides what comes next; W6-sequence gives them all times at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Contest, Workload

BATCH, TIMES, VOCABULARY, EMBEDDED, HIDDEN = 20, 35, 1000, 128, 256
LR, THRESHOLD = 0.1, 5.0
SIZES = f"vocabulary {VOCABULARY}, embedding {EMBEDDED}, LSTM {HIDDEN}, {TIMES} times, batch {BATCH}, clipped SGD"

STEPS = Workload("W6-steps", f"character LSTM, a time a call: {SIZES}", target=0.70, tolerance=1e-5)
SEQUENCE = Workload("W6-sequence", f"character LSTM, NStepLSTM: {SIZES}", target=0.45, tolerance=1e-5, counted=False)
WORKLOADS = (STEPS, SEQUENCE)


def data() -> Any:
    """Characters `(times + 1, batch)` int64: those from the second time on are to be foretold."""
    return np.random.RandomState(0).randint(0, VOCABULARY, (TIMES + 1, BATCH))


def initial() -> tuple[Any, Any, Any, Any]:
    """Embeddings, weights of the input and of the state with the gates i, f, a, o in blocks, and output weights; biases are 0."""
    rng = np.random.RandomState(1)
    shapes = (VOCABULARY, EMBEDDED), (4 * HIDDEN, EMBEDDED), (4 * HIDDEN, HIDDEN), (VOCABULARY, HIDDEN)
    embed, upward, lateral, out = (
        (rng.randn(*shape) * scale).astype(np.float32)
        for shape, scale in zip(shapes, (0.1, 0.08, 0.06, 0.06), strict=True)
    )
    return embed, upward, lateral, out


def with_torch(sequence: bool, biases: int) -> Contest:
    """Torch, by LSTMCell or by LSTM; its cells have two biases, of which one stays 0 where other cells have but one."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    embed, out = nn.Embedding(VOCABULARY, EMBEDDED), nn.Linear(HIDDEN, VOCABULARY)
    rnn: Any = (nn.LSTM if sequence else nn.LSTMCell)(EMBEDDED, HIDDEN)
    every = [*embed.parameters(), *rnn.parameters(), *out.parameters()]
    embed_W, upward_W, lateral_W, out_W = initial()
    zeros = np.zeros(4 * HIDDEN, np.float32)
    with torch.no_grad():
        for p, first in zip(
            every, (embed_W, upward_W, lateral_W, zeros, zeros, out_W, np.zeros(VOCABULARY, np.float32)), strict=True
        ):
            p.copy_(torch.tensor(first))
    every[4].requires_grad_(biases == 2)
    parameters = [p for p in every if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=LR)
    x = torch.tensor(data())
    zero = torch.zeros(*[1] * sequence, BATCH, HIDDEN)
    state = zero, zero

    def loss_of_times(h: Any, c: Any) -> Any:
        loss: Any = 0
        for t in range(TIMES):
            h, c = rnn(embed(x[t]), (h, c))
            loss = loss + F.cross_entropy(out(h), x[t + 1])
        return loss, h, c

    def loss_of_sequence(h: Any, c: Any) -> Any:
        y, (h, c) = rnn(embed(x[:-1]), (h, c))
        return F.cross_entropy(out(y).reshape(-1, VOCABULARY), x[1:].reshape(-1)) * TIMES, h, c

    lossfun = loss_of_sequence if sequence else loss_of_times

    def step() -> Any:
        nonlocal state
        loss, h, c = lossfun(*state)
        state = h.detach(), c.detach()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, THRESHOLD)
        optimizer.step()
        return loss

    return Contest(step, lambda loss: (loss.item(),))


for _one, _biases in ((STEPS, 1), (SEQUENCE, 2)):
    _one.torch(partial(with_torch, False, _biases))
    _one.torch_as("torch-nn-LSTM")(partial(with_torch, True, _biases))


def _catena_step(model: Any, lossfun: Callable[[], Any]) -> Contest:
    """One update of the model after all times, which ends the graph there."""
    from catena.training import optimizers

    optimizer = optimizers.SGD(lr=LR)
    optimizer.setup(model)
    optimizer.add_hook(optimizers.GradientClipping(THRESHOLD))

    def step() -> Any:
        loss = lossfun()
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()
        return loss.array

    return Contest(step, lambda loss: (float(loss),))


@STEPS.catena
def with_catena_steps() -> Contest:
    """Catena, a time a call."""
    import catena.nn as nn
    import catena.nn.functions as F
    import catena.nn.links as L

    embed_W, upward_W, lateral_W, out_W = initial()

    class Model(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.embed = L.EmbedID(VOCABULARY, EMBEDDED, initialW=embed_W)
                self.rnn = L.LSTM(EMBEDDED, HIDDEN, forget_bias_init=0)
                self.out = L.Linear(HIDDEN, VOCABULARY, initialW=out_W)

        def forward(self, x: Any) -> Any:
            return self.out(self.rnn(self.embed(x)))

    model = Model()
    model.rnn.upward.W.array[...] = _interleaved(upward_W)
    model.rnn.lateral.W.array[...] = _interleaved(lateral_W)
    x = data()

    def lossfun() -> Any:
        loss: Any = 0
        for t in range(TIMES):
            loss = loss + F.softmax_cross_entropy(model(x[t]), x[t + 1])
        return loss

    return _catena_step(model, lossfun)


def _interleaved(W: Any) -> Any:
    """Rows in the order of `L.LSTM`: the gates a, i, f, o of one unit side by side."""
    i, f, a, o = np.split(W, 4)
    return np.stack([a, i, f, o], axis=1).reshape(W.shape)


@SEQUENCE.catena
def with_catena_sequence() -> Contest:
    """Catena, all times at once."""
    import catena.nn as nn
    import catena.nn.functions as F
    import catena.nn.links as L

    embed_W, upward_W, lateral_W, out_W = initial()

    class Model(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.embed = L.EmbedID(VOCABULARY, EMBEDDED, initialW=embed_W)
                self.rnn = L.NStepLSTM(1, EMBEDDED, HIDDEN, dropout=0.0)
                self.out = L.Linear(HIDDEN, VOCABULARY, initialW=out_W)

        def forward(self, h: Any, c: Any, xs: Any) -> Any:
            ends = np.cumsum([len(x) for x in xs])[:-1]
            embedded = F.split_axis(self.embed(np.concatenate(xs)), ends, axis=0)
            h, c, ys = self.rnn(h, c, embedded)
            return h, c, self.out(F.concat(ys, axis=0))

    model = Model()
    for j, W in enumerate([*np.split(upward_W, 4), *np.split(lateral_W, 4)]):
        getattr(model.rnn[0], f"w{j}").array[...] = W
    texts = list(data().T)
    xs, t = [x[:-1] for x in texts], np.concatenate([x[1:] for x in texts])
    h = c = None

    def lossfun() -> Any:
        nonlocal h, c
        h, c, y = model(h, c, xs)
        return F.softmax_cross_entropy(y, t) * TIMES

    return _catena_step(model, lossfun)
