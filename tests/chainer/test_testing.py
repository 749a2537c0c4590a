"""`chainer.testing`, `gradient_check` and `utils`: the helpers with which programs for Chainer test their own functions."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import pytest
from chainer import gradient_check, testing, utils
from chainer.utils import type_check


class _Square(chainer.FunctionNode):
    wrong = False

    def check_type_forward(self, in_types: Any) -> None:
        type_check.expect(in_types.size() == 1)
        (x_type,) = in_types
        type_check.expect(x_type.dtype.kind == "f", x_type.ndim <= 2)

    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((0,))
        return (inputs[0] ** 2,)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (x,) = self.get_retained_inputs()
        return ((3 if self.wrong else 2) * x * grad_outputs[0],)


class _WrongSquare(_Square):
    wrong = True


@testing.inject_backend_tests(None, [{}, {"use_cuda": True}, {"use_chainerx": True, "chainerx_device": "native:0"}])
@testing.parameterize(*testing.product({"shape": [(3, 2), ()], "dtype": [np.float32, np.float64]}))
class TestSquare(testing.FunctionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.check_forward_options = {"atol": 1e-6, "rtol": 1e-5}

    def generate_inputs(self) -> Any:
        return (np.random.uniform(-1, 1, self.shape).astype(self.dtype),)

    def forward(self, inputs: Any, device: Any) -> Any:
        return _Square().apply(inputs)

    def forward_expected(self, inputs: Any) -> Any:
        return (utils.force_array(inputs[0] ** 2),)


@testing.inject_backend_tests(None, [{}])
class TestLinearLink(testing.LinkTestCase):
    param_names = ("W", "b")

    def generate_params(self) -> Any:
        return np.random.randn(2, 3).astype("f"), np.random.randn(2).astype("f")

    def generate_inputs(self) -> Any:
        return (np.random.randn(4, 3).astype("f"),)

    def create_link(self, initializers: Any) -> Any:
        return L.Linear(3, 2, initialW=initializers[0], initial_bias=initializers[1])

    def forward_expected(self, link: Any, inputs: Any) -> Any:
        return (inputs[0] @ link.W.array.T + link.b.array,)


@testing.inject_backend_tests(None, [{}])
class TestLinearInitializers(testing.LinkInitializersTestCase):
    param_names = ("W", "b")
    generate_inputs = lambda self: (np.random.randn(4, 3).astype("f"),)  # noqa: E731
    generate_params = lambda self: ()  # noqa: E731

    def create_link(self, initializers: Any) -> Any:
        return L.Linear(3, 2, initialW=initializers[0], initial_bias=initializers[1])

    def get_initializers(self) -> Any:
        w = [testing.InitializerArgument(None, chainer.initializers.LeCunNormal()), 1.0, np.ones((2, 3), "f")]
        return w, [testing.InitializerArgument(None, chainer.initializers.Zero()), 2.0]


@testing.unary_math_function_unittest(F.tanh)
class TestTanh(unittest.TestCase):
    pass


def outcome(case: type, name: str) -> unittest.TestResult:
    result = unittest.TestResult()
    case(name)(result)
    return result


def test_variants_take_the_place_of_the_class() -> None:
    names = set(globals())
    assert {"TestSquare_param_0_backend_0", "TestSquare_param_3_backend_2"} <= names
    assert isinstance(TestSquare, list)


def test_what_cannot_run_is_skipped() -> None:
    (skipped,) = outcome(globals()["TestSquare_param_0_backend_2"], "test_forward").skipped
    assert skipped[1] == "ChainerX is not part of catena"


def test_a_wrong_backward_is_found() -> None:
    class Case(testing.FunctionTestCase):
        test_backward = lambda self: testing.FunctionTestCase.test_backward(self, testing.BackendConfig({}))  # noqa: E731
        generate_inputs = lambda self: (np.array([1.0, 2.0]),)  # noqa: E731
        forward = lambda self, inputs, device: _WrongSquare().apply(inputs)  # noqa: E731
        forward_expected = lambda self, inputs: (inputs[0] ** 2,)  # noqa: E731

    ((_, text),) = outcome(Case, "test_backward").failures
    assert "FunctionTestError: backward is not implemented correctly" in text


def test_a_failure_names_its_parameters() -> None:
    @testing.parameterize({"n": 7})
    class Case(unittest.TestCase):
        def test_n(self) -> None:
            assert self.n == 8

    ((_, text),) = outcome(Case[0], "test_n").failures
    assert "with the parameters {'n': 7}" in text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.ones(2, "i"), "Expect: in_types[0].dtype.kind == 'f'\nActual: 'i' and 'f'"),
        (np.ones((1, 1, 1)), "Expect: in_types[0].ndim <= 2\nActual: 3 and 2"),
    ],
)
def test_type_checks_show_the_expression(x: Any, text: str) -> None:
    with pytest.raises(type_check.InvalidType) as raised:
        _Square().apply((x,))
    assert text in str(raised.value)
    assert "_Square (Forward)" in str(raised.value)


def test_type_checks_name_the_arguments() -> None:
    class Named(_Square):
        def check_type_forward(self, in_types: Any) -> None:
            type_check._argname(in_types, ("x",))
            type_check.expect(in_types[0].ndim == 1)

    with pytest.raises(type_check.InvalidType, match=r"Expect: x\.ndim == 1\nActual: 2 and 1"):
        Named().apply((np.ones((1, 1)),))
    with pytest.raises(type_check.InvalidType, match=r"Expect: 1 argument\(s\)\nActual: 2 argument\(s\)"):
        Named().apply((np.ones(1), np.ones(1)))


def test_type_checks_can_be_switched_off() -> None:
    with chainer.using_config("type_check", False):
        (y,) = _Square().apply((np.ones((1, 1, 1)),))
    assert y.shape == (1, 1, 1)


def test_gradient_checks() -> None:
    x, gy = np.random.randn(2, 3), np.random.randn(2, 3)
    gradient_check.check_backward(F.tanh, x, gy, eps=1e-3, dtype=np.float64)
    gradient_check.check_double_backward(F.tanh, x, gy, np.random.randn(2, 3))
    with pytest.raises(AssertionError, match="gradient"):
        gradient_check.check_backward(lambda x: _WrongSquare().apply((x,)), x, gy)
    (gx,) = gradient_check.numerical_grad(lambda: (np.tanh(x),), (x,), (gy,))
    gradient_check.assert_allclose(gx, gy * (1 - np.tanh(x) ** 2))


class TestRetry(unittest.TestCase):
    calls = 0

    @testing.condition.retry(3)
    def test_third_time(self) -> None:
        TestRetry.calls += 1
        self.assertEqual(self.calls, 3)


@testing.fix_random()
class TestFixedRandom(unittest.TestCase):
    def test_numbers(self) -> None:
        self.assertAlmostEqual(np.random.rand(), 0.5488135)


@pytest.mark.parametrize(
    ("requirement", "holds"), [("numpy", True), ("numpy>=2", True), ("numpy<2", False), ("nothing-of-this-name", False)]
)
def test_requirements(requirement: str, holds: bool) -> None:
    ran = []
    case = type("Case", (unittest.TestCase,), {"test": testing.with_requires(requirement)(lambda self: ran.append(1))})
    assert bool(outcome(case, "test").skipped) is not holds
    case = type(
        "Case", (unittest.TestCase,), {"test": testing.without_requires(requirement)(lambda self: ran.append(1))}
    )
    assert bool(outcome(case, "test").skipped) is holds


def test_run_module(tmp_path: Path) -> None:
    file = tmp_path / "test_something.py"
    file.write_text("from chainer import testing\ndef test(): pass\ntesting.run_module(__name__, __file__)\n")
    run = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    assert "1 passed" in run.stdout


def test_files_and_trainers() -> None:
    a, b = L.Linear(3, 2), L.Linear(3, 2)
    testing.save_and_load_npz(a, b)
    testing.assert_allclose(a.W, b.W, atol=0, rtol=0)
    trainer = testing.get_trainer_with_mock_updater((4, "iteration"), iter_per_epoch=2)
    trainer.run()
    assert (trainer.updater.iteration, trainer.updater.epoch) == (4, 2)


# -------------------------------------------------------------------------------- chainer.utils


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        (utils.get_conv_outsize, (10, 3, 2, 0), 4),
        (utils.get_conv_outsize, (10, 3, 2, 0, True), 5),
        (utils.get_conv_outsize, (10, 3, 1, 1, False, 2), 8),
        (utils.get_deconv_outsize, (4, 3, 2, 0), 9),
        (utils.get_deconv_outsize, (5, 3, 2, 0, True), 10),
        (utils.size_of_shape, ((2, 3, 4),), 24),
    ],
)
def test_sizes(function: Any, args: Any, expected: int) -> None:
    assert function(*args) == expected


def test_patches() -> None:
    x = np.random.RandomState(0).randn(2, 3, 5, 6)
    col = utils.conv.im2col_cpu(x, 3, 2, 2, 1, 1, 0, pval=7.0)
    assert col.shape == (2, 3, 3, 2, 3, 5)
    assert (col[:, :, 0, :, 0] == 7).all()
    np.testing.assert_allclose(col[:, :, 1, 0, 0], x[:, :, 0, :5])
    back = utils.conv.col2im(np.ones((1, 1, 2, 2, 2, 2)), 1, 1, 0, 0, 3, 3)
    assert back[0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_drawing_with_weights() -> None:
    np.random.seed(0)
    weights = np.array([1, 0, 3, 6])
    sampler = utils.WalkerAlias(weights)
    drawn = sampler.sample((100, 200))
    assert (drawn.shape, drawn.dtype) == ((100, 200), np.int32)
    np.testing.assert_allclose(np.bincount(drawn.ravel(), minlength=4) / drawn.size, weights / 10, atol=0.01)


def test_keyword_arguments_of_old() -> None:
    def f(**kwargs: Any) -> Any:
        return utils.argument.parse_kwargs(kwargs, ("a", 1), ("b", 2), train="train is gone")

    assert f(b=3) == (1, 3)
    with pytest.raises(ValueError, match="train is gone"):
        f(train=True)
    with pytest.raises(TypeError, match=r"f\(\) got unexpected keyword argument\(s\) 'c'"):
        f(c=1)
