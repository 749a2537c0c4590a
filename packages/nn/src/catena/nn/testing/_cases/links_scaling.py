"""Learned numbers by themselves."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls
from catena.nn.testing import LinkCase

images = arrays(shape=(2, 3, 2))
CASES.add(
    L.Bias, LinkCase(calls(images, link=calls(1, (3,)))), LinkCase(calls(images, images, link=calls(0)), name="given")
)
CASES.add(
    L.Scale,
    LinkCase(calls(images, link=calls(1, (3, 2), bias_term=True))),
    LinkCase(calls(images, arrays(shape=(2,)), link=calls(2, bias_term=True, bias_shape=(2,))), name="given"),
)
CASES.excuse("it returns its parameter, and has no input", L.Parameter)
