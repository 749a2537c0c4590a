"""Moving, rolling, repeating and tiling; diagonals and triangles."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    axes,
    broadcasting,
    calls,
    composite,
    integers,
    reals,
    sampled_from,
    shapes,
)


@composite
def moved(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    count = draw(integers(1, x.ndim))
    source, destination = (tuple(draw(st.permutations(range(x.ndim)))[:count]) for _ in range(2))
    source = tuple(i - draw(sampled_from([0, x.ndim])) for i in source)
    return Call(x, *((source[0], destination[0]) if count == 1 else (source, destination)))


@composite
def repeated(draw: st.DrawFn) -> Call:
    """Each element so often, or as often as integers say of each."""
    x = draw(arrays(shape=shapes(min_dims=1)))
    axis = draw(st.one_of(st.none(), integers(-x.ndim, x.ndim - 1)))
    n = x.size if axis is None else x.shape[axis]
    counts = st.lists(integers(0, 3), min_size=n, max_size=n).map(lambda c: np.array(c, "int64"))
    return Call(x, draw(st.one_of(integers(0, 3), counts)), axis=axis)


@composite
def rolled(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    axis = draw(axes(x.ndim))
    shifts = integers(-5, 5)
    shift = tuple(draw(shifts) for _ in axis) if isinstance(axis, tuple) else draw(shifts)
    return Call(x, shift=shift, axis=axis)


@composite
def along_one(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


vectors = arrays(shape=shapes(1, 1))
matrices = arrays(shape=shapes(min_dims=2))

CASES.add(F.broadcast_arrays, Case(broadcasting(reals(), reals(), scalars=False), keeps_dtype=False))
CASES.add(
    F.meshgrid,
    *(
        Case(calls(*[vectors] * n, indexing=sampled_from(["xy", "ij"])), name=f"of-{n}", keeps_dtype=False)
        for n in (1, 2, 3)
    ),
)
CASES.add(F.moveaxis, Case(moved()))
CASES.add(F.repeat, Case(repeated()))
CASES.add(F.roll, Case(rolled()))
CASES.add(F.tile, Case(calls(arrays(shape=shapes(max_dims=2)), st.lists(integers(0, 3), max_size=3).map(tuple))))
CASES.add(F.unstack, Case(along_one()))
CASES.add(F.linalg.diagonal, Case(calls(matrices, offset=integers(-5, 5)), name="linalg"))
for f in (F.tril, F.triu):
    CASES.add(f, Case(calls(matrices, k=integers(-3, 3))))
