"""iDeep, which is no longer made: everything says that it is absent."""

from __future__ import annotations

from typing import Any

from chainer.backend import Intel64Device

__all__ = ["Intel64Device", "check_ideep_available", "inputs_all_ready", "is_ideep_available", "should_use_ideep"]


class mdarray:
    """The type of iDeep's arrays, of which there are none."""


def is_ideep_available() -> bool:
    """False."""
    return False


def check_ideep_available() -> None:
    """Raise RuntimeError: there is no iDeep."""
    raise RuntimeError("iDeep is not supported; arrays of '@numpy' and '@numba' are fast without it")


def should_use_ideep(level: str) -> bool:
    """False."""
    return False


def inputs_all_ready(inputs: Any, supported_ndim: Any = (2, 4)) -> bool:
    """False."""
    return False
