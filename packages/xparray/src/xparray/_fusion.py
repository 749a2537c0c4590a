"""From steps to compiled loops: each stretch between NumPy's own functions becomes one pass over the elements.

A compiled loop of sums, products and choices has NumPy's bits and needs no intermediate arrays. A loop of scalar exponentials
would lose to NumPy's, which use the processor's vectors: those stay NumPy's calls, made block by block while a block is in the
cache. `0.5 * x * (1 + tanh(z))` is a loop that gives z, a call of `np.tanh`, and a loop that gives the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xparray._cache import compile_module
from xparray._translate import Program, Step

# Bytes of an array's part in a block: the arrays between the loops of one block stay in the second-level cache.
BLOCK = 2**17


@dataclass(frozen=True, slots=True)
class Layout:
    """Which arrays are not read element by element, and which results are written over an argument.

    `single` are the positions of arguments that have one element for all; `aliases` gives for each result the position of the
    argument in whose memory it is written, or None. A loop over one array under two names could not use vectors.
    """

    single: frozenset[int]
    aliases: tuple[int | None, ...]


def compile_program(program: Program, layout: Layout) -> Callable[..., bool]:
    """The function `run(*arrays, *results, *numbers)` of flat contiguous arrays, all but the single ones of one length.

    `arrays` are those of `loads(program)`; `results` those that are not written over one of `arrays`. It does nothing and
    returns False where a result lies across another array, so that writing one element would change another one to be read.

    Raises:
        numba.core.errors.NumbaError: numba cannot compile the loops.
    """
    writer = _Writer(program, layout)
    names = compile_module(writer.name, writer.write(), writer.signatures, nogil=True, error_model="numpy")
    names.update(writer.functions)
    run: Callable[..., bool] = names["run"]
    return run


def loads(program: Program) -> list[int]:
    """The positions of the arguments that a program loads."""
    return [step.position for step in program.steps if step.position is not None]


class _Writer:
    """The text of one program's module. An element `v7` lies in the array `v7s`, the result k in `y{k}s`."""

    def __init__(self, program: Program, layout: Layout) -> None:
        import numba

        self.program = program
        self.array, self.truth, self.number = numba.types.Array, numba.boolean, numba.float64
        self.real = numba.from_dtype(program.dtype)
        self.readable = self.array(self.real, 1, "C", readonly=True)
        self.name = program.name if program.name.isidentifier() and program.name.isascii() else "elementwise"
        self.signatures: dict[str, Any] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.steps = {step.result.name: step for step in program.steps}
        self.numbers = [f"c{i}" for i in range(program.number_count)]
        self.arrays = [f"e{position}s" for position in loads(program)]
        self.targets = [f"y{k}s" if j is None else f"e{j}s" for k, j in enumerate(layout.aliases)]
        self.results = [target for target in self.targets if target not in self.arrays]
        # Elements that one value serves for all: single arguments, and what NumPy's functions make of nothing else.
        self.short = {f"e{position}" for position in layout.single}
        for name, step in self.steps.items():
            if step.function is not None and all(o in self.short for o in step.operands if o in self.steps):
                self.short.add(name)

    def write(self) -> str:
        """The whole module."""
        outputs = list(zip((y.name for y in self.program.outputs), self.targets, strict=True))
        calls = [step for step in self.needed(name for name, _ in outputs) if step.function is not None]
        head = (
            f'"""Loops of `{self.name}`, written by xparray; a change to this file is thrown away."""\n\n'
            f"import numpy as np\n\nT = np.{self.program.dtype.name}\n"
        )
        everything = [*self.arrays, *dict.fromkeys(self.results)]
        if not calls:
            return head + self.loop("run", everything, outputs, self.guard(everything))
        self.signatures["apart"] = self.truth(*(self.types(outputs).get(a, self.readable) for a in everything))
        parameters = [*everything, *self.numbers]
        size = BLOCK // self.program.dtype.itemsize
        parts = [p if p in self.numbers or p[:-1] in self.short else f"{p}[part]" for p in parameters]
        return (
            f"{head}{self.block(calls, outputs, parameters)}\n\n"
            f"def apart({', '.join(everything)}):\n{self.guard(everything)}    return True\n\n\n"
            f"def run({', '.join(parameters)}):\n"
            f"    if not apart({', '.join(everything)}):\n"
            f"        return False\n"
            f"    n = {self.targets[0]}.size\n"
            f"    if n <= {size}:\n"
            f"        block({', '.join(parameters)})\n"
            f"        return True\n"
            f"    for start in range(0, n, {size}):\n"
            f"        part = slice(start, start + {size})\n"
            f"        block({', '.join(parts)})\n"
            f"    return True\n"
        )

    def block(self, calls: Sequence[Step], outputs: Sequence[tuple[str, str]], parameters: Sequence[str]) -> str:
        """Loops, and the function `block` that runs them with the calls of NumPy's functions between."""
        loops = ""
        # What nothing else reads is written where it belongs at once.
        read = {o for step in self.steps.values() for o in step.operands} | self.short
        unread = [(e, t) for e, t in outputs if e not in read and t in self.results]
        ends = {e: t for e, t in unread if isinstance(self.steps[e].function, np.ufunc)}
        outputs = [(e, t) for e, t in outputs if ends.get(e) != t]
        body = f"    n = {self.targets[0]}.size\n"
        stages: dict[str, int] = {}
        for call in calls:
            before = [stages[s.result.name] for s in self.needed(call.operands) if s.function is not None]
            stages[call.result.name] = 1 + max(before, default=0)
        for stage in range(1, max(stages.values()) + 1):
            now = [call for call in calls if stages[call.result.name] == stage]
            operands = dict.fromkeys(o for call in now for o in call.operands if o in self.steps)
            made = [(o, f"{o}s") for o in operands if not self.is_source(self.steps[o])]
            if made:
                loops += self.loop(f"loop{stage}", self.used(made), made)
                body += "".join(f"    {target} = np.empty(n, T)\n" for _, target in made)
                body += f"    loop{stage}({', '.join([*self.used(made), *self.numbers])})\n"
            for call in now:
                name = call.result.name
                assert call.function is not None
                self.functions[f"f_{name}"] = call.function
                given = ", ".join(f"{o}s" if o in self.steps else o for o in call.operands)
                body += f"    {name}s = f_{name}({given}{f', out={ends[name]}' if name in ends else ''})\n"
        if outputs:
            loops += self.loop("last", self.used(outputs), outputs)
            body += f"    last({', '.join([*self.used(outputs), *self.numbers])})\n"
        return f"{loops}\n\ndef block({', '.join(parameters)}):\n{body}"

    def loop(self, name: str, arrays: Sequence[str], outputs: Sequence[tuple[str, str]], guard: str = "") -> str:
        """A function that computes elements and writes each to its target; `arrays` are its parameters before the numbers."""
        lines, inside = [f"    {c} = T({c})\n" for c in self.numbers], []
        for step in self.needed((element for element, _ in outputs), within_loop=True):
            e = step.result.name
            if e in self.short:
                lines.append(f"    {e} = {e}s[0]\n")
            else:
                inside.append(f"        {e} = {f'{e}s[i]' if self.is_source(step) else step.code}\n")
        inside += [f"        {target}[i] = {element}\n" for element, target in outputs]
        types = self.types(outputs)
        parameters = [*(types.get(array, self.readable) for array in arrays), *(self.number for _ in self.numbers)]
        self.signatures[name] = self.truth(*parameters)
        return (
            f"\n\ndef {name}({', '.join([*arrays, *self.numbers])}):\n{guard}{''.join(lines)}"
            f"    for i in range({outputs[0][1]}.size):\n{''.join(inside)}    return True\n"
        )

    def guard(self, arrays: Sequence[str]) -> str:
        """The statements that return False where an array to be written shares a part of its memory with another one.

        The whole of it is no harm: an element is read before it is written.
        """
        masks = {t for y, t in zip(self.program.outputs, self.targets, strict=True) if y.is_mask}
        pairs = [(a, b) for i, a in enumerate(arrays) for b in arrays[:i] if a in self.targets or b in self.targets]
        used = dict.fromkeys(a for pair in pairs for a in pair)
        lines = [f"    b_{a} = np.intp({a}.ctypes.data)\n    l_{a} = b_{a} + {a}.nbytes\n" for a in used]
        for a, b in pairs:
            alike = (a in masks) == (b in masks) and a[:-1] not in self.short and b[:-1] not in self.short
            same = f" and b_{a} != b_{b}" if alike else ""
            lines.append(f"    if b_{a} < l_{b} and b_{b} < l_{a}{same}:\n        return False\n")
        return "".join(lines)

    def types(self, outputs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """numba's types of the arrays that are written."""
        masks = {t: self.steps[e].result.is_mask for e, t in outputs}
        return {t: self.array(self.truth if is_mask else self.real, 1, "C") for t, is_mask in masks.items()}

    def used(self, outputs: Iterable[tuple[str, str]]) -> list[str]:
        """The arrays that a loop for `outputs` reads and writes."""
        outputs = list(outputs)
        steps = self.needed((element for element, _ in outputs), within_loop=True)
        read = [f"{step.result.name}s" for step in steps if self.is_source(step)]
        return list(dict.fromkeys([*read, *(target for _, target in outputs)]))

    def is_source(self, step: Step) -> bool:
        """Whether a loop finds the element in an array."""
        return step.position is not None or step.function is not None

    def needed(self, names: Iterable[str], *, within_loop: bool = False) -> list[Step]:
        """The steps that lead to the elements `names`, in order; within a loop, back to its sources only."""
        todo, found = [name for name in names if name in self.steps], set[str]()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                step = self.steps[name]
                if not (within_loop and self.is_source(step)):
                    todo += [o for o in step.operands if o in self.steps]
        return [step for name, step in self.steps.items() if name in found]
