"""Activations."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    broadcasting,
    composite,
    conditions,
    integers,
    reals,
    sampled_from,
    shapes,
)

for smooth in (F.sigmoid, F.log_sigmoid, F.silu, F.mish):
    CASES.add(smooth, Case(broadcasting(reals())))
CASES.add(F.softplus, Case(broadcasting(reals(), beta=sampled_from([1.0, 0.5, 4.0]))))
CASES.add(F.gelu, Case(broadcasting(reals(), approximate=conditions)))
CASES.add(F.softsign, Case(broadcasting(reals(avoid=[0]))))


@composite
def halves(draw: st.DrawFn) -> Call:
    shape = list(draw(shapes(min_dims=1, min_side=1, max_side=2)))
    axis = draw(integers(-len(shape), len(shape) - 1))
    shape[axis] *= 2
    return Call(draw(arrays(shape=tuple(shape))), axis=axis)


@composite
def of_channels(draw: st.DrawFn, values: st.SearchStrategy[float]) -> Call:
    """An x, and a parameter of the shape of the first axes of an example."""
    x = draw(arrays(values, shapes(min_dims=1, max_side=3)))
    return Call(x, draw(arrays(shape=x.shape[1 : 1 + draw(integers(0, x.ndim - 1))])))


CASES.add(F.glu, Case(halves()))
CASES.add(F.swish, Case(of_channels(reals())))


@composite
def along_an_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


CASES.add(F.softmax, Case(along_an_axis()))
CASES.add(F.log_softmax, Case(along_an_axis()))
