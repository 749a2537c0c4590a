"""What an op keeps of a call, and which rules backward runs: one Plan for each choice of inputs that need gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy import ndarray

import xparray as xp
from catena.autograd._later import Later
from catena.autograd._node import Node, pick, refuse_stale
from catena.autograd._variable import variable
from xparray import Device
from xparray._dispatch import SCALARS

if TYPE_CHECKING:
    from catena.autograd._op import Op

HOST = Device("numpy")
Rule = Callable[..., Any]


def same(g: Any) -> Any:
    """The rule of an input with which the result grows by as much: backward need not even call it."""
    return g


class Spec(NamedTuple):
    """An array without its data."""

    shape: tuple[int, ...]
    dtype: Any
    device: Device

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def spec_of(x: Any) -> Spec:
    """The Spec of an array; that of a Python number is 0-d."""
    kind: Any = type(x)
    if kind is ndarray:
        return _on_host(x.shape, x.dtype)
    if kind in SCALARS:
        return _on_host((), kind)
    return Spec(x.shape, x.dtype, xp.device_of(x))


@functools.lru_cache(1024)
def _on_host(shape: tuple[int, ...], dtype: Any) -> Spec:
    """One Spec for all nodes that keep one like it: a graph repeats few shapes, and a Spec takes more than a node's other places."""
    return Spec(shape, dtype, HOST)


class Kept(NamedTuple):
    """One thing a rule reads: how to take it from a call, and how it looks to a rule that records."""

    name: str
    kind: str  # "input", "inputs", "spec", "specs", "out", "out_spec" or "option"
    place: int  # among the inputs; -1 for what is none


# What takes some of the inputs, and the result (which has the place after them), of a call of one input or two.
SHORT_SAVERS: dict[tuple[int, ...], Callable[..., tuple[Any, ...]]] = {
    (1, 0): lambda x, y: (x,),
    (1, 1): lambda x, y: (y,),
    (2, 0): lambda a, b, y: (a,),
    (2, 1): lambda a, b, y: (b,),
    (2, 2): lambda a, b, y: (y,),
    (2, 0, 1): lambda a, b, y: (a, b),
}


class Plan:
    """An op, given which of its inputs need gradients: what to keep of a call, and which rules to run."""

    __slots__ = ("broadcasts", "joint", "keep", "kept", "kept_inputs", "name", "needs", "rules", "save", "watched")

    def __init__(self, op: Op, needs: tuple[bool, ...]) -> None:
        self.watched = op
        self.name = op.name
        self.broadcasts = op.broadcasts
        self.needs = needs
        rules = [(i, rule) for i, rule in sorted(op._rules.items()) if i < len(needs) and needs[i] and not op._joint]
        reads = [op._reads[rule] for _, rule in rules] + ([op._reads[op._joint]] if op._joint else [])
        # Each thing is kept once; inputs first, in their order.
        kept = dict.fromkeys(op._kept(name) for names in reads for name in names)
        self.kept = tuple(sorted(kept, key=lambda k: (k.kind != "input", k.place if k.kind == "input" else 0)))
        place = {k.name: j for j, k in enumerate(self.kept)}
        self.rules = tuple((i, rule, tuple(place[name] for name in op._reads[rule])) for i, rule in rules)
        self.joint = (op._joint, tuple(place[name] for name in op._reads[op._joint])) if op._joint else None
        variadic = range(len(op.inputs), len(needs)) if any(k.kind == "inputs" for k in self.kept) else ()
        self.kept_inputs = (*(k.place for k in self.kept if k.kind == "input"), *variadic)
        self.save = self._saver(op)
        # The same for calls of one input or two without options, as `keep(*arrays, y)`.
        self.keep = self._short_saver() if self.kept else None

    def _saver(self, op: Op) -> Callable[[Sequence[Any], Any, dict[str, Any]], tuple[Any, ...]]:
        """The function that takes what is kept from one call's arrays, result and options."""
        kinds = [k.kind if k.place < len(self.needs) else "default" for k in self.kept]
        if kinds == ["out"]:
            return lambda arrays, y, options: (y,)
        if kinds == ["input"]:
            i = self.kept[0].place
            return lambda arrays, y, options: (arrays[i],)
        if kinds == ["input"] * len(self.needs):
            return lambda arrays, y, options: tuple(arrays)
        takers = [_taker(k, op) for k in self.kept]
        return lambda arrays, y, options: tuple([take(arrays, y, options) for take in takers])

    def _short_saver(self) -> Callable[..., tuple[Any, ...]]:
        count = len(self.needs)
        order = [k.place if k.kind == "input" else count for k in self.kept if k.kind in ("input", "out")]
        if len(order) == len(self.kept) and (count, *order) in SHORT_SAVERS and max(order) <= count:
            return SHORT_SAVERS[(count, *order)]
        return lambda *arrays: self.save(arrays[:-1], arrays[-1], {})

    def inputs_of(self, node: Node) -> tuple[Any, ...]:
        """The arrays of the inputs, None for each that was not kept."""
        found: list[Any] = [None] * len(self.needs)
        for kept, value in zip(self.kept, node.saved or (), strict=False):
            if kept.kind == "input" and kept.place < len(found):
                found[kept.place] = value
            elif kept.kind == "inputs":
                found[kept.place :] = value
        return tuple(found)

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        return self.watched.input_names(count)

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call the array at this place in what is kept."""
        kept = self.kept[place[0]]
        if kept.kind == "inputs":
            return f"{kept.name}[{place[1]}]"
        return "its result" if kept.kind == "out" else kept.name

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """The cotangents of the parents; the rules run on arrays, or under `create_graph` on Variables."""
        saved: Sequence[Any] = self.readable(node)
        if create_graph:
            saved = self._as_variables(node, saved)
        if self.joint is not None:
            rule, places = self.joint
            pulled = rule(g, *[saved[j] for j in places], needs=wanted or self.needs)
            if len(pulled) != len(node.parents):
                raise ValueError(
                    f"rule of {self.name}: returned {len(pulled)} cotangents for {len(node.parents)} inputs; "
                    "return one an input, None where it is not needed"
                )
            return pulled
        gxs: list[Any] = [None] * len(node.parents)
        for i, rule, places in self.rules:
            if wanted is None or wanted[i]:
                gx = rule(g, *[saved[j] for j in places])
                gxs[i] = gx.value() if type(gx) is Later else gx
        return gxs

    def readable(self, node: Node) -> tuple[Any, ...]:
        """What the node kept, which must not be freed, nor a parameter's values from before an update."""
        if node.saved is None:
            raise RuntimeError(
                f"backward: the graph through {self.name} was freed by backward(free=True); leave out free=True to walk it twice"
            )
        for i in self.kept_inputs:
            parent = node.parents[i] if i < len(node.parents) else None
            if parent is not None and parent.seq > node.seq:
                refuse_stale(
                    f"backward: input {i} of {self.name} ({parent.shape} {parent.dtype}) was updated in place after {self.name} read it"
                )
        return node.saved

    def _as_variables(self, node: Node, saved: Sequence[Any]) -> list[Any]:
        """What was kept, each array with its place in the graph, so that rules record their dependence on it."""

        def at(array: Any, i: int) -> Any:
            parent = node.parents[i] if i < len(node.parents) else None
            return array if parent is None else variable(array, parent)

        seen: list[Any] = []
        for kept, value in zip(self.kept, saved, strict=True):
            if kept.kind == "input":
                seen.append(at(value, kept.place))
            elif kept.kind == "inputs":
                seen.append(tuple(at(x, kept.place + i) for i, x in enumerate(value)))
            elif kept.kind == "out":
                several = type(value) is tuple
                seen.append(
                    tuple(variable(v, pick(node, i, len(value), v)) for i, v in enumerate(value))
                    if several
                    else variable(value, node)
                )
            else:
                seen.append(value)
        return seen


def _taker(kept: Kept, op: Op) -> Callable[[Sequence[Any], Any, dict[str, Any]], Any]:
    i, name = kept.place, kept.name
    if kept.kind == "input":
        return lambda arrays, y, options: arrays[i] if i < len(arrays) else op.defaults[name]
    if kept.kind == "inputs":
        return lambda arrays, y, options: tuple(arrays[i:])
    if kept.kind == "spec":
        return lambda arrays, y, options: spec_of(arrays[i]) if i < len(arrays) else spec_of(op.defaults[op.inputs[i]])
    if kept.kind == "specs":
        return lambda arrays, y, options: [spec_of(a) for a in arrays[i:]]
    if kept.kind == "out":
        return lambda arrays, y, options: y
    if kept.kind == "out_spec":
        return lambda arrays, y, options: [spec_of(part) for part in y] if type(y) is tuple else spec_of(y)
    default = op.options[name]
    return lambda arrays, y, options: options.get(name, default)
