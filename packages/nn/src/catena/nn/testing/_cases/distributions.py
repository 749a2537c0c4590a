"""Distributions: what is computed of them, in their parameters and in the point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np

import catena.nn.distributions as D
from catena.autograd.testing import CASES, Call, arrays, broadcasting, composite, reals, sampled_from, shapes
from catena.nn.testing._distribution_case import DistributionCase

Strategy = st.SearchStrategy[float]
SCIPY = ("numpy", "numba")  # array-api-strict has no special functions, which SciPy computes elsewhere
TAILS = ["cdf", "survival_function", "log_cdf", "log_survival_function"]
MOMENTS: dict[str, list[str]] = {"entropy": [], "mean": [], "variance": [], "stddev": []}
# What they do not depend on.
SHIFTED = {"entropy": ["loc"], "mean": ["scale"], "variance": ["loc"], "stddev": ["loc"]}
GUMBEL = {"entropy": ["loc"], "mean": [], "variance": ["loc"], "stddev": ["loc"]}

everywhere, positive = reals(), reals(0.5, 3)
chance = reals(0.125, 0.875, avoid=(0.5,))
elsewhere = reals(offset=1 / 16)  # never equal to a location, where there are kinks


def enter(
    distribution: Any,
    parameters: dict[str, Strategy],
    points: Strategy,
    functions: Sequence[str] = (),
    moments: Mapping[str, Sequence[str]] = MOMENTS,
    *,
    quantiles: bool = False,
    others: Sequence[Strategy] | None = None,
    without: Sequence[str] = (),
    drawn: Sequence[str] = (),
    **of_case: Any,
) -> None:
    """Cases of a distribution of numbers.

    `others` are the second one's parameters in a divergence, `without` what the probabilities have no gradient in, `drawn` the
    parameters in which samples have none.
    """
    values = list(parameters.values())

    def enter_one(of: str, *inputs: Strategy, without: Sequence[str] = (), **more: Any) -> None:
        calls = sampled_from(["float64", "float32"]).flatmap(
            lambda dtype: broadcasting(*inputs, of=of, names=tuple(parameters), scalars=False, dtype=dtype)
        )
        no_gradient = dict.fromkeys(without, "the result does not depend on it, or by jumps")
        CASES.add(
            distribution,
            DistributionCase(calls, name=of, no_gradient=no_gradient, **{"tolerance": 32, **of_case, **more}),
        )

    for of in ("log_prob", *functions):
        enter_one(of, points, *values, without=without)
    for of, name in moments.items():
        enter_one(of, *values, without=name)
    if quantiles:
        enter_one("icdf", chance, *values)
    enter_one("kl_divergence", *values, *(others or values))
    enter_one("sample", *values, random=True, without=drawn)


shifted: dict[str, Strategy] = {"loc": everywhere, "scale": positive}
enter(D.Normal, shifted, everywhere, [*TAILS, "prob"], SHIFTED, quantiles=True, backends=SCIPY)
enter(D.LogNormal, {"mu": reals(-1, 1), "sigma": reals(0.5, 1.5)}, positive, ["cdf"], quantiles=True, backends=SCIPY)
enter(D.Laplace, shifted, elsewhere, TAILS, SHIFTED, quantiles=True, others=[elsewhere, positive])
enter(D.Cauchy, shifted, everywhere, TAILS, {"entropy": ["loc"]}, quantiles=True)
enter(D.Gumbel, shifted, everywhere, TAILS, GUMBEL, quantiles=True, backends=SCIPY)
enter(
    D.Uniform, {"low": reals(-2, -1), "high": reals(1, 2)}, reals(-0.5, 0.5), ["prob"],
    quantiles=True, without=["x"], others=[reals(-4, -3), reals(3, 4)],
)  # fmt: skip
enter(D.Exponential, {"lam": positive}, positive, TAILS, quantiles=True)
enter(D.Gamma, {"k": positive, "theta": positive}, positive, drawn=["k"], backends=SCIPY)
enter(D.Chisquare, {"k": positive}, positive, drawn=["k"], backends=SCIPY)
enter(
    D.Pareto, {"scale": reals(0.5, 1), "alpha": reals(2.5, 4)}, reals(1.5, 3), TAILS,
    quantiles=True, others=[reals(0.125, 0.375), reals(2.5, 4)],
)  # fmt: skip
enter(D.Beta, {"a": positive, "b": positive}, chance, drawn=["a", "b"], backends=SCIPY)
enter(D.Bernoulli, {"p": chance}, chance, drawn=["p"], keeps_dtype=False)
enter(D.Bernoulli, {"logit": everywhere}, chance, drawn=["logit"], keeps_dtype=False)
enter(
    D.Geometric, {"p": chance}, sampled_from([1.5, 2.0, 5.0]), others=[reals(0.125, 0.75, offset=1 / 16)], drawn=["p"]
)
COUNTED: dict[str, list[str]] = {"mean": [], "variance": [], "stddev": []}
enter(D.Poisson, {"lam": positive}, sampled_from([0.5, 1.0, 5.0]), (), COUNTED, drawn=["lam"], backends=SCIPY)


# --------------------------------------------------------------------------------------------------------- of several numbers


@composite
def vectors(
    draw: st.DrawFn, of: str, values: Mapping[str, Strategy], x: Strategy | None = None, twice: bool = False
) -> Call:
    """Parameters, `(*batch, k)`, and points for two samples of each; or, `twice`, those of two distributions."""
    shape, dtype = draw(shapes(1, 2, min_side=1, max_side=3)), draw(sampled_from(["float64", "float32"]))
    drawn = [] if x is None else [draw(arrays(x, (2, *shape), dtype=dtype))]
    drawn += [draw(arrays(value, shape, dtype=dtype)) for _ in range(1 + twice) for value in values.values()]
    return Call(*drawn, of=of, names=tuple(values))


@composite
def classes(draw: st.DrawFn) -> Call:
    """Probabilities, `(*batch, k)`, and classes of two samples of each."""
    call = draw(vectors("log_prob", {"p": chance}))
    shape = call.inputs[0].shape
    x = draw(arrays(sampled_from([float(i) for i in range(shape[-1])]), (2, *shape[:-1]), dtype="float64"))
    return Call(x.astype("int64"), *call.inputs, **call.options)


@composite
def triangles(draw: st.DrawFn, of: str, x: bool = False, twice: bool = False) -> Call:
    """Means, `(*batch, d)`, and lower triangles, `(*batch, d, d)`."""
    call = draw(vectors(of, {"loc": everywhere}, everywhere if x else None, twice))
    *points, _ = call.inputs if x else [None]
    drawn: list[Any] = list(points[:1]) if x else []
    for loc in call.inputs[1:] if x else call.inputs:
        d = loc.shape[-1]
        scale = draw(arrays(reals(-1, 1), (*loc.shape, d), dtype=loc.dtype.name))
        drawn += [loc, scale * (1 - np.eye(d, dtype=loc.dtype)) + np.eye(d, dtype=loc.dtype) * 2]
    return Call(*drawn, of=of, names=("loc", "scale_tril"))


def of_vectors(distribution: Any, of: str, calls: st.SearchStrategy[Call], **of_case: Any) -> None:
    CASES.add(distribution, DistributionCase(calls, name=of, **{"tolerance": 64, **of_case}))


drawn_only = "the draws are integers, or made without it"
for name in ("p", "logit"):
    of_vectors(D.Categorical, "entropy", vectors("entropy", {name: chance}))
    of_vectors(D.Categorical, "kl_divergence", vectors("kl_divergence", {name: chance}, twice=True))
of_vectors(D.Categorical, "log_prob", classes())
of_vectors(
    D.Categorical,
    "sample",
    vectors("sample", {"p": chance}),
    random=True,
    no_gradient={"p": drawn_only},
    keeps_dtype=False,
)

for of in ("entropy", "mean", "variance"):
    of_vectors(D.OneHotCategorical, of, vectors(of, {"p": chance}))
of_vectors(D.OneHotCategorical, "log_prob", vectors("log_prob", {"p": chance}, chance))
of_vectors(D.OneHotCategorical, "kl_divergence", vectors("kl_divergence", {"p": chance}, twice=True))
of_vectors(D.OneHotCategorical, "sample", vectors("sample", {"p": chance}), random=True, no_gradient={"p": drawn_only})

for of in ("entropy", "mean", "variance"):
    of_vectors(D.Dirichlet, of, vectors(of, {"alpha": positive}), backends=SCIPY)
of_vectors(D.Dirichlet, "log_prob", vectors("log_prob", {"alpha": positive}, chance), backends=SCIPY)
of_vectors(D.Dirichlet, "kl_divergence", vectors("kl_divergence", {"alpha": positive}, twice=True), backends=SCIPY)
of_vectors(
    D.Dirichlet,
    "sample",
    vectors("sample", {"alpha": positive}),
    random=True,
    no_gradient={"alpha": drawn_only},
    backends=SCIPY,
)

independent_of_loc = {"loc": "it moves the distribution"}
of_vectors(D.MultivariateNormal, "log_prob", triangles("log_prob", x=True))
of_vectors(D.MultivariateNormal, "entropy", triangles("entropy"), no_gradient=independent_of_loc)
of_vectors(D.MultivariateNormal, "variance", triangles("variance"), no_gradient=independent_of_loc)
of_vectors(D.MultivariateNormal, "covariance", triangles("covariance"), no_gradient=independent_of_loc)
of_vectors(D.MultivariateNormal, "kl_divergence", triangles("kl_divergence", twice=True))
of_vectors(D.MultivariateNormal, "sample", triangles("sample"), random=True)


class IndependentLaplace(D.Independent):
    """Vectors of independent numbers, by the parameters of these."""

    def __init__(self, loc: Any, scale: Any) -> None:
        super().__init__(D.Laplace(loc, scale), 1)


of_laplaces = {"loc": everywhere, "scale": positive}
for of in ("log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function"):
    of_vectors(IndependentLaplace, of, vectors(of, of_laplaces, elsewhere))
for of in ("entropy", "variance", "stddev", "covariance"):
    of_vectors(IndependentLaplace, of, vectors(of, of_laplaces), no_gradient=independent_of_loc)
of_vectors(IndependentLaplace, "sample", vectors("sample", of_laplaces), random=True)

CASES.excuse("its cases are those of a class made of it", D.Independent)
CASES.excuse("a base without formulas", D.Distribution)
CASES.excuse("its cases are those of the distributions", D.kl_divergence, D.cross_entropy)
CASES.excuse("it enters a function in a table", D.register_kl)
