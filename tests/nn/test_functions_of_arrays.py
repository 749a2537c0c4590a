"""Functions of arrays where Chainer's signature is another than the array API standard's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.nn.functions as F
from catena.autograd import Variable
from catena.autograd import functions as of_the_standard

X = np.random.default_rng(0).standard_normal((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: F.add(x, x, 1.0, x), 3 * X + 1),
        (lambda x: F.add(x, 1.0), X + 1),
        (lambda x: F.add(x), X),
        (lambda x: F.clip(x, -0.5, 0.5), X.clip(-0.5, 0.5)),
        (lambda x: F.clip(x, x_max=0.5, x_min=None), X.clip(None, 0.5)),
        (lambda x: F.concat([x, x]), np.concatenate([X, X], 1)),
        (lambda x: F.concat([x, x], 2), np.concatenate([X, X], 2)),
        (lambda x: F.fft((x, x * x))[0], np.fft.fft(X + 1j * X * X).real),
        (lambda x: F.fft((x, x * x))[1], np.fft.fft(X + 1j * X * X).imag),
        (lambda x: F.ifft(F.fft((x, x * x)))[1], X * X),
    ],
)
def test_values(call: Callable[[Any], Any], expected: Any) -> None:
    np.testing.assert_allclose(call(X), expected, rtol=1e-12, atol=1e-14)
    y = call(Variable(X))
    assert y.requires_grad
    np.testing.assert_allclose(y.array, expected, rtol=1e-12, atol=1e-14)


def test_the_standard_has_its_own_under_these_names() -> None:
    for name in ("add", "clip", "concat", "fft"):
        assert getattr(F, name) is not getattr(of_the_standard, name)
    assert of_the_standard.fft.fft(X).dtype == np.complex128


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.add(), r"add: got no arrays; expected one or more: add\(a, b\)"),
        (
            lambda: F.fft(X),
            r"fft: x is an array of shape \(2, 3, 4\); expected a pair \(real, imag\) of arrays; write xp.fft.fft\(z\)",
        ),
        (lambda: F.fft([X]), r"fft: x is 1 arrays; expected a pair"),
        (
            lambda: F.fft((X, X.astype("float32"))),
            r"fft: real is \(2, 3, 4\) float64, imag \(2, 3, 4\) float32; expected the same shape",
        ),
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
