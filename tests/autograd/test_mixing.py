"""Arrays on several devices in one graph: moves are explicit, gradients come home."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F

pytest.importorskip("array_api_strict")

DEVICES = ["numpy", "numba", "strict", "strict:device1"]


def on(device: str, values: Any, dtype: str = "float64") -> Variable:
    return Variable(xp.to_device(np.array(values, dtype), device))


def host(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(xp.to_device(ag.as_array(x), "numpy"))


def test_one_graph_on_three_backends_trains() -> None:
    """Two layers and a scale, each elsewhere, learn y = 2 x0 - x1 together; the same on numpy alone gives the same numbers."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 2))
    target = 2 * x[:, :1] - x[:, 1:]
    starts = [rng.normal(size=(2, 8)) * 0.5, rng.normal(size=(8, 1)) * 0.5, np.ones(())]

    def train(homes: list[str]) -> tuple[list[float], list[Variable]]:
        w1, w2, scale = parameters = [on(home, start) for home, start in zip(homes, starts, strict=True)]
        losses = []
        for _ in range(200):
            h = F.tanh(xp.to_device(x, w1.device) @ w1)
            y = F.to_device(F.to_device(h, w2.device) @ w2, scale.device) * scale
            error = y - xp.to_device(target, scale.device)
            loss = F.mean(error * error)
            for p in parameters:
                p.cleargrad()
            loss.backward()
            for p, home in zip(parameters, homes, strict=True):
                assert str(xp.device_of(p.grad)) == home
                assert p.grad.shape == p.shape
                p.array = p.array - 0.1 * p.grad
                assert str(p.device) == home
            losses.append(float(host(loss)))
        return losses, parameters

    losses, parameters = train(["numpy", "numba", "strict:device1"])
    alone, parameters_alone = train(["numpy"] * 3)
    assert losses[-1] < 0.05 * losses[0]
    np.testing.assert_allclose(losses, alone, rtol=1e-9)
    for p, q in zip(parameters, parameters_alone, strict=True):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-9)


@pytest.mark.parametrize(("a", "b"), [("numpy", "numba"), ("numba", "numpy")])
def test_host_backends_mix_and_the_result_is_numbas(a: str, b: str) -> None:
    x, y = on(a, [1.0, 2.0]), on(b, [3.0, 4.0])
    z = x * y
    assert str(z.device) == "numba"
    z.sum().backward()
    assert (str(xp.device_of(x.grad)), str(xp.device_of(y.grad))) == (a, b)
    assert (host(x.grad).tolist(), host(y.grad).tolist()) == ([3.0, 4.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (
            "numpy",
            "strict:device1",
            r"multiply: arguments live on different devices: argument 0: \(2,\) float64 on numpy; "
            r"argument 1: \(2,\) float64 on strict:device1; move argument 1 with xp.to_device\(x, 'numpy'\)",
        ),
        ("strict", "numba", r"argument 1: \(2,\) float64 on numba; move argument 1 with xp.to_device\(x, 'strict'\)"),
        ("strict:device1", "strict:device2", r"move argument 1 with xp.to_device\(x, 'strict:device1'\)"),
    ],
)
def test_mixing_is_an_error_that_says_how_to_move(a: str, b: str, text: str) -> None:
    x, y = on(a, [1.0, 2.0]), on(b, [3.0, 4.0])
    with pytest.raises(ValueError, match=text):
        x * y
    with pytest.raises(ValueError, match=text):
        F.multiply(x.array, y)
    with pytest.raises(ValueError, match=text):
        xp.multiply(x.array, y.array)
    moved = x * xp.to_device(y, x.device)
    assert str(moved.device) == a


@pytest.mark.parametrize("home", DEVICES)
@pytest.mark.parametrize("away", DEVICES)
def test_a_move_is_differentiable_to_second_order(home: str, away: str) -> None:
    x = on(home, [1.0, 2.0])
    moved = x.to_device(away)
    assert str(moved.device) == away
    y = F.sum(moved**3)
    g = ag.grad(y, x, create_graph=True)
    assert str(g.device) == home
    np.testing.assert_allclose(host(g), [3.0, 12.0])
    back = g.to_device(away)
    gg = ag.grad(F.sum(back * moved), x)
    assert str(xp.device_of(gg)) == home
    np.testing.assert_allclose(host(gg), [9.0, 36.0])


@pytest.mark.parametrize("home", DEVICES)
@pytest.mark.parametrize("away", DEVICES)
def test_backward_brings_gradients_home(home: str, away: str) -> None:
    x = on(home, [1.0, 2.0], "float32")
    for k in (1, 2):
        F.sum(x.to_device(away) ** 2).backward()
        assert str(xp.device_of(x.grad)) == home
        assert x.grad.dtype == x.dtype
        np.testing.assert_allclose(host(x.grad), [2.0 * k, 4.0 * k])


def test_seed_of_a_result_elsewhere_lives_there() -> None:
    x = on("numpy", [1.0])
    y = x.to_device("strict:device1") * 2
    y.backward(retain_grad=True)
    assert str(xp.device_of(y.grad)) == "strict:device1"
    assert x.grad.tolist() == [2.0]


def test_operators_with_raw_arrays_of_another_device_are_errors() -> None:
    x = on("strict:device1", [1.0, 2.0])
    with pytest.raises(ValueError, match="arguments live on different devices"):
        np.ones(2) + x
    with pytest.raises(ValueError, match="arguments live on different devices"):
        x + np.ones(2)


@pytest.mark.parametrize("device", DEVICES)
def test_python_numbers_go_anywhere(device: str) -> None:
    x = on(device, [1.0, 2.0], "float32")
    y = F.sum(2 * x**2 + 1 - x / 4)
    y.backward()
    assert y.dtype == x.dtype
    np.testing.assert_allclose(host(x.grad), [3.75, 7.75])
