"""Random numbers: one Generator for every backend, one stream for the process, states that files can hold.

import xparray as xp
xp.random.seed(0)                       # everything that draws from the process's stream repeats
rng = xp.random.default_rng(7)          # a stream of one's own
rng.normal((2, 3), dtype="float32")
xp.random.Generator.of(7, epoch, i)     # the stream of one sample in one epoch
"""

from __future__ import annotations

import builtins
import functools
import json
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, overload

import numpy as np

from xparray._device import Device
from xparray._dispatch import to_device
from xparray._draws import (
    broadcast,
    located,
    normal_between,
    numbers,
    on_host,
    place_of,
    positive,
    probability,
    target,
    vector,
)
from xparray._standard import take
from xparray._standard._declare import backend_of
from xparray._standard._dtype import numpy_dtype
from xparray._typing import Array

__all__ = ["Generator", "default_rng", "get_generator", "seed", "use_generator"]

Shape: TypeAlias = tuple[int, ...]
Place: TypeAlias = str | Device | None
Numbers: TypeAlias = Array | float


class Generator:
    """A stream of random numbers (PCG64) whose draws are arrays on any device, the default one unless `device=` names another.

    Numbers are drawn on the host and moved, so that one seed gives the same values on every device. The parameters of a
    distribution are numbers, or arrays on the host that broadcast to the shape of the draws. What is refused leaves the stream
    where it is.

    Args:
        seed: a non-negative integer, a `numpy.random.SeedSequence`, or None for one from the operating system.

    Source: M. E. O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation,
    2014, https://www.pcg-random.org; the distributions are those of `numpy.random.Generator`.

    Example:
        >>> a, b = Generator(0), Generator(0)
        >>> bool((a.uniform((3,)) == b.uniform((3,))).all())
        True
        >>> a.state == b.state
        True
    """

    def __init__(self, seed: int | np.random.SeedSequence | None = None) -> None:
        try:
            bits = np.random.PCG64(seed)
        except (TypeError, ValueError) as e:
            raise type(e)(
                f"Generator: seed is {seed!r} ({type(seed).__name__}); expected a non-negative integer, a SeedSequence or None"
            ) from e
        self._rng = np.random.Generator(bits)

    @classmethod
    def of(cls, seed: int, *key: int) -> Generator:
        """The stream that belongs to a seed and a key, such as an epoch and the index of a sample; it needs no other stream.

        Streams of different keys are independent, keys of different lengths included; `Generator.of(seed)` is `Generator(seed)`.

        Args:
            seed: a non-negative integer.
            key: integers from 0 to 2**64 - 1.

        Raises:
            ValueError: a number is out of range.
            TypeError: one is no integer.

        Example:
            >>> a, b = Generator.of(7, 0, 12), Generator.of(7, 0, 13)
            >>> a.state == Generator.of(7, 0, 12).state, a.state == b.state
            (True, False)
        """
        words: list[int] = []
        for i, part in enumerate(key):
            number = _integer(f"key {i}", part, "an integer from 0 to 2**64 - 1")
            if number >= 2**64:
                raise ValueError(f"Generator.of: key {i} is {part}; expected an integer from 0 to 2**64 - 1")
            words += number & 0xFFFFFFFF, number >> 32  # always two, so that each list of words has one key only
        return cls(np.random.SeedSequence(_integer("seed", seed, "a non-negative integer"), spawn_key=words))

    def normal(
        self, shape: Shape, *, loc: Numbers = 0.0, scale: Numbers = 1.0, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws of the given shape from the normal distribution with mean `loc` and standard deviation `scale`.

        Raises:
            ValueError: `dtype` is no floating-point type, or `scale` is negative.
        """
        return located("normal", self._rng.standard_normal, shape, loc, scale, dtype, device)

    def truncated_normal(
        self,
        shape: Shape,
        *,
        loc: Numbers = 0.0,
        scale: Numbers = 1.0,
        low: float = -2.0,
        high: float = 2.0,
        dtype: Any = "float64",
        device: Place = None,
    ) -> Array:
        """Draws from the normal distribution that lie between `low` and `high` standard deviations from the mean, bounds included.

        Source: C. P. Robert, Simulation of truncated normal variables, Statistics and Computing 5 (1995), 121-125.

        Raises:
            ValueError: `dtype` is no floating-point type, `scale` is negative, or `low` is not below `high`.

        Example:
            >>> x = Generator(0).truncated_normal((1000,), loc=1.0, scale=2.0)
            >>> bool((x >= -3).all() and (x <= 5).all())
            True
        """
        if not low < high:
            raise ValueError(f"truncated_normal: low is {low}, high is {high}; expected low below high")

        def draw(size: Shape, _: Any) -> Any:
            return normal_between(self._rng, float(low), float(high), math.prod(size)).reshape(size)

        return located("truncated_normal", draw, shape, loc, scale, dtype, device)

    def uniform(
        self, shape: Shape, *, low: Numbers = 0.0, high: Numbers = 1.0, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws of the given shape, evenly from `low` (included) to `high`.

        Raises:
            ValueError: `dtype` is no floating-point type.
        """
        low, high = numbers("uniform", shape, "low", low), numbers("uniform", shape, "high", high)
        if not np.all(low <= high):
            raise ValueError(f"uniform: low is {low}, high is {high}; expected low up to high")
        return located("uniform", self._rng.random, shape, low, high - low, dtype, device)

    def exponential(self, shape: Shape, *, scale: Numbers = 1.0, dtype: Any = "float64", device: Place = None) -> Array:
        """Draws with the density exp(-x / scale) / scale for x >= 0; `scale` is their mean.

        Raises:
            ValueError: `dtype` is no floating-point type, or `scale` is negative.
        """
        return located("exponential", self._rng.standard_exponential, shape, 0.0, scale, dtype, device)

    def laplace(
        self, shape: Shape, *, loc: Numbers = 0.0, scale: Numbers = 1.0, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws with the density exp(-|x - loc| / scale) / (2 scale).

        Raises:
            ValueError: `dtype` is no floating-point type, or `scale` is negative.
        """
        return located("laplace", lambda size, _: self._rng.laplace(size=size), shape, loc, scale, dtype, device)

    def gumbel(
        self, shape: Shape, *, loc: Numbers = 0.0, scale: Numbers = 1.0, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws whose probability to be at most x is exp(-exp(-(x - loc) / scale)).

        The index of the greatest of such draws, each plus a logarithm of a probability, is a draw of a category.

        Raises:
            ValueError: `dtype` is no floating-point type, or `scale` is negative.
        """
        return located("gumbel", lambda size, _: self._rng.gumbel(size=size), shape, loc, scale, dtype, device)

    def gamma(
        self, shape: Shape, a: Numbers, *, scale: Numbers = 1.0, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws with the density x^(a - 1) exp(-x / scale) / (gamma(a) scale^a) for x >= 0.

        Source: G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM TOMS 26 (2000), 363-372.

        Raises:
            ValueError: `dtype` is no floating-point type, `a` is not positive, or `scale` is negative.
        """
        a = numbers("gamma", shape, "a", a, positive, "a number above 0")
        draw = functools.partial(self._rng.standard_gamma, a)
        return located("gamma", draw, shape, 0.0, scale, dtype, device)

    def beta(self, shape: Shape, a: Numbers, b: Numbers, *, dtype: Any = "float64", device: Place = None) -> Array:
        """Draws with the density x^(a - 1) (1 - x)^(b - 1) / beta(a, b) for x from 0 to 1.

        Raises:
            ValueError: `dtype` is no floating-point type, or `a` or `b` is not positive.
        """
        dtype, place = target("beta", dtype, device)
        a = numbers("beta", shape, "a", a, positive, "a number above 0")
        b = numbers("beta", shape, "b", b, positive, "a number above 0")
        return to_device(np.asarray(self._rng.beta(a, b, shape), dtype), place)

    def dirichlet(self, shape: Shape, alpha: Array, *, dtype: Any = "float64", device: Place = None) -> Array:
        """Draws `(*shape, k)` of k probabilities whose density is proportional to the product of p^(alpha - 1).

        Args:
            shape: how many draws.
            alpha: `(k,)`, each above 0.
            dtype: a floating-point type.
            device: where the draws live.

        Raises:
            ValueError: `dtype` is no floating-point type, or an `alpha` is not positive.

        Example:
            >>> Generator(0).dirichlet((5,), [1.0, 2.0, 3.0]).shape
            (5, 3)
        """
        dtype, place = target("dirichlet", dtype, device)
        alpha = vector("dirichlet", "alpha", alpha)
        if not np.all(alpha > 0):
            raise ValueError(f"dirichlet: alpha is {alpha}; expected numbers above 0")
        return to_device(np.asarray(self._rng.dirichlet(alpha, shape), dtype), place)

    def multivariate_normal(
        self, shape: Shape, loc: Array, covariance: Array, *, dtype: Any = "float64", device: Place = None
    ) -> Array:
        """Draws `(*shape, n)` of the normal distribution with the mean `loc` and the covariances of each two of the n numbers.

        Args:
            shape: how many draws.
            loc: the mean, `(n,)`.
            covariance: `(n, n)`, symmetric, with no negative eigenvalue.
            dtype: a floating-point type.
            device: where the draws live.

        Raises:
            ValueError: `dtype` is no floating-point type, or `covariance` is no such matrix.

        Example:
            >>> Generator(0).multivariate_normal((5,), np.zeros(2), np.eye(2)).shape
            (5, 2)
        """
        dtype, place = target("multivariate_normal", dtype, device)
        loc = vector("multivariate_normal", "loc", loc)
        covariance = np.asarray(on_host("multivariate_normal", "covariance", covariance), dtype="float64")
        n = loc.size
        if covariance.shape != (n, n) or not np.allclose(covariance, covariance.T):
            raise ValueError(
                f"multivariate_normal: covariance is {covariance.tolist()!r:.80} {covariance.shape}; "
                f"expected a symmetric matrix {n, n}, as loc has {n} numbers"
            )
        variances, axes = np.linalg.eigh(covariance)
        if variances[0] < -1e-8 * max(variances[-1], 0.0):
            raise ValueError(
                f"multivariate_normal: covariance has the eigenvalue {variances[0]}; expected none below 0, as of A A^T"
            )
        x = self._rng.standard_normal((*shape, n)) * np.sqrt(np.maximum(variances, 0.0))
        return to_device(np.asarray(x @ axes.T + loc, dtype), place)

    def bernoulli(self, shape: Shape, p: Numbers, *, device: Place = None) -> Array:
        """Booleans of the given shape, each True with probability `p`.

        Raises:
            ValueError: `p` is not between 0 and 1.
        """
        place = place_of(device)
        p = numbers("bernoulli", shape, "p", p, probability, "a probability, from 0 to 1")
        return to_device(np.asarray(self._rng.random(shape, dtype=np.float32) < p), place)

    def integers(self, shape: Shape, low: int, high: int, *, dtype: Any = "int64", device: Place = None) -> Array:
        """Integers of the given shape, evenly from `low` (included) to `high` (excluded).

        Raises:
            ValueError: `low` is not below `high`, or `dtype` does not hold them.
        """
        place = place_of(device)
        if low >= high:
            raise ValueError(f"integers: low is {low}, high is {high}; expected low below high")
        return to_device(np.asarray(self._rng.integers(low, high, shape, dtype=numpy_dtype(dtype))), place)

    def poisson(self, shape: Shape, lam: Numbers, *, device: Place = None) -> Array:
        """How often something happens, int64, that happens `lam` times on average: n with probability lam^n exp(-lam) / n!.

        Raises:
            ValueError: `lam` is negative, or above 1e18.
        """
        place = place_of(device)
        lam = numbers("poisson", shape, "lam", lam, lambda v: (v >= 0) & (v <= 1e18), "a mean, from 0 to 1e18")
        return to_device(np.asarray(self._rng.poisson(lam, shape)), place)

    def categorical(self, shape: Shape, p: Array, *, device: Place = None) -> Array:
        """Integers from 0 to k - 1, int64, of the given shape, each with its probability in `p`.

        Args:
            shape: shape of the draws.
            p: `(k,)` or `(..., k)`, where `...` broadcasts to `shape`; 0 or more, divided by their sum.
            device: where the draws live.

        Raises:
            ValueError: `p` is negative, not finite or sums to 0, or does not broadcast.

        Example:
            >>> sorted(set(Generator(0).categorical((100,), [0.5, 0.0, 0.5]).tolist()))
            [0, 2]
        """
        place = place_of(device)
        p = np.asarray(on_host("categorical", "p", p), dtype="float64")
        if p.ndim == 0 or not (np.all(p >= 0) and np.all(np.isfinite(p)) and np.all(p.sum(-1) > 0)):
            raise ValueError(
                f"categorical: p is {p.tolist()!r:.80}; expected probabilities (..., k), 0 or more, not all 0"
            )
        broadcast("categorical", shape, "p[..., 0]", p[..., 0])
        upper = np.cumsum(p, -1)
        upper /= upper[..., -1:]
        u = self._rng.random(shape)
        if p.ndim == 1:
            return to_device(np.asarray(np.searchsorted(upper, u, side="right")), place)
        return to_device(np.sum(u[..., None] >= upper, axis=-1), place)

    def choice(
        self, shape: Shape, n: int, *, p: Array | None = None, replace: bool = True, device: Place = None
    ) -> Array:
        """Integers from 0 to n - 1, int64, of the given shape: any of them, or with `replace=False` each at most once.

        Args:
            shape: shape of the draws.
            n: how many there are to choose from.
            p: the probability of each, `(n,)`; equal unless given.
            replace: whether one may be chosen again.
            device: where the draws live.

        Raises:
            ValueError: there are not as many to choose from, or `p` is no vector of n probabilities.

        Example:
            >>> sorted(Generator(0).choice((3,), 3, replace=False).tolist())
            [0, 1, 2]
        """
        place = place_of(device)
        count, available = math.prod(shape), n
        if p is not None:
            p = vector("choice", "p", p)
            if p.size != n or not (np.all(p >= 0) and np.all(np.isfinite(p)) and np.any(p > 0)):
                raise ValueError(f"choice: p is {p.tolist()!r:.80}; expected {n} probabilities, 0 or more, not all 0")
            available = int(np.count_nonzero(p))
        if available < (min(count, 1) if replace else count):
            raise ValueError(
                f"choice: shape {shape} takes {count} of {available}; expected "
                f"{'something to choose from' if replace else 'no more than there are, or replace=True'}"
            )
        if replace and p is not None:
            return self.categorical(shape, p, device=place)
        x = self._rng.choice(n, shape, replace=replace, p=None if p is None else p / p.sum())
        return to_device(np.asarray(x, dtype="int64"), place)

    def permutation(self, n: int | Array, *, axis: int = 0) -> Any:
        """The integers from 0 to n - 1 in random order, `(n,)` int64, on the host; or the parts of an array along `axis`.

        Args:
            n: how many integers; or an array or Variable, of which a copy is returned where it lives.
            axis: the axis of the array whose parts are put in random order, each as a whole.

        Raises:
            ValueError: `n` is negative, or the array has no such axis.
            TypeError: `n` is neither an integer nor an array.

        Example:
            >>> x = Generator(0).permutation(np.array([[1, 1], [2, 2], [3, 3]]))
            >>> sorted(x.tolist())
            [[1, 1], [2, 2], [3, 3]]
        """
        if isinstance(n, int | np.integer):
            if n < 0:
                raise ValueError(f"permutation: n is {n}; expected how many integers to permute, 0 or more")
            return self._rng.permutation(n)
        device = backend_of("permutation", n).device_of(n)
        if not -n.ndim <= axis < n.ndim:
            raise ValueError(f"permutation: axis is {axis}; expected an axis of an array of shape {tuple(n.shape)}")
        return take(n, to_device(self._rng.permutation(n.shape[axis]), device), axis=axis)

    def bytes(self, n: int) -> builtins.bytes:
        """`n` random bytes.

        Example:
            >>> len(Generator(0).bytes(16))
            16
        """
        return self._rng.bytes(n)

    @overload
    def spawn(self) -> Generator: ...
    @overload
    def spawn(self, n: int) -> list[Generator]: ...
    def spawn(self, n: int | None = None) -> Any:
        """A new stream, or a list of `n`, independent of this one and of all others spawned from it.

        This stream moves on by one draw for each.

        Example:
            >>> a, b = Generator(0).spawn(2)
            >>> a.state == Generator(0).spawn().state, a.state == b.state
            (True, False)
        """
        if n is not None:
            return [self.spawn() for _ in range(n)]
        return Generator(np.random.SeedSequence(self._rng.integers(0, 2**32, 4, dtype=np.uint32).tolist()))

    @property
    def state(self) -> str:
        """The stream's position as JSON text; assign it to go back there."""
        return json.dumps(self._rng.bit_generator.state)

    @state.setter
    def state(self, text: str) -> None:
        try:
            state = json.loads(text)
            bits = np.random.PCG64(0)
            bits.state = state
            if bits.state != state:
                raise ValueError("PCG64 did not keep this state as it is")
        except (ValueError, TypeError, KeyError, OverflowError) as e:
            raise ValueError(
                f"Generator.state: got {text!r:.80}; expected the text that `Generator.state` gave (JSON of a PCG64 state)"
            ) from e
        self._rng.bit_generator.state = state


def _integer(name: str, value: Any, expected: str) -> int:
    """A part of a key, as an integer that is not negative."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"Generator.of: {name} is {value!r} ({type(value).__name__}); expected {expected}")
    number = operator.index(value)
    if number < 0:
        raise ValueError(f"Generator.of: {name} is {number}; expected {expected}")
    return number


_process = Generator()
_give: ContextVar[Callable[[], Generator] | None] = ContextVar("xparray.random.use_generator", default=None)


def default_rng(seed: int | None = None) -> Generator:
    """A stream of its own, from `seed` or from the operating system."""
    return Generator(seed)


def get_generator() -> Generator:
    """The process's stream, from which initializers, dropout and iterators draw; within `use_generator` that block's."""
    give = _give.get()
    return _process if give is None else give()


@contextmanager
def use_generator(give: Callable[[], Generator]) -> Iterator[None]:
    """A block within which, in its thread, `get_generator()` returns what `give()` does in place of the process's stream.

    Example:
        >>> mine = Generator(0)
        >>> with use_generator(lambda: mine):
        ...     get_generator() is mine
        True
        >>> get_generator() is mine
        False
    """
    token = _give.set(give)
    try:
        yield
    finally:
        _give.reset(token)


def seed(seed: int | None) -> None:
    """Start the process's stream again from `seed`, so that what follows repeats."""
    _process.state = Generator(seed).state
