"""Networks for pictures."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, composite, sampled_from
from catena.nn.testing import LinkCase


@composite
def pictures(draw: st.DrawFn) -> Call:
    """Pictures for which no sum before an activation is near 0, where the derivative jumps: the parameters are the same for all."""
    rng = np.random.default_rng(draw(sampled_from([0, 1, 2, 3])))
    x = rng.standard_normal((2, 2, 3, 3)).astype(draw(sampled_from(["float64", "float32"])))
    return Call(x, link=Call(None, 1, 1, 1))


CASES.add(L.Fire, LinkCase(pictures(), tolerance=32), LinkCase(pictures(), name="test", train=False, tolerance=32))
CASES.excuse(
    "a network of links that have their cases",
    L.GoogLeNet,
    L.ResNet50Layers,
    L.ResNet101Layers,
    L.ResNet152Layers,
    L.SqueezeNet,
    L.VGG16Layers,
    L.VGG19Layers,
)
