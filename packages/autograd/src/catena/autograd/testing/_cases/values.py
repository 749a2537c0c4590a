"""Functions of values that have no gradient: tests, places, comparisons, arrays like others."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, arrays, broadcasting, calls, reals

NONE = {"args[0]": "it is constant between its jumps", "args[1]": "it is constant between its jumps"}
FIRST = {"args[0]": NONE["args[0]"]}

for f in (F.all, F.any, F.isfinite, F.isnan, F.ones_like, F.zeros_like):
    CASES.add(f, Case(calls(arrays()), no_gradient=FIRST))

for f in (F.equal, F.greater, F.greater_equal, F.less, F.less_equal, F.not_equal):
    CASES.add(f, Case(broadcasting(reals(), reals(), scalars=False), no_gradient=NONE))

CASES.add(F.full_like, Case(calls(arrays(), 0.5), no_gradient=FIRST))
