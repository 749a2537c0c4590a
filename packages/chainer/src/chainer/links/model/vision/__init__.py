"""Networks for pictures."""

from __future__ import annotations

from chainer.links.model.vision import googlenet, resnet, vgg

__all__ = ["googlenet", "resnet", "vgg"]
