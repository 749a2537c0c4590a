"""Shapes, joining and cutting, moves."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.ops import shape
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    axes,
    calls,
    composite,
    in_a_list,
    integers,
    sampled_from,
    shapes,
)
from catena.autograd.testing._cases._common import DEVICES


@composite
def reshaped(draw: st.DrawFn) -> Call:
    """Any split of the element count into factors, one of which may be left to be found."""
    x = draw(arrays())
    sides = [n for n in x.shape if n != 1]
    shape = list(draw(st.permutations(sides)))
    if len(shape) > 1 and draw(st.booleans()):
        shape[:2] = [shape[0] * shape[1]]
    if draw(st.booleans()):
        shape.insert(draw(integers(0, len(shape))), 1)
    if shape and x.size and draw(st.booleans()):
        shape[draw(integers(0, len(shape) - 1))] = -1
    return Call(x, shape=tuple(shape))


@composite
def broadcast(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(max_dims=2)))
    repeated = tuple(draw(integers(0, 3)) if n == 1 else n for n in x.shape)
    return Call(x, shape=(*draw(shapes(max_dims=2, max_side=3)), *repeated))


@composite
def summed(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    kept = x.shape[draw(integers(0, x.ndim)) :]
    return Call(x, shape=tuple(1 if draw(st.booleans()) else n for n in kept))


@composite
def permuted(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    axes = draw(st.permutations(range(x.ndim)))
    axes = [a - x.ndim if draw(st.booleans()) else a for a in axes]
    return Call(x, axes=draw(sampled_from([tuple(axes), None])))


@composite
def squeezed(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=st.lists(sampled_from([1, 1, 2, 3, 0]), max_size=3).map(tuple)))
    ones = [i for i, n in enumerate(x.shape) if n == 1]
    chosen = draw(st.lists(sampled_from(ones), unique=True)) if ones else []
    one = [chosen[0], chosen[0] - x.ndim] if chosen else []
    return Call(x, axis=draw(sampled_from([None, tuple(chosen), *one])))


@composite
def expanded(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call(x, axis=draw(integers(-x.ndim - 1, x.ndim)))


@composite
def flipped(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call(x, axis=draw(axes(x.ndim)))


@composite
def joined(draw: st.DrawFn) -> Call:
    """One to three arrays that differ along the axis along which they are joined."""
    base = list(draw(shapes(min_dims=1)))
    axis = draw(integers(-len(base), len(base) - 1))
    xs = []
    for _ in range(draw(integers(1, 3))):
        base[axis] = draw(integers(0, 3))
        xs.append(draw(arrays(shape=tuple(base))))
    return Call(*xs, axis=axis)


@composite
def stacked(draw: st.DrawFn) -> Call:
    base = draw(shapes(max_dims=2))
    xs = [draw(arrays(shape=base)) for _ in range(draw(integers(1, 3)))]
    return Call(*xs, axis=draw(integers(-len(base) - 1, len(base))))


@composite
def cut(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    sections = [k for k in (1, 2, 3) if n % k == 0]
    indices = tuple(sorted(draw(st.lists(integers(0, n), min_size=1, max_size=2))))
    return Call(x, indices_or_sections=draw(sampled_from([*sections, indices])), axis=axis)


@composite
def exchanged(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, draw(integers(-x.ndim, x.ndim - 1)), draw(integers(-x.ndim, x.ndim - 1)))


@composite
def rolled(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, draw(integers(-x.ndim, x.ndim - 1)), draw(integers(-x.ndim, x.ndim)))


CASES.add(F.reshape, Case(reshaped()))
CASES.add(F.broadcast_to, Case(broadcast()))
CASES.add(F.sum_to, Case(summed()))
CASES.add(F.transpose, Case(permuted()))
CASES.add(F.matrix_transpose, Case(calls(arrays(shape=shapes(min_dims=2)))))
CASES.add(F.squeeze, Case(squeezed()))
CASES.add(F.expand_dims, Case(expanded()))
CASES.add(F.flip, Case(flipped()))
CASES.add(shape.joined, Case(joined()))
CASES.add(F.concat, Case(in_a_list(joined())))
CASES.add(F.stack, Case(in_a_list(stacked())))
CASES.add(shape.parts, Case(cut()))
CASES.add(F.split_axis, Case(cut()))
CASES.add(F.flatten, Case(calls(arrays())))
CASES.add(F.swapaxes, Case(exchanged()))
CASES.add(F.rollaxis, Case(rolled()))
CASES.add(F.fliplr, Case(calls(arrays(shape=shapes(min_dims=2)))))
CASES.add(F.flipud, Case(calls(arrays(shape=shapes(min_dims=1)))))
# To float64 alone: the slopes of a conversion to fewer digits are those of a staircase.
CASES.add(F.astype, Case(calls(arrays(), dtype="float64"), keeps_dtype=False))
CASES.add(F.to_device, Case(calls(arrays(dtype=sampled_from(["float32", "float64"])), device=sampled_from(DEVICES))))
CASES.add(F.cast, Case(calls(arrays(), "float64"), keeps_dtype=False))
CASES.add(F.copy, Case(calls(arrays(), -1), backends=("numpy",)))
