"""Distributions of integers, and of classes; between integers, `log_prob` is what its formula says there."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd import as_array, special
from catena.autograd import functions as F
from catena.nn.distributions._distribution import (
    Distribution,
    floating,
    host,
    one_of,
    paired,
    register_kl,
    restricted,
    together,
    weighted,
)
from catena.nn.functions._checks import check_range
from xparray import Array
from xparray.random import get_generator

Numbers = Array | float


class Bernoulli(Distribution):
    """Bernoulli's distribution: 1 with probability p, 0 with 1 - p.

    Between 0 and 1, `log_prob` is x log(p) + (1 - x) log(1 - p), as a loss of shades of grey uses it.

    Args:
        p: the probability of 1; or else
        logit: log(p / (1 - p)).
        binary_check: give what is neither 0 nor 1 the probability 0.

    Raises:
        TypeError: a parameter is neither a number nor a floating array.
        ValueError: not one of p and logit is given.

    Source: N. L. Johnson, A. W. Kemp, S. Kotz, Univariate Discrete Distributions (2005), chapter 3.

    Example:
        >>> import numpy as np
        >>> Bernoulli(np.array([0.25])).prob(np.array([0])).tolist()
        [0.75]
    """

    _names = ("logit",)
    _support = "{0, 1}"

    def __init__(self, p: Numbers | None = None, logit: Numbers | None = None, binary_check: bool = False) -> None:
        self.binary_check = binary_check
        self._by_logit = one_of("Bernoulli", p=p, logit=logit) == "logit"
        if self._by_logit:
            (self.logit,) = floating("Bernoulli", logit=logit)
            self.p = special.expit(self.logit)
        else:
            (self.p,) = floating("Bernoulli", p=p)
            self.logit = special.logit(self.p)

    def _cross(self, x: Any, y: Any) -> Any:
        """x log(p) + y log(1 - p), where what is not there at all adds nothing."""
        if self._by_logit:
            x, y, logit = together(x, y, self.logit)
            return weighted(x, special.log_expit(logit)) + weighted(y, special.log_expit(-logit))
        x, y, p = together(x, y, self.p)
        return special.xlogy(x, p) + special.xlog1py(y, -p)

    def log_prob(self, x: Any) -> Any:
        """x log(p) + (1 - x) log(1 - p)"""
        x = self._at(x)[0]
        y = self._cross(x, 1 - x)
        if not self.binary_check:
            return y
        array = as_array(x)
        return F.where(xp.logical_or(array == 0, array == 1), y, -math.inf)

    @property
    def entropy(self) -> Any:
        """-p log(p) - (1 - p) log(1 - p)"""
        return -self._cross(self.p, 1 - self.p)

    @property
    def mean(self) -> Any:
        """p"""
        return self.p

    @property
    def variance(self) -> Any:
        """p (1 - p)"""
        return self.p * (1 - self.p)

    def sample_n(self, n: int) -> Any:
        """`n` draws, int64, without gradients."""
        draws = get_generator().bernoulli(self._n(n), host(self.p), device=self._place()["device"])
        return self._constant(xp.astype(draws, "int64"))


class Geometric(Distribution):
    """Geometric distribution, of how many trials it takes to the first success: p (1 - p)^(x - 1) for x = 1, 2, ...

    Args:
        p: the probability of a success, above 0.

    Raises:
        TypeError: p is neither a number nor a floating array.

    Source: N. L. Johnson, A. W. Kemp, S. Kotz, Univariate Discrete Distributions (2005), chapter 5.

    Example:
        >>> import numpy as np
        >>> Geometric(np.array([0.5])).prob(np.array([3])).round(4).tolist()
        [0.125]
    """

    _names = ("p",)
    _support = "positive integer"

    def __init__(self, p: Numbers) -> None:
        (self.p,) = floating("Geometric", p=p)

    def log_prob(self, x: Any) -> Any:
        """(x - 1) log(1 - p) + log(p), minus infinity for x < 1."""
        x, p = self._at(x)
        return restricted(as_array(x) >= 1, x, 1.0, lambda x: special.xlog1py(x - 1, -p) + F.log(p))

    @property
    def entropy(self) -> Any:
        """-(p log(p) + (1 - p) log(1 - p)) / p"""
        return (special.entr(self.p) + special.entr(1 - self.p)) / self.p

    @property
    def mean(self) -> Any:
        """1 / p"""
        return 1 / self.p

    @property
    def mode(self) -> Any:
        """1"""
        return 0 * self.p + 1

    @property
    def variance(self) -> Any:
        """(1 - p) / p^2"""
        return (1 - self.p) / F.square(self.p)

    def sample_n(self, n: int) -> Any:
        """`n` draws in the dtype of p, without gradients."""
        rate = xp.special.xlog1py(-xp.ones_like(as_array(self.p)), -as_array(self.p))
        draws = xp.ceil(self._draws("exponential", n) / rate)
        return self._constant(xp.clip(draws, 1.0, None))


class Poisson(Distribution):
    """Poisson's distribution, of how often happens what happens lam times on average: lam^x exp(-lam) / x! for x = 0, 1, ...

    Args:
        lam: the mean, above 0.

    Raises:
        TypeError: lam is neither a number nor a floating array.

    Source: N. L. Johnson, A. W. Kemp, S. Kotz, Univariate Discrete Distributions (2005), chapter 4.

    Example:
        >>> import numpy as np
        >>> Poisson(np.array([2.0])).prob(np.array([0])).round(4).tolist()
        [0.1353]
    """

    _names = ("lam",)
    _support = "non negative integer"

    def __init__(self, lam: Numbers) -> None:
        (self.lam,) = floating("Poisson", lam=lam)

    def log_prob(self, x: Any) -> Any:
        """x log(lam) - lam - log(x!), minus infinity for x < 0."""
        x, lam = self._at(x)
        return restricted(as_array(x) >= 0, x, 0.0, lambda x: special.xlogy(x, lam) - lam - special.gammaln(x + 1))

    @property
    def mean(self) -> Any:
        """lam"""
        return self.lam

    @property
    def variance(self) -> Any:
        """lam"""
        return self.lam

    def sample_n(self, n: int) -> Any:
        """`n` draws in the dtype of lam, without gradients."""
        place = self._place()
        draws = get_generator().poisson(self._n(n), host(self.lam), device=place["device"])
        return self._constant(xp.astype(draws, place["dtype"]))


class _Classes(Distribution):
    """Probabilities of k classes, (*batch_shape, k)."""

    _names = ("p",)
    _by_logit = False
    p: Any
    log_p: Any

    def _take(self, function: str, p: Any) -> None:
        """Have the probabilities p."""
        self.p = _with_classes(function, p=p)
        self.log_p = _log(self.p)

    @property
    def entropy(self) -> Any:
        """The sum of -p log(p)"""
        return F.sum(-weighted(self.p, self.log_p) if self._by_logit else special.entr(self.p), axis=-1)

    def _classes(self, n: int) -> Array:
        return get_generator().categorical((n, *self.p.shape[:-1]), host(self.p), device=self._place()["device"])


class Categorical(_Classes):
    """Categorical distribution: the class i with probability p[..., i].

    Args:
        p: `(*batch_shape, k)`, probabilities that sum to 1; or else
        logit: their logarithms up to a constant, such as scores, which softmax makes probabilities.

    Raises:
        TypeError: the parameter is no floating array.
        ValueError: it has no axis, or not one of p and logit is given.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Discrete Multivariate Distributions (1997), chapter 35, of one trial.

    Example:
        >>> import numpy as np
        >>> Categorical(np.array([[0.5, 0.25, 0.25]])).prob(np.array([[0], [2]])).tolist()
        [[0.5], [0.25]]
    """

    def __init__(self, p: Array | None = None, *, logit: Array | None = None) -> None:
        self._by_logit = one_of("Categorical", p=p, logit=logit) == "logit"
        if self._by_logit:
            self.log_p = special.log_softmax(_with_classes("Categorical", logit=logit), axis=-1)
            self.p = F.exp(self.log_p)
        else:
            self._take("Categorical", p)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """All axes of p but the last."""
        return tuple(self.p.shape[:-1])

    @property
    def event_shape(self) -> tuple[int, ...]:
        """()"""
        return ()

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the probability of the classes x, integers from 0 to k - 1.

        Raises:
            ValueError: there is no such class.
        """
        classes = xp.astype(
            xp.asarray(as_array(x), device=None if hasattr(x, "ndim") else self._place()["device"]), "int64"
        )
        check_range("Categorical.log_prob", "x", classes, 0, self.p.shape[-1] - 1)
        values = self.log_p if self._by_logit else self.p
        values = F.broadcast_to(values, shape=(*xp.broadcast_shapes(classes.shape, self.batch_shape), values.shape[-1]))
        index = xp.broadcast_to(classes[..., None], (*values.shape[:-1], 1))
        taken = F.squeeze(F.take_along_axis(values, index, axis=-1), axis=-1)
        return taken if self._by_logit else _log(taken)

    def sample_n(self, n: int) -> Any:
        """`n` draws of classes, int64, without gradients."""
        return self._constant(self._classes(n))


class OneHotCategorical(_Classes):
    """Categorical distribution whose events are vectors with a 1 at the class that was drawn and 0 elsewhere.

    Args:
        p: `(*batch_shape, k)`, probabilities that sum to 1.

    Raises:
        TypeError: p is no floating array.
        ValueError: it has no axis.

    Source: N. L. Johnson, S. Kotz, N. Balakrishnan, Discrete Multivariate Distributions (1997), chapter 35, of one trial.

    Example:
        >>> import numpy as np
        >>> OneHotCategorical(np.array([0.5, 0.25, 0.25])).prob(np.array([0, 1, 0])).tolist()
        0.25
    """

    _event_ndim = 1
    _support = "one-hot vector"

    def __init__(self, p: Array) -> None:
        self._take("OneHotCategorical", p)

    def log_prob(self, x: Any) -> Any:
        """The sum of x log(p)"""
        return F.sum(special.xlogy(*self._at(x)), axis=-1)

    @property
    def mean(self) -> Any:
        """p"""
        return self.p

    @property
    def variance(self) -> Any:
        """p (1 - p)"""
        return self.p * (1 - self.p)

    def sample_n(self, n: int) -> Any:
        """`n` draws in the dtype of p, without gradients."""
        place = self._place()
        at = self._classes(n)[..., None] == xp.arange(self.p.shape[-1], device=place["device"])
        return self._constant(xp.astype(at, place["dtype"]))


def _log(p: Any) -> Any:
    """log(p), minus infinity at 0 without a warning."""
    return restricted(as_array(p) > 0, p, 1.0, F.log)


def _with_classes(function: str, **given: Any) -> Any:
    (p,) = floating(function, **given)
    if not p.ndim:
        raise ValueError(
            f"{function}: {next(iter(given))} has no axis; expected (..., k), one number for each of k classes"
        )
    return p


# ------------------------------------------------------------------------------------------------------------ divergences


@register_kl(Bernoulli, Bernoulli)
def _of_bernoullis(p: Bernoulli, q: Bernoulli) -> Any:
    p1, q1 = p.p, F.subtract(1.0, p.p)
    return F.subtract(p._cross(p1, q1), q._cross(p1, q1))


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _of_classes(p: _Classes, q: _Classes) -> Any:
    p1, log_p1, p2, log_p2 = together(p.p, p.log_p, q.p, q.log_p)
    if p1.shape[-1] != p2.shape[-1]:
        raise ValueError(
            f"kl_divergence: p has {p1.shape[-1]} classes, q has {p2.shape[-1]} ({tuple(p1.shape)}, {tuple(p2.shape)}); "
            "give both as many"
        )
    by_logit = p._by_logit or q._by_logit
    return F.sum(weighted(p1, log_p1 - log_p2) if by_logit else special.rel_entr(p1, p2), axis=-1)


@register_kl(Geometric, Geometric)
def _of_geometrics(p: Geometric, q: Geometric) -> Any:
    p1, p2 = paired(p, q)
    return (special.rel_entr(p1, p2) + special.rel_entr(1 - p1, 1 - p2)) / p1


@register_kl(Poisson, Poisson)
def _of_poissons(p: Poisson, q: Poisson) -> Any:
    return special.kl_div(*paired(p, q))
