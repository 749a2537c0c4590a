"""What the distributions of `random` share: checks of their parameters, scales and places, and the truncated normal's draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xparray._backend import get_backend
from xparray._device import Device, default_device
from xparray._dispatch import device_of, to_device
from xparray._standard._creation import is_array
from xparray._standard._dtype import numpy_dtype
from xparray._typing import Array

Shape = tuple[int, ...]
Floats = np.ndarray[Any, Any]


def place_of(device: str | Device | None) -> Device:
    """The device where draws go, which has to be there before anything is drawn."""
    place = default_device() if device is None else Device.parse(device)
    get_backend(place.backend).native_device(place)
    return place


def target(function: str, dtype: Any, device: str | Device | None) -> tuple[np.dtype[Any], Device]:
    """The dtype and the device of draws of real numbers.

    Raises:
        ValueError: `dtype` is no floating-point type, or there is no such device.
    """
    dtype = numpy_dtype(dtype)
    if dtype.kind != "f":
        raise ValueError(f"{function}: dtype is {dtype}; expected float16, float32 or float64")
    return dtype, place_of(device)


def on_host(function: str, name: str, value: Any) -> Any:
    """`value`, which is a number, a sequence or an array in the host's memory.

    Raises:
        ValueError: it is an array elsewhere.
    """
    if is_array(value) and not get_backend(device_of(value).backend).is_host:
        raise ValueError(
            f"{function}: {name} lives on {device_of(value)}; numbers are drawn on the host: "
            f"pass xp.to_device({name}, 'numpy')"
        )
    return value


def numbers(
    function: str,
    shape: Shape,
    name: str,
    value: Any,
    valid: Callable[[Any], Any] | None = None,
    expected: str = "",
) -> Any:
    """A distribution's parameter as a float, or as an array that broadcasts to `shape`.

    Raises:
        ValueError: it is not `expected`, which `valid` decides, does not broadcast, or lives elsewhere than on the host.
    """
    if type(value) not in (int, float):
        value = np.asarray(on_host(function, name, value), dtype="float64")
        value = broadcast(function, shape, name, value) if value.ndim else float(value)
    if valid is not None and not np.all(valid(value)):
        shown = value.tolist() if isinstance(value, np.ndarray) else value
        raise ValueError(f"{function}: {name} is {shown!r:.80}; expected {expected}")
    return value


def broadcast(function: str, shape: Shape, name: str, value: Floats) -> Floats:
    """`value`, whose shape broadcasts to `shape`.

    Raises:
        ValueError: it does not.
    """
    fits = value.ndim <= len(shape) and all(n in (1, m) for n, m in zip(value.shape[::-1], shape[::-1], strict=False))
    if not fits:
        raise ValueError(f"{function}: {name} has shape {value.shape}; expected one that broadcasts to {shape}")
    return value


def vector(function: str, name: str, value: Any) -> Floats:
    """A parameter as an array `(n,)`.

    Raises:
        ValueError: it has another number of axes or no element, or lives elsewhere than on the host.
    """
    x = np.asarray(on_host(function, name, value), dtype="float64")
    if x.ndim != 1 or not x.size:
        raise ValueError(f"{function}: {name} has shape {x.shape}; expected a vector (n,)")
    return x


def not_negative(value: Any) -> Any:
    """Whether numbers are 0 or more."""
    return value >= 0


def positive(value: Any) -> Any:
    """Whether numbers are above 0."""
    return value > 0


def probability(value: Any) -> Any:
    """Whether numbers are from 0 to 1."""
    return (value >= 0) & (value <= 1)


def located(
    function: str,
    draw: Callable[[Shape, Any], Any],
    shape: Shape,
    loc: Any,
    scale: Any,
    dtype: Any,
    device: str | Device | None,
) -> Array:
    """`loc` plus `scale` times what `draw` gives for a shape and float32 or float64, in `dtype` on `device`.

    Raises:
        ValueError: `dtype` is no floating-point type, `scale` is negative, or a parameter or the device is not what it should be.
    """
    dtype, place = target(function, dtype, device)
    loc = numbers(function, shape, "loc", loc)
    scale = numbers(function, shape, "scale", scale, not_negative, "a scale, 0 or more")
    x = np.asarray(draw(shape, np.float32 if dtype.itemsize < 8 else np.float64)).astype(dtype, copy=False)
    x *= scale
    x += loc
    return to_device(x, place)


def normal_between(rng: np.random.Generator, low: float, high: float, n: int) -> Floats:
    """`n` draws of the standard normal distribution from `low` to `high`, by proposals of which some are taken.

    Source: C. P. Robert, Simulation of truncated normal variables, Statistics and Computing 5 (1995), 121-125.
    """
    if high < 0:
        return -normal_between(rng, -high, -low, n)
    rate = (low + math.hypot(low, 2)) / 2

    def normal(m: int) -> Floats:
        x = rng.standard_normal(m)
        return x[(x >= low) & (x <= high)]

    def exponential(m: int) -> Floats:
        x = low + rng.standard_exponential(m) / rate
        return x[(x <= high) & (rng.random(m) < np.exp(-((x - rate) ** 2) / 2))]

    def uniform(m: int) -> Floats:
        x = low + (high - low) * rng.random(m)
        nearest = max(low, 0.0)
        return x[rng.random(m) < np.exp((nearest - x) * (nearest + x) / 2)]

    # Of each kind at least a quarter are taken where it is used.
    if math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)) > 0.5:
        propose = normal
    else:
        propose = exponential if low > 0 and (high - low) * rate > 2 else uniform
    taken = [np.empty(0)]
    while n > 0:
        taken.append(propose(n + 16)[:n])
        n -= taken[-1].size
    return np.concatenate(taken)
