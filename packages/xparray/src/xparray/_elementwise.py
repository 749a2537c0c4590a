"""Elementwise functions of the user's own: one Python function, run as an array expression or as one fused loop."""

from __future__ import annotations

import functools
import inspect
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

    def __init__(self, function: Callable[..., Any]) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError(
                f"elementwise: got {function!r} ({type(function).__name__}); expected a function written with def"
            )
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
        if isinstance(plan, _Plan):
            try:
                y = plan(args, out)
                self._why = None
                return y
            except CannotTranslate as e:
                plan = str(e)
        self._why = plan
        return self._refer(args, out)

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
            why = f"{self.__name__}: {other} is {named[other].__name__}, neither a host array nor a Python number"
            return self._plans.setdefault(types, why)
        if not named:
            return self._plans.setdefault(types, f"{self.__name__}: no argument is an array")
        with _lock:
            return self._plans.setdefault(types, _Plan(self, types))

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
        return f"<elementwise {self.__qualname__}{self._signature}>"


@dataclass(frozen=True, slots=True)
class _Fused:
    """Compiled loops and what a call of them needs."""

    run: Callable[..., bool]
    program: Program
    layout: Layout
    reads: tuple[int, ...]
    dtypes: tuple[np.dtype[Any], ...]


class _Plan:
    """What is known of calls with arguments of given types: programs by dtype, loops by layout."""

    def __init__(self, owner: Elementwise, types: tuple[type, ...]) -> None:
        self.owner = owner
        self.is_array = tuple(t not in _NUMBERS for t in types)
        self.first = self.is_array.index(True)
        self.is_tagged = NumbaArray in types
        self.programs: dict[np.dtype[Any], Program | str] = {}
        self.loops: dict[tuple[np.dtype[Any], Layout], _Fused | str] = {}
        # The loops of the latest simple call: arrays of one shape, contiguous. By dtype, and whether out was given.
        self.simple: dict[tuple[np.dtype[Any], bool], _Fused] = {}

    def __call__(self, args: tuple[Any, ...], out: Any) -> Any:
        first = args[self.first]
        fused = self.simple.get((first.dtype, out is None))
        if fused is not None:
            y = self.run_simple(fused, args, out, first.shape, first.dtype)
            if y is not None:
                return y
        return self.run_general(args, out)

    def run_simple(
        self, fused: _Fused, args: tuple[Any, ...], out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> Any:
        """The results where all arrays are as in the call that `fused` was compiled for; None where some are not.

        Every statement here counts: a call on small arrays costs more in it than in the loop.
        """
        flat = []
        is_plain = not self.is_tagged
        is_line = is_plain and len(shape) == 1
        for j in fused.reads:
            a = args[j]
            if a.shape != shape or a.dtype is not dtype or a.flags.num & _READABLE != _READABLE:
                return None
            flat.append(a if is_line else a.reshape(-1) if is_plain else a.reshape(-1).view(np.ndarray))
        if out is None:
            outs = tuple([np.empty(shape, t) for t in fused.dtypes])
            flat += outs if len(shape) == 1 else [o.reshape(-1) for o in outs]
        else:
            outs = out if type(out) is tuple else (out,)
            if len(outs) != len(fused.dtypes):
                return None
            for o, alias, t in zip(outs, fused.layout.aliases, fused.dtypes, strict=True):
                if alias is not None:
                    if o is not args[alias] or not o.flags.writeable:
                        return None
                    continue
                if (
                    type(o) is not np.ndarray
                    or o.shape != shape
                    or o.dtype is not t
                    or o.flags.num & _WRITABLE != _WRITABLE
                ):
                    return None
                if any(o is args[j] for j in fused.reads):
                    return None
                flat.append(o.reshape(-1))
        if not fused.run(*flat, *self.numbers(fused.program, args)):
            raise CannotTranslate(self.overlap())
        return self.finish(fused.program, outs, out is None)

    def numbers(self, program: Program, args: tuple[Any, ...]) -> list[float]:
        """The numbers that the loops take."""
        values = program.numbers(*args)
        if not _NUMBERS.issuperset(map(type, values)):
            odd = next(type(v).__name__ for v in values if type(v) not in _NUMBERS)
            raise CannotTranslate(
                f"{self.owner.__name__}: it computes with a {odd}, neither an array argument nor a number"
            )
        return list(map(float, values))

    def finish(self, program: Program, outs: Sequence[Array], is_fresh: bool) -> Any:
        """What the call returns, given its results or the arrays of `out=`."""
        if is_fresh and self.is_tagged:
            outs = [o.view(NumbaArray) for o in outs]
        return tuple(outs) if program.is_tuple else outs[0]

    def overlap(self) -> str:
        """Why the function as it is written runs for arrays that lie across each other."""
        return f"{self.owner.__name__}: an array of out overlaps another array without being the same"

    def run_general(self, args: tuple[Any, ...], out: Any) -> Any:
        """The results for arrays of any shapes and strides."""
        if getattr(_trial, "active", False):
            raise CannotTranslate(f"{self.owner.__name__}: it is part of a function that is tried out on one element")
        arrays = {i: a.view(np.ndarray) for i, a in enumerate(args) if self.is_array[i]}
        dtype = arrays[self.first].dtype
        if dtype not in _DTYPES or any(a.dtype != dtype for a in arrays.values()):
            found = ", ".join(sorted({str(a.dtype) for a in arrays.values()}))
            raise CannotTranslate(
                f"{self.owner.__name__}: its arrays are {found}; loops take all float32 or all float64"
            )
        program = self.program(dtype, args)
        reads = tuple(loads(program))
        shape = self.shape(program, {j: arrays[j].shape for j in reads})
        dtypes = tuple(np.dtype(np.bool_) if y.is_mask else dtype for y in program.outputs)
        size = math.prod(shape)
        single = frozenset(j for j in reads if arrays[j].size == 1 and size != 1)
        flat = {j: self.flatten(arrays[j], shape, j in single) for j in reads}
        outs: Sequence[Any]
        if out is None:
            outs = written = [np.empty(shape, t) for t in dtypes]
            aliases: list[int | None] = [None] * len(outs)
        else:
            outs = self.owner.targets(out)
            self.owner.check_count(outs, len(dtypes))
            common_backend(self.owner.__name__, [*arrays.values(), *outs])
            for k, (o, t) in enumerate(zip(outs, dtypes, strict=True)):
                self.owner.check_target(k, o, shape, t)
            direct = [o.dtype == t and o.flags.num & _WRITABLE == _WRITABLE for o, t in zip(outs, dtypes, strict=True)]
            written = [o if d else np.empty(shape, t) for o, d, t in zip(outs, direct, dtypes, strict=True)]
            begins = {_begin(arrays[j]): j for j in reads if arrays[j].flags.c_contiguous and arrays[j].shape == shape}
            aliases = [
                begins.get(_begin(o)) if d and o.dtype == dtype else None for o, d in zip(outs, direct, strict=True)
            ]
            flat |= {j: o.reshape(-1).view(np.ndarray) for j, o in zip(aliases, outs, strict=True) if j is not None}
        layout = Layout(single, tuple(aliases))
        fused = self.fuse(program, layout, reads, dtypes)
        results = [o.reshape(-1).view(np.ndarray) for o, alias in zip(written, aliases, strict=True) if alias is None]
        if not fused.run(*flat.values(), *results, *self.numbers(program, args)):
            raise CannotTranslate(self.overlap())
        for o, w in zip(outs, written, strict=True):
            if o is not w:
                np.copyto(o, w, casting="same_kind")
        if not single and all(arrays[j].shape == shape for j in reads):
            self.simple[dtype, out is None] = fused
        return self.finish(program, outs, out is None)

    def flatten(self, a: np.ndarray[Any, Any], shape: tuple[int, ...], is_single: bool) -> np.ndarray[Any, Any]:
        """The elements of `a`, broadcast to `shape` unless one serves for all, in C order; a view where that is possible."""
        if not is_single and a.shape != shape:
            a = np.broadcast_to(a, shape)
        return np.require(a, requirements=("C", "A")).reshape(-1)

    def shape(self, program: Program, shapes: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
        """The shape of all results."""
        name = self.owner.__name__
        try:
            shape = np.broadcast_shapes(*shapes.values())
            each = [np.broadcast_shapes(*(shapes[j] for j in y.reads)) for y in program.outputs]
        except ValueError:  # the function itself says which of its operations does not fit
            raise CannotTranslate(f"{name}: its arrays have shapes {', '.join(map(str, shapes.values()))}") from None
        if any(s != shape for s in each):
            raise CannotTranslate(
                f"{name}: its results have several shapes ({', '.join(map(str, each))}) where its arrays have {shape}"
            )
        return shape

    def program(self, dtype: np.dtype[Any], args: tuple[Any, ...]) -> Program:
        """The function's steps for arrays of `dtype`."""
        program = self.programs.get(dtype)
        if program is None:
            with _lock:
                program = self.programs[dtype] = self.translated(dtype, args)
        if isinstance(program, str):
            raise CannotTranslate(program)
        return program

    def translated(self, dtype: np.dtype[Any], args: tuple[Any, ...]) -> Program | str:
        """The steps, after a look at what the function itself makes of one element; or why there are none."""
        from xparray.kernels import elementary

        try:
            replaced = elementary.JITTED if self.is_tagged else {}
            program = translate(self.owner.function, self.is_array, dtype, replaced)
        except CannotTranslate as e:
            return str(e)
        before, _trial.active = getattr(_trial, "active", False), True
        try:
            with np.errstate(all="ignore"):
                y = self.owner.evaluate(
                    [np.ones(1, dtype) if array else a for a, array in zip(args, self.is_array, strict=True)]
                )
        finally:
            _trial.active = before
        results = y if isinstance(y, tuple) else (y,)
        found = [(np.asarray(r).dtype, np.shape(r)) for r in results]
        expected = [(np.dtype(np.bool_) if e.is_mask else dtype, (1,)) for e in program.outputs]
        if found != expected:
            return f"{self.owner.__name__}: one element gives {found}, where a loop would give {expected}"
        return program

    def fuse(
        self, program: Program, layout: Layout, reads: tuple[int, ...], dtypes: tuple[np.dtype[Any], ...]
    ) -> _Fused:
        """The compiled loops for a layout."""
        key = (program.dtype, layout)
        fused = self.loops.get(key)
        if fused is None:
            with _lock:
                fused = self.loops[key] = self.compiled(program, layout, reads, dtypes)
        if isinstance(fused, str):
            raise CannotTranslate(fused)
        return fused

    def compiled(
        self, program: Program, layout: Layout, reads: tuple[int, ...], dtypes: tuple[np.dtype[Any], ...]
    ) -> _Fused | str:
        """The loops, or why numba gives none."""
        import numba.core.config
        import numba.core.errors

        if vars(numba.core.config)["DISABLE_JIT"]:
            return f"{self.owner.__name__}: numba is switched off (NUMBA_DISABLE_JIT)"
        try:
            run = compile_program(program, layout)
        except numba.core.errors.NumbaError as e:
            return f"{self.owner.__name__}: numba cannot compile its loops ({e})"
        return _Fused(run, program, layout, reads, dtypes)


def _begin(a: np.ndarray[Any, Any]) -> int:
    """The address of the first element."""
    address: int = a.__array_interface__["data"][0]
    return address


def elementwise(function: Callable[..., Any]) -> Elementwise:
    """Decorator over a function of elements and numbers, so that it runs as one fused loop where that is possible.

    The function as it is written, called with the arrays, is the meaning: `xp.sqrt`, `xp.where` and the operators act on whole
    arrays of any backend, and Variables are recorded. For host arrays of one floating-point dtype, float32 or float64, and
    Python numbers, its text becomes a compiled loop, without intermediate arrays and with the same bits; where it cannot, the
    function runs as it is written, and `why_not` tells the reason. Three things a loop leaves open: which of two zeros is the
    greater one, whether arithmetic warns of overflow, and names of functions, which it looks up when it is made, not at each call.

    Call it with the function's arguments and `out=`, an array or a tuple of arrays, one for each result, that receive the
    results; they may be among the arguments. What the function reads is read before anything is written.

    Args:
        function: takes elements and numbers, returns an element or a tuple of elements.

    Raises:
        TypeError: `function` is no Python function; when called, `out` holds something else than arrays or another kind of dtype.
        ValueError: a parameter is called `out` or takes any number of arguments; when called, the arrays of `out` are not as many
            as the results, have other shapes, or are read-only.

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
    return Elementwise(function)
