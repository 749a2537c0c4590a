"""The gradient suite: properties that every op must have, tried on inputs that Hypothesis draws. For your own ops too.

    from catena.autograd.testing import Case, broadcasting, check_op, reals

    def test_hypotenuse():
        check_op(hypotenuse, Case(broadcasting(reals(0.5, 3), reals(0.5, 3))))

A `Case` says how to draw calls of an op. `check_op` draws them and checks of each one: Variables give what arrays give; the gradients
of first and second order, or up to `order`, agree with numerical differentiation in float64 (of second order is a gradient's gradient in
its cotangent, the forward derivative, too); each has its input's shape, dtype and device and its own memory; an input gets the same one
where it alone needs one, and the others then get none (of more than four inputs, four are tried in each call); nothing given is changed,
read-only arrays will do; and the backends agree, also where inputs live on several of them. A call that fails is reduced to the simplest
one, and the lines of Python that show it again are in the error.

`python -m catena.autograd.testing` checks all functions that are installed, with a table of the results.

Values are drawn from multiples of 1/8, which every dtype holds exactly, so that kinks can be kept away from all of them.

A package enters the cases of its own functions in `CASES`, in a module that its tests import and that it names as an entry point of
the group `catena.autograd.cases`; `CASES.missing(module)` names the ops and the module's public functions without one.
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401 - an optional library; without it the modules below do not load
except ImportError as e:
    raise ImportError(
        "catena.autograd.testing: hypothesis is not installed; pip install catena-autograd[testing]"
    ) from e

from catena.autograd.testing._call import LAYOUTS, Call, laid_out
from catena.autograd.testing._case import CASES, Bound, Case, Cases
from catena.autograd.testing._check import check_call, check_op
from catena.autograd.testing._cycles import check_cycles, garbage
from catena.autograd.testing._strategies import (
    arrays,
    axes,
    broadcasting,
    calls,
    complexes,
    composite,
    conditions,
    dtypes,
    in_a_list,
    integers,
    reals,
    sampled_from,
    shapes,
)

CASES.load("catena.autograd.testing._cases")

__all__ = [
    "CASES",
    "LAYOUTS",
    "Bound",
    "Call",
    "Case",
    "Cases",
    "arrays",
    "axes",
    "broadcasting",
    "calls",
    "check_call",
    "check_cycles",
    "check_op",
    "complexes",
    "composite",
    "conditions",
    "dtypes",
    "garbage",
    "in_a_list",
    "integers",
    "laid_out",
    "reals",
    "sampled_from",
    "shapes",
]
