"""checkpoint: the same gradients as without it, from less memory; and what must be as it was in the second run."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable, checkpoint, config, using_config
from catena.autograd import functions as F
from catena.autograd.gradient_check import check_backward, check_double_backward
from catena.autograd.graph import walk
from catena.autograd.transforms import grad, hessian, jacobian, jvp
from xparray.random import get_generator

A = np.arange(6.0).reshape(2, 3) / 6 - 0.3
B = np.arange(12.0).reshape(3, 4) / 12 - 0.4


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def net(x: Any, w: Any) -> Any:
    return F.tanh(F.exp(x @ w) * 0.3)


# ------------------------------------------------------------------------------------------------------------- the same, every order


def test_gradients_and_values() -> None:
    found = []
    for f in (net, checkpoint(net)):
        x, w = Variable(A), Variable(B)
        y = f(x, w)
        y.backward(grad=np.ones((2, 4)))
        found.append((y.array, x.grad, w.grad))
    for a, b in zip(*found, strict=True):
        assert_array_equal(a, b)
    assert len(walk([checkpoint(net)(x, w)])) == 4  # two leaves, the call and its output


def test_second_order_against_differences() -> None:
    check_backward(checkpoint(net), (A, B))
    check_double_backward(checkpoint(net), (A, B))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders(order: int) -> None:
    f, expected = checkpoint(lambda x: x**6), 6.0
    for i in range(1, order):
        expected *= 6 - i
    for _ in range(order):
        f = grad(f)
    assert_allclose(f(1.5), expected * 1.5 ** (6 - order))


def test_transforms() -> None:
    v = np.array([0.5, -1.0, 2.0])

    def f(x: Any) -> Any:
        return (F.exp(x) * F.sin(x[::-1])).sum()

    assert_allclose(hessian(checkpoint(f))(v), hessian(f)(v))
    assert_allclose(jvp(checkpoint(net), (A, B), (A, B))[1], jvp(net, (A, B), (A, B))[1])
    assert_allclose(jacobian(checkpoint(net), 1)(A, B), jacobian(net, 1)(A, B))
    # and within: what is checkpointed takes derivatives itself
    g = checkpoint(lambda x: grad(f)(x))
    assert_allclose(jacobian(g)(v), hessian(f)(v))
    # of a captured Variable too, as the first run did
    assert float(grad(lambda w: checkpoint(lambda: w * grad(lambda x: w * x**2)(3.0))())(2.0)) == 24.0
    w = Variable(2.0)
    checkpoint(lambda: w * grad(lambda x: w * x**2)(3.0))().backward()
    assert float(w.grad) == 12.0


def test_checkpoints_in_one_another_and_in_a_row() -> None:
    inner = checkpoint(lambda h: F.exp(h) * h)
    outer = checkpoint(lambda h: inner(inner(h)) + h)

    def plain(h: Any) -> Any:
        a = F.exp(h) * h
        return F.exp(a) * a + h

    v = np.array([0.3, -0.2])
    assert_allclose(grad(lambda x: outer(outer(x)).sum())(v), grad(lambda x: plain(plain(x)).sum())(v))
    assert_allclose(hessian(lambda x: outer(outer(x)).sum())(v), hessian(lambda x: plain(plain(x)).sum())(v))


def test_the_graph_may_be_walked_again() -> None:
    x = Variable(A)
    y = checkpoint(F.exp)(x).sum()
    y.backward()
    y.backward()
    assert_allclose(x.grad, 2 * np.exp(A))


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_devices_and_dtypes(device: str, dtype: str) -> None:
    x = Variable(xp.to_device(A.astype(dtype), device))
    y = checkpoint(lambda x: F.tanh(x) * 2)(x)
    y.backward(grad=xp.ones_like(y.array))
    assert (str(xp.device_of(x.grad)), x.grad.dtype) == (device, x.dtype)
    assert_allclose(xp.to_device(x.grad, "numpy"), 2 - 2 * np.tanh(A) ** 2, rtol=1e-5)


def test_across_devices() -> None:
    x, w = Variable(A), Variable(xp.to_device(A, "strict:device1"))
    y = checkpoint(lambda x, w: F.to_device(x, "strict:device1") * w)(x, w)
    y.backward(grad=w.array)
    assert [str(v.device) for v in (x, w, y)] == [str(xp.device_of(g)) for g in (x.grad, w.grad, w.array)]
    assert_allclose(x.grad, A * A)


# ------------------------------------------------------------------------------------------------------------- arguments and results


def test_containers_and_other_arguments() -> None:
    a, b, c = (Variable(A * k) for k in (1, 2, 3))

    def f(p: Any, factor: float, *, more: Any, name: str) -> Any:
        assert (p["array"] is A, p["none"], name) == (True, None, "n")
        return {"y": [p["a"] * p["list"][0] * factor, more[0]["c"] * p["array"]], "n": 3, "name": None, "plain": A}

    y = checkpoint(f)({"a": a, "list": [b], "array": A, "none": None}, 2.0, more=({"c": c},), name="n")
    assert (y["n"], y["name"], y["plain"] is A) == (3, None, True)
    ag.backward([y["y"][0].sum(), y["y"][1].sum()])
    assert_allclose(a.grad, 2 * b.array)
    assert_allclose(b.grad, 2 * a.array)
    assert_allclose(c.grad, A)


def test_a_list_changed_later_does_not_matter() -> None:
    a, b = Variable(2.0), Variable(3.0)
    given = [a, b]
    y = checkpoint(lambda vs: vs[0] * vs[1])(given)
    given.clear()
    y.backward()
    assert (float(a.grad), float(b.grad)) == (3.0, 2.0)


def test_several_outputs_of_which_some_are_used() -> None:
    x = Variable(A)
    a, b, c = checkpoint(lambda x: (x * 2, F.exp(x), x))(x)
    b.backward(grad=np.ones_like(A))
    assert_allclose(x.grad, np.exp(A))
    x.cleargrad()
    (a * c).sum().backward()
    assert_allclose(x.grad, 4 * A)


def test_one_output_twice_and_an_output_that_is_an_input() -> None:
    x = Variable(A)

    def f(x: Any) -> Any:
        y = F.exp(x)
        return y, y, x

    a, b, c = checkpoint(f)(x)
    (a * b + c).sum().backward()
    assert_allclose(x.grad, 2 * np.exp(2 * A) + 1)

    def product(x: Any) -> Any:
        a, b, c = checkpoint(f)(x)
        return (a * b * c).sum()

    assert_allclose(hessian(product)(A[0]), np.diag((4 * A[0] + 4) * np.exp(2 * A[0])))


def test_one_variable_as_two_arguments_and_captured() -> None:
    x = Variable(A)
    y = checkpoint(lambda a, b: a * a * b * x)(x, x)
    y.backward(grad=np.ones_like(A))
    assert_allclose(x.grad, 4 * A**3)


def test_what_needs_no_gradient_stays_as_it_is() -> None:
    assert checkpoint(lambda x: x * 2)(3.0) == 6.0
    assert type(checkpoint(F.exp)(A)) is np.ndarray
    y = checkpoint(F.exp)(Variable(A, requires_grad=False))
    assert (type(y), y.requires_grad) == (Variable, False)
    with ag.no_backprop_mode():
        assert not checkpoint(F.exp)(Variable(A)).requires_grad
    x, w = Variable(A), Variable(B, requires_grad=False)
    checkpoint(net)(x, w).backward(grad=np.ones((2, 4)))
    assert w.grad is None
    assert x.grad is not None
    y, n = checkpoint(lambda x: (x * 2, F.argmax(x)))(x)
    assert type(n) is np.ndarray


def test_only_what_is_wanted_is_computed() -> None:
    walked = []

    @ag.op
    def watched(x: Any, *, name: str) -> Any:
        return x * 1

    watched.vjps(x=lambda g, name: walked.append(name) or g)
    a, b = Variable(2.0), Variable(3.0)
    y = checkpoint(lambda a, b: watched(a, name="a") * watched(b, name="b"))(a, b)
    assert float(ag.grad(y, b)) == 2.0
    assert walked == ["b"]


def test_methods_and_callable_objects() -> None:
    class Layer:
        def __init__(self) -> None:
            self.w = Variable(B)

        @checkpoint
        def method(self, x: Any) -> Any:
            return net(x, self.w)

        def __call__(self, x: Any) -> Any:
            return net(x, self.w)

    layer = Layer()
    for f in (layer.method, checkpoint(layer)):
        layer.w.cleargrad()
        x = Variable(A)
        f(x).sum().backward()
        assert_allclose(layer.w.grad, ag.grad(net(Variable(A), w := Variable(B)).sum(), w))
    assert Layer.method.__name__ == "method"
    assert not hasattr(checkpoint(layer), "w")


# ------------------------------------------------------------------------------------------------------------------ what is captured


def test_captured_parameters() -> None:
    w, x = Variable(B), Variable(A)
    y = checkpoint(lambda x: net(x, w))(x)
    gx, gw = ag.grad(y.sum(), [x, w])
    expected = ag.grad(net(x, w).sum(), [x, w])
    assert_array_equal(gx, expected[0])
    assert_array_equal(gw, expected[1])
    # with arrays for arguments too
    assert_array_equal(ag.grad(checkpoint(lambda x: net(x, w))(A).sum(), w), gw)


def test_captured_results_of_one_another() -> None:
    """Gradients along each captured Variable are counted once, though one was made from the other."""

    def build(wrap: Callable[..., Any]) -> tuple[Variable, list[Variable]]:
        x = Variable(np.array([0.3, -0.2]))
        h = F.exp(x)
        k = h * h
        y = wrap(lambda a: a * h * k + x)(k + x)
        return (y * k).sum(), [x, h, k]

    for order in (1, 2, 3):
        found = []
        for wrap in (lambda f: f, checkpoint):
            y, variables = build(wrap)
            for _ in range(order - 1):
                y = (ag.grad(y, variables, create_graph=True)[0] ** 2).sum()
            found.append(ag.grad(y, variables))
        for a, b in zip(*found, strict=True):
            assert_allclose(a, b, rtol=1e-12)


def test_nothing_is_added_to_grads_on_the_way() -> None:
    w, x = Variable(B), Variable(A)
    y = checkpoint(lambda x: net(x, w))(x)
    ag.grad(y.sum(), x)
    assert (w.grad, x.grad) == (None, None)


def test_captured_by_an_inner_checkpoint() -> None:
    w, x = Variable(np.array([2.0])), Variable(np.array([3.0]))
    h = w * w
    inner = checkpoint(lambda x: x * h * w)
    outer = checkpoint(lambda x: inner(x) * h)
    gw, gx = ag.grad(outer(x).sum(), [w, x], create_graph=True)
    assert (gw.item(), gx.item()) == (5 * 2**4 * 3, 2**5)
    assert ag.grad(gw, [w, x])[0].item() == 20 * 2**3 * 3
    assert ag.grad(gw, [w, x])[1].item() == 5 * 2**4


def test_a_parameter_that_gets_its_shape_in_the_first_run() -> None:
    class Lazy:
        def __init__(self) -> None:
            self.w = Variable(np.zeros(0))
            self.is_ready = False

        def __call__(self, x: Any) -> Any:
            if not self.is_ready:
                self.w.array = B
                self.is_ready = True
            return net(x, self.w)

    layer = Lazy()
    checkpoint(layer)(A).sum().backward()
    assert_allclose(layer.w.grad, ag.grad(net(A, w := Variable(B)).sum(), w))


@pytest.mark.parametrize("with_dropout", [False, True])
def test_a_parameter_that_gets_random_values_in_the_first_run(with_dropout: bool) -> None:
    w = Variable(np.zeros(0))

    def f(x: Any) -> Any:
        if w.size == 0:
            w.array = get_generator().uniform((3,))
        return noisy(x * w) if with_dropout else x * w

    y = checkpoint(f)(np.ones(3)).sum()
    if with_dropout:
        with pytest.raises(
            RuntimeError,
            match=r"backward: when the checkpointed f ran again, it drew other random numbers than before \(a link that gets its shape",
        ):
            y.backward()
        y = checkpoint(f)(np.ones(3)).sum()
    y.backward()
    assert (w.grad is not None) and (with_dropout or w.grad.tolist() == [1.0, 1.0, 1.0])


def test_a_constant_made_in_the_run_is_none_of_its_inputs() -> None:
    x = Variable(A)
    y = checkpoint(lambda x: x * Variable(A + 1) + Variable(2.0))(x)
    y.backward(grad=np.ones_like(A))
    assert_allclose(x.grad, A + 1)
    assert len(walk([y])) == 3  # x, the call and its output
    y = checkpoint(lambda: Variable(2.0) * 3)()
    assert float(y) == 6.0
    assert [node.op.name for node in walk([y]) if node.op] == [
        "multiply"
    ]  # nothing for a second run to differentiate in


def test_a_captured_variable_as_an_output() -> None:
    x, w = Variable(A), Variable(A + 1)
    h = w * w

    def f(x: Any) -> Any:
        return x * h, h, w

    gx, gw = ag.grad([(a * (i + 1)).sum() for i, a in enumerate(checkpoint(f)(x))], [x, w], create_graph=True)
    assert_allclose(gx.array, h.array)
    assert_allclose(gw.array, 2 * A * w.array + 4 * w.array + 3)
    assert_allclose(ag.grad(gw.sum(), w), 2 * A + 4)


# ----------------------------------------------------------------------------------------------------------- the second run's surroundings


def noisy(x: Any) -> Any:
    mask = get_generator().bernoulli(x.shape, 0.5)
    return F.where(mask, x * x, 0.0 * x) * float(get_generator().uniform(()))


def test_random_numbers_are_those_of_the_first_run() -> None:
    x = Variable(np.ones(1000))
    xp.random.seed(0)
    y = checkpoint(noisy)(x)
    z = get_generator().uniform((3,))
    y.backward(grad=np.ones(1000))
    after = get_generator().uniform((3,))
    assert_array_equal(x.grad, 2 * y.array)
    # The stream goes on as if there had been no second run.
    xp.random.seed(0)
    noisy(x)
    assert_array_equal(get_generator().uniform((3,)), z)
    assert_array_equal(get_generator().uniform((3,)), after)


def test_random_numbers_in_second_order_and_in_one_another() -> None:
    x = Variable(np.ones(100))
    inner = checkpoint(noisy)
    xp.random.seed(1)
    y = checkpoint(lambda x: inner(x) * get_generator().bernoulli((100,), 0.5))(x)
    g = ag.grad(y.sum(), x, create_graph=True)
    assert_array_equal(g.array, 2 * y.array)
    assert_array_equal(ag.grad(g.sum(), x), 2 * y.array)


def test_in_recomputing_is_set_in_the_second_run_alone() -> None:
    seen: list[bool] = []
    count = [0]

    def f(x: Any) -> Any:
        seen.append(config.in_recomputing)
        if not config.in_recomputing:
            count[0] += 1
        return x * x

    x = Variable(2.0)
    y = checkpoint(f)(x)
    assert seen == [False]
    y.backward()
    assert seen == [False, True]
    ag.grad(ag.grad(checkpoint(f)(x), x, create_graph=True), x)
    assert (count, config.in_recomputing) == ([2], False)


def test_settings_are_those_of_the_first_run() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append((config.train, config.user_scale, config.enable_backprop, config.dtype))
        return x * config.user_scale if config.train else x

    def work() -> None:
        config.user_scale = 3.0  # the thread's
        x = Variable(2.0)
        with using_config("train", True), using_config("dtype", "float64"):
            y = checkpoint(f)(x)
        config.user_scale = 5.0
        config.train = False
        with ag.no_backprop_mode():
            y.backward()
        assert float(x.grad) == 3.0
        assert seen[0] == seen[1] == (True, 3.0, True, np.float64)
        assert (config.train, config.user_scale) == (False, 5.0)
        seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[-1] == "done"


def test_an_error_in_the_second_run_leaves_all_as_it_was() -> None:
    def f(x: Any) -> Any:
        get_generator().uniform((3,))
        if config.in_recomputing:
            raise KeyError("the second run")
        return x * x

    x = Variable(2.0)
    y = checkpoint(f)(x)
    state = get_generator().state
    with pytest.raises(KeyError, match="the second run"):
        y.backward()
    assert (get_generator().state, config.in_recomputing, x.grad) == (state, False, None)


# ------------------------------------------------------------------------------------------------------------------------------ memory


def test_results_in_between_are_not_kept(no_collector: None) -> None:
    kept: list[Any] = []

    def block(x: Any) -> Any:
        h = F.exp(x)
        kept.append(weakref.ref(h.array))
        return F.tanh(h)

    y = x = Variable(np.ones(100))
    for _ in range(5):
        y = checkpoint(block)(y)
    assert [ref() is None for ref in kept] == [True] * 5
    alive = []

    def probe(g: Any) -> Any:
        alive.append(sum(ref() is not None for ref in kept))
        return g

    @ag.op
    def watched(x: Any) -> Any:
        return x * 1

    watched.vjps(x=probe)
    y = x
    for _ in range(5):
        y = checkpoint(block)(watched(y))
    y.sum().backward()
    assert alive == [0] * 5  # each block's second run is over when the one before it is reached
    assert len(kept) == 15
    ref = weakref.ref(y.array)
    del y
    assert ref() is None


def test_the_second_run_is_released_on_the_way_back(no_collector: None) -> None:
    kept: list[Any] = []
    alive: list[list[bool]] = []

    @ag.op
    def watched(x: Any) -> Any:
        return x * 1

    def probe(g: Any) -> Any:
        alive.append([ref() is not None for ref in kept[-2:]])
        return g

    watched.vjps(x=probe)

    def f(x: Any) -> Any:
        before = F.exp(x)
        after = F.exp(watched(before))
        kept.extend([weakref.ref(before.array), weakref.ref(after.array)])
        return F.tanh(after)

    x = Variable(A)
    checkpoint(f)(x).sum().backward()
    assert alive == [[True, False]]


@pytest.mark.parametrize("order", [1, 2])
def test_no_cycles(order: int, no_collector: None) -> None:
    kept: list[Any] = []

    def f(x: Any, w: Any) -> Any:
        h = F.exp(x * w * captured)
        kept.extend([weakref.ref(h), weakref.ref(h.array)])
        return h, h * 2

    captured = Variable(A)
    x, w = Variable(A), Variable(A)
    a, b = checkpoint(f)(x, w)
    y = (a * b).sum()
    kept.extend([weakref.ref(a), weakref.ref(y.array)])
    g = ag.grad(y, [x, w, captured], create_graph=order > 1)
    if order > 1:
        (g[0] * g[1] * g[2]).sum().backward()
    del a, b, y, g
    assert [ref for ref in kept if ref() is not None] == []


def test_free_releases_the_arguments(no_collector: None) -> None:
    x = Variable(A)
    h = x * 2
    ref = weakref.ref(h.array)
    y = checkpoint(F.exp)(h).sum()
    del h
    assert ref() is not None
    y.backward(free=True)
    assert ref() is None
    with pytest.raises(
        RuntimeError, match=r"backward: the graph through \w+ was freed by backward\(free=True\); leave out free=True"
    ):
        y.backward()


def test_a_chain_of_blocks_deep_inside() -> None:
    def deep(x: Any) -> Any:
        for _ in range(20_000):
            x = x + 1
        return x

    x = Variable(np.ones(1))
    checkpoint(deep)(x).backward()
    assert x.grad.tolist() == [1.0]


# ------------------------------------------------------------------------------------------------------------------------------ errors


def test_freed() -> None:
    x = Variable(2.0)
    y = checkpoint(F.exp)(x)
    y.backward(free=True)
    with pytest.raises(RuntimeError, match="backward: the graph through exp was freed"):
        y.backward()


@pytest.mark.parametrize("which", ["argument", "captured"])
def test_an_update_in_between_is_found(which: str) -> None:
    x, w = Variable(A), Variable(A)
    y = checkpoint(lambda x: (x * w).sum())(x)
    changed = x if which == "argument" else w
    changed.array[...] = A
    changed.mark_updated()
    with pytest.raises(
        RuntimeError,
        match=r"backward: a Variable of shape \(2, 3\) was updated in place after the checkpointed <lambda> read it; run the forward",
    ):
        y.backward()
    assert x.grad is None


def test_a_function_that_reads_something_else_is_found() -> None:
    h = F.exp(Variable(A))

    def f() -> Any:
        return h * 2

    y = checkpoint(f)()
    h = F.exp(Variable(A))
    with pytest.raises(
        RuntimeError,
        match=r"backward: when the checkpointed f ran again, it read a Variable of shape \(2, 3\) that it had not read; "
        r"it must compute the same each time: give it what changes as an argument",
    ):
        y.sum().backward()


def test_a_function_that_reads_less_is_found() -> None:
    x, w = Variable(A), Variable(A)
    y = checkpoint(lambda x: x * 2 if config.in_recomputing else x * w)(x)
    with pytest.raises(
        RuntimeError,
        match=r"when the checkpointed <lambda> ran again, it did not read a Variable of shape \(2, 3\) that it had read",
    ):
        y.sum().backward()


def test_a_function_that_returns_something_else_is_found() -> None:
    x = Variable(A)
    y = checkpoint(lambda x: x[0] if config.in_recomputing else x)(x)
    with pytest.raises(
        RuntimeError,
        match=r"backward: when the checkpointed <lambda> ran again, it returned outputs of shapes \[\(3,\)\], \[\(2, 3\)\] before; "
        "it must compute the same each time",
    ):
        y.sum().backward()


def test_wrong_functions_and_results() -> None:
    with pytest.raises(TypeError, match="checkpoint: f is of type ndarray; expected a function, such as a link"):
        checkpoint(A)
    with pytest.raises(
        TypeError,
        match=r"object_of \(checkpointed\): its result\['y'\] is of type object; expected Variables, arrays and numbers, "
        "or dicts, lists and tuples of them",
    ):

        def object_of(x: Any) -> Any:
            return {"y": object()}

        checkpoint(object_of)(Variable(A))
