"""Batch normalisation, forward and backward, and what is left of it with given statistics: a factor and a summand a channel.

x is `(n, channels, ...)`; statistics are over all axes but the second. Where x has only two axes, loops go along the rows and keep
sums of all columns; else each channel is a task of its own, whose numbers stay in the cache between the passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, flat
from xparray.kernels.normalization import BLOCK, corrected, distances, normalized, of_channels, served, sums_about
from xparray.kernels.rows import sum_of


@kernel
def batch_normalization(x: Array, gamma: Array, beta: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) gamma + beta with the mean and variance of each channel; and those, each `(channels,)`.

    Args:
        x: `(n, channels, ...)`.
        gamma: factors, `(channels,)`.
        beta: what is added, `(channels,)`.
        eps: a small number that keeps the root from 0.

    Source: S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML
    2015, https://arxiv.org/abs/1502.03167.
    """
    mean, var, h = normalized(x, (0, *range(2, x.ndim)), eps)
    ns = array_namespace(h, gamma, beta)
    y = h * of_channels(ns, gamma, x.ndim) + of_channels(ns, beta, x.ndim)
    return y, ns.reshape(mean, (-1,)), ns.reshape(var, (-1,))


@batch_normalization.on("host")
def _(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    if not served(x, (gamma, beta)):
        return NotImplemented
    y, mean, var = empty(x.shape, x.dtype), empty(x.shape[1:2], x.dtype), empty(x.shape[1:2], x.dtype)
    function, shape = _way(x, _batch_columns, _batch)
    _over_channels(function, dense(x).reshape(shape), dense(gamma), dense(beta), eps, y.reshape(shape), mean, var)
    return y, mean, var


@loop
def _batch(x: Any, gamma: Any, beta: Any, eps: Any, y: Any, mean: Any, var: Any, start: Any, stop: Any) -> None:
    n, _, size = x.shape
    for c in range(start, stop):
        near = x.dtype.type(sum_of(x[0, c]) / size)
        total, squares = 0.0, 0.0
        for i in range(n):
            part, other = distances(x[i, c], near)
            total += part
            squares += other
        center, squares = corrected(near, total, squares, n * size)
        mean[c] = center
        var[c] = squares / (n * size)
        near, scale = mean[c], 1 / np.sqrt(squares / (n * size) + eps)
        # What rounding took off the mean is given back to the quotient.
        factor, rest = x.dtype.type(scale), x.dtype.type((near - center) * scale)
        a, b = gamma[c], beta[c]
        for i in range(n):
            for k in range(size):
                y[i, c, k] = ((x[i, c, k] - near) * factor + rest) * a + b


@loop
def _batch_columns(x: Any, gamma: Any, beta: Any, eps: Any, y: Any, mean: Any, var: Any, start: Any, stop: Any) -> None:
    n, channels = len(x), stop - start
    mean, var = mean[start:stop], var[start:stop]
    center, squares = np.zeros(channels), np.zeros(channels)
    for i in range(n):
        row = x[i, start:stop]
        for c in range(channels):
            center[c] += row[c]
    for c in range(channels):
        center[c] /= n
        mean[c] = center[c]
    for i in range(n):
        row = x[i, start:stop]
        for c in range(channels):
            squares[c] += (row[c] - center[c]) * (row[c] - center[c])
    factor, rest = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
    for c in range(channels):
        var[c] = squares[c] / n
        scale = 1 / np.sqrt(squares[c] / n + eps)
        factor[c] = scale
        rest[c] = (mean[c] - center[c]) * scale
    a, b = gamma[start:stop], beta[start:stop]
    for i in range(n):
        row, out = x[i, start:stop], y[i, start:stop]
        for c in range(channels):
            out[c] = ((row[c] - mean[c]) * factor[c] + rest[c]) * a[c] + b[c]


@kernel
def batch_normalization_grad(
    g: Array, x: Array, gamma: Array, mean: Array, var: Array, *, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of `batch_normalization` in x, gamma and beta, with `mean` and `var` what it returned.

    With h = (x - mean) / s and s = sqrt(var + eps): the first is gamma (g - mean(g) - h mean(g h)) / s over each channel.
    """
    _, var, h = normalized(x, (0, *range(2, x.ndim)), eps)
    ns = array_namespace(g, h, gamma)
    axes = (0, *range(2, x.ndim))
    gx = g - ns.mean(g, axis=axes, keepdims=True) - h * ns.mean(g * h, axis=axes, keepdims=True)
    gx = gx * ns.divide(of_channels(ns, gamma, x.ndim), ns.sqrt(var + eps))
    return gx, ns.sum(g * h, axis=axes), ns.sum(g, axis=axes)


@batch_normalization_grad.on("host")
def _(g: Any, x: Any, gamma: Any, mean: Any, var: Any, *, eps: float) -> Any:
    if not served(x, (gamma,), (mean, var), gamma.shape) or not alike(g, x):
        return NotImplemented
    gx, ggamma, gbeta = empty(x.shape, x.dtype), empty(gamma.shape, x.dtype), empty(gamma.shape, x.dtype)
    function, shape = _way(x, _batch_columns_grad, _batch_grad)
    arrays = dense(x).reshape(shape), dense(g).reshape(shape), dense(gamma), flat(mean), flat(var), eps
    _over_channels(function, *arrays, gx.reshape(shape), ggamma, gbeta)
    return gx, ggamma, gbeta


@loop
def _batch_grad(
    x: Any, g: Any, gamma: Any, mean: Any, var: Any, eps: Any, gx: Any, ggamma: Any, gbeta: Any, start: Any, stop: Any
) -> None:
    n, _, size = x.shape
    for c in range(start, stop):
        total, moment = 0.0, 0.0
        for i in range(n):
            s, m = sums_about(g[i, c], x[i, c], mean[c])
            total += s
            moment += m
        scale = 1 / np.sqrt(var[c] + eps)
        gbeta[c] = total
        ggamma[c] = moment * scale
        factor = x.dtype.type(gamma[c] * scale)
        a = x.dtype.type(total / (n * size))
        b = x.dtype.type(moment / (n * size) * scale * scale)
        center = mean[c]
        for i in range(n):
            for k in range(size):
                gx[i, c, k] = (g[i, c, k] - a - (x[i, c, k] - center) * b) * factor


@loop
def _batch_columns_grad(
    x: Any, g: Any, gamma: Any, mean: Any, var: Any, eps: Any, gx: Any, ggamma: Any, gbeta: Any, start: Any, stop: Any
) -> None:
    n, channels = len(x), stop - start
    center = mean[start:stop]
    total, moment = np.zeros(channels), np.zeros(channels)
    part, more = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
    for first in range(0, n, BLOCK):
        for c in range(channels):
            part[c] = 0
            more[c] = 0
        for i in range(first, min(n, first + BLOCK)):
            row, other = g[i, start:stop], x[i, start:stop]
            for c in range(channels):
                part[c] += row[c]
            for c in range(channels):
                more[c] += row[c] * (other[c] - center[c])
        for c in range(channels):
            total[c] += part[c]
        for c in range(channels):
            moment[c] += more[c]
    factor, a, b = np.empty(channels, x.dtype), np.empty(channels, x.dtype), np.empty(channels, x.dtype)
    for c in range(channels):
        scale = 1 / np.sqrt(var[start + c] + eps)
        gbeta[start + c] = total[c]
        ggamma[start + c] = moment[c] * scale
        factor[c] = gamma[start + c] * scale
        a[c] = total[c] / n
        b[c] = moment[c] / n * scale * scale
    for i in range(n):
        row, other, out = g[i, start:stop], x[i, start:stop], gx[i, start:stop]
        for c in range(channels):
            out[c] = (row[c] - a[c] - (other[c] - center[c]) * b[c]) * factor[c]


# ------------------------------------------------------------------------------------------- given statistics


@kernel
def scale_and_shift(x: Array, scale: Array, shift: Array) -> Array:
    """x scale + shift, with a factor and a summand for each channel of x, `(n, channels, ...)`."""
    ns = array_namespace(x, scale, shift)
    return x * of_channels(ns, scale, x.ndim) + of_channels(ns, shift, x.ndim)


@scale_and_shift.on("host")
def _(x: Any, scale: Any, shift: Any) -> Any:
    if not served(x, (scale, shift)):
        return NotImplemented
    y = empty(x.shape, x.dtype)
    function, shape = _way(x, _scale_columns, _scale)
    _over_channels(function, dense(x).reshape(shape), dense(scale), dense(shift), y.reshape(shape))
    return y


@loop
def _scale(x: Any, scale: Any, shift: Any, y: Any, start: Any, stop: Any) -> None:
    for i in range(x.shape[0]):
        for c in range(start, stop):
            a, b = scale[c], shift[c]
            for k in range(x.shape[2]):
                y[i, c, k] = x[i, c, k] * a + b


@loop
def _scale_columns(x: Any, scale: Any, shift: Any, y: Any, start: Any, stop: Any) -> None:
    scale, shift = scale[start:stop], shift[start:stop]
    for i in range(len(x)):
        row, out = x[i, start:stop], y[i, start:stop]
        for c in range(scale.size):
            out[c] = row[c] * scale[c] + shift[c]


@kernel
def scale_and_shift_grad(g: Array, x: Array, scale: Array) -> tuple[Array, Array, Array]:
    """The gradients of `scale_and_shift` in x, scale and shift: g scale, and the sums of g x and of g over each channel."""
    ns = array_namespace(g, x, scale)
    axes = (0, *range(2, x.ndim))
    return g * of_channels(ns, scale, x.ndim), ns.sum(g * x, axis=axes), ns.sum(g, axis=axes)


@scale_and_shift_grad.on("host")
def _(g: Any, x: Any, scale: Any) -> Any:
    if not served(x, (scale,)) or not alike(g, x):
        return NotImplemented
    gx, gscale, gshift = empty(x.shape, x.dtype), empty(scale.shape, x.dtype), empty(scale.shape, x.dtype)
    function, shape = _way(x, _scale_columns_grad, _scale_grad)
    arrays = dense(x).reshape(shape), dense(g).reshape(shape), dense(scale)
    _over_channels(function, *arrays, gx.reshape(shape), gscale, gshift)
    return gx, gscale, gshift


@loop
def _scale_grad(x: Any, g: Any, scale: Any, gx: Any, gscale: Any, gshift: Any, start: Any, stop: Any) -> None:
    for c in range(start, stop):
        total, moment = 0.0, 0.0
        for i in range(x.shape[0]):
            s, m = sums_about(g[i, c], x[i, c], x.dtype.type(0))
            total += s
            moment += m
            for k in range(x.shape[2]):
                gx[i, c, k] = g[i, c, k] * scale[c]
        gscale[c] = moment
        gshift[c] = total


@loop
def _scale_columns_grad(x: Any, g: Any, scale: Any, gx: Any, gscale: Any, gshift: Any, start: Any, stop: Any) -> None:
    scale = scale[start:stop]
    channels = scale.size
    total, moment = np.zeros(channels), np.zeros(channels)
    for i in range(len(x)):
        row, other, out = g[i, start:stop], x[i, start:stop], gx[i, start:stop]
        for c in range(channels):
            total[c] += row[c]
        for c in range(channels):
            moment[c] += row[c] * other[c]
        for c in range(channels):
            out[c] = row[c] * scale[c]
    for c in range(channels):
        gscale[start + c] = moment[c]
        gshift[start + c] = total[c]


# ---------------------------------------------------------------------------------------------- what they share


def _way(x: Any, columns: Any, channels: Any) -> Any:
    """The loop for an array like `x`, and the shape in which it takes it."""
    return (columns, x.shape) if x.ndim == 2 else (channels, (*x.shape[:2], -1))


def _over_channels(function: Any, x: Any, *args: Any) -> None:
    if x.size < LEAST:
        function(x, *args, 0, x.shape[1])
    else:
        share(function, x.shape[1], x, *args, least=1)
