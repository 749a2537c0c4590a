"""Choosing between arrays, element by element. Conditions have no gradient."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd._op import elementwise_op
from xparray import Array, array_namespace


@elementwise_op
def where(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, y elsewhere; all three broadcast."""
    return array_namespace(condition, x, y).where(condition, x, y)


where.vjps(x=lambda g, condition: where(condition, g, 0.0), y=lambda g, condition: where(condition, 0.0, g))


def _share(g: Array, mine: Array, other: Array) -> Array:
    """The part of `g` for the chosen element; the two share it evenly where they are equal."""
    return where(mine == other, g * 0.5, where(mine > other, g, 0.0))


@elementwise_op
def maximum(a: Array, b: Array) -> Array:
    """The greater of the elements, NaN where one is; equal elements share the gradient."""
    return array_namespace(a, b).maximum(a, b)


maximum.vjps(a=lambda g, a, b: _share(g, a, b), b=lambda g, a, b: _share(g, b, a))


@elementwise_op
def minimum(a: Array, b: Array) -> Array:
    """The lesser of the elements, NaN where one is; equal elements share the gradient."""
    return array_namespace(a, b).minimum(a, b)


minimum.vjps(a=lambda g, a, b: _share(g, b, a), b=lambda g, a, b: _share(g, a, b))


@elementwise_op
def clip(x: Array, min: Array | float | None = None, max: Array | float | None = None) -> Array:
    """x, no less than `min` and no more than `max`, broadcast (None sets no bound); the gradient goes to what was chosen, x at a bound."""
    return xp.clip(x, min, max)


def _inside(x: Array, min: Any, max: Any) -> Any:
    """Where x is within its bounds; None without bounds."""
    above = None if min is None else x >= min
    below = None if max is None else x <= max
    return below if above is None else above if below is None else above & below


def _clip_x(g: Array, x: Array, min: Any, max: Any) -> Array:
    inside = _inside(x, min, max)
    return g if inside is None else where(inside, g, 0.0)


def _clip_min(g: Array, x: Array, min: Array, max: Any) -> Array:
    chosen = x < min if max is None else (x < min) & (min <= max)
    return where(chosen, g, 0.0)


def _clip_max(g: Array, x: Array, min: Any, max: Array) -> Array:
    chosen = x > max if min is None else (x > max) | (min > max)
    return where(chosen, g, 0.0)


clip.vjps(x=_clip_x, min=_clip_min, max=_clip_max)
