"""Optimizers that scale each element's step by what its gradients were: AdaGrad and its kin."""

from __future__ import annotations

import xparray as xp
from catena.nn import Parameter
from catena.training.optimizers._optimizer import GradientMethod, HyperparameterProxy, UpdateRule
from xparray import Array


@xp.elementwise
def _ada_grad(p: Array, g: Array, h: Array, lr: float, eps: float) -> tuple[Array, Array]:
    h = h + g * g
    return p - lr * g / (xp.sqrt(h) + eps), h


@xp.elementwise
def _ada_delta(p: Array, g: Array, msg: Array, msdx: Array, rho: float, eps: float) -> tuple[Array, Array, Array]:
    msg = rho * msg + (1 - rho) * g * g
    dx = xp.sqrt((msdx + eps) / (msg + eps)) * g
    return p - dx, msg, rho * msdx + (1 - rho) * dx * dx


@xp.elementwise
def _rms_prop(p: Array, g: Array, ms: Array, lr: float, alpha: float, eps: float) -> tuple[Array, Array]:
    ms = alpha * ms + (1 - alpha) * g * g
    return p - lr * g / (xp.sqrt(ms) + eps), ms


@xp.elementwise
def _rms_prop_inside(p: Array, g: Array, ms: Array, lr: float, alpha: float, eps: float) -> tuple[Array, Array]:
    ms = alpha * ms + (1 - alpha) * g * g
    return p - lr * g / xp.sqrt(ms + eps), ms


@xp.elementwise
def _rms_prop_graves(
    p: Array, grad: Array, n: Array, g: Array, delta: Array, lr: float, alpha: float, momentum: float, eps: float
) -> tuple[Array, Array, Array, Array]:
    n = alpha * n + (1 - alpha) * grad * grad
    g = alpha * g + (1 - alpha) * grad
    delta = momentum * delta - lr * grad / xp.sqrt(n - g * g + eps)
    return p + delta, n, g, delta


@xp.elementwise
def _smorms3(
    p: Array, grad: Array, mem: Array, g: Array, g2: Array, lr: float, eps: float
) -> tuple[Array, Array, Array, Array]:
    r = 1 / (mem + 1)
    g = (1 - r) * g + r * grad
    g2 = (1 - r) * g2 + r * grad * grad
    x = g * g / (g2 + eps)
    return p - grad * xp.minimum(x, lr) / (xp.sqrt(g2) + eps), 1 + mem * (1 - x), g, g2


class AdaGradRule(UpdateRule):
    """The rule of `AdaGrad`, which remembers the sum of squares `h`."""

    def init_state(self, param: Parameter) -> None:
        """A sum of zero."""
        self.state["h"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step, the shorter the greater the gradients were."""
        hp, p, h = self.hyperparam.resolved(), param.array, self.state["h"]
        _ada_grad(p, param.grad, h, hp.lr, hp.eps, out=(p, h))


class AdaGrad(GradientMethod):
    """AdaGrad: steps divided by the root of the sum of all squared gradients so far.

    For a parameter `p` with the gradient `g`, with `h` zero at first:

        h = h + g * g
        p = p - lr * g / (sqrt(h) + eps)

    Args:
        lr: learning rate.
        eps: keeps the division from blowing up.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite.

    References:
        J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization,
        Journal of Machine Learning Research 12, 2011.

    Example:
        >>> optimizer = AdaGrad(lr=0.01)
        >>> optimizer.lr, optimizer.eps
        (0.01, 1e-08)
    """

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        self.lr = lr
        self.eps = eps

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return AdaGradRule(self.hyperparam)


class AdaDeltaRule(UpdateRule):
    """The rule of `AdaDelta`, which remembers the mean squares of gradients, `msg`, and of steps, `msdx`."""

    def init_state(self, param: Parameter) -> None:
        """Means of zero."""
        self.state["msg"] = xp.zeros_like(param.array)
        self.state["msdx"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step of the length that earlier steps had."""
        hp, p, msg, msdx = self.hyperparam.resolved(), param.array, self.state["msg"], self.state["msdx"]
        _ada_delta(p, param.grad, msg, msdx, hp.rho, hp.eps, out=(p, msg, msdx))


class AdaDelta(GradientMethod):
    """AdaDelta: steps of the gradient's size times the ratio of earlier steps to earlier gradients; no learning rate.

    For a parameter `p` with the gradient `g`, with `msg` and `msdx` zero at first:

        msg = rho * msg + (1 - rho) * g * g
        dx = sqrt((msdx + eps) / (msg + eps)) * g
        msdx = rho * msdx + (1 - rho) * dx * dx
        p = p - dx

    Args:
        rho: share of both means that is kept at each step, from 0 to below 1.
        eps: lets the first steps begin, and keeps the division from blowing up.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or `rho` is not in [0, 1).

    References:
        M. D. Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012 (https://arxiv.org/abs/1212.5701).

    Example:
        >>> AdaDelta().rho
        0.95
    """

    rho = HyperparameterProxy("rho", fraction=True)
    eps = HyperparameterProxy("eps")

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        self.rho = rho
        self.eps = eps

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return AdaDeltaRule(self.hyperparam)


class RMSpropRule(UpdateRule):
    """The rule of `RMSprop`, which remembers the mean square `ms`."""

    def init_state(self, param: Parameter) -> None:
        """A mean of zero."""
        self.state["ms"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step of the gradient over its root mean square."""
        hp, p, ms = self.hyperparam.resolved(), param.array, self.state["ms"]
        step = _rms_prop_inside if hp.eps_inside_sqrt else _rms_prop
        step(p, param.grad, ms, hp.lr, hp.alpha, hp.eps, out=(p, ms))


class RMSprop(GradientMethod):
    """RMSprop: steps divided by the root of a running mean of squared gradients.

    For a parameter `p` with the gradient `g`, with `ms` zero at first:

        ms = alpha * ms + (1 - alpha) * g * g
        p = p - lr * g / (sqrt(ms) + eps)

    With `eps_inside_sqrt` the divisor is `sqrt(ms + eps)`.

    Args:
        lr: learning rate.
        alpha: share of the mean that is kept at each step, from 0 to below 1.
        eps: keeps the division from blowing up.
        eps_inside_sqrt: whether `eps` is added under the root.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or `alpha` is not in [0, 1).

    References:
        T. Tieleman, G. Hinton, Lecture 6.5 - rmsprop, COURSERA: Neural Networks for Machine Learning, 2012.

    Example:
        >>> RMSprop(lr=0.001).alpha
        0.99
    """

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha", fraction=True)
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8, eps_inside_sqrt: bool = False) -> None:
        super().__init__()
        self.lr = lr
        self.alpha = alpha
        self.eps = eps
        self.hyperparam.eps_inside_sqrt = bool(eps_inside_sqrt)

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return RMSpropRule(self.hyperparam)


class RMSpropGravesRule(UpdateRule):
    """The rule of `RMSpropGraves`, which remembers two means, `n` and `g`, and the step `delta`."""

    def init_state(self, param: Parameter) -> None:
        """Means and a step of zero."""
        for name in ("n", "g", "delta"):
            self.state[name] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step with momentum, of the gradient over its standard deviation."""
        hp, p, state = self.hyperparam.resolved(), param.array, self.state
        n, g, delta = state["n"], state["g"], state["delta"]
        _rms_prop_graves(p, param.grad, n, g, delta, hp.lr, hp.alpha, hp.momentum, hp.eps, out=(p, n, g, delta))


class RMSpropGraves(GradientMethod):
    """RMSprop in the form of Graves: centred, and with momentum.

    For a parameter `p` with the gradient `grad`, with `n`, `g` and `delta` zero at first:

        n = alpha * n + (1 - alpha) * grad * grad
        g = alpha * g + (1 - alpha) * grad
        delta = momentum * delta - lr * grad / sqrt(n - g * g + eps)
        p = p + delta

    Args:
        lr: learning rate.
        alpha: share of both means that is kept at each step, from 0 to below 1.
        momentum: share of the step that is kept.
        eps: keeps the division from blowing up.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or `alpha` is not in [0, 1).

    References:
        A. Graves, Generating Sequences With Recurrent Neural Networks, 2013, equations 38 to 41
        (https://arxiv.org/abs/1308.0850).

    Example:
        >>> RMSpropGraves().momentum
        0.9
    """

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha", fraction=True)
    momentum = HyperparameterProxy("momentum")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 1e-4, alpha: float = 0.95, momentum: float = 0.9, eps: float = 1e-4) -> None:
        super().__init__()
        self.lr = lr
        self.alpha = alpha
        self.momentum = momentum
        self.eps = eps

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return RMSpropGravesRule(self.hyperparam)


class SMORMS3Rule(UpdateRule):
    """The rule of `SMORMS3`, which remembers how long its means reach, `mem`, and the means `g` and `g2`."""

    def init_state(self, param: Parameter) -> None:
        """A memory of one step, means of zero."""
        self.state["mem"] = xp.ones_like(param.array)
        self.state["g"] = xp.zeros_like(param.array)
        self.state["g2"] = xp.zeros_like(param.array)

    def update_core(self, param: Parameter) -> None:
        """One step, the longer the better its direction is known."""
        hp, p, state = self.hyperparam.resolved(), param.array, self.state
        mem, g, g2 = state["mem"], state["g"], state["g2"]
        _smorms3(p, param.grad, mem, g, g2, hp.lr, hp.eps, out=(p, mem, g, g2))


class SMORMS3(GradientMethod):
    """SMORMS3: steps scaled by how well the mean of recent gradients tells their direction.

    For a parameter `p` with the gradient `grad`, with `mem` one, `g` and `g2` zero at first:

        r = 1 / (mem + 1)
        g = (1 - r) * g + r * grad
        g2 = (1 - r) * g2 + r * grad * grad
        x = g * g / (g2 + eps)
        p = p - grad * min(lr, x) / (sqrt(g2) + eps)
        mem = 1 + mem * (1 - x)

    Args:
        lr: greatest learning rate.
        eps: keeps the divisions from blowing up.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite.

    References:
        S. Funk, RMSprop loses to SMORMS3 - Beware the Epsilon!, 2015 (https://sifter.org/~simon/journal/20150420.html).

    Example:
        >>> SMORMS3().lr
        0.001
    """

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 0.001, eps: float = 1e-16) -> None:
        super().__init__()
        self.lr = lr
        self.eps = eps

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return SMORMS3Rule(self.hyperparam)
