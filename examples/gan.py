"""Train two networks against each other: one makes points on a circle out of noise, one tells them from real ones.

    python examples/gan.py

An updater of one's own does it: `update_core` says what one iteration is, and everything else stays as it was, from the
log to snapshots. The names of the two optimizers are those in the log.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.training import StandardUpdater, Trainer, extensions, set_seed
from catena.training.convert import concat_examples
from catena.training.iterators import Iterator, SerialIterator
from catena.training.optimizers import Adam, Optimizer


class MLP(nn.Chain):
    """`(batch, n)` to `(batch, n_out)` over two hidden layers."""

    def __init__(self, n_out: int, n_units: int = 64) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)
            self.l2 = L.Linear(None, n_units)
            self.l3 = L.Linear(None, n_out)

    def forward(self, x: Any) -> Any:
        """Any number for each output."""
        h = F.leaky_relu(self.l1(x))
        return self.l3(F.leaky_relu(self.l2(h)))


class GANUpdater(StandardUpdater):
    """One step of the discriminator, then one of the generator."""

    def __init__(self, iterator: Iterator, generator: Optimizer, discriminator: Optimizer) -> None:
        self._iterators = {"main": iterator}
        self._optimizers = {"generator": generator, "discriminator": discriminator}

    def update_core(self) -> None:
        """Both steps on one minibatch."""
        generator, discriminator = (optimizer.target for optimizer in self._optimizers.values())
        real = concat_examples(self.get_iterator("main").next(), self.device)
        made = generator(noise(len(real)))

        # The discriminator gives high scores to real points. It gets the made ones as an array, so gradients end there.
        loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(made.array)).mean()
        nn.report({"loss": loss}, discriminator)
        discriminator.cleargrads()
        loss.backward()
        self.get_optimizer("discriminator").update()

        # The generator wants high scores for its own: gradients go through the discriminator, whose optimizer stays out of it.
        loss = F.softplus(-discriminator(made)).mean()
        nn.report({"loss": loss}, generator)
        generator.cleargrads()
        loss.backward()
        self.get_optimizer("generator").update()


def noise(n: int) -> Any:
    """What the generator starts from, `(n, 4)`."""
    return xp.random.get_generator().normal((n, 4), dtype="float32")


def circle(n: int) -> np.ndarray[Any, Any]:
    """Points near the circle of radius 1, `(n, 2)`."""
    angle = xp.random.get_generator().uniform((n, 1)) * 2 * np.pi
    radius = 1 + 0.05 * xp.random.get_generator().normal((n, 1))
    return np.hstack([radius * np.cos(angle), radius * np.sin(angle)]).astype(np.float32)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description="Train two networks against each other.")
    parser.add_argument("--iteration", type=int, default=1000, help="steps of each network (1000)")
    parser.add_argument("--out", default="result", help="folder for everything that is written (result)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    set_seed(args.seed)
    generator, discriminator = MLP(2), MLP(1)
    updater = GANUpdater(
        SerialIterator(circle(2000), 128),
        Adam(alpha=1e-3, beta1=0.5).setup(generator),
        Adam(alpha=1e-3, beta1=0.5).setup(discriminator),
    )
    trainer = Trainer(updater, (args.iteration, "iteration"), out=args.out)
    every = (200, "iteration")
    trainer.extend(extensions.LogReport(trigger=every))
    trainer.extend(extensions.PrintReport(["iteration", "generator/loss", "discriminator/loss", "elapsed_time"]))
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.resume), trigger=every)
    trainer.run()

    radius = np.hypot(*generator(noise(1000)).array.T)
    print(f"1000 points of the generator: distance from the centre {radius.mean():.2f} +- {radius.std():.2f}")


if __name__ == "__main__":
    main()
