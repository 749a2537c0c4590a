"""Evaluation: how good predictions are, as numbers without a gradient."""

from __future__ import annotations

import math
from typing import Literal

import xparray as xp
from catena.autograd import Variable, as_array
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import (
    check_alike,
    check_arrays,
    check_choice,
    check_integers,
    check_labels,
    check_range,
    check_same_shape,
)
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import evaluation as kernels


def accuracy(y: Array, t: Array, ignore_label: int | None = None) -> Array:
    """The share of the labels that have the greatest score; without a gradient, also of a Variable.

    Args:
        y: scores, `(n, n_class, ...)`; axes of length one at the end may be more than t has.
        t: labels, integers from 0 to n_class - 1, `(n, ...)`.
        ignore_label: a label that does not count, or None.

    Returns:
        `()`, of y's dtype; 0 where no label counts.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: the shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> float(accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])))
        0.5
    """
    if isinstance(y, Variable):
        return Variable(accuracy(y.array, t, ignore_label), requires_grad=False)
    t = as_array(t)
    check_arrays("accuracy", y=y, t=t)
    if y.ndim > t.ndim + 1 and all(n == 1 for n in y.shape[t.ndim + 1 :]):
        y = y[(..., *(0,) * (y.ndim - t.ndim - 1))]
    check_labels("accuracy", y, t, "yt")
    return kernels.accuracy(y, t, ignore_label=ignore_label)


def binary_accuracy(y: Array, t: Array) -> Array:
    """The share of yes-or-no answers that are right: y >= 0 for yes; without a gradient, also of a Variable.

    Args:
        y: scores, of any shape.
        t: labels of y's shape: 1 for yes, 0 for no, -1 for what does not count.

    Returns:
        `()`, of y's dtype; 0 where no label counts.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: y and t differ in shape, or a label is none of these.

    Example:
        >>> import numpy as np
        >>> float(binary_accuracy(np.array([0.1, -0.3, 2.0]), np.array([1, 1, -1])))
        0.5
    """
    if isinstance(y, Variable):
        return Variable(binary_accuracy(y.array, t), requires_grad=False)
    t = as_array(t)
    check_arrays("binary_accuracy", y=y, t=t)
    check_same_shape("binary_accuracy", y=y, t=t)
    check_integers("binary_accuracy", "t", t, tuple(y.shape))
    check_range("binary_accuracy", "t", t, 0, 1, -1)
    counts = t != -1
    hits = ((y >= 0) == (t == 1)) & counts
    return xp.divide(xp.sum(xp.astype(hits, y.dtype)), max(1, int(xp.sum(xp.astype(counts, "int64")))))


def classification_summary(
    y: Array, t: Array, label_num: int | None = None, beta: float = 1.0, ignore_label: int = -1
) -> tuple[Array, Array, Array, Array]:
    """Precision, recall, F-beta score and support of each class; without a gradient, also of Variables.

    Of a class, precision is the share of the examples so called that are of it, recall the share of those of it that are so
    called, support their number, and F-beta (1 + beta^2) precision recall / (beta^2 precision + recall). A share of nothing is 0.

    Args:
        y: scores, `(n, n_class, ...)`.
        t: labels, integers from 0 to n_class - 1, `(n, ...)`.
        label_num: the number of classes to sum up; one more than the greatest label unless given.
        beta: how much more recall counts than precision.
        ignore_label: a label that does not count.

    Returns:
        Four arrays, `(label_num,)`: three of y's dtype, and integers.

    Raises:
        TypeError: the labels are no integers, or an argument is no array.
        ValueError: the shapes do not fit together, or a label is out of range.

    Source: C. J. van Rijsbergen, Information Retrieval, 2nd edition, 1979, chapter 7.

    Example:
        >>> import numpy as np
        >>> y, t = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1])
        >>> [part.round(2).tolist() for part in classification_summary(y, t)]
        [[0.5, 1.0], [1.0, 0.5], [0.67, 0.67], [1, 2]]
    """
    return _summary("classification_summary", y, t, label_num, beta, ignore_label)


def precision(y: Array, t: Array, label_num: int | None = None, ignore_label: int = -1) -> tuple[Array, Array]:
    """Of each class, the share of the examples so called that are of it, and its support; see `classification_summary`.

    Example:
        >>> import numpy as np
        >>> precision(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1]))[0].tolist()
        [0.5, 1.0]
    """
    shares, _, _, support = _summary("precision", y, t, label_num, 1.0, ignore_label)
    return shares, support


def recall(y: Array, t: Array, label_num: int | None = None, ignore_label: int = -1) -> tuple[Array, Array]:
    """Of each class, the share of its examples that are so called, and its support; see `classification_summary`.

    Example:
        >>> import numpy as np
        >>> recall(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1]))[0].tolist()
        [1.0, 0.5]
    """
    _, shares, _, support = _summary("recall", y, t, label_num, 1.0, ignore_label)
    return shares, support


def f1_score(y: Array, t: Array, label_num: int | None = None, ignore_label: int = -1) -> tuple[Array, Array]:
    """Of each class, the harmonic mean of precision and recall, and its support; see `classification_summary`.

    Example:
        >>> import numpy as np
        >>> f1_score(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1]))[0].round(2).tolist()
        [0.67, 0.67]
    """
    _, _, scores, support = _summary("f1_score", y, t, label_num, 1.0, ignore_label)
    return scores, support


def _summary(
    function: str, y: Array, t: Array, label_num: int | None, beta: float, ignore_label: int
) -> tuple[Array, Array, Array, Array]:
    if isinstance(y, Variable):
        first, second, third, support = (
            Variable(part, requires_grad=False) if dtype_of(part).kind == "f" else part
            for part in _summary(function, y.array, t, label_num, beta, ignore_label)
        )
        return first, second, third, support
    t = as_array(t)
    check_arrays(function, y=y, t=t)
    check_labels(function, y, t, "yt")
    check_range(function, "t", t, 0, y.shape[1] - 1, ignore_label)
    counts = xp.reshape(t != ignore_label, (-1, 1))
    labels = xp.reshape(t, (-1, 1))
    if label_num is None:
        label_num = 1 + int(xp.max(xp.where(counts, labels, 0))) if math.prod(labels.shape) else 0
    classes = xp.reshape(xp.arange(label_num, dtype=t.dtype, device=xp.device_of(t)), (1, -1))
    called = xp.reshape(xp.argmax(y, axis=1), (-1, 1)) == xp.astype(classes, "int64")
    wanted = labels == classes

    def number(of: Array) -> Array:
        return xp.sum(xp.astype(of & counts, "int64"), axis=0)

    def share(part: Array, whole: Array) -> Array:
        return xp.where(whole > 0, part / xp.where(whole > 0, whole, xp.ones_like(whole)), xp.zeros_like(whole))

    hits, guesses, support = number(called & wanted), number(called), number(wanted)
    hits, guesses, whole = (xp.astype(v, y.dtype) for v in (hits, guesses, support))
    p, r = share(hits, guesses), share(hits, whole)
    return p, r, share((1 + beta * beta) * p * r, beta * beta * p + r), support


def r2_score(
    pred: Array,
    true: Array,
    sample_weight: Array | None = None,
    multioutput: Literal["uniform_average", "raw_values"] = "uniform_average",
) -> Array:
    """1 - sum((true - pred)^2) / sum((true - mean(true))^2) over the examples: 1 for perfect, 0 for the mean; without a gradient.

    Args:
        pred: predictions, floating, `(n, ...)`.
        true: what they should be, of the same shape.
        sample_weight: how much each example counts, `(n,)`; all alike unless given.
        multioutput: "uniform_average" for the mean of all outputs, "raw_values" for each one's.

    Returns:
        `()` or `(...)`; 0 for an output whose true values are all equal.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, there is no example, or `multioutput` is unknown.

    Source: N. R. Draper, H. Smith, Applied Regression Analysis, 3rd edition, 1998, chapter 1.

    Example:
        >>> import numpy as np
        >>> round(float(r2_score(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))), 4)
        0.5
    """
    check_choice("r2_score", "multioutput", multioutput, "uniform_average", "raw_values")
    if isinstance(pred, Variable):
        return Variable(r2_score(pred.array, true, sample_weight, multioutput), requires_grad=False)
    true = as_array(true)
    check_alike("r2_score", pred=pred, true=true)
    n = pred.shape[0] if pred.ndim else 0
    if not n:
        raise ValueError(f"r2_score: there is no example to score ({describe(['pred', 'true'], [pred, true])})")
    if sample_weight is None:
        weights = xp.ones((n,), dtype=pred.dtype, device=xp.device_of(pred))
    else:
        weights = xp.astype(as_array(sample_weight), pred.dtype, copy=False)
        if tuple(weights.shape) != (n,):
            raise ValueError(
                f"r2_score: sample_weight has shape {tuple(weights.shape)}, there are {n} examples; give one weight each, ({n},)"
            )
    weights = xp.reshape(weights, (n, *(1,) * (pred.ndim - 1)))
    mean = xp.divide(xp.sum(weights * true, axis=0), xp.sum(weights))
    rest = xp.sum(weights * (true - pred) ** 2, axis=0)
    total = xp.sum(weights * (true - mean) ** 2, axis=0)
    varies = total > 0
    scores = xp.where(varies, 1 - xp.divide(rest, xp.where(varies, total, xp.ones_like(total))), xp.zeros_like(total))
    return xp.mean(scores) if multioutput == "uniform_average" else scores
