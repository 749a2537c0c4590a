"""Settings that change how functions run: a value for the process, one for the thread, one for a `with` block.

A setting is looked up in the innermost `using_config` block of the running context, then in the thread's own values
(`config.train = False`), then in `global_config`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

import numpy as np

# The settings of the `using_config` blocks around the running code; None outside of any, which is what the hot path tests. Names that
# begin with an underscore are no settings: hooks and the detection of anomalies, which reach as far as a block does, lie there too.
SCOPE: ContextVar[dict[str, Any] | None] = ContextVar("catena.config", default=None)
# Whether the running code is within a function that a transform (grad, jvp, ...) has called.
TRANSFORMED: ContextVar[bool] = ContextVar("catena.transformed", default=False)


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"config.{name}: got {value!r}; expected True or False")
    return value


def _level(name: str, value: Any) -> str:
    if value not in ("always", "auto", "never"):
        raise ValueError(f"config.{name}: got {value!r}; expected 'always', 'auto' or 'never'")
    return str(value)


def _stale(name: str, value: Any) -> str:
    if value not in ("raise", "warn"):
        raise ValueError(f"config.{name}: got {value!r}; expected 'raise' or 'warn'")
    return str(value)


def _floating(name: str, value: Any) -> np.dtype[Any]:
    dtype = np.dtype(value)
    if dtype.kind != "f":
        raise ValueError(f"config.{name}: got {dtype}; expected a floating dtype, such as float32")
    return dtype


# Each setting's first value, and the function that checks what is assigned.
SETTINGS: dict[str, tuple[Any, Callable[[str, Any], Any]]] = {
    "train": (True, _switch),
    "enable_backprop": (True, _switch),
    "dtype": (np.dtype(np.float32), _floating),
    "debug": (False, _switch),
    "in_recomputing": (False, _switch),
    "type_check": (True, _switch),
    "keep_graph_on_report": (False, _switch),
    "stale_inputs": ("raise", _stale),
    "warn_nondeterministic": (False, _switch),
    "use_cudnn": ("auto", _level),
    "use_cudnn_tensor_core": ("auto", _level),
    "cudnn_deterministic": (False, _switch),
    "cudnn_fast_batch_normalization": (False, _switch),
    "autotune": (False, _switch),
}


class GlobalConfig:
    """Values for the whole process: the defaults that every thread starts from.

    A setting of one's own has a name that begins with `user_`. Those from `warn_nondeterministic` on are for versions of functions
    on CUDA, which the host's take no notice of.

    Attributes:
        train: functions that differ in training (dropout) run their training form.
        enable_backprop: operations on Variables are recorded.
        dtype: of new parameters, and of the gradient of an integer array.
        debug: what `detect_anomaly` finds is an error, and so is an array that was changed in place between forward and backward.
        in_recomputing: the running code is a second run of a checkpointed function: what counts calls or keeps statistics
            must leave them alone.
        type_check: `FunctionNode.check_type_forward` looks at the inputs before each forward.
        keep_graph_on_report: `report` keeps Variables with their graphs.
        stale_inputs: backward through a function one of whose inputs was updated after it was read is an error ("raise"), or goes on with
            the new values ("warn"), as Chainer does.
        warn_nondeterministic: functions whose bits may differ from run to run warn.
        use_cudnn: "always", "auto" (where it is faster) or "never".
        use_cudnn_tensor_core: "always", "auto" or "never".
        cudnn_deterministic: choose algorithms that give the same bits each time.
        cudnn_fast_batch_normalization: choose the faster of two, which may overflow.
        autotune: try convolution's algorithms on each new shape, and keep the fastest.
    """

    train: bool
    enable_backprop: bool
    dtype: Any
    debug: bool
    in_recomputing: bool
    type_check: bool
    keep_graph_on_report: bool
    stale_inputs: str
    warn_nondeterministic: bool
    use_cudnn: str
    use_cudnn_tensor_core: str
    cudnn_deterministic: bool
    cudnn_fast_batch_normalization: bool
    autotune: bool

    def __init__(self) -> None:
        self.__dict__.update({name: value for name, (value, _) in SETTINGS.items()})

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = _checked(name, value)
        _settle(name)

    def show(self, file: TextIO | None = None) -> None:
        """Write each setting with its value on a line of its own, to the standard output unless a `file` is given."""
        _show(self.__dict__, file)


class _Thread(threading.local):
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}


class LocalConfig:
    """The settings as the running code sees them; assigning sets the thread's own value.

    Example:
        >>> config.train
        True
        >>> with using_config("train", False):
        ...     config.train
        False
    """

    def __init__(self, global_config: GlobalConfig) -> None:
        self.__dict__["_global"] = global_config
        self.__dict__["_thread"] = _Thread()

    def __getattr__(self, name: str) -> Any:
        scope = SCOPE.get()
        if scope is not None and name in scope:
            return scope[name]
        values = self._thread.values
        if name in values:
            return values[name]
        try:
            return self._global.__dict__[name]
        except KeyError:
            known = ", ".join(sorted(self._global.__dict__))
            raise AttributeError(
                f"config has no setting {name!r}; it has {known}; "
                f"add one of your own with global_config.user_{name.removeprefix('user_')} = ..."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._thread.values[name] = _checked(name, value)
        _settle(name)

    def __delattr__(self, name: str) -> None:
        self._thread.values.pop(name, None)

    def show(self, file: TextIO | None = None) -> None:
        """Write each setting, as the running code sees it, on a line of its own, to the standard output unless a `file` is given.

        Example:
            >>> config.show()  # doctest: +ELLIPSIS
            autotune                       False
            cudnn_deterministic            False
            ...
        """
        _show(settings(), file)


def _show(values: dict[str, Any], file: TextIO | None) -> None:
    width = max(map(len, values))
    for name in sorted(values):
        print(f"{name:{width}} {values[name]!s}", file=file or sys.stdout)


OWN_PREFIX = "user_"
"""With what names of settings of one's own begin, so that a slip of the pen is an error; `chainer` takes any name."""


def _checked(name: str, value: Any) -> Any:
    if name in SETTINGS:
        return SETTINGS[name][1](name, value)
    if not name.startswith(OWN_PREFIX):
        raise AttributeError(
            f"config has no setting {name!r}; it has {', '.join(SETTINGS)}; begin a name of your own with user_"
        )
    return value


class _Usual:
    """Whether every call of a function on Variables may go the usual way: the hot path's one test besides that of `SCOPE`.

    `everywhere` is False while a function has hooks of its own, and for good once a thread or the process has changed, outside of any
    block, a setting that calls must look at; from then on each call looks it up.
    """

    def __init__(self) -> None:
        self.everywhere = True
        self.hooked = 0  # hooks that single functions have
        self.changed = False

    def settle(self) -> None:
        """Say what holds after a change of the other two."""
        self.everywhere = not self.hooked and not self.changed


USUAL = _Usual()
global_config = GlobalConfig()
config = LocalConfig(global_config)


def _settle(name: str) -> None:
    if name in ("enable_backprop", "debug"):
        USUAL.changed = True
        USUAL.settle()


@contextmanager
def using_config(name: str, value: Any, config: LocalConfig = config) -> Iterator[None]:
    """Within the block, and in what it calls, the setting `name` is `value`.

    Example:
        >>> with using_config("dtype", "float64"):
        ...     config.dtype
        dtype('float64')
    """
    with scoped(name, _checked(name, value)):
        yield


@contextmanager
def scoped(name: str, value: Any) -> Iterator[None]:
    """A block in which `SCOPE` has `value` under `name`."""
    token = SCOPE.set({**(SCOPE.get() or {}), name: value})
    try:
        yield
    finally:
        SCOPE.reset(token)


def settings() -> dict[str, Any]:
    """All settings as the running code sees them."""
    scope = {name: value for name, value in (SCOPE.get() or {}).items() if not name.startswith("_")}
    return {**global_config.__dict__, **config._thread.values, **scope}


def no_backprop_mode() -> Any:
    """A block in which nothing is recorded: results need no gradient, and memory is freed at once."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> Any:
    """A block in which operations are recorded even within `no_backprop_mode`."""
    return using_config("enable_backprop", True)


def recording() -> bool:
    """Whether operations on Variables are recorded here."""
    if SCOPE.get() is None and USUAL.everywhere:
        return True
    return bool(config.enable_backprop)


def get_dtype(dtype: Any = None) -> np.dtype[Any]:
    """The dtype given, or `config.dtype` for None.

    Example:
        >>> get_dtype(), get_dtype("float16")
        (dtype('float32'), dtype('float16'))
    """
    return np.dtype(config.dtype if dtype is None else dtype)
