"""Gradient descent, plain and with momentum."""

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
