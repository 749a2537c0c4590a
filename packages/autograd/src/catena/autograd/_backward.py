"""Reverse mode: cotangents walk from outputs to leaves, each node once, in the reverse order of recording."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import _variable
from catena.autograd._config import config, force_backprop_mode
from catena.autograd._node import Node, Outputs
from xparray import Array
from xparray._dispatch import dtype_name

_NUMPY = xp.device_of(np.empty(0))


def backward(
    outputs: Sequence[Any],
    grad_outputs: Sequence[Any] | None = None,
    *,
    retain_grad: bool = False,
    create_graph: bool = False,
    free: bool = False,
) -> None:
    """Add the gradients of the sum of `outputs`, weighted with `grad_outputs`, to the `grad` of every leaf behind them.

    Args:
        outputs: Variables.
        grad_outputs: for each output the gradient to begin with, None for its own `grad`, or 1 for a single element.
        retain_grad: keep the gradients of the Variables in between too.
        create_graph: record the computation of the gradients.
        free: release what the graph keeps on the way.

    Raises:
        ValueError: an output with several elements has no gradient to begin with.
        RuntimeError: the graph was freed, or a parameter it reads was updated since.
    """
    roots = _roots("backward", outputs, grad_outputs, create_graph)
    _sweep(roots, create_graph=create_graph, retain_grad=retain_grad, free=free)


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, *, create_graph: bool = False) -> Any:
    """The gradients of `outputs` in `inputs`, without touching any `grad`.

    Args:
        outputs: a Variable or a sequence of them.
        inputs: a Variable or a sequence of them: leaves or results in between.
        grad_outputs: the gradient to begin with, one an output; 1 for a single element.
        create_graph: return Variables whose computation is recorded, so that they can be differentiated again.

    Returns:
        One gradient an input, of its shape: arrays, or Variables under `create_graph`; None where the outputs do not depend on it.
        A single one where `inputs` is a Variable.

    Raises:
        ValueError: an output with several elements has no gradient to begin with; an input needs no gradient.

    Example:
        >>> from catena.autograd import Variable, grad
        >>> x = Variable(3.0)
        >>> g = grad(x**3, x, create_graph=True)
        >>> float(g), float(grad(g, x))
        (27.0, 18.0)
    """
    outputs = _sequence(outputs)
    if grad_outputs is not None and not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs]
    several = not isinstance(inputs, _variable.Variable)
    inputs = _sequence(inputs)
    for i, x in enumerate(inputs):
        if not isinstance(x, _variable.Variable):
            raise TypeError(f"grad: input {i} is {type(x).__name__}; expected a Variable; make it with Variable(array)")
        if x.node is None:
            raise ValueError(f"grad: input {i} (shape {x.shape}) needs no gradient; make it with Variable(array)")
    if not inputs:
        return []
    targets = {x.node for x in inputs}
    roots = _roots("grad", outputs, grad_outputs, create_graph)
    found = _sweep(roots, create_graph=create_graph, targets=targets)
    gradients = [found.get(x.node) for x in inputs]
    return gradients if several else gradients[0]


def _sequence(values: Any) -> Sequence[Any]:
    return [values] if isinstance(values, _variable.Variable) else values


def _roots(
    function: str, outputs: Sequence[Any], grad_outputs: Sequence[Any] | None, create_graph: bool
) -> list[tuple[Node, Any]]:
    """Each output's node with its first cotangent."""
    if grad_outputs is None:
        grad_outputs = [None] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(
            f"{function}: got {len(grad_outputs)} gradients for {len(outputs)} outputs; give one an output"
        )
    roots = []
    for y, g in zip(outputs, grad_outputs, strict=True):
        if y.node is None:
            raise ValueError(
                f"{function}: the output of shape {y.shape} depends on nothing that needs a gradient; was it made within no_backprop_mode?"
            )
        g = _first_cotangent(function, y, g)
        roots.append((y.node, _variable.as_variable(g) if create_graph else _variable.as_array(g)))
    return roots


def _first_cotangent(function: str, y: Any, g: Any) -> Any:
    if g is None and function == "backward":
        g = y.grad_var
    if g is None:
        array = y._array
        if array.size != 1:
            raise ValueError(
                f"{function}: an output of shape {y.shape} needs a gradient to begin with; "
                f"sum it to one element, or give the gradient (y.grad = xp.ones_like(y.array), or grad_outputs=)"
            )
        if type(array) is np.ndarray and array.dtype.kind == "f":
            return _one(array.shape, array.dtype)
        return xp.ones_like(array, dtype=_gradient_dtype(array.dtype, array))
    if tuple(g.shape) != y.shape:
        raise ValueError(
            f"{function}: the gradient to begin with has shape {tuple(g.shape)}; expected {y.shape}, the output's"
        )
    return g


@functools.lru_cache
def _one(shape: tuple[int, ...], dtype: Any) -> Array:
    """The single 1 that a backward begins with. Rules never write to a cotangent, so one array serves every backward."""
    return np.ones(shape, dtype)


def _gradient_dtype(dtype: Any, like: Array) -> Any:
    """The dtype of a gradient: the array's own, the default float dtype where that is an integer or a boolean."""
    name = dtype_name(dtype)
    if name.startswith(("float", "complex")):
        return dtype
    return xp.get_backend(xp.device_of(like).backend).native_dtype(config.dtype)


def _sweep(
    roots: list[tuple[Node, Any]],
    *,
    create_graph: bool,
    targets: set[Node] | None = None,
    retain_grad: bool = False,
    free: bool = False,
) -> dict[Node, Any]:
    if not create_graph:
        return _walk(roots, False, targets, retain_grad, free)
    with force_backprop_mode():
        return _walk(roots, True, targets, retain_grad, free)


def _walk(
    roots: list[tuple[Node, Any]], create_graph: bool, targets: set[Node] | None, retain_grad: bool, free: bool
) -> dict[Node, Any]:
    """The walk itself: returns the cotangents of `targets`, or gives the leaves theirs where there are no targets."""
    targets = targets or set()
    needed = _between([n for n, _ in roots], targets) if targets else None
    cotangents: dict[Node, Any] = {}
    waiting: list[tuple[int, Node]] = []  # a heap: latest recorded first
    leaves: list[Node] = []
    ours: set[Node] = set()  # nodes whose cotangent is an array that nothing else refers to
    found: dict[Node, Any] = {}

    for node, g in roots:
        previous = cotangents.get(node)
        cotangents[node] = g if previous is None else previous + g
        if previous is None:
            if node.op is None:
                leaves.append(node)
            else:
                heappush(waiting, (-node.seq, node))
    while waiting:
        node = heappop(waiting)[1]
        op: Any = node.op
        g = cotangents.pop(node)
        if retain_grad and node.shape is not None:
            node.grad = _own(g)
            node.owns_grad = False
        broadcasts = op.broadcasts
        parents: Sequence[Any] = node.parents
        steps: Sequence[Any]
        saved: Sequence[Any] = ()
        if needed is None and not create_graph and op.rules:
            # Most nodes: a rule for each input, run here one by one. The rest of the loop's text is the same for all.
            gxs = None
            steps = op.rules
            saved = op.readable(node) if op.kept_inputs or node.saved is None else node.saved
        else:
            wanted = None
            if needed is not None:
                wanted = tuple([p in needed for p in parents])
                if node in targets:
                    found[node] = _own(g)
            gxs = op.pull(node, g, create_graph, wanted)
            steps = [(i, None, ()) for i in range(len(parents))]
        for i, rule, places in steps:
            p = parents[i]
            if gxs is not None:
                gx = gxs[i]
                if p is None or gx is None or (needed is not None and p not in needed):
                    continue
            elif not places:
                gx = rule(g)
            elif len(places) == 1:
                gx = rule(g, saved[places[0]])
            else:
                gx = rule(g, *[saved[j] for j in places])
            if broadcasts and gx.shape != p.shape:
                gx = _shape.sum_to(gx, shape=p.shape)
            previous = cotangents.get(p)
            if previous is None:
                cotangents[p] = gx
                if p.op is not None:
                    heappush(waiting, (-p.seq, p))
                else:
                    leaves.append(p)
                    if not create_graph and _is_new(gx, g, gxs or ()):
                        ours.add(p)
            elif p in ours and isinstance(previous, np.ndarray) and gx.size > 1 and previous.dtype == gx.dtype:
                previous += gx  # of single elements, NumPy makes a new one faster than it changes one
            else:
                cotangents[p] = previous + gx
                ours.add(p)
        if free:
            node.saved = None
    for p in leaves:
        g = cotangents[p]
        if g.shape != p.shape:
            raise ValueError(
                f"backward: a rule gave a gradient of shape {tuple(g.shape)} to an input of shape {tuple(p.shape)}; "
                "a rule returns its input's exact shape, unless its op is an @elementwise_op"
            )
        if needed is None:
            _deposit(p, g, p in ours, create_graph)
        elif p in targets:
            found[p] = _fitted(p, g) if p in ours else _own(_fitted(p, g))
    return found


def _is_new(gx: Any, g: Any, gxs: Sequence[Any]) -> bool:
    """Whether a rule made `gx` for one parent alone: it shares no memory with `g` or with what other parents get."""
    if gx is g:
        return False
    if not gxs and isinstance(gx, np.ndarray) and gx.base is None:
        return bool(gx.flags.writeable)
    others = [*(g if isinstance(g, Outputs) else (g,)), *gxs]
    times = 0
    for other in others:
        if other is gx:
            times += 1
    if times > 1:
        return False
    if isinstance(gx, np.ndarray):
        if not gx.flags.writeable or gx.base is None:
            return bool(gx.flags.writeable)
    return not any(xp.shares_memory(gx, other) for other in others if other is not None and other is not gx)


def _between(outputs: list[Node], targets: set[Node]) -> set[Node]:
    """The nodes behind `outputs` from which a target can be reached, the targets included."""
    seen = set(outputs)
    waiting = list(outputs)
    while waiting:
        for p in waiting.pop().parents:
            if p is not None and p not in seen:
                seen.add(p)
                waiting.append(p)
    needed: set[Node] = set()
    # A parent is recorded before its children; a leaf's number may be later (it was updated), but a leaf has no parents.
    for node in sorted(seen, key=lambda n: (n.op is not None, n.seq)):
        if node in targets or any(p in needed for p in node.parents):
            needed.add(node)
    return needed


def _own(g: Any) -> Any:
    """`g` for someone who may write to it: a copy, as rules share cotangents; a Variable, which nobody writes to, as it is."""
    return g if isinstance(g, _variable.Variable) else xp.asarray(g, copy=True)


def _fitted(node: Node, g: Any) -> Any:
    """`g` on a leaf's device and in its dtype: real for a real one, floating for an integer one; a cut node takes any."""
    g = _variable.as_0d(g)
    if node.device is None:
        return g
    array = _variable.as_array(g)
    device = xp.device_of(array)
    if device is not node.device and device != node.device:
        g = _shape.to_device(g, device=node.device)
        array = _variable.as_array(g)
    if array.dtype != node.dtype:
        dtype = _gradient_dtype(node.dtype, array)
        if array.dtype != dtype:
            if dtype_name(array.dtype).startswith("complex") and not dtype_name(dtype).startswith("complex"):
                g = g.real
            g = _shape.astype(g, dtype=dtype)
    return g


def _deposit(node: Node, g: Any, ours: bool, create_graph: bool) -> None:
    """Add a leaf's cotangent to its gradient; the gradient is the leaf's own memory."""
    is_fitted = type(g) is np.ndarray and node.device is _NUMPY and g.dtype == node.dtype
    fitted = g if is_fitted else _fitted(node, g)
    owner = node.owner() if node.owner is not None else None
    if create_graph:
        # A graph that hangs on the leaf's node would refer to itself; on the Variable it does not.
        if owner is not None:
            before = owner.grad_var
            owner._grad_var, node.grad = (fitted if before is None else before + fitted), None
        return
    if owner is not None and owner._grad_var is not None:
        node.grad, owner._grad_var, node.owns_grad = owner._grad_var._array, None, False
    if node.grad is None:
        node.grad = fitted if ours else xp.asarray(fitted, copy=True)
    elif node.owns_grad and isinstance(node.grad, np.ndarray):
        node.grad += fitted
    else:
        node.grad = node.grad + fitted
    node.owns_grad = True


from catena.autograd.ops import shape as _shape  # noqa: E402 - the ops are defined over the Variable whose module loads this one
