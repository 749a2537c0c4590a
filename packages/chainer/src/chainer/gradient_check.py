"""Gradients against differences, with Chainer's arguments and tolerances; catena takes the differences in float64 always."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from catena.autograd import as_array
from catena.autograd import gradient_check as _checks
from chainer.testing._helpers import assert_allclose

__all__ = ["NondifferentiableError", "assert_allclose", "check_backward", "check_double_backward", "numerical_grad"]


class NondifferentiableError(Exception):
    """Raised by no check here: draw inputs that keep away from kinks."""


def check_backward(
    func: Callable[..., Any],
    x_data: Any,
    y_grad: Any,
    params: Any = (),
    eps: float = 1e-3,
    atol: float = 1e-5,
    rtol: float = 1e-4,
    no_grads: Sequence[bool] | None = None,
    dtype: Any = None,
    detect_nondifferentiable: bool = False,
) -> None:
    """Check the gradients of `func` in its inputs and in `params` against differences.

    Args:
        func: of Variables; returns one or a tuple.
        x_data: its inputs, an array or a tuple.
        y_grad: the gradients to begin with, an array or a tuple; None for ones.
        params: Variables that it reads besides.
        eps: the step of the differences.
        atol: absolute tolerance.
        rtol: relative tolerance.
        no_grads: for each input whether to leave it out.
        dtype: has no effect: everything is computed in float64.
        detect_nondifferentiable: has no effect.

    Raises:
        AssertionError: a gradient is wrong.

    Example:
        >>> check_backward(lambda x: x * x, np.array([1.0, 2.0]), np.ones(2))
    """
    _checks.check_backward(func, x_data, y_grad, _several(params), eps=eps, atol=atol, rtol=rtol, no_grads=no_grads)


def check_double_backward(
    func: Callable[..., Any],
    x_data: Any,
    y_grad: Any,
    x_grad_grad: Any,
    params: Any = (),
    params_grad_grad: Any = (),
    eps: float = 1e-3,
    atol: float = 1e-4,
    rtol: float = 1e-3,
    no_grads: Sequence[bool] | None = None,
    dtype: Any = None,
    detect_nondifferentiable: bool = False,
) -> None:
    """Check the gradients of the gradients of `func` against differences; see `check_backward`.

    Example:
        >>> check_double_backward(lambda x: x**3, np.array([1.0, 2.0]), np.ones(2), np.ones(2))
    """
    weights = [*_several(x_grad_grad), *_several(params_grad_grad)]
    _checks.check_double_backward(
        func, x_data, y_grad, weights, _several(params), eps=eps, atol=atol, rtol=rtol, no_grads=no_grads
    )


def _several(xs: Any) -> Sequence[Any]:
    return xs if isinstance(xs, tuple | list) else (xs,)


def numerical_grad(
    f: Callable[[], Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any],
    eps: float = 1e-3,
    detect_nondifferentiable: bool = False,
    diff_atol: float = 0,
    diff_rtol: float = 1e-2,
    center_outputs: Any = None,
) -> tuple[Any, ...]:
    """Differences of a function without arguments that reads the arrays `inputs`, which are changed and put back.

    Example:
        >>> x = np.array([3.0])
        >>> np.round(numerical_grad(lambda: (x * x,), (x,), (np.ones(1),))[0], 6)
        array([6.])
    """

    def weighted() -> float:
        pairs = zip(f(), grad_outputs, strict=True)
        return sum(float(np.sum(np.asarray(as_array(y), np.float64) * g)) for y, g in pairs if g is not None)

    gradients = []
    for x in inputs:
        gradient = np.zeros(x.shape, x.dtype)
        for i in np.ndindex(x.shape):
            before = x[i].copy()
            x[i] = before + eps
            above = weighted()
            x[i] = before - eps
            gradient[i] = (above - weighted()) / (2 * eps)
            x[i] = before
        gradients.append(gradient)
    return tuple(gradients)
