"""GoogLeNet."""

from __future__ import annotations

from catena.nn.links import GoogLeNet
from chainer.links.model.vision._prepare import preparing

__all__ = ["GoogLeNet", "prepare"]

prepare = preparing(GoogLeNet)
