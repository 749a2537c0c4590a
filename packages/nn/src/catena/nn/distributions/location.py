"""Distributions of a location and a scale, but the normal one: draws have gradients in both."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd import as_array, special
from catena.autograd import functions as F
from catena.nn.distributions._distribution import Distribution, alike, paired, register_kl, together
from xparray import Array

Numbers = Array | float
EULER = 0.5772156649015329  # DLMF 5.2.3


class Laplace(Distribution):
    """Laplace's distribution: the density is exp(-|x - loc| / scale) / (2 scale).

    Args:
        loc: the mean.
        scale: the mean distance from it, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 2 (1995), chapter 24.

    Example:
        >>> import numpy as np
        >>> Laplace(np.zeros(1), 2.0).prob(np.zeros(1)).tolist()
        [0.25]
    """

    _names = ("loc", "scale")
    _support = "real"

    def __init__(self, loc: Numbers, scale: Numbers) -> None:
        self.loc, self.scale = alike("Laplace", loc=loc, scale=scale)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density."""
        x, loc, scale = self._at(x)
        return -F.abs(x - loc) / scale - F.log(2 * scale)

    def _standard(self, x: Any) -> Any:
        x, loc, scale = self._at(x)
        return (x - loc) / scale

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return _laplace_cdf(self._standard(x))

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x, accurate where it is small."""
        return _laplace_cdf(-self._standard(x))

    def log_cdf(self, x: Any) -> Any:
        """Logarithm of `cdf`, accurate far below the mean."""
        return _log_laplace_cdf(self._standard(x))

    def log_survival_function(self, x: Any) -> Any:
        """Logarithm of `survival_function`, accurate far above the mean."""
        return _log_laplace_cdf(-self._standard(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, loc, scale = self._at(x)
        below = as_array(x) < 0.5
        y = F.log(2 * F.where(below, x, 1 - x))
        return loc + scale * F.where(below, y, -y)

    @property
    def entropy(self) -> Any:
        """1 + log(2 scale)"""
        return 1 + F.log(2 * self.scale)

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
        """scale sqrt(2)"""
        return self.scale * math.sqrt(2)

    @property
    def variance(self) -> Any:
        """2 scale^2"""
        return 2 * F.square(self.scale)

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return self.loc + self.scale * self._draws("laplace", n)


def _laplace_cdf(z: Any) -> Any:
    below = as_array(z) < 0
    tail = 0.5 * F.exp(_minus_abs(z))
    return F.where(below, tail, 1 - tail)


def _log_laplace_cdf(z: Any) -> Any:
    below = as_array(z) < 0
    y = _minus_abs(z)
    return F.where(below, y - math.log(2), F.log1p(-0.5 * F.exp(y)))


def _minus_abs(z: Any) -> Any:
    """-|z| whose slope at 0 is that of one side, so that what is smooth there has its derivatives."""
    return F.where(as_array(z) < 0, z, -z)


class Cauchy(Distribution):
    """Cauchy's distribution: the density is scale / (pi ((x - loc)^2 + scale^2)); it has no mean and no variance.

    Args:
        loc: the median.
        scale: half the distance between the quartiles, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 1 (1994), chapter 16.

    Example:
        >>> import numpy as np
        >>> Cauchy(np.zeros(1), 1.0).cdf(np.ones(1)).tolist()
        [0.75]
    """

    _names = ("loc", "scale")
    _support = "real"

    def __init__(self, loc: Numbers, scale: Numbers) -> None:
        self.loc, self.scale = alike("Cauchy", loc=loc, scale=scale)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density."""
        x, loc, scale = self._at(x)
        return -F.log1p(F.square((x - loc) / scale)) - F.log(math.pi * scale)

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        x, loc, scale = self._at(x)
        return F.atan((x - loc) / scale) / math.pi + 0.5

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, loc, scale = self._at(x)
        return loc + scale * F.tan(math.pi * (x - 0.5))

    @property
    def entropy(self) -> Any:
        """log(4 pi scale)"""
        return F.log(4 * math.pi * self.scale)

    @property
    def mean(self) -> Any:
        """NaN: the integral does not converge."""
        return self.loc * math.nan

    @property
    def mode(self) -> Any:
        """loc"""
        return self.loc

    @property
    def variance(self) -> Any:
        """NaN: there is no mean to vary about."""
        return self.scale * math.nan

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        angles = self._draws("uniform", n) - 0.5
        return self.loc + self.scale * xp.tan(math.pi * angles)


class Gumbel(Distribution):
    """Gumbel's distribution, of the greatest of many: the probability to be at most x is exp(-exp(-(x - loc) / scale)).

    Args:
        loc: the most probable point.
        scale: above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 2 (1995), chapter 22.

    Example:
        >>> import numpy as np
        >>> Gumbel(np.zeros(1), 1.0).cdf(np.zeros(1)).round(4).tolist()
        [0.3679]
    """

    _names = ("loc", "scale")
    _support = "real"

    def __init__(self, loc: Numbers, scale: Numbers) -> None:
        self.loc, self.scale = alike("Gumbel", loc=loc, scale=scale)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density."""
        x, loc, scale = self._at(x)
        z = (x - loc) / scale
        return -z - F.exp(-z) - F.log(scale)

    def log_cdf(self, x: Any) -> Any:
        """Logarithm of `cdf`."""
        x, loc, scale = self._at(x)
        return -F.exp(-(x - loc) / scale)

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        return F.exp(self.log_cdf(x))

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x, accurate where it is small."""
        return -F.expm1(self.log_cdf(x))

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, loc, scale = self._at(x)
        return loc - scale * F.log(-F.log(x))

    @property
    def entropy(self) -> Any:
        """log(scale) + Euler's constant + 1"""
        return F.log(self.scale) + (EULER + 1)

    @property
    def mean(self) -> Any:
        """loc + Euler's constant times scale"""
        return self.loc + EULER * self.scale

    @property
    def mode(self) -> Any:
        """loc"""
        return self.loc

    @property
    def variance(self) -> Any:
        """(pi scale)^2 / 6"""
        return F.square(self.scale) * (math.pi**2 / 6)

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return self.loc + self.scale * self._draws("gumbel", n)


class Uniform(Distribution):
    """Uniform distribution: the density is 1 / (high - low) from low to high.

    Args:
        low: the least point, and
        high: the greatest; or else
        loc: the least point, and
        scale: the length of the interval, above 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: the parameters do not broadcast together, or neither pair of them is given, or both.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions, volume 2 (1995), chapter 26.

    Example:
        >>> import numpy as np
        >>> Uniform(low=np.zeros(2), high=2.0).prob(np.array([1.0, 3.0])).tolist()
        [0.5, 0.0]
    """

    _support = "[low, high]"

    def __init__(
        self,
        *,
        low: Numbers | None = None,
        high: Numbers | None = None,
        loc: Numbers | None = None,
        scale: Numbers | None = None,
    ) -> None:
        given = {"low": low, "high": high, "loc": loc, "scale": scale}
        self._names = tuple(name for name, x in given.items() if x is not None)
        if self._names == ("low", "high"):
            self.low, self.high = alike("Uniform", low=low, high=high)
            self.loc, self.scale = self.low, F.subtract(self.high, self.low)
        elif self._names == ("loc", "scale"):
            self.loc, self.scale = alike("Uniform", loc=loc, scale=scale)
            self.low, self.high = self.loc, F.add(self.loc, self.scale)
        else:
            raise ValueError(
                f"Uniform: got {' and '.join(self._names) or 'no parameters'}; expected low and high, or loc and scale"
            )

    def _between(self, x: Any) -> tuple[Any, ...]:
        return together(self._at(x)[0], self.low, self.high)

    def log_prob(self, x: Any) -> Any:
        """-log(high - low), minus infinity outside of the interval."""
        x, low, high = self._between(x)
        inside = xp.logical_and(as_array(x) >= as_array(low), as_array(x) <= as_array(high))
        return F.where(inside, -F.log(high - low), -math.inf)

    def cdf(self, x: Any) -> Any:
        """(x - low) / (high - low), 0 below the interval, 1 above."""
        x, low, high = self._between(x)
        return F.clip((x - low) / (high - low), 0.0, 1.0)

    def icdf(self, x: Any) -> Any:
        """The inverse of `cdf`."""
        x, low, high = self._between(x)
        return low + (high - low) * x

    @property
    def entropy(self) -> Any:
        """log(high - low)"""
        return F.log(self.scale)

    @property
    def mean(self) -> Any:
        """(low + high) / 2"""
        return 0.5 * (self.low + self.high)

    @property
    def variance(self) -> Any:
        """(high - low)^2 / 12"""
        return F.square(self.scale) / 12

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        return self.low + self.scale * self._draws("uniform", n)


# ------------------------------------------------------------------------------------------------------------ divergences
# M. Gil, F. Alajaji, T. Linder, Rényi divergence measures for commonly used univariate continuous distributions, Information
# Sciences 249 (2013), 124-131; Cauchy's is F. Chyzak's and F. Nielsen's, https://arxiv.org/abs/1905.10965.


@register_kl(Laplace, Laplace)
def _of_laplaces(p: Laplace, q: Laplace) -> Any:
    loc1, scale1, loc2, scale2 = paired(p, q)
    nearness, ratio = _minus_abs(loc1 - loc2), scale1 / scale2
    return ratio * F.exp(nearness / scale1) - nearness / scale2 - F.log(ratio) - 1


@register_kl(Cauchy, Cauchy)
def _of_cauchys(p: Cauchy, q: Cauchy) -> Any:
    loc1, scale1, loc2, scale2 = paired(p, q)
    return F.log((F.square(scale1 + scale2) + F.square(loc1 - loc2)) / (4 * scale1 * scale2))


@register_kl(Gumbel, Gumbel)
def _of_gumbels(p: Gumbel, q: Gumbel) -> Any:
    loc1, scale1, loc2, scale2 = paired(p, q)
    ratio, shift = scale1 / scale2, (loc1 - loc2) / scale2
    return EULER * (ratio - 1) - F.log(ratio) + F.exp(special.gammaln(ratio + 1) - shift) + shift - 1


@register_kl(Uniform, Uniform)
def _of_uniforms(p: Uniform, q: Uniform) -> Any:
    inside = xp.logical_and(as_array(p.low) >= as_array(q.low), as_array(p.high) <= as_array(q.high))
    return F.where(inside, F.log(q.scale) - F.log(p.scale), math.inf)
