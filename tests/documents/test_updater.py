"""The updater of the tutorial on updaters: one network feeds several classifiers, each with an optimizer of its own.

The class stands as the tutorial gives it, with the lines that its page lost, and with this library's imports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena import training
from catena.nn.serializers import load_npz
from catena.training import convert, datasets, extensions, iterators, optimizers, set_seed


class MyUpdater(training.StandardUpdater):
    def __init__(
        self,
        iterator,
        base_cnn,
        classifiers,
        base_cnn_optimizer,
        cl_optimizers,
        converter=convert.concat_examples,
        device=None,
    ):  # type: ignore[no-untyped-def]
        if isinstance(iterator, iterators.Iterator):
            iterator = {"main": iterator}
        self._iterators = iterator
        self.base_cnn = base_cnn
        self.classifiers = classifiers
        self._optimizers = {"base_cnn_opt": base_cnn_optimizer}
        for i in range(0, len(cl_optimizers)):
            self._optimizers[str(i)] = cl_optimizers[i]
        self.converter = convert.concat_examples
        self.device = device
        self.iteration = 0

    def update_core(self):  # type: ignore[no-untyped-def]
        batch = self._iterators["main"].next()
        in_arrays = self.converter(batch, self.device)
        xp = np if int(self.device) == -1 else None
        x_batch = xp.array(in_arrays[0])  # type: ignore[union-attr]
        t_batch = xp.array(in_arrays[1])  # type: ignore[union-attr]
        y = self.base_cnn(x_batch)
        losses = {}
        for i, classifier in enumerate(self.classifiers):
            losses[str(i)] = classifier(y, t_batch[:, i])
        for optimizer in self._optimizers.values():
            optimizer.target.cleargrads()
        for loss in losses.values():
            loss.backward()
        for optimizer in self._optimizers.values():
            optimizer.update()


class Base(nn.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(1, 4, 3)

    def forward(self, x: Any) -> Any:
        return F.relu(self.conv(x))


def build(out: Path, epochs: int = 3) -> training.Trainer:
    set_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 1, 6, 6)).astype(np.float32)
    t = np.stack([(x.mean(axis=(1, 2, 3)) > 0), (x[:, 0, 0, 0] > 0)], axis=1).astype(np.int32)
    base, classifiers = Base(), [L.Classifier(L.Linear(None, 2)) for _ in range(2)]
    updater = MyUpdater(  # type: ignore[no-untyped-call]
        iterators.SerialIterator(datasets.TupleDataset(x, t), 8),
        base,
        classifiers,
        optimizers.Adam(0.01).setup(base),
        [optimizers.Adam(0.01).setup(classifier) for classifier in classifiers],
        device=-1,
    )
    trainer = training.Trainer(updater, (epochs, "epoch"), out=out)
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.snapshot())
    return trainer


def test_the_updater_runs_and_its_names_are_in_the_log(tmp_path: Path) -> None:
    trainer = build(tmp_path)
    trainer.run()
    log = json.loads((tmp_path / "log").read_text())
    assert list(log[1]) == ["0/loss", "0/accuracy", "1/loss", "1/accuracy", "epoch", "iteration", "elapsed_time"]
    assert log[-1]["0/loss"] < log[0]["0/loss"]
    assert (trainer.updater.iteration, trainer.updater.epoch) == (15, 3)


def test_it_resumes(tmp_path: Path) -> None:
    once, resumed = build(tmp_path), build(tmp_path / "resumed")
    once.run()
    load_npz(tmp_path / "snapshot_iter_5", resumed)
    resumed.run()
    for name, optimizer in once.updater.get_all_optimizers().items():
        other = resumed.updater.get_optimizer(name).target
        for (path, mine), (_, theirs) in zip(optimizer.target.namedparams(), other.namedparams(), strict=True):
            assert mine.array.tobytes() == theirs.array.tobytes(), (name, path)


def test_the_gradients_of_both_losses_add_up_in_the_shared_network(tmp_path: Path) -> None:
    trainer = build(tmp_path)
    updater = trainer.updater
    x, t = convert.concat_examples(updater.get_iterator("main").dataset[:8])
    y = updater.base_cnn(x)
    both = [classifier(y, t[:, i]) for i, classifier in enumerate(updater.classifiers)]
    sum(both).backward()  # type: ignore[attr-defined]
    expected = updater.base_cnn.conv.W.grad.copy()
    updater.base_cnn.cleargrads()
    y = updater.base_cnn(x)
    for i, classifier in enumerate(updater.classifiers):
        classifier(y, t[:, i]).backward()
    assert updater.base_cnn.conv.W.grad == pytest.approx(expected, rel=1e-5, abs=1e-7)
