"""Discrete Fourier transforms.

A transform is a matrix of roots of unity times a factor, which `norm` puts into the transform ("forward"), its inverse ("backward") or
half into both ("ortho"). The adjoint is the inverse with the factor of the transform: the other one of "backward" and "forward".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import xparray as xp
from catena.autograd._op import Spec, op
from catena.autograd.ops import indexing
from catena.autograd.ops.arrangement import roll
from catena.autograd.ops.complex import conj, fitted, real_part
from xparray import Array
from xparray._dispatch import dtype_name

Norm: TypeAlias = Literal["backward", "ortho", "forward"]
Lengths: TypeAlias = Sequence[int] | None
Axes: TypeAlias = Sequence[int] | None

_OTHER: dict[Norm, Norm] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


@op
def fftn(x: Array, *, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Array:
    """Transform of complex numbers along `axes` (all), cut or padded with zeros to the lengths `s`."""
    return xp.fft.fftn(x, s=s, axes=axes, norm=norm)


@op
def ifftn(x: Array, *, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Array:
    """Inverse of `fftn`."""
    return xp.fft.ifftn(x, s=s, axes=axes, norm=norm)


def _named(axes: Axes, s: Lengths, ndim: int) -> tuple[int, ...]:
    """The axes of a transform: where none are named all, or as many last ones as there are lengths."""
    return tuple(range(ndim))[-len(s) if s else None :] if axes is None else tuple(axes)


def _resized(g: Array, x_shape: tuple[int, ...]) -> Array:
    """The adjoint of cutting x, or padding it with zeros, to the shape of g."""
    if tuple(g.shape) == x_shape:
        return g
    common = tuple(slice(0, min(pair)) for pair in zip(g.shape, x_shape, strict=True))
    return indexing.scatter_add(indexing.getitem(g, key=common), key=common, shape=x_shape)


def _fftn_x(g: Array, x_spec: Spec, s: Lengths, axes: Axes, norm: Norm) -> Array:
    gx = ifftn(g, axes=_named(axes, s, x_spec.ndim), norm=_OTHER[norm])
    return fitted(_resized(gx, x_spec.shape), x_spec)


def _ifftn_x(g: Array, x_spec: Spec, s: Lengths, axes: Axes, norm: Norm) -> Array:
    gx = fftn(g, axes=_named(axes, s, x_spec.ndim), norm=_OTHER[norm])
    return fitted(_resized(gx, x_spec.shape), x_spec)


fftn.vjps(x=_fftn_x)
ifftn.vjps(x=_ifftn_x)


@op
def rfftn(x: Array, *, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Array:
    """Transform of real numbers along `axes` (all), cut or padded to the lengths `s`; of the last, the frequencies not negative."""
    return xp.fft.rfftn(x, s=s, axes=axes, norm=norm)


@op
def irfftn(x: Array, *, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Array:
    """Inverse of `rfftn`, real; along the last of `axes` an even number of elements unless `s` gives another."""
    return xp.fft.irfftn(x, s=s, axes=axes, norm=norm)


def _weighted(g: Array, axis: int, n: int, weight: float) -> Array:
    """g with `weight` at each frequency of n real numbers that stands for its negative too: all but 0 and, of an even n, n / 2."""
    dtype = {"complex64": "float32"}.get(dtype_name(g.dtype), "float64")
    weights = [1.0, *[weight] * ((n - 1) // 2), *[1.0] * (n % 2 == 0)]
    along = tuple(-1 if i == axis % g.ndim else 1 for i in range(g.ndim))
    return g * xp.reshape(xp.asarray(weights, dtype=dtype, device=xp.device_of(g)), along)


def _rfftn_x(g: Array, x_spec: Spec, s: Lengths, axes: Axes, norm: Norm) -> Array:
    axes = _named(axes, s, x_spec.ndim)
    n = s[-1] if s and s[-1] != -1 else x_spec.shape[axes[-1]]
    lengths = (*(g.shape[axis] for axis in axes[:-1]), n)
    gx = irfftn(_weighted(g, axes[-1], n, 0.5), s=lengths, axes=axes, norm=_OTHER[norm])
    return _resized(gx, x_spec.shape)


def _irfftn_x(g: Array, x_spec: Spec, s: Lengths, axes: Axes, norm: Norm) -> Array:
    axes = _named(axes, s, x_spec.ndim)
    gx = _weighted(rfftn(real_part(g), axes=axes, norm=_OTHER[norm]), axes[-1], g.shape[axes[-1]], 2.0)
    return fitted(_resized(gx, x_spec.shape), x_spec)


rfftn.vjps(x=_rfftn_x)
irfftn.vjps(x=_irfftn_x)

# ------------------------------------------------------------------------------------------------------------------- along one axis


def _length(n: int | None) -> Lengths:
    return None if n is None else (n,)


def fft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Transform of complex numbers along `axis`, cut or padded to `n`.

    Example:
        >>> import numpy as np
        >>> fft(np.array([1.0, 0.0, 0.0, 0.0])).tolist()
        [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return fftn(x, s=_length(n), axes=(axis,), norm=norm)


def ifft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Inverse of `fft`.

    Example:
        >>> import numpy as np
        >>> ifft(np.array([4.0, 0.0, 0.0, 0.0])).tolist()
        [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return ifftn(x, s=_length(n), axes=(axis,), norm=norm)


def rfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Transform of real numbers along `axis`: the `n // 2 + 1` frequencies that are not negative.

    Example:
        >>> import numpy as np
        >>> rfft(np.array([1.0, 0.0, 0.0, 0.0])).tolist()
        [(1+0j), (1+0j), (1+0j)]
    """
    return rfftn(x, s=_length(n), axes=(axis,), norm=norm)


def irfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Inverse of `rfft`, `n` real numbers: an even number of them unless given.

    Example:
        >>> import numpy as np
        >>> irfft(np.array([4.0 + 0j, 0.0, 0.0])).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    return irfftn(x, s=_length(n), axes=(axis,), norm=norm)


def hfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Transform, real, of the `n // 2 + 1` first of numbers with Hermitian symmetry.

    Example:
        >>> import numpy as np
        >>> hfft(np.array([1.0 + 0j, 0.0, 0.0])).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    return irfft(conj(x), n=n, axis=axis, norm=_OTHER[norm])


def ihfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """Inverse of `hfft`.

    Example:
        >>> import numpy as np
        >>> ihfft(np.array([4.0, 4.0, 4.0, 4.0])).tolist()
        [(4-0j), -0j, -0j]
    """
    return conj(rfft(x, n=n, axis=axis, norm=_OTHER[norm]))


# ---------------------------------------------------------------------------------------------------------------------- frequencies


def _shifted(x: Array, axes: int | Sequence[int] | None, sign: int) -> Array:
    named = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    return roll(x, shift=tuple(sign * (x.shape[i] // 2) for i in named), axis=tuple(named))


def fftshift(x: Array, /, *, axes: int | Sequence[int] | None = None) -> Array:
    """x with the frequency zero moved from the start to the middle of `axes`.

    Example:
        >>> import numpy as np
        >>> fftshift(np.array([0.0, 1.0, 2.0, -2.0, -1.0])).tolist()
        [-2.0, -1.0, 0.0, 1.0, 2.0]
    """
    return _shifted(x, axes, 1)


def ifftshift(x: Array, /, *, axes: int | Sequence[int] | None = None) -> Array:
    """Inverse of `fftshift`.

    Example:
        >>> import numpy as np
        >>> ifftshift(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])).tolist()
        [0.0, 1.0, 2.0, -2.0, -1.0]
    """
    return _shifted(x, axes, -1)
