"""Kernels: one array expression that is the meaning and runs anywhere, and faster versions registered beside it."""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, overload

import numpy as np

from xparray._cache import compile_function
from xparray._dispatch import SCALARS, common_backend
from xparray.backends.numpy import backend as NUMPY

# A contracted multiply-add and the sign of zero may differ from NumPy's; NaN and infinity may not.
FASTMATH = {"contract", "nsz"}

_enabled: bool | None = None  # what jit_enabled says
_switch: bool | None = None  # what `jit` says
_compiling = threading.Lock()


def jit_enabled() -> bool:
    """Whether jitted versions run: numba is installed, and neither `XPARRAY_JIT=0` nor `jit(False)` says otherwise."""
    global _enabled  # noqa: PLW0603 - one switch for the process, read on every kernel call
    if _enabled is None:
        _enabled = os.environ.get("XPARRAY_JIT", "1") != "0" and importlib.util.find_spec("numba") is not None
    return _enabled


def references_only() -> bool:
    """Whether `XPARRAY_JIT=0` or `jit(False)` says so; without numba, versions that do not need it run."""
    return os.environ.get("XPARRAY_JIT", "1") == "0" if _switch is None else not _switch


class jit:
    """Run jitted kernels (True) or the references that define them (False) from now on, or within a `with` block, in every thread.

    Raises:
        ImportError: `enabled` is True and numba is not installed.

    Example:
        >>> with jit(False):
        ...     jit_enabled()
        False
    """

    def __init__(self, enabled: bool) -> None:
        global _enabled, _switch  # noqa: PLW0603 - one switch for the process
        if enabled and importlib.util.find_spec("numba") is None:
            raise ImportError("jit: numba is not installed; pip install xparray[numba]")
        self._before = jit_enabled(), _switch
        _enabled = _switch = enabled

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        global _enabled, _switch
        _enabled, _switch = self._before


class Loop:
    """A function of ndarrays and numbers, written with plain loops, that numba compiles at its first call.

    The compiled code is cached on disk beside the module, as Python does with byte code.
    """

    def __init__(self, function: Callable[..., Any], *, reassociate: bool = False) -> None:
        self.function = function
        self.fastmath = FASTMATH | {"reassoc"} if reassociate else FASTMATH
        self.compiled: Callable[..., Any] | None = None
        functools.update_wrapper(self, function)
        _undeclared.append(self)

    def __call__(self, *args: Any) -> Any:
        compiled = self.compiled
        if compiled is None:
            with _compiling:
                compiled = self.compiled = self.compiled or self._compile()
        return compiled(*args)

    def _compile(self) -> Callable[..., Any]:
        _declare()
        called = _code_called(self.function)
        return compile_function(self.function, called, nogil=True, error_model="numpy", fastmath=self.fastmath)


@overload
def loop(function: Callable[..., Any]) -> Loop: ...
@overload
def loop(*, reassociate: bool) -> Callable[[Callable[..., Any]], Loop]: ...
def loop(function: Callable[..., Any] | None = None, *, reassociate: bool = False) -> Any:
    """Decorator over a function of loops: see `Loop`.

    Args:
        function: takes ndarrays and numbers, uses what numba compiles, and may call `scalar`s and other loops.
        reassociate: let sums be computed in vector lanes, in an order that the processor's vector width decides.
    """
    return functools.partial(Loop, reassociate=reassociate) if function is None else Loop(function)


# The scalars: versions by dtype. Those and the loops in `_undeclared` are new to numba, which is loaded at the first compilation.
_scalars: dict[Callable[..., Any], dict[str, Callable[..., Any]]] = {}
_undeclared: list[Callable[..., Any]] = []


def scalar(**versions: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy scalars that `loop`s may call, compiled into them: one version a dtype of the first argument.

    Its operations keep their order, also in a loop that reassociates.

    Args:
        versions: by the dtype's name; each written so that numba compiles it and keeps its dtype.

    Example:
        >>> import numpy as np
        >>> half = scalar(float32=lambda x: x * np.float32(0.5), float64=lambda x: x * 0.5)
        >>> @loop
        ... def halve(x):
        ...     for i in range(x.size):
        ...         x[i] = half(x[i])
    """

    def function(*args: Any) -> Any:
        return versions[args[0].dtype.name](*args)

    _scalars[function] = versions
    _undeclared.append(function)
    return function


def _declare() -> None:
    """Tell numba what loops may call."""
    from numba.extending import overload as implement

    def declare(function: Callable[..., Any]) -> None:
        fastmath = function.fastmath if isinstance(function, Loop) else FASTMATH
        # A loop with a call in it is not vectorised, and a call with a few arrays takes as long as adding up a row.
        options: Any = {"error_model": "numpy", "fastmath": fastmath, "forceinline": True}

        # Numba asks with the types of the arguments, whose names are those of dtypes.
        @implement(function, strict=False, jit_options=options)
        def version(*types: Any) -> Callable[..., Any] | None:
            return function.function if isinstance(function, Loop) else _scalars[function].get(str(types[0]))

    while _undeclared:
        declare(_undeclared.pop())


def _code_called(function: Callable[..., Any]) -> bytes:
    """The byte code, names and constants of the scalars and loops that a function calls, and of those they call."""
    called = b""
    for name in function.__code__.co_names:
        g = function.__globals__.get(name)
        if type(g) in (int, float):
            called += f"{name} = {g!r}".encode()
        for f in _versions(g):
            code = f.__code__
            called += code.co_code + repr((code.co_names, code.co_consts)).encode() + _code_called(f)
    return called


def _versions(g: Any) -> Iterable[Callable[..., Any]]:
    """The functions behind a loop or a scalar; none behind anything else."""
    if isinstance(g, Loop):
        return [g.function]
    return _scalars[g].values() if callable(g) and g in _scalars else []


class Kernel:
    """A reference and its faster versions, chosen by the type of the arrays: see `kernel`."""

    def __init__(self, reference: Callable[..., Any]) -> None:
        self.reference = reference
        self.versions: dict[str, Callable[..., Any]] = {}
        self.jitted: set[str] = set()
        functools.update_wrapper(self, reference)

    def on(self, where: str, *, jit: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: a faster version for arrays on `where` ("host", or a backend's name).

        It takes plain arrays and may return `NotImplemented` for arguments it does not serve; the reference runs then.
        A version for "host" that calls `loop`s runs only where numba is installed; `jit=False` says that it calls none.
        """

        def register(version: Callable[..., Any]) -> Callable[..., Any]:
            self.versions[where] = version
            if jit:
                self.jitted.add(where)
            return version

        return register

    def __call__(self, *args: Any, **options: Any) -> Any:
        for a in args:
            if type(a) is not np.ndarray and type(a) not in SCALARS:
                return self._elsewhere(args, options)
        version = self.versions.get("host") if _enabled else self._version("host")
        if version is not None:
            y = version(*args, **options)
            if y is not NotImplemented:
                return y if type(y) is np.ndarray else NUMPY.wrap(y)
        return NUMPY.wrap(self.reference(*args, **options))

    def _version(self, where: str) -> Callable[..., Any] | None:
        """The version for arrays on `where`, if there is one and it may run."""
        version = self.versions.get(where)
        if where not in self.jitted or _enabled or jit_enabled() or (where != "host" and not references_only()):
            return version
        return None

    def _elsewhere(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """A call with other arguments than plain arrays and numbers."""
        backend = common_backend(self.__name__, args)
        version = self._version("host" if backend.is_host else backend.name)
        if version is not None:
            y = version(*(_plain(args) if backend.is_host else args), **options)
            if y is not NotImplemented:
                return backend.wrap(y)
        return backend.wrap(self.reference(*args, **options))

    # update_wrapper sets it; declared for type checkers.
    __name__: str


def _plain(args: tuple[Any, ...]) -> list[Any]:
    return [np.asarray(a) if isinstance(a, np.ndarray | np.generic) else a for a in args]


def kernel(reference: Callable[..., Any]) -> Kernel:
    """Decorator over an array expression: makes it a kernel, to which faster versions are added with `.on(where)`.

    The expression is the meaning. It is written against the array API standard (`array_namespace(x).exp(x)`), so it runs on
    every backend, and on Variables, where it records a graph: a kernel has gradients of every order that its expression has.

    Example:
        >>> import numpy as np
        >>> @kernel
        ... def double(x):
        ...     return x + x
        >>> @double.on("host")
        ... def _(x):
        ...     return NotImplemented if x.dtype.kind != "f" else x * 2
        >>> double(np.arange(3)).tolist()
        [0, 2, 4]
    """
    return Kernel(reference)
