"""Names of v1 to v6: each works, silently or with a warning that names today's spelling."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import cuda, optimizers, training
from chainer.training import extensions

X = np.random.RandomState(0).randn(4, 3).astype("f")


def linear() -> Any:
    return L.Linear(3, 2, initialW=np.ones((2, 3)))


def trained() -> Any:
    model = linear()
    optimizer = optimizers.SGD(lr=1.0).setup(model)
    F.sum(model(X)).backward()
    return optimizer


class Dropped(chainer.Chain):
    def __call__(self, x: Any, train: bool = True) -> Any:
        return F.dropout(x, ratio=0.5, train=train)


# What is called, what it gives, and the words of the warning (None: silent).
NAMES: list[tuple[Callable[[], Any], Callable[[Any], bool], str | None]] = [
    (lambda: F.Linear(3, 2), lambda y: type(y) is L.Linear, "write chainer.links.Linear"),
    (lambda: F.EmbedID(3, 2), lambda y: type(y) is L.EmbedID, "write chainer.links.EmbedID"),
    (lambda: F.Convolution2D(3, 2, 3), lambda y: type(y) is L.Convolution2D, "write chainer.links.Convolution2D"),
    (lambda: chainer.FunctionSet(l=linear()), lambda y: isinstance(y, chainer.Chain), "write chainer.Chain"),
    (lambda: F.relu(X, use_cudnn=True), lambda y: y.shape == (4, 3), "write the call without it"),
    (lambda: F.dropout(X, train=False), lambda y: np.array_equal(y.data, X), r"using_config\('train', False\)"),
    (lambda: F.dropout(X, train=True), lambda y: (y.data == 0).any(), r"using_config\('train', True\)"),
    (lambda: Dropped()(X, train=False), lambda y: np.array_equal(y.data, X), r"using_config\('train', False\)"),
    (lambda: L.Dropout(0.9)(X, test=True), lambda y: np.array_equal(chainer.as_array(y), X), r"'train', False"),
    (lambda: L.Linear(3, 2, bias=3), lambda y: y.b.data.tolist() == [3, 3], r"Linear\(initial_bias=...\)"),
    (lambda: L.Linear(400, 300, wscale=4), lambda y: abs(y.W.data.std() * 20 - 2) < 0.1, "LeCunNormal"),
    (lambda: L.Linear(3, 2, initialW=1, wscale=4), lambda y: (y.W.data == 2).all(), "LeCunNormal"),
    (
        lambda: L.Convolution2D(3, 2, 3, use_cudnn=False),
        lambda y: y.W.shape == (2, 3, 3, 3),
        "write the call without it",
    ),
    (lambda: chainer.Variable(X, volatile="on"), lambda y: not y.requires_grad, "no_backprop_mode"),
    (lambda: chainer.Variable(X, volatile="off"), lambda y: y.requires_grad, "no_backprop_mode"),
    (lambda: chainer.Variable(X).volatile, lambda y: y == "off", "requires_grad"),
    (lambda: chainer.Variable(X, grad=X), lambda y: y.grad is X, None),
    (lambda: trained().zero_grads(), lambda y: y is None, r"model.cleargrads\(\)"),
    (lambda: trained().compute_grads_norm(), lambda y: y > 0, "GradientClipping"),
    (lambda: trained().clip_grads(1.0), lambda y: y is None, r"GradientClipping\(maxnorm\)"),
    (lambda: trained().weight_decay(0.1), lambda y: y is None, r"WeightDecay\(decay\)"),
    (lambda: trained().accumulate_grads([np.ones((2, 3)), np.ones(2)]), lambda y: y is None, "addgrads"),
    (lambda: chainer.optimizer.WeightDecay(0.1), lambda y: type(y) is chainer.optimizer_hooks.WeightDecay, None),
    (lambda: linear().add_uninitialized_param("c"), lambda y: y is None, "chainer.Parameter"),
    (lambda: L.Linear(None, 2).has_uninitialized_params, lambda y: y is True, "is_initialized"),
    (lambda: linear().zerograds(), lambda y: y is None, None),
    (lambda: linear().to_cpu(), lambda y: type(y) is L.Linear, None),
    (lambda: chainer.Variable(X).to_cpu(), lambda y: y is None, None),
    (lambda: chainer.DebugMode(True).__exit__, callable, r"using_config\('debug', debug\)"),
    (lambda: chainer.static_graph(linear), lambda y: y is linear, None),
    (lambda: extensions.PlotReport(["loss"], file_name="a.png"), lambda y: y._filename == "a.png", None),
    (lambda: extensions.LogReport(log_name="b"), lambda y: y._filename == "b", None),
    (lambda: extensions.DumpGraph("loss", out_name="c"), lambda y: y._filename == "c", None),
    (lambda: linear().device.xp, lambda y: y is np, None),
    (lambda: linear().W.device.send(X), lambda y: y is X, None),
    (lambda: chainer.dataset.converter()(lambda batch, device: device.send(batch))(X, -1), lambda y: y is X, None),
    (lambda: chainer.get_device("-1"), lambda y: y.name == "@numpy" and y < 0 and int(y) == -1, None),
    (lambda: chainer.get_device("@cupy:2"), lambda y: y >= 0 and int(y) == 2, None),
    (lambda: chainer.Variable(X).creator, lambda y: y is None, None),
]


@pytest.mark.parametrize(("call", "holds", "words"), NAMES)
def test_a_name_of_old(call: Callable[[], Any], holds: Callable[[Any], bool], words: str | None) -> None:
    if words is None:
        assert holds(call())
    else:
        with pytest.warns(DeprecationWarning, match=words) as seen:
            assert holds(call())
        assert len(seen) == 1
        assert seen[0].filename == __file__


def test_what_the_gradient_methods_of_v1_do() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer = trained()
        (W, b) = optimizer.target.params()
        norm = math.sqrt((W.grad**2).sum() + (b.grad**2).sum())
        assert optimizer.compute_grads_norm() == pytest.approx(norm)
        optimizer.clip_grads(norm / 2)
        assert optimizer.compute_grads_norm() == pytest.approx(norm / 2)
        before = W.grad.copy()
        optimizer.weight_decay(0.5)
        np.testing.assert_allclose(W.grad, before + 0.5 * W.data)
        optimizer.zero_grads()
        assert W.grad is None
        optimizer.accumulate_grads([np.ones((2, 3), "f"), np.ones(2, "f")])
        assert W.grad.sum() == 6


def test_what_is_computed_of_a_volatile_variable_is_not_recorded() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x, y = chainer.Variable(X, volatile="on"), chainer.Variable(X, volatile="off")
        model = chainer.Chain(l1=L.Linear(3, 3))
        dropped = F.dropout(x, ratio=0.5, train=True)
    for made in (
        F.relu(x),
        x * 2 + 1,
        1 - x,
        -x,
        x[:2],
        x.reshape(2, 6),
        F.concat([x, y]),
        *F.split_axis(x, 3, 1),
        dropped,
    ):
        h = F.tanh(model.l1(made)) if made.shape == (4, 3) else made
        assert h.creator is None
        assert not h.requires_grad
        assert (h.sum() * 2).creator is None
    assert model.l1(y).creator is not None
    total = chainer.Variable(np.zeros((), "f"))
    total += F.sum(model.l1(x))
    assert total.creator is None


def test_invoke_before_training(tmp_path: Path) -> None:
    calls = []
    trainer = chainer.testing.get_trainer_with_mock_updater((2, "iteration"))
    with pytest.warns(DeprecationWarning, match=r"call_before_training"):
        trainer.extend(lambda t: calls.append(t.updater.iteration), name="seen", invoke_before_training=True)
    trainer.run()
    assert calls == [0, 1, 2]


def test_function_sets_register_what_is_set_later() -> None:
    with pytest.warns(DeprecationWarning):
        model = chainer.FunctionSet(l1=L.Linear(3, 2))
    model.l2 = L.Linear(2, 1)
    model.note = "plain"
    assert [a.shape for a in model.parameters] == [(2, 3), (2,), (1, 2), (1,)]
    assert model.gradients == [None] * 4
    optimizer = optimizers.SGD()
    optimizer.setup(model.collect_parameters())
    assert optimizer.target is model


class SignRule(chainer.UpdateRule):
    def update_core_cpu(self, param: Any) -> None:
        param.data -= np.sign(param.grad)


class Sign(chainer.GradientMethod):
    def create_update_rule(self) -> Any:
        return SignRule()


def test_an_optimizer_with_update_core_cpu() -> None:
    model = linear()
    optimizer = Sign().setup(model)
    optimizer.update(lambda: F.sum(model(np.ones((1, 3), "f"))))
    assert model.W.data.tolist() == [[0, 0, 0], [0, 0, 0]]


class OldSigmoid(chainer.Function):
    def check_type_forward(self, in_types: Any) -> None:
        chainer.utils.type_check.expect(in_types.size() == 1)

    def forward_cpu(self, inputs: Any) -> Any:
        self.retain_inputs(())
        self.retain_outputs((0,))
        return (1 / (1 + np.exp(-inputs[0])),)

    def backward_cpu(self, inputs: Any, grad_outputs: Any) -> Any:
        y = self.output_data[0]
        return (grad_outputs[0] * y * (1 - y),)


def test_an_old_style_function() -> None:
    x = chainer.Variable(np.zeros(1))
    y = OldSigmoid()(x)
    y.backward()
    assert (float(y.data[0]), float(x.grad[0])) == (0.5, 0.25)
    with pytest.raises(RuntimeError, match="OldSigmoid is a Function"):
        chainer.grad([OldSigmoid()(x)], [x], enable_double_backprop=True)


def test_double_backprop_in_its_old_words() -> None:
    x = chainer.Variable(np.array([3.0]))
    y = x**3
    y.backward(enable_double_backprop=True)
    gx = x.grad_var
    x.cleargrad()
    gx.backward()
    assert x.grad.tolist() == [18.0]
    (g,) = chainer.grad([x**3], [x], enable_double_backprop=True)
    (gg,) = chainer.grad([g], [x])
    assert gg.data.tolist() == [18.0]


# ------------------------------------------------------------------------------------- devices


@pytest.mark.parametrize(
    ("spec", "name"),
    [(-1, "@numpy"), ("@numpy", "@numpy"), ("@numba", "@numba"), ("@intel64", "@numpy"), (0, "@cupy:0"), (1, "@cupy:1"),
     ("@cupy:0", "@cupy:0"), ("cuda:0", "@cupy:0"), (np.int64(-1), "@numpy")],
)  # fmt: skip
def test_devices(spec: Any, name: str) -> None:
    device = chainer.get_device(spec)
    assert str(device) == device.name == name
    assert device == chainer.get_device(name)


@pytest.mark.parametrize("spec", [-1, "@numpy", "@numba"])
def test_a_program_on_a_device(spec: Any, tmp_path: Path) -> None:
    device = chainer.get_device(spec)
    device.use()
    model = L.Classifier(L.Linear(3, 2)).to_device(device)
    assert model.device == device
    assert device.xp is np
    optimizer = optimizers.Adam().setup(model)
    data = chainer.datasets.TupleDataset(X, np.array([0, 1, 0, 1], "i"))
    updater = training.StandardUpdater(chainer.iterators.SerialIterator(data, 2), optimizer, device=device)
    trainer = training.Trainer(updater, (2, "epoch"), out=tmp_path)
    test = chainer.iterators.SerialIterator(data, 2, repeat=False, shuffle=False)
    trainer.extend(extensions.Evaluator(test, model, device=spec))
    trainer.run()
    assert np.isfinite(float(trainer.observation["validation/main/loss"]))


def test_what_is_no_device() -> None:
    with pytest.raises(RuntimeError, match=r"ChainerX is not part of catena; write chainer\.get_device"):
        chainer.get_device("native:0")
    with pytest.raises(TypeError, match="get_device: got None"):
        chainer.get_device(None)


@pytest.mark.skipif(cuda.available, reason="there is a GPU")
def test_cuda_where_there_is_no_gpu() -> None:
    assert cuda.to_gpu is chainer.backends.cuda.to_gpu
    assert not cuda.available
    assert not cuda.cudnn_enabled
    assert not isinstance(X, cuda.ndarray)
    assert cuda.get_array_module(X) is np
    assert cuda.to_cpu((X, None)) == (X, None)
    assert cuda.get_device_from_array(X) is cuda.DummyDevice
    with cuda.get_device_from_id(-1) as device:
        assert int(device) == -1
    for call in (
        lambda: cuda.check_cuda_available(),
        lambda: cuda.cupy.zeros(3),
        lambda: cuda.to_gpu(X),
        lambda: cuda.elementwise("T x", "T y", "y = x", "copy"),
        lambda: cuda.reduce("T x", "T y", "x", "a + b", "y = a", "0", "sum"),
        lambda: linear().to_gpu(),
    ):
        with pytest.raises(RuntimeError, match=r"CUDA is not available: .* Without a GPU use device -1"):
            call()


def test_what_is_absent_says_so() -> None:
    assert not chainer.backends.intel64.is_ideep_available()
    with pytest.raises(RuntimeError, match="iDeep is not supported"):
        chainer.backends.intel64.check_ideep_available()


# ------------------------------------------------------------------------------------- results


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.relu(X),
        lambda: F.sum(X),
        lambda: F.concat([X, X]),
        lambda: F.accuracy(X, np.array([0, 1, 2, 0])),
        lambda: F.split_axis(X, 3, 1)[0],
        lambda: F.separate(X)[0],
        lambda: F.max_pooling_2d(X[None, None], 2, return_indices=True)[0],
        lambda: F.dropout(X, return_mask=True)[0],
        lambda: F.argmax(X, axis=1),
    ],
)
def test_functions_of_arrays_return_variables(call: Callable[[], Any]) -> None:
    assert type(call()) is chainer.Variable


def test_indices_and_masks_stay_arrays() -> None:
    assert type(F.max_pooling_2d(X[None, None], 2, return_indices=True)[1]) is np.ndarray
    assert type(F.dropout(X, return_mask=True)[1]) is np.ndarray
