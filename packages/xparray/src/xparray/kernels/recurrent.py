"""The cells of recurrent networks between the matrix products: gates, candidates and new states in one pass, forward and backward.

The gradients compute the activations anew from what the forward was given, which costs less than to keep them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._typing import Array
from xparray.kernels.activation import sigmoid
from xparray.kernels.elementary import alike, dense, tanh
from xparray.kernels.elementary import sigmoid as sigmoid_of
from xparray.kernels.rows import over_rows

# ------------------------------------------------------------------------------------------------------ LSTM
#
# c: the cell's state, (n, size). x: what goes into the four gates, (n, 4 size): for `interleaved` the candidate a, the input gate i,
# the forget gate f and the output gate o of one unit stand side by side; else all units' i, then their f, a and o.
# y: what is added to x, of its shape, or None: the product with the input and the product with the hidden state.


# Where a loop keeps what comes as i, f, a and o: the three that take a sigmoid stand together.
PLACES = (0, 1, 3, 2)


@kernel
def lstm(c: Array, x: Array, y: Array | None, *, interleaved: bool) -> tuple[Array, Array]:
    """The new state c' = sigmoid(f) c + sigmoid(i) tanh(a) and the output sigmoid(o) tanh(c').

    Source: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997, with the forget gate of F. A. Gers,
    J. Schmidhuber, F. Cummins, Learning to Forget, Neural Computation 12(10), 2000.
    """
    ns = array_namespace(c, x)
    i, f, a, o = _gates(ns, x if y is None else x + y, interleaved)
    new = f * c + i * a
    return new, o * ns.tanh(new)


@lstm.on("host")
def _(c: Any, x: Any, y: Any, *, interleaved: bool) -> Any:
    if not _served(c, 4, x, y):
        return NotImplemented
    new, h = empty(c.shape, c.dtype), empty(c.shape, c.dtype)
    over_rows(_lstm, x.size, dense(x), dense(x if y is None else y), y is not None, dense(c), interleaved, new, h)
    return new, h


@loop
def _lstm(x: Any, y: Any, adds: Any, c: Any, interleaved: Any, new: Any, h: Any, start: Any, stop: Any) -> None:
    size = c.shape[1]
    gates = np.empty((4, size), x.dtype)
    i, f, o, a = gates[0], gates[1], gates[2], gates[3]
    for n in range(start, stop):
        _activate(x[n], y[n], adds, interleaved, gates)
        for k in range(size):
            new[n, k] = f[k] * c[n, k] + i[k] * a[k]
        for k in range(size):
            h[n, k] = o[k] * tanh(new[n, k])


@loop
def _activate(x: Any, y: Any, adds: Any, interleaved: Any, gates: Any) -> None:
    """The activations of one row: input gate, forget gate, output gate, candidate."""
    size = gates.shape[1]
    i, f, o, a = gates[0], gates[1], gates[2], gates[3]
    if interleaved:
        for k in range(size):
            a[k] = x[4 * k]
            i[k] = x[4 * k + 1]
            f[k] = x[4 * k + 2]
            o[k] = x[4 * k + 3]
        if adds:
            for k in range(size):
                a[k] += y[4 * k]
                i[k] += y[4 * k + 1]
                f[k] += y[4 * k + 2]
                o[k] += y[4 * k + 3]
    else:
        for j in range(4):
            part, first = gates[PLACES[j]], j * size
            for k in range(size):
                part[k] = x[first + k]
            if adds:
                for k in range(size):
                    part[k] += y[first + k]
    three = gates[:3].ravel()
    for k in range(three.size):
        three[k] = sigmoid_of(three[k])
    for k in range(size):
        a[k] = tanh(a[k])


@kernel
def lstm_grad(gc: Array, gh: Array, c: Array, x: Array, y: Array | None, *, interleaved: bool) -> tuple[Array, Array]:
    """The gradients of `lstm` in c and x, with `gc` and `gh` those of its results; the one in y is the one in x."""
    ns = array_namespace(gc, gh, c, x)
    i, f, a, o = _gates(ns, x if y is None else x + y, interleaved)
    t = ns.tanh(f * c + i * a)
    d = gc + gh * o * (1 - t * t)
    gi, gf, ga, go = d * a * i * (1 - i), d * c * f * (1 - f), d * i * (1 - a * a), gh * t * o * (1 - o)
    gates = ns.stack([ga, gi, gf, go], axis=2) if interleaved else ns.stack([gi, gf, ga, go], axis=1)
    return d * f, ns.reshape(gates, x.shape)


@lstm_grad.on("host")
def _(gc: Any, gh: Any, c: Any, x: Any, y: Any, *, interleaved: bool) -> Any:
    if not _served(c, 4, x, y) or not alike(gc, gh, c):
        return NotImplemented
    gx, before = empty(x.shape, x.dtype), empty(c.shape, c.dtype)
    states = dense(c), dense(gc), dense(gh)
    over_rows(
        _lstm_grad, x.size, dense(x), dense(x if y is None else y), y is not None, *states, interleaved, gx, before
    )
    return before, gx


@loop
def _lstm_grad(
    x: Any, y: Any, adds: Any, c: Any, gc: Any, gh: Any, interleaved: Any, gx: Any, before: Any, start: Any, stop: Any
) -> None:
    size = c.shape[1]
    one = x.dtype.type(1)
    gates, d = np.empty((4, size), x.dtype), np.empty(size, x.dtype)
    i, f, o, a = gates[0], gates[1], gates[2], gates[3]
    for n in range(start, stop):
        _activate(x[n], y[n], adds, interleaved, gates)
        for k in range(size):
            t = tanh(f[k] * c[n, k] + i[k] * a[k])
            e = gh[n, k] * o[k]
            d[k] = gc[n, k] + e * (one - t * t)
            o[k] = e * t * (one - o[k])
        for k in range(size):
            before[n, k] = d[k] * f[k]
        for k in range(size):
            f[k] = d[k] * c[n, k] * f[k] * (one - f[k])
        for k in range(size):
            e = d[k] * i[k]
            i[k] = e * a[k] * (one - i[k])
            a[k] = e * (one - a[k] * a[k])
        if interleaved:
            for k in range(size):
                gx[n, 4 * k] = a[k]
                gx[n, 4 * k + 1] = i[k]
                gx[n, 4 * k + 2] = f[k]
                gx[n, 4 * k + 3] = o[k]
        else:
            for j in range(4):
                part, out = gates[PLACES[j]], gx[n, j * size : (j + 1) * size]
                for k in range(size):
                    out[k] = part[k]


def _gates(ns: Any, x: Array, interleaved: bool) -> tuple[Array, Array, Array, Array]:
    n, size = x.shape[0], x.shape[1] // 4
    if interleaved:
        parts = ns.reshape(x, (n, size, 4))
        a, i, f, o = (parts[:, :, k] for k in range(4))
    else:
        parts = ns.reshape(x, (n, 4, size))
        i, f, a, o = (parts[:, k, :] for k in range(4))
    return sigmoid(i), sigmoid(f), ns.tanh(a), sigmoid(o)


# ------------------------------------------------------------------------------------------------------- GRU
#
# h: the hidden state, (n, size). x and y: the products of the input and of h with the weights, (n, 3 size): all units' reset
# gate r, then their update gate z and their candidate.


@kernel
def gru(h: Array, x: Array, y: Array) -> Array:
    """(1 - z) a + z h with r = sigmoid(x_r + y_r), z = sigmoid(x_z + y_z) and the candidate a = tanh(x_a + r y_a).

    Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP 2014,
    with the reset gate applied after the product, as in cuDNN.
    """
    ns = array_namespace(h, x, y)
    _, z, a, _ = _gru_parts(ns, x, y)
    return a + z * (h - a)


@gru.on("host")
def _(h: Any, x: Any, y: Any) -> Any:
    if not _served(h, 3, x, y):
        return NotImplemented
    new = empty(h.shape, h.dtype)
    over_rows(_gru, x.size, dense(x), dense(y), dense(h), new)
    return new


@loop
def _gru(x: Any, y: Any, h: Any, new: Any, start: Any, stop: Any) -> None:
    size = h.shape[1]
    r, z, a = np.empty(size, x.dtype), np.empty(size, x.dtype), np.empty(size, x.dtype)
    for n in range(start, stop):
        _activate_gru(x[n], y[n], r, z, a)
        for k in range(size):
            new[n, k] = a[k] + z[k] * (h[n, k] - a[k])


@loop
def _activate_gru(x: Any, y: Any, r: Any, z: Any, a: Any) -> None:
    size = r.size
    for k in range(size):
        r[k] = sigmoid_of(x[k] + y[k])
    for k in range(size):
        z[k] = sigmoid_of(x[size + k] + y[size + k])
    for k in range(size):
        a[k] = tanh(x[2 * size + k] + r[k] * y[2 * size + k])


@kernel
def gru_grad(g: Array, h: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """The gradients of `gru` in h, x and y."""
    ns = array_namespace(g, h, x, y)
    r, z, a, ya = _gru_parts(ns, x, y)
    ga = g * (1 - z) * (1 - a * a)
    gr, gz = ga * ya * r * (1 - r), g * (h - a) * z * (1 - z)
    gx, gy = ns.concat([gr, gz, ga], axis=1), ns.concat([gr, gz, ga * r], axis=1)
    return g * z, gx, gy


@gru_grad.on("host")
def _(g: Any, h: Any, x: Any, y: Any) -> Any:
    if not _served(h, 3, x, y) or not alike(g, h):
        return NotImplemented
    gx, gy, gh = empty(x.shape, x.dtype), empty(x.shape, x.dtype), empty(h.shape, h.dtype)
    over_rows(_gru_grad, x.size, dense(x), dense(y), dense(h), dense(g), gx, gy, gh)
    return gh, gx, gy


@loop
def _gru_grad(x: Any, y: Any, h: Any, g: Any, gx: Any, gy: Any, gh: Any, start: Any, stop: Any) -> None:
    size = h.shape[1]
    one = x.dtype.type(1)
    r, z, a = np.empty(size, x.dtype), np.empty(size, x.dtype), np.empty(size, x.dtype)
    for n in range(start, stop):
        _activate_gru(x[n], y[n], r, z, a)
        for k in range(size):
            gh[n, k] = g[n, k] * z[k]
        candidates, others = gx[n, 2 * size :], gy[n, 2 * size :]
        for k in range(size):
            candidates[k] = g[n, k] * (one - z[k]) * (one - a[k] * a[k])
        for k in range(size):
            others[k] = candidates[k] * r[k]
        for k in range(size):
            gx[n, k] = candidates[k] * y[n, 2 * size + k] * r[k] * (one - r[k])
        for k in range(size):
            gx[n, size + k] = g[n, k] * (h[n, k] - a[k]) * z[k] * (one - z[k])
        for k in range(2 * size):
            gy[n, k] = gx[n, k]


def _gru_parts(ns: Any, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    n, width = x.shape
    (xr, xz, xa), (yr, yz, ya) = ([ns.reshape(v, (n, 3, width // 3))[:, k, :] for k in range(3)] for v in (x, y))
    r = sigmoid(xr + yr)
    return r, sigmoid(xz + yz), ns.tanh(xa + r * ya), ya


def _served(state: Any, gates: int, x: Any, y: Any) -> bool:
    return bool(
        alike(x, x if y is None else y) and state.dtype == x.dtype and x.shape == (len(state), gates * state.shape[1])
    )
