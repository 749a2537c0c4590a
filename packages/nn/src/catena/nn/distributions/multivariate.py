"""Distributions whose events are vectors, or whole batches of another one's."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd import as_array, linalg, special
from catena.autograd import functions as F
from catena.nn.distributions._distribution import (
    LOG_2PI,
    Distribution,
    floating,
    host,
    kl_divergence,
    paired,
    register_kl,
    together,
)
from xparray import Array
from xparray._dispatch import describe
from xparray.random import get_generator


class MultivariateNormal(Distribution):
    """Normal distribution of vectors: the density is exp(-|z|^2 / 2) / (det(L) (2 pi)^(d / 2)) for z with x = loc + L z.

    Args:
        loc: the mean, `(*batch_shape, d)`.
        scale_tril: L, `(*batch_shape, d, d)`, the lower triangle with numbers above 0 on its diagonal, such as
            `F.linalg.cholesky` of the covariance gives; what is above the diagonal does not count.

    Raises:
        TypeError: a parameter is no floating array.
        ValueError: the shapes do not fit together.

    Source: S. Kotz, N. Balakrishnan, N. L. Johnson, Continuous Multivariate Distributions, volume 1 (2000), chapter 45.

    Example:
        >>> import numpy as np
        >>> d = MultivariateNormal(np.zeros(2), scale_tril=np.array([[1.0, 0.0], [1.0, 2.0]]))
        >>> d.covariance.tolist(), d.sample((5,)).shape
        ([[1.0, 1.0], [1.0, 5.0]], (5, 2))
    """

    _names = ("loc", "scale_tril")
    _event_ndim = 1
    _support = "real"

    def __init__(self, loc: Array, *, scale_tril: Array) -> None:
        name = "MultivariateNormal"
        loc, scale = floating(name, loc=loc, scale_tril=scale_tril)
        d = loc.shape[-1] if loc.ndim else 0
        if not d or tuple(scale.shape[-2:]) != (d, d):
            raise ValueError(
                f"{name}: expected loc (..., d) and scale_tril (..., d, d); got {describe(['loc', 'scale_tril'], [loc, scale])}"
            )
        batch = xp.broadcast_shapes(tuple(loc.shape[:-1]), tuple(scale.shape[:-2]))
        self.loc = _to_shape(loc, (*batch, d))
        self.scale_tril = _to_shape(F.tril(scale), (*batch, d, d))

    @property
    def d(self) -> int:
        """The numbers in an event."""
        return int(self.loc.shape[-1])

    @property
    def _logdet(self) -> Any:
        return F.sum(F.log(linalg.diagonal(self.scale_tril)), axis=-1)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density."""
        x, loc, scale = self._at(x)
        difference = x - loc
        samples = tuple(difference.shape[: difference.ndim - loc.ndim])
        # One system for each distribution, with a column for each sample.
        columns = F.moveaxis(F.reshape(difference, shape=(-1, *loc.shape)), 0, -1)
        squares = F.sum(F.square(linalg.solve(scale, columns)), axis=-2)
        squares = F.reshape(F.moveaxis(squares, -1, 0), shape=(*samples, *self.batch_shape))
        return -0.5 * squares - self._logdet - 0.5 * LOG_2PI * self.d

    @property
    def entropy(self) -> Any:
        """log det(L) + d log(2 pi e) / 2"""
        return self._logdet + 0.5 * (LOG_2PI + 1) * self.d

    @property
    def mean(self) -> Any:
        """loc"""
        return self.loc

    @property
    def mode(self) -> Any:
        """loc"""
        return self.loc

    @property
    def variance(self) -> Any:
        """The diagonal of the covariance."""
        return F.sum(F.square(self.scale_tril), axis=-1)

    @property
    def covariance(self) -> Any:
        """L L^T"""
        return F.matmul(self.scale_tril, F.matrix_transpose(self.scale_tril))

    def sample_n(self, n: int) -> Any:
        """`n` draws with gradients in both parameters."""
        z = self._draws("normal", n)[..., None]
        return self.loc + F.squeeze(F.matmul(self.scale_tril, z), axis=-1)


class Dirichlet(Distribution):
    """Dirichlet's distribution, of k probabilities: the density is the product of x^(alpha - 1) over the beta function of alpha.

    Args:
        alpha: `(*batch_shape, k)`, each above 0.

    Raises:
        TypeError: alpha is no floating array.
        ValueError: it has no axis.

    Source: S. Kotz, N. Balakrishnan, N. L. Johnson, Continuous Multivariate Distributions, volume 1 (2000), chapter 49.

    Example:
        >>> import numpy as np
        >>> Dirichlet(np.ones(3)).prob(np.array([0.2, 0.3, 0.5])).round(4).tolist()
        2.0
    """

    _names = ("alpha",)
    _event_ndim = 1
    _support = "[0, 1]"

    def __init__(self, alpha: Array) -> None:
        (self.alpha,) = floating("Dirichlet", alpha=alpha)
        if not self.alpha.ndim:
            raise ValueError("Dirichlet: alpha has no axis; expected (..., k), one number for each of k probabilities")

    @property
    def alpha0(self) -> Any:
        """The sum of alpha."""
        return F.sum(self.alpha, axis=-1)

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the density, minus infinity where a number is below 0; that they sum to 1 is taken for granted."""
        x, alpha = self._at(x)

        def inside(x: Any) -> Any:
            return F.sum(special.xlogy(alpha - 1, x), axis=-1) - _log_beta(alpha)

        positive = xp.all(as_array(x) >= 0, axis=-1)
        return F.where(positive, inside(F.where(positive[..., None], x, 1.0)), -math.inf)

    @property
    def entropy(self) -> Any:
        """log beta(alpha) + (alpha0 - k) digamma(alpha0) - the sum of (alpha - 1) digamma(alpha)"""
        alpha, total = self.alpha, self.alpha0
        means = F.sum((alpha - 1) * special.digamma(alpha), axis=-1)
        return _log_beta(alpha) + (total - alpha.shape[-1]) * special.digamma(total) - means

    @property
    def mean(self) -> Any:
        """alpha / alpha0"""
        return self.alpha / self.alpha0[..., None]

    @property
    def variance(self) -> Any:
        """mean (1 - mean) / (alpha0 + 1)"""
        mean = self.mean
        return mean * (1 - mean) / (self.alpha0 + 1)[..., None]

    def sample_n(self, n: int) -> Any:
        """`n` draws, without gradients."""
        place = self._place()
        weights = get_generator().gamma(self._n(n), host(self.alpha), device="numpy")
        draws = weights / xp.sum(weights, axis=-1, keepdims=True)
        return self._constant(xp.to_device(xp.astype(draws, place["dtype"]), place["device"]))


class Independent(Distribution):
    """Another distribution whose last batch axes are axes of the event: its probabilities are products along them.

    Args:
        distribution: the other one.
        reinterpreted_batch_ndims: how many axes; all of them but the first unless given.

    Raises:
        ValueError: there are not as many axes.

    Example:
        >>> import numpy as np
        >>> from catena.nn.distributions import Normal
        >>> d = Independent(Normal(np.zeros((4, 3)), 1.0))
        >>> d.batch_shape, d.event_shape, d.log_prob(np.zeros((4, 3))).shape
        ((4,), (3,), (4,))
    """

    def __init__(self, distribution: Distribution, reinterpreted_batch_ndims: int | None = None) -> None:
        ndim = len(distribution.batch_shape)
        n = max(ndim - 1, 0) if reinterpreted_batch_ndims is None else reinterpreted_batch_ndims
        if not 0 <= n <= ndim:
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims is {n}, the distribution has batch_shape {distribution.batch_shape}; "
                f"expected a number from 0 to {ndim}"
            )
        self.distribution = distribution
        self.reinterpreted_batch_ndims = n

    def _split_shape(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        batch = self.distribution.batch_shape
        at = len(batch) - self.reinterpreted_batch_ndims
        return batch[:at], batch[at:] + self.distribution.event_shape

    @property
    def params(self) -> dict[str, Any]:
        """Those of the other distribution."""
        return self.distribution.params

    @property
    def support(self) -> str:
        """That of the other distribution."""
        return self.distribution.support

    def _sum(self, x: Any) -> Any:
        return F.sum(x, axis=tuple(range(-self.reinterpreted_batch_ndims, 0)))

    def _product(self, x: Any) -> Any:
        return F.prod(x, axis=tuple(range(-self.reinterpreted_batch_ndims, 0)))

    def log_prob(self, x: Any) -> Any:
        """The sum of the other one's."""
        return self._sum(self.distribution.log_prob(x))

    def cdf(self, x: Any) -> Any:
        """The probability that each number is at most that in x."""
        return self._product(self.distribution.cdf(x))

    def log_cdf(self, x: Any) -> Any:
        """Logarithm of `cdf`."""
        return self._sum(self.distribution.log_cdf(x))

    def survival_function(self, x: Any) -> Any:
        """The probability that each number exceeds that in x."""
        return self._product(self.distribution.survival_function(x))

    def log_survival_function(self, x: Any) -> Any:
        """Logarithm of `survival_function`."""
        return self._sum(self.distribution.log_survival_function(x))

    @property
    def entropy(self) -> Any:
        """The sum of the other one's."""
        return self._sum(self.distribution.entropy)

    @property
    def mean(self) -> Any:
        """That of the other one."""
        return self.distribution.mean

    @property
    def mode(self) -> Any:
        """That of the other one."""
        return self.distribution.mode

    @property
    def variance(self) -> Any:
        """That of the other one."""
        return self.distribution.variance

    @property
    def stddev(self) -> Any:
        """That of the other one."""
        return self.distribution.stddev

    @property
    def covariance(self) -> Any:
        """Blocks of the other one's covariances, or its variances, on the diagonal."""
        d = math.prod(self.distribution.event_shape)
        blocks = self.distribution.covariance if self.distribution.event_shape else self.distribution.variance
        batch, n = self.batch_shape, math.prod(self.event_shape)
        blocks = F.reshape(blocks, shape=(*batch, n // d, d, 1, d))
        place = self.distribution._place()
        own = xp.reshape(xp.eye(n // d, **place), (n // d, 1, n // d, 1))
        return F.reshape(blocks * own, shape=(*batch, n, n))

    def sample_n(self, n: int) -> Any:
        """`n` draws of the other one."""
        return self.distribution.sample_n(n)


def _to_shape(x: Any, shape: tuple[int, ...]) -> Any:
    return x if tuple(x.shape) == shape else F.broadcast_to(x, shape=shape)


def _log_beta(alpha: Any) -> Any:
    return F.sum(special.gammaln(alpha), axis=-1) - special.gammaln(F.sum(alpha, axis=-1))


# ------------------------------------------------------------------------------------------------------------ divergences


@register_kl(MultivariateNormal, MultivariateNormal)
def _of_multivariate_normals(p: MultivariateNormal, q: MultivariateNormal) -> Any:
    loc1, scale1, loc2, scale2 = paired(p, q)
    columns = F.concat([scale1, (loc1 - loc2)[..., None]], axis=-1)
    squares = F.sum(F.square(linalg.solve(scale2, columns)), axis=(-2, -1))
    logdet1, logdet2 = together(p._logdet, q._logdet)
    return logdet2 - logdet1 + 0.5 * (squares - p.d)


@register_kl(Dirichlet, Dirichlet)
def _of_dirichlets(p: Dirichlet, q: Dirichlet) -> Any:
    alpha1, alpha2 = paired(p, q)
    total = F.sum(alpha1, axis=-1)
    means = F.sum((alpha1 - alpha2) * (special.digamma(alpha1) - special.digamma(total)[..., None]), axis=-1)
    return _log_beta(alpha2) - _log_beta(alpha1) + means


@register_kl(Independent, Independent)
def _of_independents(p: Independent, q: Independent) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims or p.event_shape != q.event_shape:
        raise ValueError(
            f"kl_divergence: the events of the two differ: {p.event_shape} of {p.reinterpreted_batch_ndims} batch axes, "
            f"{q.event_shape} of {q.reinterpreted_batch_ndims}; make both alike"
        )
    return p._sum(kl_divergence(p.distribution, q.distribution))
