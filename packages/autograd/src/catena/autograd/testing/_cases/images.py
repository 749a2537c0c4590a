"""Images: blocks, windows, sizes, sampling."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.ops import images
from catena.autograd.testing import CASES, Call, Case, arrays, composite, dtypes, integers, reals, sampled_from
from xparray.kernels.window import count_windows


@composite
def blocks(draw: st.DrawFn, *, deep: bool) -> Call:
    n, c, h, w, r = (draw(integers(low, 2)) for low in (0, 1, 1, 1, 1))
    return Call(draw(arrays(shape=(n, r * r * c, h, w) if deep else (n, c, r * h, r * w))), r=r)


@composite
def windows(draw: st.DrawFn) -> Call:
    """Windows of one or two axes with their number, as the op takes them."""
    nd = draw(integers(1, 2))
    ksize, stride, dilate = (tuple(draw(integers(1, 2)) for _ in range(nd)) for _ in range(3))
    pad = tuple(draw(integers(0, 1)) for _ in range(nd))
    lengths = tuple(draw(integers(3, 5)) for _ in range(nd))
    each = zip(lengths, ksize, stride, pad, dilate, strict=True)
    size = tuple(count_windows(n, k, s, p, dilate=d) for n, k, s, p, d in each)
    x = draw(arrays(shape=(draw(integers(0, 2)), draw(integers(1, 2)), *lengths)))
    return Call(x, ksize=ksize, stride=stride, pad=pad, dilate=dilate, size=size)


@composite
def columns(draw: st.DrawFn) -> Call:
    call = draw(windows())
    x, options = call.inputs[0], call.options
    col = draw(arrays(shape=(*x.shape[:2], *options["ksize"], *options["size"])))
    return Call(col, stride=options["stride"], pad=options["pad"], dilate=options["dilate"], size=x.shape[2:])


@composite
def unfolded(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=(draw(integers(1, 2)), draw(integers(1, 2)), draw(integers(3, 5)), draw(integers(3, 5)))))
    options = {
        "ksize": sampled_from([1, 2, (2, 1)]),
        "stride": sampled_from([1, (1, 2)]),
        "pad": sampled_from([0, (1, 0)]),
    }
    drawn = {name: draw(values) for name, values in options.items()}
    return Call(x, **drawn, cover_all=draw(st.booleans()), dilate=draw(integers(1, 2)))


@composite
def resized(draw: st.DrawFn) -> Call:
    n, c, h, w = (draw(integers(low, 3)) for low in (0, 1, 1, 1))
    mode, corners = draw(sampled_from(["bilinear", "nearest"])), draw(st.booleans())
    shape = draw(integers(1, 5)), draw(integers(1, 5))
    return Call(draw(arrays(shape=(n, c, h, w))), output_shape=shape, mode=mode, align_corners=corners)


@composite
def mapped(draw: st.DrawFn) -> Call:
    theta = draw(arrays(shape=(draw(integers(0, 2)), 2, 3)))
    return Call(theta, output_shape=(draw(integers(1, 3)), draw(integers(1, 3))))


@composite
def sampled(draw: st.DrawFn) -> Call:
    """Points inside and outside of the image, none on a pixel's row or column, where the slope jumps."""
    n, c, h, w = (draw(integers(low, high)) for low, high in ((1, 2), (1, 2), (2, 3), (2, 3)))
    oh, ow = draw(integers(1, 2)), draw(integers(1, 2))
    # A step of the grid is 1/8, a pixel 2 / (length - 1) apart, which is 2 or 1: an offset of 1/16 stays between.
    grid = draw(arrays(reals(-2, 2, offset=1 / 16), (n, 2, oh, ow), dtype="float64"))
    dtype = draw(dtypes())
    return Call(draw(arrays(shape=(n, c, h, w), dtype=dtype)), np.ascontiguousarray(grid).astype(dtype))


CASES.add(F.depth2space, Case(blocks(deep=True)))
CASES.add(F.space2depth, Case(blocks(deep=False)))
CASES.add(images.unfolded, Case(windows()))
CASES.add(images.folded, Case(columns()))
CASES.add(F.im2col, Case(unfolded()))
CASES.add(F.resize_images, Case(resized(), tolerance=4))
CASES.add(F.spatial_transformer_grid, Case(mapped()))
CASES.add(F.spatial_transformer_sampler, Case(sampled(), tolerance=4))
