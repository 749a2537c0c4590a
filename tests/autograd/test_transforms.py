"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: against formulas, against differences and against each other."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable, transforms
from catena.autograd import functions as F
from catena.autograd.gradient_check import numerical_grad
from catena.autograd.transforms import grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp

A = np.arange(6.0).reshape(2, 3) / 6 - 0.3
B = np.arange(12.0).reshape(3, 4) / 12 - 0.4
V = np.array([0.5, -1.0, 2.0])


def rosenbrock(x: Any) -> Any:
    """Rosenbrock's function in three variables: (1 - a)**2 + 100 (b - a**2)**2, summed over neighbours."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def forward_derivative(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jvp(f, (x,), (1.0,))[1]


class Pair(NamedTuple):
    w: Any
    b: Any


# ------------------------------------------------------------------------------------------------------------------ against formulas


@pytest.mark.parametrize(
    ("f", "x", "derivatives"),
    [
        (lambda x: x**5, 2.0, [80.0, 160.0, 240.0, 240.0, 120.0, 0.0]),
        (lambda x: F.exp(2 * x), 0.5, [2 * np.e, 4 * np.e, 8 * np.e, 16 * np.e]),
        (F.sin, 0.3, [np.cos(0.3), -np.sin(0.3), -np.cos(0.3), np.sin(0.3)]),
        (lambda x: 1 / x, 2.0, [-1 / 4, 2 / 8, -6 / 16, 24 / 32]),
        (F.log, 2.0, [1 / 2, -1 / 4, 2 / 8, -6 / 16]),
        (F.tanh, 0.0, [1.0, 0.0, -2.0, 0.0]),
    ],
)
def test_derivatives_of_every_order(f: Callable[..., Any], x: float, derivatives: list[float]) -> None:
    for expected in derivatives:
        f = grad(f)
        got = f(x)
        assert isinstance(got, np.ndarray)
        assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_reverse_and_forward_of_each_other(order: int) -> None:
    """Every mixture of reverse and forward steps gives the derivative of x**6 of that order."""

    steps = [grad, forward_derivative, lambda f: jacobian(f), lambda f: jacobian(f, mode="forward")]
    expected = np.prod([6 - i for i in range(order)]) * 1.5 ** (6 - order)
    for mixture in range(4 ** min(order, 2)):
        f: Callable[..., Any] = lambda x: x**6  # noqa: E731
        for i in range(order):
            f = steps[(mixture // 4**i) % 4](f)
        assert_allclose(f(1.5), expected, rtol=1e-12)


def test_perturbations_are_not_confused() -> None:
    assert float(grad(lambda x: x * grad(lambda y: x + y)(x))(1.0)) == 1.0
    assert float(grad(lambda x: x * grad(lambda y: x * y)(x))(3.0)) == 6.0
    assert float(grad(lambda x: x * jvp(lambda y: x + y, (x,), (1.0,))[1])(1.0)) == 1.0
    assert float(grad(lambda x: grad(lambda x: x * x)(x) * grad(lambda x: x * x)(2 * x))(3.0)) == 48.0


def test_an_inner_transform_reads_the_variable_of_an_outer_one() -> None:
    assert float(grad(lambda w: grad(lambda x: w * x**2)(3.0))(2.0)) == 6.0
    assert float(grad(lambda w: value_and_grad(lambda x: w**2 * x)(3.0)[0])(2.0)) == 12.0
    assert float(grad(lambda w: value_and_grad(lambda x: (x, w**2), has_aux=True)(3.0)[0][1])(2.0)) == 4.0
    assert grad(lambda w: jacobian(lambda x: w * x**2)(V).sum())(2.0) == pytest.approx(2 * V.sum())
    assert grad(lambda w: vjp(lambda x: w * x**2, V)[1](V)[0].sum())(2.0) == pytest.approx(2 * (V * V).sum())
    assert grad(lambda w: jvp(lambda x: w * x**2, (V,), (V,))[1].sum())(2.0) == pytest.approx(2 * (V * V).sum())
    assert grad(lambda w: hvp(lambda x: (w * x**3).sum(), (V,), (V,))[0].sum())(2.0) == pytest.approx(6 * (V * V).sum())


def test_a_cotangent_or_a_tangent_alone_may_be_differentiated_in() -> None:
    _, pull = vjp(lambda x: x**2, V)
    assert_allclose(grad(lambda g: (pull(g)[0] ** 2).sum())(V), 2 * V * (2 * V) ** 2)
    assert_allclose(grad(lambda t: (jvp(lambda x: x**2, (V,), (t,))[1] ** 2).sum())(V), 2 * V * (2 * V) ** 2)
    assert_allclose(grad(lambda t: hvp(lambda x: (x**3).sum(), (V,), (t,))[0].sum())(V), 6 * V)


def test_an_inner_transform_of_constants_gives_arrays() -> None:
    found = []

    def f(x: Any) -> Any:
        found.append(grad(lambda y: (y * y).sum())(V))
        found.append(value_and_grad(lambda y: ((y * y).sum(), y), has_aux=True)(V)[0][1])
        return x * found[0].sum()

    assert float(grad(f)(2.0)) == 2 * V.sum()
    assert [type(g) for g in found] == [np.ndarray, np.ndarray]


def test_learning_to_learn() -> None:
    """The gradient through a step of gradient descent, d/dw of L(w - r dL/dw), by hand."""
    x, y, rate = np.array([1.0, 2.0]), np.array([1.0, -1.0]), 0.1

    def loss(w: Any) -> Any:
        return ((w * x - y) ** 2).sum()

    w = 0.7
    slope, curvature = 2 * (w * x - y) @ x, 2 * x @ x
    after = w - rate * slope
    expected = 2 * (after * x - y) @ x * (1 - rate * curvature)
    assert_allclose(grad(lambda w: loss(w - rate * grad(loss)(w)))(w), expected)


# ---------------------------------------------------------------------------------------------------------------- against each other

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "product": lambda x: F.tanh(x @ B),
    "elementwise": lambda x: F.exp(x) * F.sin(3 * x),
    "one": rosenbrock,
    "joined": lambda x: F.concat([x * x, F.flip(x), x[:1] * x[1:2] / 3]),
    "split": lambda x: F.split_axis(x**3, [1])[1],
    "reduced": lambda x: F.logsumexp(x * x),
    "picked": lambda x: x[np.array([0, 0, 2])] * x[1],
    "constant": lambda x: np.ones(2),
    "linear": lambda x: 2 * x,
    "part": lambda x: x[1:] * 2 + np.ones((2, 2)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobian_against_differences_and_forward_mode(name: str) -> None:
    f = FUNCTIONS[name]
    y, j = f(V), jacobian(f, mode="reverse")(V)
    assert j.shape == (*y.shape, 3)
    assert j.dtype == np.float64
    assert_allclose(jacobian(f, mode="forward")(V), j, atol=1e-12)
    assert_allclose(jacobian(f)(V), j, atol=1e-12)
    columns = np.empty_like(j)
    for i in range(3):
        step = np.eye(3)[i] * 1e-5
        columns[..., i] = (f(V + step) - f(V - step)) / 2e-5
    assert_allclose(j, columns, rtol=1e-6, atol=1e-6)
    # v J t, thrice.
    g = np.asarray(np.random.default_rng(0).normal(size=y.shape))
    value, along = jvp(f, (V,), (V,))
    assert_allclose(value, y)
    assert_allclose(along, j @ V, atol=1e-12)
    value, pull = vjp(f, V)
    assert_allclose(value, y)
    assert_allclose(pull(g)[0], np.tensordot(g, j, g.ndim), atol=1e-12)
    assert_allclose((g * along).sum(), (pull(g)[0] * V).sum())


@pytest.mark.parametrize("name", ["product", "elementwise", "one", "joined", "reduced", "picked", "constant", "linear"])
def test_hessian_is_symmetric_and_hvp_is_its_product(name: str) -> None:
    def f(x: Any) -> Any:
        y = FUNCTIONS[name](x)
        return (y * y).sum() if name != "linear" else y.sum()

    h = hessian(f)(V)
    assert h.shape == (3, 3)
    assert_allclose(h, h.T, atol=1e-10)
    t = np.array([1.0, -2.0, 0.5])
    (product,) = hvp(f, (V,), (t,))
    assert_allclose(product, h @ t, atol=1e-10)
    assert_allclose(jvp(grad(f), (V,), (t,))[1], h @ t, atol=1e-10)
    assert_allclose(jacobian(jacobian(f), mode="forward")(V), h, atol=1e-10)
    for i in range(3):
        row = numerical_grad(lambda x, i=i: grad(f)(x)[i], [V])[0] if name not in ("constant", "linear") else 0 * V
        assert_allclose(h[i], row, rtol=1e-5, atol=1e-5)


def test_hessian_of_rosenbrock() -> None:
    a, b, c = V
    expected = [
        [1200 * a * a - 400 * b + 2, -400 * a, 0],
        [-400 * a, 202 + 1200 * b * b - 400 * c, -400 * b],
        [0, -400 * b, 200],
    ]
    assert_allclose(hessian(rosenbrock)(V), expected)


POLYNOMIALS = st.lists(st.integers(-4, 4), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(POLYNOMIALS, st.sampled_from([-1.5, -1.0, 0.0, 0.5, 2.0]), st.integers(1, 4), st.booleans())
def test_polynomials_are_exact(coefficients: list[int], x: float, order: int, forward: bool) -> None:
    def f(x: Any) -> Any:
        y = 0.0 * x
        for c in coefficients:
            y = y * x + c
        return y

    p = np.polynomial.Polynomial(coefficients[::-1])
    g: Callable[..., Any] = f
    for _ in range(order):
        g = forward_derivative(g) if forward else grad(g)
    assert float(g(x)) == p.deriv(order)(x)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["exp", "sin", "tanh", "square", "flip", "cumulative_sum"]), min_size=1, max_size=4),
    st.integers(0, 99),
)
def test_compositions_agree_in_all_modes(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, t, g = rng.uniform(-1, 1, (3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))

    def f(x: Any) -> Any:
        for name in names:
            x = F.cumulative_sum(x, axis=0) if name == "cumulative_sum" else getattr(F, name)(x)
            x = x * 0.5
        return x

    y, along = jvp(f, (x,), (t,))
    _, pull = vjp(f, x)
    j = jacobian(f)(x)
    size = 1 + np.abs(j).max()
    assert_allclose(y, f(x))
    assert_allclose(along / size, np.tensordot(j, t, 2) / size, atol=1e-10)
    assert_allclose(pull(g)[0] / size, np.tensordot(g, j, 2) / size, atol=1e-10)
    product = hvp(lambda x: (f(x) * g).sum(), (x,), (t,))[0]
    other = jvp(lambda x: vjp(f, x)[1](g)[0], (x,), (t,))[1]
    assert_allclose(product, other, rtol=1e-9, atol=1e-9 * (1 + np.abs(other).max()))


# ------------------------------------------------------------------------------------------------------------------------ containers


def layered(params: Any, x: Any) -> Any:
    for layer in params["layers"]:
        x = F.tanh(x @ layer["W"] + layer["b"])
    return (x * params["scale"]).sum()


PARAMS = {
    "layers": [{"W": B, "b": np.zeros(4)}, {"W": B.T, "b": np.float64(0.5)}],
    "scale": 2.0,
    "nothing": None,
    "unused": (np.ones((2, 0)), np.arange(3)),
}


def test_gradients_are_built_as_the_arguments() -> None:
    value, g = value_and_grad(layered)(PARAMS, A)
    assert_allclose(value, layered(PARAMS, A))
    assert g.keys() == PARAMS.keys()
    assert [type(part) for part in (g["layers"], g["layers"][0], g["unused"])] == [list, dict, tuple]
    assert g["nothing"] is None
    assert g["layers"][1]["b"].shape == ()
    assert g["unused"][0].shape == (2, 0)
    assert (g["unused"][1].tolist(), g["unused"][1].dtype) == ([0, 0, 0], np.float32)
    expected = numerical_grad(
        lambda w, v: layered({"layers": [{"W": w, "b": 0}, {"W": v, "b": 0.5}], "scale": 2.0}, A), [B, B.T]
    )
    assert_allclose(g["layers"][0]["W"], expected[0], rtol=1e-6)
    assert_allclose(g["layers"][1]["W"], expected[1], rtol=1e-6)
    assert PARAMS["layers"][0]["W"] is B


@pytest.mark.parametrize(
    "given",
    [
        [V, 2.0],
        (V, 2.0),
        {"w": V, "b": 2.0},
        OrderedDict(w=V, b=2.0),
        defaultdict(int, w=V, b=2.0),
        Pair(V, 2.0),
        {3: {"deep": [[V], (2.0,)]}},
    ],
)
def test_containers_of_every_kind(given: Any) -> None:
    def parts(tree: Any) -> list[Any]:
        if isinstance(tree, dict | list | tuple):
            return [leaf for part in (tree.values() if isinstance(tree, dict) else tree) for leaf in parts(part)]
        return [tree]

    def f(tree: Any) -> Any:
        assert type(tree) is type(given)
        w, b = parts(tree)
        return (w * w).sum() * b

    g = grad(f)(given)
    assert type(g) is type(given)
    assert_allclose(parts(g)[0], 4 * V)
    assert_allclose(parts(g)[1], V @ V)
    h = hessian(f)(given)
    assert_allclose(parts(h)[0], 4 * np.eye(3))  # w, w
    assert_allclose(parts(h)[1], 2 * V)  # w, b
    assert_allclose(parts(h)[2], 2 * V)
    assert float(parts(h)[3]) == 0.0
    (product,) = hvp(f, (given,), (given,))
    assert_allclose(parts(product)[0], 4 * V + 4 * V)
    assert_allclose(jvp(f, (given,), (given,))[1], 3 * f(given))


def test_positions() -> None:
    def f(a: Any, b: Any, c: Any = 1.0, *, d: Any = 1.0) -> Any:
        return (a * b**2 * c * d).sum()

    assert_allclose(grad(f)(V, V), V**2)
    assert_allclose(grad(f, 1)(V, V), 2 * V**2)
    assert_allclose(grad(f, -1)(V, V), 2 * V**2)
    both = grad(f, (1, 0))(V, V, d=2.0)
    assert isinstance(both, tuple)
    assert_allclose(both[0], 4 * V**2)
    assert_allclose(both[1], 2 * V**2)
    assert isinstance(grad(f, [0])(V, V), tuple)
    ((h,),) = hessian(f, (1,))(V, V)
    assert_allclose(h, np.diag(2 * V))
    j = jacobian(lambda a, b: {"y": a * b}, (0, 1))(V, 2.0)
    assert_allclose(j["y"][0], 2 * np.eye(3))
    assert_allclose(j["y"][1], V)


def test_results_in_containers() -> None:
    def f(x: Any, w: Any) -> Any:
        return {"square": x * x, "rest": [x.sum() * w["w"], None, 3.0, np.ones(2)]}

    y, pull = vjp(f, V, {"w": 2.0})
    assert y["rest"][1:3] == [None, 3.0]
    assert isinstance(y["square"], np.ndarray)
    gx, gw = pull({"square": V, "rest": (1.0, None, 0.0, np.ones(2))})
    assert_allclose(gx, 2 * V * V + 2)
    assert_allclose(gw["w"], V.sum())
    y, along = jvp(f, (V, {"w": 2.0}), [V, {"w": 1.0}])
    assert_allclose(along["square"], 2 * V * V)
    assert_allclose(along["rest"][0], 2 * V.sum() + V.sum())
    assert (along["rest"][1], float(along["rest"][2]), along["rest"][3].tolist()) == (None, 0.0, [0.0, 0.0])
    j = jacobian(f, (0, 1))(V, {"w": 2.0})
    assert_allclose(j["square"][0], np.diag(2 * V))
    assert_allclose(j["square"][1]["w"], np.zeros(3))
    assert_allclose(j["rest"][3][0], np.zeros((2, 3)))


def test_aux() -> None:
    def f(x: Any) -> tuple[Any, Any]:
        return (x * x).sum(), {"twice": 2 * x, "name": "f", "n": 3}

    g, aux = grad(f, has_aux=True)(V)
    assert_allclose(g, 2 * V)
    assert (aux["name"], aux["n"]) == ("f", 3)
    assert type(aux["twice"]) is np.ndarray
    (y, aux), g = value_and_grad(f, has_aux=True)(V)
    assert float(y) == V @ V
    assert aux["twice"].tolist() == (2 * V).tolist()
    h, aux = hessian(f, has_aux=True)(V)
    assert_allclose(h, 2 * np.eye(3))
    assert type(aux["twice"]) is np.ndarray
    assert [len(found) for found in (vjp(f, V, has_aux=True), jvp(f, (V,), (V,), has_aux=True))] == [3, 3]
    j, aux = jacobian(f, has_aux=True)(V)
    assert_allclose(j, 2 * V)


# ------------------------------------------------------------------------------------------------- dtypes, devices, edges of the domain


def test_integers() -> None:
    g = grad(lambda x: x**3)(2)
    assert (float(g), g.dtype) == (12.0, np.float32)
    g = grad(grad(lambda x: x**3))(2)
    assert (float(g), g.dtype) == (12.0, np.float32)
    y, along = jvp(lambda x: x * x, (np.arange(3),), (np.ones(3),))
    assert (y.dtype.kind, along.tolist(), along.dtype) == ("i", [0.0, 2.0, 4.0], np.float32)
    j = jacobian(lambda x: x * x)(np.arange(3))
    assert (j.tolist(), j.dtype) == ([[0, 0, 0], [0, 2, 0], [0, 0, 4]], np.float32)
    with ag.using_config("dtype", "float64"):
        assert hessian(lambda x: (x**3).sum())(np.arange(3)).dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    x = np.arange(1, 4).astype(dtype)
    found = [
        grad(rosenbrock)(x),
        grad(lambda x: grad(rosenbrock)(x).sum())(x),
        hessian(rosenbrock)(x),
        jacobian(lambda x: x * x)(x),
        jacobian(lambda x: x * x, mode="forward")(x),
        *hvp(rosenbrock, (x,), (np.ones(3),)),  # the tangent's dtype does not matter
        *jvp(lambda x: x * x, (x,), (np.ones(3),)),
        *vjp(lambda x: x * x, x)[1](np.ones(3)),
    ]
    assert {str(g.dtype) for g in found} == {dtype}


def test_an_inner_gradient_has_its_arguments_dtype_and_device() -> None:
    seen = []

    def f(x: Any) -> Any:
        g = grad(lambda y: (F.to_device(y, "numpy") * V).sum())(x)
        seen.append((str(g.dtype).rpartition(".")[2], str(g.device)))
        return (x * x * g).sum()

    for dtype, device in (("float32", "numpy"), ("float64", "strict:device1"), ("int64", "numpy")):
        x = xp.to_device(np.ones(3, dtype), device)
        g = grad(lambda x: f(x) + (x * grad(f)(x)).sum())(x)
        expected = "float32" if dtype == "int64" else dtype
        assert {*seen} == {(expected, device)}
        assert_allclose(xp.to_device(g, "numpy"), 6 * V)
        seen.clear()


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
def test_a_jacobian_has_the_results_dtype(mode: Any) -> None:
    j = jacobian(lambda x: (x * x).astype("float32"), mode=mode)(V)
    assert j.dtype == np.float32
    assert_allclose(j, np.diag(2 * V))


@pytest.mark.parametrize("device", ["numpy", "numba", "strict", "strict:device1"])
def test_devices(device: str) -> None:
    x, b = xp.to_device(V, device), xp.to_device(B, device)
    found = {
        "grad": grad(lambda x: F.tanh(x @ b).sum())(x),
        "hessian": hessian(lambda x: F.tanh(x @ b).sum())(x),
        "third": grad(lambda x: hessian(lambda x: F.tanh(x @ b).sum())(x).sum())(x),
        "hvp": hvp(lambda x: F.tanh(x @ b).sum(), (x,), (x,))[0],
        "jvp": jvp(lambda x: F.tanh(x @ b), (x,), (x,))[1],
        "vjp": vjp(lambda x: F.tanh(x @ b), x)[1](b[0, :])[0],
        "rows": jacobian(lambda x: F.tanh(x @ b), mode="reverse")(x),
        "columns": jacobian(lambda x: F.tanh(x @ b), mode="forward")(x),
        "zeros": grad(lambda x: 3.0)(x),
        "zeros, columns": jacobian(lambda x: b, mode="forward")(x),
    }
    assert {name: str(xp.device_of(g)) for name, g in found.items()} == dict.fromkeys(found, device)
    y = np.tanh(V @ B)
    assert_allclose(xp.to_device(found["grad"], "numpy"), B @ (1 - y**2))
    assert_allclose(xp.to_device(found["rows"], "numpy"), (B * (1 - y**2)).T)
    assert_allclose(xp.to_device(found["columns"], "numpy"), (B * (1 - y**2)).T)


def test_several_devices_in_one_call() -> None:
    x, w = V, xp.to_device(V + 1, "strict:device1")

    def f(p: Any) -> Any:
        return (F.to_device(p["x"], "strict:device1") ** 2 * p["w"]).sum()

    g = grad(f)({"x": x, "w": w})
    assert [str(xp.device_of(g[k])) for k in "xw"] == ["numpy", "strict:device1"]
    assert_allclose(g["x"], 2 * V * (V + 1))
    h = hessian(f)({"x": x, "w": w})
    assert {(a, b): str(xp.device_of(h[a][b])) for a in "xw" for b in "xw"} == {
        ("x", "x"): "numpy",
        ("x", "w"): "numpy",
        ("w", "x"): "strict:device1",
        ("w", "w"): "strict:device1",
    }
    assert_allclose(h["x"]["x"], np.diag(2 * (V + 1)))
    assert_allclose(h["x"]["w"], np.diag(2 * V))
    second = grad(lambda x: F.to_device(grad(f)({"x": x, "w": w})["w"], "numpy").sum())(x)
    assert_allclose(second, 2 * V)


def test_complex_arguments_and_results() -> None:
    z, t = np.array([1 + 2j, -0.5j]), np.array([2 - 1j, 1j])
    # Analytic functions have a complex derivative; it is what the differences along real and imaginary steps tend to.
    assert_allclose(jacobian(lambda z: z**3)(z), np.diag(3 * z**2))
    assert_allclose(jvp(lambda z: z**3, (z,), (t,))[1], 3 * z**2 * t)


@pytest.mark.skipif(not hasattr(Variable, "real"), reason="Variable has no real part that is recorded")
def test_real_arguments_of_functions_with_complex_results() -> None:
    assert_allclose(jacobian(lambda x: x**2 * (1 + 2j))(V), np.diag(2 * V * (1 + 2j)))
    assert_allclose(jvp(lambda x: x * 1j, (V,), (V,))[1], V * 1j)
    # The gradient of a real number in a real argument, through complex ones.
    (g,) = vjp(lambda x: x * 1j, V)[1](np.ones(3, complex))
    assert g.dtype == np.float64


def test_results_that_do_not_depend_on_an_argument() -> None:
    for constant in (3.0, np.float64(3.0), np.array([[2.0]]), Variable(3.0), Variable(3.0, requires_grad=False)):
        y, g = value_and_grad(lambda x, c=constant: c)(V)
        assert g.tolist() == [0.0, 0.0, 0.0]
        assert not isinstance(y, Variable)
        assert hessian(lambda x, c=constant: c)(V).tolist() == np.zeros((3, 3)).tolist()
        assert hvp(lambda x, c=constant: c, (V,), (V,))[0].tolist() == [0.0, 0.0, 0.0]
    assert hessian(lambda x: x.sum())(V).tolist() == np.zeros((3, 3)).tolist()
    assert jacobian(lambda x: Variable(V))(V).tolist() == np.zeros((3, 3)).tolist()
    assert grad(lambda x, y: (x * 2).sum(), (0, 1))(V, 1.0)[1].tolist() == 0.0


def test_empty_arrays() -> None:
    empty = np.ones((0, 2))
    assert grad(lambda x: x.sum())(empty).shape == (0, 2)
    assert jacobian(lambda x: x * 2)(empty).shape == (0, 2, 0, 2)
    assert jacobian(lambda x: x.sum(axis=0), mode="forward")(empty).shape == (2, 0, 2)
    assert jacobian(lambda x: x[:0], mode="reverse")(V).shape == (0, 3)
    assert hessian(lambda x: (x * x).sum())(empty).shape == (0, 2, 0, 2)
    assert grad(lambda p: 2.0)({}) == {}
    assert jacobian(lambda: 2.0, ())() == ()


def test_jacobian_takes_the_shorter_way() -> None:
    walks = []

    @ag.op
    def watched(x: Any) -> Any:
        return x * 1.0

    watched.vjps(x=lambda g: walks.append(1) or g * 1.0)

    def count(f: Callable[..., Any], x: Any) -> int:
        walks.clear()
        jacobian(f)(x)
        return len(walks)

    assert count(lambda x: watched(x).sum(), np.ones(100)) == 1
    assert count(lambda x: F.broadcast_to(watched(x), (100, 2)), np.ones(2)) == 1  # and two of the walk's graph


def test_poles_warn_as_backward_does() -> None:
    x = np.array([0.0, 4.0])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        along = jvp(F.sqrt, (x,), (np.array([1.0, 1.0]),))[1]
    assert along.tolist() == [np.inf, 0.25]


# ------------------------------------------------------------------------------------------------------- Variables, graphs and settings


def test_variables_given_give_variables() -> None:
    v = Variable(V)
    g = grad(lambda x: (x**3).sum())(v)
    assert isinstance(g, Variable)
    assert_allclose(ag.grad(g.sum(), v), 6 * V)
    y, _ = value_and_grad(lambda x: (x**3).sum())(v)
    y.backward()
    assert_allclose(v.grad, 3 * V**2)
    (h,) = hvp(lambda x: (x**3).sum(), (v,), (np.ones(3),))
    assert_allclose(ag.grad(h.sum(), v), 6 * np.ones(3))
    j = jacobian(lambda x: x**2)(v * 2)
    assert_allclose(ag.grad(j.sum(), v), 4 * np.ones(3))


def test_the_same_variable_twice() -> None:
    v = Variable(V)
    a, b = grad(lambda a, b: (a * a * b).sum(), (0, 1))(v, v)
    assert_allclose(a.array, 2 * V * V)
    assert_allclose(b.array, V * V)
    assert_allclose(grad(lambda x: (x * v).sum())(v).array, V)


def test_a_variable_in_another_argument_is_not_lost() -> None:
    w = Variable(2.0)
    g = grad(lambda x, w: (w * x * x).sum())(V, w)
    assert_allclose(ag.grad(g.sum(), w), 2 * V.sum())
    g = grad(lambda x, p: (p["w"] * x * x).sum())(V, {"w": w})
    assert_allclose(ag.grad(g.sum(), w), 2 * V.sum())


def test_captured_variables_are_constants_and_keep_their_grad() -> None:
    w = Variable(2.0)
    y, g = value_and_grad(lambda x: (w * x * x).sum())(V)
    assert type(y) is type(g) is np.ndarray
    assert_allclose(g, 4 * V)
    assert w.grad is None
    value, g = value_and_grad(lambda x: w)(V)
    assert (float(value), g.tolist()) == (2.0, [0, 0, 0])
    assert not isinstance(value, Variable)


def test_within_no_backprop_mode() -> None:
    v = Variable(V)
    with ag.no_backprop_mode():
        assert_allclose(grad(grad(lambda x: x**3))(2.0), 12.0)
        g = grad(lambda x: (x**3).sum())(v)
        assert type(g) is np.ndarray
        assert_allclose(hessian(lambda x: (x**3).sum())(V), np.diag(6 * V))
        assert_allclose(jvp(lambda x: x**3, (V,), (V,))[1], 3 * V**3)
    assert grad(lambda x: _unrecorded(x) * x)(3.0) == 9.0


def _unrecorded(x: Any) -> Any:
    with ag.no_backprop_mode():
        return x * x


def test_stop_gradient() -> None:
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
    assert jvp(lambda x: x * stop_gradient(x), (3.0,), (1.0,))[1] == 3.0
    v = Variable(V)
    stopped = stop_gradient({"a": [v, V], "b": 2})
    assert not stopped["a"][0].requires_grad
    assert stopped["a"][0].array is v.array
    assert stopped["a"][1] is V
    assert v.requires_grad


def test_gradients_are_the_callers_own_memory() -> None:
    x = np.ones((2, 2))
    for g in (grad(lambda x: x.sum())(x), jacobian(lambda x: x)(x), vjp(lambda x: x, x)[1](x)[0]):
        g[...] = 7.0
    assert x.tolist() == [[1, 1], [1, 1]]


def test_a_pull_serves_many_cotangents() -> None:
    _, pull = vjp(lambda x: x**2, V)
    assert_allclose(pull(np.ones(3))[0], 2 * V)
    assert_allclose(pull(V)[0], 2 * V * V)


def test_threads() -> None:
    found: dict[int, float] = {}

    def work(i: int) -> None:
        found[i] = float(grad(lambda w: grad(lambda x: w * x**2)(float(i)))(2.0))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: 2.0 * i for i in range(8)}


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: grad(f)(x),
        lambda f, x: grad(lambda x: grad(f)(x).sum())(x),
        lambda f, x: value_and_grad(f)(x),
        lambda f, x: vjp(f, x)[1](1.0),
        lambda f, x: jvp(f, (x,), (x,)),
        lambda f, x: jacobian(f)(x),
        lambda f, x: jacobian(f, mode="forward")(x),
        lambda f, x: hessian(f)(x),
        lambda f, x: hvp(f, (x,), (x,)),
    ],
)
def test_nothing_stays_alive(transform: Callable[..., Any]) -> None:
    kept = []

    def f(x: Any) -> Any:
        y = F.exp(x)
        kept.append(weakref.ref(y))
        return F.tanh(y).sum()

    gc.collect()
    gc.disable()
    try:
        transform(f, V)
        assert kept
        assert [ref for ref in kept if ref() is not None] == []
    finally:
        gc.enable()


def test_wrapped_functions_keep_their_name() -> None:
    assert grad(rosenbrock).__name__ == "rosenbrock"
    assert grad(layered).__wrapped__ is layered  # type: ignore[attr-defined]


def test_ordinary_grad_and_the_transform_have_two_names() -> None:
    assert ag.grad is not grad
    for name in set(transforms.__all__) - {"grad"}:
        assert getattr(ag, name) is getattr(transforms, name)


# ---------------------------------------------------------------------------------------------------------------------------- errors


def three(x: Any) -> Any:
    return x * 3


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: grad(three)(V),
            ValueError,
            r"grad: three returned an array of shape \(3,\); expected a single number; sum it, or use jacobian or vjp",
        ),
        (lambda: value_and_grad(three)(V), ValueError, r"value_and_grad: three returned an array of shape \(3,\)"),
        (lambda: hessian(three)(V), ValueError, r"hessian: three returned an array of shape \(3,\); expected a single"),
        (
            lambda: hvp(three, (V,), (V,)),
            ValueError,
            r"hvp: three returned an array of shape \(3,\); expected a single",
        ),
        (
            lambda: grad(lambda x: (x, 1))(1.0),
            TypeError,
            r"grad: <lambda> returned a tuple of 2; expected a single number; return what comes besides it with has_aux=True",
        ),
        (lambda: grad(lambda x: None)(1.0), TypeError, r"grad: <lambda> returned None; expected a single number"),
        (
            lambda: grad(lambda x: F.argmax(x))(V),
            TypeError,
            r"grad: <lambda> returned an array of dtype int64, as comparisons and argmax do, which has no gradient; return a floating one",
        ),
        (
            lambda: grad(lambda x: x > 0)(1.0),
            TypeError,
            r"grad: <lambda> returned an array of dtype bool, as comparisons",
        ),
        (
            lambda: grad(three)(1j),
            TypeError,
            r"grad: three returned a complex128; expected a real number; take its real part, or use jacobian for the complex derivative",
        ),
        (
            lambda: grad(three, has_aux=True)(1.0),
            TypeError,
            r"grad: three returned a Variable; with has_aux=True it returns a tuple of two: its result and the rest",
        ),
        (
            lambda: grad(three)({"a": ["text"]}),
            TypeError,
            r"grad: argument 0\['a'\]\[0\] of three is of type str; expected an array, a number, or dicts, lists and tuples of them; "
            r"leave out of argnums what is not differentiated",
        ),
        (
            lambda: grad(three, 1)(1.0),
            ValueError,
            r"grad: argnums is 1, and three was called with 1 positional arguments; give by position what is differentiated",
        ),
        (
            lambda: grad(three)(x=1.0),
            ValueError,
            r"grad: argnums is 0, and three was called with 0 positional arguments",
        ),
        (lambda: grad(three, "x")(1.0), ValueError, r"grad: argnums is 'x', and three was called with 1"),
        (lambda: grad(three, (0, -1))(1.0), ValueError, r"grad: argnums is \(0, -1\); expected each position once"),
        (
            lambda: grad(Variable(1.0)),
            TypeError,
            r"grad: f is of type Variable; expected a function; for the gradients of outputs that exist already there is "
            r"catena.autograd.grad",
        ),
        (lambda: jvp(3, (1.0,), (1.0,)), TypeError, r"jvp: f is of type int; expected a function"),
        (lambda: jacobian(None), TypeError, r"jacobian: f is of type NoneType; expected a function"),
        (
            lambda: jvp(three, V, V),
            TypeError,
            r"jvp: primals is of type ndarray; expected a tuple with one for each argument, such as \(x,\)",
        ),
        (
            lambda: hvp(three, (V,), V),
            TypeError,
            r"hvp: tangents is of type ndarray; expected a tuple with one for each",
        ),
        (
            lambda: jvp(three, (V,), (V, V)),
            TypeError,
            r"jvp: tangents is a list or tuple of 2; expected a list or tuple of 1",
        ),
        (
            lambda: jvp(three, (V,), (V[:2],)),
            ValueError,
            r"jvp: tangents\[0\] has shape \(2,\); expected \(3,\), the shape of what it belongs to",
        ),
        (
            lambda: jvp(lambda p: p["a"], ({"a": V},), ({"b": V},)),
            TypeError,
            r"jvp: tangents\[0\] is a dict with the keys 'b'; expected a dict with the keys 'a', as primals\[0\] is",
        ),
        (
            lambda: jvp(three, (V,), (None,)),
            TypeError,
            r"jvp: tangents\[0\] is None; expected an array, as primals\[0\] is one",
        ),
        (
            lambda: jvp(three, (V,), ("t",)),
            TypeError,
            r"jvp: tangents\[0\] is of type str; expected an array of shape \(3,\)",
        ),
        (
            lambda: jvp(three, (V,), (V * 1j,)),
            TypeError,
            r"jvp: tangents\[0\] is complex, what it belongs to is float64; expected a real one",
        ),
        (
            lambda: jvp(three, (xp.to_device(V, "strict:device1"),), (V,)),
            ValueError,
            r"jvp: tangents\[0\] lives on numpy; expected strict:device1; move it with xp.to_device\(x, 'strict:device1'\)",
        ),
        (
            lambda: vjp(three, V)[1](np.ones(2)),
            ValueError,
            r"vjp: the cotangent has shape \(2,\); expected \(3,\), the shape of what it belongs to",
        ),
        (
            lambda: vjp(lambda x: [x, {"k": x}], V)[1]([V, V]),
            TypeError,
            r"vjp: the cotangent\[1\] is of type ndarray; expected a dict with the keys 'k', as the result\[1\] is",
        ),
        (
            lambda: vjp(lambda x: "text", V),
            TypeError,
            r"vjp: the result of <lambda> is of type str; expected arrays, numbers, or dicts, lists and tuples of them; "
            r"return what is none of these with has_aux=True",
        ),
        (
            lambda: jacobian(three, mode="fast")(V),
            ValueError,
            r"jacobian: mode is 'fast'; expected 'forward', 'reverse' or None",
        ),
        (
            lambda: jacobian(three, mode="reverse")(V * 1j),
            ValueError,
            r"jacobian: mode is 'reverse', which is for real numbers; leave it out for complex ones",
        ),
        (
            lambda: hessian(lambda p: p["z"])({"z": 1j}),
            TypeError,
            r"hessian: <lambda> returned a complex128; expected a real number",
        ),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
    # Nothing is left behind: a transform outside of any other gives arrays.
    w = Variable(2.0)
    assert type(grad(lambda x: w * x)(1.0)) is np.ndarray


def test_a_real_result_of_a_complex_argument_has_no_complex_derivative() -> None:
    def real(z: Any) -> Any:
        return _real_part(z)

    z = np.array([1 + 2j])
    with pytest.raises(
        TypeError,
        match=r"jacobian: the result of real is real and argument 0 complex: there is no complex derivative; "
        r"use grad or vjp, or give real and imaginary parts as two arguments",
    ):
        jacobian(real)(z)
    with pytest.raises(
        TypeError, match=r"hessian: argument 0 of <lambda> is complex; expected real ones; give real and"
    ):
        hessian(lambda z: real(z).sum())(z)
    (g,) = vjp(real, z)[1](np.array([2.0]))
    assert g.tolist() == [2.0]


@ag.op
def _real_part(z: Any) -> Any:
    return np.real(z) * 1.0


_real_part.vjps(z=lambda g: g * (1 + 0j))


def test_functions_in_class_form() -> None:
    class Square(ag.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (inputs[0] ** 2,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (2 * self.get_retained_inputs()[0] * grad_outputs[0],)

    class Old(ag.Function):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] ** 2,)

        def backward(self, inputs: Any, grad_outputs: Any) -> Any:
            return (2 * inputs[0] * grad_outputs[0],)

    assert_allclose(jvp(lambda x: Square().apply((x,))[0], (V,), (V,))[1], 2 * V * V)
    assert_allclose(hessian(lambda x: Square().apply((x,))[0].sum())(V), 2 * np.eye(3))
    assert_allclose(jacobian(lambda x: Old()(x))(V), np.diag(2 * V))
    with pytest.raises(
        RuntimeError, match="Old is a Function, whose backward computes on arrays: it cannot be differentiated"
    ):
        jvp(lambda x: Old()(x), (V,), (V,))
