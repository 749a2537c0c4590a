"""Debugging: the first function to make NaN or infinity is named with its inputs and its line; an array that changed is named."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import FunctionNode, Variable, _watch, config, detect_anomaly, using_config
from catena.autograd import functions as F
from catena.autograd._config import USUAL
from catena.autograd._plan import Plan
from catena.autograd.testing import garbage
from catena.autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

ZERO_ONE = np.array([0.0, 1.0])


@pytest.fixture(autouse=True)
def numpy_is_silent() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def message(f: Callable[[], Any], error: type[Exception] = FloatingPointError) -> str:
    with pytest.raises(error) as caught:
        f()
    return str(caught.value)


def called_in(f: Callable[..., Any], line: int) -> str:
    """How a message says that the `line`-th line of `f` made the call."""
    lines, start = inspect.getsourcelines(f)
    return f"called at {__file__}:{start + line} in {f.__name__}: {lines[line].strip()}"


# ------------------------------------------------------------------------------------------------------------------ NaN and infinity


def log_of(x: Any) -> Any:
    h = x * 1.0
    h = F.log(h)
    return F.sum(h * 2.0)


def test_the_first_function_is_named_with_its_inputs_and_its_line() -> None:
    with detect_anomaly():
        text = message(lambda: log_of(Variable(ZERO_ONE)))
    assert text == (
        "log: made infinity: its result, (2,) float64, has 1 infinite, the first at [0]; given x: (2,) float64 in [0, 1]; "
        f"{called_in(log_of, 2)}; detect_anomaly(inf=False) lets infinities pass"
    )


def sqrt_of(x: Any) -> Any:
    h = F.sqrt(x)
    return F.sum(h)


@pytest.mark.parametrize("within", ["forward and backward", "backward"])
def test_the_first_backward_is_named(within: str) -> None:
    x = Variable(ZERO_ONE)
    if within == "backward":
        y = sqrt_of(x)
    with detect_anomaly():
        if within != "backward":
            y = sqrt_of(x)
        text = message(y.backward)
    expected = (
        "backward of sqrt: made infinity: the gradient in x, (2,) float64, has 1 infinite, the first at [0]; "
        "given g: (2,) float64 in [1, 1], its result: (2,) float64 in [0, 1]; "
    )
    called = "" if within == "backward" else f"{called_in(sqrt_of, 1)}; "
    assert text == f"{expected}{called}detect_anomaly(inf=False) lets infinities pass"
    assert x.grad is None


TRANSFORMS: list[tuple[str, Callable[[], Any]]] = [
    ("grad", lambda: grad(sqrt_of)(ZERO_ONE)),
    ("value_and_grad", lambda: value_and_grad(sqrt_of)(ZERO_ONE)),
    ("vjp", lambda: vjp(sqrt_of, ZERO_ONE)[1](np.array(1.0))),
    ("jvp", lambda: jvp(sqrt_of, (ZERO_ONE,), (np.ones(2),))),
    ("jacobian", lambda: jacobian(sqrt_of)(ZERO_ONE)),
    ("jacobian forward", lambda: jacobian(sqrt_of, mode="forward")(ZERO_ONE)),
    ("hessian", lambda: hessian(sqrt_of)(ZERO_ONE)),
    ("hvp", lambda: hvp(sqrt_of, (ZERO_ONE,), (np.ones(2),))),
    ("ag.grad", lambda: ag.grad(sqrt_of(x := Variable(ZERO_ONE)), x)),
    ("create_graph", lambda: sqrt_of(Variable(ZERO_ONE)).backward(create_graph=True)),
    ("checkpoint", lambda: ag.checkpoint(sqrt_of)(Variable(ZERO_ONE)).backward()),
]


@pytest.mark.parametrize("call", [call for _, call in TRANSFORMS], ids=[name for name, _ in TRANSFORMS])
@pytest.mark.parametrize("mode", [detect_anomaly, lambda: using_config("debug", True)], ids=["detect_anomaly", "debug"])
def test_under_every_transform(call: Callable[[], Any], mode: Callable[[], Any]) -> None:
    call()
    with mode():
        text = message(call)
    assert "backward of sqrt" in text
    assert called_in(sqrt_of, 1) in text
    call()


def test_a_rule_that_is_recorded_says_in_whose_backward_it_is() -> None:
    with detect_anomaly():
        text = message(lambda: jvp(sqrt_of, (ZERO_ONE,), (np.ones(2),)))
    assert re.match(r"divide: made infinity: .*; given a: \(2,\) float64 .*, b: \(2,\) float64 in \[0, 2\]; ", text)
    assert f"; in the backward of sqrt, {called_in(sqrt_of, 1)}; " in text


def cubic_root(x: Any) -> Any:
    return F.sum(F.pow(x, 4 / 3))


def test_only_the_second_derivative_is_infinite() -> None:
    with detect_anomaly():
        grad(cubic_root)(ZERO_ONE)
        text = message(lambda: hessian(cubic_root)(ZERO_ONE))
    assert "made infinity" in text
    assert called_in(cubic_root, 1) in text


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (
            lambda: F.exp(Variable(np.array([[1.0, 100.0]], "float32"))),
            r"^exp: made infinity: its result, \(1, 2\) float32, has 1 infinite, the first at \[0, 1\]; "
            r"given x: \(1, 2\) float32 in \[1, 100\]; called at ",
        ),
        (
            lambda: Variable(np.array(0.0)) / np.array(0.0),
            r"^divide: made NaN: its result, \(\) float64, has 1 NaN; given a: \(\) float64 in \[0, 0\], b: \(\) float64 in \[0, 0\]; ",
        ),
        (
            lambda: Variable(np.array([np.nan, 1.0, np.nan])) * 2,
            r"^multiply: was given NaN: its result, \(3,\) float64, has 2 NaN, the first at \[0\]; "
            r"given a: \(3,\) float64 in \[1, 1\], 2 NaN, b=2; ",
        ),
        (
            lambda: F.log(Variable(np.array([-1.0 + 0j, 0.0]))),
            r"^log: made infinity: its result, \(2,\) complex128, has 1 infinite, the first at \[1\]; "
            r"given x: \(2,\) complex128 of absolute values in \[0, 1\]; ",
        ),
        (
            lambda: F.concat([Variable(np.ones(2)), np.array([np.nan])]),
            r"^concat: was given NaN: .*; given xs\[0\]: \(2,\) float64 in \[1, 1\], xs\[1\]: \(1,\) float64, 1 NaN; ",
        ),
        (
            lambda: F.split_axis(Variable(np.array([1.0, np.nan])), 2),
            r"^split_axis: was given NaN: result 1, \(1,\) float64, has 1 NaN, the first at \[0\]; ",
        ),
        (
            lambda: F.exp(Variable(xp.asarray([1000.0], device="numba"))),
            r"^exp: made infinity: its result, \(1,\) float64, ",
        ),
        (
            lambda: F.log(Variable(xp.asarray([0.0], device="strict"))),
            r"^log: made infinity: its result, \(1,\) float64, ",
        ),
        (
            lambda: ag.grad(F.sqrt(x := Variable(np.ones(2))), x, [np.array([1.0, np.nan])]),
            r"^backward of sqrt: it was given a gradient, \(2,\) float64, that has 1 NaN, the first at \[1\]: "
            r"the sum of several overflowed, or backward began with it; called at ",
        ),
        (
            lambda: overflowing().backward(loss_scale=6e4),
            r"^backward: the gradient of a leaf, \(1,\) float16, has 1 infinite, the first at \[0\]: the sum of several overflowed; "
            r"detect_anomaly\(inf=False\)",
        ),
    ],
)
def test_what_is_found(f: Callable[[], Any], text: str) -> None:
    with detect_anomaly():
        assert re.match(text, message(f))


def overflowing() -> Any:
    x = Variable(np.ones(1, np.float16))
    return F.sum(x * 1.0) + F.sum(x * 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda: F.sum(F.exp(F.where(np.array([True, False]), Variable(ZERO_ONE), -np.inf))).backward(),
        lambda: F.max(Variable(np.array([np.inf, 1.0]))) + 1,
        lambda: F.exp(Variable(np.array([-np.inf, 1.0]))),
        lambda: F.log(np.array([0.0])),
        lambda: Variable(np.array([2**31 - 1])) * 2,
        lambda: F.sum(Variable(np.zeros((0, 3)))).backward(),
    ],
    ids=["masked", "given infinity", "of infinity", "arrays alone", "integers", "no elements"],
)
def test_what_is_right_passes(f: Callable[[], Any]) -> None:
    with detect_anomaly():
        f()


def test_infinities_may_pass() -> None:
    x = Variable(ZERO_ONE)
    with detect_anomaly(inf=False):
        y = F.log(x)
        F.sum(y).backward()
        assert "made NaN" in message(lambda: y * 0.0)
    assert np.isinf(x.grad[0])


class Reciprocal(FunctionNode):
    def forward(self, inputs: Any) -> Any:
        self.retain_outputs((0,))
        return (1 / inputs[0],)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (y,) = self.get_retained_outputs()
        return (-grad_outputs[0] * y * y,)


def test_functions_in_class_form() -> None:
    with detect_anomaly():
        assert message(lambda: Reciprocal().apply((Variable(ZERO_ONE),))).startswith(
            "Reciprocal: made infinity: its result, (2,) float64, has 1 infinite, the first at [0]; given input 0: (2,) float64 in [0, 1]; "
        )
        (y,) = Reciprocal().apply((Variable(np.array([1e-200])),))
        assert "in the backward of Reciprocal" in message(lambda: y.backward())


def test_the_mode_ends_with_its_block() -> None:
    with pytest.raises(FloatingPointError), detect_anomaly():
        log_of(Variable(ZERO_ONE))
    log_of(Variable(ZERO_ONE)).backward()


def test_debug_for_a_thread() -> None:
    before = USUAL.changed
    config.debug = True
    try:
        assert message(lambda: log_of(Variable(ZERO_ONE))).startswith("log: made infinity")
    finally:
        del config.debug
        USUAL.changed = before
        USUAL.settle()
    log_of(Variable(ZERO_ONE))


def test_gradients_are_the_same_in_debug_mode() -> None:
    def gradients() -> list[Any]:
        x, w = Variable(np.array([[1.0, -2.0]], "float32")), Variable(np.array([[0.5], [3.0]], "float32"))
        y = F.tanh(x @ w) + x
        F.sum(y * y).backward()
        return [x.grad, w.grad]

    plain = gradients()
    with using_config("debug", True):
        debugged = gradients()
    for a, b in zip(plain, debugged, strict=True):
        np.testing.assert_array_equal(a, b)


def test_off_it_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: Any) -> Any:
        raise AssertionError("asked who looks on")

    for name in ("watcher", "Watcher", "Traced"):
        monkeypatch.setattr(_watch, name, asked)
    monkeypatch.setattr("catena.autograd._op.watcher", asked)
    monkeypatch.setattr("catena.autograd._backward.watcher", asked)
    x = Variable(ZERO_ONE)
    y = F.sum(F.exp(x) * x + 1)
    y.backward()
    assert type((x * 2).node.op) is Plan
    with using_config("train", False), pytest.raises(AssertionError, match="asked who looks on"):
        x * 2


def test_it_leaves_no_cycle() -> None:
    def run() -> Variable:
        with using_config("debug", True):
            x = Variable(np.ones(3))
            y = F.sum(F.exp(x) * x)
            y.backward(create_graph=True)
        return y

    assert not garbage(run)


# ------------------------------------------------------------------------------------------------------------- arrays that changed


def squared(x: Any) -> Any:
    return F.sum(x * x)


def changed(make: Callable[[], tuple[Any, Any]]) -> str:
    """The message of a backward before which one array was changed in place."""
    with using_config("debug", True):
        y, array = make()
        array[...] = 0
        text = message(y.backward, RuntimeError)
    assert text == message(y.backward, RuntimeError)  # outside of the block too
    return text


def of_an_input() -> Any:
    x = Variable(np.ones(3))
    return squared(x), x.array


def of_a_result() -> Any:
    y = F.exp(Variable(np.ones(3)))
    return F.sum(y), y.array


def of_a_constant() -> Any:
    w = np.ones(3)
    return F.sum(Variable(np.ones(3)) * w), w


def of_an_index() -> Any:
    index = np.array([2, 1])
    return F.sum(Variable(np.ones(3))[index]), index


def of_a_base() -> Any:
    base = np.ones((3, 2))
    return squared(Variable(base[:, 1])), base


def of_one_of_many() -> Any:
    xs = [Variable(np.ones((2, 2))), Variable(np.ones((2, 2)))]
    return F.sum(F.einsum("ij,jk->ik", *xs)), xs[1].array


def of_a_function_node() -> Any:
    (y,) = Reciprocal().apply((Variable(np.ones(3)),))
    return F.sum(y), y.array


def of_a_checkpoint() -> Any:
    x = Variable(np.ones(3))
    return ag.checkpoint(squared)(x), x.array


def on_numba() -> Any:
    x = Variable(xp.asarray(np.ones(3), device="numba"))
    return squared(x), x.array


@pytest.mark.parametrize(
    ("make", "kept", "line"),
    [
        (of_an_input, "multiply kept a: (3,) float64 in [0, 0]", called_in(squared, 1)),
        (of_a_result, "exp kept its result: (3,) float64 in [0, 0]", called_in(of_a_result, 1)),
        (of_a_constant, "multiply kept b: (3,) float64 in [0, 0]", called_in(of_a_constant, 2)),
        (of_an_index, "getitem kept key: (2,) int64 in [0, 0]", called_in(of_an_index, 2)),
        (of_a_base, "multiply kept a: (3,) float64 in [0, 0]", called_in(squared, 1)),
        (of_one_of_many, "einsum kept xs[1]: (2, 2) float64 in [0, 0]", called_in(of_one_of_many, 2)),
        (of_a_function_node, "Reciprocal kept output 0: (3,) float64 in [0, 0]", called_in(of_a_function_node, 1)),
        (
            of_a_checkpoint,
            "squared kept Variable 0 among its arguments: (3,) float64 in [0, 0]",
            called_in(of_a_checkpoint, 2),
        ),
        (on_numba, "multiply kept a: (3,) float64 in [0, 0]", called_in(squared, 1)),
    ],
)
def test_an_array_that_changed_is_named(make: Callable[[], Any], kept: str, line: str) -> None:
    assert changed(make) == (
        f"backward: {kept}, which was changed in place between forward and backward; {line}; "
        "change a copy of it, or run backward before"
    )


def test_without_debug_mode_nothing_is_looked_at() -> None:
    x = Variable(np.ones(3))
    y = squared(x)
    x.array[...] = 5.0
    y.backward()
    assert x.grad.tolist() == [10.0, 10.0, 10.0]


def test_what_no_rule_reads_may_change() -> None:
    with using_config("debug", True):
        x = Variable(np.ones(3))
        y = F.sum(x + 1)
        x.array[...] = 5.0
        y.backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]


def test_training_in_debug_mode() -> None:
    w = Variable(np.ones(3))
    with using_config("debug", True):
        for _ in range(3):
            loss = squared(w)
            w.cleargrad()
            loss.backward()
            w.array -= 0.1 * w.grad
            w.mark_updated()
    np.testing.assert_allclose(w.array, 0.8**3)
