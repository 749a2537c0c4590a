"""Losses of classes: cross entropies between scores and labels."""

from __future__ import annotations

import math
from typing import Any, Literal

import xparray as xp
from catena.autograd import as_array, elementwise_op, op
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays, check_choice, check_integers, check_labels, check_range, reduced
from catena.nn.functions.activation import log_softmax
from xparray import Array
from xparray._dispatch import describe
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
    check_choice("softmax_cross_entropy", "reduce", reduce, "mean", "no")
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
    check_choice("softmax_cross_entropy", "soft_target_loss", kind, "cross-entropy", "kl-divergence")
    logarithm = log_softmax(x, axis=1)
    if class_weight is not None:
        logarithm = logarithm * F.reshape(class_weight, shape=(1, x.shape[1], *(1,) * (x.ndim - 2)))
    if kind == "kl-divergence":
        logarithm = logarithm - F.log(t + 1e-7)
    losses = -F.sum(logarithm * t, axis=1)
    return F.mean(losses) if reduce == "mean" else losses


def label_smoothed_cross_entropy(
    x: Array,
    t: Array,
    smoothing: float = 0.1,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> Array:
    """The cross entropy between softmax(x) and labels that are right with probability 1 - `smoothing`, else any class.

    With p = softmax(x): -(1 - smoothing) log(p[t]) - smoothing mean(log(p)).

    Args:
        x: scores, `(n, n_class, ...)`.
        t: labels, integers from 0 to n_class - 1, `(n, ...)`.
        smoothing: from 0 to 1.
        normalize: the mean is over the labels that count; over n, where False.
        ignore_label: a label that does not count: its loss and its gradient are 0.
        reduce: "mean" for one number, "no" for the losses, `(n, ...)`.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, or an option is unknown.

    Source: C. Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016,
    https://arxiv.org/abs/1512.00567.

    Example:
        >>> import numpy as np
        >>> x, t = np.array([[2.0, 0.0]]), np.array([0])
        >>> bool(label_smoothed_cross_entropy(x, t) > softmax_cross_entropy(x, t))
        True
    """
    name = "label_smoothed_cross_entropy"
    check_choice(name, "reduce", reduce, "mean", "no")
    if not 0 <= smoothing <= 1:
        raise ValueError(f"{name}: smoothing is {smoothing}; expected a probability, from 0 to 1, such as 0.1")
    losses, counts = _of_labels(name, x, t, None, ignore_label)
    smooth = F.multiply(F.mean(log_softmax(x, axis=1), axis=1), xp.astype(counts, x.dtype))
    losses = F.subtract(losses * (1 - smoothing), smooth * smoothing)
    return reduced(losses, reduce, _count(counts) if normalize else x.shape[0])


def focal_loss(
    x: Array,
    t: Array,
    gamma: float = 2.0,
    class_weight: Array | None = None,
    normalize: bool = True,
    ignore_label: int = -1,
    reduce: Literal["mean", "no"] = "mean",
) -> Array:
    """-(1 - p)^gamma log(p) with p = softmax(x)[t]: a cross entropy in which examples that are right already count little.

    Args:
        x: scores, `(n, n_class, ...)`.
        t: labels, integers from 0 to n_class - 1, `(n, ...)`.
        gamma: how little right answers count; 0 gives the cross entropy.
        class_weight: what the loss of each class is multiplied with, `(n_class,)`.
        normalize: the mean is over the labels that count; over n, where False.
        ignore_label: a label that does not count: its loss and its gradient are 0.
        reduce: "mean" for one number, "no" for the losses, `(n, ...)`.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, gamma is negative, or an option is unknown.

    Source: T.-Y. Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, https://arxiv.org/abs/1708.02002.

    Example:
        >>> import numpy as np
        >>> x = np.log(np.array([[0.75, 0.25]]))
        >>> round(float(focal_loss(x, np.array([0])) / softmax_cross_entropy(x, np.array([0]))), 6)
        0.0625
    """
    check_choice("focal_loss", "reduce", reduce, "mean", "no")
    losses, counts = _of_labels("focal_loss", x, t, None, ignore_label)
    focused = _focused("focal_loss", losses, gamma)
    if class_weight is not None:
        weights = xp.astype(as_array(class_weight), x.dtype, copy=False)
        if tuple(weights.shape) != (x.shape[1],):
            raise ValueError(
                f"focal_loss: class_weight has shape {tuple(weights.shape)}, x has {x.shape[1]} classes "
                f"({describe('xt', [x, t])}); give one weight a class, ({x.shape[1]},)"
            )
        t = as_array(t)
        classes = xp.reshape(xp.where(counts, t, xp.zeros_like(t)), (-1,))
        focused = F.multiply(focused, xp.reshape(xp.take(weights, classes, axis=0), t.shape))
    return reduced(focused, reduce, _count(counts) if normalize else x.shape[0])


def _of_labels(function: str, x: Array, t: Array, class_weight: Array | None, ignore_label: int) -> tuple[Any, Array]:
    """The cross entropy of each label, and which labels count."""
    check_arrays(function, x=x, t=t)
    t = as_array(t)
    check_labels(function, x, t)
    check_range(function, "t", t, 0, x.shape[1] - 1, ignore_label)
    losses = cross_entropy_of_labels(x, t, class_weight, ignore_label=ignore_label, mean=False)
    return losses, t != ignore_label


def _count(counts: Array) -> int:
    return int(xp.sum(xp.astype(counts, "int64")))


def _focused(function: str, losses: Array, gamma: float) -> Array:
    """Losses -log(p) times (1 - p)^gamma."""
    if not gamma >= 0:
        raise ValueError(f"{function}: gamma is {gamma}; expected 0 or more, such as 2.0")
    # Where p is 1, any factor will do; that of a loss that is 0 has infinite derivatives.
    wrong = F.where(losses > 0, F.negative(F.expm1(F.negative(losses))), 1.0)
    return F.multiply(F.pow(wrong, gamma), losses)


# ------------------------------------------------------------------------------------------------ of two classes


@elementwise_op
def cross_entropy_of_signs(x: Array, t: Array) -> Array:
    """`sigmoid_cross_entropy` of each element: -log of sigmoid(x) where t is 1, of sigmoid(-x) where it is 0, 0 where it is -1."""
    return _cross_entropy_of_signs(x, t)


@xp.elementwise
def _cross_entropy_of_signs(x: Array, t: Array) -> Array:
    # softplus(z); the slope of |z| at 0 must be that of -z or z.
    z = xp.where(t == 1, -x, x)
    return xp.where(t == -1, 0.0, xp.where(z > 0, z, 0 * z) + xp.log1p(xp.exp(xp.where(z > 0, -z, z))))


@xp.elementwise
def _cross_entropy_of_signs_grad(g: Array, x: Array, t: Array) -> Array:
    z = xp.where(t == 1, -x, x)
    e = xp.exp(xp.where(z > 0, -z, z))
    g = g * xp.where(z > 0, 1 + 0 * e, e) / (1 + e)
    return xp.where(t == -1, 0.0, xp.where(t == 1, -g, g))


cross_entropy_of_signs.name = "sigmoid_cross_entropy"  # what errors and graphs call it
cross_entropy_of_signs.vjps(x=lambda g, x, t: _cross_entropy_of_signs_grad(g, x, t))


def sigmoid_cross_entropy(x: Array, t: Array, normalize: bool = True, reduce: Literal["mean", "no"] = "mean") -> Array:
    """-t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)): the cross entropy of independent yes-or-no answers.

    Args:
        x: scores, of any shape, positive for yes.
        t: labels of x's shape: 1 for yes, 0 for no, -1 for what does not count.
        normalize: the mean is over the labels that count; where False, the sum is divided by the length of the first axis.
        reduce: "mean" for one number, "no" for the losses, of x's shape.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: x and t differ in shape, a label is none of these, or an option is unknown.

    Example:
        >>> import numpy as np
        >>> sigmoid_cross_entropy(np.array([0.0, 1000.0, 5.0]), np.array([1, 0, -1]), reduce="no").round(4).tolist()
        [0.6931, 1000.0, 0.0]
    """
    check_choice("sigmoid_cross_entropy", "reduce", reduce, "mean", "no")
    losses, counts = _of_signs("sigmoid_cross_entropy", x, t)
    return reduced(losses, reduce, _count(counts) if normalize else math.prod(x.shape[:1]))


def sigmoid_focal_loss(
    x: Array,
    t: Array,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    normalize: bool = True,
    reduce: Literal["mean", "no"] = "mean",
) -> Array:
    """-a (1 - p)^gamma log(p), p = sigmoid(x) and a = alpha where t is 1, p = sigmoid(-x) and a = 1 - alpha where it is 0.

    Args:
        x: scores, of any shape, positive for yes.
        t: labels of x's shape: 1 for yes, 0 for no, -1 for what does not count.
        gamma: how little right answers count; 0 or more.
        alpha: the weight of yes, from 0 to 1; None for no weights.
        normalize: the mean is over the labels that count; where False, the sum is divided by the length of the first axis.
        reduce: "mean" for one number, "no" for the losses, of x's shape.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: x and t differ in shape, a label is none of these, gamma is negative, or an option is unknown.

    Source: T.-Y. Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, https://arxiv.org/abs/1708.02002.

    Example:
        >>> import numpy as np
        >>> x, t = np.array([0.0, 0.0]), np.array([1, 0])
        >>> (sigmoid_focal_loss(x, t, reduce="no") / sigmoid_cross_entropy(x, t, reduce="no")).round(6).tolist()
        [0.0625, 0.1875]
    """
    check_choice("sigmoid_focal_loss", "reduce", reduce, "mean", "no")
    losses, counts = _of_signs("sigmoid_focal_loss", x, t)
    focused = _focused("sigmoid_focal_loss", losses, gamma)
    if alpha is not None:
        if not 0 <= alpha <= 1:
            raise ValueError(f"sigmoid_focal_loss: alpha is {alpha}; expected a number from 0 to 1, or None")
        yes = xp.astype(as_array(t) == 1, x.dtype)
        focused = F.multiply(focused, yes * (2 * alpha - 1) + (1 - alpha))
    return reduced(focused, reduce, _count(counts) if normalize else math.prod(x.shape[:1]))


def _of_signs(function: str, x: Array, t: Array) -> tuple[Any, Array]:
    """The cross entropy of each element, and which count."""
    check_arrays(function, x=x, t=t)
    t = as_array(t)
    if tuple(t.shape) != tuple(x.shape):
        raise ValueError(
            f"{function}: x and t differ in shape ({describe('xt', [x, t])}) and do not broadcast; "
            "give one label for each score"
        )
    check_integers(function, "t", t, tuple(x.shape))
    check_range(function, "t", t, 0, 1, -1)
    return cross_entropy_of_signs(x, t), t != -1
