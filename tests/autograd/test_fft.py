"""Fourier transforms of Variables: identities that values and gradients keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 8))
Z = X + 1j * rng.normal(size=(3, 8))


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize(
    ("f", "inverse", "x"),
    [
        (F.fft.fft, F.fft.ifft, Z),
        (F.fft.fftn, F.fft.ifftn, Z),
        (F.fft.rfft, F.fft.irfft, X),
        (F.fft.rfftn, F.fft.irfftn, X),
        (F.fft.ihfft, F.fft.hfft, X),
        (F.fft.fftshift, F.fft.ifftshift, X),
    ],
)
def test_there_and_back(f: Callable[..., Any], inverse: Callable[..., Any], x: Any, norm: str) -> None:
    options = {} if f is F.fft.fftshift else {"norm": norm}
    v = Variable(x)
    y = inverse(f(v, **options), **options)
    np.testing.assert_allclose(y.array, x, rtol=1e-12, atol=1e-14)
    w = rng.normal(size=x.shape)
    np.testing.assert_allclose(ag.grad(F.sum(F.real(y * w)), v), w, rtol=1e-12, atol=1e-14)


def test_the_energy_of_a_signal_is_that_of_its_spectrum() -> None:
    v = Variable(Z)
    energy: Any = F.sum(F.square(F.abs(F.fft.fft(v, norm="ortho"))))
    np.testing.assert_allclose(energy.array, np.sum(np.abs(Z) ** 2))
    np.testing.assert_allclose(ag.grad(energy, v), 2 * Z, rtol=1e-12)


def test_convolution_by_transforms() -> None:
    x, w = Variable(X[0]), Variable(X[1, :3])
    y = F.fft.irfft(F.fft.rfft(x, n=10) * F.fft.rfft(w, n=10), n=10)
    np.testing.assert_allclose(y.array, np.convolve(X[0], X[1, :3]), rtol=1e-12)
    g = rng.normal(size=10)
    gx, gw = ag.grad(y, [x, w], g)
    np.testing.assert_allclose(gx, np.correlate(g, X[1, :3], "valid"), rtol=1e-12)
    np.testing.assert_allclose(gw, np.correlate(g, X[0], "valid"), rtol=1e-12)
    assert gx.dtype == gw.dtype == np.float64


@pytest.mark.parametrize("name", F.fft.__all__)
def test_values_are_the_librarys(name: str) -> None:
    ours, theirs = getattr(F.fft, name), getattr(xp.fft, name)
    x: Any = 8 if name.endswith("freq") else X if name in ("rfft", "rfftn", "ihfft") else Z
    np.testing.assert_array_equal(ours(x), theirs(x))
    if not name.endswith("freq"):
        y = theirs(Variable(x))
        assert type(y) is Variable
        np.testing.assert_array_equal(y.array, theirs(x))


def test_more_axes_than_lengths() -> None:
    x = Variable(np.stack([Z, Z]))
    y = F.fft.fftn(x, s=(2, 5), axes=(0, 2))
    assert y.shape == (2, 3, 5)
    g = ag.grad(F.sum(F.real(y)), x)
    np.testing.assert_allclose(g[..., 5:], 0)
    # Each frequency sums the elements; so the sum of all frequencies has the first element alone.
    expected = np.zeros(x.shape, complex)
    expected[0, :, 0] = 10
    np.testing.assert_allclose(g, expected, atol=1e-13)
