"""Relatives of the convolution."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, calls, composite, conditions, integers, reals
from catena.nn.functions import local


@composite
def of_an_op(draw: st.DrawFn, *, back: bool) -> Call:
    """Images of 3 x 4 and their windows of 2 x 2, or one for each window's elements."""
    way = {"stride": (draw(integers(1, 2)), 1), "pad": (0, draw(integers(0, 1))), "dilate": (1, draw(integers(1, 2)))}
    size = (3 - way["stride"][0], 4 + 2 * way["pad"][1] - way["dilate"][1])
    if back:
        return Call(draw(arrays(shape=(2, 1, 2, 2, *size))), size=(3, 4), way=way)
    return Call(draw(arrays(shape=(2, 1, 3, 4))), ksize=(2, 2), size=size, way=way)


CASES.add(local.columns, Case(of_an_op(back=False)))
CASES.add(local.columns_summed, Case(of_an_op(back=True)))


@composite
def of_own_weights(draw: st.DrawFn) -> Call:
    stride = draw(integers(1, 2))
    size = (3 - stride, 4 - 2 * (stride - 1))
    b = [draw(arrays(shape=(2, *size)))] if draw(conditions) else []
    x, W = draw(arrays(shape=(2, 1, 3, 5))), draw(arrays(shape=(2, *size, 1, 2, 2)))
    return Call(x, W, *b, stride=stride)


CASES.add(F.local_convolution_2d, Case(of_own_weights()))
CASES.add(
    F.shift,
    Case(calls(arrays(shape=(2, 5, 3, 3)), ksize=st.sampled_from([(1, 3), (3, 1), (1, 5)]), dilate=integers(1, 2))),
    Case(calls(arrays(shape=(1, 11, 3, 2))), name="of 3 x 3"),
)


@composite
def moved(draw: st.DrawFn) -> Call:
    """Windows of 1 x 2 on images of 3 x 3, moved by anything but whole pixels, where the derivative jumps."""
    pad = draw(integers(0, 1))
    size = (3 + 2 * pad, 2 + 2 * pad)
    offset = draw(arrays(reals(-1, 1, offset=1 / 16), (1, 4, *size)))
    b = [draw(arrays(shape=(2,)))] if draw(conditions) else []
    return Call(draw(arrays(shape=(1, 2, 3, 3))), offset, draw(arrays(shape=(2, 2, 1, 2))), *b, pad=pad)


CASES.add(F.deformable_convolution_2d_sampler, Case(moved(), tolerance=4))
