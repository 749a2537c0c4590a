"""Fourier transforms of pairs of real arrays."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.ops import fourier
from catena.autograd.testing import CASES, Call, Case, arrays, composite, dtypes, shapes


@composite
def pairs(draw: st.DrawFn) -> Call:
    shape, dtype = draw(shapes(min_dims=1, min_side=1)), draw(dtypes())
    return Call(draw(arrays(shape=shape, dtype=dtype)), draw(arrays(shape=shape, dtype=dtype)))


TRANSFORMED = Case(pairs().map(lambda call: Call(*call.inputs, inverse=len(call.inputs[0]) % 2 > 0)), tolerance=4)
CASES.add(fourier.transformed, TRANSFORMED)
for f in (fourier.fft, F.ifft):
    CASES.add(f, Case(pairs().map(lambda call: Call(call.inputs)), name="pair", tolerance=4))
