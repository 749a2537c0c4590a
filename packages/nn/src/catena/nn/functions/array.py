"""Rearranging arrays, where Chainer's functions differ from the standard's."""

from __future__ import annotations

from collections.abc import Sequence

from catena.autograd import functions as F
from xparray import Array


def concat(xs: Sequence[Array], axis: int = 1) -> Array:
    """The arrays joined along the existing axis `axis`: 1, the features, unless given, where the standard's default is 0.

    Args:
        xs: arrays or Variables of the same shape except along `axis`.
        axis: along which to join.

    Raises:
        ValueError: the shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> concat([np.ones((5, 2)), np.ones((5, 3))]).shape
        (5, 5)
    """
    return F.concat(xs, axis=axis)
