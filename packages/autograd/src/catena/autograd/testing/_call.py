"""One call of a function: what it is given, and the Python that makes it again."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from catena.autograd._containers import leaves
from catena.autograd._op import Op

LAYOUTS = ("C", "F", "reversed", "strided")


def laid_out(x: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The values of x in memory: "C" or "F" contiguous, "reversed" (negative strides), "strided" (every second place of the last axis).

    Example:
        >>> laid_out(np.arange(3.0), "reversed").strides
        (-8,)
    """
    if layout == "F":
        return np.array(x, order="F")
    if layout == "reversed" and x.ndim:
        return np.flip(np.flip(x).copy())
    if layout == "strided" and x.ndim:
        y = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
        y[...] = x
        return y
    return np.array(x, order="C")


class Call:
    """One call of a function: its inputs, in which it is differentiated, and its options.

    An input may be a list, tuple or dict of arrays, as `concat` takes them; options are given by keyword.

    Example:
        >>> Call(np.ones(2), axis=0)
        Call(np.array([1.0, 1.0], 'float64'), axis=0)
    """

    def __init__(self, *inputs: Any, **options: Any) -> None:
        self.inputs = inputs
        self.options = options

    def __repr__(self) -> str:
        parts = [*map(written, self.inputs), *(f"{name}={written(value)}" for name, value in self.options.items())]
        return f"Call({', '.join(parts)})"


def bound_leaves(f: Callable[..., Any], inputs: Sequence[Any]) -> list[tuple[str, Any]]:
    """The leaves of the inputs, with what messages call each: "x", "xs[0]"."""
    names, variadic = _parameters(f)
    names = [*names, *(f"{variadic}[{i}]" for i in range(len(inputs) - len(names)))]
    return [found for name, x in zip(names, inputs, strict=False) for found in leaves(x, name)]


def _parameters(f: Callable[..., Any]) -> tuple[list[str], str]:
    """The names of what takes positional arguments, and of what takes all that are left."""
    try:
        parameters = inspect.signature(f.forward if isinstance(f, Op) else f).parameters.values()
    except ValueError:  # of a built-in function, into which Python cannot look
        return [], "input"
    variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "input")
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)], variadic


# ------------------------------------------------------------------------------------------------------------ as Python's text


def written(x: Any) -> str:
    """Python that makes `x` again, given `np`, `Call`, `laid_out` and what `importable` finds."""
    if isinstance(x, list | tuple):
        parts = ", ".join(map(written, x))
        return f"[{parts}]" if isinstance(x, list) else f"({parts}{',' * (len(x) == 1)})"
    if isinstance(x, dict):
        return f"{{{', '.join(f'{key!r}: {written(part)}' for key, part in x.items())}}}"
    if isinstance(x, np.ndarray):
        text = f"np.array({x.tolist()}, {x.dtype.name!r})" if x.size else f"np.zeros({x.shape}, {x.dtype.name!r})"
        layout = next((name for name in LAYOUTS if laid_out(x, name).strides == x.strides), "C")
        return text if layout == "C" else f"laid_out({text}, {layout!r})"
    if isinstance(x, np.dtype):
        return f"np.dtype({x.name!r})"
    if importable(x):
        return str(x.__name__)
    return repr(x)


def importable(x: Any) -> str:
    """The module from which a function or class can be imported by its name, the public one before a private; "" for none."""
    module, name = getattr(x, "__module__", None) or "", getattr(x, "__name__", None) or ""
    places = [module.partition("._")[0], module] if callable(x) else []
    return next((place for place in places if getattr(sys.modules.get(place), name, None) is x), "")


def imports(x: Any) -> Iterator[str]:
    """The lines that import what `written(x)` names, besides `np`, `Call` and `laid_out`."""
    for _, leaf in leaves([x.inputs, x.options] if isinstance(x, Call) else x, ""):
        if isinstance(leaf, Call):
            yield from imports(leaf)
        elif importable(leaf):
            yield f"from {importable(leaf)} import {leaf.__name__}"
