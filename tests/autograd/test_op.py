"""Declaring an op and calling it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable, elementwise_op, op
from catena.autograd import functions as F

# --------------------------------------------------------------------------------------------------------------- declaration


@op
def scaled(x: Any, *, by: float, plus: float = 0.0) -> Any:
    """x times `by`."""
    return x * by + plus


scaled.vjps(x=lambda g, by: g * by)


@op
def halves(x: Any) -> tuple[Any, Any]:
    return x * 0.5, x * x * 0.5


@halves.vjp
def _(g: Any, x: Any, out_spec: Any, *, needs: tuple[bool, ...]) -> list[Any]:
    first, second = g
    parts = [None if first is None else first * 0.5, None if second is None else second * x]
    present = [p for p in parts if p is not None]
    return [present[0] if len(present) == 1 else present[0] + present[1]]


@op
def product(*xs: Any, sign: int = 1) -> Any:
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    return y * sign


@product.vjp
def _(g: Any, xs: Any, sign: int, *, needs: tuple[bool, ...]) -> list[Any]:
    return [
        product(g, *(x for j, x in enumerate(xs) if j != i), sign=sign) if needed else None
        for i, needed in enumerate(needs)
    ]


@elementwise_op
def weighted(a: Any, b: Any = 2.0) -> Any:
    return a * b


weighted.vjps(a=lambda g, b: g * b, b=lambda g, a: g * a)


@pytest.mark.parametrize(
    ("declare", "text"),
    [
        (lambda f: f.vjps(z=lambda g: g), r"scaled.vjps: 'z' is no input; the inputs are x"),
        (lambda f: f.vjps(by=lambda g: g), r"scaled.vjps: 'by' is no input; the inputs are x"),
        (
            lambda f: f.vjps(x=lambda g, z: g),
            r"rule of scaled: it names z; it may read g, by, out, out_spec, plus, x, x_spec",
        ),
        (lambda f: f.vjps(x=lambda x: x), r"rule of scaled: it does not begin with g; it may read g, "),
        (lambda f: f.vjp(lambda g, xs, *, needs: g), r"rule of scaled: it names xs; it may read"),
        (lambda f: f.vjps(x=lambda: 0), r"rule of scaled: it does not begin with g"),
    ],
)
def test_wrong_declarations_are_refused(declare: Callable[[ag.Op], Any], text: str) -> None:
    def scaled(x: Any, *, by: float, plus: float = 0.0) -> Any:
        return x * by + plus

    with pytest.raises(TypeError, match=text):
        declare(op(scaled))


def test_a_wrong_name_among_several_rules_is_refused() -> None:
    def f(a: Any, b: Any) -> Any:
        return a + b

    with pytest.raises(TypeError, match="rule of f: it names c"):
        op(f).vjps(a=lambda g: g, b=lambda g, c: g)


def test_an_op_looks_like_its_forward() -> None:
    assert scaled.__name__ == scaled.name == "scaled"
    assert scaled.__doc__ == "x times `by`."
    assert scaled.inputs == ("x",)
    assert set(scaled.options) == {"by", "plus"}
    assert repr(scaled).startswith("<op scaled(x: 'Any', *, by: 'float', plus: 'float' = 0.0)")


# ------------------------------------------------------------------------------------------------------------------- binding


@pytest.mark.parametrize(
    ("call", "expected", "slope"),
    [
        (lambda x: scaled(x, by=3.0), 6.0, 3.0),
        (lambda x: scaled(x, 3.0), 6.0, 3.0),
        (lambda x: scaled(x, 3.0, 1.0), 7.0, 3.0),
        (lambda x: scaled(x, 3.0, plus=1.0), 7.0, 3.0),
        (lambda x: scaled(x=x, by=3.0), 6.0, 3.0),
        (lambda x: scaled(by=3.0, x=x), 6.0, 3.0),
        (lambda x: weighted(x), 4.0, 2.0),
        (lambda x: weighted(x, 5.0), 10.0, 5.0),
        (lambda x: weighted(x, b=5.0), 10.0, 5.0),
        (lambda x: weighted(b=5.0, a=x), 10.0, 5.0),
        (lambda x: weighted(5.0, b=x), 10.0, 5.0),
        (lambda x: product(x, 4.0, 5.0), 40.0, 20.0),
        (lambda x: product(x, 4.0, sign=-1), -8.0, -4.0),
        (lambda x: product(x), 2.0, 1.0),
    ],
)
def test_arguments_by_position_by_name_and_by_default(
    call: Callable[[Any], Any], expected: float, slope: float
) -> None:
    assert call(np.array(2.0)) == expected
    x = Variable(np.array(2.0))
    y = call(x)
    assert float(y) == expected
    assert float(ag.grad(y, x)) == slope
    assert float(ag.grad(y, x, create_graph=True)) == slope


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: scaled(), r"scaled: 'x' is missing; it takes \(x"),
        (lambda x: scaled(x, 1.0, 2.0, 3.0), r"scaled: got 4 positional arguments; it takes \(x"),
        (lambda x: scaled(x, factor=1.0), r"scaled: got an unknown argument 'factor'; it takes \(x"),
        (lambda x: scaled(x, 1.0, by=1.0), r"scaled: got 'by' twice; it takes \(x"),
        (lambda x: scaled(x, x=x, by=1.0), r"scaled: got 'x' twice; it takes \(x"),
        (lambda x: scaled(x), r"missing 1 required keyword-only argument: 'by'"),
        (lambda x: weighted(b=x), r"weighted: 'a' is missing; it takes \(a"),
        (lambda x: weighted(x, x, x), r"weighted: got 3 positional arguments; it takes \(a"),
        (lambda x: product(x, x, factor=2), r"product: got an unknown argument 'factor'; it takes \(\*xs"),
    ],
)
@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_wrong_calls_are_refused(call: Callable[[Any], Any], text: str, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=text):
        call(wrap(2.0))


@pytest.mark.parametrize("wrap", [np.asarray, Variable], ids=["array", "Variable"])
def test_an_error_of_the_forward_says_which_op_and_arguments(wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError) as caught:
        F.linalg.matmul(wrap(np.ones((2, 3), np.float32)), wrap(np.ones((4, 5))))
    assert caught.value.__notes__ == [
        "in the op matmul(a: (2, 3) float32, b: (4, 5) float64)",
        "a has 3 columns, b 4 rows; expected as many; give b 3 rows",
    ]
    with pytest.raises(ValueError) as caught:
        F.reshape(wrap(np.ones(6)), shape=(4, -1))
    assert caught.value.__notes__[0] == "in the op reshape(x: (6,) float64, shape=(4, -1))"


# --------------------------------------------------------------------------------------------------------------------- results


@pytest.mark.parametrize(
    "call",
    [
        lambda x: scaled(x, 2.0),
        lambda x: x @ x,
        lambda x: F.sum(x),
        lambda x: F.max(x),
        lambda x: F.getitem(x, key=0),
        lambda x: F.exp(F.sum(x)),
        lambda x: F.add(F.sum(x), F.sum(x)),
        lambda x: F.multiply(2.0, F.sum(x)),
        lambda x: F.einsum("i,i->", x, x),
        lambda x: F.logsumexp(x),
        lambda x: F.take(x, np.array(1)),
        lambda x: halves(F.sum(x))[1],
    ],
)
@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_numpy_scalars_never_escape(call: Callable[[Any], Any], device: str) -> None:
    a = xp.asarray(np.arange(3.0), device=device)
    if call is not None:
        x = Variable(a)
        y = call(x)
        assert isinstance(y.array, np.ndarray)
        assert str(y.device) == device
        y.backward(grad=xp.ones_like(y.array), retain_grad=True)
        for g in (x.grad, y.grad):
            assert isinstance(g, np.ndarray)
            assert str(xp.device_of(g)) == device


def test_arrays_in_arrays_out() -> None:
    a = np.arange(3.0)
    for y in (
        scaled(a, 2.0),
        F.sum(a),
        F.concat([a, a]),
        product(a, a),
        F.astype(a, "float32"),
        F.take(a, np.array([1])),
    ):
        assert type(y) is np.ndarray
    assert [type(y) for y in halves(a)] == [np.ndarray, np.ndarray]
    assert type(F.exp(np.float64(1.0))) is np.ndarray
    assert type(F.exp(1.0)) is np.ndarray
    assert not hasattr(F.exp(a), "node")


def test_what_needs_no_gradient_is_not_recorded() -> None:
    constant = Variable(np.ones(2), requires_grad=False)
    y = scaled(constant, 2.0)
    assert type(y) is Variable
    assert not y.requires_grad
    assert (Variable(np.ones(2)) * constant).requires_grad
    with ag.no_backprop_mode():
        parts = halves(Variable(np.ones(2)))
    assert not any(p.requires_grad for p in parts)


def test_subclasses_of_variable_count() -> None:
    class Named(Variable):
        __slots__ = ()

    x = Named(np.ones(2))
    scaled(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


# ------------------------------------------------------------------------------------------------------- outputs and their cotangents


@pytest.mark.parametrize(("used", "expected"), [((0,), 0.5), ((1,), 3.0), ((0, 1), 3.5), ((1, 0, 1), 6.5)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_several_outputs_of_which_some_are_used(used: tuple[int, ...], expected: float, create_graph: bool) -> None:
    x = Variable(np.array(3.0))
    outputs = halves(x)
    total = outputs[used[0]]
    for i in used[1:]:
        total = total + outputs[i]
    g = ag.grad(total, x, create_graph=create_graph)
    assert float(g) == expected
    if create_graph and 1 in used:
        assert float(ag.grad(g, x)) == used.count(1)


def test_an_output_of_several_can_be_asked_for_its_gradient() -> None:
    x = Variable(np.array(3.0))
    a, b = halves(x)
    ga, gb, gx = ag.grad(a * 10 + b * b, [a, b, x])
    assert (float(ga), float(gb), float(gx)) == (10.0, 9.0, 32.0)
    a, b = halves(x)
    (a * 10 + b * b).backward(retain_grad=True)
    assert (float(a.grad), float(b.grad)) == (10.0, 9.0)


def test_joint_rule_is_told_what_is_needed() -> None:
    asked: list[tuple[bool, ...]] = []

    @op
    def watched(a: Any, b: Any, c: Any) -> Any:
        return a + b + c

    @watched.vjp
    def _(g: Any, *, needs: tuple[bool, ...]) -> list[Any]:
        asked.append(needs)
        return [g if needed else None for needed in needs]

    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    y = watched(a, b, np.ones(2)).sum()
    y.backward()
    ag.grad(y, b)
    watched(np.ones(2), b, 1.0).sum().backward()
    assert asked == [(True, True, False), (False, True, False), (False, True, False)]
    assert a.grad.tolist() == [1.0, 1.0]
    assert b.grad.tolist() == [2.0, 2.0]


def test_variadic_gradients() -> None:
    xs = [Variable(np.array(v)) for v in (2.0, 3.0, 5.0)]
    y = product(*xs)
    assert [float(g) for g in ag.grad(y, xs)] == [15.0, 10.0, 6.0]
    y = product(xs[0], 3.0, xs[2], sign=-1)
    assert [float(g) for g in ag.grad(y, [xs[0], xs[2]])] == [-15.0, -6.0]


def test_only_what_rules_read_is_kept() -> None:
    x, w = Variable(np.ones(3)), Variable(np.ones(3))
    kept = (x * w).node.saved
    assert len(kept) == 2
    assert (x * np.ones(3)).node.saved[0] is not x.array
    assert len((x * 2.0).node.saved) == 1
    assert (x + w).node.saved == ()
    y = F.exp(x)
    assert y.node.saved == (y.array,)
    spec = F.sum(x).node.saved[0]
    assert (spec.shape, str(spec.dtype), str(spec.device), spec.ndim) == ((3,), "float64", "numpy", 1)


def test_rules_read_specs_without_data() -> None:
    @op
    def flattened(*xs: Any) -> Any:
        return xp.concat([xp.reshape(x, (-1,)) for x in xs])

    @flattened.vjp
    def _(g: Any, xs_spec: Any, out_spec: Any, *, needs: tuple[bool, ...]) -> list[Any]:
        assert out_spec.shape == (8,)
        gs, start = [], 0
        for spec in xs_spec:
            n = int(np.prod(spec.shape))
            gs.append(F.reshape(g[start : start + n], spec.shape))
            start += n
        return gs

    a, b = Variable(np.ones((2, 3))), Variable(np.ones(2))
    (flattened(a, b) * np.arange(8.0)).sum().backward()
    assert a.grad.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert b.grad.tolist() == [6, 7]


def test_elementwise_gradients_are_summed_to_their_inputs() -> None:
    a, b = Variable(np.ones((3, 1))), Variable(np.ones((2, 1, 4)))
    y = weighted(a, b)
    assert y.shape == (2, 3, 4)
    y.sum().backward()
    assert (a.grad.shape, b.grad.shape) == ((3, 1), (2, 1, 4))
    assert a.grad.tolist() == [[8.0]] * 3
    assert b.grad.max() == b.grad.min() == 3.0


def test_what_a_forward_may_return() -> None:
    @ag.op
    def forgetful(x: Any) -> Any:
        x * 2

    with pytest.raises(TypeError, match=r"forgetful: its forward returned None \(NoneType\); expected an array"):
        forgetful(Variable(np.ones(2)))
    with pytest.raises(TypeError, match=r"op: got 3 \(int\); expected a function"):
        ag.op(3)  # type: ignore[arg-type]


def test_a_rule_of_a_wrong_shape_is_refused() -> None:
    @ag.op
    def scaled(x: Any) -> Any:
        return x * 2

    scaled.vjps(x=lambda g: g.sum())
    x = Variable(np.ones(2))
    with pytest.raises(
        ValueError, match=r"a rule gave a gradient of shape \(\) to an input of shape \(2,\); a rule returns"
    ):
        scaled(x).backward(grad=np.ones(2))
    assert x.grad is None


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "int32"])
@pytest.mark.parametrize(
    "number", [2, 2.0, 0.1, -3, True, 0.0, -0.0, float("inf"), float("nan"), 1 + 0j, 2j, 1e-30], ids=repr
)
def test_numbers_beside_arrays_count_as_in_numpy(dtype: str, number: complex) -> None:
    x = np.array([1, -2], dtype)
    for _ in range(2):  # the second call may find what the first one has made of the number
        for f in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: b * a, lambda a, b: b + a):
            with np.errstate(invalid="ignore"):
                y, expected = f(Variable(x), number).array, f(x, number)
            assert y.dtype == expected.dtype
            np.testing.assert_array_equal(np.signbit(y.real), np.signbit(expected.real))
            np.testing.assert_array_equal(y, expected)
