"""The autoencoder of Chainer v6 and v7: encoder, decoder and prior are links that return distributions."""

import argparse
import json
import os

import chainer
import chainer.distributions as D
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import reporter, training
from chainer.training import extensions


class AvgELBOLoss(chainer.Chain):
    """Loss function of VAE: the mean of ELBO (Evidence Lower Bound) multiplied by -1."""

    def __init__(self, encoder, decoder, prior, beta=1.0, k=1):
        super(AvgELBOLoss, self).__init__()
        self.beta = beta
        self.k = k
        with self.init_scope():
            self.encoder = encoder
            self.decoder = decoder
            self.prior = prior

    def __call__(self, x):
        q_z = self.encoder(x)
        z = q_z.sample(self.k)
        p_x = self.decoder(z)
        p_z = self.prior()

        reconstr = F.mean(p_x.log_prob(F.broadcast_to(x[None, :], (self.k,) + x.shape)))
        kl_penalty = F.mean(chainer.kl_divergence(q_z, p_z))
        loss = -(reconstr - self.beta * kl_penalty)
        reporter.report({"loss": loss}, self)
        reporter.report({"reconstr": reconstr}, self)
        reporter.report({"kl_penalty": kl_penalty}, self)
        return loss


class Encoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h):
        super(Encoder, self).__init__()
        with self.init_scope():
            self.linear = L.Linear(n_in, n_h)
            self.mu = L.Linear(n_h, n_latent)
            self.ln_sigma = L.Linear(n_h, n_latent)

    def forward(self, x):
        h = F.tanh(self.linear(x))
        return D.Independent(D.Normal(loc=self.mu(h), log_scale=self.ln_sigma(h)))


class Decoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h, binary_check=False):
        super(Decoder, self).__init__()
        self.binary_check = binary_check
        with self.init_scope():
            self.linear = L.Linear(n_latent, n_h)
            self.output = L.Linear(n_h, n_in)

    def forward(self, z, inference=False):
        n_batch_axes = 1 if inference else 2
        h = F.tanh(self.linear(z, n_batch_axes=n_batch_axes))
        h = self.output(h, n_batch_axes=n_batch_axes)
        return D.Independent(D.Bernoulli(logit=h, binary_check=self.binary_check), reinterpreted_batch_ndims=1)


class Prior(chainer.Link):
    def __init__(self, n_latent):
        super(Prior, self).__init__()
        self.loc = np.zeros(n_latent, np.float32)
        self.scale = np.ones(n_latent, np.float32)
        self.register_persistent("loc")
        self.register_persistent("scale")

    def forward(self):
        return D.Independent(D.Normal(self.loc, scale=self.scale), reinterpreted_batch_ndims=1)


def get_pictures(n, seed):
    """Pictures of 64 pixels between four patterns, each on or off."""
    rng = np.random.RandomState(seed)
    patterns = np.random.RandomState(0).rand(4, 64) > 0.7
    on = rng.rand(n, 4) > 0.5
    return (on.astype("f") @ patterns.astype("f") > 0).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description="Chainer example: VAE")
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="results")
    parser.add_argument("--epoch", "-e", default=20, type=int)
    parser.add_argument("--dim-z", "-z", default=6, type=int)
    parser.add_argument("--beta", "-b", default=1.0, type=float)
    parser.add_argument("--k", "-k", default=2, type=int)
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    encoder = Encoder(64, args.dim_z, 50)
    decoder = Decoder(64, args.dim_z, 50, binary_check=True)
    prior = Prior(args.dim_z)
    avg_elbo_loss = AvgELBOLoss(encoder, decoder, prior, beta=args.beta, k=args.k)
    avg_elbo_loss.to_device(device)

    optimizer = chainer.optimizers.Adam(0.005)
    optimizer.setup(avg_elbo_loss)
    train, test = get_pictures(1000, 1), get_pictures(200, 2)
    train_iter = chainer.iterators.SerialIterator(train, 50)
    test_iter = chainer.iterators.SerialIterator(test, 50, repeat=False, shuffle=False)
    # A loss function that is a link reports under its own name.
    updater = training.updaters.StandardUpdater(train_iter, optimizer, device=device, loss_func=avg_elbo_loss)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)
    trainer.extend(extensions.Evaluator(test_iter, avg_elbo_loss, device=device))
    trainer.extend(extensions.snapshot(), trigger=(args.epoch, "epoch"))
    trainer.extend(extensions.LogReport())
    trainer.extend(
        extensions.PrintReport(["epoch", "main/loss", "validation/main/loss", "main/reconstr", "main/kl_penalty"])
    )
    trainer.run()

    avg_elbo_loss.to_device("@numpy")
    x = np.asarray(test[:9])
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        x1 = decoder(encoder(x).mean, inference=True).mean
        z = prior().sample(9)
        x2 = decoder(z, inference=True).mean
    np.save(os.path.join(args.out, "sampled.npy"), x2.array)
    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["validation/main/loss"],
        "after": log[-1]["validation/main/loss"],
        "accuracy": float(((x1.array > 0.5) == (x > 0.5)).mean()),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
