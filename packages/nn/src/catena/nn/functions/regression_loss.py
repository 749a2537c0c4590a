"""Losses of numbers: how far predictions are from the values that were wanted."""

from __future__ import annotations

from typing import Any, Literal

import xparray as xp
from catena.autograd import elementwise_op, op
from catena.autograd import functions as F
from catena.nn.functions._checks import check_alike, check_choice
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import loss as kernels


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
    _check("mean_squared_error", x0, x1)
    return kernels.mean_squared_error(x0, x1)


mean_squared_error.vjps(
    x0=lambda g, x0, x1: kernels.mean_squared_error_grad(g, x0, x1),
    x1=lambda g, x0, x1: kernels.mean_squared_error_grad(g, x1, x0),
)


def mean_absolute_error(x0: Array, x1: Array) -> Array:
    """mean(|x0 - x1|) over all elements; the gradient where they are equal is 0.

    Args:
        x0: floating, of any shape.
        x1: floating, of the same shape: the two do not broadcast.

    Raises:
        TypeError: one of them is no array, or not floating.
        ValueError: they differ in shape, or have no element.

    Example:
        >>> import numpy as np
        >>> float(mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
        1.0
    """
    _check("mean_absolute_error", x0, x1)
    return F.mean(F.abs(F.subtract(x0, x1)))


def squared_error(x0: Array, x1: Array) -> Array:
    """(x0 - x1)^2, elementwise, of two arrays of one shape.

    Raises:
        TypeError: one of them is no array, or not floating.
        ValueError: they differ in shape.

    Example:
        >>> import numpy as np
        >>> squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])).tolist()
        [0.0, 4.0]
    """
    check_alike("squared_error", x0=x0, x1=x1)
    return F.square(F.subtract(x0, x1))


def squared_difference(x1: Array, x2: Array) -> Array:
    """(x1 - x2)^2, elementwise: another name of `squared_error`.

    Raises:
        TypeError: one of them is no array, or not floating.
        ValueError: they differ in shape.

    Example:
        >>> import numpy as np
        >>> squared_difference(np.array([1.0, 2.0]), np.array([1.0, 4.0])).tolist()
        [0.0, 4.0]
    """
    check_alike("squared_difference", x1=x1, x2=x2)
    return F.square(F.subtract(x1, x2))


def absolute_error(x0: Array, x1: Array) -> Array:
    """|x0 - x1|, elementwise, of two arrays of one shape; the gradient where they are equal is 0.

    Raises:
        TypeError: one of them is no array, or not floating.
        ValueError: they differ in shape.

    Example:
        >>> import numpy as np
        >>> absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])).tolist()
        [0.0, 2.0]
    """
    check_alike("absolute_error", x0=x0, x1=x1)
    return F.abs(F.subtract(x0, x1))


@elementwise_op
def huber(d: Array, *, delta: float) -> Array:
    """`huber_loss` of a difference: d^2 / 2 where |d| is at most delta, delta (|d| - delta / 2) elsewhere."""
    return _huber(d, delta)


@xp.elementwise
def _huber(d: Array, delta: float) -> Array:
    return xp.where(xp.abs(d) <= delta, 0.5 * d * d, delta * (xp.abs(d) - 0.5 * delta))


@xp.elementwise
def _huber_grad(g: Array, d: Array, delta: float) -> Array:
    return xp.where(d > delta, delta * g, xp.where(d < -delta, -delta * g, g * d))


huber.name = "huber_loss"  # what errors and graphs call it
huber.vjps(d=lambda g, d, delta: _huber_grad(g, d, delta))


def huber_loss(
    x: Array,
    t: Array,
    delta: float,
    reduce: Literal["sum_along_second_axis", "no"] = "sum_along_second_axis",
) -> Array:
    """d^2 / 2 where |d| is at most delta, delta (|d| - delta / 2) elsewhere, for d = x - t; its slope has kinks at both ends.

    Args:
        x: floating, `(n, n_out, ...)`.
        t: floating, of the same shape.
        delta: where the square ends and the line begins; above 0.
        reduce: "sum_along_second_axis" for `(n, ...)`, "no" for x's shape.

    Raises:
        TypeError: x or t is no array, or not floating.
        ValueError: they differ in shape, there is no second axis to sum along, delta is not positive, or `reduce` is unknown.

    Source: P. J. Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35 (1964), 73-101.

    Example:
        >>> import numpy as np
        >>> huber_loss(np.array([[0.5, 3.0]]), np.zeros((1, 2)), 1.0, reduce="no").tolist()
        [[0.125, 2.5]]
        >>> huber_loss(np.array([[0.5, 3.0]]), np.zeros((1, 2)), 1.0).tolist()
        [2.625]
    """
    check_choice("huber_loss", "reduce", reduce, "sum_along_second_axis", "no")
    check_alike("huber_loss", x=x, t=t)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta is {delta}; expected a number above 0, such as 1.0")
    losses = huber(F.subtract(x, t), delta=delta)
    if reduce == "no":
        return losses
    if x.ndim < 2:
        raise ValueError(
            f"huber_loss: there is no second axis to sum along ({describe('xt', [x, t])}); pass reduce='no', or (n, n_out)"
        )
    return F.sum(losses, axis=1)


def _check(function: str, x0: Any, x1: Any) -> None:
    """Raise unless there is a mean of x0 and x1."""
    check_alike(function, x0=x0, x1=x1)
    if not x0.size:
        raise ValueError(
            f"{function}: there is nothing to take the mean of ({describe(['x0', 'x1'], [x0, x1])}); "
            "leave out empty minibatches"
        )
