"""One contestant in a process of its own, answering one line of JSON for each line that it is sent.

`{"numbers": 20}` runs twenty steps from the initial values and answers what must agree;
`{"seconds": 0.4, "attempts": 8}` times steps and answers a Sample. The answers leave through a copy of the standard output, whose
own descriptor is joined to the standard error first: nothing that a library prints can get between them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.measure import ATTEMPTS, Sample, measure
from benchmarks.workload import Contestant
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Worker:
    """The driver's end: starts the process of a contestant and asks it for numbers and times."""

    def __init__(
        self,
        name: str,
        threads: int,
        module: str,
        arguments: Sequence[str],
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `python -m module arguments`, which serves, with `threads` threads for every library."""
        self.name = name
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), **(environment or {})}
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    @classmethod
    def of(cls, workload: str, contestant: str, threads: int, changes: Sequence[str] = ()) -> Worker:
        """The worker of a contestant of one of the workloads, with `changes` to its sizes, such as "convnet.BATCH=64"."""
        environment = WORKLOADS[workload].contestants[contestant].environment
        name = f"{workload} {contestant}"
        return cls(name, threads, "benchmarks.worker", [workload, contestant, *changes], environment=environment)

    def numbers(self, steps: int) -> list[list[float]]:
        """What each of the first `steps` steps from the initial values gave."""
        answer: list[list[float]] = self._ask({"numbers": steps})
        return answer

    def time(self, seconds: float, attempts: int = ATTEMPTS) -> Sample:
        """One measurement of about `seconds`, at most so often again while other programs disturb."""
        return Sample(**self._ask({"seconds": seconds, "attempts": attempts}))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def __enter__(self) -> Worker:
        """Give the worker itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """End the process, at once if the run failed."""
        if kind is not None:
            self._process.kill()
        self.close()

    def _ask(self, request: Mapping[str, float]) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError(f"{self.name}: the process has no pipes")
        try:
            print(json.dumps(request), file=stdin, flush=True)
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{self.name}: its process ended with code {self._process.wait()}; its error is above")
        return json.loads(answer)


def serve(contestant: Contestant) -> None:
    """The contestant's end: answer requests until the driver closes the pipe."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            request = json.loads(line)
            if "numbers" in request:
                step, read = contestant.build()
                answer: Any = [read(step()) for _ in range(request["numbers"])]
            else:
                answer = asdict(measure(contestant.build, request["seconds"], request["attempts"]))
            print(json.dumps(answer), file=answers, flush=True)


def change(text: str) -> None:
    """Set a size of a workload: "convnet.BATCH=64" is BATCH in workloads/convnet.py."""
    place, _, value = text.partition("=")
    module, _, name = place.partition(".")
    setattr(import_module(f"benchmarks.workloads.{module}"), name, int(value))


if __name__ == "__main__":
    for text in sys.argv[3:]:
        change(text)
    serve(WORKLOADS[sys.argv[1]].contestants[sys.argv[2]])
