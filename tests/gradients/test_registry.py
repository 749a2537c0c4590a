"""No op goes without a case."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import catena.autograd as ag
from catena.autograd.testing import CASES, Case, Cases, arrays, calls

# nn's ops and their cases, where it is installed.
if find_spec("catena.nn") is not None:
    import_module("catena.nn.functions")
    import_module("catena.nn.testing")


def test_every_registered_op_has_a_case() -> None:
    assert CASES.missing() == []


def test_an_op_without_a_case_is_named() -> None:
    table = Cases()
    table.add(ag.functions.exp, Case(calls(arrays())))
    missing = table.missing()
    assert "catena.autograd.ops.exponential.log" in missing
    assert "catena.autograd.ops.exponential.exp" not in missing


def test_ops_of_programs_are_not_asked_for() -> None:
    @ag.op
    def own(x: ag.Variable) -> ag.Variable:
        return x

    assert not [name for name in Cases().missing() if "own" in name.rpartition(".")[2].split("_")]
