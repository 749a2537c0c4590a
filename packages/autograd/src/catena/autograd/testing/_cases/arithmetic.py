"""Sums, products, powers, signs and rounding."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, arrays, broadcasting, calls, complexes, integers, reals, sampled_from
from catena.autograd.testing._cases._common import APART, divisors, nonzero

CASES.add(F.abs, Case(broadcasting(nonzero)))
CASES.add(F.negative, Case(broadcasting(reals())))
CASES.add(F.reciprocal, Case(broadcasting(divisors)))
CASES.add(F.square, Case(broadcasting(reals())))
CASES.add(F.positive, Case(broadcasting(reals())))
CASES.add(F.sign, Case(broadcasting(nonzero)))
CASES.add(F.add, Case(broadcasting(reals(), reals())))
CASES.add(F.subtract, Case(broadcasting(reals(), reals())))
CASES.add(F.multiply, Case(broadcasting(reals(), reals())))
CASES.add(F.divide, Case(broadcasting(reals(), divisors)))
CASES.add(
    F.pow,
    Case(broadcasting(reals(1 / 2, 3), reals(-2, 3))),
    # A negative base has a gradient where the exponent is an integer that stays one.
    Case(calls(arrays(), integers(0, 3)), name="integer"),
    Case(calls(arrays(divisors), sampled_from([-2, -1, -1.0, 2.0])), name="negative"),
)
CASES.add(F.hypot, Case(broadcasting(reals(), divisors, scalars=False)))
CASES.add(F.copysign, Case(broadcasting(nonzero, nonzero, scalars=False)))

for f in (F.abs, F.negative, F.positive, F.reciprocal, F.sign, F.square):
    CASES.add(f, Case(broadcasting(divisors, dtype=complexes()), name="complex"))
for of_two in (F.add, F.subtract, F.multiply, F.divide):
    CASES.add(of_two, Case(broadcasting(reals(), divisors, dtype=complexes()), name="complex"))
CASES.add(F.pow, Case(broadcasting(reals(1 / 2, 3), reals(-2, 2), dtype=complexes()), name="complex"))

# Between the jumps.
for f in (F.ceil, F.floor, F.round, F.trunc):
    CASES.add(f, Case(broadcasting(reals(offset=APART))))
for of_two in (F.floor_divide, F.remainder):
    CASES.add(of_two, Case(broadcasting(reals(offset=APART), divisors, scalars=False)))
