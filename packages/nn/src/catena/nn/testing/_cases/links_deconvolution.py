"""Transposed convolutions with weights that are learned."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, calls, composite, conditions, integers
from catena.nn.testing import LinkCase
from catena.nn.testing._cases.links_convolution import images


@composite
def deconvolved(draw: st.DrawFn, *, first: tuple[int, ...] = ()) -> Call:
    options = {"stride": draw(integers(1, 2)), "pad": draw(integers(0, 1)), "nobias": draw(conditions)}
    options |= {"dilate": draw(integers(1, 2)), "groups": draw(integers(1, 2))}
    n_in = draw(st.sampled_from([2, None]))
    return Call(draw(images(2, 2)), link=Call(*first, n_in, 2, 3, **options))


CASES.add(
    L.Deconvolution2D, LinkCase(deconvolved()), LinkCase(calls(images(2), link=calls(3, 2)), name="two arguments")
)
CASES.add(L.DeconvolutionND, LinkCase(deconvolved(first=(2,))))
CASES.add(L.Deconvolution1D, LinkCase(calls(images(1), link=calls(2, 3, 2, nobias=conditions))))
CASES.add(L.Deconvolution3D, LinkCase(calls(images(3, 2), link=calls(None, 1, 2, stride=integers(1, 2)))))
