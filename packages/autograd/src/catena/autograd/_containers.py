"""Nested dicts, lists and tuples: what the transforms and `checkpoint` take and return in the place of a single array."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any


def map_leaves(f: Callable[[str, Any], Any], tree: Any, path: str) -> Any:
    """`tree` with `f(path, leaf)` in the place of each leaf: of all that is no dict, list, tuple or None.

    Args:
        f: called with where the leaf stands, such as "argument 0['W']", and the leaf.
        tree: dicts, lists and tuples, their subclasses included, in one another.
        path: what messages call `tree` itself.

    Example:
        >>> map_leaves(lambda path, x: x + 1, {"a": 1, "b": [2, (3, None)]}, "x")
        {'a': 2, 'b': [3, (4, None)]}
    """
    if tree is None:
        return None
    if not isinstance(tree, dict | list | tuple):
        return f(path, tree)
    parts = [(key, map_leaves(f, part, f"{path}[{key!r}]")) for key, part in items(tree)]
    if isinstance(tree, dict):
        new = copy.copy(tree)  # a subclass may hold more than its items
        new.update(parts)
        return new
    values = [part for _, part in parts]
    if hasattr(tree, "_fields"):  # a named tuple takes its values one by one
        return type(tree)(*values)
    return type(tree)(values)


def leaves(tree: Any, path: str) -> list[tuple[str, Any]]:
    """Each leaf with where it stands, in the order of `map_leaves`."""
    found: list[tuple[str, Any]] = []
    map_leaves(lambda where, x: found.append((where, x)), tree, path)
    return found


def refilled(tree: Any, values: Iterator[Any]) -> Any:
    """`tree` with the next of `values` in the place of each leaf."""
    return map_leaves(lambda path, x: next(values), tree, "")


def matching(function: str, tree: Any, like: Any, path: str, other: str) -> list[tuple[str, Any]]:
    """The leaves of `tree`, which must be built as `like` is, in the order of the leaves of `like`.

    Args:
        function: what the message begins with.
        tree: the containers whose leaves are wanted.
        like: the containers to which they must correspond.
        path: what messages call `tree`.
        other: what messages call `like`.

    Raises:
        TypeError: says where the two differ.
    """
    if not isinstance(like, dict | list | tuple) and like is not None:
        if isinstance(tree, dict | list | tuple) or tree is None:
            raise TypeError(f"{function}: {path} is {_described(tree)}; expected an array, as {other} is one")
        return [(path, tree)]
    if _described(tree) != _described(like):
        raise TypeError(f"{function}: {path} is {_described(tree)}; expected {_described(like)}, as {other} is")
    if like is None:
        return []
    parts = dict(items(tree))
    return [
        found
        for key, part in items(like)
        for found in matching(function, parts[key], part, f"{path}[{key!r}]", f"{other}[{key!r}]")
    ]


def items(tree: Any) -> list[tuple[Any, Any]]:
    """Keys or positions of one container, with its parts."""
    return list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))


def _described(tree: Any) -> str:
    """What a container is, as far as another must be the same; lists and tuples are."""
    if isinstance(tree, dict):
        return f"a dict with the keys {', '.join(sorted(map(repr, tree)))}" if tree else "an empty dict"
    if isinstance(tree, list | tuple):
        return f"a list or tuple of {len(tree)}"
    return "None" if tree is None else f"of type {type(tree).__name__}"
