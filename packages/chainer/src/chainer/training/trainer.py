"""The training loop."""

from __future__ import annotations

from catena.training import Trainer

__all__ = ["Trainer"]
