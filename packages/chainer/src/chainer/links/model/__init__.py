"""Models as links."""

from __future__ import annotations

from chainer.links.model import vision

__all__ = ["vision"]
