"""Sums, means and extremes over axes."""

from __future__ import annotations

import math

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import selection, shape
from xparray import Array, array_namespace

Axis = int | tuple[int, ...] | None


def _kept_shape(x_shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes with length one."""
    if axis is None:
        return (1,) * len(x_shape)
    axes = {a % len(x_shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(1 if i in axes else n for i, n in enumerate(x_shape))


def _spread(g: Array, x_shape: tuple[int, ...], axis: Axis) -> Array:
    """What belongs to a reduction's result, repeated along the axes that were reduced."""
    return shape.broadcast_to(shape.reshape(g, shape=_kept_shape(x_shape, axis)), shape=x_shape)


@op
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum over `axis` (all axes where none is named); integers as in the standard, floats in their own dtype."""
    return array_namespace(x).sum(x, axis=axis, keepdims=keepdims)


sum.vjps(x=lambda g, x_spec, axis: _spread(g, x_spec.shape, axis))


@op
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean over `axis` (all axes where none is named)."""
    return array_namespace(x).mean(x, axis=axis, keepdims=keepdims)


def _mean_x(g: Array, x_spec: Spec, axis: Axis) -> Array:
    count = math.prod(x_spec.shape) // math.prod(_kept_shape(x_spec.shape, axis)) if math.prod(x_spec.shape) else 1
    return _spread(g / count, x_spec.shape, axis)


mean.vjps(x=_mean_x)


def _extreme_x(g: Array, x: Array, out: Array, axis: Axis) -> Array:
    """The cotangent of the elements equal to the extreme, which share it evenly."""
    chosen = x == _spread(out, x.shape, axis)
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


@op
def cumulative_sum(x: Array, *, axis: int = 0) -> Array:
    """Sums of the elements up to each one along `axis`."""
    return array_namespace(x).cumulative_sum(x, axis=axis)


def _cumulative_sum_x(g: Array, axis: int) -> Array:
    return shape.flip(cumulative_sum(shape.flip(g, axis=axis), axis=axis), axis=axis)


cumulative_sum.vjps(x=_cumulative_sum_x)


def logsumexp(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
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
