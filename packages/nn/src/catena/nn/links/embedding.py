"""Learned vectors for the members of a set."""

from __future__ import annotations

from typing import Any, Self

from catena.autograd import as_array
from catena.nn._link import Link
from catena.nn._parameter import Parameter
from catena.nn.functions.embedding import embed_id
from catena.nn.initializers import Normal, get_initializer
from catena.nn.links._sizes import positive
from xparray import Array


class EmbedID(Link):
    """`F.embed_id` with learned W, `(in_size, out_size)`, which begins as Normal (mean 0, variance 1).

    Args:
        in_size: how many numbers there are.
        out_size: the length of a vector.
        initialW: initial W: an initializer, a number, or an array, which is copied.
        ignore_label: a number whose vector is 0 and has no gradient; None for none.

    Raises:
        ValueError: a size is no positive integer, or an initial array has another shape.

    Example:
        >>> import numpy as np
        >>> embed = EmbedID(10, 4, ignore_label=-1)
        >>> embed(np.array([[3, 1, -1], [2, 2, 0]])).shape
        (2, 3, 4)
    """

    W: Parameter

    def __init__(self, in_size: int, out_size: int, initialW: Any = None, ignore_label: int | None = None) -> None:
        super().__init__()
        self.ignore_label = ignore_label
        shape = positive("EmbedID", in_size=in_size, out_size=out_size)
        with self.init_scope():
            self.W = Parameter(Normal(1.0) if initialW is None else get_initializer(initialW), shape)

    @classmethod
    def from_params(cls, W: Array, ignore_label: int | None = None) -> Self:
        """A link of the shape of W, which is copied."""
        in_size, out_size = W.shape
        return cls(in_size, out_size, as_array(W), ignore_label)

    def forward(self, x: Array) -> Any:
        """`F.embed_id(x, W, ignore_label)`."""
        return embed_id(x, self.W, self.ignore_label)
