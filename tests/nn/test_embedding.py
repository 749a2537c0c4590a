"""Vectors by their numbers, and the link that learns them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable

W34 = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("t", [np.array([2, 0, 2]), np.array([[0], [1]]), np.array(1), np.zeros((0, 2), int)])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_rows(t: Any, dtype: str) -> None:
    np.testing.assert_array_equal(F.embed_id(t.astype(dtype), W34), W34[t])


def test_gradients_of_a_row_used_twice_add_up_and_ignored_ones_have_none() -> None:
    W = Variable(W34)
    y = F.embed_id(np.array([2, -1, 2, 0]), W, ignore_label=-1)
    assert y.array[1].tolist() == [0.0] * 4
    g = np.arange(16.0).reshape(4, 4)
    y.backward(grad=g)
    np.testing.assert_array_equal(W.grad, [g[3], np.zeros(4), g[0] + g[2]])


def test_a_row_may_be_ignored() -> None:
    assert F.embed_id(np.array([0, 1]), W34, ignore_label=0).tolist() == [[0.0] * 4, W34[1].tolist()]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.embed_id(np.array([0, 3]), W34), ValueError,
         "embed_id: x[1] is 3, W has 3 rows (x: (2,) int64, W: (3, 4)); expected numbers from 0 to 2"),
        (lambda: F.embed_id(np.array([[0, -2]]), W34, ignore_label=-1), ValueError,
         "embed_id: x[0, 1] is -2, W has 3 rows (x: (1, 2) int64, W: (3, 4)); expected numbers from 0 to 2, or ignore_label=-1 for zeros"),
        (lambda: F.embed_id(np.ones(2), W34), TypeError,
         'embed_id: x is float64, expected integers (x: (2,) float64, W: (3, 4) float64); convert it with xp.astype(x, "int64")'),
        (lambda: F.embed_id(np.array([0]), W34[0]), ValueError,
         "embed_id: W has 1 axes, expected two, (n_id, size) (x: (1,) int64, W: (4,) float64); reshape W"),
        (lambda: F.embed_id([0], W34), TypeError, "embed_id: x is [0] (list), expected an array; pass xp.asarray(x)"),
        (lambda: L.EmbedID(0, 4), ValueError, "EmbedID: in_size is 0; expected a positive integer"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value) == text


def test_link() -> None:
    xp.random.seed(0)
    embed = L.EmbedID(300, 40, ignore_label=-1)
    assert [(name, p.shape, str(p.dtype)) for name, p in embed.namedparams()] == [("/W", (300, 40), "float32")]
    assert embed.W.array.std() == pytest.approx(1, rel=0.02)
    t = np.array([[3, -1], [299, 0]])
    y = embed(t)
    np.testing.assert_array_equal(y.array, np.where(t[..., None] < 0, 0, embed.W.array[t]))
    np.testing.assert_array_equal(L.EmbedID.from_params(W34).W.array, W34)
    assert L.EmbedID(2, 3, initialW=5).W.array.tolist() == [[5.0] * 3] * 2
