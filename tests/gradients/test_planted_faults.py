"""Ops that are wrong on purpose: the suite finds each one, and says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xparray as xp
from catena.autograd import Op, as_array, elementwise_op, op
from catena.autograd import functions as F
from catena.autograd.testing import Case, arrays, broadcasting, calls, check_op, reals, shapes

ONE = Case(broadcasting(reals()))
TWO = Case(broadcasting(reals(), reals()))
HOST = ("numpy", "numba")
VECTORS = Case(calls(arrays(shape=shapes(min_dims=1, max_dims=1, min_side=2))))


@elementwise_op
def wrong_sign(x: Any) -> Any:
    return xp.cos(x)


wrong_sign.vjps(x=lambda g, x: g * F.sin(x))


@elementwise_op
def missing_factor(x: Any) -> Any:
    return x * x


missing_factor.vjps(x=lambda g, x: g * x)


@op
def missing_broadcast_sum(a: Any, b: Any) -> Any:
    return a + b


missing_broadcast_sum.vjps(a=lambda g: g, b=lambda g: g)


@elementwise_op
def missing_rule(a: Any, b: Any) -> Any:
    return a * b


missing_rule.vjps(a=lambda g, b: g * b)


@elementwise_op
def wrong_dtype_of_gradient(x: Any) -> Any:
    return 2 * x


wrong_dtype_of_gradient.vjps(x=lambda g: F.astype(2 * g, dtype=np.float64))


@elementwise_op
def wrong_dtype_of_output(x: Any) -> Any:
    return xp.astype(x, np.float64)


wrong_dtype_of_output.vjps(x=lambda g, x_spec: F.astype(g, dtype=x_spec.dtype))


@elementwise_op
def second_order_cut(x: Any) -> Any:
    return xp.sin(x)


second_order_cut.vjps(x=lambda g, x: g * xp.cos(as_array(x)))


@elementwise_op
def second_order_wrong(x: Any) -> Any:
    return x * x * x


# The slope 3 x^2 is right as a number; what it depends on is only one of the two x.
second_order_wrong.vjps(x=lambda g, x: g * (3 * x * as_array(x)))

BUFFERS: dict[Any, Any] = {}


@elementwise_op
def stale_output(x: Any) -> Any:
    y = BUFFERS.setdefault((x.shape, x.dtype, xp.device_of(x)), xp.empty_like(x))
    y[...] = xp.exp(x)
    return y


stale_output.vjps(x=lambda g, out: g * out)


@elementwise_op
def stale_input(x: Any) -> Any:
    BUFFERS["last"] = x
    return x * x


stale_input.vjps(x=lambda g: g * 2 * BUFFERS["last"])


@elementwise_op
def wrong_at_zero(x: Any) -> Any:
    return xp.cosh(x)


wrong_at_zero.vjps(x=lambda g, x: g * F.where(x == 0, 1.0, F.sinh(x)))


@op
def wrong_at_the_end(x: Any) -> Any:
    return x[1:] - x[:-1]


# The last element got nothing.
wrong_at_the_end.vjps(x=lambda g: F.concat([-g[:1], g[:-1] - g[1:], 0 * g[:1]]))


@elementwise_op
def changes_its_input(x: Any) -> Any:
    return x * x


def _changing(g: Any, x: Any) -> Any:
    gx = g * (2 * x)
    as_array(x)[...] = 0.0
    return gx


changes_its_input.vjps(x=_changing)


@elementwise_op
def changes_its_cotangent(x: Any) -> Any:
    return 2 * x


def _doubling(g: Any) -> Any:
    array = as_array(g)
    array *= 2
    return g


changes_its_cotangent.vjps(x=_doubling)


@elementwise_op
def changes_its_output(x: Any) -> Any:
    return xp.exp(x)


def _negating(g: Any, out: Any) -> Any:
    gx = g * out
    array = as_array(out)
    array *= -1
    return gx


changes_its_output.vjps(x=_negating)


@op
def ignores_needs(a: Any, b: Any) -> Any:
    return a * xp.sum(b)


@ignores_needs.vjp
def _(g: Any, a: Any, b: Any, *, needs: tuple[bool, ...]) -> list[Any]:
    ga = g * F.sum(b)
    gb = F.broadcast_to(F.sum(g * a), b.shape)
    return [x for x, needed in zip([ga, gb], needs, strict=True) if needed]


@op
def relies_on_layout(x: Any) -> Any:
    return x.ravel(order="K")


relies_on_layout.vjps(x=lambda g, x_spec: F.reshape(g, x_spec.shape))


@op
def leaves_the_device(x: Any) -> Any:
    return 2 * x


leaves_the_device.vjps(x=lambda g: F.to_device(2 * g, "numpy"))


@elementwise_op
def differs_between_backends(x: Any) -> Any:
    return x * (1.5 if xp.device_of(x).backend == "numba" else 1.0)


differs_between_backends.vjps(x=lambda g: g)


@elementwise_op
def loses_digits(x: Any) -> Any:
    return xp.astype(xp.astype(x, np.float32), x.dtype)


loses_digits.vjps(x=lambda g: g)


@elementwise_op
def wrong_in_low_precision(x: Any) -> Any:
    return (x + 4096.0) - 4096.0


wrong_in_low_precision.vjps(x=lambda g: g)

FAULTS = [
    (wrong_sign, ONE, "wrong_sign: the gradient in x, .* is wrong"),
    (missing_factor, ONE, "missing_factor: the gradient in x, .* is wrong"),
    (missing_broadcast_sum, TWO, "a rule gave a gradient of shape .* unless its op is an @elementwise_op"),
    (missing_rule, TWO, "missing_rule.*: the gradient in b (, .* is wrong|did not come)"),
    (wrong_dtype_of_gradient, ONE, "has dtype float64; expected float32, the input's"),
    (wrong_dtype_of_output, ONE, "output 0 has dtype float64; expected float32"),
    (second_order_cut, ONE, "gradient of second_order_cut: the gradient in x, .* is wrong"),
    (second_order_wrong, ONE, "gradient of second_order_wrong: the gradient in x, .* is wrong"),
    (stale_output, Case(ONE.calls, backends=HOST), "stale_output: the gradient in x, .* is wrong"),
    (stale_input, ONE, "stale_input: the gradient in x, .* is wrong"),
    (wrong_at_zero, ONE, r"the largest difference: got .*, expected "),
    (wrong_at_the_end, VECTORS, "wrong_at_the_end: the gradient in x, .* is wrong"),
    (changes_its_input, Case(ONE.calls, backends=HOST), "read-only|changed its input x|is wrong"),
    (changes_its_cotangent, Case(ONE.calls, backends=HOST), "read-only|is wrong"),
    (changes_its_output, Case(ONE.calls, backends=HOST), "its gradient changed output 0|is wrong"),
    (ignores_needs, Case(calls(arrays(), arrays())), "returned 1 cotangents for 2 inputs"),
    (
        relies_on_layout,
        Case(calls(arrays()), backends=HOST),
        "relies_on_layout on numpy: output 0 differs from float64",
    ),
    (leaves_the_device, ONE, "lives on numpy; expected strict:device1"),
    (differs_between_backends, ONE, "differs_between_backends on numba: output 0 differs from float64 on numpy"),
    (loses_digits, ONE, "loses_digits: the gradient in x, .* is wrong"),
    (wrong_in_low_precision, Case(ONE.calls, tolerance=0.1), "output 0 differs from float64 on numpy"),
]


@pytest.mark.parametrize(("faulty", "case", "text"), FAULTS, ids=[row[0].name for row in FAULTS])
def test_fault_is_caught(faulty: Op, case: Case, text: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=text):
        check_op(faulty, case)
