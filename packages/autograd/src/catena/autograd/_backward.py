"""Reverse mode: cotangents walk from outputs to leaves, each node once, in the reverse order of recording.

The gradient of a real L in a complex x is dL/dRe x + i dL/dIm x, the direction in which L grows most; `ops.complex` says what follows
for rules.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np
from numpy import ndarray

import xparray as xp
from catena.autograd import _variable
from catena.autograd._array_methods import as_0d
from catena.autograd._config import config, force_backprop_mode
from catena.autograd._later import Later
from catena.autograd._node import UPDATES, Node, Outputs
from catena.autograd._plan import same
from catena.autograd._watch import looks_on, watcher
from xparray import Array
from xparray._dispatch import dtype_name
from xparray._memory import is_no_view

_NUMPY = xp.device_of(np.empty(0))


def backward(
    outputs: Any,
    grad_outputs: Any = None,
    *,
    retain_grad: bool = False,
    create_graph: bool = False,
    free: bool | int = False,
    loss_scale: float | None = None,
) -> None:
    """Add the gradients of the sum of `outputs`, weighted with `grad_outputs`, to the `grad` of every leaf behind them.

    Args:
        outputs: a Variable or a sequence of them.
        grad_outputs: for each output the gradient to begin with, None for its own `grad`, or 1 for a single element.
        retain_grad: keep the gradients of the Variables in between too.
        create_graph: record the computation of the gradients.
        free: release what the graph keeps on the way; a number (`Node.seq`) spares what was recorded before it.
        loss_scale: the factor by which all gradients are greater, so that small ones do not vanish in float16; whoever uses them
            divides by it.

    Raises:
        TypeError: an output is no Variable, or a gradient to begin with no array, or complex for a real output.
        ValueError: an output with several elements has no gradient to begin with; one has another shape, or lives elsewhere.
        RuntimeError: the graph was freed, or a parameter it reads was updated since.

    Example:
        >>> from catena.autograd import Variable
        >>> x = Variable(3.0)
        >>> backward([x * 2, x * x])
        >>> float(x.grad)
        8.0
    """
    roots = _roots("backward", outputs, grad_outputs, create_graph, loss_scale)
    sweep(roots, create_graph, None, retain_grad, free)


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, *, create_graph: bool = False) -> Any:
    """The gradients of `outputs` in `inputs`, without touching any `grad`.

    Args:
        outputs: a Variable or a sequence of them.
        inputs: a Variable or a sequence of them: leaves or results in between.
        grad_outputs: the gradient to begin with, one an output; 1 for a single element.
        create_graph: return Variables whose computation is recorded, so that they can be differentiated again.

    Returns:
        One gradient an input, of its shape: arrays, or Variables under `create_graph`; None where the outputs do not depend on it.
        A single one where `inputs` is a Variable. That of a complex input x is dL/dRe x + i dL/dIm x, L being the weighted sum
        of the real parts of the outputs: the direction in which L grows most.

    Raises:
        TypeError: an output or input is no Variable, or a gradient to begin with no array, or complex for a real output.
        ValueError: an output with several elements has no gradient to begin with; an input needs no gradient.

    Example:
        >>> from catena.autograd import Variable, grad
        >>> x = Variable(3.0)
        >>> g = grad(x**3, x, create_graph=True)
        >>> float(g), float(grad(g, x))
        (27.0, 18.0)
    """
    if callable(outputs):
        raise TypeError(
            f"grad: outputs is the function {getattr(outputs, '__name__', type(outputs).__name__)}; expected Variables; "
            "for the gradient of a function take catena.autograd.transforms.grad"
        )
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
    found = sweep(roots, create_graph=create_graph, targets=targets)
    gradients = [found.get(x.node) for x in inputs]
    return gradients if several else gradients[0]


def _sequence(values: Any) -> Sequence[Any]:
    if type(values) is list:
        return values
    is_one = isinstance(values, _variable.Variable) or hasattr(values, "dtype") or not isinstance(values, Iterable)
    return [values] if is_one else list(values)


def _roots(
    function: str, outputs: Any, grad_outputs: Any, create_graph: bool, loss_scale: float | None = None
) -> list[tuple[Node, Any]]:
    """Each output's node with its first cotangent."""
    outputs = _sequence(outputs)
    if grad_outputs is not None:
        grad_outputs = _sequence(grad_outputs)
        if len(grad_outputs) != len(outputs):
            raise ValueError(
                f"{function}: got {len(grad_outputs)} gradients for {len(outputs)} outputs; give one an output"
            )
    given = [None] * len(outputs) if grad_outputs is None else grad_outputs
    return [root_of(function, y, g, create_graph, loss_scale) for y, g in zip(outputs, given, strict=True)]


def root_of(function: str, y: Any, g: Any, create_graph: bool, loss_scale: float | None = None) -> tuple[Node, Any]:
    """An output's node with its first cotangent: `g` where that is given."""
    if not isinstance(y, _variable.Variable):
        kind = (
            f"an array, {tuple(y.shape)} {dtype_name(y.dtype)}"
            if hasattr(y, "dtype")
            else f"of type {type(y).__name__}"
        )
        raise TypeError(
            f"{function}: an output is {kind}, which has no gradient (comparisons, argmax and the like give arrays); "
            "expected a Variable, the result of functions of Variables"
        )
    node = y.node
    if node is None:
        raise ValueError(
            f"{function}: the output of shape {y.shape} depends on nothing that needs a gradient; was it made within no_backprop_mode?"
        )
    if g is None and function == "backward" and (node.grad is not None or y._grad_var is not None):
        g = y.grad_var
    g = _one_for(function, y) if g is None else _checked_seed(function, y, g)
    if loss_scale is not None:
        g = g * loss_scale
    return node, _variable.as_variable(g) if create_graph else _variable.as_array(g)


def _one_for(function: str, y: Any) -> Array:
    """The gradient that an output of one element begins with."""
    array = y._array
    if type(array) is ndarray and (one := _one(array.shape, array.dtype)) is not None:
        return one
    if array.size != 1:
        raise ValueError(
            f"{function}: an output of shape {y.shape} needs a gradient to begin with; "
            f"sum it to one element, or give the gradient (y.grad = xp.ones_like(y.array), or grad_outputs=)"
        )
    return xp.ones_like(array, dtype=_gradient_dtype(array.dtype, array))


@functools.lru_cache
def _one(shape: tuple[int, ...], dtype: Any) -> Array | None:
    """The single 1 that a backward from a floating element begins with: no rule writes to a cotangent, so it serves every backward."""
    return np.ones(shape, dtype) if dtype.kind == "f" and math.prod(shape) == 1 else None


def _checked_seed(function: str, y: Any, g: Any) -> Any:
    """The gradient that was given for the output `y` to begin with."""
    wrong = f"{function}: the gradient to begin with"
    if not hasattr(g, "dtype"):
        raise TypeError(
            f"{wrong} is of type {type(g).__name__}; expected an array of shape {y.shape}; write xp.asarray(g)"
        )
    if tuple(g.shape) != y.shape:
        raise ValueError(f"{wrong} has shape {tuple(g.shape)}; expected {y.shape}, the output's")
    if _complex.is_complex(g) and not _complex.is_complex(y):
        raise TypeError(
            f"{wrong} is {dtype_name(g.dtype)}, the output {dtype_name(y.dtype)}; expected a real one; take g.real"
        )
    device = xp.device_of(_variable.as_array(g))
    if device != y.device and not (xp.get_backend(device.backend).is_host and xp.get_backend(y.device.backend).is_host):
        raise ValueError(
            f"{wrong} lives on {device}; expected {y.device}, the output's; move it with xp.to_device(g, {str(y.device)!r})"
        )
    return g


def _gradient_dtype(dtype: Any, like: Array) -> Any:
    """The dtype of a gradient: the array's own, the default float dtype where that is an integer or a boolean."""
    name = dtype_name(dtype)
    if name.startswith(("float", "complex")):
        return dtype
    return xp.get_backend(xp.device_of(like).backend).native_dtype(config.dtype)


def sweep(
    roots: list[tuple[Node, Any]],
    create_graph: bool,
    targets: set[Node] | None = None,
    retain_grad: bool = False,
    free: bool | int = False,
) -> dict[Node, Any]:
    """Walk from the roots: returns the cotangents of `targets`, or gives the leaves theirs where there are no targets."""
    if not create_graph:
        return _walk(roots, False, targets, retain_grad, free)
    with force_backprop_mode():
        return _walk(roots, True, targets, retain_grad, free)


def _walk(
    roots: list[tuple[Node, Any]], create_graph: bool, targets: set[Node] | None, retain_grad: bool, free: bool | int
) -> dict[Node, Any]:
    """The walk of `sweep`, within the mode that it runs in."""
    needed = _between([n for n, _ in roots], targets) if targets else None
    looks = looks_on()
    is_plain = needed is None and not create_graph and not looks
    updated = UPDATES.last
    cotangents: dict[Node, Any] = {}
    leaves: list[Node] = []
    ours: set[Node] = set()  # nodes whose cotangent is an array that nothing else refers to
    found: dict[Node, Any] = {}
    # A heap, latest recorded first; and one node that waits beside it: in a chain of ops the only one, and the heap is not used.
    waiting: list[tuple[int, Node]] = []
    following: Node | None = None

    for node, g in roots:
        previous = cotangents.get(node)
        cotangents[node] = g if previous is None else previous + g
        if previous is None:
            if node.op is None:
                leaves.append(node)
            elif following is None:
                following = node
            else:
                heappush(waiting, (-node.seq, node))
    while True:
        if waiting:
            node = (heappop(waiting) if following is None else heappushpop(waiting, (-following.seq, following)))[1]
        elif following is not None:
            node = following
        else:
            break
        following = None
        g = cotangents.pop(node)
        op: Any = node.op
        if retain_grad and node.shape is not None:
            node.grad = _own(g)
            node.owns_grad = False
        parents: Sequence[Any] = node.parents
        saved: Any = node.saved
        steps: Sequence[Any]
        gxs: Any = ()
        if is_plain and op.rules:
            # Most nodes: a rule for each input, run here one by one. The rest of the loop's text is the same for all.
            steps = op.rules
            if saved is None or node.seq < updated:
                saved = op.readable(node)
        else:
            wanted = None
            if needed is not None:
                wanted = tuple([p in needed for p in parents])
                if targets is not None and node in targets:
                    found[node] = _own(g)
            watch = watcher(op.watched) if looks and op.watched is not None else None
            gxs = (op if watch is None else watch).pull(node, g, create_graph, wanted)
            # Nothing is behind the node of several outputs, without a shape, that was cut.
            steps = [
                (i, None, ())
                for i, p in enumerate(parents)
                if p is not None
                and gxs[i] is not None
                and (p.op is not None or p.shape is not None)
                and (needed is None or p in needed)
            ]
        shape = node.shape if op.broadcasts else None
        for i, rule, places in steps:
            p = parents[i]
            if rule is same:
                gx = g
            elif rule is None:
                gx = gxs[i]
            elif not places:
                gx = rule(g)
            else:
                gx = rule(g, saved[places[0]]) if len(places) == 1 else rule(g, *[saved[j] for j in places])
                if type(gx) is Later:
                    if p.op is None and p in cotangents:  # another use of a leaf: this may wait for more
                        cotangents[p] = gx.after(cotangents[p])
                        continue
                    gx = gx.value()
            if shape is not None and (form := p.shape) is not shape and form != shape and gx.shape != form:  # noqa: PLR1714 - gx.shape is made anew
                gx = _shape.sum_to(gx, shape=form)
            previous = cotangents.get(p)
            if previous is None:
                cotangents[p] = gx
                if p.op is None:
                    leaves.append(p)
                    if gx is not g and not create_graph and _is_new(gx, g, gxs):
                        ours.add(p)
                elif following is None:
                    following = p
                else:
                    heappush(waiting, (-p.seq, p))
            elif gx.size == 1:
                cotangents[p] = previous + gx  # of single elements, NumPy makes a new one faster than it changes one
            elif p in ours and isinstance(previous, ndarray) and previous.dtype == gx.dtype:
                previous += gx
            else:
                cotangents[p] = previous + gx
                ours.add(p)
        if free and node.seq >= free:
            node.saved = None
    anomaly = watch.anomaly if looks and (watch := watcher(None)) is not None else None
    for p in leaves:
        g = cotangents[p]
        if type(g) is Later:
            g = g.value()
            ours.add(p)
        if g.shape != p.shape:
            raise ValueError(
                f"backward: a rule gave a gradient of shape {tuple(g.shape)} to an input of shape {tuple(p.shape)}; "
                "a rule returns its input's exact shape, unless its op is an @elementwise_op"
            )
        if anomaly is not None:
            anomaly.in_leaf(g)
        if needed is None:
            _deposit(p, g, p in ours, create_graph)
        elif targets is not None and p in targets:
            found[p] = _fitted(p, g) if p in ours else _own(_fitted(p, g))
    return found


def _is_new(gx: Any, g: Any, gxs: Sequence[Any]) -> bool:
    """Whether a rule made `gx` for one parent alone: it shares no memory with `g` or with what other parents get."""
    if not gxs and isinstance(gx, ndarray) and is_no_view(gx):
        return bool(gx.flags.writeable)
    others = [*(g if type(g) is Outputs else (g,)), *gxs]
    times = 0
    for other in others:
        if other is gx:
            times += 1
    if times > 1:
        return False
    if isinstance(gx, ndarray):
        if not gx.flags.writeable or is_no_view(gx):
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
    if type(g) is ndarray:
        return g.copy("K")
    return g if isinstance(g, _variable.Variable) else xp.asarray(g, copy=True)


def _fitted(node: Node, g: Any) -> Any:
    """`g` on a leaf's device and in its dtype: real for a real one, floating for an integer one; a cut node takes any."""
    g = as_0d(g)
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
            if _complex.is_complex(array) and not dtype_name(dtype).startswith("complex"):
                g = _complex.real(g)
            g = _shape.astype(g, dtype=dtype)
    return g


def _deposit(node: Node, g: Any, ours: bool, create_graph: bool) -> None:
    """Add a leaf's cotangent to its gradient; the gradient is the leaf's own memory."""
    if type(g) is not ndarray or g.dtype is not node.dtype or node.device is not _NUMPY:
        g = _fitted(node, g)
    owner = node.owner() if node.owner is not None else None
    if create_graph:
        # A graph that hangs on the leaf's node would refer to itself; on the Variable it does not.
        if owner is not None:
            before = owner.grad_var
            owner._grad_var, node.grad = (g if before is None else before + g), None
        return
    if owner is not None and owner._grad_var is not None:
        node.grad, owner._grad_var, node.owns_grad = owner._grad_var._array, None, False
    if node.grad is None:
        node.grad = g if ours else _own(g)
    elif node.owns_grad and isinstance(node.grad, ndarray):
        node.grad += g
    else:
        node.grad = node.grad + g
    node.owns_grad = True


# The ops are defined over the Variable whose module loads this one.
from catena.autograd.ops import complex as _complex  # noqa: E402
from catena.autograd.ops import shape as _shape  # noqa: E402
