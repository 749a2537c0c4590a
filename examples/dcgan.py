"""Train two networks against each other, so that one learns to draw handwritten digits.

    python examples/dcgan.py

A generator draws digits from random numbers, a discriminator tells them from real ones, and each learns from the other's
mistakes. Both are made of convolutions and batch normalisation (A. Radford, L. Metz, S. Chintala, Unsupervised Representation
Learning with Deep Convolutional Generative Adversarial Networks, 2016). The updater that trains them is written here.

The data are 1,797 real scans that scikit-learn brings, enlarged from 8 x 8 to 16 x 16 pixels, so nothing is downloaded. Look into
result_dcgan/: epoch_*.png are digits drawn from the same random numbers all along, real.png some real ones to compare.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np
from matplotlib.image import imsave

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.training import StandardUpdater, Trainer, extensions, make_extension, set_seed
from catena.training.datasets import get_digits
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam

Array = np.ndarray[Any, Any]


class Generator(nn.Chain):
    """From random numbers, `(batch, n_latent)`, digits with ink from -1 to 1, `(batch, 1, 16, 16)`."""

    def __init__(self, n_latent: int, n_channels: int = 64) -> None:
        super().__init__()
        self.n_latent = n_latent
        self.n_channels = n_channels
        w = nn.initializers.Normal(0.02)
        with self.init_scope():
            self.l0 = L.Linear(n_latent, n_channels * 4 * 4, initialW=w)
            self.bn0 = L.BatchNormalization(n_channels)
            self.dc1 = L.Deconvolution2D(n_channels, n_channels // 2, 4, stride=2, pad=1, initialW=w)
            self.bn1 = L.BatchNormalization(n_channels // 2)
            self.dc2 = L.Deconvolution2D(n_channels // 2, 1, 4, stride=2, pad=1, initialW=w)

    def draw_latent(self, n: int) -> Array:
        """Random numbers to draw `n` digits from."""
        return xp.random.get_generator().normal((n, self.n_latent), dtype=np.float32, device=self.device)

    def forward(self, z: Any) -> Any:
        """Digits: each step makes the picture twice as large and half as deep."""
        h = F.reshape(self.l0(z), (len(z), self.n_channels, 4, 4))
        h = F.relu(self.bn0(h))
        h = F.relu(self.bn1(self.dc1(h)))
        return F.tanh(self.dc2(h))


class Discriminator(nn.Chain):
    """From digits, `(batch, 1, 16, 16)`, scores `(batch, 1)` of being real, before the sigmoid."""

    def __init__(self, n_channels: int = 64) -> None:
        super().__init__()
        w = nn.initializers.Normal(0.02)
        with self.init_scope():
            self.c0 = L.Convolution2D(1, n_channels // 2, 4, stride=2, pad=1, initialW=w)
            self.c1 = L.Convolution2D(n_channels // 2, n_channels, 4, stride=2, pad=1, initialW=w)
            self.bn1 = L.BatchNormalization(n_channels)
            self.l2 = L.Linear(None, 1, initialW=w)

    def forward(self, x: Any) -> Any:
        """The scores."""
        h = F.leaky_relu(self.c0(x))
        h = F.leaky_relu(self.bn1(self.c1(h)))
        return self.l2(h)


class Updater(StandardUpdater):
    """One iteration: draw as many digits as are seen, then teach both networks. Names are 'generator' and 'discriminator'."""

    def update_core(self) -> None:
        """What a Trainer asks of an updater of one's own; the counting is done for it."""
        generator, discriminator = (self.get_optimizer(name) for name in ("generator", "discriminator"))
        real = self.converter(self.get_iterator("main").next(), self.device)
        drawn = generator.target(generator.target.draw_latent(len(real)))
        score_of_drawn = discriminator.target(drawn)
        score_of_real = discriminator.target(real)

        # -log(probability of the right answer), which softplus(-score) is for "real" and softplus(score) for "drawn".
        loss = F.mean(F.softplus(-score_of_drawn))  # the generator wants the wrong answer
        nn.report({"loss": loss}, generator.target)
        generator.target.cleargrads()
        loss.backward()
        generator.update()

        loss = F.mean(F.softplus(-score_of_real)) + F.mean(F.softplus(score_of_drawn))
        nn.report({"loss": loss}, discriminator.target)
        discriminator.target.cleargrads()
        drawn.unchain_backward()  # how they were drawn is none of the discriminator's business
        loss.backward()
        discriminator.update()


def save_pictures(path: str, digits: Array, n_columns: int = 20, scale: int = 3) -> None:
    """Write digits `(n, 1, 16, 16)`, ink from -1 to 1, as one picture with `n_columns` digits in each row."""
    tiles = digits.reshape(-1, n_columns, 16, 16)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-1)  # a margin round each
    picture = tiles.swapaxes(1, 2).reshape(len(tiles) * 20, n_columns * 20)
    imsave(path, picture.repeat(scale, 0).repeat(scale, 1), cmap="gray_r", vmin=-1, vmax=1)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description="Train two networks against each other to draw handwritten digits.")
    parser.add_argument("--epoch", type=int, default=30, help="how many times to go over the data (30)")
    parser.add_argument("--batchsize", type=int, default=50, help="examples in a minibatch (50)")
    parser.add_argument("--latent", type=int, default=32, help="how many random numbers make a digit (32)")
    parser.add_argument("--every", type=int, default=5, help="epochs from picture to picture (5)")
    parser.add_argument("--device", choices=("numpy", "numba"), default="numpy", help="where to compute (numpy)")
    parser.add_argument("--out", default="result_dcgan", help="folder for everything that is written (result_dcgan)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    set_seed(args.seed)

    scans = np.concatenate(get_digits(withlabel=False, ndim=3, scale=2.0)) - 1.0
    scans = F.resize_images(scans, (16, 16))
    generator, discriminator = Generator(args.latent), Discriminator()
    # The discriminator takes smaller steps; a perfect one would leave the generator nothing to learn from.
    optimizers = {
        "generator": Adam(alpha=1e-3, beta1=0.5).setup(generator),
        "discriminator": Adam(alpha=3e-4, beta1=0.5).setup(discriminator),
    }
    updater = Updater(SerialIterator(scans, args.batchsize), optimizers, device=args.device)
    trainer = Trainer(updater, (args.epoch, "epoch"), out=args.out)

    z = generator.draw_latent(200)

    @make_extension(trigger=(args.every, "epoch"))
    def draw(trainer: Trainer) -> None:
        with ag.using_config("train", False), ag.no_backprop_mode():
            digits = generator(z).array
        save_pictures(os.path.join(args.out, f"epoch_{updater.epoch:03}.png"), digits)

    trainer.extend(draw)
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "generator/loss", "discriminator/loss", "elapsed_time"]))
    trainer.extend(extensions.ProgressBar())
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.resume), trigger=(args.every, "epoch"))

    trainer.run()

    save_pictures(os.path.join(args.out, "real.png"), scans[:200])
    print(f"Digits that nobody wrote, after each {args.every} epochs: {args.out}/epoch_*.png")


if __name__ == "__main__":
    main()
