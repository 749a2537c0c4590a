"""Sums and products up to each element, and differences."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    calls,
    complexes,
    composite,
    integers,
    shapes,
)


@composite
def along(draw: st.DrawFn) -> Call:
    """A call with one `axis`, counted from either end, or not named of a vector, with or without an initial element."""
    x = draw(arrays(shape=shapes(min_dims=1), dtype=complexes()))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    return Call(x, axis=None if x.ndim == 1 and axis else axis, include_initial=draw(st.booleans()))


@composite
def differences(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1), dtype=complexes()))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)), n=draw(integers(0, 3)))


for f in (F.cumulative_sum, F.cumulative_prod):
    CASES.add(f, Case(along()))
    vectors = arrays(shape=shapes(1, 1), dtype="float32")
    CASES.add(f, Case(calls(vectors, dtype="float64"), name="dtype", keeps_dtype=False))
CASES.add(F.diff, Case(differences()))
