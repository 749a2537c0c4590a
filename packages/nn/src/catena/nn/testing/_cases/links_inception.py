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


@composite
def away_from_zero(draw: st.DrawFn, pooltype: str, projection: int | None, seeds: list[int]) -> Call:
    """Images for which no normalised value is near 0, where the derivative of relu jumps, and no two maxima are alike."""
    x = np.random.default_rng(draw(sampled_from(seeds))).standard_normal((2, 2, 2, 2))
    dtype = draw(sampled_from(["float64", "float32"]))
    return Call(x.astype(dtype), link=Call(None, projection or 0, 1, 1, 1, 1, pooltype, projection))


CASES.add(
    L.InceptionBN,
    LinkCase(away_from_zero("avg", 1, [1875, 2252, 732, 404]), tolerance=16),
    LinkCase(away_from_zero("max", None, [807, 1409, 394, 2030]), name="without projections", tolerance=16),
    LinkCase(away_from_zero("avg", 1, [0, 1, 2, 3, 4, 5, 6, 7]), name="test", tolerance=16, train=False),
)
