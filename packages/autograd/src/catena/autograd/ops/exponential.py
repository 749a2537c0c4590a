"""Exponentials, logarithms and roots."""

from __future__ import annotations

import math

import xparray as xp
from catena.autograd._op import elementwise_op
from catena.autograd.ops.complex import conjugate
from xparray import Array, array_namespace


@elementwise_op
def exp(x: Array) -> Array:
    """Exponential."""
    return array_namespace(x).exp(x)


exp.vjps(x=lambda g, out: g * conjugate(out))


@elementwise_op
def expm1(x: Array) -> Array:
    """exp(x) - 1, accurate near 0."""
    return array_namespace(x).expm1(x)


expm1.vjps(x=lambda g, out: g * conjugate(out + 1))


@elementwise_op
def log(x: Array) -> Array:
    """Natural logarithm."""
    return array_namespace(x).log(x)


log.vjps(x=lambda g, x: g / conjugate(x))


@elementwise_op
def log1p(x: Array) -> Array:
    """log(1 + x), accurate near 0."""
    return array_namespace(x).log1p(x)


log1p.vjps(x=lambda g, x: g / conjugate(1 + x))


@elementwise_op
def log2(x: Array) -> Array:
    """Logarithm to base 2."""
    return xp.log2(x)


log2.vjps(x=lambda g, x: g / conjugate(x * math.log(2)))


@elementwise_op
def log10(x: Array) -> Array:
    """Logarithm to base 10."""
    return xp.log10(x)


log10.vjps(x=lambda g, x: g / conjugate(x * math.log(10)))


@elementwise_op
def sqrt(x: Array) -> Array:
    """Square root; the gradient at 0 is infinite."""
    return array_namespace(x).sqrt(x)


sqrt.vjps(x=lambda g, out: g / conjugate(2 * out))


@elementwise_op
def logaddexp(a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)) without overflow, broadcast."""
    return array_namespace(a, b).logaddexp(a, b)


logaddexp.vjps(
    a=lambda g, a, out: g * array_namespace(out).exp(a - out), b=lambda g, b, out: g * array_namespace(out).exp(b - out)
)
