"""Schedules and value triggers: what Chainer does, what happens on a resume, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
from catena.nn.serializers import DictionaryDeserializer, DictionarySerializer
from catena.training import extensions, optimizers, triggers

GOLDEN = json.loads((Path(__file__).parent / "golden" / "schedules.json").read_text())
VALUES = [3.0, 2.0, 4.0, 1.0, 5.0, 0.5, 0.5, 7.0, 6.0, 0.25, 9.0, 0.125]


def optimizer_of(lr: float = 1.0) -> Any:
    return optimizers.SGD(lr=lr).setup(nn.Link(W=(2,)))


def trainer_of(optimizer: Any) -> Any:
    return SimpleNamespace(updater=SimpleNamespace(get_optimizer=lambda name: {"main": optimizer}[name]))


def trainer_at(i: int, observation: dict[str, Any], elapsed: float = 0.0) -> Any:
    updater = SimpleNamespace(iteration=i, epoch=i // 4, epoch_detail=i / 4, previous_epoch_detail=(i - 1) / 4)
    return SimpleNamespace(updater=updater, observation=observation, elapsed_time=elapsed)


def saved(obj: Any) -> dict[str, Any]:
    serializer = DictionarySerializer()
    serializer.save(obj)
    return serializer.target


# ------------------------------------------------------------------------------------------------- shifts


def ids(cases: list[Any]) -> list[str]:
    return [f"{name} {args} {options}" for (name, args, options), _ in cases]


@pytest.mark.parametrize(("case", "expected"), GOLDEN["shifts"], ids=ids(GOLDEN["shifts"]))
@pytest.mark.parametrize("resumed_after", [None, 0, 4, 8])
def test_values_are_chainers_resumed_or_not(case: Any, expected: list[float], resumed_after: int | None) -> None:
    name, args, options = case
    optimizer = optimizer_of()
    shift = getattr(extensions, name)(*args, **options)
    shift.initialize(trainer_of(optimizer))
    found = [optimizer.lr]
    for i in range(len(expected) - 1):
        if i == resumed_after:
            state = saved(shift)
            optimizer = optimizer_of()
            shift = getattr(extensions, name)(*args, **options)
            DictionaryDeserializer(state).load(shift)
            shift.initialize(trainer_of(optimizer))
            assert optimizer.lr == found[-1]
        shift(trainer_of(optimizer))
        found.append(optimizer.lr)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_resumed_run_has_the_value_that_another_schedule_had_set() -> None:
    optimizer = optimizer_of()
    warm, decay = extensions.WarmupShift("lr", 0.1, 3, 1.0), extensions.ExponentialShift("lr", 0.5, init=1.0)
    for shift in (decay, warm):
        shift.initialize(trainer_of(optimizer))
    for shift in (warm, decay, warm, decay, decay):
        shift(trainer_of(optimizer))
    assert optimizer.lr == 0.125
    states = [saved(warm), saved(decay)]
    optimizer = optimizer_of()
    again = extensions.WarmupShift("lr", 0.1, 3, 1.0), extensions.ExponentialShift("lr", 0.5, init=1.0)
    for shift, state in zip(again, states, strict=True):
        DictionaryDeserializer(state).load(shift)
        shift.initialize(trainer_of(optimizer))
        assert optimizer.lr == 0.125


def test_keys_in_the_file_are_chainers_and_the_first_value() -> None:
    shift = extensions.ExponentialShift("lr", 0.5)
    shift.initialize(trainer_of(optimizer_of()))
    assert {key: value.item() for key, value in saved(shift).items()} == {"_t": 0, "_last_value": 1.0, "_init": 1.0}


def test_another_optimizer() -> None:
    optimizer = optimizers.Adam().setup(nn.Link(W=(2,)))
    shift = extensions.StepShift("alpha", 0.1, 1, optimizer=optimizer)
    shift.initialize(trainer_of(None))
    shift(trainer_of(None))
    assert optimizer.alpha == pytest.approx(1e-4)


def test_the_value_stops_at_the_target_also_where_it_would_be_zero() -> None:
    optimizer = optimizer_of()
    shift = extensions.PolynomialShift("lr", 1.0, 2, target=0.25)
    shift.initialize(trainer_of(optimizer))
    for _ in range(3):
        shift(trainer_of(optimizer))
    assert optimizer.lr == 0.25


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: extensions.ExponentialShift("lr", -1), "ExponentialShift: rate is -1; expected a factor from 0"),
        (lambda: extensions.InverseShift("lr", -1, 1), "InverseShift: gamma is -1; expected a number from 0"),
        (
            lambda: extensions.LinearShift("lr", (1, 0), (5, 5)),
            "LinearShift: value_range is (1, 0), time_range (5, 5);",
        ),
        (lambda: extensions.PolynomialShift("lr", 1, 0), "PolynomialShift: max_count is 0; expected a number of calls"),
        (lambda: extensions.StepShift("lr", 1, 0), "StepShift: step is 0; expected a number of calls from 1"),
        (lambda: extensions.WarmupShift("lr", 1, 0, 2), "WarmupShift: warmup_iter is 0; expected a number of calls"),
        (
            lambda: extensions.StepShift("alpha", 1, 1).initialize(trainer_of(optimizer_of())),
            "StepShift: attr is 'alpha', which SGD does not have; it has: lr",
        ),
    ],
)
def test_shifts_that_make_no_sense(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        make()


# ------------------------------------------------------------------------------------------------- triggers


@pytest.mark.parametrize(("case", "expected"), GOLDEN["triggers"], ids=ids(GOLDEN["triggers"]))
@pytest.mark.parametrize("resumed_after", [None, 0, 5, 10])
def test_firings_are_chainers_resumed_or_not(case: Any, expected: list[int], resumed_after: int | None) -> None:
    name, args, options = case
    trigger = getattr(triggers, name)(*args, **options)
    fires = []
    for i, value in enumerate(VALUES, 1):
        if i - 1 == resumed_after:
            state = saved(trigger)
            trigger = getattr(triggers, name)(*args, **options)
            trigger(trainer_at(1, {"x": 1e9}))  # what the new one has done does not count
            DictionaryDeserializer(state).load(trigger)
        if trigger(trainer_at(i, {"x": np.float32(value)})):
            fires.append(i)
    assert fires == expected


def test_once_on_resume() -> None:
    first = triggers.OnceTrigger(call_on_resume=True)
    assert [first(trainer_at(i, {})) for i in (1, 2)] == [True, False]
    resumed = triggers.OnceTrigger(call_on_resume=True)
    DictionaryDeserializer(saved(first)).load(resumed)
    assert [resumed(trainer_at(i, {})) for i in (3, 4)] == [True, False]
    assert resumed.finished


def test_a_schedule_is_finished_after_its_last_point() -> None:
    trigger = triggers.ManualScheduleTrigger([2, 4], "iteration")
    assert [(trigger(trainer_at(i, {})), trigger.finished) for i in (1, 3, 5)] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_time() -> None:
    trigger = triggers.TimeTrigger(10)
    assert [trigger(trainer_at(1, {}, s)) for s in (9.0, 11.0, 12.0, 45.0, 46.0, 51.0)] == [
        False,
        True,
        False,
        True,
        False,
        True,
    ]
    assert {key: value.item() for key, value in saved(trigger).items()} == {"next_time": 60.0}


@pytest.mark.parametrize("make", [triggers.MinValueTrigger, lambda key: triggers.EarlyStoppingTrigger(monitor=key)])
def test_a_value_that_nobody_reports_is_warned_of(make: Any) -> None:
    trigger = make("main/los")
    with pytest.warns(
        UserWarning, match=r"nothing was reported under 'main/los' since the last look; now there are: 'main/loss'"
    ):
        assert [trigger(trainer_at(i, {"main/loss": 1.0})) for i in range(1, 5)] == [False] * 4


def test_nan_is_never_the_best() -> None:
    trigger = triggers.MinValueTrigger("x", trigger=(1, "iteration"))
    assert [trigger(trainer_at(i, {"x": v})) for i, v in enumerate([float("nan"), 2.0, float("nan"), 1.0], 1)] == [
        False,
        True,
        False,
        True,
    ]
    assert trigger.best_value == 1.0


def test_early_stopping_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    stop = triggers.EarlyStoppingTrigger((1, "iteration"), "x", patience=1, verbose=True, max_trigger=(7, "epoch"))
    assert [stop(trainer_at(i, {"x": 0.5})) for i in (1, 2)] == [False, True]
    assert capsys.readouterr().out == "early stopping after iteration 2: x was best at 0.5, 1 looks ago\n"
    assert stop.get_training_length() == (7, "epoch")
    assert triggers.EarlyStoppingTrigger(max_trigger=None).get_training_length() is None


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: triggers.ManualScheduleTrigger([], "epoch"),
            ValueError,
            "ManualScheduleTrigger: points is []; expected numbers",
        ),
        (
            lambda: triggers.ManualScheduleTrigger(1, "hour"),
            ValueError,
            "ManualScheduleTrigger: unit is 'hour'; expected",
        ),
        (lambda: triggers.TimeTrigger(0), ValueError, "TimeTrigger: period is 0; expected a number of seconds above 0"),
        (lambda: triggers.MaxValueTrigger(3), TypeError, "MaxValueTrigger: the name to watch is 3; expected a string"),
        (
            lambda: triggers.BestValueTrigger("x", "max"),
            TypeError,
            "BestValueTrigger: compare is 'max'; expected a function",
        ),
        (
            lambda: triggers.EarlyStoppingTrigger(patience=0),
            ValueError,
            "EarlyStoppingTrigger: patience is 0; expected",
        ),
        (
            lambda: triggers.EarlyStoppingTrigger(mode="least"),
            ValueError,
            "EarlyStoppingTrigger: mode is 'least'; expected",
        ),
    ],
)
def test_triggers_that_make_no_sense(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        make()
