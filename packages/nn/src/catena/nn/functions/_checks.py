"""What several functions ask of their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import xparray as xp
from catena.autograd import functions as F
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


def check_axis(function: str, x: Array, axis: int, name: str = "x") -> None:
    """Raise ValueError unless x has the axis `axis`."""
    if not -x.ndim <= axis < x.ndim:
        wanted = f"an axis from {-x.ndim} to {x.ndim - 1}, such as axis=-1" if x.ndim else "an array with axes"
        axes = "1 axis" if x.ndim == 1 else f"{x.ndim} axes"
        raise ValueError(f"{function}: axis is {axis}, {name} has {axes} ({name}: {tuple(x.shape)}); expected {wanted}")


def of_channels(function: str, x: Array, **parameter: Array) -> Array:
    """The parameter with axes of length one, so that it broadcasts over the examples in x and over what is within a channel.

    Raises:
        ValueError: its shape is not that of the first axes of an example.
    """
    ((name, p),) = parameter.items()
    if tuple(x.shape[1 : 1 + p.ndim]) != tuple(p.shape):
        raise ValueError(
            f"{function}: {name} has shape {tuple(p.shape)}, an example of x has {tuple(x.shape[1:])} "
            f"({describe(['x', name], [x, p])}); give {name} the shape (), or that of the first axes of an example"
        )
    return F.reshape(p, shape=(1, *p.shape, *(1,) * (x.ndim - 1 - p.ndim))) if p.ndim else p


def check_choice(function: str, name: str, value: Any, *choices: Any) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{function}: {name} is {value!r}; expected {' or '.join(map(repr, choices))}")


def check_same_shape(function: str, **args: Any) -> None:
    """Raise ValueError unless all of `args` have the shape of the first."""
    (first, x), *others = args.items()
    for name, other in others:
        if tuple(other.shape) != tuple(x.shape):
            raise ValueError(
                f"{function}: {first} and {name} differ in shape ({describe(list(args), list(args.values()))}) and do not broadcast; "
                f"reshape one of them, as with F.reshape({name}, {first}.shape)"
            )


def check_alike(function: str, **args: Any) -> None:
    """Raise unless `args` are floating arrays of one shape.

    Raises:
        TypeError: one is no array, or not floating.
        ValueError: they differ in shape.
    """
    check_arrays(function, **args)
    check_same_shape(function, **args)
    check_floating(function, **args)


def check_floating(function: str, **args: Any) -> None:
    """Raise TypeError unless `args` are floating arrays; names the first that is not."""
    check_arrays(function, **args)
    for name, x in args.items():
        if dtype_of(x).kind != "f":
            listed = describe(list(args), list(args.values()))
            raise TypeError(
                f"{function}: {name} is {dtype_name(x.dtype)}, expected floating numbers ({listed}); "
                f'convert it with F.astype({name}, "float32")'
            )


def check_axes(function: str, name: str, x: Array, *axes: str) -> None:
    """Raise ValueError unless x has an axis for each of the names `axes`."""
    if x.ndim != len(axes):
        raise ValueError(
            f"{function}: {name} has shape {tuple(x.shape)}, expected {len(axes)} axes, ({', '.join(axes)}); "
            f"reshape it with F.reshape"
        )


def check_integers(function: str, name: str, t: Array, shape: tuple[int, ...]) -> None:
    """Raise unless `t` holds integers and has the shape.

    Raises:
        TypeError: they are no integers.
        ValueError: the shape is another one.
    """
    if dtype_of(t).kind not in "iu":
        raise TypeError(
            f'{function}: {name} is {dtype_name(t.dtype)}, expected integers; convert it with xp.astype({name}, "int64")'
        )
    if tuple(t.shape) != tuple(shape):
        raise ValueError(
            f"{function}: {name} has shape {tuple(t.shape)}, expected {tuple(shape)}; give one integer for each example"
        )


def check_range(function: str, name: str, t: Array, low: int, high: int, ignored: int | None = None) -> None:
    """Raise ValueError unless the integers `t` are from `low` to `high`, or `ignored`; names the first that is not."""
    wrong = (t < low) | (t > high)
    if ignored is not None:
        wrong = wrong & (t != ignored)
    if bool(xp.any(wrong)):
        at = tuple(map(int, np.argwhere(xp.to_device(wrong, "numpy"))[0]))
        value = int(xp.to_device(t, "numpy")[at])
        allowed = "" if ignored is None else f", or {ignored} for what is not to count"
        raise ValueError(
            f"{function}: {name}[{', '.join(map(str, at))}] is {value}; expected integers from {low} to {high}{allowed}"
        )


def reduced(losses: Array, reduce: str, count: int | None = None) -> Array:
    """The losses ("no"), their sum ("sum"), or their sum divided by `count`, all of them unless given ("mean")."""
    if reduce == "no":
        return losses
    if reduce == "mean" and count is None:
        return F.mean(losses)
    total = F.sum(losses)
    return total if reduce == "sum" else F.divide(total, max(1, count or 0))
