"""Handwritten digits that need no network: the scans that scikit-learn brings."""

from __future__ import annotations

from typing import Any

import numpy as np

from catena.autograd import config
from catena.training.datasets._containers import TupleDataset, seeded_permutation

_SHAPES = {1: (64,), 2: (8, 8), 3: (1, 8, 8)}
_WHITE = 16


def get_digits(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    *,
    test_size: int = 360,
) -> tuple[Any, Any]:
    """The 1,797 real scans of handwritten digits of scikit-learn, 8 x 8 pixels each, in a training and a test part.

    The parts are a random permutation that is the same on every machine. No network is used.

    Args:
        withlabel: whether examples are tuples of image and label, or images alone.
        ndim: 1 gives images `(64,)`, 2 gives `(8, 8)`, 3 gives `(1, 8, 8)`, channel first.
        scale: pixels run from 0 (paper) to `scale` (ink).
        dtype: of the images; `config.dtype` (float32) unless given.
        label_dtype: of the labels, integers from 0 to 9.
        test_size: number of examples in the test part; the other 1797 - `test_size` are for training.

    Returns:
        Training and test part: TupleDatasets, or arrays `(n, ...)` where `withlabel` is False.

    Raises:
        ValueError: `ndim` is not 1, 2 or 3, or not 0 < test_size < 1797.
        ImportError: scikit-learn is not installed.

    References:
        E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
        (https://doi.org/10.24432/C50P49).

    Example:
        >>> train, test = get_digits()
        >>> len(train), len(test)
        (1437, 360)
        >>> x, t = train[0]
        >>> x.shape, x.dtype, t.dtype
        ((64,), dtype('float32'), dtype('int32'))
    """
    if ndim not in _SHAPES:
        raise ValueError(f"get_digits: ndim is {ndim!r}; expected 1 for (64,), 2 for (8, 8) or 3 for (1, 8, 8)")
    try:
        from sklearn.datasets import load_digits
    except ImportError as e:
        raise ImportError(
            "get_digits: scikit-learn, which brings the scans, is not installed; pip install catena-training[digits]"
        ) from e
    pixels, labels = load_digits(return_X_y=True)
    n = len(pixels)
    if not 0 < test_size < n:
        raise ValueError(f"get_digits: test_size is {test_size}; expected 0 < test_size < {n}, the number of scans")
    order = seeded_permutation(n, seed=0)
    x = (pixels[order] * (scale / _WHITE)).astype(config.dtype if dtype is None else dtype).reshape(n, *_SHAPES[ndim])
    if not withlabel:
        return x[:-test_size], x[-test_size:]
    t = labels[order].astype(label_dtype)
    return TupleDataset(x[:-test_size], t[:-test_size]), TupleDataset(x[-test_size:], t[-test_size:])
