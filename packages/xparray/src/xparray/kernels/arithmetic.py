"""Sums, differences, products and quotients of large arrays: NumPy's numbers, in several threads and in memory of the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xparray._one_source.elementwise import elementwise
from xparray._typing import Array


@elementwise
def add(a: Array, b: Array) -> Array:
    """a + b."""
    return a + b


@elementwise
def subtract(a: Array, b: Array) -> Array:
    """a - b."""
    return a - b


@elementwise
def multiply(a: Array, b: Array) -> Array:
    """a b."""
    return a * b


@elementwise
def divide(a: Array, b: Array) -> Array:
    """a / b."""
    return a / b


def _swapped(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda b, a: f(a, b)


# By the name of the method that Python calls for an operator.
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "__add__": add,
    "__radd__": _swapped(add),
    "__sub__": subtract,
    "__rsub__": _swapped(subtract),
    "__mul__": multiply,
    "__rmul__": _swapped(multiply),
    "__truediv__": divide,
    "__rtruediv__": _swapped(divide),
}
