"""Losses of numbers."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, broadcasting, composite, reals, sampled_from, shapes
from catena.nn.functions import regression_loss


@composite
def alike(
    draw: st.DrawFn, /, *values: st.SearchStrategy[float], min_side: int = 0, min_dims: int = 0, **options: Any
) -> Call:
    """Arrays of one shape."""
    shape = draw(shapes(min_dims=min_dims, min_side=min_side))
    return Call(*(draw(arrays(v, shape)) for v in values), **{name: draw(v) for name, v in options.items()})


# Numbers no two of which are equal, nor apart by a multiple of 1/8.
two = reals(), reals(offset=1 / 16)

CASES.add(F.mean_squared_error, Case(alike(*two, min_side=1)))
CASES.add(F.mean_absolute_error, Case(alike(*two, min_side=1)))
for each in (F.squared_error, F.squared_difference, F.absolute_error):
    CASES.add(each, Case(alike(*two)))
CASES.add(regression_loss.huber, Case(broadcasting(reals(avoid=[-1.5, 0, 1.5]), delta=1.5)))
reduce = sampled_from(["sum_along_second_axis", "no"])
CASES.add(F.huber_loss, Case(alike(*two, min_dims=2, delta=sampled_from([1.0, 0.5]), reduce=reduce)))
