"""Backends: those that xparray brings, those of other distributions, and what is said where one is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import xparray as xp

# A distribution with a backend of its own, as the page on adding one shows it.
PAGE = Path(__file__).parents[2] / "docs" / "adding-a-backend.md"
TINY = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("\n```\n")[0]


def install(folder: Path, name: str, entry_point: str, **modules: str) -> None:
    """Lay out a distribution as an installer would, with one entry point of the group `xparray.backends`."""
    folder.mkdir(exist_ok=True)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[xparray.backends]\n{entry_point}\n", encoding="utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")


def python(program: str, *folders: Path) -> str:
    """What `program` prints, run in a process that also finds what is installed in `folders`."""
    path = os.pathsep.join([*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    install(folder, "tiny-arrays", "tiny = tiny_arrays", tiny_arrays=TINY)
    return folder


def test_a_backend_of_another_distribution_by_its_name(site: Path) -> None:
    program = """
        import sys
        import numpy as np
        import xparray as xp

        assert "tiny_arrays" not in sys.modules
        x = xp.ones((2,), dtype="float32", device="tiny")
        print(type(x).__name__, xp.device_of(x), xp.get_backend("tiny"))
        y = xp.add(x, 2.0)
        print(type(y).__name__, y.dtype, xp.to_device(y, "numpy").tolist())
        z = xp.to_device(np.arange(3), "tiny")
        print(xp.device_of(z), xp.to_device(xp.sum(z), "numba"), xp.array_namespace(z).__name__)
        print(xp.to_device(xp.zeros_like(np.ones(2), device="tiny"), "numpy").tolist())
        try:
            xp.add(np.ones(2), x)
        except ValueError as e:
            print(e)
        try:
            xp.zeros((2,), device="tiny:1")
        except ValueError as e:
            print(e)
        try:
            xp.tan(x)
        except AttributeError as e:
            print(e)
    """
    assert python(program, site).splitlines() == [
        "TinyArray tiny <backend tiny>",
        "TinyArray float32 [3.0, 3.0]",
        "tiny 3 tiny_arrays",
        "[0.0, 0.0]",
        "add: arguments live on different devices: argument 0: (2,) float64 on numpy; argument 1: (2,) float32 on tiny; "
        "move argument 1 with xp.to_device(x, 'numpy')",
        "device 'tiny:1': backend 'tiny' has one memory only; write 'tiny'",
        "tan: backend 'tiny' (tiny_arrays) has no such function",
    ]


@pytest.mark.parametrize(
    "call", ["xp.exp(x)", "xp.asarray(x)", "xp.add(x, 1)", "shift(x, 1)", "xp.to_device(x, 'tiny')"]
)
def test_a_backend_of_another_distribution_by_its_arrays(site: Path, call: str) -> None:
    program = f"""
        import xparray as xp
        from tiny_arrays import TinyArray

        @xp.kernel
        def shift(x, by):
            return xp.add(x, by)

        x = TinyArray([0.0])
        print(type({call}).__name__, xp.device_of(x))
    """
    assert python(program, site) == "TinyArray tiny\n"


def test_a_kernels_version_for_a_backend_of_another_distribution(site: Path) -> None:
    program = """
        import numpy as np
        import xparray as xp

        @xp.kernel
        def where_am_i(x):
            return "reference"

        @where_am_i.on("tiny")
        def _(x):
            return type(x).__name__

        @where_am_i.on("host", jit=False)
        def _(x):
            return type(x).__name__

        for device in ("tiny", "numpy", "numba", "strict"):
            print(where_am_i(xp.ones((1,), device=device)))
    """
    assert python(program, site).split() == ["TinyArray", "ndarray", "ndarray", "reference"]


def test_an_unknown_device_lists_what_is_installed(site: Path) -> None:
    program = """
        import xparray as xp
        for device in ("cupy", "tpu:0"):
            try:
                xp.zeros((2,), device=device)
            except ValueError as e:
                print(e)
    """
    ours = "'numpy', 'numba', 'strict', 'cuda'"
    for folders, installed in [((), ours), ((site,), f"{ours}, 'tiny'")]:
        assert python(program, *folders).splitlines() == [
            f"device 'cupy': no such backend is installed; installed are {installed} (CuPy's arrays live on 'cuda:0')",
            f"device 'tpu': no such backend is installed; installed are {installed} "
            "(see the entry-point group xparray.backends)",
        ]


BROKEN = [
    ("backend = 5\n", "wrong_arrays.backend is 5; expected an instance of xparray.Backend"),
    ("", "wrong_arrays.backend is None; expected an instance of xparray.Backend"),
    ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'"),
    ("1 / 0\n", "ZeroDivisionError: division by zero"),
    (
        "from wrong_arrays import nothing\n",
        "ImportError: cannot import name 'nothing' from partially initialized module",
    ),
    (
        TINY.replace('name = "tiny"', 'name = "huge"'),
        "the backend there is called 'huge'; give both one name",
    ),
]


@pytest.mark.parametrize(("module", "reason"), BROKEN)
def test_an_entry_point_that_gives_no_backend(tmp_path: Path, module: str, reason: str) -> None:
    site = tmp_path / "site"
    install(site, "wrong", "wrong = wrong_arrays", wrong_arrays=module)
    install(site, "tiny-arrays", "tiny = tiny_arrays", tiny_arrays=TINY)
    program = """
        import numpy as np
        import xparray as xp

        for _ in range(2):
            try:
                xp.zeros((2,), device="wrong")
            except ImportError as e:
                print(e)
        for call in (lambda: xp.exp("text"), lambda: xp.add(np.ones(2), [1.0]), lambda: xp.to_device({}, "numpy")):
            try:
                call()
            except TypeError as e:
                print(e)
        # The others, and what is no array but can be read, are none the worse.
        print(xp.to_device(xp.ones((2,), device="tiny"), "numpy").tolist(), xp.asarray([1.0, 2.0]).tolist())
        import tiny_arrays
        print(type(xp.exp(tiny_arrays.TinyArray([0.0]))).__name__)
        print([str(d) for d in xp.__array_namespace_info__().devices()][-1])
    """
    wrong = f"device 'wrong': entry point 'wrong = wrong_arrays' of wrong 1.0: {reason}"
    lines = python(program, site).splitlines()
    assert [line.startswith(wrong) for line in lines[:2]] == [True, True]
    mend = f" (or mend {lines[0]})"
    assert lines[2:] == [
        f"exp: argument 0 is 'text': builtins.str is no array of an installed backend; convert it with xp.asarray(x){mend}",
        f"add: argument 1 is [1.0]: builtins.list is no array of an installed backend; convert it with xp.asarray(x){mend}",
        f"to_device: argument 0 is {{}}: builtins.dict is no array of an installed backend; convert it with xp.asarray(x){mend}",
        "[1.0, 1.0] [1.0, 2.0]",
        "TinyArray",
        "tiny",
    ]


def test_two_distributions_and_one_that_is_broken_beside_an_array(site: Path) -> None:
    """An array of a broken backend is explained; one of a whole backend is served."""
    install(site, "wrong", "wrong = wrong_arrays", wrong_arrays="class WrongArray:\n    pass\n")
    program = """
        import xparray as xp
        from wrong_arrays import WrongArray
        try:
            xp.device_of(WrongArray())
        except TypeError as e:
            print(str(e).partition("object at")[0], str(e).partition("xp.asarray(x)")[2])
    """
    assert python(program, site) == (
        "device_of: argument 0 is <wrong_arrays.WrongArray   (or mend device 'wrong': entry point 'wrong = wrong_arrays' of wrong 1.0: "
        "wrong_arrays.backend is None; expected an instance of xparray.Backend)\n"
    )


def test_the_library_behind_an_array_is_half_installed() -> None:
    """CuPy is there and what its backend needs is not: the error says what to install, not what to convert."""
    program = """
        import sys, types
        cupy = types.ModuleType("cupy")
        cupy.ndarray = type("ndarray", (), {"__module__": "cupy"})
        sys.modules["cupy"], sys.modules["array_api_compat"] = cupy, None
        import xparray as xp
        try:
            xp.exp(cupy.ndarray())
        except ImportError as e:
            print(e)
    """
    assert python(program).startswith('device "cuda": cupy or array_api_compat is not installed')


def test_array_api_strict_missing() -> None:
    program = """
        import sys
        sys.modules["array_api_strict"] = None
        import numpy as np
        import xparray as xp
        for _ in range(2):
            try:
                xp.to_device(np.ones(2), "strict")
            except ImportError as e:
                print(e)
        print(xp.sum(xp.ones((2,), device="numba")))
    """
    missing = 'device "strict": array-api-strict is not installed; pip install array-api-strict'
    assert python(program).splitlines() == [missing, missing, "2.0"]


def test_importing_xparray_loads_no_library_but_numpy() -> None:
    program = """
        import sys
        import xparray as xp
        x = xp.add(xp.ones((2,), device="numba"), 1)
        loaded = {name.partition(".")[0] for name in sys.modules}
        print(sorted(loaded & {"numba", "llvmlite", "array_api_strict", "array_api_compat", "cupy", "scipy", "torch"}))
    """
    assert python(program) == "[]\n"


@pytest.mark.parametrize("name", ["numpy", "numba", "strict"])
def test_a_backend_is_loaded_once(name: str) -> None:
    backend = xp.get_backend(name)
    assert xp.get_backend(name) is backend
    assert (backend.name, repr(backend)) == (name, f"<backend {name}>")
    assert backend.is_host is (name != "strict")
    assert not backend.records


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("from_host", lambda b: b.from_host(np.ones(1), xp.Device("bare"))),
        ("to_host", lambda b: b.to_host(np.ones(1))),
    ],
)
def test_what_a_backend_has_to_define(what: str, call: Any) -> None:
    class Bare(xp.Backend):
        name = "bare"
        namespace = SimpleNamespace(__name__="bare_arrays")

    with pytest.raises(NotImplementedError, match=f"^backend Bare defines no {what}$"):
        call(Bare())
    assert Bare().shares_memory(1, 2)
    assert Bare().native_dtype("float32") == "float32"
    assert Bare().wrap(5) == 5


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_host_backends_make_arrays_of_all_that_numpy_returns(name: str) -> None:
    backend = xp.get_backend(name)
    kind = backend.array_types[0]
    for y in (np.ones(2), np.float32(1), np.ones(2).view(np.recarray), np.True_):
        assert type(backend.wrap(y)) is kind
    assert [type(y) for y in backend.wrap((np.ones(2), np.int64(3)))] == [kind, kind]
    named = backend.wrap(np.linalg.slogdet(np.eye(2)))
    assert (type(named.sign), type(named.logabsdet)) == (kind, kind)
    for other in (None, 3, "text", (), np.dtype("float32")):
        assert backend.wrap(other) is other


def test_numbas_namespace_is_numpys_with_the_tag() -> None:
    ns = xp.get_backend("numba").namespace
    kind = xp.get_backend("numba").array_types[0]
    x = ns.linspace(0.0, 1.0, 3)
    assert type(x) is kind
    assert type(ns.where(ns.greater(x, 0.5), x, 0.0)) is type(ns.concat([x, x])) is type(ns.einsum("i->", x)) is kind
    assert (ns.float32, ns.pi, ns.newaxis) == (np.float32, np.pi, None)
    assert ns.exp is ns.exp
    assert (ns.exp.__name__, ns.where.__name__, ns.where.__doc__) == ("exp", "where", np.where.__doc__)
    with pytest.raises(AttributeError, match="nonsense"):
        ns.nonsense  # noqa: B018
