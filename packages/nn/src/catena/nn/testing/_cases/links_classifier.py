"""A model together with its loss."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd import functions as F
from catena.autograd.testing import CASES, arrays, calls, integers
from catena.nn.testing import LinkCase

labels = arrays(integers(0, 2), 4, dtype="int64")
CASES.add(L.Classifier, LinkCase(calls(arrays(shape=(4, 3)), labels, link=calls(F.tanh))))
