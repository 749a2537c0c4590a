"""Pooling, and its ways back."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, conditions, integers, sampled_from
from catena.nn.functions import pooling


def _geometry(draw: st.DrawFn, n: int, cover: bool) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Lengths of a window, stride and pad with which each window has an element of the image, also where they `cover` all."""
    window = tuple(draw(integers(1, 3)) for _ in range(n))
    least = min(window)
    stride = draw(sampled_from([None, *range(1, least + 1)]))
    return window, {"stride": stride, "pad": draw(integers(0, least - (stride or least) if cover else least - 1))}


@composite
def pooled(draw: st.DrawFn, /, n: int, *, distinct: bool = False, **options: Any) -> Call:
    window, geometry = _geometry(draw, n, cover=distinct)
    lengths = tuple(k + draw(integers(0, 2 if n < 3 else 1)) for k in window)
    x = draw(arrays(shape=(draw(sampled_from([2, 1, 0])), 1, *lengths), distinct=distinct))
    return Call(x, window, **geometry, **{name: draw(strategy) for name, strategy in options.items()})


@composite
def unpooled(draw: st.DrawFn, n: int) -> Call:
    window = tuple(draw(integers(2, 3)) for _ in range(n))
    counts = tuple(draw(integers(2, 3)) for _ in range(n))
    x = draw(arrays(shape=(2, 1, *counts)))
    return Call(
        x, window, stride=draw(sampled_from([None, 1, 2])), pad=draw(integers(0, 1)), cover_all=draw(conditions)
    )


@composite
def marked(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=(2, 1, draw(integers(1, 3)), draw(integers(1, 3)))))
    return Call(x, draw(arrays(integers(0, 3), x.shape, dtype="int32")), 2, stride=draw(integers(1, 2)))


@composite
def of_an_op(draw: st.DrawFn, op: str) -> Call:
    """Images of 3 x 4 and their windows."""
    way = {"ksize": (2, 2), "stride": (draw(integers(1, 2)), 1), "pad": (0, draw(integers(0, 1)))}
    size, counts = (3, 4), (3 - way["stride"][0], 3 + 2 * way["pad"][1])
    indices = draw(arrays(integers(0, 3), (2, 1, *counts), dtype="int32"))
    x = draw(arrays(shape=(2, 1, *(counts if op in ("put", "spread") else size)), distinct=op == "max"))
    if op == "max":
        return Call(x, size=counts, way=way)
    if op == "take":
        return Call(x, indices, way=way)
    if op == "put":
        return Call(x, indices, size=size, way=way)
    divide = draw(sampled_from(["none", "window", "inside"]))
    return Call(x, size=counts if op == "sum" else size, way=way, divide=divide)


CASES.add(pooling.max_pooling, Case(of_an_op("max")))
CASES.add(pooling.take_in_windows, Case(of_an_op("take")))
CASES.add(pooling.put_in_windows, Case(of_an_op("put")))
CASES.add(pooling.sum_pooling, Case(of_an_op("sum")))
CASES.add(pooling.spread_windows, Case(of_an_op("spread")))

of_maxima: dict[str, Any] = {"distinct": True, "cover_all": conditions, "return_indices": conditions}
CASES.add(F.max_pooling_1d, Case(pooled(1, **of_maxima)))
CASES.add(F.max_pooling_2d, Case(pooled(2, **of_maxima)))
CASES.add(F.max_pooling_3d, Case(pooled(3, **of_maxima)))
CASES.add(F.max_pooling_nd, Case(pooled(2, **of_maxima)))
of_means: dict[str, Any] = {"pad_value": sampled_from([0, None])}
CASES.add(F.average_pooling_1d, Case(pooled(1, **of_means)))
CASES.add(F.average_pooling_2d, Case(pooled(2)))
CASES.add(F.average_pooling_3d, Case(pooled(3, **of_means)))
CASES.add(F.average_pooling_nd, Case(pooled(2, **of_means)))
CASES.add(F.unpooling_1d, Case(unpooled(1)))
CASES.add(F.unpooling_2d, Case(unpooled(2)))
CASES.add(F.unpooling_3d, Case(unpooled(3)))
CASES.add(F.unpooling_nd, Case(unpooled(2)))
CASES.add(F.upsampling_2d, Case(marked()))


@composite
def in_a_pyramid(draw: st.DrawFn) -> Call:
    lengths = draw(sampled_from([(4, 4), (3, 4), (2, 5), (4, 2)]))
    return Call(draw(arrays(shape=(2, 1, *lengths), distinct=True)), 2)


CASES.add(F.spatial_pyramid_pooling_2d, Case(in_a_pyramid()))
