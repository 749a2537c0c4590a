"""Sums, products, means, spreads and extremes over axes."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.ops import reduction
from catena.autograd.testing import CASES, Case, arrays, calls, complexes, sampled_from
from catena.autograd.testing._cases._common import reduced

for f in (F.sum, F.prod):
    CASES.add(f, Case(reduced()), Case(reduced(dtype=complexes()), name="complex"))
    CASES.add(f, Case(calls(arrays(dtype="float32"), dtype="float64"), name="dtype", keeps_dtype=False))
CASES.add(reduction.mean, Case(reduced(empty=False)), Case(reduced(empty=False, dtype=complexes()), name="complex"))
CASES.add(F.var, Case(reduced(empty=False, correction=sampled_from([0, 0.5]))))
CASES.add(F.std, Case(reduced(empty=False, distinct=True, correction=sampled_from([0, 0.5]))))
CASES.add(F.max, Case(reduced(empty=False, distinct=True)))
CASES.add(F.min, Case(reduced(empty=False, distinct=True)))
CASES.add(F.logsumexp, Case(reduced(empty=False)))
