"""Special functions of Variables: expressions of the standard's functions, so that they record and differentiate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F
from xparray import special


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (special.erf, [0.0, 1.0], [2 / np.sqrt(np.pi), 2 / np.sqrt(np.pi) / np.e]),
        (special.expit, [-800.0, 0.0, 800.0], [0.0, 0.25, 0.0]),
        (special.log_expit, [-800.0, 0.0, 800.0], [1.0, 0.5, 0.0]),
        (special.logit, [0.5, 0.2, 0.9], [4.0, 6.25, 1 / 0.09]),
        (special.entr, [1.0, 0.5], [-1.0, -1 - np.log(0.5)]),
        (special.sinc, [0.0, 0.5], [0.0, -4 / np.pi]),
        (special.logsumexp, [1000.0, 1000.0], [0.5, 0.5]),
        (lambda v: special.softmax(v, axis=0)[0], [0.0, 0.0], [0.25, -0.25]),
        (lambda v: special.log_softmax(v, axis=0)[0], [0.0, 0.0], [0.5, -0.5]),
        (lambda v: special.xlogy(v, 2.0), [0.0, 3.0], [np.log(2), np.log(2)]),
        (lambda v: special.xlogy(0.0, v), [0.0, 3.0], [0.0, 0.0]),
        (lambda v: special.xlogy(v, v), [2.0], [1 + np.log(2)]),
        (lambda v: special.xlog1py(2, v), [0.0, 1.0], [2.0, 1.0]),
        (lambda v: special.rel_entr(v, np.array([2.0, 1.0])), [2.0, 3.0], [1.0, 1 + np.log(3)]),
        (lambda v: special.kl_div(np.array([0.0, 2.0]), v), [3.0, 4.0], [1.0, 0.5]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_gradients(f: Callable[[Any], Any], x: list[float], slopes: list[float], device: str) -> None:
    v = Variable(xp.asarray(x, device=device))
    y = f(v)
    assert type(y) is Variable
    g = ag.grad(F.sum(y), v)
    assert str(xp.device_of(g)) == device
    np.testing.assert_allclose(np.asarray(xp.to_device(g, "numpy")), slopes, rtol=1e-12, atol=1e-15)
