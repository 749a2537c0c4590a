"""Special functions of real numbers, as in `xparray.special`, which computes them; here are their slopes, those of gamma in a module of
their own.

Formulas are those of the Digital Library of Mathematical Functions, https://dlmf.nist.gov, at the numbers given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import xparray as xp
from catena.autograd._op import elementwise_op, op
from catena.autograd._variable import as_array
from catena.autograd.ops import arithmetic, reduction, selection
from catena.autograd.ops.arithmetic import abs, sign
from catena.autograd.ops.exponential import exp, log, log1p
from catena.autograd.ops.reduction import Axis
from catena.autograd.ops.trigonometric import sin
from xparray import Array

ROOT_PI = math.sqrt(math.pi)

# ---------------------------------------------------------------------------------- error function and normal distribution, 7.2, 7.17


@elementwise_op
def erf(x: Array) -> Array:
    """Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return xp.special.erf(x)


erf.vjps(x=lambda g, x: g * exp(-x * x) * (2 / ROOT_PI))


@elementwise_op
def erfc(x: Array) -> Array:
    """1 - erf(x), accurate where it is small."""
    return xp.special.erfc(x)


erfc.vjps(x=lambda g, x: g * exp(-x * x) * (-2 / ROOT_PI))


@elementwise_op
def erfcx(x: Array) -> Array:
    """exp(x^2) erfc(x), which does not underflow."""
    return xp.special.erfcx(x)


erfcx.vjps(x=lambda g, x, out: g * (2 * x * out - 2 / ROOT_PI))


@elementwise_op
def erfinv(x: Array) -> Array:
    """Inverse of `erf` for -1 <= x <= 1."""
    return xp.special.erfinv(x)


erfinv.vjps(x=lambda g, out: g * exp(out * out) * (ROOT_PI / 2))


@elementwise_op
def erfcinv(x: Array) -> Array:
    """Inverse of `erfc` for 0 <= x <= 2."""
    return xp.special.erfcinv(x)


erfcinv.vjps(x=lambda g, out: g * exp(out * out) * (-ROOT_PI / 2))


@elementwise_op
def ndtr(x: Array) -> Array:
    """Probability that a standard normal variable is at most x."""
    return xp.special.ndtr(x)


ndtr.vjps(x=lambda g, x: g * exp(x * x * -0.5) * (1 / (math.sqrt(2) * ROOT_PI)))


@elementwise_op
def log_ndtr(x: Array) -> Array:
    """Logarithm of `ndtr`, accurate far below zero."""
    return xp.special.log_ndtr(x)


# The density over the probability, both divided by exp(-x^2 / 2), so that neither underflows.
log_ndtr.vjps(x=lambda g, x: g * (math.sqrt(2) / ROOT_PI) / erfcx(x * -math.sqrt(0.5)))


@elementwise_op
def ndtri(x: Array) -> Array:
    """Inverse of `ndtr` for 0 <= x <= 1: the quantile of a standard normal variable."""
    return xp.special.ndtri(x)


ndtri.vjps(x=lambda g, out: g * exp(out * out * 0.5) * (math.sqrt(2) * ROOT_PI))

# ------------------------------------------------------------------------------- modified Bessel functions, exponential integrals, 10, 6


def _near_0(x: Array, coefficients: Sequence[float], far: Array, bound: float = 1.0) -> tuple[Array, Array, Array]:
    """Where |x| is below `bound`, the sum of c_k x^(2 k) there, and x elsewhere (`far` in its place): no slope meets a quotient 0 / 0."""
    near = xp.less(xp.abs(as_array(x)), bound)
    z = selection.where(near, x, 0.0)
    z = z * z
    y = z * 0.0 + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        y = y * z + c
    return near, y, selection.where(near, far, x)


# i1(x) / x = sum of (x / 2)^(2 k) / (2 k! (k + 1)!), 10.25.2; the terms left out are below 1e-17 for |x| < 1.
_I1_OVER_X = [0.25**k / (2 * math.factorial(k) * math.factorial(k + 1)) for k in range(10)]


def _i1_over_x(x: Array) -> Array:
    near, series, far = _near_0(x, _I1_OVER_X, 1.0)
    return selection.where(near, series, i1(far) / far)


def _i1e_over_x(x: Array) -> Array:
    near, series, far = _near_0(x, _I1_OVER_X, 1.0)
    return selection.where(near, series * exp(-abs(x)), i1e(far) / far)


@elementwise_op
def i0(x: Array) -> Array:
    """Modified Bessel function of the first kind, of order 0."""
    return xp.special.i0(x)


@elementwise_op
def i1(x: Array) -> Array:
    """Modified Bessel function of the first kind, of order 1."""
    return xp.special.i1(x)


# 10.29.2
i0.vjps(x=lambda g, x: g * i1(x))
i1.vjps(x=lambda g, x: g * (i0(x) - _i1_over_x(x)))


@elementwise_op
def i0e(x: Array) -> Array:
    """exp(-|x|) i0(x), which does not overflow; the gradient at 0 is 0."""
    return xp.special.i0e(x)


@elementwise_op
def i1e(x: Array) -> Array:
    """exp(-|x|) i1(x), which does not overflow."""
    return xp.special.i1e(x)


i0e.vjps(x=lambda g, x, out: g * (i1e(x) - sign(x) * out))
i1e.vjps(x=lambda g, x, out: g * (i0e(x) - _i1e_over_x(x) - sign(x) * out))


@elementwise_op
def exp1(x: Array) -> Array:
    """E1(x): the integral of exp(-t) / t from x > 0 to infinity."""
    return xp.special.exp1(x)


exp1.vjps(x=lambda g, x: -g * exp(-x) / x)


@elementwise_op
def expi(x: Array) -> Array:
    """Ei(x): the principal value of the integral of exp(t) / t from -infinity to x."""
    return xp.special.expi(x)


expi.vjps(x=lambda g, x: g * exp(x) / x)

# --------------------------------------------------------------------------------------------------------------------------- logistic


@elementwise_op
def expit(x: Array) -> Array:
    """Logistic function: 1 / (1 + exp(-x))."""
    return xp.special.expit(x)


expit.vjps(x=lambda g, out: g * out * (1 - out))


@elementwise_op
def logit(x: Array) -> Array:
    """Inverse of `expit`: log(x / (1 - x)) for 0 <= x <= 1."""
    return xp.special.logit(x)


logit.vjps(x=lambda g, x: g / (x * (1 - x)))


@elementwise_op
def log_expit(x: Array) -> Array:
    """log(expit(x)) = -log(1 + exp(-x)), without overflow."""
    return xp.special.log_expit(x)


log_expit.vjps(x=lambda g, x: g * expit(-x))

# ----------------------------------------------------------------------------------------------- entropies, products with logarithms


@elementwise_op
def xlogy(x: Array, y: Array) -> Array:
    """x log(y), broadcast, 0 where x is 0 and y a number; so is its gradient in y there."""
    return xp.special.xlogy(x, y)


def _over(x: Array, y: Array) -> Array:
    """x / y, 0 where both are 0."""
    both = xp.logical_and(xp.equal(as_array(x), 0), xp.equal(as_array(y), 0))
    return x / selection.where(both, 1.0, y)


xlogy.vjps(x=lambda g, y: g * log(y), y=lambda g, x, y: g * _over(x, y))


@elementwise_op
def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), broadcast, accurate for small y; 0 where x is 0 and y a number; so is its gradient in y there."""
    return xp.special.xlog1py(x, y)


xlog1py.vjps(x=lambda g, y: g * log1p(y), y=lambda g, x, y: g * _over(x, 1 + y))


@elementwise_op
def entr(x: Array) -> Array:
    """-x log(x), 0 at 0, -infinity below: the terms of an entropy."""
    return xp.special.entr(x)


entr.vjps(x=lambda g, x: -g * (log(x) + 1))


def _log_ratio(x: Array, y: Array) -> Array:
    """log(x / y), accurate where x and y are near each other."""
    ratio = x / y
    near = xp.less(xp.abs(as_array(ratio) - 1), 0.5)
    return selection.where(near, log1p((x - y) / y), log(ratio))


@elementwise_op
def rel_entr(x: Array, y: Array) -> Array:
    """x log(x / y) for positive x and y, broadcast, 0 for x = 0 <= y, infinity elsewhere."""
    return xp.special.rel_entr(x, y)


rel_entr.vjps(x=lambda g, x, y: g * (_log_ratio(x, y) + 1), y=lambda g, x, y: -g * _over(x, y))


@elementwise_op
def kl_div(x: Array, y: Array) -> Array:
    """rel_entr(x, y) - x + y, broadcast, which is never negative: the terms of a divergence."""
    return xp.special.kl_div(x, y)


kl_div.vjps(x=lambda g, x, y: g * _log_ratio(x, y), y=lambda g, x, y: g * (1 - _over(x, y)))

# sin(z) / z = sum of (-1)^k z^(2 k) / (2 k + 1)!; the terms left out are below 1e-17 for |z| < 1.
_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(10)]


def sinc(x: Array, /) -> Array:
    """sin(pi x) / (pi x), 1 at 0.

    Example:
        >>> import numpy as np
        >>> sinc(np.array([0.0, 0.5])).tolist()
        [1.0, 0.6366197723675814]
    """
    near, series, far = _near_0(arithmetic.multiply(x, math.pi), _SINC, 1.0)
    return selection.where(near, series, sin(far) / far)


# ------------------------------------------------------------------------------------------------------------------------- along axes


def logsumexp(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along `axis`, or of all elements, without overflow.

    Example:
        >>> import numpy as np
        >>> float(logsumexp(np.array([1000.0, 1000.0])))
        1000.6931471805599
    """
    return reduction.logsumexp(x, axis=axis, keepdims=keepdims)


@op
def softmax(x: Array, *, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, without overflow: probabilities of the logarithms of weights."""
    return xp.special.softmax(x, axis=axis)


softmax.vjps(x=lambda g, out, axis: out * (g - reduction.sum(g * out, axis=axis, keepdims=True)))


@op
def log_softmax(x: Array, *, axis: int) -> Array:
    """log(softmax(x)) = x - logsumexp(x) along `axis`."""
    return xp.special.log_softmax(x, axis=axis)


log_softmax.vjps(x=lambda g, out, axis: g - exp(out) * reduction.sum(g, axis=axis, keepdims=True))
