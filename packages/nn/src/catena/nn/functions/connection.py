"""Connections: functions of an input and weights."""

from __future__ import annotations

import math

from catena.autograd import functions as F
from catena.autograd import op
from catena.autograd._later import over_rows
from catena.nn.functions._checks import check_arrays
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import linear as kernels


@op
def affine(x: Array, W: Array, b: Array | None = None) -> Array:
    """`linear` of a matrix: x W^T + b for `(n, n_in)`, `(n_out, n_in)` and `(n_out,)`."""
    if W.ndim != 2 or x.shape[1] != W.shape[1] or (b is not None and b.shape != W.shape[:1]):
        check_weights("linear", x, W, b, x.shape[1:])
    return kernels.affine(x, W, b)


affine.name = "linear"  # what errors and graphs call it
affine.vjps(
    x=lambda g, W: kernels.product(g, W),
    W=lambda g, x: over_rows(_gradient_of_weights, g, x),
    b=lambda g: kernels.sum_of_rows(g),
)


def _gradient_of_weights(g: Array, x: Array) -> Array:
    return kernels.product(g.T, x)


def linear(x: Array, W: Array, b: Array | None = None, n_batch_axes: int = 1) -> Array:
    """x W^T + b: each output is a weighted sum of the features of one example.

    Args:
        x: `(*batch, *features)`: the first `n_batch_axes` axes are the batch, the others together the features.
        W: weights, `(n_out, n_in)`, where n_in is the product of the features' lengths.
        b: bias, `(n_out,)`, or None.
        n_batch_axes: the number of batch axes.

    Returns:
        `(*batch, n_out)`.

    Raises:
        TypeError: x, W or b is no array.
        ValueError: the shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> W, b = np.ones((2, 3)), np.array([0.0, 10.0])
        >>> linear(np.ones((1, 3)), W, b).tolist()
        [[3.0, 13.0]]
        >>> linear(np.ones((5, 7, 3)), W, b, n_batch_axes=2).shape
        (5, 7, 2)
    """
    if not (hasattr(x, "ndim") and hasattr(W, "ndim") and (b is None or hasattr(b, "ndim"))):
        check_arrays("linear", x=x, W=W, b=b)
    if x.ndim == 2 and n_batch_axes == 1:
        return affine(x, W, b)
    batch, features = x.shape[:n_batch_axes], features_of(x, n_batch_axes)
    check_weights("linear", x, W, b, features)
    y = affine(F.reshape(x, shape=(math.prod(batch), math.prod(features))), W, b)
    return y if n_batch_axes == 1 else F.reshape(y, shape=(*batch, W.shape[0]))


def bilinear(
    e1: Array, e2: Array, W: Array, V1: Array | None = None, V2: Array | None = None, b: Array | None = None
) -> Array:
    """y[l] = the sum over j, k of e1[j] e2[k] W[j, k, l], and with V1, V2 and b also e1 V1 + e2 V2 + b.

    Args:
        e1: `(batch, *features)`, together n_left of them.
        e2: `(batch, *features)`, together n_right of them.
        W: `(n_left, n_right, n_out)`.
        V1: `(n_left, n_out)`; all of V1, V2 and b or none.
        V2: `(n_right, n_out)`.
        b: `(n_out,)`.

    Returns:
        `(batch, n_out)`.

    Raises:
        TypeError: an argument is no array.
        ValueError: the shapes do not fit together, or of V1, V2 and b some are missing.

    Source: R. Socher et al., Reasoning With Neural Tensor Networks for Knowledge Base Completion, NIPS 2013.

    Example:
        >>> import numpy as np
        >>> bilinear(np.ones((2, 3)), np.ones((2, 4)), np.ones((3, 4, 5)))[0].tolist()
        [12.0, 12.0, 12.0, 12.0, 12.0]
    """
    check_arrays("bilinear", e1=e1, e2=e2, W=W)
    biases = {"V1": V1, "V2": V2, "b": b}
    listed = describe(["e1", "e2", "W", *biases], [e1, e2, W, *biases.values()])
    missing = [name for name, x in biases.items() if x is None]
    if 0 < len(missing) < 3:
        raise ValueError(f"bilinear: {' and '.join(missing)} missing ({listed}); give all of V1, V2 and b, or none")
    left, right = (math.prod(e.shape[1:]) for e in (e1, e2))
    if W.ndim != 3 or tuple(W.shape[:2]) != (left, right) or tuple(e1.shape[:1]) != tuple(e2.shape[:1]) or e1.ndim < 2:
        raise ValueError(
            f"bilinear: e1, e2 and W do not fit together ({listed}); "
            "expected (batch, n_left), (batch, n_right) and (n_left, n_right, n_out)"
        )
    n_out = W.shape[2]
    e1 = F.reshape(e1, shape=(e1.shape[0], left))
    e2 = F.reshape(e2, shape=(e2.shape[0], right))
    y = F.einsum("ij,ik,jkl->il", e1, e2, W)
    if V1 is None or V2 is None or b is None:
        return y
    for name, x, shape in (("V1", V1, (left, n_out)), ("V2", V2, (right, n_out)), ("b", b, (n_out,))):
        check_arrays("bilinear", **{name: x})
        if tuple(x.shape) != shape:
            raise ValueError(
                f"bilinear: {name} has shape {tuple(x.shape)}, expected {shape} ({listed}); make {name} of that shape"
            )
    return F.add(F.add(F.add(y, F.matmul(e1, V1)), F.matmul(e2, V2)), b)


def features_of(x: Array, n_batch_axes: int) -> tuple[int, ...]:
    """The lengths of the axes of `x` that are no batch axes.

    Raises:
        ValueError: x has not so many axes.
    """
    if not 1 <= n_batch_axes <= x.ndim:
        raise ValueError(
            f"linear: n_batch_axes is {n_batch_axes}, x has {x.ndim} axes ({describe('x', [x])}); "
            f"expected {f'from 1 to {x.ndim}' if x.ndim else 'an x with a batch axis'}"
        )
    return tuple(x.shape[n_batch_axes:])


def check_weights(function: str, x: Array, W: Array, b: Array | None, features: tuple[int, ...]) -> None:
    """Raise ValueError unless W, `(n_out, n_in)`, and b, `(n_out,)`, fit the features of x."""
    listed = describe(["x", "W", "b"], [x, W, b])
    if W.ndim != 2:
        fix = "for one output give it the first axis with W[None]" if W.ndim == 1 else "reshape it to a matrix"
        raise ValueError(
            f"{function}: W has shape {tuple(W.shape)}, expected two axes, (n_out, n_in) ({listed}); {fix}"
        )
    n_out, n_in = W.shape
    n_features = math.prod(features)
    if n_features != n_in:
        if math.prod(x.shape[1:]) == n_in:
            fix = "flatten x with F.reshape(x, (len(x), -1))"
        elif tuple(x.shape) == (n_in,):
            fix = "give a single example a batch axis with x[None]"
        else:
            fix = f"make W for {n_features} features, as L.Linear(None, {n_out}) does at its first call"
        raise ValueError(f"{function}: x has {n_features} features, W expects {n_in} ({listed}); {fix}")
    if b is not None and tuple(b.shape) != (n_out,):
        raise ValueError(
            f"{function}: b has shape {tuple(b.shape)}, W has {n_out} outputs ({listed}); give b the shape ({n_out},)"
        )
