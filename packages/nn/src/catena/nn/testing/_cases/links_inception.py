"""Small networks of convolutions."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

import catena.nn.links as L
from catena.autograd import functions as F
from catena.autograd.testing import CASES, Call, arrays, calls, composite, sampled_from
from catena.nn.testing import LinkCase


@composite
def smooth(draw: st.DrawFn) -> Call:
    """Images for which no sum before an activation is near 0, where the derivative jumps: the parameters are the same for all."""
    seed = draw(sampled_from([0, 1, 4, 5, 11, 13, 18, 24]))
    x = np.random.default_rng(seed).standard_normal((1, 2, 3, 3)).astype(draw(sampled_from(["float64", "float32"])))
    return Call(x, link=Call(None, 1, 1, 2, 1, 1, 1))


CASES.add(L.Inception, LinkCase(smooth(), tolerance=8))
CASES.add(
    L.MLPConvolution2D,
    LinkCase(calls(arrays(shape=(1, 2, 3, 3)), link=calls(None, (2, 3, 1), 2, activation=F.tanh)), tolerance=4),
)
