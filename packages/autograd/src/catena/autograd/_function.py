"""Differentiable functions in class form, as Chainer has them: for functions with state, or with their own forward and backward.

Where an op is a forward and its rules, a FunctionNode is an object for each call. Both stand on the same nodes of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xparray as xp
from catena.autograd._config import config, no_backprop_mode, recording
from catena.autograd._hooks import Hooked
from catena.autograd._node import Node, new_node, pick, refuse_stale
from catena.autograd._plan import Spec, spec_of
from catena.autograd._variable import Variable, as_array, as_variable, variable
from catena.autograd._watch import watcher
from xparray import Array


def _own_method(function: Any, method: str, inputs: tuple[Array, ...]) -> Any:
    """`method`_cpu of the function for arrays in the host's memory, else `method`_gpu."""
    on_host = all(xp.get_backend(xp.device_of(x).backend).is_host for x in inputs)
    which = f"{method}_{'cpu' if on_host else 'gpu'}"
    own = getattr(function, which, None)
    if own is None:
        raise TypeError(f"{type(function).__name__}: it defines neither {method} nor {which}; define one of them")
    return own


class FunctionNode(Hooked):
    """A function with `forward` on arrays and `backward` on Variables; one object serves one call.

    Override `forward(inputs)`, which gets a tuple of arrays and returns one, and `backward(indexes, grad_outputs)`, which gets the
    indexes of the inputs whose gradients are wanted and the Variables of the outputs' gradients (None for an output that
    nothing came from), and returns a tuple of Variables or None, one for each wanted index. A backward written with functions of
    Variables can be differentiated again. `retain_inputs` and `retain_outputs`, called in forward, keep what backward
    reads with `get_retained_inputs` and `get_retained_outputs`.

    Example:
        >>> import numpy as np
        >>> class Square(FunctionNode):
        ...     def forward(self, inputs):
        ...         self.retain_inputs((0,))
        ...         return (inputs[0] ** 2,)
        ...     def backward(self, indexes, grad_outputs):
        ...         (x,) = self.get_retained_inputs()
        ...         return (2 * x * grad_outputs[0],)
        >>> x = Variable(np.array([3.0]))
        >>> (y,) = Square().apply((x,))
        >>> y.backward()
        >>> x.grad
        array([6.])
    """

    broadcasts = False
    rules = ()
    # What backward may read: set for one call of it, so that the function does not refer to the graph it is part of.
    _node: Node | None = None
    _create_graph = False
    # These begin here rather than in __init__, so that a subclass's own need not call another.
    _applied = False
    _retained_inputs: tuple[int, ...] = ()
    _retained_outputs: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Shown in the graph and in errors: the name of the class."""
        return type(self).__name__

    @property
    def label(self) -> str:
        """The name, as hooks ask for it."""
        return self.name

    @property
    def watched(self) -> Any:
        """What hooks are called with: this object."""
        return self

    def check_type_forward(self, in_types: tuple[Spec, ...]) -> None:
        """Called before forward, unless `config.type_check` is False, with the shape, dtype and device of each input.

        Override it to raise where they are wrong.
        """

    def _check_types(self, inputs: tuple[Array, ...]) -> None:
        self.check_type_forward(tuple([spec_of(x) for x in inputs]))

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """The outputs' arrays; calls `forward_cpu` for arrays in the host's memory, else `forward_gpu`."""
        result: tuple[Array, ...] = _own_method(self, "forward", inputs)(inputs)
        return result

    def backward(
        self, indexes: tuple[int, ...], grad_outputs: tuple[Variable | None, ...]
    ) -> tuple[Variable | None, ...]:
        """The gradients of the inputs `indexes` from those of the outputs."""
        raise TypeError(f"{self.name}: it defines no backward; override backward(indexes, grad_outputs)")

    def retain_inputs(self, indexes: Sequence[int]) -> None:
        """Called in forward: keep these inputs for backward."""
        self._retained_inputs = tuple(indexes)

    def retain_outputs(self, indexes: Sequence[int]) -> None:
        """Called in forward: keep these outputs for backward."""
        self._retained_outputs = tuple(indexes)

    def apply(self, inputs: Sequence[Any]) -> tuple[Variable, ...]:
        """Compute the outputs for arrays or Variables, as Variables.

        Raises:
            RuntimeError: the object has served a call already.
            TypeError: forward returned no tuple of arrays.
        """
        if self._applied:
            raise RuntimeError(f"{self.name}: this object has been applied once; make a new one for each call")
        self._applied = True
        variables = [as_variable(x) for x in inputs]
        arrays = tuple(v.array for v in variables)
        if config.type_check:
            self._check_types(arrays)
        watch = watcher(self.watched)
        if watch is not None:
            watch.before(arrays)
        outputs = self.forward(arrays)
        if not isinstance(outputs, tuple) or not outputs:
            got = "an empty tuple" if isinstance(outputs, tuple) else type(outputs).__name__
            raise TypeError(f"{self.name}.forward: returned {got}; expected a tuple of arrays")
        for i, y in enumerate(outputs):
            if isinstance(y, Variable) or not hasattr(y, "dtype"):
                raise TypeError(f"{self.name}.forward: output {i} is of type {type(y).__name__}; expected an array")
        outputs = tuple(xp.asarray(y) for y in outputs)
        if watch is not None:
            watch.after(self.name, self.input_names(len(arrays)), arrays, outputs)
        if not recording() or all(v.node is None for v in variables):
            return tuple(variable(y, None) for y in outputs)
        saved = (
            self._kept("retain_inputs", arrays, self._retained_inputs),
            self._kept("retain_outputs", outputs, self._retained_outputs),
        )
        op = self if watch is None else watch.traced(self, saved)
        node = new_node(op, tuple(v.node for v in variables), (*saved, len(outputs)), None)
        return tuple(variable(y, pick(node, i, len(outputs), y)) for i, y in enumerate(outputs))

    def inputs_of(self, node: Node) -> tuple[Any, ...]:
        """The arrays of the inputs, None for each that was not retained."""
        found: list[Any] = [None] * len(node.parents)
        if node.saved is not None:
            for i, x in zip(self._retained_inputs, node.saved[0], strict=True):
                found[i] = x
        return tuple(found)

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        return [f"input {i}" for i in range(count)]

    def kept_name(self, place: tuple[int, ...]) -> str:
        """What errors call the array at this place in what is kept."""
        return (
            f"input {self._retained_inputs[place[1]]}" if not place[0] else f"output {self._retained_outputs[place[1]]}"
        )

    def _kept(self, what: str, arrays: tuple[Array, ...], indexes: tuple[int, ...]) -> tuple[Array, ...]:
        wrong = [i for i in indexes if not 0 <= i < len(arrays)]
        if wrong:
            raise ValueError(f"{self.name}.{what}: got index {wrong[0]}; there are {len(arrays)}, counted from 0")
        return tuple(arrays[i] for i in indexes)

    def get_retained_inputs(self) -> tuple[Variable, ...]:
        """Called in backward: the inputs that forward retained, in that order."""
        node, saved = self._reading("get_retained_inputs")
        return tuple(self._at(x, node.parents[i]) for x, i in zip(saved[0], self._retained_inputs, strict=True))

    def get_retained_outputs(self) -> tuple[Variable, ...]:
        """Called in backward: the outputs that forward retained, in that order."""
        node, saved = self._reading("get_retained_outputs")
        return tuple(
            self._at(y, pick(node, i, saved[2], y)) for y, i in zip(saved[1], self._retained_outputs, strict=True)
        )

    def _reading(self, method: str) -> tuple[Node, tuple[Any, ...]]:
        if self._node is None or self._node.saved is None:
            raise RuntimeError(f"{self.name}.{method}: only backward may call it")
        return self._node, self._node.saved

    def _at(self, array: Array, node: Node | None) -> Variable:
        return variable(array, node if self._create_graph else None)

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> list[Any]:
        """The cotangents of the inputs: what `backward` returns, as arrays unless it is recorded."""
        if node.saved is None:
            raise RuntimeError(
                f"backward: the graph through {self.name} was freed by backward(free=True); leave out free=True to walk it twice"
            )
        for i in self._retained_inputs:
            parent = node.parents[i]
            if parent is not None and parent.seq > node.seq:
                refuse_stale(f"backward: input {i} of {self.name} was updated in place after it was read")
        wanted = wanted or tuple(p is not None for p in node.parents)
        indexes = tuple(i for i, w in enumerate(wanted) if w)
        cotangents = tuple(None if part is None else as_variable(part) for part in g)
        self._node, self._create_graph = node, create_graph
        try:
            gxs = self._differentiate(indexes, cotangents, create_graph)
        finally:
            self._node = None
        self._check_count(gxs, indexes)
        pulled: list[Any] = [None] * len(node.parents)
        for i, gx in zip(indexes, gxs, strict=True):
            parent = node.parents[i]
            if gx is None or parent is None:
                continue
            if not hasattr(gx, "dtype"):
                raise TypeError(
                    f"{self.name}.backward: the gradient of input {i} is of type {type(gx).__name__}; expected a Variable"
                )
            if create_graph and not isinstance(gx, Variable):
                raise TypeError(
                    f"{self.name}.backward: the gradient of input {i} is an array, which cannot be differentiated again; "
                    "compute it with functions of the Variables that backward is given"
                )
            if tuple(gx.shape) != tuple(parent.shape):
                raise ValueError(
                    f"{self.name}.backward: the gradient of input {i} has shape {tuple(gx.shape)}; "
                    f"expected {tuple(parent.shape)}, the input's"
                )
            pulled[i] = gx if create_graph else as_array(gx)
        return pulled

    def _check_count(self, gxs: Any, indexes: tuple[int, ...]) -> None:
        if not isinstance(gxs, tuple) or len(gxs) != len(indexes):
            got = f"{len(gxs)} gradients" if isinstance(gxs, tuple) else type(gxs).__name__
            raise TypeError(
                f"{self.name}.backward: returned {got}; expected a tuple of {len(indexes)}, one for each of the inputs {indexes}"
            )

    def _differentiate(
        self, indexes: tuple[int, ...], cotangents: tuple[Variable | None, ...], create_graph: bool
    ) -> Any:
        if create_graph:
            return self.backward(indexes, cotangents)
        with no_backprop_mode():
            return self.backward(indexes, cotangents)


class Function(Hooked):
    """A function with `forward` and `backward` on arrays; its gradients cannot be differentiated again.

    Override `forward(inputs)` (or `forward_cpu`, `forward_gpu`), which gets and returns tuples of arrays, and
    `backward(inputs, grad_outputs)` (or `backward_cpu`, `backward_gpu`), which returns a tuple with one gradient, or None, an input.

    Example:
        >>> import numpy as np
        >>> class MulAdd(Function):
        ...     def forward_cpu(self, inputs):
        ...         x, y, z = inputs
        ...         return (x * y + z,)
        ...     def backward_cpu(self, inputs, grad_outputs):
        ...         x, y, z = inputs
        ...         (g,) = grad_outputs
        ...         return y * g, x * g, g
        >>> x, y, z = (Variable(np.array([v])) for v in (2.0, 3.0, 4.0))
        >>> w = MulAdd()(x, y, z)
        >>> w.backward()
        >>> w.array, x.grad, y.grad, z.grad
        (array([10.]), array([3.]), array([2.]), array([1.]))
    """

    @property
    def label(self) -> str:
        """Shown in the graph and in errors: the name of the class."""
        return type(self).__name__

    def check_type_forward(self, in_types: tuple[Spec, ...]) -> None:
        """Called before forward, unless `config.type_check` is False, with the shape, dtype and device of each input.

        Override it to raise where they are wrong.
        """

    def __call__(self, *inputs: Any) -> Variable | tuple[Variable, ...]:
        """Compute the outputs for arrays or Variables: a Variable, or a tuple of them."""
        outputs = _OldStyle(self).apply(inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """The outputs' arrays."""
        result: tuple[Array, ...] = _own_method(self, "forward", inputs)(inputs)
        return result

    def backward(self, inputs: tuple[Array, ...], grad_outputs: tuple[Array | None, ...]) -> tuple[Array | None, ...]:
        """The inputs' gradients; None among `grad_outputs` stands for an output that nothing came from."""
        result: tuple[Array | None, ...] = _own_method(self, "backward", inputs)(inputs, grad_outputs)
        return result


class _OldStyle(FunctionNode):
    """A Function as a node: its backward gets every input's array and gives arrays."""

    def __init__(self, function: Function) -> None:
        self.function = function

    @property
    def name(self) -> str:
        return type(self.function).__name__

    @property
    def watched(self) -> Any:
        return self.function

    def check_type_forward(self, in_types: tuple[Spec, ...]) -> None:
        self.function.check_type_forward(in_types)

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        self.retain_inputs(range(len(inputs)))
        return self.function.forward(inputs)

    def _differentiate(
        self, indexes: tuple[int, ...], cotangents: tuple[Variable | None, ...], create_graph: bool
    ) -> Any:
        if create_graph:
            raise RuntimeError(
                f"{self.name} is a Function, whose backward computes on arrays: it cannot be differentiated twice; "
                "write it as a FunctionNode or as an op (@catena.autograd.op)"
            )
        inputs = tuple(v.array for v in self.get_retained_inputs())
        gxs = self.function.backward(inputs, tuple(None if g is None else g.array for g in cotangents))
        self._check_count(gxs, tuple(range(len(inputs))))
        return tuple(None if gxs[i] is None else as_variable(gxs[i]) for i in indexes)
