"""Losses: how far predictions are from what was wanted, as a number to make small."""

from __future__ import annotations

from typing import Literal

import xparray as xp
from catena.autograd import as_array, op
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays, check_labels
from catena.nn.functions.activation import log_softmax
from xparray import Array
from xparray._dispatch import describe, dtype_name
from xparray.kernels import loss as kernels


@op
def cross_entropy_of_labels(
    x: Array,
    t: Array,
    class_weight: Array | None = None,
    *,
    ignore_label: int = -1,
    normalize: bool = True,
    mean: bool = True,
) -> Array:
    """`softmax_cross_entropy` for labels: integers of the shape of x without its axis 1."""
    check_labels("softmax_cross_entropy", x, t)
    if class_weight is not None and class_weight.shape != x.shape[1:2]:
        raise ValueError(
            f"softmax_cross_entropy: class_weight has shape {tuple(class_weight.shape)}, x has {x.shape[1]} classes "
            f"({describe('xt', [x, t])}); give one weight a class, ({x.shape[1]},)"
        )
    return kernels.softmax_cross_entropy(x, t, class_weight, ignore_label=ignore_label, normalize=normalize, mean=mean)


def _cross_entropy_x(
    g: Array, x: Array, t: Array, class_weight: Array | None, ignore_label: int, normalize: bool, mean: bool
) -> Array:
    # Labels and class weights are constants, also where they come as Variables.
    constants = as_array(t), as_array(class_weight)
    return kernels.softmax_cross_entropy_grad(
        g, x, *constants, ignore_label=ignore_label, normalize=normalize, mean=mean
    )


cross_entropy_of_labels.name = "softmax_cross_entropy"  # what errors and graphs call it
cross_entropy_of_labels.vjps(x=_cross_entropy_x)


def softmax_cross_entropy(
    x: Array,
    t: Array,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: Array | None = None,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
    enable_double_backprop: bool = True,
    soft_target_loss: Literal["cross-entropy", "kl-divergence"] = "cross-entropy",
) -> Array:
    """-log(softmax(x)[t]): the cross entropy between the classes' probabilities and the labels.

    Args:
        x: scores, `(n, n_class, ...)`.
        t: labels, integers from 0 to n_class - 1, `(n, ...)`; or probabilities of the classes, of x's shape and floating.
        normalize: the mean is over the labels that count; over n, where False.
        cache_score: without effect: nothing but x and t is kept, the probabilities are computed again for the gradient.
        class_weight: what the loss of each class is multiplied with, `(n_class,)`.
        ignore_label: a label that does not count: its loss and its gradient are 0.
        reduce: "mean" for one number, "no" for the losses, `(n, ...)`.
        enable_double_backprop: without effect: there are gradients of every order.
        soft_target_loss: for probabilities t: "cross-entropy", -sum(t log(softmax(x))), or "kl-divergence",
            sum(t (log(t + 1e-7) - log(softmax(x)))). Their mean is over all examples.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, or an option is unknown.

    Example:
        >>> import numpy as np
        >>> x = np.log(np.array([[0.25, 0.75], [0.5, 0.5]]))
        >>> losses = softmax_cross_entropy(x, np.array([0, 1]), reduce="no")
        >>> np.exp(-losses).round(6).tolist()
        [0.25, 0.5]
        >>> bool(softmax_cross_entropy(x, np.array([0, 1])) == losses.mean())
        True
    """
    if reduce not in ("mean", "no"):
        raise ValueError(f"softmax_cross_entropy: reduce is {reduce!r}; expected 'mean' or 'no'")
    if not (hasattr(x, "ndim") and hasattr(t, "ndim")):
        check_arrays("softmax_cross_entropy", x=x, t=t)
    if class_weight is not None:
        class_weight = xp.astype(as_array(class_weight), x.dtype, copy=False)
    if t.ndim == x.ndim > 1 and dtype_of(t).kind == "f":
        return _cross_entropy_of_probabilities(x, t, class_weight, reduce, soft_target_loss)
    if class_weight is None and ignore_label == -1 and normalize and reduce == "mean":
        return cross_entropy_of_labels(x, as_array(t))  # the usual call, without the binding of options
    return cross_entropy_of_labels(
        x, as_array(t), class_weight, ignore_label=ignore_label, normalize=normalize, mean=reduce == "mean"
    )


def _cross_entropy_of_probabilities(x: Array, t: Array, class_weight: Array | None, reduce: str, kind: str) -> Array:
    if tuple(t.shape) != tuple(x.shape):
        raise ValueError(f"softmax_cross_entropy: probabilities t have another shape than x ({describe('xt', [x, t])})")
    if kind not in ("cross-entropy", "kl-divergence"):
        raise ValueError(
            f"softmax_cross_entropy: soft_target_loss is {kind!r}; expected 'cross-entropy' or 'kl-divergence'"
        )
    logarithm = log_softmax(x, axis=1)
    if class_weight is not None:
        logarithm = logarithm * F.reshape(class_weight, shape=(1, x.shape[1], *(1,) * (x.ndim - 2)))
    if kind == "kl-divergence":
        logarithm = logarithm - F.log(t + 1e-7)
    losses = -F.sum(logarithm * t, axis=1)
    return F.mean(losses) if reduce == "mean" else losses


@op
def mean_squared_error(x0: Array, x1: Array) -> Array:
    """mean((x0 - x1)^2) over all elements.

    Args:
        x0: floating, of any shape.
        x1: floating, of the same shape: the two do not broadcast.

    Raises:
        TypeError: one of them is no array, or not floating.
        ValueError: they differ in shape, or have no element.

    Example:
        >>> import numpy as np
        >>> float(mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
        2.0
    """
    if not (hasattr(x0, "ndim") and hasattr(x1, "ndim")):
        check_arrays("mean_squared_error", x0=x0, x1=x1)
    if x0.shape != x1.shape:
        raise ValueError(
            f"mean_squared_error: x0 and x1 differ in shape ({_described(x0, x1)}) and do not broadcast; "
            "reshape one of them, as with F.reshape(x1, x0.shape)"
        )
    for name, x in (("x0", x0), ("x1", x1)):
        if dtype_of(x).kind != "f":
            raise TypeError(
                f"mean_squared_error: {name} is {dtype_name(x.dtype)}, expected floating numbers ({_described(x0, x1)}); "
                f'convert it with F.astype({name}, "float32")'
            )
    if not x0.size:
        raise ValueError(
            f"mean_squared_error: there is nothing to take the mean of ({_described(x0, x1)}); leave out empty minibatches"
        )
    return kernels.mean_squared_error(x0, x1)


mean_squared_error.vjps(
    x0=lambda g, x0, x1: kernels.mean_squared_error_grad(g, x0, x1),
    x1=lambda g, x0, x1: kernels.mean_squared_error_grad(g, x1, x0),
)


def _described(x0: Array, x1: Array) -> str:
    return describe(["x0", "x1"], [x0, x1])
