"""Marks of tests that need something which may not be there: they are skipped where it is not."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

from chainer.backends import cuda

__all__ = ["chainerx", "check_available", "cudnn", "get_error", "gpu", "ideep", "is_available", "multi_gpu", "slow"]


def is_available() -> bool:
    """Whether marks can be used: always."""
    return True


def check_available() -> None:
    """Do nothing: marks can be used."""


def get_error() -> None:
    """Why marks cannot be used: None."""


def gpu(f: Any) -> Any:
    """Skip a test where there is no GPU."""
    return unittest.skipUnless(cuda.available, "there is no GPU")(f)


def multi_gpu(gpu_num: int) -> Callable[[Any], Any]:
    """Skip a test where there are fewer GPUs."""
    count = cuda.cupy.cuda.runtime.getDeviceCount() if cuda.available else 0
    return unittest.skipUnless(count >= gpu_num, f"there are {count} GPUs, {gpu_num} are needed")


def cudnn(f: Any) -> Any:
    """Skip a test of cuDNN's functions."""
    return unittest.skip("CuPy no longer has cuDNN")(f)


def ideep(f: Any) -> Any:
    """Skip a test of iDeep's functions."""
    return unittest.skip("there is no iDeep")(f)


def chainerx(f: Any) -> Any:
    """Skip a test of ChainerX's functions."""
    return unittest.skip("ChainerX is not part of catena")(f)


def slow(f: Any) -> Any:
    """A test that takes long: it runs as any other."""
    return f
