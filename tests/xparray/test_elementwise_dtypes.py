"""What NumPy's promotion makes of every operation, on every dtype that loops compute in."""

from __future__ import annotations

import importlib.util
import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import elementwise, special
from xparray._one_source.promotion import HOST_DTYPES
from xparray._one_source.translate import identify

pytest.importorskip("numba")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled code of these tests goes to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPARRAY_CACHE_DIR", str(tmp_path_factory.mktemp("cache") / "xparray"))
        yield


def values(dtype: str) -> np.ndarray[Any, Any]:
    d = np.dtype(dtype)
    if d.kind == "b":
        return np.array([False, True])
    if d.kind == "f":
        info = np.finfo(d)
        return np.array(
            [
                0.0,
                -0.0,
                1,
                -1,
                0.5,
                -2.5,
                3,
                7,
                1e-3,
                np.inf,
                -np.inf,
                np.nan,
                info.max,
                info.tiny,
                info.smallest_subnormal,
            ],
            d,
        )
    limits = np.iinfo(d)
    return np.array(
        [0, 1, 2, 3, 7, limits.max, limits.min, limits.max - 1, *([-1, -2, -7] if d.kind == "i" else [5])], d
    )


def pairs(*dtypes: str) -> list[np.ndarray[Any, Any]]:
    """All pairs of special values, contiguous."""
    return [np.ascontiguousarray(a.ravel()) for a in np.meshgrid(*map(values, dtypes), indexing="ij")]


def differences(y: Any, expected: Any) -> list[tuple[int, str]]:
    """The results that are not equal, bit for bit but for the signs of zeros and NaNs."""
    ys, rs = (y, expected) if isinstance(expected, tuple) else ((y,), (expected,))
    return [
        (k, f"{a.dtype} {a.tolist()}, not {r.dtype} {r.tolist()}")
        for k, (a, r) in enumerate(zip(ys, rs, strict=True))
        if a.dtype != r.dtype or not np.array_equal(a, r, equal_nan=r.dtype.kind == "f")
    ]


# ------------------------------------------------------------------------------------------ every function of the standard

NAMES = sorted(
    name
    for name in xp.__all__
    if isinstance(getattr(np, identify(getattr(xp, name)) or "pi"), np.ufunc) and name != "floor_divide"
)


def count(name: str) -> int:
    ufunc: np.ufunc = getattr(np, identify(getattr(xp, name)))
    return ufunc.nin


def loops_exist(name: str, dtype: str) -> bool:
    """Whether NumPy computes the function of arrays of that dtype in dtypes that loops have."""
    ufunc: np.ufunc = getattr(np, identify(getattr(xp, name)))
    try:
        return set(ufunc.resolve_dtypes((np.dtype(dtype),) * ufunc.nin + (None,))) <= HOST_DTYPES
    except TypeError:
        return False


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModuleType]:
    """A module of the given text, in a file."""
    folder = tmp_path_factory.mktemp("functions")

    def write(text: str) -> ModuleType:
        file = folder / f"functions{len(list(folder.iterdir()))}.py"
        file.write_text(f"import numpy as np\nimport xparray as xp\n\n{text}")
        specification = importlib.util.spec_from_file_location(file.stem, file)
        assert specification is not None and specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return write


def test_the_names_are_those_of_the_standard() -> None:
    assert len(NAMES) > 55 and {"add", "tanh", "less", "bitwise_invert", "pow", "isnan", "remainder"} <= set(NAMES)


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_every_function_has_numpy_s_results(written: Callable[[str], ModuleType], dtype: str) -> None:
    for n, parameters in ((1, "x"), (2, "x, y")):
        names = [name for name in NAMES if count(name) == n and loops_exist(name, dtype)]
        arrays = pairs(*[dtype] * n)
        if n == 2 and dtype == "int32":  # NumPy refuses negative powers of integers
            arrays[1] = abs(arrays[1] // 2)
        for k in range(0, len(names), 6):
            some = names[k : k + 6]
            function = written(
                f"def some({parameters}):\n    return {''.join(f'xp.{name}({parameters}), ' for name in some)}"
            ).some
            with np.errstate(all="ignore"):
                found = differences(elementwise(strict=True)(function)(*arrays), function(*arrays))
            assert [(some[k], text) for k, text in found] == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_function_on_numba_is_close(written: Callable[[str], ModuleType], dtype: str) -> None:
    from xparray.kernels import elementary

    names = [name for name in NAMES if count(name) == 1 and hasattr(elementary, name)]
    assert {"exp", "log", "tanh"} <= set(names)
    function = written(f"def every(x):\n    return {', '.join(f'xp.{name}(x)' for name in names)}\n").every
    x = np.concatenate(
        [values(dtype), np.linspace(-30, 30, 5001, dtype=dtype), np.geomspace(1e-30, 1e30, 5001, dtype=dtype)]
    )
    with np.errstate(all="ignore"):
        y = elementwise(strict=True)(function)(xp.to_device(x, "numba"))
        expected = function(x)
    info = np.finfo(dtype)
    for name, a, r in zip(names, y, expected, strict=True):
        assert str(xp.device_of(a)) == "numba" and a.dtype == r.dtype
        np.testing.assert_allclose(a, r, rtol=4 * info.eps, atol=info.tiny, err_msg=name)


def powers(x):
    return x**2, x**3, x**-1, x**0.5, x**-2, x**4, x**2.5, np.power(x, 3), x**-0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_on_numba_are_close(dtype: str) -> None:
    x = np.abs(np.concatenate([values(dtype), np.geomspace(1e-3, 1e3, 101)])).astype(dtype)
    with np.errstate(all="ignore"):
        y, expected = elementwise(strict=True)(powers)(xp.to_device(x, "numba")), powers(x)
    for a, r in zip(y, expected, strict=True):
        np.testing.assert_allclose(a, r, rtol=4 * np.finfo(dtype).eps)


def gelu(x):
    return 0.5 * x * (1 + special.erf(x * 0.7071067811865476)), special.gammaln(x), special.xlogy(special.expit(x), 2)


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_special_functions(device: str) -> None:
    pytest.importorskip("scipy")
    f = elementwise(strict=True)(gelu)
    for dtype, tolerance in (("float32", 1e-6), ("int16", 1e-14)):
        x = xp.to_device(np.arange(-6, 7, dtype=dtype) + np.asarray(0.25 if dtype == "float32" else 0, dtype), device)
        for y, r in zip(f(x), gelu(np.asarray(x)), strict=True):
            assert y.dtype == r.dtype
            np.testing.assert_allclose(y, r, rtol=tolerance)


# ------------------------------------------------------------------------------------------ operators, numbers, several dtypes


def arithmetic(x, y):
    return x + y, x - y, x * y, x / y, x // y, x % y, x < y, x == y, xp.maximum(x, y), np.fmin(x, y)


def with_numbers(x):
    return x + 1, x * 2.5, 3 - x, x / 2, x // 2, x % 3, True + x, x > 1, x == 0.5, x**2, x**2.0, x**3, x**0.5


def bits(x, y):
    return x & y, x | y, x ^ y, ~x, x & 1, x << 1, x >> 1


def choices(x, y):
    return (
        xp.where(x, x, y),
        xp.where(x > y, x, 1),
        xp.where(x < y, 2.5, y),
        xp.where(x == y, 1, 0),
        xp.where(y, 1.0, 0.0),
    )


def conversions(x, y):
    return xp.astype(x, xp.float64) * y, xp.astype(x, "float32"), xp.astype(x > y, "int8") + y, xp.astype(x, bool)


def clipped(x):
    return xp.clip(x, 1, 2), np.clip(x, 0.5, 2), xp.clip(x, xp.zeros_like(x), 3), abs(x), +x, xp.ones_like(x) * 2.0


def truths(x, y):
    return x + y, x * y, (x > 0) * 2.0, (x > 0) + (y > 1), xp.logical_xor(x, y), xp.logical_not(y), (x & y) | (x ^ y)


MIXED = [
    (arithmetic, ("float32", "float64")),
    (arithmetic, ("int32", "float32")),
    (arithmetic, ("uint8", "int8")),
    (arithmetic, ("bool", "int64")),
    (with_numbers, ("float32",)),
    (with_numbers, ("uint16",)),
    (bits, ("int32", "int8")),
    (choices, ("int8", "float32")),
    (conversions, ("float32", "int64")),
    (clipped, ("int32",)),
    (truths, ("bool", "bool")),
]


@pytest.mark.parametrize(("function", "dtypes"), MIXED, ids=[f"{f.__name__}-{'-'.join(d)}" for f, d in MIXED])
def test_promotion_is_numpy_s(function: Callable[..., Any], dtypes: tuple[str, ...]) -> None:
    f = elementwise(strict=True)(function)
    arrays = pairs(*dtypes)
    with np.errstate(all="ignore"):
        for _ in range(2):  # the second call takes the short way
            assert differences(f(*arrays), function(*arrays)) == []


def scaled(x, a, b):
    return a * x, x + (a - b), xp.where(x > a, x, b)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32", "bool"])
@pytest.mark.parametrize("numbers", [(2, 3), (2.5, 1), (True, 0.5), (2, -1)], ids=str)
def test_the_types_of_numbers_decide_with_the_array(dtype: str, numbers: tuple[float, float]) -> None:
    f, x = SCALED, values(dtype)
    with np.errstate(all="ignore"):
        try:
            expected: Any = scaled(x, *numbers)
        except OverflowError as e:  # NumPy's word on -1 for uint8
            with pytest.raises(OverflowError, match=str(e)):
                f(x, *numbers)
            return
        for _ in range(2):
            assert differences(f(x, *numbers), expected) == []
            assert f.why_not is None or "the number -1 does not fit uint8" in f.why_not


SCALED = elementwise(scaled)


@pytest.mark.parametrize(
    ("dtype", "numbers"), [("uint64", (2, 2**63 + 5)), ("int64", (-(2**63), 7)), ("float64", (2**70, 3))]
)
def test_large_numbers(dtype: str, numbers: tuple[int, ...]) -> None:
    f = elementwise(strict=True)(with_offset)
    x = np.arange(3, dtype=dtype)
    for _ in range(2):
        for number in numbers:
            assert differences(f(x, number), x + number) == []


def test_truth_values_in_calls_of_numpy() -> None:
    f = elementwise(strict=True)(of_truth_values)
    x = np.array([True, False])
    for number in (True, False):
        assert differences(f(x, number), of_truth_values(x, number)) == []


def of_truth_values(x, a):
    return np.fmax(x, a), np.fmin(x, True)


def test_a_number_that_does_not_fit_is_numpy_s_error() -> None:
    f = elementwise(with_offset)
    x = np.arange(3, dtype="int8")
    assert f(x, 100).tolist() == [100, 101, 102] and f.why_not is None
    for _ in range(2):
        with pytest.raises(OverflowError, match="out of bounds for int8"):
            f(x, 200)
    assert f(x, 27).tolist() == [27, 28, 29] and f.why_not is None


def with_offset(x, a):
    return x + a


def test_out_of_another_dtype() -> None:
    f = elementwise(strict=True)(with_offset)
    x = np.arange(4, dtype="int32")
    out = np.empty(4, "float64")
    assert f(x, 2, out=out) is out and out.tolist() == [2.0, 3.0, 4.0, 5.0]
    with pytest.raises(TypeError, match=r"with_offset: out\[0\] is int32, result 0 is float64, which does not fit"):
        f(x, 0.5, out=x)
    assert x.tolist() == [0, 1, 2, 3]
    assert f(x, 2, out=x) is x and x.tolist() == [2, 3, 4, 5]


def test_an_array_in_the_place_of_a_result_of_another_dtype_stays_apart() -> None:
    f = elementwise(strict=True)(two_dtypes)
    x = np.linspace(-1, 1, 6)
    bits = x.view(np.int64)  # the same memory, in the dtype of the second result
    expected = two_dtypes(x.copy())
    f.strict = False
    f(x, out=(np.empty(6), bits))
    assert bits.tolist() == expected[1].tolist()


def two_dtypes(x):
    return x * 2, (x > 0) * 3


# ------------------------------------------------------------------------------------------ broadcasting, threads


SHAPES = [
    ((2, 3, 4), (3, 4)),
    ((2, 3, 4), (4,)),
    ((2, 3, 4), (3, 1)),
    ((2, 3, 4), (2, 1, 1)),
    ((2, 3, 4), (2, 1, 4)),
    ((2, 3, 4), (1, 3, 1)),
    ((5, 1, 4), (1, 3, 1)),
    ((1, 3, 1), (2, 3, 4)),
    ((6, 1), (5,)),
    ((1,), (0, 3)),
    ((2, 0, 3), (1, 3)),
    ((300, 7), (7,)),
    ((2, 2, 2, 2), (2, 1, 2, 1)),
]


def polynomial(x, y, a):
    return a * x * y + x, y - 0.5 * x


@pytest.mark.parametrize("how", ["dense", "fortran", "strided"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_rows_columns_and_planes_are_not_repeated_in_memory(shapes: tuple[tuple[int, ...], ...], how: str) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=shape).astype("float32") for shape in shapes)
    if how == "fortran":
        x, y = np.asfortranarray(x), np.asfortranarray(y)
    if how == "strided":
        x, y = np.repeat(x, 2, -1)[..., ::2], np.repeat(y, 2, 0)[::2]
    for _ in range(2):
        assert differences(POLYNOMIAL(x, y, 1.5), polynomial(x, y, 1.5)) == []
    out = np.empty(np.broadcast_shapes(*shapes), "float32"), np.empty(np.broadcast_shapes(*shapes), "float32")
    POLYNOMIAL(x, y, 1.5, out=out)
    assert differences(out, polynomial(x, y, 1.5)) == []


POLYNOMIAL = elementwise(strict=True)(polynomial)


def test_a_result_over_a_row_of_its_own_argument() -> None:
    x = np.arange(12.0).reshape(3, 4)
    row = x[1]
    expected = polynomial(x.copy(), row.copy(), 2.0)
    f = elementwise(polynomial)
    f(x, row, 2.0, out=(x, np.empty_like(x)))
    assert x.tolist() == expected[0].tolist() and "overlaps" in str(f.why_not)


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    from xparray import _threads

    before = _threads.num_threads()
    yield _threads.set_num_threads
    _threads.set_num_threads(before)


@pytest.mark.parametrize("device", ["numpy", "numba"])
def test_results_do_not_depend_on_the_number_of_threads(threads: Callable[[int], None], device: str) -> None:
    f, g = elementwise(strict=True)(mixture), POLYNOMIAL
    rng = np.random.default_rng(0)
    x = xp.to_device(rng.normal(size=1_000_003).astype("float32"), device)
    rows = xp.to_device(rng.normal(size=(1001, 301)).astype("float32"), device)
    row = xp.to_device(rng.normal(size=301).astype("float32"), device)
    seen = []
    for n in (1, 2, 3):
        threads(n)
        in_place = x.copy()
        f(in_place, out=in_place)
        with np.errstate(all="raise"):  # belongs to the thread that calls
            seen.append([np.asarray(a).tobytes() for a in (f(x), in_place, *g(rows, row, 2.0))])
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == seen[0][1]
    if device == "numpy":
        assert seen[0][0] == mixture(x).tobytes()


def mixture(x):
    return xp.exp(-x * x) * x + xp.tanh(x)


def test_settings_for_errors_hold_in_all_threads(threads: Callable[[int], None]) -> None:
    f = elementwise(strict=True)(logarithm)
    x = np.full(300_000, -1.0)
    threads(2)
    with np.errstate(invalid="ignore"):
        assert np.isnan(f(x)).all()
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        f(x)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        f(x)


def logarithm(x):
    return xp.log(x)


# ------------------------------------------------------------------------------------------ the short way of small calls


def test_short_cuts_serve_only_what_they_were_made_for() -> None:
    f = elementwise(polynomial)
    x = np.linspace(0, 1, 12, dtype="float32").reshape(3, 4)
    other = np.linspace(2, 3, 12, dtype="float32").reshape(3, 4)
    read_only = other.copy()
    read_only.flags.writeable = False
    unaligned = np.empty(other.nbytes + 1, np.uint8)[1:].view("float32").reshape(other.shape)
    unaligned[...] = other
    calls: list[tuple[Any, ...]] = [
        (x, other, 0.5),
        (x, other.reshape(4, 3).reshape(3, 4), 2),
        (x, other.T.copy().T, 0.5),
        (x[:, ::2], other[:, ::2], 0.5),
        (x.ravel(), other.ravel(), 0.5),
        (x.ravel()[::2], other.ravel()[:6], 0.5),
        (x.astype("float64"), other.astype("float64"), 0.5),
        (x.astype("float64"), other, 0.5),
        (x, other[:1], 0.5),
        (x.ravel(), other.ravel()[:1], 0.5),
        (x, read_only, True),
        (x, unaligned, 0.5),
        (x.ravel(), unaligned.ravel(), 0.5),
        (xp.to_device(x, "numba"), other, 0.5),
        (x.reshape(2, 6), other.reshape(2, 6), 0.5),
        (x[0, 0].reshape(()), other[0, 0].reshape(()), 0.5),
        (x, other, np.float64(0.5)),
    ]
    for first, second in itertools.product(calls, repeat=2):
        for args in (first, second, first):
            y, expected = f(*args), polynomial(*args)
            assert differences(tuple(map(np.asarray, y)), tuple(map(np.asarray, expected))) == []
            assert str(xp.device_of(y[0])) == str(xp.device_of(args[0]))
    for shapes in (((3, 4), (4, 3)), ((12,), (6,))):
        with pytest.raises(ValueError, match="broadcast"):
            f(x.reshape(shapes[0]), np.ones(shapes[1], "float32"), 0.5)


def test_short_cuts_keep_to_the_arrays_of_out() -> None:
    f = elementwise(polynomial)
    x, y = np.linspace(0, 1, 6, dtype="float32"), np.linspace(2, 3, 6, dtype="float32")
    whole = np.zeros(12, "float32")
    outs: list[tuple[Any, ...]] = [
        (np.empty(6, "float32"), np.empty(6, "float32")),
        (whole[::2], whole[1::2]),
        (whole[:6], whole[6:]),
        (whole[:6], whole[5:11]),
        (np.empty(6), np.empty(6)),
    ]
    expected = polynomial(x, y, 0.5)
    for first, second in itertools.product(outs, repeat=2):
        for out in (first, second):
            assert f(x, y, 0.5, out=out)[0] is out[0]
            assert out[1].tolist() == expected[1].tolist()
            if out is not outs[3]:  # its arrays overlap, and the second is written last
                assert out[0].tolist() == expected[0].tolist()
    for bad, text in [((whole[:5], whole[6:]), "shape"), ((whole[:6],), "1 array"), (whole[:6], "1 array")]:
        with pytest.raises(ValueError, match=text):
            f(x, y, 0.5, out=bad)


def test_source_of_the_signature() -> None:
    assert str(inspect.signature(elementwise(polynomial))) == "(x, y, a)"
    assert Path(inspect.getsourcefile(elementwise(polynomial).function) or "").name == Path(__file__).name
