"""A small VGG on coloured pictures, as in Chainer v4 to v7: blocks with batch normalization, a learning rate that falls."""

import argparse
import json

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions, triggers


class Block(chainer.Chain):
    """A convolution, batch normalization, ReLU."""

    def __init__(self, out_channels, ksize, pad=1):
        super(Block, self).__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(None, out_channels, ksize, pad=pad, nobias=True)
            self.bn = L.BatchNormalization(out_channels)

    def forward(self, x):
        h = self.conv(x)
        h = self.bn(h)
        return F.relu(h)


class VGG(chainer.Chain):
    def __init__(self, class_labels=10):
        super(VGG, self).__init__()
        with self.init_scope():
            self.block1_1 = Block(8, 3)
            self.block1_2 = Block(8, 3)
            self.block2_1 = Block(16, 3)
            self.block2_2 = Block(16, 3)
            self.fc1 = L.Linear(None, 32, nobias=True)
            self.bn_fc1 = L.BatchNormalization(32)
            self.fc2 = L.Linear(None, class_labels, nobias=True)

    def forward(self, x):
        # 8 channel blocks:
        h = self.block1_1(x)
        h = F.dropout(h, ratio=0.1)
        h = self.block1_2(h)
        h = F.max_pooling_2d(h, ksize=2, stride=2)

        # 16 channel blocks:
        h = self.block2_1(h)
        h = F.dropout(h, ratio=0.1)
        h = self.block2_2(h)
        h = F.max_pooling_2d(h, ksize=2, stride=2)

        h = F.dropout(h, ratio=0.2)
        h = self.fc1(h)
        h = self.bn_fc1(h)
        h = F.relu(h)
        h = F.dropout(h, ratio=0.2)
        return self.fc2(h)


def get_pictures(n, seed):
    """Pictures of 16 x 16 in three colours, whose class is the direction and the colour of stripes."""
    rng = np.random.RandomState(seed)
    t = rng.randint(0, 10, n).astype(np.int32)
    y, x = np.mgrid[:16, :16]
    angle = t[:, None, None] * np.pi / 10
    stripes = np.sin(x * np.cos(angle) + y * np.sin(angle) + rng.rand(n, 1, 1) * 6)
    colour = np.where(np.arange(3) == (t % 3)[:, None], 1.0, 0.4)
    pictures = stripes[:, None] * colour[:, :, None, None] + 0.3 * rng.randn(n, 3, 16, 16)
    return chainer.datasets.TupleDataset(pictures.astype(np.float32), t)


def flip(in_data):
    """Turn a picture upside down and over, which leaves the direction of its stripes."""
    img, label = in_data
    if np.random.rand() < 0.5:
        img = img[:, ::-1, ::-1]
    return img, label


def main():
    parser = argparse.ArgumentParser(description="Chainer CIFAR example:")
    parser.add_argument("--batchsize", "-b", type=int, default=50)
    parser.add_argument("--learnrate", "-l", type=float, default=0.05)
    parser.add_argument("--epoch", "-e", type=int, default=6)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--early-stopping", type=str)
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()

    train = chainer.datasets.TransformDataset(get_pictures(500, 0), flip)
    test = get_pictures(100, 1)
    model = L.Classifier(VGG(10))
    model.to_device(device)

    optimizer = chainer.optimizers.MomentumSGD(args.learnrate)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(5e-4))

    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    stop_trigger = (args.epoch, "epoch")
    if args.early_stopping:
        stop_trigger = triggers.EarlyStoppingTrigger(
            monitor=args.early_stopping, verbose=True, max_trigger=(args.epoch, "epoch")
        )

    updater = training.updaters.StandardUpdater(train_iter, optimizer, device=device)
    trainer = training.Trainer(updater, stop_trigger, out=args.out)
    trainer.extend(extensions.Evaluator(test_iter, model, device=device))
    trainer.extend(extensions.ExponentialShift("lr", 0.5), trigger=(2, "epoch"))
    trainer.extend(
        extensions.snapshot_object(model, "best_model"), trigger=triggers.MaxValueTrigger("validation/main/accuracy")
    )
    trainer.extend(extensions.observe_lr())
    trainer.extend(extensions.LogReport())
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "lr", "main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy"]
        )
    )
    trainer.run()

    log = trainer.get_extension("LogReport").log
    return {
        "before": log[0]["main/loss"],
        "after": log[-1]["main/loss"],
        "accuracy": max(float(entry["validation/main/accuracy"]) for entry in log),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
