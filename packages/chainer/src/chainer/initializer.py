"""The base class of initializers."""

from __future__ import annotations

from catena.nn.initializers import Initializer, get_fans

__all__ = ["Initializer", "get_fans"]
