"""Calls of fused functions with arrays on a GPU: which kernels serve them, compiled when they are first needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xparray._dispatch import common_backend
from xparray._one_source.cuda import CUDA_DTYPES, elementwise_kernel, reduction_kernel, split
from xparray._one_source.host import Owner
from xparray._one_source.host import Plan as HostPlan
from xparray._one_source.program import CannotTranslate, Steps
from xparray._typing import Array


class Plan(HostPlan):
    """What is known of calls with arguments of given types, CuPy's arrays among them."""

    dtypes = CUDA_DTYPES

    def __init__(self, owner: Owner, types: Sequence[type]) -> None:
        super().__init__(owner, types)
        # By the identity of steps, which the plan keeps; each kernel with the positions of its results.
        self.kernels: dict[int, list[tuple[Any, list[int], Steps]] | str] = {}

    def __call__(self, args: tuple[Any, ...], out: Any, values: tuple[Any, ...] | None = None) -> Any:
        """The results of a kernel, or of two where elements are returned beside reductions of them.

        Args:
            args: all arguments of the function.
            out: the arrays to write to, or None.
            values: the values of the program's numbers, where they were computed before.

        Raises:
            CannotTranslate: the function as it is written has to run.
            ValueError: the arrays live on different devices.
        """
        outs = () if out is None else self.owner.targets(out)
        given = [a for a, is_array in zip(args, self.is_array, strict=True) if is_array]
        common_backend(self.owner.__name__, [*given, *outs])
        call = self.call(args, values)
        steps, shape = call.steps, self.nest(call).shape
        arrays: list[Array] = [call.arrays[j] for j in steps.loads]
        kernels = self.kernels_for(steps)
        with arrays[0].device:  # CuPy computes on the current one
            if outs and not steps.folds:
                self.check(outs, steps, [shape] * len(outs))
                self.keep_apart(outs, arrays)
                return self.finish(kernels[0][0](*arrays, *call.numbers, *outs), is_fresh=False)
            results: list[Array] = [None] * len(steps.outputs)
            for kernel, positions, part in kernels:
                if part.folds:
                    made = self.fold(kernel, part, [*arrays, *call.numbers], shape)
                else:
                    made = kernel(*arrays, *call.numbers)
                for k, y in zip(positions, made, strict=True):
                    results[k] = y
            if outs:
                self.check(outs, steps, [tuple(y.shape) for y in results])
                for o, y in zip(outs, results, strict=True):
                    o[...] = y
        return self.finish(outs or results, is_fresh=not outs)

    def plain(self, a: Array) -> Array:
        """An argument as kernels take it."""
        return a

    def kernels_for(self, steps: Steps) -> list[tuple[Any, list[int], Steps]]:
        """CuPy's kernels for `steps`, the positions of their results, and their own steps."""
        found = self.kernels.get(id(steps))
        if found is None:
            try:
                found = [
                    ((reduction_kernel if part.folds else elementwise_kernel)(part), positions, part)
                    for part, positions in split(steps)
                ]
            except CannotTranslate as e:
                found = str(e)
            self.kernels[id(steps)] = found
        if isinstance(found, str):
            raise CannotTranslate(found)
        return found

    def check(self, outs: Sequence[Array], steps: Steps, shapes: Sequence[tuple[int, ...]]) -> None:
        """Raise unless the results, of these shapes, fit `outs`."""
        self.owner.check_count(outs, len(steps.outputs))
        for k, (o, y, shape) in enumerate(zip(outs, steps.outputs, shapes, strict=True)):
            self.owner.check_target(k, o, shape, y.dtype)

    def keep_apart(self, outs: Sequence[Array], arrays: Sequence[Array]) -> None:
        """Raise CannotTranslate unless each array to write to is one of those read, whole, or apart from all."""
        backend = common_backend(self.owner.__name__, outs)
        for k, o in enumerate(outs):
            if any(not _same(o, a) and backend.shares_memory(o, a) for a in (*arrays, *outs[:k])):
                raise CannotTranslate(
                    f"{self.owner.__name__}: an array of out overlaps another array without being the same"
                )

    def fold(self, kernel: Any, steps: Steps, arguments: Sequence[Any], shape: tuple[int, ...]) -> list[Array]:
        """The results of reductions, in memory that is made here: of several, the kernel itself returns the first."""
        import cupy  # pyright: ignore[reportMissingImports]

        axis, keepdims, name = self.walked().axis, self.walked().keepdims, self.owner.__name__
        axes = range(len(shape)) if axis is None else axis
        if not all(-len(shape) <= a < len(shape) for a in axes):
            raise CannotTranslate(f"{name}: it reduces along {axis} arrays of {len(shape)} axes")
        reduced = {a % len(shape) for a in axes}
        count = math.prod(shape[d] for d in reduced)
        if not count:
            raise CannotTranslate(f"{name}: it reduces no elements")
        kept = [1 if d in reduced else n for d, n in enumerate(shape) if keepdims or d not in reduced]
        results = [cupy.empty(kept, y.dtype) for y in steps.outputs]
        kernel(*arguments, count, *results, axis=axis, keepdims=keepdims)
        return results


def _same(a: Array, b: Array) -> bool:
    """Whether two arrays are the same elements in the same order."""
    return (a.data.ptr, a.shape, a.strides, a.dtype) == (b.data.ptr, b.shape, b.strides, b.dtype)
