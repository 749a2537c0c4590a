"""Hooks around the calls of links: when they run, and the weights that some of them compute."""

from __future__ import annotations

import copy
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.link_hooks as H
import catena.nn.links as L
import xparray as xp
from catena.autograd.testing import arrays, calls, check_cycles, check_op
from catena.nn.serializers import load_npz, save_npz
from catena.nn.testing import LinkCase

GOLDEN = json.loads((Path(__file__).parent / "golden" / "link_hooks.json").read_text())
WEIGHT_HOOKS = [H.SpectralNormalization, H.WeightNormalization, H.WeightStandardization]
x = np.array([[1.0, -2.0, 0.5], [0.25, 1.0, 3.0]], "float32")


class Noted(nn.LinkHook):
    def __init__(self, name: str, notes: list[str], fails: str = "") -> None:
        self.name, self.notes, self.fails = name, notes, fails

    def note(self, what: str) -> None:
        self.notes.append(f"{self.name} {what}")
        if self.fails == what:
            raise ZeroDivisionError

    def added(self, link: Any) -> None:
        self.note(f"added {type(link).__name__}")

    def deleted(self, link: Any) -> None:
        self.note(f"deleted {type(link).__name__}")

    def forward_preprocess(self, args: Any) -> None:
        self.note("before")

    def forward_postprocess(self, args: Any) -> None:
        self.note("after")

    def forward_failed(self, args: Any) -> None:
        self.note("failed")


class Double(nn.Link):
    def forward(self, x: Any, fail: bool = False) -> Any:
        if fail:
            raise ValueError("asked for")
        return 2 * x


class TestHooks:
    def test_when_they_run(self) -> None:
        notes: list[str] = []
        link = Double().add_hook(Noted("own", notes))
        with Noted("outer", notes), Noted("inner", notes):
            assert link(1) == 2
        link.delete_hook("own")
        link(1)
        assert notes == [
            *["own added Double", "outer added NoneType", "inner added NoneType"],
            *["outer before", "inner before", "own before", "own after", "inner after", "outer after"],
            *["inner deleted NoneType", "outer deleted NoneType", "own deleted Double"],
        ]

    def test_what_they_are_told(self) -> None:
        seen = []

        class Look(nn.LinkHook):
            def forward_preprocess(self, args: Any) -> None:
                seen.append(args)

            forward_postprocess = forward_preprocess

        link = Double()
        with Look():
            link(3, fail=False)
        assert seen == [
            (link, "forward", (3,), {"fail": False}, None),
            (link, "forward", (3,), {"fail": False}, 6),
        ]

    def test_links_within_links(self) -> None:
        notes: list[str] = []
        net = nn.Sequential(Double(), Double())
        net[1].add_hook(Noted("own", notes))
        assert net(1) == 4
        assert notes == ["own added Double", "own before", "own after"]

    def test_the_links_own_takes_the_place_of_one_around(self) -> None:
        notes: list[str] = []
        link = Double().add_hook(nn.LinkHook(), name="a")
        with Noted("a", notes):
            link(1)
        assert notes == ["a added NoneType", "a deleted NoneType"]

    @pytest.mark.parametrize(
        ("fails", "ran"),
        [
            ("", ["a before", "b before", "b failed", "a failed"]),
            ("before", ["a before", "b before", "a failed"]),
        ],
    )
    def test_a_call_that_fails(self, fails: str, ran: list[str]) -> None:
        notes: list[str] = []
        link = Double().add_hook(Noted("a", notes)).add_hook(Noted("b", notes, fails))
        del notes[:]
        with pytest.raises((ValueError, ZeroDivisionError)):
            link(1, fail=True)
        assert notes == ran

    def test_a_hook_that_fails_at_the_end(self) -> None:
        notes: list[str] = []
        link = Double().add_hook(Noted("a", notes)).add_hook(Noted("b", notes, "after"))
        del notes[:]
        with pytest.raises(ZeroDivisionError):
            link(1)
        assert notes == ["a before", "b before", "b after", "a failed"]

    def test_a_hook_that_refuses_a_link_is_not_there(self) -> None:
        link = Double()
        with pytest.raises(ZeroDivisionError):
            link.add_hook(Noted("a", [], "added Double"))
        assert link.local_link_hooks == {}

    @pytest.mark.parametrize("how", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: x.copy()])
    def test_copies_have_them_too(self, how: Any) -> None:
        link = L.Linear(3, 2).add_hook(H.WeightStandardization())
        copied = how(link)
        np.testing.assert_array_equal(copied(x).array, link(x).array)
        copied.delete_hook("WeightStandardization")
        assert list(link.local_link_hooks) == ["WeightStandardization"]

    @pytest.mark.parametrize(
        ("call", "error", "text"),
        [
            (lambda: Double().add_hook(3), TypeError, r"Double.add_hook: got 3 \(int\); expected a LinkHook, such as"),
            (lambda: Double().add_hook(ag.TimerHook()), TypeError, r"\(TimerHook\); expected a LinkHook"),
            (
                lambda: Double().add_hook(nn.LinkHook()).add_hook(nn.LinkHook()),
                KeyError,
                r"there is a hook 'LinkHook' already; give another name: add_hook\(hook, name=...\)",
            ),
            (lambda: Double().delete_hook("a"), KeyError, r"Double.delete_hook: there is no hook 'a'; there are: none"),
            (lambda: twice(), KeyError, r"hook 'LinkHook': one of this name is at work here already"),
            (
                lambda: H.SpectralNormalization().__enter__(),
                TypeError,
                r"works on one link, not on a block; use link.add_",
            ),
            (
                lambda: L.Bias(1, (2,)).add_hook(H.WeightNormalization()),
                ValueError,
                r"WeightNormalization: Bias has no parameter 'W'; its parameters are 'b'; pass weight_name",
            ),
            (lambda: H.SpectralNormalization(0), ValueError, r"n_power_iteration is 0; expected a number from 1"),
            (
                lambda: L.Linear(3, 2).add_hook(H.SpectralNormalization()).add_hook(H.SpectralNormalization(), "b"),
                ValueError,
                r"there is an attribute 'W_u' already",
            ),
        ],
    )
    def test_errors(self, call: Any, error: type[Exception], text: str) -> None:
        with pytest.raises(error, match=text):
            call()


def twice() -> None:
    with nn.LinkHook(), nn.LinkHook():
        pass


class TestTimer:
    def test_links_and_those_within(self) -> None:
        net = nn.Sequential(Double(), nn.Sequential(Double()))
        with H.TimerHook() as timer:
            net(1)
        assert [name for name, _ in timer.call_history] == ["Double", "Double", "Sequential", "Sequential"]
        assert {name: n["occurrence"] for name, n in timer.summary().items()} == {"Double": 2, "Sequential": 2}
        assert timer.total_time() == timer.call_history[-1][1] > 0

    def test_report(self) -> None:
        timer, file = H.TimerHook(), io.StringIO()
        link = Double().add_hook(timer)
        link(1)
        with pytest.raises(ValueError, match="asked for"):
            link(1, fail=True)
        timer.print_report("ms", file)
        header, line = file.getvalue().splitlines()
        assert header.split() == ["link", "elapsed", "time", "calls"]
        assert (line.split()[0], line.split()[-2:]) == ("Double", ["ms", "1"])
        assert timer.total_time() == timer.call_history[0][1]


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['hook']}-{case['link']}-{case['options']}")
def test_values_and_gradients_are_chainers(case: dict[str, Any], device: str) -> None:
    link = getattr(L, case["link"])(*case["sizes"], initialW=np.array(case["W"]))
    link.add_hook(getattr(H, case["hook"])(**case["options"])).to_device(device)
    if "u" in case:
        link.W_u[...] = xp.asarray(np.array(case["u"], "float32"), device=device)
    inputs = xp.asarray(np.array(case["x"], "float32"), device=device)
    for expected in case["calls"]:
        with ag.using_config("train", expected["train"]):
            y = link(inputs)
        link.cleargrads()
        F.sum(F.square(y)).backward()
        found = {"y": y.array, **{path: p.grad for path, p in link.namedparams() if path in expected["grads"]}}
        wanted = {"y": expected["y"], **expected["grads"]}
        if "u" in case:
            found["u"], wanted["u"] = link.W_u, expected["W_u"]
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            host = np.asarray(xp.to_device(found[key], "numpy"))
            np.testing.assert_allclose(host, value, rtol=2e-4, atol=2e-4, err_msg=key)


@pytest.mark.parametrize("hook", WEIGHT_HOOKS)
class TestWeights:
    def test_the_parameter_stays_the_links_own(self, hook: type) -> None:
        link = L.Linear(3, 2)
        own, before = link.W, link.W.array.copy()
        link.add_hook(hook())
        F.sum(link(x)).backward()
        assert link.W is own
        assert own.grad is not None
        np.testing.assert_array_equal(own.array, before)
        link.delete_hook(hook.name)
        assert [path for path, _ in link.namedparams()] == ["/W", "/b"]
        assert list(link.namedpersistents()) == []

    def test_also_after_an_error(self, hook: type) -> None:
        link = L.Linear(3, 2).add_hook(hook())
        own = link.W
        for _ in range(2):
            with pytest.raises(ValueError, match="has 5 features"):
                link(np.ones((2, 5), "float32"))
            assert link.W is own

    def test_a_shape_that_is_still_to_come(self, hook: type) -> None:
        xp.random.seed(0)
        known = L.Linear(3, 2)
        xp.random.seed(0)
        link = L.Linear(None, 2).add_hook(hook())
        assert not link.W.is_initialized
        with nn.LinkHook():
            y = link(x)
        assert y.shape == (2, 2)
        np.testing.assert_array_equal(link.W.array, known.W.array)
        if hook is H.SpectralNormalization:
            known.add_hook(hook()).W_u[...] = 1
            link.W_u[...] = 1
        else:
            known.add_hook(hook())
        np.testing.assert_array_equal(link(x).array, known(x).array)

    def test_files(self, hook: type) -> None:
        link, file = L.Linear(3, 2).add_hook(hook()), io.BytesIO()
        link(x)
        save_npz(file, link)
        for other in (L.Linear(3, 2), L.Linear(None, 2)):
            load_npz(file, other.add_hook(hook()))
            with ag.using_config("train", False):
                np.testing.assert_array_equal(other(x).array, link(x).array)

    def test_an_unused_link_comes_back_too(self, hook: type) -> None:
        file = io.BytesIO()
        save_npz(file, L.Linear(None, 2).add_hook(hook()))
        link = L.Linear(None, 2).add_hook(hook())
        load_npz(file, link)
        assert link(x).shape == (2, 2)

    def test_on_another_device(self, hook: type) -> None:
        link = L.Linear(3, 2).add_hook(hook())
        with ag.using_config("train", False):
            y = link(x)
            link.to_device("strict:device1")
            there = link(xp.to_device(x, "strict:device1"))
        assert str(there.device) == "strict:device1"
        np.testing.assert_allclose(np.asarray(xp.to_device(there.array, "numpy")), y.array, rtol=1e-5)

    def test_other_links(self, hook: type) -> None:
        embed = L.EmbedID(4, 3).add_hook(hook())
        assert embed(np.array([0, 3])).shape == (2, 3)
        for link in (L.Deconvolution1D(2, 3, 3), L.ConvolutionND(1, 2, 3, 3)):
            link.add_hook(hook())
            F.sum(link(np.ones((1, 2, 5), "float32"))).backward()
            assert link.W.grad.shape == link.W.shape


def normalized(hook: Any) -> type[nn.Link]:
    class Normalized(L.Linear):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.add_hook(hook())

    return Normalized


@pytest.mark.parametrize("hook", [H.WeightNormalization, H.WeightStandardization])
def test_gradients_of_every_order(hook: Any) -> None:
    check_op(normalized(hook), LinkCase(calls(arrays(shape=(4, 3)), link=calls(3, 2)), tolerance=16), examples=5)


def test_second_order_through_the_spectral_norm() -> None:
    # The formula with u and v as constants, written out.
    link = L.Linear(3, 2, initialW=np.array([[1.0, 2.0, -1.0], [0.5, 0.25, 3.0]])).add_hook(H.SpectralNormalization(2))
    results = []
    for hooked in (True, False):
        if hooked:
            y = link(x)
        else:
            u, v = link._W_vectors
            y = F.linear(x, link.W / F.matmul(F.matmul(u, link.W), v), link.b)
        (g,) = ag.grad([F.sum(y**3)], [link.W], create_graph=True)
        (gg,) = ag.grad([F.sum(g**2)], [link.W])
        results.append((y.array, g.array, gg))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_greatest_singular_value_becomes_1() -> None:
    link = L.Convolution2D(3, 4, 3).add_hook(H.SpectralNormalization(100))
    with ag.using_config("train", False):
        W = link.local_link_hooks["SpectralNormalization"].computed(link, link.W).array
    assert np.linalg.svd(W.reshape(4, -1))[1][0] == pytest.approx(1, rel=1e-4)


def test_gamma_begins_as_the_greatest_singular_value() -> None:
    link = L.Linear(None, 2).add_hook(H.SpectralNormalization(use_gamma=True))
    link(x)
    assert link.gamma.array == pytest.approx(np.linalg.svd(link.W.array)[1][0])
    assert [path for path, _ in link.namedparams()] == ["/W", "/b", "/gamma"]


def test_u_is_kept_in_training_only() -> None:
    link = L.Linear(3, 2).add_hook(H.SpectralNormalization())
    before = link.W_u.copy()
    with ag.using_config("train", False):
        link(x)
    np.testing.assert_array_equal(link.W_u, before)
    link(x)
    assert (link.W_u != before).any()


@pytest.mark.parametrize("train", [True, False])
def test_a_checkpointed_call_runs_twice_with_the_same_weight(train: bool) -> None:
    link = L.Linear(3, 2).add_hook(H.SpectralNormalization())
    start = link.W_u.copy()
    grads = []
    with ag.using_config("train", train):
        for run in (link, ag.checkpoint(link)):
            link.W_u[...] = start
            link.cleargrads()
            F.sum(run(ag.Variable(x)) ** 2).backward()
            grads.append((link.W.grad, link.W_u.copy()))
    for plain, checkpointed in zip(*grads, strict=True):
        np.testing.assert_array_equal(plain, checkpointed)


def test_weight_normalization_changes_nothing_at_first() -> None:
    for link, shape in ((L.Linear(3, 2), (2, 3)), (L.Deconvolution2D(3, 2, 3), (1, 3, 4, 4))):
        data = np.ones(shape, "float32")
        before = link(data).array
        np.testing.assert_allclose(link.add_hook(H.WeightNormalization())(data).array, before, rtol=1e-5, atol=1e-6)
        assert link.W_g.shape == (2,)


def test_two_weight_hooks_on_one_link() -> None:
    link = L.Linear(3, 2).add_hook(H.WeightStandardization()).add_hook(H.SpectralNormalization(50))
    own = link.W
    y = link(np.eye(3, dtype="float32")).array.T
    assert link.W is own
    assert np.linalg.svd(y)[1][0] == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-6)


@pytest.mark.parametrize("hook", [lambda: H.SpectralNormalization(use_gamma=True), H.WeightNormalization])
def test_copies_that_begin_anew_take_their_scale_from_the_new_weights(hook: Any) -> None:
    xp.random.seed(0)
    link = L.Linear(30, 20).add_hook(hook())
    for copied in link.repeat(2):
        W = copied.W.array
        assert (W != link.W.array).any()
        if hook is H.WeightNormalization:
            np.testing.assert_allclose(copied.W_g.array, np.linalg.norm(W, axis=1), rtol=1e-5)
        else:
            assert copied.gamma.array == pytest.approx(np.linalg.svd(W)[1][0])


@pytest.mark.parametrize("hook", WEIGHT_HOOKS)
def test_no_cycles(hook: Any) -> None:
    check_cycles(normalized(hook), LinkCase(calls(arrays(shape=(4, 3)), link=calls(3, 2))))


@pytest.mark.parametrize("hook", WEIGHT_HOOKS)
def test_without_a_graph(hook: Any) -> None:
    link = L.Linear(None, 2).add_hook(hook())
    with ag.no_backprop_mode(), ag.using_config("train", False):
        y = link(x)
        assert y.node is None
        np.testing.assert_array_equal(link(x).array, y.array)


def test_the_tree_names_them() -> None:
    assert str(L.Linear(3, 2).add_hook(H.WeightStandardization())).startswith(
        "Linear + WeightStandardization  W (2, 3)"
    )
