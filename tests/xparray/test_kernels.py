"""Every version of every kernel against its reference; the elementary functions against NumPy's in more digits."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import kernels
from xparray._kernel import Kernel, Loop, _scalars, _scalars_called, loop, scalar
from xparray.kernels import activation, elementary, evaluation, indexing, linear, loss, softmax

Draw = Callable[[np.random.Generator, tuple[int, ...], str], tuple[Any, ...]]
FLOATS = ("float32", "float64", "float16")
TOLERANCE = {"float16": 4e-3, "float32": 3e-6, "float64": 3e-14}
RNG = np.random.default_rng


needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="compiled loops need numba")


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    return np.asarray(2 * rng.standard_normal(shape), dtype)


def one(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    return (normal(rng, shape, dtype),)


def two(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    return normal(rng, shape, dtype), normal(rng, shape, dtype)


def of_sigmoid(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    return normal(rng, shape, dtype), rng.random(shape).astype(dtype)


def of_log_softmax(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    return normal(rng, shape, dtype), -np.abs(normal(rng, shape, dtype))


def weighted(bias: bool) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
        return normal(rng, shape, dtype), normal(rng, (4, shape[1]), dtype), normal(rng, (4,), dtype) if bias else None

    return draw


def labelled(*, ignored: int = -1, weights: bool = False, cotangent: str = "", scores_alone: bool = False) -> Draw:
    """Scores, labels of which every third is ignored, and class weights; before them a cotangent, one or one a label."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
        t = rng.integers(0, shape[1], (*shape[:1], *shape[2:]))
        t.reshape(-1)[::3] = ignored
        g = {"": (), "one": (normal(rng, (), dtype),), "each": (normal(rng, t.shape, dtype),)}[cotangent]
        w = (rng.random(shape[1]).astype(dtype) if weights else None,)
        return *g, normal(rng, shape, dtype), t.astype("int32"), *(() if scores_alone else w)

    return draw


def squared(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[Any, ...]:
    return normal(rng, (), dtype), *two(rng, shape, dtype)


MATRICES = {"one element": (1, 1), "small": (5, 7), "large": (300, 130), "empty": (0, 3)}
SHAPES = {**MATRICES, "scalar": (), "vector": (9,), "four axes": (2, 3, 4, 5)}
SCORES = {**MATRICES, "images": (2, 5, 3, 4), "wide": (3, 5000)}
FILLED = {name: shape for name, shape in SHAPES.items() if name != "empty"}
MEAN = {"ignore_label": -1, "normalize": True, "mean": True}


@dataclass
class Case:
    """A kernel, how to draw its arguments, its options, and the shapes to try."""

    kernel: Kernel
    draw: Draw
    options: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: SHAPES)
    note: str = ""

    def __str__(self) -> str:
        return f"{self.kernel.__name__}{self.note and '-'}{self.note}"


CASES = [
    Case(activation.relu, one),
    Case(activation.relu_grad, two),
    Case(activation.sigmoid, one),
    Case(activation.sigmoid_grad, of_sigmoid),
    Case(softmax.softmax, one, {"axis": 1}, SCORES),
    Case(softmax.softmax, one, {"axis": -1}, {"vector": (9,), "images": (2, 5, 3, 4)}, "last"),
    Case(softmax.softmax, one, {"axis": 0}, MATRICES | {"empty": (3, 0)}, "first"),
    Case(softmax.softmax_grad, of_sigmoid, {"axis": 1}, SCORES),
    Case(softmax.log_softmax, one, {"axis": 1}, SCORES),
    Case(softmax.log_softmax_grad, of_log_softmax, {"axis": 1}, SCORES),
    Case(linear.affine, weighted(bias=True), shapes=MATRICES),
    Case(linear.affine, weighted(bias=False), shapes=MATRICES, note="no bias"),
    Case(linear.sum_of_rows, one, shapes=MATRICES),
    Case(loss.softmax_cross_entropy, labelled(), MEAN, SCORES),
    Case(loss.softmax_cross_entropy, labelled(weights=True), MEAN | {"normalize": False}, SCORES, "weights"),
    Case(loss.softmax_cross_entropy, labelled(weights=True), MEAN | {"mean": False}, SCORES, "each"),
    Case(loss.softmax_cross_entropy, labelled(ignored=0), MEAN | {"ignore_label": 0}, SCORES, "a class ignored"),
    Case(loss.softmax_cross_entropy_grad, labelled(cotangent="one"), MEAN, SCORES),
    Case(loss.softmax_cross_entropy_grad, labelled(weights=True, cotangent="one"), MEAN | {"normalize": False}, SCORES, "weights"),
    Case(loss.softmax_cross_entropy_grad, labelled(weights=True, cotangent="each"), MEAN | {"mean": False}, SCORES, "each"),
    Case(loss.mean_squared_error, two, shapes=FILLED),
    Case(loss.mean_squared_error_grad, squared, shapes=FILLED),
    Case(evaluation.accuracy, labelled(scores_alone=True), {"ignore_label": None}, SCORES),
    Case(evaluation.accuracy, labelled(scores_alone=True), {"ignore_label": -1}, SCORES, "ignoring"),
    Case(indexing.scatter_add, one, {"key": (slice(None, None, -1), slice(0, 7)), "shape": (5, 9)}, {"small": (5, 7)}),
    Case(indexing.scatter_add, one, {"key": np.array([0, 2, 2]), "shape": (4, 5)}, {"small": (3, 5)}, "repeated"),
]  # fmt: skip


def strided(x: Any) -> Any:
    y = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::2] if x.ndim else x
    y[...] = x
    return y


def unaligned(x: Any) -> Any:
    y = np.zeros(x.nbytes + 1, "uint8")[1:].view(x.dtype).reshape(x.shape)
    y[...] = x
    return y


def read_only(x: Any) -> Any:
    y = x.copy()
    y.flags.writeable = False
    return y


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: x,
    "Fortran": lambda x: np.array(x, order="F"),
    "strided": strided,
    "reversed": lambda x: np.flip(np.flip(x).copy()),
    "read-only": read_only,
    "unaligned": unaligned,
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "tagged": lambda x: xp.to_device(x, "numba"),
}


def close(got: Any, expected: Any, dtype: str, tolerance: float = 1.0) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    scale = TOLERANCE[dtype] * tolerance
    finite = np.abs(expected[np.isfinite(expected)], dtype="float64")
    np.testing.assert_allclose(got, expected, rtol=scale, atol=scale * finite.max(initial=0.0))


def reference(case: Case, args: tuple[Any, ...]) -> Any:
    with xp.jit(False), np.errstate(all="ignore"):
        return case.kernel.reference(*args, **case.options)


ROWS = [(case, name) for case in CASES for name in case.shapes]
IDS = [f"{case}-{name}" for case, name in ROWS]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("case", "name"), ROWS, ids=IDS)
def test_versions_give_what_the_reference_gives(case: Case, name: str, dtype: str) -> None:
    args = case.draw(RNG(0), case.shapes[name], dtype)
    copies = [np.array(a) for a in args]
    y = case.kernel(*args, **case.options)
    close(y, reference(case, args), dtype)
    assert type(y) is np.ndarray
    assert y.flags.writeable
    assert not any(np.may_share_memory(y, a) for a in args if isinstance(a, np.ndarray))
    for a, before in zip(args, copies, strict=True):
        np.testing.assert_array_equal(np.array(a), before)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_layout_does_not_matter(case: Case, layout: str) -> None:
    shape = next(shape for name, shape in case.shapes.items() if name in ("small", "vector"))
    args = case.draw(RNG(1), shape, "float32")
    laid = tuple(LAYOUTS[layout](a) if isinstance(a, np.ndarray) else a for a in args)
    y = case.kernel(*laid, **case.options)
    close(xp.astype(y, "float32", copy=False), case.kernel(*args, **case.options), "float32", 0.3)
    assert str(xp.device_of(y)) == ("numba" if layout == "tagged" else "numpy")


@pytest.mark.parametrize("case", [c for c in CASES if c.kernel is not indexing.scatter_add], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinity_come_out_as_of_the_reference(case: Case, dtype: str) -> None:
    shape = {"small": (12, 7), "vector": (84,)}[next(name for name in case.shapes if name in ("small", "vector"))]
    args = case.draw(RNG(2), shape, dtype)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -np.nan, 3e38, -3e38], dtype)
    for a in args:
        if isinstance(a, np.ndarray) and a.shape == shape:
            a[::2].reshape(-1)[: len(special)] = special
            a.reshape(-1)[2::11] = np.nan
            a.reshape(-1)[5::13] = -np.inf
    with np.errstate(all="ignore"):  # NumPy's products warn of what they are given
        y = case.kernel(*args, **case.options)
    close(y, reference(case, args), dtype)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_runs_on_any_backend(case: Case) -> None:
    pytest.importorskip("array_api_strict")
    shape = next(shape for name, shape in case.shapes.items() if name in ("small", "vector"))
    args = case.draw(RNG(3), shape, "float32")
    moved = [xp.to_device(a, "strict:device1") if isinstance(a, np.ndarray) else a for a in args]
    y = case.kernel(*moved, **case.options)
    assert str(xp.device_of(y)) == "strict:device1"
    close(xp.to_device(y, "numpy"), reference(case, args), "float32")


def test_every_kernel_has_a_case() -> None:
    modules = [importlib.import_module(f"xparray.kernels.{m.name}") for m in pkgutil.iter_modules(kernels.__path__)]
    found = {k for module in modules for k in vars(module).values() if isinstance(k, Kernel)}
    assert found == {case.kernel for case in CASES}


@needs_numba
@pytest.mark.parametrize("case", [c for c in CASES if c.kernel is not indexing.scatter_add], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_versions_serve_floats(case: Case, dtype: str) -> None:
    shape = next(shape for name, shape in case.shapes.items() if name in ("small", "vector"))
    assert case.kernel.versions["host"](*case.draw(RNG(4), shape, dtype), **case.options) is not NotImplemented


@needs_numba
@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([0, 3, 1], "softmax_cross_entropy: t[1] is 3, x has 3 classes (x: (3, 3) float32, t: (3,) int64); "
                    "expected labels from 0 to 2, or ignore_label=-1 for those not to count"),
        ([0, -1, -2], "softmax_cross_entropy: t[2] is -2, x has 3 classes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("jit", [True, False])
def test_labels_out_of_range(labels: list[int], text: str, jit: bool) -> None:
    with xp.jit(jit), pytest.raises(ValueError) as e:
        loss.softmax_cross_entropy(np.zeros((3, 3), "float32"), np.array(labels), None, **MEAN)
    assert str(e.value).startswith(text)


@pytest.mark.parametrize("x", [-1.5, 2.5, np.float32(2.5)])
def test_numbers(x: Any) -> None:
    y = activation.relu(x)
    assert type(y) is np.ndarray
    assert float(y) == max(float(x), 0.0)


# ------------------------------------------------------------------------------------ elementary functions


def wide_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


ELEMENTARY = {
    # function, the same in NumPy, loop, greatest error in units of the last place
    "exp": (elementary.exp, np.exp, elementary._exp, {"float32": 1.0, "float64": 1.5}),
    "log": (elementary.log, np.log, elementary._log, {"float32": 1.0, "float64": 1.0}),
    "tanh": (elementary.tanh, np.tanh, elementary._tanh, {"float32": 2.5, "float64": 1.5}),
    "sigmoid": (elementary.sigmoid, wide_sigmoid, activation._sigmoid, {"float32": 2.0, "float64": 2.5}),
}
SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    -np.nan,
    1.0,
    -1.0,
    88.7,
    88.8,
    -87.4,
    -103.9,
    -104.1,
    709.7,
    709.9,
    -745.1,
    -746.0,
]


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_are_accurate(name: str, dtype: str) -> None:
    _, numpy_function, function, units = ELEMENTARY[name]
    info = np.finfo(dtype)
    rng = RNG(0)
    x = np.concatenate([scale * rng.standard_normal(20_000) for scale in (1e-6, 1e-2, 0.3, 1, 10, 50)]).astype(dtype)
    if name == "log":
        x = np.concatenate([np.abs(x), 1 + x[:40_000], np.abs(x) * (10 * info.tiny), np.abs(x) * (info.max / 1000)])
    with np.errstate(all="ignore"):
        expected = numpy_function(x.astype("float64" if dtype == "float32" else np.longdouble))
    normal = (np.abs(expected) >= info.tiny) & (np.abs(expected) <= info.max)
    got, expected = elementary.mapped(function, x)[normal], expected[normal]
    error = np.abs(got - expected) / np.abs(expected)
    assert error.max() / info.eps < units[dtype]


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_of_special_values(name: str, dtype: str) -> None:
    _, numpy_function, function, _ = ELEMENTARY[name]
    info = np.finfo(dtype)
    x = np.array([*SPECIAL, info.tiny / 8, -info.tiny / 8, info.max, -info.max], dtype)
    with np.errstate(all="ignore"):
        expected = numpy_function(x.astype("float64" if dtype == "float32" else np.longdouble)).astype(dtype)
    np.testing.assert_allclose(
        elementary.mapped(function, x), expected, rtol=4 * info.eps, atol=2 * info.smallest_subnormal
    )


@needs_numba
@pytest.mark.parametrize("name", ELEMENTARY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scalars_mean_in_python_what_they_mean_compiled(name: str, dtype: str) -> None:
    function, _, compiled, _ = ELEMENTARY[name]
    x = np.array([-3.0, 0.1, 0.7, 5.0], dtype)
    in_python = [function(v) for v in x] if name != "log" else [function(v) for v in np.abs(x)]
    assert {type(v) for v in in_python} == {x.dtype.type}
    np.testing.assert_allclose(
        in_python, elementary.mapped(compiled, np.abs(x) if name == "log" else x), rtol=4 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("name", elementary.JITTED)
def test_functions_of_tagged_arrays(name: str) -> None:
    x = np.linspace(0.1, 3, 12).reshape(3, 4)
    numpy_function = getattr(np, name)
    tagged = xp.to_device(x, "numba")
    namespace = xp.array_namespace(tagged)
    f = getattr(namespace, name)
    assert type(f(tagged)) is type(tagged)
    np.testing.assert_allclose(f(tagged), numpy_function(x), rtol=1e-15)
    np.testing.assert_allclose(f(tagged.T), numpy_function(x.T), rtol=1e-15)
    np.testing.assert_allclose(f(xp.to_device(np.arange(1, 4), "numba")), numpy_function(np.arange(1, 4)), rtol=1e-15)
    out = np.zeros_like(x)
    f(tagged, out=out)
    np.testing.assert_array_equal(out, numpy_function(x))
    with xp.jit(False):
        np.testing.assert_array_equal(f(tagged), numpy_function(x))


# ------------------------------------------------------------------------------------------- loops, scalars


def test_a_loop_is_cached_under_a_name_that_follows_its_scalars() -> None:
    def before(x: Any) -> Any:
        return x * 2.0

    def after(x: Any) -> Any:
        return x * 3.0

    def caller() -> Loop:
        return loop(lambda x: f(x))  # noqa: F821 - f is put into the loop's globals below

    stamps = []
    for version in (before, after, before):
        function = caller().function
        function.__globals__["f"] = scalar(float64=version)
        stamps.append(_scalars_called(function))
        _scalars.pop(function.__globals__.pop("f"))
    assert stamps[0] == stamps[2] != stamps[1]
    assert _scalars_called(test_every_kernel_has_a_case) == b""
