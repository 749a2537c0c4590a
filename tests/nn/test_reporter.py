from __future__ import annotations

import gc
import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import catena.autograd as ag
import catena.nn as nn
import xparray as xp
from catena.nn.serializers import DictionaryDeserializer, DictionarySerializer


def test_without_a_reporter_nothing_happens():
    nn.report({"loss": 1.0})
    with pytest.raises(RuntimeError, match="get_current_reporter: no reporter is active here"):
        nn.get_current_reporter()


def test_names_come_from_observers():
    net = nn.Chain(predictor=nn.Chain(l1=nn.Link()))
    reporter = nn.Reporter()
    reporter.add_observer("main", net)
    reporter.add_observers("main", net.namedlinks(skipself=True))
    with reporter:
        nn.report({"loss": 1.0, "accuracy": 0.5}, net)
        nn.report({"norm": 2.0}, net.predictor.l1)
        nn.report({"lr": 0.1})
    assert reporter.observation == {
        "main/loss": 1.0,
        "main/accuracy": 0.5,
        "main/predictor/l1/norm": 2.0,
        "lr": 0.1,
    }


def test_an_unknown_observer_is_an_error_and_reports_nothing():
    reporter = nn.Reporter()
    with reporter, pytest.raises(KeyError, match="the observer, a Link, is not known to the reporter"):
        nn.report({"loss": 1.0}, nn.Link())
    assert reporter.observation == {}


def test_a_dead_observers_name_goes_to_no_other():
    reporter = nn.Reporter()
    for i in range(20):
        reporter.add_observer(f"gone{i}", nn.Link())
        gc.collect()
    with reporter, pytest.raises(KeyError):
        nn.report({"loss": 1.0}, nn.Link())


def test_the_innermost_reporter_receives():
    outer, inner = nn.Reporter(), nn.Reporter()
    with outer:
        with inner:
            assert nn.get_current_reporter() is inner
            nn.report({"x": 1.0})
        nn.report({"x": 2.0})
    assert (outer.observation, inner.observation) == ({"x": 2.0}, {"x": 1.0})


def test_scopes_nest_and_end_after_errors():
    reporter = nn.Reporter()
    a, b = {}, {}
    with reporter:
        with pytest.raises(ZeroDivisionError), reporter.scope(a):
            nn.report({"x": 1.0})
            with nn.report_scope(b):
                nn.report({"x": 2.0})
            raise ZeroDivisionError
        nn.report({"x": 3.0})
    assert (a, b, reporter.observation) == ({"x": 1.0}, {"x": 2.0}, {"x": 3.0})


def test_each_thread_has_its_own_reporters():
    seen = []
    with nn.Reporter():
        thread = threading.Thread(target=lambda: seen.append(nn.report({"x": 1.0})))
        thread.start()
        thread.join()
        assert nn.get_current_reporter().observation == {}
    assert seen == [None]


def test_variables_are_stored_without_their_graph():
    x = ag.Variable(np.ones((2, 3), "float32"))
    loss = (x * x).sum()
    observation = {}
    with nn.Reporter().scope(observation):
        nn.report({"loss": loss})
    assert type(observation["loss"]) is np.ndarray
    assert observation["loss"] == 6


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (0.5, 0.5),
        (True, 1),
        (np.float32(2), 2),
        (np.int64(3), 3),
        (np.array(4.0), 4),
        (np.array([[5.0]]), 5),
        (ag.Variable(np.array([6.0])), 6),
        (math.nan, math.nan),
    ],
)
@pytest.mark.parametrize("device", ["numpy", "strict:device1"])
def test_what_can_be_reported(value, expected, device):
    if isinstance(value, np.ndarray):
        value = xp.to_device(value, device)
    observation = {}
    with nn.Reporter().scope(observation):
        nn.report({"x": value})
    assert getattr(observation["x"], "shape", ()) == ()
    assert float(observation["x"]) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (np.ones((32, 10)), ValueError, r"report: loss has shape \(32, 10\); expected one element; reduce it first"),
        (np.ones(0), ValueError, r"loss has shape \(0,\)"),
        (ag.Variable(np.ones(2)), ValueError, r"loss has shape \(2,\)"),
        ("low", TypeError, r"loss is 'low' \(str\); expected a number"),
        (None, TypeError, r"loss is None \(NoneType\)"),
    ],
)
def test_what_cannot(value, error, text):
    observation = {}
    with nn.Reporter().scope(observation), pytest.raises(error, match=text):
        nn.report({"first": 1.0, "loss": value})
    assert observation == {}


weighted = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.125, 10)), min_size=1, max_size=20)


@given(weighted)
def test_summary_is_the_weighted_mean_and_deviation(pairs):
    summary = nn.Summary()
    for value, weight in pairs:
        summary.add(value, weight)
    values, weights = np.array(pairs).T
    mean = np.average(values, weights=weights)
    std = math.sqrt(np.average((values - mean) ** 2, weights=weights))
    assert summary.compute_mean() == pytest.approx(mean, abs=1e-9)
    assert summary.make_statistics()[1] == pytest.approx(std, abs=1e-4)


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
def test_summary_of_arrays_is_in_double_precision(device):
    summary = nn.Summary()
    tenth = xp.asarray(0.1, dtype="float32", device=device)
    for _ in range(3000):
        summary.add(tenth)
    assert summary.compute_mean() == pytest.approx(float(np.float32(0.1)), abs=1e-12)


def test_nan_is_not_hidden():
    summary = nn.Summary()
    summary.add(1.0)
    summary.add(math.nan)
    assert all(math.isnan(x) for x in summary.make_statistics())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s: s.compute_mean(), ValueError, "nothing was added"),
        (lambda s: s.make_statistics(), ValueError, "nothing was added"),
        (lambda s: s.add(1.0, -1), ValueError, r"weight is -1; expected a finite number from 0"),
        (lambda s: s.add(1.0, math.nan), ValueError, r"weight is nan"),
        (lambda s: s.add(np.ones(2)), ValueError, r"Summary.add: value has shape \(2,\)"),
    ],
)
def test_summary_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(nn.Summary())


def test_dict_summary_weights():
    summary = nn.DictSummary()
    summary.add({"loss": 1.0, "accuracy": (0.5, 1)}, weight=3)
    summary.add({"loss": (5.0, 1), "accuracy": 1.0})
    assert summary.compute_mean() == {"loss": 2.0, "accuracy": 0.75}
    assert summary.make_statistics() == {
        "loss": 2.0,
        "accuracy": 0.75,
        "loss.std": pytest.approx(math.sqrt(3)),
        "accuracy.std": 0.25,
    }


@pytest.mark.parametrize("bad", [np.ones(2), "text", (1.0, -1)])
def test_dict_summary_takes_all_or_nothing(bad):
    summary = nn.DictSummary()
    with pytest.raises((ValueError, TypeError)):
        summary.add({"good": 1.0, "bad": bad})
    assert summary.compute_mean() == {}


@pytest.mark.parametrize("device", ["numpy", "strict:device1"])
def test_summaries_are_saved_and_loaded(device):
    summary = nn.DictSummary()
    summary.add({"main/loss": xp.asarray(1.0, device=device), "lr": 0.1})
    summary.add({"main/loss": 3.0}, weight=2)
    written = DictionarySerializer()
    written.save(summary)
    assert sorted(written.target) == [
        "_names",
        *(f"_summaries/{i}/{k}" for i in (0, 1) for k in ("_n", "_x", "_x2")),
    ]
    other = nn.DictSummary()
    other.add({"something": 1.0})
    DictionaryDeserializer(written.target).load(other)
    assert other.compute_mean() == summary.compute_mean()
    assert other.make_statistics() == summary.make_statistics()


def test_a_summary_that_does_not_load_stays_as_it_was():
    summary, other = nn.DictSummary(), nn.DictSummary()
    summary.add({"a": 1.0, "b": 2.0})
    other.add({"b": 5.0, "c": 7.0})
    written = DictionarySerializer()
    written.save(summary)
    del written.target["_summaries/1/_n"]
    with pytest.raises(ValueError, match="missing: _summaries/1/_n"):
        DictionaryDeserializer(written.target).load(other)
    assert other.compute_mean() == {"b": 5.0, "c": 7.0}
