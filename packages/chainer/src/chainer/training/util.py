"""The trigger that is meant by a tuple."""

from __future__ import annotations

from catena.training import get_trigger

__all__ = ["get_trigger"]
