"""Where an array lives: a backend, and for backends with several memories which one."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """A place for arrays: `backend`, and `part` of it where the backend has several memories.

    Args:
        backend: name of the backend, such as "numpy".
        part: name of the memory within the backend, such as "0"; empty where there is only one, and 0 for "cuda" alone.

    Example:
        >>> Device.parse("cuda:1")
        Device(backend='cuda', part='1')
        >>> str(Device("numpy"))
        'numpy'
    """

    backend: str
    part: str = ""

    def __post_init__(self) -> None:
        if self.backend == "cuda" and not self.part:
            object.__setattr__(self, "part", "0")

    @classmethod
    def parse(cls, spec: str | Device) -> Device:
        """Read "numpy", "numba" or "cuda:0"; a Device passes through. Chainer's "@numpy" and "@cupy:0" are read too.

        Raises:
            TypeError: `spec` is neither a string nor a Device.
            ValueError: `spec` names no backend.
        """
        if isinstance(spec, Device):
            return spec
        if not isinstance(spec, str):
            raise TypeError(
                f'device: got {spec!r} ({type(spec).__name__}); expected a string such as "numpy" or "cuda:0"'
            )
        backend, _, part = spec.removeprefix("@").partition(":")
        if not backend:
            raise ValueError(f'device: got {spec!r}; expected "backend" or "backend:part", such as "numpy" or "cuda:0"')
        return cls("cuda" if spec.startswith("@cupy") else backend, part)

    def __str__(self) -> str:
        return f"{self.backend}:{self.part}" if self.part else self.backend


HOST = Device("numpy")

# The devices of the `with xp.device(...)` blocks that are open, the innermost last: a stack for each thread and asynchronous task.
_scopes: ContextVar[tuple[Device, ...]] = ContextVar("xparray.device", default=(HOST,))


class device:
    """Within a `with` block: where functions that make arrays out of none put them unless `device=` says otherwise.

    The block holds in its own thread and asynchronous task; a new thread starts on "numpy". It moves no array: functions of
    arrays go on running where the arrays live.

    Args:
        place: name of a device, or a Device.

    Raises:
        ImportError: the library behind the device is not installed.
        ValueError: there is no such device.

    Example:
        >>> import xparray as xp
        >>> with xp.device("numba"):
        ...     x = xp.zeros((2,))
        >>> str(xp.device_of(x)), str(xp.device_of(xp.zeros((2,))))
        ('numba', 'numpy')
    """

    def __init__(self, place: str | Device) -> None:
        from xparray._backend import get_backend  # which knows of Device

        self.place = Device.parse(place)
        get_backend(self.place.backend).native_device(self.place)

    def __enter__(self) -> Device:
        _scopes.set((*_scopes.get(), self.place))
        return self.place

    def __exit__(self, *error: object) -> None:
        _scopes.set(_scopes.get()[:-1])

    def __repr__(self) -> str:
        return f"xparray.device({str(self.place)!r})"


def default_device() -> Device:
    """Where functions that make arrays out of none put them unless `device=` says otherwise: see `device`.

    Example:
        >>> str(default_device())
        'numpy'
    """
    return _scopes.get()[-1]
