"""Calls of fused functions with arrays in the host's memory: which loops serve them, compiled when they are first needed."""

from __future__ import annotations

import contextvars
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from xparray import _threads
from xparray._dispatch import common_backend
from xparray._memory import empty
from xparray._one_source.folding import Folds, compile_folds
from xparray._one_source.fusion import BLOCK, Layout, calls_numpy, compile_loops
from xparray._one_source.geometry import Nest, nest
from xparray._one_source.lowering import numpy_function
from xparray._one_source.program import NUMBERS, CannotTranslate, Program, Step, Steps, Typed
from xparray._one_source.promotion import HOST_DTYPES, typed
from xparray._one_source.short_cut import GRAIN, write_short_cut
from xparray._one_source.short_cut import Call as ShortCut
from xparray._typing import Array
from xparray.backends.numba import NumbaArray

# C-contiguous and aligned, and writable besides, in the numbering of ndarray.flags.num.
_READABLE, _WRITABLE = 0x0101, 0x0501

_lock = threading.RLock()
_trial = threading.local()


def is_trial() -> bool:
    """Whether this thread tries a function out on one element, where those that it calls run as they are written."""
    return getattr(_trial, "active", False)


class Owner(Protocol):
    """The fused function that a plan serves."""

    __name__: str

    def walked(self, is_array: Sequence[bool]) -> Program:
        """Its operations."""
        ...

    def evaluate(self, args: Sequence[Any]) -> Any:
        """What the function as it is written returns."""
        ...

    def forget(self) -> None:
        """Drop the short cuts that served the latest calls."""
        ...

    def targets(self, out: Any) -> tuple[Array, ...]:
        """The arrays of `out=`."""
        ...

    def check_count(self, outs: Sequence[Array], count: int) -> None:
        """Raise unless there is one array for each result."""
        ...

    def check_target(self, k: int, o: Array, shape: tuple[int, ...], dtype: Any) -> None:
        """Raise unless the result k fits `o`."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A call's arrays by position, the steps for them, and its numbers as they are and as loops take them."""

    arrays: dict[int, np.ndarray[Any, Any]]
    steps: Steps
    values: tuple[Any, ...]
    numbers: list[float | int]

    @property
    def kinds(self) -> tuple[type, ...]:
        """The types of the program's numbers."""
        return tuple(map(type, self.values))


@dataclass(frozen=True, slots=True)
class _Loops:
    """Compiled loops, and whether they are Python's calls of loops and of NumPy."""

    run: Callable[..., bool]
    in_python: bool


class Plan:
    """What is known of calls with arguments of given types."""

    dtypes = HOST_DTYPES

    def __init__(self, owner: Owner, types: Sequence[type]) -> None:
        self.owner = owner
        self.types = tuple(types)
        self.is_array = tuple(t not in NUMBERS for t in types)
        self.first = self.is_array.index(True)
        self.is_tagged = NumbaArray in types
        self.program: Program | str | None = None
        self.steps: dict[tuple[Any, ...], Steps | str] = {}
        self.nests: dict[tuple[Any, ...], Nest] = {}
        self.compiled: dict[Any, Any] = {}
        self.in_python: dict[int, bool] = {}  # by the identity of steps, which are kept
        # What serves calls with arrays of one shape: by the first array's dtype, and whether out was given.
        self.short_cuts: dict[tuple[np.dtype[Any], bool], ShortCut] = {}

    def __call__(self, args: tuple[Any, ...], out: Any, values: tuple[Any, ...] | None = None) -> Any:
        """The results.

        Args:
            args: all arguments of the function.
            out: the arrays to write to, or None.
            values: the values of the program's numbers, where they were computed before.

        Raises:
            CannotTranslate: the function as it is written has to run.
        """
        call = self.call(args, values)
        arrays, steps = call.arrays, call.steps
        if steps.folds:
            return self.folded(call, out)
        in_python = self.calls_numpy(steps)
        loops = self.nest(call, is_flat=in_python)
        dtypes = [y.dtype for y in steps.outputs]
        aliases: list[int | None] = [None] * len(dtypes)
        outs: Sequence[Any]
        if out is None:
            outs = written = [empty(loops.shape, t) for t in dtypes]
        else:
            outs = self.owner.targets(out)
            self.owner.check_count(outs, len(dtypes))
            common_backend(self.owner.__name__, [*arrays.values(), *outs])
            for k, (o, t) in enumerate(zip(outs, dtypes, strict=True)):
                self.owner.check_target(k, o, loops.shape, t)
            direct = [o.dtype == t and o.flags.num & _WRITABLE == _WRITABLE for o, t in zip(outs, dtypes, strict=True)]
            written = [o if d else empty(loops.shape, t) for o, d, t in zip(outs, direct, dtypes, strict=True)]
            begins = {
                (_begin(arrays[j]), arrays[j].dtype): j
                for j in steps.loads
                if arrays[j].flags.c_contiguous and arrays[j].shape == loops.shape
            }
            aliases = [begins.get((_begin(o), o.dtype)) if d else None for o, d in zip(outs, direct, strict=True)]
        layout = Layout(loops.members, tuple(aliases))
        found: _Loops = self.compile(
            (id(steps), layout), lambda: _Loops(compile_loops(steps, layout, own=self.is_tagged), in_python)
        )
        given = {j: o.view(np.ndarray) for j, o in zip(aliases, outs, strict=True) if j is not None}
        flat = [loops.fit(given.get(j, arrays[j]), axes) for j, axes in zip(steps.loads, loops.members, strict=True)]
        flat += [loops.fit_whole(o) for o, alias in zip(written, aliases, strict=True) if alias is None]
        if not self.run(found, [*flat, *call.numbers], loops.sizes):
            raise CannotTranslate(
                f"{self.owner.__name__}: an array of out overlaps another array without being the same"
            )
        is_plain = all(a.shape == loops.shape and a.flags.num & _READABLE == _READABLE for a in arrays.values())
        if is_plain and all(o is w for o, w in zip(outs, written, strict=True)):
            self.short_cuts[args[self.first].dtype, out is None] = self.short_cut(
                call, layout, found, has_out=out is not None
            )
        for o, w in zip(outs, written, strict=True):
            if o is not w:
                np.copyto(o, w, casting="same_kind")
        return self.finish(outs, out is None)

    def finish(self, outs: Sequence[Array], is_fresh: bool) -> Any:
        """What a call returns, given its results or the arrays of `out=`."""
        if is_fresh and self.is_tagged:
            outs = [o.view(NumbaArray) for o in outs]
        return tuple(outs) if self.walked().is_tuple else outs[0]

    def call(self, args: tuple[Any, ...], values: tuple[Any, ...] | None = None) -> Call:
        """What a call with `args` needs; `values` where the program's numbers were computed before."""
        name = self.owner.__name__
        if is_trial():
            raise CannotTranslate(f"{name}: it is part of a function that is tried out on one element")
        program = self.walked()
        if values is None:
            values = program.numbers(*args)
        kinds = tuple(map(type, values))
        if not NUMBERS.issuperset(kinds):
            odd = next(kind.__name__ for kind in kinds if kind not in NUMBERS)
            raise CannotTranslate(f"{name}: it computes with a {odd}, neither an array argument nor a number")
        arrays = {int(e.name[1:]): self.plain(args[int(e.name[1:])]) for e in program.inputs}
        if program.axis is not None:
            _axes(program, max(a.ndim for a in arrays.values()))
        key = *(a.dtype for a in arrays.values()), *kinds
        steps = self.steps.get(key)
        if steps is None:
            with _lock:  # once for each key, and kept: what is compiled is found by the steps' identity
                steps = self.steps.get(key) or self.typed({j: a.dtype for j, a in arrays.items()}, kinds, args)
                self.steps[key] = steps
        if isinstance(steps, str):
            raise CannotTranslate(steps)
        return Call(arrays, steps, values, steps.numbers(values))

    def plain(self, a: Array) -> Array:
        """An argument as loops take it."""
        return a.view(np.ndarray)

    def walked(self) -> Program:
        """The function's operations."""
        if self.program is None:
            with _lock:
                try:
                    self.program = self.program or self.owner.walked(self.is_array)
                except CannotTranslate as e:
                    self.program = str(e)
        if isinstance(self.program, str):
            raise CannotTranslate(self.program)
        return self.program

    def typed(self, dtypes: dict[int, np.dtype[Any]], kinds: Sequence[type], args: tuple[Any, ...]) -> Steps | str:
        """The steps, after a look at what the function itself makes of one element; or why there are none."""
        try:
            steps = typed(self.walked(), dtypes, kinds, allowed=self.dtypes)
        except CannotTranslate as e:
            return str(e)
        before, _trial.active = is_trial(), True
        try:
            with np.errstate(all="ignore"):
                y = self.owner.evaluate(
                    [
                        np.ones((1,) * max(1, a.ndim), a.dtype) if array else a
                        for a, array in zip(args, self.is_array, strict=True)
                    ]
                )
        finally:
            _trial.active = before
        found = [np.asarray(r).dtype for r in (y if isinstance(y, tuple) else (y,))]
        expected = [e.dtype for e in steps.outputs]
        if found != expected:
            return f"{self.owner.__name__}: one element gives {_listed(found)}, where a loop would give {_listed(expected)}"
        return steps

    def calls_numpy(self, steps: Steps) -> bool:
        """Whether NumPy has to compute some of the steps."""
        found = self.in_python.get(id(steps))
        if found is None:
            found = self.in_python[id(steps)] = calls_numpy(steps.steps, own=self.is_tagged)
        return found

    def nest(self, call: Call, reduced: frozenset[int] = frozenset(), *, is_flat: bool = False) -> Nest:
        """The loops' axes; one where `is_flat`."""
        key = tuple([a.shape for a in call.arrays.values()]), reduced, is_flat
        loops = self.nests.get(key)
        if loops is not None:
            return loops
        program, name, shapes = self.walked(), self.owner.__name__, key[0]
        folds = (op.result for op in program.operations if op.result.is_folded)
        try:
            loops = nest(shapes, reduced)
            each = [np.broadcast_shapes(*(call.arrays[j].shape for j in y.reads)) for y in (*program.outputs, *folds)]
        except ValueError:  # the function itself says which of its operations does not fit
            raise CannotTranslate(f"{name}: its arrays have shapes {', '.join(map(str, shapes))}") from None
        if any(s != loops.shape for s in each):
            raise CannotTranslate(
                f"{name}: its results have several shapes ({', '.join(map(str, each))}) where its arrays have {loops.shape}"
            )
        if is_flat:
            loops = loops.flat()
        if len(self.nests) < 1000:  # a program may call with ever new shapes
            self.nests[key] = loops
        return loops

    def compile(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` compiles, once for each key."""
        found = self.compiled.get(key)
        if found is None:
            with _lock:
                found = self.compiled[key] = self.compiled.get(key) or self.made(make)
        if isinstance(found, str):
            raise CannotTranslate(found)
        return found

    def made(self, make: Callable[[], Any]) -> Any:
        """What `make` compiles, or why numba gives no loops."""
        import numba.core.config
        import numba.core.errors

        if vars(numba.core.config)["DISABLE_JIT"]:
            return f"{self.owner.__name__}: numba is switched off (NUMBA_DISABLE_JIT)"
        try:
            return make()
        except numba.core.errors.NumbaError as e:
            return f"{self.owner.__name__}: numba cannot compile its loops ({e})"
        except CannotTranslate as e:
            return str(e)

    def run(self, found: _Loops, args: Sequence[Any], sizes: tuple[int, ...]) -> bool:
        """Run loops, in several threads where that pays; False where they refuse the arrays."""
        run, n, size = found.run, sizes[0], math.prod(sizes)
        if size < _threads.LEAST:
            return run(*args, 0, n)
        if not run(*args, 0, 0):
            return False
        grain = GRAIN if n == size else 1
        if found.in_python:
            run, grain = in_context(run), BLOCK // 8
        _threads.share(run, n, *args, least=-(-_threads.LEAST * n // size), grain=grain)
        return True

    def short_cut(self, call: Call, layout: Layout, found: _Loops, *, has_out: bool) -> ShortCut:
        """What serves calls like `call` at less cost."""
        key = id(call.steps), layout, call.kinds, has_out
        if key not in self.compiled:
            self.compiled[key] = write_short_cut(
                self.walked(),
                call.steps,
                layout,
                found.run,
                self.types,
                call.kinds,
                has_out=has_out,
                otherwise=self.__call__,
                forget=self.forget,
            )
        return self.compiled[key]

    def forget(self) -> None:
        """Drop the short cuts, until calls suit them again."""
        self.short_cuts.clear()
        self.owner.forget()

    # Reductions

    def folded(self, call: Call, out: Any) -> Any:
        """The results of steps that end in reductions."""
        results = self.reductions(call)
        if out is None:
            return self.finish(results, is_fresh=True)
        outs = self.owner.targets(out)
        self.owner.check_count(outs, len(results))
        common_backend(self.owner.__name__, [*call.arrays.values(), *outs])
        for k, (o, r) in enumerate(zip(outs, results, strict=True)):
            self.owner.check_target(k, o, r.shape, r.dtype)
        for o, r in zip(outs, results, strict=True):
            np.copyto(o, r, casting="same_kind")
        return self.finish(outs, is_fresh=False)

    def reductions(self, call: Call) -> list[np.ndarray[Any, Any]]:
        """The results, in new arrays."""
        steps, program = call.steps, self.walked()
        axes = _axes(program, max(a.ndim for a in call.arrays.values()))
        loops = self.nest(call, frozenset(axes))
        shape = loops.shape
        if not any(loops.reduced) or 0 in shape:
            raise CannotTranslate(
                f"{self.owner.__name__}: arrays of shape {shape} leave nothing to reduce along {axes}"
            )
        if self.calls_numpy(steps):
            values = self.mapped(call, loops.flat())
            for fold in steps.folds:
                operand = values[fold.operands[0].name]
                alone = self.compile((id(steps), fold), partial(_fold_alone, steps, fold))
                values |= self.reduced(alone, [operand], nest([shape], frozenset(axes)), [])
        else:
            flat = [loops.fit(call.arrays[j], members) for j, members in zip(steps.loads, loops.members, strict=True)]
            values = self.reduced(steps, flat, loops, call.numbers)
        kept = tuple(1 if a in axes else n for a, n in enumerate(shape) if program.keepdims or a not in axes)
        values |= {fold.result.name: values[fold.result.name].reshape(kept) for fold in steps.folds}
        count = math.prod(shape[a] for a in axes)
        for step in steps.after:
            values[step.result.name] = self.computed(step, values, call.values, count)
        return [values[y.name] for y in steps.outputs]

    def mapped(self, call: Call, loops: Nest) -> dict[str, np.ndarray[Any, Any]]:
        """The elements that are returned or reduced, as whole arrays, where NumPy computes some of the steps."""
        steps = call.steps
        made = {step.result.name for step in steps.steps}
        wanted = [y for y in steps.outputs if y.name in made] + [fold.operands[0] for fold in steps.folds]
        outputs = tuple(dict.fromkeys(y for y in wanted if isinstance(y, Typed)))
        alone = replace(steps, folds=(), after=(), outputs=outputs, combine=None)
        layout = Layout(loops.members, (None,) * len(outputs))
        found: _Loops = self.compile(
            (id(steps), layout), lambda: _Loops(compile_loops(alone, layout, own=self.is_tagged), in_python=True)
        )
        results = [empty(loops.shape, y.dtype) for y in outputs]
        flat = [loops.fit(call.arrays[j], axes) for j, axes in zip(steps.loads, loops.members, strict=True)]
        self.run(found, [*flat, *map(loops.fit_whole, results), *call.numbers], loops.sizes)
        return {y.name: result for y, result in zip(outputs, results, strict=True)}

    def reduced(
        self, steps: Steps, arrays: Sequence[np.ndarray[Any, Any]], loops: Nest, numbers: Sequence[float | int]
    ) -> dict[str, np.ndarray[Any, Any]]:
        """The elements that are returned, and each reduction in one axis."""
        key = id(steps), loops.members, loops.reduced
        folds: Folds = self.compile(key, lambda: compile_folds(steps, loops, own=self.is_tagged))
        made = {step.result.name for step in steps.steps}
        values = {y.name: empty(loops.shape, y.dtype) for y in steps.outputs if y.name in made}
        parts = [empty(folds.parts(loops), fold.result.dtype) for fold in steps.folds]
        given = [loops.fit(a, axes) for a, axes in zip(arrays, loops.members, strict=True)]
        given += [*map(loops.fit_whole, values.values()), *parts]
        blocks, size = folds.blocks(loops), math.prod(loops.sizes)
        least = max(2, -(-_threads.LEAST * blocks // size))
        _threads.share(folds.run, blocks, *given, *numbers, *loops.sizes, least=least)
        for k, fold in enumerate(steps.folds):
            values[fold.result.name] = folds.fold(k, parts[k], loops.reduced)
        return values

    def computed(
        self, step: Step, values: Mapping[str, np.ndarray[Any, Any]], numbers: Sequence[Any], count: int
    ) -> np.ndarray[Any, Any]:
        """A step after the reductions, of arrays that are small beside those that were reduced."""
        from xparray.kernels import elementary

        operands: list[Any] = []
        for o in step.operands:
            if isinstance(o, Typed):
                operands.append(values[o.name])
            else:
                number = o.literal if o.literal is not None else count if o.index < 0 else numbers[o.index]
                operands.append(o.dtype.type(number))
        if step.function == "cast":
            return np.asarray(operands[0].astype(step.result.dtype))
        function = elementary.JITTED.get(step.function) if self.is_tagged else None
        return np.asarray((function or numpy_function(step))(*operands))


def in_context(run: Callable[..., bool]) -> Callable[..., bool]:
    """`run` for several threads, each in a copy of this context: NumPy's settings for errors belong to one."""
    context = contextvars.copy_context()
    return lambda *args: context.copy().run(run, *args)


def _axes(program: Program, ndim: int) -> tuple[int, ...]:
    """The axes that a program reduces, of `ndim`."""
    if program.axis is None:
        return tuple(range(ndim))
    axes = tuple(a + ndim if a < 0 else a for a in program.axis)
    if not all(0 <= a < ndim for a in axes) or len(set(axes)) < len(axes):
        raise CannotTranslate(f"{program.name}: it reduces along {program.axis} where its arrays have {ndim} axes")
    return axes


def _fold_alone(steps: Steps, fold: Step) -> Steps:
    """The reduction of an array that is there."""
    element = Typed("e0", fold.result.dtype)
    return Steps(
        name=steps.name,
        steps=(Step(element, "load", position=0),),
        folds=(replace(fold, operands=(element,)),),
        after=(),
        outputs=(fold.result,),
        constants=(),
        combine=steps.combine,
    )


def _begin(a: np.ndarray[Any, Any]) -> int:
    """The address of the first element."""
    address: int = a.__array_interface__["data"][0]
    return address


def _listed(dtypes: Sequence[np.dtype[Any]]) -> str:
    return ", ".join(map(str, dtypes))
