"""ResNet, of 50, 101 or 152 layers."""

from __future__ import annotations

from typing import Any

from catena.nn import links
from chainer.links.model.vision._pretrained import preparing, stored

__all__ = ["ResNet50Layers", "ResNet101Layers", "ResNet152Layers", "prepare"]


class ResNet50Layers(links.ResNet50Layers):
    """catena's, whose parameters are by default those of `ResNet-50-model.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(stored(self, pretrained_model, "ResNet-50-model.npz"), downsample_fb)


class ResNet101Layers(links.ResNet101Layers):
    """catena's, whose parameters are by default those of `ResNet-101-model.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(stored(self, pretrained_model, "ResNet-101-model.npz"), downsample_fb)


class ResNet152Layers(links.ResNet152Layers):
    """catena's, whose parameters are by default those of `ResNet-152-model.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(stored(self, pretrained_model, "ResNet-152-model.npz"), downsample_fb)


prepare = preparing(ResNet50Layers)
