"""Every op of catena.nn, and the functions made of them, on calls that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catena.autograd.testing import Case, check_op

CASES = pytest.importorskip("catena.nn.testing").CASES
ROWS = list(CASES.rows("catena.nn"))


@pytest.mark.parametrize(("op", "case"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_op(op: Callable[..., Any], case: Case) -> None:
    check_op(op, case)


def test_every_op_of_nn_has_a_case() -> None:
    assert CASES.missing() == []
