"""How to draw calls of autograd's own ops."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from catena.autograd import functions as F
from catena.autograd.ops import linalg, shape
from catena.autograd.testing._case import CASES, Case
from catena.autograd.testing._strategies import (
    Call,
    arrays,
    axes,
    broadcasting,
    calls,
    composite,
    conditions,
    integers,
    reals,
    sampled_from,
    shapes,
)

# Values are multiples of 1/8: an offset of 1/16 keeps two inputs, or an input and a bound, from being equal.
APART = 1 / 16
nonzero = reals(avoid=[0])
positive = reals(1 / 8, 3)
# Far enough from 0 for float16 to hold the second derivatives of quotients, summed over what was broadcast.
divisors = reals(avoid=[k / 8 for k in range(-3, 4)])

HOST = ("numpy", "numba")
DEVICES = [*HOST, "strict:device2"] if find_spec("array_api_strict") else list(HOST)

Index = Callable[[st.DrawFn, tuple[int, ...]], Any]

# ------------------------------------------------------------------------------------------------------------------- elementwise

for f, values in {
    F.abs: nonzero,
    F.cos: reals(),
    F.cosh: reals(),
    F.exp: reals(),
    F.expm1: reals(),
    F.log: positive,
    F.log1p: reals(-7 / 8, 3),
    F.negative: reals(),
    F.reciprocal: divisors,
    F.sin: reals(),
    F.sinh: reals(),
    F.sqrt: positive,
    F.square: reals(),
    F.tan: reals(-1, 1),
    F.tanh: reals(),
}.items():
    CASES.add(f, Case(broadcasting(values)))

CASES.add(F.sign, Case(broadcasting(nonzero), no_gradient={"x": "constant between its jumps"}))
CASES.add(F.add, Case(broadcasting(reals(), reals())))
CASES.add(F.subtract, Case(broadcasting(reals(), reals())))
CASES.add(F.multiply, Case(broadcasting(reals(), reals())))
CASES.add(F.divide, Case(broadcasting(reals(), divisors)))
CASES.add(F.logaddexp, Case(broadcasting(reals(), reals(), scalars=False)))
CASES.add(
    F.pow,
    Case(broadcasting(reals(1 / 2, 3), reals(-2, 3))),
    # A negative base has a gradient where the exponent is an integer that stays one.
    Case(calls(arrays(), integers(0, 3)), name="integer"),
    Case(calls(arrays(divisors), sampled_from([-2, -1, -1.0, 2.0])), name="negative"),
)
CASES.add(F.maximum, Case(broadcasting(reals(), reals(offset=APART))))
CASES.add(F.minimum, Case(broadcasting(reals(), reals(offset=APART))))
CASES.add(F.where, Case(broadcasting(conditions, reals(), reals())))
bounds = st.one_of(st.none(), reals(-2, 0, offset=APART)), st.one_of(st.none(), reals(1, 2, offset=APART))
CASES.add(F.clip, Case(calls(arrays(), min=bounds[0], max=bounds[1])))

# -------------------------------------------------------------------------------------------------------------------- reductions


@composite
def reduced(draw: st.DrawFn, *, empty: bool = True, distinct: bool = False) -> Call:
    x = draw(arrays(shape=shapes(min_side=0 if empty else 1, max_side=3), distinct=distinct))
    return Call(x, axis=draw(axes(x.ndim)), keepdims=draw(st.booleans()))


@composite
def along_one_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


CASES.add(F.sum, Case(reduced()))
CASES.add(F.mean, Case(reduced(empty=False)))
CASES.add(F.max, Case(reduced(empty=False, distinct=True)))
CASES.add(F.min, Case(reduced(empty=False, distinct=True)))
CASES.add(F.logsumexp, Case(reduced(empty=False)))
CASES.add(F.cumulative_sum, Case(along_one_axis()))

# ------------------------------------------------------------------------------------------------------------------------ shapes


@composite
def reshaped(draw: st.DrawFn) -> Call:
    """Any split of the element count into factors, one of which may be left to be found."""
    x = draw(arrays())
    sides = [n for n in x.shape if n != 1]
    shape = list(draw(st.permutations(sides)))
    if len(shape) > 1 and draw(st.booleans()):
        shape[:2] = [shape[0] * shape[1]]
    if draw(st.booleans()):
        shape.insert(draw(integers(0, len(shape))), 1)
    if shape and x.size and draw(st.booleans()):
        shape[draw(integers(0, len(shape) - 1))] = -1
    return Call(x, shape=tuple(shape))


@composite
def broadcast(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(max_dims=2)))
    repeated = tuple(draw(integers(0, 3)) if n == 1 else n for n in x.shape)
    return Call(x, shape=(*draw(shapes(max_dims=2, max_side=3)), *repeated))


@composite
def summed(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    kept = x.shape[draw(integers(0, x.ndim)) :]
    return Call(x, shape=tuple(1 if draw(st.booleans()) else n for n in kept))


@composite
def permuted(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    axes = draw(st.permutations(range(x.ndim)))
    axes = [a - x.ndim if draw(st.booleans()) else a for a in axes]
    return Call(x, axes=draw(sampled_from([tuple(axes), None])))


@composite
def squeezed(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=st.lists(sampled_from([1, 1, 2, 3, 0]), max_size=3).map(tuple)))
    ones = [i for i, n in enumerate(x.shape) if n == 1]
    chosen = draw(st.lists(sampled_from(ones), unique=True)) if ones else []
    one = [chosen[0], chosen[0] - x.ndim] if chosen else []
    return Call(x, axis=draw(sampled_from([None, tuple(chosen), *one])))


@composite
def expanded(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call(x, axis=draw(integers(-x.ndim - 1, x.ndim)))


@composite
def flipped(draw: st.DrawFn) -> Call:
    x = draw(arrays())
    return Call(x, axis=draw(axes(x.ndim)))


@composite
def joined(draw: st.DrawFn) -> Call:
    """One to three arrays that differ along the axis along which they are joined."""
    base = list(draw(shapes(min_dims=1)))
    axis = draw(integers(-len(base), len(base) - 1))
    xs = []
    for _ in range(draw(integers(1, 3))):
        base[axis] = draw(integers(0, 3))
        xs.append(draw(arrays(shape=tuple(base))))
    return Call(*xs, axis=axis)


@composite
def stacked(draw: st.DrawFn) -> Call:
    base = draw(shapes(max_dims=2))
    xs = [draw(arrays(shape=base)) for _ in range(draw(integers(1, 3)))]
    return Call(*xs, axis=draw(integers(-len(base) - 1, len(base))))


@composite
def cut(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    sections = [k for k in (1, 2, 3) if n % k == 0]
    indices = tuple(sorted(draw(st.lists(integers(0, n), min_size=1, max_size=2))))
    return Call(x, indices_or_sections=draw(sampled_from([*sections, indices])), axis=axis)


def concat(*xs: Any, axis: int) -> Any:
    """`F.concat` of inputs that stand by themselves."""
    return F.concat(xs, axis=axis)


def stack(*xs: Any, axis: int) -> Any:
    """`F.stack` of inputs that stand by themselves."""
    return F.stack(xs, axis=axis)


CASES.add(F.reshape, Case(reshaped()))
CASES.add(F.broadcast_to, Case(broadcast()))
CASES.add(F.sum_to, Case(summed()))
CASES.add(F.transpose, Case(permuted()))
CASES.add(F.matrix_transpose, Case(calls(arrays(shape=shapes(min_dims=2)))))
CASES.add(F.squeeze, Case(squeezed()))
CASES.add(F.expand_dims, Case(expanded()))
CASES.add(F.flip, Case(flipped()))
CASES.add(shape.joined, Case(joined()))
CASES.add(concat, Case(joined()))
CASES.add(stack, Case(stacked()))
CASES.add(F.split_axis, Case(cut()))
# To float64 alone: the slopes of a conversion to fewer digits are those of a staircase.
CASES.add(F.astype, Case(calls(arrays(), dtype="float64"), keeps_dtype=False))
CASES.add(F.to_device, Case(calls(arrays(dtype=sampled_from(["float32", "float64"])), device=sampled_from(DEVICES))))

# ---------------------------------------------------------------------------------------------------------------------- indexing


def _basic(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers and slices within the bounds, one an axis, with new axes between."""
    key: list[Any] = []
    for n in shape:
        start, stop = sorted(draw(st.tuples(integers(0, n), integers(0, n))))
        parts = [slice(start, stop), slice(None), slice(None, None, 2), slice(None, None, -1)]
        key.append(draw(sampled_from(parts + [start - n] * (start < n))))
        key += [None] * draw(sampled_from([0, 0, 0, 1]))
    return tuple(key)


def _index(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """Any index of NumPy's: of basic kind, an array of integers along the first axis, or a mask."""
    kind = draw(sampled_from(["basic", "integers", "mask"]))
    if kind == "integers" and shape and shape[0]:
        where = hnp.arrays(np.int64, draw(shapes(max_dims=2, max_side=3)), elements=integers(-shape[0], shape[0] - 1))
        return draw(where), *(slice(None) for _ in shape[1:])
    if kind == "mask":
        return draw(hnp.arrays(np.bool_, shape))
    return draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))


@composite
def indexed(draw: st.DrawFn, index: Index) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1)))
    return Call(x, key=index(draw, x.shape))


@composite
def scattered(draw: st.DrawFn, index: Index) -> Call:
    target = draw(shapes(min_dims=1))
    key = index(draw, target)
    g = draw(arrays(shape=np.empty(target)[key].shape))
    return Call(g, key=key, shape=target)


@composite
def taken(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    axis = draw(integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    indices = draw(hnp.arrays(np.int64, draw(integers(0, 4)), elements=integers(0, n - 1)))
    return Call(x, indices, axis=axis)


CASES.add(F.getitem, Case(indexed(_basic)), Case(indexed(_index), name="any", backends=HOST))
CASES.add(F.scatter_add, Case(scattered(_basic)), Case(scattered(_index), name="any", backends=HOST))
CASES.add(F.take, Case(taken(), backends=HOST))

# ----------------------------------------------------------------------------------------------------------------------- products


@composite
def multiplied(draw: st.DrawFn) -> Call:
    m, k, n = (draw(integers(0, 3)) for _ in range(3))
    batch = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=1, min_side=1, max_side=2)).input_shapes
    a, b = draw(
        sampled_from(
            [
                ((*batch[0], m, k), (*batch[1], k, n)),
                ((m, k), (k, n)),
                ((k,), (k, n)),
                ((m, k), (k,)),
                ((k,), (k,)),
                ((k,), (*batch[1], k, n)),
            ]
        )
    )
    return Call(draw(arrays(shape=a)), draw(arrays(shape=b)))


SUBSCRIPTS = [
    "ij,jk->ik",
    "ij,ij->",
    "ij->ji",
    "ij->j",
    "i,j->ij",
    "ij,k->i",
    "bij,bjk->bik",
    "ij,jk,kl->il",
    ",i->i",
    "ij,j->",
    "i->i",
    "->",
]


@composite
def contracted(draw: st.DrawFn) -> Call:
    subscripts = draw(sampled_from(SUBSCRIPTS))
    sides = {letter: draw(integers(0, 3)) for letter in "bijkl"}
    terms = subscripts.split("->")[0].split(",")
    return Call(*(draw(arrays(shape=tuple(sides[c] for c in term))) for term in terms), subscripts=subscripts)


CASES.add(F.matmul, Case(multiplied()))
CASES.add(linalg.contracted, Case(contracted()))
