"""Every op of catena.autograd, on calls that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catena.autograd.testing import CASES, Case, check_op

ROWS = list(CASES.rows("catena.autograd"))


@pytest.mark.parametrize(("op", "case"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_op(op: Callable[..., Any], case: Case) -> None:
    check_op(op, case)
