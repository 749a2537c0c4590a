"""Elementwise functions of the user's own: one Python function, run as an array expression or as one fused loop."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from xparray._backend import BACKEND_OF_TYPE
from xparray._dispatch import SCALARS, common_backend
from xparray._fusion import Layout, compile_program, loads
from xparray._kernel import jit_enabled
from xparray._translate import CannotTranslate, Program, translate, why_never
from xparray._typing import Array
from xparray.backends.numba import NumbaArray

_NUMBERS = frozenset({int, float, bool})
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
# C-contiguous and aligned, in the numbering of ndarray.flags.num.
_READABLE = 0x0101
_WRITABLE = 0x0501

_lock = threading.RLock()
_trial = threading.local()


class Elementwise:
    """A function of elements and numbers, called with arrays and numbers: see `elementwise`."""

    __name__: str
    __qualname__: str

    def __init__(self, function: FunctionType) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError(f"elementwise: got {function!r} ({type(function).__name__}); expected a function written with def")
        functools.update_wrapper(self, function)
        self.function = function
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters.values()
        if "out" in self._signature.parameters:
            raise ValueError(f"{self.__name__}: elementwise takes out= itself; rename the function's parameter")
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            raise ValueError(f"{self.__name__}: elementwise needs each parameter by name; replace *args and **kwargs")
        self._positional = sum(p.kind is not p.KEYWORD_ONLY for p in parameters)
        self._count = len(parameters)
        self._keywords = list(self._signature.parameters)[self._positional :]
        self._plans: dict[tuple[type, ...], _Plan | str] = {}
        self._why: str | None = ""

    @property
    def why_not(self) -> str | None:
        """Why the latest call ran the function as it is written, or None where it ran fused.

        Before the first call: why no call can run fused, or None where one may.
        """
        return why_never(self.function, self._count) if self._why == "" else self._why

    def __call__(self, *args: Any, out: Any = None, **options: Any) -> Any:
        if options or len(args) != self._count:
            args = self._bind(args, options)
        if not jit_enabled():
            self._why = "compiled loops are switched off, or numba is not installed"
            return self._refer(args, out)
        plan = self._plans.get(tuple(map(type, args)))
        if plan is None:
            plan = self._plan(args)
        if type(plan) is str:
            self._why = plan
            return self._refer(args, out)
        try:
            y = plan(args, out)
        except CannotTranslate as e:
            self._why = str(e)
            return self._refer(args, out)
        self._why = None
        return y

    def _bind(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in the order of the parameters."""
        bound = self._signature.bind(*args, **options)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _plan(self, args: tuple[Any, ...]) -> _Plan | str:
        types = tuple(map(type, args))
        named = {name: t for name, t in zip(self._signature.parameters, types, strict=True) if t not in _NUMBERS}
        other = next((name for name, t in named.items() if t is not np.ndarray and t is not NumbaArray), None)
        if other is not None:
            return f"{self.__name__}: {other} is {named[other].__name__}, neither a host array nor a Python number"
        if not named:
            return f"{self.__name__}: no argument is an array"
        with _lock:
            return self._plans.setdefault(types, _Plan(self, types))

    def evaluate(self, args: Sequence[Any]) -> Any:
        """What the function as it is written returns."""
        return self.function(*args[: self._positional], **dict(zip(self._keywords, args[self._positional :], strict=True)))

    def _refer(self, args: tuple[Any, ...], out: Any) -> Any:
        outs = () if out is None else self.targets(out)
        backend = common_backend(self.__name__, [a for a in (*args, *outs) if hasattr(a, "dtype")])
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
        return outs if isinstance(y, tuple) else outs[0]

    def targets(self, out: Any) -> tuple[Array, ...]:
        """The arrays of `out=`.

        Raises:
            TypeError: something in it is no array that can be written.
        """
        outs = tuple(out) if isinstance(out, tuple | list) else (out,)
        for o in outs:
            if type(o) in SCALARS or not hasattr(o, "dtype") or isinstance(o, np.generic) or BACKEND_OF_TYPE[type(o)].records:
                raise TypeError(f"{self.__name__}: out has a {type(o).__name__}; expected arrays, one for each result")
        return outs

    def check_count(self, outs: Sequence[Array], count: int) -> None:
        """Raise ValueError unless there is one array for each result."""
        if len(outs) != count:
            given = "1 array" if len(outs) == 1 else f"{len(outs)} arrays"
            returned = "1 result" if count == 1 else f"{count} results"
            raise ValueError(f"{self.__name__}: out has {given}, the function returns {returned}; pass one array for each, in their order")

    def check_target(self, k: int, o: Array, shape: tuple[int, ...], dtype: Any) -> None:
        """Raise ValueError or TypeError unless the result k, of `shape` and `dtype`, can be written to `o`."""
        if tuple(o.shape) != shape:
            raise ValueError(f"{self.__name__}: out[{k}] has shape {tuple(o.shape)}, result {k} has {shape}; pass an array of that shape")
        if not isinstance(o, np.ndarray):
            if o.dtype != dtype:
                raise TypeError(f"{self.__name__}: out[{k}] is {o.dtype}, result {k} is {dtype}; pass an array of that dtype")
            return
        if not np.can_cast(dtype, o.dtype, "same_kind"):
            raise TypeError(f"{self.__name__}: out[{k}] is {o.dtype}, result {k} is {dtype}, which does not fit; pass a {dtype} array")
        if not o.flags.writeable:
            raise ValueError(f"{self.__name__}: out[{k}] is read-only; pass an array that can be written")

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<elementwise {self.__qualname__}{self._signature}>"


class _Plan:
    """What is known of calls with arguments of given types: programs by dtype, compiled loops by layout."""

    def __init__(self, owner: Elementwise, types: tuple[type, ...]) -> None:
        self.owner = owner
        self.is_array = tuple(t not in _NUMBERS for t in types)
        self.arrays = [i for i, array in enumerate(self.is_array) if array]
        self.is_tagged = NumbaArray in types
        self.programs: dict[np.dtype[Any], Program | str] = {}
        self.loops: dict[tuple[np.dtype[Any], Layout], Callable[..., None]] = {}
        # The layout of calls without out=, and of the latest call that wrote over arguments.
        self.fresh: dict[np.dtype[Any], _Fast] = {}
        self.over: dict[np.dtype[Any], _Fast] = {}

    def __call__(self, args: tuple[Any, ...], out: Any) -> Any:
        first = args[self.arrays[0]]
        fast = (self.fresh if out is None else self.over).get(first.dtype)
        if fast is not None:
            ...
        return self.general(args, out)
