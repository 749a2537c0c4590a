"""Programs written for Chainer, on Chainer 7.8.1 and on `catena-chainer`: `python -m benchmarks.chainer`.

CHAINER_PYTHON names a Python that has Chainer 7.8.1, as `tox run -e chainer-oracle` makes one. W1 to W6 are programs that both run as
they are, in a process each with the same number of threads: first their losses must agree, then they take turns. The ratio is Chainer's
time over ours in the same round; it is to be at least 1.7.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.measure import ATTEMPTS, QUIET, Sample
from benchmarks.run import positive, take_turns
from benchmarks.worker import Worker
from benchmarks.workload import Disagreement
from benchmarks.workloads import WORKLOADS

NAMES = [name for name in WORKLOADS if name[:2] in ("W1", "W2", "W3", "W4", "W5", "W6")]
REAL, OURS = "Chainer 7.8.1", "import chainer"
TARGET = 1.7
PROGRAMS = "benchmarks.chainer_programs"
ROW = "{:15s} {:>14s} {:>14s} {:>6s} {:>11s} {:>7s} {:>10s} {:>8s}"
COLUMNS = ("workload", f"{REAL}, us", f"{OURS}, us", "ratio", "low-high", "target", "difference", "others")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the ratios; returns 1 where the two compute different losses."""
    options = _options(argv)
    pythons = {REAL: os.environ.get("CHAINER_PYTHON", ""), OURS: sys.executable}
    reason = _absent(pythons[REAL])
    if reason is not None:
        print(f"{REAL} is skipped: {reason}; times of {OURS} alone")
        del pythons[REAL]
    for name, python in pythons.items():
        print(f"{name}: {_versions(python)}")
    print(f"{options.threads} threads each, {options.rounds} rounds of {options.seconds} s, medians\n")
    print(ROW.format(*COLUMNS), flush=True)
    agree = [_row(name, pythons, options) for name in options.workloads]
    return int(not all(agree))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chainer", description=__doc__)
    parser.add_argument("--workloads", nargs="+", choices=NAMES, default=NAMES, metavar="NAME",
                        help=f"of {', '.join(NAMES)}")  # fmt: skip
    parser.add_argument("--rounds", type=positive(int), default=5, help="turns of each (%(default)s)")
    parser.add_argument("--seconds", type=positive(float), default=0.4, help="length of a turn (%(default)s)")
    parser.add_argument("--threads", type=positive(int), default=2, help="threads of each (%(default)s)")
    parser.add_argument("--steps", type=positive(int), default=10, help="steps that must agree (%(default)s)")
    parser.add_argument("--attempts", type=positive(int), default=ATTEMPTS,
                        help="measurements of a turn, until one is quiet (%(default)s)")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="only check that the losses agree, time nothing")
    return parser.parse_args(argv)


def _environment(python: str) -> dict[str, str]:
    """The variables of a process; Chainer's does not see the packages that stand on this one's path."""
    return {} if python == sys.executable else {"PYTHONPATH": ""}


def _versions(python: str) -> str:
    """The versions that decide the speed, as the Python tells them; a CalledProcessError where it has no chainer."""
    program = (
        "import platform, chainer, numpy; print('chainer', chainer.__version__, 'on NumPy', numpy.__version__, "
        "'and Python', platform.python_version())"
    )
    environment = {**os.environ, **_environment(python)}
    shown = subprocess.run([python, "-W", "ignore", "-c", program], check=True, env=environment, capture_output=True)
    return shown.stdout.decode().strip()


def _absent(python: str) -> str | None:
    """Why Chainer 7.8.1 cannot run here, or None."""
    if not python:
        return "CHAINER_PYTHON is not set; `tox run -e chainer-oracle` makes a Python that has it"
    try:
        versions = _versions(python)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"CHAINER_PYTHON={python} cannot import chainer ({error})"
    return None if versions.startswith("chainer 7.8.1 ") else f"CHAINER_PYTHON={python} has {versions}"


def _row(name: str, pythons: dict[str, str], options: argparse.Namespace) -> bool:
    """Compare and time one program, print its line; whether the losses agree."""
    workload = WORKLOADS[name]
    with ExitStack() as stack:
        workers = {
            who: stack.enter_context(
                Worker(f"{name} on {who}", options.threads, PROGRAMS, [name], python, _environment(python))
            )
            for who, python in pythons.items()
        }
        numbers = {who: worker.numbers(min(options.steps, workload.steps)) for who, worker in workers.items()}
        try:
            difference = max(workload.compare(numbers).values())
        except Disagreement as error:
            print(error)
            return False
        samples = {} if options.check else take_turns(workers, options.rounds, options.seconds, options.attempts)
    _print(name, difference, samples)
    return True


def _print(name: str, difference: float, samples: dict[str, list[Sample]]) -> None:
    times = {who: f"{statistics.median(s.seconds for s in seen) * 1e6:.0f}" for who, seen in samples.items()}
    ratio, between = "", ""
    if REAL in samples:
        ratios = [theirs.seconds / ours.seconds for theirs, ours in zip(samples[REAL], samples[OURS], strict=True)]
        ratio, between = f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}"
    every = [s for seen in samples.values() for s in seen]
    known = [s.others for s in every if s.others is not None]
    others = f"{max(known):.0%}{'' if max(known) < QUIET else '!'}" if known else ""
    cells = (times.get(REAL, ""), times.get(OURS, ""), ratio, between, str(TARGET), f"{difference:.0e}", others)
    print(ROW.format(name, *cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
