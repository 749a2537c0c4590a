"""The stubs of the namespaces of differentiable functions, made from the functions themselves.

    python tests/types/stubs.py            # write them: after a public function was added or changed
    python tests/types/stubs.py --check    # say which are not what they would be now

A function that takes arrays is written `def f(x: Array) -> Array`; an op is an object that has been made from one. What type checkers are told
of both is more: arrays give arrays, a Variable among them gives a Variable. So there are two declarations of a function, and what a
checker knows nothing of (Any) gives Any, in calls within calls too, which a type variable would not. Options of ops, which may be given
by position, are so in the stub.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from catena.autograd import Op

MODULES = ["catena.autograd.functions", "catena.autograd.linalg", "catena.autograd.fft", "catena.nn.functions"]

HEAD = """# Made by tests/types/stubs.py; do not edit.
# mypy: disable-error-code=overload-overlap
# pyright: reportOverlappingOverload=false
from typing import Any, overload

import numpy as np

from catena.autograd import Variable
from xparray import Array
"""

# In the first stub; the others take them from there.
TYPES = """
_Array: TypeAlias = np.ndarray[Any, Any] | np.generic | complex
_In: TypeAlias = Variable | _Array
"""
NEEDED = "from typing import TypeAlias\n"
TAKEN = f"from {MODULES[0]} import _Array, _In\n"


def stub_of(name: str) -> str:
    """The text of the stub of a module, by its dotted name."""
    module = import_module(name)
    imports: set[str] = set()
    lines = [line for public in sorted(module.__all__) for line in _lines(module, public, imports)]
    listed = ", ".join(f'"{public}"' for public in sorted(module.__all__))
    own = (NEEDED, TYPES) if name == MODULES[0] else (TAKEN, "")
    return _formatted("\n".join([HEAD, own[0], *sorted(imports), own[1], *lines, "", f"__all__ = [{listed}]"]))


def path_of(name: str) -> Path:
    """Where the stub of a module stands: beside it."""
    return Path(import_module(name).__file__ or "").with_suffix(".pyi")


def _lines(module: ModuleType, public: str, imports: set[str]) -> Iterator[str]:
    """The declarations of one public name."""
    value = getattr(module, public)
    before = MODULES[: MODULES.index(module.__name__)]
    home = next((name for name in before if getattr(import_module(name), public, None) is value), "")
    if home:
        imports.add(f"from {home} import {public} as {public}")
    elif isinstance(value, ModuleType):
        imports.add(f"from {value.__name__.rpartition('.')[0]} import {public} as {public}")
    elif callable(value) and not isinstance(value, type):
        yield from _function(public, value, imports)
    else:
        yield f"{public}: {type(value).__name__ if isinstance(value, float) else 'Any'}"


def _function(public: str, f: Callable[..., Any], imports: set[str]) -> Iterator[str]:
    """Two declarations of a function that gives arrays of arrays, one of any other."""
    signature = inspect.signature(f.forward if isinstance(f, Op) else f)
    annotations = [_text(p.annotation) for p in signature.parameters.values()]
    returned = _text(signature.return_annotation)
    for text in [*annotations, returned]:
        imports |= set(_imports(text, f))
    of_arrays = [text for text in annotations if "Array" in _names(text)]
    # One of several may be a Variable; mypy joins a list of arrays and Variables to list[object].
    given = "Any" if any("Sequence[Array]" in text for text in of_arrays) else "_In"
    if of_arrays and "Array" in _names(returned):
        several = of_arrays != ["Array"] or any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
        given = given if several else "Variable"
        # That the second takes what the first does is meant: the first is tried first. HEAD tells the checkers.
        yield from ("@overload", _declaration(public, f, "_Array", "np.ndarray[Any, Any]"))
        yield from ("@overload", _declaration(public, f, given, "Variable"))
    else:
        yield _declaration(public, f, given, "Array")


def _declaration(public: str, f: Callable[..., Any], given: str, result: str) -> str:
    signature = inspect.signature(f.forward if isinstance(f, Op) else f)
    parameters = list(signature.parameters.values())
    has_default = [p.default is not p.empty for p in parameters]
    if isinstance(f, Op) and f.variadic is None and has_default == sorted(has_default):
        parameters = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.kind is p.KEYWORD_ONLY else p for p in parameters]
    parameters = [
        p.replace(
            annotation=_Text(_renamed(p.annotation, given)), default=p.default if p.default is p.empty else _default(p)
        )
        for p in parameters
    ]
    returned = _Text(_renamed(signature.return_annotation, result))
    return f"def {public}{signature.replace(parameters=parameters, return_annotation=returned)}: ..."


class _Text(str):
    """What `inspect` prints as it is."""

    def __repr__(self) -> str:
        return str(self)


def _default(p: inspect.Parameter) -> Any:
    return p.default if isinstance(p.default, bool | int | float | str | tuple | None) else _Text("...")


def _text(annotation: Any) -> str:
    """An annotation as it is written."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", repr(annotation))


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}


class _Renamed(ast.NodeTransformer):
    def __init__(self, array: str) -> None:
        self.array = ast.parse(array, mode="eval").body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.array if node.id == "Array" else node


def _renamed(annotation: Any, array: str) -> str:
    """The annotation with another type in the place of Array."""
    return ast.unparse(_Renamed(array).visit(ast.parse(_text(annotation), mode="eval")))


def _imports(text: str, f: Callable[..., Any]) -> Iterator[str]:
    """Lines that import what an annotation names, from where its function has it."""
    places = inspect.unwrap(f).__globals__
    for name in _names(text) - {"Any", "Array", "Variable"}:
        if name in places:
            yield f"from {_home(name, places[name], places['__name__'])} import {name}"


def _home(name: str, value: Any, user: str) -> str:
    """The module that defines what `user` calls `name`; an alias of types does not know it, its module's text does."""
    home = getattr(value, "__module__", "")
    if getattr(sys.modules.get(home), name, None) is value:
        return home
    modules = [m for m in sys.modules.values() if m.__name__.startswith(("catena.", "xparray"))]
    having = (m for m in modules if vars(m).get(name) is value)
    return next((m.__name__ for m in having if re.search(rf"^{name}\b.*=", inspect.getsource(m), re.M)), user)


def _formatted(text: str) -> str:
    command = ["ruff", "check", "--select", "I,F401,RUF022", "--fix", "-q", "--stdin-filename", "x.pyi", "-"]
    text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    command = ["ruff", "format", "-q", "--stdin-filename", "x.pyi", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Write the stubs, or check them; 1 where one is not what it would be now."""
    stale = []
    for name in MODULES:
        path, text = path_of(name), stub_of(name)
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path))
    if stale:
        print(f"{', '.join(stale)}: not up to date; run python tests/types/stubs.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
