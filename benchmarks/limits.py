"""What the machine can do: `python -m benchmarks.limits` prints floating point operations and bytes a second, as floors need them.

The first are those of products of 1000 x 1000 float32 matrices, NumPy's and xparray's own, the last that of a copy of 256 MB into memory
that is already there, where each byte counts twice: read and written. By each number of threads up to that of the CPUs, the best of many.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.worker import THREAD_VARIABLES
from xparray.kernels.linear import product

N, BYTES, TIMES = 1000, 2**28, 30


def best(run: Callable[[], Any]) -> float:
    """Seconds of the fastest of many."""
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def show(threads: int) -> None:
    """Measure with so many threads, and print a line."""
    a, b, c = (np.ones((N, N), np.float32) for _ in range(3))
    flops = 2 * N**3 / best(lambda: np.matmul(a, b, out=c))
    own = 2 * N**3 / best(lambda: product(a, b))
    source, target = (np.ones(BYTES // 4, np.float32).reshape(threads, -1) for _ in range(2))
    with ThreadPoolExecutor(threads) as pool:
        copied = 2 * BYTES / best(lambda: list(pool.map(np.copyto, target, source)))
    print(
        f"{threads} threads: {flops / 1e9:6.0f} GFLOP/s by NumPy, {own / 1e9:6.0f} by xparray, {copied / 1e9:6.1f} GB/s"
    )


def main() -> None:
    """Print a line for each number of threads; BLAS reads its own when a process starts."""
    if len(sys.argv) > 1:
        show(int(sys.argv[1]))
        return
    for threads in range(1, (os.cpu_count() or 1) + 1):
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        subprocess.run([sys.executable, "-m", "benchmarks.limits", str(threads)], check=True, env=environment)


if __name__ == "__main__":
    main()
