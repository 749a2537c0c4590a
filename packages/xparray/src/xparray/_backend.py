"""What xparray needs to know of one array library, and the registry of those at hand."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from xparray._device import Device
from xparray._typing import Array


class Backend:
    """One array library behind xparray's functions.

    A backend is one module that defines `backend`, an instance of a subclass; `xparray.backends` holds ours, the entry-point
    group of the same name adds those of other distributions.

    Attributes:
        name: what stands before the colon in a device's name.
        is_host: its arrays are `np.ndarray`s in the host's memory, so that they mix with other host arrays at no cost.
        namespace: the library's own module of array functions, or an object like one.
        array_types: the exact types of its arrays.
        records: its "arrays" are Variables of a graph: they win over every other argument of a function.
    """

    name: str
    is_host = False
    records = False
    namespace: Any
    array_types: tuple[type, ...]

    def device_of(self, x: Array) -> Device:
        """The device that holds `x`."""
        return self._only_device

    @functools.cached_property
    def _only_device(self) -> Device:
        return Device(self.name)

    def native_device(self, device: Device) -> Any:
        """What the library's creation functions take as `device=`; raises ValueError for a part that does not exist."""
        if device.part:
            raise ValueError(f"device {str(device)!r}: backend {self.name!r} has one memory only; write {self.name!r}")
        return None

    def native_dtype(self, dtype: Any) -> Any:
        """The library's own object for a dtype given as a NumPy dtype, its name or the library's own object."""
        return dtype

    def from_host(self, x: np.ndarray[Any, Any], device: Device) -> Array:
        """The array on `device` with the values of the plain ndarray `x`; shares its memory where it can."""
        raise NotImplementedError(f"backend {type(self).__name__} defines no from_host")

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """The plain ndarray with the values of `x`; shares its memory where it can."""
        raise NotImplementedError(f"backend {type(self).__name__} defines no to_host")

    def wrap(self, y: Any) -> Any:
        """What the library returned, as this backend's array: scalars become 0-d arrays, lost tags come back."""
        return y

    def shares_memory(self, x: Array, y: Array) -> bool:
        """Whether writing to `x` could change `y`; True where the library cannot tell."""
        return True

    def function(self, name: str) -> Any:
        """The library's function `name` of the array API standard."""
        f = getattr(self.namespace, name, None)
        if f is None:
            raise AttributeError(f"{name}: backend {self.name!r} ({self.namespace.__name__}) has no such function")
        return f

    def __repr__(self) -> str:
        return f"<backend {self.name}>"


_BUILT_IN = ("numpy", "numba", "strict")
# The top-level module that defines an array's type tells the backend before the backend is loaded.
_MODULES = {"numpy": "numpy", "array_api_strict": "strict"}
_loaded: dict[str, Backend] = {}


def _entry_points() -> Any:
    from importlib.metadata import entry_points  # 20 ms, for the rare name or type that is none of ours

    return entry_points(group="xparray.backends")


def get_backend(name: str) -> Backend:
    """The backend called `name`: a built-in one, or one of the entry-point group `xparray.backends`.

    Raises:
        ImportError: the library behind it is not installed.
        ValueError: no installed distribution has such a backend.
    """
    backend = _loaded.get(name)
    if backend is None:
        backend = _loaded[name] = _load(name)
    return backend


def _load(name: str) -> Backend:
    if name in _BUILT_IN:
        return _of_module(importlib.import_module(f"xparray.backends.{name}"))
    found = {e.name: e for e in _entry_points()}
    if name in found:
        return _of_module(found[name].load())
    known = ", ".join(repr(n) for n in (*_BUILT_IN, *sorted(found)))
    hint = (
        "this version of xparray drives no GPU"
        if name in ("cuda", "cupy")
        else "see the entry-point group xparray.backends"
    )
    raise ValueError(f"device {name!r}: no such backend is installed; installed are {known} ({hint})")


def _of_module(module: Any) -> Backend:
    backend = module.backend
    if not isinstance(backend, Backend):
        raise TypeError(f"{module.__name__}.backend is {backend!r}; expected an instance of xparray.Backend")
    return backend


class _TypeTable(dict[type, Backend]):
    """Array type -> backend; an unknown type is resolved once, from the module that defines it or one of its bases."""

    def __missing__(self, cls: type) -> Backend:
        for base in cls.__mro__:
            if base in self:
                self[cls] = self[base]
                return self[cls]
        name = _MODULES.get(cls.__module__.partition(".")[0])
        candidates = [name] if name else [e.name for e in _entry_points()]
        for candidate in candidates:
            backend = get_backend(candidate)
            for t in backend.array_types:
                self[t] = backend
            if cls in self:
                return self[cls]
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__} is no array of an installed backend; convert it with xp.asarray(x)"
        )


BACKEND_OF_TYPE: _TypeTable = _TypeTable()


def register_array_type(cls: type, backend: Backend) -> None:
    """Make xparray's functions send arrays of the type `cls` (and its subclasses) to `backend`."""
    BACKEND_OF_TYPE[cls] = backend
