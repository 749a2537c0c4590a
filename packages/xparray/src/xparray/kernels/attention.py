"""Attention between its two products: scores become weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, device_of
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, exp, floating
from xparray.kernels.rows import greatest_of, over_rows, sum_of, sum_of_products

# Rows are filled up to a multiple of this, so that exponentials are computed in whole vectors.
VECTOR = 32


@kernel
def attention_weights(x: Array, mask: Array | None, *, scale: float, diagonal: int | None) -> Array:
    """softmax(scale x + mask) along the last axis, with 0 for keys that come later than a query may see.

    A query all of whose keys are masked by -inf gets NaN.

    Args:
        x: the products of queries and keys, `(..., n_query, n_key)`.
        mask: what is added, of a shape that broadcasts to that of x, such as 0 and -inf; or None.
        scale: 1 / sqrt(size of a key), as a rule.
        diagonal: query i sees keys up to i + diagonal, 0 or more; all keys where it is None.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, https://arxiv.org/abs/1706.03762.
    """
    ns = array_namespace(x) if mask is None else array_namespace(x, mask)
    x = x * scale if mask is None else x * scale + mask
    if diagonal is not None:
        queries, keys = (xp.arange(n, device=device_of(x)) for n in x.shape[-2:])
        x = ns.where(xp.expand_dims(keys, axis=0) > xp.expand_dims(queries, axis=1) + diagonal, -math.inf, x)
    e = ns.exp(x - ns.max(x, axis=-1, keepdims=True))
    return e / ns.sum(e, axis=-1, keepdims=True)


@attention_weights.on("host")
def _(x: Any, mask: Any, *, scale: float, diagonal: int | None) -> Any:
    if not floating(x) or not x.size or x.ndim < 2 or (diagonal or 0) < 0 or (mask is not None and not _fits(mask, x)):
        return NotImplemented
    n_query, n_key = x.shape[-2:]
    rows = dense(x).reshape(-1, n_key)
    y = empty(rows.shape, x.dtype)
    if mask is None:
        masks, which = empty((0, n_key), x.dtype), np.empty(0, np.int64)
    else:
        masks = dense(mask).reshape(-1, n_key)
        of_query = np.arange(len(masks)).reshape(mask.shape[:-1])
        which = np.ascontiguousarray(np.broadcast_to(of_query, x.shape[:-1])).reshape(-1)
    last = n_key if diagonal is None else diagonal
    over_rows(_weights, x.size, rows, masks, which, x.dtype.type(scale), n_query, last, y)
    return y.reshape(x.shape)


@loop
def _weights(
    x: Any, masks: Any, which: Any, scale: Any, n_query: Any, diagonal: Any, y: Any, start: Any, stop: Any
) -> None:
    n = x.shape[1]
    scores, kept = np.empty(n + VECTOR, x.dtype), np.zeros(2 * VECTOR, x.dtype)
    kept[:VECTOR] = 1
    for i in range(start, stop):
        seen = min(n, i % n_query + diagonal + 1)
        part = scores[: (seen + VECTOR - 1) // VECTOR * VECTOR]
        wide = min(n, part.size)
        row, out = x[i, :wide], y[i, :wide]
        for k in range(wide):
            part[k] = row[k] * scale
        if which.size:
            mask = masks[which[i], :wide]
            for k in range(wide):
                part[k] += mask[k]
        # What is not seen, at the end of the last vector, is another number meanwhile: exp is slow where it underflows.
        last, keeps = part[part.size - VECTOR :], kept[part.size - seen : part.size - seen + VECTOR]
        other = part[0]
        for k in range(last.size):
            last[k] = last[k] if keeps[k] > 0 else other
        greatest = greatest_of(part)
        for k in range(part.size):
            part[k] = exp(part[k] - greatest)
        for k in range(last.size):
            last[k] = last[k] if keeps[k] > 0 else x.dtype.type(0)
        factor = x.dtype.type(1 / sum_of(part))
        for k in range(wide):
            out[k] = part[k] * factor
        rest = y[i, wide:]
        for k in range(rest.size):
            rest[k] = 0


@kernel
def attention_weights_grad(g: Array, y: Array, *, scale: float) -> Array:
    """scale y (g - sum(g y)) over the last axis, with `y` the result: the gradient of `attention_weights` in x.

    Without the factor, and summed to the shape of the mask, it is the gradient in the mask.
    """
    return scale * y * (g - array_namespace(g, y).sum(g * y, axis=-1, keepdims=True))


@attention_weights_grad.on("host")
def _(g: Any, y: Any, *, scale: float) -> Any:
    if not alike(g, y) or not y.size:
        return NotImplemented
    rows = dense(y).reshape(-1, y.shape[-1])
    gx = empty(rows.shape, y.dtype)
    over_rows(_weights_grad, y.size, rows, dense(g).reshape(rows.shape), y.dtype.type(scale), gx)
    return gx.reshape(y.shape)


@loop
def _weights_grad(y: Any, g: Any, scale: Any, gx: Any, start: Any, stop: Any) -> None:
    y, g, gx = y[start:stop], g[start:stop], gx[start:stop]
    for i in range(y.shape[0]):
        total = y.dtype.type(sum_of_products(g[i], y[i]))
        for k in range(y.shape[1]):
            gx[i, k] = scale * y[i, k] * (g[i, k] - total)


def _fits(mask: Any, x: Any) -> bool:
    """Whether the loop takes this mask: of the same dtype, and broadcast over other axes than the last."""
    return bool(mask.dtype == x.dtype and 1 <= mask.ndim <= x.ndim and mask.shape[-1] == x.shape[-1])
