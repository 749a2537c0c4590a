"""Attention with learned weights, and the layer of a transformer."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls, conditions
from catena.nn.testing import LinkCase


def gentle(size: int) -> L.LayerNormalization:
    """A normalisation whose root is far from 0, where it bends too fast for differences."""
    return L.LayerNormalization(size, eps=0.5)


rows = arrays(shape=(2, 3, 4))
keys, values = arrays(shape=(2, 2, 3)), arrays(shape=(2, 2, 2))
mask = arrays(conditions, (2, 1, 3), dtype="bool")
CASES.add(
    L.MultiHeadAttention,
    LinkCase(calls(rows, link=calls(4, 2, nobias=conditions, rotary=conditions), causal=conditions), tolerance=16),
    LinkCase(calls(rows, rows, rows, mask, link=calls(4, 2)), name="mask", tolerance=16),
    LinkCase(calls(rows, keys, values, link=calls(4, 1, key_size=3, value_size=2)), name="across", tolerance=16),
    LinkCase(calls(rows, link=calls(4, 2, 0.5)), name="dropout", random=True, tolerance=16),
    LinkCase(calls(rows, link=calls(4, 2, 0.5)), name="test", train=False, tolerance=16),
)
layer = {"normalization": gentle, "norm_first": conditions}
CASES.add(
    L.TransformerEncoderLayer,
    LinkCase(calls(rows, link=calls(4, 2, 3, 0, **layer), causal=conditions), tolerance=32),
    LinkCase(calls(rows, link=calls(4, 2, 3, 0.5, **layer)), name="dropout", random=True, tolerance=32),
    LinkCase(calls(rows, link=calls(4, 2, 3, 0.5, **layer)), name="test", train=False, tolerance=32),
)
