"""catena's functions under Chainer's names, usually imported as F: whatever they are given, they return Variables."""

from __future__ import annotations

from typing import Any

from catena.nn import functions as _functions
from catena.nn import links as _links
from chainer._legacy import retired as _retired
from chainer._paths import member as _member
from chainer._variables import returning_variables as _returning_variables
from chainer.functions import _clustering


def _handed_on() -> dict[str, Any]:
    """Every function of catena's, as it is here."""
    named = {name: getattr(_functions, name) for name in _functions.__all__}
    named |= {f.__name__: f for f in (_clustering.discriminative_margin_based_clustering_loss,)}
    return {
        name: _returning_variables(value)
        for name, value in named.items()
        if callable(value) and not isinstance(value, type)
    }


globals().update(_handed_on())
__all__ = sorted(_handed_on())  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """v1 had the links here: F.Linear is L.Linear. Chainer's modules of functions, such as F.loss, are here still."""
    link = getattr(_links, name, None) if name in _links.__all__ else None
    if link is None:
        return _member(__name__, name)
    _retired(f"chainer.functions.{name}", f"chainer.links.{name}")
    return link
