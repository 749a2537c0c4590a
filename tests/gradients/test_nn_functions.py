"""Every function and link of catena.nn, on calls that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catena.autograd.testing import Case, check_cycles, check_op
from catena.nn.testing import CASES

ROWS = list(CASES.rows("catena.nn"))


@pytest.mark.parametrize(("op", "case"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_op(op: Callable[..., Any], case: Case) -> None:
    check_op(op, case)


@pytest.mark.parametrize(("op", "case"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_no_cycle(op: Callable[..., Any], case: Case) -> None:
    check_cycles(op, case)
