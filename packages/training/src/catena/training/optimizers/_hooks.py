"""What an optimizer may do to the gradients before it uses them."""

from __future__ import annotations

import math
from collections.abc import Callable
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


@xp.elementwise
def _lasso(g: Array, p: Array, rate: float) -> Array:
    return g + rate * xp.sign(p)


@xp.elementwise
def _clip(g: Array, lower: float, upper: float) -> Array:
    return xp.minimum(xp.maximum(g, lower), upper)


@xp.elementwise
def _add(g: Array, noise: Array) -> Array:
    return g + noise


@xp.elementwise
def _decay_and_scale(g: Array, p: Array, decay: float, rate: float) -> Array:
    return rate * (g + decay * p)


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
        norm = norm_of(gradients)
        if self.threshold < norm < math.inf:
            for g in gradients:
                _scale(g, self.threshold / norm, out=g)


class Lasso:
    """Hook: adds to each gradient `g` the sign of the parameter `p`, which draws small weights to exactly zero.

        g = g + rate * sign(p)

    It is the gradient of an L1 penalty `rate * sum(abs(p))` on the loss.

    Args:
        rate: factor of the sign.

    Raises:
        TypeError: `rate` is missing or no number.
        ValueError: `rate` is not finite.

    References:
        R. Tibshirani, Regression Shrinkage and Selection via the Lasso, Journal of the Royal Statistical Society B 58(1), 1996.

    Example:
        >>> import numpy as np
        >>> from catena.nn import Parameter
        >>> p = Parameter(np.array([10.0, -3.0]))
        >>> p.grad = np.array([1.0, 1.0])
        >>> Lasso(0.5)(None, p)
        >>> p.grad
        array([1.5, 0.5])
    """

    name = "Lasso"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float | None = None) -> None:
        if rate is None:
            raise TypeError("Lasso: rate is missing; pass the factor of the penalty, such as Lasso(0.0005)")
        self.rate = _finite("Lasso", "rate", rate)

    def __call__(self, rule: UpdateRule | None, param: Parameter) -> None:
        """Change the parameter's gradient in place."""
        g = param.grad
        if g is not None:
            _lasso(g, param.array, self.rate, out=g)


class GradientHardClipping:
    """Hook: keeps each element of each gradient between two bounds.

        g = min(max(g, lower_bound), upper_bound)

    Args:
        lower_bound: the least value to let pass.
        upper_bound: the greatest value to let pass.

    Raises:
        TypeError: a bound is no number.
        ValueError: a bound is not finite, or the lower one is greater.

    Example:
        >>> import numpy as np
        >>> from catena.nn import Parameter
        >>> p = Parameter(np.zeros(3))
        >>> p.grad = np.array([-5.0, 0.5, 5.0])
        >>> GradientHardClipping(-1, 1)(None, p)
        >>> p.grad
        array([-1. ,  0.5,  1. ])
    """

    name = "GradientHardClipping"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, lower_bound: float, upper_bound: float) -> None:
        self.lower_bound = _finite("GradientHardClipping", "lower_bound", lower_bound)
        self.upper_bound = _finite("GradientHardClipping", "upper_bound", upper_bound)
        if self.lower_bound > self.upper_bound:
            raise ValueError(
                f"GradientHardClipping: lower_bound is {self.lower_bound}, upper_bound {self.upper_bound}; give the lower one first"
            )

    def __call__(self, rule: UpdateRule | None, param: Parameter) -> None:
        """Change the parameter's gradient in place."""
        g = param.grad
        if g is not None:
            _clip(g, self.lower_bound, self.upper_bound, out=g)


def exponential_decay_noise(
    namespace: Any, shape: tuple[int, ...], dtype: Any, hook: GradientNoise, rule: UpdateRule
) -> Array:
    """Normal noise of that shape and dtype, whose variance is `hook.eta / (1 + t)**0.55` after `t` updates by `rule`."""
    std = math.sqrt(hook.eta / (1 + rule.t) ** 0.55)
    return xp.random.get_generator().normal(shape, scale=std, dtype=dtype, device="numpy")


class GradientNoise:
    """Hook: adds noise to each gradient, which becomes less from step to step.

        g = g + noise,  noise from N(0, eta / (1 + t)**0.55)

    Args:
        eta: variance at the first step; the paper tries 0.01, 0.3 and 1.
        noise_func: gives the noise; called with the namespace of the gradient's array, its shape and dtype, this hook and
            the parameter's rule.

    Raises:
        TypeError: `eta` is no number, or `noise_func` cannot be called.
        ValueError: `eta` is negative or not finite.

    References:
        A. Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep Networks, 2015
        (https://arxiv.org/abs/1511.06807).

    Example:
        >>> GradientNoise(0.3).eta
        0.3
    """

    name = "GradientNoise"
    call_for_each_param = True
    timing = "pre"

    def __init__(
        self,
        eta: float,
        noise_func: Callable[[Any, tuple[int, ...], Any, GradientNoise, UpdateRule], Array] = exponential_decay_noise,
    ) -> None:
        self.eta = _finite("GradientNoise", "eta", eta)
        if self.eta < 0:
            raise ValueError(f"GradientNoise: eta is {self.eta}; expected a variance, 0 or more")
        if not callable(noise_func):
            raise TypeError(
                f"GradientNoise: noise_func is {noise_func!r} ({type(noise_func).__name__}); expected a function "
                "noise_func(namespace, shape, dtype, hook, rule)"
            )
        self.noise_func = noise_func

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        """Change the parameter's gradient in place."""
        g = param.grad
        if g is not None:
            noise = self.noise_func(xp.array_namespace(g), g.shape, g.dtype, self, rule)
            _add(g, xp.to_device(noise, xp.device_of(g)), out=g)


class GradientLARS:
    """Hook: scales each gradient by the norm of its parameter over its own (layer-wise adaptive rate scaling).

        g = (g + weight_decay * p) * norm(p) / (eps + norm(g) + weight_decay * norm(p))

    where norm(p) is greater than `threshold`; the factor is 1 where it is not.

    Args:
        threshold: the least norm of a parameter at which its gradient is scaled.
        weight_decay: rate of the weight decay.
        eps: keeps the division from blowing up.

    Raises:
        TypeError: an argument is no number.
        ValueError: an argument is not finite.

    References:
        Y. You, I. Gitman, B. Ginsburg, Large Batch Training of Convolutional Networks, 2017
        (https://arxiv.org/abs/1708.03888).

    Example:
        >>> import numpy as np
        >>> from catena.nn import Parameter
        >>> p = Parameter(np.array([3.0, 4.0]))
        >>> p.grad = np.array([0.0, 10.0])
        >>> GradientLARS()(None, p)
        >>> p.grad.round(6)
        array([0., 5.])
    """

    name = "GradientLARS"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, threshold: float = 1e-2, weight_decay: float = 0.0, eps: float = 1e-9) -> None:
        self.threshold = _finite("GradientLARS", "threshold", threshold)
        self.weight_decay = _finite("GradientLARS", "weight_decay", weight_decay)
        self.eps = _finite("GradientLARS", "eps", eps)

    def __call__(self, rule: UpdateRule | None, param: Parameter) -> None:
        """Change the parameter's gradient in place."""
        g = param.grad
        if g is None:
            return
        p_norm, g_norm = norm_of([param.array]), norm_of([g])
        rate = p_norm / (self.eps + g_norm + self.weight_decay * p_norm) if p_norm > self.threshold else 1.0
        _decay_and_scale(g, param.array, self.weight_decay, rate, out=g)


def norm_of(arrays: list[Array]) -> float:
    """The common L2 norm of several arrays."""
    # A sum of squares may overflow where the norm does not; the arrays are scaled down only then.
    with np.errstate(over="ignore"):
        total = sum(map(_sum_of_squares, arrays))
    if total != math.inf:
        return math.sqrt(total)
    largest = max(float(xp.max(xp.abs(g))) for g in arrays if math.prod(g.shape) > 0)
    if largest == math.inf:
        return math.inf
    return largest * math.sqrt(sum(_sum_of_squares(g / largest) for g in arrays))


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
