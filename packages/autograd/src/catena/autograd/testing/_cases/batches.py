"""Products of matrices, transposed on the way or by batches."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from


@composite
def transposed(draw: st.DrawFn, *, batch: bool = False) -> Call:
    m, k, n = (draw(integers(0, 3)) for _ in range(3))
    a: tuple[int, ...] = (m, k)
    b: tuple[int, ...] = (k, n)
    transa, transb = draw(st.booleans()), draw(st.booleans())
    a, b = a[::-1] if transa else a, b[::-1] if transb else b
    if batch or draw(st.booleans()):
        count = draw(integers(1, 2))
        a, b = (count, *a), (count, *b)
    elif draw(st.booleans()):
        a = (k,)
    return Call(draw(arrays(shape=a)), draw(arrays(shape=b)), transa=transa, transb=transb)


@composite
def columns(draw: st.DrawFn) -> Call:
    count, k = draw(integers(0, 2)), draw(integers(0, 3))
    inner = draw(sampled_from([True, False]))
    return Call(draw(arrays(shape=(count, k))), draw(arrays(shape=(count, k))), transa=inner, transb=not inner)


CASES.add(F.matmul, Case(transposed()))
CASES.add(F.batch_matmul, Case(transposed(batch=True)), Case(columns(), name="columns"))
