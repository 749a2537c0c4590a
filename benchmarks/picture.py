"""One picture of a run: each workload's ratios as bars, with ours against its target."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

WIDTH = 0.8  # of a workload's bars together


def draw(results: list[dict[str, Any]], ours: str, file: Path) -> bool:
    """Write the ratios of all timed workloads to `file`, on a logarithmic scale; False without matplotlib or ratios."""
    timed = [result for result in results if any(c.get("ratio") for c in result["contestants"].values())]
    if not timed or importlib.util.find_spec("matplotlib") is None:
        return False
    from matplotlib.figure import Figure

    names = sorted({name for result in timed for name in result["contestants"]}, key=lambda name: (name != ours, name))
    figure = Figure(figsize=(10, 1 + 0.6 * len(timed)), layout="constrained")
    axes = figure.subplots()
    for color, name in enumerate(names):
        rows = [i for i, result in enumerate(timed) if name in result["contestants"]]
        places, ratios = [], []
        for i in rows:
            present = [n for n in names if n in timed[i]["contestants"]]
            places.append(i + WIDTH * (present.index(name) / len(present) - 0.5))
            ratios.append(timed[i]["contestants"][name]["ratio"])
        heights = [WIDTH / len(timed[i]["contestants"]) for i in rows]
        axes.barh(places, ratios, heights, align="edge", label=name, color=f"C{color}")
    for i, result in enumerate(timed):
        axes.plot([result["target"]] * 2, [i - WIDTH / 2, i + WIDTH / 2], "k--", label=None if i else "target")
    axes.set_yticks(range(len(timed)), [result["name"] for result in timed])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="gray", linewidth=0.5)
    axes.set_xlabel("time of a step over torch eager's")
    figure.legend(loc="outside lower center", ncols=4, fontsize="small")
    figure.savefig(file)
    return True
