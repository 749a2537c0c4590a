"""Layers one after the other."""

from __future__ import annotations

from catena.nn import Sequential

__all__ = ["Sequential"]
