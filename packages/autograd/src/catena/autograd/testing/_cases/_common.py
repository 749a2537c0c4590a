"""Values and calls that several families share."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import hypothesis.strategies as st

from catena.autograd.testing import Call, arrays, axes, composite, integers, reals, shapes

HOST = ("numpy", "numba")
DEVICES = [*HOST, "strict:device2"] if find_spec("array_api_strict") else list(HOST)

# Values are multiples of 1/8: an offset of 1/16 keeps two inputs, or an input and a bound, from being equal.
APART = 1 / 16
nonzero = reals(avoid=[0])
positive = reals(1 / 8, 3)
# Far enough from 0 for float16 to hold the second derivatives of quotients, summed over what was broadcast.
divisors = reals(avoid=[k / 8 for k in range(-3, 4)])


@composite
def reduced(
    draw: st.DrawFn,
    /,
    *,
    empty: bool = True,
    distinct: bool = False,
    dtype: st.SearchStrategy[str] | None = None,
    **options: Any,
) -> Call:
    """A call of a reduction over `axis` with `keepdims` and drawn options; with `distinct`, no two elements are equal."""
    x = draw(arrays(shape=shapes(min_side=0 if empty else 1, max_side=3), distinct=distinct, dtype=dtype))
    drawn = {name: draw(strategy) for name, strategy in options.items()}
    return Call(x, axis=draw(axes(x.ndim)), keepdims=draw(st.booleans()), **drawn)


@composite
def along_one_axis(draw: st.DrawFn) -> Call:
    """A call with one `axis`, counted from either end."""
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))
