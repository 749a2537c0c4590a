"""Elementary functions: polynomials that numba compiles to vector instructions, and the functions of tagged arrays made of them.

Numba's own `exp`, `log` and `tanh` call the C library for one number at a time; a polynomial in a loop is computed for eight or
sixteen at once. Each `scalar` reduces its argument to a short interval and evaluates there a polynomial, or a quotient of two, by
Horner's rule. Coefficients: S. L. Moshier, Cephes Mathematical Library 2.8, https://www.netlib.org/cephes (expf.c and logf.c for
float32; log.c and the parts of log 2 for float64); exp's for float64 are a best approximation by Remez's algorithm.

Relative errors stay below a small multiple of the dtype's epsilon (1.2e-7 for float32, 2.2e-16 for float64): 1 for exp and log,
1.5 for expm1, log1p and softplus, 2 for tanh and sigmoid. NaN gives NaN; infinities, overflow and subnormal numbers come out as
in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xparray._kernel import Loop, jit_enabled, loop, scalar
from xparray._memory import empty
from xparray._threads import LEAST, share

f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64

# ------------------------------------------------------------------------------------------------- scalars
#
# exp(x) = 2^n exp(r) with n the integer nearest to x / log 2. Adding 1.5 * 2^23 (float32) or 1.5 * 2^52 (float64) rounds to an
# integer, whose bits then stand at the end of the sum's; log 2 is split in two, so that n times its head is exact. What follows
# needs exp(r) - 1, without the 1 that would hide its digits: `_remainder` gives it for r between -0.35 and 0.35.


def _remainder32(r: Any) -> Any:
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    return p * r * r + r


def _remainder64(r: Any) -> Any:
    p = 2.091817130916585e-09 * r + 2.5100425540993716e-08
    p = p * r + 2.755726422638177e-07
    p = p * r + 2.7557268375356204e-06
    p = p * r + 2.480158733403087e-05
    p = p * r + 0.0001984126986310847
    p = p * r + 0.0013888888888880918
    p = p * r + 0.008333333333330051
    p = p * r + 0.04166666666666667
    p = p * r + 0.16666666666666669
    rr = r * r
    return r + (rr * 0.5 + rr * r * p)


_remainder = scalar(float32=_remainder32, float64=_remainder64)

# exp_sum(x, d) = exp(x + d) for a d so small beside x that their sum would lose it. 2^n is multiplied in two halves, so that
# results may be infinite or subnormal.


def _exp_sum32(x: Any, d: Any) -> Any:
    x = f4(-104.0) if x < f4(-104.0) else x
    x = f4(89.0) if x > f4(89.0) else x
    shifted = (x + d) * f4(1.4426950408889634) + f4(12582912.0)
    n = shifted - f4(12582912.0)
    y = _remainder(x - n * f4(0.693359375) - n * f4(-2.12194440e-4) + d) + f4(1.0)
    k = i4(f4(shifted).view(np.int32) - 0x4B400000)
    half = i4(k >> 1)
    return y * i4((half + 127) << 23).view(np.float32) * i4((k - half + 127) << 23).view(np.float32)


def _exp_sum64(x: Any, d: Any) -> Any:
    x = -746.0 if x < -746.0 else x
    x = 710.0 if x > 710.0 else x
    shifted = (x + d) * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    y = _remainder(x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6 + d) + 1.0
    k = i8(f8(shifted).view(np.int64) - 0x4338000000000000)
    half = i8(k >> 1)
    return y * i8((half + 1023) << 52).view(np.float64) * i8((k - half + 1023) << 52).view(np.float64)


exp_sum = scalar(float32=_exp_sum32, float64=_exp_sum64)
exp = scalar(float32=lambda x: exp_sum(x, f4(0.0)), float64=lambda x: exp_sum(x, 0.0))

# exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), computed for half of it, since 2^n may be infinite where the result is not.


def _expm1_32(x: Any) -> Any:
    x = f4(-18.0) if x < f4(-18.0) else x
    x = f4(89.0) if x > f4(89.0) else x
    shifted = x * f4(1.4426950408889634) + f4(12582912.0)
    n = shifted - f4(12582912.0)
    y = _remainder(x - n * f4(0.693359375) - n * f4(-2.12194440e-4))
    half = i4((i4(f4(shifted).view(np.int32) - 0x4B400000) + 126) << 23).view(np.float32)
    y = f4(2.0) * (half * y + (half - f4(0.5)))
    return y if x != f4(0.0) else x  # a zero keeps its sign


def _expm1_64(x: Any) -> Any:
    x = -38.0 if x < -38.0 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    y = _remainder(x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6)
    half = i8((i8(f8(shifted).view(np.int64) - 0x4338000000000000) + 1022) << 52).view(np.float64)
    y = 2.0 * (half * y + (half - 0.5))
    return y if x != 0.0 else x


expm1 = scalar(float32=_expm1_32, float64=_expm1_64)

# log(x) = log(m) + e log 2 with m between sqrt(1/2) and sqrt(2): the exponent of sqrt(1/2) taken off the bits of x leaves e in
# front, and the rest, put back, is m. `_log_rest` gives log(1 + r) - r for r = m - 1. Subnormal numbers are scaled up first.


def _log_rest32(r: Any) -> Any:
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
    return p * r * rr - f4(0.5) * rr


def _log_rest64(r: Any) -> Any:
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
    return r * (rr * p / q) - 0.5 * rr


_log_rest = scalar(float32=_log_rest32, float64=_log_rest64)


def _log32(x: Any) -> Any:
    small = x < f4(1.17549435e-38)
    bits = f4(x * f4(8388608.0) if small else x).view(np.int32)
    e = i4((bits - 0x3F3504F3) >> 23)
    r = i4(bits - (e << 23)).view(np.float32) - f4(1.0)
    n = f4(e) - (f4(23.0) if small else f4(0.0))
    y = r + (_log_rest(r) + n * f4(-2.12194440e-4)) + n * f4(0.693359375)
    y = y if x < f4(np.inf) else x  # infinity, and NaN, for which no comparison holds
    return y if x > f4(0.0) else (f4(-np.inf) if x == f4(0.0) else f4(np.nan))


def _log64(x: Any) -> Any:
    small = x < 2.2250738585072014e-308
    bits = f8(x * 4503599627370496.0 if small else x).view(np.int64)
    e = i8((bits - 0x3FE6A09E667F3BCD) >> 52)
    r = i8(bits - (e << 52)).view(np.float64) - 1.0
    n = f8(e) - (52.0 if small else 0.0)
    y = r + (_log_rest(r) + n * -2.121944400546905827679e-4) + n * 0.693359375
    y = y if x < np.inf else x
    return y if x > 0.0 else (-np.inf if x == 0.0 else np.nan)


log = scalar(float32=_log32, float64=_log64)

# log(1 + x) is the same of u = 1 + x, with what the sum has lost, x - (u - 1), given back to r.


def _log1p32(x: Any) -> Any:
    u = f4(1.0) + x
    bits = f4(u).view(np.int32)
    e = i4((bits - 0x3F3504F3) >> 23)
    lost = (x - (u - f4(1.0))) * i4((127 - e if e < 127 else 0) << 23).view(np.float32)
    r = i4(bits - (e << 23)).view(np.float32) - f4(1.0) + lost
    n = f4(e)
    y = r + (_log_rest(r) + n * f4(-2.12194440e-4)) + n * f4(0.693359375)
    y = y if (x < f4(np.inf)) & (x != f4(0.0)) else x
    return y if x > f4(-1.0) else (f4(-np.inf) if x == f4(-1.0) else f4(np.nan))


def _log1p64(x: Any) -> Any:
    u = 1.0 + x
    bits = f8(u).view(np.int64)
    e = i8((bits - 0x3FE6A09E667F3BCD) >> 52)
    lost = (x - (u - 1.0)) * i8((1023 - e if e < 1023 else 0) << 52).view(np.float64)
    r = i8(bits - (e << 52)).view(np.float64) - 1.0 + lost
    n = f8(e)
    y = r + (_log_rest(r) + n * -2.121944400546905827679e-4) + n * 0.693359375
    y = y if (x < np.inf) & (x != 0.0) else x
    return y if x > -1.0 else (-np.inf if x == -1.0 else np.nan)


log1p = scalar(float32=_log1p32, float64=_log1p64)

# tanh(x) = e / (e + 2) with e = exp(2|x|) - 1, and the sign of x; from 10 (float32) or 20 (float64) on the result rounds to 1. In
# float32 e is written out: between 0 and 20 the power of two needs no halves and a zero no care, which saves a third of the time.


def _tanh32(x: Any) -> Any:
    a = abs(x)
    a = f4(10.0) if a > f4(10.0) else a
    shifted = a * f4(2.8853900817779268) + f4(12582912.0)
    n = shifted - f4(12582912.0)
    y = _remainder((a + a) - n * f4(0.693359375) - n * f4(-2.12194440e-4))
    power = i4((i4(f4(shifted).view(np.int32) - 0x4B400000) + 127) << 23).view(np.float32)
    e = power * y + (power - f4(1.0))
    return np.copysign(e / (e + f4(2.0)), x)


def _tanh64(x: Any) -> Any:
    a = 20.0 if abs(x) > 20.0 else abs(x)
    e = expm1(a + a)
    y = e / (e + 2.0)
    return y if x > 0.0 else (-y if x < 0.0 else x)


tanh = scalar(float32=_tanh32, float64=_tanh64)

# sigmoid(x) = 1 / (1 + exp(-x)), for negative x as exp(x) / (1 + exp(x)): no overflow, and small values keep their digits.


def _sigmoid32(x: Any) -> Any:
    e = exp(-abs(x))
    return (e if x < f4(0.0) else f4(1.0)) / (f4(1.0) + e)


def _sigmoid64(x: Any) -> Any:
    e = exp(-abs(x))
    return (e if x < 0.0 else 1.0) / (1.0 + e)


sigmoid = scalar(float32=_sigmoid32, float64=_sigmoid64)

# softplus(x) = log(1 + exp(x)) is max(x, 0) + log(1 + e) with e = exp(-|x|), at most 1: log(1 + e) is that of r = e, or for
# larger e that of r = (e - 1) / 2 and log 2.


def _softplus32(x: Any) -> Any:
    e = exp(-abs(x))
    large = e > f4(0.41421356)
    r = f4(0.5) * (e - f4(1.0)) if large else e
    y = r + _log_rest(r)
    y = y + f4(0.6931471805599453) if large else y
    return y + (x if x > f4(0.0) else f4(0.0))


def _softplus64(x: Any) -> Any:
    e = exp(-abs(x))
    large = e > 0.41421356
    r = 0.5 * (e - 1.0) if large else e
    y = r + _log_rest(r)
    y = y + 0.6931471805599453 if large else y
    return y + (x if x > 0.0 else 0.0)


softplus = scalar(float32=_softplus32, float64=_softplus64)

# -------------------------------------------------------------------------------------------------- arrays


_ARRAYS = (np.ndarray, np.generic)
_FLOATS = (np.dtype(f4), np.dtype(f8))


def floating(x: Any) -> bool:
    """Whether `x` is an array of float32 or float64 in the machine's byte order, which is what the loops are written for."""
    return isinstance(x, _ARRAYS) and x.dtype in _FLOATS


def alike(x: Any, *others: Any) -> bool:
    """Whether all are such arrays, of one dtype and one shape."""
    if not floating(x):
        return False
    for other in others:
        if other.dtype != x.dtype or other.shape != x.shape:
            return False
    return True


def dense(x: Any) -> Any:
    """`x`, or a copy of it, in C order, aligned and writable: numba would compile a loop anew for every other kind of memory."""
    return x if x.flags.carray else x.copy()


def flat(x: Any) -> Any:
    """`dense(x)` in one axis."""
    return (x if x.flags.carray else x.copy()).ravel()


def mapped(function: Loop, *xs: Any, numbers: tuple[float, ...] = ()) -> Any:
    """A new array like each of `xs`, in C order, that `function(*xs, out, *numbers, start, stop)` fills from `start` to `stop`.

    All arrays are given in one axis, the numbers in their dtype.
    """
    x = xs[0]
    y = empty(x.shape, x.dtype)
    args = [*map(flat, xs), y.ravel()]
    if numbers:
        args.extend(map(x.dtype.type, numbers))
    n = y.size
    if n < LEAST:
        function(*args, 0, n)
    else:
        share(function, n, *args)
    return y


@loop
def _exp(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = exp(x[i])


@loop
def _expm1(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = expm1(x[i])


@loop
def _log(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = log(x[i])


@loop
def _log1p(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = log1p(x[i])


@loop
def _tanh(x: Any, y: Any, start: Any, stop: Any) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(x.size):
        y[i] = tanh(x[i])


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
    "expm1": _jitted(np.expm1, _expm1),
    "log": _jitted(np.log, _log),
    "log1p": _jitted(np.log1p, _log1p),
    "tanh": _jitted(np.tanh, _tanh),
}
