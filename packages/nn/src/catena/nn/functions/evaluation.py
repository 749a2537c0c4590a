"""Evaluation: how good predictions are, as numbers without a gradient."""

from __future__ import annotations

from catena.autograd import Variable, as_array
from catena.nn.functions._checks import check_arrays, check_labels
from xparray import Array
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
