"""What the suite draws: shapes, dtypes, layouts in memory, values away from kinks, and calls made of them.

An array takes one draw for all of its values, a shape one draw: drawing costs less than what is done with what was drawn.
"""

from __future__ import annotations

import functools
import itertools
import math
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from catena.autograd.testing._call import LAYOUTS, Call, laid_out
from xparray import Array

Strategy = st.SearchStrategy
Shape = tuple[int, ...]
composite = st.composite
integers = st.integers

# ------------------------------------------------------------------------------------------------------------------- numbers

# The numbers among which a strategy chooses, the simplest first: arrays draw bytes, which count them off.
_NUMBERS: weakref.WeakKeyDictionary[Strategy[Any], np.ndarray[Any, Any]] = weakref.WeakKeyDictionary()


def sampled_from(elements: Sequence[Any]) -> Strategy[Any]:
    """One of the elements; the simplest is the first."""
    strategy = st.sampled_from(elements)
    if all(isinstance(x, bool | int | float | complex) for x in elements):
        _NUMBERS[strategy] = np.array(elements)
    return strategy


conditions = sampled_from([False, True])


def reals(low: float = -3.0, high: float = 3.0, *, avoid: Iterable[float] = (), offset: float = 0.0) -> Strategy[float]:
    """Multiples of 1/8 from `low` to `high` without those in `avoid`, all moved by `offset`; the simplest is the one nearest to 0.

    With different offsets below 1/8, the values of two inputs are never equal.
    """
    return _reals(low, high, frozenset(avoid), offset)


@functools.cache
def _reals(low: float, high: float, avoid: frozenset[float], offset: float) -> Strategy[float]:
    numbers = [k / 8 + offset for k in range(round(low * 8), round(high * 8) + 1) if k / 8 not in avoid]
    return sampled_from(sorted(numbers, key=abs))


@functools.cache
def dtypes() -> Strategy[str]:
    """float32, float64, and less often float16."""
    return st.sampled_from(["float32", "float64", "float32", "float64", "float16"])


@functools.cache
def complexes() -> Strategy[str]:
    """complex64 and complex128, and less often the floating dtypes: for ops that take complex numbers too."""
    return st.sampled_from(["complex128", "complex64", "complex128", "complex64", "float64", "float32", "float16"])


# -------------------------------------------------------------------------------------------------------------------- shapes


@functools.cache
def shapes(min_dims: int = 0, max_dims: int = 3, *, min_side: int = 0, max_side: int = 4) -> Strategy[Shape]:
    """Shapes, as many of each number of axes, among them such as (), (1,) and (0, 2) where the limits let them be."""
    sides = range(max(min_side, 1), max_side + 1)
    usual = [list(itertools.product(sides, repeat=n)) for n in range(min_dims, max_dims + 1)]
    most = max(map(len, usual))
    groups = [
        sorted(group, key=math.prod) * max(most // len(group) // (4 if group == [()] else 1), 1) for group in usual
    ]
    rare = [(), (1,), (1,), (0,), (2, 0), (0, 2), (1, 1, 1), (2, 0, 1)]
    rare = [s for s in rare if min_dims <= len(s) <= max_dims and all(min_side <= n <= max_side for n in s)]
    often = len(groups) * most // (4 * len(rare)) + 1 if rare else 0  # one shape in five is a rare one
    return st.sampled_from([shape for group in groups for shape in group] + rare * often)


@functools.cache
def axes(ndim: int, *, several: bool = True) -> Strategy[Any]:
    """What a reduction of `ndim` axes takes as `axis`: None, one of them counted from either end, or where `several` is True a tuple."""
    one = [st.integers(-ndim, ndim - 1)] if ndim else []
    many = [hnp.valid_tuple_axes(ndim)] if several else []
    return st.one_of(st.none(), *one, *many)


# -------------------------------------------------------------------------------------------------------------------- arrays

_LAYOUTS = st.sampled_from(LAYOUTS)


@functools.cache
def _bytes(n: int) -> Strategy[bytes]:
    return st.binary(min_size=n, max_size=n)


@st.composite
def arrays(
    draw: st.DrawFn,
    values: Strategy[Any] | None = None,
    shape: Strategy[Shape] | Shape | int | None = None,
    *,
    dtype: Strategy[str] | str | None = None,
    distinct: bool = False,
) -> Array:
    """Arrays of `values` (`reals()`), of a drawn shape (`shapes()`), dtype (`dtypes()`) and layout in memory.

    With `distinct`, no value comes twice. Complex arrays have such a real and such an imaginary part.
    """
    values = reals() if values is None else values
    chosen = dtype if isinstance(dtype, str) else draw(dtypes() if dtype is None else dtype)
    lengths = draw(shape) if isinstance(shape, st.SearchStrategy) else draw(shapes()) if shape is None else shape
    lengths = (lengths,) if isinstance(lengths, int) else tuple(lengths)
    x = _filled(draw, values, lengths, distinct)
    if np.dtype(chosen).kind == "c":
        x = x + 1j * _filled(draw, values, lengths, distinct)
    return laid_out(x.astype(chosen), draw(_LAYOUTS))


def _filled(draw: st.DrawFn, values: Strategy[Any], shape: Shape, distinct: bool) -> np.ndarray[Any, Any]:
    numbers, count = _NUMBERS.get(values), math.prod(shape)
    if numbers is None:
        return draw(hnp.arrays(np.float64, shape, elements=values, fill=st.nothing(), unique=distinct))
    drawn = np.frombuffer(draw(_bytes(count)), np.uint8)
    if not distinct:
        return numbers[drawn % len(numbers)].reshape(shape)
    # The order of the bytes becomes that of the numbers, which go on in steps of 1/8 where there are too few.
    numbers = np.concatenate([numbers, np.max(numbers) + np.arange(1, 1 + max(count - len(numbers), 0)) / 8])
    return numbers[:: len(numbers) // max(count, 1)][:count][np.argsort(drawn, kind="stable")].reshape(shape)


# --------------------------------------------------------------------------------------------------------------------- calls


def calls(*inputs: Any, **options: Any) -> Strategy[Call]:
    """Calls with each input and option drawn by itself: strategies, or values that stay."""
    return st.builds(Call, *map(_drawn, inputs), **{name: _drawn(value) for name, value in options.items()})


def _drawn(x: Any) -> Strategy[Any]:
    return x if isinstance(x, st.SearchStrategy) else st.just(x)


def in_a_list(drawn: Strategy[Call]) -> Strategy[Call]:
    """The same calls with all inputs in one list, as `concat` takes them."""
    return drawn.map(lambda call: Call(list(call.inputs), **call.options))


@st.composite
def broadcasting(
    draw: st.DrawFn,
    /,
    *values: Strategy[Any],
    dtype: Strategy[str] | str | None = None,
    scalars: bool = True,
    **options: Any,
) -> Call:
    """Calls with one input for each of `values`, of shapes that broadcast together; now and then one is a Python number (`scalars`).

    `conditions` gives boolean arrays, other values floating ones of `dtype` (`dtypes()`).
    """
    shapes_drawn, number = _drawn_together(draw, len(values))
    inputs: list[Any] = []
    for i, (value, shape) in enumerate(zip(values, shapes_drawn, strict=True)):
        if value is conditions:
            inputs.append(draw(arrays(value, shape, dtype="bool")))
        elif i == number and scalars:
            inputs.append(draw(value))
        else:
            inputs.append(draw(arrays(value, shape, dtype=dtype)))
    return Call(*inputs, **{name: draw(_drawn(value)) for name, value in options.items()})


def _drawn_together(draw: st.DrawFn, count: int) -> tuple[list[Shape], int]:
    """`count` shapes that broadcast together, and which of the inputs may be a Python number; `count` for none."""
    shape = draw(shapes())
    if count == 1:
        return [shape], count
    # One draw for all of them: Hypothesis likes to make alike what was drawn alike.
    number, *choices = draw(_bytes(1 + len(shape) + count))
    # Half of the sides are those of all inputs, the others of one input; in the rest they are 1, or left out in front.
    keeps = [n % (2 * count) for n in choices[: len(shape)]]
    found = []
    for i, cut in enumerate(choices[len(shape) :]):
        part = [n if keep in (i, *range(count, 2 * count)) else 1 for n, keep in zip(shape, keeps, strict=True)]
        while cut % 2 and part and part[0] == 1:
            part.pop(0)
        found.append(tuple(part))
    return found, number % (5 + count)
