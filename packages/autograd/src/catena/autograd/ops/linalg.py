"""Products of matrices."""

from __future__ import annotations

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd.ops import shape
from xparray import Array


@op
def matmul(a: Array, b: Array) -> Array:
    """a @ b: `(..., m, k)` and `(..., k, n)` give `(..., m, n)`; vectors lose their axis."""
    return a @ b


def _as_matrices(g: Array, a_ndim: int, b_ndim: int) -> Array:
    """`g` with the axes that vectors lost."""
    if b_ndim == 1:
        g = shape.expand_dims(g, axis=-1)
    return shape.expand_dims(g, axis=-2) if a_ndim == 1 else g


def _matmul_a(g: Array, a_spec: Spec, b: Array) -> Array:
    if a_spec.ndim == b.ndim == 2:
        return g @ b.mT
    rows = _as_matrices(g, a_spec.ndim, b.ndim)
    ga = rows @ (shape.expand_dims(b, axis=0) if b.ndim == 1 else b.mT)
    return shape.sum_to(shape.squeeze(ga, axis=-2) if a_spec.ndim == 1 else ga, shape=a_spec.shape)


def _matmul_b(g: Array, a: Array, b_spec: Spec) -> Array:
    if a.ndim == b_spec.ndim == 2:
        return a.mT @ g
    columns = _as_matrices(g, a.ndim, b_spec.ndim)
    gb = (shape.expand_dims(a, axis=-1) if a.ndim == 1 else a.mT) @ columns
    return shape.sum_to(shape.squeeze(gb, axis=-1) if b_spec.ndim == 1 else gb, shape=b_spec.shape)


matmul.vjps(a=_matmul_a, b=_matmul_b)


@op
def contracted(*xs: Array, subscripts: str) -> Array:
    """`einsum` with its operands first."""
    return xp.einsum(subscripts, *xs)


contracted.name = "einsum"  # what errors and graphs call it


@contracted.vjp
def _(g: Array, xs: tuple[Array, ...], subscripts: str, *, needs: tuple[bool, ...]) -> list[Array | None]:
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    gs: list[Array | None] = []
    for i, (term, x) in enumerate(zip(terms, xs, strict=True)):
        if not needs[i]:
            gs.append(None)
            continue
        others = [(t, o) for j, (t, o) in enumerate(zip(terms, xs, strict=True)) if j != i]
        shared = "".join(c for c in term if c in output or any(c in t for t, _ in others))
        gx = contracted(
            g, *(o for _, o in others), subscripts=f"{','.join([output, *(t for t, _ in others)])}->{shared}"
        )
        # A letter that stands in this operand alone was summed over: its gradient is the same along that axis.
        kept = tuple(n if c in shared else 1 for c, n in zip(term, x.shape, strict=True))
        gs.append(shape.broadcast_to(shape.reshape(gx, shape=kept), shape=tuple(x.shape)))
    return gs


def einsum(subscripts: str, /, *operands: Array) -> Array:
    """The sum of products that `subscripts` names, such as "ij,jk->ik"; one distinct letter an axis.

    Raises:
        ValueError: an operand repeats a letter, an ellipsis is used, or the terms do not fit the operands.

    Example:
        >>> import numpy as np
        >>> einsum("ij,jk->ik", np.ones((2, 3)), np.ones((3, 4))).shape
        (2, 4)
    """
    return contracted(*operands, subscripts=xp.explicit_subscripts(subscripts, [x.ndim for x in operands]))
