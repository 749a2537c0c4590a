"""Saving a run and going on with it, to the same bits; and what happens when files are bad."""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import xparray as xp
from catena.nn.serializers import DictionarySerializer, load_npz, save_npz
from catena.training import StandardUpdater, Trainer, extensions, iterators, make_extension, optimizers
from catena.training.datasets import TupleDataset


class Noisy(nn.Chain):
    """A linear fit that draws from every random generator of the process."""

    def __init__(self, n: int) -> None:
        super().__init__()
        with self.init_scope():
            self.w = nn.Parameter(0.1, (n,))

    def forward(self, x: Any, t: Any) -> Any:
        noise = xp.random.get_generator().normal(t.shape, dtype="float32") + np.float32(np.random.randn())
        loss = ((x @ self.w - t + noise * np.float32(random.random())) ** 2).mean()
        nn.report({"loss": loss}, self)
        return loss


def data(n: int) -> TupleDataset:
    x = np.random.default_rng(0).standard_normal((10, n)).astype(np.float32)
    return TupleDataset(x, x.sum(axis=1))


def build(
    out: Path,
    optimizer: str = "Adam",
    stop: Any = (4, "epoch"),
    n: int = 3,
    snapshot: Any = None,
    trigger: Any = (1, "iteration"),
) -> Trainer:
    """Ten examples in minibatches of three: epochs end within minibatches."""
    model = Noisy(n)
    made = getattr(optimizers, optimizer)().setup(model)
    updater = StandardUpdater(iterators.SerialIterator(data(n), 3), made)
    trainer = Trainer(updater, stop, out=out)
    test = iterators.SerialIterator(data(n), 4, repeat=False, shuffle=True)
    trainer.extend(extensions.Evaluator(test, model))
    trainer.extend(extensions.LogReport(trigger=(3, "iteration")))
    trainer.extend(extensions.PlotReport(["main/loss"], trigger=(7, "iteration")))
    trainer.extend(extensions.snapshot() if snapshot is None else snapshot, trigger=trigger)
    return trainer


def seed(n: int) -> None:
    xp.random.seed(n)
    np.random.seed(n)
    random.seed(n)


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Everything that a snapshot holds, but for times."""
    serializer = DictionarySerializer()
    serializer.save(trainer)
    state = {key: (array.dtype, array.tolist()) for key, array in serializer.target.items()}
    del state["_snapshot_elapsed_time"]
    dtype, log = state["extensions/LogReport/_log"]
    state["extensions/LogReport/_log"] = (dtype.kind, re.sub(r'"elapsed_time": [^}]*', "", log))
    return state


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The folder of a finished run, with a snapshot for each of its 14 iterations."""
    seed(1)
    build(tmp_path).run()
    return tmp_path


# ------------------------------------------------------------------------------------------------- exact resume


@pytest.mark.parametrize("optimizer", ["SGD", "MomentumSGD", "Adam"])
@pytest.mark.parametrize("at", [1, 4, 9, 14])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, optimizer: str, at: int) -> None:
    seed(1)
    once = build(tmp_path / "once", optimizer)
    once.run()
    assert once.updater.iteration == 14

    seed(2)  # another process would have other states
    resumed = build(tmp_path / "resumed", optimizer)
    load_npz(tmp_path / "once" / f"snapshot_iter_{at}", resumed)
    assert resumed.updater.iteration == at
    resumed.run()
    assert state_of(resumed) == state_of(once)
    if at < 14:
        assert (tmp_path / "resumed/plot.png").read_bytes() == (tmp_path / "once/plot.png").read_bytes()


def test_a_longer_run_goes_on_where_a_shorter_one_ended(tmp_path: Path) -> None:
    seed(1)
    long = build(tmp_path / "long")
    long.run()
    seed(1)
    build(tmp_path / "short", stop=(2, "epoch")).run()
    resumed = build(tmp_path / "short", snapshot=extensions.snapshot(autoload=True))
    resumed.run()
    assert state_of(resumed) == state_of(long)


def test_loading_does_not_depend_on_what_the_new_trainer_has_done(finished: Path) -> None:
    reference = build(finished)
    load_npz(finished / "snapshot_iter_5", reference)
    used = build(finished / "other", stop=(3, "iteration"))
    used.run()
    used.stop_trigger = build(finished).stop_trigger
    load_npz(finished / "snapshot_iter_5", used)
    assert state_of(used) == state_of(reference)


# ------------------------------------------------------------------------------------------------- files


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"log", "plot.png"}


@pytest.mark.parametrize(
    ("options", "trigger", "expected"),
    [
        ({}, None, ["snapshot_iter_4", "snapshot_iter_7", "snapshot_iter_10", "snapshot_iter_14"]),
        ({"filename": "epoch-{.updater.epoch:02d}.npz"}, None, [f"epoch-0{i}.npz" for i in (1, 2, 3, 4)]),
        ({"filename": "latest"}, None, ["latest"]),
        ({"filename": lambda trainer: f"at{trainer.updater.iteration}"}, (7, "iteration"), ["at7", "at14"]),
        ({"n_retains": 2}, None, ["snapshot_iter_10", "snapshot_iter_14"]),
        ({"n_retains": 1, "filename": "{.updater.epoch_detail}.npz"}, (6, "iteration"), ["3.6.npz"]),
        ({"condition": lambda: False}, None, []),
    ],
)
def test_which_files(tmp_path: Path, options: dict[str, Any], trigger: Any, expected: list[str]) -> None:
    build(tmp_path, snapshot=extensions.snapshot(**options), trigger=trigger).run()
    assert names(tmp_path) == set(expected)


def test_n_retains_leaves_other_files_alone(tmp_path: Path) -> None:
    others = {"snapshot_iter_3.bak", "my_snapshot_iter_3", "snapshot_iter_best", "snapshot_iter_"}
    for name in others:
        (tmp_path / name).write_text("mine")
    build(tmp_path, snapshot=extensions.snapshot(n_retains=1)).run()
    assert names(tmp_path) == {*others, "snapshot_iter_14"}


def test_a_snapshot_of_an_object(tmp_path: Path) -> None:
    trainer = build(tmp_path, snapshot=extensions.snapshot(condition=lambda: False))
    model = trainer.updater.get_optimizer("main").target
    trainer.extend(extensions.snapshot_object(model, "models/{.updater.epoch}"))
    trainer.run()
    assert names(tmp_path / "models") == {"1", "2", "3", "4"}
    other = Noisy(3)
    load_npz(tmp_path / "models/4", other)
    assert other.w.array.tolist() == model.w.array.tolist()


def test_the_run_is_saved_after_all_else_of_the_iteration(tmp_path: Path) -> None:
    """Or an extension that is due in that iteration would run in the next one after a resume."""
    seen: list[str] = []

    def saver(name: str) -> Callable[[str, Any], None]:
        def save(path: str, target: Any) -> None:
            seen.append(name)
            save_npz(path, target)

        return save

    trainer = build(tmp_path, snapshot=extensions.snapshot(saver("run")), stop=(1, "iteration"))
    trainer.extend(extensions.snapshot_object(Noisy(3), "model", saver("model")), trigger=(1, "iteration"))
    trainer.extend(lambda trainer: seen.append("last"), name="last", priority=-80)
    trainer.run()
    assert seen == ["last", "model", "run"]


def test_savefun_is_called_with_a_path_and_the_file_appears_when_complete(tmp_path: Path) -> None:
    def save(path: str, trainer: Any) -> None:
        Path(path).write_text("begun")
        assert names(tmp_path) - {os.path.basename(path)} == set(before)
        Path(path).write_text(f"iteration {trainer.updater.iteration}")

    before: list[str] = []
    build(tmp_path, snapshot=extensions.snapshot(save, "file.txt"), trigger=(14, "iteration")).run()
    assert (tmp_path / "file.txt").read_text() == "iteration 14"


def test_when_saving_fails_the_file_from_before_stays(tmp_path: Path) -> None:
    def save(path: str, trainer: Any) -> None:
        Path(path).write_text("whole" if trainer.updater.iteration == 1 else "ha")
        if trainer.updater.iteration == 2:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full") as caught:
        build(tmp_path, snapshot=extensions.snapshot(save, "latest")).run()
    assert any(re.search("latest' was not written; what stood there before is as", n) for n in caught.value.__notes__)
    assert names(tmp_path) == {"latest"}
    assert (tmp_path / "latest").read_text() == "whole"


# ------------------------------------------------------------------------------------------------- on error


@make_extension(trigger=lambda trainer: trainer.updater.iteration == 5, priority=1000)
def breaks(trainer: Trainer) -> None:
    raise RuntimeError("broken")


@pytest.mark.parametrize(("on_error", "expected"), [(True, {"snapshot_iter_5"}), (False, set())])
def test_snapshot_on_error(tmp_path: Path, on_error: bool, expected: set[str]) -> None:
    snapshot = extensions.snapshot(snapshot_on_error=on_error)
    trainer = build(tmp_path, snapshot=snapshot, trigger=(100, "iteration"))
    trainer.extend(breaks)
    with pytest.raises(RuntimeError, match="broken"):
        trainer.run()
    assert names(tmp_path) == expected
    for name in expected:
        resumed = build(tmp_path)
        load_npz(tmp_path / name, resumed)
        assert resumed.updater.iteration == 5


def test_snapshot_on_error_never_replaces_what_was_saved_before(tmp_path: Path) -> None:
    trainer = build(tmp_path, snapshot=extensions.snapshot(snapshot_on_error=True), trigger=(4, "iteration"))
    saved: list[bytes] = []

    def update_core() -> None:
        if trainer.updater.iteration == 4:
            saved.append((tmp_path / "snapshot_iter_4").read_bytes())
            trainer.updater.get_iterator("main").next()
            raise RuntimeError("in the middle of an update")
        StandardUpdater.update_core(trainer.updater)

    trainer.updater.update_core = update_core
    with pytest.raises(RuntimeError, match="in the middle"):
        trainer.run()
    assert saved == [(tmp_path / "snapshot_iter_4").read_bytes()]


# ------------------------------------------------------------------------------------------------- autoload


def age(*paths: Path) -> None:
    """Make the files older and older, the first the newest."""
    for i, path in enumerate(paths):
        os.utime(path, (1e9 - i, 1e9 - i))


def autoloaded(folder: Path, **options: Any) -> int:
    """The iteration at which a run begins."""
    begun: list[int] = []
    trainer = build(folder, snapshot=extensions.snapshot(autoload=True, **options), stop=(1, "iteration"))
    look = make_extension(initializer=lambda trainer: begun.append(trainer.updater.iteration), default_name="look")
    trainer.extend(look(lambda trainer: None), trigger=lambda trainer: False)
    trainer.run()
    return begun[0]


def test_autoload_takes_the_newest(finished: Path) -> None:
    assert autoloaded(finished) == 14
    age(finished / "snapshot_iter_14", finished / "snapshot_iter_9")
    for name in names(finished) - {"snapshot_iter_14", "snapshot_iter_9"}:
        (finished / name).unlink()
    assert autoloaded(finished) == 14
    age(finished / "snapshot_iter_9", finished / "snapshot_iter_14")
    assert autoloaded(finished) == 9


def test_autoload_begins_anew_where_there_is_nothing(tmp_path: Path) -> None:
    assert autoloaded(tmp_path / "new") == 0


def test_autoload_passes_over_files_that_do_not_load_and_says_so(finished: Path) -> None:
    whole = (finished / "snapshot_iter_14").read_bytes()
    (finished / "snapshot_iter_14").write_bytes(whole[: len(whole) // 2])
    age(finished / "snapshot_iter_14", finished / "snapshot_iter_13")
    for name in names(finished) - {"snapshot_iter_14", "snapshot_iter_13"}:
        (finished / name).unlink()
    with pytest.warns(UserWarning, match=r"snapshot: skipped .*snapshot_iter_14' cannot be read, it is damaged"):
        assert autoloaded(finished) == 13
    assert names(finished) == {"snapshot_iter_13", "snapshot_iter_14"}


def test_autoload_does_not_begin_anew_over_files_of_which_none_loads(finished: Path) -> None:
    before = {name: (finished / name).read_bytes() for name in names(finished)}
    trainer = build(finished, n=4, snapshot=extensions.snapshot(autoload=True))
    with pytest.raises(
        ValueError, match=r"autoload found 14 files .* none loads; move them away to start anew"
    ) as caught:
        trainer.run()
    assert "updater/model:main/w has shape (3,), expected (4,)" in str(caught.value)
    assert trainer.updater.iteration == 0
    assert {name: (finished / name).read_bytes() for name in names(finished)} == before


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"filename": "snapshot_{.updater.itration}"},
            "snapshot: filename 'snapshot_{.updater.itration}' cannot be formatted with the trainer: 'StandardUpdater' object "
            "has no attribute 'itration'; put what the trainer has into braces, as in 'snapshot_iter_{.updater.iteration}'",
        ),
        ({"filename": "{}{}"}, "snapshot: filename '{}{}' cannot be formatted with the trainer: Replacement index 1"),
        ({"n_retains": 0}, "snapshot: n_retains is 0; expected a number of files from 1, or -1 for all"),
        (
            {"filename": lambda trainer: "x", "autoload": True},
            "snapshot: filename is a function, but n_retains and autoload find files by a format string; give one such "
            "as 'snapshot_iter_{.updater.iteration}'",
        ),
        (
            {"filename": "{.updater.__class__.__name__}", "autoload": True},
            "n_retains and autoload expect nothing but numbers in its braces, as in "
            "'snapshot_iter_{.updater.iteration}'",
        ),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    trainers = []
    with pytest.raises(ValueError, match=re.escape(text)):
        trainers.append(build(tmp_path, snapshot=extensions.snapshot(**options)))
        trainers[0].run()
    assert [trainer.updater.iteration for trainer in trainers] in ([], [0])


def test_a_file_name_may_hold_what_was_reported(tmp_path: Path) -> None:
    build(
        tmp_path, snapshot=extensions.snapshot(filename="{.observation[main/loss].size}"), trigger=(14, "iteration")
    ).run()
    assert names(tmp_path) == {"1"}


# ------------------------------------------------------------------------------------------------- bad files


def flip(content: bytes) -> bytes:
    """The file with one byte of one array changed."""
    entry = zipfile.ZipFile(io.BytesIO(content)).getinfo("random/python.npy")
    i = entry.header_offset + entry.compress_size // 2
    return content[:i] + bytes([content[i] ^ 0xFF]) + content[i + 1 :]


def model_file(content: bytes) -> bytes:
    file = io.BytesIO()
    save_npz(file, Noisy(3))
    return file.getvalue()


def with_entry(key: str, value: Any) -> Callable[[bytes], bytes]:
    """The snapshot with one value replaced: whole, but with contents that make no sense."""

    def replaced(content: bytes) -> bytes:
        with np.load(io.BytesIO(content)) as arrays:
            changed = {name: arrays[name] for name in arrays.files}
        assert key in changed
        file = io.BytesIO()
        save_npz(file, {**changed, key: value})
        return file.getvalue()

    return replaced


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda content: b"", "cannot be read, it is damaged or no .npz file"),
        (lambda content: b"not a snapshot", "cannot be read, it is damaged or no .npz file"),
        (lambda content: content[: len(content) // 2], "cannot be read, it is damaged or no .npz file"),
        (flip, "cannot be read, it is damaged or no .npz file"),
        (model_file, "holds the parameters of a model (Noisy), you passed a trainer (Trainer)"),
        (with_entry("random/numpy", "{}"), "the file holds a state that no random generator of numpy or Python has"),
        (with_entry("random/python", "[1, 2"), "serialize: python is '[1, 2'; expected JSON"),
        (with_entry("random/xparray", "{}"), "Generator.state"),
        (with_entry("extensions/LogReport/_log", "nonsense"), "serialize: _log is 'nonsense'; expected JSON"),
        (with_entry("extensions/PlotReport/_plot_plot.png", "[]"), "_plot_plot.png is '[]'; expected JSON of a dict"),
        (with_entry("updater/iterator:main/current_position", 99), "SerialIterator: the file holds place 99"),
    ],
)
def test_a_bad_file_leaves_the_trainer_as_it_was(finished: Path, spoil: Callable[[bytes], bytes], text: str) -> None:
    bad = finished / "bad"
    bad.write_bytes(spoil((finished / "snapshot_iter_9").read_bytes()))
    trainer = build(finished)
    load_npz(finished / "snapshot_iter_5", trainer)
    before = state_of(trainer)
    with pytest.raises(ValueError, match=re.escape(text)):
        load_npz(bad, trainer)
    assert state_of(trainer) == before
    trainer.run()
    whole = build(finished)
    load_npz(finished / "snapshot_iter_14", whole)
    whole.run()
    assert state_of(trainer) == state_of(whole)


def test_a_trainer_with_other_extensions_is_told_which(finished: Path) -> None:
    trainer = build(finished)
    trainer.extend(extensions.LogReport(), name="second")
    with pytest.raises(ValueError, match=r"missing: .*extensions/second/_log"):
        load_npz(finished / "snapshot_iter_5", trainer)
    load_npz(finished / "snapshot_iter_5", trainer, strict=False)
    assert trainer.updater.iteration == 5
