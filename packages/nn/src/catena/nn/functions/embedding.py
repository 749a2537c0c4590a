"""Vectors for the members of a set, by their numbers."""

from __future__ import annotations

import math

from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.autograd._later import over_rows
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays
from xparray import Array
from xparray._dispatch import describe, dtype_name
from xparray.kernels import embedding as kernels


@op
def rows(t: Array, W: Array, *, ignore_label: int | None) -> Array:
    """The rows of W, `(n, size)`, whose numbers are t; zeros where t is `ignore_label`."""
    return kernels.embedding(t, W, ignore_label=ignore_label)


@op
def rows_summed(y: Array, t: Array, *, n: int, ignore_label: int | None) -> Array:
    """`(n, size)`: the rows of y, `(*t.shape, size)`, added up by their numbers t: the gradient of `rows` in W."""
    return kernels.embedding_grad(y, t, n=n, ignore_label=ignore_label)


rows.name = "embed_id"  # what errors and graphs call it
rows.vjps(W=lambda g, t, W_spec, ignore_label: _gradient_of_rows(g, t, W_spec.shape[0], ignore_label))
rows_summed.vjps(y=lambda g, t, ignore_label: rows(t, g, ignore_label=ignore_label))


def _gradient_of_rows(g: Array, t: Array, n: int, ignore_label: int | None) -> Array:
    count = math.prod(t.shape)
    g, t = F.reshape(g, shape=(count, g.shape[-1])), F.reshape(t, shape=(count,))
    return over_rows(rows_summed, g, t, n=n, ignore_label=ignore_label)


def embed_id(x: Array, W: Array, ignore_label: int | None = None) -> Array:
    """The rows of W whose numbers are x: a learned vector for each word, or other member of a set.

    Args:
        x: integers, of any shape.
        W: a vector for each number, `(n_id, size)`.
        ignore_label: a number whose vector is 0 and has no gradient; None for none.

    Returns:
        `(*x.shape, size)`.

    Raises:
        TypeError: x or W is no array, or x are no integers.
        ValueError: W is no matrix, or x has a number that is neither a row's nor `ignore_label`.

    Example:
        >>> import numpy as np
        >>> W = np.array([[0.0, 1.0], [2.0, 3.0]])
        >>> embed_id(np.array([1, -1, 0]), W, ignore_label=-1).tolist()
        [[2.0, 3.0], [0.0, 0.0], [0.0, 1.0]]
    """
    check_arrays("embed_id", x=x, W=W)
    if dtype_of(x).kind not in "iu":
        listed = describe(["x", "W"], [x, W])
        raise TypeError(
            f'embed_id: x is {dtype_name(x.dtype)}, expected integers ({listed}); convert it with xp.astype(x, "int64")'
        )
    if W.ndim != 2:
        listed = describe(["x", "W"], [x, W])
        raise ValueError(f"embed_id: W has {W.ndim} axes, expected two, (n_id, size) ({listed}); reshape W")
    return rows(as_array(x), W, ignore_label=ignore_label)
