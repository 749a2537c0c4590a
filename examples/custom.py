"""A dataset, an evaluator and extensions of one's own, on a curve to fit.

    python examples/custom.py

Each is a small class, or a function: a dataset says what example i is, an evaluator what to measure, an extension what to
do when its trigger fires.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena.nn.serializers import Serializer
from catena.training import PRIORITY_WRITER, Extension, StandardUpdater, Trainer, extensions, make_extension, set_seed
from catena.training.convert import concat_examples
from catena.training.datasets import DatasetMixin
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam


class Sine(DatasetMixin):
    """Points of a sine curve: example i is `(x, y)`, each `(1,)`. Nothing is kept; an example is made when it is asked for."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def get_example(self, i: int) -> tuple[Any, Any]:
        """The i-th of n points between -pi and pi."""
        x = np.array([2 * np.pi * (i + 0.5) / self._n - np.pi], np.float32)
        return x, np.sin(x)


class Curve(nn.Chain):
    """`(batch, 1)` to `(batch, 1)` over a hidden layer; called with targets too it gives and reports the loss."""

    def __init__(self, n_units: int = 50) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(1, n_units)
            self.l2 = L.Linear(n_units, 1)

    def predict(self, x: Any) -> Any:
        """The curve at `x`."""
        return self.l2(F.tanh(self.l1(x)))

    def forward(self, x: Any, y: Any) -> Any:
        """The mean of squared errors."""
        loss = F.mean_squared_error(self.predict(x), y)
        nn.report({"loss": loss}, self)
        return loss


class WorstError(extensions.Evaluator):
    """An evaluator that reports the greatest error in place of a mean."""

    def evaluate(self) -> dict[str, float]:
        """Go over the data once."""
        model, worst = self.get_target("main"), 0.0
        iterator = self.get_iterator("main")
        iterator.reset()
        for batch in iterator:
            x, y = concat_examples(batch, self.device)
            worst = max(worst, float(abs(model.predict(x).array - y).max()))
        return {f"{self.name}/worst": worst}


class Countdown(Extension):
    """An extension that says when a value first falls below each of some levels. Its state goes into snapshots."""

    trigger = (1, "epoch")

    def __init__(self, key: str, levels: list[float]) -> None:
        self.key = key
        self.levels = sorted(levels, reverse=True)
        self.passed = 0

    def __call__(self, trainer: Trainer) -> None:
        """Look at what was reported in this iteration."""
        value = float(trainer.observation[self.key])
        while self.passed < len(self.levels) and value < self.levels[self.passed]:
            print(f"{self.key} is below {self.levels[self.passed]:g} after epoch {trainer.updater.epoch}")
            self.passed += 1

    def serialize(self, serializer: Serializer) -> None:
        """Write or read how many levels were passed."""
        self.passed = int(serializer("passed", self.passed))


@make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER)
def largest_weight(trainer: Trainer) -> None:
    """Report a value of one's own, which the log then has."""
    model = trainer.updater.get_optimizer("main").target
    nn.report({"largest_weight": max(float(abs(param.array).max()) for param in model.params())})


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description="A dataset, an evaluator and extensions of one's own.")
    parser.add_argument("--epoch", type=int, default=100, help="how many times to go over the data (100)")
    parser.add_argument("--out", default="result", help="folder for everything that is written (result)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    args = parser.parse_args()

    set_seed(0)
    model = Curve()
    updater = StandardUpdater(SerialIterator(Sine(200), 20), Adam(alpha=0.01).setup(model))
    trainer = Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(WorstError(SerialIterator(Sine(333), 50, repeat=False, shuffle=False), model))
    trainer.extend(largest_weight)
    trainer.extend(Countdown("validation/worst", [0.5, 0.2, 0.1]))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.resume))
    trainer.extend(extensions.RunSummary())
    trainer.run()


if __name__ == "__main__":
    main()
