"""ResNet, of 50, 101 or 152 layers."""

from __future__ import annotations

from catena.nn.links import ResNet50Layers, ResNet101Layers, ResNet152Layers
from chainer.links.model.vision._prepare import preparing

__all__ = ["ResNet50Layers", "ResNet101Layers", "ResNet152Layers", "prepare"]

prepare = preparing(ResNet50Layers)
