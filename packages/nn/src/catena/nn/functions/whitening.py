"""Normalisation of a minibatch that makes its channels uncorrelated: ZCA whitening."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions.batch_statistics import count_values, update_running
from catena.nn.functions.normalization import check_floating, like, promoted
from xparray import Array
from xparray._dispatch import describe

# ------------------------------------------------------------------------------------------------------------- ops
#
# P = C^(-1/2) is a smooth function of C, also where eigenvalues coincide, at which the gradients of eigenvectors are infinite. So
# its rule is not theirs: from P P = C^-1 follows dP P + P dP = -P P dC P P, an equation that is linear in dP.


@op
def inverse_square_root(x: Array) -> Array:
    """x^(-1/2) of symmetric positive definite matrices `(..., n, n)`; of others, of their symmetric part."""
    values, vectors = xp.linalg.eigh(_symmetric(x))
    return (vectors * xp.expand_dims(values**-0.5, axis=-2)) @ xp.matrix_transpose(vectors)


@op
def sylvester(a: Array, b: Array) -> Array:
    """The s of a s + s a = b, for symmetric positive definite a, `(..., n, n)`, or the symmetric part of others."""
    values, vectors = xp.linalg.eigh(_symmetric(a))
    adjoint = xp.matrix_transpose(vectors)
    sums = xp.expand_dims(values, axis=-1) + xp.expand_dims(values, axis=-2)
    return vectors @ ((adjoint @ b @ vectors) / sums) @ adjoint


def _symmetric(x: Array) -> Array:
    return (x + F.matrix_transpose(x)) / 2


def _inverse_square_root_x(g: Array, out: Array) -> Array:
    square = out @ out
    return -_symmetric(square @ sylvester(out, g) @ square)


def _sylvester_a(g: Array, a: Array, out: Array) -> Array:
    m, s = sylvester(a, g), F.matrix_transpose(out)
    return -_symmetric(m @ s + s @ m)


inverse_square_root.vjps(x=_inverse_square_root_x)
sylvester.vjps(a=_sylvester_a, b=lambda g, a: sylvester(a, g))


# ------------------------------------------------------------------------------------------------------- functions


def _grouped(function: str, x: Array, groups: int) -> Array:
    """`(n, channels, ...)` as `(groups, channels / groups, values)`."""
    check_floating(function, x=x)
    if x.ndim < 2 or type(groups) is not int or groups < 1 or x.shape[1] % groups:
        raise ValueError(
            f"{function}: groups is {groups!r} ({describe('x', [x])}); expected an x of (n, channels, ...) and a divisor of its channels"
        )
    by_channel = F.moveaxis(x, 1, 0)
    size = x.shape[1] // groups
    return F.reshape(by_channel, shape=(groups, size, math.prod(x.shape) // x.shape[1] if size else 0))


def _ungrouped(rows: Array, x: Array) -> Array:
    shape = tuple(x.shape)
    return like(F.moveaxis(F.reshape(rows, shape=(shape[1], shape[0], *shape[2:])), 0, 1), x)


def decorrelated_batch_normalization(
    x: Array,
    *,
    groups: int = 16,
    eps: float = 2e-5,
    running_mean: Array | None = None,
    running_projection: Array | None = None,
    decay: float = 0.9,
) -> Array:
    """P (x - mean) with P = (C + eps I)^(-1/2), where C is the covariance of the channels of a group over the minibatch.

    Running statistics are changed in place: running_mean becomes decay running_mean + (1 - decay) mean, and running_projection so
    with P m / (m - 1) for m values a channel.

    Args:
        x: `(n, channels, ...)`.
        groups: a divisor of the number of channels; channels of different groups may stay correlated.
        eps: a small number that keeps the eigenvalues from 0.
        running_mean: `(groups, channels / groups)`, or None.
        running_projection: `(groups, channels / groups, channels / groups)`, or None.
        decay: how much of the running statistics stays.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together, groups does not divide the channels, or x is empty.

    Source: L. Huang et al., Decorrelated Batch Normalization, CVPR 2018, https://arxiv.org/abs/1804.08450.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 1.0], [2.0, 2.5], [3.0, 2.0]])
        >>> y = decorrelated_batch_normalization(x, groups=1, eps=0)
        >>> (np.abs(y.T @ y / 3).round(3)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    name = "decorrelated_batch_normalization"
    rows = _grouped(name, x, groups)
    size = rows.shape[1]
    shapes = {"running_mean": (groups, size), "running_projection": (groups, size, size)}
    for key, running in (("running_mean", running_mean), ("running_projection", running_projection)):
        if running is not None:
            _check_shape(name, x, shapes[key], **{key: running})
    m = count_values(name, x, x.shape[1])
    # No library has eigenvalues of float16.
    rows = F.astype(rows, dtype="float32") if dtype_of(x) == np.float16 else rows
    mean = F.mean(rows, axis=2, keepdims=True)
    d = F.subtract(rows, mean)
    identity = xp.eye(size, dtype=dtype_of(d), device=xp.device_of(as_array(d)))
    projection = inverse_square_root(F.add(F.divide(F.matmul(d, d, transb=True), m), identity * eps))
    y = _ungrouped(F.matmul(projection, d), x)
    if running_mean is not None:
        update_running(running_mean, mean, decay)
    if running_projection is not None:
        update_running(running_projection, projection, decay, m / max(m - 1, 1))
    return y


def fixed_decorrelated_batch_normalization(x: Array, mean: Array, projection: Array, groups: int = 16) -> Array:
    """P (x - mean) for the channels of each group, with P and the mean given.

    Args:
        x: `(n, channels, ...)`.
        mean: `(groups, channels / groups)`.
        projection: P, `(groups, channels / groups, channels / groups)`.
        groups: a divisor of the number of channels.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together, or groups does not divide the channels.

    Example:
        >>> import numpy as np
        >>> P = np.array([[[0.0, 1.0], [1.0, 0.0]]])
        >>> fixed_decorrelated_batch_normalization(np.array([[5.0, 7.0]]), np.array([[1.0, 1.0]]), P, groups=1).tolist()
        [[6.0, 4.0]]
    """
    name = "fixed_decorrelated_batch_normalization"
    rows = _grouped(name, x, groups)
    size = rows.shape[1]
    _check_shape(name, x, (groups, size), mean=mean)
    _check_shape(name, x, (groups, size, size), projection=projection)
    rows, mean, projection = promoted(rows, mean, projection)
    return _ungrouped(F.matmul(projection, F.subtract(rows, F.expand_dims(mean, axis=2))), x)


def _check_shape(function: str, x: Array, shape: tuple[int, ...], **arg: Any) -> None:
    ((name, p),) = arg.items()
    check_floating(function, **arg)
    if tuple(p.shape) != shape:
        raise ValueError(
            f"{function}: {name} has shape {tuple(p.shape)}, expected {shape} ({describe(['x', name], [x, p])}); "
            "give it the groups of x first"
        )
