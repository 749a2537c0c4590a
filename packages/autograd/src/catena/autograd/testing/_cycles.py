"""No reference cycles: what a graph holds dies with the last reference to it, whether or not Python collects garbage."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from catena.autograd._backward import backward, grad
from catena.autograd._hooks import MemoryHook
from catena.autograd._node import Node
from catena.autograd._variable import Variable
from catena.autograd.gradient_check import is_inexact
from catena.autograd.testing._call import Call
from catena.autograd.testing._case import Case, function_name
from catena.autograd.testing._check import reproduction, settings_of, try_calls
from catena.autograd.testing._run import cotangents


def check_cycles(op: Callable[..., Any], case: Case, *, examples: int = 2) -> None:
    """Check that forward, backward, second order and hooks leave no node or Variable to the garbage collector.

    Args:
        op: as for `check_op`.
        case: how to draw calls of it.
        examples: how many to draw, the same ones each time.

    Raises:
        AssertionError: names the step that left a cycle, and what is in it.

    Example:
        >>> from catena.autograd import functions as F
        >>> from catena.autograd.testing import arrays, calls
        >>> check_cycles(F.tanh, Case(calls(arrays())))
    """

    def check(call: Call) -> None:
        with settings_of(case):
            for step in (*(_forward, _backward, _second_order)[: 1 + case.order], _hooks):
                found = garbage(lambda: step(op, call, case))  # noqa: B023 - it is called here
                if found:
                    e = AssertionError(f"{function_name(op)}: its {step.__name__[1:]} leaves a cycle: {found}")
                    e.add_note(reproduction(op, call, case))
                    raise e

    gc.freeze()  # what there is already is not looked at
    try:
        try_calls(check, case.calls, examples, derandomize=True)
    finally:
        gc.unfreeze()


def garbage(f: Callable[[], object]) -> list[Any]:
    """The nodes and Variables among what `f()` leaves to the garbage collector."""
    enabled = gc.isenabled()
    gc.disable()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        f()
        gc.collect()
        # of its type: isinstance would ask a proxy for the class of what is gone
        return [x for x in gc.garbage if issubclass(type(x), Node | Variable)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        if enabled:
            gc.enable()


def _forward(op: Callable[..., Any], call: Call, case: Case) -> tuple[list[Variable], list[Variable]]:
    """The leaves, and the outputs that depend on them."""
    bound = case.bind(op, call)
    xs = [Variable(x) if is_inexact(x) else x for x in bound.leaves]
    ys = [y for y in bound.f(xs, bound.options) if isinstance(y, Variable) and y.requires_grad and is_inexact(y)]
    return [x for x in xs if isinstance(x, Variable)], ys


def _backward(op: Callable[..., Any], call: Call, case: Case) -> None:
    _, ys = _forward(op, call, case)
    if ys:
        backward(ys, cotangents(ys))


def _second_order(op: Callable[..., Any], call: Call, case: Case) -> None:
    leaves, ys = _forward(op, call, case)
    if not ys:
        return
    backward(ys, [Variable(g) for g in cotangents(ys)], create_graph=True)
    gs = [v.grad_var for v in leaves]
    gs = [g for g in gs if g is not None and g.requires_grad]
    if gs:
        grad(gs, leaves, cotangents(gs))


def _hooks(op: Callable[..., Any], call: Call, case: Case) -> None:
    with MemoryHook():
        (_forward, _backward, _second_order)[min(case.order, 2)](op, call, case)
