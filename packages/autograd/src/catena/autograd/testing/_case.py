"""The table of functions and how to draw calls of them."""

from __future__ import annotations

import dataclasses
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

import xparray as xp
from catena.autograd._containers import leaves, refilled
from catena.autograd._op import REGISTRY, Op
from catena.autograd.testing._call import Call, bound_leaves, written


class Bound(NamedTuple):
    """A call of a function as a function of the arrays in it.

    Attributes:
        f: takes the leaves and the options, returns the outputs in one list.
        leaves: the arrays and other values among the inputs.
        names: what messages call the leaves.
        options: of the call.
    """

    f: Callable[[Sequence[Any], dict[str, Any]], list[Any]]
    leaves: list[Any]
    names: list[str]
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """How to draw calls of a function, and what to expect of it.

    Attributes:
        calls: a strategy that gives Calls.
        name: tells several cases of one function apart.
        no_gradient: inputs of floating or complex numbers that get no gradient, each with the reason.
        backends: what the function is tried on; a backend that is not installed is left out.
        tolerance: multiplies the tolerance between dtypes and backends.
        order: up to which derivatives are checked; 1 where there are no others.
        keeps_dtype: outputs have the precision to which the inputs promote: float32 for complex64 too.
        train: the value of `config.train` meanwhile.
        random: the function draws from the process's stream of random numbers, which begins anew for each run; its values are
            then compared between backends and not with those in float64.
    """

    calls: SearchStrategy[Call] = dataclasses.field(default_factory=st.nothing)
    name: str = ""
    no_gradient: Mapping[str, str] = dataclasses.field(default_factory=dict)
    backends: tuple[str, ...] = ("numpy", "numba", "strict")
    tolerance: float = 1.0
    order: int = 2
    keeps_dtype: bool = True
    train: bool = True
    random: bool = False

    def bind(self, function: Callable[..., Any], call: Call) -> Bound:
        """The call as a function of its leaves."""

        def f(given: Sequence[Any], options: dict[str, Any]) -> list[Any]:
            if self.random:
                xp.random.seed(0)
            ys = function(*refilled(call.inputs, iter(given)), **options)
            return [y for _, y in leaves(ys, "")]

        found = bound_leaves(function, call.inputs)
        return Bound(f, [x for _, x in found], [name for name, _ in found], call.options)

    def __repr__(self) -> str:
        """Python that makes the case again, without what it draws."""
        parts = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            if field.name not in ("calls", "name") and value != default:
                parts.append(f"{field.name}={written(dict(value) if isinstance(value, Mapping) else value)}")
        return f"{type(self).__name__}({', '.join(parts)})"


class Row(NamedTuple):
    """An entry of the table: what it is called, the function, and the case."""

    name: str
    function: Callable[..., Any]
    case: Case


class Cases:
    """A table of functions and their cases.

    Example:
        >>> from catena.autograd import functions as F
        >>> from catena.autograd.testing import arrays, calls
        >>> table = Cases()
        >>> table.add(F.exp, Case(calls(arrays())))
        >>> [row.name for row in table.rows()]
        ['exp']
    """

    def __init__(self) -> None:
        self._rows: list[tuple[Callable[..., Any], Case]] = []
        self._excused: dict[Any, str] = {}

    def add(self, function: Callable[..., Any], *cases: Case) -> None:
        """Enter cases of an op, of a function made of ops, or of a link's class."""
        self._rows += [(function, case) for case in cases]

    def excuse(self, reason: str, *functions: Any) -> None:
        """Say why functions need no case: they make arrays of no array, or look at dtypes only."""
        self._excused |= dict.fromkeys(functions, reason)

    def load(self, package: str) -> None:
        """Import all modules in `package`, a dotted name, which enter their cases."""
        folder = import_module(package)
        for module in pkgutil.iter_modules(folder.__path__, f"{package}."):
            import_module(module.name)

    def rows(self, package: str = "", name: str = "*") -> Iterator[Row]:
        """The entries of functions defined in `package`, and of a name like `name` ("log*"), where they are given."""
        for function, case in self._rows:
            own = function_name(function)
            if function.__module__.startswith(package) and fnmatchcase(own, name):
                yield Row(f"{own}-{case.name}" if case.name else own, function, case)

    def missing(self, *namespaces: Any) -> list[str]:
        """Names of what has no case: the installed ops, and the public functions and classes of the modules `namespaces`.

        An op counts where it is an attribute of its module; a module's public names are those in its `__all__`.
        """
        covered = {function for function, _ in self._rows} | self._excused.keys()
        ops = [name for name, op in REGISTRY.items() if _is_installed(op) and op not in covered]
        public = [
            f"{space.__name__}.{name}"
            for space in namespaces
            for name in space.__all__
            if callable(getattr(space, name)) and getattr(space, name) not in covered
        ]
        return sorted({*ops, *public})


def function_name(f: Any) -> str:
    """The name of a function, op or class."""
    return str(getattr(f, "__name__", type(f).__name__))


def _is_installed(op: Op) -> bool:
    """Whether the op is one of `catena`'s own modules, not a program's or a test's."""
    module = op.forward.__module__
    return module.startswith("catena.") and getattr(sys.modules.get(module), op.__name__, None) is op


# The cases of catena's own functions; each package enters those of its own in modules of its own.
CASES = Cases()
