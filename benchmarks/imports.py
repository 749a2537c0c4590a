"""`python -m benchmarks.imports`: what importing each part costs over `import numpy`, in new processes; the least of several."""

from __future__ import annotations

import subprocess
import sys

PARTS = ["xparray", "catena.autograd", "catena.nn", "catena.training", "chainer", "chainer, chainer.functions"]
BOUNDS = {"catena.nn": 100, "catena.training": 150, "chainer, chainer.functions": 200}
PROGRAM = """
import time
import numpy
start = time.perf_counter()
import {}
print(time.perf_counter() - start)
"""


def seconds(part: str) -> float:
    """How long the import takes in a process that has NumPy."""
    shown = subprocess.run([sys.executable, "-c", PROGRAM.format(part)], check=True, capture_output=True, text=True)
    return float(shown.stdout)


def main() -> None:
    """Print a line for each part."""
    for part in PARTS:
        least = min(seconds(part) for _ in range(15))
        print(f"import {part:28s} {least * 1e3:6.1f} ms" + (f"   (under {BOUNDS[part]})" if part in BOUNDS else ""))


if __name__ == "__main__":
    main()
