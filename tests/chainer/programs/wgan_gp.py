"""A Wasserstein network with a gradient penalty, as in Chainer v3 to v7: chainer.grad, and backward through a gradient."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import cuda, optimizers, training
from chainer.training import extensions


class Generator(chainer.Chain):
    def __init__(self, n_z=4):
        super(Generator, self).__init__()
        self.n_z = n_z
        with self.init_scope():
            self.l1 = L.Linear(n_z, 32)
            self.l2 = L.Linear(32, 2)

    def __call__(self, z):
        return self.l2(F.elu(self.l1(z)))

    def make_hidden(self, n):
        return self.xp.random.normal(size=(n, self.n_z)).astype(np.float32)


class Critic(chainer.Chain):
    def __init__(self):
        super(Critic, self).__init__()
        with self.init_scope():
            self.l1 = L.Linear(2, 32)
            self.l2 = L.Linear(32, 32)
            self.l3 = L.Linear(32, 1)

    def __call__(self, x):
        return self.l3(F.leaky_relu(self.l2(F.leaky_relu(self.l1(x)))))


class WGANGPUpdater(training.StandardUpdater):
    def __init__(self, *args, **kwargs):
        self.gen, self.critic = kwargs.pop("models")
        self.n_critic = kwargs.pop("n_critic")
        self.lam = kwargs.pop("lam")
        super(WGANGPUpdater, self).__init__(*args, **kwargs)

    def update_core(self):
        gen_optimizer = self.get_optimizer("gen")
        critic_optimizer = self.get_optimizer("critic")
        xp = self.gen.xp

        for i in range(self.n_critic):
            batch = self.get_iterator("main").next()
            x_real = chainer.Variable(self.converter(batch, self.device))
            m = len(batch)
            with chainer.using_config("enable_backprop", i == 0):
                x_fake = self.gen(chainer.Variable(self.gen.make_hidden(m)))
            if i == 0:
                loss_gen = -F.average(self.critic(x_fake))
                self.gen.cleargrads()
                loss_gen.backward()
                gen_optimizer.update()
                chainer.report({"loss_gen": loss_gen})
                x_fake.unchain_backward()

            eps = xp.random.uniform(0, 1, size=(m, 1)).astype(np.float32)
            x_mid = chainer.Variable((eps * x_real.data + (1 - eps) * x_fake.data))
            y_mid = self.critic(x_mid)
            (grad,) = chainer.grad([y_mid], [x_mid], enable_double_backprop=True)
            grad = F.sqrt(F.batch_l2_norm_squared(grad))
            loss_gp = self.lam * F.mean_squared_error(grad, xp.ones_like(grad.data))

            wasserstein = F.average(self.critic(x_real)) - F.average(self.critic(chainer.Variable(x_fake.data)))
            self.critic.cleargrads()
            (-wasserstein).backward()
            loss_gp.backward()
            critic_optimizer.update()

        chainer.report({"wasserstein": wasserstein, "loss_gp": loss_gp})


def distance(gen, points):
    """How far mean and deviations of what is generated are from those of the points."""
    with chainer.no_backprop_mode():
        x = cuda.to_cpu(gen(gen.make_hidden(500)).data)
    return float(np.abs(x.mean(0) - points.mean(0)).sum() + np.abs(x.std(0) - points.std(0)).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpu", "-g", type=int, default=-1)
    parser.add_argument("--iteration", "-i", type=int, default=200)
    parser.add_argument("--out", "-o", default="result")
    args = parser.parse_args()

    gen, critic = Generator(), Critic()
    if args.gpu >= 0:
        cuda.get_device_from_id(args.gpu).use()
        gen.to_gpu()
        critic.to_gpu()
    opt_gen = optimizers.Adam(0.005, beta1=0.5, beta2=0.9)
    opt_gen.setup(gen)
    opt_critic = optimizers.Adam(0.005, beta1=0.5, beta2=0.9)
    opt_critic.setup(critic)

    angle = np.random.RandomState(0).uniform(0, 6.28, 1000)
    points = np.stack([2 + np.cos(angle), np.sin(angle) - 1], axis=1).astype(np.float32)
    before = distance(gen, points)

    updater = WGANGPUpdater(
        iterator=chainer.iterators.SerialIterator(points, 64),
        optimizer={"gen": opt_gen, "critic": opt_critic},
        models=(gen, critic),
        n_critic=3,
        lam=1.0,
        device=args.gpu,
    )
    trainer = training.Trainer(updater, (args.iteration, "iteration"), out=args.out)
    trainer.extend(extensions.LogReport(trigger=(50, "iteration")))
    trainer.extend(
        extensions.PrintReport(["iteration", "wasserstein", "loss_gp", "loss_gen"]), trigger=(50, "iteration")
    )
    trainer.extend(extensions.LinearShift("alpha", (0.005, 0.0), (100, args.iteration), optimizer=opt_gen))
    trainer.run()
    return {"before": before, "after": distance(gen, points)}


if __name__ == "__main__":
    print(json.dumps(main()))
