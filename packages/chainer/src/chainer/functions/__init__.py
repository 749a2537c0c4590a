"""catena's functions under Chainer's names, usually imported as F: whatever they are given, they return Variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catena.autograd import checkpoint as _checkpoint
from catena.nn import functions as _functions
from catena.nn import links as _links
from chainer._legacy import retired as _retired
from chainer._variables import returning_variables as _returning_variables


def forget(func: Callable[..., Any], *xs: Any) -> Any:
    """`func(*xs)`, whose inner results are forgotten and computed again in backward: `catena.autograd.checkpoint`."""
    return _checkpoint(func)(*xs)


def _handed_on() -> dict[str, Any]:
    """Every function of catena's, as it is here."""
    named = {name: getattr(_functions, name) for name in _functions.__all__} | {"forget": forget}
    return {
        name: _returning_variables(value)
        for name, value in named.items()
        if callable(value) and not isinstance(value, type)
    }


globals().update(_handed_on())
__all__ = sorted(_handed_on())  # noqa: PLE0605 - a list of strings that is computed


def __getattr__(name: str) -> Any:
    """v1 had the links here: F.Linear is L.Linear."""
    link = getattr(_links, name, None) if name in _links.__all__ else None
    if link is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _retired(f"chainer.functions.{name}", f"chainer.links.{name}")
    return link
