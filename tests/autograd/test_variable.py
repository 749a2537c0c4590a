"""Variable as an array: construction, operators, methods, NumPy's protocols, and what it refuses."""

from __future__ import annotations

import copy
import operator
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]], np.float32)
B = np.array([2.0, 0.5, 4.0], np.float32)


def gradient(y: Any, x: Variable) -> np.ndarray[Any, Any]:
    """The gradient of the sum of y in x."""
    return np.asarray(ag.grad(y.sum(), x))


# ------------------------------------------------------------------------------------------------------------------ construction


@pytest.mark.parametrize(
    ("data", "shape", "dtype"),
    [
        (A, (2, 3), "float32"),
        ([1.0, 2.0], (2,), "float64"),
        (3.0, (), "float64"),
        (1, (), "int64"),
        (np.float32(3), (), "float32"),
        (np.zeros((0, 2), np.float16), (0, 2), "float16"),
    ],
)
def test_construction(data: Any, shape: tuple[int, ...], dtype: str) -> None:
    v = Variable(data)
    assert (v.shape, str(v.dtype), v.ndim, v.size) == (shape, dtype, len(shape), int(np.prod(shape)))
    assert type(v.array) is np.ndarray
    assert v.requires_grad
    assert v.grad is None


def test_data_is_shared_and_assignable() -> None:
    a = A.copy()
    v = Variable(a)
    assert v.array is a
    assert v.data is a
    v.data[0, 0] = 9.0
    assert a[0, 0] == 9.0
    v.data -= 1.0
    assert a[0, 0] == 8.0
    v.array = np.zeros((4,))
    assert v.shape == (4,)
    v.data = np.ones((2,))
    assert v.array.tolist() == [1.0, 1.0]


def test_variable_of_a_variable_is_refused() -> None:
    with pytest.raises(TypeError, match=r"data is a Variable already; write Variable\(v.array\)"):
        Variable(Variable(A))


def test_result_keeps_its_shape() -> None:
    y = Variable(A) * 2
    with pytest.raises(ValueError, match=r"the result of multiply has shape \(2, 3\), got \(4,\); only a leaf"):
        y.array = np.zeros(4)


def test_as_variable_and_as_array() -> None:
    v = Variable(A)
    assert ag.as_variable(v) is v
    assert not ag.as_variable(A).requires_grad
    assert ag.as_array(v) is v.array
    assert ag.as_array(A) is A


# --------------------------------------------------------------------------------------------------------------------- operators

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv]
OTHERS = [
    2,
    0.5,
    np.float32(2.0),
    np.float64(2.0),
    B,
    np.array(2.0, np.float32),
    np.array([[2.0], [3.0]]),
]


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=lambda o: f"{type(o).__name__}{np.shape(o)}")
def test_operators_on_both_sides(f: Callable[[Any, Any], Any], other: Any) -> None:
    for left, right in [(Variable(A), other), (other, Variable(A))]:
        y = f(left, right)
        expected = f(ag.as_array(left), ag.as_array(right))
        assert type(y) is Variable
        assert y.requires_grad
        assert type(y.array) is np.ndarray
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y.array, expected)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda v: v + B, np.ones((2, 3))),
        (lambda v: B - v, -np.ones((2, 3))),
        (lambda v: B * v, np.broadcast_to(B, (2, 3))),
        (lambda v: v / B, np.broadcast_to(1 / B, (2, 3))),
        (lambda v: B / v, -B / A**2),
        (lambda v: v**2, 2 * A),
        (lambda v: 2**v, np.log(2) * 2**A),
        (lambda v: v**0, np.zeros((2, 3))),
        (lambda v: v @ B, np.broadcast_to(B, (2, 3))),
        (lambda v: np.ones(2, np.float32) @ v, np.ones((2, 3))),
        (lambda v: -v, -np.ones((2, 3))),
        (lambda v: +v, np.ones((2, 3))),
        (abs, np.sign(A)),
        (lambda v: np.float64(3.0) * v, np.full((2, 3), 3.0)),
        (lambda v: v[1:], [[0, 0, 0], [1, 1, 1]]),
        (lambda v: v[0, -1], [[0, 0, 1], [0, 0, 0]]),
        (lambda v: v[..., None], np.ones((2, 3))),
        (lambda v: v[np.array([0, 0])], [[2, 2, 2], [0, 0, 0]]),
        (lambda v: v[A > 1], A > 1),
        (lambda v: v.mean(), np.full((2, 3), 1 / 6)),
        (lambda v: v.max(axis=1), [[0, 0, 1], [0, 1, 0]]),
        (lambda v: v.min(), [[0, 1, 0], [0, 0, 0]]),
        (lambda v: v.T @ np.array([1.0, 2.0]), [[1, 1, 1], [2, 2, 2]]),
        (lambda v: v.mT * np.arange(2.0), [[0, 0, 0], [1, 1, 1]]),
        (lambda v: v.reshape(3, 2) * np.arange(2.0), [[0, 1, 0], [1, 0, 1]]),
        (lambda v: v.reshape((-1,)) * np.arange(6.0), [[0, 1, 2], [3, 4, 5]]),
        (lambda v: v.transpose(1, 0) * np.arange(2.0), [[0, 0, 0], [1, 1, 1]]),
        (lambda v: v.transpose() * np.arange(2.0), [[0, 0, 0], [1, 1, 1]]),
        (lambda v: v.flatten() * np.arange(6.0), [[0, 1, 2], [3, 4, 5]]),
        (lambda v: v[None].squeeze(0) * 2, np.full((2, 3), 2.0)),
        (lambda v: v.astype(np.float64) * 2, np.full((2, 3), 2.0)),
        (lambda v: v % 2, np.ones((2, 3))),
        (lambda v: 5 % v, -np.floor(5 / A)),
        (lambda v: v // 2, np.zeros((2, 3))),
        (lambda v: 3 // v, np.zeros((2, 3))),
        (lambda v: v.clip(0.0, 3.5), [[1, 0, 1], [1, 0, 0]]),
        (lambda v: v.clip(max=0.0), [[0, 1, 0], [0, 0, 1]]),
        (lambda v: v.real * 2, np.full((2, 3), 2.0)),
        (lambda v: v.imag + v, np.ones((2, 3))),
        (lambda v: v.conj() * 3, np.full((2, 3), 3.0)),
        (lambda v: v[Variable(np.array([1])), 0], [[0, 0, 0], [1, 0, 0]]),
    ],
)
def test_gradients_of_operators_and_methods(f: Callable[[Any], Any], expected: Any) -> None:
    v = Variable(A)
    g = gradient(f(v), v)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (lambda v: v + 1, "float32"),
        (lambda v: v * 0.1, "float32"),
        (lambda v: v**2, "float32"),
        (lambda v: 1 / v, "float32"),
        (lambda v: v * np.float64(2), "float64"),
        (lambda v: v + np.ones(3), "float64"),
        (lambda v: v.astype("float16"), "float16"),
    ],
)
def test_python_scalars_are_weak(y: Callable[[Variable], Variable], dtype: str) -> None:
    assert str(y(Variable(A)).dtype) == dtype


def test_augmented_assignment_leaves_the_old_result_alone() -> None:
    x = y = Variable(A)
    y += 1
    assert y is not x
    np.testing.assert_array_equal(x.array, A)
    a = A.copy()
    with pytest.raises(TypeError, match=r"write array = array \+ v for a Variable, or array \+= v.array for numbers"):
        a += Variable(A)
    np.testing.assert_array_equal(a, A)


@pytest.mark.parametrize("f", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
@pytest.mark.parametrize("other", [0.5, B, Variable(B)], ids=["number", "array", "Variable"])
def test_comparisons_are_arrays(f: Callable[[Any, Any], Any], other: Any) -> None:
    for left, right in [(Variable(A), other), (other, Variable(A))]:
        got = f(left, right)
        assert type(got) is np.ndarray
        assert got.dtype == bool
        np.testing.assert_array_equal(got, f(ag.as_array(left), ag.as_array(right)))


def test_comparison_of_single_elements_is_an_array() -> None:
    got = Variable(1.0) < 2.0
    assert type(got) is np.ndarray
    assert got.shape == ()
    assert got


# ---------------------------------------------------------------------------------------------------------------- Python's protocols


@pytest.mark.parametrize(
    ("spec", "text"), [("", "Variable(2.5, float64)"), (".3f", "2.500"), ("8.1e", " 2.5e+00"), (">25", "2.5".rjust(25))]
)
def test_format(spec: str, text: str) -> None:
    assert format(Variable(2.5), spec) == text


def test_format_of_several_elements() -> None:
    assert f"{Variable(np.array([1.0, 2.0])):>40}" == "Variable([1., 2.], float64)".rjust(40)


def test_numbers() -> None:
    assert float(Variable(2.5)) == 2.5
    assert int(Variable(2.5)) == 2
    assert Variable(np.float32(0.5)).item() == 0.5
    assert type(Variable(np.float32(0.5)).item()) is float
    assert bool(Variable(1.0))
    assert not Variable(0.0)
    assert Variable(np.ones((1, 1))).item() == 1.0
    assert complex(Variable(1 + 2j)) == 1 + 2j
    assert [10, 20, 30][Variable(1)] == 20  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        [10, 20, 30][Variable(1.0)]  # type: ignore[call-overload]


def test_truth_of_several_elements_is_ambiguous() -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Variable(A))


def test_length_and_iteration() -> None:
    v = Variable(A)
    assert len(v) == 2
    rows = list(v)
    assert [type(r) for r in rows] == [Variable, Variable]
    np.testing.assert_array_equal(gradient(rows[1], v), [[0, 0, 0], [1, 1, 1]])
    with pytest.raises(TypeError, match="0-d"):
        len(Variable(1.0))
    with pytest.raises(TypeError, match="0-d"):
        iter(Variable(1.0))


def test_hash_is_by_identity() -> None:
    a, b = Variable(A), Variable(A)
    assert {a: 1, b: 2}[a] == 1
    assert hash(a) != hash(b)
    assert len({a, b, a}) == 2


@pytest.mark.parametrize(
    ("v", "text"),
    [
        (Variable(np.array([1.0, 2.0], "float32")), "Variable([1., 2.], float32)"),
        (Variable(1.5, name="w"), "Variable(1.5, float64, name='w')"),
        (Variable(np.ones(1)) * 2, "Variable([2.], float64, op=multiply)"),
        (Variable(xp.asarray([1.0], device="numba")), "Variable([1.], float64, device='numba')"),
        (Variable(np.zeros((0, 3))), "Variable([], shape=(0, 3), float64)"),
        (
            F.reshape(Variable(np.zeros(2000)), (2, 1000)),
            "Variable([[0., 0., 0., ..., 0., 0., 0.],\n          [0., 0., 0., ..., 0., 0., 0.]], shape=(2, 1000), float64, op=reshape)",
        ),
    ],
)
def test_repr(v: Variable, text: str) -> None:
    assert repr(v) == text


def test_repr_of_several_rows_lines_them_up() -> None:
    assert repr(Variable(np.zeros((2, 1)))) == "Variable([[0.],\n          [0.]], float64)"


def test_copies() -> None:
    v = Variable(A.copy(), name="w")
    shallow, deep = copy.copy(v), copy.deepcopy(v)
    assert shallow.array is v.array
    assert deep.array is not v.array
    np.testing.assert_array_equal(deep.array, A)
    assert deep.name == "w"


@pytest.mark.parametrize("create_graph", [False, True])
def test_deep_copy_has_its_own_gradient(create_graph: bool) -> None:
    v = Variable(np.array([3.0]))
    w = copy.deepcopy(v)
    (w * w).backward(create_graph=create_graph)
    assert v.grad is None
    assert w.grad.tolist() == [6.0]


def test_pickles_hold_the_data() -> None:
    v = Variable(A.copy(), name="w")
    v.grad = np.ones_like(A)
    for x in (v, v * 2, Variable(A, requires_grad=False)):
        w = pickle.loads(pickle.dumps(x))
        np.testing.assert_array_equal(w.array, x.array)
        assert (w.name, w.requires_grad, w.grad) == (x.name, x.requires_grad, None)
        assert w.node is None or w.node.op is None


# ------------------------------------------------------------------------------------------------------------- Chainer's look at a graph


def test_creator_rank_and_label() -> None:
    x = Variable(A, name="x")
    y = F.exp(x)
    z = y * x + 1
    assert (x.creator, x.rank, x.label) == (None, 0, "(2, 3), float32")
    assert (y.creator.label, y.creator.function, y.creator.inputs, y.creator.rank, y.rank) == (
        "exp",
        F.exp,
        (x.node,),
        0,
        1,
    )
    assert z.rank == 3
    product, constant = z.creator.inputs
    assert constant is None
    assert product.creator.inputs == (y.node, x.node)
    assert product.creator.inputs[0].creator == y.creator == y.creator_node
    assert hash(y.creator) == hash(product.creator.inputs[0].creator)
    assert repr(y.creator) == "<creator exp>"
    assert (x.node.label, y.node.label, Variable(1.0).label) == ("(2, 3), float32", "(2, 3)", "float64")
    assert Variable(A, requires_grad=False).creator is None


def test_creator_of_one_of_several_outputs() -> None:
    x = Variable(A)
    a, b = F.split_axis(x, [1], axis=1)
    assert a.creator == b.creator
    assert (a.creator.label, a.creator.inputs, a.rank) == ("split_axis", (x.node,), 1)
    assert a.creator != (a * 2).creator


def test_rank_of_a_long_graph() -> None:
    y = Variable(1.0)
    for _ in range(5000):
        y = y * y
    assert y.rank == 5000


def test_a_cut_graph_has_no_creator() -> None:
    y = Variable(A) * 2
    z = y + 1
    y.unchain()
    assert (y.creator, y.rank, z.rank) == (None, 0, 1)


def test_xp_is_the_arrays_namespace() -> None:
    assert Variable(A).xp is np
    assert Variable(xp.asarray([1.0], device="strict")).xp is xp.array_namespace(xp.asarray([1.0], device="strict"))


def test_retained_data() -> None:
    x = Variable(A)
    y = F.exp(x)
    z = y * 2
    assert (x.node.data is x.array, y.node.data) == (True, None)
    y.retain_data()
    array = y.array
    del y
    assert z.creator.inputs[0].data is array
    assert z.creator.inputs[0].label == "(2, 3), float32"
    Variable(A, requires_grad=False).retain_data()


def test_summary_and_debug_print() -> None:
    v = Variable(np.array([1.0, 3.0], "float32"), name="w")
    assert v.summary() == "<variable w>"
    assert re.fullmatch(r"<variable at 0x[0-9a-f]+>", Variable(1.0).summary())
    v.grad = np.array([2.0, 2.0], "float32")
    assert v.debug_print().splitlines() == [
        "<variable w>",
        "- device: numpy",
        "- shape: (2,)",
        "- dtype: float32",
        "- array: mean 2, standard deviation 1",
        "- gradient: mean 2, standard deviation 0",
    ]
    assert Variable(np.zeros((0, 2))).debug_print().endswith("- array: no elements\n- gradient: None")


# ------------------------------------------------------------------------------------------------------------------ NumPy's protocols


@pytest.mark.parametrize(
    "f",
    [np.asarray, np.array, np.from_dlpack, lambda v: np.asarray(v, "float64"), lambda v: np.stack([A, np.asarray(v)])],
)
def test_what_needs_no_gradient_is_an_array_for_numpy(f: Callable[[Any], Any]) -> None:
    got = f(Variable(A, requires_grad=False))
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, f(A))


def test_an_array_for_numpy_shares_memory_unless_copied() -> None:
    v = Variable(A, requires_grad=False)
    assert np.shares_memory(np.asarray(v), v.array)
    assert not np.shares_memory(np.array(v, copy=True), v.array)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.shape, (2, 3)),
        (np.ndim, 2),
        (np.size, 6),
        (np.iscomplexobj, False),
        (lambda v: np.allclose(v, A), True),
        (lambda v: np.array_equal(A, v), True),
    ],
)
def test_numpy_functions_that_look(f: Callable[[Any], Any], expected: Any) -> None:
    assert f(Variable(A)) == expected


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.exp, np.exp(A)),
        (np.tanh, 1 - np.tanh(A).astype("float64") ** 2),
        (np.negative, -np.ones_like(A)),
        (np.absolute, np.sign(A)),
        (lambda v: np.add(v, B), np.ones_like(A)),
        (lambda v: np.multiply(B, v), np.broadcast_to(B, A.shape)),
        (lambda v: np.power(v, 2), 2 * A),
        (lambda v: np.maximum(v, 0.25), A > 0.25),
        (lambda v: np.matmul(v, B), np.broadcast_to(B, A.shape)),
        (np.sum, np.ones_like(A)),
        (lambda v: np.sum(v, axis=1), np.ones_like(A)),
        (lambda v: np.mean(v, axis=0, keepdims=True), np.full_like(A, 0.5)),
        (np.max, A == 4),
        (lambda v: np.concatenate([v, A]), np.ones_like(A)),
        (lambda v: np.concatenate([A, v], axis=1) * 2, np.full_like(A, 2)),
        (lambda v: np.stack([v, v]), np.full_like(A, 2)),
        (lambda v: np.reshape(v, (3, 2)), np.ones_like(A)),
        (lambda v: np.transpose(v), np.ones_like(A)),
        (lambda v: np.where(A > 0, v, 0.0), A > 0),
        (lambda v: np.expand_dims(v, 0), np.ones_like(A)),
        (lambda v: np.squeeze(v), np.ones_like(A)),
        (lambda v: np.einsum("ij,j->i", v, B), np.broadcast_to(B, A.shape)),
        (np.arctan, 1 / (1 + A**2)),
        (lambda v: np.arctan2(v, B), B / (A**2 + B**2)),
        (lambda v: np.prod(v, axis=1), np.prod(A, axis=1, keepdims=True) / A),
        (lambda v: np.linalg.det(v[:, :2]), np.array([[4.0, -0.5, 0], [2, 1, 0]])),
        (lambda v: np.tril(v), np.tril(np.ones_like(A))),
    ],
)
def test_numpy_functions_differentiate(f: Callable[[Any], Any], expected: Any) -> None:
    v = Variable(A)
    y = f(v)
    assert type(y) is Variable
    np.testing.assert_array_equal(y.array, f(A))
    np.testing.assert_allclose(gradient(y, v), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (
            lambda v: np.asarray(v),
            r"np.asarray of a Variable that requires a gradient would cut it from its graph; write v.array for the array",
        ),
        (
            lambda v: np.from_dlpack(v),
            r"DLPack of a Variable that requires a gradient would cut it from its graph; write v.array",
        ),
        (lambda v: np.array([v, v]), r"would cut it from its graph"),
        (lambda v: np.linalg.norm(v), r"np.linalg.norm has no differentiable counterpart"),
        (lambda v: np.median(v), r"np.median has no differentiable counterpart"),
        (
            lambda v: np.gcd(v, v),
            r"np.gcd has no differentiable counterpart in catena.autograd.functions; compute on v.array",
        ),
        (lambda v: np.add.reduce(v), r"np.add.reduce has no gradient on a Variable"),
        (lambda v: np.add(v, 1, where=A > 0), r"np.add with where= has no gradient on a Variable"),
        (
            lambda v: np.exp(v, out=np.zeros_like(A)),
            r"np.exp with out= would write to an array, through which no gradient flows, as `array \+= v` does; "
            r"write array = array \+ v for a Variable, or array \+= v.array for numbers",
        ),
    ],
)
def test_what_would_cut_the_graph_is_refused(f: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        f(Variable(A))


# -------------------------------------------------------------------------------------------------------------------- the gradient


def test_grad_is_assignable_and_checked() -> None:
    v = Variable(A)
    v.grad = np.ones((2, 3), np.float32)
    assert v.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert v.grad_var.array is v.grad
    v.grad = None
    assert v.grad is None
    v.zerograd()
    assert v.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert v.grad.dtype == np.float32
    v.cleargrad()
    assert v.grad is None
    assert v.grad_var is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (np.ones(3), ValueError, r"Variable.grad: got shape \(3,\); expected \(2, 3\), the shape of the array"),
        (Variable(A), TypeError, r"Variable.grad: got a Variable; assign it to grad_var, or its .array here"),
        (
            np.ones((2, 3)),
            TypeError,
            r"Variable.grad: got float64; expected float32, the dtype of gradients of this Variable; "
            r"convert it with xp.astype\(g, xp.float32\)",
        ),
        (
            xp.asarray(A, device="strict"),
            ValueError,
            r"got an array on strict; expected numpy; move it with xp.to_device\(g, 'numpy'\)",
        ),
    ],
)
def test_wrong_gradients_are_refused(value: Any, error: type[Exception], text: str) -> None:
    v = Variable(A)
    v.grad = before = np.ones((2, 3), np.float32)
    with pytest.raises(error, match=text):
        v.grad = value
    assert v.grad is before


def test_gradient_of_what_needs_none_is_refused() -> None:
    v = Variable(A, requires_grad=False)
    assert v.grad is None
    v.cleargrad()
    with pytest.raises(ValueError, match="needs no gradient"):
        v.grad = A


def test_addgrad_and_copydata() -> None:
    a, b = Variable(A.copy()), Variable(np.zeros((2, 3), np.float32))
    array = b.array
    b.copydata(a)
    assert b.array is array
    np.testing.assert_array_equal(b.array, A)
    b.addgrad(a)
    assert b.grad is None
    a.grad = np.ones((2, 3), np.float32)
    b.addgrad(a)
    b.addgrad(a)
    assert b.grad.tolist() == [[2, 2, 2], [2, 2, 2]]
    assert a.grad.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(TypeError, match="Variable: data has the dtype <U1; expected numbers"):
        Variable(np.array("a"))
    with pytest.raises(TypeError, match=r"Variable.grad: got list; expected an array"):
        Variable(np.ones(2)).grad = [1, 1]  # type: ignore[assignment]


def test_a_new_shape_forgets_the_gradient() -> None:
    x = Variable(np.ones(2))
    x.grad = np.ones(2)
    x.array = np.ones(3)
    assert x.grad is None
