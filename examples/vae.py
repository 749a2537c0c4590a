"""Train a variational autoencoder to draw handwritten digits.

    python examples/vae.py

An encoder describes each digit by a normal distribution of a few numbers z, a decoder draws a digit from such numbers. Both
learn to make the scans that they see likely, with no more said about each of them than is needed (D. P. Kingma, M. Welling,
Auto-Encoding Variational Bayes, 2014). Afterwards the decoder draws digits that nobody wrote, from z drawn at random.

The data are 1,797 real scans of 8 x 8 pixels that scikit-learn brings, so nothing is downloaded. Look at what it leaves in
result_vae/: reconstructions.png has scans of the test part in its upper rows and what the network made of each in the rows below,
samples.png digits from random z, and walks.png digits along straight lines from one scan's z to another's.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np
from matplotlib.image import imsave

import catena.autograd as ag
import catena.nn as nn
import catena.nn.distributions as D
import catena.nn.functions as F
import catena.nn.links as L
from catena.training import StandardUpdater, Trainer, extensions, set_seed
from catena.training.datasets import get_digits
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam

SPREAD = 0.2

Array = np.ndarray[Any, Any]


class Encoder(nn.Chain):
    """From a digit x, `(batch, 64)`, the distribution q(z|x) of `(batch, n_latent)`."""

    def __init__(self, n_latent: int, n_units: int) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)
            self.l2 = L.Linear(None, n_units)
            self.mean = L.Linear(None, n_latent)
            self.log_scale = L.Linear(None, n_latent)

    def forward(self, x: Any) -> D.Normal:
        """Normal, all numbers of z independent."""
        h = F.gelu(self.l2(F.gelu(self.l1(x))))
        return D.Normal(self.mean(h), log_scale=self.log_scale(h))


class Decoder(nn.Chain):
    """From z, `(batch, n_latent)`, the distribution p(x|z) of digits, `(batch, 64)`."""

    def __init__(self, n_units: int) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)
            self.l2 = L.Linear(None, n_units)
            self.out = L.Linear(None, 64)

    def forward(self, z: Any) -> D.Normal:
        """Normal round the picture that is drawn: scans are expected to differ from it by SPREAD in each pixel."""
        h = F.gelu(self.l2(F.gelu(self.l1(z))))
        return D.Normal(F.sigmoid(self.out(h)), SPREAD)


class VAE(nn.Chain):
    """Both, and the loss: minus the evidence lower bound, in nats for a digit."""

    def __init__(self, n_latent: int, n_units: int = 256) -> None:
        super().__init__()
        self.prior = D.Normal(0.0, 1.0)
        with self.init_scope():
            self.encoder = Encoder(n_latent, n_units)
            self.decoder = Decoder(n_units)

    def forward(self, x: Any) -> Any:
        """How badly a drawing from z tells x, and how much z tells: both are to be small."""
        q = self.encoder(x)
        z = q.sample()  # a draw, and yet gradients go through it to the mean and the scale
        reconstruction = -F.sum(self.decoder(z).log_prob(x)) / len(x)
        divergence = F.sum(D.kl_divergence(q, self.prior)) / len(x)
        loss = reconstruction + divergence
        nn.report({"loss": loss, "reconstruction": reconstruction, "divergence": divergence}, self)
        return loss


def save_pictures(path: str, digits: Array, n_columns: int, scale: int = 6) -> None:
    """Write digits `(n, 64)`, ink from 0 to 1, as one picture with `n_columns` digits in each row."""
    tiles = digits.reshape(-1, n_columns, 8, 8)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)))  # a margin round each
    picture = tiles.swapaxes(1, 2).reshape(len(tiles) * 10, n_columns * 10)
    imsave(path, picture.repeat(scale, 0).repeat(scale, 1), cmap="gray_r", vmin=0, vmax=1)


def draw(model: VAE, test: Array, n_latent: int, out: str) -> None:
    """Leave the three pictures."""
    with ag.using_config("train", False), ag.no_backprop_mode():

        def decode(z: Any) -> Array:
            return model.decoder(z).mean.array

        x = test[:60].reshape(3, 20, 64)
        reconstructions = [decode(model.encoder(row).mean) for row in x]
        rows = [row for pair in zip(x, reconstructions, strict=True) for row in pair]
        save_pictures(os.path.join(out, "reconstructions.png"), np.concatenate(rows), 20)

        z = model.prior.sample((200, n_latent))
        save_pictures(os.path.join(out, "samples.png"), decode(z), 20)

        ends = model.encoder(test[:20]).mean.array
        share = np.linspace(0, 1, 20, dtype=ends.dtype)[:, np.newaxis]
        walks = [decode((1 - share) * a + share * b) for a, b in zip(ends[:10], ends[10:], strict=True)]
        save_pictures(os.path.join(out, "walks.png"), np.concatenate(walks), 20)


def main() -> None:
    """Train as the command line says, then draw."""
    parser = argparse.ArgumentParser(description="Train a variational autoencoder to draw handwritten digits.")
    parser.add_argument("--epoch", type=int, default=150, help="how many times to go over the data (150)")
    parser.add_argument("--batchsize", type=int, default=50, help="examples in a minibatch (50)")
    parser.add_argument("--latent", type=int, default=8, help="how many numbers describe a digit (8)")
    parser.add_argument("--device", choices=("numpy", "numba"), default="numpy", help="where to compute (numpy)")
    parser.add_argument("--out", default="result_vae", help="folder for everything that is written (result_vae)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    set_seed(args.seed)

    train, test = get_digits(withlabel=False)
    model = VAE(args.latent)
    optimizer = Adam().setup(model)
    updater = StandardUpdater(SerialIterator(train, args.batchsize), optimizer, device=args.device)
    trainer = Trainer(updater, (args.epoch, "epoch"), out=args.out)

    every = (max(args.epoch // 15, 1), "epoch")
    test_iter = SerialIterator(test, args.batchsize, repeat=False, shuffle=False)
    trainer.extend(extensions.Evaluator(test_iter, model, device=args.device), trigger=every)
    trainer.extend(extensions.LogReport(trigger=every))
    values = ["main/loss", "validation/main/loss", "main/reconstruction", "main/divergence"]
    trainer.extend(extensions.PrintReport(["epoch", *values, "elapsed_time"]), trigger=every)
    trainer.extend(extensions.ProgressBar())
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.resume), trigger=every)

    trainer.run()

    draw(model, test, args.latent, args.out)
    print(f"Reconstructions, samples and walks from digit to digit: {args.out}/*.png")


if __name__ == "__main__":
    main()
