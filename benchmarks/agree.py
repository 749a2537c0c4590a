"""Whether several runs say the same: `python -m benchmarks.agree result/a.json result/b.json result/c.json`.

Each file is what a run of `python -m benchmarks --json FILE` wrote. A row shows catena's ratio in each run, and on which side of its
target they lie; the runs agree where that is one side for all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.run import MEAN_TARGET, OURS


def ratios(report: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Ratio and target of each workload that the run timed, and of the geometric mean."""
    found = {
        name: (one["contestants"].get(OURS, {}).get("ratio"), one["target"])
        for name, one in report["workloads"].items()
    }
    found["geometric mean"] = (report["geometric_mean"], MEAN_TARGET)
    return {name: (ratio, target) for name, (ratio, target) in found.items() if ratio is not None}


def side(seen: Sequence[float], target: float) -> str:
    """Where the runs' ratios lie: "met", "missed" or "not agreed"."""
    under = {ratio <= target for ratio in seen}
    return "not agreed" if len(under) > 1 else "met" if under.pop() else "missed"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 where runs do not agree on a row, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agree", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="results as JSON")
    runs = [ratios(json.loads(file.read_text(encoding="utf-8"))) for file in parser.parse_args(argv).files]
    missing = sorted({name for run in runs for name in run} - set.intersection(*(set(run) for run in runs)))
    print(
        f"{'workload':18s}" + "".join(f"{f'run {i}':>8s}" for i in range(1, len(runs) + 1)) + "  target  the runs say"
    )
    said = []
    for name, (_, target) in runs[0].items():
        if name not in missing:
            seen = [run[name][0] for run in runs]
            said.append(side(seen, target))
            print(f"{name:18s}" + "".join(f"{ratio:8.3f}" for ratio in seen) + f"{target:8.2f}  {said[-1]}")
    if missing:
        print(f"not in every run: {', '.join(missing)}")
    print(f"\n{said.count('met')} met, {said.count('missed')} missed, {said.count('not agreed')} not agreed")
    return int("not agreed" in said)


if __name__ == "__main__":
    raise SystemExit(main())
