"""Sums, products and mixtures of several arrays."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.ops import combination
from catena.autograd.testing import CASES, Call, Case, arrays, broadcasting, composite, integers, reals, shapes
from catena.autograd.testing._cases._common import positive


@composite
def along(draw: st.DrawFn) -> Call:
    """y of the shape of some successive axes of x."""
    x = draw(arrays(shape=shapes(min_dims=1)))
    first = draw(integers(0, x.ndim - 1))
    last = draw(integers(first, x.ndim))
    return Call(x, draw(arrays(shape=x.shape[first:last])), axis=first - x.ndim if draw(st.booleans()) else first)


CASES.add(combination.summed, Case(broadcasting(reals(), reals(), reals(), scalars=False)))
CASES.add(
    combination.add,
    Case(broadcasting(reals(), reals(), reals()), name="three"),
    Case(broadcasting(reals(), reals()), name="two"),
)
CASES.add(F.bias, Case(along()))
CASES.add(F.scale, Case(along()))
CASES.add(F.linear_interpolate, Case(broadcasting(reals(0, 1), reals(), reals(), scalars=False)))
# Quotients away from integers: x is an odd multiple of 1/16, the divisor a multiple of 1/8.
CASES.add(F.fmod, Case(broadcasting(reals(offset=1 / 16), reals(1 / 2, 3), scalars=False)))
CASES.add(F.fmod, Case(broadcasting(reals(offset=1 / 16), reals(-3, -1 / 2), scalars=False), name="negative"))
CASES.add(F.rsqrt, Case(broadcasting(positive, scalars=False)))
CASES.add(F.identity, Case(broadcasting(reals(), reals(), scalars=False), keeps_dtype=False))


@composite
def batches(draw: st.DrawFn) -> Call:
    return Call(draw(arrays(shape=shapes(min_dims=2))))


CASES.add(F.batch_l2_norm_squared, Case(batches()))
