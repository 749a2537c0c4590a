"""Recurrent networks over whole sequences."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    composite,
    conditions,
    dtypes,
    integers,
    reals,
    sampled_from,
)
from catena.nn.functions._recurrence import CELLS, recurrence

# What goes into a relu is an odd multiple of 1/32, never 0, since the weights of h are even.
EIGHTHS, ODD = reals(-1, 1), reals(-1, 1, offset=1 / 32)


def _sizes(draw: st.DrawFn, most: int) -> tuple[int, ...]:
    """How many of `most` sequences there are at each time."""
    counts = (draw(integers(0, most)) for _ in range(draw(integers(0, 2))))
    return (most, *sorted(counts, reverse=True)) if draw(conditions) else (draw(integers(0, most)),)


@composite
def one_way(draw: st.DrawFn, cell: str) -> Call:
    n, size = draw(integers(0, 3)), draw(integers(1, 2))
    sizes, gates = _sizes(draw, n), CELLS[cell].gates
    relu, dtype = cell == "relu", draw(dtypes())

    def drawn(values: Any, *shape: int) -> Any:
        return draw(arrays(values, shape, dtype=dtype))

    x = drawn(ODD if relu else EIGHTHS, sum(sizes), gates * size)
    W = drawn(sampled_from([0.0, 2.0, -2.0]) if relu else EIGHTHS, gates * size, size)
    b = drawn(EIGHTHS, gates * size)
    states = [drawn(EIGHTHS, n, size) for _ in range(CELLS[cell].states)]
    return Call(x, W, b, *states, cell=cell, sizes=sizes, reverse=draw(conditions))


@composite
def layered(draw: st.DrawFn, directions: int, gates: int, states: int) -> Call:
    n, size, n_in = draw(integers(0, 2)), draw(integers(1, 2)), draw(integers(1, 2))
    n_layers = draw(integers(1, 2)) if directions == 1 else 1  # more of them take long; torch's are compared
    dtype = draw(sampled_from(["float64", "float32"]))

    def drawn(*shape: int) -> Any:
        return draw(arrays(EIGHTHS, shape, dtype=dtype))

    first = [drawn(directions * n_layers, n, size) for _ in range(states)]
    ws, bs = [], []
    for k in range(directions * n_layers):
        width = n_in if k < directions else directions * size
        ws.append([drawn(size, width) for _ in range(gates)] + [drawn(size, size) for _ in range(gates)])
        bs.append([drawn(size) for _ in range(2 * gates)])
    xs = [drawn(m, n_in) for m in _sizes(draw, n)]
    return Call(n_layers, 0.5, *first, ws, bs, xs)


for name in CELLS:
    CASES.add(recurrence, Case(one_way(name), name=name, tolerance=8))
for f, directions, gates, states in (
    (F.n_step_lstm, 1, 4, 2),
    (F.n_step_bilstm, 2, 4, 2),
    (F.n_step_gru, 1, 3, 1),
    (F.n_step_bigru, 2, 3, 1),
    (F.n_step_rnn, 1, 1, 1),
    (F.n_step_birnn, 2, 1, 1),
):
    # Each of very many weights is tried alone on each backend: two of them do for both directions.
    backends = ("numpy", "numba", "strict")[: 4 - directions]
    for train in (True, False):
        name = "" if train else "test"
        case = Case(layered(directions, gates, states), name, tolerance=16, random=True, backends=backends, train=train)
        CASES.add(f, case)
