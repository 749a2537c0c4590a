"""What the parts of `catena.nn` ask of a value that may be an array."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from catena.autograd import Variable
from xparray._dispatch import dtype_name


def is_array(x: Any) -> TypeGuard[Any]:
    """Whether `x` is an array of some backend: no Python number, no NumPy scalar, no Variable."""
    return isinstance(x, np.ndarray) or (hasattr(x, "__array_namespace__") and not isinstance(x, Variable | np.generic))


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of an array of any backend as NumPy's object."""
    dtype = x.dtype
    return dtype if isinstance(dtype, np.dtype) else np.dtype(dtype_name(dtype))


def can_fill(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether values of `source` may be written into an array of `target`: numbers of the same kind, or what loses nothing."""
    if source.kind in "biufc" and target.kind in "biufc":
        return np.can_cast(source, target, "same_kind")
    return source.kind == target.kind and np.can_cast(source, target, "safe")
