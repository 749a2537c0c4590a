"""Noise that regularises training."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray import _standard as xp
from xparray._kernel import kernel, loop
from xparray._memory import empty
from xparray._threads import LEAST, share
from xparray._typing import Array
from xparray.kernels.elementary import flat, floating


@kernel
def dropout(x: Array, kept: Array, *, ratio: float) -> Array:
    """x / (1 - ratio) where the booleans `kept`, of the shape of x, are True, else 0 (NaN stays NaN); of a cotangent, the gradient.

    Source: N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15 (2014), with the scaling
    done in training.
    """
    return x * (xp.astype(kept, x.dtype) * (1 / (1 - ratio)))


@dropout.on("host")
def _(x: Any, kept: Any, *, ratio: float) -> Any:
    if not floating(x) or kept.dtype != np.bool_ or kept.shape != x.shape:
        return NotImplemented
    y = empty(x.shape, x.dtype)
    args = flat(x), flat(kept), x.dtype.type(1 / (1 - ratio)), y.reshape(-1)
    if y.size < LEAST:
        _dropout(*args, 0, y.size)
    else:
        share(_dropout, y.size, *args)
    return y


@loop
def _dropout(x: Any, kept: Any, scale: Any, y: Any, start: Any, stop: Any) -> None:
    x, kept, y = x[start:stop], kept[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = x[i] * (scale if kept[i] else x.dtype.type(0))
