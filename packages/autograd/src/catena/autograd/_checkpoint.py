"""Memory for time: a function that keeps its inputs alone, and runs again when its gradient is wanted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from catena.autograd._backward import sweep
from catena.autograd._config import SCOPE, TRANSFORMED, config, recording, settings
from catena.autograd._containers import leaves, map_leaves
from catena.autograd._node import NEXT, Internal, Node, new_node, pick, refuse_stale
from catena.autograd._variable import Variable, variable
from catena.autograd._watch import watcher
from xparray import Array
from xparray._dispatch import SCALARS
from xparray.random import get_generator


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` with less memory: of a call it keeps the arguments alone, and runs a second time when backward needs what is between.

    The second run has the first one's settings and random numbers, and `config.in_recomputing` is True in it, so that statistics and
    counters are left as they are. Gradients of every order flow to the Variables among the arguments, also within dicts, lists and
    tuples, and to all that `f` reads besides: parameters of a link, results in between (Chen et al., Training Deep Nets with
    Sublinear Memory Cost, arXiv:1604.06174).

    Args:
        f: a function that computes the same each time: of its arguments, of Variables and arrays that do not change meanwhile, and of
            random numbers from the process's stream. It returns Variables, arrays and numbers, or dicts, lists and tuples of them.

    Raises:
        TypeError: `f` is no function, or returned something else.
        RuntimeError: in backward, where the second run is not like the first.

    Example:
        >>> import numpy as np
        >>> @checkpoint
        ... def block(x, w):
        ...     return (x @ w).sum()
        >>> x, w = Variable(np.ones((2, 3))), Variable(np.ones((3, 4)))
        >>> block(x, w).backward()
        >>> x.grad.tolist()
        [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0]]
    """
    if not callable(f):
        raise TypeError(f"checkpoint: f is of type {type(f).__name__}; expected a function, such as a link")
    op = _Checkpoint(f)

    @functools.wraps(f, updated=())
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        return op.run(args, kwargs) if recording() else f(*args, **kwargs)

    return checkpointed


class _Alias(Internal):
    """The same array at a second place in the graph: its cotangent goes back as it is."""

    name = "identity"

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> list[Any]:
        """`g` itself."""
        return [g]


_ALIAS = _Alias()


def alias(node: Node) -> Node:
    """A node whose cotangent is counted apart from that of other uses of `node`, to which it flows back."""
    return new_node(_ALIAS, (node,), (), node.shape)


class _Place:
    """Stands in a call's arguments where a Variable was given: its place among them."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class _Call(NamedTuple):
    """What one call keeps, to be repeated.

    Attributes:
        arguments: positional and keyword ones, a _Place for each Variable.
        arrays: of the Variables, by their places.
        captured: the nodes of what the function read without being given it.
        since: nodes with a lower number existed before the call.
        shapes: of the outputs that need gradients.
        states: of the process's random numbers, before and after.
        config: all settings.
        is_transformed: it was made within a function that a transform had called.
    """

    arguments: Any
    arrays: list[Array]
    captured: list[Node]
    since: int
    shapes: list[tuple[int, ...]]
    states: tuple[str, str]
    config: dict[str, Any]
    is_transformed: bool


class _Checkpoint(Internal):
    """The op of the nodes of a checkpointed function, whose rule is to run it again and walk back through that run."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.name: str = getattr(f, "__name__", type(f).__name__)

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the function returns, with one node behind it in the place of its run's graph."""
        arrays: list[Array] = []
        parents: list[Node | None] = []

        def placed(path: str, x: Any) -> Any:
            if not isinstance(x, Variable):
                return x
            arrays.append(x.array)
            parents.append(x.node)
            return _Place(len(arrays) - 1)

        arguments = map_leaves(placed, (args, kwargs), "")
        state, config, since = get_generator().state, settings(), NEXT()
        inputs = [variable(a, p and _end(p)) for a, p in zip(arrays, parents, strict=True)]
        result = self._called(arguments, inputs)
        states = (state, get_generator().state)
        outputs = self._outputs(result)
        # This run is recorded too: its graph tells what it read besides its arguments, and dies when this call ends.
        captured = _captured(_nodes(outputs), set(_nodes(inputs)), since)
        if not outputs or not (captured or any(parents)):
            return result
        shapes = [y.shape for y in outputs]
        call = _Call(arguments, arrays, captured, since, shapes, states, config, TRANSFORMED.get())
        watch = watcher(None)
        op = self if watch is None else watch.traced(self, tuple(arrays))
        node = new_node(op, (*parents, *captured), (call,), None)
        picked = iter([variable(y.array, pick(node, i, len(outputs), y.array)) for i, y in enumerate(outputs)])
        return map_leaves(lambda path, y: next(picked) if _needs_gradient(y) else y, result, "")

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call an array that is kept."""
        return f"Variable {place[0]} among its arguments"

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> list[Any]:
        """The cotangents of the Variables given and captured, from a second run."""
        if node.saved is None:
            raise RuntimeError(
                f"backward: the graph through {self.name} was freed by backward(free=True); leave out free=True to walk it twice"
            )
        for p in node.parents:
            if p is not None and p.seq > node.seq:
                refuse_stale(
                    f"backward: a Variable of shape {p.shape} was updated in place after the checkpointed {self.name} read it"
                )
        call: _Call = node.saved[0]
        # Everything that enters the run gets a leaf of its own, where the walk back through it ends: the run's nodes are then all that
        # lies between these and the outputs, even where what enters was made one from the other.
        ends = [None if p is None else _end(p) for p in node.parents]
        count = len(call.arrays)
        inputs = [variable(a, end) for a, end in zip(call.arrays, ends[:count], strict=True)]
        replaced = {n: end for n, end in zip(call.captured, ends[count:], strict=True) if end is not None}
        since = NEXT()
        outputs = _nodes(self._again(call, inputs))
        self._redirect(outputs, set(_nodes(inputs)), replaced, call, since)
        roots = [(replaced.get(y, y), gy) for y, gy in zip(outputs, g, strict=True) if gy is not None]
        targets = {end for i, end in enumerate(ends) if end is not None and (wanted is None or wanted[i])}
        found = sweep(roots, create_graph=create_graph, targets=targets, free=not create_graph)
        if create_graph:
            for end, p in zip(ends, node.parents, strict=True):
                if end is not None:
                    end.op, end.parents, end.saved = _ALIAS, (p,), ()  # what was recorded goes on from there
        return [None if end is None else found.get(end) for end in ends]

    def _called(self, arguments: Any, inputs: Sequence[Variable]) -> Any:
        args, kwargs = map_leaves(lambda path, x: inputs[x.index] if type(x) is _Place else x, arguments, "")
        return self.f(*args, **kwargs)

    def _outputs(self, result: Any) -> list[Variable]:
        """The Variables among what the function returned that need gradients."""
        found = leaves(result, f"{self.name} (checkpointed): its result")
        for path, y in found:
            if not hasattr(y, "dtype") and type(y) not in SCALARS:
                raise TypeError(
                    f"{path} is of type {type(y).__name__}; expected Variables, arrays and numbers, "
                    "or dicts, lists and tuples of them"
                )
        return [y for _, y in found if _needs_gradient(y)]

    def _again(self, call: _Call, inputs: Sequence[Variable]) -> list[Variable]:
        """The outputs of a second run, in the circumstances of the first."""
        generator = get_generator()
        state = generator.state
        # What looks on (hooks, debug mode) is what does so now.
        now = {name: value for name, value in (SCOPE.get() or {}).items() if name.startswith("_")}
        now["debug"] = config.debug
        scope = SCOPE.set({**call.config, **now, "enable_backprop": True, "in_recomputing": True})
        transformed = TRANSFORMED.set(call.is_transformed)
        generator.state = call.states[0]
        try:
            outputs = self._outputs(self._called(call.arguments, inputs))
            after = generator.state
        finally:
            generator.state = state
            TRANSFORMED.reset(transformed)
            SCOPE.reset(scope)
        shapes = [y.shape for y in outputs]
        if shapes != call.shapes:
            self._differs(f"returned outputs of shapes {shapes}, {call.shapes} before")
        # Numbers that only the first run draws, for a parameter's first values, do no harm where the second draws none at all.
        if after not in call.states:
            self._differs("drew other random numbers than before (a link that gets its shape in the first run does so)")
        return outputs

    def _redirect(
        self, outputs: list[Node], inputs: set[Node], replaced: dict[Node, Node], call: _Call, since: int
    ) -> None:
        """Put `replaced` nodes in the place of the captured ones, in the graph of the second run, which is nobody else's."""
        inside, outside = parted(outputs, lambda n: n in replaced or n in inputs or n.seq < since)
        new = [n for n in outside if n not in replaced and n not in inputs]
        if new:
            self._differs(f"read a Variable of shape {new[0].shape} that it had not read")
        missing = [n for n in call.captured if n.seq < call.since and n not in outside]
        if missing:
            self._differs(f"did not read a Variable of shape {missing[0].shape} that it had read")
        for node in inside:
            node.parents = tuple([None if p is None else replaced.get(p, p) for p in node.parents])

    def _differs(self, how: str) -> None:
        raise RuntimeError(
            f"backward: when the checkpointed {self.name} ran again, it {how}; it must compute the same each time: "
            "give it what changes as an argument"
        )


def _needs_gradient(x: Any) -> bool:
    return isinstance(x, Variable) and x.node is not None


def _nodes(variables: Sequence[Variable]) -> list[Node]:
    return [v.node for v in variables if v.node is not None]


def _end(node: Node) -> Node:
    """A leaf in the place of `node`, which takes the gradient as it comes."""
    end = new_node(None, (), None, node.shape)
    end.cut()
    return end


def _captured(outputs: list[Node], inputs: set[Node], since: int) -> list[Node]:
    """The nodes outside of a run that began at the number `since`, next to those inside; `inputs` not among them."""

    def is_outside(node: Node) -> bool:
        # A parameter that got its shape and values in the run has a later number; its link holds it, unlike a constant of the run.
        is_held = node.op is None and node.owner is not None and node.owner() is not None
        return node.seq < since or is_held or node in inputs

    return [node for node in parted(outputs, is_outside)[1] if node not in inputs]


def parted(outputs: list[Node], is_outside: Callable[[Node], bool]) -> tuple[list[Node], dict[Node, None]]:
    """The nodes behind `outputs`: those inside, and those outside at which the search stops."""
    inside: list[Node] = []
    outside: dict[Node, None] = {}
    seen = dict.fromkeys(outputs)
    waiting = list(seen)
    while waiting:
        node = waiting.pop()
        if is_outside(node):
            outside[node] = None
            continue
        inside.append(node)
        new = [p for p in node.parents if p is not None and p not in seen]
        seen.update(dict.fromkeys(new))
        waiting.extend(new)
    return inside, outside
