"""Softmax, its logarithm, the logarithm of its sum, and their cotangents.

Along the last axis loops go over rows. Along another one `x` is seen as `(outer, n, inner)`, and loops go over `COLUMNS` of the inner
axis at a time, so that memory is read as it lies.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from xparray._dispatch import array_namespace
from xparray._kernel import Loop, kernel, loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import alike, dense, exp, flat, floating, log
from xparray.kernels.rows import block_of, over_rows, powers, sum_of, sum_of_products

COLUMNS = 256

# -------------------------------------------------------------------------------------------------- softmax


@kernel
def softmax(x: Array, *, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, without overflow."""
    ns = array_namespace(x)
    e = ns.exp(x - ns.max(x, axis=axis, keepdims=True))
    return e / ns.sum(e, axis=axis, keepdims=True)


@softmax.on("host")
def _(x: Any, *, axis: int) -> Any:
    return _along(axis, _softmax, _softmax_columns, x)


@loop
def _softmax(x: Any, y: Any, start: Any, stop: Any) -> None:
    block = block_of(x.shape[1])
    greatest = np.empty(block, x.dtype)
    for first in range(start, stop, block):
        last = min(stop, first + block)
        part = y[first:last]
        powers(x[first:last], part, greatest)
        for i in range(last - first):
            factor = x.dtype.type(1 / sum_of(part[i]))
            for k in range(x.shape[1]):
                part[i, k] *= factor


@loop
def _softmax_columns(x: Any, y: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    greatest, totals = np.empty(COLUMNS, x.dtype), np.empty(COLUMNS, x.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(x, task)
        greatest_of_columns(x, i, first, last, greatest)
        powers_of_columns(x, i, first, last, greatest, y, totals)
        for j in range(last - first):
            totals[j] = x.dtype.type(1) / totals[j]
        for k in range(n):
            out = y[i, k, first:last]
            for j in range(out.size):
                out[j] *= totals[j]


@kernel
def softmax_grad(g: Array, y: Array, *, axis: int) -> Array:
    """y (g - sum(g y)) along `axis`, with `y` the result of softmax."""
    return y * (g - array_namespace(g, y).sum(g * y, axis=axis, keepdims=True))


@softmax_grad.on("host")
def _(g: Any, y: Any, *, axis: int) -> Any:
    return _along(axis, _softmax_grad, _softmax_grad_columns, g, y)


@loop
def _softmax_grad(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    g, y, gx = g[start:stop], y[start:stop], gx[start:stop]
    for i in range(g.shape[0]):
        total = g.dtype.type(sum_of_products(g[i], y[i]))
        for k in range(g.shape[1]):
            gx[i, k] = y[i, k] * (g[i, k] - total)


@loop
def _softmax_grad_columns(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    n = g.shape[1]
    totals = np.empty(COLUMNS, g.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(g, task)
        totals[:] = 0
        for k in range(n):
            row, other = g[i, k, first:last], y[i, k, first:last]
            for j in range(row.size):
                totals[j] += row[j] * other[j]
        for k in range(n):
            row, other, out = g[i, k, first:last], y[i, k, first:last], gx[i, k, first:last]
            for j in range(row.size):
                out[j] = other[j] * (row[j] - totals[j])


# ------------------------------------------------------------------------------------------------ logarithm


@kernel
def log_softmax(x: Array, *, axis: int) -> Array:
    """x - log(sum(exp(x))) along `axis`, without overflow."""
    ns = array_namespace(x)
    d = x - ns.max(x, axis=axis, keepdims=True)
    return d - ns.log(ns.sum(ns.exp(d), axis=axis, keepdims=True))


@log_softmax.on("host")
def _(x: Any, *, axis: int) -> Any:
    return _along(axis, _log_softmax, _log_softmax_columns, x)


@loop
def _log_softmax(x: Any, y: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    block = block_of(n)
    greatest = np.empty(block, x.dtype)
    part = np.empty((block, n), x.dtype)
    for first in range(start, stop, block):
        last = min(stop, first + block)
        powers(x[first:last], part[: last - first], greatest)
        for i in range(first, last):
            top = greatest[i - first]
            logarithm = log(x.dtype.type(sum_of(part[i - first])))
            for k in range(n):
                y[i, k] = x[i, k] - top - logarithm


@loop
def _log_softmax_columns(x: Any, y: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    greatest, totals = np.empty(COLUMNS, x.dtype), np.empty(COLUMNS, x.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(x, task)
        greatest_of_columns(x, i, first, last, greatest)
        sums_of_columns(x, i, first, last, greatest, totals)
        for j in range(COLUMNS):
            totals[j] = log(totals[j])
        for k in range(n):
            row, out = x[i, k, first:last], y[i, k, first:last]
            for j in range(out.size):
                out[j] = row[j] - greatest[j] - totals[j]


@kernel
def log_softmax_grad(g: Array, y: Array, *, axis: int) -> Array:
    """g - exp(y) sum(g) along `axis`, with `y` the result of log_softmax."""
    ns = array_namespace(g, y)
    return g - ns.exp(y) * ns.sum(g, axis=axis, keepdims=True)


@log_softmax_grad.on("host")
def _(g: Any, y: Any, *, axis: int) -> Any:
    return _along(axis, _log_softmax_grad, _log_softmax_grad_columns, g, y)


@loop
def _log_softmax_grad(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    g, y, gx = g[start:stop], y[start:stop], gx[start:stop]
    for i in range(g.shape[0]):
        total = g.dtype.type(sum_of(g[i]))
        for k in range(g.shape[1]):
            gx[i, k] = g[i, k] - exp(y[i, k]) * total


@loop
def _log_softmax_grad_columns(g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    n = g.shape[1]
    totals = np.empty(COLUMNS, g.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(g, task)
        totals[:] = 0
        for k in range(n):
            row = g[i, k, first:last]
            for j in range(row.size):
                totals[j] += row[j]
        for k in range(n):
            row, other, out = g[i, k, first:last], y[i, k, first:last], gx[i, k, first:last]
            for j in range(row.size):
                out[j] = row[j] - exp(other[j]) * totals[j]


# ------------------------------------------------------------------------------------------ logarithm of sums


@kernel
def logsumexp(x: Array, *, axis: int) -> Array:
    """log(sum(exp(x))) along `axis`, which the result lacks, without overflow."""
    ns = array_namespace(x)
    greatest = ns.max(x, axis=axis, keepdims=True)
    greatest = ns.where(ns.isfinite(greatest), greatest, 0)
    total = ns.sum(ns.exp(x - greatest), axis=axis, keepdims=True)
    return ns.squeeze(ns.log(total) + greatest, axis=axis)


@logsumexp.on("host")
def _(x: Any, *, axis: int) -> Any:
    if not floating(x) or not x.size:
        return NotImplemented
    outer, n, inner = around(x.shape, axis)
    y = empty((outer, inner), x.dtype)
    if inner == 1:
        over_rows(_logsumexp, x.size, dense(x).reshape(outer, n), y.reshape(-1))
    else:
        over_columns(_logsumexp_columns, dense(x).reshape(outer, n, inner), y)
    axis %= x.ndim
    return y.reshape(x.shape[:axis] + x.shape[axis + 1 :])


@loop
def _logsumexp(x: Any, y: Any, start: Any, stop: Any) -> None:
    n = x.shape[1]
    block = block_of(n)
    greatest = np.empty(block, x.dtype)
    part = np.empty((block, n), x.dtype)
    for first in range(start, stop, block):
        last = min(stop, first + block)
        powers(x[first:last], part[: last - first], greatest)
        for i in range(first, last):
            top = greatest[i - first]
            if abs(top) < np.inf:
                y[i] = log(x.dtype.type(sum_of(part[i - first]))) + top
            else:  # infinite, or NaN where the row has one
                y[i] = top
                for k in range(n):
                    y[i] = x[i, k] if np.isnan(x[i, k]) else y[i]


@loop
def _logsumexp_columns(x: Any, y: Any, start: Any, stop: Any) -> None:
    greatest, totals = np.empty(COLUMNS, x.dtype), np.empty(COLUMNS, x.dtype)
    for task in range(start, stop):
        i, first, last = columns_of(x, task)
        out = y[i, first:last]
        greatest_of_columns(x, i, first, last, greatest)
        for j in range(out.size):
            greatest[j] = greatest[j] if abs(greatest[j]) < np.inf else 0
        sums_of_columns(x, i, first, last, greatest, totals)
        for j in range(out.size):
            out[j] = log(totals[j]) + greatest[j]


@kernel
def logsumexp_grad(g: Array, x: Array, y: Array, *, axis: int) -> Array:
    """g exp(x - y) with `y` the result of logsumexp: its gradient in x."""
    ns = array_namespace(g, x, y)
    return ns.expand_dims(g, axis=axis) * ns.exp(x - ns.expand_dims(y, axis=axis))


@logsumexp_grad.on("host")
def _(g: Any, x: Any, y: Any, *, axis: int) -> Any:
    if not floating(x) or not x.size or not alike(g, y) or g.dtype != x.dtype:
        return NotImplemented
    outer, n, inner = around(x.shape, axis)
    gx = empty((outer, n, inner), x.dtype)
    over_rows(_logsumexp_grad, x.size, dense(x).reshape(gx.shape), *(flat(v).reshape(outer, inner) for v in (g, y)), gx)
    return gx.reshape(x.shape)


@loop
def _logsumexp_grad(x: Any, g: Any, y: Any, gx: Any, start: Any, stop: Any) -> None:
    x, g, y, gx = x[start:stop], g[start:stop], y[start:stop], gx[start:stop]
    for i in range(x.shape[0]):
        if x.shape[2] == 1:
            row, out = x[i].ravel(), gx[i].ravel()
            for k in range(row.size):
                out[k] = g[i, 0] * exp(row[k] - y[i, 0])
        else:
            for k in range(x.shape[1]):
                for j in range(x.shape[2]):
                    gx[i, k, j] = g[i, j] * exp(x[i, k, j] - y[i, j])


# ------------------------------------------------------------------------------------------------- columns


def _along(axis: int, rows: Loop, columns: Loop, *xs: Any) -> Any:
    """A new array like each of `xs`, which one of the loops fills: `rows` where `axis` is the last, else `columns`."""
    x = xs[0]
    if x.size == 0 or not alike(*xs):
        return NotImplemented
    y = empty(x.shape, x.dtype)
    if x.ndim == 2 and axis in (1, -1):
        over_rows(rows, x.size, *map(dense, xs), y)
        return y
    outer, n, inner = around(x.shape, axis)
    if inner == 1:
        over_rows(rows, x.size, *(dense(v).reshape(outer, n) for v in xs), y.reshape(outer, n))
    else:
        over_columns(columns, *(dense(v).reshape(outer, n, inner) for v in xs), y.reshape(outer, n, inner))
    return y


def around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """The number of elements before, along and after an axis."""
    axis = normalize_axis_index(axis, len(shape))
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


def over_columns(function: Loop, x: Any, *args: Any) -> None:
    """Call `function(x, *args, start, stop)` for all of the tasks that `columns_of` numbers, in threads where it pays."""
    tasks = len(x) * -(-x.shape[2] // COLUMNS)
    if x.size < LEAST:
        function(x, *args, 0, tasks)
    else:
        share(function, tasks, x, *args, least=1)


@loop
def columns_of(x: Any, task: Any) -> Any:
    """i, first and last of a task: it is about x[i, :, first:last]."""
    parts = (x.shape[2] + COLUMNS - 1) // COLUMNS
    first = task % parts * COLUMNS
    return task // parts, first, min(x.shape[2], first + COLUMNS)


@loop
def greatest_of_columns(x: Any, i: Any, first: Any, last: Any, greatest: Any) -> None:
    """The greatest of each column; where it has a NaN, NaN or any number."""
    row = x[i, 0, first:last]
    for j in range(row.size):
        greatest[j] = row[j]
    for k in range(1, x.shape[1]):
        row = x[i, k, first:last]
        for j in range(row.size):
            greatest[j] = row[j] if row[j] > greatest[j] else greatest[j]


@loop
def powers_of_columns(x: Any, i: Any, first: Any, last: Any, greatest: Any, y: Any, totals: Any) -> None:
    """Write exp(x - greatest) to `y`, and its sum over each column to `totals`."""
    totals[:] = 0
    for k in range(x.shape[1]):
        row, out = x[i, k, first:last], y[i, k, first:last]
        for j in range(out.size):
            out[j] = exp(row[j] - greatest[j])
        for j in range(out.size):
            totals[j] += out[j]


@loop
def sums_of_columns(x: Any, i: Any, first: Any, last: Any, greatest: Any, totals: Any) -> None:
    """The sum of exp(x - greatest) of each column."""
    totals[:] = 0
    for k in range(x.shape[1]):
        row = x[i, k, first:last]
        for j in range(row.size):
            totals[j] += exp(row[j] - greatest[j])
