"""From the arrays given to a function to the one backend that computes it: the mixing rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from xparray._backend import BACKEND_OF_TYPE, Backend, get_backend, register_array_type
from xparray._device import Device
from xparray._typing import Array
from xparray.backends.numba import NumbaArray
from xparray.backends.numba import backend as NUMBA
from xparray.backends.numpy import backend as NUMPY

register_array_type(np.ndarray, NUMPY)
register_array_type(np.generic, NUMPY)
register_array_type(NumbaArray, NUMBA)

# Python scalars take the arrays' dtype (NEP 50). The test is on the exact type: np.float64 is a Python float too, and an array scalar.
SCALARS: frozenset[type] = frozenset({int, float, complex, bool, type(None)})
for _scalar in SCALARS:
    register_array_type(_scalar, NUMPY)


def common_backend(function: str, args: Iterable[Any]) -> Backend:
    """The backend on which `function` runs when given `args`; Python scalars have no say.

    The same backend for all: that one. NumPy and Numba arrays share memory and mix, the result is Numba's. A Variable wins over
    every array. Anything else is on two devices, which is an error: moves are explicit.

    Raises:
        ValueError: the arrays live on different devices; names each one and the `xp.to_device` that brings them together.
        TypeError: an argument is no array; names it.
    """
    arrays = [a for a in args if type(a) not in SCALARS]
    if not arrays:
        return NUMPY
    try:
        chosen = BACKEND_OF_TYPE[type(arrays[0])]
        for a in arrays[1:]:
            backend = BACKEND_OF_TYPE[type(a)]
            if backend is chosen:
                if chosen.is_host or chosen.records or chosen.device_of(a) == chosen.device_of(arrays[0]):
                    continue
            elif backend.records or chosen.records:
                chosen = backend if backend.records else chosen
                continue
            elif backend.is_host and chosen.is_host:
                chosen = NUMBA
                continue
            raise ValueError(mixing_message(function, args))
    except TypeError as error:
        raise no_array(function, args, error) from None
    return chosen


def mixing_message(function: str, args: Iterable[Any]) -> str:
    """The text that names each array among `args` with its device and says how to bring them together."""
    arrays = [(i, a) for i, a in enumerate(args) if type(a) not in SCALARS]
    listed = "; ".join(f"argument {i}: {tuple(a.shape)} {dtype_name(a.dtype)} on {device_of(a)}" for i, a in arrays)
    # Arrays on two host backends mix, so they count as being in one place. The place that holds most stays, else the first.
    places = ["host" if BACKEND_OF_TYPE[type(a)].is_host else str(device_of(a)) for _, a in arrays]
    kept = max(places, key=places.count)
    target = str(device_of(arrays[places.index(kept)][1]))
    moved = [str(i) for (i, _), place in zip(arrays, places, strict=True) if place != kept]
    return (
        f"{function}: arguments live on different devices: {listed}; "
        f"move argument{'s' if len(moved) > 1 else ''} {' and '.join(moved)} with xp.to_device(x, {target!r})"
    )


def no_array(function: str, args: Iterable[Any], error: TypeError) -> TypeError:
    """`error`, which says that a type is no array, with the function and the argument before it."""
    where = (f" argument {i} is {_shown(a)}:" for i, a in enumerate(args) if type(a) not in BACKEND_OF_TYPE)
    return TypeError(f"{function}:{next(where, '')} {error}")


def _shown(x: Any) -> str:
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} {tuple(x.shape)} {dtype_name(x.dtype)}"
    return f"{' '.join(repr(x).split()):.60}"


def array_namespace(*arrays: Array) -> Any:
    """The namespace of the one backend that holds all of `arrays`, for code written against the array API standard.

    Args:
        arrays: arrays or Variables; Python scalars are ignored.

    Returns:
        A module or an object like one: `numpy` for ndarrays, the differentiable functions for Variables.

    Raises:
        ValueError: the arrays live on different devices.

    Example:
        >>> import numpy as np
        >>> array_namespace(np.ones(2)).__name__
        'numpy'
    """
    if len(arrays) == 1:
        return BACKEND_OF_TYPE[type(arrays[0])].namespace
    return common_backend("array_namespace", arrays).namespace


def device_of(x: Array) -> Device:
    """The device that holds `x`.

    Example:
        >>> import numpy as np
        >>> str(device_of(np.ones(2)))
        'numpy'
    """
    try:
        backend = BACKEND_OF_TYPE[type(x)]
    except TypeError as error:
        raise no_array("device_of", [x], error) from None
    return backend.device_of(x)


def to_device(x: Array, device: str | Device) -> Array:
    """`x` on `device`: itself where it lives there, a view between "numpy" and "numba", else a copy.

    Args:
        x: array, Variable (the move is then recorded and its gradient comes home) or Python number.
        device: "numpy", "numba", ... or a Device.

    Raises:
        ValueError: there is no such device.
        TypeError: `x` is no array.

    Example:
        >>> import numpy as np
        >>> x = to_device(np.arange(3.0), "numba")
        >>> str(device_of(x)), np.shares_memory(x, to_device(x, "numpy"))
        ('numba', True)
    """
    device = Device.parse(device)
    if type(x) in SCALARS:
        x = np.asarray(x)
    try:
        source = BACKEND_OF_TYPE[type(x)]
    except TypeError as error:
        raise no_array("to_device", [x], error) from None
    target = get_backend(device.backend)
    target.native_device(device)
    if source.records:
        return source.namespace.to_device(x, device=device)
    if source is target:
        return source.wrap(x) if source.device_of(x) == device else source.move(x, device)
    return target.from_host(source.to_host(x).view(np.ndarray), device)


def shares_memory(x: Array, y: Array) -> bool:
    """Whether writing to `x` could change `y`."""
    a, b = BACKEND_OF_TYPE[type(x)], BACKEND_OF_TYPE[type(y)]
    return (a is b or (a.is_host and b.is_host)) and a.shares_memory(x, y)


def dtype_name(dtype: Any) -> str:
    """The standard's name of a dtype: "float32" for NumPy's as for array-api-strict's."""
    return str(dtype).rpartition(".")[2]


def describe(names: Sequence[str], arrays: Sequence[Any]) -> str:
    """ "x: (32, 28, 28) float32, W: (100, 784) float32", for error messages."""
    return ", ".join(
        f"{n}: {tuple(a.shape)} {dtype_name(a.dtype)}"
        for n, a in zip(names, arrays, strict=False)
        if hasattr(a, "dtype")
    )
