"""No op goes without a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import catena.autograd as ag
from catena.autograd._config import LocalConfig
from catena.autograd.testing import Call, Case, Cases, arrays, calls
from catena.autograd.testing._check import settings_of, try_calls
from catena.nn import distributions, functions, links
from catena.nn.testing import CASES


def test_every_op_function_and_link_has_a_case() -> None:
    assert CASES.missing(ag.functions, ag.functions.linalg, ag.functions.fft, functions, links, distributions) == []


def test_what_asks_for_the_mode_has_a_case_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    read = LocalConfig.__getattr__

    def noted(self: LocalConfig, name: str) -> Any:
        asked.add(name)
        return read(self, name)

    def asks_for_the_mode(function: Callable[..., Any], case: Case) -> bool:
        found: list[bool] = []

        def run(call: Call) -> None:
            bound = case.bind(function, call)
            asked.clear()
            bound.f(bound.leaves, bound.options)
            found.append("train" in asked)

        with settings_of(case):
            try_calls(run, case.calls, 2, derandomize=True)
        return any(found)

    cases: dict[Callable[..., Any], list[Case]] = defaultdict(list)
    for _, function, case in CASES.rows("catena.nn"):
        if "distributions" not in function.__module__:
            cases[function].append(case)
    monkeypatch.setattr(LocalConfig, "__getattr__", noted)
    asking = {function for function in cases for case in cases[function] if asks_for_the_mode(function, case)}
    assert {functions.dropout, links.BatchNormalization, links.Fire} <= asking
    assert [f.__name__ for f in asking if {case.train for case in cases[f]} != {True, False}] == []


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
