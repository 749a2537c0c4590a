"""Complex numbers: the direction of gradients, where real and complex meet, and dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable
from catena.autograd import functions as F

Z: Any = np.array([1 + 2j, -0.5j, 3.0])
X = np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # L = |z|^2 grows most along z itself.
        (lambda z: F.real(z * F.conj(z)), 2 * Z),
        (lambda z: F.square(F.abs(z)), 2 * Z),
        (lambda z: F.real(z), [1, 1, 1]),
        (lambda z: F.imag(z), [1j, 1j, 1j]),
        (F.abs, Z / np.abs(Z)),
        # f(z) with a complex derivative: conj(f'(z)) for the real part.
        (lambda z: F.real(z**3), np.conj(3 * Z**2)),
        (lambda z: F.imag(z**3), 1j * np.conj(3 * Z**2)),
        (lambda z: F.real(F.exp(z)), np.conj(np.exp(Z))),
        (lambda z: F.real((2 + 1j) * z), [2 - 1j] * 3),
        (lambda z: F.real(z / (2 + 1j)), [1 / (2 - 1j)] * 3),
        (lambda z: F.real((2 + 1j) / z), np.conj(-(2 + 1j) / Z**2)),
        (lambda z: F.real((2 + 1j) ** z), np.conj(np.log(2 + 1j) * (2 + 1j) ** Z)),
        (lambda z: F.real(F.linalg.vecdot(z, Z)), Z),
        # The angle, as the imaginary part of the logarithm, grows at right angles to z.
        (lambda z: F.imag(F.log(z)), 1j * Z / np.abs(Z) ** 2),
    ],
)
def test_gradients_point_to_steepest_ascent(loss: Callable[[Any], Any], expected: Any) -> None:
    z = Variable(Z)
    g = ag.grad(F.sum(loss(z)), z)
    assert g.dtype == np.complex128
    np.testing.assert_allclose(g, expected, rtol=1e-14)
    # A step along the gradient makes the loss grow by |g|^2.
    step = 1e-6 * np.asarray(g)
    growth = (np.sum(loss(Z + step)) - np.sum(loss(Z - step))) / 2e-6
    np.testing.assert_allclose(growth, np.sum(np.abs(g) ** 2), rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda x: F.real(x * (1 + 2j)), [1, 1, 1]),
        (lambda x: F.imag(x * (1 + 2j)), [2, 2, 2]),
        (lambda x: F.square(F.abs(x + Z)), 2 * (X + Z.real)),
        (lambda x: F.real(F.exp(1j * x)), -np.sin(X)),
        (lambda x: F.real(F.where(X > 0, x, 1j)), [1, 0, 1]),
        (lambda x: F.square(F.abs(F.astype(x, dtype="complex64") * 2j)), 8 * X),
        (lambda x: F.real(F.conj(x) * Z), Z.real),
        (lambda x: F.real(x), [1, 1, 1]),
        (lambda x: F.imag(x), [0, 0, 0]),
        (lambda x: F.square(F.abs(F.fft.fft(x))), 6 * X),
    ],
)
def test_real_inputs_get_real_gradients(loss: Callable[[Any], Any], expected: Any) -> None:
    x = Variable(X)
    g = ag.grad(F.sum(loss(x)), x)
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-15)


def test_of_a_real_number_between_complex_ones_the_real_part_counts() -> None:
    z = Variable(Z)
    y = F.abs(z) * (1 + 1j)  # the cotangent of |z| comes back with an imaginary part
    g = ag.grad(F.sum(F.real(y) + 3 * F.imag(y)), z)
    np.testing.assert_allclose(g, 4 * Z / np.abs(Z), rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (F.abs, 0),
        (F.sign, 0),
        (F.sqrt, np.inf),
        (F.square, 0),
        (lambda z: F.linalg.vector_norm(F.reshape(z, (1,))), 0),
    ],
)
def test_gradients_at_zero(f: Callable[[Any], Any], expected: complex) -> None:
    z = Variable(np.array(0j))
    with np.errstate(divide="ignore", invalid="ignore"):
        g = ag.grad(F.real(f(z)), z)
    assert (abs(g) == expected) or (np.isinf(expected) and not np.isfinite(g))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize(
    "f", [F.exp, F.abs, F.sign, F.real, F.imag, F.conj, F.sqrt, F.log, F.tanh, F.fft.fft, F.square]
)
def test_gradients_have_the_dtype_of_the_input(f: Callable[[Any], Any], dtype: str) -> None:
    between = Variable(Z.astype(dtype)) * 1
    y = f(between)
    assert y.dtype in (dtype, "float32" if dtype == "complex64" else "float64")
    assert ag.grad(F.sum(F.real(y)), between).dtype == dtype


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool"])
@pytest.mark.parametrize(
    "f", [lambda n: n * 0.5, lambda n: F.astype(n, dtype="float64") * 0.5, lambda n: F.sum(n) * 0.5]
)
def test_integers_get_gradients_of_the_default_float_dtype(f: Callable[[Any], Any], dtype: str) -> None:
    n = Variable(np.array([1, 0, 1], dtype))
    g = ag.grad(F.sum(f(n)), n)
    assert g.dtype == np.float32
    assert g.tolist() == [0.5, 0.5, 0.5]
