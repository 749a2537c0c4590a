"""Activations with parameters."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls, reals, shapes
from catena.nn.testing import LinkCase

CASES.add(L.PReLU, LinkCase(calls(arrays(reals(avoid=[0]), (2, 3)), link=calls((3,)))))
CASES.add(
    L.Swish,
    LinkCase(calls(arrays(shape=(2, 3)), link=calls(()))),
    LinkCase(calls(arrays(shape=shapes(min_dims=1, min_side=1)), link=calls(None)), name="lazy"),
)
# An x that is not 0 keeps the outputs, of random weights, apart.
CASES.add(L.Maxout, LinkCase(calls(arrays(reals(1, 3, offset=1 / 16), (2, 1)), link=calls(1, 2, 2))))
