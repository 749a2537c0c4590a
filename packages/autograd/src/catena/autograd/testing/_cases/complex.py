"""The parts of complex numbers, and complex numbers in functions that have no family of their own here."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.testing import CASES, Case, arrays, broadcasting, calls, complexes, conditions, reals, sampled_from

CASES.add(F.conj, Case(broadcasting(reals(), dtype=complexes())))
CASES.add(F.real, Case(broadcasting(reals(), dtype=complexes())))
CASES.add(F.imag, Case(broadcasting(reals(), dtype=sampled_from(["complex128", "complex64"]))))
CASES.add(F.where, Case(broadcasting(conditions, reals(), reals(), dtype=complexes()), name="complex"))
CASES.add(F.astype, Case(calls(arrays(dtype=complexes()), dtype="complex128"), name="complex", keeps_dtype=False))
