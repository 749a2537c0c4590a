"""An array with other values in some places: what item assignment computes."""

from __future__ import annotations

import math
from typing import Any

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd._variable import as_array
from catena.autograd.ops import indexing, selection, shape
from catena.autograd.ops.complex import fitted
from xparray import Array


@op
def assigned(x: Array, value: Array, *, key: Any) -> Array:
    """A copy of x with `x[key] = value`; of an element that is indexed several times, the last value stays."""
    y = xp.asarray(x, copy=True)
    y[key] = value
    return y


def _assigned_value(g: Array, key: Any, value_spec: Spec) -> Array:
    part = indexing.getitem(g, key=key)
    if any(hasattr(k, "dtype") for k in (key if type(key) is tuple else (key,))):
        # Of the values that came to one element, only the last one stayed there.
        order = xp.reshape(xp.arange(math.prod(part.shape), device=xp.device_of(as_array(g))), part.shape)
        last = xp.zeros_like(as_array(g), dtype=order.dtype)
        last[key] = order
        part = selection.where(last[key] == order, part, 0.0)
    # A value may have axes of length one in front that the place has not.
    spare = max(len(value_spec.shape) - part.ndim, 0)
    part = shape.sum_to(part, shape=value_spec.shape[spare:])
    return fitted(shape.reshape(part, shape=value_spec.shape) if spare else part, value_spec)


assigned.vjps(x=lambda g, key: assigned(g, 0.0, key=key), value=_assigned_value)
assigned.name = "setitem"  # what errors and graphs call it
