"""Reading at places that an array names, and adding there."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.ops import scatter
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from, shapes
from catena.autograd.testing._cases._common import HOST


@composite
def gathered(draw: st.DrawFn) -> Call:
    """Places of any shape along any axis, counted from either end."""
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    indices = draw(hnp.arrays(np.int64, draw(shapes(max_dims=2, max_side=3)), elements=integers(-n, n - 1)))
    return Call(x, indices, axis=axis)


@composite
def scattered(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=1, min_side=1))
    axis = draw(integers(0, len(shape) - 1))
    n = shape[axis]
    indices = draw(hnp.arrays(np.int64, draw(shapes(max_dims=2, max_side=3)), elements=integers(-n, n - 1)))
    g = draw(arrays(shape=(*shape[:axis], *indices.shape, *shape[axis + 1 :])))
    return Call(g, indices, shape=shape, axis=draw(sampled_from([axis, axis - len(shape)])))


@composite
def added(draw: st.DrawFn) -> Call:
    """b of the shape of a[slices], or with axes of length one in it."""
    a = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    n = a.shape[0]
    slices = draw(
        sampled_from([slice(None), 0, -1, (Ellipsis, slice(None, None, -1)), np.array([0, n - 1, 0]), np.arange(n) > 0])
    )
    found = a[slices].shape
    return Call(a, slices, draw(arrays(shape=tuple(n if draw(st.booleans()) else 1 for n in found))))


@composite
def selected(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    return Call(x, draw(hnp.arrays(np.int32, x.shape[:-1], elements=integers(0, x.shape[-1] - 1))))


@composite
def permuted(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    indices = np.array(draw(st.permutations(range(x.shape[axis]))), np.int64)
    return Call(x, indices, axis=axis, inv=draw(st.booleans()))


@composite
def permuted_both_ways(draw: st.DrawFn) -> Call:
    call = draw(permuted())
    x, indices = call.inputs
    return Call(x, indices, np.argsort(indices), axis=call.options["axis"] % x.ndim)


@composite
def strided(draw: st.DrawFn) -> Call:
    """Strides that repeat, skip and go backwards, within the elements of x."""
    x = draw(arrays(shape=shapes(min_side=1)))
    shape = draw(shapes(max_dims=2, max_side=3))
    spread = [max(n - 1, 0) for n in shape]
    strides = tuple(draw(integers(-1, 2)) for _ in shape)
    low = sum(min(s * k, 0) for s, k in zip(strides, spread, strict=True))
    high = sum(max(s * k, 0) for s, k in zip(strides, spread, strict=True))
    if high - low >= x.size:
        return Call(x, shape=(math.prod(x.shape),), strides=(1,))
    return Call(x, shape=shape, strides=strides, storage_offset=draw(integers(-low, x.size - 1 - high)))


@composite
def diagonals(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=2)))
    first, second = draw(st.permutations(range(x.ndim)))[:2]
    return Call(x, offset=draw(integers(-3, 3)), axis1=first, axis2=second - x.ndim)


CASES.add(F.gather, Case(gathered()))
CASES.add(F.scatter, Case(scattered(), tolerance=4))
CASES.add(F.scatter_add, Case(added(), name="slices", backends=HOST))
CASES.add(F.select_item, Case(selected()))
CASES.add(F.permutate, Case(permuted()))
CASES.add(scatter.permuted, Case(permuted_both_ways()))
CASES.add(F.as_strided, Case(strided(), tolerance=4))
CASES.add(F.diagonal, Case(diagonals()))
