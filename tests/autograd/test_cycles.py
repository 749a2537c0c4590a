"""With the garbage collector off, a graph dies with its last result: of every op, forward, backward and second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable
from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, arrays, calls, check_cycles, garbage

ROWS = list(CASES.rows("catena.autograd"))


@pytest.mark.parametrize(("op", "case"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_no_cycle(op: Callable[..., Any], case: Case) -> None:
    check_cycles(op, case)


@ag.elementwise_op
def keeps_itself(x: Any) -> Any:
    return x * x


def _rule(g: Any, x: Any, out: Any) -> Any:
    if isinstance(out, Variable):
        out.node.saved = (*out.node.saved, out)  # type: ignore[union-attr, misc]
    return g * 2 * x


keeps_itself.vjps(x=_rule)


def test_a_cycle_is_found() -> None:
    with pytest.raises(AssertionError, match=r"keeps_itself: its second_order leaves a cycle: .*node keeps_itself"):
        check_cycles(keeps_itself, Case(calls(arrays(shape=2))))


def second_order(x: Variable, *, retain_grad: bool) -> Variable:
    y = x * x
    F.sum(y * y).backward(create_graph=True, retain_grad=retain_grad)
    return y


def test_the_one_cycle_is_a_retained_gradient_with_a_graph() -> None:
    assert not garbage(lambda: second_order(Variable(np.ones(2)), retain_grad=False))
    assert garbage(lambda: second_order(Variable(np.ones(2)), retain_grad=True))
    assert not garbage(lambda: second_order(Variable(np.ones(2)), retain_grad=True).cleargrad())
