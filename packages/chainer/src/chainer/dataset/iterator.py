"""The base class of iterators."""

from __future__ import annotations

from catena.training.iterators import Iterator

__all__ = ["Iterator"]
