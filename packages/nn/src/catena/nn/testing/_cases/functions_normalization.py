"""Normalisation of each example by itself."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, dtypes, integers, reals, sampled_from, shapes
from catena.nn.functions import normalization

# A root of nearly nothing bends too fast for differences.
EPS = sampled_from([0.5, 0.25])


@composite
def of_features(draw: st.DrawFn, *, parameters: int) -> Call:
    """x, and parameters of the shape of its last axes."""
    features, batch = draw(shapes(1, 2, min_side=1)), draw(shapes(0, 2))
    dtype = draw(dtypes())
    given = [draw(arrays(shape=features, dtype=dtype)) for _ in range(parameters)]
    return Call(draw(arrays(shape=(*batch, *features), dtype=dtype)), *given, eps=draw(EPS))


@composite
def of_groups(draw: st.DrawFn, *, after: bool) -> Call:
    """x, gamma and beta, and a number of groups: `after` x, as the function has it, else an option."""
    groups, dtype = draw(integers(1, 2)), draw(dtypes())
    shape = (draw(integers(0, 3)), groups * draw(integers(1, 2)), *draw(shapes(0, 2, min_side=1, max_side=2)))
    x, gamma, beta = (draw(arrays(shape=s, dtype=dtype)) for s in (shape, shape[1:2], shape[1:2]))
    inputs: list[Any] = [x, groups, gamma, beta] if after else [x, gamma, beta]
    return Call(*inputs, eps=draw(EPS), **({} if after else {"groups": groups}))


CASES.add(normalization.layer_normalized, Case(of_features(parameters=2), tolerance=4))
CASES.add(normalization.rms_normalized, Case(of_features(parameters=1), tolerance=4))
CASES.add(normalization.group_normalized, Case(of_groups(after=False), tolerance=4))
CASES.add(F.layer_normalization, Case(of_features(parameters=2), tolerance=4))
CASES.add(F.rms_normalization, Case(of_features(parameters=1), tolerance=4))
CASES.add(F.group_normalization, Case(of_groups(after=True), tolerance=4))


@composite
def vectors(draw: st.DrawFn) -> Call:
    """Vectors far from 0, where the norm bends fast."""
    x = draw(arrays(reals(0.5, 3), shapes(min_dims=1, min_side=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    return Call(x, axis=(axis, (axis + 1) % -x.ndim) if x.ndim > 1 and draw(st.booleans()) else axis)


@composite
def of_neighbours(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=(*draw(shapes(2, 2, min_side=1)), *draw(shapes(0, 2, min_side=1, max_side=2)))))
    return Call(x, n=draw(integers(1, 5)), k=2, alpha=draw(sampled_from([1e-4, 0.5])), beta=0.75)


CASES.add(F.normalize, Case(vectors()))
CASES.add(F.local_response_normalization, Case(of_neighbours(), tolerance=4))
