"""Optimizers that came after Chainer: NAdam, Lion, LAMB."""

from __future__ import annotations

import math

import xparray as xp
from catena.nn import Parameter
from catena.training.optimizers._hooks import norm_of
from catena.training.optimizers._optimizer import GradientMethod, HyperparameterProxy, UpdateRule
from xparray import Array


@xp.elementwise
def _nadam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    ahead: float,
    now: float,
    correction: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> tuple[Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return p - (ahead * m + now * g) / (xp.sqrt(v / correction) + eps), m, v


@xp.elementwise
def _lion(
    p: Array, g: Array, m: Array, alpha: float, beta1: float, beta2: float, weight_decay_rate: float
) -> tuple[Array, Array]:
    step = xp.sign(beta1 * m + (1 - beta1) * g)
    return p - alpha * (step + weight_decay_rate * p), beta2 * m + (1 - beta2) * g


@xp.elementwise
def _lamb_step(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    first: float,
    second: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay_rate: float,
) -> tuple[Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return m / first / (xp.sqrt(v / second) + eps) + weight_decay_rate * p, m, v


@xp.elementwise
def _subtract(p: Array, step: Array, rate: float) -> Array:
    return p - rate * step


class _TwoMeans(UpdateRule):
    """A rule that remembers the means `m` and `v`."""

    def init_state(self, param: Parameter) -> None:
        """Means of zero."""
        self.state["m"] = xp.zeros_like(param.array)
        self.state["v"] = xp.zeros_like(param.array)


class NAdamRule(_TwoMeans):
    """The rule of `NAdam`."""

    def update_core(self, param: Parameter) -> None:
        """One step along the mean as it will be at the next one."""
        hp, p, m, v = self.hyperparam.resolved(), param.array, self.state["m"], self.state["v"]
        ahead = hp.alpha * hp.beta1 / (1 - hp.beta1 ** (self.t + 1))
        now = hp.alpha * (1 - hp.beta1) / (1 - hp.beta1**self.t)
        _nadam(p, param.grad, m, v, ahead, now, 1 - hp.beta2**self.t, hp.beta1, hp.beta2, hp.eps, out=(p, m, v))


class NAdam(GradientMethod):
    """Adam with Nesterov's momentum: the mean of the gradients is taken as it will be at the next step.

    For a parameter `p` with the gradient `g`, at step `t` counted from 1, with `m` and `v` zero at first:

        m = m + (1 - beta1) * (g - m)
        v = v + (1 - beta2) * (g * g - v)
        mean = beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        p = p - alpha * mean / (sqrt(v / (1 - beta2**t)) + eps)

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step, from 0 to below 1.
        beta2: share of the squared gradient's mean that is kept at each step, from 0 to below 1.
        eps: keeps the division from blowing up.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or a beta is not in [0, 1).

    References:
        T. Dozat, Incorporating Nesterov Momentum into Adam, ICLR Workshop 2016, with a constant momentum.

    Example:
        >>> NAdam().alpha
        0.001
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1", fraction=True)
    beta2 = HyperparameterProxy("beta2", fraction=True)
    eps = HyperparameterProxy("eps")

    def __init__(self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return NAdamRule(self.hyperparam)


class LionRule(UpdateRule):
    """The rule of `Lion`, which remembers the mean `m`."""

    def init_state(self, param: Parameter) -> None:
        """A mean of zero."""
        self.state["m"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step of the same length for every element."""
        hp, p, m = self.hyperparam.resolved(), param.array, self.state["m"]
        _lion(p, param.grad, m, hp.alpha, hp.beta1, hp.beta2, hp.weight_decay_rate, out=(p, m))


class Lion(GradientMethod):
    """Lion: steps of the sign of a mean of gradients.

    For a parameter `p` with the gradient `g`, with `m` zero at first:

        p = p - alpha * (sign(beta1 * m + (1 - beta1) * g) + weight_decay_rate * p)
        m = beta2 * m + (1 - beta2) * g

    Args:
        alpha: step size; a third to a tenth of what Adam takes.
        beta1: share of the mean in the step, from 0 to below 1.
        beta2: share of the mean that is kept at each step, from 0 to below 1.
        weight_decay_rate: weight decay, scaled by `alpha`.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or a beta is not in [0, 1).

    References:
        X. Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023 (https://arxiv.org/abs/2302.06675).

    Example:
        >>> Lion().beta2
        0.99
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1", fraction=True)
    beta2 = HyperparameterProxy("beta2", fraction=True)
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")

    def __init__(
        self, alpha: float = 1e-4, beta1: float = 0.9, beta2: float = 0.99, weight_decay_rate: float = 0.0
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay_rate = weight_decay_rate

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return LionRule(self.hyperparam)


class LAMBRule(_TwoMeans):
    """The rule of `LAMB`."""

    def update_core(self, param: Parameter) -> None:
        """One step whose norm is in proportion to the parameter's."""
        hp, p, m, v = self.hyperparam.resolved(), param.array, self.state["m"], self.state["v"]
        step = xp.empty_like(p)
        numbers = (1 - hp.beta1**self.t, 1 - hp.beta2**self.t, hp.beta1, hp.beta2, hp.eps, hp.weight_decay_rate)
        _lamb_step(p, param.grad, m, v, *numbers, out=(step, m, v))
        p_norm, step_norm = norm_of([p]), norm_of([step])
        ratio = p_norm / step_norm if p_norm > 0 and 0 < step_norm < math.inf else 1.0
        _subtract(p, step, hp.alpha * ratio, out=p)


class LAMB(GradientMethod):
    """LAMB: Adam's step, scaled so that its norm is in proportion to that of the parameter.

    For a parameter `p` with the gradient `g`, at step `t` counted from 1, with `m` and `v` zero at first:

        m = m + (1 - beta1) * (g - m)
        v = v + (1 - beta2) * (g * g - v)
        step = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay_rate * p
        p = p - alpha * norm(p) / norm(step) * step

    Where a norm is zero the ratio is 1.

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step, from 0 to below 1.
        beta2: share of the squared gradient's mean that is kept at each step, from 0 to below 1.
        eps: keeps the division from blowing up.
        weight_decay_rate: weight decay.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or a beta is not in [0, 1).

    References:
        Y. You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, ICLR 2020
        (https://arxiv.org/abs/1904.00962).

    Example:
        >>> LAMB().eps
        1e-06
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1", fraction=True)
    beta2 = HyperparameterProxy("beta2", fraction=True)
    eps = HyperparameterProxy("eps")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")

    def __init__(
        self,
        alpha: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-6,
        weight_decay_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.weight_decay_rate = weight_decay_rate

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return LAMBRule(self.hyperparam)
