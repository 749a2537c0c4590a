"""Noise that regularises training."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    calls,
    composite,
    conditions,
    dtypes,
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.nn.functions import noise


@composite
def kept(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call(x, draw(arrays(conditions, x.shape, dtype="bool")), ratio=0.25)


@composite
def masked(draw: st.DrawFn) -> Call:
    x = draw(arrays(dtype=draw(dtypes())))
    return Call(x, mask=draw(arrays(sampled_from([0.0, 2.0]), x.shape, dtype=x.dtype.name)))


CASES.add(noise.dropped, Case(kept()))
CASES.add(
    F.dropout,
    Case(masked()),
    Case(calls(arrays(), ratio=0.0), name="of nothing"),
    Case(calls(arrays()), name="random", random=True),
    Case(calls(arrays()), name="test", train=False),
)


@composite
def two(draw: st.DrawFn, /, **draws: st.SearchStrategy[Any]) -> Call:
    """Two arrays of one shape, and options that are arrays of that shape."""
    shape, dtype = draw(shapes()), draw(dtypes())
    options = {
        name: draw(arrays(values, shape, dtype="bool" if values is conditions else dtype))
        for name, values in draws.items()
    }
    return Call(draw(arrays(shape=shape, dtype=dtype)), draw(arrays(shape=shape, dtype=dtype)), **options)


CASES.add(
    F.zoneout,
    Case(two(mask=conditions)),
    Case(two(), name="random", random=True),
    Case(two(), name="test", train=False),
)
CASES.add(F.gaussian, Case(two(eps=reals()), tolerance=4), Case(two(), name="random", random=True))


@composite
def along_an_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    return Call(x, tau=1.0, axis=draw(integers(-x.ndim, x.ndim - 1)))


CASES.add(F.gumbel_softmax, Case(along_an_axis(), random=True))


@composite
def weighted(draw: st.DrawFn, *, masks: bool) -> Call:
    n, n_in, n_out = draw(integers(1, 3)), draw(integers(1, 3)), draw(integers(1, 3))
    inputs = [draw(arrays(shape=(n, n_in))), draw(arrays(shape=(n_out, n_in)))]
    if draw(conditions):
        inputs.append(draw(arrays(shape=(n_out,))))
    if not masks:
        return Call(*inputs, use_batchwise_mask=draw(conditions))
    shape = draw(sampled_from([(n, n_out, n_in), (n_out, n_in)]))
    return Call(*inputs, mask=draw(arrays(conditions, shape, dtype="bool")))


CASES.add(
    F.simplified_dropconnect,
    Case(weighted(masks=True), tolerance=4),
    Case(weighted(masks=False), name="random", random=True),
    Case(weighted(masks=False), name="test", train=False),
)
