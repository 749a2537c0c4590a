"""Differentiable functions: with a Variable among their arguments they return Variables, with arrays alone arrays.

Names and signatures are those of the array API standard, so this module is also the namespace of Variables
(`xparray.array_namespace(v)`), in which code written for the standard differentiates as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xparray as xp
from catena.autograd._variable import as_array
from catena.autograd.ops.arithmetic import abs, add, divide, multiply, negative, pow, reciprocal, sign, square, subtract
from catena.autograd.ops.exponential import exp, expm1, log, log1p, logaddexp, sqrt
from catena.autograd.ops.indexing import getitem, scatter_add, take
from catena.autograd.ops.linalg import einsum, matmul
from catena.autograd.ops.reduction import cumulative_sum, logsumexp, max, mean, min, sum
from catena.autograd.ops.selection import clip, maximum, minimum, where
from catena.autograd.ops.shape import (
    astype,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    matrix_transpose,
    permute_dims,
    reshape,
    split_axis,
    squeeze,
    stack,
    sum_to,
    to_device,
    transpose,
)
from catena.autograd.ops.trigonometric import cos, cosh, sin, sinh, tan, tanh
from xparray import Array


def _of_values(name: str) -> Callable[..., Array]:
    """A function whose result depends on values but has no gradient: it looks at the arrays and returns a plain one."""
    f = getattr(xp, name)

    def of_values(*args: Any, **kwargs: Any) -> Array:
        return f(*(as_array(a) for a in args), **kwargs)

    of_values.__name__ = of_values.__qualname__ = name
    of_values.__doc__ = f"{f.__doc__} The result is an array: it has no gradient."
    return of_values


all = _of_values("all")
any = _of_values("any")
argmax = _of_values("argmax")
argmin = _of_values("argmin")
ceil = _of_values("ceil")
equal = _of_values("equal")
floor = _of_values("floor")
full_like = _of_values("full_like")
greater = _of_values("greater")
greater_equal = _of_values("greater_equal")
isfinite = _of_values("isfinite")
isnan = _of_values("isnan")
less = _of_values("less")
less_equal = _of_values("less_equal")
not_equal = _of_values("not_equal")
ones_like = _of_values("ones_like")
zeros_like = _of_values("zeros_like")

__all__ = [
    "abs",
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "astype",
    "broadcast_to",
    "ceil",
    "clip",
    "concat",
    "cos",
    "cosh",
    "cumulative_sum",
    "divide",
    "einsum",
    "equal",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "floor",
    "full_like",
    "getitem",
    "greater",
    "greater_equal",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logaddexp",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "ones_like",
    "permute_dims",
    "pow",
    "reciprocal",
    "reshape",
    "scatter_add",
    "sign",
    "sin",
    "sinh",
    "split_axis",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "subtract",
    "sum",
    "sum_to",
    "take",
    "tan",
    "tanh",
    "to_device",
    "transpose",
    "where",
    "zeros_like",
]
