"""Normalisation of each channel by the statistics of a minibatch, or by given ones."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import xparray as xp
from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.nn.functions.normalization import (
    Cotangents,
    check_floating,
    flat,
    like,
    needed,
    of_result,
    promoted,
    with_statistics,
)
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import batch_normalization as kernels

Axis = int | tuple[int, ...] | None

# ------------------------------------------------------------------------------------------------------------- ops


@op
def batch_normalized(x: Array, gamma: Array, beta: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """`batch_normalization` of `(n, channels, ...)`, with the mean and the variance of each channel."""
    return kernels.batch_normalization(x, gamma, beta, eps=eps)


@op
def scaled_and_shifted(x: Array, scale: Array, shift: Array) -> Array:
    """x scale + shift, with a factor and a summand for each channel of `(n, channels, ...)`."""
    return kernels.scale_and_shift(x, scale, shift)


@batch_normalized.vjp
def _(
    g: Cotangents, x: Array, gamma: Array, out: tuple[Array, ...], eps: float, *, needs: tuple[bool, ...]
) -> list[Array | None]:
    _, mean, var = out
    gs = kernels.batch_normalization_grad(of_result(g, x), x, gamma, mean, var, eps=eps)
    return needed(with_statistics(gs[0], g, x, mean, (0, *range(2, x.ndim))), *gs[1:], needs=needs)


@scaled_and_shifted.vjp
def _(g: Array, x: Array, scale: Array, *, needs: tuple[bool, ...]) -> list[Array | None]:
    return needed(*kernels.scale_and_shift_grad(g, x, scale), needs=needs)


batch_normalized.name = "batch_normalization"  # what errors and graphs call it


# ---------------------------------------------------------------------------------------------------------- checks


def _channel_axes(function: str, x: Array, axis: Axis, **parameters: Array) -> tuple[int, ...]:
    """The axes of x that the parameters have: all but those that are averaged over."""
    check_floating(function, x=x, **parameters)

    def listed() -> str:
        return describe(["x", *parameters], [x, *parameters.values()])

    shape = tuple(parameters["gamma"].shape)
    if axis is None:
        kept = tuple(range(1, len(shape) + 1))
    else:
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        if any(not -x.ndim <= a < x.ndim for a in axes) or len({a % x.ndim for a in axes}) < len(axes):
            raise ValueError(f"{function}: axis is {axis!r}, x has {x.ndim} axes ({listed()}); expected different ones")
        kept = tuple(i for i in range(x.ndim) if i not in {a % x.ndim for a in axes})
    if kept and kept[-1] >= x.ndim:
        raise ValueError(f"{function}: gamma has more axes than an example of x ({listed()}); reshape it")
    expected = tuple(x.shape[i] for i in kept)
    for name, p in parameters.items():
        if tuple(p.shape) != expected:
            raise ValueError(
                f"{function}: {name} has shape {tuple(p.shape)}, expected {expected} ({listed()}); "
                f"make {name} for the axes of x that are not averaged over"
            )
    return kept


def _by_channel(x: Array, kept: tuple[int, ...]) -> tuple[Array, Callable[[Array], Array]]:
    """x as `(n, channels, ...)`, where `kept` are the axes of the channels, and the function that takes an array back."""
    if kept == (1,):
        return x, lambda y: y
    shape = tuple(x.shape)
    others = tuple(i for i in range(x.ndim) if i not in kept)
    channels = math.prod(shape[i] for i in kept)
    first = kept[0] if kept else x.ndim
    if kept == tuple(range(first, first + len(kept))):
        after = math.prod(shape[first + len(kept) :])
        rows = (math.prod(shape[:first]), channels, *([after] if after != 1 else []))
        return F.reshape(x, shape=rows), lambda y: F.reshape(y, shape=shape)
    order = (*others, *kept)
    moved = tuple(shape[i] for i in order)
    back = tuple(order.index(i) for i in range(x.ndim))
    matrix = F.reshape(F.permute_dims(x, axes=order), shape=(math.prod(shape[i] for i in others), channels))
    return matrix, lambda y: F.permute_dims(F.reshape(y, shape=moved), axes=back)


def _check_running(function: str, gamma: Array, needed: bool, **running: Any) -> None:
    """Raise unless the running statistics are arrays of the shape of gamma, or none at all unless `needed`."""
    missing = [name for name, x in running.items() if x is None]
    if missing and (needed or len(missing) < len(running)):
        raise TypeError(
            f"{function}: {' and '.join(missing)} missing; give {' and '.join(running)}, as arrays like gamma"
        )
    if missing:
        return
    check_floating(function, **running)
    for name, x in running.items():
        if tuple(x.shape) != tuple(gamma.shape):
            raise ValueError(
                f"{function}: {name} has shape {tuple(x.shape)}, gamma {tuple(gamma.shape)} "
                f"({describe(['gamma', name], [gamma, x])}); give both the same"
            )


def count_values(function: str, x: Array, channels: int) -> int:
    """How many values of x the statistics of one channel are of; warns where it is one.

    Raises:
        ValueError: there is none.
    """
    count = math.prod(x.shape) // channels if channels else 0
    if count == 0:
        raise ValueError(f"{function}: x has no values to normalise by ({describe('x', [x])}); leave empty batches out")
    if count == 1:
        text = (
            f"{function}: one value a channel ({describe('x', [x])}) gives beta; set config.train = False to evaluate"
        )
        warnings.warn(text, UserWarning, stacklevel=4)
    return count


def update_running(running: Array, new: Array, decay: float, factor: float = 1.0) -> None:
    """running decay + new factor (1 - decay), in place."""
    new = xp.astype(xp.reshape(as_array(new), running.shape), running.dtype)
    running[...] = running * decay + new * (factor * (1 - decay))


# ------------------------------------------------------------------------------------------------------- functions


def batch_normalization(
    x: Array,
    gamma: Array,
    beta: Array,
    *,
    eps: float = 2e-5,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    decay: float = 0.9,
    axis: Axis = None,
) -> Array:
    """(x - mean) / sqrt(var + eps) gamma + beta, with the mean and the variance of each channel over the minibatch.

    Running statistics are changed in place: running_mean becomes decay running_mean + (1 - decay) mean, and running_var so with the
    unbiased variance, var m / (m - 1) for m values a channel.

    Args:
        x: `(n, *channels, ...)`, where the axes of the channels are as many as gamma has: one, as a rule.
        gamma: factors, `(*channels)`.
        beta: what is added, `(*channels)`.
        eps: a small number that keeps the root from 0.
        running_mean: `(*channels)`, or None.
        running_var: `(*channels)`, or None.
        decay: how much of the running statistics stays.
        axis: the axes to average over instead; the others, in their order, are those of the channels.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating, or one running statistic is given without the other.
        ValueError: the shapes do not fit together, or x is empty; running statistics are as before then.

    Source: S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML
    2015, https://arxiv.org/abs/1502.03167.

    Example:
        >>> import numpy as np
        >>> x, mean, var = np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1)
        >>> y = batch_normalization(x, np.ones(1), np.zeros(1), running_mean=mean, running_var=var)
        >>> y.round(3).tolist(), mean.round(3).tolist(), var.round(3).tolist()
        ([[-1.0], [1.0]], [0.2], [1.1])
    """
    name = "batch_normalization"
    kept = _channel_axes(name, x, axis, gamma=gamma, beta=beta)
    _check_running(name, gamma, False, running_mean=running_mean, running_var=running_var)
    m = count_values(name, x, math.prod(gamma.shape))
    rows, back = _by_channel(x, kept)
    y, mean, var = batch_normalized(*promoted(rows, flat(gamma), flat(beta)), eps=eps)
    if running_mean is not None and running_var is not None:
        update_running(running_mean, mean, decay)
        update_running(running_var, var, decay, m / max(m - 1, 1))
    return like(back(y), x)


def fixed_batch_normalization(
    x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float = 2e-5, axis: Axis = None
) -> Array:
    """(x - mean) / sqrt(var + eps) gamma + beta, with a given mean and variance for each channel.

    Args:
        x: `(n, *channels, ...)`, where the axes of the channels are as many as gamma has: one, as a rule.
        gamma: factors, `(*channels)`.
        beta: what is added, `(*channels)`.
        mean: `(*channels)`.
        var: `(*channels)`.
        eps: a small number that keeps the root from 0.
        axis: the axes that are no channels, instead of the first and those after the channels.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> one = np.ones(1)
        >>> fixed_batch_normalization(np.array([[1.0], [3.0]]), one, 0 * one, one, 4 * one).round(3).tolist()
        [[0.0], [1.0]]
    """
    kept = _channel_axes("fixed_batch_normalization", x, axis, gamma=gamma, beta=beta, mean=mean, var=var)
    rows, back = _by_channel(x, kept)
    rows, gamma, beta, mean, var = promoted(rows, *map(flat, (gamma, beta, mean, var)))
    scale = F.divide(gamma, F.sqrt(F.add(var, eps)))
    y = scaled_and_shifted(rows, scale, F.subtract(beta, F.multiply(mean, scale)))
    return like(back(y), x)


def batch_renormalization(
    x: Array,
    gamma: Array,
    beta: Array,
    rmax: float,
    dmax: float,
    eps: float = 2e-5,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> Array:
    """((x - mean) / s r + d) gamma + beta, where r and d take the minibatch's statistics towards the running ones.

    With s = sqrt(var + eps) and t = sqrt(running_var + eps): r = s / t, between 1 / rmax and rmax, and d = (mean - running_mean) / t,
    between -dmax and dmax. Both count as constants in the gradient.

    Args:
        x: `(n, *channels, ...)`, where the axes of the channels are as many as gamma has.
        gamma: factors, `(*channels)`.
        beta: what is added, `(*channels)`.
        rmax: bound of r, 1 or more.
        dmax: bound of d, 0 or more; with 1 and 0 it is `batch_normalization`.
        eps: a small number that keeps the roots from 0.
        running_mean: `(*channels)`.
        running_var: `(*channels)`.
        decay: how much of the running statistics stays.
        update_statistics: change the running statistics in place, as `batch_normalization` does.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together, a bound is out of range, or x is empty.

    Source: S. Ioffe, Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models, NIPS 2017,
    https://arxiv.org/abs/1702.03275.

    Example:
        >>> import numpy as np
        >>> x, one = np.array([[1.0], [3.0]]), np.ones(1)
        >>> batch_renormalization(x, one, 0 * one, 4, 4, running_mean=one, running_var=4 * one).round(3).tolist()
        [[0.0], [1.0]]
    """
    name = "batch_renormalization"
    kept = _channel_axes(name, x, None, gamma=gamma, beta=beta)
    _check_running(name, gamma, True, running_mean=running_mean, running_var=running_var)
    if not (rmax >= 1 and dmax >= 0):
        raise ValueError(f"{name}: rmax is {rmax}, dmax {dmax}; expected rmax of 1 or more and dmax of 0 or more")
    m = count_values(name, x, math.prod(gamma.shape))
    rows, back = _by_channel(x, kept)
    rows, gamma, beta = promoted(rows, flat(gamma), flat(beta))
    h, mean, var = batch_normalized(rows, xp.ones_like(as_array(gamma)), xp.zeros_like(as_array(gamma)), eps=eps)
    # A Variable's statistics are constants here.
    new_mean, new_var = as_array(mean), as_array(var)
    old_mean, old_var = promoted(*(flat(as_array(a)) for a in (running_mean, running_var)))
    t = xp.sqrt(old_var + eps)
    r = xp.clip(xp.sqrt(new_var + eps) / t, 1 / rmax, rmax)
    d = xp.clip((new_mean - old_mean) / t, -dmax, dmax)
    r, d = (xp.astype(a, h.dtype, copy=False) for a in (r, d))
    y = scaled_and_shifted(h, F.multiply(gamma, r), F.add(F.multiply(gamma, d), beta))
    if update_statistics:
        update_running(running_mean, new_mean, decay)
        update_running(running_var, new_var, decay, m / max(m - 1, 1))
    return like(back(y), x)


def fixed_batch_renormalization(
    x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float = 2e-5
) -> Array:
    """`fixed_batch_normalization`: with given statistics there is nothing to take towards others.

    Example:
        >>> import numpy as np
        >>> one = np.ones(1)
        >>> fixed_batch_renormalization(np.array([[3.0]]), one, one, one, 4 * one).round(3).tolist()
        [[2.0]]
    """
    return fixed_batch_normalization(x, gamma, beta, mean, var, eps)
