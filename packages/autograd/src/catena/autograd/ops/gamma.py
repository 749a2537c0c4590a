"""The gamma and beta functions and their kin, as in `xparray.special`, which computes them; here are their slopes.

Formulas are those of the Digital Library of Mathematical Functions, https://dlmf.nist.gov, chapters 5, 8 and 25. What is named as
without a gradient has no slope in functions known here; a Variable there gets None.
"""

from __future__ import annotations

import xparray as xp
from catena.autograd._op import elementwise_op
from catena.autograd.ops.exponential import exp
from catena.autograd.ops.special import xlog1py, xlogy
from xparray import Array


@elementwise_op
def polygamma(n: Array | int, x: Array) -> Array:
    """Derivative of order n = 0, 1, ... of `digamma` at x; the order has no gradient."""
    return xp.special.polygamma(n, x)


polygamma.vjps(x=lambda g, n, x: g * polygamma(n + 1, x))


@elementwise_op
def digamma(x: Array) -> Array:
    """Derivative of log gamma(x)."""
    return xp.special.digamma(x)


digamma.vjps(x=lambda g, x: g * polygamma(1, x))


@elementwise_op
def gamma(x: Array) -> Array:
    """Gamma function: the integral of t^(x - 1) exp(-t) from 0 to infinity, continued."""
    return xp.special.gamma(x)


gamma.vjps(x=lambda g, x, out: g * out * digamma(x))


@elementwise_op
def gammaln(x: Array) -> Array:
    """log |gamma(x)|."""
    return xp.special.gammaln(x)


gammaln.vjps(x=lambda g, x: g * digamma(x))
lgamma = gammaln


@elementwise_op
def loggamma(x: Array) -> Array:
    """log gamma(x) for x > 0."""
    return xp.special.loggamma(x)


loggamma.vjps(x=lambda g, x: g * digamma(x))


@elementwise_op
def rgamma(x: Array) -> Array:
    """1 / gamma(x); the gradient is NaN at gamma's poles."""
    return xp.special.rgamma(x)


rgamma.vjps(x=lambda g, x, out: -g * out * digamma(x))


@elementwise_op
def zeta(x: Array, q: Array) -> Array:
    """Hurwitz's zeta function, the sum of (k + q)^(-x) over k = 0, 1, ..., x > 1; x has no gradient. 25.11.17."""
    return xp.special.zeta(x, q)


zeta.vjps(q=lambda g, x, q: -g * x * zeta(x + 1, q))


@elementwise_op
def beta(a: Array, b: Array) -> Array:
    """Beta function: gamma(a) gamma(b) / gamma(a + b)."""
    return xp.special.beta(a, b)


beta.vjps(
    a=lambda g, a, b, out: g * out * (digamma(a) - digamma(a + b)),
    b=lambda g, a, b, out: g * out * (digamma(b) - digamma(a + b)),
)


@elementwise_op
def betaln(a: Array, b: Array) -> Array:
    """log |beta(a, b)|."""
    return xp.special.betaln(a, b)


betaln.vjps(
    a=lambda g, a, b: g * (digamma(a) - digamma(a + b)),
    b=lambda g, a, b: g * (digamma(b) - digamma(a + b)),
)


def _gamma_density(a: Array, x: Array) -> Array:
    """x^(a - 1) exp(-x) / gamma(a)"""
    return exp(xlogy(a - 1, x) - x - gammaln(a))


def _beta_density(a: Array, b: Array, x: Array) -> Array:
    """x^(a - 1) (1 - x)^(b - 1) / beta(a, b)"""
    return exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


@elementwise_op
def gammainc(a: Array, x: Array) -> Array:
    """P(a, x): the integral of t^(a - 1) exp(-t) from 0 to x, over gamma(a), for a, x >= 0; a has no gradient. 8.8.13."""
    return xp.special.gammainc(a, x)


gammainc.vjps(x=lambda g, a, x: g * _gamma_density(a, x))


@elementwise_op
def gammaincc(a: Array, x: Array) -> Array:
    """Q(a, x) = 1 - P(a, x), accurate where it is small; a has no gradient. 8.8.13."""
    return xp.special.gammaincc(a, x)


gammaincc.vjps(x=lambda g, a, x: -g * _gamma_density(a, x))


@elementwise_op
def gammaincinv(a: Array, x: Array) -> Array:
    """The y with gammainc(a, y) = x, for 0 <= x <= 1; a has no gradient."""
    return xp.special.gammaincinv(a, x)


gammaincinv.vjps(x=lambda g, a, out: g / _gamma_density(a, out))


@elementwise_op
def gammainccinv(a: Array, x: Array) -> Array:
    """The y with gammaincc(a, y) = x, for 0 <= x <= 1; a has no gradient."""
    return xp.special.gammainccinv(a, x)


gammainccinv.vjps(x=lambda g, a, out: -g / _gamma_density(a, out))


@elementwise_op
def betainc(a: Array, b: Array, x: Array) -> Array:
    """I_x(a, b): the integral of t^(a - 1) (1 - t)^(b - 1) from 0 to x, over beta(a, b); a and b have no gradient. 8.17.20."""
    return xp.special.betainc(a, b, x)


betainc.vjps(x=lambda g, a, b, x: g * _beta_density(a, b, x))


@elementwise_op
def betaincinv(a: Array, b: Array, x: Array) -> Array:
    """The y with betainc(a, b, y) = x, for 0 <= x <= 1; a and b have no gradient."""
    return xp.special.betaincinv(a, b, x)


betaincinv.vjps(x=lambda g, a, b, out: g / _beta_density(a, b, out))


def multigammaln(a: Array, d: int, /) -> Array:
    """log of the gamma function of `d` dimensions, pi^(d (d - 1) / 4) times the product of gamma(a - j / 2), j < d. 35.3.4.

    Raises:
        ValueError: `d` is less than 1.

    Example:
        >>> bool(multigammaln(2.0, 1) == gammaln(2.0))
        True
    """
    return xp.special.multigammaln(a, d)
