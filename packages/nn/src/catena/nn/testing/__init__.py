"""The gradient suite's cases of the functions and links of `catena.nn`: importing this module enters them into its table.

    import catena.nn.testing
    from catena.autograd.testing import CASES, check_op

    def test_functions():
        for _, op, case in CASES.rows("catena.nn"):
            check_op(op, case)

A function has its case in `_cases/functions_<its module>.py`, a link in `_cases/links_<its module>.py`, a line or two each:

    CASES.add(F.sigmoid, Case(broadcasting(reals())))
    CASES.add(F.zoneout, Case(calls(arrays(shape=(2, 3)), arrays(shape=(2, 3))), random=True))
    CASES.add(L.Linear, LinkCase(calls(arrays(shape=(4, 3)), link=calls(3, 2))))
    CASES.add(
        L.BatchNormalization,
        LinkCase(calls(arrays(shape=(4, 3)), link=calls(3))),
        LinkCase(calls(arrays(shape=(4, 3)), link=calls(3)), name="test", train=False),
    )

Where shapes depend on one another, a `@composite` function draws the call. Every public function and link needs a case: one without a
gradient says so, `no_gradient={"y": "it counts"}`. A new file needs no entry anywhere.
"""

from __future__ import annotations

from catena.autograd.testing import CASES
from catena.nn.testing._distribution_case import DistributionCase
from catena.nn.testing._link_case import LinkCase

CASES.load("catena.nn.testing._cases")

__all__ = ["CASES", "DistributionCase", "LinkCase"]
