"""Keyword arguments beyond those of a signature."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["assert_kwargs_empty", "check_unexpected_kwargs", "parse_kwargs"]


def check_unexpected_kwargs(kwargs: dict[str, Any], **unexpected: str) -> None:
    """Raise ValueError, with the message given for it, for an argument that is no longer taken.

    Example:
        >>> check_unexpected_kwargs({"train": True}, train="use chainer.using_config('train', train)")
        Traceback (most recent call last):
        ...
        ValueError: use chainer.using_config('train', train)
    """
    for name, message in unexpected.items():
        if name in kwargs:
            raise ValueError(message)


def parse_kwargs(kwargs: dict[str, Any], *name_and_values: tuple[str, Any], **unexpected: str) -> tuple[Any, ...]:
    """The values of the named arguments, each with its default; any other raises TypeError.

    Example:
        >>> parse_kwargs({"stride": 2}, ("stride", 1), ("pad", 0))
        (2, 0)
    """
    check_unexpected_kwargs(kwargs, **unexpected)
    values = tuple(kwargs.pop(name, default) for name, default in name_and_values)
    assert_kwargs_empty(kwargs)
    return values


def assert_kwargs_empty(kwargs: dict[str, Any]) -> None:
    """Raise TypeError if arguments are left."""
    if kwargs:
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        while caller is not None and caller.f_globals.get("__name__") == __name__:
            caller = caller.f_back
        name = caller.f_code.co_name if caller is not None else "the function"
        raise TypeError(f"{name}() got unexpected keyword argument(s) {', '.join(map(repr, kwargs))}")
