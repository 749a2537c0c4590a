"""Adam, and its variants: decoupled decay, the greatest second moment, steps held between bounds."""

from __future__ import annotations

import math

import xparray as xp
from catena.nn import Parameter
from catena.training.optimizers._optimizer import GradientMethod, Hyperparameter, HyperparameterProxy, UpdateRule
from xparray import Array


@xp.elementwise
def _adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    alpha_t: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float,
    weight_decay_rate: float,
) -> tuple[Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return p - eta * (alpha_t * m / (xp.sqrt(v) + eps) + weight_decay_rate * p), m, v


@xp.elementwise
def _amsgrad(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    vhat: Array,
    alpha_t: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float,
    weight_decay_rate: float,
) -> tuple[Array, Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    vhat = xp.maximum(vhat, v)
    return p - eta * (alpha_t * m / (xp.sqrt(vhat) + eps) + weight_decay_rate * p), m, v, vhat


@xp.elementwise
def _adabound(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    alpha_t: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float,
    weight_decay_rate: float,
    lower: float,
    upper: float,
) -> tuple[Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    step = xp.minimum(xp.maximum(alpha_t / (xp.sqrt(v) + eps), lower), upper)
    return p - eta * (step * m + weight_decay_rate * p), m, v


@xp.elementwise
def _amsbound(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    vhat: Array,
    alpha_t: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float,
    weight_decay_rate: float,
    lower: float,
    upper: float,
) -> tuple[Array, Array, Array, Array]:
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    vhat = xp.maximum(vhat, v)
    step = xp.minimum(xp.maximum(alpha_t / (xp.sqrt(vhat) + eps), lower), upper)
    return p - eta * (step * m + weight_decay_rate * p), m, v, vhat


def _alpha_t(hp: Hyperparameter, t: int) -> float:
    """The step size at step `t`, from 1: alpha with both means corrected for their start at zero."""
    alpha: float = hp.alpha
    return alpha * math.sqrt(1 - hp.beta2**t) / (1 - hp.beta1**t)


class AdamRule(UpdateRule):
    """The rule of `Adam`, which remembers the means `m` and `v`, and with amsgrad the greatest `v` so far, `vhat`."""

    @property
    def alpha_t(self) -> float:
        """The step size at the last update."""
        return _alpha_t(self.hyperparam, self.t)

    def __init__(self, parent_hyperparam: Hyperparameter | None = None) -> None:
        super().__init__(parent_hyperparam)
        # A schedule of alpha moves the bounds by the same factor.
        self._first_alpha: float = self.hyperparam.alpha

    @property
    def bounds(self) -> tuple[float, float]:
        """Between what the step size of each element was held at the last update, with adabound.

        Raises:
            ValueError: there was no update yet.
        """
        if self.t == 0:
            raise ValueError("AdamRule.bounds: there was no update yet, and the bounds depend on their number")
        hp = self.hyperparam
        final_lr = hp.final_lr * hp.alpha / self._first_alpha
        return final_lr * (1 - 1 / (hp.gamma * self.t + 1)), final_lr * (1 + 1 / (hp.gamma * self.t))

    def init_state(self, param: Parameter) -> None:
        """Means of zero."""
        p, hp = param.array, self.hyperparam
        if hp.eps > 0 and float(xp.full((), hp.eps, dtype=p.dtype, device=xp.device_of(p))) == 0:
            raise ValueError(
                f"Adam: eps is {hp.eps}, which is zero in {p.dtype}, the dtype of a parameter; pass a greater one, "
                "such as eps=1e-4"
            )
        self.state["m"] = xp.zeros_like(p)
        self.state["v"] = xp.zeros_like(p)
        if hp.amsgrad:
            self.state["vhat"] = xp.zeros_like(p)

    def update_core(self, param: Parameter) -> None:
        """One step along the corrected means."""
        hp, state, p, g = self.hyperparam.resolved(), self.state, param.array, param.grad
        m, v = state["m"], state["v"]
        numbers = (_alpha_t(hp, self.t), hp.beta1, hp.beta2, hp.eps, hp.eta, hp.weight_decay_rate)
        bounds = self.bounds if hp.adabound else ()
        if hp.amsgrad:
            vhat = state["vhat"]
            (_amsbound if bounds else _amsgrad)(p, g, m, v, vhat, *numbers, *bounds, out=(p, m, v, vhat))
        else:
            (_adabound if bounds else _adam)(p, g, m, v, *numbers, *bounds, out=(p, m, v))


class Adam(GradientMethod):
    """Adam: steps scaled by running means of the gradient and of its square.

    For a parameter `p` with the gradient `g`, at step `t` counted from 1, with `m` and `v` zero at first:

        m = m + (1 - beta1) * (g - m)
        v = v + (1 - beta2) * (g * g - v)
        alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
        p = p - eta * (alpha_t * m / (sqrt(v) + eps) + weight_decay_rate * p)

    This is the paper's Algorithm 1 in the order of computation that its section 2 ends with, so `eps` is the paper's
    eps-hat. With `amsgrad`, `vhat = max(vhat, v)` takes the place of `v` in the last line. With `adabound` the factor
    of `m` there, `alpha_t / (sqrt(v) + eps)`, is kept between two bounds that approach `final_lr`:

        lower = final_lr * (1 - 1 / (gamma * t + 1))
        upper = final_lr * (1 + 1 / (gamma * t))

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step, from 0 to below 1.
        beta2: share of the squared gradient's mean that is kept at each step, from 0 to below 1.
        eps: keeps the division from blowing up.
        eta: factor on the whole step, for schedules that shall scale the weight decay as well.
        weight_decay_rate: weight decay apart from the gradient (AdamW).
        amsgrad: whether to scale by the greatest `v` so far.
        adabound: whether to keep the step size of each element between bounds.
        final_lr: what the bounds approach; scaled along where `alpha` is changed later.
        gamma: how fast they approach it.

    Raises:
        TypeError: a hyperparameter is no number.
        ValueError: a hyperparameter is not finite, or a beta is not in [0, 1); at the first update, `eps` is zero in a
            parameter's dtype.

    References:
        D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015 (https://arxiv.org/abs/1412.6980).
        I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (https://arxiv.org/abs/1711.05101).
        S. J. Reddi, S. Kale, S. Kumar, On the Convergence of Adam and Beyond, ICLR 2018
        (https://arxiv.org/abs/1904.09237).
        L. Luo, Y. Xiong, Y. Liu, X. Sun, Adaptive Gradient Methods with Dynamic Bound of Learning Rate, ICLR 2019
        (https://arxiv.org/abs/1902.09843).

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> model = L.Linear(1, 1, nobias=True, initialW=np.array([[3.0]], np.float32))
        >>> optimizer = Adam(alpha=0.1).setup(model)
        >>> x = np.array([[2.0]], np.float32)
        >>> optimizer.update(lambda: (model(x) ** 2).sum())
        >>> model.W.array.round(4)
        array([[2.9]], dtype=float32)
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1", fraction=True)
    beta2 = HyperparameterProxy("beta2", fraction=True)
    eps = HyperparameterProxy("eps")
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")
    final_lr = HyperparameterProxy("final_lr")
    gamma = HyperparameterProxy("gamma")

    def __init__(
        self,
        alpha: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        eta: float = 1.0,
        weight_decay_rate: float = 0.0,
        amsgrad: bool = False,
        adabound: bool = False,
        final_lr: float = 0.1,
        gamma: float = 1e-3,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.eta = eta
        self.weight_decay_rate = weight_decay_rate
        self.final_lr = final_lr
        self.gamma = gamma
        self.hyperparam.amsgrad = bool(amsgrad)
        self.hyperparam.adabound = bool(adabound)

    @property
    def amsgrad(self) -> bool:
        """Whether steps are scaled by the greatest `v` so far."""
        chosen: bool = self.hyperparam.amsgrad
        return chosen

    @property
    def adabound(self) -> bool:
        """Whether the step size of each element is kept between bounds."""
        chosen: bool = self.hyperparam.adabound
        return chosen

    @property
    def alpha_t(self) -> float:
        """The step size at the last update, `alpha` with bias correction.

        Raises:
            ValueError: there was no update yet.
        """
        if self.t == 0:
            raise ValueError(
                "Adam.alpha_t: there was no update yet, and the correction depends on their number; read alpha instead"
            )
        return _alpha_t(self.hyperparam, self.t)

    @property
    def lr(self) -> float:
        """Another name of `alpha_t`, under which every optimizer's learning rate can be read."""
        return self.alpha_t

    def create_update_rule(self) -> UpdateRule:
        """A rule for one parameter."""
        return AdamRule(self.hyperparam)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: `Adam(weight_decay_rate=...)` under the name it is known by.

    The decay is `eta * weight_decay_rate * p`, not scaled by `alpha`.

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step.
        beta2: share of the squared gradient's mean that is kept at each step.
        eps: keeps the division from blowing up.
        eta: factor on the whole step.
        weight_decay_rate: rate of the decay.

    References:
        I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (https://arxiv.org/abs/1711.05101).

    Example:
        >>> AdamW(weight_decay_rate=0.01).weight_decay_rate
        0.01
    """

    def __init__(
        self,
        alpha: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        eta: float = 1.0,
        weight_decay_rate: float = 0.0,
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, weight_decay_rate)


class AMSGrad(Adam):
    """Adam scaled by the greatest second moment so far: `Adam(amsgrad=True)`.

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step.
        beta2: share of the squared gradient's mean that is kept at each step.
        eps: keeps the division from blowing up.
        eta: factor on the whole step.

    References:
        S. J. Reddi, S. Kale, S. Kumar, On the Convergence of Adam and Beyond, ICLR 2018
        (https://arxiv.org/abs/1904.09237).

    Example:
        >>> AMSGrad().amsgrad
        True
    """

    def __init__(
        self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, eta: float = 1.0
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, amsgrad=True)


class AdaBound(Adam):
    """Adam whose step sizes are kept between bounds that approach those of SGD: `Adam(adabound=True)`.

    Args:
        alpha: step size.
        beta1: share of the gradient's mean that is kept at each step.
        beta2: share of the squared gradient's mean that is kept at each step.
        final_lr: what the bounds approach.
        gamma: how fast they approach it.
        eps: keeps the division from blowing up.
        eta: factor on the whole step.

    References:
        L. Luo, Y. Xiong, Y. Liu, X. Sun, Adaptive Gradient Methods with Dynamic Bound of Learning Rate, ICLR 2019
        (https://arxiv.org/abs/1902.09843).

    Example:
        >>> AdaBound(final_lr=0.5).final_lr
        0.5
    """

    _amsgrad = False

    def __init__(
        self,
        alpha: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        final_lr: float = 0.1,
        gamma: float = 1e-3,
        eps: float = 1e-8,
        eta: float = 1.0,
    ) -> None:
        super().__init__(
            alpha, beta1, beta2, eps, eta, amsgrad=self._amsgrad, adabound=True, final_lr=final_lr, gamma=gamma
        )


class AMSBound(AdaBound):
    """AdaBound scaled by the greatest second moment so far: `Adam(amsgrad=True, adabound=True)`.

    It takes the arguments of `AdaBound`.

    Example:
        >>> AMSBound().amsgrad
        True
    """

    _amsgrad = True
