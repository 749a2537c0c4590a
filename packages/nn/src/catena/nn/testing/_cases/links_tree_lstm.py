"""LSTMs over trees."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls
from catena.nn.testing import LinkCase

x, s = arrays(shape=(2, 3)), arrays(shape=(2, 2))
CASES.add(
    L.ChildSumTreeLSTM,
    LinkCase(calls(s, s, s, s, x, link=calls(3, 2)), tolerance=8),
    LinkCase(calls(s, None, None, s, x, link=calls(None, 2)), name="zeros", tolerance=8),
    LinkCase(
        calls(x, link=calls(3, 2)),
        name="leaf",
        tolerance=8,
        no_gradient=dict.fromkeys(["/W_h_aio/W", "/W_h_f/W"], "there are no children"),
    ),
)
CASES.add(
    L.NaryTreeLSTM,
    LinkCase(calls(s, s, s, s, x, link=calls(3, 2)), tolerance=8),
    LinkCase(
        calls(s, None, None, s, None, link=calls(3, 2)),
        name="zeros",
        tolerance=8,
        no_gradient={"/W_h1/W": "h1 is None"},
    ),
)
