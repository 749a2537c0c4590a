"""Memory for time: results that are computed a second time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catena.autograd import checkpoint


def forget(func: Callable[..., Any], *xs: Any) -> Any:
    """func(*xs) without keeping what is between its inputs and its results: backward runs `func` a second time.

    It is `catena.autograd.checkpoint`, called at once: gradients of every order flow to xs and to what `func` reads besides.

    Args:
        func: a function that computes the same each time, such as a link.
        xs: its arguments.

    Raises:
        TypeError: `func` is no function.
        RuntimeError: in backward, where the second run is not like the first.

    Source: T. Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016, https://arxiv.org/abs/1604.06174.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable
        >>> x = Variable(np.array([1.0, 2.0]))
        >>> forget(lambda x: x * x * x, x).backward(grad=np.ones(2))
        >>> x.grad.tolist()
        [3.0, 12.0]
    """
    return checkpoint(func)(*xs)
