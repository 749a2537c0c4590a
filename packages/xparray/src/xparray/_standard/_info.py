"""What the standard calls inspection: devices, dtypes and limits of what is installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from xparray._backend import available_devices, get_backend
from xparray._device import Device, default_device
from xparray._standard._dtype import numpy_dtype

__all__ = ["__array_api_version__", "__array_namespace_info__"]

__array_api_version__ = "2025.12"


class NamespaceInfo:
    """What `__array_namespace_info__` returns: answers for a device, the default one where none is named."""

    def capabilities(self) -> dict[str, Any]:
        """Whether there are boolean indices and shapes that depend on values, and how many axes an array may have.

        Example:
            >>> NamespaceInfo().capabilities()["boolean indexing"]
            True
        """
        return {"max dimensions": 64, **_of(None)[0].capabilities()}  # which NumPy 2.1 has, but does not say

    def default_device(self) -> Device:
        """The device of arrays that are made out of none."""
        return default_device()

    def default_dtypes(self, *, device: str | Device | None = None) -> dict[str, np.dtype[Any]]:
        """The dtype of each kind that a function uses when none is named.

        Example:
            >>> NamespaceInfo().default_dtypes()["real floating"]
            dtype('float64')
        """
        info, place = _of(device)
        return {kind: numpy_dtype(dtype) for kind, dtype in info.default_dtypes(device=place).items()}

    def dtypes(
        self, *, device: str | Device | None = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, np.dtype[Any]]:
        """The dtypes of the standard that a device has, by name: all, or those of the kinds named.

        Example:
            >>> list(NamespaceInfo().dtypes(kind="real floating"))
            ['float32', 'float64']
        """
        info, place = _of(device)
        return {name: numpy_dtype(dtype) for name, dtype in info.dtypes(device=place, kind=kind).items()}

    def devices(self) -> tuple[Device, ...]:
        """The devices of all libraries that are installed."""
        return available_devices()


def _of(device: str | Device | None) -> tuple[Any, Any]:
    """The inspection of a device's library, and the library's own object for the device."""
    place = default_device() if device is None else Device.parse(device)
    backend = get_backend(place.backend)
    return backend.functions["__array_namespace_info__"](), backend.native_device(place)


def __array_namespace_info__() -> NamespaceInfo:
    """Answers to the standard's questions about devices and dtypes.

    Example:
        >>> str(__array_namespace_info__().default_device())
        'numpy'
    """
    return NamespaceInfo()
