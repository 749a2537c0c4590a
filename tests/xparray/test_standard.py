"""Functions of the standard: NumPy's values, bit for bit, on the arrays' backend, as arrays; and what new arrays are made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest

import xparray as xp
from xparray import Device
from xparray.backends.numba import NumbaArray
from xparray.kernels.elementary import JITTED

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
TYPES = {"numpy": np.ndarray, "numba": NumbaArray, "strict": type(array_api_strict.empty(0))}

rng = np.random.default_rng(0)
x = rng.normal(size=(3, 4)).astype("float32")
y = rng.normal(size=(3, 4)).astype("float32")
w = rng.normal(size=(4, 2)).astype("float32")
positive = np.abs(x) + np.float32(0.1)
double = rng.normal(size=(2, 3, 4))
integers = rng.integers(-5, 5, (3, 4))
mask = x > 0
order = np.argsort(x, axis=-1)
special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], dtype="float32")

# Calls of each function that takes arrays: what stands in a call goes to NumPy's function of the same name, too.
Call = tuple[tuple[Any, ...], dict[str, Any]]


def call(*args: Any, **kwargs: Any) -> Call:
    return args, kwargs


BOTH = [call(x, y), call(x, 2.0), call(2.0, y), call(x, y[:1]), call(double, x[0].astype("float64"))]
TRUTH = [call(mask, ~mask), call(mask, mask[:1])]
COMPARED = [*BOTH, call(integers, integers[::-1]), call(special, special[::-1].copy())]
REAL = [call(x), call(double), call(x[0, 0]), call(x[:0]), call(x.T), call(special)]
REDUCED = [call(x), call(x, axis=0), call(x, axis=-1, keepdims=True), call(double, axis=(0, 2)), call(integers, axis=1)]
SEARCHED = [call(x), call(x, axis=0), call(x, axis=-1, keepdims=True)]
JOINED = [call([x, y], axis=0), call((x, y), axis=1), call([x, y]), call([double], axis=-1)]

CALLS: dict[str, list[Call]] = {
    "abs": [*REAL, call(integers)],
    "add": [*BOTH, call(integers, 3)],
    "all": [call(mask), call(mask, axis=0), call(mask, axis=1, keepdims=True)],
    "any": [call(mask), call(mask, axis=0), call(mask, axis=1, keepdims=True)],
    "argmax": SEARCHED,
    "argmin": SEARCHED,
    "broadcast_to": [call(x, (2, 3, 4)), call(x[0, 0], (2,)), call(x[:, :1], (3, 0))],
    "ceil": REAL,
    "clip": [call(x, -0.5, 0.5), call(x, min=0.0), call(x, max=0.0), call(x, y - 1, y + 1), call(x, None, 0.5)],
    "concat": [*JOINED, call([x, y], axis=None)],
    "cos": REAL[:-1],
    "cosh": REAL,
    "cumulative_sum": [call(x[0]), call(x, axis=0), call(x, axis=1, include_initial=True), call(integers, axis=1)],
    "divide": BOTH,
    "equal": COMPARED,
    "exp": REAL,
    "expand_dims": [call(x, axis=0), call(x, axis=-1), call(x[0, 0], axis=0)],
    "expm1": REAL,
    "flip": [call(x), call(x, axis=0), call(double, axis=(0, 2))],
    "floor": REAL,
    "greater": COMPARED,
    "greater_equal": COMPARED,
    "isfinite": REAL,
    "isnan": REAL,
    "less": COMPARED,
    "less_equal": COMPARED,
    "log": [call(positive), call(positive.astype("float64")), call(positive[0, 0])],
    "log1p": [call(positive), call(positive.astype("float64"))],
    "logical_and": TRUTH,
    "logical_not": [call(mask), call(mask[0, 0])],
    "logical_or": TRUTH,
    "matmul": [call(x, w), call(x, w[:, 0]), call(x[0], w), call(x[0], x[1]), call(double, double.swapaxes(1, 2))],
    "matrix_transpose": [call(x), call(double)],
    "max": REDUCED,
    "maximum": COMPARED,
    "mean": [c for c in REDUCED if c[0][0] is not integers],
    "min": REDUCED,
    "minimum": COMPARED,
    "multiply": BOTH,
    "negative": [*REAL, call(integers)],
    "not_equal": COMPARED,
    "permute_dims": [call(x, (1, 0)), call(double, (2, 0, 1)), call(double, (-1, 0, 1))],
    "pow": [call(positive, y), call(x, 2.0), call(2.0, y), call(integers, 2)],
    "prod": REDUCED,
    "reshape": [call(x, (4, 3)), call(x, (-1,)), call(x[:1, :1], ()), call(x.T, (2, 6))],
    "roll": [call(x, 1), call(x, 2, axis=0), call(double, (1, -1), axis=(0, 1))],
    "sign": [*REAL, call(integers)],
    "sin": REAL[:-1],
    "sinh": REAL,
    "sqrt": [call(positive), call(positive.astype("float64")), call(positive[0, 0])],
    "square": [*REAL, call(integers)],
    "squeeze": [call(x[:1], axis=0), call(double[:1, :, :1], axis=(0, 2))],
    "stack": JOINED,
    "subtract": BOTH,
    "sum": [*REDUCED, call(x, dtype="float64"), call(integers.astype("int8"))],
    "take": [call(x, np.array([2, 0, 2]), axis=0), call(x[0], np.array([3, 1])), call(x, np.array([0]), axis=-1)],
    "take_along_axis": [call(x, order, axis=-1), call(x, np.argsort(x, axis=0), axis=0)],
    "tan": REAL[:-1],
    "tanh": REAL,
    "tensordot": [call(x, w, axes=1), call(x, y, axes=2), call(double, w, axes=((2,), (0,))), call(x[0], w[0], axes=0)],
    "where": [
        call(mask, x, y),
        call(mask, x, 0.0),
        call(mask, 0.0, y),
        call(mask[:1], x, y),
        call(mask[0], double, x[0, 0]),
    ],
}
# Those that make an array out of none.
CREATED: dict[str, list[Call]] = {
    "arange": [call(5), call(1, 7, 2), call(0.0, 1.0, 0.25), call(5, dtype="float32")],
    "eye": [call(3), call(2, 3), call(3, k=1, dtype="float32")],
    "full": [call((2, 3), 1.5), call((), 2), call((2,), 3, dtype="float32"), call((2,), True)],
    "linspace": [call(0.0, 1.0, 5), call(0.0, 1.0, num=4, endpoint=False, dtype="float32")],
    "ones": [call((2, 3)), call(()), call((2,), dtype="float32"), call(3, dtype="int32")],
    "zeros": [call((2, 3)), call(()), call((2,), dtype="float32"), call((0, 2), dtype="bool")],
}
LIKE: dict[str, list[Call]] = {
    "full_like": [call(x, 2.5), call(integers, 3), call(x, 2, dtype="int32"), call(x, fill_value=1.0)],
    "ones_like": [call(x), call(integers), call(x[0, 0]), call(x, dtype="float64")],
    "zeros_like": [call(x), call(mask), call(x[:0]), call(x, dtype="int32")],
}


def cases(table: dict[str, list[Call]]) -> list[Any]:
    return [pytest.param(name, c, id=f"{name}-{i}") for name, calls in table.items() for i, c in enumerate(calls)]


def on(device: str, value: Any) -> Any:
    """`value` with the arrays in it moved to `device`."""
    if isinstance(value, np.ndarray | np.generic):
        return xp.to_device(value, device)
    if isinstance(value, list | tuple):
        return type(value)(on(device, v) for v in value)
    return value


def check(result: Any, expected: Any, device: str, *, exact: bool = True) -> None:
    """`result` is an array on `device` with NumPy's shape, dtype and values: bit for bit where `exact`."""
    assert type(result) is TYPES[Device.parse(device).backend]
    assert str(xp.device_of(result)) == device
    home = xp.to_device(result, "numpy")
    assert (home.shape, home.dtype) == (np.shape(expected), expected.dtype)
    np.testing.assert_allclose(home, expected, rtol=0 if exact else 4 * np.finfo(home.dtype).eps, atol=0)
    if home.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(home), np.signbit(expected))


# Where NumPy's function is not the standard's, a few lines of xparray's serve its arrays.
OWN = {
    "acosh", "argsort", "clip", "count_nonzero", "expm1", "fft.fftfreq", "fft.rfftfreq", "floor_divide", "linalg.eig", "linalg.eigvals",
    "linalg.pinv", "log1p", "mean", "repeat", "searchsorted", "sign", "sort", "std", "var",
}  # fmt: skip
# The methods that NumPy's functions of the same names call.
METHODS = {"all", "any", "argmax", "argmin", "max", "min", "nonzero", "prod", "sum"}


@pytest.mark.parametrize("extension", [None, "linalg", "fft"])
def test_numpys_own_functions_serve_but_for_a_few(extension: str | None) -> None:
    ours, numpys = (m if extension is None else getattr(m, extension) for m in (xp, np))
    names = [name for name in ours.__all__ if inspect.isfunction(getattr(ours, name)) and hasattr(numpys, name)]
    dot = "" if extension is None else f"{extension}."
    functions = xp.get_backend("numpy").functions
    own = {dot + name for name in names if functions[dot + name] is not getattr(numpys, name)}
    assert own == {name for name in OWN | METHODS if name.startswith(dot) and (dot or "." not in name)}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods_serve_in_the_place_of_functions_that_call_them(name: str) -> None:
    assert xp.get_backend("numpy").functions[name] is getattr(np.ndarray, name)
    for x in (np.float64(2.5), np.arange(4.0).view(np.recarray), True):  # none is exactly an ndarray
        result, expected = (
            getattr(xp, name)(x if name != "nonzero" else np.atleast_1d(x)),
            getattr(np, name)(np.atleast_1d(x)),
        )
        np.testing.assert_array_equal(np.ravel(result), np.ravel(expected))


@pytest.mark.filterwarnings("ignore:(overflow|invalid value|divide by zero):RuntimeWarning")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "c"), cases(CALLS))
def test_functions_of_arrays(name: str, c: Call, device: str) -> None:
    args, kwargs = c
    expected = getattr(np, name)(*args, **kwargs)
    before = [np.copy(a) for a in args if isinstance(a, np.ndarray)]
    result = getattr(xp, name)(*on(device, args), **on(device, kwargs))
    # Tagged arrays compute these on polynomials of their own.
    check(result, expected, device, exact=device != "numba" or name not in JITTED)
    for a, b in zip((a for a in args if isinstance(a, np.ndarray)), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "c"), cases(CREATED))
def test_creation(name: str, c: Call, device: str) -> None:
    args, kwargs = c
    expected = getattr(np, name)(*args, **kwargs)
    check(getattr(xp, name)(*args, **kwargs, device=device), expected, device)
    check(getattr(xp, name)(*args, **kwargs, device=Device.parse(device)), expected, device)
    if device == "numpy":
        check(getattr(xp, name)(*args, **kwargs), expected, device)


@pytest.mark.parametrize("source", DEVICES)
@pytest.mark.parametrize("device", [None, *DEVICES])
@pytest.mark.parametrize(("name", "c"), cases(LIKE))
def test_creation_like_an_array(name: str, c: Call, source: str, device: str | None) -> None:
    args, kwargs = c
    expected = np.asarray(getattr(np, name)(*args, **kwargs))
    place = {} if device is None else {"device": device}
    check(getattr(xp, name)(*on(source, args), **kwargs, **place), expected, device or source)


@pytest.mark.parametrize("device", DEVICES)
def test_empty(device: str) -> None:
    for made in (
        xp.empty((2, 3), dtype="float32", device=device),
        xp.empty_like(on("numpy", x[:2, :3]), device=device),
    ):
        assert str(xp.device_of(made)) == device
        assert (tuple(made.shape), xp.to_device(made, "numpy").dtype) == ((2, 3), np.float32)
    assert str(xp.device_of(xp.empty_like(on(device, x)))) == device


DTYPES: list[Callable[[str], Any]] = [
    lambda name: name,
    np.dtype,
    lambda name: getattr(np, name),
    lambda name: getattr(array_api_strict, name),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("spelled", DTYPES, ids=["name", "np.dtype", "np.type", "strict"])
@pytest.mark.parametrize("name", ["float32", "int64", "bool", "complex64"])
def test_a_dtype_is_a_name_or_any_librarys_object(device: str, spelled: Callable[[str], Any], name: str) -> None:
    dtype = spelled(name)
    made = on(device, np.ones(2))
    for result in (
        xp.zeros((2,), dtype=dtype, device=device),
        xp.zeros_like(made, dtype=dtype),
        xp.zeros_like(np.ones(2), dtype=dtype, device=device),
        xp.asarray([1, 0], dtype=dtype, device=device),
        xp.asarray(made, dtype=dtype),
        xp.astype(made, dtype),
    ):
        assert str(xp.device_of(result)) == device
        assert xp.to_device(result, "numpy").dtype == name
    if name in ("float32", "complex64"):
        assert xp.to_device(xp.sum(made, dtype=dtype), "numpy").dtype == name


@pytest.mark.parametrize(
    "make",
    [
        lambda dtype: xp.zeros((2,), dtype=dtype, device="strict"),
        lambda dtype: xp.ones_like(np.ones(2), dtype=dtype, device="strict"),
        lambda dtype: xp.astype(xp.ones((2,), device="strict"), dtype),
        lambda dtype: xp.sum(xp.ones((2,), device="strict"), dtype=dtype),
    ],
    ids=["zeros", "ones_like", "astype", "sum"],
)
def test_a_dtype_that_a_backend_lacks(make: Callable[[str], Any]) -> None:
    with pytest.raises(ValueError) as e:
        make("float16")
    assert str(e.value) == 'device "strict": array-api-strict has no dtype float16'


def test_a_dtype_that_nobody_knows() -> None:
    with pytest.raises(TypeError, match="not understood"):
        xp.zeros((2,), dtype="float33")


@pytest.mark.parametrize("device", [None, *DEVICES])
@pytest.mark.parametrize("dtype", [None, "float32", "complex128"])
@pytest.mark.parametrize(
    "value",
    [
        [[1, 2], [3, 4]],
        (1.5, 2.5),
        3,
        2.5,
        True,
        [],
        [[]],
        range(3),
        np.arange(3),
        np.float32(2),
        np.array(5),
        [np.ones(2)],
    ],
    ids=str,
)
def test_asarray_of_numbers_and_sequences(value: Any, dtype: str | None, device: str | None) -> None:
    check(xp.asarray(value, dtype=dtype, device=device), np.asarray(value, dtype=dtype), device or "numpy")


@pytest.mark.parametrize("device", [None, *DEVICES])
@pytest.mark.parametrize("source", DEVICES)
@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("copy", [None, True])
def test_asarray_of_arrays(source: str, device: str | None, dtype: str | None, copy: bool | None) -> None:
    check(
        xp.asarray(on(source, x), dtype=dtype, device=device, copy=copy), x.astype(dtype or x.dtype), device or source
    )


@pytest.mark.parametrize("copy", [None, True, False])
@pytest.mark.parametrize("dtype", [None, "float64"])
@pytest.mark.parametrize("device", [None, "numpy", "numba", "strict"])
@pytest.mark.parametrize("source", ["numpy", "numba", "strict"])
def test_asarray_copies_when_it_has_to_or_is_told_to(
    source: str, device: str | None, dtype: str | None, copy: bool | None
) -> None:
    a = xp.zeros((2,), device=source)
    stays = device in (None, source) or {source, device} == {"numpy", "numba"}
    if copy is False and not stays:
        with pytest.raises(ValueError) as e:
            xp.asarray(a, dtype=dtype, device=device, copy=copy)
        assert str(e.value) == (
            f"asarray: copy is False, but x lives on {source} and a move to {device} copies; leave out copy=False"
        )
        return
    b = xp.asarray(a, dtype=dtype, device=device, copy=copy)
    b[0] = 1.0
    assert xp.to_device(a, "numpy").tolist() == ([0, 0] if copy or not stays else [1, 0])


@pytest.mark.parametrize("device", DEVICES)
def test_asarray_of_another_dtype_copies_or_says_so(device: str) -> None:
    a = xp.zeros((2,), device=device)
    b = xp.asarray(a, dtype="float32")
    b[0] = 1.0
    assert xp.to_device(a, "numpy").tolist() == [0, 0]
    with pytest.raises(ValueError, match="copy"):
        xp.asarray(a, dtype="float32", copy=False)


@pytest.mark.parametrize("value", [[1, 2], 3.0, True])
def test_asarray_of_a_sequence_always_copies(value: Any) -> None:
    with pytest.raises(ValueError, match="copy"):
        xp.asarray(value, copy=False)


class Elsewhere:
    """An array of a library for which no backend is installed; NumPy can read it."""

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        raise AssertionError("nobody asks")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array([1.0, 2.0], dtype=dtype)


@pytest.mark.parametrize("device", ["numpy", "strict"])
def test_asarray_of_what_numpy_reads(device: str) -> None:
    check(xp.asarray(Elsewhere(), device=device), np.array([1.0, 2.0]), device)
    check(xp.asarray(memoryview(b"ab"), device=device), np.array([97, 98], dtype="uint8"), device)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (None, "NoneType None"),
        ([1, None], r"list \[1, None\]"),
        (object, "type <class 'object'>"),
        ({"a": 1}, "dict {'a': 1}"),
    ],
)
def test_asarray_of_no_numbers(value: Any, named: str) -> None:
    with pytest.raises(
        TypeError, match=f"^asarray: got {named}; expected an array, a number or a nested sequence of them$"
    ):
        xp.asarray(value)


def test_asarray_of_ragged_lists() -> None:
    with pytest.raises(ValueError, match=r"^asarray: got list \[\[1, 2\], \[3\]\]: .* inhomogeneous shape"):
        xp.asarray([[1, 2], [3]])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", ["float64", "int32", "bool"])
@pytest.mark.parametrize("value", [x, x[0, 0], x[:0]], ids=["matrix", "scalar", "empty"])
def test_astype(device: str, dtype: str, value: Any) -> None:
    check(xp.astype(on(device, value), dtype), value.astype(dtype), device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("copy", "seen"), [(True, 0.0), (False, 1.0)])
def test_astype_of_the_same_dtype(device: str, copy: bool, seen: float) -> None:
    a = xp.zeros((2,), device=device)
    b = xp.astype(a, "float64", copy=copy)
    b[0] = 1.0
    assert float(a[0]) == seen


def test_astype_of_a_number() -> None:
    check(xp.astype(2.7, "int32"), np.array(2, dtype="int32"), "numpy")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: xp.where(mask), "missing 2 required positional arguments"),
        (lambda: xp.exp(x, nonsense=1), "nonsense"),
        (lambda: xp.zeros((2,), nonsense=1), "nonsense"),
    ],
)
def test_arguments_that_a_function_does_not_take(wrong: Callable[[], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        wrong()


def test_a_function_that_a_backend_lacks() -> None:
    with pytest.raises(AttributeError) as e:
        xp.get_backend("strict").function("fused_nonsense")
    assert str(e.value) == "fused_nonsense: backend 'strict' (array_api_strict) has no such function"
