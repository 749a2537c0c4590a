"""Values in which parameters and links may lie, at any depth: what becomes of them when the links are copied or replaced."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from catena.nn._members import Members, is_empty_container, leaves
from catena.nn._parameter import Parameter

if TYPE_CHECKING:
    from catena.nn._link import Link

T = TypeVar("T")


def share(value: T, memo: dict[int, Any]) -> T:
    """`value` with its parameters and links replaced by copies that share their arrays; containers of them are new."""
    if isinstance(value, Members):
        return cast(Any, value)._shared(memo)
    if isinstance(value, Parameter):
        if id(value) not in memo:
            memo[id(value)] = copy.copy(value)
        return memo[id(value)]
    if not isinstance(value, list | tuple | dict) or not (is_empty_container(value) or any(leaves("", value))):
        return value
    if isinstance(value, tuple):
        parts = [share(item, memo) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    copied: Any = copy.copy(value)
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        copied[key] = share(item, memo)
    return copied


def holders(
    link: Link, pred: Callable[[Link], bool], fn: Callable[[Link], Link], places: dict[int, Link]
) -> Iterator[Link]:
    """The links from `link` on that stay where they are; into `places` goes what comes in the place of each other, by its id.

    Raises:
        TypeError: `fn` returns no link.
    """
    seen: set[int] = set()
    waiting = [link]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if not pred(found):
            yield found
            waiting += reversed(list(found.children()))
            continue
        new = fn(found)
        if not isinstance(new, Members):
            raise TypeError(
                f"{type(link).__name__}.replace: fn made {new!r:.60} ({type(new).__name__}) of a {type(found).__name__}; "
                "expected a Link"
            )
        places[id(found)] = new


def replaced(value: Any, places: dict[int, Link]) -> Any:
    """`value` with the links of given ids replaced, in its lists and dicts themselves; a tuple is made anew."""
    if isinstance(value, Members):
        return places.get(id(value), value)
    if isinstance(value, tuple):
        parts = [replaced(item, places) for item in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, list | dict):
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            new = replaced(item, places)
            if new is not item:
                value[key] = new
    return value
