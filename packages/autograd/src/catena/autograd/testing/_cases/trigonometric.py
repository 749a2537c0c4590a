"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, broadcasting, complexes, reals
from catena.autograd.testing._cases._common import nonzero

small = reals(-7 / 8, 7 / 8)

for f, values, of_complex in [
    (F.cos, reals(), reals()),
    (F.cosh, reals(), reals()),
    (F.sin, reals(), reals()),
    (F.sinh, reals(), reals()),
    (F.tan, reals(-1, 1), reals(-1, 1)),
    (F.tanh, reals(), reals(-1, 1)),
    (F.acos, small, small),
    (F.acosh, reals(9 / 8, 3), reals(9 / 8, 3)),
    (F.asin, small, small),
    (F.asinh, reals(), small),
    (F.atan, reals(), small),
    (F.atanh, small, small),
]:
    CASES.add(f, Case(broadcasting(values)), Case(broadcasting(of_complex, dtype=complexes()), name="complex"))

CASES.add(F.atan2, Case(broadcasting(nonzero, reals(), scalars=False)))
