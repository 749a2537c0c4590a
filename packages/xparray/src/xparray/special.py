"""Special functions of real numbers: of error and normal distribution, gamma, Bessel, logistic, entropies.

    xp.special.gammaln(x)       # log |Gamma(x)|, where x lives

Each takes the arrays of one backend, or Python numbers beside them, and returns an array there: float32 of float32, float64 of
integers. Poles are infinite and what is undefined is NaN, without a warning. What is a short expression of standard functions runs
on every backend, and on Variables, where it records; the rest is SciPy's on the host (`pip install xparray[special]`),
`cupyx.scipy.special`'s on "cuda", and the namespace's `special` of another distribution's backend.

DLMF is the Digital Library of Mathematical Functions, https://dlmf.nist.gov; A&S is M. Abramowitz, I. A. Stegun, Handbook of
Mathematical Functions, 1964.

Example:
    >>> import numpy as np
    >>> xlogy(np.array([0.0, 1.0], dtype="float32"), 0.0)
    array([  0., -inf], dtype=float32)
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from xparray import _standard as xp
from xparray._backend import Backend, get_backend
from xparray._device import HOST
from xparray._dispatch import SCALARS, common_backend, device_of, mixing_message
from xparray._standard._dtype import numpy_dtype
from xparray._typing import Array
from xparray.kernels import activation, gaussian
from xparray.kernels import softmax as _softmaxes

__all__ = [
    "beta", "betainc", "betaincinv", "betaln", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp1", "expi",
    "expit", "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "i0", "i0e", "i1", "i1e", "kl_div",
    "log_expit", "log_ndtr", "log_softmax", "loggamma", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma",
    "rel_entr", "rgamma", "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip

P = ParamSpec("P")


def _declared(
    signature: Callable[P, Array], name: str, doc: str, expression: Callable[..., Array] | None = None
) -> Callable[P, Array]:
    """A function of each element, on the backend of its arrays: by `expression` on the host if there is one, else by the library."""
    versions: dict[Backend, Callable[..., Array]] = {}
    expected = inspect.signature(signature)
    count = len(expected.parameters)

    def f(*args: Any) -> Array:
        if len(args) != count:  # SciPy would take one more for where to write
            raise TypeError(f"special.{name}: got {len(args)} arguments; expected {count}: {name}{expected}")
        backend = common_backend(f"special.{name}", args)
        if backend.records:
            _in_one_place(name, args)
        version = versions.get(backend)
        if version is None:
            version = versions[backend] = _version(backend, name, expression)
        return _computed(name, backend, version, args)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    f.__signature__ = expected  # type: ignore[attr-defined]
    return f  # type: ignore[return-value]


def _version(backend: Backend, name: str, expression: Callable[..., Array] | None) -> Callable[..., Array]:
    if expression is not None and (backend.is_host or backend.records):
        return expression
    try:
        return backend.functions[f"special.{name}"]
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise ImportError(f"special.{name}: {missing} is not installed; pip install xparray[special]") from error
    except AttributeError as error:
        if expression is not None:
            return expression
        hint = "v.array has the values" if backend.records else "move the arrays with xp.to_device(x, 'numpy')"
        raise AttributeError(f"{error}; {hint}") from None


def _in_one_place(name: str, args: Any) -> None:
    """Raise ValueError where Variables and arrays live on different devices: an expression would name its own functions."""
    places = {device_of(a) for a in args if type(a) not in SCALARS}
    if len({HOST if get_backend(place.backend).is_host else place for place in places}) > 1:
        raise ValueError(mixing_message(f"special.{name}", args))


def _computed(name: str, backend: Backend, version: Callable[..., Array], args: Any, **options: Any) -> Array:
    """`version` of `args` in one floating-point dtype, without warnings."""
    arrays = [a for a in args if type(a) not in SCALARS]
    dtype, working = _dtypes(name, tuple(type(a) if type(a) in SCALARS else numpy_dtype(a.dtype) for a in args))
    place = "numpy" if backend.is_host or not arrays else backend.device_of(arrays[0])
    alike = [xp.asarray(a, dtype=working, device=place) if type(a) in SCALARS else _cast(a, working) for a in args]
    with np.errstate(all="ignore"):
        y = version(*alike, **options)
    return backend.wrap(_cast(y, dtype))


def _cast(x: Array, dtype: np.dtype[Any]) -> Array:
    return x if numpy_dtype(x.dtype) == dtype else xp.astype(x, dtype)


@functools.cache
def _dtypes(name: str, given: tuple[Any, ...]) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """The dtype of the result and that of the computation, for dtypes of arrays and types of Python numbers."""
    dtype = np.result_type(*(g() if g in SCALARS else g for g in given))
    if dtype.kind in "biu":
        dtype = np.dtype("float64")
    if dtype.kind != "f":
        raise TypeError(f"special.{name}: got {dtype}; expected real numbers")
    return dtype, np.dtype("float32") if dtype == np.float16 else dtype


# The signatures.


def _x(x: Array, /) -> Array: ...
def _xy(x: Array, y: Array, /) -> Array: ...
def _ab(a: Array, b: Array, /) -> Array: ...
def _ax(a: Array, x: Array, /) -> Array: ...
def _abx(a: Array, b: Array, x: Array, /) -> Array: ...
def _nx(n: Array | int, x: Array, /) -> Array: ...
def _sq(s: Array, q: Array | float, /) -> Array: ...


# The expressions. Each choice is made before the function that is singular, so that gradients are finite, too. Of two arrays one may
# be a Variable, which an operator of the other's library does not know: these use functions.


def _xlogy(x: Array, y: Array) -> Array:
    return _product(x, y, xp.log, 0, 1)


def _xlog1py(x: Array, y: Array) -> Array:
    return _product(x, y, xp.log1p, -1, 0)


def _product(x: Array, y: Array, function: Callable[[Array], Array], least: int, root: int) -> Array:
    """x function(y), 0 where x is 0 and y a number; `function` is finite above `least`, and 0 at `root`."""
    singular = xp.logical_or(xp.less_equal(y, least), xp.equal(y, math.inf))
    return xp.multiply(x, function(xp.where(xp.logical_and(xp.equal(x, 0), singular), root, y)))


def _logit(x: Array) -> Array:
    # Near 1/2 the logarithms of x and 1 - x cancel; 2 x - 1 is exact there.
    near = xp.less(xp.abs(x - 0.5), 0.25)
    middle, outer = xp.where(near, x, 0.5), xp.where(near, 0.25, x)
    return xp.where(near, xp.log1p((2 * middle - 1) / (1 - middle)), xp.log(outer / (1 - outer)))


def _log_expit(x: Array) -> Array:
    negative = xp.less(x, 0)
    return xp.where(negative, x, 0) - xp.log1p(xp.exp(xp.where(negative, x, -x)))


def _sinc(x: Array) -> Array:
    zero = xp.equal(x, 0)
    z = xp.where(zero, 1, math.pi * x)
    return xp.where(zero, 1, xp.sin(z) / z)


def _entr(x: Array) -> Array:
    return xp.where(xp.less(x, 0), -math.inf, -x * xp.log(xp.where(xp.greater(x, 0), x, 1)))


def _rel_entr(x: Array, y: Array) -> Array:
    proper = xp.logical_and(xp.greater(x, 0), xp.greater(y, 0))
    a, b = xp.where(proper, x, 1), xp.where(proper, y, 1)
    ratio = xp.divide(a, b)
    # Near 1 the logarithm of the ratio is inexact; a ratio that overflows or loses bits is taken as two logarithms.
    near = xp.less(xp.abs(ratio - 1), 0.5)
    limits = xp.finfo(x)
    far = xp.where(
        xp.logical_and(xp.greater(ratio, limits.smallest_normal), xp.less_equal(ratio, limits.max)),
        xp.log(ratio),
        xp.subtract(xp.log(a), xp.log(b)),
    )
    log_ratio = xp.where(near, xp.log1p(xp.divide(xp.subtract(a, b), b)), far)
    improper = xp.where(xp.logical_and(xp.equal(x, 0), xp.greater_equal(y, 0)), x, math.inf)
    improper = xp.where(xp.logical_or(xp.isnan(x), xp.isnan(y)), math.nan, improper)
    return xp.where(proper, xp.multiply(a, log_ratio), improper)


def _kl_div(x: Array, y: Array) -> Array:
    return xp.add(xp.subtract(_rel_entr(x, y), x), y)


# Error function and normal distribution
erf = _declared(
    _x, "erf", "Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. DLMF 7.2.1.", gaussian.erf
)
erfc = _declared(_x, "erfc", "1 - erf(x), accurate where it is small. DLMF 7.2.2.")
erfcx = _declared(_x, "erfcx", "exp(x^2) erfc(x), which does not underflow. DLMF 7.2.3, as w(i x).")
erfinv = _declared(_x, "erfinv", "Inverse of `erf` for -1 <= x <= 1. DLMF 7.17.1.")
erfcinv = _declared(_x, "erfcinv", "Inverse of `erfc` for 0 <= x <= 2. DLMF 7.17.1.")
ndtr = _declared(
    _x, "ndtr", "Probability that a standard normal variable is at most x: erfc(-x / sqrt(2)) / 2. A&S 26.2.2."
)
log_ndtr = _declared(_x, "log_ndtr", "Logarithm of `ndtr`, accurate far below zero. A&S 26.2.2, 26.2.12.")
ndtri = _declared(
    _x, "ndtri", "Inverse of `ndtr` for 0 <= x <= 1: the quantile of a standard normal variable. A&S 26.2.2."
)

# Gamma and beta
gamma = _declared(
    _x, "gamma", "Gamma function: the integral of t^(x - 1) exp(-t) from 0 to infinity, continued. DLMF 5.2.1."
)
gammaln = _declared(_x, "gammaln", "log |gamma(x)|. DLMF 5.2.1.")
loggamma = _declared(
    _x, "loggamma", "log gamma(x) for x > 0, NaN for x < 0, where the principal branch is complex. DLMF 5.2.1."
)
rgamma = _declared(_x, "rgamma", "1 / gamma(x), which is 0 at gamma's poles. DLMF 5.7.1.")
digamma = _declared(_x, "digamma", "Derivative of log gamma(x). DLMF 5.2.2.")
polygamma = _declared(_nx, "polygamma", "Derivative of order n = 0, 1, ... of `digamma` at x. DLMF 5.15.")
beta = _declared(_ab, "beta", "Beta function: gamma(a) gamma(b) / gamma(a + b). DLMF 5.12.1.")
betaln = _declared(_ab, "betaln", "log |beta(a, b)|. DLMF 5.12.1.")
gammainc = _declared(
    _ax, "gammainc", "P(a, x): the integral of t^(a - 1) exp(-t) from 0 to x, over gamma(a); a, x >= 0. DLMF 8.2.4."
)
gammaincc = _declared(_ax, "gammaincc", "Q(a, x) = 1 - P(a, x), accurate where it is small. DLMF 8.2.4.")
gammaincinv = _declared(_ax, "gammaincinv", "The y with gammainc(a, y) = x, for 0 <= x <= 1. DLMF 8.2.4.")
gammainccinv = _declared(_ax, "gammainccinv", "The y with gammaincc(a, y) = x, for 0 <= x <= 1. DLMF 8.2.4.")
betainc = _declared(
    _abx,
    "betainc",
    "I_x(a, b): the integral of t^(a - 1) (1 - t)^(b - 1) from 0 to x, over beta(a, b); 0 <= x <= 1. DLMF 8.17.2.",
)
betaincinv = _declared(_abx, "betaincinv", "The y with betainc(a, b, y) = x, for 0 <= x <= 1. DLMF 8.17.2.")
zeta = _declared(
    _sq, "zeta", "Hurwitz's zeta function: the sum of (k + q)^(-s) over k = 0, 1, ..., s > 1. DLMF 25.11.1."
)


def multigammaln(a: Array, d: int, /) -> Array:
    """log of the gamma function of `d` dimensions, pi^(d (d - 1) / 4) times the product of gamma(a - j / 2), j < d. DLMF 35.3.4.

    Raises:
        ValueError: `d` is less than 1.

    Example:
        >>> bool(multigammaln(2.0, 1) == gammaln(2.0))
        True
    """
    if d < 1:
        raise ValueError(f"special.multigammaln: d is {d}; expected a number of dimensions, 1 or more")
    y = xp.add(gammaln(a), d * (d - 1) / 4 * math.log(math.pi))
    for j in range(1, d):
        y = xp.add(y, gammaln(xp.subtract(a, j / 2)))
    return y


# Bessel, exponential integrals
i0 = _declared(_x, "i0", "Modified Bessel function of the first kind, of order 0. DLMF 10.25.2.")
i0e = _declared(_x, "i0e", "exp(-|x|) i0(x), which does not overflow. DLMF 10.25.2.")
i1 = _declared(_x, "i1", "Modified Bessel function of the first kind, of order 1. DLMF 10.25.2.")
i1e = _declared(_x, "i1e", "exp(-|x|) i1(x), which does not overflow. DLMF 10.25.2.")
exp1 = _declared(_x, "exp1", "E1(x): the integral of exp(-t) / t from x > 0 to infinity. DLMF 6.2.1.")
expi = _declared(
    _x, "expi", "Ei(x): the principal value of the integral of exp(t) / t from -infinity to x. DLMF 6.2.5."
)

# Logistic
expit = _declared(_x, "expit", "Logistic function: 1 / (1 + exp(-x)).", activation.sigmoid)
logit = _declared(_x, "logit", "Inverse of `expit`: log(x / (1 - x)) for 0 <= x <= 1.", _logit)
log_expit = _declared(_x, "log_expit", "log(expit(x)) = -log(1 + exp(-x)), without overflow.", _log_expit)

# Entropies, and products with logarithms
entr = _declared(_x, "entr", "-x log(x), 0 at 0, -infinity below: the terms of an entropy. C. E. Shannon, 1948.", _entr)
rel_entr = _declared(
    _xy, "rel_entr", "x log(x / y) for positive x and y, 0 for x = 0 <= y, infinity elsewhere.", _rel_entr
)
kl_div = _declared(
    _xy,
    "kl_div",
    "rel_entr(x, y) - x + y, which is never negative: the terms of a divergence. S. Kullback, R. A. Leibler, 1951.",
    _kl_div,
)
xlogy = _declared(_xy, "xlogy", "x log(y), 0 where x is 0 and y a number.", _xlogy)
xlog1py = _declared(_xy, "xlog1py", "x log(1 + y), accurate for small y; 0 where x is 0 and y a number.", _xlog1py)
sinc = _declared(_x, "sinc", "sin(pi x) / (pi x), 1 at 0.", _sinc)


# Along axes


def logsumexp(x: Array, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along `axis`, or of all elements, without overflow: the greatest element is taken out first.

    Example:
        >>> float(logsumexp(np.array([1000.0, 1000.0])))
        1000.6931471805599
    """
    return _along("logsumexp", _logsumexp, x, axis=axis, keepdims=keepdims)


def _logsumexp(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    greatest = xp.max(x, axis=axis, keepdims=True)
    finite = xp.where(xp.isfinite(greatest), greatest, 0)
    y = xp.log(xp.sum(xp.exp(x - finite), axis=axis, keepdims=True)) + finite
    return y if keepdims else xp.squeeze(y, axis=tuple(range(x.ndim)) if axis is None else axis)


def softmax(x: Array, /, *, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, without overflow: probabilities of the logarithms of weights.

    Example:
        >>> softmax(np.array([1000.0, 1000.0]), axis=0)
        array([0.5, 0.5])
    """
    return _along("softmax", _softmaxes.softmax, x, axis=axis)


def log_softmax(x: Array, /, *, axis: int) -> Array:
    """log(softmax(x)) = x - logsumexp(x) along `axis`.

    Example:
        >>> float(log_softmax(np.array([1000.0, 1000.0]), axis=0)[0])
        -0.6931471805599453
    """
    return _along("log_softmax", _softmaxes.log_softmax, x, axis=axis)


def _along(name: str, version: Callable[..., Array], x: Array, **options: Any) -> Array:
    return _computed(name, common_backend(f"special.{name}", (x,)), version, (x,), **options)
