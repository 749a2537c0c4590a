"""Reading elements by index, and its adjoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.ops import indexing
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from, shapes
from catena.autograd.testing._cases._common import HOST

Index = Callable[[st.DrawFn, tuple[int, ...]], Any]


def _basic(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers and slices within the bounds, one an axis, with new axes between."""
    key: list[Any] = []
    for n in shape:
        start, stop = sorted(draw(st.tuples(integers(0, n), integers(0, n))))
        parts = [slice(start, stop), slice(None), slice(None, None, 2), slice(None, None, -1)]
        key.append(draw(sampled_from(parts + [start - n] * (start < n))))
        key += [None] * draw(sampled_from([0, 0, 0, 1]))
    return tuple(key)


def _index(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """Any index of NumPy's: of basic kind, an array of integers along the first axis, or a mask."""
    kind = draw(sampled_from(["basic", "integers", "mask"]))
    if kind == "integers" and shape and shape[0]:
        where = hnp.arrays(np.int64, draw(shapes(max_dims=2, max_side=3)), elements=integers(-shape[0], shape[0] - 1))
        return draw(where), *(slice(None) for _ in shape[1:])
    if kind == "mask":
        return draw(hnp.arrays(np.bool_, shape))
    return draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))


@composite
def indexed(draw: st.DrawFn, index: Index) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, key=index(draw, x.shape))


@composite
def scattered(draw: st.DrawFn, index: Index) -> Call:
    target = draw(shapes(min_dims=1))
    key = index(draw, target)
    g = draw(arrays(shape=np.empty(target)[key].shape))
    return Call(g, key=key, shape=target)


@composite
def taken(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    indices = draw(hnp.arrays(np.int64, draw(integers(0, 4)), elements=integers(0, n - 1)))
    return Call(x, indices, axis=axis)


CASES.add(F.getitem, Case(indexed(_basic)), Case(indexed(_index), name="any", backends=HOST))
CASES.add(indexing.scatter_add, Case(scattered(_basic)), Case(scattered(_index), name="any", backends=HOST))
CASES.add(F.get_item, Case(indexed(_basic).map(lambda call: Call(*call.inputs, call.options["key"]))))
CASES.add(F.take, Case(taken(), backends=HOST))
