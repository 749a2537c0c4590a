"""Document 004: an updater of one's own, for one network that feeds several classifiers; as printed, but for its typing errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import cuda, reporter, training
from chainer import optimizer as optimizer_module
from chainer.dataset import convert
from chainer.dataset import iterator as iterator_module
from chainer.training import extensions


class CNN(chainer.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(1, 4, 3)
            self.fc = L.Linear(None, 8)

    def __call__(self, x: Any) -> Any:
        return F.relu(self.fc(F.max_pooling_2d(F.relu(self.conv(x)), 2)))


class Head(chainer.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.fc = L.Linear(8, 2)

    def __call__(self, y: Any, t: Any) -> Any:
        loss = F.softmax_cross_entropy(self.fc(y), t)
        reporter.report({"loss": loss}, self)
        return loss


class MyUpdater(training.StandardUpdater):
    def __init__(
        self,
        iterator: Any,
        base_cnn: Any,
        classifiers: Any,
        optimizer: Any,
        converter: Any = convert.concat_examples,
        device: Any = None,
    ) -> None:
        if isinstance(iterator, iterator_module.Iterator):
            iterator = {"main": iterator}
        self._iterators = iterator
        self.base_cnn = base_cnn
        self.classifiers = classifiers
        if isinstance(optimizer, optimizer_module.Optimizer):
            optimizer = {"main": optimizer}
        self._optimizers = optimizer
        self.converter = converter
        self.device = device
        self.iteration = 0

    def update_core(self) -> None:
        iterator = self._iterators["main"].next()
        in_arrays = self.converter(iterator, self.device)
        xp = np if int(self.device) == -1 else cuda.cupy
        x_batch = xp.array(in_arrays[0])
        t_batch = xp.array(in_arrays[1])
        y = self.base_cnn(x_batch)
        losses = [classifier(y, t_batch[:, i]) for i, classifier in enumerate(self.classifiers)]
        for optimizer in self._optimizers.values():
            optimizer.target.cleargrads()
        for loss in losses:
            loss.backward()
        for optimizer in self._optimizers.values():
            optimizer.update()


def test_one_network_and_two_classifiers(tmp_path: Path) -> None:
    draws = np.random.RandomState(0)
    x = draws.randn(40, 1, 8, 8).astype(np.float32)
    t = np.stack([x.mean((1, 2, 3)) > 0, x[:, 0, :4].mean((1, 2)) > 0], axis=1).astype(np.int32)
    cnn, heads = CNN(), [Head(), Head()]
    cnn(x[:1])
    made = {"base_cnn_opt": cnn, "0": heads[0], "1": heads[1]}
    opts = {name: chainer.optimizers.Adam(0.01) for name in made}
    for name, optimizer in opts.items():
        optimizer.setup(made[name])
    before = cnn.conv.W.data.copy()
    iterator = chainer.iterators.SerialIterator(chainer.datasets.TupleDataset(x, t), 10)
    trainer = training.Trainer(MyUpdater(iterator, cnn, heads, opts, device=-1), (20, "epoch"), out=str(tmp_path))
    trainer.extend(extensions.LogReport())
    trainer.run()
    log = json.loads((tmp_path / "log").read_text())
    assert {"0/loss", "1/loss"} <= set(log[0])
    assert log[-1]["0/loss"] < log[0]["0/loss"]
    assert log[-1]["1/loss"] < log[0]["1/loss"]
    assert not np.array_equal(before, cnn.conv.W.data)


def test_gradients_of_two_losses_add_up_in_what_they_share() -> None:
    x = np.random.RandomState(0).randn(4, 1, 8, 8).astype(np.float32)
    t = np.array([0, 1, 0, 1], dtype=np.int32)
    cnn, heads = CNN(), [Head(), Head()]
    y = cnn(x)
    parts = []
    for head in heads:
        cnn.cleargrads()
        head(y, t).backward()
        parts.append(cnn.conv.W.grad.copy())
    cnn.cleargrads()
    for loss in [head(y, t) for head in heads]:
        loss.backward()
    np.testing.assert_allclose(cnn.conv.W.grad, parts[0] + parts[1], rtol=1e-5, atol=1e-7)
