"""The base class of what is done around functions."""

from __future__ import annotations

from catena.autograd import FunctionHook

__all__ = ["FunctionHook"]
