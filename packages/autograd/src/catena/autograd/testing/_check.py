"""The properties themselves, checked of one call and of many."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

import xparray as xp
from catena.autograd._backward import backward, grad
from catena.autograd._variable import Variable, as_array
from catena.autograd.gradient_check import _input_names, _name, check_backward, check_double_backward
from catena.autograd.testing._case import Case
from catena.autograd.testing._strategies import Call
from xparray import Array
from xparray._dispatch import dtype_name

Host = np.ndarray[Any, Any]


def check_op(
    op: Callable[..., Any], case: Case, *, examples: int | None = None, backends: Sequence[str] | None = None
) -> None:
    """Check an op on calls that Hypothesis draws from its case; a failing call is reduced to the simplest one.

    Args:
        op: an op, or any function of Variables made of ops.
        case: how to draw calls of it.
        examples: how many to draw; as many as Hypothesis's active profile says unless given.
        backends: what to try it on; those of the case unless given.

    Raises:
        AssertionError: says what is wrong with which input, what came and what was expected, and gives the call.

    Example:
        >>> from catena.autograd import functions as F
        >>> from catena.autograd.testing import arrays, calls
        >>> check_op(F.tanh, Case(calls(arrays())), examples=5)
    """
    chosen = case if backends is None else dataclasses.replace(case, backends=tuple(backends))

    @settings(
        max_examples=examples or settings().max_examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(call=case.calls)
    def run(call: Call) -> None:
        check_call(op, call, chosen)

    run()


def check_call(op: Callable[..., Any], call: Call, case: Case) -> None:
    """Check an op on one call, with the settings of `case`; raises AssertionError as `check_op` does."""
    try:
        _check(op, call, case)
    except Exception as e:
        e.add_note(f"in {_name(op)}, {call!r}; laid_out and Call are from catena.autograd.testing")
        raise


def _check(op: Callable[..., Any], call: Call, case: Case) -> None:
    names = _input_names(op, len(call.inputs))
    unknown = sorted(case.no_gradient.keys() - set(names))
    if unknown:
        raise ValueError(
            f"{_name(op)}: its case names {unknown[0]!r} in no_gradient; the inputs are {', '.join(names)}"
        )
    floating = [x.dtype for x in call.inputs if _is_floating(x)]
    double = [np.array(x, np.float64, order="C") if _is_floating(x) else x for x in call.inputs]
    chosen = [i for i, x in enumerate(call.inputs) if _is_floating(x) and names[i] not in case.no_gradient]
    f = functools.partial(op, **call.options)
    no_grads = [i not in chosen for i in range(len(double))]
    if chosen:
        check_backward(f, double, no_grads=no_grads)
    if chosen and case.order > 1:
        check_double_backward(f, double, no_grads=no_grads)

    expected = _Run(op, call, case, double, ["numpy"]).values()
    digits = max([float(np.finfo(d).eps) for d in floating], default=float(np.finfo(np.float64).eps))
    for devices in _homes(case.backends, floating, len(call.inputs)):
        # The drawn arrays themselves, with their dtypes and layouts, and read-only.
        run = _Run(op, call, case, [_read_only(x) for x in call.inputs], devices)
        got = run.values()
        if got.keys() != expected.keys():
            raise AssertionError(f"{run.name} gives {', '.join(got)}; in float64 on numpy {', '.join(expected)}")
        for what, value in got.items():
            _close(f"{run.name}: {what}", value, expected[what], 64 * digits * case.tolerance)


def _homes(backends: Sequence[str], dtypes: Sequence[Any], count: int) -> Iterator[list[str]]:
    """The devices on which to try the op; of several, the inputs live on one after the other."""
    for backend in backends:
        if backend != "strict":
            yield [backend]
        elif "float16" not in map(str, dtypes) and find_spec("array_api_strict"):
            # Not the library's own host device: its arrays turn into NumPy's when asked, which would hide a move.
            yield ["strict:device1"]
    if count > 1 and {"numpy", "numba"} <= set(backends):
        yield ["numpy", "numba"]


class _Run:
    """One call on given devices: checks all that can be said of the results there, and leaves their values to compare."""

    def __init__(
        self, op: Callable[..., Any], call: Call, case: Case, inputs: Sequence[Any], devices: Sequence[str]
    ) -> None:
        self.op = op
        self.case = case
        self.name = f"{_name(op)} on {' and '.join(devices)}"
        self.inputs = _input_names(op, len(inputs))
        self.xs = [_placed(x, devices[i % len(devices)]) for i, x in enumerate(inputs)]
        self.options = {name: _placed(value, devices[0]) for name, value in call.options.items()}
        floating = [i for i, x in enumerate(self.xs) if _is_floating(x)]
        self.chosen = [i for i in floating if self.inputs[i] not in case.no_gradient]
        self.skipped = [i for i in floating if i not in self.chosen]
        self.found: dict[str, Host] = {}

    def values(self) -> dict[str, Host]:
        """Outputs and gradients by name, on the host."""
        before = [_host(x).copy() for x in self.xs]
        variables, ys = self._record()
        self._outputs(ys)
        outputs = [_host(y).copy() for y in ys]
        # Cotangents by the number of their output; an output that no input with a gradient reaches has none.
        gs = dict(enumerate(_cotangents(ys, 0)))
        gs = {k: g for k, g in gs.items() if isinstance(ys[k], Variable) and ys[k].requires_grad}
        self._skipped(variables, ys, gs)
        if self.chosen and gs:
            self._leaves(variables, ys, gs)
            self._results_between(gs)
            self._one_alone(gs)
            if self.case.order > 1:
                self._second_order(gs)
        for name, x, copy in zip(self.inputs, self.xs, before, strict=True):
            if not np.array_equal(_host(x), copy, equal_nan=True):
                raise AssertionError(f"{self.name}: it changed its input {name} from {copy} to {_host(x)}")
        for k, (y, copy) in enumerate(zip(ys, outputs, strict=True)):
            if not np.array_equal(_host(y), copy, equal_nan=True):
                raise AssertionError(f"{self.name}: its gradient changed output {k} from {copy} to {_host(y)}")
        return self.found

    def _record(self, needs: Sequence[int] | None = None) -> tuple[list[Any], list[Any]]:
        """The inputs, floating ones as Variables, and the outputs; only inputs `needs` need gradients, or all."""
        wrapped = (*self.chosen, *self.skipped)
        variables = [
            Variable(x, requires_grad=needs is None or i in needs) if i in wrapped else x for i, x in enumerate(self.xs)
        ]
        return variables, _several(self.op(*variables, **self.options))

    def _outputs(self, ys: Sequence[Any]) -> None:
        """Arrays give what Variables give, bit for bit, and the dtype is that to which the inputs promote."""
        plain = _several(self.op(*self.xs, **self.options))
        promoted = [dtype_name(self.xs[i].dtype) for i in (*self.chosen, *self.skipped)]
        for k, (a, y) in enumerate(zip(plain, ys, strict=True)):
            what = f"output {k}"
            _is_array(f"{self.name}: {what} of a call with arrays", a, a.shape, a.dtype, xp.device_of(a))
            if self.chosen and not isinstance(y, Variable):
                text = f"{what} of a call with Variables is a {type(y).__name__}; expected a Variable"
                raise AssertionError(f"{self.name}: {text}")
            array = as_array(y)
            _is_array(f"{self.name}: {what} of a call with Variables", array, a.shape, a.dtype, xp.device_of(a))
            if not np.array_equal(_host(a), _host(y), equal_nan=True):
                raise AssertionError(
                    f"{self.name}: arrays give {_host(a)}, Variables {_host(y)} as {what}; expected the same"
                )
            if self.case.keeps_dtype and promoted and _is_floating(a):
                expected = np.result_type(*map(np.dtype, promoted))
                if dtype_name(a.dtype) != expected:
                    text = f"{what} has dtype {dtype_name(a.dtype)}; expected {expected}, to which the inputs promote"
                    raise AssertionError(f"{self.name}: {text}")
            self.found[what] = _host(a).copy()

    def _skipped(self, variables: Sequence[Any], ys: Sequence[Any], gs: dict[int, Array]) -> None:
        """What the case says to have no gradient has none."""
        if not self.skipped or not gs:
            return
        found = grad([ys[k] for k in gs], [variables[i] for i in self.skipped], list(gs.values()))
        for i, g in zip(self.skipped, found, strict=True):
            if g is not None:
                raise AssertionError(
                    f"{self.name}: the gradient in {self.inputs[i]} is {g!r}; its case says that it has none"
                )

    def _leaves(self, variables: Sequence[Any], ys: Sequence[Any], gs: dict[int, Array]) -> None:
        """A leaf's gradient has its shape, dtype and device, and is nobody else's memory."""
        backward([ys[k] for k in gs], list(gs.values()))
        for i in self.chosen:
            v, what = variables[i], f"the gradient in {self.inputs[i]}"
            _is_array(f"{self.name}: {what}", v.grad, v.shape, v.dtype, v.device)
            others = [*gs.values(), *map(as_array, (*ys, *variables))]
            others += [variables[j].grad for j in self.chosen if j != i]
            if any(isinstance(o, np.ndarray) and o.size and np.may_share_memory(_host(v.grad), o) for o in others):
                raise AssertionError(f"{self.name}: {what} shares memory with another array; expected its own")
            self.found[what] = _host(v.grad).copy()

    def _results_between(self, gs: dict[int, Array]) -> None:
        """What the rules return has shape, dtype and device before the engine fits it to a leaf."""
        between = [Variable(x) * 1 if i in self.chosen else x for i, x in enumerate(self.xs)]
        ys = _several(self.op(*between, **self.options))
        found = grad([ys[k] for k in gs], [between[i] for i in self.chosen], list(gs.values()))
        of_one_dtype = len({self.xs[i].dtype for i in self.chosen}) == 1
        for i, g in zip(self.chosen, found, strict=True):
            x, what = self.xs[i], f"{self.name}: the rule for {self.inputs[i]} returned a gradient that"
            if tuple(g.shape) != tuple(x.shape):
                raise AssertionError(f"{what} has shape {tuple(g.shape)}; expected {tuple(x.shape)}, the input's")
            # The two host backends share memory: between them nothing moves.
            if isinstance(g, np.ndarray | np.generic) != isinstance(x, np.ndarray):
                raise AssertionError(f"{what} lives on {xp.device_of(g)}; expected {xp.device_of(x)}, the input's")
            if of_one_dtype and g.dtype != x.dtype:
                raise AssertionError(
                    f"{what} has dtype {dtype_name(g.dtype)}; expected {dtype_name(x.dtype)}, the input's"
                )

    def _one_alone(self, gs: dict[int, Array]) -> None:
        """Where one input alone needs a gradient it gets the same one, and the others none."""
        for i in self.chosen if len(self.chosen) > 1 else ():
            variables, ys = self._record([i])
            reached = [k for k in gs if ys[k].requires_grad]
            backward([ys[k] for k in reached], [gs[k] for k in reached])
            for j in self.chosen:
                if i != j and variables[j].grad is not None:
                    raise AssertionError(f"{self.name}: {self.inputs[j]} needs no gradient and got {variables[j].grad}")
            g, what = variables[i].grad, f"the gradient in {self.inputs[i]}"
            if g is None or not np.array_equal(_host(g), self.found[what], equal_nan=True):
                raise AssertionError(
                    f"{self.name}: {what} is {g} where it alone is needed; expected {self.found[what]}, as where all are"
                )

    def _second_order(self, gs: dict[int, Array]) -> None:
        """The recorded gradients, and their gradients in the inputs and in the cotangents, fit what they belong to."""
        variables, ys = self._record()
        seeds = [Variable(g) for g in gs.values()]
        names = [self.inputs[i] for i in self.chosen] + [f"the gradient of output {k}" for k in gs]
        leaves = [variables[i] for i in self.chosen]
        first = grad([ys[k] for k in gs], leaves, seeds, create_graph=True)
        for name, v, g in zip(names, leaves, first, strict=False):
            _is_array(f"{self.name}: the recorded gradient in {name}", as_array(g), v.shape, v.dtype, v.device)
        recorded = [g for g in first if g.requires_grad]
        leaves += seeds
        second = grad(recorded, leaves, _cotangents(recorded, 1)) if recorded else [None] * len(leaves)
        for name, v, g in zip(names, leaves, second, strict=True):
            if g is not None:
                what = f"the gradient of second order in {name}"
                _is_array(f"{self.name}: {what}", g, v.shape, v.dtype, v.device)
                self.found[what] = _host(g).copy()


def _is_floating(x: Any) -> bool:
    return hasattr(x, "dtype") and dtype_name(x.dtype).startswith("float")


def _read_only(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def _placed(x: Any, device: str) -> Any:
    """An input or an option with its arrays on `device`."""
    if isinstance(x, tuple):
        return tuple(_placed(part, device) for part in x)
    return xp.to_device(x, device) if isinstance(x, np.ndarray) else x


def _cotangents(ys: Sequence[Any], salt: int) -> list[Array]:
    """A read-only cotangent an output, of its dtype, where it lives: multiples of 1/8 of both signs, which every dtype holds."""
    rng = np.random.default_rng(salt)
    gs = []
    for y in map(as_array, ys):
        values = rng.integers(4, 9, y.shape) * rng.choice([-1, 1], y.shape) / 8
        gs.append(_read_only(xp.to_device(np.asarray(values, dtype_name(y.dtype)), xp.device_of(y))))
    return gs


def _several(ys: Any) -> list[Any]:
    return list(ys) if isinstance(ys, list | tuple) else [ys]


def _host(x: Any) -> Host:
    return np.asarray(xp.to_device(as_array(x), "numpy"))


def _is_array(what: str, x: Any, shape: Any, dtype: Any, device: Any) -> None:
    """An array of a backend, no NumPy scalar, of the given shape, dtype and device."""
    if x is None:
        raise AssertionError(f"{what} did not come: it is None")
    if isinstance(x, np.generic):
        raise AssertionError(f"{what} is a NumPy scalar, {x!r}; expected a 0-d array")
    if tuple(x.shape) != tuple(shape):
        raise AssertionError(f"{what} has shape {tuple(x.shape)}; expected {tuple(shape)}")
    if x.dtype != dtype:
        raise AssertionError(f"{what} has dtype {dtype_name(x.dtype)}; expected {dtype_name(dtype)}")
    if xp.device_of(x) != device:
        raise AssertionError(f"{what} lives on {xp.device_of(x)}; expected {device}")


def _close(what: str, got: Host, expected: Host, tolerance: float) -> None:
    """Equal, or floating and as near as `tolerance` allows relative to the largest element."""
    if got.shape != expected.shape:
        raise AssertionError(f"{what} has shape {got.shape}; expected {expected.shape}")
    if np.array_equal(got, expected):
        return
    if got.dtype.kind != "f":
        raise AssertionError(f"{what} is {got}; expected {expected}")
    allowed = tolerance * (1 + float(np.max(np.abs(expected))))
    with np.errstate(invalid="ignore"):
        difference = np.where(got == expected, 0.0, np.abs(got.astype(np.float64) - expected))
    if not np.all(difference <= allowed):
        at = np.unravel_index(int(np.argmax(difference)), difference.shape)
        place = f" at {list(map(int, at))}" if at else ""
        raise AssertionError(
            f"{what} differs from float64 on numpy{place}: got {got[at]}, expected {expected[at]}, tolerance {allowed:.2e}"
        )
