"""Initial values of parameters: callables that fill the array they are given.

    initializer = HeNormal()
    initializer(array)                              # in place
    generate_array(initializer, (100, 784), None)   # a new one

Draws come from the process's stream of random numbers, so `xparray.random.seed(0)` makes them repeat on every device.

An initializer that depends on the fans reads them off the shape `(n_out, n_in, *window)` of a weight:
fan_in = n_in · prod(window), fan_out = n_out · prod(window).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

import xparray
from catena.autograd import Variable, config
from catena.nn._arrays import can_fill, dtype_of, is_array
from xparray import Array, Device
from xparray.random import Generator

__all__ = [
    "Constant",
    "DownsamplingConvFilter",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "UpsamplingDeconvFilter",
    "Zero",
    "generate_array",
    "get_fans",
    "get_initializer",
]


class Initializer:
    """Base of initializers: a subclass defines `fill(array)`, which writes into an array of any device.

    Args:
        dtype: the only dtype it fills, and that of the arrays made for it; None for any, and `config.dtype`.

    Raises:
        ValueError: called with an array of another dtype.

    Example:
        >>> class Counting(Initializer):
        ...     def fill(self, array):
        ...         array[...] = np.arange(array.size).reshape(array.shape)
        >>> generate_array(Counting(), (2, 2), None)
        array([[0., 1.],
               [2., 3.]], dtype=float32)
    """

    def __init__(self, dtype: Any = None) -> None:
        self.dtype = None if dtype is None else np.dtype(dtype)

    def __call__(self, array: Array) -> None:
        """Fill `array` in place."""
        if self.dtype is not None and dtype_of(array) != self.dtype:
            raise ValueError(
                f"{type(self).__name__}: array is {dtype_of(array)}, the initializer was made for {self.dtype}; "
                "give both the same dtype, or the initializer none"
            )
        self.fill(array)

    def fill(self, array: Array) -> None:
        """Write the initial values into `array`."""
        raise TypeError(f"{type(self).__name__} defines neither fill(array) nor __call__(array); define one of them")

    def _put(self, array: Array, values: np.ndarray[Any, Any]) -> None:
        array[...] = xparray.to_device(np.asarray(values, dtype=dtype_of(array)), xparray.device_of(array))


def get_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """fan_in and fan_out of a weight of shape `(n_out, n_in, *window)`: n_in · prod(window) and n_out · prod(window).

    Raises:
        ValueError: `shape` has fewer than two axes.

    Example:
        >>> get_fans((100, 784)), get_fans((64, 3, 5, 5))
        ((784, 100), (75, 1600))
    """
    if len(shape) < 2:
        raise ValueError(
            f"get_fans: shape {shape} has no fan-in; expected a weight's shape (n_out, n_in, ...); "
            "for other parameters use an initializer without fans, such as Normal"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def get_initializer(initializer: Any) -> Callable[[Array], Any]:
    """The initializer that a link's argument stands for: LeCunNormal for None, Constant for a number or an array.

    Raises:
        TypeError: `initializer` is none of these, nor callable.

    Example:
        >>> type(get_initializer(None)).__name__, get_initializer(0.5).fill_value
        ('LeCunNormal', 0.5)
    """
    if initializer is None:
        return LeCunNormal()
    if is_array(initializer) or isinstance(initializer, int | float | complex | np.generic):
        return Constant(initializer)
    if callable(initializer):
        return initializer
    raise TypeError(
        f"initializer is {initializer!r:.60} ({type(initializer).__name__}); expected None, a number, an array, "
        "or a callable that fills an array, such as initializers.HeNormal()"
    )


def generate_array(
    initializer: Any,
    shape: int | tuple[int, ...],
    xp: Any = None,
    dtype: Any = None,
    device: str | Device | None = None,
) -> Array:
    """A new array of the given shape, filled by `initializer`.

    Args:
        initializer: whatever `get_initializer` takes.
        shape: lengths of the axes.
        xp: namespace whose arrays are wanted, such as `link.xp`; None for NumPy's.
        dtype: of the array; the initializer's own, else `config.dtype`, unless given.
        device: where the array shall live; goes before `xp`.

    Raises:
        ValueError: the initializer was made for another dtype, or a length is negative.
        TypeError: the initializer returned values instead of filling the array.

    Example:
        >>> generate_array(One(), (2, 3), None)
        array([[1., 1., 1.],
               [1., 1., 1.]], dtype=float32)
    """
    initializer = get_initializer(initializer)
    shape = checked_shape("generate_array", shape)
    own = getattr(initializer, "dtype", None)
    if dtype is None:
        dtype = config.dtype if own is None else own
    elif own is not None and np.dtype(own) != np.dtype(dtype):
        raise ValueError(
            f"generate_array: dtype is {np.dtype(dtype)}, the initializer was made for {np.dtype(own)}; "
            "give both the same, or one of them none"
        )
    if device is None:
        device = "numpy" if xp is None else xparray.device_of(xp.empty(0))
    array = xparray.zeros(shape, dtype=np.dtype(dtype), device=device)
    returned = initializer(array)
    if returned is not None and returned is not array:
        raise TypeError(
            f"generate_array: the initializer {initializer!r:.60} returned a value ({type(returned).__name__}); "
            "expected it to fill the array that it is given: array[...] = values"
        )
    return array


def checked_shape(function: str, shape: Any) -> tuple[int, ...]:
    """`shape` as a tuple of lengths; raises where it is none."""
    lengths = shape if isinstance(shape, tuple | list) else (shape,)
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0 for n in lengths):
        raise ValueError(f"{function}: shape is {shape!r}; expected a length or a tuple of lengths, such as (100, 784)")
    return tuple(int(n) for n in lengths)


class Constant(Initializer):
    """The same value everywhere, or the values of an array.

    Args:
        fill_value: a number, or an array of the parameter's shape, of which the values are copied.
        dtype: see Initializer.

    Raises:
        ValueError: the array to fill has another shape, or cannot hold the value.

    Example:
        >>> generate_array(Constant(0.5), 2, None)
        array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, fill_value: Any, dtype: Any = None) -> None:
        super().__init__(dtype)
        if isinstance(fill_value, Variable):
            raise TypeError(f"{type(self).__name__}: fill_value is a Variable; pass its values, v.array")
        self.fill_value = fill_value

    def fill(self, array: Array) -> None:
        """Write the value, or the values."""
        value = self.fill_value
        host = np.asarray(xparray.to_device(value, "numpy") if is_array(value) else value)
        if host.ndim and host.shape != tuple(array.shape):
            raise ValueError(
                f"{type(self).__name__}: fill_value has shape {host.shape}, the array to fill {tuple(array.shape)}; "
                "give an array of that shape, or a number"
            )
        target = dtype_of(array)
        if not can_fill(host.dtype, target):
            raise ValueError(
                f"{type(self).__name__}: fill_value is {host.dtype}, the array to fill {target}, which cannot hold it; "
                "give a dtype that can"
            )
        self._put(array, np.broadcast_to(host, tuple(array.shape)))


class Zero(Constant):
    """Zeros.

    Example:
        >>> generate_array(Zero(), 2, None)
        array([0., 0.], dtype=float32)
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(0, dtype)


class One(Constant):
    """Ones.

    Example:
        >>> generate_array(One(dtype="float64"), 2, None)
        array([1., 1.])
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(1, dtype)


class NaN(Constant):
    """Not a number, for parameters that a program fills itself: what it forgets shows in every result.

    Example:
        >>> generate_array(NaN(), 2, None)
        array([nan, nan], dtype=float32)
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(math.nan, dtype)


class Identity(Initializer):
    """`scale` on the diagonal of a square matrix, zero elsewhere.

    Args:
        scale: value of the diagonal.
        dtype: see Initializer.

    Raises:
        ValueError: the array is no square matrix.

    Example:
        >>> generate_array(Identity(2), (2, 2), None)
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, scale: float = 1.0, dtype: Any = None) -> None:
        super().__init__(dtype)
        self.scale = _checked_scale(self, scale)

    def fill(self, array: Array) -> None:
        """Write the scaled identity matrix."""
        shape = tuple(array.shape)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"Identity: the array to fill has shape {shape}; expected a square matrix, (n, n)")
        self._put(array, self.scale * np.eye(shape[0]))


class _Random(Initializer, ABC):
    """Draws from a distribution whose width depends on `scale` and on the shape."""

    def __init__(self, scale: float = 1.0, dtype: Any = None, *, rng: Generator | None = None) -> None:
        super().__init__(dtype)
        self.scale = _checked_scale(self, scale)
        self.rng = rng

    def width(self, shape: tuple[int, ...]) -> float:
        """The distribution's width for an array of the given shape."""
        return self.scale

    @abstractmethod
    def _draw(self, rng: Generator, shape: tuple[int, ...], width: float, dtype: Any, device: Device) -> Array:
        """Numbers from the distribution of the given width."""

    def fill(self, array: Array) -> None:
        """Write the draws."""
        dtype, shape = dtype_of(array), tuple(array.shape)
        if dtype.kind != "f":
            raise ValueError(f"{type(self).__name__}: the array to fill is {dtype}; expected a floating dtype")
        if array.size:
            rng = xparray.random.get_generator() if self.rng is None else self.rng
            array[...] = self._draw(rng, shape, self.width(shape), dtype, xparray.device_of(array))


class _Normal(_Random):
    """Draws from the normal distribution whose standard deviation is the width."""

    def _draw(self, rng: Generator, shape: tuple[int, ...], width: float, dtype: Any, device: Device) -> Array:
        return rng.normal(shape, scale=width, dtype=dtype, device=device)


class Normal(_Normal):
    """Draws from the normal distribution with mean 0 and standard deviation `scale`.

    Args:
        scale: standard deviation.
        dtype: see Initializer.
        rng: stream to draw from; the process's unless given.

    Raises:
        ValueError: `scale` is negative or not finite.

    Example:
        >>> x = generate_array(Normal(2.0, rng=xparray.random.default_rng(0)), (100, 100), None)
        >>> round(float(x.std()), 1)
        2.0
    """

    def __init__(self, scale: float = 0.05, dtype: Any = None, *, rng: Generator | None = None) -> None:
        super().__init__(scale, dtype, rng=rng)


class GlorotNormal(_Normal):
    """Normal with standard deviation scale · sqrt(2 / (fan_in + fan_out)).

    Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Example:
        >>> round(GlorotNormal().width((6, 2)), 6)
        0.5
    """

    def width(self, shape: tuple[int, ...]) -> float:
        """The standard deviation for a weight of the given shape."""
        return self.scale * math.sqrt(2 / sum(get_fans(shape)))


class HeNormal(_Normal):
    """Normal with standard deviation scale · sqrt(2 / fan), for layers before a relu.

    Source: K. He et al., Delving deep into rectifiers, ICCV 2015.

    Args:
        scale: factor.
        dtype: see Initializer.
        fan_option: which fan, "fan_in" or "fan_out".
        rng: see Normal.

    Raises:
        ValueError: `fan_option` is neither, or `scale` is negative or not finite.

    Example:
        >>> HeNormal().width((6, 2)), round(HeNormal(fan_option="fan_out").width((8, 2)), 6)
        (1.0, 0.5)
    """

    def __init__(
        self, scale: float = 1.0, dtype: Any = None, fan_option: str = "fan_in", *, rng: Generator | None = None
    ) -> None:
        super().__init__(scale, dtype, rng=rng)
        if fan_option not in ("fan_in", "fan_out"):
            raise ValueError(f"HeNormal: fan_option is {fan_option!r}; expected 'fan_in' or 'fan_out'")
        self.fan_option = fan_option

    def width(self, shape: tuple[int, ...]) -> float:
        """The standard deviation for a weight of the given shape."""
        fan_in, fan_out = get_fans(shape)
        return self.scale * math.sqrt(2 / (fan_in if self.fan_option == "fan_in" else fan_out))


class LeCunNormal(_Normal):
    """Normal with standard deviation scale · sqrt(1 / fan_in); the default of every weight.

    Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, Efficient BackProp, 1998, section 4.6.

    Example:
        >>> LeCunNormal().width((100, 4))
        0.5
    """

    def width(self, shape: tuple[int, ...]) -> float:
        """The standard deviation for a weight of the given shape."""
        return self.scale * math.sqrt(1 / get_fans(shape)[0])


class _Uniform(_Random):
    """Draws spread evenly from minus the width to the width."""

    def _draw(self, rng: Generator, shape: tuple[int, ...], width: float, dtype: Any, device: Device) -> Array:
        return rng.uniform(shape, low=-width, high=width, dtype=dtype, device=device)


class Uniform(_Uniform):
    """Draws spread evenly over [-scale, scale).

    Args:
        scale: half the width of the interval.
        dtype: see Initializer.
        rng: stream to draw from; the process's unless given.

    Raises:
        ValueError: `scale` is negative or not finite.

    Example:
        >>> x = generate_array(Uniform(2.0), (100, 100), None)
        >>> bool(abs(x).max() <= 2.0)
        True
    """

    def __init__(self, scale: float = 0.05, dtype: Any = None, *, rng: Generator | None = None) -> None:
        super().__init__(scale, dtype, rng=rng)


class GlorotUniform(_Uniform):
    """Uniform over ±scale · sqrt(6 / (fan_in + fan_out)).

    Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Example:
        >>> GlorotUniform().width((4, 2))
        1.0
    """

    def width(self, shape: tuple[int, ...]) -> float:
        """Half the width of the interval for a weight of the given shape."""
        return self.scale * math.sqrt(6 / sum(get_fans(shape)))


class HeUniform(_Uniform):
    """Uniform over ±scale · sqrt(6 / fan_in), for layers before a relu.

    Source: K. He et al., Delving deep into rectifiers, ICCV 2015.

    Example:
        >>> HeUniform().width((4, 6))
        1.0
    """

    def width(self, shape: tuple[int, ...]) -> float:
        """Half the width of the interval for a weight of the given shape."""
        return self.scale * math.sqrt(6 / get_fans(shape)[0])


class LeCunUniform(_Uniform):
    """Uniform over ±scale · sqrt(3 / fan_in).

    Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, Efficient BackProp, 1998, section 4.6.

    Example:
        >>> LeCunUniform().width((4, 3))
        1.0
    """

    def width(self, shape: tuple[int, ...]) -> float:
        """Half the width of the interval for a weight of the given shape."""
        return self.scale * math.sqrt(3 / get_fans(shape)[0])


class Orthogonal(Initializer):
    """`scale` times a matrix with orthonormal rows or columns, whichever are fewer, drawn evenly from all of those.

    All axes but the first are taken as one: an array `(n_out, n_in, ...)` is a matrix from n_in · ... to n_out dimensions.
    The matrix is the Q of the QR decomposition of a normal one, each column by the sign of R's diagonal (F. Mezzadri, How to
    generate random matrices from the classical compact groups, 2007).

    Source: A. Saxe, J. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks, 2013.

    Args:
        scale: factor.
        dtype: see Initializer.
        mode: "embedding" wants orthonormal columns (no fewer dimensions out than in), "projection" orthonormal rows (no
            more out than in), "basis" both, "auto" whichever the shape allows.
        rng: see Normal.

    Raises:
        ValueError: `mode` is none of these, or the array's shape does not allow it.

    Example:
        >>> W = generate_array(Orthogonal(scale=1.0), (2, 3), None)
        >>> np.allclose(W @ W.T, np.eye(2), atol=1e-6)
        True
    """

    def __init__(
        self, scale: float = 1.1, dtype: Any = None, mode: str = "auto", *, rng: Generator | None = None
    ) -> None:
        super().__init__(dtype)
        self.scale = _checked_scale(self, scale)
        if mode not in ("auto", "projection", "embedding", "basis"):
            raise ValueError(f"Orthogonal: mode is {mode!r}; expected 'auto', 'projection', 'embedding' or 'basis'")
        self.mode = mode
        self.rng = rng

    def fill(self, array: Array) -> None:
        """Write the scaled orthogonal matrix."""
        dtype, shape = dtype_of(array), tuple(array.shape)
        if dtype.kind != "f" or not array.size:
            raise ValueError(f"Orthogonal: the array to fill is {shape} {dtype}; expected a floating one with elements")
        n_out, n_in = (shape[0], math.prod(shape[1:])) if shape else (1, 1)
        if (n_out < n_in and self.mode in ("embedding", "basis")) or (
            n_out > n_in and self.mode in ("projection", "basis")
        ):
            raise ValueError(
                f"Orthogonal: the array to fill has shape {shape}, from {n_in} to {n_out} dimensions, which allows no "
                f"{self.mode}; use mode='auto'"
            )
        rng = xparray.random.get_generator() if self.rng is None else self.rng
        q, r = np.linalg.qr(rng.normal((max(n_out, n_in), min(n_out, n_in)), device="numpy"))
        q *= np.copysign(self.scale, np.diag(r))
        self._put(array, (q if n_out >= n_in else q.T).reshape(shape))


class _Interpolation(Initializer):
    """The linear interpolation filter, from each channel to itself (or from all to one)."""

    def __init__(self, interpolation: str, dtype: Any) -> None:
        super().__init__(dtype)
        if interpolation != "linear":
            raise ValueError(f"{type(self).__name__}: interpolation is {interpolation!r}; expected 'linear'")
        self.interpolation = interpolation

    def _filter(self, size: int, ndim: int) -> np.ndarray[Any, Any]:
        half = (size + 1) // 2
        line = 1 - np.abs(np.arange(size) - (size - 1) / 2) / half
        window = np.ones(())
        for _ in range(ndim):
            window = np.multiply.outer(window, line)
        return window

    def fill(self, array: Array) -> None:
        """Write the filter for each channel."""
        first, second, *window = (int(n) for n in array.shape) if array.ndim > 2 else (0, 0)
        if not window or min(window) < 1 or len(set(window)) > 1 or second not in (first, 1):
            raise ValueError(
                f"{type(self).__name__}: the array to fill has shape {tuple(array.shape)}; expected (n, n, k, ...) or "
                "(n, 1, k, ...) with a window of equal sides"
            )
        values = np.zeros((first, second, *window))
        channels = np.arange(first)
        values[channels, channels if second == first else 0] = self._filter(window[0], len(window))
        self._put(array, values)


class UpsamplingDeconvFilter(_Interpolation):
    """Weights with which a deconvolution of stride (k + 1) // 2 enlarges each channel by linear interpolation.

    Along each axis of the window, w[i] = 1 - |i - (k - 1) / 2| / ((k + 1) // 2).

    Source: J. Long, E. Shelhamer, T. Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015.

    Args:
        interpolation: "linear".
        dtype: see Initializer.

    Raises:
        ValueError: another interpolation is asked for, or the array is no `(n, n, k, ...)` or `(n, 1, k, ...)`.

    Example:
        >>> generate_array(UpsamplingDeconvFilter(), (1, 1, 4), None)
        array([[[0.25, 0.75, 0.75, 0.25]]], dtype=float32)
    """

    def __init__(self, interpolation: str = "linear", dtype: Any = None) -> None:
        super().__init__(interpolation, dtype)


class DownsamplingConvFilter(_Interpolation):
    """Weights with which a convolution of stride (k + 1) // 2 shrinks each channel: UpsamplingDeconvFilter's, of sum 1.

    Source: J. Long, E. Shelhamer, T. Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015.

    Args:
        interpolation: "linear".
        dtype: see Initializer.

    Raises:
        ValueError: another interpolation is asked for, or the array is no `(n, n, k, ...)` or `(n, 1, k, ...)`.

    Example:
        >>> generate_array(DownsamplingConvFilter(), (1, 1, 4), None)
        array([[[0.125, 0.375, 0.375, 0.125]]], dtype=float32)
    """

    def __init__(self, interpolation: str = "linear", dtype: Any = None) -> None:
        super().__init__(interpolation, dtype)

    def _filter(self, size: int, ndim: int) -> np.ndarray[Any, Any]:
        window = super()._filter(size, ndim)
        return np.asarray(window / window.sum())


def _checked_scale(initializer: Initializer, scale: Any) -> float:
    if isinstance(scale, bool) or not isinstance(scale, int | float | np.integer | np.floating):
        raise TypeError(f"{type(initializer).__name__}: scale is {scale!r} ({type(scale).__name__}); expected a number")
    scale = float(scale)
    if not math.isfinite(scale) or scale < 0:
        raise ValueError(f"{type(initializer).__name__}: scale is {scale}; expected a finite number from 0")
    return scale
