"""Weighted means, sums and products up to each element, places of extremes."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, axes, composite, integers, reals, shapes
from catena.autograd.testing._cases._common import reduced


@composite
def weighted(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1, max_side=3)))
    axis = draw(axes(x.ndim, several=False))
    shape = x.shape if axis is None else (x.shape[axis],)
    weights = draw(arrays(reals(1 / 2, 3), shape, dtype=str(x.dtype)))
    return Call(x, axis, weights, keepdims=draw(st.booleans()))


@composite
def in_line(draw: st.DrawFn, *, most: float = 3.0) -> Call:
    x = draw(arrays(reals(-most, most), shapes(min_dims=1)))
    return Call(x, axis=draw(st.one_of(st.none(), integers(-x.ndim, x.ndim - 1))))


@composite
def extremes(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_side=1), distinct=True))
    return Call(x, axis=draw(axes(x.ndim, several=False)), keepdims=draw(st.booleans()))


for f in (F.average, F.mean):
    CASES.add(f, Case(weighted(), name="weighted", tolerance=4), Case(reduced(empty=False), name="unweighted"))
CASES.add(F.cumsum, Case(in_line()))
# Products of so many elements above 1 overflow.
CASES.add(F.cumprod, Case(in_line(most=1.0), tolerance=4))
for place in (F.argmax, F.argmin):
    CASES.add(place, Case(extremes(), no_gradient={"x": "places are integers"}))
