"""Numba: ndarrays in the host's memory that carry a tag, so that their elementary functions are jitted kernels.

The tag is a bare subclass of ndarray: every library that asks for an ndarray gets one, on the same memory. NumPy's own
functions may drop it (`where`, `concat`); the functions of this namespace put it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xparray._device import Device
from xparray._typing import Array
from xparray.backends.numpy import NumpyBackend
from xparray.backends.numpy import backend as NUMPY

_LARGE = 1 << 16  # bytes from which several threads and pooled memory pay
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _operator(name: str) -> Callable[[Any, Any], Any]:
    """The method `name` of ndarrays, which leaves large arrays to a compiled loop; it gives the same numbers."""
    plain: Callable[[Any, Any], Any] = getattr(np.ndarray, name)

    def operator(self: NumbaArray, other: Any) -> Any:
        if self.nbytes >= _LARGE and self.dtype in _FLOATS and _fits(self, other):
            from xparray._kernel import jit_enabled
            from xparray.kernels.arithmetic import OPERATORS

            if jit_enabled():
                other = other.view(np.ndarray) if isinstance(other, np.ndarray) else other
                return OPERATORS[name](self.view(np.ndarray), other).view(NumbaArray)
        return plain(self, other)

    operator.__name__ = name
    return operator


def _fits(x: NumbaArray, other: Any) -> bool:
    return other.dtype == x.dtype if isinstance(other, np.ndarray) else type(other) in (float, int)


class NumbaArray(np.ndarray[Any, Any]):
    """An ndarray whose functions are jitted; `np.asarray(x)` gives the plain array on the same memory."""

    __slots__ = ()

    __add__, __radd__ = _operator("__add__"), _operator("__radd__")
    __sub__, __rsub__ = _operator("__sub__"), _operator("__rsub__")
    __mul__, __rmul__ = _operator("__mul__"), _operator("__rmul__")
    __truediv__, __rtruediv__ = _operator("__truediv__"), _operator("__rtruediv__")


class _Namespace:
    """NumPy's functions by name, each returning tagged arrays; elementary functions are xparray's jitted ones."""

    __name__ = "xparray.backends.numba"

    def __getattr__(self, name: str) -> Any:
        # Reached once per name: what is found is stored and later read without this method.
        from xparray.kernels import elementary, joining

        value = getattr(np, name)
        if callable(value) and not isinstance(value, type):
            value = _tagging(elementary.JITTED.get(name) or joining.POOLED.get(name, value))
        setattr(self, name, value)
        return value


def _tagging(f: Callable[..., Any]) -> Callable[..., Any]:
    def tagged(*args: Any, **kwargs: Any) -> Any:
        return backend.wrap(f(*args, **kwargs))

    tagged.__name__ = getattr(f, "__name__", "function")
    tagged.__doc__ = f.__doc__
    return tagged


class NumbaBackend(NumpyBackend):
    """Tagged ndarrays; without numba installed they compute what plain ones do."""

    name = "numba"
    namespace = _Namespace()
    array_types = (NumbaArray,)

    def function(self, name: str) -> Any:
        """The function of plain ndarrays, for float32 and float64 the jitted one; `wrap` tags the result."""
        from xparray.kernels import elementary, joining

        jitted, plain = elementary.JITTED.get(name), joining.POOLED.get(name) or NUMPY.functions[name]
        if jitted is None:
            return plain
        return lambda x, /, *others: (jitted if elementary.floating(x) else plain)(x, *others)

    def from_host(self, x: np.ndarray[Any, Any], device: Device) -> Array:
        """A tagged view of `x`."""
        return x.view(NumbaArray)

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """A plain view of `x`."""
        return np.asarray(x)

    def wrap(self, y: Any) -> Any:
        """Tag an ndarray or a NumPy scalar; tuples element by element."""
        if type(y) is NumbaArray:
            return y
        if isinstance(y, np.ndarray | np.generic):
            return np.asarray(y).view(NumbaArray)
        if isinstance(y, tuple) and y:
            parts = [self.wrap(part) for part in y]
            return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
        return y


backend = NumbaBackend()
