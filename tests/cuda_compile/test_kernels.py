"""Every CUDA kernel of the packages and of their documentation, compiled for three generations of GPUs, on a machine without one.

CuPy writes the text of a kernel when it is first launched; here that is asked of it for arrays that do not exist, and NVRTC, which
needs no driver, makes the machine's code of it. The functions that do so are CuPy's own and not public: CuPy is pinned in tox.ini.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import linecache
import math
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import xparray as xp
from xparray import Elementwise, Reduction
from xparray._one_source.cuda import _FORMS, CUDA_DTYPES, elementwise_kernel, reduction_kernel, split
from xparray._one_source.program import FOLDS, Program
from xparray._one_source.promotion import typed
from xparray._one_source.reduction import _Along

cupy = pytest.importorskip("cupy", reason="CuPy is not installed; tox run -e cuda-compile brings it")

from cupy._core import _carray, _kernel, _reduction, _scalar, core  # noqa: E402
from cupy.cuda import nvrtc  # noqa: E402

ARCHITECTURES = ("75", "80", "90")  # Turing, Ampere, Hopper
FLOATS = ("float16", "float32", "float64")
WHOLE = ("bool", "int8", "int32", "int64", "uint8", "uint32", "uint64")
ROOT = Path(__file__).parents[2]
PACKAGES = ("xparray", "catena.autograd", "catena.nn", "catena.training")

# ------------------------------------------------------------------------------------------------------- compiling


class Code(NamedTuple):
    """What the compiler makes of a text: the assembly, and the machine's code."""

    assembly: bytes
    machine: bytes


def compiled(text: str, architecture: str) -> Code:
    """The code for sm_`architecture`; raises RuntimeError with the compiler's errors."""
    headers = "".join(
        f"#include <cupy/{name}>\n" for name in ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")
    )
    target = f"-arch=sm_{architecture}"
    options = (*core.assemble_cupy_compiler_options(()), "-ftz=true", "--device-as-default-execution-space", target)
    program = nvrtc.createProgram(headers + text, "kernel.cu", [], [])
    try:
        nvrtc.compileProgram(program, options)
        return Code(nvrtc.getPTX(program), nvrtc.getCUBIN(program))
    except nvrtc.NVRTCError:
        raise RuntimeError(nvrtc.getProgramLog(program)) from None
    finally:
        nvrtc.destroyProgram(program)


def text_of(kernel: Any, *, ndim: int = 2) -> str:
    """The text that CuPy compiles for contiguous arrays of `ndim` axes, of which a reduction reduces the first."""
    is_reduction = isinstance(kernel, cupy.ReductionKernel)
    inputs, outputs = (
        _arguments(p, n) for p, n in ((kernel.in_params, ndim), (kernel.out_params, ndim - is_reduction))
    )
    if not is_reduction:
        arguments = (*inputs, *outputs, _index(ndim))
        params, types = kernel.params, _kernel._TypeMap(())
        return _kernel._get_elementwise_kernel_code(
            arguments, types, params, kernel.operation, kernel.name, kernel.preamble, **kernel.kwargs
        )
    arguments = (*inputs, *outputs, _index(ndim), _index(ndim - 1), _scalar_info(np.dtype("int32")))
    params = (
        kernel.in_params
        + kernel.out_params
        + _kernel._get_param_info("CIndexer _in_ind, CIndexer _out_ind", False)
        + _kernel._get_param_info("int32 _block_stride", True)
    )
    return _reduction._ReductionKernel_get_cached_function_code(
        kernel.nin, kernel.nout, params, arguments, _kernel._TypeMap((("IndexT", np.dtype("int32")),)), kernel.name, 512,
        kernel.reduce_type, kernel.identity, kernel.map_expr, kernel.reduce_expr, kernel.post_map_expr, kernel.preamble,
        kernel.options,
    )  # fmt: skip


def _arguments(params: Sequence[Any], ndim: int) -> list[Any]:
    # Arrays are a0, a1, ... and y0, y1, ...; all other parameters are numbers.
    return [
        _kernel._ArgInfo(1, cupy.ndarray, p.dtype, ndim, True, True) if p.name[0] in "axy" else _scalar_info(p.dtype)
        for p in params
    ]


def _scalar_info(dtype: Any) -> Any:
    return _kernel._ArgInfo(3, _scalar.CScalar, dtype, 0, True, True)


def _index(ndim: int) -> Any:
    return _kernel._ArgInfo(2, _carray.Indexer, None, ndim, True, True)


def texts_of(function: Any, dtype: str) -> list[str]:
    """The one or two kernels of a fused function for arrays of one dtype; parameters annotated as numbers are numbers."""
    parameters = inspect.signature(function.function).parameters.values()
    numbers = {"float": 0.5, "int": 2, "bool": True}
    args = [numbers.get(str(p.annotation), None) for p in parameters]
    program: Program
    if isinstance(function, Reduction):
        program = _Along(function, (0,), keepdims=False).walked([a is None for a in args])
    else:
        program = function.walked([a is None for a in args])
    dtypes = {i: np.dtype(dtype) for i, a in enumerate(args) if a is None}
    kinds = [type(v) for v in program.numbers(*args)]
    steps = typed(program, dtypes, kinds, allowed=CUDA_DTYPES)
    return [text_of(reduction_kernel(p) if p.folds else elementwise_kernel(p)) for p, _ in split(steps)]


# -------------------------------------------------------------------------------------------- what is to be compiled


def fused_functions(names: dict[str, Any], module: str) -> dict[str, Any]:
    """The fused functions among the names that a module defines, by their full names."""
    return {
        f"{module}.{name}": value
        for name, value in names.items()
        if isinstance(value, Elementwise | Reduction) and value.__module__ == module
    }


def of_the_packages() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                found |= fused_functions(vars(importlib.import_module(module.name)), module.name)
    return found


def defined(text: str, name: str) -> dict[str, Any]:
    """What a text defines, and its fused functions by their full names; the text stays at hand, as that of a file does."""
    names: dict[str, Any] = {"__name__": name, "math": math, "np": np, "xp": xp}
    names |= {"elementwise": xp.elementwise, "fuse": xp.fuse, "reduction": xp.reduction}
    linecache.cache[f"<{name}>"] = (len(text), None, text.splitlines(keepends=True), f"<{name}>")
    exec(compile(text, f"<{name}>", "exec"), names)
    return fused_functions(names, name)


def of_the_documentation() -> dict[str, Any]:
    """The fused functions that examples in READMEs, documents and docstrings define."""
    paths = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/*/README.md")]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}
    texts |= {f"xparray.{f.__name__}": str(f.__doc__) for f in (xp.elementwise, xp.reduction, xp.fuse)}
    decorators = tuple(f"@{prefix}{name}" for prefix in ("", "xp.") for name in ("elementwise", "reduction", "fuse"))
    found: dict[str, Any] = {}
    for title, text in texts.items():
        examples = [e.source for e in doctest.DocTestParser().get_examples(text) if e.source.startswith(decorators)]
        found |= defined("\n".join(examples), title)
    return found


def forms(dtype: str) -> dict[str, Any]:
    """Kernels that together call every function that has a form for `dtype`."""
    char = np.dtype(dtype).char
    calls = [
        "xp.where(x > y, x, y)",
        "xp.zeros_like(x)",
        "xp.ones_like(x)",
        "xp.clip(x, 0, 1)",
        "xp.astype(x, 'float64')",
    ]
    for name in sorted(_FORMS[np.dtype(dtype).kind].keys() - {"where", "zeros_like", "ones_like", "fold"}):
        f = getattr(np, name)
        if any(types.partition("->")[0] == char * f.nin for types in f.types):
            calls.append(f"np.{name}({', '.join('xy'[: f.nin])})")
    parts = [calls[i : i + 20] for i in range(0, len(calls), 20)]
    text = "\n".join(f"@fuse\ndef part{k}(x, y):\n    return {', '.join(part)}" for k, part in enumerate(parts))
    return defined(text, f"forms.{dtype}")


def folds(dtype: str) -> dict[str, Any]:
    """Kernels that together reduce in every way that there is for `dtype`."""
    every = ", ".join(f"xp.{name}(x, axis=0)" for name in (*FOLDS, "mean"))
    text = f"@fuse\ndef every(x, y):\n    return {every}, xp.sqrt(xp.sum(x * y, axis=0)) / 2\n"
    text += "@reduction(lambda a, b: a + b - a * b)\ndef own(x, y):\n    return x, x * y\n" if dtype != "bool" else ""
    return defined(text, f"folds.{dtype}")


OURS = of_the_packages()
CASES = [(name, f, dtype) for name, f in (OURS | of_the_documentation()).items() for dtype in FLOATS]
CASES += [(name, f, dtype) for dtype in (*FLOATS, *WHOLE) for name, f in (forms(dtype) | folds(dtype)).items()]

# Kernels that compute in no more than single precision.
SINGLE = {dtype: {*OURS, *folds(dtype)} for dtype in ("float16", "float32")}

# ----------------------------------------------------------------------------------------------------------- tests


@pytest.mark.parametrize(("name", "function", "dtype"), CASES, ids=[f"{name}-{dtype}" for name, _, dtype in CASES])
def test_a_kernel_compiles(
    name: str, function: Any, dtype: str, record_property: Callable[[str, object], None]
) -> None:
    for text in texts_of(function, dtype):
        codes = {architecture: compiled(text, architecture) for architecture in ARCHITECTURES}
        sizes = {architecture: len(code.machine) for architecture, code in codes.items()}
        assert min(sizes.values()) > 0
        record_property("kernel", (name, dtype, sizes))
        if dtype in SINGLE and name in SINGLE[dtype]:
            # A literal or a function of double precision would cost a GPU most of its speed.
            assert not any(b".f64" in code.assembly for code in codes.values())


def test_kernels_were_found() -> None:
    names = {name for name, _, _ in CASES}
    assert {"catena.training.optimizers._adam._adam", "xparray.reduction.distance"} <= names
    assert any(name.startswith("packages/xparray/README.md.") for name in names)


def test_double_precision_shows_in_the_assembly() -> None:
    (function,) = defined("@elementwise\ndef f(x):\n    return xp.astype(x, 'float64') / 3\n", "double").values()
    assert b".f64" in compiled(*texts_of(function, "float32"), "80").assembly


def test_float16_between_other_dtypes() -> None:
    """NumPy's exponential of int8 is float16."""
    (function,) = defined("@fuse\ndef f(x):\n    return xp.any(xp.exp(x) > 2)\n", "float16.between").values()
    (text,) = texts_of(function, "int8")
    assert "const float16 v0 = " in text
    compiled(text, "80")


def test_a_wrong_kernel_fails() -> None:
    wrong = cupy.ElementwiseKernel("float32 a0", "float32 y0", "y0 = a0 + b;", "wrong")
    with pytest.raises(RuntimeError, match=r'identifier "b" is undefined'):
        compiled(text_of(wrong), "80")


def test_a_wrong_form_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    (function,) = defined("@elementwise\ndef f(x, y):\n    return x + y\n", "wrong.form").values()
    compiled(*texts_of(function, "float32"), "80")
    monkeypatch.setitem(_FORMS["f"], "add", "{0} + nothing({1})")
    with pytest.raises(RuntimeError, match=r'identifier "nothing" is undefined'):
        compiled(*texts_of(function, "float32"), "80")


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_cupy_without_a_gpu_says_so(device: str) -> None:
    if xp.get_backend("cuda").devices():
        pytest.skip("this machine has a GPU")
    name = "cuda:0" if device == "cuda" else device
    text = rf"^device '{name}': CuPy [\d.]+ finds no GPU \(cudaError\w+: .*\); nvidia-smi shows what the driver finds, and device='numpy' needs none$"
    for place in (
        lambda: xp.zeros(2, device=device),
        lambda: xp.asarray([1.0], device=device),
        lambda: xp.to_device(1.0, device),
    ):
        with pytest.raises(RuntimeError, match=text):
            place()
