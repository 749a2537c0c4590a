"""Losses of sequences."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import assume

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, conditions, integers, sampled_from

means = sampled_from(["mean", "no"])


@composite
def unaligned(draw: st.DrawFn) -> Call:
    """Labels that there are times enough for, of symbols of which 1 is the blank."""
    n, n_label = draw(integers(1, 2)), draw(integers(0, 2))
    n_time = draw(integers(max(1, 2 * n_label - 1), 4))
    x = draw(arrays(shape=(n_time, n, 3)))
    t = draw(arrays(sampled_from([0, 2]), (n, n_label), dtype="int32"))
    lengths: dict[str, Any] = {}
    if draw(conditions):
        lengths["input_length"] = draw(arrays(integers(max(1, 2 * n_label - 1), n_time), n, dtype="int32"))
        lengths["label_length"] = draw(arrays(integers(0, n_label), n, dtype="int64"))
    return Call(list(x) if draw(conditions) else x, t, 1, **lengths, reduce=draw(means))


CASES.add(F.connectionist_temporal_classification, Case(unaligned(), tolerance=4))


def _sequences(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    """Scores of transitions and of labels; the sequences grow shorter."""
    n_label = draw(integers(1, 3))
    ns = sorted((draw(integers(1, 3)) for _ in range(draw(integers(2, 3)))), reverse=True)
    dtype = draw(sampled_from(["float64", "float32"]))
    return draw(arrays(shape=(n_label, n_label), dtype=dtype)), [
        draw(arrays(shape=(n, n_label), dtype=dtype)) for n in ns
    ]


@composite
def chains(draw: st.DrawFn) -> Call:
    cost, xs = _sequences(draw)
    ys = [draw(arrays(integers(0, len(cost) - 1), len(x), dtype="int64")) for x in xs]
    return Call(cost, xs, ys, reduce=draw(means))


def _gap(cost: Any, xs: list[Any]) -> float:
    """By how much the best labelling of a sequence is better than the next one; the least of all sequences."""
    gaps = []
    for i in range(len(xs[0])):
        rows = [x[i] for x in xs if len(x) > i]
        scores = sorted(
            sum(row[y] for row, y in zip(rows, path, strict=True)) + sum(cost[a, b] for a, b in pairwise(path))
            for path in product(range(len(cost)), repeat=len(rows))
        )
        gaps += [b - a for a, b in zip(scores[-2:], scores[-1:], strict=False) if len(scores) > 1]
    return min(gaps, default=1.0)


@composite
def searched(draw: st.DrawFn) -> Call:
    """Scores of which one labelling is the best."""
    cost, xs = _sequences(draw)
    rng = np.random.default_rng(draw(integers(0, 1000)))
    cost, *xs = (x + rng.uniform(0, 4, x.shape).astype(x.dtype) for x in (cost, *xs))
    assume(_gap(cost, xs) > 0.02)
    return Call(cost, xs)


CASES.add(F.crf1d, Case(chains(), tolerance=4))
CASES.add(F.argmax_crf1d, Case(searched(), tolerance=4))
