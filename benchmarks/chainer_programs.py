"""W1 to W6 as programs written for Chainer: they run on Chainer 7.8.1 and on the distribution `catena-chainer` as they are.

`python -m benchmarks.chainer_programs W1` serves the program, on whichever `chainer` this Python has; `benchmarks.chainer` asks it.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import optimizers

from benchmarks.worker import serve
from benchmarks.workload import Contest, Contestant
from benchmarks.workloads import _mlp, character_lstm, convnet, mlp_adam, mlp_sgd, squeezenet, two_layer


def updates(model: Any, optimizer: Any, lossfun: Callable[..., Any], x: Any, t: Any) -> Contest:
    """Steps of `optimizer.update(lossfun, x, t)`."""
    optimizer.setup(model)
    seen: Any = None

    def loss_of(x: Any, t: Any) -> Any:
        nonlocal seen
        loss = lossfun(model(x), t)
        seen = loss.array
        return loss

    def step() -> Any:
        optimizer.update(loss_of, x, t)
        return seen

    return Contest(step, lambda loss: (float(loss),))


# ------------------------------------------------------------------------------------------- W1, W2, W3


class MLP(chainer.Chain):
    """Three linear layers."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        W1, _, W2, _, W3, _ = _mlp.initial(hidden)
        with self.init_scope():
            self.l1 = L.Linear(None, hidden, initialW=W1)
            self.l2 = L.Linear(None, hidden, initialW=W2)
            self.l3 = L.Linear(None, _mlp.N_OUT, initialW=W3)

    def forward(self, x: Any) -> Any:
        """The scores of the classes."""
        h1 = F.relu(self.l1(x))
        h2 = F.relu(self.l2(h1))
        return self.l3(h2)


def mlp(hidden: int, optimizer: Any) -> Contest:
    """W1 and W3."""
    x, t = _mlp.data()
    return updates(MLP(hidden), optimizer, F.softmax_cross_entropy, x, t.astype(np.int32))


class TwoLayer(chainer.Chain):
    """Two matrices as parameters of the chain's own."""

    def __init__(self, W1: Any, W2: Any) -> None:
        super().__init__()
        with self.init_scope():
            self.W1 = chainer.Parameter(W1)
            self.W2 = chainer.Parameter(W2)

    def forward(self, x: Any) -> Any:
        """The outputs."""
        return F.matmul(F.relu(F.matmul(x, self.W1)), self.W2)


def two_matrices() -> Contest:
    """W2."""
    x, y, W1, W2 = two_layer.data()
    return updates(TwoLayer(W1, W2), optimizers.SGD(lr=two_layer.LR), F.mean_squared_error, x, y)


# ---------------------------------------------------------------------------------------------- W4, W5


class ConvNet(chainer.Chain):
    """Three convolutions with batch normalization, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        W1, W2, W3, W4 = convnet.initial()
        with self.init_scope():
            self.conv1 = L.Convolution2D(None, 32, 3, pad=1, initialW=W1)
            self.bn1 = L.BatchNormalization(32, eps=convnet.EPS)
            self.conv2 = L.Convolution2D(None, 32, 3, pad=1, initialW=W2)
            self.bn2 = L.BatchNormalization(32, eps=convnet.EPS)
            self.conv3 = L.Convolution2D(None, 64, 3, pad=1, initialW=W3)
            self.bn3 = L.BatchNormalization(64, eps=convnet.EPS)
            self.fc = L.Linear(None, convnet.CLASSES, initialW=W4)

    def forward(self, x: Any) -> Any:
        """The scores of the classes."""
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.max_pooling_2d(F.relu(self.bn2(self.conv2(h))), 2)
        h = F.max_pooling_2d(F.relu(self.bn3(self.conv3(h))), 2)
        return self.fc(h)


def small_images() -> Contest:
    """W4."""
    x, t = convnet.data()
    optimizer = optimizers.MomentumSGD(lr=convnet.LR, momentum=convnet.MOMENTUM)
    return updates(ConvNet(), optimizer, F.softmax_cross_entropy, x, t.astype(np.int32))


class Fire(chainer.Chain):
    """1 x 1 windows that squeeze, then 1 x 1 and 3 x 3 windows side by side."""

    def __init__(self, n_in: int, squeezed: int, ones: int, threes: int, weights: Any) -> None:
        super().__init__()
        with self.init_scope():
            self.conv1 = L.Convolution2D(n_in, squeezed, 1, initialW=next(weights))
            self.conv2 = L.Convolution2D(squeezed, ones, 1, initialW=next(weights))
            self.conv3 = L.Convolution2D(squeezed, threes, 3, pad=1, initialW=next(weights))

    def forward(self, x: Any) -> Any:
        """Both kinds of features, as channels."""
        h = F.relu(self.conv1(x))
        return F.concat((F.relu(self.conv2(h)), F.relu(self.conv3(h))), axis=1)


class SqueezeNet(chainer.Chain):
    """Version 1.0, without dropout."""

    def __init__(self) -> None:
        super().__init__()
        weights = iter(squeezenet.initial())
        with self.init_scope():
            self.conv1 = L.Convolution2D(3, 96, 7, stride=2, initialW=next(weights))
            fires = [Fire(*fire, weights=weights) for fire in squeezenet.FIRES if fire is not squeezenet.POOL]
            self.fires = chainer.ChainList(*fires)
            self.conv10 = L.Convolution2D(512, squeezenet.CLASSES, 1, initialW=next(weights))

    def forward(self, x: Any) -> Any:
        """The scores of the classes."""
        h = F.relu(self.conv1(x))
        fires = iter(self.fires)
        for fire in squeezenet.FIRES:
            h = F.max_pooling_2d(h, 3, stride=2) if fire is squeezenet.POOL else next(fires)(h)
        h = F.average_pooling_2d(F.relu(self.conv10(h)), 13)
        return F.reshape(h, (x.shape[0], squeezenet.CLASSES))


def inference(batch: int) -> Contest:
    """W5, without a graph."""
    model = SqueezeNet()
    x, _ = squeezenet.data(batch)

    def step() -> Any:
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            return model(x).array

    return Contest(step, lambda y: (float(y.sum()), float(y.max())))


def large_images() -> Contest:
    """W5, a step of training."""
    x, t = squeezenet.data(4)
    optimizer = optimizers.MomentumSGD(lr=squeezenet.LR, momentum=squeezenet.MOMENTUM)
    return updates(SqueezeNet(), optimizer, F.softmax_cross_entropy, x, t.astype(np.int32))


# -------------------------------------------------------------------------------------------------- W6


class Characters(chainer.Chain):
    """An embedding, an LSTM and a linear layer."""

    def __init__(self, rnn: Any) -> None:
        super().__init__()
        embed_W, _, _, out_W = character_lstm.initial()
        with self.init_scope():
            self.embed = L.EmbedID(*embed_W.shape, initialW=embed_W)
            self.rnn = rnn
            self.out = L.Linear(character_lstm.HIDDEN, character_lstm.VOCABULARY, initialW=out_W)


def truncated(model: Any, lossfun: Callable[[], Any]) -> Contest:
    """Steps of backpropagation through the times of `lossfun`, which end the graph there."""
    optimizer = optimizers.SGD(lr=character_lstm.LR)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(character_lstm.THRESHOLD))

    def step() -> Any:
        loss = lossfun()
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()
        return loss.array

    return Contest(step, lambda loss: (float(loss),))


def a_time_a_call() -> Contest:
    """W6-steps."""
    _, upward, lateral, _ = character_lstm.initial()
    model = Characters(L.LSTM(character_lstm.EMBEDDED, character_lstm.HIDDEN, forget_bias_init=0))
    model.rnn.upward.W.array[...] = character_lstm._interleaved(upward)
    model.rnn.lateral.W.array[...] = character_lstm._interleaved(lateral)
    x = character_lstm.data().astype(np.int32)

    def lossfun() -> Any:
        loss: Any = 0
        for now, then in itertools.pairwise(x):
            loss += F.softmax_cross_entropy(model.out(model.rnn(model.embed(now))), then)
        return loss

    return truncated(model, lossfun)


def all_times_at_once() -> Contest:
    """W6-sequence."""
    _, upward, lateral, _ = character_lstm.initial()
    model = Characters(L.NStepLSTM(1, character_lstm.EMBEDDED, character_lstm.HIDDEN, 0.0))
    for j, W in enumerate([*np.split(upward, 4), *np.split(lateral, 4)]):
        getattr(model.rnn[0], f"w{j}").array[...] = W
    texts = list(character_lstm.data().astype(np.int32).T)
    xs, t = [x[:-1] for x in texts], np.concatenate([x[1:] for x in texts])
    ends = np.cumsum([len(x) for x in xs])[:-1]
    h = c = None

    def lossfun() -> Any:
        nonlocal h, c
        h, c, ys = model.rnn(h, c, F.split_axis(model.embed(np.concatenate(xs)), ends, 0))
        return F.softmax_cross_entropy(model.out(F.concat(ys, axis=0)), t) * character_lstm.TIMES

    return truncated(model, lossfun)


def _adam() -> Any:
    return optimizers.Adam(alpha=mlp_adam.ALPHA, beta1=mlp_adam.BETA1, beta2=mlp_adam.BETA2, eps=mlp_adam.EPS)


PROGRAMS: dict[str, Callable[[], Contest]] = {
    "W1": lambda: mlp(mlp_sgd.HIDDEN, optimizers.SGD(lr=mlp_sgd.LR)),
    "W2": two_matrices,
    "W3": lambda: mlp(mlp_adam.HIDDEN, _adam()),
    "W4": small_images,
    "W5-inference-1": partial(inference, 1),
    "W5-inference-8": partial(inference, 8),
    "W5-training": large_images,
    "W6-steps": a_time_a_call,
    "W6-sequence": all_times_at_once,
}


if __name__ == "__main__":
    serve(Contestant("chainer", PROGRAMS[sys.argv[1]], "chainer", ()))
