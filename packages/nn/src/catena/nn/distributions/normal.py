"""The normal distribution and that of numbers whose logarithms are normal: draws have gradients in both parameters."""

from __future__ import annotations

import math
from typing import Any

from catena.autograd import as_array, special
from catena.autograd import functions as F
from catena.nn.distributions._distribution import LOG_2PI, Distribution, alike, one_of, paired, register_kl, restricted
from xparray import Array

Numbers = Array | float
LOG_ROOT_2PI_E = 0.5 * (LOG_2PI + 1)


class Normal(Distribution):
    """Normal distribution: the density is exp(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi)).

    Args:
        loc: the mean.
        scale: the standard deviation, above 0; or else
        log_scale: its logarithm.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together, or not one of scale and log_scale is given.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 13.

    Example:
        >>> import numpy as np
        >>> Normal(np.zeros(2), 1.0).cdf(np.array([0.0, 1.0])).round(4).tolist()
        [0.5, 0.8413]
    """

    _names = ("loc", "scale")
    _support = "real"

    def __init__(self, loc: Numbers, scale: Numbers | None = None, *, log_scale: Numbers | None = None) -> None:
        if one_of("Normal", scale=scale, log_scale=log_scale) == "scale":
            self.loc, self.scale = alike("Normal", loc=loc, scale=scale)
            self.log_scale = F.log(self.scale)
        else:
            self.loc, self.log_scale = alike("Normal", loc=loc, log_scale=log_scale)
            self.scale = F.exp(self.log_scale)

    def _standard(self, x: Any) -> Any:
        x, loc, scale = self._at(x)
        return (x - loc) / scale

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density."""
        z = self._standard(x)
        return -0.5 * z * z - self.log_scale - 0.5 * LOG_2PI

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return special.ndtr(self._standard(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, loc, scale = self._at(x)
        return loc + scale * special.ndtri(x)

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x."""
        return special.ndtr(-self._standard(x))

    def log_cdf(self, x: Any) -> Any:
        """Logarithm of `cdf`, accurate far below the mean."""
        return special.log_ndtr(self._standard(x))

    def log_survival_function(self, x: Any) -> Any:
        """Logarithm of `survival_function`, accurate far above the mean."""
        return special.log_ndtr(-self._standard(x))

    @property
    def entropy(self) -> Any:
        """log(scale sqrt(2 pi e))"""
        return self.log_scale + LOG_ROOT_2PI_E

    @property
    def mean(self) -> Any:
        """loc"""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc"""
        return self.loc

    @property
    def stddev(self) -> Any:
        """scale"""
        return self.scale

    @property
    def variance(self) -> Any:
        """scale^2"""
        return F.square(self.scale)

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return self.loc + self.scale * self._draws("normal", n)


class LogNormal(Distribution):
    """Log-normal distribution, of numbers above 0 whose logarithms are normal with the mean mu and the standard deviation sigma.

    Args:
        mu: the mean of the logarithm.
        sigma: its standard deviation, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 14.

    Example:
        >>> import numpy as np
        >>> LogNormal(np.zeros(1), 1.0).mean.round(4).tolist()
        [1.6487]
    """

    _names = ("mu", "sigma")
    _support = "positive"

    def __init__(self, mu: Numbers, sigma: Numbers) -> None:
        self.mu, self.sigma = alike("LogNormal", mu=mu, sigma=sigma)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity for x <= 0."""
        x, mu, sigma = self._at(x)

        def inside(x: Any) -> Any:
            log_x = F.log(x)
            z = (log_x - mu) / sigma
            return -0.5 * z * z - log_x - F.log(sigma) - 0.5 * LOG_2PI

        return restricted(as_array(x) > 0, x, 1.0, inside)

    def _standard(self, x: Any) -> Any:
        x, mu, sigma = self._at(x)
        inside = as_array(x) > 0
        return F.where(inside, (F.log(F.where(inside, x, 1.0)) - mu) / sigma, -math.inf)

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return special.ndtr(self._standard(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, mu, sigma = self._at(x)
        return F.exp(mu + sigma * special.ndtri(x))

    @property
    def entropy(self) -> Any:
        """mu + log(sigma sqrt(2 pi e))"""
        return self.mu + F.log(self.sigma) + LOG_ROOT_2PI_E

    @property
    def mean(self) -> Any:
        """exp(mu + sigma^2 / 2)"""
        return F.exp(self.mu + 0.5 * F.square(self.sigma))

    @property
    def mode(self) -> Any:
        """exp(mu - sigma^2)"""
        return F.exp(self.mu - F.square(self.sigma))

    @property
    def variance(self) -> Any:
        """(exp(sigma^2) - 1) exp(2 mu + sigma^2)"""
        s = F.square(self.sigma)
        return F.expm1(s) * F.exp(2 * self.mu + s)

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return F.exp(self.mu + self.sigma * self._draws("normal", n))


# ------------------------------------------------------------------------------------------------------------ divergences
# M. Gil, F. Alajaji, T. Linder, Rényi divergence measures for commonly used univariate continuous distributions, Information
# Sciences 249 (2013), 124-131.


@register_kl(Normal, Normal)
@register_kl(LogNormal, LogNormal)
def _of_normals(p: Distribution, q: Distribution) -> Any:
    mu1, sigma1, mu2, sigma2 = paired(p, q)
    ratio = sigma1 / sigma2
    return 0.5 * (F.square(ratio) + F.square((mu1 - mu2) / sigma2) - 1) - F.log(ratio)
