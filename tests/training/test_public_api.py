"""Chainer's names for training, with their parameters and defaults: there, or said to differ in docs/differences.md.

`golden/public_api.json` holds what Chainer 7.8.1 has. A name may have more parameters here, if calls written for Chainer still mean the
same.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

CHAINER = json.loads(Path(__file__).with_name("golden").joinpath("public_api.json").read_text(encoding="utf-8"))
# Chainer's module: where its names are here, in catena.training
PLACES = {
    "dataset": ("datasets", "convert", "iterators"),
    "dataset.tabular": ("datasets.tabular",),
    "datasets": ("datasets",),
    "iterators": ("iterators",),
    "optimizer_hooks": ("optimizers",),
    "optimizers": ("optimizers",),
    "training": ("",),
    "training.extensions": ("extensions",),
    "training.extensions.snapshot_writers": ("extensions.snapshot_writers",),
    "training.triggers": ("triggers",),
    "training.updaters": ("updaters",),
}
NAMES = [(module, name) for module, names in CHAINER.items() for name in names]


def listed(heading):
    """The names in backquotes at the head of each line under "## Training" and a heading of the third level there."""
    text = Path(__file__).parents[2].joinpath("docs", "differences.md").read_text(encoding="utf-8")
    _, _, training = text.partition("\n## Training\n")
    _, _, part = training.partition("\n## ")[0].partition(f"\n### {heading}\n")
    heads = re.findall(r"^- ((?:`[^`]+`(?:, )?)+)", part.partition("\n### ")[0], re.MULTILINE)
    return {name for head in heads for name in re.findall(r"`([^`]+)`", head)}


def ours(module, name):
    """What stands under a name of Chainer's here, or None."""
    for place in PLACES[module]:
        try:
            found = importlib.import_module(f"catena.training.{place}".rstrip("."))
        except ModuleNotFoundError:
            continue
        if name in found.__all__:
            return getattr(found, name)
    return None


def default(value):
    return getattr(value, "__name__", None) or repr(value)


def as_number(text):
    """0 and 0.0 are one default."""
    try:
        return float(text)
    except ValueError:
        return text


def deviations(theirs, call):
    """Which of Chainer's parameters are not so here, and how, in words."""
    there = {p.name: p for p in inspect.signature(call).parameters.values() if p.name != "self"}
    asked = [p for p in theirs if p[1] != "VAR_KEYWORD"]
    for i, (name, kind, value) in enumerate(asked):
        p = there.get(name)
        if p is None:
            yield name, "is no parameter here"
            continue
        given = None if p.default is p.empty else default(p.default)
        if value is not None and (given is None or as_number(given) != as_number(value)):
            yield name, f"is {given} by default, not {value}"
        place = list(there).index(name)
        if kind in ("POSITIONAL_OR_KEYWORD", "VAR_POSITIONAL") and (place != i or p.kind is p.KEYWORD_ONLY):
            yield name, f"stands in place {place} ({p.kind.description}), not {i}"
    for p in there.values():
        if p.default is p.empty and "VAR" not in p.kind.name and p.name not in [name for name, *_ in asked]:
            yield p.name, "is asked for"


def missing_members(theirs, found):
    known = {key for base in found.__mro__ for key in (*vars(base), *getattr(base, "__annotations__", ()))}
    return [member for member in theirs if member not in known]


def differences(module, name):
    """What of a name differs from Chainer, as "Name.parameter" or "Name.member" with a word about it."""
    theirs, found = CHAINER[module][name], ours(module, name)
    if found is None:
        return {}
    if theirs["kind"] == "value":
        return {} if repr(found) == theirs["value"] else {name: f"is {found!r}"}
    if inspect.isclass(found) != (theirs["kind"] == "class"):
        return {name: f"is no {theirs['kind']}"}
    result = {f"{name}.{parameter}": how for parameter, how in deviations(theirs["parameters"], found)}
    if theirs["kind"] == "class":
        result |= {f"{name}.{member}": "is no member" for member in missing_members(theirs["members"], found)}
    return result


def test_every_module_has_its_place():
    assert CHAINER.keys() == PLACES.keys()


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_a_name_is_there_as_chainer_has_it(module, name):
    if ours(module, name) is None:
        assert name in listed("Not there yet") | listed("Left out"), f"chainer.{module}.{name} is missing"
    known = listed("Parameters and members")
    found = {
        key: how for key, how in differences(module, name).items() if not {key, f"*.{key.partition('.')[2]}"} & known
    }
    assert found == {}, "not in docs/differences.md"


def test_what_is_listed_is_so():
    for heading in ("Not there yet", "Left out"):
        assert listed(heading) <= {name for _, name in NAMES}
        assert [name for module, name in NAMES if name in listed(heading) and ours(module, name) is not None] == []
    found = {key for module, name in NAMES for key in differences(module, name)}
    found |= {f"*.{key.partition('.')[2]}" for key in found}
    assert listed("Parameters and members") - found == set()
