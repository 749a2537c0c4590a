"""What xparray needs to know of one array library, and the registry of those at hand."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Mapping
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
        special: name of the module of its special functions, imported when one is used; empty where `namespace.special` has them.
        array_types: the exact types of its arrays.
        records: its "arrays" are Variables of a graph: they win over every other argument of a function.
    """

    name: str
    is_host = False
    records = False
    namespace: Any
    special = ""
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

    def move(self, x: Array, device: Device) -> Array:
        """A copy of `x`, an array of this backend, on another of its devices."""
        return self.from_host(self.to_host(x).view(np.ndarray), device)

    def wrap(self, y: Any) -> Any:
        """What the library returned, as this backend's array: scalars become 0-d arrays, lost tags come back."""
        return y

    def shares_memory(self, x: Array, y: Array) -> bool:
        """Whether writing to `x` could change `y`; True where the library cannot tell."""
        return True

    def devices(self) -> tuple[Device, ...]:
        """The devices of the library that are there at the moment."""
        return (self._only_device,)

    def function(self, name: str) -> Any:
        """The library's function of the array API standard called `name`, such as "exp" or "linalg.solve"."""
        library, path = self.namespace, name
        if self.special and name.startswith("special."):
            library, path = importlib.import_module(self.special), name.removeprefix("special.")
        found = library
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise AttributeError(f"{name}: backend {self.name!r} ({library.__name__}) has no such function")
        return found

    @functools.cached_property
    def functions(self) -> Mapping[str, Any]:
        """What `function` gives, by name; each name is looked up once."""
        return _Functions(self)

    def __repr__(self) -> str:
        return f"<backend {self.name}>"


class _Functions(dict[str, Any]):
    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend

    def __missing__(self, name: str) -> Any:
        found = self[name] = self.backend.function(name)
        return found


# Our backends, and the module of xparray.backends that defines each.
_BUILT_IN = {"numpy": "numpy", "numba": "numba", "strict": "strict", "cuda": "cupy"}
# The top-level module that defines an array's type tells the backend before the backend is loaded.
_MODULES = {"numpy": "numpy", "array_api_strict": "strict", "cupy": "cuda"}
_loaded: dict[str, Backend] = {}


def _entry_points() -> Any:
    from importlib.metadata import entry_points  # 20 ms, for the rare name or type that is none of ours

    return entry_points(group="xparray.backends")


def get_backend(name: str) -> Backend:
    """The backend called `name`: a built-in one, or one of the entry-point group `xparray.backends`.

    Raises:
        ImportError: the library behind it is not installed, or another distribution's entry point gives no backend.
        ValueError: no installed distribution has such a backend.
    """
    backend = _loaded.get(name)
    if backend is None:
        backend = _loaded[name] = _load(name)
    return backend


def available_devices() -> tuple[Device, ...]:
    """The devices of all backends whose libraries are installed, those of other distributions included."""
    devices: list[Device] = []
    for name in (*_BUILT_IN, *(e.name for e in _entry_points())):
        try:
            backend = get_backend(name)
        except ImportError:
            continue
        devices += backend.devices()
    return tuple(devices)


def _load(name: str) -> Backend:
    if name in _BUILT_IN:
        built_in: Backend = importlib.import_module(f"xparray.backends.{_BUILT_IN[name]}").backend
        return built_in
    found = {e.name: e for e in _entry_points()}
    if name in found:
        return _of_entry_point(found[name])
    known = ", ".join(repr(n) for n in (*_BUILT_IN, *sorted(found)))
    hint = "CuPy's arrays live on 'cuda:0'" if name in ("cupy", "gpu") else "see the entry-point group xparray.backends"
    raise ValueError(f"device {name!r}: no such backend is installed; installed are {known} ({hint})")


def _of_entry_point(entry: Any) -> Backend:
    """The backend that another distribution's entry point names; whatever is wrong with it is an ImportError that says where."""
    try:
        module = entry.load()
    except Exception as error:  # importing a module of others may raise anything
        raise _unusable(entry, f"{type(error).__name__}: {error}") from error
    backend = getattr(module, "backend", None)
    if not isinstance(backend, Backend):
        raise _unusable(entry, f"{entry.value}.backend is {backend!r}; expected an instance of xparray.Backend")
    if backend.name != entry.name:
        raise _unusable(entry, f"the backend there is called {backend.name!r}; give both one name")
    return backend


def _unusable(entry: Any, reason: str) -> ImportError:
    owner = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
    return ImportError(f"device {entry.name!r}: entry point '{entry.name} = {entry.value}'{owner}: {reason}")


class _TypeTable(dict[type, Backend]):
    """Array type -> backend; an unknown type is resolved once, from the module that defines it or one of its bases."""

    def __missing__(self, cls: type) -> Backend:
        masked = sys.modules.get("numpy.ma")  # which NumPy loads when it is first used
        if masked is not None and issubclass(cls, masked.MaskedArray):
            raise TypeError(
                "a masked array would lose its mask: write x.filled(value), or x.compressed() for the elements that are not masked"
            )
        for base in cls.__mro__:
            if base in self:
                self[cls] = self[base]
                return self[cls]
        name = _MODULES.get(cls.__module__.partition(".")[0])
        unusable = ""
        for candidate in [name] if name else [e.name for e in _entry_points()]:
            try:
                backend = get_backend(candidate)
            except ImportError as error:
                if name:
                    raise
                # Another distribution's fault must not hide what is wrong with the argument.
                unusable += f" (or mend {error})"
                continue
            self.update(dict.fromkeys(backend.array_types, backend))
            if cls in self:
                return self[cls]
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__} is no array of an installed backend; convert it with xp.asarray(x){unusable}"
        )


BACKEND_OF_TYPE: _TypeTable = _TypeTable()


def register_array_type(cls: type, backend: Backend) -> None:
    """Make xparray's functions send arrays of the type `cls` (and its subclasses) to `backend`."""
    BACKEND_OF_TYPE[cls] = backend
