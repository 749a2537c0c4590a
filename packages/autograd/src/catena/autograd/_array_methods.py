"""What makes a Variable an array: operators, methods, and the protocols of NumPy and of the array API standard.

All of it calls `catena.autograd.functions`, which is defined over Variable and bound here once it exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import xparray as xp
from xparray import Array, Device
from xparray._dispatch import dtype_name

if TYPE_CHECKING:
    from catena.autograd._variable import Variable

_functions: Any = None
_assigned: Any = None
_arithmetic: Any = None
_products: Any = None


class ArrayMethods:
    """The array side of Variable, which has the array itself in `_array`."""

    __slots__ = ()

    _array: Array

    # NumPy's operators with an array on the left leave the result to Variable's.
    __array_priority__ = 200

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

    # ------------------------------------------------------------------- operators

    if TYPE_CHECKING:  # `bind` makes these of the ops

        def __add__(self, other: Any) -> Variable: ...
        def __radd__(self, other: Any) -> Variable: ...
        def __sub__(self, other: Any) -> Variable: ...
        def __rsub__(self, other: Any) -> Variable: ...
        def __mul__(self, other: Any) -> Variable: ...
        def __rmul__(self, other: Any) -> Variable: ...
        def __truediv__(self, other: Any) -> Variable: ...
        def __rtruediv__(self, other: Any) -> Variable: ...
        def __floordiv__(self, other: Any) -> Variable: ...
        def __rfloordiv__(self, other: Any) -> Variable: ...
        def __mod__(self, other: Any) -> Variable: ...
        def __rmod__(self, other: Any) -> Variable: ...
        def __pow__(self, other: Any) -> Variable: ...
        def __rpow__(self, other: Any) -> Variable: ...
        def __matmul__(self, other: Any) -> Variable: ...
        def __rmatmul__(self, other: Any) -> Variable: ...

    def __neg__(self) -> Variable:
        return _functions.negative(self)

    def __pos__(self) -> Variable:
        return self  # type: ignore[return-value]

    def __abs__(self) -> Variable:
        return _functions.abs(self)

    def __getitem__(self, key: Any) -> Variable:
        return _functions.getitem(self, key=_array_key(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Become the result of a recorded copy with other values at `key`; views that were taken before keep the old ones."""
        v: Any = self
        if v.node is not None and v.node.op is None:
            raise TypeError(
                "Variable: item assignment would make a leaf the result of an op, and its gradient would not come to it; "
                "build the result with F.where or F.concat, assign to a copy (w = v * 1), or change v.array before it is used"
            )
        y = _assigned(self, value, key=_array_key(key))
        v._array, v.node, v._grad_var = y._array, y.node, None

    # Comparisons and operations on bits have no gradient: they give plain arrays.

    def __lt__(self, other: Any) -> Array:
        return as_0d(self._array < _array_of(other))

    def __le__(self, other: Any) -> Array:
        return as_0d(self._array <= _array_of(other))

    def __gt__(self, other: Any) -> Array:
        return as_0d(self._array > _array_of(other))

    def __ge__(self, other: Any) -> Array:
        return as_0d(self._array >= _array_of(other))

    def __eq__(self, other: Any) -> Any:
        return as_0d(self._array == _array_of(other))

    def __ne__(self, other: Any) -> Any:
        return as_0d(self._array != _array_of(other))

    def __hash__(self) -> int:
        return id(self)

    def __and__(self, other: Any) -> Array:
        return as_0d(self._array & _array_of(other))

    def __rand__(self, other: Any) -> Array:
        return as_0d(other & self._array)

    def __or__(self, other: Any) -> Array:
        return as_0d(self._array | _array_of(other))

    def __ror__(self, other: Any) -> Array:
        return as_0d(other | self._array)

    def __xor__(self, other: Any) -> Array:
        return as_0d(self._array ^ _array_of(other))

    def __rxor__(self, other: Any) -> Array:
        return as_0d(other ^ self._array)

    def __lshift__(self, other: Any) -> Array:
        return as_0d(self._array << _array_of(other))

    def __rlshift__(self, other: Any) -> Array:
        return as_0d(other << self._array)

    def __rshift__(self, other: Any) -> Array:
        return as_0d(self._array >> _array_of(other))

    def __rrshift__(self, other: Any) -> Array:
        return as_0d(other >> self._array)

    def __invert__(self) -> Array:
        return as_0d(~self._array)

    # --------------------------------------------------------------------- methods

    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Sum over `axis`, or over all."""
        return _functions.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Mean over `axis`, or over all."""
        return _functions.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Greatest element along `axis`, or of all."""
        return _functions.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Variable:
        """Least element along `axis`, or of all."""
        return _functions.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Array:
        """Where the greatest element is along `axis`, or of all: an array, without a gradient."""
        return _functions.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Array:
        """Where the least element is along `axis`, or of all: an array, without a gradient."""
        return _functions.argmin(self, axis=axis, keepdims=keepdims)

    def clip(self, min: Any = None, max: Any = None) -> Variable:
        """No less than `min` and no more than `max`."""
        return _functions.clip(self, min=min, max=max)

    def conj(self) -> Variable:
        """The complex conjugate."""
        return _functions.conj(self)

    def reshape(self, *shape: Any) -> Variable:
        """The elements in the shape given as integers or one tuple; one length may be -1."""
        return _functions.reshape(self, shape=_one_tuple(shape))

    def transpose(self, *axes: Any) -> Variable:
        """The axes in the order given as integers or one tuple; reversed where none is given."""
        return _functions.transpose(self, axes=_one_tuple(axes) if axes and axes != (None,) else None)

    def flatten(self) -> Variable:
        """All elements in one axis."""
        return _functions.reshape(self, shape=(-1,))

    def squeeze(self, axis: int | tuple[int, ...] | None = None) -> Variable:
        """Without the axes of length one (those of `axis`, where given)."""
        return _functions.squeeze(self, axis=axis)

    def astype(self, dtype: Any, *, copy: bool = True) -> Variable:
        """With another dtype; the gradient comes back in this one."""
        return _functions.astype(self, dtype=dtype, copy=copy)

    def to_device(self, device: str | Device, *, stream: None = None) -> Variable:
        """On another device; the gradient comes back to this one. There are no streams to choose from."""
        if stream is not None:
            raise ValueError(f"Variable.to_device: stream is {stream!r}; expected None: the backend's own is taken")
        return _functions.to_device(self, device=device)

    @property
    def T(self) -> Variable:
        """With the axes in reverse order."""
        return _functions.transpose(self)

    @property
    def mT(self) -> Variable:
        """With the last two axes exchanged."""
        return _functions.matrix_transpose(self)

    @property
    def real(self) -> Variable:
        """The real part."""
        return _functions.real(self)

    @property
    def imag(self) -> Variable:
        """The imaginary part."""
        return _functions.imag(self)

    # ------------------------------------------------------------ Python's protocols

    def item(self) -> Any:
        """The value of a single element as a Python number."""
        return xp.to_device(self._array, "numpy").item()

    def __float__(self) -> float:
        return float(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __complex__(self) -> complex:
        return complex(self._array)

    def __index__(self) -> int:
        return self._array.__index__()

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d Variable")
        return int(self._array.shape[0])

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else format(str(self), spec)

    # --------------------------------------------- NumPy's and the standard's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            raise TypeError(
                f"np.{ufunc.__name__} with out= would write to an array, through which no gradient flows, as `array += v` does; "
                "write array = array + v for a Variable, or array += v.array for numbers"
            )
        if method != "__call__" or kwargs:
            what = (
                f"np.{ufunc.__name__}"
                + (f".{method}" if method != "__call__" else "")
                + "".join(f" with {k}=" for k in kwargs)
            )
            raise TypeError(
                f"{what} has no gradient on a Variable; write it with functions of catena.autograd, or on v.array"
            )
        return _counterpart("", ufunc.__name__)(*inputs)

    def __array_function__(self, function: Any, types: Sequence[type], args: Any, kwargs: Any) -> Any:
        if function.__name__ in _LOOKS:
            return function(*map(_array_of, args), **kwargs)
        return _counterpart(function.__module__, function.__name__)(*args, **kwargs)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return _functions

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._must_need_no_gradient("np.asarray of a Variable")
        return np.asarray(self._array, dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        self._must_need_no_gradient("DLPack of a Variable")
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def _must_need_no_gradient(self, what: str) -> None:
        if self.node is not None:  # type: ignore[attr-defined]
            raise TypeError(f"{what} that requires a gradient would cut it from its graph; write v.array for the array")


def _one_tuple(values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values


def _array_of(x: Any) -> Any:
    return x._array if isinstance(x, ArrayMethods) else x


def _array_key(key: Any) -> Any:
    """An index with arrays in the place of Variables."""
    return tuple([_array_of(k) for k in key]) if type(key) is tuple else _array_of(key)


def as_0d(y: Any) -> Any:
    """A NumPy scalar as a 0-d array."""
    return np.asarray(y) if isinstance(y, np.generic) else y


# NumPy's names of functions that the standard, and so catena.autograd.functions, calls otherwise.
_STANDARD_NAMES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "around": "round",
    "concatenate": "concat",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "true_divide": "divide",
}


# NumPy's functions that look at arrays, and tell what has no gradient anyway.
_LOOKS = frozenset(
    {
        "allclose",
        "array2string",
        "array_equal",
        "array_repr",
        "array_str",
        "iscomplexobj",
        "isclose",
        "isrealobj",
        "ndim",
        "shape",
        "size",
    }
)


def _counterpart(module: str, name: str) -> Any:
    """The differentiable function in the place of one of NumPy's."""
    extension = module.rpartition(".")[2] if module in ("numpy.linalg", "numpy.fft") else ""
    namespace = getattr(_functions, extension, None) if extension else _functions
    f = getattr(namespace, _STANDARD_NAMES.get(name, name), None)
    if f is None:
        raise TypeError(
            f"np.{extension + '.' if extension else ''}{name} has no differentiable counterpart in catena.autograd.functions; "
            "compute on v.array, or declare one with @catena.autograd.op"
        )
    return f


def bind(functions: Any) -> None:
    """Take the namespace of differentiable functions, and make operators of the ops: a call of one is the op's own function."""
    from catena.autograd.ops import arithmetic, assignment, products

    global _functions, _assigned
    _functions, _assigned = functions, assignment.assigned
    for name, op in {
        "add": arithmetic.add,
        "sub": arithmetic.subtract,
        "mul": arithmetic.multiply,
        "truediv": arithmetic.divide,
        "floordiv": arithmetic.floor_divide,
        "mod": arithmetic.remainder,
        "pow": arithmetic.pow,
        "matmul": products.matmul,
    }.items():
        setattr(ArrayMethods, f"__{name}__", op.of_two)
        # Of a sum and a product the order does not matter, so no call lies between.
        setattr(ArrayMethods, f"__r{name}__", op.of_two if name in ("add", "mul") else _reflected(op.of_two))


def _reflected(of_two: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: of_two(other, self)


def as_text(x: Any) -> str:
    """What `repr` shows of the array and where it lives: "[1., 2.], float32"."""
    host = xp.to_device(x._array, "numpy")
    parts = [np.array2string(host, separator=", ", prefix=f"{type(x).__name__}("), dtype_name(x.dtype)]
    if host.size > np.get_printoptions()["threshold"] or not host.size:
        parts.insert(1, f"shape={host.shape}")
    if x.device.backend != "numpy":
        parts.append(f"device={str(x.device)!r}")
    return ", ".join(parts)
