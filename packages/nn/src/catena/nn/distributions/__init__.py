"""Probability distributions, differentiable in their parameters and in the points they are asked of.

    import catena.nn.distributions as D

    q = D.Normal(loc, log_scale=log_scale)
    z = q.sample()                                  # has gradients in loc and log_scale
    loss = D.kl_divergence(q, D.Normal(0.0, 1.0)) - D.Bernoulli(logit=decode(z)).log_prob(x)

Special functions that xparray does not compute itself are SciPy's (`pip install xparray[special]`).
"""

from __future__ import annotations

from catena.nn.distributions._distribution import Distribution, cross_entropy, kl_divergence, register_kl
from catena.nn.distributions.discrete import Bernoulli, Categorical, Geometric, OneHotCategorical, Poisson
from catena.nn.distributions.location import Cauchy, Gumbel, Laplace, Uniform
from catena.nn.distributions.multivariate import Dirichlet, Independent, MultivariateNormal
from catena.nn.distributions.normal import LogNormal, Normal
from catena.nn.distributions.positive import Beta, Chisquare, Exponential, Gamma, Pareto

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Cauchy",
    "Chisquare",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "Independent",
    "Laplace",
    "LogNormal",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Pareto",
    "Poisson",
    "Uniform",
    "cross_entropy",
    "kl_divergence",
    "register_kl",
]
