"""Arrays beside each other, sequences of different lengths, borders."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, in_a_list, integers, sampled_from, shapes
from catena.autograd.testing._cases._common import HOST


@composite
def beside(draw: st.DrawFn, axis: int) -> Call:
    """Arrays of any number of axes that differ in length along the one where they are joined."""
    base = list(draw(shapes()))
    # A vector is joined along its only axis by hstack, stays a line for the others.
    along = {(1, 1): 0}.get((axis, len(base)), axis if len(base) > max(axis, 1) else None)
    xs = []
    for _ in range(draw(integers(1, 3))):
        if along is not None:
            base[along] = draw(integers(0, 3))
        xs.append(draw(arrays(shape=tuple(base))))
    return Call(*xs)


@composite
def apart(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


@composite
def together(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    parts = [tuple(n if draw(st.booleans()) else 1 for n in shape) for _ in range(draw(integers(1, 3)))]
    return Call(*(draw(arrays(shape=part[draw(integers(0, 1)) if part[:1] == (1,) else 0 :])) for part in parts))


@composite
def sequences(draw: st.DrawFn, *, descending: bool = False) -> Call:
    rest = draw(shapes(max_dims=1))
    lengths = [draw(integers(0, 4)) for _ in range(draw(integers(1, 3)))]
    return Call(*(draw(arrays(shape=(n, *rest))) for n in (sorted(lengths, reverse=True) if descending else lengths)))


@composite
def padded(draw: st.DrawFn) -> Call:
    call = draw(sequences())
    longest = max(len(x) for x in call.inputs)
    return Call(
        list(call.inputs), length=draw(sampled_from([None, longest, longest + 2])), padding=draw(integers(-1, 1))
    )


@composite
def bordered(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(max_dims=2, min_side=1)))
    pairs = tuple((draw(integers(0, 2)), draw(integers(0, 2))) for _ in range(x.ndim))
    mode = draw(sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
    keywords = {"constant_values": draw(integers(-1, 1))} if mode == "constant" and draw(st.booleans()) else {}
    return Call(x, pad_width=draw(sampled_from([pairs, 1, (0, 2)])) if x.ndim else 0, mode=mode, **keywords)


CASES.add(F.hstack, Case(in_a_list(beside(1)), backends=HOST))
CASES.add(F.vstack, Case(in_a_list(beside(0))))
CASES.add(F.dstack, Case(in_a_list(beside(2))))
CASES.add(F.separate, Case(apart()))
CASES.add(F.broadcast, Case(together(), keeps_dtype=False))
CASES.add(F.pad_sequence, Case(padded()))
CASES.add(F.transpose_sequence, Case(in_a_list(sequences(descending=True))))
CASES.add(F.pad, Case(bordered()))
