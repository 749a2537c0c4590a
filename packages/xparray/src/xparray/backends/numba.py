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


class NumbaArray(np.ndarray[Any, Any]):
    """An ndarray whose functions are jitted; `np.asarray(x)` gives the plain array on the same memory."""

    __slots__ = ()


class _Namespace:
    """NumPy's functions by name, each returning tagged arrays; elementary functions are xparray's jitted ones."""

    __name__ = "xparray.backends.numba"

    def __getattr__(self, name: str) -> Any:
        # Reached once per name: what is found is stored and later read without this method.
        from xparray.kernels import elementary

        value = getattr(np, name)
        if callable(value) and not isinstance(value, type):
            value = _tagging(elementary.JITTED.get(name, value))
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
        from xparray.kernels import elementary

        jitted, plain = elementary.JITTED.get(name), NUMPY.functions[name]
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
