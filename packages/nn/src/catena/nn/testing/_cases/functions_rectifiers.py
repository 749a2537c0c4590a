"""Activations made of pieces, away from their kinks."""

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
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.nn.functions import rectifiers
from catena.nn.testing._cases.functions_activation import of_channels

sided = reals(avoid=[0])
alphas = sampled_from([1.0, 0.5, 2.0])

CASES.add(F.relu, Case(broadcasting(sided)))
CASES.add(F.leaky_relu, Case(broadcasting(sided, slope=sampled_from([0.2, 0.0, -1.0]))))
CASES.add(F.elu, Case(broadcasting(sided, alpha=alphas)))
CASES.add(F.selu, Case(broadcasting(sided)))
CASES.add(F.celu, Case(broadcasting(sided, alpha=alphas)))
CASES.add(F.clipped_relu, Case(broadcasting(reals(avoid=[0, 2]), z=2.0)))
CASES.add(F.relu6, Case(broadcasting(reals(-3, 9, avoid=[0, 6]))))
CASES.add(F.hard_tanh, Case(broadcasting(reals(avoid=[-1, 1]))))
CASES.add(F.hard_sigmoid, Case(broadcasting(reals(avoid=[-2.5, 2.5]))))
CASES.add(F.hard_swish, Case(broadcasting(reals(-4, 4, avoid=[-3, 3]))))
CASES.add(rectifiers.sloped_relu, Case(broadcasting(sided, reals(), scalars=False)))
CASES.add(F.prelu, Case(of_channels(sided)))


@composite
def along_an_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided, shapes(min_dims=1, min_side=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


CASES.add(F.crelu, Case(along_an_axis()))


@composite
def sloped(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided))
    return Call(x, r=draw(arrays(reals(1 / 8, 3 / 8), x.shape, dtype=x.dtype.name)))


CASES.add(
    F.rrelu,
    Case(sloped()),
    Case(broadcasting(sided, scalars=False), name="random", random=True),
    Case(broadcasting(sided, scalars=False), name="test", train=False),
)


@composite
def pooled(draw: st.DrawFn) -> Call:
    shape = list(draw(shapes(min_dims=1, min_side=1, max_side=2)))
    axis, pool_size = draw(integers(-len(shape), len(shape) - 1)), draw(integers(1, 3))
    shape[axis] *= pool_size
    return Call(draw(arrays(shape=tuple(shape), distinct=True)), pool_size, axis=axis)


CASES.add(F.maxout, Case(pooled()))
