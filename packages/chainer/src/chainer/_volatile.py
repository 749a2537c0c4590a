"""v1's volatile Variables: what is computed of one is not recorded, and is volatile in turn.

Nothing is looked for until a program has made one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from catena.autograd import Variable, no_backprop_mode
from catena.autograd._array_methods import ArrayMethods


class VolatileVariable(Variable):
    """A Variable made with `volatile="on"`, or computed of one."""

    __slots__ = ()


class _Made:
    any = False


MADE = _Made()


def make_volatile(x: Variable) -> None:
    """Let what is computed of `x` not be recorded."""
    MADE.any = True
    x.__class__ = VolatileVariable


def is_among(values: Any) -> bool:
    """Whether one of the values, or of the elements of a list, tuple or dict among them, is volatile."""
    return any(
        is_among(v.values() if isinstance(v, dict) else v)
        if isinstance(v, list | tuple | dict)
        else isinstance(v, VolatileVariable)
        for v in values
    )


def run_volatile(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the function without recording; the Variables that it returns are volatile."""
    with no_backprop_mode():
        return _marked(function(*args, **kwargs))


def _marked(result: Any) -> Any:
    for x in result.values() if isinstance(result, dict) else result if isinstance(result, list | tuple) else [result]:
        if isinstance(x, list | tuple | dict):
            _marked(x)
        elif type(x) is Variable:
            x.__class__ = VolatileVariable
    return result


_OPERATORS = frozenset(
    f"__{reflected}{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
    for reflected in ("", "r")
) | {"__neg__", "__pos__", "__abs__", "__getitem__"}


def _volatile_method(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        return run_volatile(method, self, *args, **kwargs)

    return wrapped


for _name, _method in vars(ArrayMethods).items():
    if callable(_method) and (_name in _OPERATORS or not _name.startswith("_")):
        setattr(VolatileVariable, _name, _volatile_method(_method))
