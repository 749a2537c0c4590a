"""Sums, products, powers."""

from __future__ import annotations

from catena.autograd._op import elementwise_op
from catena.autograd.ops import selection
from xparray import Array, array_namespace
from xparray._dispatch import SCALARS


@elementwise_op
def add(a: Array, b: Array) -> Array:
    """a + b, broadcast."""
    return a + b


add.vjps(a=lambda g: g, b=lambda g: g)


@elementwise_op
def subtract(a: Array, b: Array) -> Array:
    """a - b, broadcast."""
    return a - b


subtract.vjps(a=lambda g: g, b=lambda g: -g)


@elementwise_op
def multiply(a: Array, b: Array) -> Array:
    """a * b, elementwise, broadcast."""
    return a * b


multiply.vjps(a=lambda g, b: g * b, b=lambda g, a: g * a)


@elementwise_op
def divide(a: Array, b: Array) -> Array:
    """a / b, elementwise, broadcast."""
    return a / b


divide.vjps(a=lambda g, b: g / b, b=lambda g, b, out: -g * out / b)


@elementwise_op
def negative(x: Array) -> Array:
    """-x."""
    return -x


negative.vjps(x=lambda g: -g)


@elementwise_op
def pow(x: Array, n: Array) -> Array:
    """x to the power n, elementwise, broadcast; the gradient in n is NaN where x < 0."""
    return x**n


def _pow_x(g: Array, x: Array, n: Array) -> Array:
    if type(n) in SCALARS:
        if n == 2:
            return g * (x + x)  # NumPy adds two arrays in half the time that it multiplies with a number
        return g * (n * x ** (n - 1)) if n else g * 0
    # x**0 is constant, also at x = 0, where x**(n - 1) is infinite.
    return g * (n * x ** selection.where((n == 0) & (x == 0), 1.0, n - 1))


def _pow_n(g: Array, x: Array, out: Array) -> Array:
    # 0**n stays 0 for n > 0; log(1) keeps its gradient 0 instead of NaN.
    base = float(x) or 1.0 if type(x) in SCALARS else selection.where(x == 0, 1.0, x)
    return g * (out * array_namespace(out).log(base * array_namespace(out).ones_like(out)))


pow.vjps(x=_pow_x, n=_pow_n)


@elementwise_op
def square(x: Array) -> Array:
    """x * x."""
    return x * x


square.vjps(x=lambda g, x: g * (x + x))


@elementwise_op
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return 1 / x


reciprocal.vjps(x=lambda g, out: -g * (out * out))


@elementwise_op
def abs(x: Array) -> Array:
    """Absolute value; the gradient at 0 is 0."""
    return array_namespace(x).abs(x)


abs.vjps(x=lambda g, x: g * array_namespace(x).sign(x))


@elementwise_op
def sign(x: Array) -> Array:
    """-1, 0 or 1; constant between, so no gradient."""
    return array_namespace(x).sign(x)
