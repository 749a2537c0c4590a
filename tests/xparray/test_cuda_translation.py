"""Users' functions as CUDA: the text of kernels. `cuda_compile` compiles them, `gpu` runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray._one_source import cuda
from xparray._one_source.cuda import CUDA_DTYPES, elementwise_source, reduction_source
from xparray._one_source.program import CannotTranslate, Steps
from xparray._one_source.promotion import typed
from xparray._one_source.translate import walk


def array(dtype: str) -> np.ndarray[Any, Any]:
    return np.ones(1, dtype)


def steps_of(function: Any, *args: Any, reductions: bool = False) -> Steps:
    program = walk(function, [isinstance(a, np.ndarray) for a in args], reductions=reductions)
    dtypes = {i: a.dtype for i, a in enumerate(args) if isinstance(a, np.ndarray)}
    return typed(program, dtypes, [type(v) for v in program.numbers(*args)], allowed=CUDA_DTYPES)


def lines_of(function: Any, *args: Any) -> list[str]:
    """The statements of a kernel but those that load and store."""
    operation = elementwise_source(steps_of(function, *args))["operation"]
    return [line for line in operation.splitlines() if " v" in line.partition("=")[0] or " t" in line.partition("=")[0]]


# ------------------------------------------------------------------------------------------------- whole kernels


def momentum(p, v, g, lr, decay):
    v = decay * v - lr * g
    return p + v, v


def test_a_whole_kernel() -> None:
    p = array("float32")
    source = elementwise_source(steps_of(momentum, p, p, p, 0.1, 0.9))
    assert source.pop("preamble") == cuda._PREAMBLE
    assert source == {
        "name": "xp_momentum",
        "in_params": "float32 a0, float32 a1, float32 a2, float32 c0_float32, float32 c1_float32",
        "out_params": "float32 y0, float32 y1",
        "operation": "const float e0 = a0;\n"
        "const float e1 = a1;\n"
        "const float e2 = a2;\n"
        "const float v0 = c0_float32 * e1;\n"
        "const float v1 = c1_float32 * e2;\n"
        "const float v2 = v0 - v1;\n"
        "const float v3 = e0 + v2;\n"
        "y0 = v3;\n"
        "y1 = v2;\n",
    }


def exchanged(x, y):
    return y, x


def test_arguments_are_read_before_results_are_written() -> None:
    operation = elementwise_source(steps_of(exchanged, array("float32"), array("int8")))["operation"]
    assert operation == "const float e0 = a0;\nconst signed char e1 = a1;\ny0 = e1;\ny1 = e0;\n"


def unused(x, y, s):
    return x * 2


def test_what_is_not_read_is_no_parameter() -> None:
    source = elementwise_source(steps_of(unused, array("float64"), array("float64"), 1.0))
    assert (source["in_params"], source["out_params"]) == ("float64 a0", "float64 y0")


def helper(x, scale=2.0):
    return scale * x + 1


@xp.elementwise
def sigmoid(x):
    return 1 / (1 + xp.exp(-x))


def with_helpers(x):
    return sigmoid(x) * helper(x)


def test_helpers_are_inlined() -> None:
    assert lines_of(with_helpers, array("float64")) == [
        "const double v0 = -e0;",
        "const double v1 = exp(v0);",
        "const double v2 = 1.0 + v1;",
        "const double v3 = 1.0 / v2;",
        "const double v4 = 2.0 * e0;",
        "const double v5 = v4 + 1.0;",
        "const double v6 = v3 * v5;",
    ]


@pytest.mark.parametrize(("name", "kernel"), [("<lambda>", "xp_kernel"), ("größe", "xp_kernel"), ("f2", "xp_f2")])
def test_names_of_kernels(name: str, kernel: str) -> None:
    def f(x):
        return x + 1

    steps = steps_of(f, array("float32"))
    object.__setattr__(steps, "name", name)
    assert elementwise_source(steps)["name"] == kernel


# ------------------------------------------------------------------------------------------------- single steps


def last(x, y):
    return x + y


# (function, dtypes of its arrays, the last statement)
STEPS: list[tuple[Callable[..., Any], tuple[str, ...], str]] = [
    (lambda x: x + 0.1, ("float32",), "const float v0 = e0 + 0.10000000149011612f;"),
    (lambda x: x + 0.1, ("float16",), "const float16 v0 = (float)e0 + 0.0999755859375f;"),
    (lambda x: x + 0.1, ("float64",), "const double v0 = e0 + 0.1;"),
    (lambda x: x + -3, ("float32",), "const float v0 = e0 + -3.0f;"),
    (lambda x: x + 3, ("int32",), "const int v0 = (unsigned int)e0 + (unsigned int)(int)3ll;"),
    (lambda x: x + 3, ("uint64",), "const unsigned long long v0 = (unsigned long long)e0 + (unsigned long long)(unsigned long long)3ull;"),
    (lambda x: x * True, ("int8",), "const signed char v0 = (unsigned int)e0 * (unsigned int)(signed char)1ll;"),
    (lambda x: x / 2, ("int32",), "const double v0 = t1 / 2.0;"),
    (lambda x, y: x * y, ("float32", "int32"), "const double v0 = t1 * t2;"),
    (lambda x, y: x * y, ("float32", "bool"), "const float v0 = e0 * t1;"),
    (lambda x, y: x * y, ("float16", "float32"), "const float v0 = t1 * e1;"),
    (lambda x, y: x > y, ("float16", "float16"), "const bool v0 = (float)e0 > (float)e1;"),
    (lambda x: x**2, ("float32",), "const float v0 = e0 * e0;"),
    (lambda x: x**0.5, ("float32",), "const float v0 = sqrt(e0);"),
    (lambda x: x**-1, ("float64",), "const double v0 = 1 / e0;"),
    (lambda x: x**3, ("float32",), "const float v0 = pow(e0, 3.0f);"),
    (lambda x: x**3, ("int16",), "const short v0 = xp_power_of_integers(e0, (short)3ll);"),
    (lambda x, y: x**y, ("float64", "float64"), "const double v0 = pow(e0, e1);"),
    (lambda x, y: x // y, ("float32", "float32"), "const float v0 = xp_floor_divide(e0, e1);"),
    (lambda x, y: x % y, ("int64", "int64"), "const long long v0 = xp_remainder_of_integers(e0, e1);"),
    (lambda x, y: xp.maximum(x, y), ("float32", "float32"), "const float v0 = e0 >= e1 || e0 != e0 ? e0 : e1;"),
    (lambda x, y: np.fmin(x, y), ("float32", "float32"), "const float v0 = e0 <= e1 || e1 != e1 ? e0 : e1;"),
    (lambda x, y: xp.where(x > 0, y, 0), ("float32", "float16"), "const float16 v1 = v0 ? (float)e1 : 0.0f;"),
    (lambda x, y: xp.where(x, y, 1), ("bool", "bool"), "const long long v0 = e0 ? t1 : (long long)1ll;"),
    (lambda x: xp.clip(x, 0, 1), ("float32",), "const float v0 = l_v0 <= 1.0f || l_v0 != l_v0 ? l_v0 : 1.0f;"),
    (lambda x: xp.isnan(x), ("float16",), "const bool v0 = (float)e0 != (float)e0;"),
    (lambda x: xp.isfinite(x), ("int32",), "const bool v0 = true;"),
    (lambda x: xp.floor(x), ("int64",), "const long long v0 = e0;"),
    (lambda x: xp.abs(x), ("float32",), "const float v0 = fabs(e0);"),
    (lambda x: abs(x), ("int32",), "const int v0 = e0 < 0 ? 0 - (unsigned int)e0 : (unsigned int)e0;"),
    (lambda x: ~x, ("bool",), "const bool v0 = !e0;"),
    (lambda x: ~x, ("uint8",), "const unsigned char v0 = ~e0;"),
    (lambda x, y: (x > 0) & (y > 0), ("float32", "float32"), "const bool v2 = v0 & v1;"),
    (lambda x, y: xp.logical_and(x, y > 0), ("bool", "float32"), "const bool v1 = e0 && v0;"),
    (lambda x: xp.tanh(x), ("float16",), "const float16 v0 = tanh((float)e0);"),
    (lambda x: xp.exp(x), ("int16",), "const float v0 = exp(t1);"),
    (lambda x: np.arctan2(x, 2.0), ("float32",), "const float v0 = atan2(e0, 2.0f);"),
    (lambda x: xp.astype(x, "float64"), ("float16",), "const double t1 = (double)(float)e0;"),
    (lambda x: xp.zeros_like(x) + x, ("float16",), "const float16 v1 = (float)v0 + (float)e0;"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(STEPS)), ids=[f"{text} {'-'.join(d)}" for _, d, text in STEPS])
def test_a_step(case: int) -> None:
    function, dtypes, statement = STEPS[case]
    assert lines_of(function, *map(array, dtypes))[-1] == statement


def scaled(x, s):
    return x * s


@pytest.mark.parametrize(
    ("dtype", "number", "parameter", "result"),
    [
        ("float32", 2.0, "float32 c0_float32", "float32"),
        ("float32", 2, "float32 c0_float32", "float32"),
        ("float16", True, "float16 c0_float16", "float16"),
        ("int32", 2, "int32 c0_int32", "int32"),
        ("int32", 2.0, "float64 c0_float64", "float64"),
        ("bool", 2, "int64 c0_int64", "int64"),
        ("uint8", False, "uint8 c0_uint8", "uint8"),
    ],
)
def test_numbers_take_the_dtype_that_numpy_gives_them(dtype: str, number: Any, parameter: str, result: str) -> None:
    source = elementwise_source(steps_of(scaled, array(dtype), number))
    assert source["in_params"] == f"{dtype} a0, {parameter}"
    assert source["out_params"] == f"{result} y0" == f"{(array(dtype) * number).dtype} y0"


def test_each_form_has_the_operands_of_numpy_s_function() -> None:
    for forms in cuda._FORMS.values():
        for name, form in forms.items():
            count = 1 + max((k for k in range(3) if f"{{{k}}}" in form), default=0)
            expected = {"where": 3, "zeros_like": 1, "ones_like": 1, "fold": 2}.get(name) or getattr(np, name).nin
            is_constant = form in ("true", "false") or name.endswith("_like")
            assert count == expected or is_constant, name


# ---------------------------------------------------------------------------------------------------- reductions


def distance_and_greatest(x, y):
    d = x - y
    return xp.sqrt(xp.sum(d * d, axis=1)), xp.max(d, axis=1), xp.mean(x, axis=1)


def test_a_whole_reduction() -> None:
    source = reduction_source(steps_of(distance_and_greatest, array("float16"), array("float16"), reductions=True))
    include, _, preamble = source.pop("preamble").partition(cuda._PREAMBLE)
    assert include == '#include "cupy/float16.cuh"\n'
    assert source == {
        "name": "xp_distance_and_greatest",
        "in_params": "float16 a0, float16 a1, int64 count",
        "out_params": "float16 y0, float16 y1, float16 y2",
        "map_expr": "xp_map(a0, a1, count)",
        "reduce_expr": "xp_combine(a, b)",
        "post_map_expr": "xp_finish(a, count, y0, y1, y2)",
        "identity": "",
        "reduce_type": "xp_values",
    }
    assert preamble.splitlines() == [
        "struct xp_values {",
        "float f0 = 0;",
        "float f1 = 0;",
        "float f2 = 0;",
        "bool is_empty = true;",
        "};",
        "__device__ inline xp_values xp_map(const float16 a0, const float16 a1, const long long count) {",
        "const float16 e0 = a0;",
        "const float16 e1 = a1;",
        "const float16 v0 = (float)e0 - (float)e1;",
        "const float16 v1 = (float)v0 * (float)v0;",
        "const float t1 = (float)e0;",
        "xp_values s;",
        "s.f0 = (float)v1;",
        "s.f1 = (float)v0;",
        "s.f2 = t1;",
        "s.is_empty = false;",
        "return s;",
        "}",
        "__device__ inline xp_values xp_combine(const xp_values a, const xp_values b) {",
        "if (a.is_empty) return b;",
        "if (b.is_empty) return a;",
        "xp_values s = a;",
        "s.f0 = a.f0 + b.f0;",
        "s.f1 = a.f1 >= b.f1 || a.f1 != a.f1 ? a.f1 : b.f1;",
        "s.f2 = a.f2 + b.f2;",
        "return s;",
        "}",
        "__device__ inline void xp_finish(const xp_values s, const long long count, float16& y0, float16& y1, float16& y2) {",
        "const float16 v2 = s.f0;",
        "const float16 v4 = s.f1;",
        "const float s_v5 = s.f2;",
        "const float16 v3 = sqrt((float)v2);",
        "const float v5 = s_v5 / (float)count;",
        "const float16 t2 = (float16)v5;",
        "y0 = v3;",
        "y1 = v4;",
        "y2 = t2;",
        "}",
    ]


@pytest.mark.parametrize(
    ("reduce", "dtype", "member", "combined", "identity"),
    [
        (
            xp.add,
            "int32",
            "long long f0 = 0;",
            "s.f0 = (unsigned long long)a.f0 + (unsigned long long)b.f0;",
            "xp_values()",
        ),
        (xp.multiply, "float64", "double f0 = 1;", "s.f0 = a.f0 * b.f0;", "xp_values()"),
        (xp.minimum, "int8", "signed char f0 = 0;", "s.f0 = a.f0 <= b.f0 || a.f0 != a.f0 ? a.f0 : b.f0;", ""),
        (xp.logical_and, "float32", "bool f0 = true;", "s.f0 = a.f0 && b.f0;", "xp_values()"),
        (xp.logical_or, "bool", "bool f0 = false;", "s.f0 = a.f0 || b.f0;", "xp_values()"),
        (lambda a, b: a + b - a * b, "float32", "float f0 = 0;", "s.f0 = xp_fold(a.f0, b.f0);", ""),
    ],
)
def test_ways_to_reduce(reduce: Any, dtype: str, member: str, combined: str, identity: str) -> None:
    f = xp.reduction(reduce)(same)
    f(np.ones(3, dtype))
    assert f._latest is not None
    program = f._latest.walked([True])
    source = reduction_source(typed(program, {0: np.dtype(dtype)}, [], allowed=CUDA_DTYPES))
    assert member in source["preamble"] and combined in source["preamble"]
    assert source["identity"] == identity


def same(x):
    return x


def both(x):
    y = x * 2
    return y, xp.sum(y), x + 1


def test_elements_beside_reductions_take_two_kernels() -> None:
    (elements, of_elements), (folded, of_folded) = cuda.split(steps_of(both, array("float32"), reductions=True))
    assert (of_elements, of_folded) == ([0, 2], [1])
    assert elementwise_source(elements)["operation"].endswith("y0 = v0;\ny1 = v2;\n")
    assert reduction_source(folded)["out_params"] == "float32 y0"
    for function in (momentum, distance_and_greatest):
        arrays = [array("float32")] * 3
        steps = steps_of(
            function,
            *arrays[: 3 if function is momentum else 2],
            *[0.1, 0.2][: 2 * (function is momentum)],
            reductions=True,
        )
        assert cuda.split(steps) == [(steps, [0, 1, 2][: len(steps.outputs)])]


# -------------------------------------------------------------------------------------------------------- errors


def less(x, y):
    return x < y


def nearest(x, y):
    return x + np.nextafter(x, y)


def reciprocal(x):
    return np.reciprocal(x)


def huge(x):
    return x * 1e300


def control(x):
    if x > 0:
        return x
    return -x


def many(x):
    return tuple_of(xp.sum(x), xp.sum(x * 1.5), xp.sum(x * 2.5), xp.sum(x * 3.5), xp.sum(x * 4.5), xp.sum(x * 5.5))


def tuple_of(a, b, c, d, e, f):
    return a, b, c, d, e, f


LINE = less.__code__.co_firstlineno


@pytest.mark.parametrize(
    ("function", "dtypes", "text"),
    [
        (less, ("int64", "uint64"), f"less, line {LINE + 1}: `x < y` has no form for int64 and uint64"),
        (nearest, ("float32", "float32"), f"nearest, line {LINE + 5}: `np.nextafter(x, y)` calls nextafter for float32, which has no form in a CUDA kernel"),
        (reciprocal, ("int32",), f"reciprocal, line {LINE + 9}: `np.reciprocal(x)` calls reciprocal for int32, which has no form in a CUDA kernel"),
        (huge, ("float32",), f"huge, line {LINE + 13}: `x * 1e+300` has the number 1e+300, which is infinite in float32"),
        (control, ("float32",), f"control, line {LINE + 17}: `if x > 0:` takes another way for other arguments; write xp.where(condition, a, b)"),
        (same, ("complex64",), "same: argument 0"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)  # fmt: skip
def test_what_has_no_form_is_named_with_its_line(function: Any, dtypes: tuple[str, ...], text: str) -> None:
    with pytest.raises(CannotTranslate) as e:
        elementwise_source(steps_of(function, *map(array, dtypes)))
    assert str(e.value).startswith(text)


def test_more_reductions_than_one_kernel_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_MAX_FOLDS", 5)
    with pytest.raises(CannotTranslate, match=r"^many: it has 6 reductions; one kernel makes up to 5$"):
        reduction_source(steps_of(many, array("float32"), reductions=True))


# ------------------------------------------------------------------------------------------------- without CuPy


def python(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("missing", ["cupy", "array_api_compat"])
def test_a_missing_library_is_named_with_the_extra_that_brings_it(missing: str) -> None:
    program = f"""
import sys
sys.modules[{missing!r}] = None
import numpy as np
import xparray as xp
for call in (
    lambda: xp.asarray([1.0, 2.0], device="cuda:0"),
    lambda: xp.zeros(2, device="cuda"),
    lambda: xp.to_device(np.ones(2), "cuda:1"),
):
    try:
        call()
    except ImportError as e:
        print(e)
print(xp.sum(xp.ones(2)))
"""
    text = (
        'device "cuda": cupy or array_api_compat is not installed; '
        "pip install xparray[cuda12x], or xparray[cuda13x] for a driver of CUDA 13"
    )
    assert python(program) == [text] * 3 + ["2.0"]


def test_cupy_is_not_imported_before_it_is_used() -> None:
    program = """
import sys
import xparray as xp
import xparray._one_source.gpu
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("cupy", "array_api_compat", "numba")))
"""
    assert python(program) == ["[]"]
