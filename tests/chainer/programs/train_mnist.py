"""A multi-layer perceptron on pictures of digits, as Chainer v7's programs were written: devices, extensions, resuming."""

import argparse
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions


class MLP(chainer.Chain):
    def __init__(self, n_units, n_out):
        super(MLP, self).__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)  # n_in -> n_units
            self.l2 = L.Linear(None, n_units)  # n_units -> n_units
            self.l3 = L.Linear(None, n_out)  # n_units -> n_out

    def forward(self, x):
        h1 = F.relu(self.l1(x))
        h2 = F.relu(self.l2(h1))
        return self.l3(h2)


def get_digits(n_train=1000, n_test=200):
    """Ten blurred shapes of 28 x 28, each with noise of its own."""
    rng = np.random.RandomState(0)
    shapes = rng.rand(10, 784).astype(np.float32)
    labels = rng.randint(0, 10, n_train + n_test).astype(np.int32)
    images = 0.5 * shapes[labels] + 0.5 * rng.rand(len(labels), 784).astype(np.float32)
    data = chainer.datasets.TupleDataset(images, labels)
    return chainer.datasets.split_dataset(data, n_train)


def main():
    parser = argparse.ArgumentParser(description="Chainer example: MNIST")
    parser.add_argument("--batchsize", "-b", type=int, default=100)
    parser.add_argument("--epoch", "-e", type=int, default=5)
    parser.add_argument("--frequency", "-f", type=int, default=-1)
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--resume", "-r", type=str)
    parser.add_argument("--unit", "-u", type=int, default=100)
    parser.add_argument("--noplot", dest="plot", action="store_false")
    args = parser.parse_args()

    device = chainer.get_device(args.device)
    print("Device: {}".format(device))
    print("# unit: {}".format(args.unit))
    print("")

    model = L.Classifier(MLP(args.unit, 10))
    model.to_device(device)
    device.use()

    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)

    train, test = get_digits()
    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    updater = training.updaters.StandardUpdater(train_iter, optimizer, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)

    trainer.extend(extensions.Evaluator(test_iter, model, device=device), call_before_training=True)
    trainer.extend(extensions.DumpGraph("main/loss"))
    frequency = args.epoch if args.frequency == -1 else max(1, args.frequency)
    trainer.extend(extensions.snapshot(), trigger=(frequency, "epoch"))
    trainer.extend(extensions.LogReport(), call_before_training=True)
    if args.plot and extensions.PlotReport.available():
        trainer.extend(
            extensions.PlotReport(["main/loss", "validation/main/loss"], "epoch", file_name="loss.png"),
            call_before_training=True,
        )
        trainer.extend(
            extensions.PlotReport(["main/accuracy", "validation/main/accuracy"], "epoch", file_name="accuracy.png"),
            call_before_training=True,
        )
    trainer.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy", "elapsed_time"]
        ),
        call_before_training=True,
    )
    trainer.extend(extensions.ProgressBar(update_interval=10))

    if args.resume is not None:
        chainer.serializers.load_npz(args.resume, trainer)

    trainer.run()

    with open(os.path.join(args.out, "log")) as f:
        log = json.load(f)
    assert os.path.exists(os.path.join(args.out, "snapshot_iter_{}".format(updater.iteration)))
    return {
        "before": log[0]["validation/main/loss"],
        "after": log[-1]["validation/main/loss"],
        "accuracy": log[-1]["validation/main/accuracy"],
    }


if __name__ == "__main__":
    print(json.dumps(main()))
