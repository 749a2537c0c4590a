"""What a file says of itself: its format, and the kind of object it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from catena.nn.serializers._protocol import DictionaryDeserializer, HostArray, Ignored

FORMAT = 1


def about_of(obj: Any, arrays: Mapping[str, HostArray]) -> dict[str, Any]:
    """What a file of `obj` says of itself; of a dict only the format."""
    if isinstance(obj, Mapping):
        return {"format": FORMAT}
    # A copy of an object's arrays, made to be written later, says whose they are.
    name = getattr(obj, "file_class", type(obj).__name__)
    return {"format": FORMAT, "kind": kind_of(obj, arrays), "class": name}


def parsed(text: str | bytes) -> dict[str, Any]:
    """What stands in the text that a file has for it.

    Raises:
        ValueError: it is no such text.
    """
    about = json.loads(text)
    if not isinstance(about, dict):
        raise ValueError(f"it says of itself {text!r:.60}")
    return about


def check_format(origin: str, about: Mapping[str, Any]) -> None:
    """Raise if a later version wrote the file, or what it says of itself makes no sense."""
    if not all(isinstance(about.get(key, ""), str) for key in ("kind", "class")):
        raise ValueError(f"{origin} cannot be read, it is damaged: it does not say what kind of object it holds")
    if about.get("format", FORMAT) != FORMAT:
        raise ValueError(f"{origin} has format {about['format']}, this version reads {FORMAT}; update catena-nn")


def load_arrays(
    origin: str,
    arrays: Mapping[str, HostArray],
    about: Mapping[str, Any],
    obj: Any,
    values: Mapping[str, Any],
    path: str,
    strict: bool,
    ignore_names: Ignored,
) -> None:
    """Read `obj`, which now would write `values`, from what a file held, all or nothing.

    Raises:
        ValueError: the file holds another kind of object, or does not fit.
    """
    check_format(origin, about)
    if not path.strip("/"):
        check_kind(origin, arrays, about, obj, values)
    reader = DictionaryDeserializer(arrays, path, strict, ignore_names)
    if not about:
        reader.allow_missing(_NOT_IN_CHAINERS.search)
    reader.load(obj, origin=origin)


# What a Trainer saves here and Chainer does not: a file that does not say who wrote it may be Chainer's, and lack it.
_NOT_IN_CHAINERS = re.compile(
    r"^(observation|about)$|^random/\w+$|/sample_seed$|^extensions/[^/]+/(iterator:|_init$|_calls$|_every$)"
)

_KIND_TEXT = {
    "model": "the parameters of a model",
    "optimizer": "the state of an optimizer",
    "trainer": "the snapshot of a trainer",
}


def kind_of(obj: Any, keys: Iterable[str]) -> str:
    return getattr(obj, "file_kind", None) or _kind_of_keys(keys)


def _kind_of_keys(keys: Iterable[str]) -> str:
    """The kind of object that has these keys, as far as they tell."""
    names = set(keys)
    if any(name.startswith("updater/") for name in names):
        return "trainer"
    return "optimizer" if {"t", "epoch"} <= names else "object"


def check_kind(
    origin: str, arrays: Mapping[str, HostArray], about: Mapping[str, Any], obj: Any, values: Mapping[str, Any]
) -> None:
    """Raise if the file holds a kind of object that `obj` is not."""
    found, wanted = about.get("kind") or _kind_of_keys(arrays), kind_of(obj, values)
    if not about and found == "object" and wanted in ("trainer", "optimizer") and arrays:
        found = "model"
    if found == wanted or found not in _KIND_TEXT or wanted not in _KIND_TEXT:
        return
    fix = f"pass the {found} that it was saved from"
    if found == "trainer":
        parts = sorted({"/".join(n.split("/")[:2]) + "/" for n in arrays if n.startswith(f"updater/{wanted}:")})
        fix = f"load that part of it: path={' or '.join(map(repr, parts))}" if parts else fix
    elif wanted == "trainer":
        fix = f"load it into that part of the trainer, its {found}"
    raise ValueError(
        f"{origin} holds {_KIND_TEXT[found]}{_class_text(about)}, you passed {'an' if wanted == 'optimizer' else 'a'} "
        f"{wanted} ({type(obj).__name__}); {fix}"
    )


def _class_text(about: Mapping[str, Any]) -> str:
    return f" ({about['class']})" if about.get("class") else ""
