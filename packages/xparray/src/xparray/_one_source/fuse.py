"""Array expressions as one pass: `elementwise`, with reductions at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from xparray._one_source.elementwise import Elementwise


class Fused(Elementwise):
    """A function of arrays and numbers: see `fuse`."""

    _decorator = "fuse"
    _reductions = True


@overload
def fuse(function: Callable[..., Any]) -> Fused: ...
@overload
def fuse(*, strict: bool) -> Callable[[Callable[..., Any]], Fused]: ...
def fuse(function: Callable[..., Any] | None = None, *, strict: bool = False) -> Any:
    """Decorator over an array expression, so that it runs in one pass over memory where that is possible.

    It is `elementwise` for functions of arrays: besides what that takes, the function may end in reductions, `xp.sum`, `mean`,
    `prod`, `max`, `min`, `all` and `any` or the methods of these names, all along the same `axis`, with what is computed from
    their results, and may return reductions and elements together. Numbers that decide axes stand in the text. Rounding errors of a
    sum grow with the logarithm of its length; the result does not depend on the number of threads, but differs from NumPy's in the
    last bits. As for `elementwise`, the function as it is written is the meaning and runs where no loop can.

    Args:
        function: takes arrays and numbers, returns an array or a tuple of arrays.
        strict: raise `CannotTranslate` where the function would run as it is written.

    Raises:
        TypeError: `function` is no Python function.
        ValueError: a parameter is called `out` or takes any number of arguments.
        CannotTranslate: with `strict`, no loop can do what the function does; names the line.

    Example:
        >>> import numpy as np
        >>> import xparray as xp
        >>> @fuse
        ... def deviation(x, center):
        ...     d = x - center
        ...     return xp.sqrt(xp.mean(d * d, axis=1)), d
        >>> deviation(np.array([[1.0, 5.0], [0.0, 6.0]]), np.array([2.0, 4.0]))[0]
        array([1., 2.])
    """
    if function is None:
        return lambda f: Fused(f, strict=strict)
    return Fused(function, strict=strict)
