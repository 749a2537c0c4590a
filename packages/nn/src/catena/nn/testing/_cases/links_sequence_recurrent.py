"""Recurrent links over whole sequences."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, arrays, composite, conditions, integers, reals, sampled_from
from catena.nn.testing import LinkCase


@composite
def of_sequences(draw: st.DrawFn, directions: int, states: int, n_layers: int = 1) -> Call:
    """Sequences in any order, of which but the first may be of length 0, with first states or without."""
    n, size, n_in = draw(integers(1, 2)), draw(integers(1, 2)), draw(integers(1, 2))
    dtype = draw(sampled_from(["float64", "float32"]))

    def drawn(*shape: int) -> Any:
        return draw(arrays(reals(-1, 1), shape, dtype=dtype))

    xs = [drawn(draw(integers(i == 0, 2)), n_in) for i in range(n)]
    given = draw(conditions)
    first = [drawn(directions * n_layers, n, size) if given else None for _ in range(states)]
    return Call(*first, xs, link=Call(n_layers, n_in, size, 0.5))


CASES.add(L.NStepLSTM, LinkCase(of_sequences(1, 2), tolerance=16))
# Each of very many weights is tried alone on each backend: two of them do for both directions.
host = ("numpy", "numba")
CASES.add(L.NStepBiLSTM, LinkCase(of_sequences(2, 2), tolerance=16, backends=host))
CASES.add(L.NStepGRU, LinkCase(of_sequences(1, 1), tolerance=16))
CASES.add(L.NStepBiGRU, LinkCase(of_sequences(2, 1), tolerance=16, backends=host))
CASES.add(
    L.NStepRNNTanh,
    LinkCase(of_sequences(1, 1, 2), tolerance=16, random=True),
    LinkCase(of_sequences(1, 1, 2), name="test", tolerance=16, train=False),
)
CASES.add(L.NStepBiRNNTanh, LinkCase(of_sequences(2, 1), tolerance=16))
# At a single time nothing that goes into a relu is 0: the weights are k / 8 with k to 8, the biases too, and the input is odd / 32.
once = arrays(reals(-1, 1, offset=1 / 32), (2, 1)).map(lambda x: Call(None, [x[:1], x[1:]], link=Call(1, 1, 2, 0.5)))
CASES.add(L.NStepRNNReLU, LinkCase(once, tolerance=16))
CASES.add(L.NStepBiRNNReLU, LinkCase(once, tolerance=16))
