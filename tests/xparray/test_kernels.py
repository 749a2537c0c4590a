"""Every version of every kernel against its reference, over dtypes, shapes, memory layouts, threads and values that are not finite."""

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
from xparray._kernel import Kernel, Loop, _code_called, _scalars, loop, scalar
from xparray._threads import LEAST, num_threads, set_num_threads
from xparray.kernels import (
    activation,
    attention,
    batch_normalization,
    clipping,
    embedding,
    evaluation,
    gaussian,
    indexing,
    joining,
    linear,
    loss,
    noise,
    normalization,
    recurrent,
    softmax,
)

Args = tuple[Any, ...]
Draw = Callable[[np.random.Generator, tuple[int, ...], str], Args]
FLOATS = ("float32", "float64", "float16")
TOLERANCE = {"float16": 4e-3, "float32": 3e-6, "float64": 3e-14}
RNG = np.random.default_rng


needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="compiled loops need numba")


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    return np.asarray(2 * rng.standard_normal(shape), dtype)


def one(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return (normal(rng, shape, dtype),)


def two(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, shape, dtype), normal(rng, shape, dtype)


def of_sigmoid(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, shape, dtype), rng.random(shape).astype(dtype)


def of_log_softmax(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, shape, dtype), -np.abs(normal(rng, shape, dtype))


def masked(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, shape, dtype), rng.random(shape) < 0.5


def weighted(bias: bool) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        return normal(rng, shape, dtype), normal(rng, (4, shape[1]), dtype), normal(rng, (4,), dtype) if bias else None

    return draw


def matrices(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, shape, dtype), normal(rng, (shape[1], 20), dtype)


def labelled(*, ignored: int = -1, weights: bool = False, cotangent: str = "", scores_alone: bool = False) -> Draw:
    """Scores, labels of which every third is ignored, and class weights; before them a cotangent, one or one a label."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        t = rng.integers(0, shape[1], (*shape[:1], *shape[2:]))
        t.reshape(-1)[::3] = ignored
        g = {"": (), "one": (normal(rng, (), dtype),), "each": (normal(rng, t.shape, dtype),)}[cotangent]
        w = (rng.random(shape[1]).astype(dtype) if weights else None,)
        return *g, normal(rng, shape, dtype), t.astype("int32"), *(() if scores_alone else w)

    return draw


def squared(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
    return normal(rng, (), dtype), *two(rng, shape, dtype)


def along(*, axis: int) -> Callable[[Args], Args]:
    """A cotangent of logsumexp, and its result, from an array."""

    def complete(args: Args) -> Args:
        (x,) = args
        y = reference(softmax.logsumexp, x, axis=axis)
        return np.asarray(np.cos(np.arange(y.size)), x.dtype).reshape(y.shape), x, y

    return complete


def with_parameters(axis: int, *, count: int, cotangent: bool = False) -> Draw:
    """An array and parameters of the length of one of its axes; before them a cotangent."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        x = normal(rng, shape, dtype) + np.asarray(3, dtype)
        g = (normal(rng, shape, dtype),) if cotangent else ()
        return *g, x, *(normal(rng, shape[axis : axis + 1], dtype) for _ in range(count))

    return draw


def with_results(forward: Kernel, **options: Any) -> Callable[[Args], Args]:
    """What a gradient is given: cotangent, x, gamma, and the statistics that the forward returned."""

    def complete(args: Args) -> Args:
        _, x, gamma = args
        more = () if forward is normalization.rms_normalization else (gamma,)
        return *args, *reference(forward, x, gamma, *more, **options)[1:]

    return complete


def cell(gates: int, *, products: int, states: int = 1) -> Draw:
    """States of a recurrent cell, and one or two products that go into its gates."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        into = [normal(rng, (shape[0], gates * shape[1]), dtype) for _ in range(products)]
        return *(normal(rng, shape, dtype) for _ in range(states)), *into, *(() if products == 2 else (None,))

    return draw


def scores(mask: tuple[int, ...] | None) -> Draw:
    """Scores, and a mask of zeros and -inf of which each query keeps the first key; `mask` counts axes: 1 is the scores' own length."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        if mask is None:
            return normal(rng, shape, dtype), None
        m = np.where(rng.random([n if own else 1 for n, own in zip(shape, mask, strict=True)]) < 0.3, -np.inf, 0)
        m[..., 0] = 0
        return normal(rng, shape, dtype), m.astype(dtype)

    return draw


def numbers(ignored: int | None) -> Draw:
    """Numbers of rows, of which some are ignored, and a matrix."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        t = rng.integers(0, shape[0], (2, shape[0]))
        if ignored is not None:
            t[0, ::3] = ignored
        return t.astype("int32"), normal(rng, shape, dtype)

    return draw


def rows(ignored: int | None) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Args:
        t = rng.integers(0, 7, shape[:1])
        if ignored is not None:
            t[::3] = ignored
        return normal(rng, shape, dtype), t

    return draw


MATRICES = {"one element": (1, 1), "small": (5, 7), "large": (800, 130), "empty": (0, 3)}
SHAPES = {**MATRICES, "scalar": (), "vector": (9,), "four axes": (2, 3, 4, 5)}
SCORES = {**MATRICES, "images": (2, 5, 3, 4), "narrow": (4, 5, 1), "large images": (2, 5, 100, 101), "wide": (3, 5000)}
FILLED = {name: shape for name, shape in SHAPES.items() if name != "empty"}
ROWS = {"one element": (1, 1), "small": (5, 7), "large": (800, 130), "long": (13, 9000)}
# Of a row of one element the gradient is 0, which rounding misses by what it leaves of g gamma times 1 / sqrt(eps).
LONGER = {"single": (1, 7), **{name: shape for name, shape in ROWS.items() if name != "one element"}}
IMAGES = {"small": (5, 6), "images": (2, 6, 3, 4), "large": (8, 6, 50, 51), "large matrix": (200, 600)}
GROUPED = IMAGES | {"small": (5, 6, 4)}
QUERIES = {"small": (5, 7), "heads": (2, 3, 5, 6), "large": (4, 200, 150)}
MEAN = {"ignore_label": -1, "normalize": True, "mean": True}
EPS = {"eps": 1e-5}
GROUPS = {"groups": 3, "eps": 1e-5}


def unchanged(args: Args) -> Args:
    return args


@dataclass
class Case:
    """A kernel, how to draw its arguments, its options, the shapes to try, and what to make of the arguments drawn."""

    kernel: Kernel
    draw: Draw
    options: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: SHAPES)
    note: str = ""
    complete: Callable[[Args], Args] = unchanged

    def __str__(self) -> str:
        return f"{self.kernel.__name__}{self.note and '-'}{self.note}"

    def args(self, seed: int, name: str, dtype: str) -> Args:
        return self.complete(self.draw(RNG(seed), self.shapes[name], dtype))


norm, batch = normalization, batch_normalization
CASES = [
    Case(activation.relu, one),
    Case(activation.relu_grad, two),
    Case(activation.sigmoid, one),
    Case(activation.sigmoid_grad, of_sigmoid),
    Case(activation.tanh_grad, of_sigmoid),
    Case(activation.silu, one),
    Case(activation.silu_grad, two),
    Case(activation.softplus, one, {"beta": 1.0}),
    Case(activation.softplus, one, {"beta": 2.5}, note="steep"),
    Case(activation.softplus_grad, two, {"beta": 2.5}),
    Case(activation.elu, one, {"alpha": 1.0, "scale": 1.0}),
    Case(activation.elu, one, {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}, note="selu"),
    Case(activation.elu_grad, two, {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}),
    Case(gaussian.erf, one),
    Case(gaussian.erf_grad, two),
    Case(gaussian.gelu, one),
    Case(gaussian.gelu_grad, two),
    Case(gaussian.gelu_tanh, one),
    Case(gaussian.gelu_tanh_grad, two),
    Case(softmax.softmax, one, {"axis": 1}, SCORES),
    Case(softmax.softmax, one, {"axis": -1}, {"vector": (9,), "images": (2, 5, 3, 4)}, "last"),
    Case(softmax.softmax, one, {"axis": 0}, MATRICES | {"empty": (3, 0)}, "first"),
    Case(softmax.softmax_grad, of_sigmoid, {"axis": 1}, SCORES),
    Case(softmax.log_softmax, one, {"axis": 1}, SCORES),
    Case(softmax.log_softmax_grad, of_log_softmax, {"axis": 1}, SCORES),
    Case(softmax.logsumexp, one, {"axis": 1}, SCORES),
    Case(softmax.logsumexp, one, {"axis": 0}, {"small": (5, 7), "vector": (9,)}, "first"),
    Case(softmax.logsumexp_grad, one, {"axis": 1}, SCORES, complete=along(axis=1)),
    Case(softmax.logsumexp_grad, one, {"axis": 0}, {"small": (5, 7), "vector": (9,)}, "first", along(axis=0)),
    Case(linear.product, matrices, shapes=MATRICES),
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
    Case(indexing.scatter_add, one, {"key": np.array([[0, -1], [2, -4]]), "shape": (4, 5)}, {"small": (2, 2, 5)}, "from the end"),
    Case(joining.concat, two, {"axis": 0}, MATRICES),
    Case(joining.concat, two, {"axis": -1}, SHAPES | {"scalar": (1,)}, "last"),
    Case(embedding.embedding, numbers(None), {"ignore_label": None}, ROWS),
    Case(embedding.embedding, numbers(-1), {"ignore_label": -1}, ROWS, "ignoring"),
    Case(embedding.embedding_grad, rows(None), {"n": 7, "ignore_label": None}, ROWS),
    Case(embedding.embedding_grad, rows(3), {"n": 7, "ignore_label": 3}, ROWS, "ignoring"),
    Case(norm.layer_normalization, with_parameters(1, count=2), EPS, ROWS),
    Case(norm.layer_normalization_grad, with_parameters(1, count=1, cotangent=True), EPS, LONGER, complete=with_results(norm.layer_normalization, **EPS)),
    Case(norm.rms_normalization, with_parameters(1, count=1), EPS, ROWS),
    Case(norm.rms_normalization_grad, with_parameters(1, count=1, cotangent=True), EPS, LONGER, complete=with_results(norm.rms_normalization, **EPS)),
    Case(norm.group_normalization, with_parameters(1, count=2), GROUPS, GROUPED),
    Case(norm.group_normalization, with_parameters(1, count=2), GROUPS | {"groups": 6}, {"small": (5, 6, 4)}, "instances"),
    Case(norm.group_normalization_grad, with_parameters(1, count=1, cotangent=True), GROUPS, GROUPED, complete=with_results(norm.group_normalization, **GROUPS)),
    Case(batch.batch_normalization, with_parameters(1, count=2), EPS, IMAGES),
    Case(batch.batch_normalization_grad, with_parameters(1, count=1, cotangent=True), EPS, IMAGES, complete=with_results(batch.batch_normalization, **EPS)),
    Case(batch.scale_and_shift, with_parameters(1, count=2), shapes=IMAGES),
    Case(batch.scale_and_shift_grad, with_parameters(1, count=1, cotangent=True), shapes=IMAGES),
    Case(recurrent.lstm, cell(4, products=2), {"interleaved": False}, MATRICES),
    Case(recurrent.lstm, cell(4, products=1), {"interleaved": True}, MATRICES, "interleaved"),
    Case(recurrent.lstm_grad, cell(4, products=1, states=3), {"interleaved": False}, MATRICES),
    Case(recurrent.lstm_grad, cell(4, products=2, states=3), {"interleaved": True}, MATRICES, "interleaved"),
    Case(recurrent.gru, cell(3, products=2), shapes=MATRICES),
    Case(recurrent.gru_grad, cell(3, products=2, states=2), shapes=MATRICES),
    Case(attention.attention_weights, scores(None), {"scale": 0.5, "diagonal": None}, QUERIES),
    Case(attention.attention_weights, scores(None), {"scale": 0.5, "diagonal": 0}, QUERIES, "causal"),
    Case(attention.attention_weights, scores((1, 1)), {"scale": 0.5, "diagonal": 2}, {"small": (5, 7), "long": (3, 100)}, "mask"),
    Case(attention.attention_weights, scores((1, 0, 0, 1)), {"scale": 0.5, "diagonal": None}, {"small": (2, 3, 5, 6)}, "mask of keys"),
    Case(attention.attention_weights_grad, of_sigmoid, {"scale": 0.5}, QUERIES),
    Case(noise.dropout, masked, {"ratio": 0.25}),
    Case(clipping.clip, one, {"low": -0.5, "high": 1.5}),
    Case(clipping.clip_grad, two, {"low": -0.5, "high": 1.5}),
    Case(clipping.sum_of_squares, one),
]  # fmt: skip
LARGE = [(c, n) for c in CASES for n in c.shapes if n.startswith("large")]
# Tables of their own: test_convolution_kernels.py and test_window_kernels.py.
ELSEWHERE = {"convolution", "pooling", "window"}


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


def each(y: Any) -> tuple[Any, ...]:
    """The results of a kernel: of one or of several."""
    return y if isinstance(y, tuple) else (y,)


def close(got: Any, expected: Any, dtype: str, tolerance: float = 1.0) -> None:
    for y, wanted in zip(map(np.asarray, each(got)), map(np.asarray, each(expected)), strict=True):
        assert y.shape == wanted.shape
        assert y.dtype == wanted.dtype
        scale = TOLERANCE[dtype] * tolerance
        finite = np.abs(wanted[np.isfinite(wanted)], dtype="float64")
        np.testing.assert_allclose(y, wanted, rtol=scale, atol=scale * finite.max(initial=0.0))


def reference(kernel: Kernel, *args: Any, **options: Any) -> Any:
    with xp.jit(False), np.errstate(all="ignore"):
        return kernel.reference(*args, **options)


def first_of(case: Case) -> str:
    return next(name for name in case.shapes if name in ("small", "vector"))


ROWS_OF_CASES = [(case, name) for case in CASES for name in case.shapes]
IDS = [f"{case}-{name}" for case, name in ROWS_OF_CASES]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("case", "name"), ROWS_OF_CASES, ids=IDS)
def test_versions_give_what_the_reference_gives(case: Case, name: str, dtype: str) -> None:
    args = case.args(0, name, dtype)
    copies = [np.array(a) for a in args]
    y = case.kernel(*args, **case.options)
    close(y, reference(case.kernel, *args, **case.options), dtype)
    for result in each(y):
        assert type(result) is np.ndarray
        assert result.flags.writeable
        assert not any(np.may_share_memory(result, a) for a in args if isinstance(a, np.ndarray))
    for a, before in zip(args, copies, strict=True):
        np.testing.assert_array_equal(np.array(a), before)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_layout_does_not_matter(case: Case, layout: str) -> None:
    args = case.args(1, first_of(case), "float32")
    laid = tuple(LAYOUTS[layout](a) if isinstance(a, np.ndarray) else a for a in args)
    y = each(case.kernel(*laid, **case.options))
    expected = each(case.kernel(*args, **case.options))
    close(tuple(xp.astype(v, w.dtype, copy=False) for v, w in zip(y, expected, strict=True)), expected, "float32", 0.3)
    assert {str(xp.device_of(v)) for v in y} == {"numba" if layout == "tagged" else "numpy"}


@pytest.mark.parametrize("case", [c for c in CASES if c.kernel is not indexing.scatter_add], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "values", [[np.nan, -np.nan], [-np.inf, np.inf], [0.0, -0.0, 1e-40, 1e18]], ids=["NaN", "infinity", "extremes"]
)
def test_nan_and_infinity_come_out_as_of_the_reference(case: Case, dtype: str, values: list[float]) -> None:
    shape = {"small": case.shapes.get("small", ()), "vector": (84,)}[first_of(case)]
    args = case.draw(RNG(2), shape, dtype)
    for a in args:
        # Parameters of a row may be NaN; infinite, they would meet a 0 here and a rounded one there.
        if isinstance(a, np.ndarray) and a.dtype == dtype and (a.shape == shape or (a.ndim and np.isnan(values[0]))):
            places = a.reshape(-1)[3::5]
            places[: len(values)] = values[: places.size]
    args = case.complete(args)
    with np.errstate(all="ignore"):  # NumPy's products warn of what they are given
        y = case.kernel(*args, **case.options)
    close(y, reference(case.kernel, *args, **case.options), dtype)


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("case", "name"), LARGE, ids=[f"{c}-{n}" for c, n in LARGE])
def test_results_do_not_depend_on_the_number_of_threads(case: Case, name: str, dtype: str) -> None:
    args = case.args(5, name, dtype)
    assert max(a.size for a in args if isinstance(a, np.ndarray)) >= LEAST
    before = num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            results.append(each(case.kernel(*args, **case.options)))
    finally:
        set_num_threads(before)
    for other in results[1:]:
        for y, wanted in zip(other, results[0], strict=True):
            assert y.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_runs_on_any_backend(case: Case) -> None:
    pytest.importorskip("array_api_strict")
    args = case.args(3, first_of(case), "float32")
    moved = [xp.to_device(a, "strict:device1") if isinstance(a, np.ndarray) else a for a in args]
    y = each(case.kernel(*moved, **case.options))
    assert {str(xp.device_of(v)) for v in y} == {"strict:device1"}
    close(tuple(xp.to_device(v, "numpy") for v in y), reference(case.kernel, *args, **case.options), "float32")


def test_every_kernel_has_a_case() -> None:
    names = [m.name for m in pkgutil.iter_modules(kernels.__path__) if m.name not in ELSEWHERE]
    modules = [importlib.import_module(f"xparray.kernels.{name}") for name in names]
    found = {k for module in modules for k in vars(module).values() if isinstance(k, Kernel)}
    assert {k.__name__ for k in found} == {case.kernel.__name__ for case in CASES}


@needs_numba
@pytest.mark.parametrize("case", [c for c in CASES if c.kernel is not indexing.scatter_add], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_versions_serve_floats(case: Case, dtype: str) -> None:
    args = case.args(4, first_of(case), dtype)
    assert case.kernel.versions["host"](*args, **case.options) is not NotImplemented


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
@pytest.mark.parametrize("shape", [(3, 3), (1, 3, 3)])
def test_labels_out_of_range(labels: list[int], text: str, jit: bool, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, "float32")
    t = np.array(labels).reshape(shape[:1] + shape[2:])
    text = text if len(shape) == 2 else text.partition(" is ")[2]
    with xp.jit(jit), pytest.raises(ValueError) as e:
        loss.softmax_cross_entropy(x, t, None, **MEAN)
    assert text.partition("(")[0] in str(e.value)
    assert str(e.value).startswith(text) or len(shape) > 2
    with xp.jit(jit), pytest.raises(ValueError, match="x has 3 classes"):
        loss.softmax_cross_entropy_grad(np.ones((), "float32"), x, t, None, **MEAN)


@needs_numba
@pytest.mark.parametrize(
    ("numbers", "ignored", "text"),
    [
        ([[0, 1], [4, 0]], None, "embed_id: x[1, 0] is 4, W has 4 rows (x: (2, 2) int64, W: (4, 3)); expected numbers from 0 to 3"),
        ([-1, 0, -2], -1, "embed_id: x[2] is -2, W has 4 rows (x: (3,) int64, W: (4, 3)); expected numbers from 0 to 3, "
                          "or ignore_label=-1 for zeros"),
        ([-1], None, "embed_id: x[0] is -1, W has 4 rows (x: (1,) int64, W: (4, 3)); expected numbers from 0 to 3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("jit", [True, False])
def test_numbers_of_rows_out_of_range(numbers: list[int], ignored: int | None, text: str, jit: bool) -> None:
    t = np.array(numbers)
    with xp.jit(jit), pytest.raises(ValueError) as e:
        embedding.embedding(t, np.zeros((4, 3), "float32"), ignore_label=ignored)
    assert str(e.value) == text
    with xp.jit(jit), pytest.raises(ValueError) as e:
        embedding.embedding_grad(np.zeros((*t.shape, 3), "float32"), t, n=4, ignore_label=ignored)
    assert str(e.value) == text


def ones(*shape: int) -> Any:
    return np.ones(shape, "float32")


ODD: list[tuple[Kernel, Args, dict[str, Any]]] = [
    (softmax.softmax, (ones(2, 3),), {"axis": 2}),
    (softmax.log_softmax, (ones(2, 3, 4),), {"axis": -4}),
    (softmax.logsumexp, (ones(2, 3),), {"axis": 5}),
    (softmax.softmax_grad, (ones(2, 3), ones(2, 4)), {"axis": 1}),
    (activation.silu_grad, (ones(1, 3), ones(2, 3)), {}),
    (activation.relu_grad, (ones(2, 3).astype("float64"), ones(2, 3)), {}),
    (loss.softmax_cross_entropy, (ones(2, 3), np.zeros(5, "int64"), None), MEAN),
    (loss.softmax_cross_entropy, (ones(2, 3), np.zeros(2, "int64"), ones(2)), MEAN),
    (loss.softmax_cross_entropy_grad, (ones(9), ones(2, 3), np.zeros(2, "int64"), None), MEAN | {"mean": False}),
    (evaluation.accuracy, (ones(2, 3), np.zeros(5, "int64")), {"ignore_label": None}),
    (norm.layer_normalization, (ones(2, 3), ones(2), ones(2)), EPS),
    (norm.layer_normalization, (ones(2, 3), ones(1), ones(1)), EPS),
    (norm.layer_normalization, (ones(2, 3, 4), ones(4), ones(4)), EPS),
    (norm.layer_normalization_grad, (ones(2, 3), ones(2, 3), ones(3), ones(1), ones(1)), EPS),
    (norm.rms_normalization, (ones(2, 3), ones(7)), EPS),
    (norm.group_normalization, (ones(2, 6, 4), ones(6), ones(6)), {"groups": 4, "eps": 1e-5}),
    (norm.group_normalization, (ones(2, 6, 4), ones(5), ones(5)), GROUPS),
    (batch.batch_normalization, (ones(2, 3, 4), ones(2), ones(2)), EPS),
    (batch.batch_normalization_grad, (ones(2, 3), ones(2, 3), ones(3), ones(1), ones(1)), EPS),
    (batch.scale_and_shift, (ones(2, 3, 4), ones(1), ones(4)), {}),
    (recurrent.lstm, (ones(2, 3), ones(2, 9), None), {"interleaved": False}),
    (recurrent.lstm, (ones(2, 3), ones(3, 12), None), {"interleaved": True}),
    (recurrent.gru, (ones(2, 3), ones(2, 9), ones(2, 12)), {}),
    (attention.attention_weights, (ones(2, 3), ones(5, 3)), {"scale": 1.0, "diagonal": None}),
    (attention.attention_weights, (ones(2, 3), ones(2, 1)), {"scale": 1.0, "diagonal": None}),
    (attention.attention_weights, (ones(2, 3), None), {"scale": 1.0, "diagonal": -1}),
    (embedding.embedding_grad, (ones(2, 3), np.zeros(5, "int64")), {"n": 4, "ignore_label": None}),
    (noise.dropout, (ones(2, 3), np.ones(3, bool)), {"ratio": 0.5}),
]  # fmt: skip


@needs_numba
@pytest.mark.parametrize(("kernel", "args", "options"), ODD, ids=lambda a: a.__name__ if isinstance(a, Kernel) else "")
def test_arguments_that_do_not_fit_are_the_references(kernel: Kernel, args: Args, options: dict[str, Any]) -> None:
    """A loop would read beyond its arrays: what broadcasts, broadcasts, and what fails, fails."""
    with np.errstate(all="ignore"):
        try:
            expected = reference(kernel, *args, **options)
        except (ValueError, IndexError, TypeError) as error:
            with pytest.raises(type(error)):
                kernel(*args, **options)
        else:
            close(kernel(*args, **options), expected, "float32")


def test_groups_that_do_not_divide() -> None:
    with pytest.raises(ValueError) as e:
        norm.group_normalization(ones(2, 6, 4), ones(6), ones(6), groups=4, eps=1e-5)
    assert str(e.value) == (
        "group_normalization: 4 groups do not divide the 6 channels of x (x: (2, 6, 4) float32); "
        "give a divisor, such as 1 or the number of channels"
    )


def test_scatter_add_counts_rows_as_an_index_does() -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        indexing.scatter_add(np.ones((1, 3), "float32"), key=np.array([4]), shape=(4, 3))


@pytest.mark.parametrize("x", [-1.5, 2.5, np.float32(2.5)])
def test_numbers(x: Any) -> None:
    y = activation.relu(x)
    assert type(y) is np.ndarray
    assert float(y) == max(float(x), 0.0)


# ------------------------------------------------------------------------------------------- loops, scalars


def test_a_loop_is_cached_under_a_name_that_follows_what_it_calls() -> None:
    def before(x: Any) -> Any:
        return x * 2.0

    def after(x: Any) -> Any:
        return x * 3.0

    def caller() -> Loop:
        return loop(lambda x: f(x))  # noqa: F821 - f is put into the loop's globals below

    for make in (lambda version: scalar(float64=version), loop):
        stamps = []
        for version in (before, after, before):
            function = caller().function
            function.__globals__["f"] = make(version)
            stamps.append(_code_called(function))
            _scalars.pop(function.__globals__.pop("f"), None)
        assert stamps[0] == stamps[2] != stamps[1]
    assert _code_called(test_every_kernel_has_a_case) == b""


def test_a_loop_is_cached_under_a_name_that_follows_the_numbers_it_reads() -> None:
    function = loop(lambda x: x + SIZE).function  # noqa: F821 - put into the loop's globals below
    stamps = []
    for value in (1, 2):
        function.__globals__["SIZE"] = value
        stamps.append(_code_called(function))
    del function.__globals__["SIZE"]
    assert stamps[0] != stamps[1]


@needs_numba
def test_loops_call_loops() -> None:
    y = np.zeros(3)
    shift_all(np.array([1.0, 2.0, 4.0]), y)
    assert y.tolist() == [8.0, 9.0, 11.0]


@loop
def shift_all(x: Any, y: Any) -> None:
    total = add_up(x)
    for i in range(x.size):
        y[i] = x[i] + total


@loop(reassociate=True)
def add_up(x: Any) -> Any:
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


def test_the_gradient_of_relu_on_some_channels_of_images() -> None:
    g = RNG(6).standard_normal((3, 40, 50, 50)).astype("float32")
    y = RNG(7).standard_normal((3, 20, 50, 50)).astype("float32")
    g[0, 20, 1, 2] = np.nan
    none = np.broadcast_to(g[:0, 20:], (0, 20, 50, 50))  # which may not be written
    for given in (g[:, 20:], g[:, :20], g[:, ::2], g[::-1, 20:], none):
        part = y[: len(given)]
        np.testing.assert_array_equal(activation.relu_grad(given, part), np.where(part > 0, given, 0))
