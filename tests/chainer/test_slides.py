"""Document 001: the slides of 2015, in the spelling of v1; where that is retired, a warning names today's."""

from __future__ import annotations

from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import FunctionSet, Variable, cuda, optimizers


def test_the_first_graph() -> None:
    # Printed with np.array(1); 1.0 gives the numbers that it says.
    x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
    z = x**2 + 2 * x * y + y
    z.backward()
    assert (float(z.data), float(x.grad), float(y.grad)) == (4, 4, 3)


def test_a_perceptron() -> None:
    with pytest.warns(DeprecationWarning) as seen:
        model = FunctionSet(l1=F.Linear(8, 10), l2=F.Linear(10, 10), l3=F.Linear(10, 2))
    assert [str(w.message) for w in seen] == ["chainer.functions.Linear is retired; write chainer.links.Linear"] * 3 + [
        "FunctionSet is retired; write chainer.Chain"
    ]
    optimizer = optimizers.SGD(lr=0.5)
    optimizer.setup(model)

    def forward(x: Any, t: Any, train: bool = True) -> Any:
        h1 = F.relu(model.l1(x))
        h2 = F.relu(model.l2(h1))
        y = model.l3(h2)
        if train:
            return F.softmax_cross_entropy(y, t)
        return F.softmax(y), F.accuracy(y, t)

    x = np.random.RandomState(0).randn(100, 8).astype(np.float32)
    t = (x[:, 0] > 0).astype(np.int32)
    for _ in range(20):
        for i in range(0, 100, 20):
            with pytest.warns(DeprecationWarning, match=r"zero_grads\(\) is retired; write model\.cleargrads\(\)"):
                optimizer.zero_grads()
            loss = forward(Variable(x[i : i + 20]), Variable(t[i : i + 20]))
            loss.backward()
            optimizer.update()
    probabilities, accuracy = forward(Variable(x), Variable(t), train=False)
    assert float(accuracy.data) > 0.9
    np.testing.assert_allclose(probabilities.data.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.skipif(cuda.available, reason="there is a GPU")
def test_to_gpu_without_a_gpu_says_why() -> None:
    for call in (
        lambda: L.Linear(3, 2).to_gpu(),
        lambda: cuda.to_gpu(np.ones(2)),
        lambda: Variable(np.ones(2)).to_gpu(),
    ):
        with pytest.raises(RuntimeError, match=r"CUDA is not available: CuPy (is not installed|finds no GPU)"):
            call()


def test_unchain_backward() -> None:
    x = Variable(np.ones(1))
    y = x * 2
    z = y * 3
    y.unchain_backward()
    z.backward()
    assert y.grad.tolist() == [3.0]
    assert x.grad is None


def test_softmax_for_any_library() -> None:
    def softmax(x: Any) -> Any:
        xp = cuda.get_array_module(x)
        y = x - x.max(axis=1, keepdims=True)
        y = xp.exp(y)
        return y / y.sum(axis=1, keepdims=True)

    np.testing.assert_allclose(softmax(np.array([[1.0, 2.0, 3.0]])), [[0.09003057, 0.24472846, 0.66524094]], rtol=1e-6)
    assert chainer.backend.get_array_module(Variable(np.ones(2))) is np
