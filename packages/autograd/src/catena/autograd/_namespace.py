"""What the namespace of Variables has besides differentiable functions, for code written against the array API standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xparray as xp
from catena.autograd._variable import Variable, as_array, as_variable, variable
from catena.autograd.ops import shape
from xparray import Array, Device

# Functions of values that have no gradient: they look at the arrays and return plain ones.
_OF_VALUES = """
    argsort bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor can_cast count_nonzero
    isin isinf logical_and logical_not logical_or logical_xor nextafter nonzero result_type searchsorted signbit
    unique_all unique_counts unique_inverse unique_values
""".split()

# Functions that make arrays: Variables that need no gradient, so that code for the standard may assign results to their elements.
_NEW = "arange empty empty_like eye from_dlpack full linspace ones zeros".split()

# What is the same for Variables as for arrays: dtypes, constants, questions about dtypes and shapes.
_AS_THEY_ARE = """
    __array_api_version__ __array_namespace_info__ bool broadcast_shapes complex64 complex128 e finfo float32 float64 iinfo inf int8
    int16 int32 int64 isdtype nan newaxis pi uint8 uint16 uint32 uint64
""".split()


def asarray(obj: Any, /, *, dtype: Any = None, device: str | Device | None = None, copy: bool | None = None) -> Any:
    """A Variable as it is, in another dtype, elsewhere or copied, which is recorded; of anything else one that needs no gradient.

    Example:
        >>> x = Variable([1.0, 2.0])
        >>> asarray(x) is x, asarray([1.0, 2.0]).requires_grad
        (True, False)
    """
    if not isinstance(obj, Variable):
        return as_variable(xp.asarray(obj, dtype=dtype, device=device, copy=copy))
    if dtype is not None and obj.dtype != dtype and copy is False:
        raise ValueError(
            f"asarray: copy is False, and a Variable of {obj.dtype} becomes one of {dtype} by a copy alone"
        )
    v = obj
    if (dtype is not None and v.dtype != dtype) or copy:
        v = shape.astype(v, dtype=v.dtype if dtype is None else dtype)
    return v if device is None else shape.to_device(v, device=device)


def of_values(name: str) -> Callable[..., Array]:
    """A function whose result depends on values but has no gradient: it looks at the arrays and returns a plain one."""
    f = getattr(xp, name)

    def of_values(*args: Any, **kwargs: Any) -> Array:
        return f(*(as_array(a) for a in args), **kwargs)

    of_values.__name__ = of_values.__qualname__ = name
    of_values.__doc__ = f"{f.__doc__} The result is an array: it has no gradient."
    return of_values


def new(name: str) -> Callable[..., Variable]:
    """A function that makes an array of other things than values: a Variable, to whose elements results may be assigned."""
    f = getattr(xp, name)

    def new(*args: Any, **kwargs: Any) -> Variable:
        return variable(f(*(as_array(a) for a in args), **kwargs), None)

    new.__name__ = new.__qualname__ = name
    new.__doc__ = f"{f.__doc__} The result is a Variable that needs no gradient."
    return new


NAMES: dict[str, Any] = {
    "asarray": asarray,
    **{name: of_values(name) for name in _OF_VALUES},
    **{name: new(name) for name in _NEW},
    **{name: getattr(xp, name) for name in _AS_THEY_ARE},
}
