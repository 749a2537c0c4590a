"""Functions in class form: FunctionNode and Chainer's older Function."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Function, FunctionNode, Variable
from catena.autograd import functions as F
from catena.autograd.gradient_check import check_backward, check_double_backward

pytest.importorskip("array_api_strict")

HOST = ["numpy", "numba"]
DEVICES = [*HOST, "strict", "strict:device1"]

X, Y, Z = np.array([2.0, -1.0, 0.5]), np.array([3.0, 0.25, -2.0]), np.array([4.0, 1.0, -1.5])
ROWS, W, B = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[0.5, -1.0, 2.0]]), np.array([10.0])


def on(device: str, values: Any, **kwargs: Any) -> Variable:
    return Variable(xp.to_device(np.array(values), device), **kwargs)


def host(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(xp.to_device(ag.as_array(x), "numpy"))


# -------------------------------------------------------------------------------------------------------- the functions under test


class MulAdd(Function):
    """Document 003: x y + z, with a forward and a backward for the host."""

    def forward_cpu(self, inputs: Any) -> Any:
        x, y, z = inputs
        return (x * y + z,)

    def backward_cpu(self, inputs: Any, grad_outputs: Any) -> Any:
        x, y, _ = inputs
        (gw,) = grad_outputs
        return y * gw, x * gw, gw


class LinearFunction(Function):
    """Document 003: x W^T + b, with a forward and a backward for every device."""

    def forward(self, inputs: Any) -> Any:
        x, W, b = inputs
        return (x @ W.T + b,)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        x, W, _ = inputs
        (gy,) = grad_outputs
        return gy @ W, gy.T @ x, xp.sum(gy, axis=0)


class Split(Function):
    """Two outputs: x y and x + y."""

    seen: Any = None

    def forward(self, inputs: Any) -> Any:
        x, y = inputs
        return x * y, x + y

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        x, y = inputs
        self.seen = grad_outputs
        product, total = (xp.zeros_like(x) if g is None else g for g in grad_outputs)
        return product * y + total, product * x + total


class Product(FunctionNode):
    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((1, 0))
        return (inputs[0] * inputs[1],)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        y, x = self.get_retained_inputs()
        (g,) = grad_outputs
        return tuple((y, x)[i] * g for i in indexes)


class Exp(FunctionNode):
    def forward(self, inputs: Any) -> Any:
        self.retain_outputs((0,))
        return (xp.exp(inputs[0]),)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (y,) = self.get_retained_outputs()
        return (y * grad_outputs[0],)


class SinCos(FunctionNode):
    def forward(self, inputs: Any) -> Any:
        self.retain_outputs((1, 0))
        return xp.sin(inputs[0]), xp.cos(inputs[0])

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        cos, sin = self.get_retained_outputs()
        gs, gc = grad_outputs
        parts = [*([] if gs is None else [cos * gs]), *([] if gc is None else [-sin * gc])]
        return (sum(parts[1:], parts[0]),)


class Linear(FunctionNode):
    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((0, 1))
        x, W, b = inputs
        return (x @ W.T + b,)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        x, W = self.get_retained_inputs()
        (gy,) = grad_outputs
        rules = [lambda: gy @ W, lambda: gy.T @ x, lambda: gy.sum(axis=0)]
        return tuple(rules[i]() for i in indexes)


class Power(FunctionNode):
    """x^n; its own `__init__` does not call FunctionNode's, as Chainer's programs do not."""

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((0,))
        return (inputs[0] ** self.n,)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (x,) = self.get_retained_inputs()
        return (self.n * x ** (self.n - 1) * grad_outputs[0],)


class Given(FunctionNode):
    """Of one input: returns what the test gives it."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any] = lambda gs: gs) -> None:
        self.given = forward, backward

    def forward(self, inputs: Any) -> Any:
        return self.given[0](inputs)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        return self.given[1](grad_outputs)


# ---------------------------------------------------------------------------------------------------------------- the documents'


@pytest.mark.parametrize("device", HOST)
def test_mul_add(device: str) -> None:
    x, y, z = (on(device, v) for v in (X, Y, Z))
    w = MulAdd()(x, y, z)
    assert isinstance(w, Variable)
    assert str(w.device) == device
    np.testing.assert_array_equal(host(w), X * Y + Z)
    w.backward(grad=xp.full_like(w.array, 2.0))
    for v, expected in ((x, 2 * Y), (y, 2 * X), (z, [2.0] * 3)):
        assert str(xp.device_of(v.grad)) == device
        np.testing.assert_array_equal(host(v.grad), expected)


@pytest.mark.parametrize("device", DEVICES)
def test_linear_function(device: str) -> None:
    x, weight, b = (on(device, v) for v in (ROWS, W, B))
    y = LinearFunction()(x, weight, b)
    np.testing.assert_allclose(host(y), ROWS @ W.T + B)
    y.backward(grad=xp.ones_like(y.array))
    for v, expected in ((x, [[0.5, -1.0, 2.0]] * 2), (weight, [[5.0, 7.0, 9.0]]), (b, [2.0])):
        assert v.grad.dtype == v.dtype
        np.testing.assert_allclose(host(v.grad), expected)


def test_arrays_alone_give_variables_without_a_gradient() -> None:
    for y in (MulAdd()(X, Y, Z), *Product().apply((X, Y)), *SinCos().apply((on("numba", X).array,))):
        assert isinstance(y, Variable)
        assert not y.requires_grad
    np.testing.assert_array_equal(MulAdd()(X, Y, Z).array, X * Y + Z)


def test_a_function_serves_several_calls() -> None:
    f, x = MulAdd(), Variable(X)
    (f(x, Y, Z) + f(x, Z, Y)).sum().backward()
    np.testing.assert_array_equal(x.grad, Y + Z)


def test_scalars_of_forward_become_arrays() -> None:
    x = Variable(X)
    (y,) = Given(lambda xs: (np.sum(xs[0]),), lambda gs: (F.broadcast_to(gs[0], (3,)),)).apply((x,))
    assert isinstance(y.array, np.ndarray)
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]


# ------------------------------------------------------------------------------------------------------------ what backward sees


def test_backward_is_asked_for_what_is_wanted() -> None:
    asked = []

    class Asked(Product):
        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            asked.append(indexes)
            return super().backward(indexes, grad_outputs)

    x, y, constant = Variable(X), Variable(Y), Variable(Y, requires_grad=False)
    Asked().apply((x, y))[0].sum().backward()
    Asked().apply((x, constant))[0].sum().backward()
    Asked().apply((Z, y))[0].sum().backward()
    ag.grad(Asked().apply((x, y))[0].sum(), y)
    assert asked == [(0, 1), (0,), (1,), (1,)]
    assert constant.grad is None
    np.testing.assert_array_equal(x.grad, 2 * Y)
    np.testing.assert_array_equal(y.grad, X + Z)


def test_backward_is_recorded_for_a_second_derivative_only() -> None:
    recorded = []

    class Noting(Exp):
        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            recorded.append((ag.config.enable_backprop, grad_outputs[0].requires_grad))
            return super().backward(indexes, grad_outputs)

    x = Variable(X)
    y = (Noting().apply((x,))[0] * x).sum()
    y.backward()
    ag.grad(y, x, create_graph=True)
    assert recorded == [(False, False), (True, True)]


OUTPUTS = {
    "both": (lambda product, total: (2 * product + 3 * total).sum(), [2.0, 3.0]),
    "the first": (lambda product, total: (2 * product).sum(), [2.0, None]),
    "the second": (lambda product, total: (3 * total).sum(), [None, 3.0]),
    "one twice": (lambda product, total: (total * 2 + total).sum(), [None, 3.0]),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("used", OUTPUTS)
def test_outputs_from_which_nothing_came(used: str, device: str) -> None:
    f, x, y = Split(), on(device, X), on(device, Y)
    combine, weights = OUTPUTS[used]
    combine(*f(x, y)).backward()
    assert [None if g is None else host(g).tolist() for g in f.seen] == [
        None if w is None else [w] * 3 for w in weights
    ]
    of_product, of_sum = (w or 0.0 for w in weights)
    np.testing.assert_array_equal(host(x.grad), of_product * Y + of_sum)
    np.testing.assert_array_equal(host(y.grad), of_product * X + of_sum)


def test_gradients_of_outputs_are_retained_on_request() -> None:
    sin, cos = SinCos().apply((Variable(X),))
    (2 * sin + cos).sum().backward(retain_grad=True)
    assert (sin.grad.tolist(), cos.grad.tolist()) == ([2.0] * 3, [1.0] * 3)


@pytest.mark.parametrize("method", ["get_retained_inputs", "get_retained_outputs"])
def test_only_backward_reads_what_was_retained(method: str) -> None:
    f = Product()
    (y,) = f.apply((Variable(X), Variable(Y)))
    for _ in range(2):
        with pytest.raises(RuntimeError, match=rf"Product.{method}: only backward may call it"):
            getattr(f, method)()
        y.sum().backward()


def test_a_backward_that_raises_leaves_the_function_as_it_was() -> None:
    class Once(Exp):
        failed = False

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            if not self.failed:
                self.failed = True
                raise ZeroDivisionError
            return super().backward(indexes, grad_outputs)

    x = Variable(X)
    y = Once().apply((x,))[0].sum()
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert x.grad is None
    y.backward()
    np.testing.assert_allclose(x.grad, np.exp(X))


# --------------------------------------------------------------------------------------------------------------------- the orders

DIFFERENTIABLE = {
    "Product": (lambda x, y: Product().apply((x, y)), (X, Y)),
    "Product with itself": (lambda x: Product().apply((x, x)), (X,)),
    "Exp": (lambda x: Exp().apply((x,)), (X,)),
    "SinCos": (lambda x: SinCos().apply((x,)), (X,)),
    "the second of SinCos": (lambda x: SinCos().apply((x,))[1], (X,)),
    "Linear": (lambda x, w, b: Linear().apply((x, w, b)), (ROWS, W, B)),
    "Power": (lambda x: Power(3).apply((x,)), (X,)),
    "one in the other": (lambda x, y: Exp().apply(Product().apply((x, *SinCos().apply((y,))[:1]))), (X, Y)),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_first_and_second_order(name: str, device: str) -> None:
    f, data = DIFFERENTIABLE[name]
    arrays = [xp.to_device(x, device) for x in data]
    check_backward(f, arrays)
    check_double_backward(f, arrays)


def test_third_order() -> None:
    x = Variable(np.array(2.0))
    y = Power(4).apply((x,))[0]
    found = []
    for _ in range(3):
        y = ag.grad(y, x, create_graph=True)
        found.append(float(y))
    assert found == [32.0, 48.0, 48.0]


def test_a_graph_on_two_devices_gives_gradients_at_home() -> None:
    class Move(FunctionNode):
        """x on the device of y, plus y."""

        def forward(self, inputs: Any) -> Any:
            x, y = inputs
            self.home = xp.device_of(x)
            return (xp.to_device(x, xp.device_of(y)) + y,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            (g,) = grad_outputs
            return F.to_device(g, self.home), g

    x, y = on("numpy", X), on("strict:device1", Y)
    (z,) = Move().apply((x, y))
    (z * z).sum().backward()
    assert [str(xp.device_of(v.grad)) for v in (x, y)] == ["numpy", "strict:device1"]
    np.testing.assert_allclose(x.grad, 2 * (X + Y))
    np.testing.assert_allclose(host(y.grad), 2 * (X + Y))


@pytest.mark.parametrize(
    "differentiate",
    [lambda y, x: ag.grad(y, x, create_graph=True), lambda y, x: y.backward(create_graph=True)],
    ids=["grad", "backward"],
)
def test_a_function_refuses_a_second_derivative(differentiate: Callable[..., Any]) -> None:
    x = Variable(X)
    y = (MulAdd()(x, x, x) * x).sum()
    with pytest.raises(
        RuntimeError,
        match=r"^MulAdd is a Function, whose backward computes on arrays: it cannot be differentiated twice; write it as a "
        r"FunctionNode or as an op \(@catena.autograd.op\)$",
    ):
        differentiate(y, x)
    assert x.grad is None
    y.backward()
    np.testing.assert_allclose(x.grad, 3 * X**2 + 2 * X)


def test_a_backward_on_arrays_refuses_a_second_derivative() -> None:
    class OnArrays(Power):
        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (super().backward(indexes, grad_outputs)[0].array,)

    x = Variable(X)
    y = (OnArrays(3).apply((x,))[0] * x).sum()
    np.testing.assert_allclose(ag.grad(y, x), 4 * X**3)
    with pytest.raises(
        TypeError,
        match=r"OnArrays.backward: the gradient of input 0 is an array, which cannot be differentiated again; compute it with "
        r"functions of the Variables that backward is given",
    ):
        ag.grad(y, x, create_graph=True)


# --------------------------------------------------------------------------------------------------------------------- wrong use


def test_one_object_serves_one_call() -> None:
    f = Exp()
    f.apply((Variable(X),))
    with pytest.raises(RuntimeError, match=r"Exp: this object has been applied once; make a new one for each call"):
        f.apply((Variable(X),))


@pytest.mark.parametrize(
    ("forward", "text"),
    [
        (lambda xs: xs[0], r"Given.forward: returned ndarray; expected a tuple of arrays"),
        (lambda xs: [xs[0]], r"Given.forward: returned list; expected a tuple of arrays"),
        (lambda xs: (), r"Given.forward: returned an empty tuple; expected a tuple of arrays"),
        (lambda xs: (xs[0], 2.0), r"Given.forward: output 1 is of type float; expected an array"),
        (lambda xs: (Variable(xs[0]),), r"Given.forward: output 0 is of type Variable; expected an array"),
    ],
)
def test_forward_returns_a_tuple_of_arrays(forward: Callable[..., Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Given(forward).apply((Variable(X),))


@pytest.mark.parametrize(
    ("backward", "error", "text"),
    [
        (
            lambda gs: gs[0],
            TypeError,
            r"Given.backward: returned Variable; expected a tuple of 1, one for each of the inputs \(0,\)",
        ),
        (
            lambda gs: (gs[0], gs[0]),
            TypeError,
            r"Given.backward: returned 2 gradients; expected a tuple of 1, one for each",
        ),
        (lambda gs: (), TypeError, r"Given.backward: returned 0 gradients; expected a tuple of 1, one for each"),
        (
            lambda gs: (2.0,),
            TypeError,
            r"Given.backward: the gradient of input 0 is of type float; expected a Variable",
        ),
        (
            lambda gs: (gs[0].sum(),),
            ValueError,
            r"Given.backward: the gradient of input 0 has shape \(\); expected \(3,\), the input's",
        ),
    ],
)
def test_backward_returns_a_gradient_for_each_index(
    backward: Callable[..., Any], error: type[Exception], text: str
) -> None:
    x = Variable(X)
    (y,) = Given(lambda xs: (xs[0] * 2,), backward).apply((x,))
    with pytest.raises(error, match=text):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize(
    ("gradients", "error", "text"),
    [
        (
            (),
            TypeError,
            r"Wrong.backward: returned 0 gradients; expected a tuple of 2, one for each of the inputs \(0, 1\)",
        ),
        (
            [X, X],
            TypeError,
            r"Wrong.backward: returned list; expected a tuple of 2, one for each of the inputs \(0, 1\)",
        ),
        (
            (X, X[:2]),
            ValueError,
            r"Wrong.backward: the gradient of input 1 has shape \(2,\); expected \(3,\), the input's",
        ),
    ],
)
def test_a_function_returns_a_gradient_for_each_input(gradients: Any, error: type[Exception], text: str) -> None:
    class Wrong(Function):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * inputs[1],)

        def backward(self, inputs: Any, grad_outputs: Any) -> Any:
            return gradients

    x, y = Variable(X), Variable(Y)
    with pytest.raises(error, match=text):
        Wrong()(x, y).sum().backward()
    assert (x.grad, y.grad) == (None, None)


@pytest.mark.parametrize(
    ("which", "index", "text"),
    [
        ("retain_inputs", 1, r"Retains.retain_inputs: got index 1; there are 1, counted from 0"),
        ("retain_inputs", -1, r"Retains.retain_inputs: got index -1; there are 1, counted from 0"),
        ("retain_outputs", 2, r"Retains.retain_outputs: got index 2; there are 2, counted from 0"),
    ],
)
def test_what_is_not_there_cannot_be_retained(which: str, index: int, text: str) -> None:
    class Retains(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            getattr(self, which)((0, index))
            return inputs[0], inputs[0]

    with pytest.raises(ValueError, match=text):
        Retains().apply((Variable(X),))


def test_missing_methods_are_named() -> None:
    class Empty(FunctionNode): ...

    class Forward(Function):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

    x = Variable(X)
    with pytest.raises(TypeError, match=r"Empty: it defines neither forward nor forward_cpu; define one of them"):
        Empty().apply((x,))
    with pytest.raises(TypeError, match=r"Given: it defines no backward; override backward\(indexes, grad_outputs\)"):
        type("Given", (FunctionNode,), {"forward": Given.forward, "given": (lambda xs: (xs[0] * 2,),)})().apply((x,))[
            0
        ].sum().backward()
    with pytest.raises(TypeError, match=r"Forward: it defines neither backward nor backward_cpu; define one of them"):
        Forward()(x).sum().backward()
    with pytest.raises(TypeError, match=r"MulAdd: it defines neither forward nor forward_gpu; define one of them"):
        MulAdd()(*(on("strict", v) for v in (X, Y, Z)))


# ----------------------------------------------------------------------------------------------------------------- in-place updates


@pytest.mark.parametrize(
    ("call", "name"),
    [(lambda x, w: Product().apply((x, w))[0], "Product"), (lambda x, w: MulAdd()(x, w, X), "MulAdd")],
    ids=["FunctionNode", "Function"],
)
@pytest.mark.parametrize("update", ["mark_updated", "array"])
def test_an_updated_input_is_not_read_as_if_it_were_the_old_one(call: Any, name: str, update: str) -> None:
    x, w = Variable(X), Variable(Y)
    y = call(x, w).sum()
    if update == "mark_updated":
        w.array[...] = 5.0
        w.mark_updated()
    else:
        w.array = np.full(3, 5.0)
    with pytest.raises(
        RuntimeError,
        match=rf"backward: input 1 of {name} was updated in place after it was read; run the forward pass again",
    ):
        y.backward()
    assert x.grad is None
    call(x, w).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0, 5.0]


def test_an_updated_input_that_was_not_retained_does_no_harm() -> None:
    x, w, b = (Variable(v) for v in (ROWS, W, B))
    y = Linear().apply((x, w, b))[0].sum()
    b.mark_updated()
    y.backward()
    assert b.grad.tolist() == [2.0]


# ------------------------------------------------------------------------------------------------------------------------- memory


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def function_node(x: Variable) -> Variable:
    return Exp().apply(Product().apply((x, x)))[0]


def function(x: Variable) -> Variable:
    h = MulAdd()(x, x, x)
    product, _ = Split()(h, h)
    return product


def several_outputs(x: Variable) -> Variable:
    sin, cos = SinCos().apply((x,))
    return sin * cos


def twice(x: Variable, y: Variable) -> None:
    g = ag.grad(y.sum(), x, create_graph=True)
    (g * g).sum().backward()


def refused(x: Variable, y: Variable) -> None:
    with pytest.raises(RuntimeError, match="cannot be differentiated twice"):
        ag.grad(y.sum(), x, create_graph=True)


def failed(x: Variable, y: Variable) -> None:
    with pytest.raises(ValueError, match="needs a gradient to begin with"):
        y.backward()


ANY_WALK = {
    "none": lambda x, y: None,
    "backward": lambda x, y: y.sum().backward(),
    "retain_grad": lambda x, y: y.sum().backward(retain_grad=True),
    "failed": failed,
}
WALKS = {
    function_node: {**ANY_WALK, "twice": twice},
    several_outputs: {**ANY_WALK, "twice": twice},
    function: {**ANY_WALK, "refused": refused},
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(("f", "walk"), [pytest.param(f, w, id=f"{f.__name__}-{w}") for f in WALKS for w in WALKS[f]])
def test_the_graph_dies_with_its_last_result(f: Callable[[Variable], Variable], walk: str) -> None:
    x = Variable(X)
    y = f(x)
    references = [weakref.ref(y.array), *map(weakref.ref, functions_behind(y))]
    assert len(references) > 1
    WALKS[f][walk](x, y)
    del y
    assert [r() for r in references] == [None] * len(references)


def functions_behind(y: Variable) -> Iterator[FunctionNode]:
    waiting = [y.node]
    while waiting:
        node = waiting.pop()
        if isinstance(node.op, FunctionNode):
            yield node.op
        waiting += [p for p in node.parents if p is not None]


@pytest.mark.parametrize(
    ("call", "name"),
    [(lambda x: Power(2).apply((x,))[0], "Power"), (lambda x: MulAdd()(x, x, X), "MulAdd")],
    ids=["FunctionNode", "Function"],
)
def test_free_releases_what_was_kept(call: Callable[[Variable], Variable], name: str) -> None:
    x = Variable(X)
    h = x * 1
    kept = weakref.ref(h.array)
    y = call(h).sum()
    del h
    assert kept() is not None
    y.backward(free=True)
    assert kept() is None
    expected = x.grad.copy()
    with pytest.raises(
        RuntimeError, match=r"the graph through \w+ was freed by backward\(free=True\); leave out free=True"
    ):
        y.backward()
    z = call(x)
    z.backward(grad=np.ones(3), free=True)
    with pytest.raises(RuntimeError, match=rf"the graph through {name} was freed by backward\(free=True\); leave out"):
        z.backward(grad=np.ones(3))
    np.testing.assert_array_equal(x.grad, 2 * expected)


@pytest.mark.usefixtures("no_collector")
def test_without_recording_nothing_is_kept() -> None:
    x = Variable(X)
    with ag.no_backprop_mode():
        h = x * 1
        kept = weakref.ref(h.array)
        results = [*Product().apply((h, h)), MulAdd()(h, h, h), *Split()(h, h)]
        del h
    assert kept() is None
    assert [y.requires_grad for y in results] == [False] * 4
    with ag.no_backprop_mode(), ag.force_backprop_mode():
        y = Exp().apply((x,))[0]
    y.sum().backward()
    np.testing.assert_allclose(x.grad, np.exp(X))


def test_functions_and_ops_make_one_graph() -> None:
    """Every order of a function, an old function and an op, one after the other, gives the gradient of ops alone."""
    steps = {
        "function": lambda v: Exp().apply((v * 0.25,))[0],
        "old": lambda v: MulAdd()(v, v, v),
        "op": lambda v: F.sin(v),
    }
    alone = {"function": lambda v: F.exp(v * 0.25), "old": lambda v: v * v + v, "op": lambda v: F.sin(v)}
    for order in itertools.permutations(steps):
        x, same = Variable(X), Variable(X)
        y, expected = x, same
        for name in order:
            y, expected = steps[name](y), alone[name](expected)
        y.sum().backward()
        expected.sum().backward()
        np.testing.assert_allclose(x.grad, same.grad, rtol=1e-12)


# ------------------------------------------------------------------------------------------------- what Chainer's functions have besides


class Checked(FunctionNode):
    seen: tuple[Any, ...] = ()

    def check_type_forward(self, in_types: Any) -> None:
        self.seen = in_types
        if in_types[0].ndim != 1:
            raise TypeError(f"Checked: x has {in_types[0].ndim} axes; expected 1; flatten it")

    def forward(self, inputs: Any) -> Any:
        return (inputs[0] * 1,)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        return grad_outputs


def test_inputs_are_checked_before_forward() -> None:
    f = Checked()
    f.apply((Variable(np.ones(2, "float32")),))
    assert [(t.shape, str(t.dtype), str(t.device), t.ndim) for t in f.seen] == [((2,), "float32", "numpy", 1)]
    with pytest.raises(TypeError, match="Checked: x has 2 axes; expected 1; flatten it"):
        Checked().apply((np.ones((2, 2)),))
    with ag.using_config("type_check", False):
        unchecked = Checked()
        unchecked.apply((np.ones((2, 2)),))
    assert unchecked.seen == ()


class CheckedOld(Function):
    def check_type_forward(self, in_types: Any) -> None:
        if len(in_types) != 2:
            raise TypeError(f"CheckedOld: got {len(in_types)} inputs; expected 2")

    def forward(self, inputs: Any) -> Any:
        return (inputs[0] + inputs[1],)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        return grad_outputs[0], grad_outputs[0]


def test_inputs_of_an_old_function_are_checked_too() -> None:
    CheckedOld()(X, X)
    with pytest.raises(TypeError, match="CheckedOld: got 1 inputs; expected 2"):
        CheckedOld()(X)


@pytest.mark.parametrize(("f", "name"), [(Exp(), "Exp"), (MulAdd(), "MulAdd")])
def test_label(f: Any, name: str) -> None:
    assert f.label == name
    x = Variable(X)
    y = f.apply((x,))[0] if isinstance(f, FunctionNode) else f(x, x, x)
    assert (y.creator.function, y.creator.label, y.rank) == (f, name, 1)
