"""Mathematical functions, where Chainer's differ from the standard's."""

from __future__ import annotations

from catena.autograd import functions as F
from catena.autograd.ops.combination import add
from catena.autograd.ops.fourier import fft
from xparray import Array

__all__ = ["add", "clip", "fft"]


def clip(x: Array, x_min: Array | float | None, x_max: Array | float | None) -> Array:
    """x, no less than `x_min` and no more than `x_max`, broadcast (None sets no bound); the gradient goes to what was chosen, x at a bound.

    Example:
        >>> import numpy as np
        >>> clip(np.array([-1.0, 0.5, 2.0]), x_min=0.0, x_max=1.0).tolist()
        [0.0, 0.5, 1.0]
    """
    return F.clip(x, x_min, x_max)
