"""Pooling over regions of interest."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from

BOXES = np.array([[0, 0, 3, 4], [1, 1, 2, 3], [-2, 1, 9, 2], [1, 6, 2, 9], [0.5, 0.25, 2.75, 3.5]], "float32")
# Samples between pixels at odd places: at even ones, different sums of pixels may be equal.
MOVED = BOXES + np.array([0.137, 0.291, 0.071, 0.193], "float32")


@composite
def boxed(draw: st.DrawFn, *, align: bool) -> Call:
    """Images of 3 x 4 with boxes on them, some beyond their edges."""
    x = draw(arrays(shape=(2, 2, 3, 4), distinct=True))
    chosen = draw(st.lists(integers(0, len(BOXES) - 1), min_size=1, max_size=3))
    numbers = np.array([draw(integers(0, 1)) for _ in chosen], "int32")
    options: dict[str, Any] = {"sampling_ratio": draw(sampled_from([None, 1, 2]))} if align else {}
    rois = (MOVED if align else BOXES)[chosen]
    return Call(x, rois, numbers, outsize=draw(sampled_from([1, 2, (1, 3)])), spatial_scale=1.0, **options)


@composite
def in_the_older_layout(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=(2, 2, 3, 4), distinct=True))
    rois = np.array([[1, 0, 0, 3, 2], [0, 1, 1, 1, 1], [0, 2, -1, 7, 1]], "float32")
    return Call(x, rois, draw(integers(1, 2)), 2, spatial_scale=1.0)


boxes = {"rois": "boxes are constants"}
CASES.add(F.roi_average_pooling_2d, Case(boxed(align=False), no_gradient=boxes, keeps_dtype=False))
CASES.add(F.roi_max_pooling_2d, Case(boxed(align=False), no_gradient=boxes, keeps_dtype=False))
CASES.add(F.roi_average_align_2d, Case(boxed(align=True), no_gradient=boxes, keeps_dtype=False))
CASES.add(F.roi_max_align_2d, Case(boxed(align=True), no_gradient=boxes, keeps_dtype=False))
CASES.add(F.roi_pooling_2d, Case(in_the_older_layout(), no_gradient=boxes, keeps_dtype=False))
