"""Variable: an array that remembers how it was made."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import _array_methods
from catena.autograd._array_methods import ArrayMethods
from catena.autograd._node import Creator, Node, label_of, leaf
from xparray import Array, Backend, Device
from xparray._dispatch import dtype_name


class Variable(ArrayMethods):
    """An array with a place in a graph of operations, through which gradients flow back to it.

    Args:
        data: array of any backend (its memory is shared), nested sequence or number.
        name: shown by `repr` and in drawings of the graph.
        requires_grad: whether `backward` computes its gradient.

    Example:
        >>> x = Variable(np.array([5.0], "float32"))
        >>> y = x**2 - 2 * x + 1
        >>> y.backward()
        >>> y.array, x.grad
        (array([16.], dtype=float32), array([8.], dtype=float32))
    """

    __slots__ = ("__weakref__", "_array", "_grad_var", "name", "node")

    _array: Array
    _grad_var: Variable | None
    name: str | None
    node: Node | None

    def __init__(self, data: Any, *, name: str | None = None, requires_grad: bool = True) -> None:
        if isinstance(data, Variable):
            raise TypeError(
                "Variable: data is a Variable already; write Variable(v.array) for a new leaf on the same memory"
            )
        self._array = xp.asarray(data)
        if isinstance(self._array, np.ndarray) and self._array.dtype.kind not in "fciub":
            raise TypeError(f"Variable: data has the dtype {self._array.dtype}; expected numbers, such as float32")
        self._grad_var = None
        self.name = name
        self.node = self._leaf() if requires_grad else None

    def _leaf(self) -> Node:
        return leaf(self._array, xp.device_of(self._array), weakref.ref(self))

    # ------------------------------------------------------------------ the array

    @property
    def array(self) -> Array:
        """The array itself; assigning replaces it (of a leaf: also its shape, dtype and device)."""
        return self._array

    @array.setter
    def array(self, value: Array) -> None:
        value = xp.asarray(value)
        node = self.node
        if node is not None and node.op is not None and tuple(value.shape) != tuple(self._array.shape):
            raise ValueError(
                f"Variable.array: the result of {node.op.name} has shape {tuple(self._array.shape)}, "
                f"got {tuple(value.shape)}; only a leaf changes shape"
            )
        if tuple(value.shape) != tuple(self._array.shape):
            self.cleargrad()
        self._array = value
        if node is not None and node.op is None:
            node.shape, node.dtype, node.device = value.shape, value.dtype, xp.device_of(value)
            node.renew()

    data = array

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow back to this Variable."""
        return self.node is not None

    def mark_updated(self) -> None:
        """Say that the array was changed in place: backward through a graph that read the old values raises from now on."""
        if self.node is not None:
            if self.node.op is not None:
                raise ValueError(
                    f"Variable.mark_updated: this is the result of {self.node.op.name}; only a leaf may be updated in place"
                )
            self.node.renew()

    # --------------------------------------------------------------- the gradient

    @property
    def grad(self) -> Array | None:
        """The gradient as an array of the same shape, None until a backward has filled it; assignable."""
        if self._grad_var is not None:
            return self._grad_var._array
        grad = self.node.grad if self.node is not None else None
        return grad._array if isinstance(grad, Variable) else grad

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if value is None:
            self.cleargrad()
            return
        if isinstance(value, Variable):
            raise TypeError("Variable.grad: got a Variable; assign it to grad_var, or its .array here")
        value = self._checked_grad(value)
        node = self._node_for_grad()
        self._grad_var = None
        node.grad = value
        node.owns_grad = False

    @property
    def grad_var(self) -> Variable | None:
        """The gradient as a Variable: with its own graph after `backward(create_graph=True)`; assignable."""
        if self._grad_var is not None:
            return self._grad_var
        grad = self.node.grad if self.node is not None else None
        return grad if grad is None or isinstance(grad, Variable) else variable(grad, None)

    @grad_var.setter
    def grad_var(self, value: Variable | None) -> None:
        if value is not None:
            self._checked_grad(value._array)
            self._node_for_grad()
        self.cleargrad()
        self._grad_var = value

    def _node_for_grad(self) -> Node:
        if self.node is None:
            raise ValueError(
                "Variable.grad: this Variable needs no gradient (made with requires_grad=False, or within no_backprop_mode)"
            )
        return self.node

    def _checked_grad(self, value: Array) -> Array:
        if not hasattr(value, "dtype"):
            raise TypeError(f"Variable.grad: got {type(value).__name__}; expected an array; write xp.asarray(g)")
        if tuple(value.shape) != self.shape:
            raise ValueError(
                f"Variable.grad: got shape {tuple(value.shape)}; expected {self.shape}, the shape of the array"
            )
        if xp.device_of(value) != self.device and not (
            isinstance(value, np.ndarray) and isinstance(self._array, np.ndarray)
        ):
            raise ValueError(
                f"Variable.grad: got an array on {xp.device_of(value)}; expected {self.device}; "
                f"move it with xp.to_device(g, {str(self.device)!r})"
            )
        name = dtype_name(_backward._gradient_dtype(self.dtype, self._array))
        if dtype_name(value.dtype) != name:
            raise TypeError(
                f"Variable.grad: got {dtype_name(value.dtype)}; expected {name}, the dtype of gradients of this Variable; "
                f"convert it with xp.astype(g, xp.{name})"
            )
        return value

    def cleargrad(self) -> None:
        """Forget the gradient: `grad` is None again."""
        self._grad_var = None
        if self.node is not None:
            self.node.grad = None

    def zerograd(self) -> None:
        """Set the gradient to zeros."""
        self.cleargrad()
        self.grad = xp.zeros_like(self._array)

    def addgrad(self, other: Variable) -> None:
        """Add the gradient of `other` to this one's."""
        if other.grad is None:
            return
        g = xp.to_device(other.grad, self.device)
        self.grad = xp.asarray(g, copy=True) if self.grad is None else self.grad + g

    def copydata(self, other: Variable) -> None:
        """Copy the values of `other` into this array's own memory."""
        self._array[...] = xp.to_device(other._array, self.device)
        self.mark_updated()

    def backward(
        self,
        *,
        grad: Array | None = None,
        retain_grad: bool = False,
        create_graph: bool = False,
        free: bool | int = False,
        loss_scale: float | None = None,
    ) -> None:
        """Compute the gradients of this Variable in all leaves it was made from, and add them to theirs.

        Args:
            grad: the gradient to begin with, of this Variable's shape; `self.grad` where that is set, 1 for a single element.
            retain_grad: keep the gradients of the Variables in between too.
            create_graph: record the computation of the gradients, so that `grad_var` can be differentiated again.
            free: release what the graph keeps on the way; it cannot be walked again. A number (`Node.seq`) spares what was
                recorded before it.
            loss_scale: the factor by which all gradients are greater, so that small ones do not vanish in float16.

        Raises:
            ValueError: more than one element and no gradient to begin with.
            RuntimeError: the graph was freed, or a parameter it reads was updated since.
        """
        root = _backward.root_of("backward", self, grad, create_graph, loss_scale)
        _backward.sweep([root], create_graph, None, retain_grad, free)

    def unchain(self) -> None:
        """Cut the graph behind this Variable: it becomes a leaf, gradients end here."""
        if self.node is not None:
            self.node.cut()
            self._take_node(self.node)

    def _take_node(self, node: Node) -> None:
        """Make a node that was cut this Variable's own leaf."""
        node.dtype, node.device, node.owner = self.dtype, self.device, weakref.ref(self)

    def unchain_backward(self) -> None:
        """Cut the graph behind this Variable and behind all it was made from, so that their memory is freed.

        Example:
            >>> x = Variable(np.ones(1)); y = x * 2; z = y * 3
            >>> y.unchain_backward()
            >>> z.backward()
            >>> y.grad, x.grad
            (array([3.]), None)
        """
        waiting = [] if self.node is None else [self.node]
        while waiting:
            node = waiting.pop()
            if node.op is not None:
                waiting.extend(p for p in node.parents if p is not None)
                node.cut()
                if node is self.node:
                    self._take_node(node)

    # ---------------------------------------------------------- a look at it, and at its graph

    @property
    def xp(self) -> Any:
        """The namespace of the array, such as `numpy`."""
        return xp.array_namespace(self._array)

    @property
    def creator(self) -> Creator | None:
        """The call that made this Variable: its function, label, rank and the nodes of its inputs; None for a leaf.

        Example:
            >>> x = Variable(2.0)
            >>> y = x * 3 + 1
            >>> y.creator.label, y.creator.inputs[0].creator.label, y.rank
            ('add', 'multiply', 2)
        """
        return None if self.node is None else self.node.creator

    creator_node = creator

    @property
    def rank(self) -> int:
        """How many functions lie one behind the other on the longest way from a leaf."""
        return 0 if self.node is None else self.node.rank

    @property
    def label(self) -> str:
        """Shape and dtype: "(2, 3), float32"."""
        return label_of(self.shape, self.dtype)

    def summary(self) -> str:
        """Its name, or where it stands in memory, in a few words."""
        return f"<variable {self.name}>" if self.name else f"<variable at {id(self):#x}>"

    def debug_print(self) -> str:
        """Lines that say what it is: device, shape, dtype, and mean and deviation of the array and of its gradient.

        Example:
            >>> print(Variable(np.array([1.0, 3.0]), name="x").debug_print())
            <variable x>
            - device: numpy
            - shape: (2,)
            - dtype: float64
            - array: mean 2, standard deviation 1
            - gradient: None
        """
        lines = [
            self.summary(),
            f"- device: {self.device}",
            f"- shape: {self.shape}",
            f"- dtype: {dtype_name(self.dtype)}",
        ]
        for name, x in (("array", self._array), ("gradient", self.grad)):
            if x is None or not x.size:
                lines.append(f"- {name}: {None if x is None else 'no elements'}")
            else:
                host = np.asarray(xp.to_device(x, "numpy"))
                lines.append(f"- {name}: mean {host.mean():.6g}, standard deviation {host.std():.6g}")
        return "\n".join(lines)

    def retain_data(self) -> None:
        """Let the graph hold the array too, for those who look at its nodes: `v.node.data`."""
        if self.node is not None and self.node.op is not None:
            self.node._data = self._array

    def __repr__(self) -> str:
        parts = [_array_methods.as_text(self)]
        if self.name:
            parts.append(f"name={self.name!r}")
        if self.node is not None and self.node.op is not None:
            parts.append(f"op={self.node.op.name}")
        return f"{type(self).__name__}({', '.join(parts)})"

    # Copies and pickles hold the data: a graph belongs to the run that recorded it.

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return Variable(copy.deepcopy(self._array, memo), name=self.name, requires_grad=self.requires_grad)

    def __reduce__(self) -> Any:
        return _rebuild, (self._array, self.name, self.requires_grad)


def _rebuild(array: Array, name: str | None, requires_grad: bool) -> Variable:
    return Variable(array, name=name, requires_grad=requires_grad)


def variable(array: Array, node: Node | None) -> Variable:
    """A Variable for a result, without the checks of the constructor."""
    v = Variable.__new__(Variable)
    v._array = array
    v.node = node
    v._grad_var = None
    v.name = None
    return v


def as_variable(x: Any) -> Variable:
    """`x` itself where it is a Variable, else a Variable of it that needs no gradient.

    Example:
        >>> as_variable(np.ones(2)).requires_grad
        False
    """
    return x if isinstance(x, Variable) else Variable(x, requires_grad=False)


def as_array(x: Any) -> Array:
    """The array of a Variable; anything else as it is.

    Example:
        >>> as_array(Variable(np.ones(2)))
        array([1., 1.])
    """
    return x._array if isinstance(x, Variable) else x


class _VariableBackend(Backend):
    """Variables among the arguments of xparray's functions: the differentiable functions serve them."""

    name = "variable"
    records = True
    array_types = (Variable,)

    def device_of(self, x: Variable) -> Device:
        """The device of the array."""
        return x.device


_BACKEND = _VariableBackend()
xp.register_array_type(Variable, _BACKEND)

# The ops are defined over Variable, and Variable's methods call the ops: they come in once it exists.
from catena.autograd import _backward  # noqa: E402
from catena.autograd import functions as _functions  # noqa: E402

_BACKEND.namespace = _functions
_array_methods.bind(_functions)
