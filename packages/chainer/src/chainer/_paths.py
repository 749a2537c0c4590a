"""The paths of Chainer's single modules, such as chainer.functions.loss.vae: each is made of public names when it is first imported.

`_paths.json` says for each path which public namespace has which of its names; under "" stand those that no namespace has, a few of which
`_inside` has. `tests/chainer/golden/module_paths.py` wrote it. `_missing.json` says why what is not here is not here.

What is missing is no attribute, so that `hasattr` and `getattr` with a default answer as usual. `from path import name` asks the finder for
the module `path.name` where there is no attribute, and that answers with the reason, which is why every module made here has a `__path__`.
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

_INSIDE = "how Chainer was made inside; docs/coming-from-chainer.md says what to write instead"


@functools.cache
def _table() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("_paths.json").read_text("utf-8"))
    return table


def _names_of(path: str) -> dict[str, Any]:
    """Those of the module's names that are here."""
    found: dict[str, Any] = {}
    for home, names in _table()[path].items():
        public = vars(importlib.import_module(home or "chainer._inside"))
        found.update((name, public[name]) for name in names if name in public and (home or name in public["__all__"]))
    return found


def _is_here(path: str) -> bool:
    """Whether a name of the module, or of one under it, is here."""
    under = (other for other in _table() if other == path or other.startswith(f"{path}."))
    return any(_names_of(other) for other in under)


@functools.cache
def _reasons() -> dict[str, str]:
    """Name, `Class.member` or dotted path -> why it is missing."""
    table: dict[str, list[str]] = json.loads(Path(__file__).with_name("_missing.json").read_text("utf-8"))
    return {name: reason for reason, names in table.items() for name in names}


def _why_missing(path: str, name: str) -> str | None:
    """What to say of a name of Chainer's that is not here, None for one that is none of Chainer's."""
    parts = [*path.split("."), name]
    keys = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    reason = next((_reasons()[key] for key in (*keys, ".".join(parts[-2:]), name) if key in _reasons()), None)
    is_chainers = f"{path}.{name}" in _table() or any(name in names for names in _table().get(path, {}).values())
    if reason is None and not is_chainers:
        return None
    return f"{path} has no {name} here: {reason or _INSIDE}"


def member(path: str, name: str) -> Any:
    """`__getattr__` of the module at a path: the module under it of that name; for what is missing an AttributeError that says why."""
    whole = f"{path}.{name}"
    if whole in _table() and _is_here(whole):
        return importlib.import_module(whole)
    why = None if name.startswith("__") else _why_missing(path, name)
    raise AttributeError(why or f"module {path!r} has no attribute {name!r}", name=name, obj=sys.modules.get(path))


class _Finder:
    """A MetaPathFinder and Loader of the table's paths that no file serves; importing `importlib.abc` to say so takes 1 ms."""

    def find_spec(
        self, path: str, parents: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not path.startswith("chainer."):
            return None
        if path in _table() and _is_here(path):
            return ModuleSpec(path, self, is_package=True)  # type: ignore[arg-type]
        why = _why_missing(*path.rpartition(".")[::2])
        if why is not None:
            # With a name, `from parent import child` would take it for one error among others and leave out the text.
            raise ModuleNotFoundError(why)
        return None

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
