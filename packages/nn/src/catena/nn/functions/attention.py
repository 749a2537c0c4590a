"""Attention: means of values, weighted by how well their keys fit a query; and where in a sequence an element stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions.noise import dropout as drop_out
from catena.nn.functions.normalization import check_floating
from xparray import Array
from xparray._dispatch import array_namespace, describe, dtype_name
from xparray.kernels import attention as kernels

# ------------------------------------------------------------------------------------------------------------- ops


@op
def attention_weights(x: Array, mask: Array | None = None, *, scale: float, diagonal: int | None = None) -> Array:
    """softmax(scale x + mask) along the last axis of `(..., n_query, n_key)`, of keys up to query + diagonal."""
    return kernels.attention_weights(x, mask, scale=scale, diagonal=diagonal)


attention_weights.vjps(
    x=lambda g, out, scale: kernels.attention_weights_grad(g, out, scale=scale),
    mask=lambda g, out, mask_spec: F.sum_to(kernels.attention_weights_grad(g, out, scale=1.0), shape=mask_spec.shape),
)


@op
def rotated(x: Array, cos: Array, sin: Array, *, interleaved: bool) -> Array:
    """Each pair (a, b) of elements along the last axis of x as (a cos - b sin, a sin + b cos); the angles are constants."""
    ns = array_namespace(x, cos, sin)
    half = x.shape[-1] // 2
    a, b = (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    turned = [a * cos - b * sin, a * sin + b * cos]
    return ns.reshape(ns.stack(turned, axis=-1), x.shape) if interleaved else ns.concat(turned, axis=-1)


rotated.vjps(x=lambda g, cos, sin, interleaved: rotated(g, cos, -sin, interleaved=interleaved))


# ------------------------------------------------------------------------------------------------------- attention


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Array:
    """softmax(scale query key^T + mask) value: for each query a mean of the values, weighted by their keys.

    Args:
        query: `(*batch, n_query, size)`; a head of attention is an axis of the batch.
        key: `(*batch, n_key, size)`.
        value: `(*batch, n_key, n_out)`.
        mask: of a shape that broadcasts to `(*batch, n_query, n_key)`: booleans, True where a query sees a key, or numbers to add, such
            as 0 and -inf, which may be learned.
        causal: a query sees no later keys: of n_query queries, which belong to the last of n_key places, query i sees the keys up to
            i + n_key - n_query.
        dropout: the probability of a weight to be dropped in training, from 0 to below 1.
        scale: 1 / sqrt(size) unless given.

    Returns:
        `(*batch, n_query, n_out)`; 0 for queries that see no key by a mask of booleans, NaN for those by one of numbers.

    Raises:
        TypeError: query, key or value is no array or not floating, or the mask holds neither booleans nor floating numbers.
        ValueError: the shapes do not fit together, or there are fewer keys than queries where `causal`.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, https://arxiv.org/abs/1706.03762.

    Example:
        >>> import numpy as np
        >>> query, key, value = np.zeros((1, 2)), np.ones((4, 2)), np.array([[1.0], [2.0], [3.0], [6.0]])
        >>> scaled_dot_product_attention(query, key, value).tolist()
        [[3.0]]
        >>> scaled_dot_product_attention(query, key, value, mask=np.array([True, True, False, False])).tolist()
        [[1.5]]
    """
    shape = _check_attention(query, key, value, causal)
    scores = F.matmul(query, key, transb=True)
    diagonal = shape[-1] - shape[-2] if causal else None
    seen, added = (None, None) if mask is None else _masks(mask, shape, dtype_of(scores), diagonal)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    weights = attention_weights(scores, *(() if added is None else (added,)), scale=scale, diagonal=diagonal)
    y = F.matmul(drop_out(weights, dropout) if dropout else weights, value)
    return y if seen is None else F.where(seen, y, 0.0)


def _check_attention(query: Array, key: Array, value: Array, causal: bool) -> tuple[int, ...]:
    """The shape of the products of queries and keys; raises unless all fit together."""
    name = "scaled_dot_product_attention"
    check_floating(name, query=query, key=key, value=value)

    def listed() -> str:
        return describe(["query", "key", "value"], [query, key, value])

    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ValueError(
            f"{name}: query, key and value have two axes or more, (*batch, n, size) ({listed()}); reshape them"
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2] or not key.shape[-2]:
        raise ValueError(
            f"{name}: query, key and value do not fit together ({listed()}); "
            "expected (*batch, n_query, size), (*batch, n_key, size) and (*batch, n_key, n_out)"
        )
    try:
        batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
        np.broadcast_shapes(batch, value.shape[:-2])
    except ValueError:
        raise ValueError(
            f"{name}: the batches of query, key and value do not broadcast ({listed()}); give all the same"
        ) from None
    if causal and query.shape[-2] > key.shape[-2]:
        raise ValueError(
            f"{name}: causal is True with more queries than keys ({listed()}); expected as many keys, or earlier ones beside them"
        )
    return (*batch, query.shape[-2], key.shape[-2])


def _masks(mask: Array, shape: tuple[int, ...], dtype: Any, diagonal: int | None) -> tuple[Array | None, Array]:
    """Which queries see a key, None if that is not known, and what to add to the products of queries and keys."""
    name, array = "scaled_dot_product_attention", as_array(mask)
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: mask has shape {tuple(array.shape)}, which does not broadcast to that of queries and keys, {shape}; "
            "give it axes of length 1 for the others"
        )
    kind = dtype_of(array).kind
    if kind == "f":
        return None, mask if dtype_of(array) == dtype else F.astype(mask, dtype=dtype)
    if kind != "b":
        raise TypeError(
            f"{name}: mask is {dtype_name(array.dtype)}, expected booleans, or floating numbers to add; "
            'convert it with xp.astype(mask, "bool")'
        )
    # Half of the least number there is stays finite, whatever the product it is added to.
    added = xp.astype(xp.logical_not(array), dtype) * float(np.finfo(dtype).min / 2)
    if diagonal is not None:
        queries, keys = (xp.arange(n, device=xp.device_of(array)) for n in shape[-2:])
        array = xp.logical_and(array, keys <= xp.expand_dims(queries, axis=1) + diagonal)
    return xp.any(array, axis=-1, keepdims=True), added


# ------------------------------------------------------------------------------------------------------- positions


def _angles(positions: Array, size: int, base: float) -> Array:
    """position base^(-2 i / size) for i from 0 to size / 2, along a new last axis, in double precision."""
    device = xp.device_of(positions)
    exponents = xp.arange(0, size, 2, dtype="float64", device=device) * (-math.log(base) / size)
    return xp.expand_dims(xp.astype(positions, "float64"), axis=-1) * xp.exp(exponents)


def rotary_embedding(
    x: Array, positions: Array | None = None, base: float = 10000.0, interleaved: bool = True
) -> Array:
    """Pairs of elements of each row turned by angles that grow with its position: products of rows then tell how far apart they are.

    Pair i of a row at position p is turned by p base^(-2 i / size).

    Args:
        x: queries or keys, `(..., length, size)`, with an even size.
        positions: of the rows, of a shape that broadcasts to `(..., length)`; 0, 1, ... unless given.
        base: what the angles fall with.
        interleaved: pairs are neighbours, as in the paper; else element i and i + size / 2 are one, as in other programs' weights.

    Returns:
        An array of the shape and dtype of x.

    Raises:
        TypeError: x is no array, or not floating.
        ValueError: x has an odd size or fewer than two axes, or the positions do not broadcast.

    Source: J. Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding, 2021, https://arxiv.org/abs/2104.09864.

    Example:
        >>> import numpy as np
        >>> rotary_embedding(np.array([[1.0, 0.0], [1.0, 0.0]])).round(3).tolist()
        [[1.0, 0.0], [0.54, 0.841]]
    """
    name = "rotary_embedding"
    _check_rows(name, x)
    if x.shape[-1] % 2:
        raise ValueError(f"{name}: x has an odd size ({describe('x', [x])}); expected pairs along its last axis")
    array = as_array(x)
    at = xp.arange(x.shape[-2], device=xp.device_of(array)) if positions is None else as_array(positions)
    try:
        fits = np.broadcast_shapes(at.shape, x.shape[:-1]) == tuple(x.shape[:-1])
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: positions have shape {tuple(at.shape)}, which does not broadcast to {tuple(x.shape[:-1])} "
            f"({describe('x', [x])}); give one for each row"
        )
    angles = _angles(at, x.shape[-1], base)
    cos, sin = (xp.astype(f(angles), array.dtype) for f in (xp.cos, xp.sin))
    return rotated(x, cos, sin, interleaved=interleaved)


def positional_encoding(x: Array, base: float = 10000.0, start: int = 0) -> Array:
    """x plus waves that tell rows apart: sin(p base^(-i / size)) at even places i of row p, the cosine of the same angle beside it.

    Args:
        x: `(..., length, size)`.
        base: what the angles fall with.
        start: the position of the first row.

    Raises:
        TypeError: x is no array, or not floating.
        ValueError: x has fewer than two axes.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, section 3.5, https://arxiv.org/abs/1706.03762.

    Example:
        >>> import numpy as np
        >>> positional_encoding(np.zeros((2, 4))).round(2).tolist()
        [[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.01, 1.0]]
    """
    _check_rows("positional_encoding", x)
    array = as_array(x)
    length, size = x.shape[-2:]
    angles = _angles(xp.arange(start, start + length, device=xp.device_of(array)), size, base)
    waves = xp.reshape(xp.stack([xp.sin(angles), xp.cos(angles)], axis=-1), (length, size + size % 2))[:, :size]
    return F.add(x, xp.astype(waves, array.dtype))


def _check_rows(function: str, x: Array) -> None:
    check_floating(function, x=x)
    if x.ndim < 2:
        raise ValueError(
            f"{function}: x has {x.ndim} axes, expected at least two, (..., length, size) ({describe('x', [x])}); reshape x"
        )
