from __future__ import annotations

import os
import shutil
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
from pathlib import Path
import numpy as np
import xparray as xp

@xp.elementwise
def combined(x, y, a):
    return a * x + y - 0.5

x, y = np.arange(5, dtype="float32"), np.ones(5, dtype="float32")
z = combined(x, y, 2.0)
if combined.why_not is None:
    (plan,) = combined._plans.values()
    (loops,) = (c for c in plan.compiled.values() if hasattr(c, "run"))
    stats = loops.run.stats
    kept = "on disk" if stats.cache_path and any(Path(stats.cache_path).glob("*.code")) else "in memory"
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
    (file,) = files(folder, "*")
    assert file.name.startswith("combined_") and file.suffix == ".code"
    assert program(folder, "import sys; sys.argv.append('a line more')\n") == FOUND  # lines do not count, the text does


TEXT = "def double(x):\n    return x + x\n"


def doubled(text: str = TEXT) -> str:
    """Whether the code of a module was found on the disk or compiled, after a look at what it computes."""
    import numba

    double = _cache.compile_module("double", text, {"double": numba.float64(numba.float64)})["double"]
    assert double(3.0) == 6.0
    return "found" if sum(double.stats.cache_hits.values()) else "compiled"


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2] + bytes(64) + b[len(b) // 2 + 64 :],
        lambda b: b[:100],
        lambda b: b"not a seal" + b[10:],
        lambda b: b"",
        lambda b: b[:-1] + bytes([b[-1] ^ 1]),
    ],
    ids=["code changed", "code cut", "seal changed", "empty", "one bit"],
)
def test_damaged_files_are_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    monkeypatch.setenv("XPARRAY_CACHE_DIR", str(tmp_path))
    assert (doubled(), doubled()) == ("compiled", "found")
    (file,) = files(tmp_path, "*.code")
    file.write_bytes(damage(file.read_bytes()))
    assert (doubled(), doubled()) == ("compiled", "found")


def test_code_of_other_sources_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPARRAY_CACHE_DIR", str(tmp_path))
    assert doubled("def double(x):\n    return 2 * x\n") == "compiled"
    (other,) = files(tmp_path, "*.code")
    assert doubled() == "compiled"
    (file,) = set(files(tmp_path, "*.code")) - {other}
    other.replace(file)
    assert (doubled(), doubled()) == ("compiled", "found")


def test_processes_may_race(program: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    running = [program.start(folder) for _ in range(2)]
    assert all(p.communicate(timeout=120)[0].startswith(RIGHT) for p in running)
    assert program(folder) == FOUND


def test_a_folder_that_cannot_be_written_costs_only_time(program: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert program(tmp_path / "file" / "cache") == COMPILED_ANEW
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_costs_only_time(program: Any, tmp_path: Path) -> None:
    full = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"
    for limit in (0, 1000):  # no file can be written; a small one can, the compiled code cannot
        folder = tmp_path / f"cache{limit}"
        assert program(folder, full.format(limit), PYTHONDONTWRITEBYTECODE="1") == IN_MEMORY
        assert files(folder, "*") == []
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


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "code"
    _cache.write_bytes(file, b"old")

    def full(a: object, b: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        _cache.write_bytes(file, b"new")
    assert file.read_bytes() == b"old" and os.listdir(tmp_path) == ["code"]


# ------------------------------------------------------------------------------------------ loops of a package's own files


PACKAGE = """
import sys
import numpy as np
import package.loops

x = np.arange(3.0)
package.loops.add(x, 1.0)
package.loops.twice(x)
stats = package.loops.twice.compiled.stats
print(x.tolist(), "found" if sum(stats.cache_hits.values()) else "compiled", stats.cache_path)
"""
LOOPS = """
from xparray import loop

STEP = 2.0

@loop
def add(x, a):
    for i in range(x.size):
        x[i] += a

@loop
def twice(x):
    add(x, 0.0)
    for i in range(x.size):
        x[i] *= STEP
"""


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs loops of a package in a process of its own; the values, whether code was found, and the folder that keeps it."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "loops.py").write_text(LOOPS)
    (tmp_path / "program.py").write_text(PACKAGE)

    def run(before: tuple[str, ...] = (), **environment: str) -> list[str]:
        variables = {
            **os.environ,
            "XPARRAY_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONWARNINGS": "error",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }
        command = [*before, sys.executable, str(tmp_path / "program.py")]
        shown = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True).stdout
        values, _, rest = shown.strip().partition("] ")
        return [values + "]", *rest.split()]

    return run


def test_loops_are_kept_beside_their_file(package: Any, tmp_path: Path) -> None:
    beside = str(tmp_path / "package" / "__pycache__")
    assert package() == ["[2.0, 4.0, 6.0]", "compiled", beside]
    assert package() == ["[2.0, 4.0, 6.0]", "found", beside]
    assert len(files(Path(beside), "*.code")) == 2
    text = tmp_path / "package" / "loops.py"
    text.write_text(LOOPS.replace("STEP = 2.0", "STEP = 3.0"))  # what a loop's code alone does not show
    assert package() == ["[3.0, 6.0, 9.0]", "compiled", beside]
    for file in files(Path(beside), "*.code"):
        file.write_bytes(file.read_bytes()[:-1])
    assert package() == ["[3.0, 6.0, 9.0]", "compiled", beside]
    assert package() == ["[3.0, 6.0, 9.0]", "found", beside]


def without_privileges() -> tuple[str, ...]:
    """The beginning of a command that may write only where the modes of files allow it."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may write everywhere, and setpriv, which takes that right away, is not installed")
    return (setpriv, "--inh-caps=-all", "--bounding-set=-all")


@posix
def test_a_package_that_cannot_be_written_costs_only_time(package: Any, tmp_path: Path) -> None:
    command, folder = without_privileges(), tmp_path / "package"
    folder.chmod(0o555)
    try:
        elsewhere = str(tmp_path / "cache")
        assert package(command) == ["[2.0, 4.0, 6.0]", "compiled", elsewhere]
        assert package(command) == ["[2.0, 4.0, 6.0]", "found", elsewhere]
        nowhere = {"XPARRAY_CACHE_DIR": "/proc/none", "HOME": "/proc/none", "TMPDIR": "/proc/none"}
        values, found, place = package(command, **nowhere)
        assert (values, found) == ("[2.0, 4.0, 6.0]", "compiled") and Path(place).name.startswith("xparray-")
    finally:
        folder.chmod(0o755)
    assert not (folder / "__pycache__").exists()


@posix
def test_a_full_disk_costs_the_loops_only_time(package: Any, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    full = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    program.write_text(full + PACKAGE.replace("print(", "print(", 1))
    assert package()[:2] == ["[2.0, 4.0, 6.0]", "compiled"]
    assert not files(tmp_path, "*.code")
