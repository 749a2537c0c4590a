"""VGG, of 16 or 19 layers."""

from __future__ import annotations

from typing import Any

from catena.nn import links
from chainer.links.model.vision._pretrained import preparing, stored

__all__ = ["VGG16Layers", "VGG19Layers", "prepare"]


class VGG16Layers(links.VGG16Layers):
    """catena's, whose parameters are by default those of `VGG_ILSVRC_16_layers.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__(stored(self, pretrained_model, "VGG_ILSVRC_16_layers.npz"))


class VGG19Layers(links.VGG19Layers):
    """catena's, whose parameters are by default those of `VGG_ILSVRC_19_layers.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__(stored(self, pretrained_model, "VGG_ILSVRC_19_layers.npz"))


prepare = preparing(VGG16Layers)
