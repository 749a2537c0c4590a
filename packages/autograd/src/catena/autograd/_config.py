"""Settings that change how functions run: a value for the process, one for the thread, one for a `with` block.

A setting is looked up in the innermost `using_config` block of the running context, then in the thread's own values
(`config.train = False`), then in `global_config`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

# The settings of the `using_config` blocks around the running code; None outside of any, which is what the hot path tests.
SCOPE: ContextVar[dict[str, Any] | None] = ContextVar("catena.config", default=None)


class GlobalConfig:
    """Values for the whole process: the defaults that every thread starts from.

    Attributes:
        train: functions that differ in training (dropout) run their training form.
        enable_backprop: operations on Variables are recorded.
        dtype: of new parameters, and of the gradient of an integer array.
    """

    train: bool
    enable_backprop: bool
    dtype: Any

    def __init__(self) -> None:
        self.__dict__.update(train=True, enable_backprop=True, dtype=np.dtype(np.float32))

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = _checked(name, value)
        if name == "enable_backprop":
            RECORDING.settle()


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
        if name == "enable_backprop":
            RECORDING.settle()

    def __delattr__(self, name: str) -> None:
        self._thread.values.pop(name, None)


def _checked(name: str, value: Any) -> Any:
    if name not in ("train", "enable_backprop", "dtype") and not name.startswith("user_"):
        raise AttributeError(
            f"config has no setting {name!r}; it has train, enable_backprop, dtype; begin a name of your own with user_"
        )
    if name in ("train", "enable_backprop") and not isinstance(value, bool):
        raise TypeError(f"config.{name}: got {value!r}; expected True or False")
    if name == "dtype":
        wanted: Any = value
        dtype = np.dtype(wanted)
        if dtype.kind != "f":
            raise ValueError(f"config.dtype: got {dtype}; expected a floating dtype, such as float32")
        return dtype
    return value


class _Recording:
    """Whether every thread records wherever no `using_config` block says otherwise: the hot path's one test.

    `everywhere` turns False for good when a thread or the process ever switches recording off outside of a block; from then on
    each call looks the setting up.
    """

    def __init__(self) -> None:
        self.everywhere = True

    def settle(self) -> None:
        self.everywhere = False


RECORDING = _Recording()
global_config = GlobalConfig()
config = LocalConfig(global_config)


@contextmanager
def using_config(name: str, value: Any, config: LocalConfig = config) -> Iterator[None]:
    """Within the block, and in what it calls, the setting `name` is `value`.

    Example:
        >>> with using_config("dtype", "float64"):
        ...     config.dtype
        dtype('float64')
    """
    token = SCOPE.set({**(SCOPE.get() or {}), name: _checked(name, value)})
    try:
        yield
    finally:
        SCOPE.reset(token)


def no_backprop_mode() -> Any:
    """A block in which nothing is recorded: results need no gradient, and memory is freed at once."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> Any:
    """A block in which operations are recorded even within `no_backprop_mode`."""
    return using_config("enable_backprop", True)


def recording() -> bool:
    """Whether operations on Variables are recorded here."""
    if SCOPE.get() is None and RECORDING.everywhere:
        return True
    return bool(config.enable_backprop)
