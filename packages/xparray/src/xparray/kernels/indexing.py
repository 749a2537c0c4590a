"""Adding at indices: what undoes reading by index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, device_of, to_device
from xparray._kernel import jit_enabled, kernel, loop
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import dense, floating

# Columns that two threads add to are so many elements apart that they never share a line of the cache.
GRAIN = 32


@kernel
def scatter_add(g: Array, *, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of shape `shape` to which `g`, of the shape of `x[key]`, is added at `key`; elements indexed twice receive both.

    The reference chooses for each element those of `g` that belong there, and sums them: any library has what it takes.
    """
    n = math.prod(shape)
    places = np.asarray(np.reshape(np.arange(n), shape)[_host_key(key)])
    where = np.arange(n)[:, None] == np.reshape(places, (1, -1))
    ns = array_namespace(g)
    chosen = ns.where(xp.asarray(where, device=device_of(g)), ns.reshape(g, (1, -1)), 0)
    y = ns.reshape(ns.sum(chosen, axis=1), shape)
    return y if y.dtype == g.dtype else ns.astype(y, g.dtype)


@scatter_add.on("host", jit=False)
def _(g: Array, *, key: Any, shape: tuple[int, ...]) -> Array:
    y = np.zeros(shape, g.dtype)
    if isinstance(key, np.ndarray) and key.dtype.kind in "iu" and len(shape) == 2 and _serves(g, key, shape):
        rows = np.arange(shape[0])[
            key.reshape(-1)
        ]  # counts from the end what is negative, raises for what is too large
        add_rows(dense(g).reshape(-1, shape[1]), rows, y, -1)
        return y
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, np.ndarray | list) and np.asarray(k).dtype != bool for k in parts):
        np.add.at(y, key, g)
    else:
        y[key] = g
    return y


def _serves(g: Any, key: Any, shape: tuple[int, ...]) -> bool:
    return floating(g) and g.shape == (*key.shape, shape[1]) and jit_enabled()


def add_rows(g: Any, t: Any, y: Any, ignored: int) -> None:
    """Add row i of `g` to row t[i] of `y`, in the order of i, but where t[i] is `ignored`; threads take columns each."""
    columns = y.shape[1]
    if g.size < LEAST:
        _add_rows(g, t, y, ignored, 0, columns)
    else:
        share(_add_rows, columns, g, t, y, ignored, least=2 * GRAIN, grain=GRAIN)


@loop
def _add_rows(g: Any, t: Any, y: Any, ignored: Any, start: Any, stop: Any) -> None:
    for i in range(t.size):
        if t[i] != ignored:
            row, out = g[i, start:stop], y[t[i], start:stop]
            for k in range(row.size):
                out[k] += row[k]


def _host_key(key: Any) -> Any:
    """The index with its arrays on the host."""
    if isinstance(key, tuple):
        return tuple(_host_key(k) for k in key)
    return to_device(key, "numpy") if hasattr(key, "dtype") else key
