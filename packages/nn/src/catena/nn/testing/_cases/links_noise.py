"""Links that add noise."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls
from catena.nn.testing import LinkCase

CASES.add(
    L.Dropout,
    LinkCase(calls(arrays(), link=calls(0.25)), random=True),
    LinkCase(calls(arrays(), link=calls(0.25)), name="test", train=False),
)
CASES.add(
    L.SimplifiedDropconnect,
    LinkCase(calls(arrays(shape=(2, 3)), link=calls(3, 2)), random=True),
    LinkCase(calls(arrays(shape=(2, 3)), link=calls(None, 2)), name="test", train=False),
)
