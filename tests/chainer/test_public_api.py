"""Every public name of Chainer 7.8.1 stands under its path, and takes what Chainer's takes; what does not is listed with a reason."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import chainer
import pytest

from catena.autograd import Op

HERE = Path(__file__).parent
API: dict[str, dict[str, Any]] = json.loads((HERE / "golden" / "public_api.json").read_text())
# reason -> names
MISSING: dict[str, list[str]] = json.loads(Path(chainer.__file__).with_name("_missing.json").read_text())
OTHERWISE: dict[str, list[str]] = json.loads((HERE / "otherwise.json").read_text())
DOCUMENT = (HERE.parents[1] / "docs" / "coming-from-chainer.md").read_text()

PATHS: dict[str, Any] = json.loads(Path(chainer.__file__).with_name("_paths.json").read_text())
NAMES = [f"{path}.{name}" for path, names in API.items() for name in names]


def listed(name: str, table: dict[str, list[str]]) -> str | None:
    """The reason why a name is in the table; an entry stands for all that is under it, and `Class.member` for any path to it."""
    parts = name.split(".")
    wholes = {".".join(parts[: i + 1]) for i in range(len(parts))} | {parts[-1], ".".join(parts[-2:])}
    return next((reason for reason, names in table.items() if not wholes.isdisjoint(names)), None)


def found(name: str) -> Any:
    path, _, member = name.rpartition(".")
    try:
        owner: Any = importlib.import_module(path)
    except ModuleNotFoundError:
        owner = found(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(owner, member)


def problem_of(theirs: list[list[str]], ours: Any) -> str | None:
    """What a call that Chainer takes may meet here, or None."""
    wrapped = getattr(ours, "__wrapped__", ours)
    is_op = isinstance(wrapped, Op)
    try:
        parameters = list(inspect.signature(wrapped.forward if is_op else ours).parameters.values())
    except (TypeError, ValueError):
        return None
    parameters = [p for p in parameters if p.name != "self"]
    names = {p.name: p for p in parameters}
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    keywords = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if is_op:  # options of an op may be given by position
        positional = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    index = 0
    for name, kind, default in theirs:
        if kind in ("VAR_POSITIONAL", "VAR_KEYWORD"):
            continue
        if kind != "KEYWORD_ONLY":
            at = positional[index] if index < len(positional) else None
            index += 1
            if at is None and not variadic:
                return f"{name} cannot be given as argument {index}"
            if at not in (name, None) and default:
                return f"argument {index} is {at}, Chainer's {name}"
        if name not in names and not keywords and default:
            return f"there is no {name}"
        p = names.get(name)
        if p is not None and default and p.default is p.empty:
            return f"{name} has no default"
        if p is not None and default not in ("", "...") and isinstance(p.default, bool | int | float | str | None):
            if repr(p.default) != default and not same_number(p.default, default):
                return f"{name} is {p.default!r} unless given, Chainer's {default}"
    taken = {name for name, *_ in theirs}
    extra = [p.name for p in parameters if p.default is p.empty and p.name not in taken and p.kind is p.KEYWORD_ONLY]
    return f"{extra[0]} must be given" if extra else None


def same_number(value: Any, text: str) -> bool:
    try:
        return float(value) == float(text)
    except (TypeError, ValueError):
        return False


@pytest.mark.parametrize("path", API)
def test_names_stand_under_their_paths(path: str) -> None:
    lacking = []
    for name in API[path]:
        try:
            found(f"{path}.{name}")
        except (AttributeError, ModuleNotFoundError):
            if listed(f"{path}.{name}", MISSING) is None:
                lacking.append(name)
    assert lacking == [], f"add them to {path}, or to missing.json with a reason"


def test_attributes_that_are_modules_are_those_that_are_imported() -> None:
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "chainer" and "." in name}
    others = [name for name, module in modules.items() if found(name) is not module]
    assert others == []


def is_otherwise(name: str) -> bool:
    """Whether the name itself is in the table: what is under it is looked at."""
    names = {name for names in OTHERWISE.values() for name in names}
    return name in names or name.rpartition(".")[2] in names


@pytest.mark.parametrize("path", API)
def test_calls_are_taken(path: str) -> None:
    problems = {}
    for name, theirs in API[path].items():
        full = f"{path}.{name}"
        if theirs is None or listed(full, MISSING) or is_otherwise(full):
            continue
        problem = problem_of(theirs, found(full))
        if problem is not None:
            problems[name] = problem
    assert problems == {}, "take what Chainer's takes, or add the name to otherwise.json with a reason"


def test_every_name_in_the_table_of_other_arguments_takes_other_arguments() -> None:
    signatures = {f"{path}.{name}": theirs for path, names in API.items() for name, theirs in names.items() if theirs}
    other = {name: theirs for name, theirs in signatures.items() if is_otherwise(name)}
    assert [name for name, theirs in other.items() if problem_of(theirs, found(name)) is None] == []


@pytest.mark.parametrize("table", [MISSING, OTHERWISE], ids=["missing", "otherwise"])
def test_what_is_listed_is_a_name_and_stands_in_the_document(table: dict[str, list[str]]) -> None:
    deep = [f"{path}.{name}" for path, homes in PATHS.items() for names in homes.values() for name in names]
    known = {
        part
        for name in [*NAMES, *API, *PATHS, *deep]
        for part in (name, name.split(".")[-1], ".".join(name.split(".")[-2:]))
    }
    for reason, names in table.items():
        assert reason in DOCUMENT, reason
        assert [name for name in names if name not in known] == [], reason
