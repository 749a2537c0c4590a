"""What to do about arguments that an op's forward has refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xparray._dispatch import dtype_name


def advice(op: str, broadcasts: bool, names: Sequence[str], arrays: Sequence[Any]) -> str | None:
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
    for name, a in zip(names, arrays, strict=True):
        if broadcasts and hasattr(a, "dtype") and dtype_name(a.dtype) == "bool":
            return f"{name} is bool; convert it with xp.astype({name}, xp.float32)"
    return None
