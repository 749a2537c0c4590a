"""Activations made of pieces: relu and those like it, and what else has a kink."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import as_array, config, elementwise_op
from catena.autograd import functions as F
from catena.nn.functions._checks import check_arrays, check_axis, of_channels
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import activation as kernels
from xparray.kernels import clipping
from xparray.random import get_generator

# ------------------------------------------------------------------------------------------------ one slope


@elementwise_op
def relu(x: Array) -> Array:
    """max(x, 0), elementwise; the gradient at 0 is 0.

    Example:
        >>> import numpy as np
        >>> relu(np.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]
    """
    return kernels.relu(x)


relu.vjps(x=lambda g, out: kernels.relu_grad(g, out))


def crelu(x: Array, axis: int = 1) -> Array:
    """relu(x) and relu(-x), joined along `axis`, which becomes twice as long.

    Raises:
        TypeError: x is no array.
        ValueError: x has no such axis.

    Source: W. Shang et al., Understanding and Improving Convolutional Neural Networks via Concatenated Rectified Linear Units, ICML
    2016, https://arxiv.org/abs/1603.05201.

    Example:
        >>> import numpy as np
        >>> crelu(np.array([[-1.0, 2.0]])).tolist()
        [[0.0, 2.0, 1.0, 0.0]]
    """
    check_arrays("crelu", x=x)
    check_axis("crelu", x, axis)
    return F.concat((relu(x), relu(-x)), axis=axis)


@elementwise_op
def leaky_relu(x: Array, *, slope: float = 0.2) -> Array:
    """x where x is positive, slope x elsewhere; the gradient at 0 is the slope.

    Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013.

    Example:
        >>> import numpy as np
        >>> leaky_relu(np.array([-1.0, 0.0, 2.0])).tolist()
        [-0.2, 0.0, 2.0]
    """
    return _sloped(x, x, slope)


@xp.elementwise
def _sloped(value: Array, x: Array, slope: Array) -> Array:
    return xp.where(x > 0, value, value * slope)  # a Variable first: array-api-strict refuses one beside its own


leaky_relu.vjps(x=lambda g, x, slope: _sloped(g, x, slope))


@elementwise_op
def sloped_relu(x: Array, W: Array) -> Array:
    """`prelu` where W broadcasts with x."""
    return _sloped(x, x, W)


@xp.elementwise
def _below(g: Array, x: Array) -> Array:
    return xp.where(x > 0, 0.0, g * x)


sloped_relu.name = "prelu"  # what errors and graphs call it
sloped_relu.vjps(x=lambda g, x, W: _sloped(g, x, W), W=lambda g, x: _below(g, x))


def prelu(x: Array, W: Array) -> Array:
    """x where x is positive, W x elsewhere: leaky_relu with slopes that are learned; the gradient at 0 is W.

    Args:
        x: `(n, *shape, ...)`.
        W: slopes, `shape`, which may be that of the first axes of one example: () for one slope, `(n_channels,)` for one a channel.

    Raises:
        TypeError: x or W is no array.
        ValueError: W does not fit x.

    Source: K. He et al., Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification, ICCV 2015,
    https://arxiv.org/abs/1502.01852.

    Example:
        >>> import numpy as np
        >>> prelu(np.array([[-1.0, -1.0], [3.0, 4.0]]), np.array([0.25, 0.5])).tolist()
        [[-0.25, -0.5], [3.0, 4.0]]
    """
    check_arrays("prelu", x=x, W=W)
    return sloped_relu(x, of_channels("prelu", x, W=W))


def rrelu(
    x: Array,
    l: float = 1.0 / 8,  # noqa: E741 - the name that users know
    u: float = 1.0 / 3,
    *,
    r: Array | None = None,
    return_r: bool = False,
) -> Any:
    """x where x is positive, r x elsewhere, with r drawn evenly from l to u for each element, and outside of training their mean.

    Args:
        x: floating, of any shape.
        l: the least slope.
        u: the greatest slope.
        r: slopes to use in training instead of drawing them, of x's shape.
        return_r: return the pair of the result and the slopes; these are None outside of training.

    Raises:
        TypeError: x is no array.
        ValueError: l is greater than u, or r has another shape than x.

    Source: B. Xu et al., Empirical Evaluation of Rectified Activations in Convolutional Network, 2015, https://arxiv.org/abs/1505.00853.

    Example:
        >>> import numpy as np
        >>> xp.random.seed(0)
        >>> y = rrelu(np.array([-1.0, 2.0]))
        >>> bool(-1 / 3 <= y[0] <= -1 / 8), float(y[1])
        (True, 2.0)
    """
    check_arrays("rrelu", x=x)
    if not l <= u:
        raise ValueError(f"rrelu: l is {l}, u is {u}; expected l no greater than u, such as l=1/8, u=1/3")
    if not config.train:
        y = leaky_relu(x, slope=(l + u) / 2)
        return (y, None) if return_r else y
    array = as_array(x)
    if r is None:
        r = get_generator().uniform(tuple(array.shape), low=l, high=u, dtype=array.dtype, device=xp.device_of(array))
    elif tuple(r.shape) != tuple(array.shape):
        raise ValueError(
            f"rrelu: r has shape {tuple(r.shape)}, x has {tuple(array.shape)} ({describe('xr', [x, r])}); "
            "give the slopes that rrelu returned for an x of this shape"
        )
    y = sloped_relu(x, r)
    return (y, r) if return_r else y


# ------------------------------------------------------------------------------------------- exponential ends


@elementwise_op
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """x where x is positive, alpha (exp(x) - 1) elsewhere; the gradient at 0 is alpha.

    Source: D. Clevert, T. Unterthiner, S. Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs),
    ICLR 2016, https://arxiv.org/abs/1511.07289.

    Example:
        >>> import numpy as np
        >>> elu(np.array([-1.0, 0.0, 2.0])).round(4).tolist()
        [-0.6321, 0.0, 2.0]
    """
    return kernels.elu(x, alpha=alpha, scale=1.0)


elu.vjps(x=lambda g, x, alpha: kernels.elu_grad(g, x, alpha=alpha, scale=1.0))


@elementwise_op
def selu(x: Array, *, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> Array:
    """scale x where x is positive, scale alpha (exp(x) - 1) elsewhere; the gradient at 0 is scale alpha.

    With these constants, mean 0 and variance 1 of independent inputs stay what they are through layers whose weights have the mean 0
    and the variance 1 / fan_in.

    Source: G. Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017, https://arxiv.org/abs/1706.02515.

    Example:
        >>> import numpy as np
        >>> selu(np.array([-1.0, 0.0, 2.0])).round(4).tolist()
        [-1.1113, 0.0, 2.1014]
    """
    return kernels.elu(x, alpha=alpha, scale=scale)


selu.vjps(x=lambda g, x, alpha, scale: kernels.elu_grad(g, x, alpha=alpha, scale=scale))


@elementwise_op
def celu(x: Array, *, alpha: float = 1.0) -> Array:
    """x where x is positive, alpha (exp(x / alpha) - 1) elsewhere: elu whose slope has no jump for any alpha.

    Source: J. T. Barron, Continuously Differentiable Exponential Linear Units, 2017, https://arxiv.org/abs/1704.07483.

    Example:
        >>> import numpy as np
        >>> celu(np.array([-1.0, 0.0, 2.0]), alpha=0.5).round(4).tolist()
        [-0.4323, 0.0, 2.0]
    """
    return _celu(x, alpha)


@xp.elementwise
def _celu(x: Array, alpha: float) -> Array:
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0 * x, x) / alpha))


@xp.elementwise
def _celu_grad(g: Array, x: Array, alpha: float) -> Array:
    return xp.where(x > 0, g, g * xp.exp(xp.where(x > 0, 0 * x, x) / alpha))


celu.vjps(x=lambda g, x, alpha: _celu_grad(g, x, alpha))

# ------------------------------------------------------------------------------------------------ with an end


@xp.elementwise
def _within(g: Array, y: Array, low: float, high: float) -> Array:
    return xp.where((y > low) & (y < high), g, 0.0)


@elementwise_op
def clipped_relu(x: Array, *, z: float = 20.0) -> Array:
    """min(max(x, 0), z), elementwise; the gradient at 0 and at z is 0.

    Raises:
        ValueError: z is not positive.

    Example:
        >>> import numpy as np
        >>> clipped_relu(np.array([-1.0, 2.0, 30.0])).tolist()
        [0.0, 2.0, 20.0]
    """
    if not z > 0:
        raise ValueError(f"clipped_relu: z is {z}; expected a number above 0, the greatest result")
    return clipping.clip(x, low=0.0, high=z)


clipped_relu.vjps(x=lambda g, out, z: _within(g, out, 0.0, z))


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6), elementwise; the gradient at 0 and at 6 is 0.

    Source: A. Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Example:
        >>> import numpy as np
        >>> relu6(np.array([-1.0, 2.0, 30.0])).tolist()
        [0.0, 2.0, 6.0]
    """
    return clipped_relu(x, z=6.0)


@elementwise_op
def hard_tanh(x: Array) -> Array:
    """min(max(x, -1), 1), elementwise; the gradient at -1 and at 1 is 0.

    Example:
        >>> import numpy as np
        >>> hard_tanh(np.array([-3.0, 0.5, 2.0])).tolist()
        [-1.0, 0.5, 1.0]
    """
    return clipping.clip(x, low=-1.0, high=1.0)


hard_tanh.vjps(x=lambda g, out: _within(g, out, -1.0, 1.0))


@elementwise_op
def hard_sigmoid(x: Array) -> Array:
    """min(max(0.2 x + 0.5, 0), 1), elementwise; the gradient at -2.5 and at 2.5 is 0.

    Source: M. Courbariaux, Y. Bengio, J.-P. David, BinaryConnect: Training Deep Neural Networks with binary weights during
    propagations, NIPS 2015, https://arxiv.org/abs/1511.00363.

    Example:
        >>> import numpy as np
        >>> hard_sigmoid(np.array([-3.0, 0.0, 1.0])).tolist()
        [0.0, 0.5, 0.7]
    """
    return clipping.clip(x * 0.2 + 0.5, low=0.0, high=1.0)


hard_sigmoid.vjps(x=lambda g, out: 0.2 * _within(g, out, 0.0, 1.0))


@elementwise_op
def hard_swish(x: Array) -> Array:
    """x min(max(x + 3, 0), 6) / 6, elementwise; the gradient at -3 is 0, at 3 it is 1.

    Source: A. Howard et al., Searching for MobileNetV3, ICCV 2019, https://arxiv.org/abs/1905.02244.

    Example:
        >>> import numpy as np
        >>> hard_swish(np.array([-4.0, 0.0, 1.5, 4.0])).tolist()
        [0.0, 0.0, 1.125, 4.0]
    """
    return _hard_swish(x)


@xp.elementwise
def _hard_swish(x: Array) -> Array:
    return xp.where(x >= 3, x, xp.where(x <= -3, 0.0, x * (x + 3) * (1 / 6)))


@xp.elementwise
def _hard_swish_grad(g: Array, x: Array) -> Array:
    return xp.where(x >= 3, g, xp.where(x <= -3, 0.0, g * (2 * x + 3) * (1 / 6)))


hard_swish.vjps(x=lambda g, x: _hard_swish_grad(g, x))

# ---------------------------------------------------------------------------------------------- of several


def maxout(x: Array, pool_size: int, axis: int = 1) -> Array:
    """The greatest of each `pool_size` elements that follow each other along `axis`; equal ones share the gradient.

    Args:
        x: `(n, n_out pool_size, ...)` for the axis 1.
        pool_size: how many elements give one.
        axis: along which to take them.

    Returns:
        `(n, n_out, ...)`.

    Raises:
        TypeError: x is no array.
        ValueError: x has no such axis, or its length is no multiple of pool_size.

    Source: I. J. Goodfellow et al., Maxout Networks, ICML 2013, https://arxiv.org/abs/1302.4389.

    Example:
        >>> import numpy as np
        >>> maxout(np.array([[1.0, 2.0, 4.0, 3.0]]), 2).tolist()
        [[2.0, 4.0]]
    """
    check_arrays("maxout", x=x)
    check_axis("maxout", x, axis)
    axis %= x.ndim
    length = x.shape[axis]
    if pool_size < 1 or length % pool_size:
        raise ValueError(
            f"maxout: pool_size is {pool_size}, axis {axis} of x has {length} elements (x: {tuple(x.shape)}); "
            "expected a divisor of that number"
        )
    shape = (*x.shape[:axis], length // pool_size, pool_size, *x.shape[axis + 1 :])
    return F.max(F.reshape(x, shape=shape), axis=axis + 1)
