"""What training costs beside its computations: `python -m benchmarks.trainer`.

`loop` times one epoch of W1's perceptron in a loop written by hand, and by the Trainer with the usual extensions: LogReport, PrintReport,
ProgressBar and a snapshot at the end, on a stand-in for a terminal and with plain lines. The contestants take turns in one process, each
first in its turn; the ratio is the median over the rounds. `adam` times one update of Adam beside NumPy's expression of it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from benchmarks.workloads import _mlp, mlp_sgd
from benchmarks.xparray import fastest, show
from catena.training import Trainer, convert, datasets, extensions, iterators, optimizers, updaters

ELEMENTS = 1_000_000
ROW = "{:44s} {:>14s} {:>8s} {:>8s}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the chosen sections."""
    sections = {"loop": loops, "adam": adam}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trainer", description=__doc__)
    parser.add_argument("section", nargs="?", choices=sections, help="both unless given")
    parser.add_argument("--rounds", type=int, default=30, help="turns of each contestant (%(default)s)")
    parser.add_argument("--images", type=int, default=60_000, help="examples of an epoch (%(default)s)")
    options = parser.parse_args(argv)
    for name in [options.section] if options.section else sections:
        sections[name](options)
    return 0


# ---------------------------------------------------------------------------------------------------- the loop


class Terminal(io.StringIO):
    """A file that passes for a terminal, so that rich draws."""

    def isatty(self) -> bool:
        """True."""
        return True


def begin(dataset: Any) -> tuple[Any, Any, Any]:
    """The iterator, the model and its optimizer, as they begin."""
    layers: list[Any] = []
    W1, _, W2, _, W3, _ = _mlp.initial(mlp_sgd.HIDDEN)
    for W in (W1, W2, W3):
        layers += [L.Linear(W.shape[1], W.shape[0], initialW=W), F.relu]
    model = L.Classifier(nn.Sequential(*layers[:-1]))
    return iterators.SerialIterator(dataset, _mlp.BATCH), model, optimizers.SGD(lr=mlp_sgd.LR).setup(model)


def bare(dataset: Any) -> tuple[float, float]:
    """Seconds of the loop by hand, and the last loss."""
    iterator, model, optimizer = begin(dataset)
    start = time.perf_counter()
    while iterator.epoch < 1:
        x, t = convert.concat_examples(iterator.next())
        optimizer.update(model, x, t)
    return time.perf_counter() - start, float(model.loss.array)


def trained(dataset: Any, screen: Callable[[], io.StringIO]) -> tuple[float, float]:
    """Seconds of `Trainer.run`, and the last loss."""
    iterator, model, optimizer = begin(dataset)
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(screen()):
        trainer = Trainer(updaters.StandardUpdater(iterator, optimizer), (1, "epoch"), out)
        trainer.extend(extensions.LogReport())
        trainer.extend(extensions.PrintReport(["epoch", "main/loss", "main/accuracy", "elapsed_time"]))
        trainer.extend(extensions.ProgressBar())
        trainer.extend(extensions.snapshot(), trigger=(1, "epoch"))
        start = time.perf_counter()
        trainer.run()
        return time.perf_counter() - start, float(model.loss.array)


def loops(options: argparse.Namespace) -> None:
    """An epoch of W1, by hand and by the Trainer."""
    rng = np.random.default_rng(0)
    x = rng.random((options.images, _mlp.N_IN), dtype=np.float32)
    dataset = datasets.TupleDataset(x, rng.integers(0, _mlp.N_OUT, len(x)))
    contestants: dict[str, Callable[[], tuple[float, float]]] = {
        "by hand": partial(bare, dataset),
        "Trainer, plain lines": partial(trained, dataset, io.StringIO),
        "Trainer, at a terminal": partial(trained, dataset, Terminal),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(options.rounds + 1):
        losses = set()
        first = number % len(contestants)
        for name in [*contestants, *contestants][first : first + len(contestants)]:
            xp.random.seed(0)
            spent, loss = contestants[name]()
            losses.add(loss)
            if number:  # the first turn compiles and fills caches
                seconds[name].append(spent)
        assert len(losses) == 1, f"they do not compute the same: {losses}"
    iterations = -(-options.images // _mlp.BATCH)
    print(ROW.format(f"W1, an epoch of {iterations} iterations", "us/iteration", "ratio", "bound"))
    for name, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(taken, seconds["by hand"], strict=True))
        each = statistics.median(taken) / iterations * 1e6
        print(ROW.format(name, f"{each:.1f}", f"{ratio:.3f}", "" if name == "by hand" else "< 1.05"))


# -------------------------------------------------------------------------------------------------------- Adam


def adam(options: argparse.Namespace) -> None:
    """One update of a parameter, beside the same formula of NumPy's operations."""
    rng = np.random.default_rng(0)
    p, g = (rng.normal(size=ELEMENTS).astype(np.float32) for _ in range(2))
    contestants: dict[str, Callable[[], Any]] = {"NumPy's expression": numpys_adam(p.copy(), g)}
    for device in ("numpy", "numba"):
        link = nn.Link()
        with link.init_scope():
            link.p = nn.Parameter(xp.to_device(p.copy(), device))
        link.p.grad = xp.to_device(g, device)
        contestants[f"Adam.update on {device}"] = optimizers.Adam().setup(link).update
    seconds = fastest(contestants, options.rounds, seconds=1.0)
    bounds = {"Adam.update on numba": "< 0.1"}
    show(f"Adam of {ELEMENTS:,} float32", seconds, "NumPy's expression", bounds)


def numpys_adam(p: Any, g: Any) -> Callable[[], None]:
    """The formula (Kingma and Ba 2015, arXiv:1412.6980) as one writes it."""
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    alpha, beta1, beta2, eps = 0.001, 0.9, 0.999, 1e-8

    def update() -> None:
        nonlocal p, m, v, t
        t += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - alpha * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)

    return update


if __name__ == "__main__":
    sys.exit(main())
