"""A trainer of which everything is the user's: iterator, converter, updater, evaluator, extensions; as programs of v2 to v5 had it."""

import argparse
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import cuda, datasets, function, iterators, optimizers, reporter, serializers, training
from chainer.training import extensions


class Rectifier(function.Function):
    """max(x, 0), in the style of v1."""

    def forward_cpu(self, inputs):
        self.retain_inputs(())
        self.retain_outputs((0,))
        return (np.maximum(inputs[0], 0),)

    def forward_gpu(self, inputs):
        return (cuda.elementwise("T x", "T y", "y = max(x, (T)0)", "rectifier")(inputs[0]),)

    def backward(self, inputs, grad_outputs):
        return (grad_outputs[0] * (self.output_data[0] > 0),)


class Network(chainer.Chain):
    def __init__(self, n_units):
        super(Network, self).__init__(l1=L.Linear(4, n_units), l2=L.Linear(n_units, n_units))  # noqa: UP008
        self.add_link("l3", L.Linear(n_units, 2))
        self.add_param("gain", (2,), initializer=1)
        self.add_persistent("calls", np.array(0))

    def __call__(self, x):
        self.calls += 1
        h = Rectifier()(self.l1(x)) * np.sqrt(2)
        h = F.dropout(Rectifier()(self.l2(h)), ratio=0.1)
        y = self.l3(h)
        return y * F.broadcast_to(self.gain, y.shape)


class InOrder(chainer.dataset.Iterator):
    def __init__(self, dataset, batch_size, repeat=True):
        self.dataset, self.batch_size, self.repeat = dataset, batch_size, repeat
        self.reset()

    def reset(self):
        self.place, self.epoch, self.is_new_epoch = 0, 0, False

    def __next__(self):
        if self.epoch and not self.repeat:
            raise StopIteration
        batch = self.dataset[self.place : self.place + self.batch_size]
        self.place += self.batch_size
        self.is_new_epoch = self.place >= len(self.dataset)
        if self.is_new_epoch:
            self.place, self.epoch = 0, self.epoch + 1
        return batch

    next = __next__

    @property
    def epoch_detail(self):
        return self.epoch + self.place / len(self.dataset)

    def serialize(self, serializer):
        self.place = serializer("place", self.place)
        self.epoch = serializer("epoch", self.epoch)
        self.is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)


class Updater(training.StandardUpdater):
    def update_core(self):
        optimizer = self.get_optimizer("main")
        x, t = self.converter(self.get_iterator("main").next(), self.device)
        loss = optimizer.target(x, t)
        optimizer.target.cleargrads()
        loss.backward()
        optimizer.update()
        chainer.report({"rate": optimizer.lr})


class Evaluator(extensions.Evaluator):
    default_name = "val"

    def evaluate(self):
        iterator, target = self.get_iterator("main"), self.get_target("main")
        iterator.reset()
        summary = reporter.DictSummary()
        for batch in iterator:
            observation = {}
            with reporter.report_scope(observation):
                with function.no_backprop_mode(), chainer.using_config("train", False):
                    target(*self.converter(batch, self.device))
            summary.add(observation)
        return summary.compute_mean()


def convert(batch, device=None):
    x, t = chainer.dataset.concat_examples(batch, device)
    return x, t


@training.make_extension(trigger=(1, "epoch"), priority=training.PRIORITY_READER)
def watch(trainer):
    loss = trainer.observation["main/loss"]
    watched.append(float(cuda.to_cpu(loss.data)))


watched = []


class Halve(training.Extension):
    trigger = 5, "epoch"

    def initialize(self, trainer):
        self.optimizer = trainer.updater.get_optimizer("main")

    def __call__(self, trainer):
        self.optimizer.lr *= 0.5


def get_points(n):
    x = np.random.RandomState(0).randn(n, 4).astype(np.float32)
    whole = datasets.TupleDataset(x, (x[:, 0] * x[:, 1] > 0).astype(np.int32))
    stretched = datasets.TransformDataset(whole, lambda example: (example[0] * 2, example[1]))
    return datasets.split_dataset_random(stretched, n * 4 // 5, seed=0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", "-o", default="result")
    parser.add_argument("--gpu", "-g", type=int, default=-1)
    args = parser.parse_args()

    train, test = get_points(500)
    model = L.Classifier(Network(32))
    optimizer = optimizers.MomentumSGD(0.05)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.WeightDecay(1e-4))
    optimizer.add_hook(chainer.optimizer.GradientClipping(5.0), "clip")

    updater = Updater(InOrder(train, 20), optimizer, converter=convert, device=args.gpu)
    trainer = training.Trainer(updater, (20, "epoch"), out=args.out)
    trainer.extend(Evaluator(InOrder(test, 20, repeat=False), model, converter=convert, device=args.gpu))
    trainer.extend(watch)
    trainer.extend(Halve())
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "main/loss", "val/main/loss", "val/main/accuracy", "rate"]))
    best = training.triggers.MaxValueTrigger("val/main/accuracy", (1, "epoch"))
    trainer.extend(extensions.snapshot_object(model.predictor, "best"), trigger=best)
    trainer.run()

    # The best network; then a part of it in another one, and what another network has of the same names.
    again = Network(32)
    serializers.load_npz(os.path.join(args.out, "best"), again)
    part = Network(32)
    serializers.load_npz(os.path.join(args.out, "best"), part.l1, path="l1/")
    other = chainer.Chain(l1=L.Linear(4, 32), new=L.Linear(2, 2))
    serializers.load_npz(os.path.join(args.out, "best"), other, strict=False)
    for link in (part.l1, other.l1):
        np.testing.assert_array_equal(link.W.data, again.l1.W.data)

    evaluator = extensions.Evaluator(iterators.SerialIterator(test, 20, repeat=False), L.Classifier(again))
    accuracy = float(evaluator()["main/accuracy"])
    assert [round(rate, 4) for rate in (optimizer.lr,)] == [0.0031]
    print(json.dumps({"before": watched[0], "after": watched[-1], "accuracy": accuracy}))


if __name__ == "__main__":
    main()
