"""Elementwise functions of the user's own: one Python function, run as an array expression or as one fused loop."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, overload

import numpy as np

from xparray._backend import BACKEND_OF_TYPE
from xparray._dispatch import SCALARS, common_backend
from xparray._kernel import jit_enabled, references_only
from xparray._one_source.host import Plan, is_trial
from xparray._one_source.program import NUMBERS, CannotTranslate, Program
from xparray._one_source.short_cut import Call as ShortCut
from xparray._one_source.translate import walk, why_never
from xparray._typing import Array
from xparray.backends.numba import NumbaArray


class Elementwise:
    """A function of elements and numbers, called with arrays and numbers: see `elementwise`."""

    __name__: str
    __qualname__: str
    _decorator = "elementwise"
    _reductions = False

    def __init__(self, function: Callable[..., Any], *, strict: bool = False) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError(
                f"{self._decorator}: got {function!r} ({type(function).__name__}); expected a function written with def"
            )
        functools.update_wrapper(self, function)
        self.function = function
        self.strict = strict
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters.values()
        if "out" in self._signature.parameters:
            raise ValueError(f"{self.__name__}: {self._decorator} takes out= itself; rename the function's parameter")
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            raise ValueError(
                f"{self.__name__}: {self._decorator} needs each parameter by name; replace *args and **kwargs"
            )
        self._positional = sum(p.kind is not p.KEYWORD_ONLY for p in parameters)
        self._count = len(parameters)
        self._keywords = list(self._signature.parameters)[self._positional :]
        self._plans: dict[tuple[type, ...], Plan | str] = {}  # plans, and why there is none
        # What served the latest call without out, and the latest one with it.
        self._short_cuts: list[ShortCut | None] = [None, None]
        self._why: str | None = ""
        if strict and (why := self.why_not) is not None:
            raise CannotTranslate(why)

    @property
    def why_not(self) -> str | None:
        """Why the latest call ran the function as it is written, or None where it ran fused.

        Before the first call: why no call can run fused, or None where one may.
        """
        return why_never(self.function, self._count, reductions=self._reductions) if self._why == "" else self._why

    def __call__(self, *args: Any, out: Any = None, **options: Any) -> Any:
        if options or len(args) != self._count:
            args = self._bind(args, options)
        if not jit_enabled() and not self._has_kernels(args):
            self._why = "compiled loops are switched off, or numba is not installed"
            return self._refer(args, out)
        try:
            short_cut = self._short_cuts[out is None]
            y = None if short_cut is None else short_cut(args, out)
            if y is None:
                y = self._run(args, out)
            self._why = None
            return y
        except CannotTranslate as e:
            if self.strict and not is_trial():
                raise
            self._why = str(e)
        return self._refer(args, out)

    def _run(self, args: tuple[Any, ...], out: Any) -> Any:
        """The results by the plan for the arguments' types."""
        plan = self._plans.get(tuple(map(type, args)))
        if plan is None:
            plan = self._plan(args)
        if isinstance(plan, str):
            raise CannotTranslate(plan)
        short_cut = plan.short_cuts.get((args[plan.first].dtype, out is None))
        if short_cut is not None and short_cut is not self._short_cuts[out is None]:
            self._short_cuts[out is None] = short_cut
            y = short_cut(args, out)
            if y is not None:
                return y
        return plan(args, out)

    def _has_kernels(self, args: tuple[Any, ...]) -> bool:
        """Whether kernels of a GPU may serve a call, which need no numba."""
        return not references_only() and any(_place(type(a)) == "cuda" for a in args)

    def forget(self) -> None:
        """Drop the short cuts that served the latest calls."""
        self._short_cuts[:] = None, None

    def _bind(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in the order of the parameters."""
        bound = self._signature.bind(*args, **options)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _plan(self, args: tuple[Any, ...]) -> Plan | str:
        """What serves calls with arguments of these types, or why nothing does."""
        types = tuple(map(type, args))
        named = {name: t for name, t in zip(self._signature.parameters, types, strict=True) if t not in NUMBERS}
        places = {name: _place(t) for name, t in named.items()}
        other = next((name for name, place in places.items() if not place), None)
        plan: Plan | str
        if other is not None:
            plan = f"{self.__name__}: {other} is {named[other].__name__}, neither a host array nor a Python number"
        elif not named:
            plan = f"{self.__name__}: no argument is an array"
        elif "cuda" in places.values():
            from xparray._one_source.gpu import Plan as GpuPlan

            plan = GpuPlan(self, types)
        else:
            plan = Plan(self, types)
        return self._plans.setdefault(types, plan)

    def walked(self, is_array: Sequence[bool]) -> Program:
        """The function's operations, where the arguments marked by `is_array` are arrays and the others numbers."""
        return walk(self.function, is_array, reductions=self._reductions)

    def evaluate(self, args: Sequence[Any]) -> Any:
        """What the function as it is written returns."""
        return self.function(
            *args[: self._positional], **dict(zip(self._keywords, args[self._positional :], strict=True))
        )

    def _refer(self, args: tuple[Any, ...], out: Any) -> Any:
        outs = () if out is None else self.targets(out)
        backend = common_backend(self.__name__, [a for a in (*args, *outs) if hasattr(a, "dtype")])
        if outs and backend.records:
            raise TypeError(
                f"{self.__name__}: out= with a Variable among the arguments; pass its array, or call it without out"
            )
        y = backend.wrap(self.evaluate(args))
        if out is None:
            return y
        results = y if isinstance(y, tuple) else (y,)
        self.check_count(outs, len(results))
        if backend.is_host:
            results = tuple(np.asarray(r) for r in results)
        for k, (r, o) in enumerate(zip(results, outs, strict=True)):
            self.check_target(k, o, tuple(r.shape), r.dtype)
        if backend.is_host and len(outs) > 1:  # a function may return an argument: keep it from what is written first
            results = tuple(r.copy() if any(np.may_share_memory(r, o) for o in outs) else r for r in results)
        for r, o in zip(results, outs, strict=True):
            if backend.is_host:
                np.copyto(o, r, casting="same_kind")
            else:
                o[...] = r
        return tuple(outs) if isinstance(y, tuple) else next(iter(outs))

    def targets(self, out: Any) -> tuple[Array, ...]:
        """The arrays of `out=`.

        Raises:
            TypeError: something in it is no array that can be written.
        """
        outs = tuple(out) if isinstance(out, tuple | list) else (out,)
        for o in outs:
            if (
                type(o) in SCALARS
                or not hasattr(o, "dtype")
                or isinstance(o, np.generic)
                or BACKEND_OF_TYPE[type(o)].records
            ):
                raise TypeError(f"{self.__name__}: out has a {type(o).__name__}; expected arrays, one for each result")
        return outs

    def check_count(self, outs: Sequence[Array], count: int) -> None:
        """Raise ValueError unless there is one array for each result."""
        if len(outs) != count:
            given = "1 array" if len(outs) == 1 else f"{len(outs)} arrays"
            returned = "1 result" if count == 1 else f"{count} results"
            raise ValueError(
                f"{self.__name__}: out has {given}, the function returns {returned}; pass one array for each, in their order"
            )

    def check_target(self, k: int, o: Array, shape: tuple[int, ...], dtype: Any) -> None:
        """Raise ValueError or TypeError unless the result k, of `shape` and `dtype`, can be written to `o`."""
        if tuple(o.shape) != shape:
            raise ValueError(
                f"{self.__name__}: out[{k}] has shape {tuple(o.shape)}, result {k} has {shape}; pass an array of that shape"
            )
        if not isinstance(o, np.ndarray):
            if o.dtype != dtype:
                raise TypeError(
                    f"{self.__name__}: out[{k}] is {o.dtype}, result {k} is {dtype}; pass an array of that dtype"
                )
            return
        if not np.can_cast(dtype, o.dtype, "same_kind"):
            raise TypeError(
                f"{self.__name__}: out[{k}] is {o.dtype}, result {k} is {dtype}, which does not fit; pass a {dtype} array"
            )
        if not o.flags.writeable:
            raise ValueError(f"{self.__name__}: out[{k}] is read-only; pass an array that can be written")

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<{self._decorator} {self.__qualname__}{self._signature}>"


def _place(t: type) -> str:
    """Where arrays of the type `t` are computed by loops or kernels; "" where nothing of the kind is known."""
    if t is np.ndarray or t is NumbaArray:
        return "host"
    try:
        name = BACKEND_OF_TYPE[t].name
    except TypeError:  # no array
        return ""
    return name if name == "cuda" else ""


@overload
def elementwise(function: Callable[..., Any]) -> Elementwise: ...
@overload
def elementwise(*, strict: bool) -> Callable[[Callable[..., Any]], Elementwise]: ...
def elementwise(function: Callable[..., Any] | None = None, *, strict: bool = False) -> Any:
    """Decorator over a function of elements and numbers, so that it runs as one fused loop where that is possible.

    The function as it is written, called with the arrays, is the meaning: `xp.sqrt`, `xp.where` and the operators act on whole
    arrays of any backend, and Variables are recorded. For host arrays of floats, integers and truth values, broadcast together, and
    Python numbers, its text becomes a compiled loop without intermediate arrays, threaded where there are many elements, with NumPy's
    promotion and the same bits; on "numba" `xp.exp` and the like are xparray's own polynomials, in the same loop. Where it cannot,
    the function runs as it is written, and `why_not` tells the reason. Three things a loop leaves open: which of two zeros is the
    greater one, whether arithmetic warns of overflow, and names of functions, which it looks up when it is made, not at each call.

    Call it with the function's arguments and `out=`, an array or a tuple of arrays, one for each result, that receive the
    results; they may be among the arguments. What the function reads is read before anything is written.

    Args:
        function: takes elements and numbers, returns an element or a tuple of elements.
        strict: raise `CannotTranslate` where the function would run as it is written.

    Raises:
        TypeError: `function` is no Python function; when called, `out` holds something else than arrays or another kind of dtype.
        ValueError: a parameter is called `out` or takes any number of arguments; when called, the arrays of `out` are not as many
            as the results, have other shapes, or are read-only.
        CannotTranslate: with `strict`, no loop can do what the function does; names the line.

    Example:
        >>> import numpy as np
        >>> import xparray as xp
        >>> @elementwise
        ... def momentum(p, v, g, lr, decay):
        ...     v = decay * v - lr * g
        ...     return p + v, v
        >>> p, v = np.ones(3, np.float32), np.zeros(3, np.float32)
        >>> _ = momentum(p, v, np.ones(3, np.float32), 0.5, 0.9, out=(p, v))
        >>> p.tolist(), v.tolist()
        ([0.5, 0.5, 0.5], [-0.5, -0.5, -0.5])
    """
    if function is None:
        return lambda f: Elementwise(f, strict=strict)
    return Elementwise(function, strict=strict)
