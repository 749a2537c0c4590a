"""Normalisation by mean and variance, forward and backward: of layers (rows), of groups of channels, of batches, and by RMS.

Every forward returns the statistics that its gradient reads: means and biased variances. Distances are summed up from a number near
the mean, and their own mean corrects both: T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for Computing the Sample Variance, The
American Statistician 37(3), 1983. The references of the gradients compute the statistics anew, so that a gradient of a gradient
sees that they depend on x.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray._dispatch import array_namespace, describe
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, flat, floating
from xparray.kernels.rows import PART, over_rows, sum_of, sum_of_products

# How many rows add up to one row of sums, before those are added up.
BLOCK = 32


@loop
def moments(x: Any) -> Any:
    """The mean of a row and the sum of the squared distances from it, in double precision."""
    near = x.dtype.type(sum_of(x) / x.size)
    total, squares = distances(x, near)
    return corrected(near, total, squares, x.size)


@loop
def distances(x: Any, near: Any) -> Any:
    """The sums of x - near and of (x - near)^2 over a row, in double precision."""
    total, squares = 0.0, 0.0
    for start in range(0, x.size, PART):
        part, other = _distances(x[start : start + PART], near)
        total += part
        squares += other
    return total, squares


@loop(reassociate=True)
def _distances(x: Any, near: Any) -> Any:
    total, squares = x.dtype.type(0), x.dtype.type(0)
    for i in range(x.size):
        d = x[i] - near
        total += d
        squares += d * d
    return total, squares


@loop
def corrected(near: Any, total: Any, squares: Any, n: Any) -> Any:
    """The mean of n numbers and the sum of the squared distances from it, from the sums of distances from a number near it."""
    mean = near + total / n if abs(near) < np.inf else np.float64(near)
    return mean, squares - total * total / n


# ---------------------------------------------------------------------------------------------------- layers


@kernel
def layer_normalization(x: Array, gamma: Array, beta: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) gamma + beta with the mean and variance of each row; and those, each `(n,)`.

    Args:
        x: `(n, size)`.
        gamma: factors, `(size,)`.
        beta: what is added, `(size,)`.
        eps: a small number that keeps the root from 0.

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450.
    """
    mean, var, h = normalized(x, (1,), eps)
    ns = array_namespace(h)
    return h * gamma + beta, ns.squeeze(mean, axis=1), ns.squeeze(var, axis=1)


@layer_normalization.on("host")
def _(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    if x.ndim != 2 or not served(x, (gamma, beta)):
        return NotImplemented
    y, mean, var = empty(x.shape, x.dtype), empty(x.shape[:1], x.dtype), empty(x.shape[:1], x.dtype)
    over_rows(_layer, x.size, dense(x), dense(gamma), dense(beta), eps, y, mean, var)
    return y, mean, var


@loop
def _layer(x: Any, gamma: Any, beta: Any, eps: Any, y: Any, mean: Any, var: Any, start: Any, stop: Any) -> None:
    x, y, mean, var = x[start:stop], y[start:stop], mean[start:stop], var[start:stop]
    n = x.shape[1]
    for i in range(x.shape[0]):
        center, squares = moments(x[i])
        mean[i] = center
        var[i] = squares / n
        # What rounding took off the mean is given back to the quotient.
        scale = x.dtype.type(1 / np.sqrt(squares / n + eps))
        rest = x.dtype.type((mean[i] - center) * scale)
        for k in range(n):
            y[i, k] = ((x[i, k] - mean[i]) * scale + rest) * gamma[k] + beta[k]


@kernel
def layer_normalization_grad(
    g: Array, x: Array, gamma: Array, mean: Array, var: Array, *, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of `layer_normalization` in x, gamma and beta, with `mean` and `var` what it returned.

    With h = (x - mean) / s, s = sqrt(var + eps) and e = g gamma: the first is (e - mean(e) - h mean(e h)) / s over each row.
    """
    _, var, h = normalized(x, (1,), eps)
    ns = array_namespace(g, h)
    e = g * gamma
    gx = e - ns.mean(e, axis=1, keepdims=True) - h * ns.mean(e * h, axis=1, keepdims=True)
    return gx / ns.sqrt(var + eps), ns.sum(g * h, axis=0), ns.sum(g, axis=0)


@layer_normalization_grad.on("host")
def _(g: Any, x: Any, gamma: Any, mean: Any, var: Any, *, eps: float) -> Any:
    if x.ndim != 2 or not served(x, (gamma,), (mean, var), x.shape[:1]) or not alike(g, x):
        return NotImplemented
    gx = empty(x.shape, x.dtype)
    sums = empty((-(-len(x) // BLOCK), 2, x.shape[1]), x.dtype)
    statistics = flat(mean), flat(var), eps
    over_rows(_layer_grad, x.size, dense(x), dense(g), dense(gamma), *statistics, gx, sums, grain=BLOCK)
    return gx, *_joined(sums)


@loop
def _layer_grad(
    x: Any, g: Any, gamma: Any, mean: Any, var: Any, eps: Any, gx: Any, sums: Any, start: Any, stop: Any
) -> None:
    n = x.shape[1]
    for first in range(start, stop, BLOCK):
        ggamma, gbeta = sums[first // BLOCK, 0], sums[first // BLOCK, 1]
        for k in range(n):
            ggamma[k] = 0
            gbeta[k] = 0
        for i in range(first, min(stop, first + BLOCK)):
            center, scale = mean[i], x.dtype.type(1 / np.sqrt(var[i] + eps))
            total, moment = _weighted_sums(g[i], gamma, x[i], center)
            a = x.dtype.type(total / n)
            b = x.dtype.type(moment / n) * scale * scale
            for k in range(n):
                ggamma[k] += g[i, k] * (x[i, k] - center) * scale
            for k in range(n):
                gbeta[k] += g[i, k]
            for k in range(n):
                gx[i, k] = (g[i, k] * gamma[k] - a - (x[i, k] - center) * b) * scale


@loop
def _weighted_sums(g: Any, gamma: Any, x: Any, center: Any) -> Any:
    """The sums of e and of e (x - center), with e = g gamma."""
    total, moment = 0.0, 0.0
    for start in range(0, x.size, PART):
        stop = start + PART
        part, other = _short_weighted_sums(g[start:stop], gamma[start:stop], x[start:stop], center)
        total += part
        moment += other
    return total, moment


@loop(reassociate=True)
def _short_weighted_sums(g: Any, gamma: Any, x: Any, center: Any) -> Any:
    total, moment = x.dtype.type(0), x.dtype.type(0)
    for i in range(x.size):
        e = g[i] * gamma[i]
        total += e
        moment += e * (x[i] - center)
    return total, moment


@kernel
def rms_normalization(x: Array, gamma: Array, *, eps: float) -> tuple[Array, Array]:
    """x / sqrt(m + eps) gamma with m the mean of the squares of each row, and m, `(n,)`.

    Args:
        x: `(n, size)`.
        gamma: factors, `(size,)`.
        eps: a small number that keeps the root from 0.

    Source: B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, https://arxiv.org/abs/1910.07467.
    """
    ns = array_namespace(x, gamma)
    m = ns.mean(x * x, axis=1, keepdims=True)
    return x / ns.sqrt(m + eps) * gamma, ns.squeeze(m, axis=1)


@rms_normalization.on("host")
def _(x: Any, gamma: Any, *, eps: float) -> Any:
    if x.ndim != 2 or not served(x, (gamma,)):
        return NotImplemented
    y, m = empty(x.shape, x.dtype), empty(x.shape[:1], x.dtype)
    over_rows(_rms, x.size, dense(x), dense(gamma), eps, y, m)
    return y, m


@loop
def _rms(x: Any, gamma: Any, eps: Any, y: Any, m: Any, start: Any, stop: Any) -> None:
    x, y, m = x[start:stop], y[start:stop], m[start:stop]
    for i in range(x.shape[0]):
        mean = sum_of_products(x[i], x[i]) / x.shape[1]
        m[i] = mean
        scale = x.dtype.type(1 / np.sqrt(mean + eps))
        for k in range(x.shape[1]):
            y[i, k] = x[i, k] * scale * gamma[k]


@kernel
def rms_normalization_grad(g: Array, x: Array, gamma: Array, m: Array, *, eps: float) -> tuple[Array, Array]:
    """The gradients of `rms_normalization` in x and gamma, with `m` what it returned.

    With h = x / s, s = sqrt(m + eps) and e = g gamma: the first is (e - h mean(e h)) / s over each row.
    """
    ns = array_namespace(g, x, gamma)
    s = ns.sqrt(ns.mean(x * x, axis=1, keepdims=True) + eps)
    h = x / s
    e = g * gamma
    return (e - h * ns.mean(e * h, axis=1, keepdims=True)) / s, ns.sum(g * h, axis=0)


@rms_normalization_grad.on("host")
def _(g: Any, x: Any, gamma: Any, m: Any, *, eps: float) -> Any:
    if x.ndim != 2 or not served(x, (gamma,), (m,), x.shape[:1]) or not alike(g, x):
        return NotImplemented
    gx = empty(x.shape, x.dtype)
    sums = empty((-(-len(x) // BLOCK), 1, x.shape[1]), x.dtype)
    over_rows(_rms_grad, x.size, dense(x), dense(g), dense(gamma), flat(m), eps, gx, sums, grain=BLOCK)
    return gx, *_joined(sums)


@loop
def _rms_grad(x: Any, g: Any, gamma: Any, m: Any, eps: Any, gx: Any, sums: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    for first in range(start, stop, BLOCK):
        ggamma = sums[first // BLOCK, 0]
        for k in range(n):
            ggamma[k] = 0
        for i in range(first, min(stop, first + BLOCK)):
            scale = x.dtype.type(1 / np.sqrt(m[i] + eps))
            b = x.dtype.type(_weighted_sums(g[i], gamma, x[i], x.dtype.type(0))[1] / n) * scale * scale
            for k in range(n):
                ggamma[k] += g[i, k] * x[i, k] * scale
            for k in range(n):
                gx[i, k] = (g[i, k] * gamma[k] - x[i, k] * b) * scale


# ---------------------------------------------------------------------------------------------------- groups


@kernel
def group_normalization(x: Array, gamma: Array, beta: Array, *, groups: int, eps: float) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) gamma + beta with the mean and variance of each group of channels; and those, each `(n, groups)`.

    Args:
        x: `(n, channels, ...)`.
        gamma: factors, `(channels,)`.
        beta: what is added, `(channels,)`.
        groups: a divisor of the number of channels: 1 takes all together, `channels` each by itself (instance normalisation).
        eps: a small number that keeps the root from 0.

    Source: Y. Wu, K. He, Group Normalization, ECCV 2018, https://arxiv.org/abs/1803.08494.
    """
    ns = array_namespace(x, gamma, beta)
    mean, var, h = normalized(ns.reshape(x, _grouped(x, groups)), (2,), eps)
    y = ns.reshape(h, x.shape) * of_channels(ns, gamma, x.ndim) + of_channels(ns, beta, x.ndim)
    return y, ns.squeeze(mean, axis=2), ns.squeeze(var, axis=2)


@group_normalization.on("host")
def _(x: Any, gamma: Any, beta: Any, *, groups: int, eps: float) -> Any:
    if not served(x, (gamma, beta)):
        return NotImplemented
    _grouped(x, groups)
    y, mean, var = empty(x.shape, x.dtype), *(empty((len(x), groups), x.dtype) for _ in range(2))
    shape = (len(x) * groups, x.shape[1] // groups, -1)
    rows = dense(x).reshape(shape), dense(gamma), dense(beta), groups, eps, y.reshape(shape)
    over_rows(_group, x.size, *rows, mean.reshape(-1), var.reshape(-1))
    return y, mean, var


@loop
def _group(
    x: Any, gamma: Any, beta: Any, groups: Any, eps: Any, y: Any, mean: Any, var: Any, start: Any, stop: Any
) -> None:
    channels = x.shape[1]
    for i in range(start, stop):
        center, squares = moments(x[i].ravel())
        squares /= channels * x.shape[2]
        near, scale = x.dtype.type(center), 1 / np.sqrt(squares + eps)
        mean[i] = near
        var[i] = squares
        factor, rest = x.dtype.type(scale), x.dtype.type((near - center) * scale)
        for j in range(channels):
            c = i % groups * channels + j
            a, b = gamma[c], beta[c]
            for k in range(x.shape[2]):
                y[i, j, k] = ((x[i, j, k] - near) * factor + rest) * a + b


@kernel
def group_normalization_grad(
    g: Array, x: Array, gamma: Array, mean: Array, var: Array, *, groups: int, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of `group_normalization` in x, gamma and beta, with `mean` and `var` what it returned.

    The first is that of `layer_normalization` over each group.
    """
    ns = array_namespace(g, x, gamma)
    rows = _grouped(x, groups)
    _, var, h = normalized(ns.reshape(x, rows), (2,), eps)
    e = ns.reshape(g * of_channels(ns, gamma, x.ndim), rows)
    gx = (e - ns.mean(e, axis=2, keepdims=True) - h * ns.mean(e * h, axis=2, keepdims=True)) / ns.sqrt(var + eps)
    others = (0, *range(2, x.ndim))
    return ns.reshape(gx, x.shape), ns.sum(g * ns.reshape(h, x.shape), axis=others), ns.sum(g, axis=others)


@group_normalization_grad.on("host")
def _(g: Any, x: Any, gamma: Any, mean: Any, var: Any, *, groups: int, eps: float) -> Any:
    if not served(x, (gamma,), (mean, var), (len(x), groups)) or not alike(g, x):
        return NotImplemented
    _grouped(x, groups)
    gx, sums = empty(x.shape, x.dtype), empty((len(x), 2, x.shape[1]), x.dtype)
    shape = (len(x) * groups, x.shape[1] // groups, -1)
    rows = dense(x).reshape(shape), dense(g).reshape(shape), dense(gamma), flat(mean), flat(var), groups, eps
    over_rows(_group_grad, x.size, *rows, gx.reshape(shape), sums)
    return gx, *_joined(sums)


@loop
def _group_grad(
    x: Any, g: Any, gamma: Any, mean: Any, var: Any, groups: Any, eps: Any, gx: Any, sums: Any, start: Any, stop: Any
) -> None:
    channels, size = x.shape[1:]
    for i in range(start, stop):
        center, scale = mean[i], 1 / np.sqrt(var[i] + eps)
        ggamma, gbeta = sums[i // groups, 0], sums[i // groups, 1]
        total, moment = 0.0, 0.0
        for j in range(channels):
            c = i % groups * channels + j
            s, m = sums_about(g[i, j], x[i, j], center)
            gbeta[c] = s
            ggamma[c] = m * scale
            total += gamma[c] * s
            moment += gamma[c] * m
        mean_of_e = x.dtype.type(total / (channels * size) * scale)
        b = x.dtype.type(moment / (channels * size) * scale * scale * scale)
        for j in range(channels):
            a = x.dtype.type(gamma[i % groups * channels + j] * scale)
            for k in range(size):
                gx[i, j, k] = g[i, j, k] * a - mean_of_e - (x[i, j, k] - center) * b


@loop(reassociate=True)
def sums_about(g: Any, x: Any, center: Any) -> Any:
    """The sums of g and of g (x - center) over a row, in double precision."""
    total = 0.0
    moment = 0.0
    for start in range(0, x.size, PART):
        a, b = g[start : start + PART], x[start : start + PART]
        part = x.dtype.type(0)
        other = x.dtype.type(0)
        for i in range(a.size):
            part += a[i]
            other += a[i] * (b[i] - center)
        total += part
        moment += other
    return total, moment


# ---------------------------------------------------------------------------------------------- what they share


def normalized(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """Mean and variance over `axes`, which stay with length 1, and (x - mean) / sqrt(var + eps)."""
    ns = array_namespace(x)
    mean = ns.mean(x, axis=axes, keepdims=True)
    d = x - mean
    var = ns.mean(d * d, axis=axes, keepdims=True)
    return mean, var, d / ns.sqrt(var + eps)


def of_channels(ns: Any, x: Array, ndim: int) -> Array:
    """`x`, `(channels,)`, as an array of `ndim` axes of which the second is its own."""
    return ns.reshape(x, (1, -1, *(1,) * (ndim - 2)))


def served(x: Any, parameters: Any, statistics: Any = (), shape: tuple[int, ...] = ()) -> bool:
    """Whether the loops take x, parameters of the length of its second axis, and statistics of the given shape."""
    return bool(
        floating(x)
        and x.size
        and all(p.dtype == x.dtype and p.shape == x.shape[1:2] for p in parameters)
        and all(s.dtype == x.dtype and s.shape == shape for s in statistics)
    )


def _grouped(x: Array, groups: int) -> tuple[int, int, int]:
    """The shape of x with a row for each group."""
    if groups < 1 or x.shape[1] % groups:
        raise ValueError(
            f"group_normalization: {groups} groups do not divide the {x.shape[1]} channels of x ({describe('x', [x])}); "
            "give a divisor, such as 1 or the number of channels"
        )
    return x.shape[0], groups, math.prod(x.shape[1:]) // groups


def _joined(sums: Any) -> Any:
    """The sums over the first axis, one array for each of the second."""
    parts = empty(sums.shape[1:], sums.dtype)
    _join(sums.reshape(len(sums), -1), parts.reshape(-1))
    return tuple(parts)


@loop
def _join(sums: Any, y: Any) -> None:
    total = np.zeros(y.size, np.float64)
    for i in range(sums.shape[0]):
        for k in range(y.size):
            total[k] += sums[i, k]
    for k in range(y.size):
        y[k] = total[k]
