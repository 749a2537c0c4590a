"""VGG, of 16 or 19 layers."""

from __future__ import annotations

from catena.nn.links import VGG16Layers, VGG19Layers
from chainer.links.model.vision._prepare import preparing

__all__ = ["VGG16Layers", "VGG19Layers", "prepare"]

prepare = preparing(VGG16Layers)
