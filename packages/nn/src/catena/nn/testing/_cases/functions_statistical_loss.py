"""Losses made of densities and covariances."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, reals, sampled_from
from catena.nn.testing._cases.functions_regression_loss import alike

reduce = sampled_from(["sum", "no"])
CASES.add(F.gaussian_kl_divergence, Case(alike(reals(), reals(), reduce=reduce)))
CASES.add(F.gaussian_nll, Case(alike(reals(), reals(), reals(), reduce=reduce), tolerance=4))
CASES.add(
    F.bernoulli_nll,
    Case(alike(reals(0, 1), reals(), reduce=reduce)),
    Case(alike(reals(0, 1), reals(), min_side=1, reduce=st.just("mean")), name="mean"),
)


@composite
def features(draw: st.DrawFn, count: int) -> Call:
    n = draw(integers(1, 3))
    xs = [draw(arrays(shape=(n, draw(integers(1, 3))))) for _ in range(count)]
    return Call(*xs, reduce=draw(sampled_from(["half_squared_sum", "no"])))


CASES.add(F.cross_covariance, Case(features(2), tolerance=16))
CASES.add(F.decov, Case(features(1), tolerance=16))
