"""NumPy: the user's arrays are `np.ndarray`s themselves, and the functions are NumPy's, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._backend import Backend
from xparray._device import Device
from xparray._typing import Array


class NumpyBackend(Backend):
    """Plain ndarrays in the host's memory."""

    name = "numpy"
    is_host = True
    namespace: Any = np
    array_types: tuple[type, ...] = (np.ndarray, np.generic)

    def native_dtype(self, dtype: Any) -> Any:
        """`dtype` itself, or NumPy's dtype of the same name for another library's object."""
        if dtype is None or isinstance(dtype, np.dtype | type | str):
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
        if type(y) is np.ndarray:
            return y
        if isinstance(y, np.ndarray | np.generic):
            return np.asarray(y)
        if isinstance(y, tuple) and y:
            parts = [self.wrap(part) for part in y]
            return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
        return y

    def shares_memory(self, x: Array, y: Array) -> bool:
        """Whether the address ranges of the two arrays overlap."""
        return bool(np.may_share_memory(x, y))


backend = NumpyBackend()
