"""The gradient suite: properties that every op must have, tried on inputs that Hypothesis draws. For your own ops too.

    from catena.autograd.testing import Case, broadcasting, check_op, reals

    def test_hypotenuse():
        check_op(hypotenuse, Case(broadcasting(reals(0.5, 3), reals(0.5, 3))))

A `Case` says how to draw calls of an op. `check_op` draws them and checks of each one: Variables give what arrays give; the gradients
of first and second order agree with numerical differentiation; each has its input's shape, dtype and device and its own memory; an
input that needs none gets none; nothing given is changed, read-only arrays will do; and the backends agree.

Values are drawn from multiples of 1/8, which every dtype holds exactly, so that kinks can be kept away from all of them.

A package enters the cases of its own ops in `CASES`, in a module that its tests import; `CASES.missing()` names the ops without one.
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401 - an optional library; without it the modules below do not load
except ImportError as e:
    raise ImportError(
        "catena.autograd.testing: hypothesis is not installed; pip install catena-autograd[testing]"
    ) from e

from catena.autograd.testing._case import CASES, Case, Cases
from catena.autograd.testing._check import check_call, check_op
from catena.autograd.testing._strategies import (
    LAYOUTS,
    Call,
    arrays,
    axes,
    broadcasting,
    calls,
    composite,
    conditions,
    dtypes,
    integers,
    laid_out,
    reals,
    sampled_from,
    shapes,
)

# The cases of autograd's own ops enter the table.
from catena.autograd.testing import _cases as _  # noqa: F401, isort: skip

__all__ = [
    "CASES",
    "LAYOUTS",
    "Call",
    "Case",
    "Cases",
    "arrays",
    "axes",
    "broadcasting",
    "calls",
    "check_call",
    "check_op",
    "composite",
    "conditions",
    "dtypes",
    "integers",
    "laid_out",
    "reals",
    "sampled_from",
    "shapes",
]
