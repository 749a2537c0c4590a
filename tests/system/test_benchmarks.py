"""The contestants of each benchmark compute the same; nothing here asserts a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Those that NumPy and HIPS autograd compute too.
WORKLOADS = ["W1", "W2", "W3", "W8-polynomial", "W8-chain"]


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a run that times nothing, over these workloads and all contestants."""
    file = tmp_path_factory.mktemp("bench") / "deeper" / "bench.json"
    run = bench("--check", "--workloads", *WORKLOADS, "--json", str(file))
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return report["workloads"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("contestant", ["numpy", "catena", "torch", "hips"])
@pytest.mark.parametrize("workload", WORKLOADS)
def test_contestants_agree_over_20_steps(checked: dict[str, Any], workload: str, contestant: str) -> None:
    seen = checked[workload]
    if contestant in ("torch", "hips") and contestant in seen["absent"]:
        pytest.skip(seen["absent"][contestant])
    assert len(seen["contestants"][contestant]["numbers"]) == 20
    assert seen["contestants"][contestant]["difference"] <= seen["tolerance"]
    assert seen["disagreement"] is None


# W5's inference and W7 have no loss. `python -m benchmarks --check` holds all of them against torch where that is installed.
@pytest.mark.parametrize("workload", ["W4", "W5-training", "W6-steps", "W6-sequence", "W9"])
def test_the_loss_falls(monkeypatch: pytest.MonkeyPatch, workload: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.workloads import WORKLOADS

    step, read = WORKLOADS[workload].contestants["catena"].build()
    losses = [read(step())[0] for _ in range(3)]
    assert losses[0] > losses[1] > losses[2] > 0


@pytest.mark.parametrize(
    ("workload", "first"),
    [("W2", [53178.4]), ("W8-polynomial", [16, 8]), ("W8-chain", [500.5, 1001])],
)
def test_first_numbers_are_the_known_ones(checked: dict[str, Any], workload: str, first: list[float]) -> None:
    assert checked[workload]["contestants"]["numpy"]["numbers"][0] == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize(
    ("workload", "module", "constant"),
    [("W1", "mlp_sgd", "LR"), ("W2", "two_layer", "LR"), ("W3", "mlp_adam", "ALPHA"), ("W3", "mlp_adam", "BETA2")],
)
def test_one_percent_off_in_a_constant_is_seen(
    monkeypatch: pytest.MonkeyPatch, workload: str, module: str, constant: str
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import workloads
    from benchmarks.workload import Disagreement

    one = workloads.WORKLOADS[workload]

    def numbers() -> list[tuple[float, ...]]:
        step, read = one.contestants["numpy"].build()
        return [read(step()) for _ in range(20)]

    right = numbers()
    file = getattr(workloads, module)
    monkeypatch.setattr(file, constant, getattr(file, constant) * 0.99)
    with pytest.raises(Disagreement, match=rf"{workload}: planted and numpy part at step \d+: .*tolerance"):
        one.compare({"numpy": right, "planted": numbers()})


@pytest.mark.parametrize("wrong", [[[1.0], [2.1]], [[float("nan")], [2.0]], [[1.0], [float("inf")]]])
def test_wrong_numbers_are_a_disagreement(monkeypatch: pytest.MonkeyPatch, wrong: list[list[float]]) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.workload import Disagreement, Workload

    workload = Workload("W0", "none", target=1.0, tolerance=1e-4)
    with pytest.raises(Disagreement, match="W0: ours and theirs part at step"):
        workload.compare({"theirs": [[1.0], [2.0]], "ours": wrong})


def test_a_timed_run_keeps_every_round(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = bench(
        *("--workloads", "W8-polynomial", "--contestants", "numpy", "catena"),
        *("--rounds", "2", "--seconds", "0.01", "--json", str(file)),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    for name in ("numpy", "catena"):
        seen = report["workloads"]["W8-polynomial"]["contestants"][name]
        assert [sample["steps"] >= 3 for sample in seen["samples"]] == [True, True]
        assert seen["seconds"] > 0
        assert seen["ratio"] is None  # torch did not run
        assert f"W8-polynomial  {name}" in run.stdout


def test_ratios_are_drawn_and_averaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import picture, run

    def timed(name: str, ratio: float, counted: bool = True) -> dict[str, Any]:
        contestants = {"torch": {"ratio": 1.0}, "catena": {"ratio": ratio}}
        return {"name": name, "counted": counted, "target": 0.5, "contestants": contestants}

    results = [timed("W1", 0.2), timed("W2", 0.8), timed("W8-chain", 0.1, counted=False)]
    assert run._print_mean(results) == pytest.approx(0.4)
    shown = capsys.readouterr().out
    assert "geometric mean of catena's ratios over 2 workloads: 0.400, target 0.50" in shown
    assert "not among them, though they count: W3, W4, W5-inference-1" in shown
    pytest.importorskip("matplotlib")
    assert picture.draw(results, "catena", tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert not picture.draw([], "catena", tmp_path / "none.png")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rounds", "0"], "argument --rounds: invalid positive int value: '0'"),
        (["--seconds", "-1"], "argument --seconds: invalid positive float value: '-1'"),
        (["--workloads", "W0"], "argument --workloads: invalid choice: 'W0'"),
    ],
)
def test_bad_options_are_refused(options: list[str], message: str) -> None:
    run = bench(*options)
    assert run.returncode == 2
    assert message in run.stderr


def test_programs_of_chainer_run_where_chainer_itself_is_missing() -> None:
    """Those that take no long: the losses beside Chainer's are compared where CHAINER_PYTHON names one."""
    command = [sys.executable, "-m", "benchmarks.chainer", "--workloads", "W1", "W2", "--check"]
    environment = {key: value for key, value in os.environ.items() if key != "CHAINER_PYTHON"}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Chainer 7.8.1 is skipped: CHAINER_PYTHON is not set" in run.stdout
    assert [line.split()[0] for line in run.stdout.splitlines() if line.startswith("W")] == ["W1", "W2"]


def test_a_python_without_chainer_is_skipped_with_its_reason() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.chainer", "--workloads", "W2", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "CHAINER_PYTHON": "/nowhere/python"},
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Chainer 7.8.1 is skipped: CHAINER_PYTHON=/nowhere/python cannot import chainer" in run.stdout


@pytest.mark.parametrize("program", ["W4", "W5-training", "W6-steps", "W6-sequence"])
def test_programs_of_chainer_compute_what_the_workloads_compute(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.chainer_programs import PROGRAMS
    from benchmarks.workloads import WORKLOADS

    losses = []
    for build in (PROGRAMS[program], WORKLOADS[program].contestants["catena"].build):
        step, read = build()
        losses.append([read(step())[0] for _ in range(2)])
    assert losses[0] == pytest.approx(losses[1], rel=WORKLOADS[program].tolerance)


def test_without_compiled_loops_the_header_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPARRAY_JIT", "0")
    run = bench(
        "--check", "--workloads", "W2", "--contestants", "numpy", "catena", "--json", str(tmp_path / "bench.json")
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "XPARRAY_JIT=0: catena runs without numba's compiled loops" in run.stdout
    assert json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["settings"]["jit"] is False


def test_runs_agree_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import agree

    def written(name: str, **ratios: float) -> str:
        workloads = {
            key: {"target": 0.5, "contestants": {"torch": {}, "catena": {"ratio": ratio}}}
            for key, ratio in ratios.items()
        }
        (tmp_path / name).write_text(json.dumps({"workloads": workloads, "geometric_mean": 0.4}), encoding="utf-8")
        return str(tmp_path / name)

    first = written("a", W1=0.4, W2=0.6, W3=0.5, W4=0.1)
    second = written("b", W1=0.5, W2=0.7, W3=0.51)
    assert agree.main([first, second]) == 1
    shown = capsys.readouterr().out
    assert [line.split()[-1] for line in shown.splitlines()[1:4]] == ["met", "missed", "agreed"]
    assert "not in every run: W4" in shown
    assert shown.endswith("2 met, 1 missed, 1 not agreed\n")
    assert agree.main([first, first]) == 0


def test_a_size_of_a_workload_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.worker import Worker

    with Worker.of("W8-chain", "numpy", 1, ["scalar_chain.LENGTH=10"]) as worker:
        assert worker.numbers(1) == [[5.5, 11.0]]
