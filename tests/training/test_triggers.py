"""When extensions run: tuples, None, callables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from catena.nn.serializers import DictionaryDeserializer, DictionarySerializer
from catena.training import IntervalTrigger, get_trigger


def trainer_at(iteration: int, iterations_per_epoch: int = 4) -> Any:
    def detail(i: int) -> float | None:
        return None if i < 0 else i / iterations_per_epoch

    updater = SimpleNamespace(
        iteration=iteration, epoch_detail=detail(iteration), previous_epoch_detail=detail(iteration - 1)
    )
    return SimpleNamespace(updater=updater)


def firings(trigger: Any, iterations: Any) -> list[int]:
    return [i for i in iterations if trigger(trainer_at(i))]


@pytest.mark.parametrize(
    ("trigger", "asked_at", "fires_at"),
    [
        ((1, "iteration"), range(1, 6), [1, 2, 3, 4, 5]),
        ((3, "iteration"), range(1, 10), [3, 6, 9]),
        ((1, "epoch"), range(1, 10), [4, 8]),
        ((2, "epoch"), range(1, 20), [8, 16]),
        ((0.5, "epoch"), range(1, 9), [2, 4, 6, 8]),
        ([1, "epoch"], range(1, 5), [4]),
        ((1, "epoch"), range(9), [4, 8]),  # as a stop trigger, asked before the first update too
        ((3, "iteration"), [2, 5, 7, 11], [5, 7, 11]),  # asked now and then, it misses no period
        ((1, "epoch"), [3, 7, 9], [7, 9]),
        ((1, "epoch"), [8, 9], [8]),  # asked for the first time at the end of an epoch
        (None, range(1, 9), []),
        (lambda trainer: trainer.updater.iteration in (2, 5), range(1, 9), [2, 5]),
    ],
)
def test_fires_at(trigger: Any, asked_at: Any, fires_at: list[int]) -> None:
    assert firings(get_trigger(trigger), asked_at) == fires_at


def test_a_trigger_that_is_saved_and_loaded_goes_on() -> None:
    trigger, loaded = get_trigger((3, "iteration")), get_trigger((3, "iteration"))
    firings(trigger, [1, 2, 3, 4])
    serializer = DictionarySerializer()
    serializer.save(trigger)
    assert {key: array.item() for key, array in serializer.target.items()} == {
        "previous_iteration": 4,
        "previous_epoch_detail": -1.0,  # what a trigger of epochs has before it is asked
    }
    DictionaryDeserializer(serializer.target).load(loaded)
    assert firings(loaded, [8, 9]) == firings(trigger, [8, 9]) == [8, 9]


def test_an_updater_may_count_iterations_only() -> None:
    trigger = IntervalTrigger(2, "iteration")
    assert [trigger(SimpleNamespace(updater=SimpleNamespace(iteration=i))) for i in (1, 2, 3)] == [False, True, False]  # type: ignore[arg-type]


def test_says_what_it_is() -> None:
    assert repr(get_trigger((20, "epoch"))) == "IntervalTrigger(20, 'epoch')"
    assert IntervalTrigger(20, "epoch").get_training_length() == (20, "epoch")


@pytest.mark.parametrize(
    ("trigger", "error", "text"),
    [
        ((1, "epochs"), ValueError, "IntervalTrigger: unit is 'epochs'; expected 'epoch' or 'iteration'"),
        (("epoch", 1), ValueError, "IntervalTrigger: unit is 1; expected 'epoch' or 'iteration'"),
        ((0, "epoch"), ValueError, "IntervalTrigger: period is 0 (epoch); expected more than 0"),
        ((float("nan"), "epoch"), ValueError, "IntervalTrigger: period is nan (epoch); expected more than 0"),
        (("1", "epoch"), ValueError, "IntervalTrigger: period is '1'; expected a number; write (1, 'epoch')"),
        ("epoch", TypeError, "get_trigger: trigger is 'epoch'; expected (period, unit) such as (1, 'epoch')"),
        ((1, "epoch", 2), TypeError, "get_trigger: trigger is (1, 'epoch', 2); expected (period, unit)"),
        (20, TypeError, "get_trigger: trigger is 20; expected (period, unit)"),
    ],
)
def test_what_is_no_trigger(trigger: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        get_trigger(trigger)
    assert str(caught.value).startswith(text)
