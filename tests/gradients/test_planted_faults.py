"""Ops that are wrong on purpose: the suite finds each one, and says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xparray as xp
from catena.autograd import Op, as_array, config, elementwise_op, op
from catena.autograd import functions as F
from catena.autograd.testing import Case, arrays, broadcasting, calls, check_op, complexes, reals, sampled_from, shapes

ONE = Case(broadcasting(reals()))
TWO = Case(broadcasting(reals(), reals()))
HOST = ("numpy", "numba")
ON_HOST = Case(ONE.calls, backends=HOST)
VECTORS = Case(calls(arrays(shape=shapes(min_dims=1, max_dims=1, min_side=2))))
INDICES = arrays(sampled_from([0, 1, 2]), 4, dtype="int64")
COMPLEX = Case(calls(arrays(dtype=complexes())), order=1)


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
def wrong_where_the_last_is_alone(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    return a + b + c + d + e + f


@wrong_where_the_last_is_alone.vjp
def _(g: Any, *, needs: tuple[bool, ...]) -> list[Any]:
    return [2 * g if needs == (False,) * 5 + (True,) else g] * 6


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


@elementwise_op
def not_conjugated(x: Any) -> Any:
    return x * x


not_conjugated.vjps(x=lambda g, x: g * 2 * x)


@elementwise_op
def loses_the_imaginary_part(x: Any) -> Any:
    return xp.exp(x)


loses_the_imaginary_part.vjps(x=lambda g, out: g * (xp.real(as_array(out)) if "complex" in str(out.dtype) else out))


@elementwise_op
def overflows_in_float16(x: Any) -> Any:
    return x * x * 0.5


# What is multiplied first is above 65504.
overflows_in_float16.vjps(x=lambda g, x: g * (x * 3e4) * (1 / 3e4))


@elementwise_op
def first_derivative(x: Any) -> Any:
    return xp.cos(x)


first_derivative.vjps(x=lambda g, x: -g * xp.sin(as_array(x)))


@elementwise_op
def third_order_cut(x: Any) -> Any:
    return xp.sin(x)


third_order_cut.vjps(x=lambda g, x: g * first_derivative(x))


@elementwise_op
def shares_a_buffer(a: Any, b: Any) -> Any:
    return 2 * a + 2 * b


def _in_the_buffer(g: Any) -> Any:
    array = as_array(g)
    y = BUFFERS.setdefault(("gradient", array.shape, array.dtype), np.empty_like(array))
    y[...] = 2 * array
    return y


shares_a_buffer.vjps(a=_in_the_buffer, b=_in_the_buffer)


@elementwise_op
def wants_no_numbers(a: Any, b: Any) -> Any:
    return a * b


wants_no_numbers.vjps(a=lambda g, b: g * F.reshape(b, b.shape), b=lambda g, a: g * F.reshape(a, a.shape))


@op
def fails_on_nothing(x: Any) -> Any:
    return x / xp.max(as_array(x) * 0 + 1)


fails_on_nothing.vjps(x=lambda g: g)


@elementwise_op
def is_at_home_in_numpy(x: Any) -> Any:
    return xp.sin(x)


is_at_home_in_numpy.vjps(x=lambda g, x: g * np.cos(as_array(x)))


@elementwise_op
def wrong_outside_of_training(x: Any) -> Any:
    return 2 * x if config.train else x


wrong_outside_of_training.vjps(x=lambda g: 2 * g)


@op
def loses_a_repeated_index(x: Any, i: Any) -> Any:
    return x[i]


def _put(g: Any, x: Any, i: Any) -> Any:
    gx = np.zeros_like(as_array(x))
    gx[i] = as_array(g)
    return gx


loses_a_repeated_index.vjps(x=_put)

FAULTS = [
    (wrong_sign, ONE, "wrong_sign: the gradient in x, .* is wrong"),
    (missing_factor, ONE, "missing_factor: the gradient in x, .* is wrong"),
    (missing_broadcast_sum, TWO, "a rule gave a gradient of shape .* unless its op is an @elementwise_op"),
    (missing_rule, TWO, "missing_rule.*: the gradient in b (, .* is wrong|did not come)"),
    (wrong_dtype_of_gradient, ONE, "has dtype float64; expected float32, the input's"),
    (wrong_dtype_of_output, ONE, "output 0 has dtype float64; expected float32"),
    (second_order_cut, ONE, "gradient of second_order_cut: the gradient in x, .* is wrong"),
    (second_order_wrong, ONE, "gradient of second_order_wrong: the gradient in x, .* is wrong"),
    (stale_output, ON_HOST, "stale_output: the gradient in x, .* is wrong"),
    (stale_input, ONE, "stale_input: the gradient in x, .* is wrong"),
    (wrong_at_zero, ONE, r"the largest difference: got .*, expected "),
    (wrong_at_the_end, VECTORS, "wrong_at_the_end: the gradient in x, .* is wrong"),
    (changes_its_input, ON_HOST, "read-only|changed its input x|is wrong"),
    (changes_its_cotangent, ON_HOST, "read-only|is wrong"),
    (changes_its_output, ON_HOST, "its gradient changed output 0|is wrong"),
    (ignores_needs, Case(calls(arrays(), arrays())), "returned 1 cotangents for 2 inputs"),
    (
        wrong_where_the_last_is_alone,
        Case(calls(*[arrays(shape=3)] * 6)),
        r"gradient in f is .* where it alone is needed",
    ),
    (
        relies_on_layout,
        Case(calls(arrays()), backends=HOST),
        "relies_on_layout on numpy: output 0 differs from float64",
    ),
    (leaves_the_device, ONE, "lives on numpy; expected strict:device1"),
    (differs_between_backends, ONE, "differs_between_backends on numba: output 0 differs from float64 on numpy"),
    (loses_digits, ONE, "loses_digits: (the gradient in x, .* is wrong|its derivative in forward mode)"),
    (wrong_in_low_precision, Case(ONE.calls, tolerance=0.1), "output 0 differs from float64 on numpy"),
    (not_conjugated, COMPLEX, "not_conjugated: the gradient in x, .* complex128, is wrong"),
    (loses_the_imaginary_part, COMPLEX, "the gradient in x, .* complex128, is wrong"),
    (overflows_in_float16, ON_HOST, "overflow|overflows_in_float16 on numpy: the gradient in x differs"),
    (third_order_cut, Case(ONE.calls, order=3), "gradient of gradient of third_order_cut: the gradient in x"),
    (shares_a_buffer, Case(TWO.calls, backends=HOST), "shares memory with another array|is wrong"),
    (wants_no_numbers, TWO, "'float' object has no attribute 'shape'"),
    (fails_on_nothing, Case(calls(arrays())), "zero-size array"),
    (is_at_home_in_numpy, Case(ONE.calls, order=1), "Can't convert array on the 'array_api_strict.Device"),
    (wrong_outside_of_training, Case(ONE.calls, train=False), "the gradient in x, .* is wrong"),
    (loses_a_repeated_index, Case(calls(arrays(shape=3), INDICES), backends=HOST), "the gradient in x, .* is wrong"),
]


@pytest.mark.parametrize(("faulty", "case", "text"), FAULTS, ids=[row[0].name for row in FAULTS])
def test_fault_is_caught(faulty: Op, case: Case, text: str) -> None:
    with pytest.raises((AssertionError, ValueError, AttributeError, RuntimeError, RuntimeWarning), match=text):
        check_op(faulty, case)


@pytest.mark.parametrize(
    ("faulty", "case"),
    [
        (third_order_cut, ONE),
        (not_conjugated, ONE),
        (wrong_outside_of_training, ONE),
        (is_at_home_in_numpy, Case(ONE.calls, backends=HOST, order=1)),
        (fails_on_nothing, Case(calls(arrays(shape=shapes(min_side=1))), order=1)),
        (missing_broadcast_sum, Case(calls(arrays(shape=2), arrays(shape=2)))),
    ],
)
def test_fault_is_caught_only_where_it_shows(faulty: Op, case: Case) -> None:
    check_op(faulty, case)
