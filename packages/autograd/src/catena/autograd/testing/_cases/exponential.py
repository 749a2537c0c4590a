"""Exponentials, logarithms and roots."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, broadcasting, complexes, reals
from catena.autograd.testing._cases._common import positive

for f, values in {
    F.exp: reals(),
    F.expm1: reals(),
    F.log: positive,
    F.log1p: reals(-7 / 8, 3),
    F.log2: positive,
    F.log10: positive,
    F.sqrt: positive,
}.items():
    CASES.add(f, Case(broadcasting(values)), Case(broadcasting(values, dtype=complexes()), name="complex"))

CASES.add(F.logaddexp, Case(broadcasting(reals(), reals(), scalars=False)))
