"""What links ask of the sizes given to them."""

from __future__ import annotations

from typing import Any

import numpy as np


def positive(link: str, **given: Any) -> tuple[int, ...]:
    """The values as integers.

    Raises:
        ValueError: one is no positive integer; names it.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{link}: {name} is {value!r}; expected a positive integer")
    return tuple(int(value) for value in given.values())


def shape_of(link: str, size: Any) -> tuple[int, ...]:
    """The lengths of several axes, or of one, as a tuple.

    Raises:
        ValueError: one is no positive integer.
    """
    sizes = size if isinstance(size, tuple | list) else [size]
    return tuple(positive(link, size=n)[0] for n in sizes)
