"""Sorting, and reading elements along an axis at places of their own."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, shapes


@composite
def sorted_along(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1), distinct=True))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    return Call(x, axis=axis, descending=draw(st.booleans()), stable=draw(st.booleans()))


@composite
def taken_along(draw: st.DrawFn) -> Call:
    """Places along one axis; along the others the array or the places may have length one."""
    shape = draw(shapes(min_dims=1, min_side=1))
    axis = draw(integers(-len(shape), len(shape) - 1))
    n, count = shape[axis], draw(integers(0, 4))
    short = [draw(st.sampled_from([0, 0, 1, 2])) for _ in shape]
    of_x, of_places = (tuple(1 if s == k else m for s, m in zip(short, shape, strict=True)) for k in (1, 2))
    x_shape, places = list(of_x), list(of_places)
    x_shape[axis], places[axis] = n, count
    indices = draw(hnp.arrays(np.int64, tuple(places), elements=integers(-n, n - 1)))
    return Call(draw(arrays(shape=tuple(x_shape))), indices, axis=axis)


CASES.add(F.sort, Case(sorted_along()))
CASES.add(F.take_along_axis, Case(taken_along()))
