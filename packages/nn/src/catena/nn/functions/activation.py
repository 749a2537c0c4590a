"""Activations: functions of each element, and of the scores of classes."""

from __future__ import annotations

from catena.autograd import elementwise_op, op
from xparray import Array
from xparray.kernels import activation as kernels
from xparray.kernels import softmax as softmax_kernels


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
    _check_axis("softmax", x, axis)
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
    _check_axis("log_softmax", x, axis)
    return softmax_kernels.log_softmax(x, axis=axis)


log_softmax.vjps(x=lambda g, out, axis: softmax_kernels.log_softmax_grad(g, out, axis=axis))


def _check_axis(function: str, x: Array, axis: int) -> None:
    if not -x.ndim <= axis < x.ndim:
        wanted = f"an axis from {-x.ndim} to {x.ndim - 1}, such as axis=-1" if x.ndim else "an array with axes"
        axes = "1 axis" if x.ndim == 1 else f"{x.ndim} axes"
        raise ValueError(f"{function}: axis is {axis}, x has {axes} (x: {tuple(x.shape)}); expected {wanted}")
