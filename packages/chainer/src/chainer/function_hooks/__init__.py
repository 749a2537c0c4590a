"""What can be done around functions: time them, print them."""

from __future__ import annotations

from catena.autograd import MemoryHook, NaNHook, PrintHook, TimerHook

__all__ = ["MemoryHook", "NaNHook", "PrintHook", "TimerHook"]
