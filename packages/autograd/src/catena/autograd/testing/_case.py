"""The table of ops and how to draw calls of them."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis.strategies import SearchStrategy

from catena.autograd._op import REGISTRY, Op
from catena.autograd.gradient_check import _name
from catena.autograd.testing._strategies import Call


@dataclasses.dataclass(frozen=True)
class Case:
    """How to draw calls of an op.

    Attributes:
        calls: a strategy that gives Calls.
        name: tells several cases of one op apart.
        no_gradient: floating inputs that get no gradient, each with the reason.
        backends: what the op is tried on; a backend that is not installed is left out.
        tolerance: multiplies the tolerance between dtypes and backends.
        order: up to which derivatives are checked.
        keeps_dtype: floating outputs have the dtype to which the floating inputs promote.
    """

    calls: SearchStrategy[Call]
    name: str = ""
    no_gradient: Mapping[str, str] = dataclasses.field(default_factory=dict)
    backends: tuple[str, ...] = ("numpy", "numba", "strict")
    tolerance: float = 1.0
    order: int = 2
    keeps_dtype: bool = True


class Cases:
    """A table of ops and their cases.

    Example:
        >>> from catena.autograd import functions as F
        >>> from catena.autograd.testing import arrays, calls
        >>> table = Cases()
        >>> table.add(F.exp, Case(calls(arrays())))
        >>> [name for name, op, case in table.rows()]
        ['exp']
    """

    def __init__(self) -> None:
        self._rows: list[tuple[Callable[..., Any], Case]] = []

    def add(self, op: Callable[..., Any], *cases: Case) -> None:
        """Enter cases of an op, or of a function made of ops."""
        self._rows += [(op, case) for case in cases]

    def rows(self, package: str = "") -> Iterator[tuple[str, Callable[..., Any], Case]]:
        """Name, op and case of each entry; of ops defined in `package` only, where one is named."""
        for op, case in self._rows:
            if op.__module__.startswith(package):
                yield f"{_name(op)}-{case.name}" if case.name else _name(op), op, case

    def missing(self) -> list[str]:
        """Names of the installed ops that have no case: module and name, of those that are attributes of their module."""
        covered = {op for op, _ in self._rows if isinstance(op, Op)}
        return sorted(name for name, op in REGISTRY.items() if op not in covered and _is_installed(op))


def _is_installed(op: Op) -> bool:
    """Whether the op is one of `catena`'s own modules, not a program's or a test's."""
    module = op.forward.__module__
    return module.startswith("catena.") and getattr(sys.modules.get(module), op.name, None) is op


# The cases of catena's own ops; each package enters those of its own in a module of its own.
CASES = Cases()
