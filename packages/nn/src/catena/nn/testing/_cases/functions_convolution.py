"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, conditions, integers, sampled_from
from catena.nn.functions import convolution
from xparray.kernels.window import count_windows


def _geometry(draw: st.DrawFn, n: int, most: int = 2) -> dict[str, Any]:
    """Strides, pads and distances, one number for all axes or one for each."""
    one = integers(1, most)
    several = st.tuples(*(one for _ in range(n)))
    return {
        "stride": draw(one | several),
        "pad": draw(integers(0, most - 1)),
        "dilate": draw(one | several),
    }


def _lengths(draw: st.DrawFn, n: int, window: tuple[int, ...], options: dict[str, Any], most: int) -> tuple[int, ...]:
    """Lengths of images into which a window fits."""
    dilate = options.get("dilate", 1)
    apart = (dilate,) * n if isinstance(dilate, int) else dilate
    pad = options.get("pad", 0)
    return tuple(
        max((k - 1) * d + 1 - 2 * pad, 1) + draw(integers(0, most)) for k, d in zip(window, apart, strict=True)
    )


@composite
def convolved(
    draw: st.DrawFn, n: int, *, transposed: bool = False, dilate: bool = True, groups: bool = True, cover: bool = True
) -> Call:
    """An input of `n` axes, weights and perhaps a bias."""
    window = tuple(draw(integers(1, 3 if n < 3 else 2)) for _ in range(n))
    options = _geometry(draw, n)
    if not dilate:
        del options["dilate"]
    parts = draw(integers(1, 2)) if groups else 1
    n_in, n_out = draw(integers(1, 2)) * parts, draw(integers(1, 2)) * parts
    lengths = tuple(draw(integers(1, 3 if n < 3 else 2)) for _ in range(n))
    if transposed:
        # A result of no length is an error: pads cut off from a single element of a small window.
        options["pad"] = 0 if min(*lengths, *window, 2) < 2 else options["pad"]
    else:
        lengths = _lengths(draw, n, window, options, 2 if n < 3 else 1)
    W_shape = (n_in, n_out // parts, *window) if transposed else (n_out, n_in // parts, *window)
    x = draw(arrays(shape=(draw(sampled_from([2, 1, 0])), n_in, *lengths)))
    W = draw(arrays(shape=W_shape))
    b = [draw(arrays(shape=(n_out,)))] if draw(conditions) else []
    if groups:
        options["groups"] = parts
    if cover and not transposed:
        options["cover_all"] = draw(conditions)
    return Call(x, W, *b, **options)


@composite
def by_channel(draw: st.DrawFn) -> Call:
    window = (draw(integers(1, 3)), draw(integers(1, 2)))
    channels, multiplier = draw(integers(1, 3)), draw(integers(1, 2))
    options = {"stride": draw(integers(1, 2)), "pad": draw(integers(0, 1))}
    x = draw(arrays(shape=(2, channels, *_lengths(draw, 2, window, options, 2))))
    b = [draw(arrays(shape=(channels * multiplier,)))] if draw(conditions) else []
    return Call(x, draw(arrays(shape=(multiplier, channels, *window))), *b, **options)


@composite
def of_an_op(draw: st.DrawFn, op: str) -> Call:
    """One of the three ops, each of which takes two of images, weights and results, and gives the third's shape."""
    n = draw(integers(1, 2))
    ways = {name: (draw(integers(1, 2)),) * n for name in ("stride", "dilate")} | {"pad": (draw(integers(0, 1)),) * n}
    groups = draw(integers(1, 2))
    window = tuple(draw(integers(1, 3)) for _ in range(n))
    lengths = _lengths(draw, n, window, {"dilate": ways["dilate"], "pad": ways["pad"][0]}, 2)
    size = tuple(
        count_windows(length, k, s, p, dilate=d)
        for length, k, s, p, d in zip(lengths, window, ways["stride"], ways["pad"], ways["dilate"], strict=True)
    )
    x, W, y = (2, groups, *lengths), (2 * groups, 1, *window), (2, 2 * groups, *size)
    way = {**ways, "groups": groups}
    if op == "convolution":
        return Call(draw(arrays(shape=x)), draw(arrays(shape=W)), size=size, way=way)
    if op == "transposed_convolution":
        return Call(draw(arrays(shape=y)), draw(arrays(shape=W)), size=lengths, way=way)
    return Call(draw(arrays(shape=x)), draw(arrays(shape=y)), ksize=window, way=way)


CASES.add(convolution.convolution, Case(of_an_op("convolution")))
CASES.add(convolution.transposed_convolution, Case(of_an_op("transposed_convolution")))
CASES.add(convolution.correlation, Case(of_an_op("correlation")))
CASES.add(F.convolution_1d, Case(convolved(1)))
CASES.add(F.convolution_2d, Case(convolved(2)))
CASES.add(F.convolution_3d, Case(convolved(3)))
CASES.add(F.convolution_nd, Case(convolved(1), name="1"), Case(convolved(2), name="2"))
CASES.add(F.dilated_convolution_2d, Case(convolved(2, groups=False)))
CASES.add(F.depthwise_convolution_2d, Case(by_channel()))
CASES.add(F.deconvolution_1d, Case(convolved(1, transposed=True)))
CASES.add(F.deconvolution_2d, Case(convolved(2, transposed=True)))
CASES.add(F.deconvolution_3d, Case(convolved(3, transposed=True)))
CASES.add(
    F.deconvolution_nd, Case(convolved(1, transposed=True), name="1"), Case(convolved(2, transposed=True), name="2")
)
