"""Recurrent links that take one time a call."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, arrays, calls, composite, integers
from catena.nn import Link
from catena.nn.testing import LinkCase
from xparray import Array


class Unrolled(Link):
    """A link that keeps its state, called once for each time; `L.<name>(*arguments)`."""

    def __init__(self, name: str, *arguments: Any) -> None:
        super().__init__()
        with self.init_scope():
            self.link = getattr(L, name)(*arguments)

    def forward(self, *xs: Array) -> list[Any]:
        """The outputs of all times, and the state at the end."""
        ys = [self.link(x) for x in xs]
        return ys + [getattr(self.link, name) for name in self.link.states]


@composite
def times(draw: st.DrawFn, name: str, *, fewer: bool = False, lazy: bool = True) -> Call:
    """Inputs of two or three times; with `fewer`, of fewer examples as it goes on."""
    n, n_in = draw(integers(1, 3)), draw(integers(1, 2))
    dtype = draw(st.sampled_from(["float64", "float32"]))
    xs = []
    for _ in range(draw(integers(2, 3))):
        xs.append(draw(arrays(shape=(n, n_in), dtype=dtype)))
        n = draw(integers(0, n)) if fewer else n
    in_size = draw(st.sampled_from([n_in, None])) if lazy else n_in
    return Call(*xs, link=Call(name, in_size, draw(integers(1, 2))))


x, state = arrays(shape=(2, 3)), arrays(shape=(2, 2))
first = {"/lateral/W": "nothing came before"}
CASES.add(
    L.StatelessLSTM,
    LinkCase(calls(state, state, x, link=calls(3, 2)), tolerance=4),
    LinkCase(calls(None, None, x, link=calls(2)), name="beginning", tolerance=4, no_gradient=first),
)
CASES.add(L.LSTM, LinkCase(calls(x, link=calls(3, 2)), tolerance=4, no_gradient=first))
CASES.add(L.StatefulPeepholeLSTM, LinkCase(calls(x, link=calls(3, 2)), tolerance=4, no_gradient=first))
CASES.add(
    L.StatefulZoneoutLSTM,
    LinkCase(calls(x, link=calls(3, 2)), tolerance=4, random=True, no_gradient=first),
    LinkCase(calls(x, link=calls(3, 2)), name="test", tolerance=4, train=False, no_gradient=first),
)
from_h = {f"/U{gate}/{p}": "nothing came before" for gate in ("", "_r", "_z") for p in ("W", "b")}
from_h |= {f"/W_r/{p}": "r has nothing to reset" for p in ("W", "b")}
CASES.add(L.StatelessGRU, LinkCase(calls(state, x, link=calls(3, 2)), tolerance=8))
CASES.add(L.StatefulGRU, LinkCase(calls(x, link=calls(3, 2)), tolerance=4, no_gradient=from_h))
CASES.add(L.GRU, LinkCase(calls(x, link=calls(None, 2)), tolerance=4, no_gradient=from_h))
CASES.add(L.StatelessMGU, LinkCase(calls(state, x, link=calls(3, 2)), tolerance=8))
CASES.add(L.StatefulMGU, LinkCase(calls(x, link=calls(3, 2)), tolerance=4))
CASES.add(
    Unrolled,
    LinkCase(times("LSTM", fewer=True), name="LSTM", tolerance=16),
    LinkCase(times("StatefulGRU"), name="StatefulGRU", tolerance=16),
    LinkCase(times("StatefulMGU", lazy=False), name="StatefulMGU", tolerance=16),
    LinkCase(times("StatefulPeepholeLSTM"), name="StatefulPeepholeLSTM", tolerance=16),
    LinkCase(times("StatefulZoneoutLSTM"), name="StatefulZoneoutLSTM", tolerance=16, random=True),
    LinkCase(times("StatefulZoneoutLSTM"), name="StatefulZoneoutLSTM, test", tolerance=16, train=False),
)
