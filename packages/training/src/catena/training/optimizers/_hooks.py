"""What an optimizer may do to the gradients before it uses them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import xparray as xp
from catena.nn import Parameter
from catena.training.optimizers._optimizer import Optimizer, UpdateRule, updated_params
from xparray import Array


@xp.elementwise
def _decay(g: Array, p: Array, rate: float) -> Array:
    return g + rate * p


@xp.elementwise
def _scale(g: Array, rate: float) -> Array:
    return rate * g


class WeightDecay:
    """Hook: adds to each gradient `g` the parameter `p` itself, which draws it towards zero.

        g = g + rate * p

    It is the gradient of an L2 penalty `rate / 2 * sum(p * p)` on the loss. Used on one parameter alone as
    `param.update_rule.add_hook(WeightDecay(0.0005))`.

    Args:
        rate: factor of the parameter.

    Raises:
        TypeError: `rate` is missing or no number.
        ValueError: `rate` is not finite.

    References:
        A. Krogh, J. A. Hertz, A Simple Weight Decay Can Improve Generalization, NIPS 1991.

    Example:
        >>> import numpy as np
        >>> from catena.nn import Parameter
        >>> p = Parameter(np.array([10.0]))
        >>> p.grad = np.array([1.0])
        >>> WeightDecay(0.5)(None, p)
        >>> p.grad
        array([6.])
    """

    name = "WeightDecay"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float | None = None) -> None:
        if rate is None:
            raise TypeError("WeightDecay: rate is missing; pass the factor of the decay, such as WeightDecay(0.0005)")
        self.rate = _finite("WeightDecay", "rate", rate)

    def __call__(self, rule: UpdateRule | None, param: Parameter) -> None:
        """Change the parameter's gradient in place."""
        g = param.grad
        if g is not None:
            _decay(g, param.array, self.rate, out=g)


class GradientClipping:
    """Hook: scales all gradients by one factor where their common L2 norm exceeds a threshold.

        norm = sqrt(sum of g * g over all elements of all gradients)
        g = g * min(1, threshold / norm)

    The norm is taken over the parameters that the optimizer updates, so disabled ones have no part in it. Where it is
    NaN or infinite the gradients stay as they are, so that the fault shows.

    Args:
        threshold: greatest norm to let pass.

    Raises:
        TypeError: `threshold` is missing or no number.
        ValueError: `threshold` is not finite and positive.

    References:
        R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013
        (https://arxiv.org/abs/1211.5063).

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> from catena.training.optimizers import SGD
        >>> model = L.Linear(1, 2, nobias=True)
        >>> optimizer = SGD().setup(model)
        >>> optimizer.add_hook(GradientClipping(1.0))
        >>> model.W.grad = np.array([[3.0], [4.0]], np.float32)
        >>> optimizer.update()
        >>> model.W.grad
        array([[0.6],
               [0.8]], dtype=float32)
    """

    name = "GradientClipping"
    call_for_each_param = False
    timing = "pre"

    def __init__(self, threshold: float | None = None) -> None:
        if threshold is None:
            raise TypeError(
                "GradientClipping: threshold is missing; pass the greatest L2 norm to let pass, such as "
                "GradientClipping(5.0)"
            )
        self.threshold = _finite("GradientClipping", "threshold", threshold)
        if self.threshold <= 0:
            raise ValueError(
                f"GradientClipping: threshold is {self.threshold}; expected a positive L2 norm, such as 5.0"
            )

    def __call__(self, optimizer: Optimizer) -> None:
        """Change the gradients of the optimizer's target in place."""
        gradients = [p.grad for p in updated_params(optimizer.target)]
        norm = _norm(gradients)
        if self.threshold < norm < math.inf:
            for g in gradients:
                _scale(g, self.threshold / norm, out=g)


def _norm(gradients: list[Array]) -> float:
    # A sum of squares may overflow where the norm does not; the gradients are scaled down only then.
    with np.errstate(over="ignore"):
        total = sum(map(_sum_of_squares, gradients))
    if total != math.inf:
        return math.sqrt(total)
    largest = max(float(xp.max(xp.abs(g))) for g in gradients if math.prod(g.shape) > 0)
    if largest == math.inf:
        return math.inf
    return largest * math.sqrt(sum(_sum_of_squares(g / largest) for g in gradients))


def _sum_of_squares(g: Array) -> float:
    x = xp.reshape(g, (-1,))
    if getattr(x.dtype, "itemsize", 4) < 4:
        x = xp.astype(x, np.float32)
    return float(xp.matmul(x, x))


def _finite(hook: str, name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{hook}: {name} is {value!r} ({type(value).__name__}); expected a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{hook}: {name} is {number}; expected a finite number")
    return number
