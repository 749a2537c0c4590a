"""The program that compares iterators runs; nothing here asserts a time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_iterator_reads_all_images() -> None:
    command = [sys.executable, "-m", "benchmarks.iterators", "--images", "64", "--rounds", "1"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout
    for name in ("SerialIterator", "MultithreadIterator", "MultiprocessIterator"):
        assert re.search(rf"^{name} +\d+ images/s +[0-9.]+ times SerialIterator$", shown, re.MULTILINE), shown
