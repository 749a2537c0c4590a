"""How step time and peak memory grow: `python -m benchmarks.scale` lets five sizes of some workloads run beside torch.

Batch and width for the perceptron (W3), batch for the convnet (W4), batch and length for the transformer's block (W9), depth for the
chain of scalars (W8). Each contestant of each size has a process of its own; they take turns, and medians are printed. Results go to
`result/scale.json`, and as curves, where matplotlib is installed, to `result/scale.png`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.run import BASE, OURS
from benchmarks.worker import Worker


class Curve(NamedTuple):
    """A workload, the name of what grows, the constant that says it, and its values."""

    workload: str
    what: str
    constant: str
    values: tuple[int, ...]


CURVES = {
    f"{curve.workload} {curve.what}": curve
    for curve in (
        Curve("W3", "batch", "_mlp.BATCH", (25, 50, 100, 200, 400)),
        Curve("W3", "width", "mlp_adam.HIDDEN", (250, 500, 1000, 1500, 2000)),
        Curve("W4", "batch", "convnet.BATCH", (4, 8, 16, 32, 64)),
        Curve("W9", "batch", "transformer.BATCH", (1, 2, 4, 8, 16)),
        Curve("W9", "length", "transformer.LENGTH", (32, 64, 128, 256, 512)),
        Curve("W8-chain", "depth", "scalar_chain.LENGTH", (100, 300, 1000, 3000, 10000)),
    )
}


def measured(curve: Curve, value: int, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Seconds of a step and peak memory of torch and of ours at one size."""
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker.of(curve.workload, name, options.threads, [f"{curve.constant}={value}"]))
            for name in (BASE, OURS)
        }
        rounds = [
            {name: worker.time(options.seconds) for name, worker in workers.items()} for _ in range(options.rounds)
        ]
    return {
        name: {
            "seconds": statistics.median(samples[name].seconds for samples in rounds),
            "peak_mb": max(samples[name].peak_mb for samples in rounds),
        }
        for name in (BASE, OURS)
    }


def draw(results: dict[str, Any], file: Path) -> bool:
    """Write the curves of step time to `file`, both axes logarithmic; False without matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        return False
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * min(3, len(results)), 3.2 * -(-len(results) // 3)), layout="constrained")
    every = figure.subplots(-(-len(results) // 3), min(3, len(results)), squeeze=False).flat
    for axes, (name, points) in zip(every, results.items(), strict=False):
        for contestant, style in ((BASE, "o--"), (OURS, "o-")):
            times = [point[contestant]["seconds"] * 1e3 for point in points.values()]
            axes.loglog([int(value) for value in points], times, style, label=contestant)
        axes.set(title=name, ylabel="ms a step")
        axes.legend(fontsize="small")
    figure.savefig(file)
    return True


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the chosen curves."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--curves", nargs="+", choices=list(CURVES), default=list(CURVES), metavar="NAME",
                        help=f"of {', '.join(CURVES)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a turn (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads of each contestant (%(default)s)")
    parser.add_argument("--json", type=Path, default=Path("result/scale.json"), help="results as JSON (%(default)s)")
    options = parser.parse_args(argv)
    print(f"{'curve':16s}{'size':>8s}{BASE + ', ms':>12s}{OURS + ', ms':>12s}{'ratio':>7s}{'MB':>12s}", flush=True)
    results: dict[str, Any] = {}
    for name in options.curves:
        results[name] = {}
        for value in CURVES[name].values:
            point = results[name][str(value)] = measured(CURVES[name], value, options)
            theirs, ours = point[BASE], point[OURS]
            times = f"{theirs['seconds'] * 1e3:12.2f}{ours['seconds'] * 1e3:12.2f}"
            memory = f"{theirs['peak_mb']:.0f}, {ours['peak_mb']:.0f}"
            print(f"{name:16s}{value:8d}{times}{ours['seconds'] / theirs['seconds']:7.2f}{memory:>12s}", flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if draw(results, options.json.with_suffix(".png")):
        print(f"drawn in {options.json.with_suffix('.png')}")


if __name__ == "__main__":
    main()
