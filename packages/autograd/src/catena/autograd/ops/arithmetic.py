"""Sums, products, powers, signs and rounding."""

from __future__ import annotations

import math

import xparray as xp
from catena.autograd._op import elementwise_op
from catena.autograd._plan import same
from catena.autograd._variable import Variable, as_array, as_variable
from catena.autograd.ops import selection
from catena.autograd.ops.complex import conjugate, is_complex, real_part
from xparray import Array, array_namespace
from xparray._dispatch import SCALARS


@elementwise_op
def add(a: Array, b: Array) -> Array:
    """a + b, broadcast."""
    return a + b


add.vjps(a=same, b=same)


@elementwise_op
def subtract(a: Array, b: Array) -> Array:
    """a - b, broadcast."""
    return a - b


subtract.vjps(a=same, b=lambda g: -g)


@elementwise_op
def multiply(a: Array, b: Array) -> Array:
    """a * b, elementwise, broadcast."""
    return a * b


multiply.vjps(a=lambda g, b: g * conjugate(b), b=lambda g, a: g * conjugate(a))


@elementwise_op
def divide(a: Array, b: Array) -> Array:
    """a / b, elementwise, broadcast."""
    return a / b


divide.vjps(a=lambda g, b: g / conjugate(b), b=lambda g, b, out: -g * conjugate(out) / conjugate(b))


add.casts_numbers = subtract.casts_numbers = multiply.casts_numbers = divide.casts_numbers = True


@elementwise_op
def negative(x: Array) -> Array:
    """-x."""
    return -x


negative.vjps(x=lambda g: -g)


@elementwise_op
def positive(x: Array) -> Array:
    """+x."""
    return +x


positive.vjps(x=same)


@elementwise_op
def pow(x: Array, n: Array) -> Array:
    """x to the power n, elementwise, broadcast; the gradient in n is NaN where a real x < 0."""
    return x**n


def _pow_x(g: Array, x: Array, n: Array) -> Array:
    if type(n) in SCALARS:
        if n == 2:
            return g * conjugate(x + x)  # NumPy adds two arrays in half the time that it multiplies with a number
        return g * conjugate(n * x ** (n - 1)) if n else g * 0
    # x**0 is constant, also at x = 0, where x**(n - 1) is infinite.
    return g * conjugate(n * x ** selection.where((n == 0) & (x == 0), 1.0, n - 1))


def _pow_n(g: Array, x: Array, out: Array) -> Array:
    # 0**n stays 0 for n > 0; log(1) keeps its gradient 0 instead of NaN.
    base = (x or 1.0) if type(x) in SCALARS else selection.where(x == 0, 1.0, x)
    return g * conjugate(out * array_namespace(out).log(base * array_namespace(out).ones_like(out)))


pow.vjps(x=_pow_x, n=_pow_n)


@elementwise_op
def square(x: Array) -> Array:
    """x * x."""
    return x * x


square.vjps(x=lambda g, x: g * conjugate(x + x))


@elementwise_op
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return 1 / x


reciprocal.vjps(x=lambda g, out: -g * conjugate(out * out))


@elementwise_op
def hypot(a: Array, b: Array) -> Array:
    """sqrt(a^2 + b^2) of real numbers without overflow, broadcast; the gradient at (0, 0) is 0."""
    return xp.hypot(a, b)


def share(part: Array, whole: Array) -> Array:
    """part / whole, 0 where both are 0: the slope of a norm, for which 0 is a subgradient there."""
    return part / selection.where(whole == 0, 1.0, whole)


hypot.vjps(a=lambda g, a, out: g * share(a, out), b=lambda g, b, out: g * share(b, out))

# ------------------------------------------------------------------------------------------------------------- signs and rounding


def zeros_for(g: Array) -> Array:
    """A cotangent of zeros, for what is constant between its jumps."""
    zeros = xp.zeros_like(as_array(g))
    return as_variable(zeros) if isinstance(g, Variable) else zeros


@elementwise_op
def abs(x: Array) -> Array:
    """Absolute value; the gradient at 0 is 0."""
    return array_namespace(x).abs(x)


abs.vjps(x=lambda g, x: real_part(g) * array_namespace(x).sign(x))


@elementwise_op
def sign(x: Array) -> Array:
    """-1, 0 or 1, of which the gradient is 0; x / |x| of a complex x, of which it is 0 at 0."""
    return array_namespace(x).sign(x)


def _sign_x(g: Array, x: Array, out: Array) -> Array:
    if not is_complex(x):
        return zeros_for(g)
    # The part of g at right angles to x: the length of x does not change x / |x|.
    size = selection.where(x == 0, math.inf, abs(x))
    return (g - out * real_part(conjugate(out) * g)) / size


sign.vjps(x=_sign_x)


@elementwise_op
def copysign(a: Array, b: Array) -> Array:
    """|a| with the signs of b, broadcast; the gradient in b is 0."""
    return xp.copysign(a, b)


def _copysign_a(g: Array, a: Array, out: Array) -> Array:
    return selection.where(xp.signbit(as_array(a)) == xp.signbit(as_array(out)), g, -g)


copysign.vjps(a=_copysign_a, b=zeros_for)


@elementwise_op
def floor(x: Array) -> Array:
    """x rounded down to an integer; the gradient is 0."""
    return xp.floor(x)


@elementwise_op
def ceil(x: Array) -> Array:
    """x rounded up to an integer; the gradient is 0."""
    return xp.ceil(x)


@elementwise_op
def round(x: Array) -> Array:
    """x rounded to the nearest integer, halves to the even one; the gradient is 0."""
    return xp.round(x)


@elementwise_op
def trunc(x: Array) -> Array:
    """x rounded towards zero to an integer; the gradient is 0."""
    return xp.trunc(x)


for _rounded in (floor, ceil, round, trunc):
    _rounded.vjps(x=zeros_for)


@elementwise_op
def floor_divide(a: Array, b: Array) -> Array:
    """a / b rounded down to an integer, broadcast; the gradients are 0."""
    return xp.floor_divide(a, b)


floor_divide.vjps(a=zeros_for, b=zeros_for)


@elementwise_op
def remainder(a: Array, b: Array) -> Array:
    """a - b floor(a / b), broadcast, with the sign of b; the gradients are 1 and -floor(a / b), as between the jumps."""
    return xp.remainder(a, b)


remainder.vjps(a=lambda g: g, b=lambda g, a, b: -g * floor_divide(a, b))
