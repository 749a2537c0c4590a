from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import xparray as xp
from catena.nn import initializers as I

DEVICES = ["numpy", "numba", "strict:device1"]


def host(x):
    return np.asarray(xp.to_device(x, "numpy"))


@pytest.mark.parametrize(
    ("initializer", "shape", "expected"),
    [
        (2, (2,), [2.0, 2.0]),
        (0.5, 2, [0.5, 0.5]),
        (np.float64(3), (1,), [3.0]),
        (None, (2,), [np.nan, np.nan]),
        (I.One(), (2, 1), [[1.0], [1.0]]),
        (np.array([1, 2]), (2,), [1.0, 2.0]),
        (lambda a: a.fill(7), (2,), [7.0, 7.0]),
        (0.0, (), 0.0),
        (0.0, (0, 3), np.zeros((0, 3))),
    ],
)
def test_array_of_a_known_shape(initializer, shape, expected):
    p = nn.Parameter(initializer, shape)
    assert p.is_initialized
    assert p.dtype == np.float32
    assert p.grad is None
    np.testing.assert_array_equal(p.array, np.asarray(expected, "float32"))


def test_an_array_is_shared_and_keeps_its_dtype():
    x = np.arange(3.0)
    p = nn.Parameter(x)
    assert p.array is x
    assert p.dtype == np.float64
    assert p.initializer is None


def test_an_array_with_a_shape_is_copied_and_cast():
    x = np.arange(6.0).reshape(3, 2).T
    p = nn.Parameter(x, (2, 3))
    assert p.dtype == np.float32
    assert not np.shares_memory(p.array, x)


@pytest.mark.parametrize(
    ("dtype", "initializer", "expected"),
    [
        ("float64", 0.0, "float64"),
        (None, I.Zero("float16"), "float16"),
        ("float64", np.zeros(2, "float32"), "float64"),
        (None, 0, "float32"),
    ],
)
def test_dtype(dtype, initializer, expected):
    p = nn.Parameter(initializer, None if isinstance(initializer, np.ndarray) else (2,), dtype=dtype)
    assert p.dtype == np.dtype(expected)


def test_default_dtype_is_the_configs():
    with ag.using_config("dtype", "float64"):
        assert nn.Parameter(0.0, (2,)).dtype == np.float64


class TestWithoutShape:
    def test_it_has_no_array_and_no_gradient(self):
        p = nn.Parameter(0.5, name="W")
        assert (p.array, p.data, p.grad, p.is_initialized) == (None, None, None, False)
        assert repr(p) == "Parameter(no shape yet, name='W')"

    def test_initialize_makes_the_array(self):
        p = nn.Parameter(0.5)
        p.initialize((2, 3))
        assert p.is_initialized
        assert p.shape == (2, 3)
        assert p.grad is None
        (p.sum() * 2).backward()
        np.testing.assert_array_equal(p.grad, np.full((2, 3), 2, "float32"))

    @pytest.mark.parametrize(
        "use",
        [
            lambda p: p.shape,
            lambda p: p.dtype,
            lambda p: p + 1,
            lambda p: 1 - p,
            lambda p: p.sum(),
            lambda p: np.ones(3) @ p,
            lambda p: p.zerograd(),
            lambda p: len(p),
            lambda p: p.backward(),
        ],
    )
    def test_use_says_where_it_is(self, use):
        net = nn.Chain(l2=nn.Link(), l1=nn.Link(W=(1,)))
        net.l2.add_param("W")
        with pytest.raises(ValueError, match=r"parameter /l2/W has no shape yet: call the model once on an input"):
            use(net.l2.W)

    def test_alone_it_is_called_by_its_name(self):
        with pytest.raises(ValueError, match=r"parameter beta has no shape yet"):
            nn.Parameter(0, name="beta").sum()

    def test_other_attributes_are_missing_as_usual(self):
        assert not hasattr(nn.Parameter(0), "no_such_thing")
        with pytest.raises(AttributeError, match="'Parameter' object has no attribute 'no_such_thing'"):
            _ = nn.Parameter(0, (1,)).no_such_thing

    def test_assigning_an_array_gives_the_shape(self):
        p = nn.Parameter(0)
        p.array = np.ones(3)
        assert p.shape == (3,)
        assert p.requires_grad

    @pytest.mark.parametrize("device", DEVICES)
    def test_moved_before_it_has_a_shape(self, device):
        p = nn.Parameter(1.0)
        p.move_to(device)
        assert str(p.device) == device
        p.initialize((2,))
        assert str(p.device) == device
        assert str(xp.device_of(p.array)) == device


def test_initialize_again_draws_anew_and_keeps_dtype_and_device():
    p = nn.Parameter(I.Normal(), (50,), dtype="float64")
    p.move_to("strict:device1")
    before = host(p.array).copy()
    p.initialize((50,))
    assert not np.array_equal(host(p.array), before)
    assert host(p.array).dtype == np.float64
    assert str(p.device) == "strict:device1"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.Parameter([1.0, 2.0]), TypeError, r"initializer is \[1.0, 2.0\] \(list\); expected None, a number"),
        (lambda: nn.Parameter("zero", (2,)), TypeError, r"initializer is 'zero' \(str\)"),
        (lambda: nn.Parameter(0, (2, -1)), ValueError, r"shape is \(2, -1\); expected a length or a tuple of lengths"),
        (lambda: nn.Parameter(0, (2.0,)), ValueError, r"shape is \(2.0,\)"),
        (lambda: nn.Parameter(0).initialize("x"), ValueError, r"Parameter.initialize: shape is 'x'"),
        (lambda: nn.Parameter(np.ones(2), (3,)), ValueError, r"fill_value has shape \(2,\), the array to fill \(3,\)"),
        (lambda: nn.Parameter(np.ones(2)).initialize(2), ValueError, r"was made from an array and has no initializer"),
        (lambda: nn.Parameter(0, (2,)).move_to("nowhere"), ValueError, r"no such backend"),
        (lambda: nn.Parameter(0).move_to("nowhere"), ValueError, r"no such backend"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize("device", DEVICES)
def test_move_takes_the_gradient_along(device):
    p = nn.Parameter(1.0, (3,))
    (p * 2).sum().backward()
    p.move_to(device)
    assert str(p.device) == str(xp.device_of(p.grad)) == device
    np.testing.assert_array_equal(host(p.grad), [2, 2, 2])
    (p * 2).sum().backward()
    np.testing.assert_array_equal(host(p.grad), [4, 4, 4])


def test_to_device_records_and_leaves_it_where_it_is():
    p = nn.Parameter(1.0, (3,))
    moved = p.to_device("strict:device1")
    assert str(p.device) == "numpy"
    (moved * moved).sum().backward()
    np.testing.assert_array_equal(p.grad, [2, 2, 2])


def test_update_calls_the_rule_if_there_is_one():
    class Rule:
        def update(self, param):
            param.array -= 1

    p = nn.Parameter(1.0, (1,))
    p.update()
    assert p.array.item() == 1
    p.update_rule = Rule()
    p.update()
    assert p.array.item() == 0


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda p: pickle.loads(pickle.dumps(p)),
    "pickle protocol 0": lambda p: pickle.loads(pickle.dumps(p, 0)),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("shape", [(2, 3), None])
def test_copies_hold_values_and_no_gradient(how, shape):
    p = nn.Parameter(I.Normal(), shape, name="W")
    p.update_rule = object()
    if shape:
        p.sum().backward()
    q = COPIES[how](p)
    assert (q.name, q.grad, q.update_rule, q.is_initialized) == ("W", None, None, p.is_initialized)
    assert isinstance(q.initializer, I.Normal)
    if shape:
        np.testing.assert_array_equal(q.array, p.array)
        assert np.shares_memory(q.array, p.array) == (how == "copy")
        q.sum().backward()
        assert q.grad is not p.grad
        assert p.grad is not None


def test_deepcopy_on_another_device():
    p = nn.Parameter(1.0, (2,))
    p.move_to("strict:device2")
    q = copy.deepcopy(p)
    q.array[...] = xp.asarray(2.0, dtype="float32", device="strict:device2")
    assert str(q.device) == "strict:device2"
    np.testing.assert_array_equal(host(p.array), [1, 1])


def test_shared_copies_get_their_array_together():
    p = nn.Parameter(I.Normal())
    q = copy.copy(p)
    r = copy.copy(q)
    separate = copy.deepcopy(p)
    q.initialize((4,))
    assert p.array is q.array is r.array
    assert not separate.is_initialized


def test_a_shared_copy_on_another_device_gets_the_values_there():
    p = nn.Parameter(I.Normal())
    q = copy.copy(p)
    q.move_to("strict:device1")
    p.initialize((4,))
    assert str(q.device) == "strict:device1"
    np.testing.assert_array_equal(host(q.array), p.array)


def test_subclasses_keep_their_attributes():
    class Scaled(nn.Parameter):
        pass

    p = Scaled(0.0, (1,))
    p.factor = 3
    for q in (copy.copy(p), copy.deepcopy(p)):
        assert type(q) is Scaled
        assert q.factor == 3
