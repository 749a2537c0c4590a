"""What distributions share: their shapes, what follows from a few formulas, and the table of divergences."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import numpy as np

import xparray as xp
from catena.autograd import Variable, as_array, as_variable, config
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of, is_array
from xparray import Array
from xparray._dispatch import describe, dtype_name
from xparray.random import get_generator

LOG_2PI = math.log(2 * math.pi)
Divergence = Callable[[Any, Any], Any]
_Divergence = TypeVar("_Divergence", bound=Divergence)

_RESULTS = {
    "cdf", "covariance", "entropy", "icdf", "log_cdf", "log_prob", "log_survival_function", "mean", "mode", "prob", "sample",
    "sample_n", "stddev", "survival_function", "variance",
}  # fmt: skip


def _with_axes(member: Callable[..., Any]) -> Callable[..., Any]:
    """`member` with 0-d arrays in place of the NumPy scalars that NumPy's operators make of them."""

    @functools.wraps(member)
    def result(*args: Any, **kwargs: Any) -> Any:
        y = member(*args, **kwargs)
        return np.asarray(y) if isinstance(y, np.generic) else y

    return result


class Distribution:
    """Base of distributions: a batch of them, alike but for their parameters, each over events.

    Samples have the shape `(*sample_shape, *batch_shape, *event_shape)`, and so have the points x that probabilities are asked
    of, where each part may be (); the probabilities have `(*sample_shape, *batch_shape)`. Parameters are arrays, Variables or
    numbers that broadcast to one shape. With a Variable among them all results are Variables, differentiable in the parameters
    and in x.

    A subclass of one's own defines `batch_shape`, `event_shape` and what it has of the rest; `sample` needs `sample_n`, `prob`
    needs `log_prob`, `stddev` needs `variance`, and `survival_function`, `log_cdf` and `log_survival_function` need `cdf`.

    Raises:
        NotImplementedError: asked for what a distribution does not have.

    Example:
        >>> import numpy as np
        >>> from catena.nn.distributions import Normal
        >>> d = Normal(np.zeros((4, 3)), 1.0)
        >>> d.batch_shape, d.event_shape, d.sample((2,)).shape, d.log_prob(np.zeros((2, 4, 3))).shape
        ((4, 3), (), (2, 4, 3), (2, 4, 3))
    """

    _names: tuple[str, ...] = ()  # attributes that are the parameters
    _event_ndim: ClassVar[int] = 0  # axes of the parameters that belong to an event
    _support: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _RESULTS & vars(cls).keys():
            member: Any = vars(cls)[name]
            formula: Any = member.fget if isinstance(member, property) else member
            setattr(cls, name, _with_axes(formula) if formula is member else property(_with_axes(formula)))

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self._names}

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """How many distributions there are along each axis."""
        return self._split_shape()[0]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one event: () for a number."""
        return self._split_shape()[1]

    def _split_shape(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not self._names:
            raise self._lacks("batch_shape and event_shape")
        shape = tuple(getattr(self, self._names[0]).shape)
        at = len(shape) - self._event_ndim
        return shape[:at], shape[at:]

    @property
    def support(self) -> str:
        """Where the probability is not 0, in words."""
        if not self._support:
            raise self._lacks("support")
        return self._support

    @property
    def xp(self) -> Any:
        """The namespace of the parameters' arrays."""
        return xp.array_namespace(*map(as_array, self.params.values()))

    def log_prob(self, x: Any) -> Any:
        """Logarithm of the probability, or of its density, at x; minus infinity outside of the support."""
        raise self._lacks("log_prob")

    def prob(self, x: Any) -> Any:
        """The probability, or its density, at x."""
        return F.exp(self.log_prob(x))

    def cdf(self, x: Any) -> Any:
        """The probability to be at most x."""
        raise self._lacks("cdf")

    def icdf(self, x: Any) -> Any:
        """The point that is not exceeded with the probability x: the inverse of `cdf`."""
        raise self._lacks("icdf")

    def survival_function(self, x: Any) -> Any:
        """The probability to exceed x."""
        return F.subtract(1.0, self.cdf(x))

    def log_cdf(self, x: Any) -> Any:
        """Logarithm of `cdf`."""
        return F.log(self.cdf(x))

    def log_survival_function(self, x: Any) -> Any:
        """Logarithm of `survival_function`."""
        return F.log(self.survival_function(x))

    @property
    def entropy(self) -> Any:
        """The mean of -log_prob."""
        raise self._lacks("entropy")

    @property
    def mean(self) -> Any:
        """The mean of each number in an event."""
        raise self._lacks("mean")

    @property
    def variance(self) -> Any:
        """The variance of each number in an event."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Any:
        """The square root of `variance`."""
        return F.sqrt(self.variance)

    @property
    def covariance(self) -> Any:
        """The covariances of each two numbers in an event."""
        raise self._lacks("covariance")

    @property
    def mode(self) -> Any:
        """The most probable point."""
        raise self._lacks("mode")

    def sample(self, sample_shape: int | tuple[int, ...] = ()) -> Any:
        """Draws of the shape `(*sample_shape, *batch_shape, *event_shape)`, from the process's stream of random numbers."""
        shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        return F.reshape(self.sample_n(math.prod(shape)), shape=(*shape, *self.batch_shape, *self.event_shape))

    def sample_n(self, n: int) -> Any:
        """`n` draws, `(n, *batch_shape, *event_shape)`."""
        raise self._lacks("sample_n")

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__} has no {what}: there is no formula for it here; a subclass can define it"
        )

    def _at(self, x: Any) -> tuple[Any, ...]:
        """x and the parameters: all of them Variables, or none; x in the parameters' dtype where it has integers."""
        first, *others = self.params.values()
        if not hasattr(x, "ndim"):
            x = _array(x, as_array(first))
        if dtype_of(x).kind in "biu":
            x = F.astype(x, dtype_of(first).name)
        return together(x, first, *others)

    def _draws(self, kind: str, n: int) -> Array:
        """`n` draws of the generator's method `kind`, in the dtype and on the device of the parameters."""
        return getattr(get_generator(), kind)(self._n(n), **self._place())

    def _n(self, n: int) -> tuple[int, ...]:
        return (n, *self.batch_shape, *self.event_shape)

    def _place(self) -> dict[str, Any]:
        first = as_array(next(iter(self.params.values())))
        return {"dtype": dtype_of(first).name, "device": xp.device_of(first)}

    def _constant(self, draws: Array) -> Any:
        """The draws, which have no gradient; a Variable where the parameters are."""
        return as_variable(draws) if isinstance(next(iter(self.params.values())), Variable) else draws


def together(*xs: Any) -> tuple[Any, ...]:
    """`xs` all as Variables where one of them is one: arrays of some backends have no operators with Variables."""
    return tuple(map(as_variable, xs)) if any(isinstance(x, Variable) for x in xs) else xs


def paired(p: Distribution, q: Distribution) -> tuple[Any, ...]:
    """The parameters of both, the first one's first, all as Variables or none."""
    return together(*p.params.values(), *q.params.values())


def alike(function: str, **given: Any) -> tuple[Any, ...]:
    """Parameters as floating arrays or Variables of one shape and dtype.

    Raises:
        TypeError: one is neither a number nor a floating array.
        ValueError: they do not broadcast together.
    """
    xs = floating(function, **given)
    shapes = [tuple(x.shape) for x in xs]
    if len(set(shapes)) == 1:
        return xs
    try:
        shape = xp.broadcast_shapes(*shapes)
    except ValueError as e:
        raise ValueError(
            f"{function}: {' and '.join(given)} do not broadcast together ({describe(list(given), list(xs))}); give them one shape"
        ) from e
    return tuple(x if tuple(x.shape) == shape else F.broadcast_to(x, shape=shape) for x in xs)


def floating(function: str, **given: Any) -> tuple[Any, ...]:
    """Parameters as floating arrays or Variables of the dtype to which they promote, numbers among them in that of the others.

    Raises:
        TypeError: one is neither a number nor a floating array.
    """
    for name, x in given.items():
        if isinstance(x, int | float):
            continue
        if not (is_array(x) or isinstance(x, Variable) or hasattr(x, "dtype")):
            raise TypeError(f"{function}: {name} is {x!r:.60} ({type(x).__name__}); expected an array or a number")
        if dtype_of(x).kind != "f":
            raise TypeError(
                f"{function}: {name} is {dtype_name(x.dtype)}, expected floating numbers; "
                f'convert it with F.astype({name}, "float32")'
            )
    like = next((as_array(x) for x in given.values() if not isinstance(x, int | float)), None)
    xs = [_array(x, like) if isinstance(x, int | float) else x for x in given.values()]
    dtype = np.result_type(*map(dtype_of, xs))
    return together(*(x if dtype_of(x) == dtype else F.astype(x, dtype.name) for x in xs))


def _array(x: Any, like: Array | None) -> Array:
    """An array of numbers, of the dtype and on the device of `like`."""
    if like is None:
        return xp.asarray(x, dtype=config.dtype)
    return xp.asarray(x, dtype=dtype_of(like).name, device=xp.device_of(like))


def one_of(function: str, **given: Any) -> str:
    """The name of the one that is not None; raises ValueError where there is another number of them."""
    names = [name for name, x in given.items() if x is not None]
    if len(names) != 1:
        got = "none" if not names else " and ".join(names)
        raise ValueError(f"{function}: got {got} of {' and '.join(given)}; expected one of them")
    return names[0]


def restricted(inside: Array, x: Any, at: Any, log_prob: Callable[[Any], Any]) -> Any:
    """log_prob(x) where `inside`, minus infinity elsewhere; there it is called with `at`, so that no slope is a NaN."""
    return F.where(inside, log_prob(F.where(inside, x, at)), -math.inf)


def host(x: Any) -> Array:
    """The values of a parameter on the host, where random numbers are drawn."""
    return xp.to_device(as_array(x), "numpy")


def weighted(p: Any, logs: Any) -> Any:
    """p times logarithms, 0 where p is 0 and they are not finite."""
    p, logs = together(p, logs)
    nothing = xp.logical_and(as_array(p) == 0, xp.logical_not(xp.isfinite(as_array(logs))))
    return p * F.where(nothing, 0.0, logs)


# --------------------------------------------------------------------------------------------------------- divergences

_DIVERGENCES: dict[tuple[type, type], Divergence] = {}


def register_kl(Dist1: type, Dist2: type) -> Callable[[_Divergence], _Divergence]:
    """Enter a function of two distributions as their Kullback-Leibler divergence; it serves subclasses too.

    Args:
        Dist1: class of the first.
        Dist2: class of the second.

    Example:
        >>> class Point(Distribution):
        ...     def __init__(self, at):
        ...         self.at = at
        >>> @register_kl(Point, Point)
        ... def same(p, q):
        ...     return 0.0 if p.at == q.at else math.inf
        >>> kl_divergence(Point(1), Point(2))
        inf
    """

    def enter(function: _Divergence) -> _Divergence:
        _DIVERGENCES[Dist1, Dist2] = function
        return function

    return enter


def kl_divergence(dist1: Distribution, dist2: Distribution) -> Any:
    """The Kullback-Leibler divergence of dist2 from dist1: the mean over dist1 of log(p1(x) / p2(x)), `batch_shape`.

    Raises:
        NotImplementedError: there is no formula for the two.

    Source: S. Kullback, R. A. Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22 (1951), 79-86.

    Example:
        >>> import numpy as np
        >>> from catena.nn.distributions import Normal
        >>> kl_divergence(Normal(np.array([1.0]), 1.0), Normal(np.zeros(1), 1.0)).tolist()
        [0.5]
    """
    for one in type(dist1).__mro__:
        for other in type(dist2).__mro__:
            if (one, other) in _DIVERGENCES:
                return _with_axes(_DIVERGENCES[one, other])(dist1, dist2)
    names = f"{type(dist1).__name__} and {type(dist2).__name__}"
    raise NotImplementedError(
        f"kl_divergence: there is no formula for {names}; enter one with @register_kl, or average the differences of log_prob"
    )


def cross_entropy(dist1: Distribution, dist2: Distribution) -> Any:
    """The mean over dist1 of -log(p2(x)): the entropy of dist1 and the divergence of dist2 from it, `batch_shape`.

    Raises:
        NotImplementedError: there is no formula for the two.

    Example:
        >>> import numpy as np
        >>> from catena.nn.distributions import Bernoulli
        >>> half = Bernoulli(np.array([0.5]))
        >>> bool(cross_entropy(half, half) == half.entropy)
        True
    """
    entropy, divergence = together(dist1.entropy, kl_divergence(dist1, dist2))
    return F.add(entropy, divergence)
