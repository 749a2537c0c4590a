"""Distributions of numbers of one sign, or between 0 and 1."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd import as_array, special
from catena.autograd import functions as F
from catena.nn.distributions._distribution import Distribution, alike, host, paired, register_kl, restricted
from xparray import Array
from xparray.random import get_generator

Numbers = Array | float


class Exponential(Distribution):
    """Exponential distribution: the density is lam exp(-lam x) for x >= 0.

    Args:
        lam: the rate, above 0; the mean is 1 / lam.

    Raises:
        TypeError: lam is neither a number nor a floating array.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 19.

    Example:
        >>> import numpy as np
        >>> Exponential(np.array([2.0])).prob(np.zeros(1)).tolist()
        [2.0]
    """

    _names = ("lam",)
    _support = "positive"

    def __init__(self, lam: Numbers) -> None:
        (self.lam,) = alike("Exponential", lam=lam)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity for x < 0."""
        x, lam = self._at(x)
        return F.where(as_array(x) >= 0, F.log(lam) - lam * x, -math.inf)

    def log_survival_function(self, x: Any) -> Any:
        """-lam x, 0 for x < 0."""
        x, lam = self._at(x)
        return F.where(as_array(x) >= 0, -lam * x, 0.0)

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x."""
        return F.exp(self.log_survival_function(x))

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return -F.expm1(self.log_survival_function(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, lam = self._at(x)
        return -F.log1p(-x) / lam

    @property
    def entropy(self) -> Any:
        """1 - log(lam)"""
        return 1 - F.log(self.lam)

    @property
    def mean(self) -> Any:
        """1 / lam"""
        return 1 / self.lam

    @property
    def mode(self) -> Any:
        """0"""
        return 0 * self.lam

    @property
    def variance(self) -> Any:
        """1 / lam^2"""
        return 1 / F.square(self.lam)

    def sample_n(self, n: int) -> Any:
        """`n` draws with a gradient in lam."""
        return 1 / self.lam * self._draws("exponential", n)


class Gamma(Distribution):
    """Gamma distribution: the density is x^(k - 1) exp(-x / theta) / (gamma(k) theta^k) for x >= 0.

    Args:
        k: the shape, above 0.
        theta: the scale, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 17.

    Example:
        >>> import numpy as np
        >>> d = Gamma(np.array([2.0]), 3.0)
        >>> d.mean.tolist(), d.variance.tolist()
        ([6.0], [18.0])
    """

    _names = ("k", "theta")
    _support = "positive"

    def __init__(self, k: Numbers, theta: Numbers) -> None:
        self.k, self.theta = alike("Gamma", k=k, theta=theta)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity for x < 0."""
        x, k, theta = self._at(x)
        rest = special.gammaln(k) + k * F.log(theta)
        return restricted(as_array(x) >= 0, x, 1.0, lambda x: special.xlogy(k - 1, x) - x / theta - rest)

    @property
    def entropy(self) -> Any:
        """k + log(theta gamma(k)) + (1 - k) digamma(k)"""
        return self.k + F.log(self.theta) + special.gammaln(self.k) + (1 - self.k) * special.digamma(self.k)

    @property
    def mean(self) -> Any:
        """k theta"""
        return self.k * self.theta

    @property
    def variance(self) -> Any:
        """k theta^2"""
        return self.k * F.square(self.theta)

    def sample_n(self, n: int) -> Any:
        """`n` draws with a gradient in theta; none in k."""
        return self.theta * get_generator().gamma(self._n(n), host(self.k), **self._place())


class Chisquare(Distribution):
    """Chi-square distribution, of the sum of k squares of standard normal numbers: the gamma distribution of k / 2 and 2.

    Args:
        k: the degrees of freedom, above 0.

    Raises:
        TypeError: k is neither a number nor a floating array.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 18.

    Example:
        >>> import numpy as np
        >>> Chisquare(np.array([2.0])).prob(np.zeros(1)).tolist()
        [0.5]
    """

    _names = ("k",)
    _support = "positive"

    def __init__(self, k: Numbers) -> None:
        (self.k,) = alike("Chisquare", k=k)
        self._gamma = Gamma(F.multiply(self.k, 0.5), 2.0)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity for x < 0."""
        return self._gamma.log_prob(x)

    @property
    def entropy(self) -> Any:
        """k / 2 + log(2 gamma(k / 2)) + (1 - k / 2) digamma(k / 2)"""
        return self._gamma.entropy

    @property
    def mean(self) -> Any:
        """k"""
        return self.k

    @property
    def variance(self) -> Any:
        """2 k"""
        return 2 * self.k

    def sample_n(self, n: int) -> Any:
        """`n` draws, without gradients."""
        return self._constant(get_generator().gamma(self._n(n), host(self.k) / 2, scale=2.0, **self._place()))


class Pareto(Distribution):
    """Pareto's distribution: the density is alpha scale^alpha / x^(alpha + 1) for x >= scale.

    Args:
        scale: the least point, above 0.
        alpha: how fast the density falls, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 20.

    Example:
        >>> import numpy as np
        >>> d = Pareto(np.array([2.0]), np.array([3.0]))
        >>> d.mean.tolist(), d.cdf(np.array([4.0])).tolist()
        ([3.0], [0.875])
    """

    _names = ("scale", "alpha")
    _support = "[scale, inf]"

    def __init__(self, scale: Numbers, alpha: Numbers) -> None:
        self.scale, self.alpha = alike("Pareto", scale=scale, alpha=alpha)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity below scale."""
        x, scale, alpha = self._at(x)
        return restricted(
            as_array(x) >= as_array(scale),
            x,
            scale,
            lambda x: F.log(alpha) + alpha * F.log(scale) - (alpha + 1) * F.log(x),
        )

    def log_survival_function(self, x: Any) -> Any:
        """alpha log(scale / x), 0 below scale."""
        x, scale, alpha = self._at(x)
        inside = as_array(x) >= as_array(scale)
        return alpha * F.where(inside, F.log(scale / F.where(inside, x, scale)), 0.0)

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x."""
        return F.exp(self.log_survival_function(x))

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return -F.expm1(self.log_survival_function(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, scale, alpha = self._at(x)
        return scale * F.exp(-F.log1p(-x) / alpha)

    @property
    def entropy(self) -> Any:
        """log(scale / alpha) + 1 / alpha + 1"""
        return F.log(self.scale / self.alpha) + 1 / self.alpha + 1

    @property
    def mean(self) -> Any:
        """alpha scale / (alpha - 1), infinite where alpha is at most 1"""
        finite = as_array(self.alpha) > 1
        alpha = F.where(finite, self.alpha, 2.0)
        return F.where(finite, alpha * self.scale / (alpha - 1), math.inf)

    @property
    def mode(self) -> Any:
        """scale"""
        return self.scale

    @property
    def variance(self) -> Any:
        """alpha scale^2 / ((alpha - 1)^2 (alpha - 2)), infinite where alpha is at most 2"""
        finite = as_array(self.alpha) > 2
        alpha = F.where(finite, self.alpha, 3.0)
        return F.where(finite, alpha * F.square(self.scale / (alpha - 1)) / (alpha - 2), math.inf)

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return self.scale * F.exp(1 / self.alpha * self._draws("exponential", n))


class Beta(Distribution):
    """Beta distribution: the density is x^(a - 1) (1 - x)^(b - 1) / beta(a, b) for x from 0 to 1.

    Args:
        a: above 0.
        b: above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 2 (1995), chapter 25.

    Example:
        >>> import numpy as np
        >>> Beta(np.array([2.0]), 2.0).prob(np.array([0.5])).round(4).tolist()
        [1.5]
    """

    _names = ("a", "b")
    _support = "[0, 1]"

    def __init__(self, a: Numbers, b: Numbers) -> None:
        self.a, self.b = alike("Beta", a=a, b=b)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity outside of [0, 1]."""
        x, a, b = self._at(x)
        inside = xp.logical_and(as_array(x) >= 0, as_array(x) <= 1)
        return restricted(
            inside,
            x,
            0.5,
            lambda x: special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b),
        )

    @property
    def entropy(self) -> Any:
        """log beta(a, b) - (a - 1) digamma(a) - (b - 1) digamma(b) + (a + b - 2) digamma(a + b)"""
        a, b = self.a, self.b
        means = (a - 1) * special.digamma(a) + (b - 1) * special.digamma(b) - (a + b - 2) * special.digamma(a + b)
        return special.betaln(a, b) - means

    @property
    def mean(self) -> Any:
        """a / (a + b)"""
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> Any:
        """a b / ((a + b)^2 (a + b + 1))"""
        total = self.a + self.b
        return self.a * self.b / (F.square(total) * (total + 1))

    def sample_n(self, n: int) -> Any:
        """`n` draws, without gradients."""
        return self._constant(get_generator().beta(self._n(n), host(self.a), host(self.b), **self._place()))


# ------------------------------------------------------------------------------------------------------------ divergences
# M. Gil, F. Alajaji, T. Linder, Rényi divergence measures for commonly used univariate continuous distributions, Information
# Sciences 249 (2013), 124-131.


@register_kl(Exponential, Exponential)
def _of_exponentials(p: Exponential, q: Exponential) -> Any:
    lam1, lam2 = paired(p, q)
    ratio = lam2 / lam1
    return ratio - F.log(ratio) - 1


@register_kl(Gamma, Gamma)
def _of_gammas(p: Gamma, q: Gamma) -> Any:
    k1, theta1, k2, theta2 = paired(p, q)
    shapes = (k1 - k2) * special.digamma(k1) - special.gammaln(k1) + special.gammaln(k2)
    ratio = theta1 / theta2
    return shapes - k2 * F.log(ratio) + k1 * (ratio - 1)


@register_kl(Chisquare, Chisquare)
def _of_chisquares(p: Chisquare, q: Chisquare) -> Any:
    k1, k2 = (0.5 * k for k in paired(p, q))
    return (k1 - k2) * special.digamma(k1) - special.gammaln(k1) + special.gammaln(k2)


@register_kl(Pareto, Pareto)
def _of_paretos(p: Pareto, q: Pareto) -> Any:
    scale1, alpha1, scale2, alpha2 = paired(p, q)
    ratio = alpha2 / alpha1
    divergence = alpha2 * F.log(scale1 / scale2) - F.log(ratio) + ratio - 1
    return F.where(as_array(scale1) >= as_array(scale2), divergence, math.inf)


@register_kl(Beta, Beta)
def _of_betas(p: Beta, q: Beta) -> Any:
    a1, b1, a2, b2 = paired(p, q)
    means = (
        (a1 - a2) * special.digamma(a1)
        + (b1 - b2) * special.digamma(b1)
        + (a2 - a1 + b2 - b1) * special.digamma(a1 + b1)
    )
    return special.betaln(a2, b2) - special.betaln(a1, b1) + means
