"""Functions that move elements: shapes, axes, joining, indexing; and products along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xparray._standard._declare import of_all, of_one, of_one_with, of_sequence, of_two, of_two_with
from xparray._standard._reduction import Axes
from xparray._typing import Array

__all__ = [
    "broadcast_arrays", "broadcast_shapes", "broadcast_to", "concat", "expand_dims", "flip", "matmul", "matrix_transpose", "moveaxis",
    "permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "take", "take_along_axis", "tensordot", "tile", "unstack",
    "vecdot",
]  # fmt: skip

# The signatures.


def _broadcast_arrays(*arrays: Array) -> Any: ...
def _broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Array: ...
def _concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array: ...
def _at_axis(x: Array, /, axis: int | tuple[int, ...]) -> Array: ...
def _along(x: Array, /, *, axis: Axes = None) -> Array: ...
def _moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Array: ...
def _permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array: ...
def _repeat(x: Array, repeats: int | Array, /, *, axis: int | None = None) -> Array: ...
def _reshape(x: Array, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Array: ...
def _roll(x: Array, /, shift: int | tuple[int, ...], *, axis: Axes = None) -> Array: ...
def _stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array: ...
def _take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array: ...
def _take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array: ...
def _tensordot(x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Array: ...
def _tile(x: Array, repetitions: tuple[int, ...], /) -> Array: ...
def _unstack(x: Array, /, *, axis: int = 0) -> Any: ...
def _vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array: ...


# Shapes and axes
broadcast_arrays = of_all(_broadcast_arrays, "broadcast_arrays", "The arrays repeated, without copies, to one shape.")
broadcast_to = of_one_with(_broadcast_to, "broadcast_to", "`x` repeated, without a copy, to the given shape.")
concat = of_sequence(
    _concat, "concat", "The arrays joined along the existing axis `axis`; flattened first if it is None."
)
expand_dims = of_one_with(_at_axis, "expand_dims", "`x` with a new axis of length one at `axis`, or several.")
flip = of_one_with(_along, "flip", "`x` with the order of its elements along `axis` reversed.")
matrix_transpose = of_one("matrix_transpose", "`x` with its last two axes exchanged.")
moveaxis = of_one_with(_moveaxis, "moveaxis", "`x` with the axes `source` moved to the places `destination`.")
permute_dims = of_one_with(_permute_dims, "permute_dims", "`x` with its axes in the given order.")
reshape = of_one_with(_reshape, "reshape", "The elements of `x` in the given shape.")
roll = of_one_with(
    _roll, "roll", "`x` with its elements moved along `axis`, those that fall off coming back at the other end."
)
squeeze = of_one_with(_at_axis, "squeeze", "`x` without the axes `axis`, each of length one.")
stack = of_sequence(_stack, "stack", "The arrays joined along a new axis `axis`.")
repeat = of_two_with(
    _repeat,
    "repeat",
    "`x` with each element, or each part along `axis`, repeated as often as `repeats` says: once for all, or one by one.",
)
tile = of_one_with(_tile, "tile", "`x` repeated as a whole, as many times along each axis as `repetitions` says.")
unstack = of_one_with(_unstack, "unstack", "The parts of `x` along `axis`, a tuple of arrays without that axis.")

# Indexing
take = of_two_with(_take, "take", "The elements of `x` at `indices` along `axis`.")
take_along_axis = of_two_with(
    _take_along_axis, "take_along_axis", "The elements of `x` at `indices` along `axis`, line by line."
)

# Products
matmul = of_two("matmul", "Matrix product of the last two axes, broadcast over the others.")
tensordot = of_two_with(_tensordot, "tensordot", "Sum of products over the given axes of both arrays.")
vecdot = of_two_with(_vecdot, "vecdot", "Sum of the products of `x1`, conjugated, and `x2` along `axis`.")


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which arrays of the given shapes broadcast.

    Raises:
        ValueError: there is none.

    Example:
        >>> broadcast_shapes((2, 1), (3,))
        (2, 3)
    """
    return np.broadcast_shapes(*shapes)
