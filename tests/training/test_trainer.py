"""The training loop: what runs when, how it ends, what it keeps."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import random
import signal
import subprocess
import sys
import time
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import xparray as xp
from catena.nn.serializers import DictionarySerializer, load_npz, save_npz
from catena.training import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
    Extension,
    StandardUpdater,
    Trainer,
    Updater,
    extensions,
    iterators,
    make_extension,
    optimizers,
    set_seed,
)


class Model(nn.Chain):
    """One weight, pulled towards the data; reports its loss."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(0, (1,))

    def forward(self, x: Any) -> Any:
        loss = ((self.w - x) ** 2).mean()
        nn.report({"loss": loss}, self)
        return loss


class Counter(Updater):
    """Four iterations an epoch, in which nothing happens."""

    def __init__(self) -> None:
        self.updated = 0
        self.finalized = 0

    @property
    def epoch(self) -> int:
        return self.iteration // 4

    @property
    def epoch_detail(self) -> float:
        return self.iteration / 4

    @property
    def previous_epoch_detail(self) -> float | None:
        return (self.iteration - 1) / 4 if self.iteration else None

    def get_all_optimizers(self) -> dict[str, Any]:
        return {}

    def update(self) -> None:
        self.updated += 1
        self.iteration += 1

    def finalize(self) -> None:
        self.finalized += 1

    def serialize(self, serializer: Any) -> None:
        self.iteration = serializer("iteration", self.iteration)


class Recorder(Extension):
    """Notes every call in a list."""

    def __init__(self, calls: list[str], fails_in: str = "", error: type[BaseException] = RuntimeError) -> None:
        self.calls = calls
        self.fails_in = fails_in
        self.error = error

    def note(self, event: str) -> None:
        self.calls.append(f"{self.name} {event}")
        if event == self.fails_in:
            raise self.error(f"in {event} of {self.name}")

    def initialize(self, trainer: Trainer) -> None:
        self.note("initialize")

    def __call__(self, trainer: Trainer) -> None:
        self.note("call")

    def on_error(self, trainer: Trainer, exc: Exception, tb: Any) -> None:
        assert exc.__traceback__ is tb
        self.note("on_error")

    def finalize(self) -> None:
        self.note("finalize")


Make = Callable[..., Trainer]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_trainer(stop: Any = (1, "iteration"), updater: Any = None, out: str = "out") -> Trainer:
        return Trainer(Counter() if updater is None else updater, stop, out=tmp_path / out)

    return make_trainer


# ------------------------------------------------------------------------------------------------- what runs when


def test_extend_decorates_a_function(make: Make) -> None:
    calls = []
    trainer = make((4, "iteration"))

    @trainer.extend
    def each(trainer: Trainer) -> None:
        calls.append("each")

    @trainer.extend(trigger=(2, "iteration"), name="second", priority=500, call_before_training=True)
    def even(trainer: Trainer) -> None:
        calls.append("even")

    assert trainer.get_extension("each") is each
    assert trainer.get_extension("second") is even
    trainer.run()
    assert calls == ["even", "each", "even", "each", "each", "even", "each"]


def test_order_is_that_of_priority_then_of_extending(make: Make) -> None:
    trainer, calls = make(), []
    for name, priority in [
        ("reader", PRIORITY_READER),
        ("last", -100),
        ("editor", PRIORITY_EDITOR),
        ("writer", PRIORITY_WRITER),
        ("second reader", PRIORITY_READER),
        ("by default", None),
    ]:
        trainer.extend(lambda trainer, name=name: calls.append(name), name=name, priority=priority)
    trainer.run()
    assert calls == ["writer", "editor", "reader", "second reader", "by default", "last"]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (None, [1, 2, 3, 4, 5, 6, 7, 8]),
        ((3, "iteration"), [3, 6]),
        ((1, "epoch"), [4, 8]),
        (lambda trainer: trainer.updater.iteration == 5, [5]),
    ],
)
def test_an_extension_runs_when_its_trigger_fires(make: Make, trigger: Any, expected: list[int]) -> None:
    trainer, seen = make((2, "epoch")), []
    trainer.extend(lambda trainer: seen.append(trainer.updater.iteration), name="see", trigger=trigger)
    trainer.run()
    assert seen == expected


def test_an_extension_brings_its_own_trigger_and_priority(make: Make) -> None:
    trainer, seen = make((2, "epoch")), []

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER, default_name="mine")
    def first(trainer: Trainer) -> None:
        seen.append("first")

    class Second(Extension):
        trigger = (1, "epoch")

        def __call__(self, trainer: Trainer) -> None:
            seen.append("second")

    class Never(Second):
        trigger = None

    trainer.extend(Never())
    trainer.extend(Second())
    trainer.extend(first)
    trainer.run()
    assert seen == ["first", "second"] * 2
    assert trainer.get_extension("mine") is first


def test_make_extension_names_the_functions_of_each_event(make: Make) -> None:
    trainer, seen = make(), []

    @make_extension(initializer=lambda trainer: seen.append("begin"), finalizer=lambda: seen.append("end"))
    def work(trainer: Trainer) -> None:
        seen.append("work")

    trainer.extend(work)
    trainer.run()
    assert seen == ["begin", "work", "end"]


def test_call_before_training_is_for_the_first_run_only(make: Make, tmp_path: Path) -> None:
    def build() -> tuple[Trainer, list[int]]:
        trainer, seen = make((4, "iteration")), []
        trainer.extend(
            lambda trainer: seen.append(trainer.updater.iteration),
            name="see",
            trigger=(2, "iteration"),
            call_before_training=True,
        )
        return trainer, seen

    trainer, seen = build()
    trainer.extend(extensions.snapshot(), trigger=(2, "iteration"))
    assert trainer.is_before_training
    trainer.run()
    assert not trainer.is_before_training
    assert seen == [0, 2, 4]
    trainer, seen = build()
    trainer.extend(extensions.snapshot(), trigger=(2, "iteration"))
    load_npz(tmp_path / "out" / "snapshot_iter_2", trainer)
    trainer.run()
    assert seen == [4]


def test_the_stop_trigger_may_be_any_callable(make: Make) -> None:
    trainer = make(lambda trainer: trainer.updater.iteration >= 7)
    trainer.run()
    assert trainer.updater.iteration == 7


def test_without_a_stop_trigger_only_an_exception_ends_the_loop(make: Make) -> None:
    trainer = make(None)
    trainer.extend(lambda trainer: 1 // (9 - trainer.updater.iteration), name="end")
    with pytest.raises(ZeroDivisionError):
        trainer.run()
    assert trainer.updater.iteration == 9


# ------------------------------------------------------------------------------------------------- names


def test_names_are_made_unique(make: Make) -> None:
    trainer, calls = make(), []
    recorders = [Recorder(calls) for _ in range(3)]
    for recorder in recorders:
        trainer.extend(recorder)
    assert [recorder.name for recorder in recorders] == ["Recorder", "Recorder_1", "Recorder_2"]
    assert trainer.get_extension("Recorder_1") is recorders[1]


def test_extensions_may_be_given_at_once(tmp_path: Path) -> None:
    calls: list[str] = []
    Trainer(Counter(), (1, "iteration"), tmp_path, extensions=[Recorder(calls), Recorder(calls)]).run()
    assert [call for call in calls if "call" in call] == ["Recorder call", "Recorder_1 call"]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda t: t.extend("LogReport"),
            TypeError,
            "Trainer.extend: extension is 'LogReport'; expected a callable that takes the trainer",
        ),
        (
            lambda t: t.extend(functools.partial(print, end="")),
            TypeError,
            "Trainer.extend: functools.partial(<built-in function print>, end='') has no name of its own; "
            "give one, extend(..., name='...')",
        ),
        (
            lambda t: t.extend(print, name="training"),
            ValueError,
            "Trainer.extend: name is 'training', which is the trainer's own; give another name",
        ),
        (
            lambda t: t.get_extension("LogRepot"),
            ValueError,
            "Trainer.get_extension: there is no extension named 'LogRepot'; there are: 'print'",
        ),
        (
            lambda t: Trainer(StandardUpdater(iterators.SerialIterator([1.0], 1), optimizers.SGD())),
            ValueError,
            "Trainer: the optimizer 'main' has no model; call optimizer.setup(model) first",
        ),
        (
            lambda t: t.extend(extensions.snapshot),
            TypeError,
            "Trainer.extend: extension is the function snapshot; expected what it returns, snapshot(...)",
        ),
        (
            lambda t: t.extend(print, name="p", priority="high"),
            TypeError,
            "Trainer.extend: priority is 'high' (str); expected a number, such as 100",
        ),
        (
            lambda t: t.extend(Recorder),
            TypeError,
            "Trainer.extend: extension is the class Recorder; expected an object of it, Recorder(...)",
        ),
        (
            lambda t: Trainer(None),
            TypeError,
            "Trainer: updater is None (NoneType); expected an updater, such as StandardUpdater(iterator, optimizer)",
        ),
        (
            lambda t: Trainer(Counter(), out=3),
            TypeError,
            "Trainer: out is 3 (int); expected a folder, such as 'result'",
        ),
        (lambda t: Extension()(t), TypeError, "Extension does nothing; define __call__(self, trainer) in it"),
    ],
)
def test_mistakes_are_explained(make: Make, call: Any, error: type[Exception], text: str) -> None:
    trainer = make()
    trainer.extend(print)
    with pytest.raises(error) as caught:
        call(trainer)
    assert str(caught.value) == text


# ------------------------------------------------------------------------------------------------- how it ends


def test_a_trainer_runs_once(make: Make) -> None:
    trainer = make((3, "iteration"))
    trainer.run()
    with pytest.raises(RuntimeError) as caught:
        trainer.run()
    assert str(caught.value) == (
        "Trainer.run: this trainer has already run, up to iteration 3, and runs once only; to go on, build another "
        "with a later stop_trigger and load a snapshot into it: catena.nn.serializers.load_npz(file, trainer)"
    )
    assert trainer.updater.updated == 3  # type: ignore[attr-defined]
    assert trainer.updater.finalized == 1  # type: ignore[attr-defined]


EVENTS_OF_AN_ERROR = ["a on_error", "b on_error", "a finalize", "b finalize"]


@pytest.mark.parametrize(
    ("fails_in", "error", "expected"),
    [
        ("nothing", RuntimeError, ["a initialize", "b initialize", "a call", "b call", "a finalize", "b finalize"]),
        ("call", RuntimeError, ["a initialize", "b initialize", "a call", *EVENTS_OF_AN_ERROR]),
        ("initialize", RuntimeError, ["a initialize", *EVENTS_OF_AN_ERROR]),
        ("call", KeyboardInterrupt, ["a initialize", "b initialize", "a call", "a finalize", "b finalize"]),
        ("finalize", RuntimeError, ["a initialize", "b initialize", "a call", "b call", "a finalize", "b finalize"]),
    ],
)
def test_every_extension_hears_of_the_end_once(
    make: Make, fails_in: str, error: type[BaseException], expected: list[str]
) -> None:
    trainer, calls = make(), []
    trainer.extend(Recorder(calls, fails_in, error), name="a")
    trainer.extend(Recorder(calls), name="b")
    if fails_in == "nothing":
        trainer.run()
    else:
        with pytest.raises(error, match=f"in {fails_in} of a"):
            trainer.run()
    assert calls == expected
    assert trainer.updater.finalized == 1  # type: ignore[attr-defined]


def test_an_exception_keeps_its_own_traceback_and_gets_a_note(make: Make) -> None:
    def where_it_breaks(trainer: Trainer) -> None:
        if trainer.updater.iteration == 2:
            raise ValueError("broken")

    trainer = make((5, "iteration"))
    trainer.extend(where_it_breaks)
    with pytest.raises(ValueError, match=r"^broken") as caught:
        trainer.run()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "where_it_breaks"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert caught.value.__notes__ == ["raised in Trainer.run after 2 complete iterations"]


def test_extensions_are_finalized_even_if_there_is_no_place_for_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    calls: list[str] = []
    trainer = Trainer(Counter(), (1, "iteration"), tmp_path / "file")
    trainer.extend(Recorder(calls), name="a")
    with pytest.raises(
        FileExistsError,
        match=r"Trainer.run: the folder '.*file' cannot be made: File exists; give another one, Trainer\(..., out='result'\)",
    ):
        trainer.run()
    assert (tmp_path / "file").read_text() == "not a folder"
    assert calls == ["a on_error", "a finalize"]


def test_the_note_can_be_left_out(make: Make) -> None:
    trainer = make()
    trainer.extend(lambda trainer: 1 // 0, name="fail")
    with pytest.raises(ZeroDivisionError) as caught:
        trainer.run(show_loop_exception_msg=False)
    assert not hasattr(caught.value, "__notes__")


def test_what_fails_while_closing_becomes_a_note(make: Make) -> None:
    trainer, calls = make(), []
    trainer.extend(Recorder(calls, "call"), name="a")
    trainer.extend(Recorder(calls, "on_error", OSError), name="b")
    trainer.extend(Recorder(calls, "finalize", OSError), name="c")
    with pytest.raises(RuntimeError, match="in call of a") as caught:
        trainer.run()
    assert caught.value.__notes__[1:] == [
        "then, while the trainer was closed, also: OSError('in on_error of b')",
        "then, while the trainer was closed, also: OSError('in finalize of c')",
    ]
    assert trainer.updater.finalized == 1  # type: ignore[attr-defined]


PROGRAM = """
import sys
from catena.training import StandardUpdater, Trainer, make_extension, iterators, optimizers
import catena.nn as nn

class Model(nn.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(0, (1,))
    def forward(self, x):
        return ((self.w - x) ** 2).mean()

@make_extension(finalizer=lambda: print("finalized"), on_error=lambda *_: print("on_error"))
def say(trainer):
    if trainer.updater.iteration == 10:
        print("running", flush=True)

iterator = iterators.SerialIterator([1.0, 2.0, 3.0], 2)
trainer = Trainer(StandardUpdater(iterator, optimizers.SGD().setup(Model())), out=sys.argv[1])
trainer.extend(say)
trainer.run()
"""


def test_ctrl_c_finalizes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "running\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert out == "finalized\n"
    assert err.splitlines()[-1] == "KeyboardInterrupt"


def test_nothing_keeps_a_finished_trainer_alive(make: Make) -> None:
    gc.collect()
    gc.disable()
    try:
        for fails_in in ("nothing", "call"):
            trainer = make((3, "iteration"))
            trainer.extend(Recorder([], fails_in))
            gone = weakref.ref(trainer)
            with contextlib.suppress(RuntimeError):
                trainer.run()
            del trainer
            assert gone() is None
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------- what it keeps


def updater_of(*names: str) -> StandardUpdater:
    data = np.arange(8, dtype=np.float32)
    made = {name: optimizers.SGD(lr=0.1).setup(Model()) for name in names}

    class Each(StandardUpdater):
        """Updates every optimizer; it sets what StandardUpdater would and calls nothing of it."""

        def __init__(self) -> None:
            self._iterators = {"main": iterators.SerialIterator(data, 2)}
            self._optimizers = made

        def update_core(self) -> None:
            batch = self.converter(self._iterators["main"].next(), self.device)
            for optimizer in self._optimizers.values():
                optimizer.update(optimizer.target, batch)

    return Each()


@pytest.mark.parametrize("names", [("main",), ("gen", "dis")])
def test_reported_values_bear_the_name_of_the_optimizer(make: Make, names: tuple[str, ...]) -> None:
    trainer, seen = make((2, "iteration"), updater_of(*names)), []
    trainer.extend(lambda trainer: seen.append(dict(trainer.observation)), name="see")
    trainer.run()
    assert [list(observation) for observation in seen] == [[f"{name}/loss" for name in names]] * 2
    assert all(float(value) > 0 for observation in seen for value in observation.values())


def test_a_sub_link_reports_under_its_path(make: Make) -> None:
    whole = nn.Chain(part=Model())
    optimizer = optimizers.SGD().setup(whole)
    updater = StandardUpdater(
        iterators.SerialIterator(np.ones(4, np.float32), 2), optimizer, loss_func=lambda x: whole.part(x)
    )
    trainer = make((1, "iteration"), updater)
    trainer.run()
    assert list(trainer.observation) == ["main/part/loss"]


def test_elapsed_time(make: Make, tmp_path: Path) -> None:
    trainer, seen = make((3, "iteration")), []
    trainer.extend(lambda trainer: (time.sleep(0.01), seen.append(trainer.elapsed_time)), name="see")
    trainer.extend(extensions.snapshot(), trigger=(3, "iteration"))
    assert trainer.elapsed_time == 0
    trainer.run()
    assert 0.01 <= seen[0] < seen[1] < seen[2] <= trainer.elapsed_time
    assert trainer.elapsed_time == trainer.elapsed_time
    resumed = make((3, "iteration"))
    resumed.extend(lambda trainer: None, name="see")
    resumed.extend(extensions.snapshot(), trigger=(3, "iteration"))
    load_npz(tmp_path / "out" / "snapshot_iter_3", resumed)
    assert seen[2] <= resumed.elapsed_time <= trainer.elapsed_time


def test_the_keys_of_a_saved_trainer(make: Make) -> None:
    trainer = make((1, "epoch"), updater_of("main"))
    trainer.extend(extensions.LogReport(trigger=(3, "iteration")))
    trainer.extend(extensions.PlotReport(["main/loss"], trigger=(3, "iteration")))
    trainer.extend(extensions.snapshot(condition=lambda: False))
    trainer.run()
    serializer = DictionarySerializer()
    serializer.save(trainer)
    interval = {"previous_iteration", "previous_epoch_detail"}
    iterator = {"current_position", "epoch", "is_new_epoch", "order", "previous_epoch_detail"}
    summary = {"_names", "_summaries/0/_x", "_summaries/0/_x2", "_summaries/0/_n"}
    assert set(serializer.target) == {
        "_snapshot_elapsed_time",
        "about",
        "observation",
        "updater/iteration",
        *(f"updater/iterator:main/{key}" for key in iterator),
        "updater/iterator:main/order_sampler/random_state",
        "updater/iterator:main/sample_seed",
        "updater/model:main/w",
        "updater/optimizer:main/t",
        "updater/optimizer:main/epoch",
        "updater/optimizer:main/w/t",
        *(f"stop_trigger/{key}" for key in interval),
        "extensions/LogReport/_log",
        *(f"extensions/LogReport/_summary/{key}" for key in summary),
        *(f"extensions/LogReport/_trigger/{key}" for key in interval),
        "extensions/PlotReport/_plot_plot.png",
        *(f"extensions/PlotReport/_summary/{key}" for key in summary),
        *(f"extensions/PlotReport/_trigger/{key}" for key in interval),
        *(f"extension_triggers/{name}/{key}" for name in ("LogReport", "PlotReport", "_Snapshot") for key in interval),
        "random/xparray",
        "random/numpy",
        "random/python",
    }


def test_loading_restores_every_random_state_of_the_process(make: Make) -> None:
    def draws() -> list[float]:
        return [
            float(xp.random.get_generator().uniform((1,))[0]),
            np.random.rand(),
            np.random.randn(),  # odd draws of normals leave a second one waiting
            random.random(),
            random.gauss(0, 1),
        ]

    draws()
    file = io.BytesIO()
    save_npz(file, make())
    expected = draws()
    assert draws() != expected
    load_npz(io.BytesIO(file.getvalue()), make())
    assert draws() == expected


@pytest.mark.parametrize("at", [1, 4, 7, 8])
def test_a_resumed_run_stops_where_the_first_would_have(make: Make, tmp_path: Path, at: int) -> None:
    def build() -> Trainer:
        trainer = make((2, "epoch"))
        trainer.extend(extensions.snapshot(), trigger=(1, "iteration"))
        return trainer

    build().run()
    trainer = build()
    load_npz(tmp_path / "out" / f"snapshot_iter_{at}", trainer)
    trainer.run()
    assert trainer.updater.iteration == 8
    assert trainer.updater.updated == 8 - at  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- seed and versions


def test_one_seed_for_every_generator() -> None:
    def draws() -> list[float]:
        return [random.random(), float(np.random.random()), float(xp.random.get_generator().uniform((1,))[0])]

    set_seed(3)
    first = draws()
    set_seed(np.int64(3))
    assert draws() == first
    set_seed(4)
    assert draws() != first


@pytest.mark.parametrize(
    ("seed", "error", "text"),
    [
        (-1, ValueError, "set_seed: seed is -1; expected an integer from 0"),
        (2**32, ValueError, "expected an integer from 0 to 2"),
        (0.5, TypeError, "set_seed: seed is 0.5"),
        (True, TypeError, "set_seed: seed is True"),
    ],
)
def test_seeds_that_are_none(seed: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        set_seed(seed)


def test_a_resumed_run_keeps_the_seed_and_says_where_versions_differ(make: Make, tmp_path: Path) -> None:
    set_seed(5)
    first = make((4, "iteration"), updater_of("main"))
    first.extend(extensions.LogReport(trigger=(1, "iteration")))
    first.run()
    first.about["versions"]["numpy"] = "1.0"
    save_npz(tmp_path / "snapshot", first)
    set_seed(6)
    resumed = make((8, "iteration"), updater_of("main"))
    resumed.extend(extensions.LogReport(trigger=(1, "iteration")))
    load_npz(tmp_path / "snapshot", resumed)
    with pytest.warns(
        UserWarning, match=f"written with other versions: numpy 1.0, now {np.__version__}; this run may end"
    ):
        resumed.run()
    assert resumed.about == {"seed": 5, "versions": {**first.about["versions"], "numpy": np.__version__}}
    log = resumed.get_extension("LogReport").log
    assert [i for i, entry in enumerate(log) if "about" in entry] == [0]
