"""array-api-strict: an implementation of the standard and nothing beyond it, with devices of its own; a second memory for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._backend import Backend
from xparray._device import Device
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY

try:
    import array_api_strict
except ImportError as e:
    raise ImportError('device "strict": array-api-strict is not installed; pip install array-api-strict') from e

_DType = type(array_api_strict.float32)
_HOST = array_api_strict.Device("CPU_DEVICE")
# array-api-strict's devices have no public name: they are made from the names it documents.
_PARTS = {name: array_api_strict.Device(name) for name in ("CPU_DEVICE", "device1", "device2")}
_NAMES = {device: name for name, device in _PARTS.items()}


class StrictBackend(Backend):
    """Arrays of array-api-strict, on "strict" (its CPU device), "strict:device1" and "strict:device2"."""

    name = "strict"
    namespace = array_api_strict
    array_types = (type(array_api_strict.empty(0)),)

    def device_of(self, x: Array) -> Device:
        """The device of `x`."""
        name = _NAMES[x.device]
        return Device(self.name, "" if name == "CPU_DEVICE" else name)

    def devices(self) -> tuple[Device, ...]:
        """The CPU device, called "strict", and the two others."""
        return tuple(Device(self.name, "" if part == "CPU_DEVICE" else part) for part in _PARTS)

    def native_device(self, device: Device) -> Any:
        """The library's Device object."""
        try:
            return _PARTS[device.part or "CPU_DEVICE"]
        except KeyError:
            raise ValueError(f"device {str(device)!r}: array-api-strict has {', '.join(_PARTS)}") from None

    def native_dtype(self, dtype: Any) -> Any:
        """The library's dtype object of the same name; raises ValueError where it has none."""
        if dtype is None or isinstance(dtype, _DType):
            return dtype
        name = np.dtype(NUMPY.native_dtype(dtype)).name
        if not hasattr(array_api_strict, name):
            raise ValueError(f'device "strict": array-api-strict has no dtype {name}')
        return getattr(array_api_strict, name)

    def from_host(self, x: np.ndarray[Any, Any], device: Device) -> Array:
        """A copy of `x` on `device`."""
        return array_api_strict.asarray(x.view(np.ndarray), device=self.native_device(device), copy=True)

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """A copy of `x`'s values."""
        return np.array(x.to_device(_HOST))


backend = StrictBackend()
