"""A Variable as an array of the array API standard: its namespace, its attributes and methods, and code written for any array."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F
from catena.autograd.gradient_check import check_derivatives

A = np.array([[0.5, -1.0], [2.0, 0.25]])
N = np.array([[3, 1], [0, 6]])

# What of xparray is not the standard's.
OWN = {
    "Array", "Backend", "CannotTranslate", "Device", "Elementwise", "Fused", "Kernel", "MemoryInfo", "Reduction", "array_namespace",
    "device", "device_of", "einsum", "elementwise", "explicit_subscripts", "fuse", "get_backend", "jit", "jit_enabled", "kernel", "loop",
    "memory_info", "memory_pool", "num_threads", "random", "reduction", "register_array_type", "set_num_threads", "shares_memory",
    "special", "to_device",
}  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "names"),
    [(F, set(xp.__all__) - OWN), (F.linalg, set(xp.linalg.__all__)), (F.fft, set(xp.fft.__all__))],
    ids=["main", "linalg", "fft"],
)
def test_the_namespace_has_every_name_of_the_standard(ours: ModuleType, names: set[str]) -> None:
    assert len(names) > 10
    assert {name for name in names if not hasattr(ours, name)} == set()


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError, match=r"module 'catena.autograd.functions' has no attribute 'tanhh'"):
        _ = F.tanhh  # type: ignore[attr-defined]


# --------------------------------------------------------------------------------------------------- attributes, methods, operators


def test_attributes() -> None:
    v = Variable(A[:, :1])
    assert (v.dtype, str(v.device), v.ndim, v.shape, v.size) == (np.float64, "numpy", 2, (2, 1), 2)
    assert (v.T.shape, v.mT.shape) == ((1, 2), (1, 2))
    assert v.__dlpack_device__() == v.array.__dlpack_device__()
    assert str(v.to_device("numba", stream=None).device) == "numba"
    with pytest.raises(ValueError, match=r"Variable.to_device: stream is 1; expected None: the backend's own is taken"):
        v.to_device("numba", stream=1)  # type: ignore[arg-type]


DIFFERENTIABLE = ["add", "sub", "mul", "truediv", "pow", "matmul", "mod", "floordiv"]
ON_BITS = ["and_", "or_", "xor", "lshift", "rshift"]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]


@pytest.mark.parametrize("name", DIFFERENTIABLE + COMPARISONS)
def test_operators(name: str) -> None:
    f, b = getattr(operator, name), np.array([[1.5, 2.0], [2.0, 0.5]])
    for left, right in [(Variable(np.abs(A)), b), (b, Variable(np.abs(A))), (Variable(np.abs(A)), Variable(b))]:
        got, expected = f(left, right), f(ag.as_array(left), ag.as_array(right))
        assert type(got) is (Variable if name in DIFFERENTIABLE else np.ndarray)
        np.testing.assert_array_equal(ag.as_array(got), expected)
        assert got.dtype == expected.dtype


@pytest.mark.parametrize("name", ON_BITS)
@pytest.mark.parametrize(
    "other", [2, np.array([1, 2]), Variable(np.array([1, 2]))], ids=["number", "array", "Variable"]
)
def test_operators_on_bits_are_arrays(name: str, other: Any) -> None:
    f = getattr(operator, name)
    for left, right in [(Variable(N), other), (other, Variable(N))]:
        got = f(left, right)
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, f(ag.as_array(left), ag.as_array(right)))


def test_unary_operators() -> None:
    v = Variable(A)
    for f in (operator.neg, operator.pos, abs):
        np.testing.assert_array_equal(f(v).array, f(A))
    np.testing.assert_array_equal(~Variable(N), ~N)
    np.testing.assert_array_equal(~Variable(np.array([True, False])), [False, True])


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ipow", "imatmul", "imod", "ifloordiv"])
def test_operators_in_place_make_a_new_variable(name: str) -> None:
    before = v = Variable(np.abs(A))
    f = getattr(operator, name)
    w = f(v, np.ones((2, 2)))
    assert w is not before
    assert w.requires_grad
    np.testing.assert_array_equal(before.array, np.abs(A))
    np.testing.assert_array_equal(w.array, f(np.abs(A), np.ones((2, 2))))


# ------------------------------------------------------------------------------------------- functions without a gradient, new arrays


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda ns, x: ns.argsort(x, axis=0), A),
        (lambda ns, x: ns.count_nonzero(x, axis=1), A),
        (lambda ns, x: ns.isinf(x), A),
        (lambda ns, x: ns.signbit(x), A),
        (lambda ns, x: ns.nextafter(x, x + 1), A),
        (lambda ns, x: ns.nonzero(x)[1], A),
        (lambda ns, x: ns.searchsorted(ns.sort(x[1, ...]), x[0, ...]), A),
        (lambda ns, x: ns.unique_values(x), A),
        (lambda ns, x: ns.unique_counts(x).counts, A),
        (lambda ns, x: ns.isin(x, x[0, ...]), A),
        (lambda ns, x: ns.logical_and(x > 0, x < 1), A),
        (lambda ns, x: ns.logical_not(x > 0), A),
        (lambda ns, x: ns.bitwise_and(x, 2), N),
        (lambda ns, x: ns.bitwise_invert(x), N),
        (lambda ns, x: ns.bitwise_left_shift(x, x), N),
    ],
)
def test_functions_of_values_give_arrays(f: Callable[[Any, Any], Any], x: Any) -> None:
    got = f(F, Variable(x))
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, f(xp, x))


def test_dtypes_and_constants() -> None:
    v = Variable(A.astype("float32"))
    assert (F.pi, F.e, F.inf, F.newaxis, F.float32) == (math.pi, math.e, math.inf, None, xp.float32)
    assert math.isnan(F.nan)
    assert F.isdtype(v.dtype, "real floating")
    assert F.result_type(v, F.float64) == F.float64
    assert F.result_type(v, 1.0) == F.float32
    assert F.can_cast(v, F.float64)
    assert F.finfo(v.dtype).bits == 32
    assert F.iinfo(F.int16).max == 32767
    assert F.broadcast_shapes((2, 1), (3,)) == (2, 3)
    assert F.__array_namespace_info__().capabilities() == xp.__array_namespace_info__().capabilities()


@pytest.mark.parametrize(
    "make",
    [
        lambda ns: ns.zeros((2, 3), dtype=ns.float32),
        lambda ns: ns.ones(2),
        lambda ns: ns.full((2,), 7),
        lambda ns: ns.arange(1, 5),
        lambda ns: ns.linspace(0, 1, 5),
        lambda ns: ns.eye(2),
        lambda ns: ns.asarray([[1.0, 2.0]], dtype=ns.float32),
        lambda ns: ns.from_dlpack(np.ones(2)),
    ],
)
def test_new_arrays_are_variables_without_a_gradient(make: Callable[[Any], Any]) -> None:
    got, expected = make(F), make(xp)
    assert type(got) is Variable
    assert not got.requires_grad
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like"])
def test_new_arrays_like_a_variable(name: str) -> None:
    got = getattr(F, name)(Variable(A.astype("float32")), dtype=F.float64)
    assert (type(got), got.requires_grad, got.shape, got.dtype) == (Variable, False, (2, 2), np.float64)
    assert F.full_like(Variable(A), 7.0).array.tolist() == [[7, 7], [7, 7]]


# ------------------------------------------------------------------------------------------------------------------ item assignment


@pytest.mark.parametrize(
    ("key", "value", "slopes"),
    [
        (0, 5.0, [[0, 0], [1, 1]]),
        ((1, slice(None, 1)), 5.0, [[1, 1], [0, 1]]),
        (A > 0.3, 0.0, [[0, 1], [0, 1]]),
        (Variable(np.array([1])), np.array([[3.0, 4.0]]), [[1, 1], [0, 0]]),
        (..., np.zeros((2, 2)), [[0, 0], [0, 0]]),
        ((None, 0), 1.0, [[0, 0], [1, 1]]),
    ],
    ids=str,
)
def test_item_assignment_is_recorded(key: Any, value: Any, slopes: Any) -> None:
    x = Variable(A)
    y = x * 2
    array = y.array
    y[key] = value
    expected = 2 * A
    expected[tuple(map(ag.as_array, key)) if type(key) is tuple else ag.as_array(key)] = value
    np.testing.assert_array_equal(y.array, expected)
    np.testing.assert_array_equal(array, 2 * A)  # what the graph has read stays
    assert ag.grad(F.sum(y), x).tolist() == [[2 * s for s in row] for row in slopes]


def test_gradients_flow_to_what_is_assigned() -> None:
    x, w = Variable(A), Variable(np.array([3.0, 4.0]))
    out = F.zeros_like(x)
    out[0, ...] = w * w
    out[1, ...] = x[0, ...]
    y = F.sum(out * A)
    assert ag.grad(y, w).tolist() == [6 * 0.5, 8 * -1.0]
    assert ag.grad(y, x).tolist() == [[2.0, 0.25], [0.0, 0.0]]


def test_what_was_computed_before_an_assignment_keeps_its_gradient() -> None:
    x = Variable(np.array([1.0, 2.0]))
    y = x * 1
    before = y * y
    y[0] = 10.0
    assert ag.grad(F.sum(before), x).tolist() == [2.0, 4.0]
    assert ag.grad(F.sum(y * y), x).tolist() == [0.0, 4.0]


def test_of_several_values_for_one_element_the_last_one_counts() -> None:
    w = Variable(np.array([1.0, 2.0, 3.0]))
    y = F.zeros(2)
    y[np.array([1, 0, 1])] = w
    assert y.array.tolist() == [2.0, 3.0]
    assert ag.grad(F.sum(y), w).tolist() == [0.0, 1.0, 1.0]


def test_item_assignment_to_a_leaf_is_refused() -> None:
    x = Variable(A.copy())
    with pytest.raises(
        TypeError,
        match=r"item assignment would make a leaf the result of an op, and its gradient would not come to it; "
        r"build the result with F.where or F.concat, assign to a copy \(w = v \* 1\)",
    ):
        x[0] = 1.0
    np.testing.assert_array_equal(x.array, A)


def test_item_assignment_without_recording() -> None:
    given = np.zeros(2)
    v = Variable(given, requires_grad=False)
    with ag.no_backprop_mode():
        v[0] = Variable(1.0)
    assert (v.array.tolist(), v.requires_grad, given.tolist()) == ([1.0, 0.0], False, [0.0, 0.0])


def test_asarray_keeps_a_variable_in_its_graph() -> None:
    v = Variable(A)
    assert F.asarray(v) is v
    assert F.asarray(v, dtype=F.float64, copy=False) is v
    for w in (F.asarray(v, dtype=F.float32), F.asarray(v, device="numba"), F.asarray(v, copy=True)):
        assert not np.shares_memory(w.array, v.array) or w.device != v.device
        g = ag.grad(F.sum(w * 2), v)
        assert (g.tolist(), g.dtype, str(xp.device_of(g))) == ([[2, 2], [2, 2]], np.float64, "numpy")
    with pytest.raises(
        ValueError,
        match=r"asarray: copy is False, and a Variable of float64 becomes one of .*float32.* by a copy alone",
    ):
        F.asarray(v, dtype=F.float32, copy=False)
    with pytest.raises(TypeError, match="would cut it from its graph"):
        F.asarray([v, v])


# ---------------------------------------------------------------------------------------------------------- code for any array


def normalized(x: Any) -> Any:
    """The rows of x, each with the norm 1."""
    ns = x.__array_namespace__()
    if not ns.isdtype(x.dtype, "real floating"):
        x = ns.astype(x, ns.float64)
    norm = ns.linalg.vector_norm(x, axis=-1, keepdims=True)
    return x / ns.where(norm > ns.finfo(x.dtype).eps, norm, ns.ones_like(norm))


def correlation(x: Any) -> Any:
    """Of the columns of x."""
    ns = x.__array_namespace__()
    x = ns.asarray(x) - ns.mean(x, axis=0)
    covariance = ns.matmul(ns.matrix_transpose(x), x) / (x.shape[0] - 1)
    deviation = ns.sqrt(ns.linalg.diagonal(covariance))
    return covariance / (deviation[:, ns.newaxis] * deviation[ns.newaxis, :])


def smoothed(x: Any) -> Any:
    """x, convolved with a window of three along its last axis, by the Fourier transform."""
    ns = x.__array_namespace__()
    n = x.shape[-1]
    like: dict[str, Any] = {"dtype": x.dtype, "device": x.device}
    window = ns.concat([ns.ones(2, **like), ns.zeros(n - 3, **like), ns.ones(1, **like)])
    return ns.fft.irfft(ns.fft.rfft(x) * ns.fft.rfft(window), n=n) / 3


def ranked(x: Any) -> Any:
    """The products of x, sorted, with where they stood."""
    ns = x.__array_namespace__()
    order = ns.argsort(x, axis=-1)
    return ns.take_along_axis(x, order, axis=-1) * ns.arange(x.shape[-1], dtype=x.dtype, device=x.device)


@pytest.mark.parametrize("f", [normalized, correlation, smoothed, ranked])
@pytest.mark.parametrize("backend", ["numpy", "numba", "strict"])
def test_code_for_any_array_differentiates(f: Callable[[Any], Any], backend: str) -> None:
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [0.1, 2.5, 1.0], [-2.0, 0.3, 0.7]])
    y = f(Variable(xp.to_device(x, backend)))
    assert str(y.device) == backend
    np.testing.assert_allclose(
        np.asarray(xp.to_device(y.array, "numpy")), np.asarray(f(xp.asarray(x, device="strict"))), rtol=1e-12
    )
    check_derivatives(f, Variable(xp.to_device(x, backend)).array)
