"""Conversions of data types, and questions about them. A dtype is NumPy's, its name, or any library's own object for it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from xparray._backend import BACKEND_OF_TYPE, Backend
from xparray._device import Device
from xparray._dispatch import SCALARS, common_backend
from xparray._standard._creation import asarray, is_array
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]

# What NumPy's own promotion takes as it is: ndarrays, its dtypes, Python numbers.
_NUMPYS = SCALARS | {np.ndarray} | {type(np.dtype(code)) for code in "?bhilqBHILQefdFD"}


def astype(x: Array, dtype: Any, /, *, copy: bool = True, device: str | Device | None = None) -> Array:
    """`x` with the dtype `dtype`; without a copy where `copy` is False and the dtype is right already.

    Raises:
        TypeError: `x` is complex and `dtype` is real.

    Example:
        >>> astype(np.array([1.5, 2.5]), "int32")
        array([1, 2], dtype=int32)
    """
    if device is not None or not is_array(x):
        x = asarray(x, device=device)
    before, after = numpy_dtype(x.dtype), numpy_dtype(dtype)
    if before.kind == "c" and after.kind not in "cb":
        raise TypeError(f"astype: x is {before} and {after} holds no imaginary part; write xp.real(x) or xp.abs(x)")
    if type(x) is np.ndarray:
        return x.astype(after, copy=copy)
    backend = BACKEND_OF_TYPE[type(x)]
    return backend.wrap(backend.functions["astype"](x, backend.native_dtype(dtype), copy=copy))


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """NumPy's object for a dtype."""
    return dtype if isinstance(dtype, np.dtype) else np.dtype(NUMPY.native_dtype(dtype))


def _of(x: Any) -> tuple[np.dtype[Any], Backend]:
    """The dtype that `x` is or, as an array, has, and the array's backend."""
    if isinstance(x, np.dtype):
        return x, NUMPY
    return (numpy_dtype(x.dtype), BACKEND_OF_TYPE[type(x)]) if is_array(x) else (numpy_dtype(x), NUMPY)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion takes the dtype `from_`, or that of the array `from_`, to the dtype `to`.

    Example:
        >>> can_cast("int8", "int16"), can_cast("float64", "float32")
        (True, False)
    """
    return bool(np.can_cast(_of(from_)[0], numpy_dtype(to)))


@dataclass(frozen=True, slots=True)
class FloatInfo:
    """The limits of a floating-point dtype, those of its parts where it is complex."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: Any


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating-point dtype or of an array's.

    Raises:
        ValueError: the dtype is no floating-point one.

    Example:
        >>> finfo("float32").eps == 2**-23
        True
    """
    return _float_info(*_of(type))


@functools.cache
def _float_info(dtype: np.dtype[Any], backend: Backend) -> FloatInfo:
    found = np.finfo(dtype)
    return FloatInfo(
        found.bits,
        float(found.eps),
        float(found.max),
        float(found.min),
        float(found.smallest_normal),
        backend.native_dtype(found.dtype),
    )


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: Any


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer dtype or of an array's.

    Raises:
        ValueError: the dtype is no integer one.

    Example:
        >>> iinfo(np.zeros(2, "uint8")).max
        255
    """
    return _integer_info(*_of(type))


@functools.cache
def _integer_info(dtype: np.dtype[Any], backend: Backend) -> IntegerInfo:
    found = np.iinfo(dtype)
    return IntegerInfo(found.bits, found.max, found.min, backend.native_dtype(found.dtype))


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether `dtype` is `kind`: a dtype, a kind such as "real floating" or "integral", or one of a tuple of these.

    Raises:
        ValueError: the standard has no such kind.

    Example:
        >>> isdtype("float32", ("integral", "real floating"))
        True
    """
    if isinstance(kind, tuple):
        return any([isdtype(dtype, k) for k in kind])
    return bool(np.isdtype(numpy_dtype(dtype), kind if isinstance(kind, str) else numpy_dtype(kind)))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that promotion gives for arrays, dtypes and Python numbers; the object of the arrays' library.

    Raises:
        ValueError: the arrays live on different devices.

    Example:
        >>> result_type(np.zeros(2, "float32"), 1.0, "int8")
        dtype('float32')
    """
    if _NUMPYS.issuperset(map(type, arrays_and_dtypes)):
        return np.result_type(*arrays_and_dtypes)
    backend = common_backend("result_type", [a for a in arrays_and_dtypes if is_array(a)])
    return backend.native_dtype(np.result_type(*(a if type(a) in SCALARS else _of(a)[0] for a in arrays_and_dtypes)))
