"""What to do about arguments that an op's forward has refused."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xparray._dispatch import dtype_name


def advice(
    op: str, broadcasts: bool, names: Sequence[str], arrays: Sequence[Any], options: Mapping[str, Any]
) -> str | None:
    """The argument at fault and one fix, or None where nothing is seen: only errors come here, so this may take its time."""
    for name, a in zip(names, arrays, strict=True):
        if a is None:
            return f"{name} is None; pass an array or a Variable"
    shapes = {name: tuple(a.shape) for name, a in zip(names, arrays, strict=True) if hasattr(a, "shape")}
    if broadcasts:
        common: tuple[int, ...] = ()
        for name, shape in shapes.items():
            try:
                common = np.broadcast_shapes(common, shape)
            except ValueError:
                return f"{name} has shape {shape}, which does not broadcast with {common}; give it that shape, or axes of length 1"
    if op == "matmul" and len(shapes) == 2:
        (a, left), (b, right) = shapes.items()
        if not left or not right:
            return f"{a if not left else b} has no axis; multiply a number with *"
        if left[-1] != right[-2:][0]:
            rows = right[-2:][0]
            turned = f"write {b}.T" if len(right) == 2 else f"write {b}.mT"
            fix = turned if len(right) > 1 and right[-1] == left[-1] else f"give {b} {left[-1]} rows"
            return f"{a} has {left[-1]} columns, {b} {rows} rows; expected as many; {fix}"
    if len(arrays) and (first := shapes.get(names[0])) is not None:
        if op in ("reshape", "broadcast_to") and (said := _of_shape(op, names[0], first, options.get("shape"))):
            return said
        for option in ("axis", "axes"):
            if said := _of_axis(option, options.get(option), len(first) + (op == "expand_dims")):
                return said
    for name, a in zip(names, arrays, strict=True):
        if broadcasts and hasattr(a, "dtype") and dtype_name(a.dtype) == "bool":
            return f"{name} is bool; convert it with xp.astype({name}, xp.float32)"
    return None


def _of_shape(op: str, name: str, shape: tuple[int, ...], wanted: Any) -> str | None:
    """What to do about a shape into which an array of the given one does not go."""
    if not isinstance(wanted, tuple | list) or not all(isinstance(n, int) for n in wanted):
        return f"shape is {wanted!r:.60}; give a tuple of integers"
    if op == "broadcast_to":
        return f"{name} has shape {shape}; give a shape that ends with it, or give {name} axes of length 1"
    if list(wanted).count(-1) > 1:
        return f"shape is {tuple(wanted)}; leave one length at most to be found, as -1"
    size, given = math.prod(shape), math.prod(n for n in wanted if n != -1)
    fix = (
        "give one length as -1, which is found" if given and size % given == 0 else "give lengths whose product that is"
    )
    return f"{name} has {size} elements, shape {tuple(wanted)} is for {'multiples of ' * (-1 in wanted)}{given}; {fix}"


def _of_axis(option: str, value: Any, ndim: int) -> str | None:
    """What to do about an axis that an array with `ndim` axes does not have."""
    values = value if isinstance(value, tuple | list) else () if value is None else (value,)
    for axis in values:
        if not hasattr(axis, "__index__"):
            return f"{option} is {value!r:.60}; give an integer from {-ndim} to {ndim - 1}, for axes have numbers, no names"
        if not -ndim <= axis < ndim:
            known = f"one from {-ndim} to {ndim - 1}" if ndim else "None, for the input has no axis"
            return f"{option} is {value!r:.60}; give {known}"
    places = [axis % ndim for axis in values]
    if len({*places}) < len(places):
        return f"{option} is {value!r:.60}; name each axis once"
    if option == "axes" and len(values) not in (0, ndim):
        return f"{option} is {value!r:.60}; name each of the {ndim} axes once"
    return None


def nearest(name: str, known: Sequence[str]) -> str:
    """The argument that an unknown name may stand for, as the end of an error's text; nothing where there is none."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; write {near[0]}" if near else ""
