"""Activations and their cotangents, each one pass over memory."""

from __future__ import annotations

from typing import Any

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import alike, exp, expm1, floating, mapped
from xparray.kernels.elementary import sigmoid as sigmoid_of
from xparray.kernels.elementary import softplus as softplus_of


@kernel
def relu(x: Array) -> Array:
    """max(x, 0), elementwise; NaN stays NaN."""
    return array_namespace(x).where(x <= 0, 0, x)


@relu.on("host")
def _(x: Any) -> Any:
    return mapped(_relu, x) if floating(x) else NotImplemented


@loop
def _relu(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = x.dtype.type(0) if x[i] <= 0 else x[i]


@kernel
def relu_grad(g: Array, y: Array) -> Array:
    """`g` where `y`, the result of relu, is positive; 0 elsewhere."""
    return array_namespace(g).where(y > 0, g, 0)


@relu_grad.on("host")
def _(g: Any, y: Any) -> Any:
    if not alike(g, y):
        return NotImplemented
    # Some channels of images with more: each image's lie together, and are read where they are.
    if g.ndim > 1 and g.size >= LEAST * len(g) > 0 and not g.flags.carray and g[0].flags.carray and y.flags.carray:
        gx = empty(g.shape, g.dtype)
        for parts in zip(g, y, gx, strict=True):
            share(_relu_grad, parts[0].size, *(part.reshape(-1) for part in parts))
        return gx
    return mapped(_relu_grad, g, y)


@loop
def _relu_grad(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    g, y, gx = g[start:stop], y[start:stop], gx[start:stop]
    for i in range(g.size):
        gx[i] = g[i] if y[i] > 0 else g.dtype.type(0)


@kernel
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise, as e / (1 + e) with e = exp(x) for negative x: exp never overflows, small results are exact."""
    ns = array_namespace(x)
    e = ns.exp(ns.where(x < 0, x, -x))  # not -|x|, whose slope at 0 is wrong
    return ns.where(x < 0, e, 1) / (1 + e)


@sigmoid.on("host")
def _(x: Any) -> Any:
    return mapped(_sigmoid, x) if floating(x) else NotImplemented


@loop
def _sigmoid(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = sigmoid_of(x[i])


@kernel
def sigmoid_grad(g: Array, y: Array) -> Array:
    """g y (1 - y) with `y` the result of sigmoid."""
    return g * y * (1 - y)


@sigmoid_grad.on("host")
def _(g: Any, y: Any) -> Any:
    return mapped(_sigmoid_grad, g, y) if alike(g, y) else NotImplemented


@loop
def _sigmoid_grad(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    g, y, gx = g[start:stop], y[start:stop], gx[start:stop]
    for i in range(g.size):
        gx[i] = g[i] * y[i] * (g.dtype.type(1) - y[i])


@kernel
def tanh_grad(g: Array, y: Array) -> Array:
    """g (1 - y^2) with `y` the result of tanh."""
    return g * (1 - y * y)


@tanh_grad.on("host")
def _(g: Any, y: Any) -> Any:
    return mapped(_tanh_grad, g, y) if alike(g, y) else NotImplemented


@loop
def _tanh_grad(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    g, y, gx = g[start:stop], y[start:stop], gx[start:stop]
    for i in range(g.size):
        gx[i] = g[i] * (g.dtype.type(1) - y[i] * y[i])


@kernel
def silu(x: Array) -> Array:
    """x sigmoid(x), elementwise: swish with the slope 1.

    Source: P. Ramachandran, B. Zoph, Q. V. Le, Searching for Activation Functions, 2017, https://arxiv.org/abs/1710.05941.
    """
    return x * sigmoid(x)


@silu.on("host")
def _(x: Any) -> Any:
    return mapped(_silu, x) if floating(x) else NotImplemented


@loop
def _silu(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = x[i] * sigmoid_of(x[i])


@kernel
def silu_grad(g: Array, x: Array) -> Array:
    """g s (1 + x (1 - s)) with s = sigmoid(x): the gradient of `silu`."""
    s = sigmoid(x)
    return g * s * (1 + x * (1 - s))


@silu_grad.on("host")
def _(g: Any, x: Any) -> Any:
    return mapped(_silu_grad, g, x) if alike(g, x) else NotImplemented


@loop
def _silu_grad(g: Any, x: Any, gx: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    one = g.dtype.type(1)
    for i in range(g.size):
        s = sigmoid_of(x[i])
        gx[i] = g[i] * s * (one + x[i] * (one - s))


@kernel
def softplus(x: Array, *, beta: float) -> Array:
    """log(1 + exp(beta x)) / beta, elementwise, without overflow; its gradient is sigmoid(beta x)."""
    ns = array_namespace(x)
    z = beta * x
    return (ns.where(z > 0, z, 0) + ns.log1p(ns.exp(-ns.abs(z)))) / beta


@softplus.on("host")
def _(x: Any, *, beta: float) -> Any:
    return mapped(_softplus, x, numbers=(beta, 1 / beta)) if floating(x) else NotImplemented


@loop
def _softplus(x: Any, y: Any, beta: Any, inverse: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = softplus_of(beta * x[i]) * inverse


@kernel
def softplus_grad(g: Array, x: Array, *, beta: float) -> Array:
    """g sigmoid(beta x): the gradient of `softplus`."""
    return g * sigmoid(beta * x)


@softplus_grad.on("host")
def _(g: Any, x: Any, *, beta: float) -> Any:
    return mapped(_softplus_grad, g, x, numbers=(beta,)) if alike(g, x) else NotImplemented


@loop
def _softplus_grad(g: Any, x: Any, gx: Any, beta: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    for i in range(g.size):
        gx[i] = g[i] * sigmoid_of(beta * x[i])


@kernel
def elu(x: Array, *, alpha: float, scale: float) -> Array:
    """scale x where x is positive, scale alpha (exp(x) - 1) elsewhere: elu for the scale 1, selu for its two constants.

    Sources: D. Clevert, T. Unterthiner, S. Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units, ICLR
    2016, https://arxiv.org/abs/1511.07289; G. Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017,
    https://arxiv.org/abs/1706.02515.
    """
    ns = array_namespace(x)
    return ns.where(x > 0, scale * x, scale * alpha * ns.expm1(ns.where(x > 0, 0, x)))


@elu.on("host")
def _(x: Any, *, alpha: float, scale: float) -> Any:
    return mapped(_elu, x, numbers=(scale * alpha, scale)) if floating(x) else NotImplemented


@loop
def _elu(x: Any, y: Any, factor: Any, scale: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = scale * x[i] if x[i] > 0 else factor * expm1(x[i])


@kernel
def elu_grad(g: Array, x: Array, *, alpha: float, scale: float) -> Array:
    """scale g where x is positive, scale alpha exp(x) g elsewhere: the gradient of `elu`."""
    ns = array_namespace(x)
    return g * ns.where(x > 0, scale, scale * alpha * ns.exp(ns.where(x > 0, 0, x)))


@elu_grad.on("host")
def _(g: Any, x: Any, *, alpha: float, scale: float) -> Any:
    return mapped(_elu_grad, g, x, numbers=(scale * alpha, scale)) if alike(g, x) else NotImplemented


@loop
def _elu_grad(g: Any, x: Any, gx: Any, factor: Any, scale: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    for i in range(g.size):
        gx[i] = g[i] * (scale if x[i] > 0 else factor * exp(x[i]))
