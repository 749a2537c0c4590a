"""How well predictions fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._kernel import kernel, loop
from xparray._typing import Array
from xparray.kernels.elementary import floating
from xparray.kernels.rows import as_rows


@kernel
def accuracy(y: Array, t: Array, *, ignore_label: int | None) -> Array:
    """The share of labels `t`, `(n, ...)`, that are the index of the first greatest score in `y`, `(n, n_class, ...)`."""
    hits = xp.argmax(y, axis=1) == t
    count = math.prod(t.shape)
    if ignore_label is not None:
        counts = t != ignore_label
        hits = hits & counts
        count = int(xp.sum(xp.astype(counts, t.dtype)))
    return xp.sum(xp.astype(hits, y.dtype)) / max(1, count)


@accuracy.on("host")
def _(y: Any, t: Any, *, ignore_label: int | None) -> Any:
    if not floating(y) or not y.size or t.shape != y.shape[:1] + y.shape[2:]:
        return NotImplemented
    labels = t.astype(np.int64).reshape(-1)
    ignored = -1 if ignore_label is None else ignore_label
    hits, count = _hits(as_rows(y, 1), labels, ignored, ignore_label is not None)
    return np.array(hits / max(1, count), y.dtype)


@loop
def _hits(y: Any, t: Any, ignored: Any, ignores: Any) -> Any:
    hits = 0
    count = 0
    for i in range(t.size):
        if ignores and t[i] == ignored:
            continue
        count += 1
        best = 0
        for k in range(y.shape[1]):
            if y[i, k] > y[i, best] or y[i, k] != y[i, k]:
                best = k
                if y[i, k] != y[i, k]:
                    break
        hits += best == t[i]
    return hits, count
