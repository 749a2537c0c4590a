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
    trial = _Trial("numerical_grad", f, [_Input.of(f"input {i}", x) for i, x in enumerate(inputs)], (), eps)
    ys = trial.run()
    weights = [np.ones(_shape(y)) for y in ys] if grad_outputs is None else [_double(g) for g in grad_outputs]
    return [trial.partials(i, weights) for i in range(len(inputs))]


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
        _Trial(_name(func), func, inputs, params, eps).check(_given(y_grad), atol, rtol)


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
        outputs = _several(func(*(i.variable() for i in inputs)))
        seeds = _given(y_grad) or _random(outputs, 1)
        cotangents = [
            _Input(f"the gradient of output {i}", g, xp.device_of(as_array(y)), True)
            for i, (y, g) in enumerate(zip(outputs, seeds, strict=True))
        ]

        def first_order(*args: Any) -> list[Any]:
            leaves = [*(x for x, i in zip(args, inputs, strict=False) if i.differentiable), *params]
            ys = _several(func(*args[:count]))
            return _gradients(ys, leaves, args[count:], create_graph=True)

        trial = _Trial(f"gradient of {_name(func)}", first_order, [*inputs, *cotangents], params, eps)
        trial.check(_given(x_grad_grad), atol, rtol)


class _Input(NamedTuple):
    """One input of the function under test: its value, on the host where slopes are taken in it, and its home."""

    name: str
    value: Any
    device: Device
    differentiable: bool

    @classmethod
    def of(cls, name: str, x: Any) -> _Input:
        return cls(name, _double(x), xp.device_of(as_array(x)), True)

    def variable(self) -> Any:
        return Variable(xp.to_device(self.value, self.device)) if self.differentiable else self.value


class _Trial:
    """A function with a point in which to differentiate it: its differentiable inputs and its parameters, in float64."""

    def __init__(
        self, name: str, func: Callable[..., Any], inputs: Sequence[_Input], params: Sequence[Variable], eps: float
    ) -> None:
        self.name = name
        self.func = func
        self.inputs = list(inputs)
        self.params = params
        self.eps = eps
        self.chosen = [i for i, x in enumerate(inputs) if x.differentiable]
        self.points = [*(inputs[i].value for i in self.chosen), *map(_host, params)]

    def run(self, changed: int = -1, x: Host | None = None) -> list[Any]:
        """The outputs, with `x` in the place of point number `changed`."""
        if changed >= len(self.chosen):
            p = self.params[changed - len(self.chosen)]
            before = p.array
            try:
                p.array = xp.to_device(x, p.device)
                return self.run()
            finally:
                p.array = before
        inputs = list(self.inputs)
        if changed >= 0:
            inputs[self.chosen[changed]] = inputs[self.chosen[changed]]._replace(value=x)
        return _several(self.func(*(i.variable() for i in inputs)))

    def slope(self, i: int, direction: Host, weights: Sequence[Host]) -> float:
        """The derivative of the weighted sum of the outputs as point `i` moves along `direction`."""

        def total(t: float) -> float:
            return _weighted(self.run(i, self.points[i] + t * direction), weights)

        h = self.eps
        return (total(-2 * h) - 8 * total(-h) + 8 * total(h) - total(2 * h)) / (12 * h)

    def partials(self, i: int, weights: Sequence[Host]) -> Host:
        """The slopes along each element of point `i`."""
        g = np.zeros(self.points[i].shape)
        for at in np.ndindex(g.shape):
            direction = np.zeros(g.shape)
            direction[at] = 1.0
            g[at] = self.slope(i, direction, weights)
        return g

    def check(self, weights: list[Host] | None, atol: float, rtol: float) -> None:
        """Compare each gradient with the slope along a random direction."""
        ys = self.run()
        weights = _random(ys, 2) if weights is None else weights
        if [w.shape for w in weights] != [_shape(y) for y in ys]:
            raise ValueError(
                f"{self.name}: got weights of shapes {[w.shape for w in weights]} for outputs of shapes "
                f"{[_shape(y) for y in ys]}; give one an output, of its shape"
            )
        # What rounding in the sums may leave of a slope.
        size = math.fsum(float(np.sum(np.abs(w * _host(y)))) for y, w in zip(ys, weights, strict=True))
        noise = float(np.finfo(np.float64).eps) * size / self.eps
        directions = [_random([x], 3 + i)[0] for i, x in enumerate(self.points)]
        count = len(self.chosen)
        slopes = {i: self.slope(i, directions[i], weights) for i in range(count, len(self.points))}
        # The gradients are those of a run before the ones with other inputs: a rule that reads what a later run wrote is found.
        variables = [x.variable() for x in self.inputs]
        leaves = [*(variables[i] for i in self.chosen), *self.params]
        ys = _several(self.func(*variables))
        slopes |= {i: self.slope(i, directions[i], weights) for i in range(count)}
        seeds = [xp.to_device(w, xp.device_of(as_array(y))) for y, w in zip(ys, weights, strict=True)]
        for i, g in enumerate(_gradients(ys, leaves, seeds)):
            self._agree(i, _host(g), directions[i], slopes[i], weights, (atol, rtol, noise))

    def _agree(
        self,
        i: int,
        g: Host,
        direction: Host,
        expected: float,
        weights: Sequence[Host],
        tolerances: tuple[float, float, float],
    ) -> None:
        """Raise unless the gradient `g` has the slope that is expected; say what differs, and where."""
        count = len(self.chosen)
        name = (
            self.inputs[self.chosen[i]].name if i < count else f"parameter {self.params[i - count].name or i - count}"
        )
        what = f"{self.name}: the gradient in {name}, {direction.shape} float64,"
        if g.shape != direction.shape:
            raise AssertionError(f"{what} has shape {g.shape}; expected {direction.shape}, the input's")
        atol, rtol, noise = tolerances
        with np.errstate(invalid="ignore"):  # infinities of both signs
            got = float(np.sum(g * direction))
        allowed = atol + rtol * float(np.sum(np.abs(g * direction))) + noise
        if np.isfinite(allowed) and abs(got - expected) <= allowed:
            return
        text = (
            f"{what} is wrong: its slope along a random direction is {got:.9g}, by central differences {expected:.9g}; "
            f"the difference {abs(got - expected):.2e} is above the tolerance {allowed:.2e} "
            f"(atol={atol}, rtol={rtol}, eps={self.eps})"
        )
        if g.size <= _LOCATED:
            numerical = self.partials(i, weights)
            difference = np.where(np.isfinite(g), np.abs(g - numerical), np.inf)
            at = np.unravel_index(int(np.argmax(difference)), g.shape)
            where = f" at [{', '.join(map(str, at))}]" if g.ndim else ""
            text += f"\n  the largest difference{where}: got {g[at]:.9g}, expected {numerical[at]:.9g}"
        raise AssertionError(text)


def _gradients(
    ys: Sequence[Any], leaves: Sequence[Variable], seeds: Sequence[Any], create_graph: bool = False
) -> list[Any]:
    """`grad`, with zeros for what the outputs do not depend on."""
    pairs = [(y, g) for y, g in zip(ys, seeds, strict=True) if isinstance(y, Variable) and y.requires_grad]
    gs: list[Any] = [None] * len(leaves)
    if pairs and leaves:
        gs = grad([y for y, _ in pairs], leaves, [g for _, g in pairs], create_graph=create_graph)
    return [xp.zeros_like(v.array) if g is None else g for v, g in zip(leaves, gs, strict=True)]


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
            inputs.append(_Input.of(name, x))
        else:
            inputs.append(_Input(name, x, Device("numpy"), False))
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


def _random(like: Sequence[Any], seed: int) -> list[Host]:
    """Weights of both signs for every element, none of them small, the same in each run."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(0.5, 1.0, _shape(y)) * rng.choice([-1.0, 1.0], _shape(y))) for y in like]


def _weighted(ys: Sequence[Any], ws: Sequence[Host]) -> float:
    return math.fsum(float(np.sum(w * _host(y))) for y, w in zip(ys, ws, strict=True))


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
