"""Links, each built and called once, and optimizers and whole trainings: a program that runs on Chainer 7.8.1 and here.

python links.py OUT.npz
"""

import json
import os
import sys
import tempfile
import warnings

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import iterators, optimizers, training
from chainer.training import extensions

warnings.simplefilter("ignore")
R = np.random.RandomState(0)
X, IM, LINE, VOL = (R.randn(*s).astype("f") for s in ((3, 4), (2, 4, 6, 6), (2, 4, 9), (2, 4, 5, 5, 5)))
Y = R.randn(3, 4).astype("f")
T = np.array([0, 2, 3], "i")
IDS = np.array([[0, 1], [6, 2]], "i")
SEQ = [R.randn(n, 4).astype("f") for n in (4, 3, 1)]
TREE = ((0, 1), (2, 3))


class Same:
    """Draws the same class always: Chainer asks for one more than it uses."""

    def sample(self, shape):
        return np.full(shape, 1, "i")

    __call__ = sample


def sampling(link):
    """A link that draws, with samples that are always the same."""
    link.sampler = Same()
    return link


# name -> how it is made, what it is called with
LINKS = {
    "Linear": (lambda: L.Linear(4, 5), (X,)), "Linear lazy": (lambda: L.Linear(5), (X,)), "Linear nobias": (lambda: L.Linear(4, 5, nobias=True), (X,)),
    "Bias": (lambda: L.Bias(1, (4,)), (X,)), "Bilinear": (lambda: L.Bilinear(4, 4, 2), (X, Y)), "Scale": (lambda: L.Scale(1, (4,), bias_term=True), (X,)),
    "Convolution1D": (lambda: L.Convolution1D(4, 5, 3), (LINE,)), "Convolution2D": (lambda: L.Convolution2D(4, 5, 3, 2, 1), (IM,)),
    "Convolution2D lazy": (lambda: L.Convolution2D(None, 5, 3), (IM,)), "Convolution2D groups": (lambda: L.Convolution2D(4, 6, 3, groups=2), (IM,)),
    "Convolution3D": (lambda: L.Convolution3D(4, 5, 3), (VOL,)), "ConvolutionND": (lambda: L.ConvolutionND(2, 4, 5, 3), (IM,)),
    "Deconvolution1D": (lambda: L.Deconvolution1D(4, 5, 3), (LINE,)), "Deconvolution2D": (lambda: L.Deconvolution2D(4, 5, 3, stride=2, pad=1), (IM,)),
    "Deconvolution3D": (lambda: L.Deconvolution3D(4, 5, 3), (VOL,)), "DeconvolutionND": (lambda: L.DeconvolutionND(2, 4, 5, 3), (IM,)),
    "DeformableConvolution2D": (lambda: L.DeformableConvolution2D(4, 5, 3), (IM,)), "DepthwiseConvolution2D": (lambda: L.DepthwiseConvolution2D(4, 2, 3), (IM,)),
    "DilatedConvolution2D": (lambda: L.DilatedConvolution2D(4, 5, 3, dilate=2), (IM,)), "EmbedID": (lambda: L.EmbedID(7, 3), (IDS,)),
    "Highway": (lambda: L.Highway(4), (X,)), "Inception": (lambda: L.Inception(4, 2, 2, 3, 2, 3, 2), (IM,)),
    "InceptionBN": (lambda: L.InceptionBN(4, 2, 2, 3, 2, 3, "avg", 2), (IM,)),
    "LocalConvolution2D": (lambda: L.LocalConvolution2D(4, 5, 6, 3), (IM,)), "MLPConvolution2D": (lambda: L.MLPConvolution2D(4, (5, 3), 3), (IM,)),
    "Maxout": (lambda: L.Maxout(4, 3, 2), (X,)), "PReLU": (lambda: L.PReLU((4,)), (X,)), "Swish": (lambda: L.Swish((4,)), (X,)),
    "Parameter": (lambda: L.Parameter(X.copy()), ()), "CRF1d": (lambda: L.CRF1d(4), ([X, Y], [np.array([0, 1, 2], "i")] * 2)),
    "BinaryHierarchicalSoftmax": (lambda: L.BinaryHierarchicalSoftmax(4, TREE), (X, T)), "Classifier": (lambda: L.Classifier(L.Linear(4, 4)), (X, T)),
    "BatchNormalization": (lambda: L.BatchNormalization(4), (IM,)), "BatchNormalization axis": (lambda: L.BatchNormalization(axis=(0,)), (X,)),
    "BatchRenormalization": (lambda: L.BatchRenormalization(4), (IM,)), "LayerNormalization": (lambda: L.LayerNormalization(4), (X,)),
    "GroupNormalization": (lambda: L.GroupNormalization(2), (IM,)), "DecorrelatedBatchNormalization": (lambda: L.DecorrelatedBatchNormalization(4, groups=2), (IM,)),
    "LSTM": (lambda: L.LSTM(4, 3), (X,)), "StatelessLSTM": (lambda: L.StatelessLSTM(4, 4), (X, Y, X)), "StatefulGRU": (lambda: L.StatefulGRU(4, 3), (X,)),
    "StatelessGRU": (lambda: L.StatelessGRU(4, 4), (X, Y)), "StatefulMGU": (lambda: L.StatefulMGU(4, 3), (X,)), "StatelessMGU": (lambda: L.StatelessMGU(4, 4), (X, Y)),
    "StatefulPeepholeLSTM": (lambda: L.StatefulPeepholeLSTM(4, 3), (X,)), "ChildSumTreeLSTM": (lambda: L.ChildSumTreeLSTM(4, 4), (X, Y, X, Y, X)),
    "NaryTreeLSTM": (lambda: L.NaryTreeLSTM(4, 4), (X, Y, X, Y, X)), "NStepLSTM": (lambda: L.NStepLSTM(2, 4, 3, 0.0), (None, None, SEQ)),
    "NStepBiLSTM": (lambda: L.NStepBiLSTM(1, 4, 3, 0.0), (None, None, SEQ)), "NStepGRU": (lambda: L.NStepGRU(2, 4, 3, 0.0), (None, SEQ)),
    "NStepBiGRU": (lambda: L.NStepBiGRU(1, 4, 3, 0.0), (None, SEQ)), "NStepRNNTanh": (lambda: L.NStepRNNTanh(1, 4, 3, 0.0), (None, SEQ)),
    "NStepRNNReLU": (lambda: L.NStepRNNReLU(1, 4, 3, 0.0), (None, SEQ)), "NStepBiRNNTanh": (lambda: L.NStepBiRNNTanh(1, 4, 3, 0.0), (None, SEQ)),
    "NStepBiRNNReLU": (lambda: L.NStepBiRNNReLU(1, 4, 3, 0.0), (None, SEQ)), "GRU": (lambda: L.GRU(4, 3), (X,)),
    "StatefulZoneoutLSTM": (lambda: L.StatefulZoneoutLSTM(4, 3, 0.0, 0.0), (X,)), "SimplifiedDropconnect": (lambda: L.SimplifiedDropconnect(4, 5, 0.0), (X,)),
    "BlackOut": (lambda: sampling(L.BlackOut(4, [5, 1, 2, 3, 1], 2)), (X, T)),
    "NegativeSampling": (lambda: sampling(L.NegativeSampling(4, [5, 1, 2, 3, 1], 2)), (X, T)),
}  # fmt: skip

OPTIMIZERS = {
    "SGD": {"lr": 0.1}, "MomentumSGD": {"lr": 0.1}, "CorrectedMomentumSGD": {"lr": 0.1}, "NesterovAG": {"lr": 0.1}, "AdaGrad": {"lr": 0.1},
    "AdaDelta": {}, "RMSprop": {"lr": 0.05}, "RMSpropGraves": {"lr": 0.05}, "Adam": {"alpha": 0.05}, "AdamW": {"alpha": 0.05, "weight_decay_rate": 0.1},
    "AMSGrad": {"alpha": 0.05}, "AdaBound": {"alpha": 0.05}, "AMSBound": {"alpha": 0.05}, "SMORMS3": {"lr": 0.05}, "MSVAG": {"lr": 0.05},
}  # fmt: skip


def fill(link):
    """Give the parameters the same values in both, by their names."""
    for i, (_, p) in enumerate(sorted(link.namedparams())):
        if p.array is not None:
            p.array[...] = np.random.RandomState(i).randn(*p.shape) * 0.5
    return link


def flat(ys):
    if isinstance(ys, (list, tuple)):
        return [y for part in ys for y in flat(part)]
    return [ys]


def call(name, make, args):
    """Outputs and gradients, after a first call that gives shapes to parameters without."""
    link = fill(make())
    # Of arrays a link without parameters gives arrays here.
    args = [chainer.Variable(a) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args]
    link(*args)
    if hasattr(link, "reset_state"):
        link.reset_state()
    fill(link)
    link.cleargrads()
    outputs = flat(link(*args))
    found = {f"{name}: output {i}": y.array for i, y in enumerate(outputs)}
    weights = np.random.RandomState(3)
    sum(
        F.sum(y * np.asarray(weights.randn(*y.shape), dtype=y.dtype)) for y in outputs if y.dtype.kind == "f"
    ).backward()
    for path, p in sorted(link.namedparams()):
        found[f"{name}: {path}"] = p.grad if p.grad is not None else np.zeros_like(p.array)
    serializer = chainer.serializers.DictionarySerializer()
    link.serialize(serializer)
    found[f"{name}: keys"] = np.array(sorted(serializer.target), dtype="U80")
    for key, value in sorted(serializer.target.items()):
        if key.split("/")[-1].startswith(("avg_", "N")):
            found[f"{name}: {key} after two calls"] = np.asarray(value)
    return found


def optimized(name, options):
    """A parameter after 1, 10 and 50 steps with given gradients, and the optimizer's state."""
    link = chainer.Link()
    with link.init_scope():
        link.W = chainer.Parameter(np.random.RandomState(0).randn(3, 4).astype("f"))
    optimizer = getattr(optimizers, name)(**options)
    optimizer.setup(link)
    draws, found = np.random.RandomState(1), {}
    for step in range(1, 51):
        link.W.grad = (draws.randn(3, 4) + link.W.array).astype("f")
        optimizer.update()
        if step in (1, 10, 50):
            found[f"{name}: after {step} steps"] = link.W.array.copy()
    serializer = chainer.serializers.DictionarySerializer()
    optimizer.serialize(serializer)
    for key, value in sorted(serializer.target.items()):
        found[f"{name}: state {key}"] = np.asarray(value)
    return found


class MLP(chainer.Chain):
    def __init__(self, activation, lossfun=None):
        super().__init__()
        self.activation = activation
        with self.init_scope():
            self.l1 = L.Linear(4, 8)
            self.l2 = L.Linear(8, 8)
            self.l3 = L.Linear(8, 3)

    def __call__(self, x):
        f = self.activation
        return self.l3(f(self.l2(f(self.l1(x)))))


class ConvNet(chainer.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.c1 = L.Convolution2D(1, 4, 3, pad=1)
            self.l1 = L.Linear(16, 3)

    def __call__(self, x):
        h = F.max_pooling_2d(F.relu(self.c1(F.reshape(x, (-1, 1, 2, 2)))), 2, stride=1, pad=1)
        return self.l1(F.reshape(F.average_pooling_2d(h, 2, stride=1)[:, :, :2, :2], (len(x), -1)))


class Embedded(chainer.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(5, 6)
            self.out = L.Linear(6, 3)

    def __call__(self, x):
        return self.out(F.sum(self.embed((abs(x) * 2).astype("i") % 5), axis=1))


def trainings():
    sgd, hooks = optimizers, chainer.optimizer_hooks
    yield "sgd", MLP(F.relu), sgd.SGD(0.1), []
    yield "momentum", MLP(F.tanh), sgd.MomentumSGD(0.05), []
    yield "adam", MLP(F.sigmoid), sgd.Adam(0.01), []
    yield "weight decay", MLP(F.relu), sgd.SGD(0.1), [hooks.WeightDecay(0.01)]
    yield "lasso", MLP(F.relu), sgd.SGD(0.1), [hooks.Lasso(0.001)]
    yield "clipping", MLP(F.relu), sgd.SGD(0.5), [hooks.GradientClipping(0.3)]
    yield "hard clipping", MLP(F.elu), sgd.RMSprop(0.01), [hooks.GradientHardClipping(-0.01, 0.01)]
    yield "lars", MLP(F.leaky_relu), sgd.SGD(0.01), [hooks.GradientLARS()]
    yield "convolution", ConvNet(), sgd.Adam(0.01), []
    yield "embedding", Embedded(), sgd.AdaGrad(0.1), []


def log_of(predictor, optimizer, hooks):
    """The entries of the log, without the seconds."""
    draws = np.random.RandomState(5)
    x = draws.randn(60, 4).astype("f")
    data = chainer.datasets.TupleDataset(x, (x[:, 0] > 0).astype("i") + (x[:, 1] > 0))
    model = L.Classifier(fill(predictor))
    optimizer.setup(model)
    for hook in hooks:
        optimizer.add_hook(hook)
    with tempfile.TemporaryDirectory() as out:
        updater = training.StandardUpdater(iterators.SerialIterator(data, 20, shuffle=False), optimizer)
        trainer = training.Trainer(updater, (20, "epoch"), out=out)
        test = iterators.SerialIterator(data, 20, repeat=False, shuffle=False)
        trainer.extend(extensions.Evaluator(test, model))
        trainer.extend(extensions.LogReport(trigger=(1, "epoch")))
        trainer.run()
        with open(os.path.join(out, "log")) as file:
            return [{k: v for k, v in entry.items() if k != "elapsed_time"} for entry in json.load(file)]


def main(path):
    results, absent = {}, []
    for name, (make, args) in LINKS.items():
        if not hasattr(L, name.split()[0]):
            absent.append(name)
            continue
        try:
            results.update(call(name, make, args))
        except Exception as error:
            results[f"{name}: error"] = np.array(f"{type(error).__name__}: {error}")
    for name, options in OPTIMIZERS.items():
        results.update(optimized(name, options))
    for name, predictor, optimizer, hooks in trainings():
        log = log_of(predictor, optimizer, hooks)
        for key in sorted(log[-1]):  # the first may say what it is about
            results[f"training with {name}: {key}"] = np.array([entry[key] for entry in log])
    np.savez(path, absent=np.array(absent, dtype="U80"), **results)


if __name__ == "__main__":
    main(sys.argv[1])
