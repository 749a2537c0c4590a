"""Gradients held against numerical differentiation, in float64.

    check_backward(F.tanh, np.linspace(-1, 1, 5))          # first order
    check_double_backward(F.tanh, np.linspace(-1, 1, 5))   # second order

Instead of each partial derivative, the checks compare one number an input: the slope of a weighted sum of the outputs along a
random direction, which a few calls of the function give whatever the input's size.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd._backward import grad
from catena.autograd._op import Op
from catena.autograd._variable import Variable, as_array
from xparray import Array, Device
from xparray._dispatch import dtype_name

__all__ = ["assert_allclose", "check_backward", "check_double_backward", "numerical_grad"]

Host = np.ndarray[Any, Any]

# Up to this size a failing check differentiates element by element, to say where the gradient is wrong.
_LOCATED = 1000


def assert_allclose(x: Any, y: Any, atol: float = 1e-5, rtol: float = 1e-4) -> None:
    """Raise AssertionError unless the arrays or Variables agree: abs(x - y) <= atol + rtol * abs(y), and in shape.

    Example:
        >>> assert_allclose(Variable(np.ones(2)), np.ones(2))
        >>> assert_allclose(np.ones(2), np.ones(3))
        Traceback (most recent call last):
        AssertionError: assert_allclose: x has shape (2,), y has shape (3,)
    """
    a, b = _host(x), _host(y)
    if a.shape != b.shape:
        raise AssertionError(f"assert_allclose: x has shape {a.shape}, y has shape {b.shape}")
    np.testing.assert_allclose(a, b, atol=atol, rtol=rtol)


def numerical_grad(
    f: Callable[..., Any], inputs: Sequence[Array], grad_outputs: Sequence[Array] | None = None, eps: float = 1e-3
) -> list[Host]:
    """The gradients of `f(*inputs)`, summed with weights, by central differences of fourth order.

    The slope along each element is (s(-2e) - 8 s(-e) + 8 s(e) - s(2e)) / 12e with e = `eps`, of which the error is of the order
    of e^4 (Abramowitz and Stegun, Handbook of Mathematical Functions, 25.3.6).

    Args:
        f: a function of Variables; returns one or several.
        inputs: arrays with elements to differentiate in; they are not changed.
        grad_outputs: the weights, an array an output; ones unless given.
        eps: the step.

    Returns:
        A float64 array an input, of its shape, on the host.

    Example:
        >>> numerical_grad(lambda x: x**3, [np.array([2.0])])[0].round(6)
        array([12.])
    """
    places = [_Place.of(x) for x in inputs]
    points = [_double(x) for x in inputs]

    def outputs(xs: Sequence[Host]) -> list[Any]:
        return _several(f(*(p.variable(x) for p, x in zip(places, xs, strict=True))))

    weights = (
        [np.ones(_shape(y)) for y in outputs(points)] if grad_outputs is None else [_host(g) for g in grad_outputs]
    )
    return [_partials(lambda xs: _weighted(outputs(xs), weights), points, i, eps) for i in range(len(points))]


def check_backward(
    func: Callable[..., Any],
    x_data: Array | Sequence[Array],
    y_grad: Array | Sequence[Array] | None = None,
    params: Sequence[Variable] = (),
    *,
    eps: float = 1e-3,
    atol: float = 1e-8,
    rtol: float = 1e-6,
    no_grads: Sequence[bool] | None = None,
) -> None:
    """Check the gradients of `func` in its inputs and in `params` against numerical differentiation.

    Args:
        func: a function of Variables, which returns one or several, the same ones each time.
        x_data: its inputs, one or a sequence; floating ones are taken as float64, others as they are, without a gradient.
        y_grad: the gradients to begin with, one an output; random ones unless given.
        params: leaves that `func` reads besides its inputs; their arrays are float64 meanwhile and put back afterwards.
        eps: the step of the differences; kinks should be farther than twice this from every element.
        atol: absolute tolerance.
        rtol: tolerance relative to the size of the products that are summed.
        no_grads: for each input whether to leave it out.

    Raises:
        AssertionError: names the function, the input, the slope that came, the slope expected, and the tolerance.

    Example:
        >>> check_backward(lambda x, y: x * y, (np.ones((2, 1)), np.ones(3)))
        >>> check_backward(lambda x: Variable(x.array**2) + 0 * x, np.ones(2))
        Traceback (most recent call last):
        AssertionError: <lambda>: the gradient in input 0, (2,) float64, is wrong: ...
    """
    inputs = _inputs(func, x_data, no_grads)
    with _in_double(params):
        _check(_name(func), func, inputs, _given(y_grad), params, _Tolerance(eps, atol, rtol))


def check_double_backward(
    func: Callable[..., Any],
    x_data: Array | Sequence[Array],
    y_grad: Array | Sequence[Array] | None = None,
    x_grad_grad: Array | Sequence[Array] | None = None,
    params: Sequence[Variable] = (),
    *,
    eps: float = 1e-3,
    atol: float = 1e-7,
    rtol: float = 1e-5,
    no_grads: Sequence[bool] | None = None,
) -> None:
    """Check the gradients of the gradients of `func`, in its inputs, in the gradients to begin with and in `params`.

    Args:
        func: as for `check_backward`.
        x_data: its inputs, one or a sequence.
        y_grad: the gradients to begin with, one an output; random ones unless given.
        x_grad_grad: the weights of the first gradients, one an input and one a parameter; random ones unless given.
        params: leaves that `func` reads besides its inputs.
        eps: the step of the differences, which are taken of the first gradients.
        atol: absolute tolerance.
        rtol: tolerance relative to the size of the products that are summed.
        no_grads: for each input whether to leave it out.

    Raises:
        AssertionError: as `check_backward`.

    Example:
        >>> check_double_backward(lambda x: x**3, np.ones(2))
    """
    inputs = _inputs(func, x_data, no_grads)
    count = len(inputs)
    with _in_double(params):
        seeds = _random(_several(func(*(i.variable() for i in inputs))), 1) if y_grad is None else _given(y_grad) or []
        ys = [_Input(f"the gradient of output {i}", _Place.of(g), _double(g), True) for i, g in enumerate(seeds)]

        def first_order(*args: Any) -> list[Any]:
            xs = [x for x, i in zip(args, inputs, strict=False) if i.differentiable]
            leaves = [*xs, *params]
            outputs = _several(func(*args[:count]))
            pairs = [(y, g) for y, g in zip(outputs, args[count:], strict=True) if _needs_grad(y)]
            if not pairs:
                return [xp.zeros_like(v.array) for v in leaves]
            gs = grad([y for y, _ in pairs], leaves, [g for _, g in pairs], create_graph=True)
            return [xp.zeros_like(v.array) if g is None else g for v, g in zip(leaves, gs, strict=True)]

        _check(
            f"gradient of {_name(func)}",
            first_order,
            [*inputs, *ys],
            _given(x_grad_grad),
            params,
            _Tolerance(eps, atol, rtol),
        )


class _Tolerance(NamedTuple):
    eps: float
    atol: float
    rtol: float


class _Place(NamedTuple):
    """Where an input's array lives, so that changed values are put there too."""

    device: Device

    @classmethod
    def of(cls, x: Any) -> _Place:
        return cls(xp.device_of(as_array(x)))

    def variable(self, x: Host) -> Variable:
        return Variable(xp.to_device(x, self.device))


class _Input(NamedTuple):
    """One input of the function under test: its value, and whether slopes are taken in it."""

    name: str
    place: _Place
    value: Any
    differentiable: bool

    def variable(self) -> Any:
        return self.place.variable(self.value) if self.differentiable else self.value


def _inputs(func: Any, x_data: Any, no_grads: Sequence[bool] | None) -> list[_Input]:
    values = list(x_data) if isinstance(x_data, list | tuple) else [x_data]
    if no_grads is not None and len(no_grads) != len(values):
        raise ValueError(
            f"check_backward: got {len(no_grads)} no_grads for {len(values)} inputs; give one boolean an input"
        )
    names = _input_names(func, len(values))
    inputs = []
    for i, (name, x) in enumerate(zip(names, values, strict=True)):
        floating = hasattr(x, "dtype") and dtype_name(x.dtype).startswith("float")
        if floating and not (no_grads and no_grads[i]):
            inputs.append(_Input(name, _Place.of(x), _double(x), True))
        else:
            inputs.append(_Input(name, _Place(Device("numpy")), x, False))
    return inputs


def _input_names(func: Any, count: int) -> list[str]:
    """What messages call the inputs: by the op's names, or by number."""
    func = func.func if isinstance(func, functools.partial) else func
    if not isinstance(func, Op):
        return [f"input {i}" for i in range(count)]
    named = [*func.inputs, *(f"{func.variadic}[{i}]" for i in range(count))]
    return [named[i] for i in range(count)]


def _name(func: Any) -> str:
    func = func.func if isinstance(func, functools.partial) else func
    return str(getattr(func, "__name__", type(func).__name__))


def _given(values: Any) -> list[Host] | None:
    if values is None:
        return None
    return [_double(v) for v in (values if isinstance(values, list | tuple) else [values])]


def _several(ys: Any) -> list[Any]:
    return list(ys) if isinstance(ys, list | tuple) else [ys]


def _host(x: Any) -> Host:
    return np.asarray(xp.to_device(as_array(x), "numpy"))


def _double(x: Any) -> Host:
    return np.array(_host(x), np.float64)


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape)


def _needs_grad(y: Any) -> bool:
    return isinstance(y, Variable) and y.requires_grad


def _random(like: Sequence[Any], seed: int) -> list[Host]:
    """Weights of both signs for every element, none of them small, the same in each run."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(0.5, 1.0, _shape(y)) * rng.choice([-1.0, 1.0], _shape(y))) for y in like]


def _weighted(ys: Sequence[Any], ws: Sequence[Host]) -> float:
    return math.fsum(float(np.sum(w * _host(y))) for y, w in zip(ys, ws, strict=True))


def _slope(f: Callable[[float], float], eps: float) -> float:
    """df/dt at t = 0."""
    return (f(-2 * eps) - 8 * f(-eps) + 8 * f(eps) - f(2 * eps)) / (12 * eps)


def _partials(f: Callable[[list[Host]], float], points: Sequence[Host], i: int, eps: float) -> Host:
    """df/dx for every element x of input `i`."""
    g = np.zeros(points[i].shape)
    for at in np.ndindex(g.shape):
        direction = np.zeros(g.shape)
        direction[at] = 1.0
        g[at] = _slope(lambda t, u=direction: f([x + t * u if j == i else x for j, x in enumerate(points)]), eps)  # type: ignore[misc]
    return g


@contextmanager
def _in_double(params: Sequence[Variable]) -> Iterator[None]:
    """Within the block the parameters' arrays are float64 copies."""
    before = [p.array for p in params]
    try:
        for p in params:
            p.array = xp.to_device(_double(p), p.device)
        yield
    finally:
        for p, array in zip(params, before, strict=True):
            p.array = array


def _check(
    name: str,
    func: Callable[..., Any],
    inputs: list[_Input],
    weights: list[Host] | None,
    params: Sequence[Variable],
    tolerance: _Tolerance,
) -> None:
    eps, atol, rtol = tolerance
    expected: list[float] = []

    def outputs(i: int, x: Host | None) -> list[Any]:
        return _several(
            func(
                *(inp.place.variable(x) if j == i and x is not None else inp.variable() for j, inp in enumerate(inputs))
            )
        )

    ys = outputs(-1, None)
    ws = _random(ys, 2) if weights is None else weights
    if [w.shape for w in ws] != [_shape(y) for y in ys]:
        shapes = [w.shape for w in ws]
        raise ValueError(
            f"{name}: got weights of shapes {shapes} for outputs of shapes {[_shape(y) for y in ys]}; give one an output, of its shape"
        )
    noise = (
        np.finfo(np.float64).eps
        * math.fsum(float(np.sum(np.abs(w * _host(y)))) for y, w in zip(ys, ws, strict=True))
        / eps
    )

    for i, p in enumerate(params):
        expected.append(
            _slope(lambda t, p=p, i=i: _at_parameter(p, t, i, lambda: _weighted(outputs(-1, None), ws)), eps)
        )  # type: ignore[misc]
    # The gradients are taken of a run before those that change the inputs, so that a rule which reads a buffer of a later run is found.
    variables = [inp.variable() for inp in inputs]
    ys = _several(func(*variables))
    chosen = [i for i, inp in enumerate(inputs) if inp.differentiable]
    directions = {i: _random([inputs[i].value], 3 + i)[0] for i in chosen}
    slopes = {
        i: _slope(lambda t, i=i: _weighted(outputs(i, inputs[i].value + t * directions[i]), ws), eps)  # type: ignore[misc]
        for i in chosen
    }
    pairs = [(y, xp.to_device(w, y.device)) for y, w in zip(ys, ws, strict=True) if _needs_grad(y)]
    leaves = [variables[i] for i in chosen] + list(params)
    gs: list[Any] = (
        grad([y for y, _ in pairs], leaves, [w for _, w in pairs]) if pairs and leaves else [None] * len(leaves)
    )
    gradients = [np.zeros(v.shape) if g is None else _host(g) for v, g in zip(leaves, gs, strict=True)]

    for i, g in zip(chosen, gradients, strict=False):
        inp = inputs[i]
        _agree(
            f"{name}: the gradient in {inp.name}, {inp.value.shape} float64,", g, directions[i], slopes[i], noise, tolerance,
            lambda i=i: _partials(lambda xs: _weighted(outputs(i, xs[0]), ws), [inputs[i].value], 0, eps),  # type: ignore[misc]
        )  # fmt: skip
    for i, (p, g, slope) in enumerate(zip(params, gradients[len(chosen) :], expected, strict=True)):
        label = f"parameter {p.name or i}"
        _agree(
            f"{name}: the gradient in {label}, {p.shape} float64,",
            g,
            _random([p], 100 + i)[0],
            slope,
            noise,
            tolerance,
            None,
        )


def _at_parameter(p: Variable, t: float, i: int, f: Callable[[], float]) -> float:
    """`f()` while `p` is moved by `t` along its direction."""
    before = p.array
    try:
        p.array = xp.to_device(_host(before) + t * _random([p], 100 + i)[0], p.device)
        return f()
    finally:
        p.array = before


def _agree(
    what: str,
    g: Host,
    direction: Host,
    expected: float,
    noise: float,
    tolerance: _Tolerance,
    partials: Callable[[], Host] | None,
) -> None:
    """Compare the slope that the gradient `g` gives with the numerical one; say what differs, and where."""
    eps, atol, rtol = tolerance
    if g.shape != direction.shape:
        raise AssertionError(f"{what} has shape {g.shape}; expected {direction.shape}, the input's")
    products = g * direction
    got = float(np.sum(products))
    allowed = atol + rtol * float(np.sum(np.abs(products))) + noise
    if np.isfinite(allowed) and abs(got - expected) <= allowed:
        return
    text = (
        f"{what} is wrong: its slope along a random direction is {got:.9g}, by central differences {expected:.9g}; "
        f"the difference {abs(got - expected):.2e} is above the tolerance {allowed:.2e} (atol={atol}, rtol={rtol}, eps={eps})"
    )
    if partials is not None and g.size <= _LOCATED:
        numerical = partials()
        difference = np.where(np.isfinite(g), np.abs(g - numerical), np.inf)
        at = np.unravel_index(int(np.argmax(difference)), g.shape)
        where = f"at [{', '.join(map(str, at))}]" if g.ndim else "there"
        text += f"\n  the largest difference {where}: got {g[at]:.9g}, expected {numerical[at]:.9g}"
    raise AssertionError(text)
