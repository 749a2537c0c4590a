"""Where an array lives: a backend, and for backends with several memories which one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """A place for arrays: `backend`, and `part` of it where the backend has several memories.

    Args:
        backend: name of the backend, such as "numpy".
        part: name of the memory within the backend, such as "0"; empty where there is only one.

    Example:
        >>> Device.parse("cuda:1")
        Device(backend='cuda', part='1')
        >>> str(Device("numpy"))
        'numpy'
    """

    backend: str
    part: str = ""

    @classmethod
    def parse(cls, spec: str | Device) -> Device:
        """Read "numpy", "numba" or "cuda:0"; a Device passes through.

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
        backend, _, part = spec.partition(":")
        if not backend:
            raise ValueError(f'device: got {spec!r}; expected "backend" or "backend:part", such as "numpy" or "cuda:0"')
        return cls(backend, part)

    def __str__(self) -> str:
        return f"{self.backend}:{self.part}" if self.part else self.backend
