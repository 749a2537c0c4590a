"""Choosing between arrays."""

from __future__ import annotations

import hypothesis.strategies as st

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, arrays, broadcasting, calls, conditions, reals
from catena.autograd.testing._cases._common import APART

CASES.add(F.maximum, Case(broadcasting(reals(), reals(offset=APART))))
CASES.add(F.minimum, Case(broadcasting(reals(), reals(offset=APART))))
CASES.add(F.where, Case(broadcasting(conditions, reals(), reals())))
bounds = st.one_of(st.none(), reals(-2, 0, offset=APART)), st.one_of(st.none(), reals(1, 2, offset=APART))
CASES.add(F.clip, Case(calls(arrays(), min=bounds[0], max=bounds[1])))
