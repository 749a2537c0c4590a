"""Sums over rows that backward puts off, so that the calls which share a weight share one product for its gradient.

A weight that is used at every time of a sequence gets from each a product of few rows, g^T x, as large as the weight itself: to
make and add up these takes longer than the arithmetic. Of the rows of all times together it is one product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xparray as xp
from catena.autograd._variable import Variable
from xparray import Array

# So many rows wait at most: a product of more is no faster, and they would keep memory.
_MOST = 1024


def over_rows(function: Callable[..., Array], *arrays: Array, **options: Any) -> Any:
    """`function(*arrays, **options)`, for a rule whose result is a sum over the rows of these arrays: one that backward may put off.

    Of the rows of two calls, joined, the function is to give the sum of what it gives of each. On Variables it runs at once.

    Example:
        >>> import numpy as np
        >>> def gradient(g, x):
        ...     return g.T @ x
        >>> later = over_rows(gradient, np.ones((3, 1)), np.ones((3, 2)))
        >>> over_rows(gradient, np.ones((4, 1)), np.ones((4, 2))).after(later).value().tolist()
        [[7.0, 7.0]]
    """
    if any(isinstance(x, Variable) for x in arrays):
        return function(*arrays, **options)
    return Later(function, arrays, options)


class Later:
    """A sum over the rows of arrays that is still to be computed: see `over_rows`."""

    __slots__ = ("_calls", "_function", "_kind", "_options", "_rows", "_total")

    def __init__(self, function: Callable[..., Array], arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        self._function = function
        self._options = options
        self._calls = [arrays]
        self._rows = arrays[0].shape[0]
        self._total: Any = None
        # Calls of one kind can be joined.
        self._kind = function, options, [(x.dtype, x.shape[1:]) for x in arrays]

    def after(self, before: Any) -> Later:
        """The sum of this and `before`, an array or another such sum, which may change for it."""
        if type(before) is not Later:
            self._total = before
            return self
        if before._kind != self._kind:
            self._total = before.value()
            return self
        before._calls += self._calls
        before._rows += self._rows
        if before._rows >= _MOST:
            before._total, before._calls, before._rows = before.value(), [], 0
        return before

    def __add__(self, other: Array) -> Array:
        return self.value() + other

    def value(self) -> Array:
        """The sum."""
        calls = self._calls
        if not calls:
            return self._total
        arrays = calls[0] if len(calls) == 1 else [xp.concat(parts, axis=0) for parts in zip(*calls, strict=True)]
        value = self._function(*arrays, **self._options)
        return value if self._total is None else self._total + value
