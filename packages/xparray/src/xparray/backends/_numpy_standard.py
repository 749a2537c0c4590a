"""The standard's functions where NumPy's of the same name do something else; the rest is NumPy's.

Each takes first the library, `np`: NumPy, or one that has its functions, such as CuPy. Where an array's method computes the same, it
is called instead of the function, which finds its way to the method in about the time of a small sum.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from numpy import errstate

from xparray._typing import Array


def corrected(np: Any, name: str) -> Callable[..., Any] | None:
    """The function of the standard called `name`, such as "clip" or "fft.fftfreq", over `np`; None where NumPy's own is right."""
    function = _FUNCTIONS.get(name)
    return None if function is None else functools.partial(function, np)


# ------------------------------------------------------------------------------------------------- elementwise


def _acosh(np: Any, x: Array, /) -> Array:
    y = np.acosh(x)
    if y.dtype.kind != "c":
        return y
    # NumPy 2.1 has NaN for the angle too where the real part is zero and the imaginary one NaN.
    return np.where((x.real == 0) & np.isnan(x.imag), y.dtype.type(complex(math.nan, math.pi / 2)), y)


def _clip(np: Any, x: Array, /, min: Any = None, max: Any = None) -> Array:
    # NumPy promotes: of float32 values and float64 bounds it makes float64, of int8 values and uint64 bounds too.
    if hasattr(min, "dtype") or hasattr(max, "dtype"):
        x = np.asarray(x)
        min, max = _like_kind(np, min, x.dtype), _like_kind(np, max, x.dtype)
    return x.clip(min, max)


def _like_kind(np: Any, bound: Any, dtype: Any) -> Any:
    """An array `bound` of the kind of `dtype`, but another width, in `dtype`; integers as near as they come."""
    if not hasattr(bound, "dtype") or bound.dtype == dtype:
        return bound
    if bound.dtype.kind in "iu" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(bound, limits.min, limits.max).astype(dtype)
    return bound.astype(dtype) if bound.dtype.kind == dtype.kind else bound


def _expm1(np: Any, x: Array, /) -> Array:
    if x.dtype.kind != "c":
        return np.expm1(x)
    # Where the real part is infinite or NaN, NumPy multiplies zeros and infinities, and only exp knows what comes of that.
    return np.where(np.isfinite(x.real), np.expm1(x), np.exp(x) - 1)


def _floor_divide(np: Any, x1: Array, x2: Array, /) -> Array:
    # At infinities NumPy has Python's NaN and -1, the standard the floor of the quotient.
    if not (_has_infinity(np, x1) or _has_infinity(np, x2)):
        return np.floor_divide(x1, x2)
    with errstate(all="ignore"):  # the division below warns of what is wrong
        y = np.floor_divide(x1, x2)
    return np.where(np.isinf(x1) | np.isinf(x2), np.floor(np.divide(x1, x2)), y)


def _has_infinity(np: Any, x: Any) -> bool:
    if not hasattr(x, "dtype"):
        return isinstance(x, float) and math.isinf(x)
    return x.dtype.kind == "f" and bool(np.count_nonzero(np.isinf(x)))


def _log1p(np: Any, x: Array, /) -> Array:
    y = np.log1p(x)
    if x.dtype.kind != "c":
        return y
    # NumPy rounds 1 + x first. log|1 + x| = log1p(|1 + x|^2 - 1) / 2.
    a, b = x.real, x.imag
    return _joined(np, np.where(np.abs(x) < 0.5, np.log1p(a * (a + 2) + b * b) / 2, y.real), y.imag)


def _sign(np: Any, x: Array, /) -> Array:
    y = np.sign(x)
    # NumPy's sign of a number with one NaN among its parts keeps the other part.
    return np.where(np.isnan(x), y.dtype.type(complex(math.nan, math.nan)), y) if y.dtype.kind == "c" else y


def _joined(np: Any, real: Array, imaginary: Array) -> Array:
    """The complex numbers of the given parts."""
    y = np.empty(real.shape, np.result_type(real.dtype, np.complex64))
    y.real, y.imag = real, imaginary
    return y


# ---------------------------------------------------------------------------------------- statistics, searching, sorting


def _mean(np: Any, x: Array, /, **options: Any) -> Array:
    if x.dtype.kind != "c":
        return x.mean(**options)
    # NumPy's division by the number of elements lets a NaN in one part into the other.
    return _joined(np, np.asarray(np.mean(x.real, **options)), np.asarray(np.mean(x.imag, **options)))


def _var(np: Any, x: Array, /, *, correction: float = 0.0, **options: Any) -> Array:
    return _if_enough(np, x, x.var(ddof=correction, **options), correction) if correction else x.var(**options)


def _std(np: Any, x: Array, /, *, correction: float = 0.0, **options: Any) -> Array:
    return _if_enough(np, x, x.std(ddof=correction, **options), correction) if correction else x.std(**options)


def _if_enough(np: Any, x: Array, y: Array, correction: float) -> Array:
    """`y`, or NaN where `correction` takes away all elements of `x` that go into one of `y`; NumPy divides by zero then."""
    return y if y.size == 0 or x.size / y.size > correction else np.full_like(y, math.nan)


def _count_nonzero(np: Any, x: Array, /, *, axis: Any = None, keepdims: bool = False) -> Array:
    return np.asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims))  # of some versions a Python number


def _searchsorted(np: Any, x1: Array, x2: Any, /, *, side: str = "left", sorter: Array | None = None) -> Array:
    # NumPy compares a Python number in float64, and takes no uint64 for an index.
    if not hasattr(x2, "dtype"):
        x2 = np.asarray(x2, np.result_type(x1.dtype, x2))
    return x1.searchsorted(x2, side, None if sorter is None else sorter.astype(np.intp))


def _sort(np: Any, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    y = np.sort(np.flip(x, axis=axis) if descending else x, axis=axis, kind="stable" if stable else None)
    return np.flip(y, axis=axis) if descending else y


def _argsort(np: Any, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    kind = "stable" if stable else None
    if not descending:
        return np.argsort(x, axis=axis, kind=kind)
    # Reversed before and after, elements that are equal stay in their order.
    return x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis=axis), axis=axis, kind=kind), axis=axis)


def _repeat(np: Any, x: Array, repeats: Any, /, *, axis: int | None = None) -> Array:
    return x.repeat(repeats.astype(np.intp) if hasattr(repeats, "dtype") else repeats, axis)  # uint64 too


# -------------------------------------------------------------------------------------------------- linalg and fft


class EigResult(NamedTuple):
    """What `linalg.eig` returns."""

    eigenvalues: Array
    eigenvectors: Array


def _eig(np: Any, x: Array, /) -> EigResult:
    values, vectors = np.linalg.eig(x)
    return EigResult(_as_complex(np, values), _as_complex(np, vectors))


def _eigvals(np: Any, x: Array, /) -> Array:
    return _as_complex(np, np.linalg.eigvals(x))


def _as_complex(np: Any, y: Array) -> Array:
    # NumPy's are real, float32 or float64, where all eigenvalues happen to be.
    return y if y.dtype.kind == "c" else y.astype(np.complex64 if y.dtype == np.float32 else np.complex128)


def _pinv(np: Any, x: Array, /, *, rtol: Any = None) -> Array:
    return np.linalg.pinv(x, rtol=rtol)  # left out, it is another default


def _fftfreq(np: Any, n: int, /, *, d: float = 1.0, dtype: Any = None, **place: Any) -> Array:
    y = np.fft.fftfreq(n, d, **place)
    return y if dtype is None else y.astype(dtype)


def _rfftfreq(np: Any, n: int, /, *, d: float = 1.0, dtype: Any = None, **place: Any) -> Array:
    y = np.fft.rfftfreq(n, d, **place)
    return y if dtype is None else y.astype(dtype)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "acosh": _acosh,
    "argsort": _argsort,
    "clip": _clip,
    "count_nonzero": _count_nonzero,
    "expm1": _expm1,
    "fft.fftfreq": _fftfreq,
    "fft.rfftfreq": _rfftfreq,
    "floor_divide": _floor_divide,
    "linalg.eig": _eig,
    "linalg.eigvals": _eigvals,
    "linalg.pinv": _pinv,
    "log1p": _log1p,
    "mean": _mean,
    "repeat": _repeat,
    "searchsorted": _searchsorted,
    "sign": _sign,
    "sort": _sort,
    "std": _std,
    "var": _var,
}
