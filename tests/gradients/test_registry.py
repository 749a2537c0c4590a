"""No op goes without a case."""

from __future__ import annotations

from types import SimpleNamespace

import catena.autograd as ag
from catena.autograd.testing import Case, Cases, arrays, calls
from catena.nn import distributions, functions, links
from catena.nn.testing import CASES


def test_every_op_function_and_link_has_a_case() -> None:
    assert CASES.missing(ag.functions, ag.functions.linalg, ag.functions.fft, functions, links, distributions) == []


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


def test_public_functions_without_a_case_are_named() -> None:
    def f(x: ag.Variable) -> ag.Variable:
        return x

    def g(x: ag.Variable) -> ag.Variable:
        return x

    space = SimpleNamespace(__name__="package.functions", __all__=["f", "g", "pi"], f=f, g=g, pi=3.14)
    table = Cases()
    assert [name for name in table.missing(space) if name.startswith("package")] == [
        "package.functions.f",
        "package.functions.g",
    ]
    table.add(f, Case(calls(arrays())))
    table.excuse("it makes an array of no array", g)
    assert not [name for name in table.missing(space) if name.startswith("package")]
