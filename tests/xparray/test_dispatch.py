"""The mixing rule: which backend computes a function of several arrays, and what is said where none may."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import xparray as xp
from xparray import Device
from xparray.backends.numba import NumbaArray

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
TYPES = {"numpy": np.ndarray, "numba": NumbaArray, "strict": type(array_api_strict.empty(0))}

# Where a function of two arrays computes; pairs that are not here do not mix.
RESULT = {
    ("numpy", "numpy"): "numpy",
    ("numpy", "numba"): "numba",
    ("numba", "numpy"): "numba",
    ("numba", "numba"): "numba",
    ("strict", "strict"): "strict",
    ("strict:device1", "strict:device1"): "strict:device1",
}
PAIRS = list(itertools.product(DEVICES, DEVICES))


@xp.kernel
def weighted_sum(a: xp.Array, b: xp.Array, weight: float) -> xp.Array:
    return a + weight * b


@weighted_sum.on("host", jit=False)
def _(a: xp.Array, b: xp.Array, weight: float) -> xp.Array:
    assert type(a) is type(b) is np.ndarray
    return a + weight * b


# How a call names itself in the error, and the call.
CALLS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "two arrays": ("add", xp.add),
    "comparison": ("less", xp.less),
    "product": ("matmul", xp.matmul),
    "options": ("tensordot", lambda a, b: xp.tensordot(a, b, axes=1)),
    "sequence": ("concat", lambda a, b: xp.concat([a, b])),
    "tuple": ("stack", lambda a, b: xp.stack((a, b), axis=1)),
    "three arrays": ("where", lambda a, b: xp.where(a, b, 0.0)),
    "bound": ("clip", lambda a, b: xp.clip(a, b)),
    "einsum": ("einsum", lambda a, b: xp.einsum("i,i->i", a, b)),
    "kernel": ("weighted_sum", lambda a, b: weighted_sum(a, b, 2.0)),
}


def ones(device: str, shape: tuple[int, ...] = (2,), dtype: str = "float32") -> Any:
    return xp.ones(shape, dtype=dtype, device=device)


def arguments(kind: str, a: str, b: str) -> tuple[Any, Any]:
    return ones(a, dtype="bool" if kind == "three arrays" else "float32"), ones(b)


@pytest.mark.parametrize(("a", "b"), [pair for pair in PAIRS if pair in RESULT])
@pytest.mark.parametrize("kind", CALLS)
def test_arrays_that_mix(kind: str, a: str, b: str) -> None:
    y = CALLS[kind][1](*arguments(kind, a, b))
    where = RESULT[a, b]
    assert str(xp.device_of(y)) == where
    assert type(y) is TYPES[Device.parse(where).backend]
    expected = CALLS[kind][1](*arguments(kind, "numpy", "numpy"))
    np.testing.assert_array_equal(xp.to_device(y, "numpy"), expected)


@pytest.mark.parametrize(("a", "b"), [pair for pair in PAIRS if pair not in RESULT])
@pytest.mark.parametrize("kind", CALLS)
def test_arrays_that_do_not_mix(kind: str, a: str, b: str) -> None:
    name, call = CALLS[kind]
    x, y = arguments(kind, a, b)
    with pytest.raises(ValueError) as e:
        call(x, y)
    dtype = "bool" if kind == "three arrays" else "float32"
    assert str(e.value) == (
        f"{name}: arguments live on different devices: argument 0: (2,) {dtype} on {a}; argument 1: (2,) float32 on {b}; "
        f"move argument 1 with xp.to_device(x, '{a}')"
    )
    assert str(xp.device_of(call(x, xp.to_device(y, a)))) == a  # the advice helps


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_namespace_of_two_arrays(a: str, b: str) -> None:
    if (a, b) in RESULT:
        backend = xp.get_backend(Device.parse(RESULT[a, b]).backend)
        assert xp.array_namespace(ones(a), ones(b)) is backend.namespace
    else:
        with pytest.raises(ValueError, match=r"^array_namespace: arguments live on different devices: argument 0: "):
            xp.array_namespace(ones(a), ones(b))


@pytest.mark.parametrize(
    ("arrays", "name"),
    [
        ((), "numpy"),
        ((1.0,), "numpy"),
        ((None, np.ones(2), 3), "numpy"),
        ((1, xp.ones((2,), device="numba")), "xparray.backends.numba"),
        ((xp.ones((2,), device="strict"), 2.0), "array_api_strict"),
    ],
)
def test_namespace_beside_numbers(arrays: tuple[Any, ...], name: str) -> None:
    assert xp.array_namespace(*arrays).__name__ == name


def test_the_error_names_every_array_and_no_number() -> None:
    with pytest.raises(ValueError) as e:
        weighted_sum(ones("strict", (2, 3), "float64"), 2.0, ones("numba", (), "int32"))
    assert str(e.value) == (
        "weighted_sum: arguments live on different devices: argument 0: (2, 3) float64 on strict; "
        "argument 2: () int32 on numba; move argument 2 with xp.to_device(x, 'strict')"
    )


@pytest.mark.parametrize(
    ("devices", "moved", "target"),
    [
        (("numpy", "numba", "strict"), 2, "numpy"),
        (("numba", "numpy", "numpy", "strict"), 3, "numba"),
        (("strict", "strict", "numba", "numpy"), "s 2 and 3", "strict"),
        (("numpy", "strict", "strict"), 0, "strict"),
        (("strict", "numba", "numpy"), 0, "numba"),
        (("strict", "strict:device1"), 1, "strict"),
    ],
)
def test_the_arrays_to_move_are_those_outside_of_the_place_that_holds_most(
    devices: tuple[str, ...], moved: int | str, target: str
) -> None:
    which = f"arguments {moved[2:]}" if isinstance(moved, str) else f"argument {moved}"
    with pytest.raises(ValueError, match=rf"; move {which} with xp\.to_device\(x, '{target}'\)$"):
        xp.stack([ones(d) for d in devices])


def test_one_device_of_many_arrays_wins() -> None:
    arrays = [ones(d) for d in ("numpy", "numpy", "numba", "numpy")]
    assert type(xp.concat(arrays)) is NumbaArray
    with pytest.raises(ValueError, match=r"^concat: .*; argument 4: \(2,\) float32 on strict; move argument"):
        xp.concat([*arrays, ones("strict")])


# A Python number takes the array's dtype and device; a NumPy scalar is an array of no axes with a dtype of its own.
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("number", [2, 2.0])
@pytest.mark.parametrize("left", [True, False])
def test_python_numbers_are_weak(device: str, number: Any, left: bool) -> None:
    x = ones(device)
    y = xp.multiply(number, x) if left else xp.multiply(x, number)
    assert str(xp.device_of(y)) == device
    assert xp.to_device(y, "numpy").dtype == np.float32
    assert xp.to_device(y, "numpy").tolist() == [number, number]


@pytest.mark.parametrize("device", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("scalar", "dtype"),
    [
        (np.float64(2), "float64"),
        (np.float32(2), "float32"),
        (np.int64(2), "float64"),
        (np.int8(2), "float32"),
        (np.bool_(True), "float32"),
        (np.complex64(2), "complex64"),
    ],
)
def test_numpy_scalars_are_arrays_on_the_host(device: str, scalar: np.generic, dtype: str) -> None:
    for y in (xp.add(ones(device), scalar), xp.add(scalar, ones(device))):
        assert (type(y), y.dtype) == (TYPES[device], dtype)


@pytest.mark.parametrize(
    ("scalar", "dtype"), [(np.float64(2), "float64"), (np.float32(2), "float32"), (np.int16(2), "int16")]
)
def test_numpy_scalars_do_not_mix_with_another_memory(scalar: np.generic, dtype: str) -> None:
    with pytest.raises(ValueError) as e:
        xp.add(ones("strict"), scalar)
    assert str(e.value) == (
        f"add: arguments live on different devices: argument 0: (2,) float32 on strict; argument 1: () {dtype} on numpy; "
        "move argument 1 with xp.to_device(x, 'strict')"
    )
    assert xp.to_device(xp.add(ones("strict"), float(scalar)), "numpy").tolist() == [3, 3]


@pytest.mark.parametrize("x", [np.float64(4), np.float32(4), np.int64(4), 4.0, 4])
def test_a_function_of_a_lone_scalar_is_an_array(x: Any) -> None:
    for y in (xp.sqrt(x), xp.add(x, 1), xp.maximum(1, x), xp.where(True, x, 0)):
        assert type(y) is np.ndarray
        assert y.shape == ()


@pytest.fixture(params=["matrix", "memmap", "recarray", "own"])
def subclassed(request: pytest.FixtureRequest, tmp_path: Path) -> np.ndarray[Any, Any]:
    """[[1, 2]] float64 as a subclass of ndarray."""

    class Own(np.ndarray[Any, Any]):
        pass

    values = np.array([[1.0, 2.0]])
    if request.param == "memmap":
        x = np.memmap(tmp_path / "values.bin", dtype="float64", mode="w+", shape=(1, 2))
        x[:] = values
        return x
    return values.view({"matrix": np.matrix, "recarray": np.recarray, "own": Own}[request.param])


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_subclasses_of_ndarray_are_numpys_and_give_plain_arrays(subclassed: np.ndarray[Any, Any]) -> None:
    x = subclassed
    assert str(xp.device_of(x)) == "numpy"
    for y in (xp.add(x, 1.0), xp.exp(x), xp.concat([x, np.ones((1, 2))]), xp.asarray(x), xp.to_device(x, "numpy")):
        assert type(y) is np.ndarray
    assert np.shares_memory(xp.to_device(x, "numba"), x)
    assert type(xp.add(x, ones("numba"))) is NumbaArray
    with pytest.raises(ValueError, match=r"move argument 1 with xp\.to_device"):
        xp.add(x, ones("strict"))


class Unknown:
    pass


@pytest.mark.parametrize(
    ("x", "named"), [([1, 2], "builtins.list"), ("text", "builtins.str"), (Unknown(), r"[\w.]*test_dispatch.Unknown")]
)
@pytest.mark.parametrize(
    "call",
    [
        xp.exp,
        xp.device_of,
        xp.array_namespace,
        lambda x: xp.add(np.ones(2), x),
        lambda x: xp.stack([x, np.ones(2)]),
        lambda x: weighted_sum(np.ones(2), x, 1.0),
        xp.zeros_like,
        lambda x: xp.einsum("i->", x),
    ],
    ids=["one", "device_of", "array_namespace", "two", "many", "kernel", "like", "einsum"],
)
def test_what_is_no_array(call: Callable[[Any], Any], x: Any, named: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{named} is no array of an installed backend; convert it with xp\.asarray\(x\)$"
    ):
        call(x)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: xp.exp([1, 2]), "exp: argument 0 is [1, 2]: builtins.list is no array"),
        (lambda: xp.add(np.ones(2), [1, 2]), "add: argument 1 is [1, 2]: builtins.list is no array"),
        (lambda: xp.stack([np.ones(2), "ab"]), "stack: argument 1 is 'ab': builtins.str is no array"),
        (lambda: weighted_sum(np.ones(2), [1, 2], 1.0), "weighted_sum: argument 1 is [1, 2]: builtins.list is no array"),
        (lambda: xp.zeros_like([1, 2]), "zeros_like: argument 0 is [1, 2]: builtins.list is no array"),
        (lambda: xp.device_of([1, 2]), "device_of: argument 0 is [1, 2]: builtins.list is no array"),
        (lambda: xp.to_device([1, 2], "numba"), "to_device: argument 0 is [1, 2]: builtins.list is no array"),
    ],
)  # fmt: skip
def test_what_is_no_array_is_named_with_the_function_and_its_place(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(TypeError) as e:
        call()
    assert str(e.value) == f"{text} of an installed backend; convert it with xp.asarray(x)"


def test_a_registered_type_and_its_subclasses_go_to_their_backend() -> None:
    class Quantity:
        shape, dtype = (), np.dtype("float64")

    class Length(Quantity):
        pass

    class Quantities(xp.Backend):
        name = "quantities"

    backend = Quantities()
    xp.register_array_type(Quantity, backend)
    assert str(xp.device_of(Quantity())) == "quantities"
    assert str(xp.device_of(Length())) == "quantities"
    with pytest.raises(
        ValueError, match=r"argument 0: \(\) float64 on quantities; argument 1: \(2,\) float64 on numpy"
    ):
        xp.add(Length(), np.ones(2))
