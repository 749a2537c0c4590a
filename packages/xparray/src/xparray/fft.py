"""Discrete Fourier transforms: the standard's extension `fft`.

`norm` says where the factor 1/n goes: "backward" to the inverse, "forward" to the transform, "ortho" its root to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from xparray._device import Device
from xparray._standard._declare import creation, of_one_with
from xparray._typing import Array

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft", "rfftfreq",
    "rfftn",
]  # fmt: skip

Norm: TypeAlias = Literal["backward", "ortho", "forward"]
Axes: TypeAlias = Sequence[int] | None

# The signatures.


def _one(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array: ...
def _many(x: Array, /, *, s: Axes = None, axes: Axes = None, norm: Norm = "backward") -> Array: ...
def _frequencies(n: int, /, *, d: float = 1.0, dtype: Any = None, device: str | Device | None = None) -> Array: ...
def _shift(x: Array, /, *, axes: int | Sequence[int] | None = None) -> Array: ...


fft = of_one_with(_one, "fft.fft", "Transform of complex numbers along `axis`, cut or padded to `n`.")
fftn = of_one_with(_many, "fft.fftn", "Transform of complex numbers along `axes`, cut or padded to the lengths `s`.")
hfft = of_one_with(_one, "fft.hfft", "Transform, real, of the `n // 2 + 1` first of numbers with Hermitian symmetry.")
ifft = of_one_with(_one, "fft.ifft", "Inverse of `fft`.")
ifftn = of_one_with(_many, "fft.ifftn", "Inverse of `fftn`.")
ihfft = of_one_with(_one, "fft.ihfft", "Inverse of `hfft`.")
irfft = of_one_with(_one, "fft.irfft", "Inverse of `rfft`, `n` real numbers: an even number of them unless given.")
irfftn = of_one_with(_many, "fft.irfftn", "Inverse of `rfftn`.")
rfft = of_one_with(
    _one, "fft.rfft", "Transform of real numbers along `axis`: the `n // 2 + 1` frequencies that are not negative."
)
rfftn = of_one_with(
    _many, "fft.rfftn", "Transform of real numbers along `axes`; of the last, the frequencies not negative."
)

fftfreq = creation(_frequencies, "fft.fftfreq", "Frequencies of `fft`, in cycles a unit of the spacing `d`.")
rfftfreq = creation(_frequencies, "fft.rfftfreq", "Frequencies of `rfft`, in cycles a unit of the spacing `d`.")
fftshift = of_one_with(
    _shift, "fft.fftshift", "`x` with the frequency zero moved from the start to the middle of `axes`."
)
ifftshift = of_one_with(_shift, "fft.ifftshift", "Inverse of `fftshift`.")
