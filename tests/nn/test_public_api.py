"""Chainer 7.8.1's names, parameters and defaults against ours; what differs is listed in docs/differences.md, and only that."""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from catena.autograd import Op

CHAINER = json.loads((Path(__file__).parent / "golden" / "chainer_api.json").read_text())
PAGE = Path(__file__).parents[2] / "docs" / "differences.md"
PREFIXES = {"functions": "F", "links": "L", "initializers": "initializers", "distributions": "D"} | {
    name: name for name in ("link_hooks", "serializers")
}
COUNTS = {"functions": 216, "links": 62, "initializers": 17, "distributions": 19, "link_hooks": 3, "serializers": 8}


def listed(kind: str) -> set[str]:
    """The names in the page's lines "- kind: `name`, `name`: reason"; those of what is not there yet have no reason."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(f"- {kind}: ")]
    return {name for line in lines for name in re.match(rf"- {kind}: ((?:`[\w.]+`(?:, )?)+)", line)[1].replace("`", "").split(", ")}  # type: ignore[index] # fmt: skip


def default(value: Any) -> str:
    return getattr(value, "__name__", None) or repr(value)


def parameters(function: Any) -> tuple[list[str], list[str]]:
    """What may be given by position, with defaults as text ("x/": in no other way), and what may be given by name only.

    An op's options may be given in either way.
    """
    known = inspect.signature(function.forward if isinstance(function, Op) else function).parameters.values()
    by_name = [] if isinstance(function, Op) else [p for p in known if p.kind is p.KEYWORD_ONLY]
    texts = [
        [
            p.name + "/" * (p.kind is p.POSITIONAL_ONLY) + ("" if p.default is p.empty else f"={default(p.default)}")
            for p in some
        ]
        for some in (
            [p for p in known if p not in by_name and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)],
            by_name,
        )
    ]
    return texts[0], texts[1]


def differs(function: Any, theirs: list[str]) -> bool:
    """Whether a call as Chainer takes it may fail or mean something else: ours may take more, and may have a default where it has none."""
    positional, by_name = parameters(function)
    stars = [p for p in theirs if p.startswith("*")]
    at = theirs.index(stars[0]) if stars else len(theirs)
    wanted, wanted_by_name = theirs[:at], [p for p in theirs[at:] if p not in stars]
    alike = len(positional) >= at and all(
        mine == p or ("=" not in p and mine.startswith(f"{p}=")) for mine, p in zip(positional, wanted, strict=False)
    )
    alike = alike and set(wanted_by_name) <= {*positional, *by_name}
    needed = [p for p in positional[at:] if "=" not in p and not stars]
    needed += [
        p for p in by_name if "=" not in p and p not in wanted_by_name and not any(q.startswith("**") for q in stars)
    ]
    return not alike or bool(needed)


def compared() -> tuple[set[str], set[str]]:
    """The names that are not there, and those of another signature."""
    absent, other = set(), set()
    for module, names in CHAINER.items():
        ours = import_module(f"catena.nn.{module}") if find_spec(f"catena.nn.{module}") else None
        for name, theirs in names.items():
            if not hasattr(ours, name):
                absent.add(f"{PREFIXES[module]}.{name}")
            elif differs(getattr(ours, name), theirs):
                other.add(f"{PREFIXES[module]}.{name}")
    return absent, other


ABSENT, OTHER = compared()


def test_the_table_is_whole() -> None:
    assert {module: len(names) for module, names in CHAINER.items()} == COUNTS


def test_what_is_absent_is_listed() -> None:
    assert listed("absent") | listed("not yet") == ABSENT, (
        "docs/differences.md lists other names than those that are absent"
    )
    assert not listed("absent") & listed("not yet")


def test_other_signatures_are_listed() -> None:
    assert listed("signature") == OTHER, "docs/differences.md lists other signatures than those that differ"


def test_every_difference_has_a_reason() -> None:
    for line in PAGE.read_text().splitlines():
        if line.startswith(("- absent: ", "- signature: ")):
            assert re.fullmatch(r"- \w+: (`[\w.]+`(, )?)+: .{15,}\.", line), line


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (lambda x, ratio=0.5, *, mask=None: None, ["x", "ratio=0.5", "**kwargs"], False),
        (lambda x, ratio=0.5: None, ["x", "ratio=0.4"], True),
        (lambda x, r=0.5: None, ["x", "ratio=0.5"], True),
        (lambda x, *, ratio=0.5: None, ["x", "ratio=0.5"], True),
        (lambda x, ratio=0.5: None, ["x", "ratio"], False),
        (lambda x, /, ratio=0.5: None, ["x", "ratio"], True),
        (lambda x, more: None, ["x"], True),
        (lambda x, *, more: None, ["x", "**kwargs"], False),
        (lambda x, *, more: None, ["x"], True),
        (lambda *, ratio=0.5: None, ["*", "ratio=0.5"], False),
        (lambda ratio=0.5: None, ["*", "ratio=0.5"], False),
        (lambda *, ratio=0.4: None, ["*", "ratio=0.5"], True),
        (lambda *xs, axis=0: None, ["*xs"], False),
    ],
)
def test_what_counts_as_another_signature(ours: Any, theirs: list[str], expected: bool) -> None:
    assert differs(ours, theirs) is expected
