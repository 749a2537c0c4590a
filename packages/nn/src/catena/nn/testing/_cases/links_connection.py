"""Links of an input and weights."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.links as L
from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, arrays, calls, composite, conditions, integers, shapes
from catena.nn.testing import LinkCase


@composite
def weighted(draw: st.DrawFn) -> Call:
    n_in, n_out = draw(integers(1, 3)), draw(integers(1, 3))
    x = draw(arrays(shape=(draw(integers(0, 3)), n_in)))
    return Call(x, link=Call(n_in, n_out, nobias=draw(conditions)))


CASES.add(
    L.Linear,
    LinkCase(weighted()),
    LinkCase(calls(arrays(shape=shapes(min_dims=2, min_side=1)), link=calls(None, 2)), name="lazy"),
)
CASES.add(
    L.Bilinear,
    LinkCase(calls(arrays(shape=(2, 3)), arrays(shape=(2, 2)), link=calls(3, 2, 2, nobias=conditions))),
)
CASES.add(
    L.Highway, LinkCase(calls(arrays(shape=(2, 3)), link=calls(3, activate=F.tanh, nobias=conditions)), tolerance=2)
)
