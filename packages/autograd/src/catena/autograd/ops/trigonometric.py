"""Circular and hyperbolic functions, in radians."""

from __future__ import annotations

from catena.autograd._op import elementwise_op
from xparray import Array, array_namespace


@elementwise_op
def sin(x: Array) -> Array:
    """Sine."""
    return array_namespace(x).sin(x)


sin.vjps(x=lambda g, x: g * array_namespace(x).cos(x))


@elementwise_op
def cos(x: Array) -> Array:
    """Cosine."""
    return array_namespace(x).cos(x)


cos.vjps(x=lambda g, x: -g * array_namespace(x).sin(x))


@elementwise_op
def tan(x: Array) -> Array:
    """Tangent."""
    return array_namespace(x).tan(x)


tan.vjps(x=lambda g, out: g * (1 + out * out))


@elementwise_op
def sinh(x: Array) -> Array:
    """Hyperbolic sine."""
    return array_namespace(x).sinh(x)


sinh.vjps(x=lambda g, x: g * array_namespace(x).cosh(x))


@elementwise_op
def cosh(x: Array) -> Array:
    """Hyperbolic cosine."""
    return array_namespace(x).cosh(x)


cosh.vjps(x=lambda g, x: g * array_namespace(x).sinh(x))


@elementwise_op
def tanh(x: Array) -> Array:
    """Hyperbolic tangent."""
    return array_namespace(x).tanh(x)


tanh.vjps(x=lambda g, out: g * (1 - out * out))
