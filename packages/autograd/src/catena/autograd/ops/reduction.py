"""Sums, products, means, spreads and extremes over axes."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import cumulative, selection, shape
from catena.autograd.ops.arithmetic import share
from catena.autograd.ops.complex import conjugate, fitted, real_part
from xparray import Array, array_namespace

Axis = int | tuple[int, ...] | None


def _kept_shape(x_shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes with length one."""
    if axis is None:
        return (1,) * len(x_shape)
    axes = {a % len(x_shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(1 if i in axes else n for i, n in enumerate(x_shape))


def spread(g: Array, x_shape: tuple[int, ...], axis: Axis) -> Array:
    """What belongs to a reduction's result, repeated along the axes that were reduced."""
    return shape.broadcast_to(shape.reshape(g, shape=_kept_shape(x_shape, axis)), shape=x_shape)


def _count(x_shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements go into one of a reduction's result."""
    kept = _kept_shape(x_shape, axis)
    return math.prod(n for n, k in zip(x_shape, kept, strict=True) if k == 1)


@op
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """Sum over `axis` (all axes where none is named); integers as in the standard, floats in their own dtype."""
    if dtype is None:
        return array_namespace(x).sum(x, axis=axis, keepdims=keepdims)
    return xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


sum.vjps(x=lambda g, x_spec, axis: fitted(spread(g, x_spec.shape, axis), x_spec))


@op
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """Product over `axis` (all axes where none is named)."""
    return xp.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)


def _prod_x(g: Array, x: Array, x_spec: Spec, axis: Axis, dtype: Any) -> Array:
    kept = _kept_shape(x_spec.shape, axis)
    reduced = {i for i, (n, k) in enumerate(zip(x_spec.shape, kept, strict=True)) if k == 1}
    order = sorted(range(x_spec.ndim), key=lambda i: i in reduced)  # the reduced axes last
    rows = shape.transpose(x if dtype is None else shape.astype(x, dtype=dtype), axes=order)
    moved = tuple(rows.shape)
    lines = shape.reshape(rows, shape=(*moved[: len(moved) - len(reduced)], _count(x_spec.shape, axis)))
    factors = shape.transpose(
        shape.reshape(cumulative.others(lines), shape=moved), axes=[order.index(i) for i in range(x_spec.ndim)]
    )
    return fitted(spread(g, x_spec.shape, axis) * conjugate(factors), x_spec)


prod.vjps(x=_prod_x)


@op
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean over `axis` (all axes where none is named)."""
    return array_namespace(x).mean(x, axis=axis, keepdims=keepdims)


def _mean_x(g: Array, x_spec: Spec, axis: Axis) -> Array:
    count = _count(x_spec.shape, axis) if math.prod(x_spec.shape) else 1
    return spread(g / count, x_spec.shape, axis)


mean.vjps(x=_mean_x)


@op
def var(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Variance over `axis`: the sum of squares of the distances from the mean, divided by their number less `correction`."""
    return xp.var(x, axis=axis, correction=correction, keepdims=keepdims)


def _deviations(x: Array, axis: Axis, correction: float) -> tuple[Array, float]:
    """The distances from the mean, and by what their squares are divided; NaN where that is nothing."""
    divisor = _count(tuple(x.shape), axis) - correction
    return x - mean(x, axis=axis, keepdims=True), divisor if divisor > 0 else math.nan


def _var_x(g: Array, x: Array, axis: Axis, correction: float) -> Array:
    deviations, divisor = _deviations(x, axis, correction)
    return spread(real_part(g) * (2 / divisor), tuple(x.shape), axis) * deviations


var.vjps(x=_var_x)


@op
def std(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Standard deviation over `axis`: the root of `var`; the gradient where all elements are equal is 0."""
    return xp.std(x, axis=axis, correction=correction, keepdims=keepdims)


def _std_x(g: Array, x: Array, out: Array, axis: Axis, correction: float) -> Array:
    deviations, divisor = _deviations(x, axis, correction)
    g, out = (spread(part, tuple(x.shape), axis) for part in (real_part(g) / divisor, out))
    return g * share(deviations, out)


std.vjps(x=_std_x)


def _extreme_x(g: Array, x: Array, out: Array, axis: Axis) -> Array:
    """The cotangent of the elements equal to the extreme, which share it evenly."""
    chosen = x == spread(out, x.shape, axis)
    count = xp.sum(xp.astype(chosen, g.dtype), axis=axis, keepdims=True)
    share = shape.reshape(g, shape=count.shape) / count
    return selection.where(chosen, share, 0.0)


@op
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Greatest element along `axis` (of all where none is named); equal ones share the gradient."""
    return array_namespace(x).max(x, axis=axis, keepdims=keepdims)


max.vjps(x=_extreme_x)


@op
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Least element along `axis` (of all where none is named); equal ones share the gradient."""
    return array_namespace(x).min(x, axis=axis, keepdims=keepdims)


min.vjps(x=_extreme_x)


def logsumexp(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over `axis` without overflow.

    Example:
        >>> import numpy as np
        >>> float(logsumexp(np.array([1000.0, 1000.0])))
        1000.6931471805599
    """
    greatest = max(as_array(x), axis=axis, keepdims=True)
    greatest = xp.where(xp.isfinite(greatest), greatest, xp.zeros_like(greatest))
    y = xp.add(xp.log(xp.sum(xp.exp(xp.subtract(x, greatest)), axis=axis, keepdims=True)), greatest)
    if keepdims:
        return y
    kept = _kept_shape(tuple(x.shape), axis)
    return shape.squeeze(y, axis=tuple(range(len(kept))) if axis is None else axis)
