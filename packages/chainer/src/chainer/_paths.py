"""The paths of Chainer's single modules, such as chainer.functions.loss.vae: each is made of public names when it is first imported.

`_paths.json` says for each path which public namespace has which of its names; under "" stand those that no namespace has.
`tests/chainer/golden/module_paths.py` wrote it.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_LISTED = "docs/coming-from-chainer.md lists what is missing"


@functools.cache
def _table() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("_paths.json").read_text("utf-8"))
    return table


def _names_of(path: str) -> dict[str, Any]:
    """Those of the module's names that are here."""
    found: dict[str, Any] = {}
    for home, names in _table()[path].items():
        public = vars(importlib.import_module(home)) if home else {}
        found.update((name, public[name]) for name in names if name in public)
    return found


def _is_parent(path: str) -> bool:
    return any(other.startswith(f"{path}.") for other in _table())


def _is_here(path: str) -> bool:
    """Whether a name of the module, or of one under it, is here."""
    under = (other for other in _table() if other == path or other.startswith(f"{path}."))
    return any(_names_of(other) for other in under)


def member(path: str, name: str) -> Any:
    """`__getattr__` of the module at a path: the module under it of that name; an error for what is not here."""
    if f"{path}.{name}" in _table():
        return importlib.import_module(f"{path}.{name}")
    if any(name in names for names in _table().get(path, {}).values()):
        # `from path import name` would hide the text of an AttributeError.
        raise ImportError(f"{path} has no {name} here: {_LISTED}", name=path)
    raise AttributeError(f"module {path!r} has no attribute {name!r}")


class _Finder:
    """A MetaPathFinder and Loader of the table's paths that no file serves; importing `importlib.abc` to say so takes 1 ms."""

    def find_spec(
        self, path: str, parents: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not path.startswith("chainer.") or path not in _table():
            return None
        if not _is_here(path):
            raise ModuleNotFoundError(f"nothing of {path} is here: {_LISTED}", name=path)
        return ModuleSpec(path, self, is_package=_is_parent(path))  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave that to Python."""

    def exec_module(self, module: ModuleType) -> None:
        path = module.__name__
        names = _names_of(path)
        vars(module).update(names, __all__=sorted(names), __getattr__=functools.partial(member, path))
        module.__doc__ = f"Chainer's module {path}: its names that are public elsewhere."


_FINDER = _Finder()


def install() -> None:
    """Make the paths importable, and attributes of the packages above them."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    packages = [
        name for name in sys.modules if name.partition(".")[0] == "chainer" and hasattr(sys.modules[name], "__path__")
    ]
    for name in packages:
        vars(sys.modules[name]).setdefault("__getattr__", functools.partial(member, name))
