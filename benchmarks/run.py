"""The driver: contestants take turns in rounds of one run; medians and ratios to torch eager are printed and kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import ATTEMPTS, QUIET, Sample
from benchmarks.picture import draw
from benchmarks.worker import THREAD_VARIABLES, Worker
from benchmarks.workload import Disagreement, Workload
from benchmarks.workloads import WORKLOADS

BASE = "torch"
OURS = "catena"
MEAN_TARGET = 0.5
JITTED = os.environ.get("XPARRAY_JIT", "1") != "0"
COLUMNS = ("workload", "contestant", "us a step", "spread", "ratio", "lowest-highest", "target", "others", "peak MB")
ROW = "{:14s} {:19s} {:>10s} {:>7s} {:>7s} {:>15s} {:>7s} {:>8s} {:>8s}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns 1 if contestants of a workload disagree, else 0, whatever the times are."""
    options = _options(argv)
    machine = _machine()
    print(f"{machine['processor']}, {machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}")
    print(f"{options.threads} threads for everyone ({', '.join(THREAD_VARIABLES)})")
    if not JITTED:
        print(f"XPARRAY_JIT=0: {OURS} runs without numba's compiled loops; the others as ever")
    if not options.check:
        print(f"{options.rounds} interleaved rounds of {options.seconds} s; medians; ratios to {BASE}, eager\n")
        print(ROW.format(*COLUMNS), flush=True)
    results = [_run(WORKLOADS[name], options) for name in options.workloads]
    mean = None
    if not options.check:
        mean = _print_mean(results)
        _print_footnotes(results)
    report = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "settings": {key: getattr(options, key) for key in ("threads", "rounds", "seconds", "steps", "check")}
        | {"jit": JITTED},
        "geometric_mean": mean,
        "workloads": {result["name"]: result for result in results},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {options.json}")
    picture = options.json.with_suffix(".png")
    if draw(results, OURS, picture):
        print(f"drawn in {picture}")
    return int(any(result["disagreement"] for result in results))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    contestants = list(dict.fromkeys(name for workload in WORKLOADS.values() for name in workload.contestants))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS), metavar="NAME",
                        help=f"of {', '.join(WORKLOADS)}")  # fmt: skip
    parser.add_argument("--contestants", nargs="+", choices=contestants, default=contestants, metavar="NAME",
                        help=f"of {', '.join(contestants)}")  # fmt: skip
    parser.add_argument("--rounds", type=positive(int), default=5, help="turns of each contestant (%(default)s)")
    parser.add_argument("--seconds", type=positive(float), default=0.4, help="length of a turn (%(default)s)")
    parser.add_argument("--threads", type=positive(int), default=2, help="threads of each contestant (%(default)s)")
    parser.add_argument("--steps", type=positive(int), default=20, help="steps that must agree (%(default)s)")
    parser.add_argument("--check", action="store_true", help="only check that contestants agree, time nothing")
    file = Path("result/bench.json" if JITTED else "result/bench-without-jit.json")
    parser.add_argument("--json", type=Path, default=file, help="results as JSON (%(default)s)")
    return parser.parse_args(argv)


def positive(kind: type[int] | type[float]) -> Any:
    """What reads a positive number of that type from the command line."""

    def parse(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise ValueError(text)
        return value

    parse.__name__ = f"positive {kind.__name__}"  # argparse names the type in its error
    return parse


def _run(workload: Workload, options: argparse.Namespace) -> dict[str, Any]:
    """Check and time one workload, print its rows, and return all that was seen."""
    chosen = [c for name, c in workload.contestants.items() if name in options.contestants]
    absent = {c.name: reason for c in chosen if (reason := c.absent())}
    present = [c for c in chosen if c.name not in absent]
    result: dict[str, Any] = {
        **{key: getattr(workload, key) for key in ("name", "title", "target", "tolerance", "counted")},
        "contestants": {c.name: {"versions": c.versions()} for c in present},
        "absent": absent,
        "disagreement": None,
    }
    for name, reason in absent.items():
        print(f"{workload.name}: {name} is skipped: {reason}")
    if not present:
        return result
    with ExitStack() as stack:
        workers = {c.name: stack.enter_context(Worker.of(workload.name, c.name, options.threads)) for c in present}
        steps = min(options.steps, workload.steps)
        numbers = {name: worker.numbers(steps) for name, worker in workers.items()}
        try:
            differences = workload.compare(numbers)
        except Disagreement as error:
            result["disagreement"] = str(error)
            print(error)
            return result
        for name, contestant in result["contestants"].items():
            contestant.update(numbers=numbers[name], difference=differences[name])
        if options.check:
            print(f"{workload.name}: {', '.join(workers)} agree over {steps} steps, "
                  f"relative difference at most {max(differences.values()):.1e}")  # fmt: skip
            return result
        samples = take_turns(workers, options.rounds, options.seconds)
    for name, contestant in result["contestants"].items():
        contestant.update(_summary(samples[name], samples.get(BASE)))
        target = f"{workload.target:.2f}" if name == OURS else ""
        _print_row(workload.name, name, target, contestant)
    return result


def take_turns(
    workers: dict[str, Worker], rounds: int, seconds: float, attempts: int = ATTEMPTS
) -> dict[str, list[Sample]]:
    """A sample of each worker in each round."""
    samples: dict[str, list[Sample]] = {name: [] for name in workers}
    names = list(workers)
    for turn in range(rounds):
        first = turn % len(names)  # nobody always follows the same neighbour
        for name in names[first:] + names[:first]:
            samples[name].append(workers[name].time(seconds, attempts))
    return samples


def _summary(samples: list[Sample], base: list[Sample] | None) -> dict[str, Any]:
    known = [s.others for s in samples if s.others is not None]
    ratios = [mine.seconds / theirs.seconds for mine, theirs in zip(samples, base, strict=True)] if base else []
    times = [s.seconds for s in samples]
    seconds = statistics.median(times)
    return {
        "seconds": seconds,
        "spread": (max(times) - min(times)) / seconds,
        "ratio": statistics.median(ratios) if ratios else None,
        "ratios": ratios,
        "others": max(known) if known else None,
        "disturbed": sum(not s.quiet for s in samples),
        "peak_mb": max(s.peak_mb for s in samples),
        "samples": [asdict(s) for s in samples],
    }


def _print_row(workload: str, name: str, target: str, seen: dict[str, Any]) -> None:
    ratio, between = "", ""
    if seen["ratio"] is not None:
        ratio, between = f"{seen['ratio']:.3f}", f"{min(seen['ratios']):.3f}-{max(seen['ratios']):.3f}"
    others = "unknown" if seen["others"] is None else f"{seen['others']:.0%}{'!' if seen['disturbed'] else ''}"
    time, spread, peak = f"{seen['seconds'] * 1e6:.1f}", f"{seen['spread']:.0%}", str(seen["peak_mb"])
    print(ROW.format(workload, name, time, spread, ratio, between, target, others, peak), flush=True)


def _print_mean(results: list[dict[str, Any]]) -> float | None:
    """Print and return the geometric mean of our ratios over the workloads that count, of those that were timed."""
    ours = {result["name"]: result["contestants"].get(OURS, {}).get("ratio") for result in results if result["counted"]}
    ratios = [ratio for ratio in ours.values() if ratio is not None]
    if not ratios:
        return None
    mean = statistics.geometric_mean(ratios)
    missing = [name for name, one in WORKLOADS.items() if one.counted and ours.get(name) is None]
    print(f"\ngeometric mean of {OURS}'s ratios over {len(ratios)} workloads: {mean:.3f}, target {MEAN_TARGET:.2f}")
    if missing:
        print(f"  not among them, though they count: {', '.join(missing)}")
    return mean


def _print_footnotes(results: list[dict[str, Any]]) -> None:
    versions: dict[str, str] = {}
    for result in results:
        for contestant in result["contestants"].values():
            versions.update(contestant["versions"])
    print(f"\n{', '.join(f'{name} {number}' for name, number in versions.items())}")
    for result in results:
        print(f"{result['name']}: {result['title']}")
    timed = [c for result in results for c in result["contestants"].values() if "samples" in c]
    disturbed = sum(c["disturbed"] for c in timed)
    if disturbed:
        total = sum(len(c["samples"]) for c in timed)
        print(f"! {disturbed} of {total} measurements found no slot in which other programs took under {QUIET:.0%} of")
        print("  the machine; the column `others` says how much they took at most: run again on a quiet machine")
    if any(c["others"] is None for c in timed):
        print("this system does not tell what other programs take: make sure that nothing else runs")


def _machine() -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), processor)
    return {
        "processor": processor,
        "cpus": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }
