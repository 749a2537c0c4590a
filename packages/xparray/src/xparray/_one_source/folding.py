"""From steps that end in reductions to compiled loops, whose results depend on the arrays alone, not on the threads.

Elements are computed in blocks of fixed size and each block is reduced in pairs, halves onto halves, as a tree: loops over halves
use vectors, and rounding errors grow with the logarithm of the size. What the blocks give is reduced in pairs again.

Where the last axis is reduced, a block is a stretch of it. Where it is kept, a block is a few rows, added element by element.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xparray._one_source.fusion import Types
from xparray._one_source.geometry import Nest
from xparray._one_source.lowering import compile_text, expression, type_name
from xparray._one_source.program import FOLDS, CannotTranslate, Step, Steps, Typed

# Elements of a block along the last axis, which stay in the first-level cache, and rows of one across it.
_LINE, _ROWS = 2048, 32


@dataclass(frozen=True, slots=True)
class Folds:
    """Compiled reductions.

    Attributes:
        run: `run(*arrays, *results, *parts, *numbers, *sizes, start, stop)`, over a range of blocks.
        columns: for each reduction, what folds the middle axis of three, in place.
        axis: the loop's axis that blocks divide.
        size: the length of a block along it.
    """

    run: Callable[..., None]
    columns: tuple[Callable[..., None], ...]
    axis: int
    size: int

    def parts(self, nest: Nest) -> tuple[int, ...]:
        """The shape of what the blocks give, with the loop's axes."""
        sizes = list(nest.sizes)
        sizes[self.axis] = -(-sizes[self.axis] // self.size)
        return tuple(sizes)

    def blocks(self, nest: Nest) -> int:
        """How many blocks there are."""
        *outer, last = self.parts(nest)
        count = last if self.axis == len(outer) else -(-last // _LINE)
        for n in outer:
            count *= n
        return count

    def fold(self, k: int, parts: np.ndarray[Any, Any], reduced: Sequence[bool]) -> np.ndarray[Any, Any]:
        """The reduction `k` of what the blocks give, along all axes that are `reduced`; what is kept, in one axis."""
        sizes, marks = list(parts.shape), list(reduced)
        while any(marks):
            d = len(marks) - 1 - marks[::-1].index(True)
            outer, n, inner = math.prod(sizes[:d]), sizes[d], math.prod(sizes[d + 1 :])
            parts = parts.reshape(outer, n, inner)
            if n > 1:
                self.columns[k](parts)
            parts = np.ascontiguousarray(parts[:, 0])
            del sizes[d], marks[d]
        return parts.reshape(-1)


def compile_folds(steps: Steps, nest: Nest, *, own: bool) -> Folds:
    """The loops for arrays with the axes that `nest` says, of any length.

    Args:
        steps: what to compute; no step is NumPy's.
        nest: the loops, of which one at least is reduced.
        own: whether elementary functions are xparray's own scalars.

    Raises:
        CannotTranslate: the reduction of two values has no text.
        numba.core.errors.NumbaError: numba cannot compile the loops.
    """
    writer = _Writer(steps, nest, own=own)
    pairs = [_in_pairs(fold, steps.combine, own=own) for fold in steps.folds]
    called = {f"tree{k}": pair["tree"] for k, pair in enumerate(pairs)}
    text = writer.run()
    every_step = [*steps.steps, *(steps.combine.steps if steps.combine is not None else ())]
    names = compile_text(steps.name, text, writer.signatures, every_step, own=own, called=called)
    return Folds(
        names["run"], tuple(pair["columns"] for pair in pairs), writer.axis, _LINE if writer.is_line else _ROWS
    )


def _combined(fold: Step, own_fold: Steps | None, left: str, right: str, indent: int, *, own: bool) -> str:
    """The statements that compute `f`, the reduction of two values."""
    dtype = fold.result.dtype
    values = Typed(left, dtype), Typed(right, dtype)
    if fold.function != "fold" or own_fold is None:
        lines = [f"f = {_code(Step(Typed('f', dtype), FOLDS[fold.function], values, place=fold.place), own=own)}"]
    else:
        names = {f"e{j}": value for j, value in enumerate(values)}
        lines = []
        for step in own_fold.steps:
            if step.position is None:
                operands = tuple(names[o.name] if isinstance(o, Typed) else o for o in step.operands)
                names[step.result.name] = Typed(f"f_{step.result.name}", step.result.dtype)
                lines.append(f"f_{step.result.name} = {_code(replace(step, operands=operands), own=own)}")
        lines.append(f"f = {names[own_fold.outputs[0].name].name}")
    return "".join(f"{'    ' * indent}{line}\n" for line in lines)


def _code(step: Step, *, own: bool) -> str:
    code = expression(step, own=own)
    if code is None:
        raise CannotTranslate(f"{step.place} has no form in a compiled reduction")
    return code


_pairs: dict[Any, dict[str, Any]] = {}


def _in_pairs(fold: Step, own_fold: Steps | None, *, own: bool) -> dict[str, Any]:
    """The compiled functions that reduce values in place, halves onto halves: `tree` the first n, `columns` the middle axis of three."""
    dtype = fold.result.dtype
    own_fold = own_fold if fold.function == "fold" else None
    key = fold.function, dtype, own_fold, own
    if key in _pairs:
        return _pairs[key]

    def combined(left: str, right: str, indent: int) -> str:
        return _combined(fold, own_fold, left, right, indent, own=own)

    text = f"""

def tree(b, n):
    while n > 16:
        half = (n + 1) // 2
        low = b[: n - half]
        high = b[half:n]
        for i in range(low.size):
{combined("low[i]", "high[i]", 3)}            low[i] = f
        n = half
    s = b[0]
    for i in range(1, n):
{combined("s", "b[i]", 2)}        s = f
    return s


def columns(parts):
    for a in range(parts.shape[0]):
        n = parts.shape[1]
        while n > 1:
            half = (n + 1) // 2
            for r in range(n - half):
                low = parts[a, r]
                high = parts[a, half + r]
                for i in range(low.size):
{combined("low[i]", "high[i]", 5)}                    low[i] = f
            n = half
"""
    types = Types()
    block = types.array(dtype, 1, written=True)
    signatures = {
        "tree": block.dtype(block, types.index),
        "columns": types.none(types.array(dtype, 3, written=True)),
    }
    steps = own_fold.steps if own_fold is not None else ()
    _pairs[key] = compile_text(f"{fold.function}_{dtype.name}", text, signatures, steps, own=own)
    return _pairs[key]


class _Writer:
    """The text of one program's loop over blocks."""

    def __init__(self, steps: Steps, nest: Nest, *, own: bool) -> None:
        self.steps = steps
        self.own = own
        self.types = Types()
        self.signatures: dict[str, Any] = {}
        self.rank = len(nest.sizes)
        self.is_line = nest.reduced[-1]
        self.axis = self.rank - 1 if self.is_line else max(d for d, is_reduced in enumerate(nest.reduced) if is_reduced)
        self.members = dict(zip(steps.loads, nest.members, strict=True))
        made = {step.result.name for step in steps.steps}
        self.outputs = [y for y in steps.outputs if y.name in made]

    def run(self) -> str:
        """The function that computes the elements of blocks and reduces each."""
        arrays = [f"e{j}s" for j in self.members]
        results = [f"y{k}s" for k in range(len(self.outputs))]
        parts = [f"p{k}s" for k in range(len(self.steps.folds))]
        sizes = [f"s{d}" for d in range(self.rank)]
        constants = self.steps.constants
        types = [self.types.array(self.steps.loads[j], sum(axes), written=False) for j, axes in self.members.items()]
        types += [self.types.array(y.dtype, self.rank, written=True) for y in self.outputs]
        types += [self.types.array(fold.result.dtype, self.rank, written=True) for fold in self.steps.folds]
        types += [*map(self.types.number, constants), *[self.types.index] * (self.rank + 2)]
        self.signatures["run"] = self.types.none(*types)
        parameters = [*arrays, *results, *parts, *(c.name for c in constants), *sizes, "start", "stop"]
        body = "".join(f"    {c.name} = {type_name(c.dtype)}({c.name})\n" for c in constants)
        body += "".join(
            f"    b{k} = np.empty({_LINE}, {type_name(fold.result.dtype)})\n"
            for k, fold in enumerate(self.steps.folds)
            if self.is_line
        )
        body += "    for block in range(start, stop):\n        rest = block\n"
        return f"\n\ndef run({', '.join(parameters)}):\n{body}{self.line() if self.is_line else self.rows()}"

    def decoded(self, lengths: Sequence[str]) -> str:
        """The statements that find a block's index in each axis; `lengths` are those of the axes."""
        lines = ""
        for d in reversed(range(len(lengths))):
            lines += f"        i{d} = rest % ({lengths[d]})\n        rest //= {lengths[d]}\n"
        return lines

    def line(self) -> str:
        """A block along the last axis, which is reduced."""
        last = self.rank - 1
        text = self.decoded([*(f"s{d}" for d in range(last)), f"(s{last} + {_LINE - 1}) // {_LINE}"])
        text += f"        begin = i{last} * {_LINE}\n        n = min({_LINE}, s{last} - begin)\n"
        text += self.views(2)
        stores = [f"b{k}[i] = {fold.operands[0].name}\n" for k, fold in enumerate(self.steps.folds)]
        text += f"        for i in range(n):\n{self.elements(3)}{''.join('            ' + s for s in stores)}"
        index = ", ".join(f"i{d}" for d in range(self.rank))
        return text + "".join(f"        p{k}s[{index}] = tree{k}(b{k}, n)\n" for k in range(len(self.steps.folds)))

    def rows(self) -> str:
        """A block of a few rows, the last axis of which is kept."""
        a, last = self.axis, self.rank - 1
        lengths = [f"s{d}" for d in range(last)]
        lengths[a] = f"(s{a} + {_ROWS - 1}) // {_ROWS}"
        text = self.decoded([*lengths, f"(s{last} + {_LINE - 1}) // {_LINE}"])
        text += f"        begin = i{last} * {_LINE}\n        n = min({_LINE}, s{last} - begin)\n"
        outer = "".join(f"i{d}, " for d in range(last))
        folds = list(enumerate(self.steps.folds))
        text += "".join(f"        p{k} = p{k}s[{outer}begin : begin + n]\n" for k, _ in folds)
        text += f"        first = i{a} * {_ROWS}\n        for i{a} in range(first, min(first + {_ROWS}, s{a})):\n{self.views(3)}"
        text += f"            if i{a} == first:\n                for i in range(n):\n{self.elements(5)}"
        text += "".join(f"                    p{k}[i] = {fold.operands[0].name}\n" for k, fold in folds)
        text += f"            else:\n                for i in range(n):\n{self.elements(5)}"
        for k, fold in folds:
            text += f"                    q{k} = p{k}[i]\n{self.combined(fold, f'q{k}', 5)}"
            text += f"                    p{k}[i] = f\n"
        return text

    def combined(self, fold: Step, left: str, indent: int) -> str:
        """The statements that reduce `left` and the element at hand."""
        return _combined(fold, self.steps.combine, left, fold.operands[0].name, indent, own=self.own)

    def views(self, indent: int) -> str:
        """The statements that find the parts of arrays in a block's row, and the elements that are the same in all of it."""
        text = ""
        for j, axes in self.members.items():
            outer = "".join(f"i{d}, " for d in range(self.rank - 1) if axes[d])
            if axes[-1]:
                text += f"{'    ' * indent}r_e{j} = e{j}s[{outer}begin : begin + n]\n"
            else:
                text += f"{'    ' * indent}e{j} = e{j}s[{outer or '0'}]\n"
        outer = "".join(f"i{d}, " for d in range(self.rank - 1))
        return text + "".join(
            f"{'    ' * indent}r_y{k} = y{k}s[{outer}begin : begin + n]\n" for k in range(len(self.outputs))
        )

    def elements(self, indent: int) -> str:
        """The statements that compute one element."""
        lines = [f"e{j} = r_e{j}[i]" for j, axes in self.members.items() if axes[-1]]
        lines += [f"{s.result.name} = {expression(s, own=self.own)}" for s in self.steps.steps if s.position is None]
        lines += [f"r_y{k}[i] = {y.name}" for k, y in enumerate(self.outputs)]
        return "".join(f"{'    ' * indent}{line}\n" for line in lines)
