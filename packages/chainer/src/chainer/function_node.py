"""Functions of one's own, and gradients as values."""

from __future__ import annotations

from typing import Any

from catena.autograd import FunctionNode, Variable
from catena.autograd import backward as _backward
from catena.autograd import grad as _grad

__all__ = ["FunctionNode", "backward", "grad"]


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    grad_inputs: Any = None,
    set_grad: bool = False,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> list[Variable | None]:
    """The gradients of `outputs` in `inputs`, as a list of Variables.

    Args:
        outputs: Variables.
        inputs: Variables, leaves or results in between.
        grad_outputs: for each output the gradient to begin with, a Variable or an array; ones unless given.
        grad_inputs: for each input what is added to its gradient.
        set_grad: whether each gradient also becomes its input's `grad_var`.
        retain_grad: has no effect; `backward(retain_grad=True)` keeps gradients in between.
        enable_double_backprop: whether the gradients can be differentiated again.
        loss_scale: a factor for all gradients.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array([3.0]))
        >>> (g,) = grad([x * x], [x])
        >>> g.array
        array([6.])
    """
    begin = _ones(outputs, grad_outputs)
    if loss_scale is not None:
        begin = [None if g is None else g * loss_scale for g in begin]
    found = _grad(list(outputs), list(inputs), begin, create_graph=enable_double_backprop)
    gradients = [
        None if g is None else g if isinstance(g, Variable) else Variable(g, requires_grad=False) for g in found
    ]
    for i, given in enumerate(grad_inputs or ()):
        if given is not None:
            mine = gradients[i]
            gradients[i] = given if mine is None else mine + given
    if set_grad:
        for x, g in zip(inputs, gradients, strict=True):
            x.grad_var = g
    return gradients


def _ones(outputs: Any, grad_outputs: Any) -> list[Any]:
    """What each output begins with: Chainer sums all elements where nothing is given."""
    given = [None] * len(outputs) if grad_outputs is None else list(grad_outputs)
    return [y.xp.ones_like(y.array) if g is None else g for y, g in zip(outputs, given, strict=True)]


def backward(outputs: Any, grad_outputs: Any = None, *, enable_double_backprop: bool = False) -> None:
    """Add the gradients of `outputs` to the `grad` of every leaf behind them.

    Example:
        >>> import numpy as np
        >>> x = Variable(np.array([3.0]))
        >>> backward([x * 2, x * x])
        >>> x.grad
        array([8.])
    """
    _backward(outputs, grad_outputs, create_graph=enable_double_backprop)
