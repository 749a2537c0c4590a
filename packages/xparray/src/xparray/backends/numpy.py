"""NumPy: the user's arrays are `np.ndarray`s themselves, and the functions are NumPy's, bit for bit, where they are the standard's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import asarray, ndarray

from xparray._backend import Backend
from xparray._device import Device
from xparray._typing import Array
from xparray.backends._numpy_standard import corrected

PLAIN = frozenset({ndarray})
# As tuples: a union would be made anew at each call.
_OF_DTYPES = (np.dtype, type, str)
_OF_ARRAYS = (np.generic, np.ndarray)
# Methods that compute what NumPy's functions of these names do: the functions look for them and call them.
_METHODS = frozenset({"all", "any", "argmax", "argmin", "max", "min", "nonzero", "prod", "sum"})


class NumpyBackend(Backend):
    """Plain ndarrays in the host's memory."""

    name = "numpy"
    is_host = True
    namespace: Any = np
    special = "scipy.special"
    array_types: tuple[type, ...] = (np.ndarray, np.generic)

    def native_dtype(self, dtype: Any) -> Any:
        """`dtype` itself, or NumPy's dtype of the same name for another library's object."""
        if dtype is None or isinstance(dtype, _OF_DTYPES):
            return dtype
        return np.dtype(str(dtype).rpartition(".")[2])

    def from_host(self, x: np.ndarray[Any, Any], device: Device) -> Array:
        """`x` itself."""
        return x

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """`x` itself, or a 0-d array for a NumPy scalar."""
        return np.asarray(x)

    def wrap(self, y: Any) -> Any:
        """A NumPy scalar becomes a 0-d array, a subclass a plain view; tuples element by element."""
        if type(y) is ndarray:
            return y
        if isinstance(y, tuple):
            if PLAIN.issuperset(map(type, y)):
                return y
            parts = [self.wrap(part) for part in y]
            return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
        return asarray(y) if isinstance(y, _OF_ARRAYS) else y

    def function(self, name: str) -> Any:
        """NumPy's function, or the method that it calls; ours where NumPy's is not the standard's."""
        return getattr(ndarray, name) if name in _METHODS else corrected(np, name) or super().function(name)

    def shares_memory(self, x: Array, y: Array) -> bool:
        """Whether the address ranges of the two arrays overlap."""
        return bool(np.may_share_memory(x, y))


backend = NumpyBackend()
