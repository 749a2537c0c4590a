"""Elementary functions: polynomials that numba compiles to vector instructions, and the functions of tagged arrays made of them.

Numba's own `exp`, `log` and `tanh` call the C library for one number at a time; a polynomial in a loop is computed for eight or
sixteen at once. Each `scalar` reduces its argument to a short interval and evaluates there a polynomial, or a quotient of two, by
Horner's rule. Coefficients, but for float32's tanh: S. L. Moshier, Cephes Mathematical Library 2.8, https://www.netlib.org/cephes
(expf.c and logf.c for float32; exp.c, log.c and tanh.c for float64). Relative errors stay below 3e-7 in float32 (exp and log 1e-7)
and 5e-16 in float64. NaN gives NaN; infinities, overflow and subnormal numbers come out as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xparray._kernel import Loop, jit_enabled, loop, scalar

f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64

# ------------------------------------------------------------------------------------------------- scalars
#
# exp(x) = 2^n exp(r) with n the integer nearest to x / log 2. Adding 1.5 * 2^23 (float32) or 1.5 * 2^52 (float64) rounds to an
# integer, whose bits then stand at the end of the sum's; log 2 is split in two, so that n times its head is exact. 2^n is
# multiplied in two halves, so that results may be infinite or subnormal.


def _exp32(x: Any) -> Any:
    x = f4(-104.0) if x < f4(-104.0) else x
    x = f4(89.0) if x > f4(89.0) else x
    shifted = x * f4(1.4426950408889634) + f4(12582912.0)
    n = shifted - f4(12582912.0)
    r = x - n * f4(0.693359375) - n * f4(-2.12194440e-4)
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    y = p * r * r + r + f4(1.0)
    k = i4(f4(shifted).view(np.int32) - 0x4B400000)
    half = i4(k >> 1)
    return y * i4((half + 127) << 23).view(np.float32) * i4((k - half + 127) << 23).view(np.float32)


def _exp64(x: Any) -> Any:
    x = -746.0 if x < -746.0 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    r = x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6
    rr = r * r
    p = 1.26177193074810590878e-4
    p = p * rr + 3.02994407707441961300e-2
    p = (p * rr + 9.99999999999999999910e-1) * r
    q = 3.00198505138664455042e-6
    q = q * rr + 2.52448340349684104192e-3
    q = q * rr + 2.27265548208155028766e-1
    q = q * rr + 2.00000000000000000009
    y = 1.0 + 2.0 * (p / (q - p))
    k = i8(f8(shifted).view(np.int64) - 0x4338000000000000)
    half = i8(k >> 1)
    return y * i8((half + 1023) << 52).view(np.float64) * i8((k - half + 1023) << 52).view(np.float64)


exp = scalar(float32=_exp32, float64=_exp64)

# log(x) = log(m) + e log 2 with m between sqrt(1/2) and sqrt(2): the exponent of sqrt(1/2) taken off the bits of x leaves e in
# front, and the rest, put back, is m. Subnormal numbers are scaled up first.


def _log32(x: Any) -> Any:
    small = x < f4(1.17549435e-38)
    bits = f4(x * f4(8388608.0) if small else x).view(np.int32)
    e = i4((bits - 0x3F3504F3) >> 23)
    r = i4(bits - (e << 23)).view(np.float32) - f4(1.0)
    n = f4(e) - (f4(23.0) if small else f4(0.0))
    p = f4(7.0376836292e-2)
    p = p * r + f4(-1.1514610310e-1)
    p = p * r + f4(1.1676998740e-1)
    p = p * r + f4(-1.2420140846e-1)
    p = p * r + f4(1.4249322787e-1)
    p = p * r + f4(-1.6668057665e-1)
    p = p * r + f4(2.0000714765e-1)
    p = p * r + f4(-2.4999993993e-1)
    p = p * r + f4(3.3333331174e-1)
    rr = r * r
    y = p * r * rr + n * f4(-2.12194440e-4) - f4(0.5) * rr
    y = r + y + n * f4(0.693359375)
    y = y if x < f4(np.inf) else x  # infinity, and NaN, for which no comparison holds
    return y if x > f4(0.0) else (f4(-np.inf) if x == f4(0.0) else f4(np.nan))


def _log64(x: Any) -> Any:
    small = x < 2.2250738585072014e-308
    bits = f8(x * 4503599627370496.0 if small else x).view(np.int64)
    e = i8((bits - 0x3FE6A09E667F3BCD) >> 52)
    r = i8(bits - (e << 52)).view(np.float64) - 1.0
    n = f8(e) - (52.0 if small else 0.0)
    p = 1.01875663804580931796e-4
    p = p * r + 4.97494994976747001425e-1
    p = p * r + 4.70579119878881725854
    p = p * r + 1.44989225341610930846e1
    p = p * r + 1.79368678507819816313e1
    p = p * r + 7.70838733755885391666
    q = r + 1.12873587189167450590e1
    q = q * r + 4.52279145837532221105e1
    q = q * r + 8.29875266912776603211e1
    q = q * r + 7.11544750618563894466e1
    q = q * r + 2.31251620126765340583e1
    rr = r * r
    y = r * (rr * p / q) - n * 2.121944400546905827679e-4 - 0.5 * rr
    y = r + y + n * 0.693359375
    y = y if x < np.inf else x
    return y if x > 0.0 else (-np.inf if x == 0.0 else np.nan)


log = scalar(float32=_log32, float64=_log64)

# tanh(x) in float32 is x P(x^2) / Q(x^2): the quotient of fourth degree whose greatest relative error up to 9.02, beyond which
# the result rounds to 1, is least (2.4e-8, found by iteratively reweighted least squares with the constant terms held at 1).
# In float64 it is Cephes's quotient near zero, where 1 - 2 / (exp(2x) + 1), taken elsewhere, would cancel.


def _tanh32(x: Any) -> Any:
    x = f4(-9.02) if x < f4(-9.02) else x
    x = f4(9.02) if x > f4(9.02) else x
    z = x * x
    p = f4(1.3388018693660797e-08)
    p = p * z + f4(2.0637318812077865e-05)
    p = p * z + f4(0.003497476689517498)
    p = p * z + f4(0.13382677733898163)
    p = p * z + f4(1.0)
    q = f4(7.791463190187642e-07)
    q = q * z + f4(0.0003288601874373853)
    q = q * z + f4(0.02588435262441635)
    q = q * z + f4(0.4671599864959717)
    q = q * z + f4(1.0)
    y = x * (p / q)
    y = f4(-1.0) if y < f4(-1.0) else y
    return f4(1.0) if y > f4(1.0) else y


def _tanh64(x: Any) -> Any:
    z = x * x
    p = -9.64399179425052238628e-1
    p = p * z + -9.92877231001918586564e1
    p = p * z + -1.61468768441708447952e3
    q = z + 1.12811678491632931402e2
    q = q * z + 2.23548839060100448583e3
    q = q * z + 4.84406305325125486048e3
    near = x + x * z * (p / q)
    far = 1.0 - 2.0 / (exp(2.0 * abs(x)) + 1.0)
    return near if abs(x) < 0.625 else (-far if x < 0.0 else far)


tanh = scalar(float32=_tanh32, float64=_tanh64)

# sigmoid(x) = 1 / (1 + exp(-x)), for negative x as exp(x) / (1 + exp(x)): no overflow, and small values keep their digits.


def _sigmoid32(x: Any) -> Any:
    e = exp(-abs(x))
    return (e if x < f4(0.0) else f4(1.0)) / (f4(1.0) + e)


def _sigmoid64(x: Any) -> Any:
    e = exp(-abs(x))
    return (e if x < 0.0 else 1.0) / (1.0 + e)


sigmoid = scalar(float32=_sigmoid32, float64=_sigmoid64)

# -------------------------------------------------------------------------------------------------- arrays


@loop
def _exp(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = exp(x[i])


@loop
def _log(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = log(x[i])


@loop
def _tanh(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = tanh(x[i])


def floating(x: Any) -> bool:
    """Whether `x` is an array of float32 or float64 in the machine's byte order, which is what the loops are written for."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype in (f4, f8)


def alike(x: Any, *others: Any) -> bool:
    """Whether all are such arrays, of one dtype and one shape."""
    return floating(x) and all(other.dtype == x.dtype and other.shape == x.shape for other in others)


def dense(x: Any) -> Any:
    """`x`, or a copy of it, in C order, aligned and writable: numba would compile a loop anew for every other kind of memory."""
    return x if x.flags.carray else x.copy()


def mapped(function: Loop, x: Any) -> Any:
    """A new array like `x`, in C order, into which `function(x, out)` writes; both are given in one axis."""
    y = np.empty(x.shape, x.dtype)
    function(dense(x).reshape(-1), y.reshape(-1))
    return y


def mapped_two(function: Loop, a: Any, b: Any) -> Any:
    """A new array like `a`, in C order, into which `function(a, b, out)` writes; all are given in one axis."""
    y = np.empty(a.shape, a.dtype)
    function(dense(a).reshape(-1), dense(b).reshape(-1), y.reshape(-1))
    return y


def _jitted(numpy_function: np.ufunc, function: Loop) -> Callable[..., Any]:
    """NumPy's function, computed by `function` where that serves: one float array, no `out=` or `where=`."""

    def apply(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or not isinstance(x, np.ndarray) or not floating(x) or not jit_enabled():
            return numpy_function(x, *args, **kwargs)
        return mapped(function, x.view(np.ndarray))

    apply.__name__ = numpy_function.__name__
    apply.__doc__ = f"Like `numpy.{numpy_function.__name__}`; float32 and float64 arrays by a jitted loop."
    return apply


JITTED: dict[str, Callable[..., Any]] = {
    "exp": _jitted(np.exp, _exp),
    "log": _jitted(np.log, _log),
    "tanh": _jitted(np.tanh, _tanh),
}
