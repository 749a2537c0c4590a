"""Cases of links: parameters are inputs, and every run begins with the link as it was made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn.links as L
import xparray as xp
from catena.autograd import as_array, config, elementwise_op
from catena.autograd.testing import Call, Case, arrays, calls, check_call, check_op
from catena.nn import Link, Parameter
from catena.nn.testing import LinkCase


@elementwise_op
def wrong_in_b(a: Any, b: Any) -> Any:
    return a * b


wrong_in_b.vjps(a=lambda g, b: g * b, b=lambda g, a: g + a)


class Scale(Link):
    """x W, with what is asked for wrong."""

    def __init__(self, n: int, wrong: str = "", lazy: bool = False) -> None:
        super().__init__()
        self.wrong = wrong
        self.n = n
        with self.init_scope():
            self.W = Parameter(1.0, None if lazy else (n,))
            self.others = [Parameter(0.5, (n,))]
        self.count: Any = None
        self.register_persistent("count")

    def forward(self, x: Any) -> Any:
        if not self.W.is_initialized:
            self.W.initialize((self.n,))
        self.count = 1 if self.count is None else self.count + 1  # a call leaves something behind
        if self.wrong == "state":
            SEEN.append(self.count)
        if self.wrong == "gradient":
            return wrong_in_b(x, self.W)
        if self.wrong == "device" and xp.device_of(as_array(x)).backend == "strict":
            return x * xp.to_device(self.W, "numpy")
        y = x * self.W + self.others[0]
        return y if config.train else y * 2


SEEN: list[int] = []


@pytest.mark.parametrize("made", [Call(3), Call(3, lazy=True)], ids=["at once", "lazy"])
@pytest.mark.parametrize("train", [True, False])
def test_right_links_pass(made: Call, train: bool) -> None:
    check_op(Scale, LinkCase(calls(arrays(shape=(2, 3)), link=made), train=train, order=3), examples=5)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("gradient", r"Scale: the gradient in /W, \(3,\) float64, is wrong"),
        ("device", "live on different devices"),
    ],
)
def test_wrong_links_fail(wrong: str, text: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=text):
        check_op(Scale, LinkCase(calls(arrays(shape=(2, 3)), link=Call(3, wrong=wrong))))


def test_every_run_begins_with_the_link_as_it_was_made() -> None:
    SEEN.clear()
    check_call(Scale, Call(np.ones((2, 3)), link=Call(3, wrong="state")), LinkCase())
    assert set(SEEN) == {1}


def test_all_parameters_are_inputs() -> None:
    bound = LinkCase().bind(Scale, Call(np.ones((2, 3), "float16"), link=Call(3)))
    assert bound.names == ["x", "/W", "/others/0"]
    assert {x.dtype.name for x in bound.leaves} == {"float16"}


def test_the_lines_that_show_a_failure_again() -> None:
    with pytest.raises(AssertionError) as caught:
        check_op(Scale, LinkCase(calls(arrays(shape=3), link=Call(3, wrong="gradient")), order=1))
    (note,) = (note for note in caught.value.__notes__ if "check_call(" in note)
    assert "from catena.nn.testing import LinkCase" in note
    assert note.splitlines()[-1] == (
        "check_call(Scale, Call(np.array([0.0, 0.0, 0.0], 'float32'), link=Call(3, wrong='gradient')), LinkCase(order=1))"
    )
    with pytest.raises(AssertionError, match="the gradient in /W"):
        exec(note, {})


def test_a_link_of_integers() -> None:
    class Lookup(Link):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.W = Parameter(1.0, (3, 2))

        def forward(self, i: Any) -> Any:
            return self.W[i]

    check_op(Lookup, LinkCase(calls(np.array([0, 2, 0]), link=Call()), backends=("numpy", "numba")), examples=1)


def test_a_function_case_does_not_make_links() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'link'"):
        check_call(L.Linear, Call(np.ones((2, 3)), link=Call(3, 2)), Case())
