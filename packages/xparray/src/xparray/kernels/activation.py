"""Activations and their cotangents, each one pass over memory."""

from __future__ import annotations

from typing import Any

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._typing import Array
from xparray.kernels.elementary import alike, floating, mapped, mapped_two
from xparray.kernels.elementary import sigmoid as sigmoid_of


@kernel
def relu(x: Array) -> Array:
    """max(x, 0), elementwise; NaN stays NaN."""
    return array_namespace(x).where(x <= 0, 0, x)


@relu.on("host")
def _(x: Any) -> Any:
    return mapped(_relu, x) if floating(x) else NotImplemented


@loop
def _relu(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = x.dtype.type(0) if x[i] <= 0 else x[i]


@kernel
def relu_grad(g: Array, y: Array) -> Array:
    """`g` where `y`, the result of relu, is positive; 0 elsewhere."""
    return array_namespace(g).where(y > 0, g, 0)


@relu_grad.on("host")
def _(g: Any, y: Any) -> Any:
    return mapped_two(_relu_grad, g, y) if alike(g, y) else NotImplemented


@loop
def _relu_grad(g: Any, y: Any, gx: Any) -> None:
    for i in range(g.size):
        gx[i] = g[i] if y[i] > 0 else g.dtype.type(0)


@kernel
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise, as e / (1 + e) with e = exp(x) for negative x: exp never overflows, small results are exact."""
    ns = array_namespace(x)
    e = ns.exp(-ns.abs(x))
    return ns.where(x < 0, e, 1) / (1 + e)


@sigmoid.on("host")
def _(x: Any) -> Any:
    return mapped(_sigmoid, x) if floating(x) else NotImplemented


@loop
def _sigmoid(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = sigmoid_of(x[i])


@kernel
def sigmoid_grad(g: Array, y: Array) -> Array:
    """g y (1 - y) with `y` the result of sigmoid."""
    return g * y * (1 - y)


@sigmoid_grad.on("host")
def _(g: Any, y: Any) -> Any:
    return mapped_two(_sigmoid_grad, g, y) if alike(g, y) else NotImplemented


@loop
def _sigmoid_grad(g: Any, y: Any, gx: Any) -> None:
    for i in range(g.size):
        gx[i] = g[i] * y[i] * (g.dtype.type(1) - y[i])
