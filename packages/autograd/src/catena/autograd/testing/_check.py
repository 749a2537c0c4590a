"""The properties, checked of one call and of many."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from catena.autograd._config import config, using_config
from catena.autograd.gradient_check import Input, Trial, is_inexact
from catena.autograd.testing._call import Call, importable, imports
from catena.autograd.testing._case import Bound, Case, function_name
from catena.autograd.testing._run import Home, Host, Run, number_of
from xparray.random import get_generator

# A moved input lives elsewhere than the function computes. array-api-strict's own host device would hide a move: its arrays
# turn into NumPy's when asked.
STRICT = "strict:device1"
MIXED = Home("numpy and numba", ("numpy", "numba"))
MOVED = Home(f"{STRICT} after a move", ("numpy", STRICT), STRICT)


def check_op(
    op: Callable[..., Any],
    case: Case,
    *,
    examples: int | None = None,
    backends: Sequence[str] | None = None,
    order: int | None = None,
) -> None:
    """Check an op on calls that Hypothesis draws from its case; a failing call is reduced to the simplest one.

    Args:
        op: an op, any function of Variables made of ops, or with a case of its kind a link's class.
        case: how to draw calls of it.
        examples: how many to draw; as many as Hypothesis's active profile says unless given.
        backends: what to try it on; those of the case unless given.
        order: up to which derivatives are checked; that of the case unless given, and where that is 1.

    Raises:
        AssertionError: says what is wrong with which input, what came and what was expected, and gives lines that show it again.

    Example:
        >>> from catena.autograd import functions as F
        >>> from catena.autograd.testing import arrays, calls
        >>> check_op(F.tanh, Case(calls(arrays())), examples=5)
    """
    if backends is not None:
        case = dataclasses.replace(case, backends=tuple(backends))
    if order is not None and case.order > 1:
        case = dataclasses.replace(case, order=order)

    def check(call: Call) -> None:
        check_call(op, call, case)

    try_calls(check, case.calls, examples or settings().max_examples)


def try_calls(
    check: Callable[[Call], None], calls: SearchStrategy[Call], examples: int, *, derandomize: bool | None = None
) -> None:
    """Give so many calls to `check`; each time the same ones with `derandomize`, which is the active profile's unless given."""
    chosen = settings(
        derandomize=settings().derandomize if derandomize is None else derandomize,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    # After ten, Hypothesis goes on by repeating parts of what it drew, which gives few new shapes: begin anew then.
    for first in range(0, examples, 10):
        run = given(call=calls)(check)
        run = settings(chosen, max_examples=min(10, examples - first))(run)
        (seed(first)(run) if chosen.derandomize else run)()


def check_call(op: Callable[..., Any], call: Call, case: Case | None = None) -> None:
    """Check an op on one call, with the settings of `case`; raises AssertionError as `check_op` does."""
    case = case or Case()
    try:
        with settings_of(case):
            _check(op, call, case)
    except Exception as e:
        e.add_note(reproduction(op, call, case))
        raise


def reproduction(op: Callable[..., Any], call: Call, case: Case) -> str:
    """The lines of Python that check this call again."""
    name = function_name(op)
    module = importable(op)
    kind = type(case)
    lines = {
        "import numpy as np",
        "from catena.autograd.testing import Call, Case, check_call, laid_out",
        f"from {importable(kind)} import {kind.__name__}" if kind is not Case else "",
        f"from {module} import {name}" if module else f"# {name} is defined where it cannot be imported from",
        *imports(call),
    }
    # NumPy and comments first.
    return "\n".join(
        [*sorted(lines - {""}, key=lambda x: (x[0] == "f", x)), "", f"check_call({name}, {call!r}, {case!r})"]
    )


@contextmanager
def settings_of(case: Case) -> Iterator[None]:
    """Within the block `config.train` is what the case says; after it the process's stream of random numbers goes on as before."""
    generator = get_generator()
    state = generator.state
    try:
        if config.train == case.train:
            yield
        else:
            with using_config("train", case.train):
                yield
    finally:
        generator.state = state


def _check(op: Callable[..., Any], call: Call, case: Case) -> None:
    name, bound = function_name(op), case.bind(op, call)
    unknown = sorted(case.no_gradient.keys() - set(bound.names))
    if unknown:
        raise ValueError(
            f"{name}: its case names {unknown[0]!r} in no_gradient; the inputs are {', '.join(bound.names)}"
        )
    double = bound._replace(leaves=[_double(x) for x in bound.leaves])
    _check_derivatives(name, double, case)

    dtypes = [x.dtype for x in bound.leaves if is_inexact(x)]
    digits = max([float(np.finfo(d).eps) for d in dtypes], default=float(np.finfo(np.float64).eps))
    reference = bound if case.random else double
    expected = Run(name, reference, case, Home("numpy", ("numpy",))).values(briefly=True)
    for home in _homes(bound, case.backends):
        run = Run(name, bound, case, home)
        got = run.values()
        if got.keys() != expected.keys():
            raise AssertionError(f"{run.name} gives {', '.join(got)}; in float64 on numpy {', '.join(expected)}")
        for what, value in got.items():
            _close(f"{run.name}: {what}", value, expected[what], 64 * digits * case.tolerance)


def _check_derivatives(name: str, bound: Bound, case: Case) -> None:
    """The derivatives agree with differences, in float64 or complex128 on the host."""
    inputs = [
        Input.of(n, x) if is_inexact(x) and n not in case.no_gradient else Input.constant(n, x)
        for n, x in zip(bound.names, bound.leaves, strict=True)
    ]
    if not any(x.differentiable for x in inputs):
        return
    trial = Trial(name, lambda *xs: bound.f(xs, bound.options), inputs, (), 1e-3)
    trial.check_orders(case.order, 1e-7, 1e-5)
    if case.order > 1:
        trial.check_forward(1e-7, 1e-5)


def _homes(bound: Bound, backends: Sequence[str]) -> Iterator[Home]:
    """Where to try the function: on each host backend, and in one of the other places, which the call's values choose."""
    arrays = [x for x in bound.leaves if is_inexact(x)]
    others = []
    if "strict" in backends and find_spec("array_api_strict") and all(str(x.dtype) != "float16" for x in arrays):
        others += [Home(STRICT, (STRICT,))] + [MOVED] * ("numpy" in backends and bool(arrays))
    if len(arrays) > 1 and {"numpy", "numba"} <= set(backends):
        others.append(MIXED)
    yield from (Home(backend, (backend,)) for backend in backends if backend != "strict")
    if others:
        yield others[number_of(arrays) % len(others)]


def _double(x: Any) -> Any:
    """A value in the highest precision, in C order."""
    if not is_inexact(x):
        return x
    return np.array(x, np.complex128 if np.asarray(x).dtype.kind == "c" else np.float64, order="C")


def _close(what: str, got: Host, expected: Host, tolerance: float) -> None:
    """Equal, or floating and as near as `tolerance` allows relative to the largest element."""
    if got.shape != expected.shape:
        raise AssertionError(f"{what} has shape {got.shape}; expected {expected.shape}")
    if np.array_equal(got, expected):
        return
    if got.dtype.kind not in "fc":
        raise AssertionError(f"{what} is {got}; expected {expected}")
    allowed = tolerance * (1 + float(np.max(np.abs(expected))))
    with np.errstate(invalid="ignore"):
        difference = np.where(got == expected, 0.0, np.abs(got.astype(expected.dtype) - expected))
    if not np.all(difference <= allowed):
        at = np.unravel_index(int(np.argmax(difference)), difference.shape)
        place = f" at {list(map(int, at))}" if at else ""
        raise AssertionError(
            f"{what} differs from float64 on numpy{place}: got {got[at]}, expected {expected[at]}, tolerance {allowed:.2e}"
        )
