"""Adding at indices: what undoes reading by index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._dispatch import array_namespace, device_of, to_device
from xparray._kernel import kernel
from xparray._typing import Array


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
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, np.ndarray | list) and np.asarray(k).dtype != bool for k in parts):
        np.add.at(y, key, g)
    else:
        y[key] = g
    return y


def _host_key(key: Any) -> Any:
    """The index with its arrays on the host."""
    if isinstance(key, tuple):
        return tuple(_host_key(k) for k in key)
    return to_device(key, "numpy") if hasattr(key, "dtype") else key
