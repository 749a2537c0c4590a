"""The same perceptron in the style of v1.5 to v3: links as keyword arguments, a GPU's number, a model called by the loss."""

from __future__ import print_function

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
    def __init__(self, n_in, n_units, n_out):
        super(MLP, self).__init__(
            l1=L.Linear(n_in, n_units),
            l2=L.Linear(n_units, n_units),
        )
        self.add_link("l3", L.Linear(n_units, n_out, initialW=chainer.initializers.HeNormal()))
        self.add_param("scale", (1,), initializer=1)
        self.add_persistent("n_calls", 0)

    def __call__(self, x):
        self.n_calls += 1
        h = F.relu(self.l1(x))
        h = F.relu(self["l2"](h))
        return self.l3(h) * F.broadcast_to(self.scale, (len(x.data), 10))


class Classifier(chainer.Chain):
    def __init__(self, predictor):
        super(Classifier, self).__init__(predictor=predictor)

    def __call__(self, x, t):
        y = self.predictor(x)
        self.loss = F.softmax_cross_entropy(y, t)
        self.accuracy = F.accuracy(y, t)
        chainer.report({"loss": self.loss, "accuracy": self.accuracy}, self)
        return self.loss


class Digits(chainer.dataset.DatasetMixin):
    def __init__(self, n, seed):
        rng = np.random.RandomState(seed)
        self.labels = rng.randint(0, 10, n).astype(np.int32)
        shapes = np.random.RandomState(0).rand(10, 784)
        self.images = (0.5 * shapes[self.labels] + 0.5 * rng.rand(n, 784)).astype(np.float32)

    def __len__(self):
        return len(self.labels)

    def get_example(self, i):
        return self.images[i], self.labels[i]


class TestModeEvaluator(extensions.Evaluator):
    def evaluate(self):
        model = self.get_target("main")
        model.train = False
        ret = super(TestModeEvaluator, self).evaluate()
        model.train = True
        return ret


def convert(batch, device):
    """A converter of its own, which is given the number of a device."""
    x = np.stack([image for image, _ in batch])
    t = np.array([label for _, label in batch])
    if device is None or device < 0:
        return x, t
    return tuple(chainer.dataset.to_device(device, array) for array in (x, t))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpu", "-g", type=int, default=-1)
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--resume", "-r", default="")
    args = parser.parse_args()

    model = Classifier(MLP(784, 100, 10))
    if args.gpu >= 0:
        chainer.cuda.get_device_from_id(args.gpu).use()  # Make a specified GPU current
        model.to_gpu()  # Copy the model to the GPU

    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.WeightDecay(1e-5))

    train_iter = chainer.iterators.SerialIterator(Digits(1000, 1), 100)
    test_iter = chainer.iterators.SerialIterator(Digits(200, 2), 100, repeat=False, shuffle=False)

    updater = training.StandardUpdater(train_iter, optimizer, convert, device=args.gpu)
    trainer = training.Trainer(updater, (5, "epoch"), out=args.out)
    trainer.extend(chainer.training.extensions.Evaluator(test_iter, model, device=args.gpu))
    trainer.extend(TestModeEvaluator(test_iter, model, convert, device=args.gpu), name="test")
    trainer.extend(extensions.dump_graph("main/loss"))
    trainer.extend(extensions.snapshot(filename="snapshot_{.updater.epoch}"), trigger=(5, "epoch"))
    trainer.extend(extensions.snapshot_object(model.predictor, "model_{.updater.iteration}"), trigger=(25, "iteration"))
    trainer.extend(extensions.ExponentialShift("alpha", 0.9), trigger=(1, "epoch"))
    trainer.extend(extensions.observe_value("alpha", lambda t: t.updater.get_optimizer("main").alpha))
    trainer.extend(extensions.LogReport(trigger=(1, "epoch")))
    trainer.extend(
        extensions.PrintReport(["epoch", "main/loss", "validation/main/loss", "test/main/accuracy", "alpha"])
    )
    trainer.extend(extensions.ProgressBar())

    if args.resume:
        chainer.serializers.load_npz(args.resume, trainer)
    trainer.run()

    log = trainer.get_extension("LogReport").log
    predictor = MLP(784, 100, 10)
    chainer.serializers.load_npz(os.path.join(args.out, "model_50"), predictor)
    np.testing.assert_array_equal(predictor.l1.W.data, chainer.cuda.to_cpu(model.predictor.l1.W.data))
    assert predictor.n_calls > 0
    return {
        "before": log[0]["main/loss"],
        "after": log[-1]["main/loss"],
        "accuracy": float(log[-1]["validation/main/accuracy"]),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
