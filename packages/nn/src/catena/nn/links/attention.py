"""Attention with learned queries, keys and values, and the layer of a transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn._link import Link
from catena.nn.functions._checks import check_arrays
from catena.nn.functions.activation import gelu
from catena.nn.functions.attention import rotary_embedding, scaled_dot_product_attention
from catena.nn.functions.noise import check_ratio, dropout
from catena.nn.links._sizes import positive
from catena.nn.links.connection import Linear
from catena.nn.links.normalization import LayerNormalization
from xparray import Array
from xparray._dispatch import describe


class MultiHeadAttention(Chain):
    """Attention in several subspaces side by side: products of the inputs are cut into heads, attended to, joined and multiplied again.

    The children are `query`, `key`, `value` and `out`, all Linear.

    Args:
        size: of queries and results.
        n_heads: number of heads, a divisor of the size.
        dropout: the probability of a weight of attention to be dropped in training.
        nobias: no biases.
        key_size: of the keys; `size` unless given.
        value_size: of the values; that of the keys unless given.
        rotary: turn queries and keys of each head by their positions (`F.rotary_embedding`).
        initialW: initial W of all children: an initializer or a number.
        initial_bias: initial b of all, likewise.

    Raises:
        ValueError: a size is no positive integer, n_heads does not divide the size, or `dropout` is no probability.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, https://arxiv.org/abs/1706.03762.

    Example:
        >>> import numpy as np
        >>> layer = MultiHeadAttention(8, 2)
        >>> layer(np.ones((5, 7, 8), "float32"), causal=True).shape
        (5, 7, 8)
    """

    def __init__(
        self,
        size: int,
        n_heads: int,
        dropout: float = 0.0,
        nobias: bool = False,
        key_size: int | None = None,
        value_size: int | None = None,
        rotary: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        size, self.n_heads = positive("MultiHeadAttention", size=size, n_heads=n_heads)
        check_ratio(dropout, "MultiHeadAttention")
        if size % n_heads:
            raise ValueError(f"MultiHeadAttention: {n_heads} heads do not divide a size of {size}; give a divisor")
        self.dropout = dropout
        self.rotary = rotary
        key_size = size if key_size is None else key_size
        sizes = {"query": size, "key": key_size, "value": key_size if value_size is None else value_size, "out": size}
        for name, n_in in sizes.items():
            self.add_link(name, Linear(n_in, size, nobias, initialW, initial_bias))

    def forward(
        self,
        query: Array,
        key: Array | None = None,
        value: Array | None = None,
        mask: Array | None = None,
        causal: bool = False,
    ) -> Any:
        """`(*batch, n_query, size)`, `(*batch, n_key, key_size)` and `(*batch, n_key, value_size)` give `(*batch, n_query, size)`.

        Args:
            query: what asks.
            key: what is asked; the query unless given.
            value: what is answered; the key unless given.
            mask: see `F.scaled_dot_product_attention`; of a shape that broadcasts to `(*batch, n_query, n_key)` for all heads, or with
                an axis of the heads after those of the batch.
            causal: a query sees no later keys.

        Raises:
            ValueError: the shapes do not fit together.
        """
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = (self._in_heads(name, x) for name, x in (("query", query), ("key", key), ("value", value)))
        if self.rotary:
            q, k = rotary_embedding(q), rotary_embedding(k)
        if mask is not None and 2 < mask.ndim == query.ndim:
            mask = F.expand_dims(mask, axis=-3)
        y = scaled_dot_product_attention(q, k, v, mask, causal, self.dropout)
        joined = F.reshape(F.swapaxes(y, -2, -3), shape=tuple(query.shape))
        return self["out"](joined, n_batch_axes=joined.ndim - 1)

    def _in_heads(self, name: str, x: Array) -> Any:
        """The product of x with the weights called `name`, as `(*batch, n_heads, length, size / n_heads)`."""
        check_arrays("MultiHeadAttention", **{name: x})
        if x.ndim < 2:
            raise ValueError(
                f"MultiHeadAttention: {name} has {x.ndim} axes, expected at least two, (*batch, length, size) "
                f"({describe([name], [x])}); reshape it"
            )
        y = self[name](x, n_batch_axes=x.ndim - 1)
        return F.swapaxes(F.reshape(y, shape=(*y.shape[:-1], self.n_heads, -1)), -2, -3)


class TransformerEncoderLayer(Chain):
    """Attention of a sequence to itself, then two linear layers at each place, each added to what went in.

    The children are `attention`, `norm1`, `linear1`, `linear2` and `norm2`. Normalisation comes before each part,
    x + part(norm(x)), which trains without a warm-up, or after it, norm(x + part(x)), as in the first transformers.

    Args:
        size: number of features at each place.
        n_heads: of the attention, a divisor of the size.
        hidden_size: between the linear layers; four times the size unless given.
        dropout: the probability of an element of each part's result, of the activations and of the attention's weights to be dropped.
        activation: between the linear layers.
        norm_first: normalise before each part, not after it.
        normalization: makes a link of a number of features.
        rotary: see MultiHeadAttention.
        nobias: no biases in the linear layers and in the attention.
        initialW: initial W of all of these: an initializer or a number.
        initial_bias: initial b of all, likewise.

    Raises:
        ValueError: a size is no positive integer, n_heads does not divide the size, or `dropout` is no probability.

    Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, https://arxiv.org/abs/1706.03762; R. Xiong et al., On Layer
    Normalization in the Transformer Architecture, ICML 2020, https://arxiv.org/abs/2002.04745.

    Example:
        >>> import numpy as np
        >>> layer = TransformerEncoderLayer(8, 2)
        >>> layer(np.ones((5, 7, 8), "float32")).shape
        (5, 7, 8)
    """

    def __init__(
        self,
        size: int,
        n_heads: int,
        hidden_size: int | None = None,
        dropout: float = 0.1,
        activation: Callable[[Any], Any] = gelu,
        norm_first: bool = True,
        normalization: Callable[[int], Link] = LayerNormalization,
        rotary: bool = False,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        (size,) = positive("TransformerEncoderLayer", size=size)
        check_ratio(dropout, "TransformerEncoderLayer")
        self.dropout = dropout
        self.activation = activation
        self.norm_first = norm_first
        hidden = 4 * size if hidden_size is None else hidden_size
        init = {"initialW": initialW, "initial_bias": initial_bias}
        with self.init_scope():
            self.attention = MultiHeadAttention(size, n_heads, dropout, nobias, rotary=rotary, **init)
            self.norm1 = normalization(size)
            self.linear1 = Linear(size, hidden, nobias, **init)
            self.linear2 = Linear(hidden, size, nobias, **init)
            self.norm2 = normalization(size)

    def forward(self, x: Array, mask: Array | None = None, causal: bool = False) -> Any:
        """`(*batch, length, size)` gives the same shape; mask and causal are those of MultiHeadAttention."""
        if self.norm_first:
            x = F.add(x, self._attended(self.norm1(x), mask, causal))
            return F.add(x, self._transformed(self.norm2(x)))
        x = self.norm1(F.add(x, self._attended(x, mask, causal)))
        return self.norm2(F.add(x, self._transformed(x)))

    def _attended(self, x: Array, mask: Array | None, causal: bool) -> Any:
        return dropout(self.attention(x, mask=mask, causal=causal), self.dropout)

    def _transformed(self, x: Array) -> Any:
        h = dropout(self.activation(self.linear1(x, n_batch_axes=x.ndim - 1)), self.dropout)
        return dropout(self.linear2(h, n_batch_axes=x.ndim - 1), self.dropout)
