"""Sums, products and mixtures of several arrays, each set along the axes of another, and what goes with them."""

from __future__ import annotations

import functools
import operator

import xparray as xp
from catena.autograd._op import elementwise_op
from catena.autograd.ops import arithmetic, reduction, shape
from catena.autograd.ops.arithmetic import trunc
from xparray import Array


@elementwise_op
def summed(*xs: Array) -> Array:
    """The sum of the arrays, broadcast, in one step."""
    return functools.reduce(operator.add, xs)


summed.name = "add"  # what errors and graphs call it


@summed.vjp
def _(g: Array, *, needs: tuple[bool, ...]) -> list[Array | None]:
    return [g if needed else None for needed in needs]


def add(*xs: Array) -> Array:
    """a + b + ..., broadcast.

    Raises:
        ValueError: no arrays are given.

    Example:
        >>> import numpy as np
        >>> add(np.ones(2), np.ones(2), 1.0).tolist()
        [3.0, 3.0]
    """
    if not xs:
        raise ValueError("add: got no arrays; expected one or more: add(a, b)")
    return arithmetic.add(*xs) if len(xs) == 2 else summed(*xs)


def bias(x: Array, y: Array, axis: int = 1) -> Array:
    """x + y, where y lies along the axes of x that begin with `axis`.

    Raises:
        ValueError: y has not the lengths of these axes.

    Example:
        >>> import numpy as np
        >>> bias(np.zeros((1, 2, 2)), np.array([1.0, 2.0])).tolist()
        [[[1.0, 1.0], [2.0, 2.0]]]
    """
    return arithmetic.add(x, _along("bias", x, y, axis))


def scale(x: Array, y: Array, axis: int = 1) -> Array:
    """x * y, where y lies along the axes of x that begin with `axis`.

    Raises:
        ValueError: y has not the lengths of these axes.

    Example:
        >>> import numpy as np
        >>> scale(np.ones((1, 2, 2)), np.array([1.0, 2.0])).tolist()
        [[[1.0, 1.0], [2.0, 2.0]]]
    """
    return arithmetic.multiply(x, _along("scale", x, y, axis))


def _along(function: str, x: Array, y: Array, axis: int) -> Array:
    """y with axes of length one behind its own, so that it broadcasts along those of x."""
    first = axis if axis >= 0 else axis + x.ndim
    last = first + y.ndim
    if not 0 <= first or tuple(x.shape[first:last]) != tuple(y.shape):
        raise ValueError(
            f"{function}: y has shape {tuple(y.shape)}, x {tuple(x.shape)}; expected y of the shape of the axes of x from axis={axis} on"
        )
    return shape.reshape(y, shape=(*y.shape, *(1,) * (x.ndim - last)))


@elementwise_op
def linear_interpolate(p: Array, x: Array, y: Array) -> Array:
    """p x + (1 - p) y, broadcast."""
    return p * x + (1 - p) * y


linear_interpolate.vjps(
    p=lambda g, x, y: g * (x - y),
    x=lambda g, p: g * p,
    y=lambda g, p: g * (1 - p),
)


@elementwise_op
def fmod(x: Array, divisor: Array) -> Array:
    """x - d trunc(x / d), broadcast, with the sign of x; the gradients are 1 and -trunc(x / d), as between the jumps."""
    return xp.copysign(xp.remainder(xp.abs(x), xp.abs(divisor)), x)


fmod.vjps(x=lambda g: g, divisor=lambda g, x, divisor: -g * trunc(arithmetic.divide(x, divisor)))


@elementwise_op
def rsqrt(x: Array) -> Array:
    """1 / sqrt(x)."""
    return 1 / xp.sqrt(x)


rsqrt.vjps(x=lambda g, x, out: g * out / x * -0.5)


def identity(*inputs: Array) -> Array:
    """The inputs as they are: the only one, or a tuple of several.

    Example:
        >>> identity(1.0), identity(1.0, 2.0)
        (1.0, (1.0, 2.0))
    """
    return inputs[0] if len(inputs) == 1 else inputs


def batch_l2_norm_squared(x: Array) -> Array:
    """The sum of the squares of the elements of each x[i]: `(n, ...)` gives `(n,)`.

    Raises:
        ValueError: x has no axis beside that of the batch.

    Example:
        >>> import numpy as np
        >>> batch_l2_norm_squared(np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [25.0, 1.0]
    """
    if x.ndim < 2:
        raise ValueError(
            f"batch_l2_norm_squared: x has shape {tuple(x.shape)}; expected (n, ...), one vector or more axes for each of n"
        )
    return reduction.sum(arithmetic.square(x), axis=tuple(range(1, x.ndim)))
