"""Evaluator, LogReport, PrintReport, ProgressBar, PlotReport."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import catena.nn as nn
from catena.training import Extension, StandardUpdater, Trainer, Updater, extensions, iterators, optimizers
from catena.training.datasets import TupleDataset


class Mean(nn.Link):
    """Reports the mean of what it is given, and notes under which settings it was called."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(1, (1,))
        self.settings: list[tuple[bool, bool]] = []

    def forward(self, x: Any) -> Any:
        self.settings.append((ag.config.train, ag.config.enable_backprop))
        y = (self.w * x).mean()
        nn.report({"mean": y}, self)
        return y


class Playback(Updater):
    """Reports the given values, one dict an iteration, three iterations an epoch."""

    def __init__(self, observations: list[dict[str, float]]) -> None:
        self.observations = observations

    @property
    def epoch(self) -> int:
        return self.iteration // 3

    @property
    def epoch_detail(self) -> float:
        return self.iteration / 3

    @property
    def previous_epoch_detail(self) -> float | None:
        return (self.iteration - 1) / 3 if self.iteration else None

    def get_all_optimizers(self) -> dict[str, Any]:
        return {}

    def update(self) -> None:
        nn.report(self.observations[self.iteration])
        self.iteration += 1

    def serialize(self, serializer: Any) -> None:
        self.iteration = serializer("iteration", self.iteration)


def play(out: Path, observations: list[dict[str, float]], *given: Any, stop: Any = None) -> Trainer:
    trainer = Trainer(Playback(observations), stop or (len(observations), "iteration"), out=out)
    for extension in given:
        trainer.extend(extension)
    trainer.run()
    return trainer


LOSSES = [{"loss": loss} for loss in (3.0, 2.0, 1.0, 0.5, 0.25, 0.75)]


def batches(data: Any, size: int, **options: Any) -> iterators.SerialIterator:
    return iterators.SerialIterator(data, size, repeat=False, shuffle=False, **options)


# ------------------------------------------------------------------------------------------------- Evaluator


class TestEvaluator:
    def test_weighs_by_the_number_of_examples(self) -> None:
        # The minibatches' means are 1.5 and 6.0, whose mean would be 3.75.
        evaluator = extensions.Evaluator(batches(np.array([1.0, 2.0, 6.0], np.float32), 2), Mean())
        assert evaluator() == {"main/mean": 3.0}

    def test_neither_trains_nor_records_a_graph(self) -> None:
        model = Mean()
        extensions.Evaluator(batches(np.ones(3, np.float32), 2), model)()
        assert model.settings == [(False, False)] * 2
        assert (ag.config.train, ag.config.enable_backprop) == (True, True)

    def test_every_evaluation_goes_over_the_whole_dataset(self) -> None:
        iterator = batches(np.array([1.0, 2.0, 6.0], np.float32), 2)
        next(iterator)
        evaluator = extensions.Evaluator(iterator, Mean())
        assert evaluator() == evaluator() == {"main/mean": 3.0}
        assert len(next(iterator)) == 1  # the iterator itself is where it was

    def test_reports_in_the_trainer_under_its_name(self, tmp_path: Path) -> None:
        evaluator = extensions.Evaluator(batches(np.ones(3, np.float32), 2), {"main": Mean()})
        trainer = play(tmp_path, LOSSES[:3], evaluator)
        assert trainer.get_extension("validation") is evaluator
        assert evaluator.trigger == (1, "epoch")
        assert trainer.observation == {"loss": 1.0, "validation/main/mean": 1.0}

    def test_names_of_two(self, tmp_path: Path) -> None:
        data = np.ones(3, np.float32)
        first, second = (extensions.Evaluator(batches(data, 2), Mean()) for _ in range(2))
        trainer = play(tmp_path, LOSSES[:3], first, second)
        assert list(trainer.observation) == ["loss", "validation/main/mean", "validation_1/main/mean"]

    def test_sub_links_report_under_their_paths(self) -> None:
        whole = nn.Chain(part=Mean())
        data = np.ones(2, np.float32)
        evaluator = extensions.Evaluator(batches(data, 2), whole, eval_func=lambda x: whole.part(x))
        assert evaluator() == {"main/part/mean": 1.0}

    @pytest.mark.parametrize(
        ("examples", "converted", "expected"),
        [
            (TupleDataset(np.ones(4), np.zeros(4)), "a tuple of arguments", (2, 0)),
            ([{"x": 1.0, "t": 5.0}] * 4, "a dict of arguments", (2, 10)),
        ],
    )
    def test_what_the_converter_makes_becomes_arguments(self, examples: Any, converted: str, expected: Any) -> None:
        def score(x: Any, t: Any) -> None:
            seen.append((x.sum(), t.sum()))

        seen: list[Any] = []
        extensions.Evaluator(batches(examples, 2), Mean(), eval_func=score)()
        assert seen == [expected] * 2

    def test_hook_converter_and_device(self) -> None:
        calls: list[Any] = []

        def convert(batch: list[Any], device: Any) -> Any:
            calls.append((len(batch), device))
            return np.asarray(batch, np.float32)

        evaluator = extensions.Evaluator(
            batches([1.0, 2.0], 2), Mean(), converter=convert, device="numba", eval_hook=calls.append
        )
        evaluator()
        assert calls == [evaluator, (2, "numba")]

    def test_a_subclass_may_evaluate_otherwise(self, tmp_path: Path) -> None:
        class Mine(extensions.Evaluator):
            def evaluate(self) -> dict[str, float]:
                return {"answer": float(len(list(self.get_iterator("main"))) * len(self.get_all_targets()))}

        trainer = play(tmp_path, LOSSES[:3], Mine(batches([1.0, 2.0], 1), {"a": Mean(), "b": Mean()}))
        assert trainer.observation["answer"] == 4

    def test_an_iterator_that_never_ends_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Evaluator: iterator 'main' repeats its dataset for ever") as caught:
            extensions.Evaluator(iterators.SerialIterator([1.0], 1), Mean())
        assert str(caught.value).endswith("make it with repeat=False, shuffle=False")

    def test_an_iterator_that_yields_nothing_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="the iterator 'main' gave no minibatch; is its dataset empty"):
            extensions.Evaluator(iter([]), Mean())()

    def test_what_is_not_there_is_named(self) -> None:
        evaluator = extensions.Evaluator({"test": batches([1.0], 1)}, {"generator": Mean()})
        for call, text in (
            (lambda: evaluator.get_iterator("main"), "Evaluator: there is no iterator named 'main', only 'test'"),
            (lambda: evaluator.get_target("main"), "Evaluator: there is no target named 'main', only 'generator'"),
            (evaluator, "there is no target named 'main', only 'generator'; give one that name, or define"),
        ):
            with pytest.raises(ValueError, match=re.escape(text)):
                call()

    def test_any_iterator_of_minibatches_serves(self, tmp_path: Path) -> None:
        evaluator = extensions.Evaluator(iter([[1.0, 2.0], [6.0]]), Mean(), lambda batch, device: np.asarray(batch))
        trainer = play(tmp_path, LOSSES[:3], evaluator)
        assert trainer.observation["validation/main/mean"] == 3.0


# ------------------------------------------------------------------------------------------------- LogReport


class TestLogReport:
    def test_the_file(self, tmp_path: Path) -> None:
        observations = [{**LOSSES[0], "b": 1.0}, *LOSSES[1:4], {**LOSSES[4], "a": 7.0}, LOSSES[5]]
        trainer = play(tmp_path, observations, extensions.LogReport())
        text = (tmp_path / "log").read_text()
        log = json.loads(text)
        assert [list(entry) for entry in log] == [
            ["loss", "b", "epoch", "iteration", "elapsed_time", "about"],
            ["loss", "a", "epoch", "iteration", "elapsed_time"],
        ]
        assert [list(entry.values())[:4] for entry in log] == [[2.0, 1.0, 1, 3], [0.5, 7.0, 2, 6]]
        assert log[0]["about"] == trainer.about
        assert 0 < log[0]["elapsed_time"] < log[1]["elapsed_time"] < trainer.elapsed_time
        assert text == json.dumps(log, indent=4) + "\n"
        assert trainer.get_extension("LogReport").log == log

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"trigger": (2, "iteration")}, {"log": [2.5, 0.75, 0.5]}),
            ({"filename": "log.json"}, {"log.json": [2.0, 0.5]}),
            ({"filename": "log_{epoch}"}, {"log_1": [2.0], "log_2": [2.0, 0.5]}),
            ({"filename": None}, {}),
            ({"keys": ["other"]}, {"log": [None, None]}),
        ],
    )
    def test_options(self, tmp_path: Path, options: dict[str, Any], expected: dict[str, list[float]]) -> None:
        play(tmp_path, LOSSES, extensions.LogReport(**options))
        files = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
        assert {name: [entry.get("loss") for entry in log] for name, log in files.items()} == expected

    def test_the_file_may_be_in_a_folder_of_its_own(self, tmp_path: Path) -> None:
        play(tmp_path, LOSSES, extensions.LogReport(filename="logs/{epoch}"))
        assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["1", "2"]

    def test_postprocess_changes_the_entry(self, tmp_path: Path) -> None:
        log = extensions.LogReport(postprocess=lambda entry: entry.update(double=2 * entry["loss"]))
        play(tmp_path, LOSSES, log)
        assert [entry["double"] for entry in json.loads((tmp_path / "log").read_text())] == [4.0, 1.0]

    def test_what_cannot_be_written_leaves_the_file_as_it_was(self, tmp_path: Path) -> None:
        def spoil(entry: dict[str, Any]) -> None:
            if entry["epoch"] == 2:
                entry["bad"] = object()

        with pytest.raises(TypeError, match="not JSON serializable"):
            play(tmp_path, LOSSES, extensions.LogReport(postprocess=spoil))
        assert [path.name for path in tmp_path.iterdir()] == ["log"]
        assert [entry["loss"] for entry in json.loads((tmp_path / "log").read_text())] == [2.0]

    def test_an_entry_before_training(self, tmp_path: Path) -> None:
        trainer = Trainer(Playback(LOSSES[:3]), (3, "iteration"), out=tmp_path)
        trainer.extend(lambda trainer: nn.report({"at": 1.0}), "start", priority=300, call_before_training=True)
        trainer.extend(extensions.LogReport(), call_before_training=True)
        trainer.run()
        log = trainer.get_extension("LogReport").log
        assert [(entry["iteration"], entry["at"], entry.get("loss")) for entry in log] == [
            (0, 1.0, None),
            (3, 1.0, 2.0),
        ]


# ------------------------------------------------------------------------------------------------- PrintReport


class TestPrintReport:
    def test_plain_lines(self, tmp_path: Path) -> None:
        out = io.StringIO()
        columns = ["epoch", "loss", "validation/main/accuracy", "iteration"]
        observations = [*LOSSES[:4], {"loss": 1e-7, "validation/main/accuracy": 0.123456789}, *LOSSES[5:]]
        play(tmp_path, observations, extensions.LogReport(), extensions.PrintReport(columns, out=out))
        assert out.getvalue().splitlines() == [
            "epoch       loss        validation/main/accuracy  iteration",
            "1           2                                     3",
            "2           0.416667    0.123457                  6",
        ]

    def test_without_a_terminal_lines_go_to_standard_output(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        play(tmp_path, LOSSES, extensions.LogReport(), extensions.PrintReport(["epoch", "loss"]))
        assert capsys.readouterr().out == "epoch       loss\n1           2\n2           0.5\n"

    def test_warns_of_names_that_nobody_reported(self, tmp_path: Path) -> None:
        expected = (
            "PrintReport: nothing was reported under 'los'; there were 'elapsed_time', 'epoch', 'iteration', 'loss'"
        )
        with pytest.warns(UserWarning, match=f"^{re.escape(expected)}$"):
            play(tmp_path, LOSSES, extensions.LogReport(), extensions.PrintReport(["epoch", "los"], out=io.StringIO()))

    def test_a_log_of_its_own(self, tmp_path: Path) -> None:
        out = io.StringIO()
        log = extensions.LogReport(trigger=(2, "iteration"), filename=None)
        play(tmp_path, LOSSES, extensions.PrintReport(["loss"], log, out=out))
        assert out.getvalue().split() == ["loss", "2.5", "0.75", "0.5"]

    def test_a_log_under_another_name(self, tmp_path: Path) -> None:
        out = io.StringIO()
        trainer = Trainer(Playback(LOSSES), (2, "epoch"), out=tmp_path)
        trainer.extend(extensions.LogReport(), name="mine")
        trainer.extend(extensions.PrintReport(["loss"], "mine", out=out))
        trainer.run()
        assert out.getvalue().split() == ["loss", "2", "0.5"]

    @pytest.mark.parametrize(
        ("make", "error", "text"),
        [
            (
                lambda: extensions.PrintReport("epoch"),
                TypeError,
                "PrintReport: entries is 'epoch'; expected a list of names; write ['epoch']",
            ),
            (
                lambda: extensions.PrintReport(["epoch"]),
                ValueError,
                "Trainer.get_extension: there is no extension named 'LogReport'; there are: 'PrintReport'",
            ),
            (
                lambda: extensions.PrintReport(["epoch"], "PrintReport"),
                TypeError,
                "expected a LogReport or the name of one",
            ),
        ],
    )
    def test_mistakes_end_the_run_before_training(
        self, tmp_path: Path, make: Callable[[], Extension], error: type[Exception], text: str
    ) -> None:
        updater = Playback(LOSSES)
        with pytest.raises(error, match=re.escape(text)):
            Trainer(updater, (2, "epoch"), tmp_path, extensions=[make()]).run()
        assert updater.iteration == 0


# ------------------------------------------------------------------------------------------------- ProgressBar


class TestProgressBar:
    def test_plain_lines(self, tmp_path: Path) -> None:
        out = io.StringIO()
        play(tmp_path, LOSSES, extensions.ProgressBar(update_interval=2, bar_length=12, out=out), stop=(2, "epoch"))
        begin = [line[: line.index(" iters/sec")].rsplit(",", 1)[0] for line in out.getvalue().splitlines()]
        assert begin == [
            "total [####........]  33.33%  2 iter, 0 epoch / 2 epochs",
            "total [########....]  66.67%  4 iter, 1 epoch / 2 epochs",
            "total [############] 100.00%  6 iter, 2 epoch / 2 epochs",
        ]

    def test_tells_the_speed_and_the_time_to_go(self, tmp_path: Path) -> None:
        out = io.StringIO()
        play(tmp_path, LOSSES, extensions.ProgressBar(update_interval=4, out=out))
        (line,) = out.getvalue().splitlines()
        assert re.search(r"4 iter, 1 epoch / 6 iterations, [0-9.e+]+ iters/sec, \d+:\d\d:\d\d to go$", line)

    @pytest.mark.parametrize(
        ("length", "stop", "expected"),
        [
            ((12, "iteration"), (2, "epoch"), "total [#####.....]  50.00%  6 iter, 2 epoch / 12 iterations"),
            ((4, "epoch"), (2, "epoch"), "total [#####.....]  50.00%  6 iter, 2 epoch / 4 epochs"),
            (None, (6, "iteration"), "total [##########] 100.00%  6 iter, 2 epoch / 6 iterations"),
            (None, lambda t: t.updater.iteration == 6, "this epoch [..........]   0.00%  6 iter, 2 epoch"),
        ],
    )
    def test_training_length(self, tmp_path: Path, length: Any, stop: Any, expected: str) -> None:
        out = io.StringIO()
        play(tmp_path, LOSSES, extensions.ProgressBar(length, 6, 10, out), stop=stop)
        assert out.getvalue().startswith(expected)

    def test_without_a_terminal_lines_go_to_standard_output(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        play(tmp_path, LOSSES, extensions.ProgressBar(update_interval=3))
        assert len(capsys.readouterr().out.splitlines()) == 2


# ------------------------------------------------------------------------------------------------- on a terminal

PROGRAM = """
import sys
sys.modules.update({name: None for name in sys.argv[2:]})  # these cannot be imported
import numpy as np
import catena.nn as nn
from catena.training import StandardUpdater, Trainer, extensions, iterators, optimizers

class Model(nn.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(0, (1,))
    def forward(self, x):
        loss = ((self.w - x) ** 2).mean()
        nn.report({"loss": loss}, self)
        return loss

updater = StandardUpdater(iterators.SerialIterator(np.ones(4, np.float32), 2), optimizers.SGD().setup(Model()))
trainer = Trainer(updater, (3, "epoch"), out=sys.argv[1])
trainer.extend(extensions.LogReport())
trainer.extend(extensions.PrintReport(["epoch", "main/loss"]))
trainer.extend(extensions.ProgressBar(update_interval=1))
trainer.run()
print("end", "rich" in sys.modules, "matplotlib" in sys.modules)
"""


def on_a_terminal(*arguments: str, columns: int = 100) -> str:
    """What the program writes when its standard output is a terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=slave, env=environment) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not chunk:
                break
            written += chunk
        os.close(master)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def text_of(written: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "\n")


class TestTerminal:
    @pytest.mark.parametrize("columns", [100, 20])
    def test_rich_draws_table_and_bars(self, tmp_path: Path, columns: int) -> None:
        written = on_a_terminal(str(tmp_path), columns=columns)
        text = text_of(written)
        assert len(re.findall(r"epoch +main/loss", text)) == 1
        losses = [f"{entry['main/loss']:g}" for entry in json.loads((tmp_path / "log").read_text())]
        assert re.findall(r"^ *([123]) +(\S+) *$", text, re.MULTILINE) == list(zip("123", losses, strict=True))
        assert "total" in text
        assert "\x1b[?25l" in written  # bars hide the cursor,
        assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # and show it again at the end
        assert text.endswith("end True False\n")

    def test_without_rich_plain_lines(self, tmp_path: Path) -> None:
        written = on_a_terminal(str(tmp_path), "rich")
        # Where colorama is installed, numba has it reset colours at the end of the program.
        written = written.removesuffix("\x1b[0m")
        assert "\x1b" not in written
        lines = written.splitlines()
        assert lines[1] == "epoch       main/loss"
        assert lines[0].startswith("total [########.............")
        assert sum(line.startswith("total [") for line in lines) == 6

    def test_without_a_terminal_rich_is_not_imported(self, tmp_path: Path) -> None:
        run = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, check=True)
        assert run.stdout.endswith("end False False\n")
        assert run.stderr == ""


# ------------------------------------------------------------------------------------------------- PlotReport


class TestPlotReport:
    def test_draws_means_over_iterations(self, tmp_path: Path) -> None:
        drawn: list[Any] = []

        def look(figure: Any, axes: Any, means: dict[str, float]) -> None:
            drawn.append([line.get_xydata().tolist() for line in axes.get_lines()])
            assert axes.get_xlabel() == "iteration"
            assert axes.get_lines()[0].get_marker() == "x"

        observations = [{**LOSSES[0]}, *LOSSES[1:5], {**LOSSES[5], "late": 9.0}]
        plot = extensions.PlotReport(["loss", "late"], postprocess=look)
        play(tmp_path, observations, plot)
        assert drawn == [[[[3.0, 2.0]]], [[[3.0, 2.0], [6.0, 0.5]], [[6.0, 9.0]]]]
        assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]
        assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("x_key", "filename", "magic", "expected"),
        [
            ("epoch", "a.pdf", b"%PDF", [[1.0, 2.0], [2.0, 0.5]]),
            ("lr", "a.svg", b"<?xml", [[0.5, 0.5]]),
        ],
    )
    def test_other_axes_and_formats(
        self, tmp_path: Path, x_key: str, filename: str, magic: bytes, expected: list[list[float]]
    ) -> None:
        drawn: list[Any] = []
        plot = extensions.PlotReport(
            "loss",
            x_key,
            postprocess=lambda figure, axes, means: drawn.append(axes.get_lines()[0].get_xydata().tolist()),
            filename=filename,
        )
        play(tmp_path, [*LOSSES[:5], {**LOSSES[5], "lr": 0.5}], plot)
        assert drawn[-1] == expected
        assert (tmp_path / filename).read_bytes().startswith(magic)

    def test_a_format_that_matplotlib_does_not_write_ends_the_run_before_training(self, tmp_path: Path) -> None:
        trainer = Trainer(Playback(LOSSES), (6, "iteration"), out=tmp_path)
        trainer.extend(extensions.PlotReport(["loss"], filename="loss.foo"))
        with pytest.raises(
            ValueError,
            match=r"^PlotReport: filename is 'loss.foo', whose format matplotlib does not write; it writes .*png",
        ):
            trainer.run()
        assert trainer.updater.iteration == 0

    def test_without_a_suffix_the_file_is_png(self, tmp_path: Path) -> None:
        play(tmp_path, LOSSES, extensions.PlotReport(["loss"], filename="plots/loss"))
        assert (tmp_path / "plots" / "loss").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("keys", "x_key", "named"),
        [(["los", "loss"], "epoch", "'los'"), (["loss"], "iter", "'iter'")],
    )
    def test_warns_of_names_that_nobody_reported(self, tmp_path: Path, keys: list[str], x_key: str, named: str) -> None:
        expected = f"PlotReport: nothing was reported under {named}; there were 'epoch', 'iteration', 'loss'"
        with pytest.warns(UserWarning, match=f"^{re.escape(expected)}$"):
            play(tmp_path, LOSSES, extensions.PlotReport(keys, x_key))

    def test_no_window_toolkit_is_touched(self, tmp_path: Path) -> None:
        program = PROGRAM.replace(
            "trainer.run()", "trainer.extend(extensions.PlotReport(['main/loss']))\ntrainer.run()"
        )
        program += "\nassert 'matplotlib.pyplot' not in sys.modules"
        environment = {**os.environ, "MPLBACKEND": "tkagg", "DISPLAY": ""}
        subprocess.run([sys.executable, "-c", program, tmp_path], env=environment, check=True, capture_output=True)
        assert (tmp_path / "plot.png").exists()

    def test_without_matplotlib_the_run_does_not_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert extensions.PlotReport.available()
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        assert not extensions.PlotReport.available()
        updater = Playback(LOSSES)
        with pytest.raises(ImportError, match=re.escape("pip install catena-training[plot]")):
            Trainer(updater, (2, "epoch"), tmp_path, extensions=[extensions.PlotReport(["loss"])]).run()
        assert updater.iteration == 0


# ------------------------------------------------------------------------------------------------- all together


def test_a_log_of_training(tmp_path: Path) -> None:
    data = np.linspace(-1, 1, 6, dtype=np.float32)
    model = Mean()
    optimizer = optimizers.SGD(lr=0.01).setup(model)
    trainer = Trainer(StandardUpdater(iterators.SerialIterator(data, 2), optimizer), (2, "epoch"), out=tmp_path)
    trainer.extend(extensions.Evaluator(batches(data, 4), model))
    trainer.extend(extensions.LogReport())
    trainer.run()
    log = json.loads((tmp_path / "log").read_text())
    names = ["main/mean", "validation/main/mean", "epoch", "iteration", "elapsed_time"]
    assert [list(entry) for entry in log] == [[*names, "about"], names]
    assert [(entry["epoch"], entry["iteration"]) for entry in log] == [(1, 3), (2, 6)]
    assert all(isinstance(entry[name], float) for entry in log for name in ("main/mean", "validation/main/mean"))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: extensions.Evaluator(np.ones(1), nn.Link()), TypeError,
         "Evaluator: iterator 'main' is of type ndarray; expected an iterator, such as "
         "SerialIterator(dataset, 100, repeat=False, shuffle=False)"),
        (lambda: extensions.Evaluator({}, nn.Link()), ValueError,
         "Evaluator: iterator is an empty dict; expected at least one iterator, under the name 'main'"),
        (lambda: extensions.Evaluator(batches([1.0], 1), 3), TypeError,
         "Evaluator: target 'main' is of type int; expected a link, such as the model that is trained"),
        (lambda: extensions.LogReport("main/loss"), TypeError,
         "LogReport: keys is 'main/loss'; expected a list of names; write ['main/loss']"),
        (lambda: extensions.ProgressBar(update_interval=0), ValueError,
         "ProgressBar: update_interval is 0; expected a number of iterations from 1, such as 100"),
        (lambda: extensions.ProgressBar((20, "epochs")), ValueError,
         "IntervalTrigger: unit is 'epochs'; expected 'epoch' or 'iteration'; write (1, 'epoch'), for instance"),
        (lambda: extensions.ProgressBar(5), TypeError,
         "get_trigger: trigger is 5; expected (period, unit) such as (1, 'epoch'), a callable that takes the trainer, or None for never"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
