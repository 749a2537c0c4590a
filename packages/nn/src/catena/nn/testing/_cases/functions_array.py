"""Rearranging arrays, where Chainer's functions differ from the standard's."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, calls, composite, integers, reals, sampled_from


@composite
def joined(draw: st.DrawFn) -> Call:
    n = draw(integers(0, 3))
    return Call([draw(arrays(shape=(n, draw(integers(0, 3))))) for _ in range(draw(integers(1, 3)))])


CASES.add(F.concat, Case(joined()))
# Bounds that no element is equal to.
CASES.add(F.clip, Case(calls(arrays(), x_min=reals(-2, 0, offset=1 / 16), x_max=reals(1, 2, offset=1 / 16))))
CASES.add(
    F.logsumexp,
    Case(calls(arrays(shape=(2, 3)), axis=sampled_from([None, 0, -1, (0, 1)]), keepdims=sampled_from([True, False]))),
)
CASES.add(
    F.tensordot,
    Case(calls(arrays(shape=(2, 3)), arrays(shape=(3, 2)), axes=sampled_from([1, ((1,), (0,)), ((0, 1), (1, 0))]))),
)
