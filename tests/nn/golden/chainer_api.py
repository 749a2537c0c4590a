"""Writes chainer_api.json: names, parameters and defaults of Chainer 7.8.1, which test_public_api.py holds catena.nn against.

    python tests/nn/golden/chainer_api.py        # where Chainer 7.8.1 is installed (Python 3.11, NumPy 1.23)

Each name has its parameters in order, as a signature writes them: "x", "ratio=0.5", "*", "*xs", "**kwargs".
"""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = ["functions", "links", "initializers", "distributions", "link_hooks", "serializers"]


def default(value: Any) -> str:
    """A default as text: functions and types by their names."""
    return getattr(value, "__name__", None) or repr(value)


def parameters(function: Any) -> list[str]:
    found: list[str] = []
    for p in inspect.signature(function).parameters.values():
        if p.kind is p.KEYWORD_ONLY and not any(q.startswith("*") for q in found):
            found.append("*")
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        found.append(stars + p.name + ("" if p.default is p.empty else f"={default(p.default)}"))
    return found


def table(module: ModuleType) -> dict[str, list[str]]:
    public = {name: x for name, x in vars(module).items() if not name.startswith("_") and not isinstance(x, ModuleType)}
    return {name: parameters(public[name]) for name in sorted(public)}


if __name__ == "__main__":
    tables = {name: table(import_module(f"chainer.{name}")) for name in MODULES}
    lines = [
        f'  "{module}": {{\n' + ",\n".join(f'    "{name}": {json.dumps(ps)}' for name, ps in names.items()) + "\n  }"
        for module, names in tables.items()
    ]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
