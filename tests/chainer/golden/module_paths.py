"""Write packages/chainer's _paths.json: for each module of Chainer 7.8.1 that has no file there, where its names are public.

real/bin/python tests/chainer/golden/module_paths.py, in the environment that public_api.py describes
"""

from __future__ import annotations

import importlib
import json
import os
import types
import warnings
from pathlib import Path
from typing import Any

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"  # Chainer's files for Caffe precede today's protobuf
warnings.simplefilter("ignore")

import chainer  # noqa: E402
from public_api import MODULES, own  # noqa: E402

TABLE = Path(__file__).parents[3] / "packages" / "chainer" / "src" / "chainer" / "_paths.json"


def paths() -> list[str]:
    """Dotted paths of Chainer's modules and packages, without private ones and those where a function stands."""
    root = Path(chainer.__file__).parent
    files = sorted(root.rglob("*.py"))
    parts = [("chainer", *file.relative_to(root).with_suffix("").parts) for file in files]
    dotted = [".".join(p[:-1] if p[-1] == "__init__" else p) for p in parts]
    return sorted(path for path in dotted if "._" not in path and is_module(path))


def is_module(path: str) -> bool:
    """Whether the path leads to the module itself: chainer.utils.experimental is the function in it."""
    parent, _, name = path.rpartition(".")
    module = importlib.import_module(path)
    return not parent or vars(importlib.import_module(parent))[name] is module


def has_file(path: str) -> bool:
    """Whether packages/chainer has a file for the path."""
    file = TABLE.parents[1].joinpath(*path.split("."))
    return file.with_suffix(".py").exists() or (file / "__init__.py").exists()


def public_home(path: str, name: str, value: Any) -> str:
    """The public namespace that has a module's name as the same object, the nearest above the module first; "" where there is none."""
    if not callable(value):
        return ""  # True is True everywhere
    nearest = sorted(MODULES, key=lambda module: (-len(module) if path.startswith(module + ".") else 0, module))
    return next((home for home in nearest if vars(importlib.import_module(home)).get(name) is value), "")


def names_of(path: str) -> dict[str, list[str]]:
    """Public namespace -> the module's names that it has."""
    homes: dict[str, list[str]] = {}
    for name, value in sorted(vars(importlib.import_module(path)).items()):
        if not name.startswith("_") and own(value) and not isinstance(value, types.ModuleType):
            homes.setdefault(public_home(path, name, value), []).append(name)
    return homes


def main() -> None:
    rows = [
        f"{json.dumps(path)}: {json.dumps(names_of(path))}"
        for path in paths()
        if path not in MODULES and not has_file(path)
    ]
    TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
