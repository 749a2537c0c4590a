"""Softmax, its logarithm, and their cotangents."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop, scalar
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, exp, log

# Compilers turn the greatest of integers into vector instructions; the greatest of floats, with NaN among them, they do not.
# A float's bits, all but the sign of negative ones flipped, are an integer in the same order.


def _rank32(x: Any) -> Any:
    bits = np.float32(x).view(np.int32)
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF))


def _rank64(x: Any) -> Any:
    bits = np.float64(x).view(np.int64)
    return np.int64(bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF))


def _at_rank32(bits: Any) -> Any:
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


def _at_rank64(bits: Any) -> Any:
    return np.int64(bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)).view(np.float64)


rank = scalar(float32=_rank32, float64=_rank64)
at_rank = scalar(int32=_at_rank32, int64=_at_rank64)


@kernel
def softmax(x: Array, *, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, without overflow."""
    ns = array_namespace(x)
    e = ns.exp(x - ns.max(x, axis=axis, keepdims=True))
    return e / ns.sum(e, axis=axis, keepdims=True)


@softmax.on("host")
def _(x: Any, *, axis: int) -> Any:
    return along(_softmax, axis, x)


@loop(reassociate=True)
def _softmax(x: Any, y: Any) -> None:
    rows, n = x.shape
    flat = y.ravel()
    block = max(1, 2048 // n)  # rows at a time: their numbers stay in the cache, and short rows share one loop over exp
    for start in range(0, rows, block):
        stop = min(rows, start + block)
        for i in range(start, stop):
            top = rank(x[i, 0])
            for k in range(n):
                top = max(top, rank(x[i, k]))
            greatest = at_rank(top)
            for k in range(n):
                y[i, k] = x[i, k] - greatest
        part = flat[start * n : stop * n]
        for j in range(part.size):
            part[j] = exp(part[j])
        for i in range(start, stop):
            total = x.dtype.type(0)
            for k in range(n):
                total += y[i, k]
            for k in range(n):
                y[i, k] /= total


@kernel
def softmax_grad(g: Array, y: Array, *, axis: int) -> Array:
    """y (g - sum(g y)) along `axis`, with `y` the result of softmax."""
    return y * (g - array_namespace(g, y).sum(g * y, axis=axis, keepdims=True))


@softmax_grad.on("host")
def _(g: Any, y: Any, *, axis: int) -> Any:
    return along(_softmax_grad, axis, g, y)


@loop(reassociate=True)
def _softmax_grad(g: Any, y: Any, gx: Any) -> None:
    for i in range(g.shape[0]):
        total = g.dtype.type(0)
        for k in range(g.shape[1]):
            total += g[i, k] * y[i, k]
        for k in range(g.shape[1]):
            gx[i, k] = y[i, k] * (g[i, k] - total)


@kernel
def log_softmax(x: Array, *, axis: int) -> Array:
    """x - log(sum(exp(x))) along `axis`, without overflow."""
    ns = array_namespace(x)
    d = x - ns.max(x, axis=axis, keepdims=True)
    return d - ns.log(ns.sum(ns.exp(d), axis=axis, keepdims=True))


@log_softmax.on("host")
def _(x: Any, *, axis: int) -> Any:
    return along(_log_softmax, axis, x)


@loop(reassociate=True)
def _log_softmax(x: Any, y: Any) -> None:
    rows, n = x.shape
    block = max(1, 2048 // n)
    powers = np.empty((block, n), x.dtype)
    flat = powers.ravel()
    for start in range(0, rows, block):
        stop = min(rows, start + block)
        for i in range(start, stop):
            top = rank(x[i, 0])
            for k in range(n):
                top = max(top, rank(x[i, k]))
            greatest = at_rank(top)
            for k in range(n):
                y[i, k] = x[i, k] - greatest
                powers[i - start, k] = x[i, k] - greatest
        for j in range((stop - start) * n):
            flat[j] = exp(flat[j])
        for i in range(start, stop):
            total = x.dtype.type(0)
            for k in range(n):
                total += powers[i - start, k]
            logarithm = log(total)
            for k in range(n):
                y[i, k] -= logarithm


@kernel
def log_softmax_grad(g: Array, y: Array, *, axis: int) -> Array:
    """g - exp(y) sum(g) along `axis`, with `y` the result of log_softmax."""
    ns = array_namespace(g, y)
    return g - ns.exp(y) * ns.sum(g, axis=axis, keepdims=True)


@log_softmax_grad.on("host")
def _(g: Any, y: Any, *, axis: int) -> Any:
    return along(_log_softmax_grad, axis, g, y)


@loop(reassociate=True)
def _log_softmax_grad(g: Any, y: Any, gx: Any) -> None:
    for i in range(g.shape[0]):
        total = g.dtype.type(0)
        for k in range(g.shape[1]):
            total += g[i, k]
        for k in range(g.shape[1]):
            gx[i, k] = g[i, k] - exp(y[i, k]) * total


def along(function: Any, axis: int, *xs: Any) -> Any:
    """A new array like the first of `xs`, whose lines along `axis` are the rows that `function(*xs, out)` writes."""
    x = xs[0]
    if x.size == 0 or not alike(*xs):
        return NotImplemented
    rows = [as_rows(x, axis) for x in xs]
    y = np.empty(rows[0].shape, x.dtype)
    function(*rows, y)
    return from_rows(y, x.shape, axis)


def as_rows(x: Any, axis: int) -> Any:
    """The lines of `x` along `axis` as the rows of a matrix in C order."""
    if axis not in (-1, x.ndim - 1):
        x = np.moveaxis(x, axis, -1)
    x = dense(x)
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def from_rows(y: Any, shape: tuple[int, ...], axis: int) -> Any:
    """The array of the given shape whose lines along `axis` are the rows of `y`."""
    if axis in (-1, len(shape) - 1):
        return y.reshape(shape)
    axis %= len(shape)
    return np.moveaxis(y.reshape(*shape[:axis], *shape[axis + 1 :], shape[axis]), -1, axis)
