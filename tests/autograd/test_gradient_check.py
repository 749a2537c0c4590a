"""The checks themselves: what passes, what fails, and what a failure says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable, elementwise_op
from catena.autograd import functions as F
from catena.autograd.gradient_check import (
    assert_allclose,
    check_backward,
    check_derivatives,
    check_double_backward,
    numerical_grad,
)

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
W = np.array([[1.0, 2.0, -1.0]])
Z = np.array([0.5 - 1j, -0.25 + 0.75j])


@elementwise_op
def doubled(x: Any) -> Any:
    return 2 * x


doubled.vjps(x=lambda g: 3 * g)


@pytest.mark.parametrize(
    ("f", "inputs", "expected"),
    [
        (lambda x: x * x, [X], [2 * X]),
        (lambda x: F.exp(x), [X.astype("float32")], [np.exp(X)]),
        (lambda x, w: x * w, [X, W], [np.broadcast_to(W, X.shape), X.sum(axis=0, keepdims=True)]),
        (lambda x: (x * 2, x * x), [X], [2 + 2 * X]),
        (lambda x: x * 2, [np.zeros((0, 2))], [np.zeros((0, 2))]),
        (lambda x: x * x, [np.array(3)], [np.array(6.0)]),
        (lambda z: z * z, [Z], [2 * Z.conj()]),
        (lambda z: F.exp(z), [Z.astype("complex64")], [np.exp(Z).conj()]),
    ],
)
def test_numerical_grad(f: Callable[..., Any], inputs: list[Any], expected: list[Any]) -> None:
    before = [x.copy() for x in inputs]
    for got, right, x, copy in zip(numerical_grad(f, inputs), expected, inputs, before, strict=True):
        assert got.dtype == right.dtype
        np.testing.assert_allclose(got, right, rtol=1e-8, atol=1e-10)
        np.testing.assert_array_equal(x, copy)


def test_numerical_grad_with_weights() -> None:
    (got,) = numerical_grad(lambda x: x * x, [X], [np.full(X.shape, 10.0)])
    np.testing.assert_allclose(got, 20 * X, rtol=1e-9)


@pytest.mark.parametrize(
    ("f", "data"),
    [
        (F.tanh, X),
        (F.tanh, [X.astype("float32")]),
        (F.matmul, (X, W.T)),
        (lambda x: F.split_axis(x, 3, axis=1), X),
        (lambda x: (x * 2, Variable(X, requires_grad=False)), X),
        (lambda x, i: F.take(x, i, axis=1), (X, np.array([0, 0, 2]))),
        (lambda x, s: x * s, (X, 2.0)),
        (lambda x: x.sum(), np.zeros((0, 3))),
        (lambda x: F.exp(x), xp.asarray(X, device="numba")),
        (lambda x: F.exp(x), xp.to_device(X, "strict:device1")),
    ],
)
def test_right_gradients_pass(f: Callable[..., Any], data: Any) -> None:
    check_backward(f, data)
    check_double_backward(f, data)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (
            lambda: check_backward(doubled, np.ones(())),
            r"(?s)doubled: the gradient in x, \(\) float64, is wrong: its slope along a random direction is \S+, by central differences "
            r"\S+; the difference \S+ is above the tolerance \S+ \(atol=1e-08, rtol=1e-06, eps=0.001\).*got \S+, expected",
        ),
        (
            lambda: check_backward(lambda x: F.where(X > 1.9, doubled(x), x), X),
            r"<lambda>: the gradient in input 0, \(2, 3\) float64, is wrong",
        ),
        (
            lambda: check_backward(lambda x: F.where(X > 1.9, doubled(x), x), X),
            r"the largest difference at \[0, 2\]: got ",
        ),
        (lambda: check_backward(lambda a, b: Variable(a.array * b.array) + 0 * a, (X, X)), "the gradient in input 0"),
        (
            lambda: check_backward(lambda x: Variable(x.array) * 2, X),
            r"is wrong: its slope along a random direction is 0, ",
        ),
        (
            lambda: check_double_backward(lambda x: F.exp(x) * 0 + x * x.array, X),
            r"gradient of <lambda>: the gradient in input 0",
        ),
    ],
)
def test_wrong_gradients_fail(check: Callable[[], None], text: str) -> None:
    with pytest.raises(AssertionError, match=text):
        check()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_no_numbers_fail(value: float) -> None:
    @elementwise_op
    def broken(x: Any) -> Any:
        return 2 * x

    broken.vjps(x=lambda g: 2 * g + value)
    with pytest.raises(AssertionError, match="broken: the gradient in x"):
        check_backward(broken, X)


@elementwise_op
def cosine(x: Any) -> Any:
    return xp.cos(x)


cosine.vjps(x=lambda g, x: -g * xp.sin(ag.as_array(x)))


@elementwise_op
def sine(x: Any) -> Any:
    return xp.sin(x)


sine.vjps(x=lambda g, x: g * cosine(x))


@pytest.mark.parametrize("data", [X, Z, X.astype("float16"), (X, W), np.zeros((0, 2)), np.array(0.5)])
def test_right_derivatives_of_every_order_pass(data: Any) -> None:
    check_derivatives(lambda *xs: F.tanh(xs[0]) * F.exp(xs[-1]), data, order=4)


def test_a_derivative_is_wrong_from_its_order_on() -> None:
    check_derivatives(sine, X, order=2)
    with pytest.raises(AssertionError, match=r"^gradient of gradient of sine: the gradient in x, "):
        check_derivatives(sine, X, order=3)


def test_complex_gradients_that_are_not_conjugated_fail() -> None:
    @elementwise_op
    def unconjugated(x: Any) -> Any:
        return x * x

    unconjugated.vjps(x=lambda g, x: g * 2 * x)
    with pytest.raises(AssertionError) as caught:
        check_backward(unconjugated, Z)
    text = str(caught.value)
    assert text.startswith(
        "unconjugated: the gradient in x, (2,) complex128, is wrong: its slope along a random direction is "
    )
    assert "got " in text.splitlines()[1]
    assert "j, expected " in text.splitlines()[1]


def test_an_output_of_integers_has_no_part_in_it() -> None:
    check_derivatives(lambda x: (F.tanh(x), np.argsort(ag.as_array(x))), X)


def test_one_wrong_input_of_several_is_named() -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        return a * doubled(b) * c

    with pytest.raises(AssertionError, match=r"the gradient in input 1, \(2, 3\) float64, is wrong"):
        check_backward(f, (X, X + 0.5, X - 0.25))


def test_given_gradients_and_tolerances() -> None:
    check_backward(F.tanh, X, np.ones(X.shape))
    check_backward(doubled, X, rtol=0.5)
    check_double_backward(F.tanh, X, np.ones(X.shape), np.ones(X.shape))
    with pytest.raises(ValueError, match=r"tanh: got weights of shapes \[\(3,\)\] for outputs of shapes \[\(2, 3\)\]"):
        check_backward(F.tanh, X, np.ones(3))


def test_no_grads() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * ag.as_array(y)

    with pytest.raises(AssertionError, match="input 1"):
        check_backward(f, (X, X))
    check_backward(f, (X, X), no_grads=[False, True])
    check_double_backward(f, (X, X), no_grads=[False, True])
    with pytest.raises(ValueError, match="got 1 no_grads for 2 inputs; give one boolean an input"):
        check_backward(f, (X, X), no_grads=[True])


def test_parameters() -> None:
    w = Variable(W.astype("float32"), name="w")
    array = w.array

    def f(x: Any) -> Any:
        return F.tanh(x * w)

    check_backward(f, X, params=[w])
    check_double_backward(f, X, params=[w])
    assert w.array is array
    assert w.grad is None

    def wrong(x: Any) -> Any:
        return x * doubled(w)

    with pytest.raises(AssertionError, match=r"wrong: the gradient in parameter w, \(1, 3\) float64, is wrong"):
        check_backward(wrong, X, params=[w])
    assert w.array is array


def test_inputs_are_left_alone() -> None:
    x = X.copy()
    x.flags.writeable = False
    check_backward(F.tanh, x)
    check_double_backward(F.tanh, x)


def test_assert_allclose() -> None:
    assert_allclose(Variable(X), X + 1e-6)
    assert_allclose(xp.to_device(X, "strict:device1"), X)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_allclose(X, X + 1)
    with pytest.raises(AssertionError, match=r"x has shape \(2, 3\), y has shape \(1, 3\)"):
        assert_allclose(X, W)


WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
import catena.autograd
try:
    import catena.autograd.testing
except ImportError as e:
    print(e)
"""


def test_testing_says_how_to_install_hypothesis() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_HYPOTHESIS], check=True, capture_output=True, text=True)
    assert run.stdout == "catena.autograd.testing: hypothesis is not installed; pip install catena-autograd[testing]\n"


def test_autograd_does_not_load_hypothesis() -> None:
    code = "import sys, catena.autograd, catena.autograd.gradient_check; print('hypothesis' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"
