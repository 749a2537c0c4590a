"""Axes of loops over broadcast arrays: as few as the shapes allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# C-contiguous and aligned, in the numbering of ndarray.flags.num.
_READABLE = 0x0101


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops over the elements of arrays that are broadcast together.

    Attributes:
        shape: the common shape.
        sizes: the length of each loop's axis; axes of the shape that all arrays have, or that the same ones lack, are one loop.
        members: for each array, which of the loops' axes it has.
        reduced: whether each loop goes along axes that are reduced.
    """

    shape: tuple[int, ...]
    sizes: tuple[int, ...]
    members: tuple[tuple[bool, ...], ...]
    reduced: tuple[bool, ...]

    def fit(self, a: np.ndarray[Any, Any], members: tuple[bool, ...]) -> np.ndarray[Any, Any]:
        """`a` in the loops' axes, contiguous; one axis of length 1 where it has none of theirs."""
        if a.flags.num & _READABLE != _READABLE:
            a = np.require(a, requirements=("C", "A"))
        return a.reshape([n for n, has in zip(self.sizes, members, strict=True) if has] or 1)

    def fit_whole(self, a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A result of the common shape, which is contiguous, in the loops' axes."""
        return a.view(np.ndarray).reshape(self.sizes)

    def flat(self) -> Nest:
        """The same elements in one axis, for which arrays are repeated that have some of the axes only."""
        members = tuple((any(axes),) for axes in self.members)
        return _Flat(self.shape, (math.prod(self.sizes),), members, self.reduced[:1])


class _Flat(Nest):
    __slots__ = ()

    def fit(self, a: np.ndarray[Any, Any], members: tuple[bool, ...]) -> np.ndarray[Any, Any]:
        return Nest.fit(self, np.broadcast_to(a, self.shape) if members[0] and a.shape != self.shape else a, members)


def nest(shapes: Sequence[tuple[int, ...]], reduced: frozenset[int] = frozenset()) -> Nest:
    """The loops for arrays of these shapes.

    Args:
        shapes: of the arrays.
        reduced: axes of the common shape that stay apart from the others.

    Raises:
        ValueError: the shapes do not fit.
    """
    shape = np.broadcast_shapes(*shapes)
    sizes: list[int] = []
    kinds: list[tuple[bool, ...]] = []  # of each loop: which arrays have it, and whether it is reduced
    padded = [(1,) * (len(shape) - len(s)) + s for s in shapes]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        kind = (*(s[d] != 1 for s in padded), d in reduced)
        if kinds and kinds[-1] == kind:
            sizes[-1] *= n
        else:
            sizes.append(n)
            kinds.append(kind)
    if not sizes:
        sizes, kinds = [1], [(True,) * len(shapes) + (bool(reduced),)]
    members = tuple(zip(*(kind[:-1] for kind in kinds), strict=True))
    return Nest(shape, tuple(sizes), members, tuple(kind[-1] for kind in kinds))
