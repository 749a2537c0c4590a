"""Kernels: which version runs where, and loops that are compiled once and kept on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import Kernel
from xparray.backends.numba import NumbaArray

DEVICES = ["numpy", "numba", "strict", "strict:device1"]


def make(**versions: bool) -> tuple[Kernel, list[tuple[str, str]]]:
    """A kernel that doubles, and the list of its runs: version and type of the array. `versions`: place -> does it jit."""
    runs: list[tuple[str, str]] = []

    @xp.kernel
    def double(x: xp.Array, *, times: int = 2) -> xp.Array:
        """x doubled."""
        runs.append(("reference", type(x).__name__))
        return x * times

    for where, jit in versions.items():

        def version(x: xp.Array, *, times: int = 2, where: str = where) -> xp.Array:
            runs.append((where, type(x).__name__))
            return x * times

        double.on(where, jit=jit)(version)
    return double, runs


@pytest.mark.parametrize(
    ("versions", "jitting", "device", "run"),
    [
        ({}, True, "numpy", ("reference", "ndarray")),
        ({}, True, "numba", ("reference", "NumbaArray")),
        ({}, True, "strict", ("reference", "Array")),
        ({"host": True}, True, "numpy", ("host", "ndarray")),
        ({"host": True}, True, "numba", ("host", "ndarray")),
        ({"host": True}, True, "strict", ("reference", "Array")),
        ({"host": True}, False, "numpy", ("reference", "ndarray")),
        ({"host": True}, False, "numba", ("reference", "NumbaArray")),
        ({"host": False}, False, "numpy", ("host", "ndarray")),
        ({"host": False}, False, "numba", ("host", "ndarray")),
        ({"strict": True}, True, "numpy", ("reference", "ndarray")),
        ({"strict": True}, True, "strict:device1", ("strict", "Array")),
        ({"strict": False}, False, "strict", ("strict", "Array")),
        ({"host": True, "strict": False}, False, "numpy", ("reference", "ndarray")),
        ({"host": True, "strict": False}, True, "strict", ("strict", "Array")),
    ],
)
def test_which_version_runs(versions: dict[str, bool], jitting: bool, device: str, run: tuple[str, str]) -> None:
    double, runs = make(**versions)
    with xp.jit(jitting):
        y = double(xp.asarray([1.0, 2.0], device=device), times=3)
    assert runs == [run]
    assert str(xp.device_of(y)) == device
    assert xp.to_device(y, "numpy").tolist() == [3, 6]


@pytest.mark.parametrize("device", DEVICES)
def test_a_version_that_declines_leaves_the_work_to_the_reference(device: str) -> None:
    tried: list[str] = []

    @xp.kernel
    def double(x: xp.Array) -> xp.Array:
        tried.append("reference")
        return x + x

    for where in ("host", "strict"):

        @double.on(where, jit=False)
        def _(x: xp.Array, where: str = where) -> Any:
            tried.append(where)
            return NotImplemented if xp.device_of(x) and x.shape[0] > 1 else x * 2

    place = device.partition(":")[0] if device.startswith("strict") else "host"
    assert float(double(xp.ones((1,), device=device))[0]) == 2
    assert tried == [place]
    y = double(xp.ones((2,), device=device))
    assert tried == [place, place, "reference"]
    assert str(xp.device_of(y)) == device


def test_a_kernel_looks_like_its_reference() -> None:
    double, _ = make(host=True)
    assert (double.__name__, double.__doc__) == ("double", "x doubled.")
    assert isinstance(double, Kernel)
    assert double.reference(3) == 6


@pytest.mark.parametrize("jit", [True, False])
def test_a_tag_is_taken_off_before_a_version_and_put_back_after(jit: bool) -> None:
    @xp.kernel
    def statistics(x: xp.Array, weights: xp.Array | None, scale: float) -> tuple[xp.Array, ...]:
        return x, xp.sum(x), x

    @statistics.on("host")
    def _(x: xp.Array, weights: xp.Array | None, scale: float) -> tuple[Any, ...]:
        assert type(x) is type(weights) is np.ndarray
        assert type(scale) is float
        return x, np.sum(x), scale

    x = xp.ones((2,), device="numba")
    with xp.jit(jit):
        same, total, last = statistics(x, np.ones(2), 0.5)
    assert type(same) is type(total) is NumbaArray
    assert (total.shape, float(total)) == ((), 2)
    assert np.shares_memory(same, x)
    assert (last == 0.5) is True if jit else type(last) is NumbaArray


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("x", [np.float64(1), np.ones((1, 2)).view(np.matrix), np.ones(2).view(np.recarray)])
def test_a_version_gets_plain_arrays_whatever_ndarray_came(x: Any) -> None:
    double, runs = make(host=True)
    assert type(double(x)) is np.ndarray
    assert runs == [("host", "ndarray")]


@pytest.mark.parametrize(("device", "kind"), [("numpy", np.ndarray), ("numba", NumbaArray)])
def test_what_a_kernel_returns_is_an_array(device: str, kind: type) -> None:
    @xp.kernel
    def total(x: xp.Array) -> Any:
        return x.sum()

    assert type(total(xp.ones((2,), device=device))) is kind
    assert type(total(np.float64(3))) is np.ndarray


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("outside", [True, False])
def test_jit_holds_for_its_block_and_every_thread(outside: bool, inside: bool) -> None:
    before = xp.jit_enabled()
    with xp.jit(outside):
        with pytest.raises(ZeroDivisionError), xp.jit(inside):
            seen: list[bool] = []
            thread = threading.Thread(target=lambda: seen.append(xp.jit_enabled()))
            thread.start()
            thread.join()
            assert seen == [xp.jit_enabled()] == [inside]
            1 / 0  # noqa: B018
        assert xp.jit_enabled() is outside
    assert xp.jit_enabled() is before


# ------------------------------------------------------------------------------- switches, in processes of their own

WHAT_RUNS = """
import numpy as np
import xparray as xp

@xp.kernel
def where(x):
    return "reference"

@where.on("host")
def _(x):
    return "jitted"

def say(*more):
    import sys
    print(xp.jit_enabled(), where(np.ones(1)), where(xp.ones((1,), device="numba")), "numba" in sys.modules, *more)
"""


def python(program: str, folder: Path, **env: str) -> str:
    """What `program` prints, run in `folder`, from which it imports; numba keeps its files beside the modules."""
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "XPARRAY_JIT")
    }
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**inherited, "PYTHONPATH": path, **env},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(
    ("setting", "printed"),
    [
        ({}, "True jitted jitted False"),
        ({"XPARRAY_JIT": "1"}, "True jitted jitted False"),
        ({"XPARRAY_JIT": "0"}, "False reference reference False"),
    ],
)
def test_the_environment_decides(tmp_path: Path, setting: dict[str, str], printed: str) -> None:
    assert python(WHAT_RUNS + "say()", tmp_path, **setting).strip() == printed


def test_the_program_overrules_the_environment(tmp_path: Path) -> None:
    program = WHAT_RUNS + "with xp.jit(True): say()\nwith xp.jit(False): say()\nsay()"
    assert python(program, tmp_path, XPARRAY_JIT="0").splitlines() == [
        "True jitted jitted False",
        "False reference reference False",
        "False reference reference False",
    ]


def test_without_jit_tagged_arrays_have_numpys_bits(tmp_path: Path) -> None:
    program = """
        import sys
        import numpy as np
        import xparray as xp

        x = np.linspace(0.1, 3, 1001, dtype="float32")
        for f in (xp.exp, xp.log, xp.tanh):
            y = f(xp.to_device(x, "numba"))
            print(np.array_equal(y, getattr(np, f.__name__)(x)), type(y).__name__, "numba" in sys.modules)
    """
    assert python(program, tmp_path, XPARRAY_JIT="0").splitlines() == ["True NumbaArray False"] * 3


def test_without_numba_the_references_run(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["numba"] = None
{WHAT_RUNS}
x = xp.ones((2,), device="numba")
say(type(x).__name__, type(xp.exp(x)).__name__, np.array_equal(xp.exp(x), np.exp(np.ones(2))))
try:
    with xp.jit(True):
        pass
except ImportError as e:
    print(e)
with xp.jit(False):
    say()
"""
    assert python(program, tmp_path).splitlines() == [
        "False reference reference True NumbaArray NumbaArray True",
        "jit: numba is not installed; pip install xparray[numba]",
        "False reference reference True",
    ]


# ----------------------------------------------------------------------------------------------------------- loops

LOOPS = """
import xparray as xp
from xparray._kernel import scalar
from scalars import shift


@xp.loop
def moved(x, y):
    \"\"\"y = shift(x).\"\"\"
    for i in range(x.size):
        y[i] = shift(x[i])


@xp.loop(reassociate=True)
def total(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
    return s


@xp.loop
def quotient(x, y):
    for i in range(x.size):
        x[i] /= y[i]
"""
SCALARS = """
import numpy as np
from xparray._kernel import scalar

def shift32(x):
    return x + np.float32({amount})

def shift64(x):
    return np.{rounding}(x) + {amount}

shift = scalar(float32=shift32, float64=shift64)
"""
RUN = """
import sys
import numpy as np
from loops import moved, quotient, total

assert "numba" not in sys.modules
assert moved.compiled is None
x = np.arange(4.0)
for dtype in ("float64", "float64", "float32", "float64"):
    y = np.empty(4, dtype)
    moved(x.astype(dtype), y)
    print(y.dtype, y.tolist())
stats = moved.compiled.stats
print("compiled", sum(stats.cache_misses.values()), "read", sum(stats.cache_hits.values()))
"""


def modules_in(folder: Path) -> Path:
    (folder / "loops.py").write_text(LOOPS, encoding="utf-8")
    (folder / "scalars.py").write_text(SCALARS.format(rounding="floor", amount=1.0), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return modules_in(tmp_path_factory.mktemp("loops"))


def test_a_loop_compiles_once_for_a_dtype_and_is_kept_on_disk(folder: Path) -> None:
    values = [f"{dtype} [1.0, 2.0, 3.0, 4.0]" for dtype in ("float64", "float64", "float32", "float64")]
    assert python(RUN, folder).splitlines() == [*values, "compiled 2 read 0"]
    assert list((folder / "__pycache__").glob("loops.moved.*.code"))
    assert python(RUN, folder).splitlines() == [*values, "compiled 0 read 2"]


@pytest.mark.parametrize("change", [{"rounding": "floor", "amount": 2.0}, {"rounding": "ceil", "amount": 1.0}])
def test_a_changed_scalar_of_another_module_is_compiled_anew(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = modules_in(tmp_path)
    program = """
        import numpy as np
        from loops import moved
        y = np.empty(1)
        moved(np.array([0.5]), y)
        print(y.item())
    """
    assert python(program, folder) == "1.0\n"
    scalars = folder / "scalars.py"
    scalars.write_text(SCALARS.format(**change), encoding="utf-8")
    # Python tells a changed module by its time in whole seconds and its size.
    os.utime(scalars, (time.time() + 10, time.time() + 10))
    assert python(program, folder) == "2.0\n"


def test_loops_keep_what_is_not_finite(folder: Path) -> None:
    program = """
        import numpy as np
        from loops import quotient, total

        x = np.array([1.0, -1.0, 0.0, np.nan])
        quotient(x, np.array([0.0, 0.0, 0.0, 1.0]))
        print(x.tolist())
        print(total(np.ones(1000)), total(np.array([1.0, np.nan])), total(np.array([1.0, np.inf])))
    """
    assert python(program, folder).splitlines() == ["[inf, -inf, nan, nan]", "1000.0 nan inf"]


def test_a_loop_looks_like_its_function_and_a_scalar_runs_in_python(folder: Path) -> None:
    program = """
        import sys
        import numpy as np
        from loops import moved
        from scalars import shift

        print(moved.__name__, moved.__doc__, type(shift(np.float32(1))).__name__, shift(np.float64(2)), "numba" in sys.modules)
    """
    assert python(program, folder).strip() == "moved y = shift(x). float32 3.0 False"


def test_a_kernel_with_a_loop_in_threads(folder: Path) -> None:
    program = """
        import threading
        import numpy as np
        import xparray as xp
        from loops import moved

        @xp.kernel
        def shifted(x):
            return x + 1

        @shifted.on("host")
        def _(x):
            y = np.empty_like(x)
            moved(x, y)
            return y

        seen = []
        threads = [threading.Thread(target=lambda: seen.append(shifted(xp.ones((3,), device="numba")))) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        print(len(seen), {type(y).__name__ for y in seen}, {tuple(y.tolist()) for y in seen})
    """
    assert python(program, folder).strip() == "8 {'NumbaArray'} {(2.0, 2.0, 2.0)}"


def test_what_a_loop_cannot_compile_is_numbas_error(folder: Path) -> None:
    program = """
        import numba
        import numpy as np
        import xparray as xp
        from loops import moved

        try:
            moved(np.array(["a"]), np.array(["b"]))
        except numba.core.errors.TypingError as e:
            print("TypingError", "shift" in str(e))
    """
    assert python(program, folder).strip() == "TypingError True"


@pytest.mark.parametrize(
    "x", [np.ones(3), xp.ones((3,), device="numba"), np.float64(2)], ids=["array", "tagged", "scalar"]
)
@pytest.mark.parametrize("wrong", [lambda k, x: k(x, nonsense=1), lambda k, x: k()])
def test_arguments_that_a_kernel_does_not_take(wrong: Callable[..., Any], x: Any) -> None:
    double, _ = make(host=True)
    with pytest.raises(TypeError, match=r"double|version"):
        wrong(double, x)
