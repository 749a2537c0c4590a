"""Activations with parameters."""

from __future__ import annotations

from typing import Any

from catena.nn._arrays import is_array
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.activation import swish
from catena.nn.functions.rectifiers import maxout, prelu
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive
from catena.nn.links.connection import Linear
from xparray import Array


class PReLU(Link):
    """`F.prelu` with slopes W that are learned.

    Args:
        shape: of W, that of the first axes of an example: () for one slope, `(n_channels,)` for one a channel.
        init: initial W: an initializer, a number, or an array.

    Source: K. He et al., Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification, ICCV 2015,
    https://arxiv.org/abs/1502.01852.

    Example:
        >>> import numpy as np
        >>> PReLU()(np.array([[-1.0, 2.0]], "float32")).array.tolist()
        [[-0.25, 2.0]]
    """

    W: Parameter

    def __init__(self, shape: Any = (), init: Any = 0.25) -> None:
        super().__init__()
        with self.init_scope():
            self.W = Parameter(get_initializer(init), shape)

    def forward(self, x: Array) -> Any:
        """`F.prelu(x, W)`."""
        return prelu(x, self.W)


class Swish(Link):
    """`F.swish` with slopes `beta` that are learned.

    Args:
        beta_shape: of beta, that of the first axes of an example: () for one slope, `(n_channels,)` for one a channel; None for that of
            a whole example, which the first input tells.
        beta_init: initial beta: an initializer, a number, or an array.

    Source: P. Ramachandran, B. Zoph, Q. V. Le, Searching for Activation Functions, 2017, https://arxiv.org/abs/1710.05941.

    Example:
        >>> import numpy as np
        >>> layer = Swish(None)
        >>> layer(np.ones((2, 3), "float32")).shape, layer.beta.shape
        ((2, 3), (3,))
    """

    beta: Parameter

    def __init__(self, beta_shape: Any, beta_init: Any = 1.0) -> None:
        super().__init__()
        with self.init_scope():
            self.beta = Parameter(get_initializer(beta_init), beta_shape)

    def forward(self, x: Array) -> Any:
        """`F.swish(x, beta)`; the first call makes beta where its shape is not known yet."""
        if not self.beta.is_initialized:
            self.beta.initialize(tuple(x.shape[1:]))
        return swish(x, self.beta)


class Maxout(Link):
    """The greatest of each `pool_size` outputs of a child `linear`, a `Linear(in_size, out_size pool_size)`.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of outputs.
        pool_size: how many outputs of the linear link give one.
        initialW: initial W of it: an initializer, a number, or an array `(out_size, pool_size, in_size)`.
        initial_bias: initial bias, likewise, `(out_size, pool_size)`; None for no bias.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Source: I. J. Goodfellow et al., Maxout Networks, ICML 2013, https://arxiv.org/abs/1302.4389.

    Example:
        >>> import numpy as np
        >>> layer = Maxout(None, 2, 3)
        >>> layer(np.ones((5, 4), "float32")).shape, layer.linear.W.shape
        ((5, 2), (6, 4))
    """

    linear: Linear

    def __init__(
        self, in_size: int | None, out_size: int, pool_size: int, initialW: Any = None, initial_bias: Any = 0
    ) -> None:
        super().__init__()
        self.out_size, self.pool_size = positive("Maxout", out_size=out_size, pool_size=pool_size)
        n = self.out_size * self.pool_size
        with self.init_scope():
            self.linear = Linear(
                in_size,
                n,
                nobias=initial_bias is None,
                initialW=_in_rows(initialW, n),
                initial_bias=_in_rows(initial_bias, n),
            )

    def forward(self, x: Array) -> Any:
        """`F.maxout(linear(x), pool_size)`."""
        return maxout(self.linear(x), self.pool_size)


def _in_rows(initial: Any, n: int) -> Any:
    """Initial values, those of an array with its first two axes as one; what has not n rows Linear refuses."""
    if is_array(initial) and initial.ndim > 1 and initial.shape[0] * initial.shape[1] == n:
        return initial.reshape(n, *initial.shape[2:])
    return initial
