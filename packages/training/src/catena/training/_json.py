"""State that is neither numbers nor arrays, saved as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer

T = TypeVar("T", list[Any], dict[str, Any])


def serialize_json(serializer: Serializer, key: str, value: T) -> T:
    """Write a list or dict as JSON under `key` and return it, or return what is read in its place.

    Raises:
        ValueError: what is read is no JSON, or is no list or dict as `value` is.
    """
    text = serializer(key, json.dumps(value))
    if not serializer.reading:
        return value
    try:
        read = json.loads(text)
    except ValueError as error:
        raise ValueError(f"serialize: {key} is {text!r:.60}; expected JSON, as it was when it was saved") from error
    if type(read) is not type(value):
        kind = type(value).__name__
        raise ValueError(f"serialize: {key} is {text!r:.60}; expected JSON of a {kind}, as it was when it was saved")
    return read
