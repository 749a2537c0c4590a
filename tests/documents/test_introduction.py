"""The introduction's programs (document 000), snippet by snippet, in today's spelling and with its numbers."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.nn import serializers
from catena.training import Trainer, datasets, extensions, iterators, optimizers, updaters
from catena.training.optimizers import GradientClipping, WeightDecay

X = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
W = np.array([[1.01847613, 0.23103087, 0.56507462], [1.29378033, 1.07823515, -0.56423163]], dtype=np.float32)


def equals(a: np.ndarray, b: object) -> bool:
    return a.dtype == np.float32 and np.array_equal(a, np.asarray(b, dtype=np.float32))


# ------------------------------------------------------------------------------------------------- Variables (000-4 to 000-8)


def test_a_polynomial_and_its_gradient() -> None:
    x = ag.Variable(np.array([5], dtype=np.float32))
    y = x**2 - 2 * x + 1
    assert equals(y.data, [16])
    y.backward()
    assert equals(x.grad, [8])


def test_the_gradient_of_a_result_in_between_is_kept_on_request() -> None:
    x = ag.Variable(np.array([5], dtype=np.float32))
    z = 2 * x
    y = x**2 - z + 1
    y.backward()
    assert z.grad is None
    x.cleargrad()
    y.backward(retain_grad=True)
    assert equals(z.grad, [-1])
    assert equals(x.grad, [8])


def test_gradients_add_up_until_cleared() -> None:
    x = ag.Variable(np.array([5], dtype=np.float32))
    for expected in ([8], [16]):
        (x**2 - 2 * x + 1).backward()
        assert equals(x.grad, expected)


def test_a_matrix_begins_with_a_gradient_of_its_own() -> None:
    x = ag.Variable(X)
    y = x**2 - 2 * x + 1
    with pytest.raises(ValueError, match=r"backward: an output of shape \(2, 3\) needs a gradient to begin with"):
        y.backward()
    y.grad = np.ones((2, 3), dtype=np.float32)
    y.backward()
    assert equals(x.grad, [[0, 2, 4], [6, 8, 10]])


# --------------------------------------------------------------------------------------------- Links (000-9 to 000-15)


def test_a_linear_link() -> None:
    f = L.Linear(3, 2)
    assert f.W.shape == (2, 3)
    assert f.W.dtype == np.float32
    assert equals(f.b.data, [0, 0])
    assert f.W.grad is None

    f.W.data[...] = W
    y = f(ag.Variable(X))
    np.testing.assert_allclose(y.data, [[3.1757617, 1.7575557], [8.619507, 7.1809077]], rtol=1e-6)

    f.zerograds()
    y.grad = np.ones((2, 2), dtype=np.float32)
    y.backward()
    assert equals(f.W.grad, [[5, 7, 9], [5, 7, 9]])
    assert equals(f.b.grad, [2, 2])


class MyProc:
    """Links are functions with parameters: they need no chain."""

    def __init__(self) -> None:
        self.l1 = L.Linear(4, 3)
        self.l2 = L.Linear(3, 2)

    def forward(self, x: np.ndarray) -> ag.Variable:
        return self.l2(self.l1(x))


class MyChain(nn.Chain):
    def __init__(self) -> None:
        super().__init__(l1=L.Linear(4, 3), l2=L.Linear(3, 2))

    def __call__(self, x: np.ndarray) -> ag.Variable:
        return self.l2(self.l1(x))


class MyChain2(nn.ChainList):
    def __init__(self) -> None:
        super().__init__(L.Linear(4, 3), L.Linear(3, 2))

    def __call__(self, x: np.ndarray) -> ag.Variable:
        return self[1](self[0](x))


def test_links_alone_in_a_chain_and_in_a_list() -> None:
    x = np.ones((5, 4), dtype=np.float32)
    assert MyProc().forward(x).shape == (5, 2)
    assert MyChain()(x).shape == (5, 2)
    assert MyChain2()(x).shape == (5, 2)
    assert len(MyChain2()) == 2
    assert sorted(name for name, _ in MyChain().namedparams()) == ["/l1/W", "/l1/b", "/l2/W", "/l2/b"]


# ---------------------------------------------------------------------------------------- Optimizers (000-16 to 000-19)


def loss_of(model: nn.Chain, x: np.ndarray) -> ag.Variable:
    return F.sum(model(x) ** 2)


def test_an_optimizer_with_and_without_a_loss_function() -> None:
    x = np.ones((5, 4), dtype=np.float32)
    by_hand, by_call = MyChain(), MyChain()
    by_call.copyparams(by_hand)
    optimizer = optimizers.SGD()
    assert optimizer.lr == 0.01
    assert optimizer.setup(by_hand) is optimizer

    by_hand.zerograds()
    loss_of(by_hand, x).backward()
    optimizer.update()
    optimizers.SGD().setup(by_call).update(loss_of, by_call, x)
    for a, b in zip(by_hand.params(), by_call.params(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_hooks_run_before_the_update() -> None:
    model = MyChain()
    seen = []

    def watch(optimizer: optimizers.SGD) -> None:
        seen.append(optimizer.target)

    optimizer = optimizers.SGD().setup(model)
    optimizer.add_hook(WeightDecay(0.0005))
    optimizer.add_hook(GradientClipping(1.0))
    optimizer.add_hook(watch)
    before = model.l1.W.data.copy()
    optimizer.update(loss_of, model, np.ones((5, 4), dtype=np.float32))
    assert seen == [model]
    norm = np.sqrt(sum(float((p.grad**2).sum()) for p in model.params()))
    assert norm <= 1.0 + 1e-5
    np.testing.assert_allclose(model.l1.W.data, before - np.float32(0.01) * model.l1.W.grad, rtol=1e-6)


# ------------------------------------------------------------------------------------------------ Files (000-21, 000-22)


def test_models_and_optimizers_in_files(tmp_path: Path) -> None:
    model, again = MyChain(), MyChain()
    optimizer, optimizer_again = optimizers.Adam().setup(model), optimizers.Adam().setup(again)
    optimizer.update(loss_of, model, np.ones((5, 4), dtype=np.float32))

    serializers.save_npz(tmp_path / "my.model", model)
    serializers.save_npz(tmp_path / "my.state", optimizer)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my.model", "my.state"]
    assert {"l1/W", "l1/b", "l2/W", "l2/b"} <= set(np.load(tmp_path / "my.model").files)
    assert {"t", "epoch", "l1/W/t", "l1/W/m", "l1/W/v"} <= set(np.load(tmp_path / "my.state").files)

    serializers.load_npz(tmp_path / "my.model", again)
    serializers.load_npz(tmp_path / "my.state", optimizer_again)
    for a, b in zip(model.params(), again.params(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    assert optimizer_again.t == optimizer.t == 1


# ---------------------------------------------------------------------------------------- Training (000-25 to 000-33)


class MLP(nn.Chain):
    def __init__(self, n_units: int, n_out: int) -> None:
        super().__init__(l1=L.Linear(None, n_units), l2=L.Linear(None, n_units), l3=L.Linear(None, n_out))

    def __call__(self, x: np.ndarray) -> ag.Variable:
        h1 = F.relu(self.l1(x))
        h2 = F.relu(self.l2(h1))
        return self.l3(h2)


class Classifier(nn.Chain):
    """As document 000 writes it, with loss and accuracy as plain attributes too."""

    def __init__(self, predictor: nn.Chain) -> None:
        super().__init__(predictor=predictor)

    def __call__(self, x: np.ndarray, t: np.ndarray) -> ag.Variable:
        y = self.predictor(x)
        self.loss = F.softmax_cross_entropy(y, t)
        self.accuracy = F.accuracy(y, t)
        nn.report({"loss": self.loss, "accuracy": self.accuracy}, self)
        return self.loss


@pytest.mark.parametrize("classifier", [Classifier, L.Classifier])
def test_the_trainer(classifier: type[nn.Chain], tmp_path: Path) -> None:
    xp.random.seed(0)
    train, test = datasets.get_digits()
    model = classifier(MLP(100, 10))
    optimizer = optimizers.Adam().setup(model)
    updater = updaters.StandardUpdater(iterators.SerialIterator(train, batch_size=100), optimizer)
    trainer = Trainer(updater, (3, "epoch"), out=str(tmp_path / "result"))
    trainer.extend(
        extensions.Evaluator(iterators.SerialIterator(test, batch_size=100, repeat=False, shuffle=False), model)
    )
    trainer.extend(extensions.LogReport())
    trainer.run()
    log = trainer.get_extension("LogReport").log
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    assert log[-1]["validation/main/accuracy"] > 0.85
    assert log[-1]["main/loss"] < log[0]["main/loss"]


def test_the_loop_by_hand() -> None:
    xp.random.seed(0)
    train, test = datasets.get_digits()
    x_train, t_train = (np.stack(part) for part in zip(*train, strict=True))
    x_test, t_test = (np.stack(part) for part in zip(*test, strict=True))
    model = Classifier(MLP(100, 10))
    optimizer = optimizers.Adam().setup(model)
    for _ in range(3):
        order = np.random.default_rng(0).permutation(len(x_train))
        for i in range(0, len(x_train), 100):
            optimizer.update(model, x_train[order[i : i + 100]], t_train[order[i : i + 100]])
    sum_accuracy = 0.0
    with ag.using_config("train", False), ag.no_backprop_mode():
        for i in range(0, len(x_test), 100):
            model(x_test[i : i + 100], t_test[i : i + 100])
            sum_accuracy += model.accuracy.data * len(x_test[i : i + 100])
    assert sum_accuracy / len(x_test) > 0.85


def test_each_graph_dies_with_its_loss() -> None:
    model = Classifier(MLP(20, 10))
    x, t = np.ones((5, 64), dtype=np.float32), np.zeros(5, dtype=np.int32)
    gc.disable()
    try:
        loss = model(x, t)
        loss.backward()
        graph = weakref.ref(loss)
        model.loss = None
        del loss
        assert graph() is None
    finally:
        gc.enable()
