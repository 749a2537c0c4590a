"""Ways to declare a function of the standard: of a name, a signature and a sentence they make a dispatcher on arrays.

A dispatcher finds the backend of the arrays it is given, calls the library's function of that name, and makes what comes back an
array of that backend, 0-d arrays included. It hands on the options it is given and no others: a default is the library's, and an
option beyond the standard reaches the library that knows it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from xparray._backend import BACKEND_OF_TYPE, Backend, get_backend
from xparray._device import HOST, Device, default_device
from xparray._dispatch import SCALARS, common_backend, dtype_name, no_array
from xparray._typing import Array
from xparray.backends.numpy import PLAIN
from xparray.backends.numpy import backend as NUMPY

P = ParamSpec("P")
R = TypeVar("R")
ndarray = np.ndarray


def backend_of(function: str, x: Any) -> Backend:
    """The backend of `x`, the first argument of `function`.

    Raises:
        TypeError: `x` is no array.
    """
    try:
        return BACKEND_OF_TYPE[type(x)]
    except TypeError as error:
        raise no_array(function, [x], error) from None


def call(function: str, arrays: Sequence[Any], /, *args: Any, **options: Any) -> Any:
    """The result of `function` on the one backend of `arrays`; None and Python numbers among them have no say."""
    for a in arrays:
        if type(a) is not ndarray and type(a) not in SCALARS:
            backend: Backend = common_backend(function, arrays)
            break
    else:
        backend = NUMPY
    return backend.wrap(backend.functions[function](*args, **options))


def of_one(name: str, doc: str) -> Callable[[Array], Array]:
    """A function of one array."""
    of_ndarray = NUMPY.functions[name]

    def f(x: Array, /) -> Array:
        if type(x) is ndarray:
            y = of_ndarray(x)
            return y if type(y) is ndarray else NUMPY.wrap(y)
        backend = backend_of(name, x)
        return backend.wrap(backend.functions[name](np.asarray(x) if backend is NUMPY else x))

    return _named(f, name, doc)


def of_two(name: str, doc: str) -> Callable[[Array, Array], Array]:
    """A function of two arrays, of which one may be a Python number."""
    of_ndarrays = NUMPY.functions[name]

    def f(x1: Array, x2: Array, /) -> Array:
        if type(x1) is ndarray and (type(x2) is ndarray or type(x2) in SCALARS):
            y = of_ndarrays(x1, x2)
            return y if type(y) is ndarray else NUMPY.wrap(y)
        backend = common_backend(name, (x1, x2))
        return backend.wrap(backend.functions[name](x1, x2))

    return _named(f, name, doc)


def of_one_with(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function of one array and options."""
    of_ndarray = NUMPY.functions[name]

    def f(x: Array, /, *args: Any, **options: Any) -> Any:
        if type(x) is ndarray and "dtype" not in options:
            y = of_ndarray(x, *args, **options)
            return y if type(y) is ndarray else NUMPY.wrap(y)
        backend = backend_of(name, x)
        if "dtype" in options:
            options["dtype"] = backend.native_dtype(options["dtype"])
        return backend.wrap(backend.functions[name](np.asarray(x) if backend is NUMPY else x, *args, **options))

    return _named(f, name, doc, signature)


def of_two_with(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function of two arrays, of which one may be a Python number, and options."""
    of_ndarrays = NUMPY.functions[name]

    def f(x1: Array, x2: Array, /, *args: Any, **options: Any) -> Any:
        if type(x1) is ndarray and (type(x2) is ndarray or type(x2) in SCALARS):
            y = of_ndarrays(x1, x2, *args, **options)
            return y if type(y) is ndarray else NUMPY.wrap(y)
        backend = common_backend(name, (x1, x2))
        return backend.wrap(backend.functions[name](x1, x2, *args, **options))

    return _named(f, name, doc, signature)


def of_sequence(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function of a sequence of arrays and options."""

    of_ndarrays = NUMPY.functions[name]

    def f(arrays: Sequence[Array], /, **options: Any) -> Any:
        if PLAIN.issuperset(map(type, arrays)):
            return of_ndarrays(arrays, **options)
        return call(name, arrays, arrays, **options)

    return _named(f, name, doc, signature)


def of_all(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function of any number of arrays and options."""

    of_ndarrays = NUMPY.functions[name]

    def f(*arrays: Array, **options: Any) -> Any:
        if PLAIN.issuperset(map(type, arrays)):
            return NUMPY.wrap(of_ndarrays(*arrays, **options))
        return call(name, arrays, *arrays, **options)

    return _named(f, name, doc, signature)


def creation(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function that makes an array out of none, on the default device unless `device=` names another."""

    def f(*args: Any, device: str | Device | None = None, **options: Any) -> Any:
        if device is None and not options and default_device() is HOST:
            return NUMPY.functions[name](*args)
        return _create(name, device, *args, **options)

    return _named(f, name, doc, signature)


def creation_like(signature: Callable[P, R], name: str, doc: str) -> Callable[P, R]:
    """A function that makes an array of the shape, dtype and device of another unless told otherwise."""

    def f(x: Array, /, *args: Any, device: str | Device | None = None, **options: Any) -> Any:
        backend = backend_of(name, x)
        if device is not None:
            if options.get("dtype") is None:
                options["dtype"] = dtype_name(x.dtype)
            return _create(name.removesuffix("_like"), device, x.shape, *args, **options)
        if "dtype" in options:
            options["dtype"] = backend.native_dtype(options["dtype"])
        return backend.wrap(backend.functions[name](x, *args, **options))

    return _named(f, name, doc, signature)


def _create(name: str, device: str | Device | None, /, *args: Any, **options: Any) -> Array:
    place = default_device() if device is None else Device.parse(device)
    backend: Backend = NUMPY
    if place is not HOST:
        backend = get_backend(place.backend)
        native = backend.native_device(place)
        if native is not None:
            options["device"] = native
    if "dtype" in options:
        options["dtype"] = backend.native_dtype(options["dtype"])
    return backend.wrap(backend.functions[name](*args, **options))


def _named(f: Callable[..., Any], name: str, doc: str, signature: Callable[..., Any] | None = None) -> Any:
    extension, _, f.__name__ = name.rpartition(".")
    f.__qualname__ = f.__name__
    f.__module__ = f"xparray.{extension}" if extension else "xparray"
    f.__doc__ = doc
    if signature is not None:
        f.__signature__ = inspect.signature(signature)  # type: ignore[attr-defined]
    return f
