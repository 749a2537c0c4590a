"""Links of an input and weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.connection import features_of, linear
from catena.nn.initializers import get_initializer
from xparray import Array


class Linear(Link):
    """x W^T + b, with W and b learned.

    W, `(out_size, in_size)`, begins as LeCunNormal (mean 0, variance 1 / in_size), b, `(out_size,)`, as 0.

    Args:
        in_size: the number of features; None to take it from the first input. `Linear(n)` is `Linear(None, n)`.
        out_size: the number of outputs.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Example:
        >>> layer = Linear(10)
        >>> layer(np.ones((5, 3), "float32")).shape, layer.W.shape
        ((5, 10), (10, 3))
    """

    W: Parameter
    b: Parameter | None

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        self.in_size = None if in_size is None else _checked_size("in_size", in_size)
        self.out_size = _checked_size("out_size", out_size)
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            self.b = (
                None
                if nobias
                else Parameter(get_initializer(0 if initial_bias is None else initial_bias), (self.out_size,))
            )
        if self.in_size is not None:
            self.W.initialize((self.out_size, self.in_size))

    def forward(self, x: Array, n_batch_axes: int = 1) -> Any:
        """`F.linear(x, W, b, n_batch_axes)`; the first call makes W where its shape is not known yet."""
        if not self.W.is_initialized:
            self.W.initialize((self.out_size, math.prod(features_of(x, n_batch_axes))))
        return linear(x, self.W, self.b, n_batch_axes)


def _checked_size(name: str, size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(
            f"Linear: {name} is {size!r}; expected a positive integer, as in Linear(784, 100), or Linear(100) for in_size to come later"
        )
    return int(size)
