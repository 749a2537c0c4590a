"""NumPy's promotion of dtypes, applied to every operation of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xparray._one_source.program import (
    FOLDS,
    CannotTranslate,
    Constant,
    Element,
    Number,
    Operand,
    Operation,
    Program,
    Step,
    Steps,
    Typed,
)

HOST_DTYPES = frozenset(np.dtype(t) for t in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"))
"""The dtypes of loops on the host."""

_BOOL = np.dtype(np.bool_)
_MASKS = ("logical_and", "logical_or", "logical_xor", "logical_not")


def typed(
    program: Program,
    dtypes: Mapping[int, np.dtype[Any]],
    kinds: Sequence[type],
    *,
    allowed: frozenset[np.dtype[Any]] = HOST_DTYPES,
) -> Steps:
    """The steps of a program for arrays and numbers of given types.

    Args:
        program: what to type.
        dtypes: those of the array arguments, by position.
        kinds: int, float or bool for each of the program's numbers.
        allowed: the dtypes in which steps may compute.

    Raises:
        CannotTranslate: an operation has no form for these types, or computes in a dtype that is not allowed.
    """
    return _Typing(program, dtypes, kinds, allowed).run()


class _Typing:
    def __init__(
        self,
        program: Program,
        dtypes: Mapping[int, np.dtype[Any]],
        kinds: Sequence[type],
        allowed: frozenset[np.dtype[Any]],
    ) -> None:
        self.program = program
        self.dtypes = dtypes
        self.kinds = kinds
        self.allowed = allowed
        self.elements: dict[str, Typed] = {}
        self.steps: dict[tuple[Any, ...], Step] = {}  # each but once
        self.constants: dict[Constant, None] = {}
        self.casts = 0

    def run(self) -> Steps:
        """The whole program."""
        program = self.program
        for e in program.inputs:
            position = int(e.name[1:])
            dtype = self.dtypes[position]
            self.check(dtype, f"{program.name}: argument {position}")
            self.elements[e.name] = self.take(Step(Typed(e.name, dtype), "load", position=position))
        for op in program.operations:
            self.elements[op.result.name] = self.operation(op)
        steps = list(self.steps.values())
        folds = [step for step in steps if step.function in FOLDS or step.function == "fold"]
        folded = {step.result.name for step in folds}
        for step in steps:
            if any(isinstance(o, Typed) and o.name in folded for o in step.operands):
                folded.add(step.result.name)
        return Steps(
            name=program.name,
            steps=tuple(step for step in steps if step.result.name not in folded),
            folds=tuple(folds),
            after=tuple(step for step in steps if step.result.name in folded and step not in folds),
            outputs=tuple(self.elements[y.name] for y in program.outputs),
            constants=tuple(self.constants),
            combine=None if program.combine is None else self.combine(program.combine, folds),
        )

    def combine(self, combine: Program, folds: Sequence[Step]) -> Steps:
        """The program's own reduction, of two values of the dtype that is reduced."""
        dtype, *others = dict.fromkeys(fold.result.dtype for fold in folds)
        if others:
            raise CannotTranslate(f"{combine.name}: it reduces results of several dtypes")
        if combine.names:
            raise CannotTranslate(f"{combine.name}: it computes with numbers that a compiled reduction cannot look up")
        steps = typed(combine, {0: dtype, 1: dtype}, [], allowed=self.allowed)
        if [y.dtype for y in steps.outputs] != [dtype]:
            raise CannotTranslate(f"{combine.name}: of two {dtype} values it makes {steps.outputs[0].dtype}")
        return steps

    def take(self, step: Step) -> Typed:
        """Take a step, unless the same one was taken before under another name."""
        key = step.function, step.operands, step.position, step.result.dtype
        return self.steps.setdefault(key, step).result

    def operation(self, op: Operation) -> Typed:
        """The steps of one operation."""
        if op.function == "mean":
            return self.mean(op)
        if op.function == "clip":
            return self.clip(op)
        if op.function == "**" and self.is_square(op):
            op = replace(op, function="multiply", operands=(op.operands[0],) * 2)
        *inputs, dtype = self.resolve(op)
        for d in (*inputs, dtype):
            self.check(d, op.place)
        if len(set(inputs[1:] if op.function == "where" else inputs)) > 1:
            raise CannotTranslate(f"{op.place} has no form for {' and '.join(map(str, inputs))}")
        operands = tuple(self.operand(o, d, op) for o, d in zip(op.operands, inputs, strict=True))
        if op.function == "astype":
            (x,) = operands
            assert isinstance(x, Typed)
            return self.cast(x, dtype, op)
        function = op.function
        if function == "**" and self.kind(op.operands[0]) != dtype:
            function = "power"  # the operator's short cuts are for arrays of floats
        return self.take(Step(Typed(op.result.name, dtype), function, operands, place=op.place))

    def is_square(self, op: Operation) -> bool:
        """Whether NumPy's operator computes a power as a product."""
        x, exponent = self.kind(op.operands[0]), op.operands[1]
        if not isinstance(exponent, Number) or not isinstance(x, np.dtype) or exponent.literal != 2:
            return False
        return x.kind == "f" or (x.kind in "iu" and type(exponent.literal) is int)

    def clip(self, op: Operation) -> Typed:
        """The greater of the elements and the lower bounds, and the lesser of that and the upper ones."""
        x, *bounds = map(self.kind, op.operands)
        if any(isinstance(bound, np.dtype) and bound != x for bound in bounds):
            raise CannotTranslate(f"{op.place} has bounds of another dtype than the array")
        raised = replace(
            op, function="maximum", operands=op.operands[:2], result=replace(op.result, name=f"l_{op.result.name}")
        )
        self.elements[raised.result.name] = self.operation(raised)
        return self.operation(replace(op, function="minimum", operands=(raised.result, op.operands[2])))

    def mean(self, op: Operation) -> Typed:
        """A sum, in float64 of whole numbers and in float32 of float16, and a division."""
        x = self.kind(op.operands[0])
        dtype = x if isinstance(x, np.dtype) and x.kind == "f" else np.dtype(np.float64)
        wide = np.dtype(np.float32) if dtype == np.float16 else dtype
        total = Typed(f"s_{op.result.name}", wide)
        total = self.take(Step(total, "sum", (self.operand(op.operands[0], wide, op),), place=op.place))
        quotient = self.take(Step(Typed(op.result.name, wide), "divide", (total, Constant(wide)), place=op.place))
        return self.cast(quotient, dtype, op)

    def resolve(self, op: Operation) -> tuple[np.dtype[Any], ...]:
        """The dtypes in which NumPy takes the operands, and that of the result."""
        kinds = [self.kind(o) for o in op.operands]
        first = kinds[0]
        if op.function == "astype":
            assert op.dtype is not None and isinstance(first, np.dtype)
            return first, op.dtype
        if op.function == "where":
            common = _common(kinds[1:])
            return _BOOL, common, common, common
        if op.function in ("zeros_like", "ones_like", "fold"):
            assert isinstance(first, np.dtype)
            return first, first
        if op.function in ("all", "any") or op.function in _MASKS:
            return (_BOOL,) * (len(kinds) + 1)
        if op.function in FOLDS:
            assert isinstance(first, np.dtype)
            dtype = np.add.reduce(np.empty(0, first)).dtype if op.function in ("sum", "prod") else first
            return dtype, dtype
        if op.function.startswith("special."):
            common = _common(kinds)
            return (common if common.kind == "f" else np.dtype(np.float64),) * (len(kinds) + 1)
        try:
            return _ufunc(op.function).resolve_dtypes((*kinds, None))
        except TypeError as e:
            raise CannotTranslate(f"{op.place} has no form for {' and '.join(map(_kind_name, kinds))} ({e})") from None

    def kind(self, value: Element | Number) -> np.dtype[Any] | type:
        """An element's dtype; for a number its type, which leaves the dtype to the elements (NEP 50)."""
        if isinstance(value, Element):
            return self.elements[value.name].dtype
        kind = type(value.literal) if value.literal is not None else self.kinds[self.index(value)]
        return _BOOL if kind is bool else kind

    def index(self, value: Number) -> int:
        """Which of the program's numbers it is."""
        return int(self.program.names[value.code][1:])

    def operand(self, value: Element | Number, dtype: np.dtype[Any], op: Operation) -> Operand:
        """An operand in `dtype`."""
        if isinstance(value, Element):
            return self.cast(self.elements[value.name], dtype, op)
        if value.literal is None:
            constant = Constant(dtype, index=self.index(value))
            self.constants[constant] = None
            return constant
        constant = Constant(dtype, literal=value.literal, code=value.code)
        if constant.value(value.literal) is None:
            raise CannotTranslate(f"{op.place} has the number {value.literal}, which does not fit {dtype}")
        return constant

    def cast(self, x: Typed, dtype: np.dtype[Any], op: Operation) -> Typed:
        """An element converted to `dtype`."""
        if x.dtype == dtype:
            return x
        self.casts += 1
        if dtype == _BOOL:
            return self.take(
                Step(Typed(f"b{self.casts}", dtype), "not_equal", (x, Constant(x.dtype, 0, code="0")), place=op.place)
            )
        if x.dtype.kind == "f" and dtype.kind != "f":
            raise CannotTranslate(
                f"{op.place} makes whole numbers of {x.dtype}, and what of those that do not fit depends on the machine"
            )
        return self.take(Step(Typed(f"t{self.casts}", dtype), "cast", (x,), place=op.place))

    def check(self, dtype: np.dtype[Any], place: str) -> None:
        """Raise CannotTranslate for a dtype in which steps cannot compute."""
        if dtype not in self.allowed:
            raise CannotTranslate(f"{place} is {dtype}; loops compute in {_listed(self.allowed)}")


def _ufunc(name: str) -> np.ufunc:
    ufunc: np.ufunc = getattr(np, "power" if name == "**" else name)
    return ufunc


def _common(kinds: Sequence[np.dtype[Any] | type]) -> np.dtype[Any]:
    return np.result_type(*(k(0) if isinstance(k, type) else k for k in kinds))


def _kind_name(kind: np.dtype[Any] | type) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _listed(dtypes: frozenset[np.dtype[Any]]) -> str:
    return ", ".join(d.name for d in sorted(dtypes, key=lambda d: d.num))
