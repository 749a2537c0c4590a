"""Noise that regularises training."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import as_array, config
from catena.autograd import functions as F
from catena.nn.functions._checks import check_arrays
from xparray import Array
from xparray._dispatch import describe
from xparray.random import get_generator


def dropout(x: Array, ratio: float = 0.5, *, mask: Array | None = None, return_mask: bool = False) -> Any:
    """x with elements set to 0 at random, with probability `ratio`, the others divided by 1 - ratio; x itself outside of training.

    The mean of the result is x, so nothing needs to be scaled when `config.train` is False. The choice comes from the process's
    stream of random numbers (`xparray.random.seed`).

    Args:
        x: floating, of any shape.
        ratio: the probability of an element to be dropped, from 0 to below 1.
        mask: what to multiply x with instead of drawing it, of x's shape: 0 where an element is dropped, 1 / (1 - ratio) elsewhere.
        return_mask: return the pair of the result and the mask; the mask is None outside of training.

    Raises:
        TypeError: x is no array.
        ValueError: `ratio` is no such probability, or the mask has another shape.

    Source: N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15 (2014), with the scaling
    done in training ("inverted").

    Example:
        >>> import numpy as np
        >>> xp.random.seed(0)
        >>> y = dropout(np.ones(1000, "float32"), 0.25)
        >>> sorted({round(float(v), 4) for v in y}), bool(abs(y.mean() - 1) < 0.1)
        ([0.0, 1.3333], True)
    """
    check_ratio(ratio)
    if not config.train:
        return (x, None) if return_mask else x
    array = as_array(x)
    check_arrays("dropout", x=array)
    if mask is None:
        kept = get_generator().bernoulli(tuple(array.shape), 1 - ratio, device=xp.device_of(array))
        mask = xp.astype(kept, array.dtype) * (1 / (1 - ratio))
    elif tuple(mask.shape) != tuple(array.shape):
        raise ValueError(
            f"dropout: mask has shape {tuple(mask.shape)}, x has {tuple(array.shape)} ({describe(['x', 'mask'], [x, mask])}); "
            "give the mask that dropout returned for an x of this shape"
        )
    y = F.multiply(x, mask)
    return (y, mask) if return_mask else y


def check_ratio(ratio: float) -> None:
    """Raise ValueError unless `ratio` can be the ratio of `dropout`."""
    if not 0 <= ratio < 1:
        raise ValueError(
            f"dropout: ratio is {ratio}; expected the probability of dropping an element, from 0 to below 1, such as 0.5"
        )
