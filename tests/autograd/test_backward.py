"""The walk back: the documents' numbers, accumulation, cutting, seeds, whose memory a gradient is, and what stays alive."""

from __future__ import annotations

import gc
import itertools
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable, _op
from catena.autograd import functions as F
from catena.autograd._variable import variable

F32 = np.float32


# --------------------------------------------------------------------------------------------------------- the documents' numbers


def test_one_element_seeds_itself() -> None:
    x = Variable(np.array([5], F32))
    y = x**2 - 2 * x + 1
    assert y.array.tolist() == [16.0]
    assert y.dtype == F32
    y.backward()
    assert x.grad.tolist() == [8.0]
    assert x.grad.dtype == F32


def test_retain_grad_reaches_results_in_between() -> None:
    x = Variable(np.array([5], F32))
    z = 2 * x
    y = x**2 - z + 1
    y.backward()
    assert z.grad is None
    y.backward(retain_grad=True)
    assert z.grad.tolist() == [-1.0]
    assert x.grad.tolist() == [16.0]  # of two walks


def test_a_larger_output_begins_with_its_grad() -> None:
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]], F32))
    y = x**2 - 2 * x + 1
    y.grad = np.ones((2, 3), F32)
    y.backward()
    assert x.grad.tolist() == [[0, 2, 4], [6, 8, 10]]


def test_integers_have_gradients_in_the_default_dtype() -> None:
    x, y = Variable(np.array(1)), Variable(np.array(1))
    z = x**2 + 2 * x * y + y
    assert (int(z), z.dtype.kind) == (4, "i")
    z.backward()
    assert (float(x.grad), float(y.grad)) == (4.0, 3.0)
    assert x.grad.dtype == y.grad.dtype == F32
    with ag.using_config("dtype", "float64"):
        assert ag.grad(x * x, x).dtype == np.float64


def test_unchain_backward() -> None:
    x = Variable(np.ones(1))
    y = x * 2
    z = y * 3
    y.unchain_backward()
    z.backward()
    assert y.grad.tolist() == [3.0]
    assert x.grad is None
    assert z.array.tolist() == [6.0]


def test_several_losses_over_a_shared_trunk() -> None:
    x = Variable(np.array([1.0, 2.0]))
    trunk = F.exp(x)
    losses = [(trunk * k).sum() for k in (1.0, 2.0, 3.0)]
    for loss in losses:
        loss.backward()
    np.testing.assert_allclose(x.grad, 6 * np.exp([1.0, 2.0]))
    together = Variable(x.array)
    ag.backward([(F.exp(together) * k).sum() for k in (1.0, 2.0, 3.0)])
    np.testing.assert_allclose(together.grad, x.grad)


# ------------------------------------------------------------------------------------------------------------------- accumulation


def test_gradients_accumulate_until_cleared() -> None:
    x = Variable(np.ones(3, F32))
    for k in (1, 2, 3):
        (x * 2).sum().backward()
        assert x.grad.tolist() == [2.0 * k] * 3
    x.cleargrad()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_an_assigned_gradient_is_added_to_and_left_alone() -> None:
    x = Variable(np.ones(2))
    x.grad = given = np.full(2, 10.0)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [12.0, 12.0]
    assert given.tolist() == [10.0, 10.0]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + x, 2.0),
        (lambda x: x * x, 6.0),
        (lambda x: x * x * x, 27.0),
        (lambda x: (x + x) * (x - x), 0.0),
        (lambda x: F.concat([x, x, 2 * x]), 4.0),
        (lambda x: F.where(x > 0, x, x * x), 1.0),
    ],
)
def test_fan_out_sums(f: Callable[[Variable], Variable], expected: float) -> None:
    x = Variable(np.array([3.0]))
    f(x).sum().backward()
    assert x.grad.tolist() == [expected]


def test_diamonds_are_walked_once_each() -> None:
    # Node by node this graph has 40; path by path it has 2**40.
    x = y = Variable(np.array([1.0]))
    for _ in range(40):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_a_leaf_may_be_an_output() -> None:
    x = Variable(np.array([2.0]))
    x.backward()
    assert x.grad.tolist() == [1.0]
    assert float(ag.grad(x, x)[0]) == 1.0


# ------------------------------------------------------------------------------------------------------------------------- seeds


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda y, x: y.backward(),
            r"backward: an output of shape \(2, 3\) needs a gradient to begin with; sum it to one element, or give the gradient "
            r"\(y.grad = xp.ones_like\(y.array\), or grad_outputs=\)",
        ),
        (lambda y, x: ag.grad(y, x), r"grad: an output of shape \(2, 3\) needs a gradient to begin with"),
        (
            lambda y, x: y.backward(grad=np.ones(3)),
            r"backward: the gradient to begin with has shape \(3,\); expected \(2, 3\), the output's",
        ),
        (lambda y, x: ag.grad([y, y], x, [None]), r"grad: got 1 gradients for 2 outputs; give one an output"),
        (
            lambda y, x: ag.grad(Variable(1.0, requires_grad=False), x),
            r"grad: the output of shape \(\) depends on nothing",
        ),
        (
            lambda y, x: ag.grad(y.sum(), Variable(1.0, requires_grad=False)),
            r"grad: input 0 \(shape \(\)\) needs no gradient; make it with Variable\(array\)",
        ),
    ],
)
def test_errors(call: Callable[[Variable, Variable], Any], text: str) -> None:
    x = Variable(np.ones((2, 3)))
    with pytest.raises(ValueError, match=text):
        call(x * 2, x)
    assert x.grad is None


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_needs_no_seed(shape: tuple[int, ...]) -> None:
    x = Variable(np.ones(shape, F32))
    (x * 3).backward()
    assert x.grad.shape == shape
    assert x.grad.item() == 3.0


def test_the_seed_that_the_engine_made_is_nobody_elses() -> None:
    # Whoever is handed the 1 that a walk began with may write to it. (An unusual shape: were it shared, only this test should fail.)
    for _ in range(2):
        x = Variable(np.ones((1, 1, 1, 1, 1), np.float16))
        y = x * 3
        y.backward(retain_grad=True)
        assert (y.grad.item(), x.grad.item()) == (1.0, 3.0)
        y.grad[...] = 7.0
        g = ag.grad(y, y)
        assert g.item() == 1.0
        g[...] = 7.0


# -------------------------------------------------------------------------------------------------------------------------- grad()


def test_grad_leaves_every_grad_alone() -> None:
    x = Variable(np.ones(2))
    y = x * 2
    assert ag.grad(y.sum(), x).tolist() == [2.0, 2.0]
    assert x.grad is None
    assert y.grad is None


def test_grad_of_results_in_between() -> None:
    x = Variable(np.array([3.0]))
    h = x * x
    y = h * h
    gx, gh = ag.grad(y, [x, h])
    assert (gx.item(), gh.item()) == (108.0, 18.0)
    assert ag.grad(y, h).item() == 18.0


@pytest.mark.parametrize("device", ["numpy", "numba", "strict"])
def test_grad_of_a_result_in_between_is_an_array_where_it_lives(device: str) -> None:
    x = Variable(xp.asarray(3.0, device=device))
    h = x * x
    g = ag.grad(h * h, h)
    assert not isinstance(g, np.generic)
    assert str(xp.device_of(g)) == device
    (h * h).backward(retain_grad=True)
    assert str(xp.device_of(h.grad)) == device


def test_grad_of_several_outputs() -> None:
    x = Variable(np.array([1.0, 2.0]))
    g = ag.grad([x * 2, (x * x).sum()], x, [np.array([1.0, 10.0]), None])
    assert g.tolist() == [4.0, 24.0]


def test_grad_is_none_where_independent() -> None:
    x, other = Variable(np.ones(2)), Variable(np.ones(3))
    gx, none = ag.grad((x * 2).sum(), [x, other])
    assert gx.tolist() == [2.0, 2.0]
    assert none is None
    y = x * 2
    assert ag.grad(y.sum(), [x * 3]) == [None]


def test_grad_walks_only_what_lies_between() -> None:
    walked = []

    @ag.op
    def watched(x: Any) -> Any:
        return x * 1

    watched.vjps(x=lambda g: walked.append(1) or g)
    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    y = (watched(a) * b).sum()
    assert ag.grad(y, b).tolist() == [1.0, 1.0]
    assert not walked
    assert ag.grad(y, a).tolist() == [1.0, 1.0]
    assert walked


def test_orders() -> None:
    x = Variable(2.0)
    g: Any = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        g = ag.grad(g, x, create_graph=True)
        assert float(g) == expected


def test_backward_of_a_gradient() -> None:
    x = Variable(np.array([3.0]))
    (x**3).backward(create_graph=True)
    g = x.grad_var
    assert x.grad.tolist() == [27.0]
    x.cleargrad()
    g.backward()
    assert x.grad.tolist() == [18.0]


def test_gradients_of_both_kinds_accumulate() -> None:
    x = Variable(np.array([3.0]))
    (x**2).backward()
    (x**2).backward(create_graph=True)
    assert x.grad.tolist() == [12.0]
    assert ag.grad(x.grad_var, x).tolist() == [2.0]
    (x**2).backward()
    assert x.grad.tolist() == [18.0]


# ------------------------------------------------------------------------------------------------------------------ whose memory


@ag.op
def twins(a: Any, b: Any) -> Any:
    """2 (a + b^T): both gradients come from one product."""
    return 2 * (a + b.T)


@twins.vjp
def _(g: Any, *, needs: tuple[bool, ...]) -> list[Any]:
    twice = 2 * g
    return [twice, twice.T]


SHARING = {
    "add": lambda a, b: a + b,
    "add to itself": lambda a, b: a + a + b,
    "reshape": lambda a, b: a.reshape(-1) + b.flatten(),
    "transpose": lambda a, b: a.T + b.T,
    "broadcast": lambda a, b: a.sum() + F.broadcast_to(b, (3, 2, 2)),
    "concat": lambda a, b: F.concat([a, b, a]),
    "getitem": lambda a, b: a[:1] + b[1:],
    "split": lambda a, b: sum(F.split_axis(a, 2)) + b,
    "astype": lambda a, b: a.astype(np.float64) + b,
    "einsum": lambda a, b: F.einsum("ij->ji", a) + F.einsum("ij->ij", b),
    "one rule, two views": twins,
}


@pytest.mark.parametrize("device", ["numpy", "numba"])
@pytest.mark.parametrize("name", SHARING)
def test_a_leafs_gradient_is_its_own(name: str, device: str) -> None:
    a, b = (
        Variable(xp.asarray(np.array(v), device=device)) for v in ([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]])
    )
    arrays = [a.array.copy(), b.array.copy()]
    y = SHARING[name](a, b)
    g = xp.ones_like(y.array)
    expected = [xp.to_device(x, "numpy") + 0 for x in ag.grad(y, [a, b], g)]
    for _ in range(2):
        y.backward(grad=g)
        for v in (a, b):
            others = [g, a.array, b.array, y.array, (b if v is a else a).grad]
            assert not [o for o in others if np.may_share_memory(v.grad, o)]
            assert v.grad.flags.writeable
            assert (v.grad.dtype, v.grad.shape) == (v.dtype, v.shape)
            assert xp.device_of(v.grad) == v.device
    np.testing.assert_array_equal(a.grad, 2 * expected[0])
    np.testing.assert_array_equal(b.grad, 2 * expected[1])
    np.testing.assert_array_equal(a.array, arrays[0])
    np.testing.assert_array_equal(b.array, arrays[1])
    assert xp.to_device(g, "numpy").min() == xp.to_device(g, "numpy").max() == 1.0


def test_a_leaf_that_is_the_output_gets_its_own_gradient() -> None:
    x = Variable(np.ones(2))
    g = np.ones(2)
    x.backward(grad=g)
    assert not np.may_share_memory(x.grad, g)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("other", ["float16", "float32", "float64"])
def test_gradients_have_their_leafs_dtype(dtype: str, other: str) -> None:
    a, b = Variable(np.ones((2, 3), dtype)), Variable(np.ones(3, other))
    (a * b).sum().backward()
    assert (str(a.grad.dtype), str(b.grad.dtype)) == (dtype, other)


# ------------------------------------------------------------------------------------------------------ cutting, freeing, updating


def test_unchain_makes_a_leaf() -> None:
    x = Variable(np.ones(2))
    y = x * 2
    z = (y * 3).sum()
    y.unchain()
    z.backward()
    assert x.grad is None
    assert y.grad.tolist() == [3.0, 3.0]
    assert repr(y) == "Variable([2., 2.], float64)"


def test_unchain_backward_stops_at_nothing_and_crosses_deep_graphs() -> None:
    Variable(np.ones(1), requires_grad=False).unchain_backward()
    x = y = Variable(np.ones(1))
    for _ in range(10_000):
        y = y + 1
    y.unchain_backward()
    y.backward()
    assert x.grad is None
    assert y.grad.tolist() == [1.0]


def test_freed_graph_is_walked_once() -> None:
    x = Variable(np.ones(2))
    y = F.exp(x).sum()
    y.backward(free=True)
    np.testing.assert_allclose(x.grad, np.e)
    with pytest.raises(
        RuntimeError, match=r"the graph through \w+ was freed by backward\(free=True\); leave out free=True"
    ):
        y.backward()


def test_free_releases_what_was_kept() -> None:
    x = Variable(np.ones(1000))
    h = F.exp(x)
    kept = weakref.ref(h.array)
    y = F.tanh(h).sum()
    del h
    assert kept() is not None
    y.backward(free=True)
    assert kept() is None


@pytest.mark.parametrize("update", ["mark_updated", "array", "data", "copydata"])
def test_an_updated_parameter_is_not_read_as_if_it_were_the_old_one(update: str) -> None:
    x, w = Variable(np.ones(2)), Variable(np.ones(2))
    y = (x * w).sum()
    if update == "mark_updated":
        w.array[...] = 5.0
        w.mark_updated()
    elif update == "copydata":
        w.copydata(Variable(np.full(2, 5.0)))
    else:
        setattr(w, update, np.full(2, 5.0))
    with pytest.raises(
        RuntimeError,
        match=r"backward: input 1 of multiply .* was updated in place after multiply read it; run the forward",
    ):
        y.backward()
    assert x.grad is None
    (x * w).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_stale_inputs_may_warn() -> None:
    x, w = Variable(np.ones(2)), Variable(np.ones(2))
    y = (x * w).sum()
    w.array[...] = 5.0
    w.mark_updated()
    with (
        ag.using_config("stale_inputs", "warn"),
        pytest.warns(UserWarning, match=r"input 1 of multiply .* the gradient is computed with the new values"),
    ):
        y.backward()
    assert x.grad.tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match=r"config\.stale_inputs: got 'no'; expected 'raise' or 'warn'"):
        ag.using_config("stale_inputs", "no").__enter__()


def test_a_number_for_free_spares_what_was_recorded_before_it() -> None:
    x = Variable(np.ones(2))
    h = F.exp(x)
    y = F.exp(h).sum()
    assert y.node is not None
    y.backward(free=y.node.seq - 1)
    with pytest.raises(RuntimeError, match=r"was freed by backward\(free=True\)"):
        y.backward()
    x.cleargrad()
    h.sum().backward()
    assert x.grad.tolist() == h.array.tolist()


def test_an_updated_parameter_that_no_rule_reads_does_no_harm() -> None:
    x, w = Variable(np.ones(2)), Variable(np.ones(2))
    y = (x + w).sum()
    w.mark_updated()
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_only_leaves_are_updated() -> None:
    with pytest.raises(ValueError, match="this is the result of multiply; only a leaf may be updated in place"):
        (Variable(1.0) * 2).mark_updated()


# ---------------------------------------------------------------------------------------------------------------- depth and memory


def test_a_chain_of_100_000_nodes() -> None:
    x = y = Variable(np.ones(1))
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert (y.array.item(), x.grad.item()) == (100_001.0, 1.0)
    z = Variable(np.ones(1)) + y
    del y
    assert ag.grad(z, x).item() == 1.0
    del z  # the graph dies without recursion too


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def first_order(x: Variable) -> list[Any]:
    h = F.exp(x)
    parts = F.split_axis(h, 2)
    y = F.tanh(F.matmul(parts[0], parts[1].T)).sum()
    y.backward()
    return [h.array, y.array]


def second_order(x: Variable) -> list[Any]:
    h = F.exp(x)
    g = ag.grad((h * h).sum(), x, create_graph=True)
    (g * g).sum().backward()
    return [h.array, g.array]


def second_order_on_leaves(x: Variable) -> list[Any]:
    h = F.exp(x)
    y = (h * h * h).sum()
    y.backward(create_graph=True)
    g = x.grad_var
    x.cleargrad()
    (g * g).sum().backward()
    return [h.array, g.array]


def retained(x: Variable) -> list[Any]:
    h = F.exp(x)
    y = (h * h).sum()
    y.backward(retain_grad=True)
    return [h.array, h.grad]


def failed(x: Variable) -> list[Any]:
    h = F.exp(x)
    with pytest.raises(ValueError, match="needs a gradient to begin with"):
        (h * h).backward()
    return [h.array]


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "step", [first_order, second_order, second_order_on_leaves, retained, failed], ids=lambda f: f.__name__
)
def test_the_graph_dies_with_its_last_result(step: Callable[[Variable], list[Any]]) -> None:
    x = Variable(np.ones((4, 3)))
    references = [weakref.ref(array) for array in step(x)]
    x.cleargrad()
    assert [r() for r in references] == [None] * len(references)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("order", [1, 2])
def test_memory_stays_flat(order: int) -> None:
    w = Variable(np.ones((20, 20), F32))
    x = np.ones((10, 20), F32)

    def step() -> None:
        y = F.tanh(x @ w).mean()
        if order == 1:
            y.backward()
        else:
            g = ag.grad(y, w, create_graph=True)
            (y + (g * g).sum()).backward()
        w.array -= 0.01 * w.grad
        w.mark_updated()
        w.cleargrad()

    for _ in range(20):
        step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(1000 if order == 1 else 200):
        step()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000  # a leaked array a step would be 300,000 and more


def test_order_of_recording_does_not_matter_across_backwards() -> None:
    for order in itertools.permutations(range(3)):
        x = Variable(np.array([2.0]))
        h = x * x
        losses = [h * 2, F.exp(h), h * x]
        for i in order:
            losses[i].backward()
        np.testing.assert_allclose(x.grad, 2 * 4 + 4 * np.exp(4.0) + 12)


# --------------------------------------------------------------------------------------------------- several outputs, loss scaling


@pytest.mark.parametrize(
    ("outputs", "grad_outputs", "expected"),
    [
        (lambda x: F.sum(x * 2), None, [2.0, 2.0]),
        (lambda x: [F.sum(x * 2), F.sum(x * x)], None, [4.0, 6.0]),
        (lambda x: (x * 2, x * x), [np.array([1.0, 0.0]), np.array([0.0, 1.0])], [2.0, 4.0]),
        (lambda x: [x * 2, F.sum(x * x)], [np.array([10.0, 20.0]), None], [22.0, 44.0]),
        (lambda x: x * x, np.array([1.0, 10.0]), [2.0, 40.0]),
        (lambda x: [x, x * x], [np.ones(2), np.ones(2)], [3.0, 5.0]),
        (lambda x: F.split_axis(x * 3, 2), [np.array([1.0]), np.array([2.0])], [3.0, 6.0]),
    ],
)
def test_backward_of_several_outputs(outputs: Callable[[Variable], Any], grad_outputs: Any, expected: Any) -> None:
    x = Variable(np.array([1.0, 2.0]))
    ag.backward(outputs(x), grad_outputs)
    assert x.grad.tolist() == expected
    g = ag.grad(outputs(x), x, grad_outputs)
    assert g.tolist() == expected


def test_backward_of_many_outputs_takes_steps_in_proportion_to_their_number() -> None:
    def calls(n: int) -> int:
        """How many functions a backward calls, Python's and others'."""
        x = Variable(np.ones((n, 2)))
        y = F.sum(F.stack(F.unstack(x, axis=0), axis=0))
        count = 0

        def count_call(_frame: Any, event: str, _argument: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            y.backward()
        finally:
            sys.setprofile(None)
        return count

    calls(2)
    assert calls(160) < 4.2 * calls(40)


def test_loss_scaling_scales_every_gradient() -> None:
    x = Variable(np.array([1.0, 2.0], np.float16))
    y = x * 3
    loss = F.sum(y) * 1e-7
    loss.backward(retain_grad=True, loss_scale=1024.0)
    scaled = np.float16(1024) * np.float16(1e-7)
    np.testing.assert_array_equal(y.grad, [scaled, scaled])
    np.testing.assert_array_equal(x.grad, [3 * scaled, 3 * scaled])
    assert (x.grad.dtype, y.grad.dtype) == (np.float16, np.float16)
    other = Variable(np.array([1.0, 2.0], np.float16))
    ag.backward([other * 2], [np.ones(2, np.float16)], loss_scale=8)
    assert other.grad.tolist() == [16.0, 16.0]


def test_loss_scaling_under_create_graph() -> None:
    x = Variable(3.0)
    (x**3).backward(create_graph=True, loss_scale=2.0)
    assert float(x.grad) == 54.0
    assert float(ag.grad(x.grad_var, x)) == 36.0


# -------------------------------------------------------------------------------------------------------- what is cut in the middle


@pytest.mark.parametrize("create_graph", [False, True])
def test_one_of_several_outputs_may_be_cut_with_what_is_behind_it(create_graph: bool) -> None:
    x = Variable(np.array([1.0, 2.0]))
    a, b = F.split_axis(x * 2, 2)
    a.unchain_backward()
    F.sum(a * 5 + b * 3).backward(create_graph=create_graph)
    assert (x.grad, a.grad.tolist(), b.grad) == (None, [5.0], None)
    assert ag.grad(F.sum(b * 3), b, create_graph=create_graph).shape == (1,)


def test_a_cut_output_alone_is_a_leaf() -> None:
    x = Variable(np.array([1.0, 2.0]))
    a, b = F.split_axis(x, 2)
    a.unchain()
    (a * b).backward()
    assert (x.grad.tolist(), a.grad.tolist()) == ([0.0, 1.0], [2.0])


# -------------------------------------------------------------------------------------------------------------------- complex numbers


def test_a_step_against_the_gradient_descends() -> None:
    z = Variable(np.array([1 + 2j, -0.5j]))
    target = np.array([0.3 - 1j, 2.0 + 0j])

    def loss() -> Variable:
        d = F.exp(z * 0.5) - target
        return F.sum(F.real(d * F.conj(d)))

    values = []
    for _ in range(50):
        y = loss()
        z.cleargrad()
        y.backward()
        values.append(float(y))
        z.array -= 0.1 * z.grad
        z.mark_updated()
    assert np.all(np.diff(values) < 0)
    assert values[-1] < 0.1 * values[0]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda z: F.real(z), 1),
        (lambda z: F.imag(z), 1j),
        (lambda z: F.real(z * z), 2 * np.conj(1 + 2j)),
        (lambda z: F.real(F.conj(z) * z), 2 * (1 + 2j)),
        (lambda z: F.abs(z), (1 + 2j) / np.sqrt(5)),
        (lambda z: z.real * z.imag, 2 + 1j),
        (lambda z: F.real(z.conj() * (3 - 4j)), 3 - 4j),
    ],
)
@pytest.mark.parametrize("device", ["numpy", "strict"])
def test_the_gradient_of_a_complex_number_is_that_of_its_parts(
    f: Callable[[Any], Any], expected: complex, device: str
) -> None:
    z = Variable(xp.asarray(1 + 2j, device=device))
    f(z).backward()
    assert complex(z.grad) == pytest.approx(expected)
    assert complex(ag.grad(f(z), z, create_graph=True)) == pytest.approx(expected)


@pytest.mark.parametrize("device", ["numpy", "strict"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_real_leaf_of_complex_results_gets_a_real_gradient(device: str, create_graph: bool) -> None:
    x = Variable(xp.asarray([1.0, 2.0], device=device))
    y = F.sum(F.real(x * (3 + 4j)) + F.imag(x * 2j))
    y.backward(create_graph=create_graph)
    assert np.asarray(xp.to_device(x.grad, "numpy")).tolist() == [5.0, 5.0]
    assert str(x.grad.dtype).endswith("float64")


# ------------------------------------------------------------------------------------------------------------------- what a node costs


def test_a_node_takes_less_than_500_bytes() -> None:
    x = Variable(np.ones(1, F32))
    y = x + x
    count = 2000
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(count):
        y = y + x
    taken = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    assert 0 < taken <= 500


def test_a_first_order_backward_makes_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = Variable(np.ones((2, 3))), Variable(np.ones((3, 2)))
    y = F.sum(F.tanh(x @ w + 1) * F.reshape(x @ w, (2, 2))) + F.logsumexp(x) + F.max(F.concat([x, x]))
    made = []

    def count(frame: Any, event: str, arg: Any) -> None:
        if event == "call" and frame.f_code in (variable.__code__, Variable.__init__.__code__):
            made.append(frame)

    new_variable = _op.new_variable
    monkeypatch.setattr(_op, "new_variable", lambda: made.append(None) or new_variable())
    sys.setprofile(count)
    try:
        y.backward()
        assert not made
        Variable(1.0) + F.sum(x, axis=0)
    finally:
        sys.setprofile(None)
    assert len(made) == 3


def test_a_leaf_that_was_updated_elsewhere_does_no_harm() -> None:
    x, w, other = Variable(np.ones(2)), Variable(np.ones(2)), Variable(np.ones(2))
    y = F.sum(x * w)
    other.mark_updated()  # from here on the node of x * w is looked at
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0]
