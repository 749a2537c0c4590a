"""Attention, and where in a sequence an element stands."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

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
from catena.nn.functions import attention

small = reals(-1, 1)


@composite
def of_scores(draw: st.DrawFn, *, mask: bool) -> Call:
    n_query, dtype = draw(integers(1, 3)), draw(dtypes())
    n_key = n_query + draw(integers(0, 2))
    x = draw(arrays(shape=(*draw(shapes(0, 2, max_side=2)), n_query, n_key), dtype=dtype))
    inputs = [x]
    if mask:
        shape = draw(sampled_from([x.shape, x.shape[-1:], (n_query, 1), (*x.shape[:-2], 1, n_key)]))
        inputs.append(draw(arrays(shape=shape, dtype=dtype)))
    diagonal = n_key - n_query if draw(conditions) else None
    return Call(*inputs, scale=draw(sampled_from([0.5, 1.0])), diagonal=diagonal)


@composite
def attended(draw: st.DrawFn, /, *, mask: str = "", **options: Any) -> Call:
    """Queries, keys and values, perhaps with a "learned" mask among the inputs, or one of booleans among the options."""
    n_query, size, n_out, dtype = *(draw(integers(1, 3)) for _ in range(3)), draw(dtypes())
    n_key = n_query + draw(integers(0, 2))
    batch = draw(shapes(0, 2, max_side=2))
    inputs: list[Any] = [
        draw(arrays(small, (*batch, *s), dtype=dtype)) for s in ((n_query, size), (n_key, size), (n_key, n_out))
    ]
    shape = draw(sampled_from([(n_query, n_key), (n_key,), (*batch, 1, n_key)]))
    if mask == "learned":
        inputs.append(draw(arrays(small, shape, dtype=dtype)))
    elif mask == "booleans":
        options["mask"] = draw(arrays(conditions, shape, dtype="bool"))
    return Call(*inputs, causal=draw(conditions), **options)


CASES.add(
    attention.attention_weights,
    Case(of_scores(mask=False), tolerance=2),
    Case(of_scores(mask=True), name="mask", tolerance=4),
)
CASES.add(
    F.scaled_dot_product_attention,
    Case(attended(), tolerance=4),
    Case(attended(mask="learned", scale=0.5), name="learned mask", tolerance=4),
    Case(attended(mask="booleans"), name="mask", tolerance=4),
    Case(attended(dropout=0.5), name="dropout", random=True, tolerance=4),
    Case(attended(dropout=0.5), name="test", train=False, tolerance=4),
)


@composite
def rows(draw: st.DrawFn, *, even: bool) -> Any:
    size = draw(integers(1, 2)) * 2 if even else draw(integers(1, 4))
    return draw(arrays(shape=(*draw(shapes(0, 2, max_side=2)), draw(integers(1, 3)), size)))


@composite
def turned(draw: st.DrawFn) -> Call:
    x = draw(rows(even=True))
    positions = draw(arrays(integers(0, 9), x.shape[-2:-1], dtype="int64")) if draw(conditions) else None
    return Call(x, positions=positions, base=100.0, interleaved=draw(conditions))


@composite
def by_angles(draw: st.DrawFn) -> Call:
    x = draw(rows(even=True))
    angles = [draw(arrays(small, (x.shape[-2], x.shape[-1] // 2), dtype=x.dtype.name)) for _ in range(2)]
    return Call(x, *angles, interleaved=draw(conditions))


constants = {"cos": "a constant", "sin": "a constant"}
CASES.add(attention.rotated, Case(by_angles(), no_gradient=constants))
CASES.add(F.rotary_embedding, Case(turned(), tolerance=2))
CASES.add(F.positional_encoding, Case(rows(even=False).map(lambda x: Call(x, base=100.0, start=2))))
