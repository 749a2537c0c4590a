"""Normalisation of each example by itself: of layers, groups of channels, by root mean squares, norms and neighbouring channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from catena.autograd import functions as F
from catena.autograd import op
from catena.autograd.ops.arithmetic import zeros_for
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays, check_axis
from catena.nn.functions.pooling import sum_pooling
from xparray import Array
from xparray._dispatch import describe, dtype_name
from xparray.kernels import normalization as kernels

Cotangents = Sequence[Array | None]

# ------------------------------------------------------------------------------------------------------------- ops
#
# Their results are the normalised array and the statistics, which the gradient reads again.


@op
def layer_normalized(x: Array, gamma: Array, beta: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """`layer_normalization`, with the mean and the variance of each example, `(n,)`."""
    y, mean, var = kernels.layer_normalization(_rows(x, gamma), flat(gamma), flat(beta), eps=eps)
    return F.reshape(y, shape=x.shape), mean, var


@op
def group_normalized(x: Array, gamma: Array, beta: Array, *, groups: int, eps: float) -> tuple[Array, Array, Array]:
    """`group_normalization`, with the mean and the variance of each group, `(n, groups)`."""
    return kernels.group_normalization(x, gamma, beta, groups=groups, eps=eps)


@op
def rms_normalized(x: Array, gamma: Array, *, eps: float) -> tuple[Array, Array]:
    """`rms_normalization`, with the mean of the squares of each example, `(n,)`."""
    y, m = kernels.rms_normalization(_rows(x, gamma), flat(gamma), eps=eps)
    return F.reshape(y, shape=x.shape), m


@layer_normalized.vjp
def _(
    g: Cotangents, x: Array, gamma: Array, out: tuple[Array, ...], eps: float, *, needs: tuple[bool, ...]
) -> list[Array | None]:
    _, mean, var = out
    rows, shape = _rows(x, gamma), tuple(gamma.shape)
    gs = kernels.layer_normalization_grad(_rows(of_result(g, x), gamma), rows, flat(gamma), mean, var, eps=eps)
    gx = F.reshape(with_statistics(gs[0], g, rows, mean, (1,)), shape=x.shape)
    return needed(gx, *(F.reshape(of_p, shape=shape) for of_p in gs[1:]), needs=needs)


@group_normalized.vjp
def _(
    g: Cotangents, x: Array, gamma: Array, out: tuple[Array, ...], groups: int, eps: float, *, needs: tuple[bool, ...]
) -> list[Array | None]:
    _, mean, var = out
    gs = kernels.group_normalization_grad(of_result(g, x), x, gamma, mean, var, groups=groups, eps=eps)
    rows = (x.shape[0], groups, math.prod(x.shape[1:]) // groups)
    gx = with_statistics(F.reshape(gs[0], shape=rows), g, F.reshape(x, shape=rows), mean, (2,))
    return needed(F.reshape(gx, shape=x.shape), *gs[1:], needs=needs)


@rms_normalized.vjp
def _(
    g: Cotangents, x: Array, gamma: Array, out: tuple[Array, Array], eps: float, *, needs: tuple[bool, ...]
) -> list[Array | None]:
    rows = _rows(x, gamma)
    gx, ggamma = kernels.rms_normalization_grad(_rows(of_result(g, x), gamma), rows, flat(gamma), out[1], eps=eps)
    if g[1] is not None:
        gx = gx + F.expand_dims(g[1], axis=1) * rows * (2 / rows.shape[1])
    return needed(F.reshape(gx, shape=x.shape), F.reshape(ggamma, shape=gamma.shape), needs=needs)


layer_normalized.name = "layer_normalization"  # what errors and graphs call them
group_normalized.name = "group_normalization"
rms_normalized.name = "rms_normalization"


def _rows(x: Array, gamma: Array) -> Array:
    """x as `(n, size)`, where its last axes are those of gamma."""
    size = math.prod(gamma.shape)
    return x if tuple(x.shape[1:]) == (size,) else F.reshape(x, shape=(math.prod(x.shape) // size if size else 0, size))


def flat(p: Array) -> Array:
    """The elements of p in one axis."""
    return p if p.ndim == 1 else F.reshape(p, shape=(math.prod(p.shape),))


def of_result(g: Cotangents, x: Array) -> Array:
    """The cotangent of the normalised array, which only the statistics may have led to."""
    return zeros_for(x) if g[0] is None else g[0]


def with_statistics(gx: Array, g: Cotangents, x: Array, mean: Array, axes: tuple[int, ...]) -> Array:
    """gx, and what the cotangents g[1] of the mean and g[2] of the variance over `axes` add to it."""
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    count = math.prod(x.shape[i] for i in axes)
    if g[1] is not None:
        gx = gx + F.reshape(g[1], shape=kept) / count
    if g[2] is not None:
        gx = gx + F.reshape(g[2], shape=kept) * (x - F.reshape(mean, shape=kept)) * (2 / count)
    return gx


def needed(*gs: Array, needs: tuple[bool, ...]) -> list[Array | None]:
    """The cotangents that are needed, None for the others."""
    return [g if wanted else None for g, wanted in zip(gs, needs, strict=True)]


# ---------------------------------------------------------------------------------------------------------- checks


def check_floating(function: str, **args: Any) -> None:
    """Raise TypeError unless all of `args` are arrays of floating numbers."""
    check_arrays(function, **args)
    for name, x in args.items():
        if dtype_of(x).kind != "f":
            raise TypeError(
                f"{function}: {name} is {dtype_name(x.dtype)}, expected floating numbers "
                f'({describe(list(args), list(args.values()))}); convert it with F.astype({name}, "float32")'
            )


def promoted(*xs: Any) -> list[Any]:
    """The arrays in the dtype to which theirs promote."""
    dtypes = [dtype_of(x) for x in xs]
    if all(dtype == dtypes[0] for dtype in dtypes):
        return list(xs)
    common = np.result_type(*dtypes)
    return [x if dtype == common else F.astype(x, dtype=common) for x, dtype in zip(xs, dtypes, strict=True)]


def check_channels(function: str, x: Array, **parameters: Array) -> None:
    """Raise unless x is `(n, channels, ...)` and each parameter `(channels,)`."""
    check_floating(function, x=x, **parameters)

    def listed() -> str:
        return describe(["x", *parameters], [x, *parameters.values()])

    if x.ndim < 2:
        raise ValueError(
            f"{function}: x has {x.ndim} axes, expected at least two, (n, channels, ...) ({listed()}); reshape x"
        )
    for name, p in parameters.items():
        if tuple(p.shape) != (x.shape[1],):
            raise ValueError(
                f"{function}: {name} has shape {tuple(p.shape)}, x has {x.shape[1]} channels ({listed()}); "
                f"give {name} the shape ({x.shape[1]},)"
            )


def _check_features(function: str, x: Array, **parameters: Array) -> None:
    """Raise unless the axes of the parameters are the last ones of x."""
    check_floating(function, x=x, **parameters)

    def listed() -> str:
        return describe(["x", *parameters], [x, *parameters.values()])

    shape = tuple(parameters["gamma"].shape)
    for name, p in parameters.items():
        if tuple(p.shape) != shape:
            raise ValueError(f"{function}: gamma and {name} differ in shape ({listed()}); give both the same")
    if not shape or tuple(x.shape[x.ndim - len(shape) :]) != shape:
        wanted = f"({x.shape[-1]},), the length of its last axis" if x.ndim else "an x with axes"
        raise ValueError(
            f"{function}: gamma has shape {shape}, which is not that of the last axes of x ({listed()}); expected {wanted}"
        )


def like(y: Array, x: Array) -> Array:
    """y in the dtype of x."""
    return y if y.dtype == x.dtype else F.astype(y, dtype=dtype_of(x))


# ------------------------------------------------------------------------------------------------------- functions


def layer_normalization(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """(x - mean) / sqrt(var + eps) gamma + beta, with the mean and the variance of the features of each example.

    Args:
        x: `(*batch, *features)`.
        gamma: factors, `(*features)`: as a rule `(n_features,)` for an x of `(batch, n_features)`.
        beta: what is added, of gamma's shape.
        eps: a small number that keeps the root from 0.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together.

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450.

    Example:
        >>> import numpy as np
        >>> layer_normalization(np.array([[1.0, 3.0], [10.0, 30.0]]), np.ones(2), np.zeros(2)).round(3).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """
    _check_features("layer_normalization", x, gamma=gamma, beta=beta)
    return like(layer_normalized(*promoted(x, gamma, beta), eps=eps)[0], x)


def rms_normalization(x: Array, gamma: Array, eps: float = 1e-6) -> Array:
    """x / sqrt(m + eps) gamma, with m the mean of the squares of the features of each example.

    Args:
        x: `(*batch, *features)`.
        gamma: factors, `(*features)`: as a rule `(n_features,)`.
        eps: a small number that keeps the root from 0.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together.

    Source: B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, https://arxiv.org/abs/1910.07467.

    Example:
        >>> import numpy as np
        >>> rms_normalization(np.array([[1.0, 7.0]]), np.ones(2)).round(3).tolist()
        [[0.2, 1.4]]
    """
    _check_features("rms_normalization", x, gamma=gamma)
    return like(rms_normalized(*promoted(x, gamma), eps=eps)[0], x)


def group_normalization(x: Array, groups: int, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """(x - mean) / sqrt(var + eps) gamma + beta, with the mean and the variance of each example's groups of channels.

    Args:
        x: `(n, channels, ...)`.
        groups: a divisor of the number of channels: 1 takes all together, as many as channels each by itself.
        gamma: factors, `(channels,)`.
        beta: what is added, `(channels,)`.
        eps: a small number that keeps the root from 0.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: the shapes do not fit together, or groups does not divide the channels.

    Source: Y. Wu, K. He, Group Normalization, ECCV 2018, https://arxiv.org/abs/1803.08494.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 3.0, 10.0, 30.0]])
        >>> group_normalization(x, 2, np.ones(4), np.zeros(4)).round(3).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """
    name = "group_normalization"
    check_channels(name, x, gamma=gamma, beta=beta)
    if type(groups) is not int or groups < 1 or x.shape[1] % groups:
        raise ValueError(
            f"{name}: groups is {groups!r}, x has {x.shape[1]} channels ({describe('x', [x])}); "
            "give a divisor, such as 1 or the number of channels"
        )
    return like(group_normalized(*promoted(x, gamma, beta), groups=groups, eps=eps)[0], x)


def normalize(x: Array, eps: float = 1e-5, axis: int | tuple[int, ...] = 1) -> Array:
    """x / (|x| + eps), with |x| the root of the sum of the squares along `axis`.

    The gradient at the vector 0 is that of x / eps.

    Args:
        x: floating, of any shape.
        eps: a small number that keeps the divisor from 0.
        axis: the axis or axes along which a vector lies.

    Raises:
        TypeError: x is no array, or not floating.
        ValueError: x has no such axis.

    Example:
        >>> import numpy as np
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).round(3).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    check_floating("normalize", x=x)
    for one in (axis,) if isinstance(axis, int) else axis:
        check_axis("normalize", x, one)
    return F.divide(x, F.add(F.linalg.vector_norm(x, axis=axis, keepdims=True), eps))


def local_response_normalization(x: Array, n: int = 5, k: float = 2, alpha: float = 1e-4, beta: float = 0.75) -> Array:
    """x / (k + alpha s)^beta, with s the sum of the squares of n neighbouring channels: n // 2 on either side, and the channel itself.

    Args:
        x: `(n_example, channels, ...)`.
        n: how many channels count as neighbours; beyond the first and the last there are none.
        k: what keeps the root from 0.
        alpha: how much neighbours count.
        beta: the power.

    Raises:
        TypeError: x is no array, or not floating.
        ValueError: x has fewer than two axes, or n is no positive integer.

    Source: A. Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, section 3.3.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 2.0, 3.0]])
        >>> local_response_normalization(x, n=3, k=0, alpha=1, beta=1).round(3).tolist()
        [[0.2, 0.143, 0.231]]
    """
    name = "local_response_normalization"
    check_channels(name, x)
    if type(n) is not int or n < 1:
        raise ValueError(f"{name}: n is {n!r}; expected a positive integer, such as 5")
    channels, half = x.shape[1], n // 2
    rows = (x.shape[0], 1, channels, math.prod(x.shape[2:]))
    way = {"ksize": (2 * half + 1, 1), "stride": (1, 1), "pad": (half, 0)}
    sums = sum_pooling(F.reshape(F.square(x), shape=rows), size=rows[2:], way=way, divide="none")
    divisors = F.add(F.multiply(F.reshape(sums, shape=tuple(x.shape)), alpha), k)
    return F.multiply(x, F.pow(divisors, -beta))
