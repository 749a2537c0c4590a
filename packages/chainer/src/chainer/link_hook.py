"""The base class of what is done around links."""

from __future__ import annotations

from catena.nn import LinkHook

__all__ = ["LinkHook"]
