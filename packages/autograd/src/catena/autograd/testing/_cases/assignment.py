"""Item assignment."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

from catena.autograd.ops.assignment import assigned
from catena.autograd.testing import CASES, Call, Case, arrays, composite, sampled_from, shapes
from catena.autograd.testing._cases._common import HOST
from catena.autograd.testing._cases.indexing import Index, _basic, _index


@composite
def values(draw: st.DrawFn, index: Index) -> Call:
    """A value of the shape of the place, or one that broadcasts to it, with an axis of length one in front too."""
    x = draw(arrays(shape=shapes(min_dims=1)))
    key: Any = index(draw, x.shape)
    place = np.empty(x.shape)[key].shape
    shape = tuple([draw(sampled_from([n, 1])) for n in place])
    # NumPy takes no axis more for a mask, nor for a single element.
    is_strict = not place or (isinstance(key, np.ndarray) and key.dtype == np.bool_)
    others = [shape[1:]] if is_strict else [shape[1:], (1, *shape)]
    shape = draw(sampled_from([shape, *others]))
    return Call(x, draw(arrays(shape=shape, dtype=st.just(str(x.dtype)))), key=key)


def _without_new_axes(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple([k for k in _basic(draw, shape) if k is not None])


CASES.add(assigned, Case(values(_without_new_axes)), Case(values(_index), name="any", backends=HOST))
