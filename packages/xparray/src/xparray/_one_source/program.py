"""What a function of elements does, operation by operation: the form from which each backend compiles it.

A `Program` tells which of NumPy's functions are applied to which elements and numbers, whatever their dtypes. `typed` adds NumPy's
promotion for given dtypes: `Steps`, in which every operand has the dtype in which its operation computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np


class CannotTranslate(Exception):
    """Why a function cannot run fused; the text names the function and the line."""


NUMBERS = frozenset({int, float, bool})
"""The types of the numbers that take an array's dtype."""

FOLDS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "all": "logical_and",
    "any": "logical_or",
}
"""Reductions, and NumPy's function of two values that each repeats."""


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number; `code` computes it from the function's arguments, `literal` is its value where the text tells."""

    code: str
    literal: float | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One value for each element.

    Attributes:
        name: "e0" for that of argument 0, "v0", "v1", ... for results of operations.
        reads: positions of the array arguments that decide its shape.
        is_folded: whether reductions made it, so that there is one value for all elements along the reduced axes.
    """

    name: str
    reads: frozenset[int]
    is_folded: bool = False


Value: TypeAlias = "Number | Element | tuple[Number | Element, ...]"


@dataclass(frozen=True, slots=True)
class Operation:
    """NumPy's `function` of elements and numbers.

    Attributes:
        result: what it gives.
        function: NumPy's name ("add", "where"), or "special." and the name in `xparray.special`; "**" for the operator, which has
            short cuts, "astype", one of `FOLDS`, "mean", or "fold" for the program's own reduction.
        operands: what it takes.
        place: the function's name, the line and its text, for errors.
        dtype: for astype, the dtype to convert to.
    """

    result: Element
    function: str
    operands: tuple[Element | Number, ...]
    place: str = field(compare=False)
    dtype: np.dtype[Any] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """What a function does to arrays and numbers in the places that it was walked with.

    Attributes:
        name: the function's name.
        inputs: the elements of the arguments that it reads.
        operations: in order.
        outputs: what it returns.
        is_tuple: whether it returns a tuple.
        names: the code of a number that is no literal -> "c0", "c1", ...
        numbers: from the function's arguments to the values of those numbers, as Python computes them.
        axis: along which axes reductions go; None for all.
        keepdims: whether reduced axes stay, with length 1.
        combine: what "fold" repeats: a program of two values.
    """

    name: str
    inputs: tuple[Element, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Element, ...]
    is_tuple: bool
    names: Mapping[str, str]
    numbers: Callable[..., tuple[Any, ...]]
    axis: tuple[int, ...] | None = None
    keepdims: bool = False
    combine: Program | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number in the dtype in which a step takes it.

    Attributes:
        dtype: that dtype.
        literal: the value where the text tells.
        code: tells literals apart that are equal, as 0.0 and -0.0.
        index: which of the program's numbers it is, where it is no literal; -1 for the number of elements that a reduction makes
            one of.
    """

    dtype: np.dtype[Any]
    literal: float | None = None
    code: str = ""
    index: int = -1

    @property
    def name(self) -> str:
        """A name for it, unless it is a literal."""
        return "count" if self.index < 0 else f"c{self.index}_{self.dtype.name}"

    def value(self, number: Any) -> float | int | None:
        """The program's number as a loop takes it; None where it does not fit the dtype."""
        if self.dtype.kind == "f":
            return float(number)
        low, high = (0, 1) if self.dtype.kind == "b" else (np.iinfo(self.dtype).min, np.iinfo(self.dtype).max)
        return int(number) if low <= number <= high else None


@dataclass(frozen=True, slots=True)
class Typed:
    """An element with its dtype."""

    name: str
    dtype: np.dtype[Any]


Operand: TypeAlias = "Typed | Constant"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation between operands of one dtype; the mask of "where" is bool, and "cast" converts its operand.

    "load" reads the argument at `position`.
    """

    result: Typed
    function: str
    operands: tuple[Operand, ...] = ()
    position: int | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Steps:
    """A program for arrays and numbers of given types.

    Attributes:
        name: the function's name.
        steps: what computes each element.
        folds: the reductions of them.
        after: what is computed from the reductions' results.
        outputs: what is returned: results of `steps`, `folds` or `after`.
        constants: the numbers that a call hands over.
        combine: what a step "fold" repeats.
    """

    name: str
    steps: tuple[Step, ...]
    folds: tuple[Step, ...]
    after: tuple[Step, ...]
    outputs: tuple[Typed, ...]
    constants: tuple[Constant, ...]
    combine: Steps | None = None

    @property
    def loads(self) -> dict[int, np.dtype[Any]]:
        """The positions of the arguments that are read, and their dtypes."""
        return {step.position: step.result.dtype for step in self.steps if step.position is not None}

    def numbers(self, values: Sequence[Any]) -> list[float | int]:
        """What a call hands over, from the values of the program's numbers.

        Raises:
            CannotTranslate: a number does not fit the dtype that NumPy converts it to.
        """
        numbers = []
        for constant in self.constants:
            number = constant.value(values[constant.index])
            if number is None:
                raise CannotTranslate(f"{self.name}: the number {values[constant.index]} does not fit {constant.dtype}")
            numbers.append(number)
        return numbers
