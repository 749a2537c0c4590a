"""From steps to compiled loops: each stretch between NumPy's own functions becomes one pass over the elements.

A loop computes what NumPy's arithmetic does, to the bit, and one that numba compiles serves vectors of the processor. NumPy's
exponentials and the like are better than any loop of scalar calls, so they stay NumPy's, block by block while a block is in the
cache: `0.5 * x * (1 + tanh(z))` is a loop for z, a call of `np.tanh`, and a loop for the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xparray._cache import compile_module
from xparray._translate import Element, Program, Step

# Elements in a block: what the intermediate arrays of one need stays in the second-level cache.
BLOCK = 16384


@dataclass(frozen=True, slots=True)
class Layout:
    """How the arrays reach the loops, where not every array is read whole and every result written apart.

    `single` are the positions of arguments of one element only; `aliases` gives for each result the position of the argument
    in whose memory it is written, or None. A loop that reads and writes one array must know, or it cannot use vectors.
    """

    single: frozenset[int]
    aliases: tuple[int | None, ...]


def compile_program(program: Program, layout: Layout) -> Callable[..., None]:
    """The function `run(*arrays, *results, *numbers)` of flat contiguous arrays, all but the single ones of one length.

    `arrays` are those that the program loads, in its order; `results` those that share no memory with one of `arrays`.

    Raises:
        numba.core.errors.NumbaError: numba cannot compile the loops.
    """
    writer = _Writer(program, layout)
    text = writer.write()
    names = compile_module(_identifier(program.name), text, writer.signatures, nogil=True, error_model="numpy")
    names.update(writer.functions)
    run: Callable[..., None] = names["run"]
    return run


def loads(program: Program) -> list[int]:
    """The positions of the arguments that a program loads."""
    return [step.position for step in program.steps if step.position is not None]


def _identifier(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else "elementwise"


@dataclass
class _Writer:
    """The text of one program's module."""

    program: Program
    layout: Layout
    signatures: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = {step.result.name: step for step in self.program.steps}
        self.numbers = [f"c{i}" for i in range(self.program.number_count)]
        self.arrays = [f"x{position}" for position in loads(self.program)]
        # Result -> the array that it is written to.
        self.targets = [f"y{k}" if j is None else f"x{j}" for k, j in enumerate(self.layout.aliases)]
        self.results = [t for t in self.targets if t.startswith("y")]

    def write(self) -> str:
        """The whole module."""
        head = f'"""Loops for `{self.program.name}`, written by xparray; changes are thrown away."""\n\nimport numpy as np\n\n'
        head += f"T = np.{self.program.dtype.name}\n"
        outputs = list(zip((y.name for y in self.program.outputs), self.targets, strict=True))
        calls = self.needed(y.name for y in self.program.outputs)[1]
        if not calls:
            return head + self.loop("run", self.arrays, outputs)
        return head + self.in_blocks(calls, outputs)

    def in_blocks(self, calls: Sequence[Step], outputs: Sequence[tuple[str, str]]) -> str:
        """Loops, and the function that runs them with NumPy's functions between, one block after the other."""
        text, lines, buffers = "", [], []
        level: dict[str, int] = {}
        for call in calls:
            level[call.result.name] = 1 + max((level[c.result.name] for c in self.needed(call.operands)[1]), default=0)
        for stage in range(1, max(level.values()) + 1):
            now = [c for c in calls if level[c.result.name] == stage]
            operands = dict.fromkeys(name for c in now for name in c.operands if name in self.steps)
            roots = [(name, f"t_{name}") for name in operands if self.is_computed(name)]
            if roots:
                text += self.loop(f"loop{stage}", None, roots)
                lines.append(self.invocation(f"loop{stage}"))
            buffers += [name for name, _ in roots] + [c.result.name for c in now]
            lines += [self.call_line(c) for c in now]
        text += self.loop("last", None, outputs)
        lines.append(self.invocation("last"))
        whole = [a for a in self.arrays if int(a[1:]) not in self.layout.single] + self.results
        text += f"\n\ndef run({', '.join([*self.arrays, *self.results, *self.numbers])}):\n    n = {self.targets[0]}.size\n"
        text += "".join(f"    b_{b} = np.empty(min(n, {BLOCK}), T)\n" for b in buffers)
        text += "".join(f"    p_{a} = {a}\n" for a in self.arrays if a not in whole)
        text += f"    for start in range(0, n, {BLOCK}):\n        m = min(n - start, {BLOCK})\n"
        text += "".join(f"        p_{a} = {a}[start : start + m]\n" for a in whole)
        text += "".join(f"        t_{b} = b_{b}[:m]\n" for b in buffers)
        return text + "".join(f"        {line}\n" for line in lines)

    def call_line(self, call: Step) -> str:
        """The statement that applies one of NumPy's functions to a block."""
        assert call.function is not None
        operands = ", ".join(self.buffer(name) if name in self.steps else name for name in call.operands)
        name = f"f_{call.result.name}"
        self.functions[name] = call.function
        target = f"t_{call.result.name}"
        return f"{name}({operands}, out={target})" if isinstance(call.function, np.ufunc) else f"{target}[:] = {name}({operands})"

    def buffer(self, name: str) -> str:
        """Where a block's values of an element lie when NumPy's functions read them."""
        step = self.steps[name]
        return f"t_{name}" if step.position is None else f"p_{name}"

    def is_computed(self, name: str) -> bool:
        """Whether an element takes a loop: it is neither an argument nor the result of one of NumPy's functions."""
        return self.steps[name].position is None and self.steps[name].function is None

    def needed(self, roots: Iterable[str]) -> tuple[list[Step], list[Step]]:
        """The steps of a loop that computes `roots`, those of NumPy's functions first, and all of NumPy's functions before it."""
        calls: dict[str, Step] = {}
        here: dict[str, Step] = {}
        todo = [(name, True) for name in roots if name in self.steps]
        seen: set[tuple[str, bool]] = set()
        while todo:
            name, in_loop = todo.pop()
            if (name, in_loop) in seen:
                continue
            seen.add((name, in_loop))
            step = self.steps[name]
            if in_loop:
                here[name] = step
            if step.function is not None:
                calls[name] = step
            todo += [(o, in_loop and step.function is None) for o in step.operands if o in self.steps]
        order = {name: i for i, name in enumerate(self.steps)}
        return sorted(here.values(), key=lambda s: order[s.result.name]), sorted(calls.values(), key=lambda s: order[s.result.name])

    def loop(self, name: str, arrays: Sequence[str] | None, outputs: Sequence[tuple[str, str]]) -> str:
        """A function that computes elements and writes each to its target; `arrays` are its first parameters if given."""
        import numba

        steps, _ = self.needed(element for element, _ in outputs)
        sources = {s.result.name: self.buffer(s.result.name).replace("p_", "") for s in steps if not self.is_computed(s.result.name)}
        written = list(dict.fromkeys(target for _, target in outputs))
        if arrays is None:
            arrays = [a for a in dict.fromkeys([*sources.values(), *written]) if not a.startswith("y")]
            apart = [t for t in written if t.startswith("y")]
        else:
            apart = self.results
        numbers = self.numbers
        real = numba.from_dtype(self.program.dtype)
        types = {t: numba.types.Array(numba.types.boolean if self.steps[e].result.is_mask else real, 1, "C") for e, t in outputs}
        read = numba.types.Array(real, 1, "C", readonly=True)
        parameters = [*arrays, *apart]
        self.signatures[name] = numba.void(*(types.get(a, read) for a in parameters), *(numba.float64 for _ in numbers))
        self.invocations[name] = [*parameters, *numbers]
        ...
        return ""
