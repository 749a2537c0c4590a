"""The graph: nodes that know their parents. Nothing points forward, so a graph dies with the last result that needs it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

from xparray import Array, Device

# Every node takes the next number, and again when its array is updated in place. A node's number is above those of its parents,
# so numbers in descending order are an order for backward; a parent with a higher number has changed since the node was recorded.
NEXT = itertools.count(1).__next__


class Differentiable(Protocol):
    """What a node's `op` gives to backward: an op, a pick of one of several outputs, or a function in class form."""

    name: str
    broadcasts: bool
    # (input, rule, what it reads) of each input, for an op whose rules backward may run itself; else empty.
    rules: tuple[Any, ...]

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """The cotangents of `node`'s parents from `g`, its own: one a parent, None where `wanted` (if given) is False."""


class Node:
    """One result in the graph: the op that made it, its parents, and what the op's rules read.

    Attributes:
        op: the rules of the op that made it, for the parents that need gradients; None for a leaf, where gradients end.
        parents: the nodes of the op's inputs, None for an input that needs no gradient.
        saved: what those rules read; None once freed.
        seq: its place in the order of recording.
        shape: of the array; None for the node of an op with several outputs.
        grad: the gradient that `Variable.grad` shows.
        owns_grad: `grad` is the engine's own memory, to which later gradients are added in place.
        dtype: of a leaf.
        device: of a leaf.
        owner: a weak reference to a leaf's Variable.
    """

    __slots__ = ("device", "dtype", "grad", "op", "owner", "owns_grad", "parents", "saved", "seq", "shape")

    op: Differentiable | None
    parents: Sequence[Node | None]
    saved: tuple[Any, ...] | None
    seq: int
    shape: Any
    dtype: Any
    grad: Any
    owns_grad: bool
    device: Device | None
    owner: weakref.ref[Any] | None

    def __init__(self, op: Any, parents: Any, saved: Any, shape: Any) -> None:
        self.op = op
        self.parents = parents
        self.saved = saved
        self.seq = NEXT()
        self.shape = shape
        self.grad = None

    def cut(self) -> None:
        """Forget how the result was made: it becomes a leaf, whose gradient is taken as it comes."""
        self.op = self.saved = self.dtype = self.device = self.owner = None
        self.parents = ()
        self.owns_grad = False

    def __repr__(self) -> str:
        return f"<node {self.op.name if self.op else 'leaf'} {self.shape}>"


def leaf(array: Array, device: Device, owner: weakref.ref[Any]) -> Node:
    """The node of a Variable that no op made."""
    node = Node(None, (), None, array.shape)
    node.dtype = array.dtype
    node.owns_grad = False
    node.device = device
    node.owner = owner
    return node


class Outputs(tuple[Any, ...]):
    """The cotangents of an op's several outputs; None for an output from which nothing came."""

    __slots__ = ()

    def __add__(self, other: Any) -> Outputs:
        return Outputs(b if a is None else a if b is None else a + b for a, b in zip(self, other, strict=True))


class Pick:
    """One output of several: its cotangent goes to its place among those of the op's node."""

    broadcasts = False
    rules = ()

    def __init__(self, name: str, index: int, count: int) -> None:
        self.name = name
        self.index = index
        self.count = count

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> list[Outputs]:
        """`g` at this output's place."""
        return [Outputs(g if i == self.index else None for i in range(self.count))]


def pick(parent: Node, index: int, count: int, array: Array) -> Node:
    """The node of output `index` of the `count` that the op of `parent` returned."""
    name = parent.op.name if parent.op else "cut"
    return Node(Pick(name, index, count), (parent,), (), array.shape)
