"""Data made of random numbers, for examples and tests that need no network: points, small images, series."""

from __future__ import annotations

from typing import Any

import numpy as np

from catena.autograd import config
from catena.training.datasets._containers import TupleDataset

_SIDE = 16
SHAPES = ("disc", "square", "triangle", "cross")


def get_spirals(
    n: int = 1200, n_classes: int = 3, noise: float = 0.2, *, test_size: int = 300, seed: int = 0
) -> tuple[TupleDataset, TupleDataset]:
    """Points in the plane on arms of a spiral, `(2,)` each, labelled by arm: no line divides them.

    Args:
        n: number of examples, in both parts.
        n_classes: number of arms.
        noise: standard deviation of the angle, in radians.
        test_size: number of examples in the test part.
        seed: the same seed gives the same points, on every machine.

    Returns:
        Training and test part, points in `config.dtype` and labels int32.

    Raises:
        ValueError: not 0 < test_size < n, or `n_classes` is not positive.

    Example:
        >>> train, test = get_spirals()
        >>> len(train), len(test), train[0][0].shape
        (900, 300, (2,))
    """
    rng, labels = _start("get_spirals", n, n_classes, test_size, seed)
    radius = rng.uniform(0.05, 1.0, n)
    angle = 4.0 * radius + 2 * np.pi * labels / n_classes + noise * rng.standard_normal(n)
    return _parts(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels, test_size)


def get_shapes(
    n: int = 1200, noise: float = 0.1, *, test_size: int = 300, seed: int = 0
) -> tuple[TupleDataset, TupleDataset]:
    """Grey images `(1, 16, 16)` of a disc, a square, a triangle or a cross, anywhere and of any size, labelled 0 to 3.

    Args:
        n: number of examples, in both parts.
        noise: standard deviation of what is added to each pixel; shapes are 1 on 0.
        test_size: number of examples in the test part.
        seed: the same seed gives the same images, on every machine.

    Returns:
        Training and test part, images in `config.dtype` and labels int32.

    Raises:
        ValueError: not 0 < test_size < n.

    Example:
        >>> train, test = get_shapes()
        >>> x, t = train[0]
        >>> x.shape, int(t) in range(4)
        ((1, 16, 16), True)
    """
    rng, labels = _start("get_shapes", n, len(SHAPES), test_size, seed)
    size = rng.uniform(3.0, 6.0, (n, 1, 1))
    x, y = (np.arange(_SIDE) - rng.uniform(size, _SIDE - 1 - size) for _ in range(2))
    x, y = x / size, y.transpose(0, 2, 1) / size
    inside = np.stack(
        [
            x * x + y * y <= 1,
            np.maximum(abs(x), abs(y)) <= 0.85,
            (abs(y) <= 1) & (2 * abs(x) <= 1 + y),
            (np.minimum(abs(x), abs(y)) <= 0.3) & (np.maximum(abs(x), abs(y)) <= 1),
        ]
    )[labels, np.arange(n)]
    pixels = inside + noise * rng.standard_normal(inside.shape)
    return _parts(pixels[:, None], labels, test_size)


def get_waves(
    n: int = 1200, length: int = 32, noise: float = 0.05, *, test_size: int = 300, seed: int = 0
) -> tuple[TupleDataset, TupleDataset]:
    """Sums of two sines, `(length, 1)` each, with the same a step later as what to predict.

    Args:
        n: number of examples, in both parts.
        length: number of steps.
        noise: standard deviation of what is added to each value.
        test_size: number of examples in the test part.
        seed: the same seed gives the same series, on every machine.

    Returns:
        Training and test part, in `config.dtype`.

    Raises:
        ValueError: not 0 < test_size < n, or `length` is not positive.

    Example:
        >>> train, test = get_waves()
        >>> x, t = train[0]
        >>> x.shape, bool((x[1:] == t[:-1]).all())
        ((32, 1), True)
    """
    rng, _ = _start("get_waves", n, 1, test_size, seed)
    if length < 1:
        raise ValueError(f"get_waves: length is {length}; expected a positive number of steps")
    frequency, phase = rng.uniform(0.1, 0.6, (n, 2, 1)), rng.uniform(0.0, 2 * np.pi, (n, 2, 1))
    series = np.sin(frequency * np.arange(length + 1) + phase).mean(axis=1)
    series = (series + noise * rng.standard_normal(series.shape)).astype(config.dtype)[..., None]
    x, t = series[:, :-1], series[:, 1:]
    return TupleDataset(x[:-test_size], t[:-test_size]), TupleDataset(x[-test_size:], t[-test_size:])


def _start(
    function: str, n: int, n_classes: int, test_size: int, seed: int
) -> tuple[np.random.RandomState, np.ndarray[Any, Any]]:
    if not 0 < test_size < n:
        raise ValueError(f"{function}: test_size is {test_size}; expected 0 < test_size < {n}, the number of examples")
    if n_classes < 1:
        raise ValueError(f"{function}: n_classes is {n_classes}; expected a positive number")
    # RandomState's streams are frozen for ever.
    rng = np.random.RandomState(seed)
    return rng, rng.randint(0, n_classes, n)


def _parts(x: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], test_size: int) -> tuple[TupleDataset, TupleDataset]:
    x, t = x.astype(config.dtype), labels.astype(np.int32)
    return TupleDataset(x[:-test_size], t[:-test_size]), TupleDataset(x[-test_size:], t[-test_size:])
