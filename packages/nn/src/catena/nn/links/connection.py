"""Links of an input and weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from catena.autograd import functions as F
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.activation import sigmoid
from catena.nn.functions.connection import bilinear, features_of, linear
from catena.nn.functions.rectifiers import relu
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive
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


class Bilinear(Link):
    """`F.bilinear` with learned W, `(left_size, right_size, out_size)`, V1, `(left_size, out_size)`, V2, `(right_size, out_size)`, and b.

    W, V1 and V2 begin as LeCunNormal of their shapes as they stand, b, `(out_size,)`, as 0.

    Args:
        left_size: features of the first input.
        right_size: features of the second input.
        out_size: number of outputs.
        nobias: no V1, V2 and b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: those of V1, V2 and b in a tuple; None for the above.

    Raises:
        ValueError: a size is no positive integer, or initial_bias are not three.

    Example:
        >>> layer = Bilinear(3, 4, 2)
        >>> layer(np.ones((5, 3), "float32"), np.ones((5, 4), "float32")).shape, layer.V2.shape
        ((5, 2), (4, 2))
    """

    W: Parameter
    V1: Parameter | None
    V2: Parameter | None
    b: Parameter | None

    def __init__(
        self,
        left_size: int,
        right_size: int,
        out_size: int,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        left, right, n_out = positive("Bilinear", left_size=left_size, right_size=right_size, out_size=out_size)
        if initial_bias is not None and (not isinstance(initial_bias, tuple | list) or len(initial_bias) != 3):
            raise ValueError(
                f"Bilinear: initial_bias is {initial_bias!r:.60}; expected a tuple of three, for V1, V2 and b, or None"
            )
        biases = initial_bias or (None, None, 0)
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW), (left, right, n_out))
            self.V1, self.V2, self.b = (
                None if nobias else Parameter(get_initializer(initial), shape)
                for initial, shape in zip(biases, [(left, n_out), (right, n_out), (n_out,)], strict=True)
            )

    def forward(self, e1: Array, e2: Array) -> Any:
        """`F.bilinear(e1, e2, W, V1, V2, b)`."""
        return bilinear(e1, e2, self.W, self.V1, self.V2, self.b)


class Highway(Link):
    """t h(x) + (1 - t) x, with h = activate(Wh x + bh) and t = sigmoid(Wt x + bt): a layer that learns how much of its input to let pass.

    The children are `plain`, for h, and `transform`, for t, both Linear.

    Args:
        in_out_size: number of features.
        nobias: no bh and bt.
        activate: the activation of h.
        init_Wh: initial Wh: an initializer, a number, or an array, which is copied.
        init_Wt: initial Wt, likewise.
        init_bh: initial bh, likewise.
        init_bt: initial bt, likewise; -1 lets most of the input pass.

    Raises:
        ValueError: the size is no positive integer, or an initial array has another shape.

    Source: R. K. Srivastava et al., Highway Networks, 2015.

    Example:
        >>> Highway(3)(np.ones((5, 3), "float32")).shape
        (5, 3)
    """

    def __init__(
        self,
        in_out_size: int,
        nobias: bool = False,
        activate: Callable[[Any], Any] = relu,
        init_Wh: Any = None,
        init_Wt: Any = None,
        init_bh: Any = None,
        init_bt: Any = -1,
    ) -> None:
        super().__init__()
        n = positive("Highway", in_out_size=in_out_size)[0]
        self.activate = activate
        with self.init_scope():
            self.plain = Linear(n, n, nobias, init_Wh, init_bh)
            self.transform = Linear(n, n, nobias, init_Wt, init_bt)

    def forward(self, x: Array) -> Any:
        """`(n, in_out_size)` gives the same shape."""
        t = sigmoid(self.transform(x))
        return F.add(F.multiply(self.activate(self.plain(x)), t), F.multiply(x, F.subtract(1, t)))


def _checked_size(name: str, size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(
            f"Linear: {name} is {size!r}; expected a positive integer, as in Linear(784, 100), or Linear(100) for in_size to come later"
        )
    return int(size)
