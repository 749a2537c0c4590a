"""How long until a program trains: `python -m benchmarks.start` times imports and first steps in new processes.

Each library runs W1 and W4: the import, then all until the end of the first step (building the model, compiling what it compiles), and
a step later on. Ours comes three times: with nothing compiled on the disk, with what that run left there, and with XPARRAY_JIT=0.
JAX runs W1.
Results go to `result/start.json`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.worker import ROOT, THREAD_VARIABLES

IMPORTS = {"catena": "catena.training, catena.nn.links", "torch": "torch", "jax": "jax"}
PROGRAM = """
import json, sys, time
begin = time.perf_counter()
import {modules}
imported = time.perf_counter()
from benchmarks.start import builder
step = builder({workload!r}, {library!r})()
step()
first = time.perf_counter()
times = []
for _ in range(20):
    started = time.perf_counter()
    step()
    times.append(time.perf_counter() - started)
print(json.dumps([imported - begin, first - imported, min(times)]))
"""


def builder(workload: str, library: str) -> Callable[[], Callable[[], Any]]:
    """What makes a library's step of a workload ready."""
    if library == "jax":
        return jax_step
    from benchmarks.workloads import WORKLOADS

    return lambda: WORKLOADS[workload].contestants[library].build().step


def jax_step() -> Callable[[], Any]:
    """W1 in JAX, compiled."""
    import jax

    from benchmarks.workloads import _mlp, mlp_sgd

    jnp = jax.numpy
    x, t = _mlp.data()

    def lossfun(parameters: list[Any]) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h = jax.nn.relu(x @ W1.T + b1)
        y = jax.nn.relu(h @ W2.T + b2) @ W3.T + b3
        return -jax.nn.log_softmax(y)[jnp.arange(len(t)), t].mean()

    @jax.jit
    def update(parameters: list[Any]) -> Any:
        gradients = jax.grad(lossfun)(parameters)
        return [p - mlp_sgd.LR * g for p, g in zip(parameters, gradients, strict=True)]

    parameters = [jnp.asarray(p) for p in _mlp.initial(mlp_sgd.HIDDEN)]

    def step() -> None:
        nonlocal parameters
        parameters = jax.block_until_ready(update(parameters))

    return step


def seconds(workload: str, library: str, variables: dict[str, str], rounds: int) -> list[float]:
    """Of the import, of all until the first step's end, and of a later step; the least of several processes."""
    program = PROGRAM.format(modules=IMPORTS[library], workload=workload, library=library)
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "2"), **variables}
    runs: list[list[float]] = []
    for _ in range(rounds):
        shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                               env=environment, cwd=ROOT).stdout  # fmt: skip
        runs.append(json.loads(shown.splitlines()[-1]))
    return [min(column) for column in zip(*runs, strict=True)]


def main() -> None:
    """Print the table."""
    print(f"{'workload':10s}{'library':28s}{'import':>9s}{'first step':>12s}{'together':>10s}{'a step':>10s}   ms")
    results: dict[str, dict[str, list[float]]] = {}
    for workload in ("W1", "W4"):
        with tempfile.TemporaryDirectory() as folder:
            disk = {"XPARRAY_CACHE_DIR": folder}
            rows: list[tuple[str, str, dict[str, str], int]] = [
                ("catena, nothing compiled", "catena", disk, 1),
                ("catena, a second process", "catena", disk, 3),
                ("catena, XPARRAY_JIT=0", "catena", {"XPARRAY_JIT": "0"}, 3),
                ("torch", "torch", {}, 3),
                *([("jax", "jax", {}, 3)] if workload == "W1" else []),
            ]
            for name, library, variables, rounds in rows:
                if importlib.util.find_spec(library) is None:
                    print(f"{workload:10s}{name} is not installed")
                    continue
                imported, first, step = seconds(workload, library, variables, rounds)
                results.setdefault(workload, {})[name] = [imported, first, step]
                whole = f"{imported * 1e3:9.0f}{first * 1e3:12.0f}{(imported + first) * 1e3:10.0f}{step * 1e3:10.2f}"
                print(f"{workload:10s}{name:28s}{whole}", flush=True)
    file = Path("result/start.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
