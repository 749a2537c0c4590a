"""What the suite draws: shapes, dtypes, layouts in memory, values away from kinks, and calls made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from xparray import Array

Strategy = st.SearchStrategy
composite = st.composite
integers = st.integers
sampled_from = st.sampled_from
conditions = st.booleans()

LAYOUTS = ("C", "F", "reversed", "strided")


def laid_out(x: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The values of x in memory: "C" or "F" contiguous, "reversed" (negative strides), "strided" (every second place of the last axis).

    Example:
        >>> laid_out(np.arange(3.0), "reversed").strides
        (-8,)
    """
    if layout == "F":
        return np.array(x, order="F")
    if layout == "reversed" and x.ndim:
        return np.flip(np.flip(x).copy())
    if layout == "strided" and x.ndim:
        y = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2]
        y[...] = x
        return y
    return np.array(x, order="C")


class Call:
    """One call of an op: its inputs and options.

    Example:
        >>> Call(np.ones(2), axis=0)
        Call(np.array([1.0, 1.0], 'float64'), axis=0)
    """

    def __init__(self, *inputs: Any, **options: Any) -> None:
        self.inputs = inputs
        self.options = options

    def __repr__(self) -> str:
        parts = [*map(_written, self.inputs), *(f"{name}={_written(value)}" for name, value in self.options.items())]
        return f"Call({', '.join(parts)})"


def _written(x: Any) -> str:
    """Python that makes `x` again."""
    if isinstance(x, tuple):
        return f"({', '.join(map(_written, x))}{',' * (len(x) == 1)})"
    if not isinstance(x, np.ndarray):
        return repr(x)
    text = f"np.array({x.tolist()}, {x.dtype.name!r})" if x.size else f"np.zeros({x.shape}, {x.dtype.name!r})"
    layout = next((name for name in LAYOUTS if laid_out(x, name).strides == x.strides), "C")
    return text if layout == "C" else f"laid_out({text}, {layout!r})"


def reals(low: float = -3.0, high: float = 3.0, *, avoid: Iterable[float] = (), offset: float = 0.0) -> Strategy[float]:
    """Multiples of 1/8 from `low` to `high` without those in `avoid`, all moved by `offset`; the simplest is the one nearest to 0.

    With different offsets below 1/8, the values of two inputs are never equal.
    """
    numbers = [k / 8 + offset for k in range(round(low * 8), round(high * 8) + 1) if k / 8 not in avoid]
    return st.sampled_from(sorted(numbers, key=abs))


def dtypes() -> Strategy[str]:
    """float32, float64, and less often float16."""
    return st.sampled_from(["float32", "float64", "float32", "float64", "float16"])


def shapes(min_dims: int = 0, max_dims: int = 3, *, min_side: int = 0, max_side: int = 4) -> Strategy[tuple[int, ...]]:
    """Shapes, among them such as (), (1,) and (0, 2) where the limits let them be."""
    usual = hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=max(min_side, 1), max_side=max_side)
    rare = [(), (1,), (0,), (1, 1), (2, 0), (0, 2), (1, 1, 1), (2, 0, 1)]
    rare = [s for s in rare if min_dims <= len(s) <= max_dims and all(n >= min_side for n in s)]
    return st.one_of(usual, usual, usual, st.sampled_from(rare)) if rare else usual


def arrays(
    values: Strategy[float] | None = None,
    shape: Strategy[tuple[int, ...]] | tuple[int, ...] | None = None,
    *,
    dtype: Strategy[str] | str | None = None,
    distinct: bool = False,
) -> Strategy[Array]:
    """Arrays of `values` (`reals()`), of a drawn shape (`shapes()`), dtype (`dtypes()`) and layout in memory.

    With `distinct`, no value comes twice.
    """
    return st.builds(
        laid_out,
        hnp.arrays(
            dtypes() if dtype is None else dtype,
            shapes() if shape is None else shape,
            elements=reals() if values is None else values,
            fill=st.nothing(),
            unique=distinct,
        ),
        st.sampled_from(LAYOUTS),
    )


def axes(ndim: int, *, several: bool = True) -> Strategy[Any]:
    """What a reduction of `ndim` axes takes as `axis`: None, one of them counted from either end, or where `several` is True a tuple."""
    one = [st.integers(-ndim, ndim - 1)] if ndim else []
    many = [hnp.valid_tuple_axes(ndim)] if several else []
    return st.one_of(st.none(), *one, *many)


def calls(*inputs: Any, **options: Any) -> Strategy[Call]:
    """Calls with each input and option drawn by itself: strategies, or values that stay."""
    return st.builds(Call, *map(_drawn, inputs), **{name: _drawn(value) for name, value in options.items()})


def _drawn(x: Any) -> Strategy[Any]:
    return x if isinstance(x, st.SearchStrategy) else st.just(x)


def broadcasting(
    *values: Strategy[Any], dtype: Strategy[str] | str | None = None, scalars: bool = True, **options: Any
) -> Strategy[Call]:
    """Calls with one input for each of `values`, of shapes that broadcast together; now and then one is a Python number (`scalars`).

    `conditions` gives boolean arrays, other values floating ones of `dtype` (`dtypes()`).
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> Call:
        sides = draw(st.sampled_from([(1, 4), (1, 4), (1, 4), (0, 2)]))
        pair = hnp.mutually_broadcastable_shapes(
            num_shapes=len(values), max_dims=3, min_side=sides[0], max_side=sides[1]
        )
        found = draw(pair).input_shapes if len(values) > 1 else [draw(shapes())]
        number = draw(st.sampled_from([None] * 5 + list(range(len(values))))) if scalars and len(values) > 1 else None
        inputs: list[Any] = []
        for i, (value, shape) in enumerate(zip(values, found, strict=True)):
            if value is conditions:
                inputs.append(draw(arrays(value, shape, dtype="bool")))
            elif i == number:
                inputs.append(draw(value))
            else:
                inputs.append(draw(arrays(value, shape, dtype=dtype)))
        return Call(*inputs, **{name: draw(_drawn(value)) for name, value in options.items()})

    return drawn()
