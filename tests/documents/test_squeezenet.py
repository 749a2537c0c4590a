"""The class notes' programs (document 003): functions and links of one's own, Fire and SqueezeNet, with its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Function, Variable, grad, no_backprop_mode, using_config
from catena.nn import initializers
from catena.training import optimizers


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("float32")


# ------------------------------------------------------------------------------------------------ functions (003-2, 003-3)


class MulAdd(Function):
    def forward_cpu(self, inputs: Any) -> Any:
        x, y, z = inputs
        return (x * y + z,)

    def backward_cpu(self, inputs: Any, grad_outputs: Any) -> Any:
        x, y, _ = inputs
        (gw,) = grad_outputs
        return y * gw, x * gw, gw


class LinearFunction(Function):
    def forward(self, inputs: Any) -> Any:
        x, W, b = inputs
        return (x.dot(W.T) + b,)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        x, W, _ = inputs
        (gy,) = grad_outputs
        return gy.dot(W), gy.T.dot(x), gy.sum(axis=0)


def linear(x: Any, W: Any, b: Any) -> Any:
    return LinearFunction()(x, W, b)


def test_a_product_and_a_sum() -> None:
    x, y, z = (Variable(numbers(3, 2) + i) for i in range(3))
    w = MulAdd()(x, y, z)
    np.testing.assert_array_equal(w.array, x.array * y.array + z.array)
    gw = numbers(3, 2) - 1
    w.backward(grad=gw)
    for v, expected in [(x, y.array * gw), (y, x.array * gw), (z, gw)]:
        np.testing.assert_array_equal(v.grad, expected)


def test_gradients_of_arrays_have_no_second_order() -> None:
    x, y, z = (Variable(numbers(3, 2)) for _ in range(3))
    w = F.sum(MulAdd()(x, y, z))
    with pytest.raises(RuntimeError, match="MulAdd"):
        (gx,) = grad([w], [x], create_graph=True)
        F.sum(gx * gx).backward()


def test_a_linear_function_is_linear() -> None:
    given = numbers(4, 3), numbers(2, 3), numbers(2)
    ours, theirs = [Variable(a) for a in given], [Variable(a) for a in given]
    y, expected = linear(*ours), F.linear(*theirs)
    np.testing.assert_allclose(y.array, expected.array, rtol=1e-6)
    g = numbers(4, 2)
    y.backward(grad=g)
    expected.backward(grad=g)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(linear(*given), expected.array, rtol=1e-6)  # arrays will do


# -------------------------------------------------------------------------------------------------------------- a link (003-6)


class LinearLayer(nn.Link):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        with self.init_scope():
            self.W = nn.Parameter(initializers.Normal(), (n_out, n_in))
            self.b = nn.Parameter(initializers.Zero(), (n_out,))

    def __call__(self, x: Any) -> Any:
        return F.linear(x, self.W, self.b)


def test_a_link_of_parameters() -> None:
    xp.random.seed(0)
    layer = LinearLayer(100, 50)
    assert abs(float(layer.W.array.std()) - 0.05) < 0.002
    assert not np.any(layer.b.array)
    assert [name for name, _ in layer.namedparams()] == ["/W", "/b"]
    assert layer(numbers(4, 100)).shape == (4, 50)


# ---------------------------------------------------------------------------------------- Fire and SqueezeNet (003-8 to 003-12)


class Fire(nn.Chain):
    def __init__(self, in_size: int, s1: int, e1: int, e3: int) -> None:
        super().__init__(
            conv1=L.Convolution2D(in_size, s1, 1),
            conv2=L.Convolution2D(s1, e1, 1),
            conv3=L.Convolution2D(s1, e3, 3, pad=1),
            bn4=L.BatchNormalization(e1 + e3),
        )

    def __call__(self, x: Any) -> Any:
        h = F.relu(self.conv1(x))
        h_1 = self.conv2(h)
        h_3 = self.conv3(h)
        return F.relu(self.bn4(F.concat([h_1, h_3], axis=1)))


class SqueezeNet(nn.Chain):
    def __init__(self) -> None:
        super().__init__(
            conv1=L.Convolution2D(3, 96, 7, stride=2),
            fire2=Fire(96, 16, 64, 64),
            fire3=Fire(128, 16, 64, 64),
            fire4=Fire(128, 16, 128, 128),
            fire5=Fire(256, 32, 128, 128),
            fire6=Fire(256, 48, 192, 192),
            fire7=Fire(384, 48, 192, 192),
            fire8=Fire(384, 64, 256, 256),
            fire9=Fire(512, 64, 256, 256),
            conv10=L.Convolution2D(512, 1000, 1, pad=1, initialW=initializers.Normal(0.01)),
        )
        self.sizes: list[int] = []

    def __call__(self, x: Any) -> Any:
        h = self.noted(F.relu(self.conv1(x)))
        h = self.noted(F.max_pooling_2d(h, 3, stride=2))
        h = self.fire4(self.fire3(self.fire2(h)))
        h = self.noted(F.max_pooling_2d(h, 3, stride=2))
        h = self.fire8(self.fire7(self.fire6(self.fire5(h))))
        h = self.noted(F.max_pooling_2d(h, 3, stride=2))
        h = F.dropout(self.fire9(h), ratio=0.5)
        h = self.noted(F.relu(self.conv10(h)))
        h = self.noted(F.average_pooling_2d(h, 13))
        return F.reshape(h, (-1, 1000))

    def noted(self, h: Any) -> Any:
        self.sizes.append(h.shape[2])
        return h


def test_fire() -> None:
    fire = Fire(96, 16, 64, 64)
    assert fire.count_params() == 12176
    assert fire(numbers(1, 96, 9, 9)).shape == (1, 128, 9, 9)


@pytest.mark.parametrize(("size", "maps"), [(224, [109, 54, 27, 13, 15, 1]), (227, [111, 55, 27, 13, 15, 1])])
def test_sizes_of_maps(size: int, maps: list[int]) -> None:
    model = SqueezeNet()
    with no_backprop_mode():
        y = model(numbers(1, 3, size, size))
    assert y.shape == (1, 1000)
    assert model.sizes == maps  # max pooling covers all


def test_the_model_has_68_parameters_of_1231000_numbers() -> None:
    xp.random.seed(0)
    model = SqueezeNet()
    assert len(list(model.params())) == 68
    assert model.count_params() == 1_231_000
    assert abs(float(model.conv10.W.array.std()) - 0.01) < 1e-4


def test_the_network_that_comes_with_links_is_this_one() -> None:
    xp.random.seed(0)
    ours = SqueezeNet()
    xp.random.seed(0)
    theirs = L.SqueezeNet()
    assert {n: p.shape for n, p in ours.namedparams()} == {n: p.shape for n, p in theirs.namedparams()}
    theirs.copyparams(ours)
    x = numbers(1, 3, 224, 224)
    with using_config("train", False), no_backprop_mode():
        np.testing.assert_allclose(ours(x).array, theirs(x).array, rtol=1e-5, atol=1e-6)


def test_a_first_step_needs_no_cleargrads() -> None:
    """A fresh parameter's gradient is None, so the loop of the notes, which never clears, begins well."""
    xp.random.seed(0)
    model = SqueezeNet()
    optimizer = optimizers.SGD(lr=0.01)
    optimizer.setup(model)
    before = model.conv10.W.array.copy()
    loss = F.softmax_cross_entropy(model(numbers(2, 3, 224, 224)), np.array([1, 2]))
    loss.backward()
    optimizer.update()
    assert np.isfinite(model.conv10.W.array).all()
    assert np.any(model.conv10.W.array != before)


def test_weight_decay_needs_a_rate() -> None:
    with pytest.raises(TypeError, match="rate"):
        optimizers.WeightDecay()  # type: ignore[call-arg]
