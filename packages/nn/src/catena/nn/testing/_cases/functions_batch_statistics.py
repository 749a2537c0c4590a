"""Normalisation of channels by the statistics of a minibatch, and by given ones."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    composite,
    conditions,
    dtypes,
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.nn.functions import batch_statistics, whitening

# A root of nearly nothing bends too fast for differences.
EPS = sampled_from([0.5, 0.25])


@composite
def channelled(
    draw: st.DrawFn, /, *, parameters: int = 2, fixed: bool = False, several: bool = True, **options: Any
) -> Call:
    """x with two values a channel or more, and parameters of the shape of its channels; for `fixed`, the last is positive."""
    x = draw(shapes(2, 4, min_side=1, max_side=3))
    x = (max(x[0], 2), *x[1:])
    kept: tuple[int, ...] = (1,)
    if several and draw(conditions):
        if draw(conditions):
            kept = tuple(range(1, draw(integers(1, len(x) - 1)) + 1))
        else:
            kept = draw(sampled_from([(1,), (1, len(x) - 1), (len(x) - 1,)][: len(x)]))
            kept = tuple(sorted(set(kept)))
            options["axis"] = tuple(i for i in range(len(x)) if i not in kept)
    shape, dtype = tuple(x[i] for i in kept), draw(dtypes())
    values = [reals()] * (parameters - 1) + [reals(0.5, 2) if fixed else reals()]
    given = [draw(arrays(v, shape, dtype=dtype)) for v in values]
    drawn = {name: draw(v) if isinstance(v, st.SearchStrategy) else v for name, v in options.items()}
    return Call(draw(arrays(shape=x, dtype=dtype)), *given, eps=draw(EPS), **drawn)


@composite
def renormalized(draw: st.DrawFn) -> Call:
    """Running statistics so far away, or bounds so near, that corrections end at their bounds: there they are constant."""
    call = draw(channelled())
    x, gamma = call.inputs[:2]
    call.options.pop("axis", None)
    if tuple(x.shape[1 : 1 + gamma.ndim]) != gamma.shape:
        x = np.ones((2, *gamma.shape), gamma.dtype) * np.arange(2, dtype=gamma.dtype).reshape(2, *(1,) * gamma.ndim)
    far = draw(conditions)
    mean = np.full(gamma.shape, 50 if far else 0, gamma.dtype)
    var = np.full(gamma.shape, 1000 if far else 1, gamma.dtype)
    bounds = {"rmax": 1.5, "dmax": 0.25} if far else {"rmax": 1, "dmax": 0}
    return Call(x, *call.inputs[1:], running_mean=mean, running_var=var, **bounds, **call.options)


CASES.add(batch_statistics.batch_normalized, Case(channelled(several=False), tolerance=4))
CASES.add(F.batch_normalization, Case(channelled(), tolerance=4))
CASES.add(F.fixed_batch_normalization, Case(channelled(parameters=4, fixed=True), tolerance=4))
CASES.add(F.batch_renormalization, Case(renormalized(), tolerance=8))


@composite
def scaled(draw: st.DrawFn) -> Call:
    call = draw(channelled(several=False))
    return Call(*call.inputs)


@composite
def without_axis(draw: st.DrawFn) -> Call:
    call = draw(channelled(parameters=4, fixed=True, several=False))
    return Call(*call.inputs, **call.options)


CASES.add(batch_statistics.scaled_and_shifted, Case(scaled()))
CASES.add(F.fixed_batch_renormalization, Case(without_axis(), tolerance=4))


# ------------------------------------------------------------------------------------------------------- whitening


@composite
def positive_definite(draw: st.DrawFn, *, others: int) -> Call:
    """A matrix with a strong diagonal, some of whose eigenvalues may be equal, and `others` of any elements."""
    n, dtype = draw(integers(1, 3)), draw(sampled_from(["float64", "float32"]))
    shape = (*draw(sampled_from([(), (2,)])), n, n)
    x = draw(arrays(sampled_from([0.0, 0.125, 0.25]), shape, dtype=dtype))
    strong = (x + 2 * np.eye(n)).astype(dtype)
    return Call(strong, *(draw(arrays(shape=shape, dtype=dtype)) for _ in range(others)))


@composite
def in_groups(draw: st.DrawFn, *, fixed: bool) -> Call:
    groups, size = draw(integers(1, 2)), draw(integers(1, 2))
    shape = (draw(integers(2, 4)), groups * size, *draw(shapes(0, 1, min_side=1, max_side=2)))
    dtype = draw(sampled_from(["float64", "float32"]) if not fixed else dtypes())
    x = draw(arrays(shape=shape, dtype=dtype))
    if fixed:
        given = [draw(arrays(shape=s, dtype=dtype)) for s in ((groups, size), (groups, size, size))]
        return Call(x, *given, groups=groups)
    return Call(x, groups=groups, eps=0.5)


CASES.add(whitening.inverse_square_root, Case(positive_definite(others=0), tolerance=8))
CASES.add(whitening.sylvester, Case(positive_definite(others=1), tolerance=8))
CASES.add(F.decorrelated_batch_normalization, Case(in_groups(fixed=False), tolerance=16))
CASES.add(F.fixed_decorrelated_batch_normalization, Case(in_groups(fixed=True), tolerance=4))
