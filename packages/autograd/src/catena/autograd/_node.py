"""The graph: nodes that know their parents. Nothing points forward, so a graph dies with the last result that needs it."""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from catena.autograd._config import config
from xparray import Array, Device
from xparray._dispatch import dtype_name

# Every node takes the next number, and again when its array is updated in place. A node's number is above those of its parents,
# so numbers in descending order are an order for backward; a parent with a higher number has changed since the node was recorded.
NEXT = itertools.count(1).__next__


class _Updates:
    """The number that the last updated leaf took: no parent of a node with a higher one has changed since it was recorded."""

    last = 0


UPDATES = _Updates()


def refuse_stale(what: str) -> None:
    """Raise, or under the setting `stale_inputs` warn: `what` was updated, so the gradient would be another function's."""
    if config.stale_inputs == "raise":
        raise RuntimeError(f"{what}; run the forward pass again after an update")
    warnings.warn(f"{what}; the gradient is computed with the new values", UserWarning, stacklevel=2)


class Differentiable(Protocol):
    """What a node's `op` gives to backward: an op, a pick of one of several outputs, or a function in class form."""

    broadcasts: bool
    # (input, rule, what it reads) of each input, for an op whose rules backward may run itself; else empty.
    rules: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Shown in the graph and in errors."""
        ...

    @property
    def watched(self) -> Any:
        """What hooks are called with: an Op, a FunctionNode or a Function; None where a node is the engine's own."""

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """The cotangents of `node`'s parents from `g`, its own: one a parent, None where `wanted` (if given) is False."""

    def inputs_of(self, node: Node) -> tuple[Any, ...]:
        """The arrays of the inputs, None for each that was not kept."""
        ...

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        ...

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call the array at this place in `saved`: its index, and within that another, ..."""
        ...


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

    __slots__ = ("_data", "device", "dtype", "grad", "op", "owner", "owns_grad", "parents", "saved", "seq", "shape")

    # There is no __init__: most nodes are made in Op.of_one and Op.of_two, and without one Python makes an object faster.
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
    _data: Array

    def renew(self) -> None:
        """Take the next number, as the array was updated in place."""
        self.seq = UPDATES.last = NEXT()

    def cut(self) -> None:
        """Forget how the result was made: it becomes a leaf, whose gradient is taken as it comes."""
        self.op = self.saved = self.dtype = self.device = self.owner = None
        self.parents = ()
        self.owns_grad = False

    @property
    def data(self) -> Array | None:
        """The array, where `Variable.retain_data` or the leaf's Variable holds it; else None."""
        if self.op is None and self.owner is not None and (v := self.owner()) is not None:
            return v.array
        return getattr(self, "_data", None)

    @property
    def label(self) -> str:
        """The shape, and the dtype where it is known: "(2, 3), float32"."""
        dtype = self.dtype if self.op is None else getattr(self.data, "dtype", None)
        return label_of(self.shape, dtype)

    @property
    def creator(self) -> Creator | None:
        """What made it; None for a leaf."""
        return None if self.op is None else Creator(self)

    @property
    def rank(self) -> int:
        """How many results lie one behind the other on the longest way from a leaf to this one, itself included; 0 for a leaf."""
        ranks: dict[Node, int] = {}
        waiting: list[Node] = [self]
        while waiting:
            node = waiting[-1]
            parents = [p for p in node.parents if p is not None]
            missing = [p for p in parents if p not in ranks]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            step = 0 if node.op is None or isinstance(node.op, Pick) else 1
            ranks[node] = step + max((ranks[p] for p in parents), default=0)
        return ranks[self]

    def __repr__(self) -> str:
        return f"<node {self.op.name if self.op else 'leaf'} {self.shape}>"


def label_of(shape: Any, dtype: Any) -> str:
    """A shape and a dtype (None where it is not known) as Chainer writes them."""
    return (
        f"{tuple(shape)}" if dtype is None else f"{tuple(shape)}, {dtype_name(dtype)}" if shape else dtype_name(dtype)
    )


class Creator:
    """One call of a function, seen from its result.

    Attributes:
        function: the Op, FunctionNode or Function.
        label: its name.
        inputs: the nodes of its inputs, None for one that needs no gradient.
        rank: that of its latest input.
    """

    def __init__(self, node: Node) -> None:
        parent = node.parents[0] if isinstance(node.op, Pick) else node
        assert parent is not None
        self._node = parent
        self.function: Any = parent.op.watched if parent.op else None
        self.label = parent.op.name if parent.op else "cut"
        self.inputs = tuple(parent.parents)

    @property
    def rank(self) -> int:
        """How many results lie one behind the other on the longest way from a leaf to its inputs."""
        return max((p.rank for p in self.inputs if p is not None), default=0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Creator) and other._node is self._node

    def __hash__(self) -> int:
        return hash(self._node)

    def __repr__(self) -> str:
        return f"<creator {self.label}>"


def new_node(op: Any, parents: Sequence[Node | None], saved: tuple[Any, ...] | None, shape: Any) -> Node:
    """A node with the next number."""
    node = Node()
    node.op = op
    node.parents = parents
    node.saved = saved
    node.seq = NEXT()
    node.shape = shape
    node.grad = None
    return node


def leaf(array: Array, device: Device, owner: weakref.ref[Any]) -> Node:
    """The node of a Variable that no op made."""
    node = new_node(None, (), None, array.shape)
    node.dtype = array.dtype
    node.owns_grad = False
    node.device = device
    node.owner = owner
    return node


class Outputs(Sequence[Any]):
    """The cotangents of an op's several outputs; None for an output from which nothing came.

    They are kept by their places, so that backward through all picks of one op takes time in proportion to their number.
    """

    __slots__ = ("_count", "_parts")
    size = 1  # a sum of two takes the place of the first, as of arrays of a single element

    def __init__(self, count: int, place: int, g: Any) -> None:
        self._count = count
        self._parts = {place: g}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return map(self._parts.get, range(self._count))

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, int) and 0 <= i < self._count:
            return self._parts.get(i)
        return tuple(self)[i]  # a slice, a place from the end, or none

    def __add__(self, other: Any) -> Outputs:
        """This, with what is in `other`: only the walk that adds them refers to either."""
        parts = self._parts
        for place, g in other._parts.items():
            parts[place] = parts[place] + g if place in parts else g
        return self


class Internal:
    """An op of the engine's own: no hooks see it."""

    broadcasts = False
    rules = ()
    watched = None

    def inputs_of(self, node: Node) -> tuple[Any, ...]:
        """None for each: nothing is kept."""
        return (None,) * len(node.parents)

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        return [f"input {i}" for i in range(count)]

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call an array that is kept."""
        return "an array"


class Pick(Internal):
    """One output of several: its cotangent goes to its place among those of the op's node."""

    def __init__(self, name: str, index: int, count: int) -> None:
        self.name = name
        self.index = index
        self.count = count

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> list[Outputs]:
        """`g` at this output's place."""
        return [Outputs(self.count, self.index, g)]


def pick(parent: Node, index: int, count: int, array: Array) -> Node:
    """The node of output `index` of the `count` that the op of `parent` returned."""
    name = parent.op.name if parent.op else "cut"
    return new_node(Pick(name, index, count), (parent,), (), array.shape)
