"""Rows of a matrix by their numbers, and the sums that undo it."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, describe, to_device
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.elementary import dense, flat, floating
from xparray.kernels.indexing import add_rows, scatter_add
from xparray.kernels.rows import over_rows


@kernel
def embedding(t: Array, W: Array, *, ignore_label: int | None) -> Array:
    """The rows of W, `(n, size)`, whose numbers are `t`, integers of any shape; zeros where t is `ignore_label`.

    Raises:
        ValueError: an element of t is no row's number and not `ignore_label`.
    """
    counts, rows = _rows(t, W.shape, ignore_label)
    ns = array_namespace(W)
    y = ns.reshape(ns.take(W, xp.reshape(rows, (-1,)), axis=0), (*t.shape, W.shape[1]))
    return y if counts is None else ns.where(xp.expand_dims(counts, axis=-1), y, 0)


@embedding.on("host")
def _(t: Any, W: Any, *, ignore_label: int | None) -> Any:
    if not floating(W) or W.ndim != 2 or t.dtype.kind not in "iu":
        return NotImplemented
    numbers, ignored = flat(t.astype(np.int64, copy=False)), -1 if ignore_label is None else ignore_label
    if _any_wrong(numbers, len(W), ignored, ignore_label is not None):
        raise ValueError(_wrong_number(t, W.shape, ignore_label))
    y = empty((t.size, W.shape[1]), W.dtype)
    over_rows(_gather, y.size, numbers, dense(W), ignored, y)
    return y.reshape(*t.shape, W.shape[1])


@loop
def _gather(t: Any, W: Any, ignored: Any, y: Any, start: Any, stop: Any) -> None:
    for i in range(start, stop):
        out = y[i]
        if t[i] == ignored:
            for k in range(out.size):
                out[k] = 0
        else:
            row = W[t[i]]
            for k in range(out.size):
                out[k] = row[k]


@loop
def _any_wrong(t: Any, n: Any, ignored: Any, ignores: Any) -> Any:
    for i in range(t.size):
        if (t[i] < 0 or t[i] >= n) and not (ignores and t[i] == ignored):
            return True
    return False


@kernel
def embedding_grad(g: Array, t: Array, *, n: int, ignore_label: int | None) -> Array:
    """`(n, size)`: the rows of g, `(*t.shape, size)`, added up by their numbers t: the gradient of `embedding` in W.

    Rows are added in the order of t, also in threads, which take columns each.
    """
    shape = (n, g.shape[-1])
    counts, rows = _rows(t, shape, ignore_label)
    if counts is not None:
        g = array_namespace(g).where(xp.expand_dims(counts, axis=-1), g, 0)
    return scatter_add(g, key=rows, shape=shape)


@embedding_grad.on("host")
def _(g: Any, t: Any, *, n: int, ignore_label: int | None) -> Any:
    if not floating(g) or t.dtype.kind not in "iu" or g.shape[:-1] != t.shape:
        return NotImplemented
    numbers, ignored = flat(t.astype(np.int64, copy=False)), -1 if ignore_label is None else ignore_label
    if _any_wrong(numbers, n, ignored, ignore_label is not None):
        raise ValueError(_wrong_number(t, (n, g.shape[-1]), ignore_label))
    gW = np.zeros((n, g.shape[-1]), g.dtype)
    add_rows(dense(g).reshape(numbers.size, g.shape[-1]), numbers, gW, ignored)
    return gW


def _rows(t: Array, shape: tuple[int, ...], ignore_label: int | None) -> tuple[Array | None, Array]:
    """Which elements of t count, None for all; and t with 0 for those that do not."""
    counts = None if ignore_label is None else t != ignore_label
    rows = t if counts is None else xp.where(counts, t, xp.zeros_like(t))
    if bool(xp.any((rows < 0) | (rows >= shape[0]))):
        raise ValueError(_wrong_number(t, shape, ignore_label))
    return counts, rows


def _wrong_number(t: Array, shape: tuple[int, ...], ignore_label: int | None) -> str:
    numbers = np.asarray(to_device(t, "numpy"))
    index = np.argwhere(((numbers < 0) | (numbers >= shape[0])) & (numbers != ignore_label))[0]
    others = "" if ignore_label is None else f", or ignore_label={ignore_label} for zeros"
    return (
        f"embed_id: x[{', '.join(map(str, index))}] is {numbers[tuple(index)]}, W has {shape[0]} rows "
        f"({describe('x', [t])}, W: {tuple(shape)}); expected numbers from 0 to {shape[0] - 1}{others}"
    )
