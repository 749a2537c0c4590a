"""Losses with parameters."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, arrays, calls, integers
from catena.nn.testing import LinkCase

x = arrays(shape=(2, 3))
labels = arrays(integers(0, 2), 2, dtype="int64")
CASES.add(L.NegativeSampling, LinkCase(calls(x, labels, link=calls(3, [3, 2, 1], 2)), random=True))
CASES.add(L.BlackOut, LinkCase(calls(x, labels, link=calls(3, [3, 2, 1], 2)), random=True))
CASES.add(L.BinaryHierarchicalSoftmax, LinkCase(calls(x, labels, link=calls(3, ((0, 1), 2)))))

# Three times of two sequences, of which one is shorter.
scores = [arrays(shape=(n, 2), dtype="float64") for n in (2, 2, 1)]
wanted = [arrays(integers(0, 1), n, dtype="int64") for n in (2, 2, 1)]


def in_lists(call: Call) -> Call:
    return Call(list(call.inputs[:3]), list(call.inputs[3:]), **call.options)


CASES.add(L.CRF1d, LinkCase(calls(*scores, *wanted, link=calls(2)).map(in_lists)))
