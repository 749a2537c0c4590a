"""Attention and positions against their definitions written out, and the errors that bad input gets."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable, using_config

F4 = "float32"


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def written_out(q: Any, k: Any, v: Any, seen: Any, scale: float) -> Any:
    """Attention of one sequence, query by query."""
    y = np.zeros((len(q), v.shape[1]))
    for i in range(len(q)):
        if seen[i].any():
            w = np.exp(q[i] @ k[seen[i]].T * scale)
            y[i] = w / w.sum() @ v[seen[i]]
    return y


Q, K, V = numbers(4, 3), numbers(1, 6, 3)[0], numbers(1, 1, 6, 2)[0, 0]
SEEN = numbers(1, 1, 1, 4, 6)[0, 0, 0] > -0.3
SEEN[1] = False


def test_attention() -> None:
    everything = np.ones((4, 6), bool)
    earlier = np.tri(4, 6, 2, dtype=bool)  # the four queries are the last ones
    for options, seen in [
        ({}, everything),
        ({"causal": True}, earlier),
        ({"mask": SEEN}, SEEN),
        ({"mask": SEEN[0]}, np.broadcast_to(SEEN[0], (4, 6))),
        ({"mask": SEEN, "causal": True}, SEEN & earlier),
    ]:
        expected = written_out(Q, K, V, seen, 3**-0.5)
        np.testing.assert_allclose(F.scaled_dot_product_attention(Q, K, V, **options), expected, rtol=1e-10)
    np.testing.assert_allclose(
        F.scaled_dot_product_attention(Q, K, V, scale=2.0), written_out(Q, K, V, everything, 2.0), rtol=1e-10
    )


def test_a_query_that_sees_nothing_has_gradients_of_0() -> None:
    for dtype in ("float16", F4, "float64"):
        q, k, v = (Variable(x.astype(dtype)) for x in (Q, K, V))
        y = F.scaled_dot_product_attention(q, k, v, SEEN)
        F.sum(y * y).backward()
        assert not y.array[1].any()
        assert not q.grad[1].any()
        assert all(np.isfinite(x.grad).all() for x in (q, k, v))


def test_one_query_at_a_time_gives_what_all_give() -> None:
    # As text is written: each new query sees the keys up to its own.
    whole = F.scaled_dot_product_attention(K, K, V, causal=True)
    for i in range(6):
        row = F.scaled_dot_product_attention(K[i : i + 1], K[: i + 1], V[: i + 1], causal=True)
        np.testing.assert_allclose(row[0], whole[i], rtol=1e-10)


def test_dropout_of_weights_keeps_the_mean() -> None:
    xp.random.seed(0)
    ones = np.ones((1, 4000, 1))
    y = F.scaled_dot_product_attention(ones, ones, ones, dropout=0.5)
    assert y.std() > 0.005
    assert abs(y.mean() - 1) < 0.01
    with using_config("train", False):
        np.testing.assert_allclose(F.scaled_dot_product_attention(ones, ones, ones, dropout=0.5), ones)


# ------------------------------------------------------------------------------------------------------- positions


@pytest.mark.parametrize("interleaved", [True, False])
def test_rotary_embedding(interleaved: bool) -> None:
    x = numbers(2, 5, 6)
    pairs = x.reshape(2, 5, 3, 2) if interleaved else x.reshape(2, 5, 2, 3).swapaxes(2, 3)
    turns = np.exp(1j * np.arange(5)[:, None] * 100 ** (-np.arange(3) / 3))
    z = (pairs[..., 0] + 1j * pairs[..., 1]) * turns
    expected = np.stack([z.real, z.imag], -1)
    expected = expected.reshape(x.shape) if interleaved else expected.swapaxes(2, 3).reshape(x.shape)
    np.testing.assert_allclose(F.rotary_embedding(x, base=100, interleaved=interleaved), expected, rtol=1e-10)
    np.testing.assert_allclose(
        F.rotary_embedding(x[:, 3:], np.array([3, 4]), 100, interleaved), expected[:, 3:], rtol=1e-10
    )


def test_products_of_turned_rows_tell_their_distance_only() -> None:
    row = np.broadcast_to(numbers(8), (2000, 8)).astype(F4)
    turned = F.rotary_embedding(row)
    near, far = turned[3] @ turned[10], turned[1990] @ turned[1997]
    assert float(near) == pytest.approx(float(far), abs=1e-4)
    assert turned.dtype == F4


@pytest.mark.parametrize("size", [6, 5])
def test_positional_encoding(size: int) -> None:
    x = numbers(2, 4, size)
    expected = x.copy()
    for p in range(4):
        for i in range(size):
            angle = (p + 7) / 10000 ** (i // 2 * 2 / size)
            expected[:, p, i] += np.sin(angle) if i % 2 == 0 else np.cos(angle)
    np.testing.assert_allclose(F.positional_encoding(x, start=7), expected, rtol=1e-10)


# ------------------------------------------------------------------------------------------------------- the links

X = numbers(2, 5, 8).astype(F4)
SIZES = {f"{name}/{p}": (8, 8)[: 2 if p == "W" else 1] for name in ("query", "key", "value", "out") for p in "Wb"}
LAYER = {f"attention/{name}": shape for name, shape in SIZES.items()}
LAYER |= {f"{norm}/{p}": (8,) for norm in ("norm1", "norm2") for p in ("gamma", "beta")}
LAYER |= {"linear1/W": (32, 8), "linear1/b": (32,), "linear2/W": (8, 32), "linear2/b": (8,)}


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda: L.MultiHeadAttention(8, 2), SIZES),
        (lambda: L.MultiHeadAttention(8, 4, nobias=True, rotary=True), {k: v for k, v in SIZES.items() if k[-1] == "W"}),
        (lambda: L.TransformerEncoderLayer(8, 2), LAYER),
        (lambda: L.TransformerEncoderLayer(8, 2, norm_first=False, normalization=L.RMSNorm),
         {k: v for k, v in LAYER.items() if "beta" not in k}),
    ],
)  # fmt: skip
def test_names_shapes_and_files(make: Any, shapes: Any, tmp_path: Any) -> None:
    link = make()
    assert {name[1:]: p.shape for name, p in link.namedparams()} == shapes
    with using_config("train", False):
        y = link(X)
        assert (y.shape, y.dtype) == (X.shape, F4)
        nn.serializers.save_npz(tmp_path / "a.npz", link)
        another = make()
        nn.serializers.load_npz(tmp_path / "a.npz", another)
        for other in (another, pickle.loads(pickle.dumps(link)), link.copy()):
            np.testing.assert_array_equal(other(X).array, y.array)


@pytest.mark.parametrize("rotary", [False, True])
def test_multi_head_attention_is_attention_of_each_head(rotary: bool) -> None:
    link = L.MultiHeadAttention(8, 2, rotary=rotary)
    q, k, v = (F.linear(X, link[name].W, link[name].b, 2).array for name in ("query", "key", "value"))
    parts = []
    for head in (slice(0, 4), slice(4, 8)):
        turned = [F.rotary_embedding(x[..., head]) if rotary else x[..., head] for x in (q, k)]
        parts.append(F.scaled_dot_product_attention(*turned, v[..., head], causal=True))
    expected = link.out(np.concatenate(parts, -1), n_batch_axes=2).array
    np.testing.assert_allclose(link(X, causal=True).array, expected, rtol=1e-4, atol=1e-5)


def test_masks_of_a_batch_of_a_head_and_of_all() -> None:
    link = L.MultiHeadAttention(8, 2)
    seen = np.ones((2, 5, 5), bool)
    seen[1, :, 3:] = False
    expected = np.stack([link(X[:1]).array[0], link(X[1:], X[1:, :3]).array[0]])
    for mask in (seen, seen[:, :1], np.broadcast_to(seen[:, None], (2, 2, 5, 5))):
        np.testing.assert_allclose(link(X, mask=mask).array, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(link(X[1], mask=seen[1]).array, expected[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        link(X, mask=np.tri(5, dtype=bool)).array, link(X, causal=True).array, rtol=1e-4, atol=1e-5
    )


def test_a_layer_learns_to_look_back() -> None:
    # Each row's answer is the row before it, which only attention can know.
    xp.random.seed(0)
    rng = np.random.default_rng(0)
    layer, head = L.TransformerEncoderLayer(16, 2, dropout=0.0, rotary=True), L.Linear(16, 4)
    table = rng.standard_normal((4, 16)).astype(F4)
    params = [*layer.params(), *head.params()]
    losses = []
    for _ in range(60):
        t = rng.integers(0, 4, (16, 8))
        y = head(layer(table[t], causal=True), n_batch_axes=2)
        loss = F.softmax_cross_entropy(F.reshape(y[:, 1:], shape=(-1, 4)), t[:, :-1].reshape(-1))
        for p in params:
            p.cleargrad()
        loss.backward()
        for p in params:
            p.array -= 0.3 * p.grad
            p.mark_updated()
        losses.append(float(loss.array))
    assert losses[0] > 1.2
    assert losses[-1] < 0.7


# ------------------------------------------------------------------------------------------------------- bad input

LISTED = "query: (4, 3) float64, key: (6, 3) float64, value: (6, 2) float64"


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (ValueError, lambda: F.scaled_dot_product_attention(Q, V, V),
         "scaled_dot_product_attention: query, key and value do not fit together "
         "(query: (4, 3) float64, key: (6, 2) float64, value: (6, 2) float64); "
         "expected (*batch, n_query, size), (*batch, n_key, size) and (*batch, n_key, n_out)"),
        (ValueError, lambda: F.scaled_dot_product_attention(Q[0], K, V),
         "scaled_dot_product_attention: query, key and value have two axes or more, (*batch, n, size) "
         "(query: (3,) float64, key: (6, 3) float64, value: (6, 2) float64); reshape them"),
        (ValueError, lambda: F.scaled_dot_product_attention(np.ones((2, 4, 3)), np.ones((3, 6, 3)), V),
         "scaled_dot_product_attention: the batches of query, key and value do not broadcast "
         "(query: (2, 4, 3) float64, key: (3, 6, 3) float64, value: (6, 2) float64); give all the same"),
        (ValueError, lambda: F.scaled_dot_product_attention(K, Q, V[:4], causal=True),
         "scaled_dot_product_attention: causal is True with more queries than keys "
         "(query: (6, 3) float64, key: (4, 3) float64, value: (4, 2) float64); expected as many keys, or earlier ones beside them"),
        (TypeError, lambda: F.scaled_dot_product_attention(Q.astype(int), K, V),
         "scaled_dot_product_attention: query is int64, expected floating numbers "
         "(query: (4, 3) int64, key: (6, 3) float64, value: (6, 2) float64); "
         'convert it with F.astype(query, "float32")'),
        (ValueError, lambda: F.scaled_dot_product_attention(Q, K, V, SEEN.T),
         "scaled_dot_product_attention: mask has shape (6, 4), which does not broadcast to that of queries and keys, (4, 6); "
         "give it axes of length 1 for the others"),
        (TypeError, lambda: F.scaled_dot_product_attention(Q, K, V, SEEN.astype(int)),
         "scaled_dot_product_attention: mask is int64, expected booleans, or floating numbers to add; "
         'convert it with xp.astype(mask, "bool")'),
        (ValueError, lambda: F.rotary_embedding(Q),
         "rotary_embedding: x has an odd size (x: (4, 3) float64); expected pairs along its last axis"),
        (ValueError, lambda: F.rotary_embedding(V, np.arange(5)),
         "rotary_embedding: positions have shape (5,), which does not broadcast to (6,) (x: (6, 2) float64); give one for each row"),
        (ValueError, lambda: F.positional_encoding(Q[0]),
         "positional_encoding: x has 1 axes, expected at least two, (..., length, size) (x: (3,) float64); reshape x"),
        (ValueError, lambda: L.MultiHeadAttention(8, 3),
         "MultiHeadAttention: 3 heads do not divide a size of 8; give a divisor"),
        (ValueError, lambda: L.MultiHeadAttention(8, 2, 1.0),
         "MultiHeadAttention: ratio is 1.0; expected the probability of dropping an element, from 0 to below 1, such as 0.5"),
        (ValueError, lambda: L.MultiHeadAttention(8, 2)(X[0, 0]),
         "MultiHeadAttention: query has 1 axes, expected at least two, (*batch, length, size) (query: (8,) float32); reshape it"),
        (ValueError, lambda: L.TransformerEncoderLayer(0, 1),
         "TransformerEncoderLayer: size is 0; expected a positive integer"),
    ],
)  # fmt: skip
def test_bad_input(error: Any, call: Any, text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value) == text
