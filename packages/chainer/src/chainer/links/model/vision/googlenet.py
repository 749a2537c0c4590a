"""GoogLeNet."""

from __future__ import annotations

from typing import Any

from catena.nn import links
from chainer.links.model.vision._pretrained import preparing, stored

__all__ = ["GoogLeNet", "prepare"]


class GoogLeNet(links.GoogLeNet):
    """catena's, whose parameters are by default those of `bvlc_googlenet.npz` in Chainer's folder of data."""

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__(stored(self, pretrained_model, "bvlc_googlenet.npz"))


prepare = preparing(GoogLeNet)
