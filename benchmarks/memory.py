"""What a recorded operation keeps beside its arrays: `python -m benchmarks.memory`.

Each line records a chain of one operation on arrays of one element, and prints the bytes of Python's memory that an operation adds, as
`tracemalloc` counts them: the result's Variable, its node, the tuples between them, and the array of one element itself.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from catena.autograd import Variable
from catena.autograd import functions as F

COUNT = 2000
BOUND = 500
CHAINS: dict[str, Callable[[Any, Any], Any]] = {
    "y + x": lambda y, x: y + x,
    "y * x": lambda y, x: y * x,
    "y * 0.5": lambda y, x: y * 0.5,
    "tanh(y)": lambda y, x: F.tanh(y),
    "y @ x": lambda y, x: y @ x,
    "sum(y, axis=0, keepdims=True)": lambda y, x: F.sum(y, axis=0, keepdims=True),
    "reshape(y, (1, 1))": lambda y, x: F.reshape(y, (1, 1)),
}


def bytes_a_node(step: Callable[[Any, Any], Any]) -> float:
    """The bytes that one more operation takes, as long as the graph is there."""
    x = Variable(np.full((1, 1), 0.5, np.float32))
    y = step(x, x)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(COUNT):
        y = step(y, x)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken / COUNT


def main() -> int:
    """Print the table."""
    row = "{:32s} {:>8s} {:>8s}"
    print(row.format("operation", "bytes", "bound"))
    for name, step in CHAINS.items():
        print(row.format(name, f"{bytes_a_node(step):.0f}", f"< {BOUND}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
