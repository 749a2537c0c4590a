"""Gradient descent, plain and with momentum in its several forms."""

from __future__ import annotations

import xparray as xp
from catena.nn import Parameter
from catena.training.optimizers._optimizer import GradientMethod, HyperparameterProxy, UpdateRule
from xparray import Array


@xp.elementwise
def _sgd(p: Array, g: Array, lr: float) -> Array:
    return p - lr * g


@xp.elementwise
def _momentum_sgd(p: Array, g: Array, v: Array, lr: float, momentum: float) -> tuple[Array, Array]:
    v = momentum * v - lr * g
    return p + v, v


@xp.elementwise
def _corrected_momentum_sgd(p: Array, g: Array, v: Array, lr: float, momentum: float) -> tuple[Array, Array]:
    v = momentum * v - g
    return p + lr * v, v


@xp.elementwise
def _nesterov_ag(p: Array, g: Array, v: Array, lr: float, momentum: float) -> tuple[Array, Array]:
    v = momentum * v - lr * g
    return p + momentum * momentum * v - (1 + momentum) * lr * g, v


@xp.elementwise
def _msvag(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    correction: float,
    rho: float,
    lr: float,
    beta: float,
    eta: float,
    weight_decay_rate: float,
) -> tuple[Array, Array, Array]:
    m = m + (1 - beta) * (g - m)
    v = v + (1 - beta) * (g * g - v)
    mean = m / correction
    square = mean * mean
    variance = (v / correction - square) / (1 - rho)
    noisy = square + rho * variance
    factor = xp.where(noisy == 0, 0.0, xp.minimum(xp.maximum(square / noisy, 0.0), 1.0))
    return p - eta * (lr * mean * factor + weight_decay_rate * p), m, v


class SGDRule(UpdateRule):
    """The rule of `SGD`."""

    def update_core(self, param: Parameter) -> None:
        """One step down the gradient."""
        p = param.array
        _sgd(p, param.grad, self.hyperparam.resolved().lr, out=p)


class SGD(GradientMethod):
    """Stochastic gradient descent.

    For a parameter `p` with the gradient `g`:

        p = p - lr * g

    Args:
        lr: learning rate.

    Raises:
        TypeError: `lr` is no number.
        ValueError: `lr` is not finite.

    References:
        H. Robbins, S. Monro, A Stochastic Approximation Method, Annals of Mathematical Statistics 22(3), 1951.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> model = L.Linear(1, 1, nobias=True, initialW=np.array([[3.0]], np.float32))
        >>> optimizer = SGD(lr=0.1).setup(model)
        >>> x = np.array([[2.0]], np.float32)
        >>> optimizer.update(lambda: (model(x) ** 2).sum())
        >>> model.W.array.round(4)
        array([[0.6]], dtype=float32)
    """

    lr = HyperparameterProxy("lr")

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.lr = lr

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return SGDRule(self.hyperparam)


class MomentumSGDRule(UpdateRule):
    """The rule of `MomentumSGD`, which remembers the velocity `v`."""

    def init_state(self, param: Parameter) -> None:
        """A velocity of zero."""
        self.state["v"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step with the velocity."""
        hp = self.hyperparam.resolved()
        p, v = param.array, self.state["v"]
        _momentum_sgd(p, param.grad, v, hp.lr, hp.momentum, out=(p, v))


class MomentumSGD(GradientMethod):
    """Stochastic gradient descent with momentum.

    For a parameter `p` with the gradient `g` and the velocity `v`, zero at first:

        v = momentum * v - lr * g
        p = p + v

    Args:
        lr: learning rate.
        momentum: share of the velocity that is kept at each step.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite.

    References:
        B. T. Polyak, Some methods of speeding up the convergence of iteration methods, USSR Computational Mathematics
        and Mathematical Physics 4(5), 1964.

    Example:
        >>> optimizer = MomentumSGD(lr=0.1)
        >>> optimizer.lr, optimizer.momentum
        (0.1, 0.9)
    """

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return MomentumSGDRule(self.hyperparam)


class CorrectedMomentumSGDRule(UpdateRule):
    """The rule of `CorrectedMomentumSGD`, which remembers the velocity `v`."""

    def init_state(self, param: Parameter) -> None:
        """A velocity of zero."""
        self.state["v"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step with the velocity, which knows nothing of the learning rate."""
        hp = self.hyperparam.resolved()
        p, v = param.array, self.state["v"]
        _corrected_momentum_sgd(p, param.grad, v, hp.lr, hp.momentum, out=(p, v))


class CorrectedMomentumSGD(GradientMethod):
    """Gradient descent with momentum, the learning rate applied to the velocity: a new rate acts at once and wholly.

    For a parameter `p` with the gradient `g` and the velocity `v`, zero at first:

        v = momentum * v - g
        p = p + lr * v

    Args:
        lr: learning rate.
        momentum: share of the velocity that is kept at each step.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite.

    References:
        P. Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, 2017, equation 10
        (https://arxiv.org/abs/1706.02677).

    Example:
        >>> CorrectedMomentumSGD(lr=0.1).momentum
        0.9
    """

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return CorrectedMomentumSGDRule(self.hyperparam)


class NesterovAGRule(UpdateRule):
    """The rule of `NesterovAG`, which remembers the velocity `v`."""

    def init_state(self, param: Parameter) -> None:
        """A velocity of zero."""
        self.state["v"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step with the velocity, ahead of itself."""
        hp = self.hyperparam.resolved()
        p, v = param.array, self.state["v"]
        _nesterov_ag(p, param.grad, v, hp.lr, hp.momentum, out=(p, v))


class NesterovAG(GradientMethod):
    """Nesterov's accelerated gradient, in the form that updates the point at which the gradient is taken.

    For a parameter `p` with the gradient `g` and the velocity `v`, zero at first:

        v = momentum * v - lr * g
        p = p + momentum**2 * v - (1 + momentum) * lr * g

    This is Chainer's formula, which takes the new velocity where the paper takes the old one.

    Args:
        lr: learning rate.
        momentum: share of the velocity that is kept at each step.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite.

    References:
        Y. Bengio, N. Boulanger-Lewandowski, R. Pascanu, Advances in Optimizing Recurrent Networks, ICASSP 2013
        (https://arxiv.org/abs/1212.0901).

    Example:
        >>> NesterovAG(lr=0.1).momentum
        0.9
    """

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return NesterovAGRule(self.hyperparam)


class MSVAGRule(UpdateRule):
    """The rule of `MSVAG`, which remembers the means `m` and `v`."""

    def init_state(self, param: Parameter) -> None:
        """Means of zero."""
        self.state["m"] = xp.zeros_like(param.array)
        self.state["v"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step along the corrected mean, shortened where the gradients disagree."""
        hp, p, m, v = self.hyperparam.resolved(), param.array, self.state["m"], self.state["v"]
        kept = hp.beta**self.t
        # At the first step nothing is known of the variance: rho would be 1.
        rho = min((1 - hp.beta) ** 2 * (1 - kept**2) / ((1 - kept) ** 2 * (1 - hp.beta**2)), 0.9999)
        numbers = (1 - kept, rho, hp.lr, hp.beta, hp.eta, hp.weight_decay_rate)
        _msvag(p, param.grad, m, v, *numbers, out=(p, m, v))


class MSVAG(GradientMethod):
    """Momentum SGD whose steps are shortened by the variance of the gradients: M-SVAG.

    For a parameter `p` with the gradient `g`, at step `t` counted from 1, with `m` and `v` zero at first:

        m = m + (1 - beta) * (g - m),  v = v + (1 - beta) * (g * g - v)
        mean = m / (1 - beta**t)
        rho = (1 - beta)**2 * (1 - beta**(2 t)) / ((1 - beta**t)**2 * (1 - beta**2)), at most 0.9999
        variance = (v / (1 - beta**t) - mean**2) / (1 - rho)
        factor = mean**2 / (mean**2 + rho * variance), kept between 0 and 1
        p = p - eta * (lr * mean * factor + weight_decay_rate * p)

    Args:
        lr: learning rate.
        beta: share of both means that is kept at each step, from 0 to below 1.
        eta: factor on the whole step, for schedules that shall scale the weight decay as well.
        weight_decay_rate: weight decay apart from the gradient.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or `beta` is not in [0, 1).

    References:
        L. Balles, P. Hennig, Dissecting Adam: The Sign, Magnitude and Variance of Stochastic Gradients, ICML 2018
        (https://arxiv.org/abs/1705.07774).

    Example:
        >>> MSVAG().lr
        0.1
    """

    lr = HyperparameterProxy("lr")
    beta = HyperparameterProxy("beta", fraction=True)
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")

    def __init__(self, lr: float = 0.1, beta: float = 0.9, eta: float = 1.0, weight_decay_rate: float = 0.0) -> None:
        super().__init__()
        self.lr = lr
        self.beta = beta
        self.eta = eta
        self.weight_decay_rate = weight_decay_rate

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return MSVAGRule(self.hyperparam)
