"""Document 000: the introduction's programs as it prints them, through `import chainer`, with its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import Chain, ChainList, Variable, datasets, iterators, optimizers, report, serializers, training
from chainer.training import extensions

X = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)


def equals(a: Any, b: object) -> bool:
    return a.dtype == np.float32 and np.array_equal(a, np.asarray(b, dtype=np.float32))


def test_the_imports_of_the_first_page() -> None:
    from chainer import Function, Link, cuda, gradient_check, utils

    assert all([Function, Link, cuda, gradient_check, utils])


def test_a_polynomial() -> None:
    x = Variable(np.array([5], dtype=np.float32))
    y = x**2 - 2 * x + 1
    assert equals(y.data, [16])
    y.backward()
    assert equals(x.grad, [8])

    z = 2 * x
    y = x**2 - z + 1
    y.backward(retain_grad=True)
    assert equals(z.grad, [-1])
    assert equals(x.grad, [16])


def test_a_matrix() -> None:
    x = Variable(X)
    y = x**2 - 2 * x + 1
    y.grad = np.ones((2, 3), dtype=np.float32)
    y.backward()
    assert equals(x.grad, [[0, 2, 4], [6, 8, 10]])


def test_a_linear_link() -> None:
    f = L.Linear(3, 2)
    f.W.data[...] = [[1.01847613, 0.23103087, 0.56507462], [1.29378033, 1.07823515, -0.56423163]]
    assert equals(f.b.data, [0, 0])
    y = f(Variable(X))
    np.testing.assert_allclose(y.data, [[3.1757617, 1.7575557], [8.619507, 7.1809077]], rtol=1e-6)
    f.zerograds()
    y.grad = np.ones((2, 2), dtype=np.float32)
    y.backward()
    assert equals(f.W.grad, [[5, 7, 9], [5, 7, 9]])
    assert equals(f.b.grad, [2, 2])


class MyChain(Chain):
    def __init__(self) -> None:
        super().__init__(l1=L.Linear(4, 3), l2=L.Linear(3, 2))

    def __call__(self, x: Any) -> Any:
        h = self.l1(x)
        return self.l2(h)


class MyChain2(ChainList):
    def __init__(self) -> None:
        super().__init__(L.Linear(4, 3), L.Linear(3, 2))

    def __call__(self, x: Any) -> Any:
        h = self[0](x)
        return self[1](h)


@pytest.mark.parametrize("cls", [MyChain, MyChain2])
def test_an_optimizer_with_hooks_and_its_files(cls: type[Any], tmp_path: Path) -> None:
    model = cls()
    optimizer = optimizers.SGD()
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.WeightDecay(0.0005))
    x = np.ones((5, 4), dtype=np.float32)

    model.zerograds()
    loss = F.sum(model(Variable(x)) ** 2)
    loss.backward()
    optimizer.update()
    optimizer.update(lambda a: F.sum(model(a) ** 2), x)
    assert optimizer.t == 2

    serializers.save_npz(str(tmp_path / "my.model"), model)
    serializers.save_npz(str(tmp_path / "my.state"), optimizer)
    again = cls()
    serializers.load_npz(str(tmp_path / "my.model"), again)
    serializers.load_npz(str(tmp_path / "my.state"), optimizers.SGD().setup(again))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my.model", "my.state"]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(model.params(), again.params(), strict=True))


class MLP(Chain):
    def __init__(self, n_units: int, n_out: int) -> None:
        super().__init__(l1=L.Linear(None, n_units), l2=L.Linear(None, n_units), l3=L.Linear(None, n_out))

    def __call__(self, x: Any) -> Any:
        h1 = F.relu(self.l1(x))
        h2 = F.relu(self.l2(h1))
        return self.l3(h2)


class Classifier(Chain):
    def __init__(self, predictor: Any) -> None:
        super().__init__(predictor=predictor)

    def __call__(self, x: Any, t: Any) -> Any:
        y = self.predictor(x)
        self.loss = F.softmax_cross_entropy(y, t)
        self.accuracy = F.accuracy(y, t)
        report({"loss": self.loss, "accuracy": self.accuracy}, self)
        return self.loss


def two_classes(n: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.RandomState(0).randn(n, 8).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] > 0).astype(np.int32)


@pytest.mark.parametrize("classifier", [Classifier, L.Classifier])
def test_the_trainer(classifier: type[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = datasets.TupleDataset(*two_classes(200))
    test = datasets.TupleDataset(*two_classes(100))
    train_iter = iterators.SerialIterator(train, batch_size=20)
    test_iter = iterators.SerialIterator(test, batch_size=20, repeat=False, shuffle=False)
    model = classifier(MLP(10, 2))
    optimizer = optimizers.SGD(lr=0.5)
    optimizer.setup(model)
    updater = training.StandardUpdater(train_iter, optimizer)
    trainer = training.Trainer(updater, (5, "epoch"), out=str(tmp_path / "result"))
    trainer.extend(extensions.Evaluator(test_iter, model))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "main/accuracy", "validation/main/accuracy"]))
    trainer.extend(extensions.snapshot())
    trainer.run()
    log = trainer.get_extension("LogReport").log
    assert log[-1]["epoch"] == 5
    assert log[-1]["validation/main/accuracy"] > 0.9
    assert "validation/main/accuracy" in capsys.readouterr().out
    assert (tmp_path / "result" / "snapshot_iter_50").exists()


def test_the_loop_before_the_trainer() -> None:
    x_train, t_train = two_classes(200)
    model = L.Classifier(MLP(10, 2))
    optimizer = optimizers.SGD(lr=0.5)
    optimizer.setup(model)
    batchsize, datasize = 20, 200
    for _ in range(5):
        indexes = np.random.permutation(datasize)
        for i in range(0, datasize, batchsize):
            x = Variable(x_train[indexes[i : i + batchsize]])
            t = Variable(t_train[indexes[i : i + batchsize]])
            optimizer.update(model, x, t)
    sum_loss, sum_accuracy = 0.0, 0.0
    for i in range(0, datasize, batchsize):
        loss = model(Variable(x_train[i : i + batchsize]), Variable(t_train[i : i + batchsize]))
        sum_loss += loss.data * batchsize
        sum_accuracy += model.accuracy.data * batchsize
    assert sum_accuracy / datasize > 0.9
