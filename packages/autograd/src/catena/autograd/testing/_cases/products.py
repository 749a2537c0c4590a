"""Products of vectors and matrices."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.ops import products
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    calls,
    complexes,
    composite,
    integers,
    sampled_from,
    shapes,
)
from xparray import Array


@composite
def multiplied(draw: st.DrawFn, dtype: st.SearchStrategy[str] | None = None) -> Call:
    m, k, n = (draw(integers(0, 3)) for _ in range(3))
    batch = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=1, min_side=1, max_side=2)).input_shapes
    a, b = draw(
        sampled_from(
            [
                ((*batch[0], m, k), (*batch[1], k, n)),
                ((m, k), (k, n)),
                ((k,), (k, n)),
                ((m, k), (k,)),
                ((k,), (k,)),
                ((k,), (*batch[1], k, n)),
            ]
        )
    )
    return Call(draw(arrays(shape=a, dtype=dtype)), draw(arrays(shape=b, dtype=dtype)))


SUBSCRIPTS = [
    "ij,jk->ik",
    "ij,ij->",
    "ij->ji",
    "ij->j",
    "i,j->ij",
    "ij,k->i",
    "bij,bjk->bik",
    "ij,jk,kl->il",
    ",i->i",
    "ij,j->",
    "i->i",
    "->",
]


@composite
def contracted(draw: st.DrawFn, dtype: st.SearchStrategy[str] | None = None) -> Call:
    subscripts = draw(sampled_from(SUBSCRIPTS))
    sides = {letter: draw(integers(0, 3)) for letter in "bijkl"}
    terms = subscripts.split("->")[0].split(",")
    return Call(
        *(draw(arrays(shape=tuple(sides[c] for c in term), dtype=dtype)) for term in terms), subscripts=subscripts
    )


def _subscripts_first(call: Call) -> Call:
    return Call(call.options["subscripts"], *call.inputs)


@composite
def paired(draw: st.DrawFn) -> Call:
    """Axes of two arrays in pairs: a number of them, or names counted from either end."""
    n = draw(integers(0, 2))
    summed, rows, columns = (tuple(draw(integers(0, 3)) for _ in range(k)) for k in (n, draw(integers(0, 2)), 1))
    if draw(st.booleans()):
        return Call(*_of_complexes(draw, (*rows, *summed), (*summed, *columns)), axes=n)
    of_a = tuple(len(rows) + i - draw(sampled_from([0, len(rows) + n])) for i in range(n))
    return Call(*_of_complexes(draw, (*rows, *summed), (*columns, *summed[::-1])), axes=(of_a, tuple(range(n, 0, -1))))


@composite
def along_pairs(draw: st.DrawFn, length: st.SearchStrategy[int]) -> Call:
    """Vectors along an axis counted from the end, other axes broadcast."""
    n = draw(length)
    axis = draw(sampled_from([-1, -2]))
    a, b = draw(sampled_from([((2,), (2,)), ((1,), (2,)), ((3, 2), (2,)), ((2, 0), (1, 1))]))
    shapes = [(*shape[: len(shape) + 1 + axis], n, *shape[len(shape) + 1 + axis :]) for shape in (a, b)]
    return Call(*_of_complexes(draw, *shapes), axis=axis)


def _of_complexes(draw: st.DrawFn, *shapes: tuple[int, ...]) -> list[Array]:
    return [draw(arrays(shape=shape, dtype=complexes())) for shape in shapes]


CASES.add(F.linalg.matmul, Case(multiplied(), name="linalg"), Case(multiplied(complexes()), name="complex"))
CASES.add(products.contracted, Case(contracted()), Case(contracted(complexes()), name="complex"))
CASES.add(F.einsum, Case(contracted().map(_subscripts_first)))
CASES.add(F.tensordot, Case(paired()))
CASES.add(F.vecdot, Case(along_pairs(integers(0, 3))))
CASES.add(products.cross, Case(along_pairs(st.just(3))))
CASES.add(products.outer, Case(calls(*[arrays(shape=shapes(1, 1), dtype=complexes())] * 2)))
