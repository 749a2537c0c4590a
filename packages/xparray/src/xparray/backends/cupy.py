"""CuPy: arrays on NVIDIA's GPUs, the user's arrays being `cupy.ndarray`s themselves; on "cuda:0", "cuda:1", ...

CuPy computes on the current GPU of the thread. xparray's functions switch to the GPU of their arrays and back; operators between
raw arrays, and functions of the namespace, run where `with cupy.cuda.Device(1):` says.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from xparray._backend import Backend
from xparray._device import Device
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY

try:
    import array_api_compat.cupy  # pyright: ignore[reportMissingImports]
    import cupy  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError as e:
    raise ImportError(
        'device "cuda": cupy or array_api_compat is not installed; '
        "pip install xparray[cuda12x], or xparray[cuda13x] for a driver of CUDA 13"
    ) from e


class CupyBackend(Backend):
    """CuPy's arrays, on "cuda:0", "cuda:1", ...; "cuda" alone is the first."""

    name = "cuda"
    namespace = array_api_compat.cupy
    special = "cupyx.scipy.special"
    array_types = (cupy.ndarray,)

    def device_of(self, x: Array) -> Device:
        """The device of `x`."""
        return _device(x.device.id)

    def native_device(self, device: Device) -> Any:
        """CuPy's Device object; raises ValueError for a GPU that is not there, RuntimeError where there is none at all."""
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as e:
            raise RuntimeError(
                f"device {str(device)!r}: CuPy {cupy.__version__} finds no GPU ({e}); nvidia-smi shows what the driver finds, "
                "and device='numpy' needs none"
            ) from e
        if device.part not in map(str, range(count)):
            found = ", ".join(f"'cuda:{i}'" for i in range(count))
            raise ValueError(f"device {str(device)!r}: the GPUs found are {found}")
        return cupy.cuda.Device(int(device.part))

    def devices(self) -> tuple[Device, ...]:
        """The GPUs that the driver finds."""
        try:
            return tuple(_device(i) for i in range(cupy.cuda.runtime.getDeviceCount()))
        except cupy.cuda.runtime.CUDARuntimeError:
            return ()

    def native_dtype(self, dtype: Any) -> Any:
        """NumPy's dtype, which CuPy shares."""
        return NUMPY.native_dtype(dtype)

    def from_host(self, x: np.ndarray[Any, Any], device: Device) -> Array:
        """A copy of `x` on `device`; CuPy reads page-locked memory in the background."""
        with self.native_device(device):
            return cupy.asarray(x)

    def to_host(self, x: Array) -> np.ndarray[Any, Any]:
        """A copy of `x`'s values, when all that computes them is done."""
        with x.device:
            return cupy.asnumpy(x)

    def move(self, x: Array, device: Device) -> Array:
        """A copy of `x` on another GPU, from memory to memory."""
        with self.native_device(device):
            return cupy.array(x)

    def shares_memory(self, x: Array, y: Array) -> bool:
        """Whether the address ranges of the two arrays overlap."""
        return bool(cupy.may_share_memory(x, y))

    def function(self, name: str) -> Any:
        """CuPy's function `name` of the array API standard, run on the GPU of its arrays or on the one given as `device=`."""
        f = super().function(name)
        return _placed(f) if callable(f) and not isinstance(f, type) else f


@functools.cache
def _device(index: int) -> Device:
    return Device("cuda", str(index))


def _placed(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, which knows of the current GPU only, on the GPU of its arrays or on the one given as `device=`."""

    def placed(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        device = device or _first_device(args)
        if device is None:
            return f(*args, **kwargs)
        with device:
            return f(*args, **kwargs)

    return placed


def _first_device(args: Iterable[Any]) -> Any:
    for a in args:
        if isinstance(a, cupy.ndarray):
            return a.device
        if isinstance(a, list | tuple):
            device = _first_device(a)
            if device is not None:
                return device
    return None


backend = CupyBackend()
