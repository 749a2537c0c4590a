"""Arrays out of shapes, numbers, sequences and other libraries' arrays."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from xparray._backend import BACKEND_OF_TYPE, get_backend
from xparray._device import HOST, Device, default_device
from xparray._dispatch import SCALARS, device_of, to_device
from xparray._standard._declare import backend_of, creation, creation_like, of_all, of_one_with
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "meshgrid", "ones",
    "ones_like", "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip

Place = str | Device | None
Shape = int | tuple[int, ...]
# DLPack's numbers for memory that a CUDA device reads: its own, the host's pinned for it, and what both share.
_CUDA_MEMORY = (2, 3, 13)


def asarray(obj: Any, /, *, dtype: Any = None, device: Place = None, copy: bool | None = None) -> Array:
    """`obj` as an array: an array of any backend, a Python number, a nested sequence, or what else NumPy reads.

    Args:
        obj: what to convert.
        dtype: the dtype of the result; that of `obj` unless given.
        device: where the result lives; where `obj` lives, or the default device, unless given.
        copy: True always copies, False never does; None only where it has to.

    Raises:
        ValueError: a copy is needed and `copy` is False; or the lists in `obj` are not of one length.
        TypeError: `obj` is no array and holds something else than numbers.

    Example:
        >>> asarray([1, 2], dtype="float32")
        array([1., 2.], dtype=float32)
    """
    if not is_array(obj):
        if isinstance(obj, np.ndarray):
            backend_of("asarray", obj)  # which says what is wrong with it
        try:
            y = np.asarray(obj, dtype=NUMPY.native_dtype(dtype), copy=copy)
        except ValueError as error:
            raise ValueError(f"asarray: got {type(obj).__name__} {obj!r:.60}: {error}") from error
        if y.dtype.hasobject:
            raise TypeError(
                f"asarray: got {type(obj).__name__} {obj!r:.60}; expected an array, a number or a nested sequence of them"
            )
        place = default_device() if device is None else device
        return y if place is HOST else _moved("asarray", y, place, copy)
    y = obj if device is None else _moved("asarray", obj, device, copy)
    backend = BACKEND_OF_TYPE[type(y)]
    if dtype is None and not copy:
        return backend.wrap(y)
    return backend.wrap(backend.functions["asarray"](y, dtype=backend.native_dtype(dtype), copy=copy))


def from_dlpack(x: Any, /, *, device: Place = None, copy: bool | None = None) -> Array:
    """The array that shares the memory of `x`, an array of any library that speaks DLPack, where that is possible.

    Args:
        x: has the methods `__dlpack__` and `__dlpack_device__`.
        device: where the result lives; "numpy" for memory of the host and "cuda" for that of a GPU unless given.
        copy: True always copies, False never does; None only where it has to.

    Raises:
        AttributeError: `x` does not speak DLPack.
        BufferError: the library of `x`, or ours, cannot hand it over.
        ValueError: a move to `device` copies and `copy` is False.

    Example:
        >>> x = np.ones(2)
        >>> bool(np.shares_memory(from_dlpack(x, device="numba"), x))
        True
    """
    if is_array(x) or isinstance(x, np.ndarray):
        return asarray(x, device=device, copy=copy)
    memory, _ = x.__dlpack_device__()
    backend = get_backend("cuda") if memory in _CUDA_MEMORY else NUMPY
    y = backend.wrap(backend.functions["from_dlpack"](x, copy=copy))
    return y if device is None else _moved("from_dlpack", y, device, copy)


def is_array(x: Any) -> bool:
    """Whether `x` is an array of an installed backend, rather than something for NumPy to read."""
    if type(x) is np.ndarray:
        return True
    if type(x) in SCALARS or not (type(x) in BACKEND_OF_TYPE or hasattr(x, "__array_namespace__")):
        return False
    try:
        BACKEND_OF_TYPE[type(x)]
    except TypeError:
        return False
    return True


def _moved(function: str, x: Array, device: str | Device, copy: bool | None) -> Array:
    device = Device.parse(device)
    if copy is False and device_of(x) != device:
        both_host = BACKEND_OF_TYPE[type(x)].is_host and get_backend(device.backend).is_host
        if not both_host:
            raise ValueError(
                f"{function}: copy is False, but x lives on {device_of(x)} and a move to {device} copies; leave out copy=False"
            )
    return to_device(x, device)


# The signatures.


def _of_shape(shape: Shape, *, dtype: Any = None, device: Place = None) -> Array: ...
def _of_value(shape: Shape, fill_value: complex, *, dtype: Any = None, device: Place = None) -> Array: ...
def _like(x: Array, /, *, dtype: Any = None, device: Place = None) -> Array: ...
def _like_of_value(x: Array, /, fill_value: complex, *, dtype: Any = None, device: Place = None) -> Array: ...
def _triangle(x: Array, /, *, k: int = 0) -> Array: ...
def _meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> Any: ...
def _arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None, device: Place = None
) -> Array: ...
def _eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Place = None
) -> Array: ...
def _linspace(
    start: complex, stop: complex, /, num: int, *, dtype: Any = None, device: Place = None, endpoint: bool = True
) -> Array: ...


arange = creation(_arange, "arange", "Evenly spaced values from `start` up to `stop`.")
empty = creation(_of_shape, "empty", "A new array of the given shape, its values left as they come.")
eye = creation(_eye, "eye", "Ones on a diagonal, zeros elsewhere.")
full = creation(_of_value, "full", "A new array of the given shape, each element the given value.")
linspace = creation(_linspace, "linspace", "`num` evenly spaced values from `start` to `stop`.")
ones = creation(_of_shape, "ones", "A new array of ones.")
zeros = creation(_of_shape, "zeros", "A new array of zeros.")

empty_like = creation_like(
    _like, "empty_like", "A new array of the shape, dtype and device of `x`, its values left as they come."
)
full_like = creation_like(
    _like_of_value, "full_like", "A new array of the shape, dtype and device of `x`, each element the given value."
)
ones_like = creation_like(_like, "ones_like", "Ones of the shape, dtype and device of `x`.")
zeros_like = creation_like(_like, "zeros_like", "Zeros of the shape, dtype and device of `x`.")

meshgrid = of_all(_meshgrid, "meshgrid", "The coordinates, one array an axis, of the points of the grid over vectors.")
tril = of_one_with(_triangle, "tril", "The matrices `x` with zeros above the diagonal `k`.")
triu = of_one_with(_triangle, "triu", "The matrices `x` with zeros below the diagonal `k`.")
