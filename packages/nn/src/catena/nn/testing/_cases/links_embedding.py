"""Learned vectors."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls, integers
from catena.nn.testing import LinkCase

numbers = arrays(integers(-1, 3), (2, 3), dtype="int64")
CASES.add(L.EmbedID, LinkCase(calls(numbers, link=calls(4, 2, ignore_label=-1)), backends=("numpy", "numba")))
