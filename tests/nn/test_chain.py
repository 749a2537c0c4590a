from __future__ import annotations

import copy
import functools
import operator
import pickle

import numpy as np
import pytest

import catena.nn as nn


class Add(nn.Link):
    def __init__(self, n):
        super().__init__()
        with self.init_scope():
            self.n = nn.Parameter(float(n), ())

    def forward(self, x):
        return x + float(self.n.array)


def double(x):
    return 2 * x


def paths(link):
    return [path for path, _ in link.namedlinks(skipself=True)]


def numbers(items):
    return [float(item.n.array) if isinstance(item, Add) else item.__name__ for item in items]


class TestChain:
    def test_links_by_name(self):
        a, b = Add(1), Add(2)
        chain = nn.Chain(b=b, a=a)
        assert (chain.a, chain["b"]) == (a, b)
        assert paths(chain) == ["/b", "/a"]
        assert (a.name, b.name) == ("a", "b")

    def test_a_nested_child_by_its_path(self):
        chain = nn.Chain()
        with chain.init_scope():
            chain.blocks = [Add(1), {"x": Add(2)}]
        assert chain["blocks/1/x"] is chain.blocks[1]["x"]

    def test_deletion(self):
        chain = nn.Chain(a=Add(1), b=Add(2))
        del chain.a
        assert paths(chain) == ["/b"]
        assert not hasattr(chain, "a")
        chain.add_link("a", Add(3))
        assert paths(chain) == ["/b", "/a"]

    @pytest.mark.parametrize(
        ("call", "error", "text"),
        [
            (lambda c: c["c"], KeyError, r"Chain has no child link 'c'; there are: 'a', 'l'"),
            (lambda c: c["a/n"], KeyError, r"Chain has no child link 'a/n'"),
            (lambda c: c.add_link("a", Add(1)), ValueError, r"Chain.add_link: there is an attribute 'a' already"),
            (lambda c: c.add_link("x", nn.Parameter(0.0, ())), TypeError, r"x is .*\(Parameter\); expected a Link"),
            (lambda c: c.add_link("x/y", Add(1)), ValueError, r"'x/y' cannot name a parameter or link"),
        ],
    )
    def test_errors(self, call, error, text):
        chain = nn.Chain(a=Add(1), l=Add(2))
        with pytest.raises(error, match=text):
            call(chain)
        assert paths(chain) == ["/a", "/l"]


# name, what is done to a list [1, 2, 3] of items, for links and for any list
EDITS = {
    "append": lambda x, make: x.append(make(4)),
    "insert first": lambda x, make: x.insert(0, make(4)),
    "insert before last": lambda x, make: x.insert(-1, make(4)),
    "insert far": lambda x, make: x.insert(99, make(4)),
    "set": lambda x, make: operator.setitem(x, 1, make(4)),
    "set last": lambda x, make: operator.setitem(x, -1, make(4)),
    "set slice": lambda x, make: operator.setitem(x, slice(0, 2), [make(4)]),
    "set step": lambda x, make: operator.setitem(x, slice(0, 3, 2), [make(4), make(5)]),
    "delete": lambda x, make: operator.delitem(x, 0),
    "delete slice": lambda x, make: operator.delitem(x, slice(1, None)),
    "pop": lambda x, make: x.pop(),
    "pop first": lambda x, make: x.pop(0),
    "extend": lambda x, make: x.extend([make(4), make(5)]),
    "extend by itself": lambda x, make: x.extend(x),
    "reverse": lambda x, make: x.reverse(),
    "clear": lambda x, make: x.clear(),
    "remove": lambda x, make: x.remove(x[1]),
}


@pytest.mark.parametrize("kind", [nn.ChainList, nn.Sequential])
@pytest.mark.parametrize("edit", EDITS)
def test_edits_are_those_of_a_list(kind, edit):
    model = [1.0, 2.0, 3.0]
    items = kind(*map(Add, (1, 2, 3)))
    EDITS[edit](model, float)
    EDITS[edit](items, Add)
    assert numbers(items) == model
    assert len(items) == len(model)
    distinct = {id(x): x for x in items}
    if len(distinct) == len(items):
        assert paths(items) == [f"/{i}" for i in range(len(model))]
        assert [x.name for x in items] == [str(i) for i in range(len(model))]


class TestChainList:
    def test_access(self):
        a, b, c = links = [Add(1), Add(2), Add(3)]
        chain = nn.ChainList(*links)
        assert (len(chain), chain[0], chain[-1], chain[1:]) == (3, a, c, [b, c])
        assert list(chain) == links
        assert list(reversed(chain)) == links[::-1]
        assert b in chain
        assert (chain.index(c), chain.count(a)) == (2, 1)

    def test_add_link(self):
        chain = nn.ChainList()
        chain.add_link(Add(1))
        assert paths(chain) == ["/0"]

    def test_attributes_register_beside_the_items(self):
        chain = nn.ChainList(Add(1))
        with chain.init_scope():
            chain.scale = nn.Parameter(1.0, ())
            chain.extra = Add(2)
        assert [path for path, _ in chain.namedparams()] == ["/scale", "/extra/n", "/0/n"]

    @pytest.mark.parametrize(
        "call",
        [
            lambda c: c.append(double),
            lambda c: c.extend([Add(4), double]),
            lambda c: operator.setitem(c, 0, double),
            lambda c: operator.setitem(c, slice(0, 1), [Add(4), 3]),
            lambda c: c.add_link(double),
            lambda c: nn.ChainList(double),
        ],
    )
    def test_only_links(self, call):
        chain = nn.ChainList(Add(1), Add(2))
        with pytest.raises(TypeError, match=r"expected a Link"):
            call(chain)
        assert numbers(chain) == [1, 2]

    @pytest.mark.parametrize(
        "call", [lambda c: c[2], lambda c: operator.setitem(c, 2, Add(1)), lambda c: operator.delitem(c, 5)]
    )
    def test_no_such_item(self, call):
        with pytest.raises(IndexError):
            call(nn.ChainList(Add(1), Add(2)))


class TestSequential:
    def test_forward(self):
        assert nn.Sequential(Add(1), double, Add(3))(5) == 15

    @pytest.mark.parametrize(("x", "expected"), [((7,), 7), ((7, 8), (7, 8))])
    def test_of_nothing(self, x, expected):
        assert nn.Sequential()(*x) == expected

    def test_tuples_are_handed_on_as_arguments(self):
        assert nn.Sequential(divmod, lambda q, r: (r, q), operator.sub)(17, 5) == -1

    def test_names_count_the_links_alone(self):
        net = nn.Sequential(double, Add(1), double, nn.Sequential(double, Add(2)))
        assert paths(net) == ["/0", "/1", "/1/0"]

    def test_access(self):
        net = nn.Sequential(Add(1), double, Add(2))
        assert net[1] is double
        part = net[1:]
        assert type(part) is nn.Sequential
        assert numbers(part) == ["double", 2]
        assert net.index(double) == 1

    def test_it_can_do_what_a_list_can(self):
        layers = [Add(1), double, Add(2), double]
        net = nn.Sequential(*layers)
        assert list(net) == layers
        assert list(reversed(net)) == layers[::-1]
        assert double in net
        assert abs not in net
        assert (net.index(double, 2), net.index(double, 0, 2), net.count(double)) == (3, 1, 2)
        assert set(dir(list)) - {"copy", "sort", "__mul__", "__rmul__", "__imul__"} <= set(dir(nn.Sequential))
        net += [abs]
        assert net.pop() is abs
        assert net.pop(0) is layers[0]
        net.remove(double)
        net.reverse()
        assert list(net) == [double, layers[2]]
        with pytest.raises(ValueError):
            net.remove(abs)
        net.clear()
        assert len(net) == 0

    def test_adding(self):
        a, b = nn.Sequential(Add(1), double), nn.Sequential(Add(2))
        both = a + b
        assert numbers(both) == [1, "double", 2]
        assert len(a) == 2
        a += b
        assert numbers(a) == [1, "double", 2]
        with pytest.raises(TypeError, match="unsupported operand"):
            a + 3

    def test_by_type(self):
        net = nn.Sequential(Add(1), double, Add(2), double, functools.partial(double))
        assert (net.count_by_layer_type("Add"), net.count_by_layer_type("double"), net.count_by_layer_type("x")) == (
            2,
            2,
            0,
        )
        net.remove_by_layer_type("double")
        assert [type(layer).__name__ for layer in net] == ["Add", "Add", "partial"]
        net.remove_by_layer_type("Add")
        assert paths(net) == []

    def test_flatten(self):
        net = nn.Sequential(Add(1), nn.Sequential(double, nn.Sequential(Add(2))), nn.ChainList())
        flat = net.flatten()
        assert [type(layer).__name__ for layer in flat] == ["Add", "function", "Add", "ChainList"]
        assert len(net) == 3

    @pytest.mark.parametrize("mode", ["share", "copy", "init"])
    def test_copies_with_functions_inside(self, mode):
        net = nn.Sequential(Add(1), double, lambda x: x - 1, functools.partial(pow, 2), nn.Sequential(Add(5)))
        copied = net.copy(mode)
        assert type(copied) is nn.Sequential
        assert copied(1) == net(1) == 13
        assert paths(copied) == paths(net)
        assert copied[0] is not net[0]
        assert copied[4][0].n is not net[4][0].n
        copied.append(double)
        del copied[0]
        assert len(net) == 5
        assert (net[0].name, net[4].name, copied[3].name) == ("0", "1", "0")

    @pytest.mark.parametrize("how", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_pickles(self, how):
        net = how(nn.Sequential(Add(1), double, functools.partial(operator.add, 3)))
        assert net(1) == 7
        assert paths(net) == ["/0"]

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: nn.Sequential(3), r"Sequential: a layer is 3 \(int\); expected a link or another callable"),
            (lambda: nn.Sequential(double, None), r"a layer is None"),
            (lambda: nn.Sequential().append("relu"), r"a layer is 'relu' \(str\)"),
            (lambda: nn.Sequential().add_link(double), r"expected a Link"),
        ],
    )
    def test_errors(self, call, text):
        with pytest.raises(TypeError, match=text):
            call()

    def test_one_layer_in_two_places(self):
        layer = Add(1)
        net = nn.Sequential(layer, double, layer)
        assert net(1) == 5
        assert len(list(net.params())) == 1
        copied = net.copy("copy")
        assert copied[0] is copied[2]
        np.testing.assert_array_equal(copied[0].n.array, 1)
