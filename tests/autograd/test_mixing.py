"""Arrays on several devices in one graph: moves are explicit, gradients come home."""

from __future__ import annotations

import operator
from collections.abc import Callable
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


def table(text: str) -> dict[tuple[str, str], str]:
    """The cells of a table by the names of their row and column."""
    (_, *columns), *rows = (line.split() for line in text.strip().splitlines())
    return {(name, column): cell for name, *cells in rows for column, cell in zip(columns, cells, strict=True)}


# Where the result of an op or an operator is, by where its arguments are: Variables, arrays or numbers, one of them a Variable at
# least. "-" is an error that says how to move one of them.
RULE = table("""
left            numpy   numba   strict  strict:device1  number
numpy           numpy   numba   -       -               numpy
numba           numba   numba   -       -               numba
strict          -       -       strict  -               strict
strict:device1  -       -       -       strict:device1  strict:device1
number          numpy   numba   strict  strict:device1  -
""")
# Operators with a bare array on the left are asked of its library first. NumPy leaves them to Variable; array-api-strict raises
# a TypeError whatever the Variable holds, which is not ours to change: an op or xparray's function serves there.
LEFT_TO_VARIABLE = ("numpy", "numba", "number")

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "pow": operator.pow,
}
OPS: dict[str, tuple[Callable[[Any, Any], Any], str, str]] = {
    "op of two": (lambda x, y: F.multiply(x, y), "multiply", "xy"),
    "op of three": (lambda x, y: F.where(CHOICE[str(place_of(x))], x, y), "where", "cxy"),
    "op of many": (lambda x, y: F.concat([y, x, x]), "concat", "yxx"),
    "product": (lambda x, y: F.matmul(x, y), "matmul", "xy"),
    "xparray's function": (lambda x, y: xp.add(x, y), "add", "xy"),
    "xparray's function of many": (lambda x, y: xp.concat([x, y, y]), "concat", "xyy"),
    "expression": (lambda x, y: xp.special.xlogy(x, y), "special.xlogy", "xy"),
}
CHOICE = {place: xp.asarray([True, False], device=place) for place in DEVICES}


def place_of(x: Any) -> Any:
    return x.device if isinstance(x, Variable) else xp.device_of(x)


def argument(place: str, kind: str) -> Any:
    if place == "number":
        return 2.0
    x = xp.asarray([1.5, 2.0], device=place)
    return Variable(x) if kind == "Variable" else x


KINDS = [("Variable", "Variable"), ("Variable", "array"), ("array", "Variable")]
PAIRS = [
    (left, right, kinds)
    for left, right in RULE
    for kinds in KINDS
    # A number has no kind, and stands beside a Variable.
    if "number" not in (left, right)
    or (kinds == ("Variable", "array") and right == "number" != left)
    or (kinds == ("array", "Variable") and left == "number" != right)
]


def refusal(name: str, order: str, left: str, right: str) -> str:
    places = [right if letter == "y" else left for letter in order]
    kept = max(places, key=places.count)
    listed = "; ".join(
        f"argument {i}: (2,) {'bool' if letter == 'c' else 'float64'} on {place}"
        for i, (letter, place) in enumerate(zip(order, places, strict=True))
    )
    moved = [str(i) for i, place in enumerate(places) if place != kept]
    return (
        f"{name}: arguments live on different devices: {listed}; "
        f"move argument{'s' * (len(moved) > 1)} {' and '.join(moved)} with xp.to_device(x, {kept!r})"
    )


def check(function: Callable[[Any, Any], Any], message: str, left: str, right: str, kinds: tuple[str, str]) -> None:
    """The result is a Variable on the device of the rule, and gradients come home; or the error is the message."""
    x, y = argument(left, kinds[0]), argument(right, kinds[1])
    if RULE[left, right] == "-":
        with pytest.raises(ValueError) as e:
            function(x, y)
        assert str(e.value) == message
        return
    z = function(x, y)
    assert type(z) is Variable
    assert str(z.device) == RULE[left, right]
    F.sum(z).backward()
    for v, place in ((x, left), (y, right)):
        if isinstance(v, Variable):
            assert str(xp.device_of(v.grad)) == place
            assert (tuple(v.grad.shape), np.isfinite(host(v.grad)).all()) == ((2,), True)


@pytest.mark.parametrize(("left", "right", "kinds"), PAIRS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_every_pair(name: str, left: str, right: str, kinds: tuple[str, str]) -> None:
    function = OPERATORS[name]
    if kinds[0] == "array" and left not in LEFT_TO_VARIABLE:
        with pytest.raises(TypeError, match="Expected Array or Python scalar"):
            function(argument(left, "array"), argument(right, "Variable"))
        return
    check(function, refusal(name, "xy", left, right), left, right, kinds)


@pytest.mark.parametrize(("left", "right", "kinds"), [pair for pair in PAIRS if "number" not in pair])
@pytest.mark.parametrize("name", OPS)
def test_ops_of_every_pair(name: str, left: str, right: str, kinds: tuple[str, str]) -> None:
    function, called, order = OPS[name]
    check(function, refusal(called, order, left, right), left, right, kinds)


@pytest.mark.parametrize("place", DEVICES)
@pytest.mark.parametrize(
    "function",
    [
        F.exp,
        F.sum,
        lambda v: F.reshape(v, (2, 1)),
        lambda v: v[:1],
        xp.tanh,
        lambda v: -v,
        lambda v: v**2,
        xp.special.expit,
    ],
)
def test_functions_of_one_variable_stay(function: Callable[[Any], Any], place: str) -> None:
    v = argument(place, "Variable")
    y = function(v)
    assert (type(y), str(y.device)) == (Variable, place)
    F.sum(y).backward()
    assert str(xp.device_of(v.grad)) == place


@pytest.mark.parametrize(("left", "right"), [pair for pair in RULE if "number" not in pair])
def test_in_place_operators_of_every_pair(left: str, right: str) -> None:
    """`v += x` is `v = v + x`; an array refuses a Variable, which would lose its history."""
    v, x = argument(left, "Variable"), argument(right, "array")
    if RULE[left, right] == "-":
        with pytest.raises(ValueError, match="add: arguments live on different devices"):
            v += x
        assert str(v.device) == left
    else:
        v += x
        assert str(v.device) == RULE[left, right]
    with pytest.raises(TypeError):
        x += argument(left, "Variable")
