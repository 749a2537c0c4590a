"""The properties themselves, checked of one call and of many."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xparray as xp
from hypothesis import HealthCheck, given, settings
from xparray import Array
from xparray._dispatch import dtype_name

from catena.autograd._backward import backward, grad
from catena.autograd._variable import Variable
from catena.autograd.gradient_check import _input_names, _name, check_backward, check_double_backward
from catena.autograd.testing._case import Case
from catena.autograd.testing._strategies import Call


def check_op(op: Callable[..., Any], case: Case, *, examples: int | None = None, backends: Sequence[str] | None = None) -> None:
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


class _Result:
    """What one call gave: outputs, first gradients, and second ones in the inputs and in the first cotangents; all on the host."""

    def __init__(self) -> None:
        self.outputs: list[Array] = []
        self.first: dict[int, Array] = {}
        self.second: dict[int, Array] = {}


def _check(op: Callable[..., Any], call: Call, case: Case) -> None:
    names = _input_names(op, len(call.inputs))
    skipped = [names.index(n) for n in case.no_gradient if n in names]
    chosen = [i for i, x in enumerate(call.inputs) if _is_floating(x) and i not in skipped]
    double = [np.array(x, np.float64) if _is_floating(x) else x for x in call.inputs]
    f = functools.partial(op, **call.options)
    no_grads = [i not in chosen for i in range(len(double))]
    if chosen:
        check_backward(f, double, no_grads=no_grads)
    if chosen and case.order > 1:
        check_double_backward(f, double, no_grads=no_grads)

    reference = _run(op, call, double, "numpy", names, chosen, skipped, case.order)
    low = [x.dtype for x in call.inputs if _is_floating(x)]
    digits = max([float(np.finfo(d).eps) for d in low], default=float(np.finfo(np.float64).eps))
    for device in _devices(case.backends, low):
        # The drawn arrays themselves, with their dtypes and layouts, and read-only.
        result = _run(op, call, [_read_only(x) for x in call.inputs], device, names, chosen, skipped, case.order)
        for what, got, expected in _pairs(result, reference, names):
            _close(f"{_name(op)} on {device}: {what}", got, expected, 64 * digits * case.tolerance)


def _devices(backends: Sequence[str], low: Sequence[Any]) -> Iterator[str]:
    for backend in backends:
        if backend != "strict":
            yield backend
        elif "float16" not in map(str, low):
            try:
                xp.get_backend("strict")
            except ImportError:
                continue
            # Not the library's own host device: its arrays turn into NumPy's when asked, which would hide a move.
            yield "strict:device1"


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
    """A cotangent an output, of its dtype and on its device: multiples of 1/8 of both signs, which every dtype holds."""
    rng = np.random.default_rng(salt)
    values = [rng.integers(4, 9, y.shape) * rng.choice([-1, 1], y.shape) / 8 for y in ys]
    return [_read_only(xp.to_device(np.asarray(v, dtype_name(y.dtype)), xp.device_of(y))) for v, y in zip(values, ys, strict=True)]


def _run(
    op: Callable[..., Any], call: Call, inputs: Sequence[Any], device: str, names: Sequence[str], chosen: Sequence[int],
    skipped: Sequence[int], order: int,
) -> _Result:  # fmt: skip
    """Call the op on one device, with all that can be said of the results there; the values are left to compare."""
    where = f"{_name(op)} on {device}"
    xs = [_placed(x, device) for x in inputs]
    options = {name: _placed(value, device) for name, value in call.options.items()}
    before = [_host(x).copy() for x in xs]

    plain = _several(op(*xs, **options))
    variables = [Variable(x) if i in (*chosen, *skipped) else x for i, x in enumerate(xs)]
    ys = _several(op(*variables, **options))
    result = _Result()
    for i, (a, y) in enumerate(zip(plain, ys, strict=True)):
        _is_array(f"{where}: output {i} of a call with arrays", a, a.shape, a.dtype, xp.device_of(a))
        if chosen:
            if not isinstance(y, Variable):
                raise AssertionError(f"{where}: output {i} of a call with Variables is a {type(y).__name__}; expected a Variable")
            _is_array(f"{where}: output {i} of a call with Variables", y.array, a.shape, a.dtype, xp.device_of(a))
            same = np.array_equal(_host(a), _host(y.array), equal_nan=True)
            if not same:
                raise AssertionError(f"{where}: arrays give {_host(a)}, Variables {_host(y.array)}; expected the same")
        result.outputs.append(_host(a).copy())

    differentiable = [y for y in ys if isinstance(y, Variable) and y.requires_grad]
    gs = _cotangents([y.array for y in differentiable], 0)
    if chosen:
        _first_order(where, op, options, xs, variables, differentiable, gs, names, chosen, result)
    if skipped and differentiable:
        for i, g in zip(skipped, grad(differentiable, [variables[i] for i in skipped], gs), strict=True):
            if g is not None:
                raise AssertionError(f"{where}: the gradient in {names[i]} is {g!r}; its case says that it has none")
    if chosen and order > 1:
        _second_order(where, op, options, xs, names, chosen, result)

    for name, x, copy in zip(names, xs, before, strict=True):
        if not np.array_equal(_host(x), copy, equal_nan=True):
            raise AssertionError(f"{where}: it changed its input {name} from {copy} to {_host(x)}")
    for i, (y, copy) in enumerate(zip(ys, result.outputs, strict=True)):
        if not np.array_equal(_host(y), copy, equal_nan=True):
            raise AssertionError(f"{where}: its gradient changed output {i} from {copy} to {_host(y)}")
    return result


def _first_order(
    where: str, op: Callable[..., Any], options: Mapping[str, Any], xs: Sequence[Any], variables: Sequence[Any],
    ys: Sequence[Variable], gs: Sequence[Array], names: Sequence[str], chosen: Sequence[int], result: _Result,
) -> None:  # fmt: skip
    leaves = [variables[i] for i in chosen]
    backward(ys, gs)
    for i, v in zip(chosen, leaves, strict=True):
        what = f"{where}: the gradient in {names[i]}"
        _is_array(what, v.grad, xs[i].shape, xs[i].dtype, xp.device_of(xs[i]))
        others = [*gs, *(y.array for y in ys), *(x for x in xs if hasattr(x, "dtype")), *(u.grad for u in leaves if u is not v)]
        shared = any(o is not None and not isinstance(o, np.generic) and xp.shares_memory(v.grad, o) for o in others)
        if shared and isinstance(v.grad, np.ndarray) and v.grad.size:
            raise AssertionError(f"{what} shares memory with another array; expected its own")
        result.first[i] = _host(v.grad).copy()

    # What the rules themselves return is not fitted to a leaf when it stops at a result in between.
    between = [Variable(x) * 1 if i in chosen else x for i, x in enumerate(xs)]
    dtypes = {xs[i].dtype for i in chosen}
    outputs = [y for y in _several(op(*between, **options)) if y.requires_grad]
    for i, g in zip(chosen, grad(outputs, [between[i] for i in chosen], gs), strict=True):
        what = f"{where}: the rule for {names[i]} returned a gradient that"
        if tuple(g.shape) != tuple(xs[i].shape):
            raise AssertionError(f"{what} has shape {tuple(g.shape)}; expected {tuple(xs[i].shape)}, the input's")
        fits = len(dtypes) > 1 or g.dtype == xs[i].dtype
        if not fits:
            raise AssertionError(f"{what} has dtype {dtype_name(g.dtype)}; expected {dtype_name(xs[i].dtype)}, the input's")

    # Each input alone: the others are Variables that need no gradient.
    if len(chosen) > 1:
        for i in chosen:
            alone = [Variable(x, requires_grad=i == j) if j in chosen else x for j, x in enumerate(xs)]
            pairs = [(y, g) for y, g in zip(_several(op(*alone, **options)), gs, strict=True) if y.requires_grad]
            backward([y for y, _ in pairs], [g for _, g in pairs])
            for j in chosen:
                if i != j:
                    if alone[j].grad is not None:
                        raise AssertionError(f"{where}: {names[j]} needs no gradient and got {alone[j].grad}")
            same = alone[i].grad is not None and np.array_equal(_host(alone[i].grad), result.first[i], equal_nan=True)
            if not same:
                raise AssertionError(f"{where}: the gradient in {names[i]} is {alone[i].grad} where it alone is needed; expected {result.first[i]}, as with all")


def _second_order(
    where: str, op: Callable[..., Any], options: Mapping[str, Any], xs: Sequence[Any], names: Sequence[str], chosen: Sequence[int], result: _Result
) -> None:
    variables = [Variable(x) if i in chosen else x for i, x in enumerate(xs)]
    leaves = [variables[i] for i in chosen]
    ys = [y for y in _several(op(*variables, **options)) if y.requires_grad]
    seeds = [Variable(g) for g in _cotangents([y.array for y in ys], 0)]
    first = [g for g in grad(ys, leaves, seeds, create_graph=True) if g is not None]
    for i, g in zip(chosen, first, strict=False):
        _is_array(f"{where}: the gradient in {names[i]} under create_graph", g.array, xs[i].shape, xs[i].dtype, xp.device_of(xs[i]))
    recorded = [g for g in first if g.requires_grad]
    if not recorded:
        return
    gs = grad(recorded, [*leaves, *seeds], _cotangents([g.array for g in recorded], 1))
    for i, (v, g) in enumerate(zip([*leaves, *seeds], gs, strict=True)):
        if g is not None:
            key = chosen[i] if i < len(chosen) else len(chosen) - 1 - i
            _is_array(f"{where}: a gradient of second order", g, v.shape, v.dtype, v.device)
            result.second[key] = _host(g).copy()


def _several(ys: Any) -> list[Any]:
    return list(ys) if isinstance(ys, list | tuple) else [ys]


def _host(x: Any) -> Any:
    x = x.array if isinstance(x, Variable) else x
    return np.asarray(xp.to_device(x, "numpy"))


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


def _pairs(result: _Result, reference: _Result, names: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    for i, (got, expected) in enumerate(zip(result.outputs, reference.outputs, strict=True)):
        yield f"output {i}", got, expected
    for i, expected in reference.first.items():
        yield f"the gradient in {names[i]}", result.first.get(i), expected
    for i, expected in reference.second.items():
        name = names[i] if i >= 0 else f"the gradient of output {-1 - i}"
        yield f"the gradient of second order in {name}", result.second.get(i), expected


def _close(what: str, got: Any, expected: Any, tolerance: float) -> None:
    if got is None:
        raise AssertionError(f"{what} did not come; in float64 on numpy it does")
    if got.shape != expected.shape:
        raise AssertionError(f"{what} has shape {got.shape}; expected {expected.shape}")
    if not got.size or got.dtype.kind != "f":
        if not np.array_equal(got, expected):
            raise AssertionError(f"{what} is {got}; expected {expected}")
        return
    scale = tolerance * (1 + float(np.max(np.abs(expected))))
    difference = np.abs(got.astype(np.float64) - expected)
    at = np.unravel_index(int(np.argmax(difference)), difference.shape)
    if not np.all(difference <= scale):
        place = list(map(int, at))
        raise AssertionError(f"{what} differs from float64 on numpy at {place}: got {got[at]}, expected {expected[at]}, tolerance {scale:.2e}")
