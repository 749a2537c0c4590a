"""Random numbers: one Generator for every backend, one stream for the process, states that files can hold.

import xparray as xp
xp.random.seed(0)                       # everything that draws from the process's stream repeats
rng = xp.random.default_rng(7)          # a stream of one's own
rng.normal((2, 3), dtype="float32")
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from xparray._device import Device
from xparray._dispatch import to_device
from xparray._typing import Array
from xparray.backends.numpy import backend as NUMPY

__all__ = ["Generator", "default_rng", "get_generator", "seed"]


class Generator:
    """A stream of random numbers (PCG64) whose draws are arrays on any device.

    Numbers are drawn on the host and moved, so that one seed gives the same values on every device.

    Args:
        seed: a non-negative integer, a `numpy.random.SeedSequence`, or None for one from the operating system.

    Example:
        >>> a, b = Generator(0), Generator(0)
        >>> bool((a.uniform((3,)) == b.uniform((3,))).all())
        True
        >>> a.state == b.state
        True
    """

    def __init__(self, seed: int | np.random.SeedSequence | None = None) -> None:
        try:
            bits = np.random.PCG64(seed)
        except (TypeError, ValueError) as e:
            raise type(e)(
                f"Generator: seed is {seed!r} ({type(seed).__name__}); expected a non-negative integer, a SeedSequence or None"
            ) from e
        self._rng = np.random.Generator(bits)

    def normal(
        self,
        shape: tuple[int, ...],
        *,
        loc: float = 0.0,
        scale: float = 1.0,
        dtype: Any = "float64",
        device: str | Device = "numpy",
    ) -> Array:
        """Draws of the given shape from the normal distribution with mean `loc` and standard deviation `scale`.

        Raises:
            ValueError: `dtype` is no floating-point type, or `scale` is negative.
        """
        if scale < 0:
            raise ValueError(f"normal: scale is {scale}; expected a standard deviation, 0 or more")
        x = self._floats("normal", self._rng.standard_normal, shape, dtype)
        x *= scale
        x += loc
        return to_device(x, device)

    def uniform(
        self,
        shape: tuple[int, ...],
        *,
        low: float = 0.0,
        high: float = 1.0,
        dtype: Any = "float64",
        device: str | Device = "numpy",
    ) -> Array:
        """Draws of the given shape, evenly from `low` (included) to `high`.

        Raises:
            ValueError: `dtype` is no floating-point type.
        """
        x = self._floats("uniform", self._rng.random, shape, dtype)
        x *= high - low
        x += low
        return to_device(x, device)

    def bernoulli(self, shape: tuple[int, ...], p: float, *, device: str | Device = "numpy") -> Array:
        """Booleans of the given shape, each True with probability `p`.

        Raises:
            ValueError: `p` is not between 0 and 1.
        """
        if not 0 <= p <= 1:
            raise ValueError(f"bernoulli: p is {p}; expected a probability, from 0 to 1")
        return to_device(np.asarray(self._rng.random(shape, dtype=np.float32) < float(p)), device)

    def integers(
        self, shape: tuple[int, ...], low: int, high: int, *, dtype: Any = "int64", device: str | Device = "numpy"
    ) -> Array:
        """Integers of the given shape, evenly from `low` (included) to `high` (excluded)."""
        return to_device(
            np.asarray(self._rng.integers(low, high, shape, dtype=np.dtype(NUMPY.native_dtype(dtype)))), device
        )

    def permutation(self, n: int) -> np.ndarray[Any, Any]:
        """The integers from 0 to n - 1 in random order, `(n,)` int64, on the host.

        Raises:
            ValueError: `n` is negative.
        """
        if n < 0:
            raise ValueError(f"permutation: n is {n}; expected how many integers to permute, 0 or more")
        return self._rng.permutation(n)

    def spawn(self) -> Generator:
        """A new stream, independent of this one and of all others spawned from it; this stream moves on by one draw."""
        return Generator(np.random.SeedSequence(self._rng.integers(0, 2**32, 4, dtype=np.uint32).tolist()))

    @property
    def state(self) -> str:
        """The stream's position as JSON text; assign it to go back there."""
        return json.dumps(self._rng.bit_generator.state)

    @state.setter
    def state(self, text: str) -> None:
        try:
            state = json.loads(text)
            bits = np.random.PCG64(0)
            bits.state = state
            if bits.state != state:
                raise ValueError("PCG64 did not keep this state as it is")
        except (ValueError, TypeError, KeyError, OverflowError) as e:
            raise ValueError(
                f"Generator.state: got {text!r:.80}; expected the text that `Generator.state` gave (JSON of a PCG64 state)"
            ) from e
        self._rng.bit_generator.state = state

    @staticmethod
    def _floats(function: str, draw: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        dtype = np.dtype(NUMPY.native_dtype(dtype))
        if dtype.kind != "f":
            raise ValueError(f"{function}: dtype is {dtype}; expected float16, float32 or float64")
        if dtype in (np.float32, np.float64):
            return np.asarray(draw(shape, dtype=dtype))
        return np.asarray(draw(shape, dtype=np.float32)).astype(dtype)


_process = Generator()


def default_rng(seed: int | None = None) -> Generator:
    """A stream of its own, from `seed` or from the operating system."""
    return Generator(seed)


def get_generator() -> Generator:
    """The process's stream, from which initializers, dropout and iterators draw."""
    return _process


def seed(seed: int | None) -> None:
    """Start the process's stream again from `seed`, so that what follows repeats."""
    _process.state = Generator(seed).state
