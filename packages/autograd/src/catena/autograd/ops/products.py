"""Products of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import xparray as xp
from catena.autograd._op import Spec, elementwise_op, op
from catena.autograd.ops import reduction, shape
from catena.autograd.ops.arithmetic import multiply
from catena.autograd.ops.complex import adjoint, conjugate
from xparray import Array
from xparray.kernels.linear import product


@op
def matmul(a: Array, b: Array) -> Array:
    """a @ b: `(..., m, k)` and `(..., k, n)` give `(..., m, n)`; vectors lose their axis."""
    return product(a, b)


def _as_matrices(g: Array, a_ndim: int, b_ndim: int) -> Array:
    """`g` with the axes that vectors lost."""
    if b_ndim == 1:
        g = shape.expand_dims(g, axis=-1)
    return shape.expand_dims(g, axis=-2) if a_ndim == 1 else g


def _matmul_a(g: Array, a_spec: Spec, b: Array) -> Array:
    if a_spec.ndim == b.ndim == 2:
        return product(g, adjoint(b))
    rows = _as_matrices(g, a_spec.ndim, b.ndim)
    ga = rows @ (shape.expand_dims(conjugate(b), axis=0) if b.ndim == 1 else adjoint(b))
    return shape.sum_to(shape.squeeze(ga, axis=-2) if a_spec.ndim == 1 else ga, shape=a_spec.shape)


def _matmul_b(g: Array, a: Array, b_spec: Spec) -> Array:
    if a.ndim == b_spec.ndim == 2:
        return product(adjoint(a), g)
    columns = _as_matrices(g, a.ndim, b_spec.ndim)
    gb = (shape.expand_dims(conjugate(a), axis=-1) if a.ndim == 1 else adjoint(a)) @ columns
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
            g, *(conjugate(o) for _, o in others), subscripts=f"{','.join([output, *(t for t, _ in others)])}->{shared}"
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


def tensordot(a: Array, b: Array, /, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Array:
    """The sum of the products of a and b over pairs of axes: so many last ones of a with first ones of b, or those named.

    Raises:
        ValueError: the axes of a pair differ in length.

    Example:
        >>> import numpy as np
        >>> tensordot(np.ones((2, 3, 4)), np.ones((3, 4, 5))).shape
        (2, 5)
    """
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    of_a, of_b = ([i % x.ndim for i in named] for x, named in zip((a, b), axes, strict=True))
    summed = [tuple(x.shape[i] for i in named) for x, named in ((a, of_a), (b, of_b))]
    if summed[0] != summed[1]:
        raise ValueError(
            f"tensordot: axes {of_a} of a have the lengths {summed[0]}, axes {of_b} of b {summed[1]} "
            f"(a: {tuple(a.shape)}, b: {tuple(b.shape)}); expected the same"
        )
    rest_a, rest_b = ([i for i in range(x.ndim) if i not in named] for x, named in ((a, of_a), (b, of_b)))
    rows, columns = tuple(a.shape[i] for i in rest_a), tuple(b.shape[i] for i in rest_b)
    n = math.prod(summed[0])
    left = shape.reshape(shape.transpose(a, axes=(*rest_a, *of_a)), shape=(math.prod(rows), n))
    right = shape.reshape(shape.transpose(b, axes=(*of_b, *rest_b)), shape=(n, math.prod(columns)))
    return shape.reshape(matmul(left, right), shape=(*rows, *columns))


def vecdot(a: Array, b: Array, /, *, axis: int = -1) -> Array:
    """The sum of conj(a) b along `axis`, counted from the end; the other axes broadcast.

    Raises:
        ValueError: a and b differ in length along `axis`.

    Example:
        >>> import numpy as np
        >>> vecdot(np.array([1j, 2.0]), np.array([1j, 3.0])).tolist()
        (7+0j)
    """
    if a.shape[axis] != b.shape[axis]:
        raise ValueError(
            f"vecdot: a has shape {tuple(a.shape)}, b {tuple(b.shape)}; expected the same length along axis {axis}"
        )
    return reduction.sum(multiply(conjugate(a), b), axis=axis)


def outer(a: Array, b: Array, /) -> Array:
    """The products of all pairs of elements: vectors `(m,)` and `(n,)` give `(m, n)`.

    Raises:
        ValueError: a or b is no vector.

    Example:
        >>> import numpy as np
        >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(
            f"outer: a has shape {tuple(a.shape)}, b {tuple(b.shape)}; expected vectors; flatten them with reshape(x, (-1,))"
        )
    return multiply(shape.expand_dims(a, axis=1), b)


@elementwise_op
def cross(a: Array, b: Array, *, axis: int = -1) -> Array:
    """The vectors at right angles to those of a and b, of length three along `axis`, counted from the end; other axes broadcast."""
    return xp.linalg.cross(a, b, axis=axis)


cross.vjps(
    a=lambda g, b, axis: cross(conjugate(b), g, axis=axis), b=lambda g, a, axis: cross(g, conjugate(a), axis=axis)
)
