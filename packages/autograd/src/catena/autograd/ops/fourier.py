"""Fourier transforms of complex numbers given as two real arrays."""

from __future__ import annotations

import xparray as xp
from catena.autograd._op import Spec, op
from xparray import Array


@op
def transformed(real: Array, imag: Array, *, inverse: bool) -> tuple[Array, Array]:
    """Real and imaginary part of the discrete Fourier transform, or its inverse, along the last axis."""
    z = xp.add(real, xp.multiply(imag, 1j))
    y = xp.fft.ifft(z) if inverse else xp.fft.fft(z)
    return xp.astype(xp.real(y), real.dtype, copy=False), xp.astype(xp.imag(y), real.dtype, copy=False)


@transformed.vjp
def _(g: tuple[Array | None, ...], out_spec: list[Spec], inverse: bool, *, needs: tuple[bool, ...]) -> list[Array]:
    real, imag = (
        xp.zeros(s.shape, dtype=s.dtype, device=s.device) if part is None else part
        for part, s in zip(g, out_spec, strict=True)
    )
    # The transform is symmetric: of y = F z the cotangent is conj(F) g, and conj(F) swaps what F does to swapped parts.
    swapped = transformed(imag, real, inverse=inverse)
    return [swapped[1], swapped[0]]


def fft(x: tuple[Array, Array]) -> tuple[Array, Array]:
    """The discrete Fourier transform along the last axis of the complex numbers with the parts x = (real, imag), in such parts.

    Raises:
        ValueError: x is no pair, or its parts differ in shape or dtype.

    Example:
        >>> import numpy as np
        >>> [part.tolist() for part in fft((np.ones(2), np.zeros(2)))]
        [[2.0, 0.0], [0.0, 0.0]]
    """
    return transformed(*_parts("fft", x), inverse=False)


def ifft(x: tuple[Array, Array]) -> tuple[Array, Array]:
    """The inverse of `fft`: x = (real, imag) gives such parts.

    Raises:
        ValueError: x is no pair, or its parts differ in shape or dtype.

    Example:
        >>> import numpy as np
        >>> [part.tolist() for part in ifft((np.array([2.0, 0.0]), np.zeros(2)))]
        [[1.0, 1.0], [0.0, 0.0]]
    """
    return transformed(*_parts("ifft", x), inverse=True)


def _parts(function: str, x: tuple[Array, Array]) -> tuple[Array, Array]:
    if not isinstance(x, tuple | list) or len(x) != 2:
        what = f"an array of shape {tuple(x.shape)}" if hasattr(x, "shape") else f"{len(x)} arrays"
        raise ValueError(
            f"{function}: x is {what}; expected a pair (real, imag) of arrays; write xp.fft.{function}(z) for a complex z"
        )
    real, imag = x
    if not real.ndim or tuple(real.shape) != tuple(imag.shape) or real.dtype != imag.dtype:
        raise ValueError(
            f"{function}: real is {tuple(real.shape)} {real.dtype}, imag {tuple(imag.shape)} {imag.dtype}; "
            "expected the same shape, of one axis or more, and the same dtype"
        )
    return real, imag
