"""Gradients held against numerical differentiation, in float64.

    check_backward(F.tanh, np.linspace(-1, 1, 5))              # first order
    check_double_backward(F.tanh, np.linspace(-1, 1, 5))       # second order
    check_derivatives(F.tanh, np.linspace(-1, 1, 5), order=3)  # first to third

Instead of each partial derivative, the checks compare one number: the slope of a weighted sum of the outputs as all inputs move
along a random direction, which four calls of the function give whatever the inputs' sizes. Where it is wrong, they look for the
input, and for the element.

Of complex numbers the weighted sum is L = Re(sum(conj(w) y)), and the gradient g in an input x is dL/dRe x + i dL/dIm x: L changes by
Re(sum(conj(g) dx)).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd._backward import grad
from catena.autograd._op import Op
from catena.autograd._variable import Variable, as_array
from xparray import Array, Device
from xparray._dispatch import dtype_name

__all__ = ["assert_allclose", "check_backward", "check_derivatives", "check_double_backward", "numerical_grad"]

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
        An array an input, of its shape, on the host: float64, or complex128 for a complex input.

    Example:
        >>> numerical_grad(lambda x: x**3, [np.array([2.0])])[0].round(6)
        array([12.])
    """
    trial = Trial("numerical_grad", f, [Input.of(f"input {i}", x) for i, x in enumerate(inputs)], (), eps)
    weights = [np.ones(_shape(y)) for y in trial.run()] if grad_outputs is None else [_double(g) for g in grad_outputs]
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
    with _in_double(params):
        _trial(func, x_data, params, eps, no_grads).check(_given(y_grad), atol, rtol)


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
    with _in_double(params):
        trial = _trial(func, x_data, params, eps, no_grads)
        trial.differentiated(_given(y_grad)).check(_given(x_grad_grad), atol, rtol)


def check_derivatives(
    func: Callable[..., Any],
    x_data: Array | Sequence[Array],
    params: Sequence[Variable] = (),
    *,
    order: int = 2,
    eps: float = 1e-3,
    atol: float = 1e-7,
    rtol: float = 1e-5,
    no_grads: Sequence[bool] | None = None,
) -> None:
    """Check the derivatives of `func` from the first to the given order, each against differences of the one before.

    Args:
        func: as for `check_backward`.
        x_data: its inputs, one or a sequence.
        params: leaves that `func` reads besides its inputs.
        order: of the highest derivative.
        eps: the step of the differences.
        atol: absolute tolerance.
        rtol: tolerance relative to the size of the products that are summed.
        no_grads: for each input whether to leave it out.

    Raises:
        AssertionError: as `check_backward`.

    Example:
        >>> check_derivatives(lambda x: x**4, np.ones(2), order=4)
    """
    with _in_double(params):
        _trial(func, x_data, params, eps, no_grads).check_orders(order, atol, rtol)


class Input(NamedTuple):
    """One input of the function under test: its value, on the host where slopes are taken in it, and its home."""

    name: str
    value: Any
    device: Device
    differentiable: bool

    @classmethod
    def of(cls, name: str, x: Any) -> Input:
        """An input to differentiate in."""
        return cls(name, _double(x), xp.device_of(as_array(x)), True)

    @classmethod
    def constant(cls, name: str, x: Any) -> Input:
        """An input that stays as it is."""
        return cls(name, x, Device("numpy"), False)

    def variable(self) -> Any:
        """What the function is given."""
        return Variable(xp.to_device(self.value, self.device)) if self.differentiable else self.value


class Trial:
    """A function with a point in which to differentiate it: its differentiable inputs and its parameters, in float64."""

    def __init__(
        self, name: str, func: Callable[..., Any], inputs: Sequence[Input], params: Sequence[Variable], eps: float
    ) -> None:
        self.name = name
        self.func = func
        self.inputs = list(inputs)
        self.params = params
        self.eps = eps
        self.chosen = [i for i, x in enumerate(inputs) if x.differentiable]
        self.points = [*(inputs[i].value for i in self.chosen), *map(_host, params)]

    def run(self, moved: Mapping[int, Host] | None = None) -> list[Any]:
        """The outputs, those of floating or complex numbers, with arrays `moved` in the places of the points of those numbers."""
        moved = moved or {}
        count = len(self.chosen)
        inputs = list(self.inputs)
        for i, x in moved.items():
            if i < count:
                inputs[self.chosen[i]] = inputs[self.chosen[i]]._replace(value=x)
        changed = [(self.params[i - count], x) for i, x in moved.items() if i >= count]
        before = [p.array for p, _ in changed]
        try:
            for p, x in changed:
                p.array = xp.to_device(x, p.device)
            return _inexact(self.func(*(i.variable() for i in inputs)))
        finally:
            for (p, _), array in zip(changed, before, strict=True):
                p.array = array

    def slope(self, directions: Mapping[int, Host], weights: Sequence[Host]) -> float:
        """The derivative of the weighted sum of the outputs as points move along the directions given for their numbers."""

        def total(t: float) -> float:
            return _weighted(self.run({i: self.points[i] + t * d for i, d in directions.items()}), weights)

        h = self.eps
        return (total(-2 * h) - 8 * total(-h) + 8 * total(h) - total(2 * h)) / (12 * h) if directions else 0.0

    def partials(self, i: int, weights: Sequence[Host]) -> Host:
        """The slopes along each element of point `i`; of a complex one, those along its real and imaginary parts."""
        g = np.zeros_like(self.points[i])
        for at in np.ndindex(g.shape):
            direction = np.zeros_like(g)
            direction[at] = 1.0
            g[at] = self.slope({i: direction}, weights)
            if g.dtype.kind == "c":
                g[at] += 1j * self.slope({i: 1j * direction}, weights)
        return g

    def differentiated(self, seeds: list[Host] | None = None) -> Trial:
        """The trial of the gradients, which are a function of the inputs and of the gradients to begin with, `seeds`."""
        outputs, count = self.run(), len(self.inputs)
        cotangents = [
            Input(f"the gradient of output {i}", g, xp.device_of(as_array(y)), True)
            for i, (y, g) in enumerate(zip(outputs, seeds or _random(outputs, 1000 * (1 + count)), strict=True))
        ]

        def gradients(*args: Any) -> list[Any]:
            leaves = [*(x for x, i in zip(args, self.inputs, strict=False) if i.differentiable), *self.params]
            return _gradients(_inexact(self.func(*args[:count])), leaves, args[count:], create_graph=True)

        return Trial(f"gradient of {self.name}", gradients, [*self.inputs, *cotangents], self.params, self.eps)

    def check_orders(self, order: int, atol: float, rtol: float) -> None:
        """Check the derivatives from the first to the given order."""
        self.check(None, atol, rtol)
        if order > 1:
            self.differentiated().check_orders(order - 1, atol, rtol)

    def check(self, weights: list[Host] | None, atol: float, rtol: float) -> None:
        """Compare the gradients with the slope along a random direction."""
        ys = self.run()
        weights = _random(ys, 0) if weights is None else weights
        if [w.shape for w in weights] != [_shape(y) for y in ys]:
            raise ValueError(
                f"{self.name}: got weights of shapes {[w.shape for w in weights]} for outputs of shapes "
                f"{[_shape(y) for y in ys]}; give one an output, of its shape"
            )
        # What rounding in the sums may leave of a slope.
        size = math.fsum(float(np.sum(np.abs(w * _host(y)))) for y, w in zip(ys, weights, strict=True))
        noise = float(np.finfo(np.float64).eps) * size / self.eps
        directions = {i: _random([x], 100 + i)[0] for i, x in enumerate(self.points)}
        count = len(self.chosen)
        expected = self.slope({i: d for i, d in directions.items() if i >= count}, weights)
        # The gradients are those of a run before the ones with other inputs: a rule that reads what a later run wrote is found.
        variables = [x.variable() for x in self.inputs]
        leaves = [*(variables[i] for i in self.chosen), *self.params]
        ys = _inexact(self.func(*variables))
        expected += self.slope({i: d for i, d in directions.items() if i < count}, weights)
        seeds = [xp.to_device(w, xp.device_of(as_array(y))) for y, w in zip(ys, weights, strict=True)]
        gs = [_host(g) for g in _gradients(ys, leaves, seeds)]
        # Where all together are right, each is. Where they are not, each is looked at by itself.
        if all(g.shape == directions[i].shape for i, g in enumerate(gs)):
            products = [_real(g.conj() * directions[i]).ravel() for i, g in enumerate(gs)]
            if self._is_near(np.concatenate([np.zeros(0), *products]), expected, atol, rtol, noise):
                return
        for i, g in enumerate(gs):
            self._agree(i, g, directions[i], weights, (atol, rtol, noise))

    def check_forward(self, atol: float, rtol: float) -> None:
        """Compare the derivative in forward mode with the slope along a random direction."""
        from catena.autograd.transforms import jvp  # which the checks of gradients do without

        directions = {i: _random([x], 200 + i)[0] for i, x in enumerate(self.points)}

        def f(*xs: Any) -> list[Any]:
            moved = dict(zip(self.chosen, xs, strict=True))
            return _inexact(self.func(*(moved.get(i, x.value) for i, x in enumerate(self.inputs))))

        ys, tangents = jvp(f, tuple(self.points), tuple(directions.values()))
        weights = _random(ys, 300)
        products = [_real(w.conj() * _host(t)).ravel() for w, t in zip(weights, tangents, strict=True)]
        noise = float(np.finfo(np.float64).eps) * math.fsum(float(np.sum(np.abs(_host(y)))) for y in ys) / self.eps
        got, expected = np.concatenate([np.zeros(0), *products]), self.slope(directions, weights)
        if not self._is_near(got, expected, atol, rtol, noise):
            raise AssertionError(
                f"{self.name}: its derivative in forward mode along a random direction is {float(np.sum(got)):.9g}, "
                f"by central differences {expected:.9g}"
            )

    @staticmethod
    def _is_near(products: Host, expected: float, atol: float, rtol: float, noise: float) -> bool:
        """Whether the sum of the products is the slope that is expected."""
        with np.errstate(invalid="ignore"):  # infinities of both signs
            got = float(np.sum(products))
        allowed = atol + rtol * float(np.sum(np.abs(products))) + noise
        return bool(np.isfinite(allowed)) and abs(got - expected) <= allowed

    def _agree(
        self, i: int, g: Host, direction: Host, weights: Sequence[Host], tolerances: tuple[float, float, float]
    ) -> None:
        """Raise unless the gradient `g` in point `i` has the slope along `direction`; say what differs, and where."""
        count = len(self.chosen)
        name = (
            self.inputs[self.chosen[i]].name if i < count else f"parameter {self.params[i - count].name or i - count}"
        )
        what = f"{self.name}: the gradient in {name}, {direction.shape} {direction.dtype},"
        if g.shape != direction.shape:
            raise AssertionError(f"{what} has shape {g.shape}; expected {direction.shape}, the input's")
        expected = self.slope({i: direction}, weights)
        products, (atol, rtol, noise) = _real(g.conj() * direction), tolerances
        if self._is_near(products, expected, atol, rtol, noise):
            return
        with np.errstate(invalid="ignore"):
            got = float(np.sum(products))
        allowed = atol + rtol * float(np.sum(np.abs(products))) + noise
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


def _trial(func: Any, x_data: Any, params: Sequence[Variable], eps: float, no_grads: Sequence[bool] | None) -> Trial:
    """The trial of a function in its inputs of floating or complex numbers, those of `no_grads` apart."""
    values = list(x_data) if isinstance(x_data, list | tuple) else [x_data]
    if no_grads is not None and len(no_grads) != len(values):
        raise ValueError(
            f"check_backward: got {len(no_grads)} no_grads for {len(values)} inputs; give one boolean an input"
        )
    names = _input_names(func, len(values))
    inputs = [
        Input.of(name, x) if is_inexact(x) and not (no_grads and no_grads[i]) else Input.constant(name, x)
        for i, (name, x) in enumerate(zip(names, values, strict=True))
    ]
    return Trial(_name(func), func, inputs, params, eps)


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


def is_inexact(x: Any) -> bool:
    """Whether `x` is an array or Variable of floating or complex numbers."""
    return hasattr(x, "dtype") and dtype_name(x.dtype).startswith(("float", "complex"))


def _inexact(ys: Any) -> list[Any]:
    """The outputs in which a function can be differentiated."""
    return [y for y in (ys if isinstance(ys, list | tuple) else [ys]) if is_inexact(y)]


def _host(x: Any) -> Host:
    return np.asarray(xp.to_device(as_array(x), "numpy"))


def _double(x: Any) -> Host:
    x = _host(x)
    return np.array(x, np.complex128 if x.dtype.kind == "c" else np.float64)


def _real(x: Host) -> Host:
    return x.real if x.dtype.kind == "c" else x


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape)


def _random(like: Sequence[Any], seed: int) -> list[Host]:
    """Weights of both signs for every element, none of them small, complex for complex ones, the same in each run."""
    return [_weights(_shape(y), dtype_name(y.dtype).startswith("complex"), seed + i) for i, y in enumerate(like)]


@functools.lru_cache
def _weights(shape: tuple[int, ...], of_complex: bool, seed: int) -> Host:
    rng = np.random.default_rng(seed)
    parts = [rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape) for _ in range(1 + of_complex)]
    weights = np.asarray(parts[0] + 1j * parts[1] if of_complex else parts[0])
    weights.flags.writeable = False
    return weights


def _weighted(ys: Sequence[Any], ws: Sequence[Host]) -> float:
    """The real part of the weighted sum."""
    return math.fsum(float(np.sum(_real(w.conj() * _host(y)))) for y, w in zip(ys, ws, strict=True))


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
