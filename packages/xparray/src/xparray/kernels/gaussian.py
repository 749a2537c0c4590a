"""The error function, and the Gaussian error linear unit that is made of it.

Loops compute them from exp and one polynomial; see `elementary` for what a `scalar` is. Coefficients are best approximations by
Remez's algorithm. Relative errors stay below 1.5 times the dtype's epsilon for erf and 3.5 times for gelu, down to its smallest
results; those of `gelu_tanh` grow with the argument of its exponential.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xparray._dispatch import array_namespace
from xparray._kernel import kernel, loop, scalar
from xparray._typing import Array
from xparray.kernels.activation import sigmoid
from xparray.kernels.elementary import alike, exp_sum, f4, f8, floating, i4, i8, mapped
from xparray.kernels.elementary import sigmoid as sigmoid_of

# gauss(t, c) = exp(-c t^2) for t from 0 to 40 and c a power of two; t^2 is taken in two parts, of which the first is exact, since
# an error in the argument of exp is a relative error of the result.


def _gauss32(t: Any, c: Any) -> Any:
    head = i4(f4(t).view(np.int32) & -4096).view(np.float32)
    return exp_sum(-c * head * head, -c * ((t - head) * (t + head)))


def _gauss64(t: Any, c: Any) -> Any:
    head = i8(f8(t).view(np.int64) & -134217728).view(np.float64)
    return exp_sum(-c * head * head, -c * ((t - head) * (t + head)))


gauss = scalar(float32=_gauss32, float64=_gauss64)

# mills(t), for t from 0 to 40, is the probability of more than t, divided by exp(-t^2 / 2), a smooth function that falls from 1/2
# like 1 / t. Times t + 4 (or 5), it is a polynomial in (t - 4) / (t + 4). The version for float64 is plain arithmetic, which
# serves arrays as well.


def _mills32(t: Any) -> Any:
    inverse = f4(1.0) / (t + f4(4.0))
    u = (t - f4(4.0)) * inverse
    p = f4(-1.310283988e-04)
    p = p * u + f4(1.813806448e-04)
    p = p * u + f4(1.570643741e-03)
    p = p * u + f4(-3.513510339e-03)
    p = p * u + f4(-7.525829598e-03)
    p = p * u + f4(6.040395796e-02)
    p = p * u + f4(-1.865233481e-01)
    p = p * u + f4(3.871369064e-01)
    p = p * u + f4(-6.078965664e-01)
    p = p * u + f4(7.552851439e-01)
    return p * inverse


def mills64(t: Any) -> Any:
    """The probability of a normal variable to exceed `t`, from 0 to 40, over exp(-t^2 / 2), of a number or an array."""
    inverse = 1.0 / (t + 5.0)
    u = (t - 5.0) * inverse
    p = 2.0138417282060216e-09 * u + 7.181781304571702e-09
    p = p * u - 1.0210818079360023e-08
    p = p * u - 6.531930620452063e-08
    p = p * u + 4.361247764817175e-08
    p = p * u + 4.3268582270729594e-07
    p = p * u - 3.377434422460277e-07
    p = p * u - 2.7690548250438266e-06
    p = p * u + 3.981491498752591e-06
    p = p * u + 1.6681144694235958e-05
    p = p * u - 4.976301035615674e-05
    p = p * u - 5.937571124992753e-05
    p = p * u + 0.0005448991058998424
    p = p * u - 0.0007978694014845912
    p = p * u - 0.0029933767757008194
    p = p * u + 0.020795066800242838
    p = p * u - 0.06911863870595157
    p = p * u + 0.1650203661703615
    p = p * u - 0.31353315667131576
    p = p * u + 0.495305615969977
    p = p * u - 0.6653825028900566
    p = p * u + 0.769193049750063
    return p * inverse


mills = scalar(float32=_mills32, float64=mills64)

# erf(x) is 1 - 2 exp(-x^2) mills(sqrt(2) x), and near 0, where that would cancel, x + x P(x^2).


def _near_erf32(x: Any) -> Any:
    z = x * x
    p = f4(7.853849820e-05)
    p = p * z + f4(-8.010202437e-04)
    p = p * z + f4(5.188330542e-03)
    p = p * z + f4(-2.685381472e-02)
    p = p * z + f4(1.128358543e-01)
    p = p * z + f4(-3.761262596e-01)
    p = p * z + f4(1.283791661e-01)
    return x + x * p


def near_erf64(x: Any) -> Any:
    """erf(x) for x from -1 to 1, of a number or an array."""
    z = x * x
    p = 5.945255584223488e-11 * z - 1.136567067182716e-09
    p = p * z + 1.4657883530919653e-08
    p = p * z - 1.635002619207727e-07
    p = p * z + 1.6460972954153765e-06
    p = p * z - 1.4925593518728226e-05
    p = p * z + 0.00012055331037551108
    p = p * z - 0.0008548326978765149
    p = p * z + 0.00522397762478137
    p = p * z - 0.02686617064507296
    p = p * z + 0.11283791670954858
    p = p * z - 0.3761263890318375
    p = p * z + 0.1283791670955126
    return x + x * p


_near_erf = scalar(float32=_near_erf32, float64=near_erf64)


def _erf32(x: Any) -> Any:
    t = f4(10.0) if abs(x) > f4(10.0) else abs(x)
    far = f4(1.0) - f4(2.0) * gauss(t, f4(1.0)) * mills(t * f4(1.4142135623730951))
    far = -far if x < f4(0.0) else far
    near = _near_erf(x)
    return near if t < f4(1.0) else far


def _erf64(x: Any) -> Any:
    t = 10.0 if abs(x) > 10.0 else abs(x)
    far = 1.0 - 2.0 * gauss(t, 1.0) * mills(t * 1.4142135623730951)
    far = -far if x < 0.0 else far
    near = _near_erf(x)
    return near if t < 1.0 else far


erf_of = scalar(float32=_erf32, float64=_erf64)

# -------------------------------------------------------------------------------------------- error function


# Where exp(-t^2 / 2) is 0 in every dtype.
FAR = 39.0


@kernel
def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, elementwise."""
    ns = array_namespace(x)
    near = ns.clip(x, min=-1, max=1)
    t = ns.clip(ns.abs(x), max=10)
    far = 1 - 2 * ns.exp(-t * t) * mills64(t * math.sqrt(2))
    return ns.where(t < 1, near_erf64(near), ns.where(x < 0, -far, far))


@erf.on("host")
def _(x: Any) -> Any:
    return mapped(_erf, x) if floating(x) else NotImplemented


@loop
def _erf(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = erf_of(x[i])


@kernel
def erf_grad(g: Array, x: Array) -> Array:
    """g 2 / sqrt(pi) exp(-x^2): the gradient of `erf`."""
    ns = array_namespace(x)
    t = ns.clip(x, min=-FAR, max=FAR)
    return g * ns.exp(-t * t) * (2 / math.sqrt(math.pi))


@erf_grad.on("host")
def _(g: Any, x: Any) -> Any:
    return mapped(_erf_grad, g, x) if alike(g, x) else NotImplemented


@loop
def _erf_grad(g: Any, x: Any, gx: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    far = g.dtype.type(FAR)
    for i in range(x.size):
        t = far if abs(x[i]) > far else abs(x[i])
        gx[i] = g[i] * gauss(t, g.dtype.type(1)) * g.dtype.type(1.1283791670955126)


# ----------------------------------------------------------------------------------------------------- gelu


@kernel
def gelu(x: Array) -> Array:
    """x P(x) with P(x) = (1 + erf(x / sqrt(2))) / 2, the probability that a normal variable is less than x.

    Source: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units (GELUs), 2016, https://arxiv.org/abs/1606.08415.
    """
    ns = array_namespace(x)
    t = _distance(x)
    tail = ns.exp(-0.5 * t * t) * mills64(t)
    return ns.where(x < 0, -t * tail, x * (1 - tail))


@gelu.on("host")
def _(x: Any) -> Any:
    return mapped(_gelu, x) if floating(x) else NotImplemented


@loop
def _gelu(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    far, half, one = x.dtype.type(FAR), x.dtype.type(0.5), x.dtype.type(1)
    for i in range(x.size):
        t = far if abs(x[i]) > far else abs(x[i])
        density, ratio = gauss(t, half), mills(t)
        y[i] = -t * ratio * density if x[i] < 0 else x[i] * (one - density * ratio)


@kernel
def gelu_grad(g: Array, x: Array) -> Array:
    """g (P(x) + x exp(-x^2 / 2) / sqrt(2 pi)): the gradient of `gelu`."""
    ns = array_namespace(x)
    t = _distance(x)
    density = ns.exp(-0.5 * t * t)
    away = density * (mills64(t) - t * (1 / math.sqrt(2 * math.pi)))
    return g * ns.where(x < 0, away, 1 - away)


@gelu_grad.on("host")
def _(g: Any, x: Any) -> Any:
    return mapped(_gelu_grad, g, x) if alike(g, x) else NotImplemented


@loop
def _gelu_grad(g: Any, x: Any, gx: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    far, half, one = x.dtype.type(FAR), x.dtype.type(0.5), x.dtype.type(1)
    for i in range(x.size):
        t = far if abs(x[i]) > far else abs(x[i])
        away = gauss(t, half) * (mills(t) - t * x.dtype.type(0.3989422804014327))
        gx[i] = g[i] * (away if x[i] < 0 else one - away)


def _distance(x: Array) -> Array:
    ns = array_namespace(x)
    return ns.clip(ns.where(x < 0, -x, x), max=FAR)  # not |x|, whose slope at 0 is wrong


# Beyond the edge the gate is 0 or 1 in every dtype, and powers of x would overflow.
EDGE = 30.0
LINEAR = 2 * math.sqrt(2 / math.pi)
CUBIC = 0.044715 * LINEAR


@kernel
def gelu_tanh(x: Array) -> Array:
    """x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), which is near `gelu`; computed as x / (1 + exp(-2 u))."""
    return x * _gate(_inside(x))


@gelu_tanh.on("host")
def _(x: Any) -> Any:
    return mapped(_gelu_tanh, x) if floating(x) else NotImplemented


@loop
def _gelu_tanh(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    edge = x.dtype.type(EDGE)
    for i in range(x.size):
        a = -edge if x[i] < -edge else edge if x[i] > edge else x[i]
        y[i] = x[i] * sigmoid_of(a * (x.dtype.type(LINEAR) + x.dtype.type(CUBIC) * a * a))


@kernel
def gelu_tanh_grad(g: Array, x: Array) -> Array:
    """The gradient of `gelu_tanh`."""
    a = _inside(x)
    gate = _gate(a)
    return g * gate * (1 + a * (1 - gate) * (LINEAR + 3 * CUBIC * a * a))


@gelu_tanh_grad.on("host")
def _(g: Any, x: Any) -> Any:
    return mapped(_gelu_tanh_grad, g, x) if alike(g, x) else NotImplemented


@loop
def _gelu_tanh_grad(g: Any, x: Any, gx: Any, start: Any, stop: Any) -> None:
    g, x, gx = g[start:stop], x[start:stop], gx[start:stop]
    edge, one, linear, cubic = x.dtype.type(EDGE), x.dtype.type(1), x.dtype.type(LINEAR), x.dtype.type(CUBIC)
    for i in range(x.size):
        a = -edge if x[i] < -edge else edge if x[i] > edge else x[i]
        gate = sigmoid_of(a * (linear + cubic * a * a))
        gx[i] = g[i] * gate * (one + a * (one - gate) * (linear + x.dtype.type(3) * cubic * a * a))


def _inside(x: Array) -> Array:
    return array_namespace(x).clip(x, min=-EDGE, max=EDGE)


def _gate(a: Array) -> Array:
    return sigmoid(a * (LINEAR + CUBIC * a * a))
