"""Names that Chainer had in modules of single functions, links and optimizers alone, and that programs took from there.

`_paths` puts them where Chainer had them; what is not here stands in no public namespace of Chainer's either.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from catena.training.optimizers import exponential_decay_noise
from catena.training.optimizers._adam import AdamRule
from catena.training.optimizers._adaptive import AdaDeltaRule, AdaGradRule, RMSpropGravesRule, RMSpropRule, SMORMS3Rule
from catena.training.optimizers._gradient_descent import (
    CorrectedMomentumSGDRule,
    MomentumSGDRule,
    MSVAGRule,
    NesterovAGRule,
    SGDRule,
)

__all__ = [
    "AdaDeltaRule",
    "AdaGradRule",
    "AdamRule",
    "CorrectedMomentumSGDRule",
    "MSVAGRule",
    "MomentumSGDRule",
    "NesterovAGRule",
    "RMSpropGravesRule",
    "RMSpropRule",
    "SGDRule",
    "SMORMS3Rule",
    "argsort_list_descent",
    "as_mat",
    "as_tuple",
    "as_vec",
    "cached_property",
    "div",
    "empty_like",
    "exponential_decay_noise",
    "floordiv",
    "mul",
    "neg",
    "oversample",
    "permutate_list",
    "pow",
    "rdiv",
    "rfloordiv",
    "rpow",
    "rsub",
    "sub",
]

cached_property = functools.cached_property
empty_like = np.empty_like

# chainer.functions.math.basic_math: what the operators of a Variable call.
neg, sub, mul, div, floordiv, pow = (
    operator.neg, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.pow,
)  # fmt: skip


def rsub(x: Any, y: Any) -> Any:
    """y - x."""
    return y - x


def rdiv(x: Any, y: Any) -> Any:
    """y / x."""
    return y / x


def rfloordiv(x: Any, y: Any) -> Any:
    """y // x."""
    return y // x


def rpow(x: Any, y: Any) -> Any:
    """y to the power of x."""
    return y**x


def argsort_list_descent(lst: Sequence[Any]) -> Any:
    """The places of the sequences from the longest to the shortest, int32.

    Example:
        >>> argsort_list_descent(["a", "abc", "ab"])
        array([1, 2, 0], dtype=int32)
    """
    return np.argsort([-len(x) for x in lst], kind="stable").astype(np.int32)


def permutate_list(lst: Sequence[Any], indices: Any, inv: bool) -> list[Any]:
    """The elements in the order of `indices`; with `inv` back from there.

    Example:
        >>> permutate_list(["a", "b", "c"], [2, 0, 1], inv=False)
        ['c', 'a', 'b']
        >>> permutate_list(["c", "a", "b"], [2, 0, 1], inv=True)
        ['a', 'b', 'c']
    """
    order = np.argsort(indices) if inv else indices
    return [lst[i] for i in order]


def as_tuple(x: Any, n: int) -> tuple[Any, ...]:
    """A sequence of n as a tuple, a number n times.

    Example:
        >>> as_tuple(3, 2)
        (3, 3)
    """
    if not hasattr(x, "__getitem__"):
        return (x,) * n
    if len(x) != n:
        raise ValueError(f"as_tuple: x has {len(x)} elements, expected {n}, one for each axis")
    return tuple(x)


def as_vec(x: Any) -> Any:
    """The array with one axis."""
    return x.reshape(-1)


def as_mat(x: Any) -> Any:
    """The array with two axes, of which the first stays."""
    return x.reshape(len(x), -1)


def oversample(images: Sequence[Any], crop_dims: tuple[int, int]) -> Any:
    """Ten crops `(10 n, channels, height, width)` of n images: four corners, the centre, and the same five mirrored.

    Example:
        >>> oversample([np.zeros((3, 8, 8))], (4, 6)).shape
        (10, 3, 4, 6)
    """
    height, width = crop_dims
    crops = []
    for image in images:
        down, right = image.shape[1] - height, image.shape[2] - width
        corners = [(0, 0), (0, right), (down, 0), (down, right), (int(down / 2), int(right / 2))]
        five = [image[:, y : y + height, x : x + width] for y, x in corners]
        crops += [*five, *(crop[:, :, ::-1] for crop in five)]
    return np.stack(crops)
