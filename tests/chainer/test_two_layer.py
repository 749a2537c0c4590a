"""Document 002: one network in four ways through `import chainer`, with the losses that it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chainer.datasets as D
import chainer.functions as F
import chainer.links as L
import chainer.optimizers as P
import numpy as np
import pytest
from chainer import Chain, Variable, iterators, reporter, training
from chainer.training import extensions

M, N_I, N_H, N_O = 64, 1000, 100, 10
LR, EPOCH = 1.0e-04, 300
EPOCHS = (1, 2, 3, 10, 100, 300)
WITHOUT_BIASES = (53178.395, 37294.750, 30104.098, 17345.605, 749.0656, 18.67565)
WITH_BIASES = (53178.395, 37275.945, 30088.916, 17337.879, 748.38611, 18.69864)


def draw() -> tuple[np.ndarray, ...]:
    np.random.seed(1)
    shapes = (M, N_I), (M, N_O), (N_I, N_H), (N_H, N_O)
    return tuple(np.random.randn(*shape).astype(np.float32) for shape in shapes)


def sample_2() -> list[float]:
    X, Y, W1, W2 = draw()
    x, y, w1, w2 = Variable(X), Variable(Y), Variable(W1), Variable(W2)
    losses = []
    for _ in range(EPOCH):
        h = F.matmul(x, w1)
        h_r = F.relu(h)
        y_p = F.matmul(h_r, w2)
        loss = F.mean_squared_error(y_p, y)
        losses.append(float(loss.data))
        w1.zerograd()
        w2.zerograd()
        loss.backward()
        w1.data -= LR * w1.grad
        w2.data -= LR * w2.grad
    assert w1.data is W1  # a Variable shares the memory of its array
    return losses


class TwoLayerNet(Chain):
    def __init__(self, d_in: int, h: int, d_out: int, W1: np.ndarray, W2: np.ndarray) -> None:
        super().__init__(
            linear1=L.Linear(d_in, h, initialW=W1.transpose()), linear2=L.Linear(h, d_out, initialW=W2.transpose())
        )

    def __call__(self, x: Any) -> Any:
        g = self.linear1(x)
        h_r = F.relu(g)
        return self.linear2(h_r)


def sample_3() -> list[float]:
    X, Y, W1, W2 = draw()
    x, y = Variable(X), Variable(Y)
    model = TwoLayerNet(N_I, N_H, N_O, W1, W2)
    losses = []
    for _ in range(EPOCH):
        loss = F.mean_squared_error(model(x), y)
        losses.append(float(loss.data))
        model.cleargrads()
        loss.backward()
        model.linear1.W.data -= LR * model.linear1.W.grad
        model.linear2.W.data -= LR * model.linear2.W.grad
    return losses


def sample_4() -> list[float]:
    X, Y, W1, W2 = draw()
    x, y = Variable(X), Variable(Y)
    model = TwoLayerNet(N_I, N_H, N_O, W1, W2)
    optimizer = P.SGD(lr=LR)
    optimizer.setup(model)
    losses = []
    for _ in range(EPOCH):
        loss = F.mean_squared_error(model(x), y)
        losses.append(float(loss.data))
        model.cleargrads()
        loss.backward()
        optimizer.update()
    return losses


class LossCalculator(Chain):
    def __init__(self, model: Any) -> None:
        super().__init__()
        with self.init_scope():
            self.model = model

    def __call__(self, x: Any, y: Any) -> Any:
        loss = F.mean_squared_error(self.model(x), y)
        reporter.report({"loss": loss}, self)
        return loss


def sample_5(out: Path) -> list[float]:
    X, Y, W1, W2 = draw()
    model = LossCalculator(TwoLayerNet(N_I, N_H, N_O, W1, W2))
    optimizer = P.SGD(lr=LR)
    optimizer.setup(model)
    train_iter = iterators.SerialIterator(D.TupleDataset(X, Y), batch_size=M, shuffle=False)
    updater = training.StandardUpdater(train_iter, optimizer)
    trainer = training.Trainer(updater, (EPOCH, "epoch"), out=str(out))
    trainer.extend(extensions.LogReport())
    trainer.run()
    return [entry["main/loss"] for entry in json.loads((out / "log").read_text())]


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[float]]:
    return {2: sample_2(), 3: sample_3(), 4: sample_4(), 5: sample_5(tmp_path_factory.mktemp("result"))}


@pytest.mark.parametrize(
    ("sample", "expected"), [(2, WITHOUT_BIASES), (3, WITHOUT_BIASES), (4, WITH_BIASES), (5, WITH_BIASES)]
)
def test_losses_are_those_of_the_document(
    losses: dict[int, list[float]], sample: int, expected: tuple[float, ...]
) -> None:
    assert [losses[sample][epoch - 1] for epoch in EPOCHS] == pytest.approx(expected, rel=1e-5)


def test_the_trainer_is_the_loop(losses: dict[int, list[float]]) -> None:
    assert losses[5] == losses[4]
