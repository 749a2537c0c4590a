"""Function hooks: when they are called and with what, where they reach, what the ones that come with it say, and what they leave behind."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Function, FunctionHook, FunctionNode, MemoryHook, NaNHook, PrintHook, TimerHook, Variable
from catena.autograd import functions as F
from catena.autograd._config import USUAL
from catena.autograd.testing import garbage


class Log(FunctionHook):
    """Writes down each call: the method, the function's label, and the shapes of what comes with it."""

    def __init__(self, name: str = "Log") -> None:
        self.name = name
        self.calls: list[tuple[Any, ...]] = []

    def added(self, function: Any) -> None:
        self.calls.append(("added", function))

    def deleted(self, function: Any) -> None:
        self.calls.append(("deleted", function))

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self.calls.append(("before", function.label, shapes(in_data)))

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        self.calls.append(("after", function.label, shapes(in_data)))

    def forward_outputs(self, function: Any, in_data: Any, out_data: Any) -> None:
        self.calls.append(("outputs", function.label, shapes(out_data)))

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.calls.append(("back before", function.label, shapes(in_data), shapes(out_grad)))

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.calls.append(("back after", function.label, shapes(in_data), shapes(out_grad)))

    def backward_gradients(self, function: Any, in_data: Any, out_grad: Any, in_grad: Any) -> None:
        self.calls.append(("gradients", function.label, shapes(in_grad)))

    @property
    def labels(self) -> list[str]:
        """The functions of which a forward was seen."""
        return [call[1] for call in self.calls if call[0] == "before"]


def shapes(arrays: tuple[Any, ...]) -> list[Any]:
    assert type(arrays) is tuple
    assert not any(isinstance(x, Variable) for x in arrays)
    return [tuple(x.shape) if hasattr(x, "shape") else x for x in arrays]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = (USUAL.hooked, USUAL.everywhere)
    yield
    assert (USUAL.hooked, USUAL.everywhere) == before
    assert ag.get_function_hooks() == {}


class Product(FunctionNode):
    """x * y and x + y."""

    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((1,))
        x, y = inputs
        return x * y, x + y

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (y,) = self.get_retained_inputs()
        g, h = grad_outputs
        return tuple(None if i else (g * y if h is None else g * y + h) for i in indexes)


class Doubled(Function):
    def forward(self, inputs: Any) -> Any:
        return (inputs[0] * 2,)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        return (grad_outputs[0] * 2,)


# ------------------------------------------------------------------------------------------------------------ when, and with what


def test_what_an_op_calls() -> None:
    x = Variable(np.ones((2, 3)))
    log = Log()
    with log:
        F.sum(x * 2.0).backward()
    assert log.calls == [
        ("added", None),
        ("before", "multiply", [(2, 3), 2.0]),
        ("after", "multiply", [(2, 3), 2.0]),
        ("outputs", "multiply", [(2, 3)]),
        ("before", "sum", [(2, 3)]),
        ("after", "sum", [(2, 3)]),
        ("outputs", "sum", [()]),
        ("back before", "sum", [None], [()]),
        ("back after", "sum", [None], [()]),
        ("gradients", "sum", [(2, 3)]),
        ("back before", "multiply", [None, 2.0], [(2, 3)]),
        ("back after", "multiply", [None, 2.0], [(2, 3)]),
        ("gradients", "multiply", [(2, 3), None]),
        ("deleted", None),
    ]


def test_what_a_function_node_calls() -> None:
    x, y = Variable(np.ones(2)), Variable(np.ones(2), requires_grad=False)
    log = Log()
    with log:
        first, _ = Product().apply((x, y))
        first.backward(grad=np.ones(2))
    assert log.calls[1:-1] == [
        ("before", "Product", [(2,), (2,)]),
        ("after", "Product", [(2,), (2,)]),
        ("outputs", "Product", [(2,), (2,)]),
        ("back before", "Product", [None, (2,)], [(2,), None]),
        ("before", "multiply", [(2,), (2,)]),  # which its backward calls
        ("after", "multiply", [(2,), (2,)]),
        ("outputs", "multiply", [(2,)]),
        ("back after", "Product", [None, (2,)], [(2,), None]),
        ("gradients", "Product", [(2,), None]),
    ]


def test_hooks_get_the_function_itself() -> None:
    seen = []

    class Seen(FunctionHook):
        def forward_preprocess(self, function: Any, in_data: Any) -> None:
            seen.append(function)

        def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
            seen.append(function)

    x, node, function = Variable(np.ones(2)), Product(), Doubled()
    with Seen():
        (F.exp(x)).backward(grad=np.ones(2))
        node.apply((x, np.ones(2)))
        function(x).backward(grad=np.ones(2))
    assert seen == [F.exp, F.exp, node, function, function]


def test_several_outputs_of_an_op() -> None:
    x = Variable(np.arange(4.0))
    log = Log()
    with log:
        a, _ = F.split_axis(x, 2)
        F.sum(a).backward()
    assert ("outputs", "split_axis", [(2,), (2,)]) in log.calls
    assert ("back before", "split_axis", [None], [(2,), None]) in log.calls
    assert ("gradients", "split_axis", [(4,)]) in log.calls


def test_functions_of_arrays_alone_are_not_seen() -> None:
    log = Log()
    with log:
        F.exp(np.ones(2))
        F.add(np.ones(2), 1.0)
        F.sum(np.ones(2), axis=0)
    assert log.labels == []


def test_the_rules_ops_are_seen_where_they_are_recorded() -> None:
    x = Variable(3.0)
    y = x * x
    log = Log()
    with log:
        ag.grad(y, x)
        assert log.labels == []
        ag.grad(y, x, create_graph=True)
    assert set(log.labels) >= {"multiply"}


@pytest.mark.parametrize("backend", ["numpy", "numba", "strict"])
def test_arrays_of_every_backend(backend: str) -> None:
    x = Variable(xp.asarray([1.0, 2.0], device=backend))
    log = Log()
    with log:
        F.sum(F.exp(x)).backward()
    assert log.labels == ["exp", "sum"]
    assert ("gradients", "exp", [(2,)]) in log.calls


def test_gradients_are_the_same_with_a_hook() -> None:
    def gradients() -> list[Any]:
        x, w = Variable(np.array([1.0, -2.0], "float32")), Variable(np.array([0.5, 3.0], "float32"))
        a, b = F.split_axis(F.tanh(x * w) + x, 2)
        (F.sum(a * b) + F.logsumexp(x)).backward()
        return [x.grad, w.grad]

    plain = gradients()
    with Log():
        hooked = gradients()
    for a, b in zip(plain, hooked, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_within_no_backprop_mode_the_forward_is_seen() -> None:
    log = Log()
    with ag.no_backprop_mode(), log:
        y = Variable(np.ones(2)) * 2
    assert log.labels == ["multiply"]
    assert not y.requires_grad


# ------------------------------------------------------------------------------------------------------------ where they reach


def test_several_hooks_each_in_their_block() -> None:
    outer, inner = Log("outer"), Log("inner")
    x = Variable(1.0)
    with outer:
        x + 1
        with inner:
            assert list(ag.get_function_hooks()) == ["outer", "inner"]
            x * 2
        with ag.using_config("train", False):
            x - 1
    x / 2
    assert outer.labels == ["add", "multiply", "subtract"]
    assert inner.labels == ["multiply"]


def test_a_hook_may_work_again() -> None:
    log, x = Log(), Variable(1.0)
    for _ in range(2):
        with log:
            x + 1
    assert log.labels == ["add", "add"]


def test_a_block_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), Log():
        raise ZeroDivisionError
    assert ag.get_function_hooks() == {}


def test_another_thread_has_none() -> None:
    log = Log()
    with log:
        thread = threading.Thread(target=lambda: Variable(1.0) + 1)
        thread.start()
        thread.join()
    assert log.labels == []


def test_added_to_one_op() -> None:
    x, log = Variable(np.ones(2)), Log()
    F.exp.add_hook(log)
    try:
        assert F.exp.local_function_hooks == {"Log": log}
        F.sum(F.exp(x) * 2).backward()
        x + 1
    finally:
        F.exp.delete_hook("Log")
    F.exp(x)
    assert [call[0] for call in log.calls] == [
        "added", "before", "after", "outputs", "back before", "back after", "gradients", "deleted",
    ]  # fmt: skip
    assert log.calls[0] == ("added", F.exp)
    assert log.labels == ["exp"]


def test_an_operator_has_the_ops_hooks() -> None:
    log = Log()
    F.add.add_hook(log, name="mine")
    Variable(1.0) + 1
    1 + Variable(1.0)
    F.add.delete_hook("mine")
    Variable(1.0) + 1
    assert log.labels == ["add", "add"]


def test_hooks_of_the_block_come_before_the_functions_own() -> None:
    order: list[str] = []

    class Noted(FunctionHook):
        def __init__(self, name: str) -> None:
            self.name = name

        def forward_preprocess(self, function: Any, in_data: Any) -> None:
            order.append(self.name)

    F.exp.add_hook(Noted("own"))
    with Noted("block"):
        F.exp(Variable(1.0))
    F.exp.delete_hook("own")
    assert order == ["block", "own"]


@pytest.mark.parametrize("function", [Product, Doubled])
def test_added_to_a_function_in_class_form(function: Callable[[], Any]) -> None:
    f, log = function(), Log()
    f.add_hook(log)
    x = Variable(np.ones(2))
    y = f.apply((x, np.ones(2)))[0] if isinstance(f, FunctionNode) else f(x)
    y.backward(grad=np.ones(2))
    assert log.labels == [f.label]
    assert sum(call[0] == "gradients" for call in log.calls) == 1
    f.delete_hook("Log")


def test_a_function_that_is_gone_takes_its_hooks_along() -> None:
    before = USUAL.hooked
    f = Doubled()
    f.add_hook(TimerHook())
    assert (USUAL.hooked, USUAL.everywhere) == (before + 1, False)
    del f
    assert USUAL.hooked == before


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: F.exp.add_hook("timer"),
            TypeError,
            r"add_hook: got str; expected a FunctionHook, such as TimerHook\(\)",
        ),
        (
            lambda: [F.exp.add_hook(Log()) for _ in range(2)],
            KeyError,
            r"add_hook: there is a hook 'Log' already; give another name: add_hook\(hook, name=...\)",
        ),
        (lambda: F.exp.delete_hook("Timer"), KeyError, r"delete_hook: there is no hook 'Timer'; there are"),
        (
            lambda: [Log().__enter__() for _ in range(2)],
            KeyError,
            r"hook 'Log': one of this name is at work here already; give one of them another name",
        ),
        (
            lambda: TimerHook().print_report(unit="h"),
            ValueError,
            r"TimerHook.print_report: unit is 'h'; expected 'auto' or 'sec', 'ms', 'us', 'ns'",
        ),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    import contextvars

    try:
        with pytest.raises(error, match=text):
            contextvars.copy_context().run(call)
    finally:
        if "Log" in F.exp.local_function_hooks:
            F.exp.delete_hook("Log")


# ------------------------------------------------------------------------------------------------------- those that come with it


def test_timer() -> None:
    x = Variable(np.ones((50, 50)))
    with TimerHook() as timer:
        F.sum(F.exp(x) * F.exp(x)).backward()
    summary = timer.summary()
    assert {name: record["occurrence"] for name, record in summary.items()} == {"exp": 4, "multiply": 2, "sum": 2}
    assert timer.total_time() == pytest.approx(sum(record["elapsed_time"] for record in summary.values()))
    assert all(seconds > 0 for _, seconds in timer.call_history)
    file = io.StringIO()
    timer.print_report(unit="us", file=file)
    lines = file.getvalue().splitlines()
    assert lines[0].split() == ["function", "elapsed", "time", "calls"]
    assert sorted(line.split()[0] for line in lines[1:]) == ["exp", "multiply", "sum"]
    assert all(line.split()[2] == "us" for line in lines[1:])
    times = [float(line.split()[1]) for line in lines[1:]]
    assert times == sorted(times, reverse=True)


def test_memory() -> None:
    x = Variable(np.ones((10, 10)))
    with MemoryHook() as memory:
        F.sum(F.reshape(F.exp(x), (100,))).backward()
    # exp: its result and the gradient; reshape gives views; the gradient of a sum is a broadcast view.
    summary = memory.summary()
    assert summary["exp"] == {"used_bytes": 1600, "occurrence": 2}
    assert summary["reshape"] == {"used_bytes": 0, "occurrence": 2}
    assert memory.total_used_bytes() == sum(int(size) for _, size in memory.call_history) >= 1608
    file = io.StringIO()
    memory.print_report(file=file)
    assert "1.562 KB" in next(line for line in file.getvalue().splitlines() if line.startswith("exp"))


def test_print() -> None:
    file = io.StringIO()
    x = Variable(np.array([1.0, 2.0], "float32"))
    with PrintHook(sep="|", end="\n--\n", file=file):
        F.sum(F.exp(x)).backward()
    assert file.getvalue() == (
        "exp forward:|input 0: (2,) float32 in [1, 2]\n--\n"
        "sum forward:|input 0: (2,) float32 in [2.71828, 7.38906]\n--\n"
        "sum backward:|output 0: () float32 in [1, 1]\n--\n"
        "exp backward:|output 0: (2,) float32 in [1, 1]\n--\n"
    )


def test_nan_forward_and_backward() -> None:
    x = Variable(np.array([4.0, 0.0, -1.0]))
    with np.errstate(all="ignore"):
        with (
            NaNHook(),
            pytest.raises(FloatingPointError, match=r"sqrt: made NaN: its result, \(3,\) float64, has 1 NaN"),
        ):
            F.sqrt(x)
        y = F.sum(F.sqrt(Variable(np.array([4.0, 0.0]))))
        with (
            NaNHook(),
            pytest.raises(
                FloatingPointError,
                match=r"backward of sqrt: made infinity: the gradient in input 0, \(2,\) float64, has 1 infinite, the first at \[1\]",
            ),
        ):
            y.backward()
        with NaNHook(inf=False):
            y.backward()


# ------------------------------------------------------------------------------------------------------------ what they leave behind


def hooked(f: Callable[[Variable], Variable]) -> Variable:
    x = Variable(np.ones(3))
    with TimerHook(), MemoryHook(), Log(), NaNHook():
        y = f(x)
        y.backward(create_graph=True)
    return y


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.sum(F.exp(x) * x),
        lambda x: F.sum(F.split_axis(x, 3)[1] * 2),
        lambda x: F.sum(Product().apply((x, np.ones(3)))[0]),
        lambda x: F.sum(ag.checkpoint(F.tanh)(x)),
    ],
)
def test_hooks_leave_no_cycle(f: Callable[[Variable], Variable]) -> None:
    assert not garbage(lambda: hooked(f))


def test_a_hook_of_a_function_leaves_no_cycle() -> None:
    def run() -> Variable:
        f = Product()
        f.add_hook(TimerHook())
        y = F.sum(f.apply((Variable(np.ones(3)), np.ones(3)))[0])
        y.backward()
        return y

    assert not garbage(run)


def test_a_checkpoint_is_hooked_by_what_looks_on_at_its_backward() -> None:
    x, timer = Variable(np.ones(3)), TimerHook()
    with timer:
        y = F.sum(ag.checkpoint(F.tanh)(x))
    assert len(timer.call_history) == 2
    y.backward()
    assert len(timer.call_history) == 2
    log = Log()
    with log:
        y.backward()
    assert log.labels == ["tanh"]  # the second run
