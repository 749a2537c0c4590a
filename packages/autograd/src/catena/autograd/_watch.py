"""What looks on while functions run: hooks, the search for anomalies, the guard against arrays that change.

The hot path knows nothing of these: it tests a flag, and where that says so takes the slower way, which asks `watcher`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from catena.autograd._config import SCOPE, USUAL, config
from catena.autograd._debug import Anomaly, arrays_in, call_site, checksum_of, described
from catena.autograd._node import Differentiable, Node, Outputs
from catena.autograd._variable import as_array
from xparray import Array

# In the backward of which call the running code is, in words.
_WITHIN: ContextVar[str] = ContextVar("catena.within", default="")


def looks_on() -> bool:
    """Whether anything may look on here."""
    scope = SCOPE.get()
    if scope is None and USUAL.everywhere:
        return False
    return bool(USUAL.hooked or config.debug or (scope and ("_hooks" in scope or "_anomaly" in scope)))


def watcher(function: Any) -> Watcher | None:
    """What looks on at `function` here; None where nothing does."""
    if not looks_on():
        return None
    scope = SCOPE.get() or {}
    hooks = {**scope.get("_hooks", {}), **getattr(function, "local_function_hooks", {})}
    is_debug = config.debug
    anomaly = scope.get("_anomaly") or (Anomaly() if is_debug else None)
    return Watcher(function, tuple(hooks.values()), anomaly, is_debug) if hooks or anomaly else None


class Watcher:
    """What looks on at one call of a function, or at its backward.

    Args:
        function: an Op, FunctionNode or Function.
        hooks: in the order in which they are called.
        anomaly: the search for NaN and infinities; None where there is none.
        guards: arrays that the graph keeps must not change.
    """

    __slots__ = ("anomaly", "function", "guards", "hooks")

    def __init__(self, function: Any, hooks: tuple[Any, ...], anomaly: Anomaly | None, guards: bool) -> None:
        self.function = function
        self.hooks = hooks
        self.anomaly = anomaly
        self.guards = guards

    def before(self, arrays: Sequence[Any]) -> None:
        """Called before the forward."""
        for hook in self.hooks:
            hook.forward_preprocess(self.function, tuple(arrays))

    def after(self, name: str, names: Sequence[str], arrays: Sequence[Any], y: Any) -> None:
        """Called after the forward, with its result, and with the names of the inputs."""
        results = y if type(y) is tuple else (y,)
        for hook in self.hooks:
            hook.forward_postprocess(self.function, tuple(arrays))
            hook.forward_outputs(self.function, tuple(arrays), results)
        if self.anomaly is not None:
            self.anomaly.in_result(name, list(zip(names, arrays, strict=False)), y, _called())

    def traced(self, op: Differentiable, saved: tuple[Any, ...]) -> Differentiable:
        """`op` for a node that keeps `saved`, with what errors in its backward have to say."""
        if self.anomaly is None:
            return op
        prints = [(place, x, checksum_of(x)) for place, x in arrays_in(saved)] if self.guards else []
        return Traced(op, _called(), prints)

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """What the node's op pulls, with those who look on before and after."""
        op: Any = node.op
        called = op.called if isinstance(op, Traced) else ""
        cotangents = tuple(None if part is None else as_array(part) for part in (g if type(g) is Outputs else (g,)))
        inputs = op.inputs_of(node)
        for hook in self.hooks:
            hook.backward_preprocess(self.function, inputs, cotangents)
        if self.anomaly is not None:
            self.anomaly.in_cotangent(op.name, cotangents, called)
        token = _WITHIN.set(f"in the backward of {op.name}" + (f", {called}" if called else ""))
        try:
            gxs = op.pull(node, g, create_graph, wanted)
        finally:
            _WITHIN.reset(token)
        gradients = tuple(None if gx is None else as_array(gx) for gx in gxs)
        for hook in self.hooks:
            hook.backward_postprocess(self.function, inputs, cotangents)
            hook.backward_gradients(self.function, inputs, cotangents, gradients)
        if self.anomaly is not None:
            names = op.input_names(len(gradients))
            given = [("g", c) for c in cotangents if c is not None]
            given += [(name, x) for name, x in zip(names, inputs, strict=False) if x is not None]
            kept = [(op.kept_name(place), x) for place, x in arrays_in(node.saved)]
            given += [(name, x) for name, x in kept if not any(x is y for _, y in given)]
            self.anomaly.in_gradients(op.name, names, given, gradients, called)
        return gxs


class Traced:
    """The op of a node that was recorded while something looked on: it says in errors where it was called."""

    rules = ()  # so that backward takes the general way

    def __init__(self, op: Differentiable, called: str, prints: list[tuple[tuple[int, ...], Array, int]]) -> None:
        self.op = op
        self.name = op.name
        self.broadcasts = op.broadcasts
        self.watched = op.watched
        self.called = called
        self._prints = prints

    def inputs_of(self, node: Node) -> tuple[Any, ...]:
        """The arrays of the inputs, None for each that was not kept."""
        return self.op.inputs_of(node)

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        return self.op.input_names(count)

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call the array at this place in what is kept."""
        return self.op.kept_name(place)

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """What the op pulls, if what it kept is what it was."""
        for place, x, checksum in self._prints:
            if checksum_of(x) != checksum:
                raise RuntimeError(
                    f"backward: {self.name} kept {described(self.kept_name(place), x)}, which was changed in place between forward and "
                    f"backward; {self.called}; change a copy of it, or run backward before"
                )
        return self.op.pull(node, g, create_graph, wanted)


def _called() -> str:
    within = _WITHIN.get()
    return within or f"called at {call_site()}"
