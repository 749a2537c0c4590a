"""Sums over rows that backward puts off: few calls for many uses of a weight, and the same gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable, op
from catena.autograd import functions as F
from catena.autograd._later import over_rows

rng = np.random.default_rng(0)
W = rng.normal(size=(3, 2))
# The rows of each gradient that was computed.
rows: list[int] = []


@op
def multiplied(x: Any, W: Any) -> Any:
    return x @ W.T


def gradient(g: Any, x: Any, scale: float = 1.0) -> Any:
    rows.append(len(g))
    return F.matmul(F.transpose(g), x) * scale


multiplied.vjps(x=lambda g, W: F.matmul(g, W), W=lambda g, x: over_rows(gradient, g, x))


@op
def scaled(x: Any, W: Any, *, by: float) -> Any:
    return x @ W.T * by


scaled.vjps(x=lambda g, W, by: F.matmul(g, W) * by, W=lambda g, x, by: over_rows(gradient, g, x, scale=by))


def inputs(*lengths: int, dtype: str = "float64") -> list[Any]:
    return [rng.normal(size=(n, 2)).astype(dtype) for n in lengths]


USES: dict[str, tuple[Callable[[Any], list[Any]], list[int]]] = {
    "once": (lambda w: [multiplied(x, w) for x in inputs(4)], [4]),
    "twice": (lambda w: [multiplied(x, w) for x in inputs(4, 5)], [5, 4]),
    "often": (lambda w: [multiplied(x, w) for x in inputs(4, 5, 6, 7)], [7, 15]),
    "at most so many rows wait": (lambda w: [multiplied(x, w) for x in inputs(9, 600, 500, 4)], [4, 1100, 9]),
    "other dtypes": (lambda w: [multiplied(x, w) for d in ("float32", "float64") for x in inputs(4, 5, dtype=d)], [5, 4, 9]),
    "other options": (lambda w: [scaled(x, w, by=by) for by in (2.0, 3.0) for x in inputs(4, 5)], [5, 4, 9]),
    "beside other ops": (lambda w: [multiplied(*inputs(4), w), F.sum(w * w, axis=0), *(multiplied(x, w) for x in inputs(5, 6))], [6, 5, 4]),
    "of a result": (lambda w: [multiplied(x, w * 2) for x in inputs(4, 5)] * 2, [5, 4]),
}  # fmt: skip


@pytest.mark.parametrize(("uses", "expected"), USES.values(), ids=USES)
def test_gradients_are_those_of_each_use_added_up(uses: Any, expected: list[int]) -> None:
    w = Variable(W.copy())
    ys = uses(w)
    alone = sum(ag.grad(F.sum(y * y), w) for y in ys)
    loss = sum(F.sum(y * y) for y in ys)
    rows.clear()
    loss.backward()
    assert rows == expected
    np.testing.assert_allclose(w.grad, alone, rtol=1e-5)
    np.testing.assert_allclose(ag.grad(loss, w), alone, rtol=1e-5)
    assert w.grad.flags.writeable
    w.grad += 1  # its own memory
    before = w.grad.copy()
    loss.backward()
    np.testing.assert_allclose(w.grad, before + alone, rtol=1e-5)


def test_gradients_that_are_recorded_are_computed_at_once() -> None:
    w = Variable(W.copy())
    loss = sum(F.sum(multiplied(x, w) ** 3) for x in inputs(4, 5, 6))
    rows.clear()
    g = ag.grad(loss, w, create_graph=True)
    assert rows == [6, 5, 4]
    loss.backward()
    np.testing.assert_allclose(g.array, w.grad)
    assert ag.grad(F.sum(g * g), w).shape == W.shape


def test_nothing_waits_where_the_result_is_looked_at() -> None:
    w = Variable(W.copy())
    loss = sum(F.sum(multiplied(x, w)) for x in inputs(4, 5, 6))
    rows.clear()
    with ag.using_config("debug", True):
        loss.backward()
    assert rows == [6, 5, 4]
