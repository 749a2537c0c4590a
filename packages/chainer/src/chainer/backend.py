"""Devices under Chainer's names: `-1`, `0`, `"@numpy"`, `"@numba"`, `"@cupy:0"`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import as_array
from xparray import Array
from xparray import Device as PlainDevice

__all__ = [
    "ChainerxDevice",
    "CpuDevice",
    "Device",
    "GpuDevice",
    "Intel64Device",
    "copyto",
    "from_chx",
    "get_array_module",
    "get_device",
    "get_device_from_array",
    "to_chx",
    "using_device",
]

# Chainer's name of a library of arrays -> catena's name of the device.
_BACKENDS = {"cupy": "cuda", "intel64": "numpy"}
_LIBRARIES = {"cuda": "cupy"}


class Device(PlainDevice):
    """A place for arrays, as `chainer.get_device` gives it; wherever catena takes a device it takes this one.

    Example:
        >>> device = get_device("@numpy")
        >>> device.use()
        >>> str(device), device.xp.__name__, device.send([1.0, 2.0])
        ('@numpy', 'numpy', array([1., 2.]))
    """

    @property
    def name(self) -> str:
        """Chainer's name of it, such as "@numpy" or "@cupy:0"."""
        library = _LIBRARIES.get(self.backend, self.backend)
        return f"@{library}:{self.part}" if self.part else f"@{library}"

    @property
    def xp(self) -> Any:
        """The namespace of its arrays: the module `numpy`, or `cupy`."""
        if self.backend == "cuda":
            import cupy  # pyright: ignore[reportMissingImports]

            return cupy
        return np

    # v1 to v6 gave updaters and converters a number, -1 for the host and n for the n-th GPU: a device compares as its number does.
    def __int__(self) -> int:
        return int(self.part) if self.backend == "cuda" else -1

    def __lt__(self, number: int) -> bool:
        return int(self) < number

    def __ge__(self, number: int) -> bool:
        return int(self) >= number

    @property
    def plain(self) -> PlainDevice:
        """The same place as catena names it."""
        return PlainDevice(self.backend, self.part)

    @property
    def device(self) -> Device:
        """The device itself; CuPy's of that number is `cuda.Device(n)`."""
        return self

    @property
    def supported_array_types(self) -> tuple[type, ...]:
        """Types of the arrays that live on it."""
        return (self.xp.ndarray,)

    def is_array_supported(self, array: Any) -> bool:
        """Whether the array lives on this device."""
        return isinstance(array, self.supported_array_types) and bool(xp.device_of(array) == self)

    def send(self, arrays: Any) -> Any:
        """An array on this device; of a list or tuple of arrays one of the arrays there."""
        if isinstance(arrays, tuple) or (isinstance(arrays, list) and any(hasattr(a, "dtype") for a in arrays)):
            return type(arrays)(self.send(a) for a in arrays)
        return None if arrays is None else xp.to_device(xp.asarray(arrays), self)

    def use(self) -> None:
        """Make it the present device of its library; on the host there is nothing to do."""
        if self.backend == "cuda":
            self.xp.cuda.Device(int(self.part)).use()

    def create_context(self) -> Any:
        """A block in which it is the present device."""
        return xp.device(self)

    def __enter__(self) -> Device:
        raise RuntimeError(f"device {self} is no block; write `with chainer.using_device(device):`")

    def __exit__(self, *error: object) -> None: ...

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, xp.Device):
            return NotImplemented
        return (self.backend, self.part) == (other.backend, other.part)

    def __hash__(self) -> int:
        return hash((self.backend, self.part))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class CpuDevice(Device):
    """The host, with NumPy's arrays."""

    def __init__(self) -> None:
        super().__init__("numpy")


class GpuDevice(Device):
    """A GPU, given CuPy's device or its number."""

    def __init__(self, device: Any = 0) -> None:
        super().__init__("cuda", str(getattr(device, "id", device)))

    @staticmethod
    def from_device_id(device_id: int) -> GpuDevice:
        """The GPU of that number."""
        return GpuDevice(device_id)

    @staticmethod
    def from_array(array: Any) -> Device | None:
        """The GPU that an array is on; None for one on the host."""
        return get_device(xp.device_of(array)) if isinstance_of_cupy(array) else None


class Intel64Device(CpuDevice):
    """The host: iDeep's arrays are gone, NumPy's take their place."""


class ChainerxDevice(Device):
    """ChainerX's devices do not exist here."""

    def __init__(self, device: Any = None) -> None:
        raise RuntimeError(
            f"ChainerxDevice({device!r}): ChainerX is not part of catena; write chainer.get_device('@numba') for compiled "
            "functions, or '@cupy:0' for a GPU"
        )


def isinstance_of_cupy(array: Any) -> bool:
    """Whether it is an array of CuPy's."""
    return type(array).__module__.split(".")[0] == "cupy"


def get_device(device_spec: Any) -> Device:
    """The device that is meant.

    Args:
        device_spec: -1 for the host and n for the n-th GPU, as numbers or, as a command line gives them, strings; "@numpy", "@numba",
            "@cupy:0"; or catena's own "numpy", "cuda:0".

    Raises:
        TypeError: `device_spec` is none of these.
        RuntimeError: it is a device of ChainerX.

    Example:
        >>> [str(get_device(d)) for d in (-1, 1, "-1", "@numba", "cuda:0")]
        ['@numpy', '@cupy:1', '@numpy', '@numba', '@cupy:0']
    """
    if isinstance(device_spec, Device):
        return device_spec
    if isinstance(device_spec, str) and device_spec.removeprefix("-").isdecimal():
        device_spec = int(device_spec)
    if isinstance(device_spec, int | np.integer):
        return CpuDevice() if device_spec < 0 else GpuDevice(int(device_spec))
    if isinstance_of_cupy(device_spec):
        return GpuDevice(device_spec)
    if isinstance(device_spec, str):
        if device_spec.startswith("native") or device_spec == "@chainerx":
            return ChainerxDevice(device_spec)
        backend, _, part = device_spec.removeprefix("@").partition(":")
        device_spec = xp.Device(_BACKENDS.get(backend, backend), part)
    if not isinstance(device_spec, xp.Device):
        raise TypeError(
            f"get_device: got {device_spec!r} ({type(device_spec).__name__}); expected -1, the number of a GPU, or a name such "
            "as '@numpy', '@numba' or '@cupy:0'"
        )
    if device_spec.backend == "numpy":
        return CpuDevice()
    return (
        GpuDevice(device_spec.part) if device_spec.backend == "cuda" else Device(device_spec.backend, device_spec.part)
    )


@contextmanager
def using_device(device_spec: Any) -> Iterator[Device]:
    """A block in which arrays that are made out of nothing live on that device."""
    device = get_device(device_spec)
    with device.create_context():
        yield device


def get_device_from_array(*arrays: Any) -> Device:
    """The device of the first array, the host's where there is none.

    Example:
        >>> str(get_device_from_array(np.ones(2)))
        '@numpy'
    """
    for array in map(as_array, arrays):
        if hasattr(array, "dtype"):
            return get_device(xp.device_of(array))
    return CpuDevice()


def get_array_module(*args: Any) -> Any:
    """`cupy` where one of the arrays or Variables is on a GPU, else `numpy`.

    Example:
        >>> get_array_module(np.ones(2)).__name__
        'numpy'
    """
    for array in map(as_array, args):
        if isinstance_of_cupy(array):
            import cupy  # pyright: ignore[reportMissingImports]

            return cupy
    return np


def copyto(dst: Array, src: Array) -> None:
    """Copy the values of `src` into `dst`, wherever each lives.

    Example:
        >>> a = np.zeros(2)
        >>> copyto(a, np.ones(2))
        >>> a
        array([1., 1.])
    """
    dst[...] = xp.to_device(src, xp.device_of(dst))


def to_chx(array: Any) -> Any:
    """ChainerX's arrays do not exist here."""
    return ChainerxDevice("native")


def from_chx(array: Any) -> Any:
    """The array itself: none is ChainerX's."""
    return array
