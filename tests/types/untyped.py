# pyright: standard
"""What type checkers are told of programs without types: nothing that would be an error, in calls within calls neither."""

from __future__ import annotations

from typing import Any, assert_type

import catena.nn.functions as F
from catena.autograd import Variable
from catena.autograd import functions as f


def of_what_has_no_type(x: Any, v: Variable) -> None:
    assert_type(f.exp(f.log(x)), Any)
    assert_type(F.mean(F.relu(F.linear(x, x))), Any)
    F.mean(F.softplus(-x)).backward()  # it may be a Variable
    assert_type(f.add(x, v), Variable)
