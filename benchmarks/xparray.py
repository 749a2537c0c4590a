"""`python -m benchmarks.xparray`: kernels from one source beside NumPy and loops by hand, threads
that take turns, what a call costs, and cold starts.

Seconds move from machine to machine; what to read is each ratio, and whether it is on the right side of its bound. Contestants
take turns in one process, and a time is the least of all turns: other programs only ever add to it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import xparray as xp
from benchmarks import overheads

ROW = "{:48s} {:>12s} {:>9s} {:>8s}"
Call = Callable[[], Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the chosen sections."""
    sections = {"kernels": kernels, "threads": alternation, "calls": calls, "cold": cold_starts}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.xparray", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(sections)}; all unless given")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant (%(default)s)")
    parser.add_argument("--size", type=int, default=10_000_000, help="elements of the kernels' arrays (%(default)s)")
    options = parser.parse_args(argv)
    unknown = set(options.sections) - set(sections)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(sections)}")
    for name in options.sections or sections:
        sections[name](options)
    return 0


def fastest(contestants: Mapping[str, Call], rounds: int, seconds: float = 0.3) -> dict[str, float]:
    """The least seconds of one call of each contestant, in turns."""
    least = dict.fromkeys(contestants, float("inf"))
    for call in contestants.values():
        call()
    for _ in range(rounds):
        for name, call in contestants.items():
            count, end = 1, time.perf_counter() + seconds / rounds
            while time.perf_counter() < end:
                start = time.perf_counter()
                for _ in range(count):
                    call()
                spent = time.perf_counter() - start
                least[name] = min(least[name], spent / count)
                if spent < 1e-3:  # so short a time says more about the clock
                    count *= 2
    return least


def show(title: str, seconds: Mapping[str, float], base: str, bounds: Mapping[str, str]) -> None:
    """Print a table: for each contestant its time, its ratio to `base`, and the bound on it."""
    print(f"\n{ROW.format(title, 'us', 'ratio', 'bound')}")
    for name, s in seconds.items():
        print(ROW.format(name, f"{s * 1e6:.2f}", f"{s / seconds[base]:.3f}", bounds.get(name, "")))


# ------------------------------------------------------------------------------------------------- kernels


def ten_operations(x: Any, y: Any) -> Any:
    """Ten elementwise operations."""
    z = xp.tanh(x * y + 0.5) * x - 0.25 * y
    return xp.exp(-z * z) + x


A, C = 0.044715, 0.7978845608


def chain_and_gradient(x: Any) -> Any:
    """Ten elementwise operations, their sum and its gradient, which is written out: workload W7."""
    t = xp.tanh((x * x * x * A + x) * C)
    y = xp.tanh((t + 1) * x * 0.5)
    g = (1 - y * y) * 0.5
    return xp.sum(y), g * (t + 1) + g * x * (1 - t * t) * (C * (1 + 3 * A * x * x))


def sum_of_squares(x: Any, axis: int | None) -> Any:
    """As NumPy's user writes it."""
    return np.sum(x * x, axis=axis)


def kernels(options: argparse.Namespace) -> None:
    """A user's kernels on ten million float32 values."""
    rng, rounds = np.random.default_rng(0), options.rounds
    x, y = (rng.normal(size=options.size).astype(np.float32) for _ in range(2))
    tagged = [xp.to_device(a, "numba") for a in (x, y)]
    out = xp.to_device(np.empty_like(x), "numba")
    fused, expression = xp.elementwise(strict=True)(ten_operations), ten_operations
    with np.errstate(all="ignore"):
        seconds = fastest(
            {
                "NumPy": lambda: expression(x, y),
                "elementwise, NumPy's bits": lambda: fused(x, y),
                "elementwise on numba": lambda: fused(*tagged),
            },
            rounds,
        )
    show(f"ten elementwise operations, {x.size:,} float32", seconds, "NumPy", {"elementwise on numba": "< 0.125"})
    hand, expected = by_hand(x, y, np.asarray(out)), ten_operations(x, y)
    for contestant in (hand, lambda: fused(*tagged, out=out)):
        out.fill(0)
        contestant()
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    seconds = fastest({"by hand": hand, "elementwise on numba": lambda: fused(*tagged, out=out)}, rounds)
    show("the same, written to out", seconds, "by hand", {"elementwise on numba": "< 1.3"})

    chain, sums = xp.fuse(strict=True)(chain_and_gradient), xp.reduction(xp.add, strict=True)(lambda x: x * x)
    contestants: dict[str, Call] = {"NumPy": lambda: chain_and_gradient(x), "fuse on numba": lambda: chain(tagged[0])}
    torch_step = with_torch(x)
    if torch_step is not None:
        np.testing.assert_allclose(chain(tagged[0])[1], torch_step(), rtol=1e-4, atol=1e-5)
        contestants = {"torch": torch_step, **contestants}
    base = next(iter(contestants))
    show("W7: ten operations, sum and gradient", fastest(contestants, rounds), base, {})
    square = x.reshape(-1, 100 if x.size < 1_000_000 else 4000)
    for axis in (None, 0, 1):
        contestants = {"NumPy": partial(sum_of_squares, square, axis), "reduction": partial(sums, square, axis=axis)}
        seconds = fastest(contestants, rounds)
        show(f"sum of squares along {axis}, {square.shape} float32", seconds, "NumPy", {})


def by_hand(x: Any, y: Any, out: Any) -> Call:
    """What one writes with numba: a parallel loop, with the same polynomials, since its own functions are slower."""
    import numba

    from xparray import _kernel
    from xparray.kernels.elementary import exp, tanh

    _kernel._declare()
    half, quarter = np.float32(0.5), np.float32(0.25)

    @numba.njit(parallel=True, error_model="numpy", fastmath={"contract", "nsz"})
    def loop(x: Any, y: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            z = tanh(x[i] * y[i] + half) * x[i] - quarter * y[i]
            out[i] = exp(-z * z) + x[i]

    return lambda: loop(x, y, out)


def with_torch(x: Any) -> Call | None:
    """W7 by torch, eager; None where it is not installed."""
    try:
        import torch
    except ImportError:
        print("\ntorch is not installed: W7 is compared with NumPy")
        return None
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    v: Any = torch.tensor(x, requires_grad=True)

    def step() -> Any:
        v.grad = None
        torch.tanh((torch.tanh((v * v * v * A + v) * C) + 1) * v * 0.5).sum().backward()
        return v.grad

    return step


# ------------------------------------------------------------------------------------------------- threads


def alternation(options: argparse.Namespace) -> None:
    """A kernel and a product of NumPy's BLAS, both on all processors: a thousand of each alone, and a thousand pairs."""
    x = xp.to_device(np.ones(200_000, np.float32), "numba")
    out = xp.to_device(np.empty(200_000, np.float32), "numba")
    a = np.ones((256, 256))
    fused = xp.elementwise(strict=True)(ten_operations)

    def times(*calls: Call) -> float:
        start = time.perf_counter()
        for _ in range(1000):
            for call in calls:
                call()
        return time.perf_counter() - start

    kernel, matmul = partial(fused, x, x, out=out), partial(np.matmul, a, a)
    times(kernel, matmul)
    turns = [(times(kernel), times(matmul), times(kernel, matmul)) for _ in range(options.rounds)]
    alone = sorted(k + m for k, m, _ in turns)[len(turns) // 2] / 1000
    pair = sorted(both for *_, both in turns)[len(turns) // 2] / 1000
    seconds = {"a kernel's and a product's time": alone, "in turns": pair}
    show(
        "ten operations on 200,000 float32, 256 x 256 float64 product",
        seconds,
        next(iter(seconds)),
        {"in turns": "< 1.1"},
    )


# --------------------------------------------------------------------------------------------------- calls


@xp.elementwise
def adam(p: Any, g: Any, m: Any, v: Any, alpha: float, beta1: float, beta2: float, eps: float) -> Any:
    """One step of Adam."""
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    return p - alpha * m / (xp.sqrt(v) + eps), m, v


def calls(options: argparse.Namespace) -> None:
    """What calls on small arrays cost: every function of the standard's, and a rule of ten operations."""
    rounds = options.rounds
    overheads.show(rounds)
    for shape in ((100,), (10, 10)):
        p, g, m, v = (np.ones(shape, np.float32) for _ in range(4))
        args = (p, g, m, v, 1e-3, 0.9, 0.999, 1e-8)
        contestants = {"NumPy": partial(adam.function, *args), "elementwise": partial(adam, *args, out=(p, m, v))}
        seconds = fastest(contestants, rounds)
        show(f"Adam's rule on {shape} float32", seconds, "NumPy", {})


# -------------------------------------------------------------------------------------------------- cold starts

# What is called in a new process, in this order; all arrays are float32, `n` is on numba.
STARTS = {
    "elementwise": "weighted(a, 2.0)",
    "elementwise on numba": "weighted(n, 2.0)",
    "fuse": "spread(a)",
    "fuse on numba": "spread(n)",
    "reduction": "norm(a, axis=0)",
    "exp on numba": "xp.exp(n)",
    "expit": "xp.special.expit(a)",
    "erf": "xp.special.erf(a)",
    "softmax": "xp.special.softmax(a, axis=1)",
    "logsumexp": "xp.special.logsumexp(a, axis=1)",
    "layer normalization": "layer_normalization(a, a[0], a[1], eps=1e-5)",
    "batch normalization": "batch_normalization(images, ones, ones, eps=1e-5)",
    "convolution": "convolution(images, filters, None, size=(8, 8), stride=(1, 1), pad=(1, 1), dilate=(1, 1))",
    "max pooling": "max_pooling(images, ksize=(2, 2), stride=(2, 2), pad=(0, 0), size=(4, 4))",
}
PROGRAM = """
import json, time
start = time.perf_counter()
import numpy as np
import xparray as xp
seconds = {"import": time.perf_counter() - start}
from xparray.kernels.batch_normalization import batch_normalization
from xparray.kernels.convolution import convolution
from xparray.kernels.normalization import layer_normalization
from xparray.kernels.pooling import max_pooling

@xp.elementwise
def weighted(x, w):
    return xp.tanh(x) * w + 0.5

@xp.fuse
def spread(x):
    return xp.sqrt(xp.mean(x * x, axis=1)), xp.exp(x)

@xp.reduction(xp.add, post_map=xp.sqrt)
def norm(x):
    return x * x

a = np.linspace(-1, 1, 24, dtype="float32").reshape(4, 6)
n = xp.to_device(a, "numba")
images, filters, ones = (np.ones(shape, "float32") for shape in ((2, 16, 8, 8), (16, 16, 3, 3), (16,)))
for name, code in STARTS.items():
    code = compile(code, name, "eval")
    start = time.perf_counter()
    eval(code)
    seconds[name] = time.perf_counter() - start
print(json.dumps(seconds))
"""


def cold_starts(options: argparse.Namespace) -> None:
    """The first call of kernels in a process: nothing on the disk, all on the disk, no place on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        # A copy of the package, whose own loops are cold too: their code lies beside their files.
        shutil.copytree(
            Path(xp.__file__).parent, Path(folder) / "xparray", ignore=shutil.ignore_patterns("__pycache__", "*.code")
        )
        (Path(folder) / "program.py").write_text(f"STARTS = {STARTS!r}\n{PROGRAM}", encoding="utf-8")
        cold, *cached = [_first_calls(folder) for _ in range(1 + max(1, options.rounds // 2))]
    row = "{:32s} {:>10s} {:>8s} {:>10s} {:>8s}"
    print(f"\n{row.format('first call in a process', 'cold, ms', 'bound', 'cached, ms', 'bound')}")
    for k, name in enumerate(cold):
        bounds = ("", "") if name == "import" else ("3000", "1000" if k == 1 else "20")
        again = min(seconds[name] for seconds in cached)
        print(row.format(name, f"{cold[name] * 1e3:.1f}", bounds[0], f"{again * 1e3:.1f}", bounds[1]))


def _first_calls(folder: str) -> dict[str, float]:
    variables = {**os.environ, "PYTHONPATH": folder, "XPARRAY_CACHE_DIR": str(Path(folder) / "cache")}
    shown = subprocess.run(
        [sys.executable, "program.py"], cwd=folder, env=variables, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    seconds: dict[str, float] = json.loads(shown)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
