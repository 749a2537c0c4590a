"""Reductions of the user's own: what is reduced, how, and what is made of it, as one array expression or one pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from xparray._dispatch import array_namespace
from xparray._one_source.elementwise import Elementwise
from xparray._one_source.program import FOLDS, Program
from xparray._one_source.translate import Ending, count, identify, walk
from xparray._typing import Array

_NAMED = {function: name for name, function in FOLDS.items()}
Axis = int | tuple[int, ...] | None


class Reduction:
    """A function of arrays and numbers whose results are reduced: see `reduction`."""

    __name__: str
    __qualname__: str

    def __init__(
        self,
        function: Callable[..., Any],
        reduce: Callable[..., Any],
        *,
        identity: float | None = None,
        post_map: Callable[..., Any] | None = None,
        strict: bool = False,
    ) -> None:
        self._map = Elementwise(function, strict=strict)
        self.__name__, self.__qualname__ = self._map.__name__, self._map.__qualname__
        self.__doc__, self.__module__ = function.__doc__, function.__module__
        taken = {"axis", "keepdims"} & set(inspect.signature(function).parameters)
        if taken:
            raise ValueError(
                f"{self.__name__}: reduction takes {' and '.join(sorted(taken))} itself; rename the function's parameter"
            )
        known = identify(reduce)
        self.name = _NAMED.get(known, "fold")
        if count(known) != 2 if known else not isinstance(reduce, FunctionType):
            raise TypeError(
                f"{self.__name__}: reduce is {reduce!r} ({type(reduce).__name__}); expected a function of two values: xp.add, "
                "multiply, maximum, minimum, logical_and, logical_or, or a Python function"
            )
        if post_map is not None and not callable(post_map):
            raise TypeError(
                f"{self.__name__}: post_map is {post_map!r} ({type(post_map).__name__}); expected a function"
            )
        self.function, self.reduce, self.identity, self.post_map, self.strict = (
            function,
            reduce,
            identity,
            post_map,
            strict,
        )
        self._along: dict[tuple[Any, ...], _Along] = {}
        self._latest: _Along | None = None

    @property
    def why_not(self) -> str | None:
        """Why the latest call ran as an array expression, or None where it ran as one pass.

        Before the first call: why no call can run as one pass, or None where one may.
        """
        return self._map.why_not if self._latest is None else self._latest.why_not

    def __call__(self, *args: Any, axis: Axis = None, keepdims: bool = False, **options: Any) -> Any:
        axes = (axis,) if isinstance(axis, int) else axis
        along = self._along.get((axes, keepdims))
        if along is None:
            along = self._along.setdefault((axes, keepdims), _Along(self, axes, keepdims=keepdims))
        self._latest = along
        return along(*args, **options)

    def of(self, y: Any, axis: tuple[int, ...] | None, *, keepdims: bool) -> Any:
        """The reduction of what the function returned, as an array expression."""
        results = tuple(self._reduced(a, axis, keepdims=keepdims) for a in (y if isinstance(y, tuple) else (y,)))
        if self.post_map is not None:
            return self.post_map(*results)
        return results if isinstance(y, tuple) else results[0]

    def _reduced(self, y: Array, axis: tuple[int, ...] | None, *, keepdims: bool) -> Array:
        ndim = len(y.shape)
        axes = tuple(range(ndim)) if axis is None else tuple(a + ndim if a < 0 else a for a in axis)
        if any(not 0 <= a < ndim for a in axes) or len(set(axes)) < len(axes):
            raise ValueError(
                f"{self.__name__}: axis is {axis}; expected different axes of an array of shape {tuple(y.shape)}"
            )
        is_empty = any(y.shape[a] == 0 for a in axes)
        ns = array_namespace(y)
        if self.name != "fold" and not (is_empty and self.identity is not None):
            return getattr(ns, self.name)(y, axis=axis, keepdims=keepdims)
        kept = tuple(n for a, n in enumerate(y.shape) if a not in axes)
        if not is_empty:
            rest = tuple(a for a in range(ndim) if a not in axes)
            r = self._in_pairs(ns.reshape(ns.permute_dims(y, (*rest, *axes)), (*kept, -1)))
        elif self.identity is None:
            raise ValueError(
                f"{self.__name__}: the array has shape {tuple(y.shape)} and nothing to reduce along {axis}; pass identity= to "
                "reduction, the result for no elements"
            )
        else:
            r = ns.full(kept, self.identity, dtype=y.dtype)
        return ns.reshape(r, tuple(1 if a in axes else n for a, n in enumerate(y.shape))) if keepdims else r

    def _in_pairs(self, y: Array) -> Array:
        """`y` reduced along its last axis, halves onto halves."""
        ns, n = array_namespace(y), y.shape[-1]
        while n > 1:
            half = (n + 1) // 2
            low = self.reduce(y[..., : n - half], y[..., half:n])
            y = ns.concat([low, y[..., n - half : half]], axis=-1) if n % 2 else low
            n = half
        return y[..., 0]

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<reduction {self.__qualname__}{inspect.signature(self.function)}>"


class _Along(Elementwise):
    """A reduction along given axes."""

    _decorator = "reduction"

    def __init__(self, owner: Reduction, axis: tuple[int, ...] | None, *, keepdims: bool) -> None:
        super().__init__(owner.function, strict=owner.strict)
        self.owner = owner
        combine = owner.reduce if owner.name == "fold" else None
        self.ending = Ending(owner.name, combine, owner.post_map, axis, keepdims)

    def walked(self, is_array: Sequence[bool]) -> Program:
        """The function's operations, and those of its reduction."""
        return walk(self.function, is_array, ending=self.ending)

    def evaluate(self, args: Sequence[Any]) -> Any:
        """What the array expression gives."""
        return self.owner.of(super().evaluate(args), self.ending.axis, keepdims=self.ending.keepdims)


def reduction(
    reduce: Callable[..., Any],
    *,
    identity: float | None = None,
    post_map: Callable[..., Any] | None = None,
    strict: bool = False,
) -> Callable[[Callable[..., Any]], Reduction]:
    """Decorator over a function of elements: what it gives for each element is reduced, in one pass over memory where that is possible.

    Call it with the function's arguments, of which arrays are broadcast together, `axis=` (an int, a tuple or None for all axes)
    and `keepdims=`. Elements are reduced in pairs, in an order that depends on shapes alone: the result does not depend on the
    number of threads, and rounding errors of a sum grow with the logarithm of its length.

    Args:
        reduce: `xp.add`, `multiply`, `maximum`, `minimum`, `logical_and` or `logical_or`, with the dtype of the standard's `sum`,
            `prod`, `max`, `min`, `all` or `any`; or another function of two values that gives one of their dtype, for which
            neither order nor grouping matters: `xp.bitwise_or`, `lambda a, b: a + b - a * b`.
        identity: the result for no elements; where it is left out, what NumPy's reduction of that name gives, or an error.
        post_map: a function of the reduced values, one for each result of the decorated function.
        strict: raise `CannotTranslate` where the array expression would run.

    Raises:
        TypeError: `reduce` or `post_map` is no such function.
        ValueError: the function has a parameter `axis`, `keepdims` or `out`; when called, there are no elements and no identity.
        CannotTranslate: with `strict`, no loop can do what the functions do; names the line.

    Example:
        >>> import numpy as np
        >>> import xparray as xp
        >>> @reduction(xp.add, post_map=xp.sqrt)
        ... def distance(x, y):
        ...     return (x - y) ** 2
        >>> distance(np.array([[0.0, 3.0], [1.0, 1.0]]), np.array([4.0, 0.0]), axis=1).round(3)
        array([5.   , 3.162])
    """

    def decorate(function: Callable[..., Any]) -> Reduction:
        return Reduction(function, reduce, identity=identity, post_map=post_map, strict=strict)

    return decorate
