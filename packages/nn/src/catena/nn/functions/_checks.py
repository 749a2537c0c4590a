"""What several functions ask of their arguments."""

from __future__ import annotations

import math
from typing import Any

from catena.nn._arrays import dtype_of
from xparray import Array
from xparray._dispatch import describe, dtype_name


def check_arrays(function: str, **args: Any) -> None:
    """Raise TypeError unless each of `args` is an array or a Variable; names the first that is not."""
    for name, x in args.items():
        if not hasattr(x, "ndim"):
            fix = (
                f"pass xp.asarray({name})" if isinstance(x, list | tuple | int | float) else f"pass an array as {name}"
            )
            raise TypeError(f"{function}: {name} is {x!r:.60} ({type(x).__name__}), expected an array; {fix}")


def check_labels(function: str, x: Array, t: Array, names: str = "xt") -> None:
    """Raise unless `t` holds integers, one where `x`, `(n, n_class, ...)`, has n_class scores.

    Raises:
        TypeError: the labels are no integers.
        ValueError: the shapes do not fit together.
    """
    if x.ndim > 1 and t.shape == x.shape[:1] + x.shape[2:] and dtype_of(t).kind in "iu":
        return
    listed = describe(names, [x, t])
    if x.ndim < 2:
        raise ValueError(
            f"{function}: {names[0]} has {x.ndim} axes, expected at least two, (n, n_class, ...) ({listed}); "
            f"give a single example a batch axis with {names[0]}[None]"
        )
    expected = tuple(x.shape[:1] + x.shape[2:])
    if tuple(t.shape) != expected:
        fix = f"give one label for each example, {expected}"
        if tuple(t.shape) == tuple(x.shape):
            fix = "turn one-hot labels into indices with xp.argmax(t, axis=1)"
        elif math.prod(t.shape) == math.prod(expected):
            fix = f"reshape them with xp.reshape(t, {expected})"
        raise ValueError(f"{function}: labels have shape {tuple(t.shape)}, expected {expected} ({listed}); {fix}")
    raise TypeError(
        f"{function}: labels are {dtype_name(t.dtype)}, expected integers ({listed}); "
        'convert them with xp.astype(t, "int64")'
    )
