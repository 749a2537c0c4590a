"""Train a network to read handwritten digits.

    python examples/digits.py                  train; a log, plots and snapshots go to result/
    python examples/digits.py --resume         go on from the newest snapshot there, to the same bits

The data are 1,797 real scans of 8 x 8 pixels that scikit-learn brings, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
from typing import Any

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.training import StandardUpdater, Trainer, extensions
from catena.training.datasets import get_digits
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam


class MLP(nn.Chain):
    """A perceptron with two hidden layers: pixels `(batch, 64)` to ten scores `(batch, 10)`."""

    def __init__(self, n_units: int = 200, n_out: int = 10) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)  # None: as many inputs as the first minibatch has
            self.l2 = L.Linear(None, n_units)
            self.l3 = L.Linear(None, n_out)

    def forward(self, x: Any) -> Any:
        """The scores; this code runs anew for every minibatch, and gradients follow what it did."""
        h = F.relu(self.l1(x))
        h = F.dropout(F.relu(self.l2(h)), ratio=0.3)
        return self.l3(h)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description="Train a network to read handwritten digits.")
    parser.add_argument("--epoch", type=int, default=20, help="how many times to go over the data (20)")
    parser.add_argument("--batchsize", type=int, default=50, help="examples in a minibatch (50)")
    parser.add_argument("--device", choices=("numpy", "numba"), default="numpy", help="where to compute (numpy)")
    parser.add_argument("--out", default="result", help="folder for everything that is written (result)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    # Initial weights, the order of the examples and dropout all follow from the seed.
    xp.random.seed(args.seed)

    # The classifier adds a loss and an accuracy to the network, and reports both.
    model = L.Classifier(MLP())
    optimizer = Adam().setup(model)

    train, test = get_digits()
    train_iter = SerialIterator(train, args.batchsize)
    test_iter = SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    updater = StandardUpdater(train_iter, optimizer, device=args.device)
    trainer = Trainer(updater, (args.epoch, "epoch"), out=args.out)

    # All else is an extension: what to measure, to write, to draw, to print and to save.
    losses, accuracies = ["main/loss", "validation/main/loss"], ["main/accuracy", "validation/main/accuracy"]
    trainer.extend(extensions.Evaluator(test_iter, model, device=args.device))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PlotReport(losses, "epoch", filename="loss.png"))
    trainer.extend(extensions.PlotReport(accuracies, "epoch", filename="accuracy.png"))
    trainer.extend(extensions.PrintReport(["epoch", *losses, *accuracies, "elapsed_time"]))
    trainer.extend(extensions.ProgressBar())
    trainer.extend(extensions.snapshot(n_retains=2, autoload=args.resume))

    trainer.run()

    accuracy = trainer.get_extension("LogReport").log[-1]["validation/main/accuracy"]
    print(
        f"{accuracy:.1%} of the {len(test)} test digits were read correctly. The log, plots and snapshots: {args.out}/"
    )


if __name__ == "__main__":
    main()
