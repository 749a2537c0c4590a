"""The array API standard's functions: thin dispatchers on the arrays they are given.

Each line declares one function. The array's library computes it; the results are arrays of the same backend, 0-d arrays included.
Signatures and meanings are those of https://data-apis.org/array-api.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xparray._backend import BACKEND_OF_TYPE, Backend, get_backend
from xparray._device import Device
from xparray._dispatch import SCALARS, common_backend, device_of, dtype_name, no_array, to_device
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY


def _named(f: Callable[..., Array], name: str, doc: str) -> Callable[..., Array]:
    f.__name__ = f.__qualname__ = name
    f.__module__ = "xparray"
    f.__doc__ = doc
    return f


def _of_one(name: str, doc: str) -> Callable[..., Array]:
    """A function of one array and options."""

    def f(x: Array, /, *args: Any, **kwargs: Any) -> Array:
        try:
            backend = BACKEND_OF_TYPE[type(x)]
        except TypeError as error:
            raise no_array(name, [x], error) from None
        if "dtype" in kwargs:
            kwargs["dtype"] = backend.native_dtype(kwargs["dtype"])
        return backend.wrap(backend.function(name)(x, *args, **kwargs))

    return _named(f, name, doc)


def _of_two(name: str, doc: str) -> Callable[..., Array]:
    """A function of two arrays, of which one may be a Python scalar."""

    def f(x1: Array, x2: Array, /, *args: Any, **kwargs: Any) -> Array:
        if type(x1) is np.ndarray and type(x2) is np.ndarray:
            backend: Backend = NUMPY
        else:
            backend = common_backend(name, (x1, x2))
        return backend.wrap(backend.function(name)(x1, x2, *args, **kwargs))

    return _named(f, name, doc)


def _of_three(name: str, doc: str) -> Callable[..., Array]:
    """A function of three arrays, of which some may be Python scalars."""

    def f(x1: Array, x2: Array, x3: Array, /) -> Array:
        backend = common_backend(name, (x1, x2, x3))
        return backend.wrap(backend.function(name)(x1, x2, x3))

    return _named(f, name, doc)


def _of_many(name: str, doc: str) -> Callable[..., Array]:
    """A function of a sequence of arrays and options."""

    def f(arrays: Sequence[Array], /, **kwargs: Any) -> Array:
        backend = common_backend(name, arrays)
        return backend.wrap(backend.function(name)(arrays, **kwargs))

    return _named(f, name, doc)


def _like(name: str, doc: str) -> Callable[..., Array]:
    """A creation function that takes shape, dtype and device from an array unless told otherwise."""

    def f(x: Array, /, *args: Any, device: str | Device | None = None, **kwargs: Any) -> Array:
        try:
            backend = BACKEND_OF_TYPE[type(x)]
        except TypeError as error:
            raise no_array(name, [x], error) from None
        if device is not None:
            kwargs.setdefault("dtype", dtype_name(x.dtype))
            return _create(name.removesuffix("_like"), x.shape, *args, device=device, **kwargs)
        if "dtype" in kwargs:
            kwargs["dtype"] = backend.native_dtype(kwargs["dtype"])
        return backend.wrap(backend.function(name)(x, *args, **kwargs))

    return _named(f, name, doc)


def _creation(name: str, doc: str) -> Callable[..., Array]:
    """A creation function: `device` names where the array shall live, "numpy" unless given."""

    def f(*args: Any, device: str | Device = "numpy", **kwargs: Any) -> Array:
        return _create(name, *args, device=device, **kwargs)

    return _named(f, name, doc)


def _create(name: str, *args: Any, device: str | Device, **kwargs: Any) -> Array:
    device = Device.parse(device)
    backend: Backend = get_backend(device.backend)
    native = backend.native_device(device)
    if native is not None:
        kwargs["device"] = native
    if "dtype" in kwargs:
        kwargs["dtype"] = backend.native_dtype(kwargs["dtype"])
    return backend.wrap(backend.function(name)(*args, **kwargs))


def asarray(x: Any, /, *, dtype: Any = None, device: str | Device | None = None, copy: bool | None = None) -> Array:
    """`x` as an array: an array of any backend, a Python number, a nested sequence, or what else NumPy reads.

    Args:
        x: what to convert.
        dtype: the dtype of the result; that of `x` unless given.
        device: where the result lives; where `x` lives, or "numpy", unless given.
        copy: True always copies, False never does; None only where it has to.

    Raises:
        ValueError: a copy is needed and `copy` is False; or the lists in `x` are not of one length.
        TypeError: `x` is no array and holds something else than numbers.

    Example:
        >>> asarray([1, 2], dtype="float32")
        array([1., 2.], dtype=float32)
    """
    if not _is_array(x):
        try:
            y = np.asarray(x, dtype=NUMPY.native_dtype(dtype), copy=copy)
        except ValueError as error:
            raise ValueError(f"asarray: got {type(x).__name__} {x!r:.60}: {error}") from error
        if y.dtype.hasobject:
            raise TypeError(
                f"asarray: got {type(x).__name__} {x!r:.60}; expected an array, a number or a nested sequence of them"
            )
        return y if device is None else _moved(y, device, copy)
    y = x if device is None else _moved(x, device, copy)
    backend = BACKEND_OF_TYPE[type(y)]
    if dtype is None and not copy:
        return backend.wrap(y)
    return backend.wrap(backend.function("asarray")(y, dtype=backend.native_dtype(dtype), copy=copy))


def _is_array(x: Any) -> bool:
    """Whether `x` is an array of an installed backend, rather than something for NumPy to read."""
    if type(x) in SCALARS or not (type(x) in BACKEND_OF_TYPE or hasattr(x, "__array_namespace__")):
        return False
    try:
        BACKEND_OF_TYPE[type(x)]
    except TypeError:
        return False
    return True


def _moved(x: Array, device: str | Device, copy: bool | None) -> Array:
    device = Device.parse(device)
    if copy is False and device_of(x) != device:
        both_host = BACKEND_OF_TYPE[type(x)].is_host and get_backend(device.backend).is_host
        if not both_host:
            raise ValueError(
                f"asarray: copy is False, but x lives on {device_of(x)} and a move to {device} copies; leave out copy=False"
            )
    return to_device(x, device)


def astype(x: Array, dtype: Any, /, *, copy: bool = True) -> Array:
    """`x` with the dtype `dtype`; without a copy where `copy` is False and the dtype is right already."""
    x = asarray(x)
    backend = BACKEND_OF_TYPE[type(x)]
    return backend.wrap(backend.function("astype")(x, backend.native_dtype(dtype), copy=copy))


def clip(x: Array, /, min: Array | float | None = None, max: Array | float | None = None) -> Array:
    """Each element of `x`, no less than `min` and no more than `max`; None sets no bound."""
    backend = common_backend("clip", (x, min, max))
    return backend.wrap(backend.function("clip")(x, min, max))


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """The elements of `x` at `indices` along `axis`, line by line."""
    backend = common_backend("take_along_axis", (x, indices))
    return backend.wrap(backend.function("take_along_axis")(x, indices, axis=axis))


# Creation
arange = _creation("arange", "Evenly spaced values from `start` up to `stop`.")
empty = _creation("empty", "A new array of the given shape, its values left as they come.")
eye = _creation("eye", "Ones on a diagonal, zeros elsewhere.")
full = _creation("full", "A new array of the given shape, each element the given value.")
linspace = _creation("linspace", "Evenly spaced values from `start` to `stop`.")
ones = _creation("ones", "A new array of ones.")
zeros = _creation("zeros", "A new array of zeros.")
empty_like = _like("empty_like", "A new array of the shape, dtype and device of `x`, its values left as they come.")
full_like = _like("full_like", "A new array of the shape, dtype and device of `x`, each element the given value.")
ones_like = _like("ones_like", "Ones of the shape, dtype and device of `x`.")
zeros_like = _like("zeros_like", "Zeros of the shape, dtype and device of `x`.")

# Elementwise
abs = _of_one("abs", "Absolute value of each element.")
add = _of_two("add", "Sum of the elements.")
ceil = _of_one("ceil", "Each element rounded up to an integer.")
cos = _of_one("cos", "Cosine of each element, in radians.")
cosh = _of_one("cosh", "Hyperbolic cosine of each element.")
divide = _of_two("divide", "Quotient of the elements.")
equal = _of_two("equal", "Whether the elements are equal.")
exp = _of_one("exp", "Exponential of each element.")
expm1 = _of_one("expm1", "`exp(x) - 1` of each element, accurate near zero.")
floor = _of_one("floor", "Each element rounded down to an integer.")
greater = _of_two("greater", "Whether the elements of `x1` are greater.")
greater_equal = _of_two("greater_equal", "Whether the elements of `x1` are greater or equal.")
isfinite = _of_one("isfinite", "Whether each element is neither infinite nor NaN.")
isnan = _of_one("isnan", "Whether each element is NaN.")
less = _of_two("less", "Whether the elements of `x1` are less.")
less_equal = _of_two("less_equal", "Whether the elements of `x1` are less or equal.")
log = _of_one("log", "Natural logarithm of each element.")
log1p = _of_one("log1p", "`log(1 + x)` of each element, accurate near zero.")
logical_and = _of_two("logical_and", "Whether both elements are true.")
logical_not = _of_one("logical_not", "Whether each element is false.")
logical_or = _of_two("logical_or", "Whether one of the elements is true.")
maximum = _of_two("maximum", "The greater of the elements; NaN where one is NaN.")
minimum = _of_two("minimum", "The lesser of the elements; NaN where one is NaN.")
multiply = _of_two("multiply", "Product of the elements.")
negative = _of_one("negative", "Each element with its sign changed.")
not_equal = _of_two("not_equal", "Whether the elements differ.")
pow = _of_two("pow", "The elements of `x1` to the power of those of `x2`.")
sign = _of_one("sign", "-1, 0 or 1 with the sign of each element.")
sin = _of_one("sin", "Sine of each element, in radians.")
sinh = _of_one("sinh", "Hyperbolic sine of each element.")
sqrt = _of_one("sqrt", "Square root of each element.")
square = _of_one("square", "Square of each element.")
subtract = _of_two("subtract", "Difference of the elements.")
tan = _of_one("tan", "Tangent of each element, in radians.")
tanh = _of_one("tanh", "Hyperbolic tangent of each element.")
where = _of_three("where", "Elements of `x1` where `condition` holds, of `x2` elsewhere.")

# Reductions and searches
all = _of_one("all", "Whether all elements along `axis` are true.")
any = _of_one("any", "Whether one element along `axis` is true.")
argmax = _of_one("argmax", "Index of the first greatest element along `axis`.")
argmin = _of_one("argmin", "Index of the first least element along `axis`.")
cumulative_sum = _of_one("cumulative_sum", "Sums of the elements up to each one along `axis`.")
max = _of_one("max", "Greatest element along `axis`.")
mean = _of_one("mean", "Mean of the elements along `axis`.")
min = _of_one("min", "Least element along `axis`.")
prod = _of_one("prod", "Product of the elements along `axis`.")
sum = _of_one("sum", "Sum of the elements along `axis`.")

# Shapes
broadcast_to = _of_one("broadcast_to", "`x` repeated, without a copy, to the given shape.")
concat = _of_many("concat", "The arrays joined along the existing axis `axis`.")
expand_dims = _of_one("expand_dims", "`x` with a new axis of length one at `axis`.")
flip = _of_one("flip", "`x` with the order of its elements along `axis` reversed.")
matrix_transpose = _of_one("matrix_transpose", "`x` with its last two axes exchanged.")
permute_dims = _of_one("permute_dims", "`x` with its axes in the given order.")
reshape = _of_one("reshape", "The elements of `x` in the given shape.")
roll = _of_one("roll", "`x` with its elements moved along `axis`, those that fall off coming back at the other end.")
squeeze = _of_one("squeeze", "`x` without the axes `axis`, each of length one.")
stack = _of_many("stack", "The arrays joined along a new axis `axis`.")

# Indexing
take = _of_two("take", "The elements of `x` at `indices` along `axis`.")

# Products
matmul = _of_two("matmul", "Matrix product of the last two axes, broadcast over the others.")
tensordot = _of_two("tensordot", "Sum of products over the given axes of both arrays.")
