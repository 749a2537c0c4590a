"""Files that Chainer 7.8.1 wrote load here, and a run that it began goes on to the same numbers; golden/files.py made them."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "chainer.json").read_text())


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return runpy.run_path(str(GOLDEN / "files.py"))["read"](str(GOLDEN))


@pytest.mark.parametrize("part", EXPECTED)
def test_what_chainer_wrote_is_read(part: str, found: dict[str, Any]) -> None:
    assert found[part].keys() == EXPECTED[part].keys()
    for name, expected in EXPECTED[part].items():
        assert flat(found[part][name]) == pytest.approx(flat(expected), rel=1e-5, abs=1e-6), name


def flat(x: Any) -> list[float]:
    if isinstance(x, dict):
        return [y for key in sorted(x) for y in flat(x[key])]
    return [y for part in x for y in flat(part)] if isinstance(x, list) else [x]


IMPORT = """
import json, sys
import numpy
before = set(sys.modules)
import chainer
import chainer.functions as F
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


def test_importing_loads_no_optional_library() -> None:
    loaded = json.loads(subprocess.run([sys.executable, "-c", IMPORT], check=True, stdout=subprocess.PIPE).stdout)
    found = {name for name in loaded if "cython" not in name} - sys.stdlib_module_names - {"numpy", "__mp_main__"}
    assert found == {"catena", "chainer", "xparray"}


def test_what_comes_later_says_so() -> None:
    with pytest.raises(ImportError, match=r"convert the \.caffemodel"):
        from chainer.links.caffe import CaffeFunction  # noqa: F401
    with pytest.raises(ImportError, match="save_npz"):
        from chainer.exporters import caffe  # noqa: F401
