"""Distributions have SciPy's values and moments; divergences are the integrals that they stand for; draws have their distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import catena.nn.distributions as D
import xparray as xp

scipy = pytest.importorskip("scipy")
stats = pytest.importorskip("scipy.stats")
integrate = pytest.importorskip("scipy.integrate")


class Row(NamedTuple):
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    parameters: list[tuple[float, ...]]
    points: list[float]
    between: tuple[float, float] = (-math.inf, math.inf)


CONTINUOUS = {
    "Normal": Row(D.Normal, stats.norm, [(0.0, 1.0), (1.5, 0.5), (-2.0, 3.0)], [-40.0, -1.0, 0.0, 1.5, 9.0]),
    "Normal, log": Row(
        lambda m, s: D.Normal(m, log_scale=s), lambda m, s: stats.norm(m, np.exp(s)), [(0.5, -0.5), (1.0, 1.0)], [-3.0, 0.25]
    ),
    "LogNormal": Row(
        D.LogNormal, lambda m, s: stats.lognorm(s, scale=np.exp(m)), [(0.0, 1.0), (0.5, 0.25)], [-1.0, 0.0, 0.1, 1.0, 5.0],
        (0.0, math.inf),
    ),
    "Laplace": Row(D.Laplace, stats.laplace, [(0.0, 1.0), (1.5, 0.5)], [-9.0, 0.0, 1.5, 4.0, 30.0]),
    "Cauchy": Row(D.Cauchy, stats.cauchy, [(0.0, 1.0), (1.5, 0.5)], [-9.0, 0.0, 1.5, 4.0]),
    "Gumbel": Row(D.Gumbel, stats.gumbel_r, [(0.0, 1.0), (1.5, 0.5)], [-2.0, 0.0, 1.5, 9.0], (-5.0, 60.0)),
    "Uniform": Row(
        lambda a, b: D.Uniform(low=a, high=b), lambda a, b: stats.uniform(a, b - a), [(0.0, 1.0), (-1.0, 3.0)],
        [-1.0, 0.0, 0.25, 1.0, 3.5], (-1.0, 3.0),
    ),
    "Uniform, scale": Row(
        lambda a, b: D.Uniform(loc=a, scale=b), stats.uniform, [(0.0, 1.0), (-1.0, 4.0)], [-2.0, 0.25], (-1.0, 3.0)
    ),
    "Exponential": Row(
        D.Exponential, lambda lam: stats.expon(scale=1 / lam), [(1.0,), (0.25,), (4.0,)], [-1.0, 0.0, 0.5, 9.0], (0.0, math.inf)
    ),
    "Gamma": Row(
        D.Gamma, lambda k, t: stats.gamma(k, scale=t), [(1.0, 1.0), (2.5, 0.5), (4.0, 3.0)], [-1.0, 0.0, 0.5, 9.0],
        (0.0, math.inf),
    ),
    "Chisquare": Row(D.Chisquare, stats.chi2, [(2.0,), (3.0,), (7.5,)], [-1.0, 0.0, 0.5, 9.0], (0.0, math.inf)),
    "Pareto": Row(
        D.Pareto, lambda s, a: stats.pareto(a, scale=s), [(1.0, 3.0), (0.5, 2.5)], [0.0, 0.5, 1.0, 4.0], (0.5, math.inf)
    ),
    "Beta": Row(D.Beta, stats.beta, [(1.0, 1.0), (2.0, 3.5), (4.0, 1.5)], [-1.0, 0.0, 0.25, 1.0, 2.0], (0.0, 1.0)),
}  # fmt: skip
DISCRETE = {
    "Bernoulli": Row(
        lambda p: D.Bernoulli(p, binary_check=True), stats.bernoulli, [(0.25,), (0.5,), (0.0,), (1.0,)], [-1, 0, 1, 2]
    ),
    "Bernoulli, logit": Row(
        lambda x: D.Bernoulli(logit=x), lambda x: stats.bernoulli(scipy.special.expit(x)), [(-3.0,), (0.5,)], [0, 1]
    ),
    "Geometric": Row(D.Geometric, stats.geom, [(0.25,), (0.5,)], [0, 1, 2, 9]),
    "Poisson": Row(D.Poisson, stats.poisson, [(0.5,), (3.0,), (40.0,)], [-1, 0, 1, 9, 60]),
}
ALL = {**CONTINUOUS, **DISCRETE}
WITHOUT_ENTROPY = {"Poisson"}
CDFS = [
    "Normal",
    "Normal, log",
    "LogNormal",
    "Laplace",
    "Cauchy",
    "Gumbel",
    "Uniform",
    "Uniform, scale",
    "Exponential",
    "Pareto",
]


def both(row: Row) -> tuple[Any, Any]:
    """A batch of all rows of parameters, a column each, by either library."""
    columns = [np.array(column)[:, None] for column in zip(*row.parameters, strict=True)]
    return row.ours(*columns), row.theirs(*columns)


@pytest.mark.parametrize("name", ALL)
def test_log_prob(name: str) -> None:
    ours, theirs = both(ALL[name])
    x = np.array(ALL[name].points)
    expected = theirs.logpmf(x) if name in DISCRETE else theirs.logpdf(x)
    np.testing.assert_allclose(ours.log_prob(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.prob(x), np.exp(expected), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", CDFS)
def test_probabilities_to_be_at_most(name: str) -> None:
    ours, theirs = both(CONTINUOUS[name])
    x = np.array(CONTINUOUS[name].points)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(ours.survival_function(x), theirs.sf(x), rtol=1e-11, atol=1e-15)
        inside = theirs.cdf(x) > 1e-9
        np.testing.assert_allclose(ours.log_cdf(x)[inside], theirs.logcdf(x)[inside], rtol=1e-9, atol=1e-12)
        inside = theirs.sf(x) > 1e-9
        np.testing.assert_allclose(
            ours.log_survival_function(x)[inside], theirs.logsf(x)[inside], rtol=1e-6, atol=1e-12
        )
    q = np.array([0.01, 0.25, 0.5, 0.99])
    np.testing.assert_allclose(ours.icdf(q), theirs.ppf(q), rtol=1e-12, atol=1e-14)


def test_tails_that_underflow_have_logarithms() -> None:
    normal, laplace = D.Normal(np.array(1.0), 2.0), D.Laplace(np.array(1.0), 2.0)
    np.testing.assert_allclose(normal.log_cdf(np.array(-900.0)), stats.norm(1, 2).logcdf(-900.0), rtol=1e-12)
    np.testing.assert_allclose(normal.log_survival_function(np.array(900.0)), stats.norm(1, 2).logsf(900.0), rtol=1e-12)
    np.testing.assert_allclose(laplace.log_cdf(np.array(-1999.0)), -1000 - math.log(2))  # SciPy has -infinity there
    np.testing.assert_allclose(laplace.log_survival_function(np.array(2001.0)), -1000 - math.log(2))


@pytest.mark.parametrize("name", ALL)
def test_moments(name: str) -> None:
    ours, theirs = both(ALL[name])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, variance = theirs.stats("mv")
        np.testing.assert_allclose(ours.mean, mean, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(ours.variance, variance, rtol=1e-12)
        np.testing.assert_allclose(ours.stddev, np.sqrt(variance), rtol=1e-12)
        if name not in WITHOUT_ENTROPY:
            np.testing.assert_allclose(ours.entropy, theirs.entropy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_draws(name: str) -> None:
    """Kolmogorov's and Smirnov's test of 4,000 draws, or the counts of integers."""
    xp.random.seed(0)
    row = ALL[name]
    ours, _ = both(row)
    draws = ours.sample(4000)
    assert draws.shape == (4000, len(row.parameters), 1)
    for i, parameters in enumerate(row.parameters):
        one, values = row.theirs(*parameters), draws[:, i, 0]
        if name in CONTINUOUS:
            assert stats.kstest(values, one.cdf).pvalue > 1e-3, parameters
        else:
            for k in range(int(one.ppf(0.01)), int(one.ppf(0.99)) + 1):
                assert abs(np.mean(values == k) - one.pmf(k)) < 4 * math.sqrt(0.25 / 4000), (parameters, k)


PAIRED = [
    "Normal",
    "Normal, log",
    "LogNormal",
    "Laplace",
    "Cauchy",
    "Gumbel",
    "Exponential",
    "Gamma",
    "Chisquare",
    "Beta",
]


@pytest.mark.parametrize("name", PAIRED)
def test_divergences_are_integrals(name: str) -> None:
    row = CONTINUOUS[name]
    for one in row.parameters:
        for other in row.parameters:
            p, q = row.ours(*one), row.ours(*other)

            def term(x: float) -> float:
                log_p = float(p.log_prob(np.array(x)))  # noqa: B023 - called in the loop
                return 0.0 if log_p == -math.inf else math.exp(log_p) * (log_p - float(q.log_prob(np.array(x))))  # noqa: B023

            low, high = row.between
            middle = min(max(float(row.theirs(*one).median()), low), high)
            parts = [integrate.quad(term, a, b, limit=200)[0] for a, b in [(low, middle), (middle, high)]]
            np.testing.assert_allclose(
                D.kl_divergence(p, q), sum(parts), rtol=2e-5, atol=2e-5, err_msg=f"{one} {other}"
            )


@pytest.mark.parametrize(
    ("p", "q", "terms"),
    [
        (D.Bernoulli(0.25), D.Bernoulli(0.5), 2),
        (D.Bernoulli(0.0), D.Bernoulli(logit=0.5), 2),
        (D.Geometric(0.25), D.Geometric(0.5), 2000),
        (D.Poisson(3.0), D.Poisson(0.5), 100),
        (D.Categorical(np.array([0.25, 0.75, 0.0])), D.Categorical(np.array([0.5, 0.25, 0.25])), 3),
        (D.Categorical(logit=np.array([1.0, 2.0, -2.0])), D.Categorical(np.array([0.5, 0.25, 0.25])), 3),
    ],
)
def test_divergences_are_sums(p: Any, q: Any, terms: int) -> None:
    x = np.arange(terms)
    log_p = np.asarray(p.log_prob(x), "float64")
    at = log_p > -np.inf
    expected = np.sum(np.exp(log_p[at]) * (log_p[at] - np.asarray(q.log_prob(x), "float64")[at]))
    np.testing.assert_allclose(D.kl_divergence(p, q), expected, rtol=1e-5)
    if not isinstance(p, D.Poisson):
        np.testing.assert_allclose(D.cross_entropy(p, q), D.kl_divergence(p, q) + p.entropy, rtol=1e-6)


def test_divergences_where_one_has_points_that_the_other_has_not() -> None:
    inner, outer = D.Uniform(low=0.0, high=1.0), D.Uniform(low=-1.0, high=3.0)
    assert float(D.kl_divergence(inner, outer)) == pytest.approx(math.log(4))
    assert float(D.kl_divergence(outer, inner)) == math.inf
    late, early = D.Pareto(2.0, 3.0), D.Pareto(1.0, 2.5)
    expected = integrate.quad(
        lambda x: stats.pareto(3.0, scale=2).pdf(x) * (stats.pareto(3.0, scale=2).logpdf(x) - stats.pareto(2.5).logpdf(x)),
        2, math.inf,
    )[0]  # fmt: skip
    assert float(D.kl_divergence(late, early)) == pytest.approx(expected, rel=1e-6)
    assert float(D.kl_divergence(early, late)) == math.inf


# ------------------------------------------------------------------------------------------------------------------ vectors

MEAN, ROOT = np.array([1.0, -0.5, 2.0]), np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-1.0, 0.25, 0.5]])


def test_multivariate_normal() -> None:
    ours, theirs = D.MultivariateNormal(MEAN, scale_tril=ROOT), stats.multivariate_normal(MEAN, ROOT @ ROOT.T)
    x = np.random.default_rng(0).standard_normal((5, 4, 3))
    np.testing.assert_allclose(ours.log_prob(x), theirs.logpdf(x), rtol=1e-12)
    np.testing.assert_allclose(ours.entropy, theirs.entropy(), rtol=1e-12)
    np.testing.assert_allclose(ours.covariance, ROOT @ ROOT.T)
    np.testing.assert_allclose(ours.variance, np.diag(ROOT @ ROOT.T))
    xp.random.seed(0)
    draws = ours.sample(20000)
    np.testing.assert_allclose(draws.mean(0), MEAN, atol=0.05)
    np.testing.assert_allclose(np.cov(draws.T), ROOT @ ROOT.T, atol=0.1)


def test_divergence_of_multivariate_normals() -> None:
    xp.random.seed(0)
    other = np.array([[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [0.0, 0.5, 1.0]])
    p, q = D.MultivariateNormal(MEAN, scale_tril=ROOT), D.MultivariateNormal(np.zeros(3), scale_tril=other)
    draws = p.sample(100000)
    sampled = np.mean(p.log_prob(draws) - q.log_prob(draws))
    np.testing.assert_allclose(D.kl_divergence(p, q), sampled, rtol=0.02)
    assert float(D.kl_divergence(p, p)) == pytest.approx(0, abs=1e-12)


def test_a_batch_of_multivariate_normals() -> None:
    locs, roots = np.stack([MEAN, 2 * MEAN]), np.stack([ROOT, 3 * ROOT])
    batch = D.MultivariateNormal(locs, scale_tril=roots)
    x = np.random.default_rng(0).standard_normal((5, 2, 3))
    for i in range(2):
        one = stats.multivariate_normal(locs[i], roots[i] @ roots[i].T)
        np.testing.assert_allclose(batch.log_prob(x)[:, i], one.logpdf(x[:, i]), rtol=1e-12)


def test_dirichlet() -> None:
    alpha = np.array([[0.5, 2.0, 3.0], [1.0, 1.0, 4.0]])
    ours = D.Dirichlet(alpha)
    x = np.random.default_rng(0).dirichlet([1, 1, 1], (7, 2))
    xp.random.seed(0)
    draws = ours.sample(20000)
    for i in range(2):
        theirs = stats.dirichlet(alpha[i])
        np.testing.assert_allclose(ours.log_prob(x)[:, i], theirs.logpdf(x[:, i].T), rtol=1e-11)
        np.testing.assert_allclose(ours.entropy[i], theirs.entropy(), rtol=1e-11)
        np.testing.assert_allclose(ours.mean[i], theirs.mean())
        np.testing.assert_allclose(ours.variance[i], theirs.var())
        np.testing.assert_allclose(draws[:, i].mean(0), theirs.mean(), atol=0.01)
        np.testing.assert_allclose(draws[:, i].var(0), theirs.var(), atol=0.01)
    other = D.Dirichlet(np.array([2.0, 2.0, 2.0]))
    sampled = np.mean(ours.log_prob(draws) - other.log_prob(draws), axis=0)
    np.testing.assert_allclose(D.kl_divergence(ours, other), sampled, rtol=0.05)


def test_classes() -> None:
    p = np.array([[0.25, 0.5, 0.25], [0.0, 0.125, 0.875]])
    for ours in (D.Categorical(p), D.OneHotCategorical(p)):
        np.testing.assert_allclose(ours.entropy, [stats.entropy(row) for row in p], rtol=1e-12)
    xp.random.seed(0)
    draws = D.Categorical(p).sample((4000,))
    one_hot = D.OneHotCategorical(p).sample((4000,))
    for i in range(2):
        np.testing.assert_allclose(np.bincount(draws[:, i], minlength=3) / 4000, p[i], atol=0.03)
        np.testing.assert_allclose(one_hot[:, i].mean(0), p[i], atol=0.03)
    np.testing.assert_allclose(D.OneHotCategorical(p).variance, p * (1 - p))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(D.Categorical(p).log_prob(np.array([2, 0])), np.log([0.25, 0.0]))
        np.testing.assert_allclose(
            D.OneHotCategorical(p).log_prob(np.array([[0, 0, 1], [0, 1, 0]])), np.log([0.25, 0.125])
        )
