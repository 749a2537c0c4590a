"""Document 003: functions, links and chains of one's own, through `import chainer`."""

from __future__ import annotations

from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import Function, Variable, initializers, optimizers


class MulAdd(Function):
    def forward_cpu(self, inputs: Any) -> Any:
        x, y, z = inputs
        w = x * y + z
        return (w,)

    def backward_cpu(self, inputs: Any, grad_outputs: Any) -> Any:
        x, y, _ = inputs
        (gw,) = grad_outputs
        return y * gw, x * gw, gw


def test_an_old_style_function() -> None:
    x, y, z = (Variable(np.random.uniform(-1, 1, (3, 2)).astype(np.float32)) for _ in range(3))
    w = MulAdd()(x, y, z)
    w.grad = np.ones((3, 2), dtype=np.float32)
    w.backward()
    np.testing.assert_array_equal(x.grad, y.data)
    np.testing.assert_array_equal(y.grad, x.data)
    np.testing.assert_array_equal(z.grad, w.grad)


class LinearFunction(Function):
    def forward(self, inputs: Any) -> Any:
        x, W, b = inputs
        return (x.dot(W.T) + b,)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        x, W, _ = inputs
        (gy,) = grad_outputs
        return gy.dot(W), gy.T.dot(x), gy.sum(axis=0)


class LinearLayer(chainer.Link):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        with self.init_scope():
            self.W = chainer.Parameter(initializers.Normal(), (n_out, n_in))
            self.b = chainer.Parameter(initializers.Zero(), (n_out,))

    def __call__(self, x: Any) -> Any:
        return F.linear(x, self.W, self.b)


def test_a_link_of_ones_own() -> None:
    layer = LinearLayer(5, 2)
    assert 0.02 < layer.W.data.std() < 0.1
    x = np.ones((3, 5), dtype=np.float32)
    np.testing.assert_allclose(layer(x).data, LinearFunction()(x, layer.W, layer.b).data, rtol=1e-6)


def test_a_loop_that_never_clears_gradients() -> None:
    model = L.Classifier(LinearLayer(5, 2))
    optimizer = optimizers.SGD(lr=0.01)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer.WeightDecay(0.0005))
    loss = model(np.ones((3, 5), dtype=np.float32), np.zeros(3, dtype=np.int32))
    loss.backward()
    optimizer.update()
    assert np.isfinite(model.predictor.W.data).all()


def test_squeeze_net() -> None:
    class Fire(chainer.Chain):
        def __init__(self, in_size: int, s1: int, e1: int, e3: int) -> None:
            super().__init__(
                conv1=L.Convolution2D(in_size, s1, 1),
                conv2=L.Convolution2D(s1, e1, 1),
                conv3=L.Convolution2D(s1, e3, 3, pad=1),
                bn4=L.BatchNormalization(e1 + e3),
            )

        def __call__(self, x: Any) -> Any:
            h = F.elu(self.conv1(x))
            h_1 = self.conv2(h)
            h_3 = self.conv3(h)
            return F.elu(self.bn4(F.concat([h_1, h_3], axis=1)))

    class SqueezeNet(chainer.Chain):
        def __init__(self) -> None:
            super().__init__(
                conv1=L.Convolution2D(3, 96, 7, stride=2),
                fire2=Fire(96, 16, 64, 64), fire3=Fire(128, 16, 64, 64), fire4=Fire(128, 16, 128, 128),
                fire5=Fire(256, 32, 128, 128), fire6=Fire(256, 48, 192, 192), fire7=Fire(384, 48, 192, 192),
                fire8=Fire(384, 64, 256, 256), fire9=Fire(512, 64, 256, 256),
                # Printed as normal(0, 0.01 (1000, 512, 1, 1)), which is no Python.
                conv10=L.Convolution2D(512, 1000, 1, pad=1, initialW=initializers.Normal(0.01)),
            )  # fmt: skip

        def __call__(self, x: Any, train: bool = False) -> Any:
            h = F.max_pooling_2d(F.elu(self.conv1(x)), 3, stride=2)
            h = self.fire4(self.fire3(self.fire2(h)))
            h = F.max_pooling_2d(h, 3, stride=2)
            h = self.fire8(self.fire7(self.fire6(self.fire5(h))))
            h = F.max_pooling_2d(h, 3, stride=2)
            h = F.dropout(self.fire9(h), ratio=0.5, train=train)
            h = F.average_pooling_2d(F.elu(self.conv10(h)), 13)
            return F.reshape(h, (-1, 1000))

    fire, net = Fire(96, 16, 64, 64), SqueezeNet()
    assert fire.count_params() == 12176
    assert fire(np.ones((1, 96, 9, 9), dtype=np.float32)).shape == (1, 128, 9, 9)
    assert (len(list(net.params())), net.count_params()) == (68, 1231000)
    with (
        pytest.warns(DeprecationWarning, match=r"using_config\('train', False\)"),
        chainer.using_config("train", False),
    ):
        assert net(np.zeros((1, 3, 224, 224), dtype=np.float32)).shape == (1, 1000)
