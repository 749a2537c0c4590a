"""Activations: smooth functions of each element, and of the scores of classes. Those made of pieces are in `rectifiers`."""

from __future__ import annotations

import xparray as xp
from catena.autograd import elementwise_op, op
from catena.autograd import functions as F
from catena.nn.functions._checks import check_arrays, check_axis, of_channels
from xparray import Array
from xparray.kernels import activation as kernels
from xparray.kernels import gaussian as gaussian_kernels
from xparray.kernels import softmax as softmax_kernels

# ------------------------------------------------------------------------------------------- of each element


@elementwise_op
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise, without overflow.

    Example:
        >>> import numpy as np
        >>> sigmoid(np.array([0.0, 1000.0])).tolist()
        [0.5, 1.0]
    """
    return kernels.sigmoid(x)


sigmoid.vjps(x=lambda g, out: kernels.sigmoid_grad(g, out))


@elementwise_op
def log_sigmoid(x: Array) -> Array:
    """log(sigmoid(x)) = -log(1 + exp(-x)), elementwise, without overflow.

    Example:
        >>> import numpy as np
        >>> log_sigmoid(np.array([-1000.0, 0.0])).round(4).tolist()
        [-1000.0, -0.6931]
    """
    return -kernels.softplus(-x, beta=1.0)


log_sigmoid.vjps(x=lambda g, x: kernels.softplus_grad(g, -x, beta=1.0))


@elementwise_op
def softplus(x: Array, *, beta: float = 1.0) -> Array:
    """log(1 + exp(beta x)) / beta, elementwise, without overflow: a smooth relu, nearer to it the greater beta is.

    Source: C. Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, NIPS 2000.

    Example:
        >>> import numpy as np
        >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(4).tolist()
        [0.0, 0.6931, 1000.0]
    """
    return kernels.softplus(x, beta=beta)


softplus.vjps(x=lambda g, x, beta: kernels.softplus_grad(g, x, beta=beta))


@elementwise_op
def silu(x: Array) -> Array:
    """x sigmoid(x), elementwise: swish with the slope 1.

    Source: S. Elfwing, E. Uchibe, K. Doya, Sigmoid-weighted linear units for neural network function approximation in reinforcement
    learning, Neural Networks 107 (2018), https://arxiv.org/abs/1702.03118.

    Example:
        >>> import numpy as np
        >>> silu(np.array([-1000.0, 0.0, 1000.0])).tolist()
        [-0.0, 0.0, 1000.0]
    """
    return kernels.silu(x)


silu.vjps(x=lambda g, x: kernels.silu_grad(g, x))


def swish(x: Array, beta: Array) -> Array:
    """x sigmoid(beta x), elementwise.

    Args:
        x: `(n, *shape, ...)`.
        beta: slopes of the sigmoid, `shape`, which may be that of the first axes of one example: () for one slope, `(n_channels,)` for
            one a channel.

    Raises:
        TypeError: x or beta is no array.
        ValueError: beta does not fit x.

    Source: P. Ramachandran, B. Zoph, Q. V. Le, Searching for Activation Functions, 2017, https://arxiv.org/abs/1710.05941.

    Example:
        >>> import numpy as np
        >>> swish(np.array([[1.0, 1.0]]), np.array([0.0, 1000.0])).tolist()
        [[0.5, 1.0]]
    """
    check_arrays("swish", x=x, beta=beta)
    return F.multiply(x, sigmoid(F.multiply(x, of_channels("swish", x, beta=beta))))


@elementwise_op
def mish(x: Array) -> Array:
    """x tanh(softplus(x)), elementwise.

    Source: D. Misra, Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020, https://arxiv.org/abs/1908.08681.

    Example:
        >>> import numpy as np
        >>> mish(np.array([-1.0, 0.0, 1.0])).round(4).tolist()
        [-0.3034, 0.0, 0.8651]
    """
    return _mish(x)


@xp.elementwise
def _mish(x: Array) -> Array:
    # tanh(softplus(x)) by w = exp(-|x|), which does not overflow; the slope of |x| at 0 must be that of -x or x.
    w = xp.exp(xp.where(x < 0, x, -x))
    top = xp.where(x < 0, w * (w + 2), 2 * w + 1)
    return x * top / (top + xp.where(x < 0, 2 + 0 * w, 2 * w * w))


@xp.elementwise
def _mish_grad(g: Array, x: Array) -> Array:
    w = xp.exp(xp.where(x < 0, x, -x))
    top = xp.where(x < 0, w * (w + 2), 2 * w + 1)
    t = top / (top + xp.where(x < 0, 2 + 0 * w, 2 * w * w))
    return g * (t + x * (1 - t * t) * xp.where(x < 0, w, 1 + 0 * w) / (1 + w))


mish.vjps(x=lambda g, x: _mish_grad(g, x))


@elementwise_op
def gelu(x: Array, *, approximate: bool = False) -> Array:
    """x P(x), elementwise, with P(x) = (1 + erf(x / sqrt(2))) / 2, the probability that a normal variable is less than x.

    Args:
        x: floating, of any shape.
        approximate: P(x) is (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 instead.

    Source: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units (GELUs), 2016, https://arxiv.org/abs/1606.08415.

    Example:
        >>> import numpy as np
        >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4).tolist()
        [-0.1587, 0.0, 0.8413]
    """
    return gaussian_kernels.gelu_tanh(x) if approximate else gaussian_kernels.gelu(x)


def _gelu_x(g: Array, x: Array, approximate: bool) -> Array:
    return gaussian_kernels.gelu_tanh_grad(g, x) if approximate else gaussian_kernels.gelu_grad(g, x)


gelu.vjps(x=_gelu_x)


@elementwise_op
def softsign(x: Array) -> Array:
    """x / (1 + |x|), elementwise; the second derivative at 0, where it jumps from 2 to -2, is 0.

    Source: J. Bergstra et al., Quadratic Polynomials Learn Better Image Features, Technical Report 1337, DIRO, 2009.

    Example:
        >>> import numpy as np
        >>> softsign(np.array([-1.0, 0.0, 3.0])).tolist()
        [-0.5, 0.0, 0.75]
    """
    return _softsign(x)


@xp.elementwise
def _softsign(x: Array) -> Array:
    return x / (1 + xp.abs(x))


@xp.elementwise
def _softsign_grad(g: Array, x: Array) -> Array:
    d = 1 + xp.abs(x)
    return g / d / d  # d * d overflows sooner


softsign.vjps(x=lambda g, x: _softsign_grad(g, x))


def glu(x: Array, axis: int = 1) -> Array:
    """a sigmoid(b) of the first half a and the second half b of x along `axis`: a gate for each feature.

    Args:
        x: `(n, 2 n_out, ...)` for the axis 1.
        axis: along which to halve x; its length is even.

    Returns:
        `(n, n_out, ...)`.

    Raises:
        TypeError: x is no array.
        ValueError: x has no such axis, or its length is odd.

    Source: Y. N. Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017, https://arxiv.org/abs/1612.08083.

    Example:
        >>> import numpy as np
        >>> glu(np.array([[3.0, 4.0, 0.0, 1000.0]])).tolist()
        [[1.5, 4.0]]
    """
    check_arrays("glu", x=x)
    check_axis("glu", x, axis)
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu: axis {axis} of x has {x.shape[axis]} elements (x: {tuple(x.shape)}), which are no two halves; "
            "make twice as many outputs as the gates are to let through"
        )
    a, b = F.split_axis(x, 2, axis=axis)
    return F.multiply(a, sigmoid(b))


# --------------------------------------------------------------------------------------- of scores of classes


@op
def softmax(x: Array, *, axis: int = 1) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, without overflow: scores become probabilities.

    Args:
        x: scores, `(n, n_class, ...)` for the axis 1.
        axis: along which the result sums to 1.

    Raises:
        ValueError: x has no such axis.

    Example:
        >>> import numpy as np
        >>> softmax(np.zeros((1, 4), "float32")).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    check_axis("softmax", x, axis)
    return softmax_kernels.softmax(x, axis=axis)


softmax.vjps(x=lambda g, out, axis: softmax_kernels.softmax_grad(g, out, axis=axis))


@op
def log_softmax(x: Array, *, axis: int = 1) -> Array:
    """x - log(sum(exp(x))) along `axis`: the logarithm of `softmax`, exact also where that is nearly 0.

    Args:
        x: scores, `(n, n_class, ...)` for the axis 1.
        axis: along which the exponentials of the result sum to 1.

    Raises:
        ValueError: x has no such axis.

    Example:
        >>> import numpy as np
        >>> log_softmax(np.array([[0.0, 1000.0]])).tolist()
        [[-1000.0, 0.0]]
    """
    check_axis("log_softmax", x, axis)
    return softmax_kernels.log_softmax(x, axis=axis)


log_softmax.vjps(x=lambda g, out, axis: softmax_kernels.log_softmax_grad(g, out, axis=axis))
