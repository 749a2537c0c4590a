"""What the suite draws, how a call is written down, and how many are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

import catena.autograd as ag
import xparray as xp
from catena.autograd import functions as F
from catena.autograd.testing import (
    CASES,
    LAYOUTS,
    Call,
    Case,
    Cases,
    arrays,
    axes,
    broadcasting,
    calls,
    check_call,
    check_op,
    complexes,
    conditions,
    laid_out,
    reals,
    shapes,
)


def drawn(strategy: SearchStrategy[Any], examples: int = 25) -> list[Any]:
    """What a test of so many examples sees."""
    seen = []

    @settings(max_examples=examples, derandomize=True, deadline=None)
    @given(strategy)
    def run(x: Any) -> None:
        seen.append(x)

    run()
    return seen


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ("0-d", lambda x: x.shape == ()),
        ("zero-size", lambda x: x.size == 0),
        ("one element in an axis", lambda x: x.shape == (1,)),
        ("several axes", lambda x: x.ndim > 1 and x.size > 2),
        ("not contiguous", lambda x: not x.flags.c_contiguous and not x.flags.f_contiguous),
        ("Fortran's order", lambda x: x.flags.f_contiguous and not x.flags.c_contiguous),
        ("negative strides", lambda x: any(s < 0 for s in x.strides)),
        ("float16", lambda x: x.dtype == np.float16),
        ("float32", lambda x: x.dtype == np.float32),
        ("float64", lambda x: x.dtype == np.float64),
        ("a zero", lambda x: bool(np.any(x == 0))),
        ("a negative number", lambda x: bool(np.any(x < 0))),
    ],
)
def test_25_examples_see(what: str, seen: Callable[[Any], bool]) -> None:
    assert any(map(seen, drawn(arrays()))), what


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ("different shapes", lambda a, b: np.shape(a) != np.shape(b)),
        ("both repeated", lambda a, b: np.broadcast(a, b).shape not in (np.shape(a), np.shape(b))),
        ("zero-size", lambda a, b: np.broadcast(a, b).size == 0),
        ("a Python number", lambda a, b: isinstance(a, float) or isinstance(b, float)),
        ("two dtypes", lambda a, b: isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype != b.dtype),
        ("0-d with more", lambda a, b: (np.shape(a) == ()) != (np.shape(b) == ())),
    ],
)
def test_25_pairs_see(what: str, seen: Callable[[Any, Any], bool]) -> None:
    assert any(seen(*call.inputs) for call in drawn(broadcasting(reals(), reals()))), what


@pytest.mark.parametrize(
    ("dtype", "seen"),
    [
        ("complex128", lambda x: bool(np.any(x.imag != 0))),
        ("complex64", lambda x: bool(np.any(x.imag < 0))),
        ("float16", lambda x: True),
    ],
)
def test_25_complex_examples_see(dtype: str, seen: Callable[[Any], bool]) -> None:
    assert any(x.dtype == dtype and seen(x) for x in drawn(arrays(dtype=complexes())))


def test_few_calls_have_the_shapes_of_others() -> None:
    found = set()

    def added(a: Any, b: Any) -> Any:
        found.add((np.shape(ag.as_array(a)), np.shape(ag.as_array(b))))
        return F.add(a, b)

    check_op(added, Case(broadcasting(reals(), reals())), examples=25)
    assert len(found) >= 15


def test_values_stay_where_they_may_be() -> None:
    for x in drawn(arrays(reals(0.5, 2, avoid=[1]))):
        assert np.all((x >= 0.5) & (x <= 2) & (x != 1))
        assert np.all(x * 8 == np.round(x * 8))
    for call in drawn(broadcasting(reals(), reals(offset=1 / 16), scalars=False)):
        assert not np.any(np.equal(*call.inputs))
    for x in drawn(arrays(distinct=True)):
        assert len(np.unique(x)) == x.size
    for call in drawn(broadcasting(conditions, reals())):
        assert call.inputs[0].dtype == bool
    for shape in drawn(shapes(1, 2, min_side=1, max_side=2)):
        assert 1 <= len(shape) <= 2
        assert set(shape) <= {1, 2}
    assert {axis for axis in drawn(axes(2, several=False), 200)} == {None, -2, -1, 0, 1}
    assert set(drawn(axes(0))) == {None, ()}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2), (2, 3, 4)])
def test_a_call_is_written_as_the_python_that_makes_it(layout: str, shape: tuple[int, ...]) -> None:
    x = laid_out(np.arange(float(np.prod(shape)), dtype=np.float32).reshape(shape) / 8, layout)
    call = Call(x, 2.0, axis=(0, 1), key=(slice(1, None), np.array([True])), name="a")
    again = eval(repr(call), {"Call": Call, "np": np, "laid_out": laid_out})
    y = again.inputs[0]
    np.testing.assert_array_equal(x, y)
    assert (x.dtype, x.strides if x.size else None) == (y.dtype, y.strides if y.size else None)
    assert again.inputs[1] == 2.0
    assert again.options["axis"] == (0, 1)
    assert again.options["key"][0] == slice(1, None)
    assert again.options["key"][1].tolist() == [True]
    assert again.options["name"] == "a"


def test_containers_functions_and_dtypes_are_written() -> None:
    call = Call([np.ones(1), {"a": 0.5}], np.dtype("float32"), then=F.tanh, of=Call(2))
    text = "Call([np.array([1.0], 'float64'), {'a': 0.5}], np.dtype('float32'), then=tanh, of=Call(2))"
    assert repr(call) == text
    case = Case(calls(arrays()), name="x", order=3, backends=("numpy",), no_gradient={"x": "it jumps"})
    assert repr(case) == "Case(no_gradient={'x': 'it jumps'}, backends=('numpy',), order=3)"


def test_inputs_in_lists_and_dicts() -> None:
    def weighted(xs: Any, by: Any) -> Any:
        return {"sum": [xs[0] * by["a"], xs[1][0] + xs[0]], "nothing": None}

    x = arrays(shape=3)
    check_op(weighted, Case(calls(st.tuples(x, st.tuples(x)), st.fixed_dictionaries({"a": x})), keeps_dtype=False))

    def wrong(xs: Any, by: Any) -> Any:
        return xs[0] * ag.as_array(by["a"])

    with pytest.raises(AssertionError, match=r"wrong: the gradient in by\['a'\], \(3,\) float64, is wrong"):
        check_op(wrong, Case(calls(st.tuples(x), st.fixed_dictionaries({"a": x}))))


def noise(x: Any) -> Any:
    drawn = xp.random.get_generator().uniform(tuple(x.shape), device=xp.device_of(ag.as_array(x)))
    return F.multiply(x, xp.astype(drawn, x.dtype))


def test_random_functions_draw_the_same_in_each_run() -> None:
    before = xp.random.get_generator().state
    check_op(noise, Case(calls(arrays()), random=True))
    assert xp.random.get_generator().state == before
    with pytest.raises(AssertionError, match="noise"):
        check_op(noise, Case(calls(arrays())))


def test_training_is_on_or_off() -> None:
    seen = []

    def watched(x: Any) -> Any:
        seen.append(ag.config.train)
        return F.exp(x)

    for train in (True, False):
        check_op(watched, Case(calls(arrays()), train=train), examples=2)
        assert set(seen) == {train}
        seen.clear()
    assert ag.config.train


@pytest.mark.parametrize(("examples", "count"), [(None, 7), (3, 3)])
def test_the_profile_says_how_many_examples(examples: int | None, count: int) -> None:
    before = settings.get_current_profile_name()
    settings.register_profile("seven", max_examples=7, derandomize=True)
    seen = set()

    def watched(x: Any) -> Any:
        seen.add(x.shape if hasattr(x, "shape") else ())
        counted.append(1)
        return F.exp(x)

    counted: list[int] = []
    settings.load_profile("seven")
    try:
        check_op(watched, Case(calls(arrays(dtype="float64")), backends=("numpy",)), examples=examples)
    finally:
        settings.load_profile(before)
    once: list[int] = []
    counted, total = once, len(counted)
    check_call(watched, Call(np.ones(2)), Case(calls(arrays()), backends=("numpy",)))
    assert total == count * len(once)


def test_no_gradient_is_checked() -> None:
    with pytest.raises(AssertionError, match=r"the gradient in x is .*; its case says that it has none"):
        check_op(F.exp, Case(calls(arrays()), no_gradient={"x": "wrongly"}))
    with pytest.raises(ValueError, match="exp: its case names 'y' in no_gradient; the inputs are x"):
        check_op(F.exp, Case(calls(arrays()), no_gradient={"y": "there is none"}))


def test_rows_by_package_and_name() -> None:
    table = Cases()
    table.add(F.exp, Case(calls(arrays())), Case(calls(arrays()), name="other"))
    assert [row.name for row in table.rows("catena.autograd")] == ["exp", "exp-other"]
    assert [row.name for row in table.rows(name="ex*")] == ["exp", "exp-other"]
    assert list(table.rows("catena.nn")) == list(table.rows(name="log")) == []
    names = [row.name for row in CASES.rows("catena.autograd")]
    assert len(names) == len(set(names))
