"""Choosing between arrays, element by element. Conditions have no gradient."""

from __future__ import annotations

from typing import Any

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
def clip(x: Array, *, min: Any = None, max: Any = None) -> Array:
    """x, no less than `min` and no more than `max` (numbers, or None for no bound); no gradient where it was cut off."""
    return array_namespace(x).clip(x, min, max)


def _clip_x(g: Array, x: Array, min: Any, max: Any) -> Array:
    if min is not None:
        g = where(x >= min, g, 0.0)
    return g if max is None else where(x <= max, g, 0.0)


clip.vjps(x=_clip_x)
