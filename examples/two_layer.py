"""One network written five ways, from bare arrays to the Trainer.

    python examples/two_layer.py

It fits `y = max(x W1, 0) W2` to random numbers by gradient descent on the mean squared error. Each way hands a
little more of the work over: first the gradients, then the parameters, then the update, then the loop. All five print
nearly the same losses. (The layers of the last three have biases. The third leaves them at 0; the last two train them.)
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena.training import StandardUpdater, Trainer, extensions
from catena.training.datasets import TupleDataset
from catena.training.iterators import SerialIterator
from catena.training.optimizers import SGD

BATCH, N_IN, N_HIDDEN, N_OUT = 64, 1000, 100, 10
LR = 1e-4

Array = np.ndarray[Any, Any]


def draw() -> tuple[Array, Array, Array, Array]:
    """Inputs `(64, 1000)`, targets `(64, 10)` and the weights `(1000, 100)` and `(100, 10)`, the same each time."""
    np.random.seed(1)
    shapes = (BATCH, N_IN), (BATCH, N_OUT), (N_IN, N_HIDDEN), (N_HIDDEN, N_OUT)
    x, y, w1, w2 = (np.random.randn(*shape).astype(np.float32) for shape in shapes)
    return x, y, w1, w2


def with_arrays(n_epochs: int) -> list[float]:
    """NumPy alone: the gradients are derived by hand."""
    x, y, w1, w2 = draw()
    losses = []
    for _ in range(n_epochs):
        h = x @ w1
        a = np.maximum(h, 0)
        p = a @ w2
        losses.append(float(((p - y) ** 2).mean()))

        gp = 2 * (p - y) / y.size
        gw2 = a.T @ gp
        gh = (gp @ w2.T) * (h > 0)
        gw1 = x.T @ gh

        w1 -= LR * gw1
        w2 -= LR * gw2
    return losses


def with_variables(n_epochs: int) -> list[float]:
    """Variables remember what is computed from them, and `backward` derives the gradients."""
    x, y, *weights = draw()
    w1, w2 = map(ag.Variable, weights)
    losses = []
    for _ in range(n_epochs):
        p = F.matmul(F.relu(F.matmul(x, w1)), w2)
        loss = F.mean_squared_error(p, y)
        losses.append(loss.item())

        w1.cleargrad()
        w2.cleargrad()
        loss.backward()

        w1.array -= LR * w1.grad
        w2.array -= LR * w2.grad
    return losses


class Net(nn.Chain):
    """Two linear layers with a ReLU between them, which hold their parameters."""

    def __init__(self, w1: Array, w2: Array) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(N_IN, N_HIDDEN, initialW=w1.T)
            self.l2 = L.Linear(N_HIDDEN, N_OUT, initialW=w2.T)

    def forward(self, x: Any) -> Any:
        """The prediction, `(batch, 10)` for inputs `(batch, 1000)`."""
        return self.l2(F.relu(self.l1(x)))


def with_links(n_epochs: int) -> list[float]:
    """A Chain keeps the parameters together."""
    x, y, w1, w2 = draw()
    model = Net(w1, w2)
    losses = []
    for _ in range(n_epochs):
        loss = F.mean_squared_error(model(x), y)
        losses.append(loss.item())

        model.cleargrads()
        loss.backward()

        for w in (model.l1.W, model.l2.W):
            w.array -= LR * w.grad
    return losses


def with_optimizer(n_epochs: int) -> list[float]:
    """An optimizer updates every parameter of the model, the biases too."""
    x, y, w1, w2 = draw()
    model = Net(w1, w2)
    optimizer = SGD(lr=LR).setup(model)
    losses = []
    for _ in range(n_epochs):
        loss = F.mean_squared_error(model(x), y)
        losses.append(loss.item())

        model.cleargrads()
        loss.backward()
        optimizer.update()
    return losses


class Regressor(nn.Chain):
    """A model that returns and reports its loss is all that a Trainer asks for."""

    def __init__(self, predictor: nn.Link) -> None:
        super().__init__()
        with self.init_scope():
            self.predictor = predictor

    def forward(self, x: Any, y: Any) -> Any:
        """The mean squared error."""
        loss = F.mean_squared_error(self.predictor(x), y)
        nn.report({"loss": loss}, self)
        return loss


def with_trainer(n_epochs: int) -> list[float]:
    """The Trainer runs the loop and keeps a log."""
    x, y, w1, w2 = draw()
    optimizer = SGD(lr=LR).setup(Regressor(Net(w1, w2)))
    iterator = SerialIterator(TupleDataset(x, y), BATCH, shuffle=False)
    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(StandardUpdater(iterator, optimizer), (n_epochs, "epoch"), out=out)
        trainer.extend(extensions.LogReport())
        trainer.run()
    return [entry["main/loss"] for entry in trainer.get_extension("LogReport").log]


WAYS: tuple[Callable[[int], list[float]], ...] = (
    with_arrays,
    with_variables,
    with_links,
    with_optimizer,
    with_trainer,
)


def main() -> None:
    """Print the losses of all five."""
    parser = argparse.ArgumentParser(description="One network written five ways.")
    parser.add_argument("--epoch", type=int, default=300, help="how many steps each does (300)")
    n_epochs = parser.parse_args().epoch
    shown = [epoch for epoch in (1, 2, 3, 10, 30, 100, 300, 1000) if epoch < n_epochs] + [n_epochs]
    print("loss at epoch".ljust(16) + "".join(f"{epoch:>12}" for epoch in shown))
    for way in WAYS:
        losses = way(n_epochs)
        print(way.__name__.ljust(16) + "".join(f"{losses[epoch - 1]:12.6g}" for epoch in shown))


if __name__ == "__main__":
    main()
