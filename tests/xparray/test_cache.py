from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xparray import _cache

pytest.importorskip("numba")

PROGRAM = """
import sys
import numpy as np
import xparray as xp

@xp.elementwise
def combined(x, y, a):
    return a * x + y - 0.5

x, y = np.arange(5, dtype="float32"), np.ones(5, dtype="float32")
z = combined(x, y, 2.0)
if combined.why_not is None:
    (plan,) = combined._plans.values()
    (fused,) = plan.loops.values()
    stats = fused.run.stats
    kept = "on disk" if stats.cache_path else "in memory"
    print(z.tolist(), "found" if sum(stats.cache_hits.values()) else "compiled", kept)
else:
    print(z.tolist(), combined.why_not)
"""
RIGHT = "[0.5, 2.5, 4.5, 6.5, 8.5]"
COMPILED_ANEW, FOUND, IN_MEMORY = f"{RIGHT} compiled on disk", f"{RIGHT} found on disk", f"{RIGHT} compiled in memory"


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """Runs the program in a process of its own with a cache folder; what it prints."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)

    def run(folder: Path, before: str = "", **environment: str) -> str:
        return start(folder, before, **environment).communicate(timeout=120)[0].strip()

    def start(folder: Path, before: str = "", **environment: str) -> subprocess.Popen[str]:
        file.write_text(before + PROGRAM)
        variables = {**os.environ, "XPARRAY_CACHE_DIR": str(folder), "PYTHONWARNINGS": "error", **environment}
        return subprocess.Popen([sys.executable, str(file)], env=variables, stdout=subprocess.PIPE, text=True)

    run.start = start  # type: ignore[attr-defined]
    return run


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.rglob(pattern))


def test_a_second_process_finds_the_compiled_loops(program: Any, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert program(folder) == COMPILED_ANEW
    assert program(folder) == FOUND
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [f.suffix for f in files(folder, "combined_*")] == [".nbc", ".nbi", ".py", ".sha256"]
    assert program(folder, "import sys; sys.argv.append('a line more')\n") == FOUND  # lines do not count, the text does


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("*.nbc", lambda b: b[: len(b) // 2] + bytes(64) + b[len(b) // 2 + 64 :]),
        ("*.nbc", lambda b: b[:100]),
        ("*.nbi", lambda b: b"not a pickle"),
        ("*.nbi", lambda b: b""),
        ("*.sha256", lambda b: b"\xff"),
    ],
    ids=["code changed", "code cut", "index replaced", "index empty", "seal broken"],
)
def test_damaged_files_are_compiled_anew(program: Any, tmp_path: Path, pattern: str, damage: Any) -> None:
    folder = tmp_path / "cache"
    program(folder)
    (file,) = files(folder, pattern)
    file.write_bytes(damage(file.read_bytes()))
    assert program(folder) == COMPILED_ANEW
    assert program(folder) == FOUND


def test_a_changed_text_is_written_again(program: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    program(folder)
    (file,) = files(folder, "combined_*.py")
    text = file.read_text()
    assert " + " in text
    file.write_text(text.replace(" + ", " - "))
    assert program(folder) == FOUND
    assert file.read_text() == text


def test_processes_may_race(program: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    running = [program.start(folder) for _ in range(3)]
    assert all(p.communicate(timeout=120)[0].startswith(RIGHT) for p in running)
    program(folder)  # one may have sealed what another one replaced: at most one compilation more
    assert program(folder) == FOUND


def test_a_folder_that_cannot_be_written_costs_only_time(program: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert program(tmp_path / "file" / "cache") == COMPILED_ANEW
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_costs_only_time(program: Any, tmp_path: Path) -> None:
    full = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"
    for limit in (0, 1000):  # no file can be written; the text can, the compiled code cannot
        folder = tmp_path / f"cache{limit}"
        assert program(folder, full.format(limit), PYTHONDONTWRITEBYTECODE="1") == IN_MEMORY
        assert program(folder) == COMPILED_ANEW


@pytest.mark.parametrize("how", ["XPARRAY_JIT", "no numba"])
def test_without_numba_the_function_runs_as_it_is_written(program: Any, tmp_path: Path, how: str) -> None:
    reference = f"{RIGHT} compiled loops are switched off, or numba is not installed"
    if how == "XPARRAY_JIT":
        assert program(tmp_path / "cache", XPARRAY_JIT="0") == reference
    else:
        assert program(tmp_path / "cache", "import sys; sys.modules['numba'] = None\n") == reference
    assert not (tmp_path / "cache").exists()
    assert "NUMBA_DISABLE_JIT" in program(tmp_path / "cache", NUMBA_DISABLE_JIT="1")


posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX's")


@posix
@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XPARRAY_CACHE_DIR", str(folder))
    assert _cache.cache_folder() == folder
    folder.chmod(mode)
    other = _cache.cache_folder()
    assert other != folder and stat.S_IMODE(other.stat().st_mode) == 0o700
    assert _cache.cache_folder() == other  # one for the process
    folder.chmod(0o755)
    assert _cache.cache_folder() == folder


@posix
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPARRAY_CACHE_DIR", str(tmp_path))
    assert _cache.cache_folder() == tmp_path
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert _cache.cache_folder() != tmp_path


def test_the_temporary_folder_goes_with_its_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "from xparray._cache import cache_folder; print(cache_folder()); (cache_folder() / 'x').mkdir()"
    variables = {**os.environ, "XPARRAY_CACHE_DIR": str(tmp_path / "file")}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=variables, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    assert Path(shown).name.startswith("xparray-") and not Path(shown).exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".cache/xparray"),
        ("linux", {"XDG_CACHE_HOME": "{home}/other"}, "other/xparray"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, ".cache/xparray"),
        ("darwin", {}, "Library/Caches/xparray"),
        ("win32", {"LOCALAPPDATA": "{home}/Local"}, "Local/xparray/Cache"),
        ("linux", {"XPARRAY_CACHE_DIR": "{home}/mine"}, "mine"),
    ],
)
def test_the_place_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("XPARRAY_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=tmp_path))
    assert _cache.cache_folder() == tmp_path / expected


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "text"
    _cache.write_text(file, "old")
    with pytest.raises(UnicodeEncodeError):
        _cache.write_text(file, "new" * 10000 + "\ud800")
    assert file.read_text() == "old" and os.listdir(tmp_path) == ["text"]
