"""Losses and their gradients, without an array in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, describe, device_of, to_device
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, flat, floating, log, mapped
from xparray.kernels.rows import PART, block_of, over_rows, powers, sum_of
from xparray.kernels.softmax import (
    COLUMNS,
    columns_of,
    greatest_of_columns,
    log_softmax,
    over_columns,
    powers_of_columns,
    softmax,
    sums_of_columns,
)

# ------------------------------------------------------------------------------------------- cross entropy
#
# x: scores, (n, n_class, ...). t: labels, (n, ...), integers. w: a weight for each class, (n_class,), or None.
# mean: one number, the sum of the losses over `normalize` ? the labels that count : n; else the losses, (n, ...).


@kernel
def softmax_cross_entropy(
    x: Array, t: Array, w: Array | None, *, ignore_label: int, normalize: bool, mean: bool
) -> Array:
    """-w[t] log(softmax(x)[t]), 0 where t is `ignore_label`; the mean over the labels that count, or each one's.

    Raises:
        ValueError: a label is no class and not `ignore_label`.
    """
    chosen, weight, divisor = _labels(x, t, w, ignore_label, normalize, mean)
    ns = array_namespace(x)
    losses = -ns.sum(ns.where(chosen, log_softmax(x, axis=1), 0), axis=1) * weight
    return ns.sum(losses) / divisor if mean else losses


@softmax_cross_entropy.on("host")
def _(x: Any, t: Any, w: Any, *, ignore_label: int, normalize: bool, mean: bool) -> Any:
    if not _served(x, t, w):
        return NotImplemented
    labels, losses = _indices(t), empty(t.shape, x.dtype)
    if x.ndim == 2:
        over_rows(_cross_entropy, x.size, dense(x), labels, _weights(x, w), ignore_label, losses)
    else:
        columns, (rows, n) = losses.reshape(len(x), -1), x.shape[:2]
        arrays = dense(x).reshape(rows, n, -1), labels.reshape(columns.shape)
        over_columns(_cross_entropy_columns, *arrays, _weights(x, w), ignore_label, columns)
    total, count = _total(losses.ravel(), labels, ignore_label, x.shape[1])
    if count < 0:
        raise ValueError(_wrong_label(x, t, ignore_label))
    return np.array(total / max(1, count if normalize else len(x)), x.dtype) if mean else losses


@loop
def _cross_entropy(x: Any, t: Any, w: Any, ignored: Any, losses: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    block = block_of(n)
    greatest = np.empty(block, x.dtype)
    part = np.empty((block, n), x.dtype)
    for first in range(start, stop, block):
        last = min(stop, first + block)
        powers(x[first:last], part[: last - first], greatest)
        for i in range(first, last):
            if t[i] == ignored or t[i] < 0 or t[i] >= n:
                losses[i] = 0
                continue
            losses[i] = greatest[i - first] - x[i, t[i]] + log(x.dtype.type(sum_of(part[i - first])))
            if w.size:
                losses[i] *= w[t[i]]


@loop
def _cross_entropy_columns(x: Any, t: Any, w: Any, ignored: Any, losses: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    greatest, totals = np.empty(COLUMNS, x.dtype), np.empty(COLUMNS, x.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(x, task)
        greatest_of_columns(x, i, first, last, greatest)
        sums_of_columns(x, i, first, last, greatest, totals)
        labels, out = t[i, first:last], losses[i, first:last]
        for j in range(out.size):
            if labels[j] == ignored or labels[j] < 0 or labels[j] >= n:
                out[j] = 0
                continue
            out[j] = greatest[j] - x[i, labels[j], first + j] + log(totals[j])
            if w.size:
                out[j] *= w[labels[j]]


@loop
def _total(losses: Any, t: Any, ignored: Any, n: Any) -> Any:
    """The sum of the losses, and the number of labels that count, -1 where one of them is no class."""
    return sum_of(losses), _count(t, ignored, n)


@loop
def _count(t: Any, ignored: Any, n: Any) -> Any:
    count = 0
    for i in range(t.size):
        if t[i] != ignored:
            if t[i] < 0 or t[i] >= n:
                return -1
            count += 1
    return count


@kernel
def softmax_cross_entropy_grad(
    g: Array, x: Array, t: Array, w: Array | None, *, ignore_label: int, normalize: bool, mean: bool
) -> Array:
    """(softmax(x) - one_hot(t)) w[t] g, 0 where t is `ignore_label`: the gradient of `softmax_cross_entropy` in x."""
    chosen, weight, divisor = _labels(x, t, w, ignore_label, normalize, mean)
    ns = array_namespace(g, x)
    used = xp.any(chosen, axis=1, keepdims=True)
    scale = (g / divisor if mean else ns.expand_dims(g, axis=1)) * xp.expand_dims(weight, axis=1)
    one_hot = xp.astype(chosen, x.dtype)
    return ns.where(used, (softmax(x, axis=1) - one_hot) * scale, 0)


@softmax_cross_entropy_grad.on("host")
def _(g: Any, x: Any, t: Any, w: Any, *, ignore_label: int, normalize: bool, mean: bool) -> Any:
    if not _served(x, t, w) or g.dtype != x.dtype or g.shape != (() if mean else t.shape):
        return NotImplemented
    labels = _indices(t)
    count = _count(labels, ignore_label, x.shape[1])
    if count < 0:
        raise ValueError(_wrong_label(x, t, ignore_label))
    divisor = max(1, count if normalize else len(x)) if mean else 1
    gx = empty(x.shape, x.dtype)
    if x.ndim == 2:
        over_rows(_cross_entropy_grad, x.size, dense(x), flat(g), labels, _weights(x, w), ignore_label, divisor, gx)
    else:
        rows, n = x.shape[:2]
        arrays = (
            dense(x).reshape(rows, n, -1),
            dense(g).reshape(rows if g.size > 1 else 1, -1),
            labels.reshape(rows, -1),
        )
        others = _weights(x, w), ignore_label, divisor, gx.reshape(rows, n, -1)
        over_columns(_cross_entropy_grad_columns, *arrays, *others)
    return gx


@loop
def _cross_entropy_grad(
    x: Any, g: Any, t: Any, w: Any, ignored: Any, divisor: Any, gx: Any, start: Any, stop: Any
) -> None:
    n = x.shape[1]
    block = block_of(n)
    greatest = np.empty(block, x.dtype)
    for first in range(start, stop, block):
        last = min(stop, first + block)
        powers(x[first:last], gx[first:last], greatest)
        for i in range(first, last):
            if t[i] == ignored:
                for k in range(n):
                    gx[i, k] = 0
                continue
            scale = x.dtype.type((g[i] if g.size > 1 else g[0]) / divisor)
            if w.size:
                scale *= w[t[i]]
            factor = scale / x.dtype.type(sum_of(gx[i]))
            for k in range(n):
                gx[i, k] *= factor
            gx[i, t[i]] -= scale


@loop
def _cross_entropy_grad_columns(
    x: Any, g: Any, t: Any, w: Any, ignored: Any, divisor: Any, gx: Any, start: Any, stop: Any
) -> None:
    n = x.shape[1]
    greatest, totals = np.empty(COLUMNS, x.dtype), np.empty(COLUMNS, x.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(x, task)
        greatest_of_columns(x, i, first, last, greatest)
        powers_of_columns(x, i, first, last, greatest, gx, totals)
        labels = t[i, first:last]
        for j in range(labels.size):
            scale = x.dtype.type((g[i, first + j] if g.size > 1 else g[0, 0]) / divisor)
            if w.size and labels[j] != ignored:
                scale *= w[labels[j]]
            greatest[j] = scale
            totals[j] = scale / totals[j]
        for k in range(n):
            out = gx[i, k, first:last]
            for j in range(out.size):
                out[j] *= totals[j]
        for j in range(labels.size):
            if labels[j] != ignored:
                gx[i, labels[j], first + j] -= greatest[j]
            else:
                for k in range(n):
                    gx[i, k, first + j] = 0


def _labels(
    x: Array, t: Array, w: Array | None, ignore_label: int, normalize: bool, mean: bool
) -> tuple[Array, Array, int]:
    """Where the class of each label is, in x's shape; each label's weight, 0 for one ignored; what to divide a sum by."""
    counts = t != ignore_label
    n_class = x.shape[1]
    if bool(xp.any(counts & ((t < 0) | (t >= n_class)))):
        raise ValueError(_wrong_label(x, t, ignore_label))
    classes = xp.reshape(xp.arange(n_class, dtype=t.dtype, device=device_of(t)), (1, n_class, *(1,) * (t.ndim - 1)))
    chosen = xp.expand_dims(counts, axis=1) & (xp.expand_dims(t, axis=1) == classes)
    weight = xp.astype(counts, x.dtype)
    if w is not None:
        classes_of_all = xp.reshape(xp.where(counts, t, xp.zeros_like(t)), (-1,))
        weight = xp.where(counts, xp.reshape(xp.take(w, classes_of_all, axis=0), t.shape), 0)
    return chosen, weight, max(1, int(xp.sum(xp.astype(counts, t.dtype))) if normalize else x.shape[0])


def _wrong_label(x: Array, t: Array, ignore_label: int) -> str:
    labels = np.asarray(to_device(t, "numpy"))
    n_class = x.shape[1]
    index = np.argwhere((labels != ignore_label) & ((labels < 0) | (labels >= n_class)))[0]
    label = labels[tuple(index)]
    return (
        f"softmax_cross_entropy: t[{', '.join(map(str, index))}] is {label}, x has {n_class} classes ({describe('xt', [x, t])}); "
        f"expected labels from 0 to {n_class - 1}, or ignore_label={ignore_label} for those not to count"
    )


def _served(x: Any, t: Any, w: Any) -> bool:
    return bool(
        floating(x)
        and x.size
        and t.shape == x.shape[:1] + x.shape[2:]
        and t.dtype.kind in "iu"
        and (w is None or (w.dtype == x.dtype and w.shape == x.shape[1:2]))
    )


_INTEGERS = (np.dtype(np.int32), np.dtype(np.int64))


def _indices(t: Any) -> Any:
    return flat(t if t.dtype in _INTEGERS else t.astype(np.int64))


def _weights(x: Any, w: Any) -> Any:
    return np.empty(0, x.dtype) if w is None else dense(w)


# ------------------------------------------------------------------------------------------- squared error


@kernel
def mean_squared_error(x0: Array, x1: Array) -> Array:
    """mean((x0 - x1)^2) over all elements of two arrays of one shape."""
    d = x0 - x1
    return array_namespace(d).mean(d * d)


@mean_squared_error.on("host")
def _(x0: Any, x1: Any) -> Any:
    if not alike(x0, x1) or not x0.size:
        return NotImplemented
    return np.array(_squared_distance(flat(x0), flat(x1)) / x0.size, x0.dtype)


@loop(reassociate=True)
def _squared_distance(x0: Any, x1: Any) -> Any:
    total = 0.0
    for start in range(0, x0.size, PART):
        a, b = x0[start : start + PART], x1[start : start + PART]
        part = x0.dtype.type(0)
        for i in range(a.size):
            part += (a[i] - b[i]) * (a[i] - b[i])
        total += part
    return total


@kernel
def mean_squared_error_grad(g: Array, x0: Array, x1: Array) -> Array:
    """2 g (x0 - x1) / n: the gradient of `mean_squared_error` in x0; with x0 and x1 exchanged, in x1."""
    return (x0 - x1) * (g * (2 / x0.size))


@mean_squared_error_grad.on("host")
def _(g: Any, x0: Any, x1: Any) -> Any:
    if not alike(x0, x1) or not x0.size or g.dtype != x0.dtype:
        return NotImplemented
    return mapped(_scaled_difference, x0, x1, numbers=(float(g) * 2 / x0.size,))


@loop
def _scaled_difference(x0: Any, x1: Any, gx: Any, scale: Any, start: Any, stop: Any) -> None:
    x0, x1, gx = x0[start:stop], x1[start:stop], gx[start:stop]
    for i in range(gx.size):
        gx[i] = (x0[i] - x1[i]) * scale
