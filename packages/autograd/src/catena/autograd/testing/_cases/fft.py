"""Discrete Fourier transforms."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.ops import fft
from catena.autograd.testing import CASES, Call, Case, arrays, axes, composite, integers, sampled_from, shapes

COMPLEX = sampled_from(["complex128", "complex64"])
REAL = sampled_from(["float64", "float32"])
NORMS = sampled_from(["backward", "ortho", "forward"])


@composite
def transformed(draw: st.DrawFn, dtype: Any, least: int = 1) -> Call:
    """A call with all options; the last axis has at least `least` elements."""
    shape = draw(shapes(min_dims=1, min_side=1))
    x = draw(arrays(shape=(*shape[:-1], max(shape[-1], least)), dtype=dtype))
    # The last axis last: of others there may be too few elements.
    chosen = (*sorted(draw(st.sets(integers(0, x.ndim - 1)))), -1) if x.ndim > 1 else (-1,)
    chosen = tuple(i for i in chosen if i != x.ndim - 1)
    lengths = draw(st.one_of(st.none(), st.tuples(*[integers(least, 5)] * len(chosen))))
    return Call(x, s=lengths, axes=chosen if lengths or draw(st.booleans()) else None, norm=draw(NORMS))


@composite
def along_one(draw: st.DrawFn, dtype: Any, least: int = 1) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=least), dtype=dtype))
    n = draw(st.one_of(st.none(), integers(least, 6)))
    return Call(x, n=n, axis=draw(integers(-x.ndim, x.ndim - 1)), norm=draw(NORMS))


@composite
def shifted(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, axes=draw(axes(x.ndim)))


HOST = ("numpy", "numba")  # array-api-strict transforms no real numbers

for f in (fft.fftn, fft.ifftn):
    CASES.add(f, Case(transformed(COMPLEX)), Case(transformed(REAL), name="real", backends=HOST))
for along in (F.fft.fft, F.fft.ifft):
    CASES.add(along, Case(along_one(COMPLEX)))
CASES.add(fft.rfftn, Case(transformed(REAL)))
CASES.add(fft.irfftn, Case(transformed(COMPLEX, least=2)))
CASES.add(F.fft.rfft, Case(along_one(REAL)))
CASES.add(F.fft.ihfft, Case(along_one(REAL)))
CASES.add(F.fft.irfft, Case(along_one(COMPLEX, least=2)))
CASES.add(F.fft.hfft, Case(along_one(COMPLEX, least=2)))
for shift in (F.fft.fftshift, F.fft.ifftshift):
    CASES.add(shift, Case(shifted()))
CASES.excuse("it makes frequencies of a number", F.fft.fftfreq, F.fft.rfftfreq)
