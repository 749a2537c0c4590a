"""The cells of recurrent networks."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, conditions, integers, shapes
from catena.nn.functions import recurrent


@composite
def cells(draw: st.DrawFn) -> Call:
    n, size = draw(integers(0, 3)), draw(integers(1, 3))
    c = draw(arrays(shape=(n, size)))
    xs = [draw(arrays(shape=(n, 4 * size), dtype=c.dtype.name)) for _ in range(draw(integers(1, 2)))]
    return Call(c, *xs, interleaved=draw(conditions))


@composite
def of_units(draw: st.DrawFn, states: int, gates: int, *, fewer: bool = False) -> Call:
    """States `(n, size, ...)` and as many times what goes into their gates; with `fewer`, of fewer examples."""
    n, size, rest = draw(integers(0, 3)), draw(integers(1, 2)), draw(shapes(max_dims=1, max_side=2))
    m = draw(integers(0, n)) if fewer else n
    cs = [draw(arrays(shape=(n, size, *rest))) for _ in range(states)]
    return Call(*cs, *(draw(arrays(shape=(m, gates * size, *rest))) for _ in range(states)))


@composite
def trees(draw: st.DrawFn) -> Call:
    n, size, children = draw(integers(0, 3)), draw(integers(1, 2)), draw(integers(1, 3))
    rest = draw(shapes(max_dims=1, max_side=2))
    cs = [draw(arrays(shape=(n, size, *rest))) for _ in range(children)]
    return Call(*cs, draw(arrays(shape=(n, (3 + children) * size, *rest))))


CASES.add(recurrent.lstm_cell, Case(cells(), tolerance=4))
CASES.add(F.lstm, Case(of_units(1, 4, fewer=True), tolerance=4))
CASES.add(F.slstm, Case(of_units(2, 4), tolerance=4))
CASES.add(F.tree_lstm, Case(trees(), tolerance=4))
