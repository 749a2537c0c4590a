"""Arrays from other libraries and to them: DLPack, the buffer and array protocols, masks, files."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import xparray as xp
from xparray import special
from xparray.backends.numba import NumbaArray

HOST = ["numpy", "numba"]
DTYPES = ["bool", "int8", "int64", "uint16", "float16", "float32", "float64", "complex64"]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="torch, a peer to exchange arrays with, is not installed")


class Peer:
    """An array of another library, which knows nothing but DLPack."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", [None, *HOST])
def test_from_dlpack_shares_the_memory_of_the_host(device: str | None, dtype: str) -> None:
    values = np.arange(6).reshape(2, 3).astype(dtype)
    x = xp.from_dlpack(Peer(values), device=device)
    assert str(xp.device_of(x)) == (device or "numpy")
    assert (x.dtype, x.shape, x.tolist()) == (dtype, (2, 3), values.tolist())
    assert np.shares_memory(x, values)
    assert not np.shares_memory(xp.from_dlpack(Peer(values), device=device, copy=True), values)


@pytest.mark.parametrize("values", [np.array(3.0), np.zeros((0, 3)), np.arange(12.0).reshape(3, 4).T[::2]])
def test_from_dlpack_takes_any_shape_and_strides(values: Any) -> None:
    x = xp.from_dlpack(Peer(values), device="numba")
    assert (type(x), x.shape, x.tolist()) == (NumbaArray, values.shape, values.tolist())


def test_from_dlpack_of_arrays_that_are_ours() -> None:
    for device in HOST:
        x = xp.ones((2,), device=device)
        assert np.shares_memory(xp.from_dlpack(x), x)
        assert str(xp.device_of(xp.from_dlpack(x))) == device
        assert not np.shares_memory(xp.from_dlpack(x, copy=True), x)
    x = xp.ones((2,), device="strict:device1")
    assert str(xp.device_of(xp.from_dlpack(x))) == "strict:device1"
    assert xp.from_dlpack(x, device="numpy").tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: xp.from_dlpack([1.0]), AttributeError, "'list' object has no attribute '__dlpack_device__'"),
        (lambda: xp.from_dlpack(Peer(np.array(["a"]))), BufferError, "DLPack only supports"),
        (
            lambda: xp.from_dlpack(Peer(np.ones(2)), device="strict:device1", copy=False),
            ValueError,
            "copy is False, but x lives on numpy and a move to strict:device1 copies",
        ),
        (lambda: xp.from_dlpack(Peer(np.ones(2)), device="numpy:1"), ValueError, "has one memory only"),
    ],
)
def test_what_from_dlpack_refuses(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert text in str(e.value)


@pytest.mark.parametrize("device", HOST)
def test_numpy_takes_ours_by_every_protocol(device: str) -> None:
    x = xp.asarray([1.0, 2.0], device=device)
    for y in (np.from_dlpack(x), np.asarray(x), np.frombuffer(x), np.asarray(memoryview(x))):
        assert type(y) is np.ndarray
        assert np.shares_memory(x, y)
        assert y.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", HOST)
def test_torch_and_back(torch: Any, device: str, dtype: str) -> None:
    x = xp.asarray(np.arange(6).reshape(2, 3), dtype=dtype, device=device)
    t = torch.from_dlpack(x)
    assert (tuple(t.shape), t.tolist()) == ((2, 3), x.tolist())
    t[0, 0] = 1
    assert x[0, 0] == 1
    back = xp.from_dlpack(t, device=device)
    assert (type(back), back.dtype) == (type(x), x.dtype)
    assert np.shares_memory(back, x)
    read = xp.asarray(t.T, device=device)  # by the array protocol
    assert (type(read), read.shape) == (type(x), (3, 2))
    assert np.shares_memory(read, x)


def test_torch_of_a_tagged_array(torch: Any) -> None:
    x = xp.asarray([1.0, 2.0], device="numba")
    for t in (torch.as_tensor(x), torch.asarray(x), torch.from_numpy(x)):
        t += 1
    assert x.tolist() == [4, 5]
    y = xp.exp(xp.from_dlpack(torch.zeros(2), device="numba"))
    assert (type(y), y.tolist()) == (NumbaArray, [1, 1])


def test_torch_has_dtypes_that_numpy_lacks(torch: Any) -> None:
    with pytest.raises(RuntimeError, match="dtype"):
        xp.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(BufferError, match="gradient"):
        xp.from_dlpack(torch.ones(2, requires_grad=True))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "x",
    [
        xp.asarray([[1.0, 2.0]], dtype="float32", device="numba"),
        xp.asarray(3, device="numba"),
        xp.asarray([[1.0, 2.0]], device="numba").T,
        xp.asarray([1.0, 2.0], device="numpy"),
    ],
)
def test_pickles_keep_the_device(x: Any, protocol: int) -> None:
    together = pickle.loads(pickle.dumps({"a": [x], "b": x}, protocol=protocol))
    y = together["b"]
    assert y is together["a"][0]
    assert (type(y), y.dtype, y.shape, y.tolist()) == (type(x), x.dtype, x.shape, x.tolist())
    y += 1
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, np.copy, xp.asarray, lambda x: xp.asarray(x, copy=True)])
def test_copies_of_read_only_and_strided_arrays(how: Callable[[Any], Any]) -> None:
    x = xp.asarray(np.arange(6.0), device="numba")[::2]
    x.flags.writeable = False
    y = how(x)
    assert y.tolist() == [0, 2, 4]
    assert type(y) is (np.ndarray if how is np.copy else NumbaArray)


def test_files(tmp_path: Path) -> None:
    x = xp.asarray([1.0, 2.0], device="numba")
    np.savez(tmp_path / "x.npz", x=x)
    with np.load(tmp_path / "x.npz") as file:
        assert (type(file["x"]), file["x"].tolist()) == (np.ndarray, [1, 2])
    mapped = np.memmap(tmp_path / "m", dtype="float32", mode="w+", shape=(3,))
    assert (type(xp.asarray(mapped)), type(xp.add(mapped, 1))) == (np.ndarray, np.ndarray)
    assert np.shares_memory(xp.to_device(mapped, "numba"), mapped)


MASK = (
    "a masked array would lose its mask: write x.filled(value), or x.compressed() for the elements that are not masked"
)


@pytest.mark.parametrize(
    ("function", "argument", "call"),
    [
        ("exp", 0, lambda x: xp.exp(x)),
        ("add", 0, lambda x: xp.add(x, 1.0)),
        ("add", 1, lambda x: xp.add(np.ones(2), x)),
        ("sum", 0, lambda x: xp.sum(x, axis=0)),
        ("concat", 1, lambda x: xp.concat([np.ones(2), x])),
        ("where", 2, lambda x: xp.where(np.ones(2, bool), 1.0, x)),
        ("einsum", 0, lambda x: xp.einsum("i->", x)),
        ("asarray", 0, lambda x: xp.asarray(x)),
        ("asarray", 0, lambda x: xp.asarray(x, dtype="float32", device="numba")),
        ("asarray", 0, lambda x: xp.from_dlpack(x)),
        ("asarray", 0, lambda x: xp.astype(x, "float32")),
        ("zeros_like", 0, lambda x: xp.zeros_like(x)),
        ("to_device", 0, lambda x: xp.to_device(x, "numba")),
        ("device_of", 0, lambda x: xp.device_of(x)),
        ("special.expit", 0, lambda x: special.expit(x)),
        ("linalg.det", 0, lambda x: xp.linalg.det(x)),
        ("fft.fft", 0, lambda x: xp.fft.fft(x)),
        ("doubled", 0, lambda x: xp.kernel(doubled)(x)),
        ("doubled", 0, lambda x: xp.elementwise(doubled)(x)),
    ],
)
def test_a_mask_is_not_lost(function: str, argument: int, call: Callable[[Any], Any]) -> None:
    x = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(TypeError) as e:
        call(x)
    assert str(e.value) == f"{function}: argument {argument} is MaskedArray (2,) float64: {MASK}"
    assert call(x.filled(0.0) if function != "linalg.det" else np.eye(2)) is not None


def doubled(x: Any) -> Any:
    return x + x


def test_other_subclasses_are_ndarrays() -> None:
    for x in (np.ones(2).view(np.recarray), np.ones((1, 2)).view(np.matrix)):
        assert type(xp.exp(x)) is type(xp.asarray(x)) is np.ndarray


def test_strict_arrays_are_what_they_are() -> None:
    x = array_api_strict.asarray([1.0, 2.0])
    assert type(xp.asarray(x)) is type(x)
    assert xp.from_dlpack(x, device="numba").tolist() == [1, 2]
