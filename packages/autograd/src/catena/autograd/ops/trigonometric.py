"""Circular and hyperbolic functions and their inverses, in radians."""

from __future__ import annotations

import xparray as xp
from catena.autograd._op import elementwise_op
from catena.autograd.ops.arithmetic import hypot
from catena.autograd.ops.complex import conjugate
from catena.autograd.ops.exponential import sqrt
from xparray import Array, array_namespace
from xparray.kernels.activation import tanh_grad


@elementwise_op
def sin(x: Array) -> Array:
    """Sine."""
    return array_namespace(x).sin(x)


sin.vjps(x=lambda g, x: g * conjugate(array_namespace(x).cos(x)))


@elementwise_op
def cos(x: Array) -> Array:
    """Cosine."""
    return array_namespace(x).cos(x)


cos.vjps(x=lambda g, x: -g * conjugate(array_namespace(x).sin(x)))


@elementwise_op
def tan(x: Array) -> Array:
    """Tangent."""
    return array_namespace(x).tan(x)


tan.vjps(x=lambda g, out: g * conjugate(1 + out * out))


@elementwise_op
def sinh(x: Array) -> Array:
    """Hyperbolic sine."""
    return array_namespace(x).sinh(x)


sinh.vjps(x=lambda g, x: g * conjugate(array_namespace(x).cosh(x)))


@elementwise_op
def cosh(x: Array) -> Array:
    """Hyperbolic cosine."""
    return array_namespace(x).cosh(x)


cosh.vjps(x=lambda g, x: g * conjugate(array_namespace(x).sinh(x)))


@elementwise_op
def tanh(x: Array) -> Array:
    """Hyperbolic tangent."""
    return array_namespace(x).tanh(x)


tanh.vjps(x=lambda g, out: tanh_grad(g, conjugate(out)))

# The slopes of the inverses are algebraic: Digital Library of Mathematical Functions, https://dlmf.nist.gov, 4.24 and 4.38.


@elementwise_op
def asin(x: Array) -> Array:
    """Inverse sine; the gradient at -1 and 1 is infinite."""
    return xp.asin(x)


asin.vjps(x=lambda g, x: g / conjugate(sqrt((1 - x) * (1 + x))))


@elementwise_op
def acos(x: Array) -> Array:
    """Inverse cosine; the gradient at -1 and 1 is infinite."""
    return xp.acos(x)


acos.vjps(x=lambda g, x: -g / conjugate(sqrt((1 - x) * (1 + x))))


@elementwise_op
def atan(x: Array) -> Array:
    """Inverse tangent."""
    return xp.atan(x)


atan.vjps(x=lambda g, x: g / conjugate(1 + x * x))


@elementwise_op
def asinh(x: Array) -> Array:
    """Inverse hyperbolic sine."""
    return xp.asinh(x)


asinh.vjps(x=lambda g, x: g / conjugate(sqrt(1 + x * x)))


@elementwise_op
def acosh(x: Array) -> Array:
    """Inverse hyperbolic cosine; the gradient at 1 is infinite."""
    return xp.acosh(x)


# Two roots: one of the product would have another cut in the complex plane.
acosh.vjps(x=lambda g, x: g / conjugate(sqrt(x - 1) * sqrt(x + 1)))


@elementwise_op
def atanh(x: Array) -> Array:
    """Inverse hyperbolic tangent; the gradient at -1 and 1 is infinite."""
    return xp.atanh(x)


atanh.vjps(x=lambda g, x: g / conjugate((1 - x) * (1 + x)))


@elementwise_op
def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y), between -pi and pi, broadcast; the gradient at (0, 0) is NaN."""
    return xp.atan2(y, x)


def _over_square(part: Array, x: Array, y: Array) -> Array:
    """part / (x^2 + y^2) without overflow on the way."""
    r = hypot(x, y)
    return part / r / r


atan2.vjps(y=lambda g, y, x: g * _over_square(x, x, y), x=lambda g, y, x: -g * _over_square(y, x, y))
