"""CuPy, where there is a GPU; elsewhere `available` is False and what needs one says why there is none.

Nothing here imports CuPy before it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import config
from chainer import backend
from chainer.backend import GpuDevice, get_array_module, isinstance_of_cupy

__all__ = [
    "DummyDevice",
    "DummyDeviceType",
    "GpuDevice",
    "check_cuda_available",
    "clear_memo",
    "config",
    "copy",
    "device_of_number",
    "elementwise",
    "fuse",
    "get_array_module",
    "get_device",
    "get_device_from_array",
    "get_device_from_id",
    "get_max_workspace_size",
    "memoize",
    "raw",
    "reduce",
    "set_max_workspace_size",
    "should_use_cudnn",
    "should_use_cudnn_tensor_core",
    "to_cpu",
    "to_gpu",
]

numpy = np
_max_workspace_size = 8 * 1024 * 1024
_memos: list[dict[Any, Any]] = []


class _Absent:
    """What stands for CuPy, and for its types, where there is none: asking anything of it says why."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        check_cuda_available()
        raise AttributeError(name)


class _NoArray:
    """The type of CuPy's arrays where there are none: nothing is an instance of it."""


_ABSENT = _Absent()


@functools.cache
def _found() -> tuple[Any, str]:
    """CuPy and "", or None and why it cannot be used."""
    try:
        import cupy  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        return None, f"CuPy is not installed ({error}); install catena-chainer[cuda]"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return None, f"CuPy finds no GPU: {error}"
    return (cupy, "") if count else (None, "CuPy finds no GPU")


def __getattr__(name: str) -> Any:
    cupy, _ = _found() if name in _FROM_CUPY else (None, "")
    if name not in _FROM_CUPY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _FROM_CUPY[name](cupy)


# Looked up when asked for, since the answer costs the import of CuPy.
_FROM_CUPY: dict[str, Callable[[Any], Any]] = {
    "available": lambda cupy: cupy is not None,
    "cudnn_enabled": lambda cupy: False,
    "cupy": lambda cupy: cupy or _ABSENT,
    "cupyx": lambda cupy: __import__("cupyx") if cupy else _ABSENT,
    "ndarray": lambda cupy: cupy.ndarray if cupy else _NoArray,
    "Device": lambda cupy: cupy.cuda.Device if cupy else DummyDeviceType,
    "Event": lambda cupy: cupy.cuda.Event if cupy else _NoArray,
    "Stream": lambda cupy: cupy.cuda.Stream if cupy else _NoArray,
    "memory_pool": lambda cupy: cupy.get_default_memory_pool() if cupy else None,
    "pinned_memory_pool": lambda cupy: cupy.get_default_pinned_memory_pool() if cupy else None,
}


def check_cuda_available() -> None:
    """Raise RuntimeError, with the reason, unless there is a GPU that CuPy can use."""
    _, reason = _found()
    if reason:
        raise RuntimeError(f"CUDA is not available: {reason}. Without a GPU use device -1, '@numpy' or '@numba'")


class DummyDeviceType:
    """The device of arrays that are on no GPU: a block that does nothing."""

    id = -1

    def __init__(self, device: Any = None) -> None: ...

    def __int__(self) -> int:
        return -1

    def __enter__(self) -> DummyDeviceType:
        return self

    def __exit__(self, *error: object) -> None: ...

    def use(self) -> None:
        """Do nothing."""

    def synchronize(self) -> None:
        """Do nothing."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DummyDeviceType)

    def __hash__(self) -> int:
        return -1


DummyDevice = DummyDeviceType()


def device_of_number(device: Any = None) -> backend.Device:
    """The GPU of that number, the present one for None.

    Raises:
        RuntimeError: there is no GPU.
    """
    check_cuda_available()
    cupy, _ = _found()
    return GpuDevice(cupy.cuda.Device() if device is None else device)


def get_device_from_id(device_id: int | None) -> Any:
    """CuPy's device of that number; a block that does nothing for None and numbers below 0."""
    if device_id is None or device_id < 0:
        return DummyDevice
    check_cuda_available()
    return _found()[0].cuda.Device(device_id)


def get_device_from_array(*arrays: Any) -> Any:
    """CuPy's device of the first array that is on a GPU; a block that does nothing where none is."""
    return next((a.device for a in arrays if isinstance_of_cupy(a)), DummyDevice)


def get_device(*args: Any) -> Any:
    """The device of a number, of CuPy's device or of the first array; a block that does nothing where it is the host."""
    for arg in args:
        if isinstance(arg, int | np.integer) and not isinstance(arg, bool):
            return get_device_from_id(int(arg))
        if isinstance_of_cupy(arg):
            return getattr(arg, "device", arg)
    return DummyDevice


def _each(function: Callable[[Any], Any], array: Any) -> Any:
    """`function` of an array, or of each one in nested lists, tuples and dicts; None stays."""
    if array is None:
        return None
    if isinstance(array, list | tuple):
        return type(array)(_each(function, a) for a in array)
    if isinstance(array, dict):
        return {key: _each(function, a) for key, a in array.items()}
    return function(array)


def to_gpu(array: Any, device: Any = None, stream: Any = None) -> Any:
    """Arrays, also in lists, tuples and dicts, on a GPU: the present one unless `device` names another.

    Raises:
        RuntimeError: there is no GPU.
    """
    target = device_of_number(device)
    return _each(lambda a: xp.to_device(a, target), array)


def to_cpu(array: Any, stream: Any = None) -> Any:
    """Arrays, also in lists, tuples and dicts, on the host.

    Example:
        >>> to_cpu([np.ones(2), None])
        [array([1., 1.]), None]
    """
    return _each(lambda a: xp.to_device(a, "numpy"), array)


def copy(array: Any, out: Any = None, out_device: Any = None, stream: Any = None) -> Any:
    """A copy of an array, in `out` or on `out_device` where given."""
    if out is not None:
        backend.copyto(out, array)
        return out
    copied = xp.asarray(array, copy=True)
    return copied if out_device is None else to_gpu(copied, out_device)


def memoize(for_each_device: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that keeps a function's results by its arguments, and by the present GPU if `for_each_device`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        memo: dict[Any, Any] = {}
        _memos.append(memo)

        @functools.wraps(function)
        def memoized(*args: Any, **kwargs: Any) -> Any:
            cupy, _ = _found() if for_each_device else (None, "")
            key = (cupy and cupy.cuda.Device().id, args, frozenset(kwargs.items()))
            if key not in memo:
                memo[key] = function(*args, **kwargs)
            return memo[key]

        return memoized

    return decorate


def clear_memo() -> None:
    """Forget what memoized functions have kept."""
    for memo in _memos:
        memo.clear()


@memoize(for_each_device=True)
def elementwise(in_params: str, out_params: str, operation: str, name: str, **kwargs: Any) -> Any:
    """CuPy's ElementwiseKernel, made once; `xparray.elementwise` is the same for every device.

    Raises:
        RuntimeError: there is no GPU.
    """
    check_cuda_available()
    return _found()[0].ElementwiseKernel(in_params, out_params, operation, name, **kwargs)


@memoize(for_each_device=True)
def reduce(
    in_params: str,
    out_params: str,
    map_expr: str,
    reduce_expr: str,
    post_map_expr: str,
    identity: Any,
    name: str,
    **kwargs: Any,
) -> Any:
    """CuPy's ReductionKernel, made once; `xparray.reduction` is the same for every device.

    Raises:
        RuntimeError: there is no GPU.
    """
    check_cuda_available()
    return _found()[0].ReductionKernel(
        in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name, **kwargs
    )


@memoize(for_each_device=True)
def raw(code: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """CuPy's RawKernel, made once.

    Raises:
        RuntimeError: there is no GPU.
    """
    check_cuda_available()
    return _found()[0].RawKernel(code, name, *args, **kwargs)


def fuse(*args: Any, **kwargs: Any) -> Any:
    """The decorator `cupy.fuse` where there is a GPU; elsewhere the function stays as it is."""
    cupy, _ = _found()
    if cupy is not None:
        return cupy.fuse(*args, **kwargs)
    return args[0] if args and callable(args[0]) else lambda function: function


def get_max_workspace_size() -> int:
    """The number of bytes that was set for cuDNN's scratch memory."""
    return _max_workspace_size


def set_max_workspace_size(size: int) -> None:
    """Keep a number of bytes for cuDNN's scratch memory."""
    global _max_workspace_size  # noqa: PLW0603 - a setting of the process
    _max_workspace_size = size


def should_use_cudnn(level: str, lowest_version: int = 0) -> bool:
    """Whether functions would call cuDNN; they do not: CuPy no longer has it."""
    return False


def should_use_cudnn_tensor_core(dtype: Any) -> bool:
    """Whether functions would let cuDNN use tensor cores; they do not."""
    return False
