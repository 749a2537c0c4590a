"""The parts keep to their rooms: one namespace without a file, what is imported is declared, importing is cheap."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
# folder of packages/ -> import
PARTS = {
    "xparray": "xparray",
    "autograd": "catena.autograd",
    "nn": "catena.nn",
    "training": "catena.training",
    "chainer": "chainer",
}
# distributions that are not named as they are imported
DISTRIBUTIONS = {
    "PIL": "pillow",
    "chainer": "catena-chainer",
    "array_api_compat": "array-api-compat",
    "array_api_strict": "array-api-strict",
    "cupyx": "cupy",
    "sklearn": "scikit-learn",
}


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Absolute names of the modules that a source imports, at its top or inside a function."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module="catena", names=names, level=0):
                yield from (f"catena.{alias.name}" for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module


def distribution_of(module: str) -> str:
    first, *rest = module.split(".")
    return f"catena-{rest[0]}" if first == "catena" else DISTRIBUTIONS.get(first, first)


def imported_distributions(part: str) -> set[str]:
    own = distribution_of(PARTS[part])
    found = set()
    for source in (PACKAGES / part / "src").rglob("*.py"):
        for module in imported_modules(ast.parse(source.read_text(encoding="utf-8"))):
            if module.split(".")[0] not in sys.stdlib_module_names:
                found.add(distribution_of(module))
    return found - {own} | BY_NAME.get(part, set())


# A backend gives the module of its special functions by name. Programs written for Chainer import six, which came with it.
BY_NAME = {"xparray": {"scipy"}, "chainer": {"six"}}


def project_of(part: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((PACKAGES / part / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def declared_distributions(part: str) -> set[str]:
    project = project_of(part)
    extras = project.get("optional-dependencies", {})
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    # CuPy has a distribution for each version of CUDA.
    return {re.split(r"[^\w.-]|-cuda", line, maxsplit=1)[0] for line in lines} - {project["name"]}


def test_namespace_has_no_file() -> None:
    assert list(PACKAGES.glob("*/src/catena/__init__.py")) == []
    assert {path.name for path in PACKAGES.glob("*/src/catena/*")} == {"autograd", "nn", "training"}


@pytest.mark.parametrize("part", PARTS)
def test_declared_is_what_is_imported(part: str) -> None:
    assert declared_distributions(part) == imported_distributions(part)


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import numpy.linalg as la", ["numpy.linalg"]),
        ("from catena import nn", ["catena.nn"]),
        ("from catena.nn import links", ["catena.nn"]),
        ("from . import _link", []),
        ("def f():\n    import rich.progress", ["rich.progress"]),
        ("if True:\n    from numba import njit", ["numba"]),
        ("nb = importlib.import_module('numba')", ["numba"]),
        ("nb = import_module(name)", []),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, modules: list[str]) -> None:
    assert list(imported_modules(ast.parse(source))) == modules


def test_parts_have_one_version_and_accept_its_series() -> None:
    (version,) = {project_of(part)["version"] for part in PARTS}
    major, minor, _ = map(int, version.split("."))
    for part in PARTS:
        for line in project_of(part)["dependencies"]:
            if line.startswith(("xparray", "catena-")):
                assert line.endswith(f">={major}.{minor},<{major}.{minor + 1}"), f"{part}: {line}"


IMPORT = """
import json, sys
import numpy
before = set(sys.modules)
import catena.training
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


def test_import_of_everything_is_light() -> None:
    run = subprocess.run([sys.executable, "-I", "-c", IMPORT], check=True, stdout=subprocess.PIPE)
    # numpy.random leaves traces of the Cython that it was compiled with.
    found = {name for name in json.loads(run.stdout) if "cython" not in name} - sys.stdlib_module_names - {"numpy"}
    assert found == {"catena", "xparray"}
