"""One seed for a run, and what a run depends on besides."""

from __future__ import annotations

import platform
import random
from functools import cache

import numpy as np

import xparray

DISTRIBUTIONS = (
    "xparray",
    "catena-autograd",
    "catena-nn",
    "catena-training",
    "numpy",
    "numba",
    "cupy-cuda12x",
    "cupy-cuda13x",
)

_last_seed: int | None = None


def set_seed(seed: int) -> None:
    """Seed every random generator of the process: xparray's, NumPy's global one and that of Python's `random`.

    Initial weights, the order of examples, what iterators' workers draw and dropout all follow from it, if it comes before the model and
    the iterators are made. Snapshots and logs record it, with the versions of the libraries.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        TypeError: `seed` is no integer.
        ValueError: it is out of range.

    Example:
        >>> set_seed(7)
        >>> a = random.random(), float(np.random.random())
        >>> set_seed(7)
        >>> a == (random.random(), float(np.random.random()))
        True
    """
    global _last_seed  # noqa: PLW0603
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"set_seed: seed is {seed!r} ({type(seed).__name__}); expected an integer, such as 0")
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_seed: seed is {seed}; expected an integer from 0 to 2**32 - 1")
    _last_seed = int(seed)
    xparray.random.seed(_last_seed)
    np.random.seed(_last_seed)
    random.seed(_last_seed)


def last_seed() -> int | None:
    """What `set_seed` was last given in this process; None if it was not called."""
    return _last_seed


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries on which the bits of a run depend, as far as they are installed."""
    return dict(_installed())


@cache
def _installed() -> dict[str, str]:
    from importlib import metadata  # loads the parsers of e-mail, which nothing else here needs

    found = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
