"""Links that add noise."""

from __future__ import annotations

from typing import Any

from catena.nn._link import Link
from catena.nn.functions.noise import check_ratio, dropout
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
