"""A convolutional network in a loop without a trainer, as in Chainer v4 to v7's tutorials: Sequential, own function, saving."""

import argparse
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import iterators, optimizers, serializers
from chainer.backends import cuda
from chainer.dataset import concat_examples
from chainer.utils import type_check


class Swish(chainer.FunctionNode):
    """x * sigmoid(x), with a gradient that can be differentiated again."""

    def check_type_forward(self, in_types):
        type_check._argname(in_types, ("x",))
        type_check.expect(in_types[0].dtype.kind == "f")

    def forward_cpu(self, inputs):
        self.retain_inputs((0,))
        (x,) = inputs
        return (x / (1 + np.exp(-x)),)

    def forward_gpu(self, inputs):
        self.retain_inputs((0,))
        (x,) = inputs
        return (cuda.elementwise("T x", "T y", "y = x / (1 + exp(-x))", "swish_fwd")(x),)

    def backward(self, indexes, grad_outputs):
        (x,) = self.get_retained_inputs()
        (gy,) = grad_outputs
        s = F.sigmoid(x)
        return (gy * (s + x * s * (1 - s)),)


def swish(x):
    return Swish().apply((x,))[0]


class Residual(chainer.Chain):
    def __init__(self, channels):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(channels, channels, ksize=3, pad=1, initialW=chainer.initializers.HeNormal())
            self.scale = chainer.Parameter(0.5, (1,))

    def forward(self, x):
        return x + F.broadcast_to(self.scale, x.shape) * swish(self.conv(x))


def get_pictures(n, seed):
    """A cross, a circle or a square of random size on a noisy ground of 12 x 12."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[:12, :12] - 5.5
    kinds = rng.randint(0, 3, n).astype(np.int32)
    pictures = []
    for kind in kinds:
        size = rng.uniform(3, 5)
        shape = (
            (np.minimum(abs(x), abs(y)) < 1) & (np.maximum(abs(x), abs(y)) < size),
            abs(np.hypot(x, y) - size) < 0.8,
            abs(np.maximum(abs(x), abs(y)) - size) < 0.8,
        )[kind]
        pictures.append(shape + rng.normal(0, 0.3, (12, 12)))
    return chainer.datasets.TupleDataset(np.array(pictures, np.float32)[:, None], kinds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpu", "-g", type=int, default=-1)
    parser.add_argument("--epoch", "-e", type=int, default=6)
    parser.add_argument("--out", "-o", default="result")
    args = parser.parse_args()

    model = chainer.Sequential(
        L.Convolution2D(None, 8, ksize=5, stride=2, nobias=True),
        L.BatchNormalization(8),
        F.relu,
        Residual(8),
        lambda x: F.max_pooling_2d(x, 2),
        lambda x: F.reshape(x, (len(x), -1)),
    )
    model.append(L.Linear(None, 3))
    if args.gpu >= 0:
        cuda.get_device_from_id(args.gpu).use()
        model.to_gpu(args.gpu)

    optimizer = optimizers.CorrectedMomentumSGD(lr=0.03, momentum=0.9).setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.GradientHardClipping(-1, 1))
    train, test = get_pictures(600, 0), get_pictures(120, 1)
    train_iter = iterators.MultithreadIterator(train, 40, n_threads=2)
    test_iter = iterators.SerialIterator(test, 40, repeat=False, shuffle=False)

    before = None
    while train_iter.epoch < args.epoch:
        batch = train_iter.next()
        x, t = concat_examples(batch, args.gpu)
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
        before = float(loss.array) if before is None else before
        model.cleargrads()
        loss.backward()
        optimizer.update()

        if train_iter.is_new_epoch:
            print("epoch:{:02d} train_loss:{:.04f} ".format(train_iter.epoch, float(loss.array)), end="")
            test_losses = []
            test_accuracies = []
            for test_batch in test_iter:
                x_test, t_test = concat_examples(test_batch, args.gpu)
                with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
                    y_test = model(x_test)
                loss_test = F.softmax_cross_entropy(y_test, t_test)
                test_losses.append(cuda.to_cpu(loss_test.array))
                accuracy = F.accuracy(y_test, t_test)
                accuracy.to_cpu()
                test_accuracies.append(accuracy.array)
            test_iter.reset()
            print("val_loss:{:.04f} val_accuracy:{:.04f}".format(np.mean(test_losses), np.mean(test_accuracies)))
    train_iter.finalize()

    # A second model, filled from the file, says the same
    path = os.path.join(args.out, "my_shapes.model")
    serializers.save_npz(path, model)
    again = model.copy(mode="init")
    again(x_test[:1])
    serializers.load_npz(path, again)
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        np.testing.assert_allclose(cuda.to_cpu(again(x_test).array), cuda.to_cpu(y_test.array), rtol=1e-5)
    return {"before": before, "after": float(np.mean(test_losses)), "accuracy": float(np.mean(test_accuracies))}


if __name__ == "__main__":
    print(json.dumps(main()))
