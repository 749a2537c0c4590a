"""Functions of an input and weights."""

from __future__ import annotations

import math

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, shapes
from catena.nn.functions import connection


@composite
def weighted(draw: st.DrawFn, *, several_axes: bool) -> Call:
    """An input, weights and perhaps a bias; with `several_axes` the batch and the features may have more than one."""
    batch = draw(shapes(min_dims=1, max_dims=2 if several_axes else 1, max_side=3))
    features = draw(shapes(min_dims=0 if several_axes else 1, max_dims=2 if several_axes else 1, max_side=3))
    n_out = draw(integers(0, 3))
    x = draw(arrays(shape=(*batch, *features)))
    W = draw(arrays(shape=(n_out, math.prod(features))))
    b = [draw(arrays(shape=(n_out,)))] if draw(st.booleans()) else []
    return Call(x, W, *b, **({"n_batch_axes": len(batch)} if several_axes else {}))


CASES.add(connection.affine, Case(weighted(several_axes=False)))
CASES.add(F.linear, Case(weighted(several_axes=True)))


@composite
def of_two(draw: st.DrawFn) -> Call:
    n, left, right, n_out = (draw(integers(1, 3)) for _ in range(4))
    shapes_of = [(n, left), (n, right), (left, right, n_out)]
    if draw(st.booleans()):
        shapes_of += [(left, n_out), (right, n_out), (n_out,)]
    return Call(*(draw(arrays(shape=shape)) for shape in shapes_of))


CASES.add(F.bilinear, Case(of_two()))
