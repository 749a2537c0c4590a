"""The pages on mixing and on adding a backend: their examples print what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def run_doctest(page: str, folder: Path, *paths: Path) -> None:
    """Run a page's examples as a program of their own, which also finds what lies in `paths`."""
    text = folder / "page.txt"
    # Fences would count as output.
    text.write_text(re.sub(r"^```.*$", "", page, flags=re.MULTILINE), encoding="utf-8")
    path = os.pathsep.join([*map(str, paths), *filter(None, [os.environ.get("PYTHONPATH")])])
    options = ["-o", "NORMALIZE_WHITESPACE", "-o", "ELLIPSIS"]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "doctest", *options, str(text)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def block(page: str, language: str) -> str:
    """The first program of a language in a page."""
    found = re.search(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_mixing(tmp_path: Path) -> None:
    run_doctest((DOCS / "mixing.md").read_text(encoding="utf-8"), tmp_path)


def test_adding_a_backend(tmp_path: Path) -> None:
    page = (DOCS / "adding-a-backend.md").read_text(encoding="utf-8")
    site = tmp_path / "site"
    info = site / "tiny_arrays-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tiny_arrays.py").write_text(block(page, "python"), encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-arrays\nVersion: 1.0\n", encoding="utf-8")
    entry = re.search(
        r'^\[project\.entry-points\."xparray\.backends"\]\n(\w+) = "(\w+)"$', block(page, "toml"), re.MULTILINE
    )
    assert entry is not None
    (info / "entry_points.txt").write_text(f"[xparray.backends]\n{entry[1]} = {entry[2]}\n", encoding="utf-8")
    run_doctest(page, tmp_path, site)


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2"):
        run_doctest("```python\n>>> 1 + 1\n3\n```\n", tmp_path)
