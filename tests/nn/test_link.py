from __future__ import annotations

import collections
import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import xparray as xp
from catena.nn import initializers as I

DEVICES = ["numpy", "numba", "strict:device1"]


def host(x):
    return np.asarray(xp.to_device(x, "numpy"))


class Affine(nn.Link):
    """W lazily shaped, b known, one persistent array and one number."""

    def __init__(self, n_out=2):
        super().__init__()
        self.n_out = n_out
        with self.init_scope():
            self.W = nn.Parameter(I.Normal())
            self.b = nn.Parameter(0.0, (n_out,))
        self.add_persistent("mean", np.zeros(n_out))
        self.add_persistent("N", 0)

    def forward(self, x):
        if not self.W.is_initialized:
            self.W.initialize((self.n_out, x.shape[1]))
        self.N += 1
        return x @ self.W.T + self.b


class Net(nn.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.first = Affine(3)
            self.blocks = [Affine(3), Affine(3)]
            self.heads = {"a": Affine(1), "b": (nn.Parameter(1.0, (1,)), Affine(2))}
            self.scale = nn.Parameter(1.0, ())

    def forward(self, x):
        for link in (self.first, *self.blocks):
            x = link(x)
        return self.heads["a"](x) * self.heads["b"][0] * self.scale, self.heads["b"][1](x)


PATHS = [
    "/scale",
    "/heads/b/0",
    "/first/W",
    "/first/b",
    "/blocks/0/W",
    "/blocks/0/b",
    "/blocks/1/W",
    "/blocks/1/b",
    "/heads/a/W",
    "/heads/a/b",
    "/heads/b/1/W",
    "/heads/b/1/b",
]


@pytest.fixture
def net():
    return Net()


@pytest.fixture
def ready():
    net = Net()
    net(np.ones((2, 4), "float32"))
    return net


class TestRegistration:
    def test_order_is_that_of_registration_own_parameters_first(self, net):
        assert sorted(path for path, _ in net.namedparams()) == sorted(PATHS)
        own = [path for path, _ in net.namedparams() if path in ("/scale", "/heads/b/0")]
        rest = [path for path, _ in net.namedparams() if path not in own]
        assert [path for path, _ in net.namedparams()] == own + rest
        assert rest == [p for p in PATHS if p not in own]

    def test_links_and_children(self, net):
        paths = ["/", "/first", "/blocks/0", "/blocks/1", "/heads/a", "/heads/b/1"]
        assert [path for path, _ in net.namedlinks()] == paths
        assert [path for path, _ in net.namedlinks(skipself=True)] == paths[1:]
        assert next(net.links()) is net
        assert list(net.children()) == [net.first, *net.blocks, net.heads["a"], net.heads["b"][1]]

    def test_names(self, net):
        assert (net.name, net.first.name, net.first.W.name, net.blocks[1].name) == (None, "first", "W", "blocks/1")

    def test_uninitialised_can_be_left_out(self, net):
        assert all(not p.is_initialized for path, p in net.namedparams() if path.endswith("/W"))
        assert not [path for path, _ in net.namedparams(include_uninit=False) if path.endswith("/W")]
        assert len(list(net.params(include_uninit=False))) == 7

    def test_persistents(self, net):
        assert [path for path, _ in net.first.namedpersistents()] == ["/mean", "/N"]
        assert "/heads/b/1/mean" in dict(net.namedpersistents())

    def test_outside_of_the_scope_attributes_are_plain(self, net):
        net.loss = ag.Variable(np.ones(2))
        net.extra = nn.Link(W=(1,))
        net.more = [nn.Link(W=(1,))]
        net.param = nn.Parameter(0.0, (1,))
        assert sorted(path for path, _ in net.namedparams()) == sorted(PATHS)

    def test_inside_only_parameters_and_links_count(self):
        link = nn.Link()
        with link.init_scope():
            assert link.within_init_scope
            link.v = ag.Variable(np.ones(2))
            link.words = ["a", "b"]
            link.table = {(1, 2): 3}
            link.size = (3, 3)
            link.nothing = None
        assert not link.within_init_scope
        assert list(link.params()) == list(link.children()) == []
        assert link.words == ["a", "b"]

    def test_lists_and_dicts_may_be_filled_later(self):
        net = nn.Chain()
        with net.init_scope():
            net.layers = []
            net.table = {}
        net.layers.append(nn.Link(W=(1,)))
        net.table["x"] = [None, nn.Link(b=(1,))]
        assert [path for path, _ in net.namedparams()] == ["/layers/0/W", "/table/x/1/b"]

    def test_a_registered_name_can_be_given_another_link_anywhere(self, net):
        net.first = nn.Link(V=(1,))
        assert next(p for p in dict(net.namedparams()) if p.startswith("/first")) == "/first/V"
        assert [path for path, _ in net.namedlinks()][1] == "/first"

    def test_and_is_forgotten_when_given_something_else(self, net):
        net.first = None
        del net.blocks
        assert [path for path, _ in net.namedlinks()] == ["/", "/heads/a", "/heads/b/1"]

    def test_a_deleted_persistent_is_forgotten(self):
        link = Affine()
        del link.mean
        assert [path for path, _ in link.namedpersistents()] == ["/N"]

    def test_what_is_reachable_twice_counts_once(self):
        shared = nn.Link(W=(2,))
        net = nn.Chain(a=shared, b=shared, c=nn.Chain(d=shared))
        with net.init_scope():
            net.alias = shared.W
        assert [path for path, _ in net.namedparams()] == ["/alias"]
        assert [path for path, _ in net.namedlinks(skipself=True)] == ["/a", "/c"]
        assert net.count_params() == 2

    def test_a_ring_of_links_is_walked_once(self):
        a, b = nn.Chain(), nn.Chain()
        a.add_link("b", b)
        b.add_link("a", a)
        assert [path for path, _ in a.namedlinks()] == ["/", "/b"]

    def test_scopes_end_after_errors_and_nest(self):
        link = nn.Link()
        with pytest.raises(ZeroDivisionError), link.init_scope():
            raise ZeroDivisionError
        assert not link.within_init_scope
        with link.init_scope():
            with link.init_scope():
                pass
            assert link.within_init_scope

    def test_named_tuples_and_ordered_dicts(self):
        Pair = collections.namedtuple("Pair", "left right")
        net = nn.Chain()
        with net.init_scope():
            net.pair = Pair(nn.Link(W=(1,)), nn.Link(W=(2,)))
            net.stages = collections.OrderedDict(z=nn.Link(W=(3,)), a=nn.Link(W=(4,)))
        assert [p.shape for p in net.params()] == [(1,), (2,), (3,), (4,)]
        copied = net.copy()
        assert copied.pair.left.W.array is net.pair.left.W.array
        assert type(copied.stages) is collections.OrderedDict
        assert [path for path, _ in copied.namedparams()] == [path for path, _ in net.namedparams()]


class Late(nn.Link):
    def __init__(self):
        with self.init_scope():
            pass


class Later(nn.Link):
    def __init__(self):
        self.a = nn.Link()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (Late, RuntimeError, r"Late.init_scope: call super\(\).__init__\(\) first"),
        (
            lambda: list(Later().params()),
            RuntimeError,
            r"^Later: Link.__init__ was not called; begin its __init__ with super\(\).__init__\(\)$",
        ),
        (lambda: Later().add_persistent("n", 1), RuntimeError, r"^Later: Link.__init__ was not called"),
        (lambda: Affine().add_param("W"), ValueError, r"Affine.add_param: there is an attribute 'W' already"),
        (
            lambda: Affine().add_persistent("N", 1),
            ValueError,
            r"Affine.add_persistent: there is an attribute 'N' already",
        ),
        (lambda: nn.Link().add_param("a/b"), ValueError, r"'a/b' cannot name a parameter or link"),
        (lambda: nn.Link().add_param(""), ValueError, r"'' cannot name"),
        (lambda: nn.Link(params=(1,)), ValueError, r"'params' is an attribute of the class"),
        (lambda: nn.Chain(copy=nn.Link()), ValueError, r"'copy' is an attribute of the class"),
        (lambda: Affine().add_link("forward", nn.Link()), AttributeError, "add_link"),
        (lambda: nn.Chain(a=1), TypeError, r"Chain: a is 1 \(int\); expected a Link"),
        (lambda: nn.Link().add_persistent("p", [1]), TypeError, r"'p' is \[1\] \(list\); expected an array, number"),
        (
            lambda: nn.Link().add_persistent("p", ag.Variable(np.ones(1))),
            TypeError,
            r"\(Variable\); expected an array, number, string or None; pass its array, v.array",
        ),
        (lambda: nn.Link().register_persistent("p"), ValueError, r"there is no attribute 'p'; set it first, or use"),
        (lambda: Affine().register_persistent("W"), TypeError, r"'W' is Parameter"),
        (lambda: nn.Link()(1), TypeError, r"Link cannot be called: define forward\(self, ...\) in it"),
        (lambda: Affine().copy("deep"), ValueError, r"mode is 'deep'; expected 'share', 'copy' or 'init'"),
        (lambda: Affine().repeat(-1), ValueError, r"n_repeat is -1; expected a number from 0"),
        (lambda: Affine().to_device("nowhere"), ValueError, r"no such backend"),
        (lambda: Affine().to_device("strict:moon"), ValueError, r"strict:moon"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("value", [[1], object()])
def test_a_refused_name_leaves_no_trace(value):
    net = nn.Chain()
    with net.init_scope(), pytest.raises(ValueError, match="expected a string without '/'"):
        net.table = {("a", 1): nn.Link(W=(1,))}
    with net.init_scope(), pytest.raises(ValueError, match="'me' holds the link itself"):
        net.me = [net]
    assert not hasattr(net, "table")
    assert not hasattr(net, "me")
    assert [path for path, _ in net.namedlinks()] == ["/"]


def test_register_persistent():
    link = nn.Link()
    link.t = 3
    link.register_persistent("t")
    link.register_persistent("t")
    assert list(link.namedpersistents()) == [("/t", 3)]


def test_params_of_the_constructor_hold_nan_until_filled():
    link = nn.Link(W=(2, 3), b=2)
    assert (link.W.shape, link.b.shape) == ((2, 3), (2,))
    assert np.isnan(link.W.array).all()


def test_call_overridden_by_a_program():
    class Double(nn.Link):
        def __call__(self, x):
            return 2 * x

    assert Double()(3) == 6


class TestLazyShapes:
    def test_the_path_is_the_whole_way(self, net):
        outer = nn.Chain(model=net)
        with pytest.raises(ValueError, match=r"parameter /model/heads/b/1/W has no shape yet"):
            net.heads["b"][1].W.sum()
        net.first(np.ones((1, 2), "float32"))
        assert net.first.W.path == "/model/first/W"
        del outer
        gc.collect()
        assert net.first.W.path == "/first/W"

    def test_the_way_of_what_came_later_into_a_list(self):
        net = nn.Chain()
        with net.init_scope():
            net.layers = []
        net.layers.append(Affine())
        list(net.params())
        assert net.layers[0].W.path == "/layers/0/W"

    def test_count_params_names_those_without(self, net, ready):
        with pytest.raises(
            ValueError,
            match=r"Net.count_params: no shape yet for /first/W, /blocks/0/W, .*: call the model once on an input",
        ):
            net.count_params()
        assert ready.count_params() == sum(p.array.size for p in ready.params())
        assert ready.first.count_params() == 3 * 4 + 3

    def test_gradients(self, net):
        net.zerograds()
        assert net.first.W.grad is None
        net.cleargrads()
        a, b = net(np.ones((2, 4), "float32"))
        (a.sum() + b.sum()).backward()
        assert all(p.grad is not None for p in net.params())
        net.cleargrads()
        assert all(p.grad is None for p in net.params())

    def test_zerograds(self, ready):
        ready.zerograds()
        assert all((p.grad == 0).all() and p.grad.shape == p.shape for p in ready.params())


def states(link):
    params = {path: None if p.array is None else host(p.array) for path, p in link.namedparams()}
    return {**params, **{path: host(v) if hasattr(v, "shape") else v for path, v in link.namedpersistents()}}


def assert_same(a, b):
    assert list(a) == list(b)
    for path in a:
        np.testing.assert_array_equal(a[path], b[path], err_msg=path)


COPIES = {
    "share": lambda x: x.copy(),
    "copy": lambda x: x.copy("copy"),
    "init": lambda x: x.copy("init"),
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("started", [False, True])
class TestCopies:
    def make(self, how, started):
        net = Net()
        if started:
            a, b = net(np.ones((2, 4), "float32"))
            (a.sum() + b.sum()).backward()
        for p in net.params():
            p.update_rule = object()
        before = states(net)
        copied = COPIES[how](net)
        assert_same(states(net), before)
        return net, copied

    def test_structure(self, how, started):
        net, copied = self.make(how, started)
        assert type(copied) is Net
        assert copied.name is None
        assert [path for path, _ in copied.namedlinks()] == [path for path, _ in net.namedlinks()]
        assert [path for path, _ in copied.namedparams()] == [path for path, _ in net.namedparams()]
        assert not {id(x) for x in net.links()} & {id(x) for x in copied.links()}
        assert not {id(x) for x in net.params()} & {id(x) for x in copied.params()}

    def test_values(self, how, started):
        net, copied = self.make(how, started)
        if how != "init":
            assert_same(states(copied), states(net))
        for p, q in zip(net.params(), copied.params(), strict=True):
            assert q.is_initialized == p.is_initialized
            if p.is_initialized:
                assert np.shares_memory(p.array, q.array) == (how == "share")
        assert np.shares_memory(net.first.mean, copied.first.mean) == (how == "share")

    def test_no_gradients_and_no_rules(self, how, started):
        net, copied = self.make(how, started)
        assert all(q.grad is None and q.update_rule is None for q in copied.params())
        assert all(p.update_rule is not None for p in net.params())
        assert (net.first.W.grad is not None) == started

    def test_paths(self, how, started):
        net, copied = self.make(how, started)
        assert copied.blocks[1].W.path == net.blocks[1].W.path == "/blocks/1/W"
        copied.first = nn.Link(V=(1,))
        assert net.first.W.path == "/first/W"

    def test_they_register_apart(self, how, started):
        net, copied = self.make(how, started)
        with copied.init_scope():
            copied.other = nn.Parameter(0.0, (1,))
            copied.blocks.append(Affine())
        copied.first.add_persistent("t", 1)
        assert sorted(path for path, _ in net.namedparams()) == sorted(PATHS)
        assert [path for path, _ in net.first.namedpersistents()] == ["/mean", "/N"]

    def test_lazy_shapes(self, how, started):
        net, copied = self.make(how, started)
        copied(np.ones((2, 4), "float32"))
        assert net.first.W.is_initialized == (started or how == "share")
        if how == "share":
            assert_same(
                {path: p.array for path, p in net.namedparams()}, {path: p.array for path, p in copied.namedparams()}
            )

    def test_numbers_are_apart(self, how, started):
        net, copied = self.make(how, started)
        n = net.first.N
        copied(np.ones((2, 4), "float32"))
        assert (net.first.N, copied.first.N) == (n, n + 1)


def test_init_draws_anew_what_has_an_initializer():
    link = nn.Link()
    with link.init_scope():
        link.W = nn.Parameter(I.Normal(), (30,), dtype="float64")
        link.b = nn.Parameter(2.0, (3,))
        link.given = nn.Parameter(np.arange(3.0))
    link.b.array[...] = 5
    copied = link.copy("init")
    assert not np.array_equal(copied.W.array, link.W.array)
    assert copied.W.dtype == np.float64
    np.testing.assert_array_equal(copied.b.array, [2, 2, 2])
    np.testing.assert_array_equal(copied.given.array, link.given.array)


@pytest.mark.parametrize("mode", ["share", "copy", "init"])
@pytest.mark.parametrize("device", DEVICES)
def test_copies_stay_on_their_device(mode, device):
    link = Affine()
    link.W.initialize((2, 2))
    copied = link.to_device(device).copy(mode)
    assert {str(p.device) for p in copied.params()} == {device}
    assert str(xp.device_of(copied.mean)) == device


@pytest.mark.parametrize("mode", ["share", "copy", "init"])
def test_what_was_tied_stays_tied(mode):
    shared = nn.Link(W=(2,))
    net = nn.Chain(a=shared, b=nn.Chain(c=shared))
    with net.init_scope():
        net.alias = [shared.W]
    copied = net.copy(mode)
    assert copied.a is copied.b.c
    assert copied.a.W is copied.alias[0]
    assert copied.a is not shared


def test_a_link_that_keeps_functions():
    link = nn.Link(W=(2,))
    link.activation = lambda x: x
    assert link.copy().activation is link.activation
    assert link.copy("copy").activation is link.activation


@pytest.mark.parametrize("how", COPIES)
def test_a_link_that_keeps_its_last_loss(how):
    link = nn.Link(W=(2,))
    link.W.array[...] = 1
    loss = link.W * 1
    for _ in range(2000):
        loss = loss * 1
    link.loss = loss.sum()
    link.states = [loss]
    copied = COPIES[how](link)
    assert copied.loss.array == 2
    link.loss.backward()
    np.testing.assert_array_equal(link.W.grad, [1, 1])
    assert copied.W.grad is None


@pytest.mark.parametrize("mode", ["share", "copy", "init"])
def test_repeat(mode):
    link = Affine()
    link.W.initialize((2, 2))
    net = link.repeat(3, mode)
    assert type(net) is nn.Sequential
    assert [path for path, _ in net.namedlinks(skipself=True)] == ["/0", "/1", "/2"]
    arrays = [layer.W.array for layer in net]
    assert all((x is link.W.array) == (mode == "share") for x in arrays)
    assert np.array_equal(arrays[0], arrays[1]) == (mode != "init")
    assert len({id(layer) for layer in (*net, link)}) == 4
    assert len(link.repeat(0)) == 0


class TestCopyparams:
    def test_values_arrive_and_stay_apart(self, net, ready):
        ready.first.mean += 7
        net.copyparams(ready)
        assert_same(states(net), states(ready))
        ready.first.W.array[...] = 0
        ready.first.mean += 1
        assert net.first.W.array.any()
        assert net.first.mean[0] == 7

    def test_persistents_may_be_left_out(self, net, ready):
        ready.first.N = 5
        net.copyparams(ready, copy_persistent=False)
        assert net.first.N == 0

    @pytest.mark.parametrize("device", DEVICES)
    def test_from_one_device_to_another(self, net, ready, device):
        net.to_device(device)
        net.copyparams(ready)
        assert_same(states(net), states(ready))
        assert {str(p.device) for p in net.params()} == {device}
        net.copyparams(ready)
        ready.copyparams(net)
        assert {str(p.device) for p in ready.params()} == {"numpy"}

    def test_both_without_shape(self, net):
        net.copyparams(Net())
        assert not net.first.W.is_initialized

    def test_the_source_may_have_more(self, ready):
        part = nn.Chain(first=Affine(3))
        part.copyparams(ready)
        np.testing.assert_array_equal(part.first.W.array, ready.first.W.array)

    def test_a_graph_that_read_the_old_values_is_stale(self, ready):
        loss = (ready.first.W * ready.first.W).sum()
        ready.copyparams(ready.copy("copy"))
        with pytest.raises(RuntimeError, match="was updated in place"):
            loss.backward()

    @pytest.mark.parametrize(
        ("other", "text"),
        [
            (lambda: nn.Chain(first=Affine(3)), r"/scale is missing"),
            (Net, r"/first/W has no shape yet"),
            (lambda: wider(), r"/first/W is \(3, 5\), \(3, 4\) expected"),
            (lambda: longer_mean(), r"/first/mean is \(4,\), \(3,\) expected"),
            (lambda: without_mean(), r"/first/mean is missing"),
        ],
    )
    def test_a_mismatch_changes_nothing(self, ready, other, text):
        before = {k: copy.deepcopy(v) for k, v in states(ready).items()}
        with pytest.raises(ValueError, match=text):
            ready.copyparams(other())
        assert_same(states(ready), before)


def wider():
    net = Net()
    net(np.ones((2, 5), "float32"))
    return net


def longer_mean():
    net = Net()
    net(np.ones((2, 4), "float32"))
    net.first.mean = np.zeros(4)
    return net


def without_mean():
    net = Net()
    net(np.ones((2, 4), "float32"))
    del net.first.mean
    return net


class TestAddgrads:
    def test_sums(self):
        a, b, c = (nn.Chain(l=nn.Link(V=(2,), W=(2,), X=(2,))) for _ in range(3))
        a.l.V.grad = np.full(2, 1, "float32")
        b.l.V.grad = np.full(2, 2, "float32")
        b.l.W.grad = np.full(2, 3, "float32")
        a.addgrads(b)
        a.addgrads(c)
        np.testing.assert_array_equal(a.l.V.grad, [3, 3])
        np.testing.assert_array_equal(a.l.W.grad, [3, 3])
        assert a.l.X.grad is None
        assert not np.shares_memory(a.l.W.grad, b.l.W.grad)

    def test_from_another_device(self):
        a, b = nn.Link(W=(2,)), nn.Link(W=(2,))
        b.W.grad = np.ones(2, "float32")
        b.to_device("strict:device1")
        a.addgrads(b)
        np.testing.assert_array_equal(a.W.grad, [1, 1])

    def test_mismatch(self):
        a, b = nn.Link(W=(2,)), nn.Link(W=(3,))
        with pytest.raises(ValueError, match=r"Link.addgrads: Link does not match, nothing was changed: /W is \(3,\)"):
            a.addgrads(b)


class Rule:
    enabled = True


def test_update_switches():
    net = nn.Chain(a=nn.Link(W=(1,)), b=nn.Link(W=(1,)))
    net.disable_update()
    assert not net.update_enabled
    for p in net.params():
        p.update_rule = Rule()
    assert net.update_enabled
    net.a.disable_update()
    assert (net.update_enabled, net.a.update_enabled, net.b.update_enabled) == (True, False, True)
    net.disable_update()
    assert not net.update_enabled
    net.enable_update()
    assert net.a.update_enabled


class TestDevices:
    @pytest.mark.parametrize("device", DEVICES)
    def test_to_device_moves_everything_and_returns_the_link(self, ready, device):
        before = states(ready)
        assert ready.to_device(device) is ready
        assert str(ready.device) == device
        assert {str(p.device) for p in ready.params()} == {device}
        assert str(xp.device_of(ready.first.mean)) == device
        assert ready.xp is xp.array_namespace(xp.zeros(1, device=device))
        assert_same(states(ready), before)
        assert ready.first.N == 1

    def test_parameters_without_shape_follow(self, net):
        net.to_device("strict:device1")
        net.first.W.initialize((3, 4))
        assert str(net.first.W.device) == "strict:device1"

    def test_one_chain_on_two_devices(self, ready):
        ready.first.to_device("strict:device1")
        ready.blocks[0].to_device("numba")
        assert [str(link.device) for link in (ready.first, *ready.blocks)] == ["strict:device1", "numba", "numpy"]

    @pytest.mark.parametrize(
        ("link", "expected"),
        [(lambda: nn.Link(), "numpy"), (lambda: nn.Chain(a=nn.Link()).to_device("numba"), "numba")],
    )
    def test_a_link_without_arrays_has_one_too(self, link, expected):
        assert str(link().device) == expected

    def test_persistent_arrays_tell_as_well(self):
        link = nn.Link()
        link.add_persistent("x", xp.zeros(2, device="strict:device1"))
        assert str(link.device) == "strict:device1"

    def test_a_device_that_does_not_exist_moves_nothing(self, ready):
        with pytest.raises(ValueError, match="no such backend"):
            ready.to_device("tpu:0")
        assert str(ready.device) == "numpy"

    def test_a_dtype_that_the_device_does_not_have_moves_nothing(self, ready):
        ready.blocks[1].b.array = np.zeros(3, "float16")
        with pytest.raises(TypeError, match="float16"):
            ready.to_device("strict:device1")
        assert {str(p.device) for p in ready.params()} == {"numpy"}
        assert str(xp.device_of(ready.first.mean)) == "numpy"


def test_no_cycles():
    gc.collect()
    gc.disable()
    try:
        net = nn.Chain(a=Affine(), b=nn.Sequential(Affine(), Affine()))
        net.a(np.ones((1, 2), "float32"))
        net.copy()
        refs = [weakref.ref(x) for x in (net, net.a, net.b[0], net.a.W)]
        del net
        assert [ref() for ref in refs] == [None] * 4
    finally:
        gc.enable()
