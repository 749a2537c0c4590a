"""What is done with a whole tree of links: replacing, freezing, printing, several devices."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp

Pair = collections.namedtuple("Pair", "left right")


class Net(nn.Chain):
    """Links in every place where one can be."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.a = L.Linear(3, 3)
            self.blocks = [L.Linear(3, 3), [L.Dropout(0.5)]]
            self.heads = {"x": L.Dropout(0.5), "y": Pair(L.Linear(3, 3), L.Dropout(0.5))}
            self.rest = nn.Sequential(L.Dropout(0.5), F.relu, L.Linear(3, 3), nn.ChainList(L.Dropout(0.5)))


def is_dropout(link: Any) -> bool:
    return isinstance(link, L.Dropout)


class TestReplace:
    def test_wherever_one_is(self) -> None:
        net = Net()
        kept = [link for link in net.links() if not is_dropout(link)]
        paths = [path for path, _ in net.namedlinks()]
        assert net.replace(is_dropout, lambda link: L.Dropout(link.ratio / 5)) is net
        assert [path for path, _ in net.namedlinks()] == paths
        assert [link.ratio for link in net.links() if is_dropout(link)] == [0.1] * 5
        assert [link for link in net.links() if not is_dropout(link)] == kept
        assert type(net.heads["y"]) is Pair
        assert net.rest[1] is F.relu
        assert (net.rest[0].name, net.heads["y"].right.name) == ("0", "heads/y/1")

    def test_wrapping(self) -> None:
        net = nn.Chain(a=L.Linear(3, 2))
        net.replace(lambda link: isinstance(link, L.Linear), lambda link: nn.Sequential(link, F.relu))
        assert [path for path, _ in net.namedparams()] == ["/a/0/W", "/a/0/b"]
        assert net.a[0].W.path == "/a/0/W"

    def test_one_in_two_places_is_replaced_by_one(self) -> None:
        shared = L.Linear(2, 2)
        net = nn.Chain(a=shared, b=nn.Chain(c=shared))
        net.replace(lambda link: link is shared, lambda link: L.Linear(2, 1))
        assert net.a is net.b.c is not shared

    def test_the_outermost(self) -> None:
        net, other = Net(), nn.Link()
        assert net.replace(lambda link: True, lambda link: other) is other
        assert net.a.in_size == 3

    def test_a_list_is_changed_itself(self) -> None:
        net = Net()
        blocks = net.blocks
        net.replace(lambda link: link is blocks[0], lambda link: L.Linear(3, 1))
        assert net.blocks is blocks
        assert blocks[0].out_size == 1

    @pytest.mark.parametrize("fails", [False, True])
    def test_an_error_changes_nothing(self, fails: bool) -> None:
        net = Net()
        before = list(net.links())
        made = iter([L.Dropout(0.1), F.relu])
        with pytest.raises(TypeError, match=r"Net.replace: fn made .*relu.* of a Dropout; expected a Link"):
            net.replace(is_dropout, lambda link: next(made))
        assert list(net.links()) == before


class Rule:
    enabled = True


class TestFreezing:
    def make(self) -> nn.Chain:
        net = nn.Chain(base=L.Linear(3, 2), head=L.Linear(2, 1))
        for p in net.params():
            p.update_rule = Rule()
        return net

    def frozen(self, net: nn.Link) -> list[str]:
        return [path for path, p in net.namedparams() if not p.update_rule.enabled]

    def test_by_path_and_by_parameter(self) -> None:
        net = self.make()
        net.disable_update(lambda path, p: path.startswith("/base/"))
        assert self.frozen(net) == ["/base/W", "/base/b"]
        net.enable_update(lambda path, p: len(p.shape) == 1)
        assert self.frozen(net) == ["/base/W"]
        net.enable_update()
        assert self.frozen(net) == []

    def test_nothing_chosen(self) -> None:
        net = self.make()
        with pytest.raises(
            ValueError,
            match=r"Chain.disable_update: where chooses no parameter; the paths are /base/W, /base/b, /head/W",
        ):
            net.disable_update(lambda path, p: path.startswith("base"))


class TestSummary:
    def test_tree(self) -> None:
        net = Net()
        net.rest[2].W.update_rule = Rule()
        net.rest[2].W.update_rule.enabled = False
        net.a = L.Linear(None, 3)
        net.blocks[0].W = nn.Parameter(np.zeros((3, 3), "float16"))
        assert (
            net.summary()
            == str(net)
            == (
                "Net                                                 39 parameters, and 1 without a shape yet\n"
                "├─ a: Linear            W (no shape yet), b (3,)     3\n"
                "├─ blocks/0: Linear     W (3, 3) float16, b (3,)    12\n"
                "├─ blocks/1/0: Dropout                               0\n"
                "├─ heads/x: Dropout                                  0\n"
                "├─ heads/y/0: Linear    W (3, 3), b (3,)            12\n"
                "├─ heads/y/1: Dropout                                0\n"
                "└─ rest: Sequential                                 12\n"
                "   ├─ 0: Dropout                                     0\n"
                "   ├─ relu\n"
                "   ├─ 1: Linear         W (3, 3) frozen, b (3,)     12\n"
                "   └─ 2: ChainList                                   0\n"
                "      └─ 0: Dropout                                  0"
            )
        )

    def test_a_link_in_two_places(self) -> None:
        shared = L.Linear(2, 1)
        lines = str(nn.Chain(a=shared, b=nn.Sequential(shared))).splitlines()
        assert lines[0].split() == ["Chain", "3", "parameters"]
        assert lines[3].split() == ["└─", "0:", "Linear", "(shown", "above)"]

    def test_a_ring(self) -> None:
        a, b = nn.Chain(), nn.Chain()
        a.add_link("b", b)
        b.add_link("a", a)
        assert str(a).splitlines()[2] == "   └─ a: Chain  (shown above)"

    def test_devices_where_there_are_several(self) -> None:
        net = nn.Sequential(L.Linear(2, 1), L.Linear(1, 1))
        assert "on " not in str(net)
        net[1].to_device("strict:device1")
        assert "W (2, 1), b (1,), on numpy" not in str(net)
        assert "W (1, 2), b (1,), on numpy" in str(net)
        assert "W (1, 1), b (1,), on strict:device1" in str(net)

    def test_one_line(self) -> None:
        assert repr(L.Linear(None, 2)) == "Linear(W=None, b=(2,))"
        assert repr(Net()) == (
            "Net(a=Linear, blocks/0=Linear, blocks/1/0=Dropout, heads/x=Dropout, heads/y/0=Linear, heads/y/1=Dropout, "
            "rest=Sequential)"
        )

    def test_within_its_own_init(self) -> None:
        class Early(nn.Link):
            def __init__(self) -> None:
                self.text = repr(self)
                super().__init__()

        assert Early().text == "Early(...)"

    def test_rich(self) -> None:
        rich = pytest.importorskip("rich.console")
        console = rich.Console(width=80, no_color=True)
        with console.capture() as captured:
            console.print(Net())
        lines = [line.rstrip() for line in captured.get().splitlines()]
        assert lines[0] == "Net  48"
        assert lines[1] == "├── a: Linear  W (3, 3), b (3,)  12"
        assert lines[-1] == "        └── 0: Dropout  0"


class TestSeveralDevices:
    class Split(nn.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.first = L.Linear(3, 4)
                self.second = L.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            h = F.tanh(self.first(x.to_device(self.first.device)))
            return self.second(h.to_device(self.second.device))

    def test_it_computes_and_differentiates_like_on_one(self) -> None:
        import catena.autograd as ag

        x = np.arange(6, dtype="float32").reshape(2, 3) / 6
        one = self.Split()
        split = one.copy("copy")
        split.first.to_device("strict:device1")
        split.second.to_device("numba")
        results = []
        for net in (one, split):
            y = net(ag.Variable(x))
            F.sum(F.square(y)).backward()
            results.append([np.asarray(xp.to_device(y.array, "numpy"))])
            results[-1] += [np.asarray(xp.to_device(p.grad, "numpy")) for p in net.params()]
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)
        assert [str(p.grad_var.device) for p in split.params()] == ["strict:device1"] * 2 + ["numba"] * 2

    def test_values_and_gradients_go_between_them(self) -> None:
        one, split = self.Split(), self.Split()
        split.first.to_device("strict:device1")
        for p in split.params():
            p.grad = xp.ones_like(p.array)
        one.copyparams(split)
        one.addgrads(split)
        assert {str(p.device) for p in one.params()} == {"numpy"}
        np.testing.assert_array_equal(one.first.W.array, np.asarray(xp.to_device(split.first.W.array, "numpy")))
        assert (one.first.W.grad == 1).all()

    def test_and_back_to_one(self) -> None:
        split = self.Split()
        split.first.to_device("strict:device1")
        split.to_device("numpy")
        assert {str(link.device) for link in split.links()} == {"numpy"}
