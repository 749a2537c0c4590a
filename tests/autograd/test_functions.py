"""What the gradient suite leaves out: values at kinks and edges, and what functions refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable
from catena.autograd import functions as F

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.abs, [0.0, -0.0, 2.0, -INF], [0, 0, 1, -1]),
        (lambda x: F.maximum(x, 1.0), [0.0, 1.0, 2.0], [0, 0.5, 1]),
        (lambda x: F.minimum(x, 1.0), [0.0, 1.0, 2.0], [1, 0.5, 0]),
        (lambda x: F.maximum(x, x), [1.0, 2.0], [1, 1]),
        (F.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
        (F.min, [1.0, 1.0, 1.0, 1.0], [0.25] * 4),
        (lambda x: F.max(x, axis=0), [[1.0, 2.0], [1.0, 0.0]], [[0.5, 1], [0.5, 0]]),
        (lambda x: F.clip(x, min=0.0, max=1.0), [-1.0, 0.0, 0.5, 1.0, 2.0], [0, 1, 1, 1, 0]),
        (lambda x: F.clip(x, min=0.0), [-1.0, 5.0], [0, 1]),
        (lambda x: F.clip(x), [-1.0, 5.0], [1, 1]),
        (lambda x: x**0, [0.0, 2.0], [0, 0]),
        (lambda x: x**1, [0.0, 2.0], [1, 1]),
        (lambda x: x**2, [0.0, -2.0], [0, -4]),
        (lambda x: x ** np.array([0.0, 1.0, 2.0, 3.0]), [0.0, 0.0, 0.0, -2.0], [0, 1, 0, 12]),
        (lambda x: F.where(x > 0, x, 0.0), [-1.0, 0.0, 1.0], [0, 0, 1]),
        (F.logsumexp, [1000.0, 1000.0], [0.5, 0.5]),
        (F.logsumexp, [-INF, 0.0], [0, 1]),
        (lambda x: F.logaddexp(x, 0.0 * x - 2000.0), [0.0], [1]),
        (F.tanh, [100.0, -100.0], [0, 0]),
        (F.sign, [-2.0, 0.0, 3.0], [0, 0, 0]),
        (F.floor, [-1.5, 0.0, 2.0], [0, 0, 0]),
        (lambda x: F.floor_divide(x, 2.0), [-1.5, 4.0], [0, 0]),
        (lambda x: F.floor_divide(5.0, x), [-1.5, 4.0], [0, 0]),
        (lambda x: F.remainder(x, 2.0), [-1.5, 4.0], [1, 1]),
        (lambda x: F.remainder(-5.0, x), [1.5, 4.0], [4, 2]),
        (lambda x: F.hypot(x, 0.0 * x), [0.0, -2.0], [0, -1]),
        (lambda x: F.atan2(0.0, x), [-1.0, 2.0], [0, 0]),
        (lambda x: F.copysign(x, -1.0), [-2.0, 0.0, 3.0], [1, -1, -1]),
        (lambda x: F.clip(x, min=np.array([0.0, 3.0]), max=2.0), [1.0, 1.0], [1, 0]),
        (F.prod, [2.0, 0.0, 3.0], [0, 6, 0]),
        (F.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
        (F.prod, [[]], [[]]),
        (F.cumulative_prod, [2.0, 0.0, 3.0, 0.0], [1, 8, 0, 0]),
        (F.std, [2.0, 2.0], [0, 0]),
        (lambda x: F.std(x, correction=1), [5.0, 5.0, 5.0], [0, 0, 0]),
        (lambda x: F.sort(x) * np.array([1.0, 10.0, 100.0]), [3.0, 1.0, 3.0], [10, 1, 100]),
        (lambda x: F.sort(x, descending=True) * np.array([1.0, 10.0, 100.0]), [3.0, 1.0, 3.0], [1, 100, 10]),
        (lambda x: F.take_along_axis(x, np.array([1, 1, -1])), [1.0, 2.0], [0, 3]),
        (lambda x: F.cumulative_sum(x, include_initial=True), [1.0, 2.0], [2, 1]),
        (lambda x: F.diff(x, prepend=x[:1], append=np.array([0.0])), [1.0, 2.0], [-1, 0]),
        (lambda x: F.repeat(x, np.array([2, 0, 1])), [1.0, 2.0, 3.0], [2, 0, 1]),
        (F.expm1, [0.0, -INF], [1, 0]),
        (lambda x: F.sum(x, axis=()), [[1.0, 2.0]], [[1, 1]]),
        (lambda x: F.astype(x, dtype=np.float32), [1.0, 2.0], [1, 1]),
        (lambda x: F.mean(x[:0].sum() + x), [1.0, 2.0], [0.5, 0.5]),
    ],
)
def test_gradients_at_kinks_and_edges(f: Callable[[Any], Any], x: Any, expected: Any) -> None:
    v = Variable(np.array(x))
    g = ag.grad(F.sum(f(v)), v)
    assert g.dtype == np.float64
    np.testing.assert_array_equal(g, expected)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: F.maximum(np.array([1.0, NAN]), np.array([NAN, 1.0])), [NAN, NAN]),
        (lambda: F.max(np.array([1.0, NAN])), NAN),
        (lambda: F.logsumexp(np.array([-INF, -INF])), -INF),
        (lambda: F.logsumexp(np.array([INF, 0.0])), INF),
        (lambda: F.logsumexp(np.ones((2, 3)), axis=1, keepdims=True), [[1 + np.log(3)]] * 2),
        (lambda: F.logsumexp(np.ones((2, 3)), axis=(0, 1)), 1 + np.log(6)),
        (lambda: F.sum(np.zeros((0, 2)), axis=0), [0, 0]),
        (lambda: F.take(np.array([1.0, 2.0]), np.array([1, -1, 0])), [2, 2, 1]),
        (lambda: F.cumulative_sum(np.array([1.0, 2.0, 3.0])), [1, 3, 6]),
        (lambda: F.scatter_add(np.zeros(3), (np.array([1, 1]),), np.array([1.0, 2.0])), [0, 3, 0]),
        (lambda: F.einsum("ij,jk", np.ones((2, 3)), np.ones((3, 2))), [[3, 3], [3, 3]]),
        (lambda: F.einsum("i j -> j i", np.ones((1, 2))), [[1], [1]]),
        (lambda: F.sign(np.array([-2.0, 0.0, 3.0])), [-1, 0, 1]),
    ],
)
def test_values_at_edges(f: Callable[[], Any], expected: Any) -> None:
    with np.errstate(divide="ignore"):
        got = f()
    assert type(got) is np.ndarray
    np.testing.assert_allclose(got, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: F.take(x, np.array([0])), r"take: x has shape \(2, 3\); name the axis along which to take"),
        (
            lambda x: F.sum_to(x, (2,)),
            r"sum_to: an array of shape \(2,\) does not broadcast to \(2, 3\); expected a shape that does",
        ),
        (
            lambda x: F.split_axis(x, 2, axis=1),
            r"split_axis: axis 1 has length 3, which is no multiple of 2 sections \(x: \(2, 3\)\); give indices instead",
        ),
        (lambda x: F.split_axis(x, 0), r"split_axis: axis 0 has length 2, which is no multiple of 0 sections"),
        (
            lambda x: F.einsum("ii->i", x),
            r"einsum: 'ii->i' does not fit operands with 2 axes; expected one term an operand",
        ),
        (lambda x: F.einsum("i->i", x), r"einsum: 'i->i' does not fit operands with 2 axes"),
        (lambda x: F.einsum("...i->i", x), r"does not fit operands with 2 axes"),
        (lambda x: F.einsum("ij,jk->ik", x), r"does not fit operands with 2 axes"),
        (lambda x: F.einsum("ij->ik", x), r"does not fit operands with 2 axes"),
    ],
)
@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_wrong_arguments_are_refused(call: Callable[[Any], Any], text: str, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=text):
        call(wrap(np.ones((2, 3))))


def test_the_namespace_is_whole() -> None:
    for namespace in (F, F.linalg, F.fft):
        assert len(set(namespace.__all__)) == len(namespace.__all__)
        assert {name for name in namespace.__all__ if not callable(getattr(namespace, name))} <= {
            "fft",
            "linalg",
            "special",
        }
        assert set(namespace.__all__) >= {name for name, value in vars(namespace).items() if isinstance(value, ag.Op)}


@pytest.mark.parametrize("extension", ["", "linalg", "fft"])
def test_it_has_all_names_of_the_standard(extension: str) -> None:
    theirs = getattr(array_api_strict, extension) if extension else array_api_strict
    ours = getattr(F, extension) if extension else F
    beyond = {
        "ArrayAPIStrictFlags",
        "Device",
        "get_array_api_strict_flags",
        "reset_array_api_strict_flags",
        "set_array_api_strict_flags",
    }
    assert [
        name for name in theirs.__all__ if not name.startswith("_") and name not in beyond and not hasattr(ours, name)
    ] == []
