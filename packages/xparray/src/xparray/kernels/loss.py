"""Losses and their gradients, without an array in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, describe, device_of, to_device
from xparray._kernel import kernel, loop
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, exp, floating, log
from xparray.kernels.softmax import as_rows, at_rank, from_rows, log_softmax, rank, softmax

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
    if not _served(x, w):
        return NotImplemented
    losses = np.empty(t.size, x.dtype)
    total, count = _cross_entropy(as_rows(x, 1), _indices(t), _weights(x, w), ignore_label, losses)
    if count < 0:
        raise ValueError(_wrong_label(x, t, ignore_label))
    if not mean:
        return losses.reshape(t.shape)
    return np.array(total / max(1, count if normalize else len(x)), x.dtype)


@loop(reassociate=True)
def _cross_entropy(x: Any, t: Any, w: Any, ignored: Any, losses: Any) -> Any:
    rows, n = x.shape
    block = max(1, 2048 // n)
    powers = np.empty((block, n), x.dtype)
    flat = powers.ravel()
    for start in range(0, rows, block):
        stop = min(rows, start + block)
        for i in range(start, stop):
            top = rank(x[i, 0])
            for k in range(n):
                top = max(top, rank(x[i, k]))
            greatest = at_rank(top)
            for k in range(n):
                powers[i - start, k] = x[i, k] - greatest
            if t[i] != ignored:
                if t[i] < 0 or t[i] >= n:
                    return 0.0, -1
                losses[i] = greatest - x[i, t[i]]
        for j in range((stop - start) * n):
            flat[j] = exp(flat[j])
        for i in range(start, stop):
            total = x.dtype.type(0)
            for k in range(n):
                total += powers[i - start, k]
            losses[i] += log(total)
    sum_of_losses = 0.0
    count = 0
    for i in range(rows):
        if t[i] == ignored:
            losses[i] = 0
        else:
            if w.size:
                losses[i] *= w[t[i]]
            sum_of_losses += losses[i]
            count += 1
    return sum_of_losses, count


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
    if not _served(x, w) or g.dtype != x.dtype:
        return NotImplemented
    rows = as_rows(x, 1)
    gx = np.empty(rows.shape, x.dtype)
    # The divisor 0 stands for the number of labels that count.
    divisor = 1 if not mean else 0 if normalize else len(x)
    _cross_entropy_grad(dense(g).reshape(-1), rows, _indices(t), _weights(x, w), ignore_label, divisor, gx)
    return from_rows(gx, x.shape, 1)


@loop(reassociate=True)
def _cross_entropy_grad(g: Any, x: Any, t: Any, w: Any, ignored: Any, divisor: Any, gx: Any) -> None:
    rows, n = x.shape
    if divisor == 0:
        for i in range(rows):
            divisor += t[i] != ignored
        divisor = max(1, divisor)
    flat = gx.ravel()
    block = max(1, 2048 // n)
    for start in range(0, rows, block):
        stop = min(rows, start + block)
        for i in range(start, stop):
            top = rank(x[i, 0])
            for k in range(n):
                top = max(top, rank(x[i, k]))
            greatest = at_rank(top)
            for k in range(n):
                gx[i, k] = x[i, k] - greatest
        part = flat[start * n : stop * n]
        for j in range(part.size):
            part[j] = exp(part[j])
        for i in range(start, stop):
            if t[i] == ignored:
                for k in range(n):
                    gx[i, k] = 0
                continue
            scale = x.dtype.type((g[i] if g.size == rows else g[0]) / divisor)
            if w.size:
                scale *= w[t[i]]
            total = x.dtype.type(0)
            for k in range(n):
                total += gx[i, k]
            total = scale / total
            for k in range(n):
                gx[i, k] *= total
            gx[i, t[i]] -= scale


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
        weight = weight * xp.reshape(xp.take(w, classes_of_all, axis=0), t.shape)
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


def _served(x: Any, w: Any) -> bool:
    return bool(floating(x) and x.size and (w is None or w.dtype == x.dtype))


def _indices(t: Any) -> Any:
    return dense(t.astype(np.int64, copy=False)).reshape(-1)


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
    return np.array(_sum_of_squares(dense(x0).reshape(-1), dense(x1).reshape(-1)) / x0.size, x0.dtype)


@loop(reassociate=True)
def _sum_of_squares(x0: Any, x1: Any) -> Any:
    total = 0.0
    for start in range(0, x0.size, 4096):  # a sum in single precision is kept short
        a, b = x0[start : start + 4096], x1[start : start + 4096]
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
    gx = np.empty(x0.shape, x0.dtype)
    _scaled_difference(dense(g).reshape(-1), dense(x0).reshape(-1), dense(x1).reshape(-1), gx.reshape(-1))
    return gx


@loop
def _scaled_difference(g: Any, x0: Any, x1: Any, gx: Any) -> None:
    scale = g.dtype.type(g[0] * 2 / gx.size)
    for i in range(gx.size):
        gx[i] = (x0[i] - x1[i]) * scale
