"""What the suite draws, how a call is written down, and how many are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from catena.autograd import elementwise_op
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
        ("0-d with more", lambda a, b: isinstance(a, np.ndarray) and a.shape == () != np.shape(b)),
    ],
)
def test_25_pairs_see(what: str, seen: Callable[[Any, Any], bool]) -> None:
    assert any(seen(*call.inputs) for call in drawn(broadcasting(reals(), reals()))), what


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


def test_a_failing_call_is_reduced_and_can_be_run_again() -> None:
    @elementwise_op
    def twice(x: Any) -> Any:
        return 2 * x

    twice.vjps(x=lambda g: g)
    case = Case(calls(arrays()))
    with pytest.raises(AssertionError) as caught:
        check_op(twice, case)
    note = "\n".join(caught.value.__notes__)
    assert "in twice, Call(np.array(0.0, 'float32'))" in note
    with pytest.raises(AssertionError, match="twice: the gradient in x"):
        check_call(twice, Call(np.array(0.0, "float32")), case)


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


def test_rows_by_package() -> None:
    table = Cases()
    table.add(F.exp, Case(calls(arrays())), Case(calls(arrays()), name="other"))
    assert [name for name, _, _ in table.rows("catena.autograd")] == ["exp", "exp-other"]
    assert list(table.rows("catena.nn")) == []
    names = [name for name, _, _ in CASES.rows("catena.autograd")]
    assert len(names) == len(set(names))
