"""From steps to compiled loops: each stretch between NumPy's own functions becomes one pass over the elements.

A compiled loop of sums, products and choices has NumPy's bits and needs no intermediate arrays. Steps that NumPy computes are
calls block by block, while a block is in the cache: for a plain array, `0.5 * x * (1 + tanh(z))` is a loop that gives z, a call of
`np.tanh`, and a loop that gives the result; for a tagged one it is a single loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xparray._one_source.lowering import compile_text, expression, numpy_function, type_name
from xparray._one_source.program import Constant, Step, Steps, Typed

# Bytes of an array's part in a block: the arrays between the loops of one block stay in the second-level cache.
BLOCK = 2**17


@dataclass(frozen=True, slots=True)
class Layout:
    """The nest of loops: which of its axes each array has, and which results are written over an argument.

    Attributes:
        axes: for each array that is read, in the order of `Steps.loads`, which axes of the nest it has.
        aliases: for each result the position of the argument in whose memory it is written, or None. A loop over one array under
            two names could not use vectors.
    """

    axes: tuple[tuple[bool, ...], ...]
    aliases: tuple[int | None, ...]


def calls_numpy(steps: Iterable[Step], *, own: bool) -> bool:
    """Whether NumPy has to compute one of the steps."""
    return any(step.position is None and expression(step, own=own) is None for step in steps)


def compile_loops(steps: Steps, layout: Layout, *, own: bool) -> Callable[..., bool]:
    """The function `run(*arrays, *results, *numbers, start, stop)`, over that part of the outermost axis.

    `arrays` are those of `steps.loads`, contiguous, each with the axes that `layout` says, in one axis where it has none; `results`
    those that are not written over one of `arrays`. It does nothing and returns False where a result lies across another array,
    so that writing one element would change another one to be read, or where arrays of one axis differ in length.

    Args:
        steps: what to compute.
        layout: the arrays; in one axis where `calls_numpy`.
        own: whether elementary functions are xparray's own scalars rather than NumPy's.

    Raises:
        numba.core.errors.NumbaError: numba cannot compile the loops.
    """
    writer = _Writer(steps, layout, own=own)
    text = writer.write()
    names = compile_text(steps.name, text, writer.signatures, steps.steps, own=own)
    names.update(writer.functions)
    run: Callable[..., bool] = names["run"]
    return run


class Types:
    """numba's types of a loop's parameters."""

    def __init__(self) -> None:
        import numba

        self.truth, self.index, self.none = numba.boolean, numba.intp, numba.void
        self._array, self._of = numba.types.Array, numba.from_dtype

    def array(self, dtype: np.dtype[Any], ndim: int, *, written: bool) -> Any:
        """A contiguous array."""
        return self._array(self._of(dtype), max(ndim, 1), "C", readonly=not written)

    def number(self, constant: Constant) -> Any:
        """A number, handed over in 64 bits."""
        kind = constant.dtype.kind
        return self._of(np.dtype({"f": "f8", "u": "u8"}.get(kind, "i8")))


def needed(
    steps: Sequence[Step], names: Iterable[str], sources: Callable[[Step], bool] = lambda step: False
) -> list[Step]:
    """The steps that lead to the elements `names`, in order, back to `sources` only."""
    by_name = {step.result.name: step for step in steps}
    todo, found = [name for name in names if name in by_name], set[str]()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            step = by_name[name]
            if not sources(step):
                todo += [o.name for o in step.operands if isinstance(o, Typed)]
    return [step for step in steps if step.result.name in found]


def guard(pairs: Iterable[tuple[str, str, bool]]) -> str:
    """The statements that return False where two arrays share memory; the whole of it is no harm where the third item says so."""
    pairs = list(pairs)
    used = dict.fromkeys(a for a, b, _ in pairs for a in (a, b))
    if not used:
        return ""
    lines = [f"    b_{a} = np.intp({a}.ctypes.data)\n    l_{a} = b_{a} + {a}.nbytes\n" for a in used]
    lines.append("    apart = True\n")
    for a, b, may_coincide in pairs:
        same = f" | (b_{a} == b_{b})" if may_coincide else ""
        lines.append(f"    apart &= (b_{a} >= l_{b}) | (b_{b} >= l_{a}){same}\n")
    return "".join(lines) + "    if not apart:\n        return False\n"


class _Writer:
    """The text of one program's module. An element `v7` lies in the array `v7s`, the result k in `y{k}s`."""

    def __init__(self, steps: Steps, layout: Layout, *, own: bool) -> None:
        self.steps = steps
        self.own = own
        self.types = Types()
        self.signatures: dict[str, Any] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.by_name = {step.result.name: step for step in steps.steps}
        self.numbers = [c.name for c in steps.constants]
        self.calls = [s for s in steps.steps if s.position is None and expression(s, own=own) is None]
        self.rank = len(layout.axes[0])
        self.axes = {f"e{j}s": axes for j, axes in zip(steps.loads, layout.axes, strict=True)}
        self.arrays = list(self.axes)
        self.targets = [f"y{k}s" if j is None else f"e{j}s" for k, j in enumerate(layout.aliases)]
        self.results = list(dict.fromkeys(t for t in self.targets if t not in self.arrays))
        self.axes |= dict.fromkeys(self.results, (True,) * self.rank)
        self.dtypes = {f"e{j}s": dtype for j, dtype in steps.loads.items()}
        self.dtypes |= {t: y.dtype for t, y in zip(self.targets, steps.outputs, strict=True)}
        # Elements that one value serves for all: those of arrays without axes, and what NumPy makes of nothing else.
        self.single = {array[:-1] for array, axes in self.axes.items() if not any(axes)}
        for call in self.calls:
            if all(o.name in self.single for o in call.operands if isinstance(o, Typed)):
                self.single.add(call.result.name)

    def write(self) -> str:
        """The whole module."""
        outputs = list(zip((y.name for y in self.steps.outputs), self.targets, strict=True))
        everything = [*self.arrays, *self.results]
        calls = [call for call in needed(self.steps.steps, self.by_name) if call in self.calls]
        if not calls:
            return self.loop("run", everything, outputs, self.guard(everything), share=True)
        self.signatures["apart"] = self.types.truth(*map(self.type_of, everything))
        parameters = [*everything, *self.numbers]
        size = BLOCK // 8
        parts = [p if p in self.numbers or p[:-1] in self.single else f"{p}[part]" for p in parameters]
        return (
            f"{self.block(calls, outputs, parameters)}\n\n"
            f"def apart({', '.join(everything)}):\n{self.guard(everything)}    return True\n\n\n"
            f"def run({', '.join([*parameters, 'start', 'stop'])}):\n"
            f"    if not apart({', '.join(everything)}):\n"
            f"        return False\n"
            f"    for begin in range(start, stop, {size}):\n"
            f"        part = slice(begin, min(begin + {size}, stop))\n"
            f"        block({', '.join(parts)})\n"
            f"    return True\n"
        )

    def block(self, calls: Sequence[Step], outputs: Sequence[tuple[str, str]], parameters: Sequence[str]) -> str:
        """Loops, and the function `block` that runs them with the calls of NumPy's functions between."""
        loops = ""
        # What nothing else reads is written where it belongs at once.
        read = {o.name for step in self.steps.steps for o in step.operands if isinstance(o, Typed)} | self.single
        ends = {e: t for e, t in outputs if e not in read and t in self.results and self.is_ufunc(self.by_name[e])}
        outputs = [(e, t) for e, t in outputs if ends.get(e) != t]
        body = f"    n = {self.targets[0]}.size\n"
        stages: dict[str, int] = {}
        for call in calls:
            sources = needed(self.steps.steps, [o.name for o in call.operands if isinstance(o, Typed)])
            stages[call.result.name] = 1 + max((stages.get(s.result.name, 0) for s in sources), default=0)
        for stage in range(1, max(stages.values()) + 1):
            now = [call for call in calls if stages[call.result.name] == stage]
            operands = {o.name: o for call in now for o in call.operands if isinstance(o, Typed)}
            made = [(o, f"{o}s") for o in operands if not self.is_source(self.by_name[o])]
            if made:
                for o, target in made:
                    self.dtypes[target] = operands[o].dtype
                    body += f"    {target} = np.empty(n, {type_name(operands[o].dtype)})\n"
                loops += self.loop(f"loop{stage}", self.used(made), made)
                body += f"    loop{stage}({', '.join([*self.used(made), *self.numbers])})\n"
            for call in now:
                name = call.result.name
                self.dtypes[f"{name}s"] = call.result.dtype
                self.functions[f"f_{name}"] = numpy_function(call)
                given = ", ".join(
                    f"{o.name}s" if isinstance(o, Typed) else self.python_number(o) for o in call.operands
                )
                body += f"    {name}s = f_{name}({given}{f', out={ends[name]}' if name in ends else ''})\n"
        if outputs:
            loops += self.loop("last", self.used(outputs), outputs)
            body += f"    last({', '.join([*self.used(outputs), *self.numbers])})\n"
        return f"{loops}\n\ndef block({', '.join(parameters)}):\n{body}"

    def python_number(self, constant: Constant) -> str:
        """A number as NumPy's function takes it, which leaves the dtype to the arrays."""
        code = constant.name if constant.literal is None else repr(constant.literal)
        return f"bool({code})" if constant.dtype.kind == "b" else code

    def is_ufunc(self, step: Step) -> bool:
        """Whether NumPy computes a step by a function that takes `out=`."""
        return step in self.calls and isinstance(numpy_function(step), np.ufunc)

    def loop(
        self,
        name: str,
        arrays: Sequence[str],
        outputs: Sequence[tuple[str, str]],
        guard: str = "",
        *,
        share: bool = False,
    ) -> str:
        """A function that computes elements and writes each to its target; `arrays` are its parameters before the numbers.

        With `share` it takes as well which part of the outermost axis to do.
        """
        lines = [f"    {c.name} = {type_name(c.dtype)}({c.name})\n" for c in self.steps.constants]
        if share:
            lines += [f"    {a} = {a}[start:stop]\n" for a in arrays if self.axes[a][0]]
        # The loads of an array stand in the innermost loop over an axis that it has.
        depths: list[list[str]] = [[] for _ in range(self.rank + 1)]
        for step in needed(self.steps.steps, (e for e, _ in outputs), self.is_source):
            e = step.result.name
            if not self.is_source(step):
                depths[-1].append(f"{e} = {expression(step, own=self.own)}")
                continue
            axes = (False,) * self.rank if e in self.single else self.axes.get(f"{e}s", (True,) * self.rank)
            depth = max((d + 1 for d, has in enumerate(axes) if has), default=0)
            index = ", ".join(f"i{d}" for d, has in enumerate(axes) if has) or "0"
            depths[depth].append(f"{e} = {e}s[{index}]")
        whole = ", ".join(f"i{d}" for d in range(self.rank))
        depths[-1] += [f"{target}[{whole}] = {element}" for element, target in outputs]
        for d, statements in enumerate(depths):
            lines += ["    " * (d + 1) + f"{statement}\n" for statement in statements]
            if d < self.rank:
                lines.append("    " * (d + 1) + f"for i{d} in range({outputs[0][1]}.shape[{d}]):\n")
        types = [*map(self.type_of, arrays), *map(self.types.number, self.steps.constants)]
        self.signatures[name] = self.types.truth(*types, *[self.types.index] * (2 * share))
        names = [*arrays, *self.numbers, *(["start", "stop"] if share else [])]
        return f"\n\ndef {name}({', '.join(names)}):\n{guard}{''.join(lines)}    return True\n"

    def guard(self, arrays: Sequence[str]) -> str:
        """The statements that return False for arrays that do not lie apart, or are not of one length.

        An element is read before it is written, so arrays of equal elements may be the same.
        """
        lines = ""
        if self.rank == 1:
            full = [a for a in arrays if any(self.axes[a])]
            lines = "".join(f"    if {a}.size != {full[-1]}.size:\n        return False\n" for a in full[:-1])
        pairs = [(a, b) for i, a in enumerate(arrays) for b in arrays[:i] if a in self.targets or b in self.targets]
        return lines + guard(
            (a, b, self.dtypes[a].itemsize == self.dtypes[b].itemsize and all((*self.axes[a], *self.axes[b])))
            for a, b in pairs
        )

    def type_of(self, array: str) -> Any:
        """numba's type of an array."""
        ndim = sum(self.axes.get(array, (True,)))
        written = array in self.targets or array not in self.axes
        return self.types.array(self.dtypes[array], ndim, written=written)

    def used(self, outputs: Iterable[tuple[str, str]]) -> list[str]:
        """The arrays that a loop for `outputs` reads and writes."""
        outputs = list(outputs)
        steps = needed(self.steps.steps, (element for element, _ in outputs), self.is_source)
        read = [f"{step.result.name}s" for step in steps if self.is_source(step)]
        return list(dict.fromkeys([*read, *(target for _, target in outputs)]))

    def is_source(self, step: Step) -> bool:
        """Whether a loop finds the element in an array."""
        return step.position is not None or step in self.calls
