"""Variable: an array that remembers how it was made."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd._node import NEXT, Node, leaf
from xparray import Array, Backend, Device
from xparray._dispatch import dtype_name


class Variable:
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

    # NumPy's operators with an array on the left leave the result to Variable's.
    __array_priority__ = 200

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
            node.seq = NEXT()

    data = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self._array.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self._array.ndim)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self._array.size)

    @property
    def dtype(self) -> Any:
        """The dtype of the array."""
        return self._array.dtype

    @property
    def device(self) -> Device:
        """Where the array lives."""
        return xp.device_of(self._array)

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
            self.node.seq = NEXT()

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
        self._grad_var = None
        node = self._node_for_grad()
        node.grad = self._checked_grad(value)
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
            self._node_for_grad()
            self._checked_grad(value._array)
        self.cleargrad()
        self._grad_var = value

    def _node_for_grad(self) -> Node:
        if self.node is None:
            raise ValueError(
                "Variable.grad: this Variable needs no gradient (made with requires_grad=False, or within no_backprop_mode)"
            )
        return self.node

    def _checked_grad(self, value: Array) -> Array:
        if not hasattr(value, "shape"):
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
        self, *, grad: Array | None = None, retain_grad: bool = False, create_graph: bool = False, free: bool = False
    ) -> None:
        """Compute the gradients of this Variable in all leaves it was made from, and add them to theirs.

        Args:
            grad: the gradient to begin with, of this Variable's shape; `self.grad` where that is set, 1 for a single element.
            retain_grad: keep the gradients of the Variables in between too.
            create_graph: record the computation of the gradients, so that `grad_var` can be differentiated again.
            free: release what the graph keeps on the way; it cannot be walked again.

        Raises:
            ValueError: more than one element and no gradient to begin with.
            RuntimeError: the graph was freed, or a parameter it reads was updated since.
        """
        _backward.backward(
            [self], None if grad is None else [grad], retain_grad=retain_grad, create_graph=create_graph, free=free
        )

    def unchain(self) -> None:
        """Cut the graph behind this Variable: it becomes a leaf, gradients end here."""
        if self.node is not None:
            self.node.cut()
            self.node.dtype, self.node.device, self.node.owner = self.dtype, self.device, weakref.ref(self)

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

    # ------------------------------------------------------------------- operators

    def __add__(self, other: Any) -> Variable:
        return _arithmetic.add.of_two(self, other)

    def __radd__(self, other: Any) -> Variable:
        return _arithmetic.add.of_two(other, self)

    def __sub__(self, other: Any) -> Variable:
        return _arithmetic.subtract.of_two(self, other)

    def __rsub__(self, other: Any) -> Variable:
        return _arithmetic.subtract.of_two(other, self)

    def __mul__(self, other: Any) -> Variable:
        return _arithmetic.multiply.of_two(self, other)

    def __rmul__(self, other: Any) -> Variable:
        return _arithmetic.multiply.of_two(other, self)

    def __truediv__(self, other: Any) -> Variable:
        return _arithmetic.divide.of_two(self, other)

    def __rtruediv__(self, other: Any) -> Variable:
        return _arithmetic.divide.of_two(other, self)

    def __pow__(self, other: Any) -> Variable:
        return _arithmetic.pow.of_two(self, other)

    def __rpow__(self, other: Any) -> Variable:
        return _arithmetic.pow.of_two(other, self)

    def __matmul__(self, other: Any) -> Variable:
        return _linalg.matmul.of_two(self, other)

    def __rmatmul__(self, other: Any) -> Variable:
        return _linalg.matmul.of_two(other, self)

    def __neg__(self) -> Variable:
        return _arithmetic.negative(self)

    def __pos__(self) -> Variable:
        return self

    def __abs__(self) -> Variable:
        return _arithmetic.abs(self)

    def __getitem__(self, key: Any) -> Variable:
        return _indexing.getitem(self, key=key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "Variable: item assignment would change an array that a graph has read; "
            "build the result with F.where or F.concat, or assign to v.array"
        )

    # Comparisons have no gradient: they give plain boolean arrays.

    def __lt__(self, other: Any) -> Array:
        return as_0d(self._array < as_array(other))

    def __le__(self, other: Any) -> Array:
        return as_0d(self._array <= as_array(other))

    def __gt__(self, other: Any) -> Array:
        return as_0d(self._array > as_array(other))

    def __ge__(self, other: Any) -> Array:
        return as_0d(self._array >= as_array(other))

    def __eq__(self, other: Any) -> Any:
        return as_0d(self._array == as_array(other))

    def __ne__(self, other: Any) -> Any:
        return as_0d(self._array != as_array(other))

    def __hash__(self) -> int:
        return id(self)

    # --------------------------------------------------------------------- methods

    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Sum over `axis`, or over all."""
        return _reduction.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Mean over `axis`, or over all."""
        return _reduction.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Greatest element along `axis`, or of all."""
        return _reduction.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Least element along `axis`, or of all."""
        return _reduction.min(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Variable:
        """The elements in the shape given as integers or one tuple; one length may be -1."""
        return _shape.reshape(self, shape=_one_tuple(shape))

    def transpose(self, *axes: Any) -> Variable:
        """The axes in the order given as integers or one tuple; reversed where none is given."""
        return _shape.transpose(self, axes=_one_tuple(axes) if axes and axes != (None,) else None)

    def flatten(self) -> Variable:
        """All elements in one axis."""
        return _shape.reshape(self, shape=(-1,))

    def squeeze(self, axis: int | tuple[int, ...] | None = None) -> Variable:
        """Without the axes of length one (those of `axis`, where given)."""
        return _shape.squeeze(self, axis=axis)

    def astype(self, dtype: Any) -> Variable:
        """With another dtype; the gradient comes back in this one."""
        return _shape.astype(self, dtype=dtype)

    def to_device(self, device: str | Device) -> Variable:
        """On another device; the gradient comes back to this one."""
        return _shape.to_device(self, device=device)

    @property
    def T(self) -> Variable:
        """With the axes in reverse order."""
        return _shape.transpose(self)

    @property
    def mT(self) -> Variable:
        """With the last two axes exchanged."""
        return _shape.matrix_transpose(self)

    def item(self) -> Any:
        """The value of a single element as a Python number."""
        return xp.to_device(self._array, "numpy").item()

    def __float__(self) -> float:
        return float(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d Variable")
        return int(self._array.shape[0])

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        host = xp.to_device(self._array, "numpy")
        text = np.array2string(host, separator=", ", prefix=f"{type(self).__name__}(")
        parts = [text, dtype_name(self.dtype)]
        if self.device.backend != "numpy":
            parts.append(f"device={str(self.device)!r}")
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

    # ------------------------------------------------------- NumPy's and the standard's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            what = (
                f"np.{ufunc.__name__}"
                + (f".{method}" if method != "__call__" else "")
                + "".join(f" with {k}=" for k in kwargs)
            )
            raise TypeError(
                f"{what} has no gradient on a Variable; write it with functions of catena.autograd, or on v.array"
            )
        return _counterpart(ufunc.__name__)(*inputs)

    def __array_function__(self, function: Any, types: Sequence[type], args: Any, kwargs: Any) -> Any:
        return _counterpart(function.__name__)(*args, **kwargs)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return _BACKEND.namespace

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("np.asarray of a Variable would cut it from its graph; write v.array for the array")


def _one_tuple(values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values


def as_0d(y: Any) -> Any:
    """A NumPy scalar as a 0-d array."""
    return np.asarray(y) if isinstance(y, np.generic) else y


# NumPy's older names of functions that the standard, and so catena.autograd.functions, calls otherwise.
_STANDARD_NAMES = {
    "absolute": "abs",
    "power": "pow",
    "concatenate": "concat",
    "amax": "max",
    "amin": "min",
    "true_divide": "divide",
}


def _counterpart(name: str) -> Any:
    name = _STANDARD_NAMES.get(name, name)
    f = getattr(_BACKEND.namespace, name, None)
    if f is None:
        raise TypeError(
            f"np.{name} has no differentiable counterpart in catena.autograd.functions; "
            "compute on v.array, or declare one with @catena.autograd.op"
        )
    return f


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
from catena.autograd.ops import arithmetic as _arithmetic  # noqa: E402
from catena.autograd.ops import indexing as _indexing  # noqa: E402
from catena.autograd.ops import linalg as _linalg  # noqa: E402
from catena.autograd.ops import reduction as _reduction  # noqa: E402
from catena.autograd.ops import shape as _shape  # noqa: E402

_BACKEND.namespace = _functions
