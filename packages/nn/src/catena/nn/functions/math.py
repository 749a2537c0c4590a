"""Mathematical functions, where Chainer's differ from the standard's."""

from __future__ import annotations

from collections.abc import Sequence

from catena.autograd import functions as F
from catena.autograd.ops.combination import add
from catena.autograd.ops.fourier import fft
from xparray import Array

__all__ = ["add", "clip", "fft", "logsumexp", "tensordot"]


def clip(x: Array, x_min: Array | float | None, x_max: Array | float | None) -> Array:
    """x, no less than `x_min` and no more than `x_max`, broadcast (None sets no bound); the gradient goes to what was chosen, x at a bound.

    Example:
        >>> import numpy as np
        >>> clip(np.array([-1.0, 0.5, 2.0]), x_min=0.0, x_max=1.0).tolist()
        [0.0, 0.5, 1.0]
    """
    return F.clip(x, x_min, x_max)


def logsumexp(x: Array, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along `axis`, or of all elements, without overflow.

    Example:
        >>> import numpy as np
        >>> logsumexp(np.array([[1000.0, 1000.0]]), 1).round(4).tolist()
        [1000.6931]
    """
    return F.logsumexp(x, axis=axis, keepdims=keepdims)


def tensordot(a: Array, b: Array, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Array:
    """Sums of the products of a and b over the last `axes` axes of a and the first of b, or over the axes in two lists, in pairs.

    Example:
        >>> import numpy as np
        >>> tensordot(np.ones((2, 3)), np.ones((3, 4)), 1).shape
        (2, 4)
    """
    return F.tensordot(a, b, axes=axes)
