"""A variational autoencoder with a loss of functions, as in Chainer v1.14 to v5: the optimizer is given a loss function."""

import argparse
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions


class VAE(chainer.Chain):
    """Variational AutoEncoder"""

    def __init__(self, n_in, n_latent, n_h):
        super(VAE, self).__init__()
        with self.init_scope():
            # encoder
            self.le1 = L.Linear(n_in, n_h)
            self.le2_mu = L.Linear(n_h, n_latent)
            self.le2_ln_var = L.Linear(n_h, n_latent)
            # decoder
            self.ld1 = L.Linear(n_latent, n_h)
            self.ld2 = L.Linear(n_h, n_in)

    def __call__(self, x, sigmoid=True):
        """AutoEncoder"""
        return self.decode(self.encode(x)[0], sigmoid)

    def encode(self, x):
        h1 = F.tanh(self.le1(x))
        mu = self.le2_mu(h1)
        ln_var = self.le2_ln_var(h1)  # log(sigma**2)
        return mu, ln_var

    def decode(self, z, sigmoid=True):
        h1 = F.tanh(self.ld1(z))
        h2 = self.ld2(h1)
        if sigmoid:
            return F.sigmoid(h2)
        else:
            return h2

    def get_loss_func(self, C=1.0, k=1):
        """Get loss function of VAE.

        The loss value is equal to ELBO (Evidence Lower Bound) multiplied by -1.
        """

        def lf(x):
            mu, ln_var = self.encode(x)
            batchsize = len(mu.data)
            # reconstruction loss
            rec_loss = 0
            for _ in range(k):
                z = F.gaussian(mu, ln_var)
                rec_loss += F.bernoulli_nll(x, self.decode(z, sigmoid=False)) / (k * batchsize)
            self.rec_loss = rec_loss
            self.loss = self.rec_loss + C * F.gaussian_kl_divergence(mu, ln_var) / batchsize
            chainer.report({"rec_loss": rec_loss, "loss": self.loss}, observer=self)
            return self.loss

        return lf


def get_pictures(n, seed):
    """Pictures of 64 pixels between four patterns, each on or off."""
    rng = np.random.RandomState(seed)
    patterns = np.random.RandomState(0).rand(4, 64) > 0.7
    on = rng.rand(n, 4) > 0.5
    return (0.02 + 0.96 * (on.astype("f") @ patterns.astype("f") > 0)).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description="Chainer example: VAE")
    parser.add_argument("--gpu", "-g", default=-1, type=int)
    parser.add_argument("--out", "-o", default="results/")
    parser.add_argument("--epoch", "-e", default=20, type=int)
    parser.add_argument("--dimz", "-z", default=6, type=int)
    parser.add_argument("--batchsize", "-b", type=int, default=50)
    args = parser.parse_args()

    model = VAE(64, args.dimz, 50)
    if args.gpu >= 0:
        chainer.cuda.get_device_from_id(args.gpu).use()
        model.to_gpu()

    optimizer = chainer.optimizers.Adam(0.005)
    optimizer.setup(model)

    train, test = get_pictures(1000, 1), get_pictures(200, 2)
    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    # Set up an updater. StandardUpdater can explicitly specify a loss function used in the training with 'loss_func'.
    updater = training.StandardUpdater(train_iter, optimizer, device=args.gpu, loss_func=model.get_loss_func())
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.Evaluator(test_iter, model, eval_func=model.get_loss_func(k=10), device=args.gpu))
    trainer.extend(extensions.dump_graph("main/loss"))
    trainer.extend(extensions.snapshot(), trigger=(args.epoch, "epoch"))
    trainer.extend(extensions.LogReport())
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "main/rec_loss", "validation/main/rec_loss"]
        )
    )
    trainer.extend(extensions.ProgressBar())
    trainer.run()

    # Reconstruct pictures, and make some of random z
    model.to_cpu()
    x = chainer.Variable(np.asarray(test[:9]))
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        x1 = model(x)
    z = chainer.Variable(np.random.normal(0, 1, (9, args.dimz)).astype(np.float32))
    np.save(os.path.join(args.out, "sampled.npy"), model.decode(z).data)

    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["validation/main/loss"],
        "after": log[-1]["validation/main/loss"],
        "accuracy": float(((x1.data > 0.5) == (x.data > 0.5)).mean()),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
