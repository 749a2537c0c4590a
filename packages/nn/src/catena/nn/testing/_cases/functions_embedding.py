"""Vectors by their numbers."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from, shapes
from catena.nn.functions import embedding


@composite
def numbered(draw: st.DrawFn, kind: str) -> Call:
    """Numbers of rows, some of them perhaps ignored, and the rows, or what is added up."""
    n, size = draw(integers(1, 4)), draw(integers(0, 3))
    ignored = draw(sampled_from([None, -1, 0]))
    low = -1 if ignored == -1 else 0
    t = draw(arrays(integers(low, n - 1), shapes(max_dims=2, max_side=3), dtype="int64"))
    if kind == "summed":
        return Call(draw(arrays(shape=(*t.shape, size))), t, n=n, ignore_label=ignored)
    return Call(t, draw(arrays(shape=(n, size))), ignore_label=ignored)


CASES.add(embedding.rows, Case(numbered("rows")))
CASES.add(embedding.rows_summed, Case(numbered("summed"), backends=("numpy", "numba")))
CASES.add(F.embed_id, Case(numbered("rows"), backends=("numpy", "numba")))
