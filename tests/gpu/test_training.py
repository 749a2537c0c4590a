"""Graphs, links and optimizers across the host and a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable
from catena.nn import serializers
from catena.training import optimizers

GPU = "cuda:0"


def host(x: Any) -> Any:
    return np.asarray(xp.to_device(ag.as_array(x), "numpy"))


def test_a_gradient_comes_home() -> None:
    x, w = Variable(np.arange(6.0).reshape(2, 3)), Variable(xp.ones((3, 2), device=GPU))
    y = F.sum(F.tanh(xp.to_device(x, GPU) @ w))
    y.backward()
    assert (str(y.device), str(xp.device_of(x.grad)), str(xp.device_of(w.grad))) == (GPU, "numpy", GPU)
    a, b = Variable(x.array), Variable(host(w))
    F.sum(F.tanh(a @ b)).backward()
    np.testing.assert_allclose(host(x.grad), a.grad, rtol=1e-12)
    np.testing.assert_allclose(host(w.grad), b.grad, rtol=1e-12)


def test_second_order_across_devices() -> None:
    x = Variable(np.linspace(0.1, 1.0, 5))
    g = ag.grad(F.sum(xp.to_device(x, GPU) ** 3), x, create_graph=True)
    F.sum(g).backward()
    np.testing.assert_allclose(host(x.grad), 6 * x.array, rtol=1e-12)


def test_variables_do_not_mix_by_accident() -> None:
    x, y = Variable(np.ones(2)), Variable(xp.ones((2,), device=GPU))
    for call in (lambda: x * y, lambda: y * x, lambda: F.matmul(x, y)):
        with pytest.raises(
            ValueError, match=r"arguments live on different devices: .*move argument 1 with xp\.to_device"
        ):
            call()


class Net(nn.Chain):
    """Two layers, the second one perhaps elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(0)
        with self.init_scope():
            self.l1 = L.Linear(4, 8, initialW=rng.normal(size=(8, 4)).astype("float32"))
            self.l2 = L.Linear(8, 3, initialW=rng.normal(size=(3, 8)).astype("float32"))

    def forward(self, x: Any) -> Any:
        h = F.relu(self.l1(xp.to_device(x, self.l1.W.device)))
        return self.l2(xp.to_device(h, self.l2.W.device))


def trained(net: Net, optimizer: Any, steps: int) -> list[float]:
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(16, 4)).astype("float32"), rng.integers(0, 3, 16).astype("int32")
    optimizer.setup(net)
    losses = []
    for _ in range(steps):
        y = net(x)
        loss = F.softmax_cross_entropy(y, xp.to_device(t, y.device))
        net.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(host(loss)))
    return losses


OPTIMIZERS = [
    lambda: optimizers.SGD(lr=0.1),
    lambda: optimizers.MomentumSGD(lr=0.1),
    lambda: optimizers.Adam(alpha=0.01),
    lambda: optimizers.Adam(alpha=0.01, amsgrad=True, weight_decay_rate=0.01),
]


@pytest.mark.parametrize("homes", [(GPU, GPU), ("numpy", GPU), (GPU, "numba")], ids=str)
@pytest.mark.parametrize("make", OPTIMIZERS, ids=["sgd", "momentum", "adam", "amsgrad"])
def test_training_there_is_training_here(make: Any, homes: tuple[str, str]) -> None:
    net = Net()
    for link, home in zip((net.l1, net.l2), homes, strict=True):
        assert link.to_device(home) is link
    losses = trained(net, make(), 20)
    assert [str(link.W.device) for link in (net.l1, net.l2)] == list(homes)
    assert all(p.device == xp.device_of(p.grad) for p in net.params())
    np.testing.assert_allclose(losses, trained(Net(), make(), 20), rtol=1e-3)
    assert losses[-1] < losses[0]


def test_a_chain_moves_whole_and_back() -> None:
    net = Net()
    x = np.ones((2, 4), "float32")
    before = host(net(x))
    net.to_device("cuda")
    assert str(net.device) == GPU
    assert {str(p.device) for p in net.params()} == {GPU}
    np.testing.assert_allclose(host(net(x)), before, rtol=1e-5)
    net.to_device("numpy")
    np.testing.assert_array_equal(host(net(x)), before)


def test_files_know_no_device(tmp_path: Path) -> None:
    net, other = Net().to_device(GPU), Net()
    for p in net.params():
        p.array = p.array + 1
    serializers.save_npz(tmp_path / "net.npz", net)
    serializers.load_npz(tmp_path / "net.npz", other)
    for p, q in zip(net.params(), other.params(), strict=True):
        assert str(q.device) == "numpy"
        np.testing.assert_array_equal(host(p), host(q))
    serializers.load_npz(tmp_path / "net.npz", net)
    assert {str(p.device) for p in net.params()} == {GPU}


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.relu(x),
        lambda x: F.sigmoid(x),
        lambda x: F.softmax(x, axis=1),
        lambda x: F.log_softmax(x, axis=1),
        lambda x: F.exp(x) / (1 + F.sum(x * x, axis=1, keepdims=True)),
        lambda x: F.transpose(x)[1:] * 2,
        lambda x: F.concat([x, F.flip(x, 0)], axis=0),
        lambda x: F.mean_squared_error(x, x * 0.5),
    ],
)
def test_functions_and_their_gradients(call: Any) -> None:
    values = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    grads = []
    for device in ("numpy", GPU):
        x = Variable(xp.to_device(values, device))
        y = call(x)
        F.sum(y * y).backward()
        assert str(xp.device_of(x.grad)) == device
        grads.append((host(y), host(x.grad)))
    np.testing.assert_allclose(grads[1][0], grads[0][0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(grads[1][1], grads[0][1], rtol=1e-4, atol=1e-5)
