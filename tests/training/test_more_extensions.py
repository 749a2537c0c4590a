"""Extensions that observe, watch, draw and keep: values, statistics, graphs, line logs, averages of weights, profiles, writers."""

from __future__ import annotations

import csv
import gc
import io
import json
import math
import re
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
import catena.nn.links as L
from catena.nn.serializers import load_npz, save_npz
from catena.training import StandardUpdater, Trainer, extensions, iterators, make_extension, optimizers, triggers
from catena.training.extensions import snapshot_writers


class Model(nn.Chain):
    """A linear fit that reports its loss, and how many of the examples are positive."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(2, 1, initialW=np.array([[1.0, -1.0]], np.float32))

    def forward(self, x: Any) -> Any:
        loss = (self.l1(x) ** 2).mean()
        nn.report({"loss": loss, "positive": (x[:, 0] > 0).sum(), "examples": len(x)}, self)
        return loss


X = np.array([[1, 2], [-1, 0], [3, 1], [2, 2], [-2, 1], [1, 0]], np.float32)  # two minibatches of 4 and 2 an epoch


def trainer_of(
    out: Path, *given: Any, stop: Any = (2, "epoch"), model: Model | None = None, optimizer: Any = None
) -> Trainer:
    optimizer = (optimizer or optimizers.SGD(lr=0.01)).setup(model or Model())
    iterator = iterators.SerialIterator(X, 3, shuffle=False)
    trainer = Trainer(StandardUpdater(iterator, optimizer), stop, out=out)
    for extension in given:
        trainer.extend(extension)
    return trainer


def run(out: Path, *given: Any, **options: Any) -> Trainer:
    trainer = trainer_of(out, *given, **options)
    trainer.run()
    return trainer


def log_of(trainer: Trainer, name: str = "LogReport") -> list[dict[str, Any]]:
    return list(trainer.get_extension(name).log)


# ------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("optimizer", "expected"), [(optimizers.SGD(lr=0.5), 0.5), (optimizers.Lion(alpha=0.25), 0.25)], ids=["lr", "alpha"]
)
def test_observe_lr(tmp_path: Path, optimizer: Any, expected: float) -> None:
    trainer = run(tmp_path, extensions.observe_lr(), extensions.LogReport(), optimizer=optimizer)
    assert [entry["lr"] for entry in log_of(trainer)] == [expected] * 2


def test_observe_lr_of_adam_is_the_corrected_step_size(tmp_path: Path) -> None:
    trainer = run(tmp_path, extensions.observe_lr(), extensions.LogReport(), optimizer=optimizers.Adam())
    assert log_of(trainer)[0]["lr"] == pytest.approx(0.001 * math.sqrt(1 - 0.999**2) / (1 - 0.9**2))


def test_observe_lr_of_an_optimizer_without_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="observe_lr: the optimizer 'main' is AdaDelta, which has no learning rate"):
        run(tmp_path, extensions.observe_lr(), optimizer=optimizers.AdaDelta())


def test_observe_value_twice(tmp_path: Path) -> None:
    trainer = run(
        tmp_path,
        extensions.observe_value("a", lambda trainer: trainer.updater.iteration),
        extensions.observe_value("b", lambda trainer: 2.0),
    )
    assert (trainer.observation["a"], trainer.observation["b"]) == (4, 2.0)
    assert trainer.get_extension("_observe_value") is not trainer.get_extension("_observe_value_1")


def test_a_micro_average_is_the_quotient_of_the_sums(tmp_path: Path) -> None:
    average = extensions.MicroAverage("main/positive", "main/examples", "share", trigger=(4, "iteration"))
    trainer = run(tmp_path, average, extensions.LogReport(trigger=(4, "iteration")))
    assert log_of(trainer)[0]["share"] == pytest.approx(4 / 6)


def test_a_parameter_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    @make_extension(trigger=(2, "iteration"), priority=1000)
    def spoil(trainer: Trainer) -> None:
        trainer.updater.get_optimizer("main").target.l1.W.array[0, 1] = np.inf

    trainer = trainer_of(tmp_path, spoil, extensions.FailOnNonNumber(), extensions.snapshot())
    with pytest.raises(
        RuntimeError,
        match=r"after iteration 2 parameters of the optimizer 'main' are NaN or infinite: /l1/W \(1 of 2 elements\)",
    ):
        trainer.run()
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------- statistics


def test_parameter_statistics(tmp_path: Path) -> None:
    model = Model()
    trainer = run(
        tmp_path,
        extensions.ParameterStatistics(model, prefix="model"),
        extensions.ParameterStatistics(model.l1, {"size": np.size}, report_grads=False),
        extensions.LogReport(),
        model=model,
        stop=(2, "iteration"),
    )
    (entry,) = log_of(trainer)
    names = ["mean", "std", "min", "max", "zeros", *(f"percentile/{i}" for i in range(7))]
    expected = {f"model/l1/{p}/{a}/{name}" for p in "Wb" for a in ("data", "grad") for name in names}
    assert expected <= set(entry)
    assert {key: entry[key] for key in ("l1/W/data/size", "l1/b/data/size")} == {
        "l1/W/data/size": 2,
        "l1/b/data/size": 1,
    }
    assert not [key for key in entry if key.startswith("l1/") and "grad" in key]
    assert entry["model/l1/W/data/min"] < -0.9 < 0.9 < entry["model/l1/W/data/max"]


def test_statistics_of_arrays_with_nan(tmp_path: Path) -> None:
    model = Model()
    model.l1.b.array[...] = np.nan
    statistics = extensions.ParameterStatistics(model, {"one": lambda x: 1.0}, report_grads=False, skip_nan_params=True)
    trainer = trainer_of(tmp_path, statistics, model=model, stop=(2, "iteration"), optimizer=optimizers.SGD(lr=0))
    model.l1.W.update_rule.enabled = False  # type: ignore[union-attr]
    trainer.run()
    assert math.isnan(trainer.observation["l1/b/data/one"])
    assert trainer.observation["l1/W/data/one"] == 1.0


def test_variable_statistics_are_drawn_from_samples_spread_over_the_run(tmp_path: Path) -> None:
    model = Model()
    plot = extensions.VariableStatisticsPlot([model, ag.Variable(np.ones(3))], max_sample_size=4)
    run(tmp_path, plot, model=model, stop=(8, "epoch"))
    assert (tmp_path / "statistics.png").read_bytes().startswith(b"\x89PNG")
    assert [sample[0] for sample in plot._samples] == [1, 9]
    assert [len(part) for part in plot._samples[0][1:]] == [11, 11]


@pytest.mark.parametrize(
    "options",
    [{"plot_std": False}, {"plot_mean": False, "report_grad": False}, {"percentile_sigmas": ()}, {"percentile_sigmas": (10, 90)},
     {"plot_mean": False, "plot_std": False, "report_data": False, "grid": False, "marker": "x", "filename": "a/s.svg"}],
)  # fmt: skip
def test_what_is_drawn_may_be_chosen(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Model()
    run(tmp_path, extensions.VariableStatisticsPlot(model, **options), model=model)
    assert (tmp_path / options.get("filename", "statistics.png")).stat().st_size > 1000


# ------------------------------------------------------------------------------------------------- graphs


def test_the_graph_is_drawn_once_and_not_again_after_a_resume(tmp_path: Path) -> None:
    run(tmp_path, extensions.DumpGraph("main/loss"), extensions.snapshot())
    text = (tmp_path / "cg.dot").read_text()
    assert text.startswith("digraph graphname{") or text.startswith("digraph graphname {")
    assert "linear" in text
    assert "W: (1, 2), float32" in text
    assert ag.config.keep_graph_on_report is False
    (tmp_path / "cg.dot").unlink()
    run(tmp_path, extensions.DumpGraph("main/loss"), extensions.snapshot(autoload=True), stop=(3, "epoch"))
    assert not (tmp_path / "cg.dot").exists()
    assert ag.config.keep_graph_on_report is False


@pytest.mark.parametrize(
    ("root", "error", "text"),
    [
        (
            "main/los",
            ValueError,
            "DumpGraph: nothing was reported under 'main/los'; there were: 'main/examples', 'main/loss'",
        ),
        (
            "main/examples",
            TypeError,
            "DumpGraph: what was reported as 'main/examples' is int, behind which there is no graph",
        ),
    ],
)
def test_what_has_no_graph(tmp_path: Path, root: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        run(tmp_path, extensions.DumpGraph(root))
    assert ag.config.keep_graph_on_report is False


def test_variables_are_unchained_at_the_end_of_each_iteration(tmp_path: Path) -> None:
    seen: list[bool] = []

    @make_extension(priority=-10)
    def look(trainer: Trainer) -> None:
        loss = trainer.observation["main/loss"]
        seen.append(loss.creator is None)

    with ag.using_config("keep_graph_on_report", True):
        run(tmp_path, extensions.unchain_variables(), look)
    assert seen == [True] * 4


# ------------------------------------------------------------------------------------------------- logs of lines


def test_json_lines_and_csv_hold_what_the_log_holds(tmp_path: Path) -> None:
    late = make_extension(trigger=(2, "epoch"), priority=300)(lambda trainer: nn.report({"late": 1.0}))
    trainer = trainer_of(
        tmp_path, extensions.LogReport(), extensions.JSONLinesReport(), extensions.CSVReport(["main/loss", "late"])
    )
    trainer.extend(late, name="late")
    trainer.run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "log.csv").read_text())))
    for of_log, of_lines, of_csv in zip(log_of(trainer), lines, rows, strict=True):
        assert {**of_log, "elapsed_time": 0} == {**of_lines, "elapsed_time": 0}
        assert float(of_csv["main/loss"]) == of_log["main/loss"]
    assert [row["late"] for row in rows] == ["", "1.0"]


def test_lines_that_a_snapshot_does_not_know_of_are_dropped(tmp_path: Path) -> None:
    run(tmp_path, extensions.JSONLinesReport(), extensions.snapshot())
    (tmp_path / "log.jsonl").write_text('{"epoch": 9}\n{"ep')
    (tmp_path / "snapshot_iter_4").unlink()
    run(tmp_path, extensions.JSONLinesReport(), extensions.snapshot(autoload=True))
    assert [json.loads(line)["epoch"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [1, 2]


def test_tensorboard_reads_the_curves(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    from tensorboardX.proto.event_pb2 import Event

    trainer = run(tmp_path, extensions.TensorBoardReport(), extensions.LogReport())
    (file,) = (tmp_path / "tensorboard").iterdir()
    data, found = file.read_bytes(), []
    while data:  # length (8 bytes), its checksum (4), the event, its checksum (4)
        length = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + length])
        found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
        data = data[16 + length :]
    losses = [(entry["iteration"], np.float32(entry["main/loss"])) for entry in log_of(trainer)]
    assert [(step, np.float32(value)) for step, tag, value in found if tag == "main/loss"] == losses


def test_without_tensorboardx_the_run_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions.TensorBoardReport, "available", staticmethod(lambda: False))
    trainer = trainer_of(tmp_path, extensions.TensorBoardReport())
    with pytest.raises(ImportError, match=r"pip install catena-training\[tensorboard\]"):
        trainer.run()
    assert trainer.updater.iteration == 0


# ------------------------------------------------------------------------------------------------- averages of weights


def test_the_average_follows_the_weights(tmp_path: Path) -> None:
    model = Model()
    average = extensions.ExponentialMovingAverage(model, decay=0.25)
    expected, seen = model.l1.W.array.copy(), []

    @make_extension(priority=500)
    def note(trainer: Trainer) -> None:
        seen.append(model.l1.W.array.copy())

    run(tmp_path, average, note, model=model)
    for t, w in enumerate(seen, 1):
        expected += np.float32(1 - min(0.25, (1 + t) / (10 + t))) * (w - expected)
    assert average.model.l1.W.array == pytest.approx(expected, rel=1e-6)
    assert average.model.l1.W.array is not model.l1.W.array


def test_a_model_without_shapes_is_averaged_from_its_first_iteration_on(tmp_path: Path) -> None:
    class Lazy(Model):
        def __init__(self) -> None:
            super().__init__()
            del self.l1
            with self.init_scope():
                self.l1 = L.Linear(None, 1)

    model = Lazy()
    average = extensions.ExponentialMovingAverage(model)
    run(tmp_path, average, model=model, stop=(1, "iteration"))
    assert average.model.l1.W.array.tolist() == model.l1.W.array.tolist()
    with pytest.raises(ValueError, match="ExponentialMovingAverage: decay is 1; expected a number from 0 to below 1"):
        extensions.ExponentialMovingAverage(model, 1)


# ------------------------------------------------------------------------------------------------- time


def test_the_profile_adds_up(tmp_path: Path) -> None:
    slow = make_extension(trigger=(1, "iteration"))(lambda trainer: time.sleep(0.01))
    trainer = trainer_of(tmp_path, extensions.ProfileReport())
    trainer.extend(slow, name="slow")
    trainer.run()
    lines = (tmp_path / "profile.txt").read_text().splitlines()
    assert lines[0] == "after 4 iterations"
    rows = {line[25:].strip(): float(line[:12]) for line in lines[1:]}
    assert list(rows)[:3] == ["update", "of which waiting for minibatches", "slow"]
    assert rows["slow"] >= 0.04
    assert trainer.time_spent["slow"] >= 0.04
    assert trainer.run_time == pytest.approx(trainer.elapsed_time)


def test_the_summary_at_the_end(tmp_path: Path) -> None:
    out = io.StringIO()
    trainer = run(tmp_path, extensions.LogReport(), extensions.RunSummary(out=out))
    lines = out.getvalue().splitlines()
    assert re.match(r"4 iterations, 2 epochs; in this run 4 iterations in 0\.\d s, \S+ a second", lines[0])
    losses = [entry["main/loss"] for entry in log_of(trainer)]
    row = next(line for line in lines if line.endswith("  main/loss"))
    assert [float(cell) for cell in row.split()[:3]] == pytest.approx([losses[-1], min(losses), max(losses)], rel=1e-5)
    assert lines[-1] == f"files are in {tmp_path}"


# ------------------------------------------------------------------------------------------------- writers

WRITERS = ["SimpleWriter", "ThreadWriter", "ThreadQueueWriter", "ProcessWriter", "ProcessQueueWriter"]


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_writes_what_save_npz_writes(tmp_path: Path, name: str) -> None:
    model = Model()
    writer = getattr(snapshot_writers, name)(partial(save_npz, compression=False))
    trainer = trainer_of(tmp_path, model=model)
    trainer.extend(extensions.snapshot_object(model, "model_{.updater.iteration}"), trigger=(1, "iteration"))
    trainer.extend(
        extensions.snapshot_object(model, "written_{.updater.iteration}", writer=writer, n_retains=2),
        trigger=(1, "iteration"),
    )
    trainer.run()
    assert sorted(path.name for path in tmp_path.glob("written*")) == ["written_3", "written_4"]
    for i in (3, 4):
        assert (tmp_path / f"written_{i}").read_bytes() == (tmp_path / f"model_{i}").read_bytes()
    assert threading.active_count() == 1


@pytest.mark.parametrize("name", ["ThreadWriter", "ThreadQueueWriter"])
def test_what_goes_wrong_beside_the_training_ends_it(tmp_path: Path, name: str) -> None:
    def fail(path: str, target: Any) -> None:
        raise OSError("no such luck")

    trainer = trainer_of(tmp_path, extensions.snapshot(writer=getattr(snapshot_writers, name)(fail)))
    with pytest.raises(OSError, match="no such luck") as caught:
        trainer.run()
    assert "raised while a thread wrote a snapshot" in caught.value.__notes__
    assert list(tmp_path.iterdir()) == []


def test_a_writer_of_ones_own(tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []

    def write(filename: str, outdir: str, target: Any) -> None:
        calls.append((filename, outdir))
        save_npz(Path(outdir) / filename, target)

    trainer = run(tmp_path, extensions.snapshot(writer=write, n_retains=1))
    assert calls == [("snapshot_iter_2", str(tmp_path)), ("snapshot_iter_4", str(tmp_path))]
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot_iter_4"]
    with pytest.raises(TypeError, match="both savefun and writer are given"):
        extensions.snapshot(save_npz, writer=write)
    other = trainer_of(tmp_path)
    other.extend(extensions.snapshot())
    load_npz(tmp_path / "snapshot_iter_4", other)
    assert other.updater.iteration == trainer.updater.iteration


@pytest.mark.parametrize(("mode", "kept"), [("auto", {"3", "8"}), ("min", {"3", "8"}), ("max", {"2", "5"})])
def test_the_best_are_kept(tmp_path: Path, mode: str, kept: set[str]) -> None:
    values = iter([4.0, 9.0, 1.0, 5.0, 9.5, 4.0, 5.0, 2.0])
    observe = make_extension(trigger=(1, "iteration"), priority=300)(lambda trainer: nn.report({"x": next(values)}))
    trainer = trainer_of(tmp_path, stop=(8, "iteration"))
    trainer.extend(observe, name="observe")
    best = extensions.snapshot(filename="{.updater.iteration}", n_retains=2, best="x", mode=mode)
    trainer.extend(best, trigger=(1, "iteration"))
    trainer.run()
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_the_best_by_a_name_that_nobody_reports(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="snapshot: best is 'x', which was not reported in this iteration; there were: 'main/examples'"
    ):
        run(tmp_path, extensions.snapshot(n_retains=1, best="x"))


def test_the_stop_trigger_sees_the_last_observation_after_a_resume(tmp_path: Path) -> None:
    def stop() -> Any:
        return triggers.EarlyStoppingTrigger(
            (1, "epoch"), "main/loss", patience=3, mode="max", max_trigger=(20, "epoch")
        )

    once = run(tmp_path / "once", extensions.snapshot(), stop=stop())
    for path in sorted((tmp_path / "once").iterdir()):
        resumed = trainer_of(tmp_path / "resumed", extensions.snapshot(), stop=stop())
        load_npz(path, resumed)
        resumed.run()
        assert resumed.updater.iteration == once.updater.iteration
    gc.collect()
