"""Convolutions with weights that are learned."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.links as L
from catena.autograd.testing import CASES, Call, arrays, calls, composite, conditions, integers
from catena.nn.testing import LinkCase


def images(n: int, length: int = 4) -> st.SearchStrategy[object]:
    return arrays(shape=(2, 2, *(length,) * n))


@composite
def convolved(draw: st.DrawFn, *, cover: bool = False, first: tuple[int, ...] = ()) -> Call:
    """A link over two axes, of 2 channels or of as many as come, in groups."""
    options = {"stride": draw(integers(1, 2)), "pad": draw(integers(0, 1)), "nobias": draw(conditions)}
    options |= {"dilate": draw(integers(1, 2)), "groups": draw(integers(1, 2))}
    if cover:
        options["cover_all"] = draw(conditions)
    n_in = draw(st.sampled_from([2, None]))
    return Call(draw(images(2)), link=Call(*first, n_in, 2, 2, **options))


CASES.add(L.Convolution2D, LinkCase(convolved()), LinkCase(calls(images(2), link=calls(3, 2)), name="two arguments"))
CASES.add(L.ConvolutionND, LinkCase(convolved(cover=True, first=(2,))))
CASES.add(L.Convolution1D, LinkCase(calls(images(1), link=calls(2, 3, 2, nobias=conditions))))
CASES.add(L.Convolution3D, LinkCase(calls(images(3, 3), link=calls(None, 1, 2, stride=integers(1, 2)))))
CASES.add(L.DilatedConvolution2D, LinkCase(calls(images(2), link=calls(None, 1, 2, dilate=2, nobias=conditions))))
CASES.add(L.DepthwiseConvolution2D, LinkCase(calls(images(2), link=calls(None, 2, 2, pad=1, nobias=conditions))))
