"""Links that add noise."""

from __future__ import annotations

import math
from typing import Any

from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.connection import features_of
from catena.nn.functions.noise import check_ratio, dropout, simplified_dropconnect
from catena.nn.initializers import get_initializer
from catena.nn.links._sizes import positive
from xparray import Array


class Dropout(Link):
    """`F.dropout` as a link, to stand in a Sequential.

    Args:
        ratio: the probability of an element to be dropped, from 0 to below 1.

    Raises:
        ValueError: `ratio` is no such probability.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import using_config
        >>> with using_config("train", False):
        ...     Dropout(0.9)(np.ones(3)).tolist()
        [1.0, 1.0, 1.0]
    """

    def __init__(self, ratio: float = 0.5) -> None:
        check_ratio(ratio)
        super().__init__()
        self.ratio = ratio

    def forward(self, x: Array) -> Any:
        """`F.dropout(x, ratio)`."""
        return dropout(x, self.ratio)


class SimplifiedDropconnect(Link):
    """`F.simplified_dropconnect` with W and b learned: Linear, whose weights are dropped at random in training.

    W, `(out_size, in_size)`, begins as LeCunNormal (mean 0, variance 1 / in_size), b, `(out_size,)`, as 0.

    Args:
        in_size: the number of features; None to take it from the first input.
        out_size: the number of outputs.
        ratio: the probability of a weight to be dropped, from 0 to below 1.
        nobias: no b.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        initial_bias: initial b, likewise.

    Raises:
        ValueError: `ratio` is no such probability, a size is no positive integer, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> layer = SimplifiedDropconnect(None, 2)
        >>> layer(np.ones((5, 3), "float32")).shape, layer.W.shape
        ((5, 2), (2, 3))
    """

    W: Parameter
    b: Parameter | None

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        ratio: float = 0.5,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        check_ratio(ratio, "SimplifiedDropconnect")
        super().__init__()
        self.ratio = ratio
        (self.out_size,) = positive("SimplifiedDropconnect", out_size=out_size)
        bias = get_initializer(0 if initial_bias is None else initial_bias)
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            self.b = None if nobias else Parameter(bias, (self.out_size,))
        if in_size is not None:
            self.W.initialize((self.out_size, *positive("SimplifiedDropconnect", in_size=in_size)))

    def forward(self, x: Array, train: bool = True, mask: Array | None = None, use_batchwise_mask: bool = True) -> Any:
        """`F.simplified_dropconnect`; the first call makes W where its shape is not known yet."""
        if not self.W.is_initialized:
            self.W.initialize((self.out_size, math.prod(features_of(x, 1))))
        return simplified_dropconnect(x, self.W, self.b, self.ratio, train, mask, use_batchwise_mask)
