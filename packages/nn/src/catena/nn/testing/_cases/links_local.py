"""Convolutions with weights of their own at each place, and such whose windows move."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls, conditions, reals
from catena.nn.testing import LinkCase

images = arrays(shape=(2, 2, 3, 4))
CASES.add(
    L.LocalConvolution2D,
    LinkCase(calls(images, link=calls(2, 2, (3, 4), 2, nobias=conditions))),
    LinkCase(calls(images, link=calls(2, 2)), name="lazy"),
)
# Images and weights for which no element of a window comes to lie on a pixel, where the derivative jumps.
CASES.add(
    L.DeformableConvolution2D,
    LinkCase(
        calls(arrays(reals(-1, 1, avoid=[0], offset=1 / 128), (1, 1, 2, 2)), link=calls(None, 2, 1)), tolerance=16
    ),
)
