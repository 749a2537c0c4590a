"""A generative adversarial network of convolutions, two optimizers and an updater of its own, as in Chainer v2 to v7."""

import argparse
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import Variable, training
from chainer.training import extensions


def add_noise(device, h, sigma=0.1):
    if chainer.config.train:
        xp = device.xp
        return h + sigma * xp.random.randn(*h.shape).astype(h.dtype)
    else:
        return h


class Generator(chainer.Chain):
    def __init__(self, n_hidden, bottom_width=2, ch=16, wscale=0.05):
        super(Generator, self).__init__()
        self.n_hidden = n_hidden
        self.ch = ch
        self.bottom_width = bottom_width

        with self.init_scope():
            w = chainer.initializers.Normal(wscale)
            self.l0 = L.Linear(self.n_hidden, bottom_width * bottom_width * ch, initialW=w)
            self.dc1 = L.Deconvolution2D(ch, ch // 2, 4, 2, 1, initialW=w)
            self.dc2 = L.Deconvolution2D(ch // 2, 1, 4, 2, 1, initialW=w)
            self.bn0 = L.BatchNormalization(bottom_width * bottom_width * ch)
            self.bn1 = L.BatchNormalization(ch // 2)

    def make_hidden(self, batchsize):
        dtype = chainer.get_dtype()
        return np.random.uniform(-1, 1, (batchsize, self.n_hidden, 1, 1)).astype(dtype)

    def forward(self, z):
        h = F.reshape(F.relu(self.bn0(self.l0(z))), (len(z), self.ch, self.bottom_width, self.bottom_width))
        h = F.relu(self.bn1(self.dc1(h)))
        x = F.sigmoid(self.dc2(h))
        return x


class Discriminator(chainer.Chain):
    def __init__(self, bottom_width=2, ch=16, wscale=0.05):
        w = chainer.initializers.Normal(wscale)
        super(Discriminator, self).__init__()
        with self.init_scope():
            self.c0 = L.Convolution2D(1, ch // 2, 3, 1, 1, initialW=w)
            self.c1 = L.Convolution2D(ch // 2, ch, 4, 2, 1, initialW=w)
            self.c2 = L.Convolution2D(ch, ch, 4, 2, 1, initialW=w)
            self.l4 = L.Linear(bottom_width * bottom_width * ch, 1, initialW=w)
            self.bn1 = L.BatchNormalization(ch, use_gamma=False)
            self.bn2 = L.BatchNormalization(ch, use_gamma=False)

    def forward(self, x):
        device = self.device
        h = add_noise(device, x)
        h = F.leaky_relu(add_noise(device, self.c0(h)))
        h = F.leaky_relu(add_noise(device, self.bn1(self.c1(h))))
        h = F.leaky_relu(add_noise(device, self.bn2(self.c2(h))))
        return self.l4(h)


class DCGANUpdater(chainer.training.updaters.StandardUpdater):
    def __init__(self, *args, **kwargs):
        self.gen, self.dis = kwargs.pop("models")
        super(DCGANUpdater, self).__init__(*args, **kwargs)

    def loss_dis(self, dis, y_fake, y_real):
        batchsize = len(y_fake)
        L1 = F.sum(F.softplus(-y_real)) / batchsize
        L2 = F.sum(F.softplus(y_fake)) / batchsize
        loss = L1 + L2
        chainer.report({"loss": loss}, dis)
        return loss

    def loss_gen(self, gen, y_fake):
        batchsize = len(y_fake)
        loss = F.sum(F.softplus(-y_fake)) / batchsize
        chainer.report({"loss": loss}, gen)
        return loss

    def update_core(self):
        gen_optimizer = self.get_optimizer("gen")
        dis_optimizer = self.get_optimizer("dis")

        batch = self.get_iterator("main").next()
        device = self.device
        x_real = Variable(self.converter(batch, device)) / 255.0

        gen, dis = self.gen, self.dis
        batchsize = len(batch)

        y_real = dis(x_real)

        z = Variable(device.xp.asarray(gen.make_hidden(batchsize)))
        x_fake = gen(z)
        y_fake = dis(x_fake)

        dis_optimizer.update(self.loss_dis, dis, y_fake, y_real)
        gen_optimizer.update(self.loss_gen, gen, y_fake)


def out_generated_image(gen, dis, rows, cols, seed, dst):
    @chainer.training.make_extension()
    def make_image(trainer):
        np.random.seed(seed)
        n_images = rows * cols
        xp = gen.xp
        z = Variable(xp.asarray(gen.make_hidden(n_images)))
        with chainer.using_config("train", False):
            x = gen(z)
        x = chainer.backends.cuda.to_cpu(x.array)
        np.random.seed()

        x = np.asarray(np.clip(x * 255, 0.0, 255.0), dtype=np.uint8)
        _, _, H, W = x.shape
        x = x.reshape((rows, cols, 1, H, W))
        x = x.transpose(0, 3, 1, 4, 2)
        x = x.reshape((rows * H, cols * W))

        preview_dir = "{}/preview".format(dst)
        preview_path = preview_dir + "/image{:0>8}.pgm".format(trainer.updater.iteration)
        if not os.path.exists(preview_dir):
            os.makedirs(preview_dir)
        with open(preview_path, "wb") as f:
            f.write(b"P5 %d %d 255\n" % x.shape[::-1] + x.tobytes())

    return make_image


def get_pictures(n):
    """Grey pictures of 8 x 8 with a bright square somewhere near the middle."""
    rng = np.random.RandomState(0)
    pictures = rng.uniform(0, 40, (n, 1, 8, 8))
    for picture in pictures:
        y, x = rng.randint(1, 4, 2)
        picture[0, y : y + 4, x : x + 4] += 200
    return pictures.astype(np.float32)


def distance(gen, pictures):
    """How far the mean of generated pictures is from the mean of real ones."""
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        x = gen(gen.xp.asarray(gen.make_hidden(200)))
    mean = chainer.backends.cuda.to_cpu(x.array).mean(0)
    return float(np.abs(mean - pictures.mean(0) / 255).mean())


def main():
    parser = argparse.ArgumentParser(description="Chainer example: DCGAN")
    parser.add_argument("--batchsize", "-b", type=int, default=50)
    parser.add_argument("--epoch", "-e", type=int, default=15)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--resume", "-r", type=str)
    parser.add_argument("--n_hidden", "-n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    gen = Generator(n_hidden=args.n_hidden)
    dis = Discriminator()
    gen.to_device(device)  # Copy the model to the device
    dis.to_device(device)

    def make_optimizer(model, alpha=0.002, beta1=0.5):
        optimizer = chainer.optimizers.Adam(alpha=alpha, beta1=beta1)
        optimizer.setup(model)
        optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001), "hook_dec")
        return optimizer

    opt_gen = make_optimizer(gen)
    opt_dis = make_optimizer(dis)

    train = get_pictures(500)
    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    before = distance(gen, train)

    updater = DCGANUpdater(
        models=(gen, dis), iterator=train_iter, optimizer={"gen": opt_gen, "dis": opt_dis}, device=device
    )
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)

    snapshot_interval = (100, "iteration")
    display_interval = (30, "iteration")
    trainer.extend(extensions.snapshot(filename="snapshot_iter_{.updater.iteration}.npz"), trigger=snapshot_interval)
    trainer.extend(extensions.snapshot_object(gen, "gen_iter_{.updater.iteration}.npz"), trigger=snapshot_interval)
    trainer.extend(extensions.snapshot_object(dis, "dis_iter_{.updater.iteration}.npz"), trigger=snapshot_interval)
    trainer.extend(extensions.LogReport(trigger=display_interval))
    trainer.extend(extensions.PrintReport(["epoch", "iteration", "gen/loss", "dis/loss"]), trigger=display_interval)
    trainer.extend(extensions.ProgressBar(update_interval=10))
    trainer.extend(out_generated_image(gen, dis, 5, 5, args.seed, args.out), trigger=snapshot_interval)

    if args.resume is not None:
        chainer.serializers.load_npz(args.resume, trainer)
    trainer.run()
    return {"before": before, "after": distance(gen, train)}


if __name__ == "__main__":
    print(json.dumps(main()))
