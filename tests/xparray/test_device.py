"""Where an array lives: names of devices, moves between them, and what a moved or copied array keeps."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xparray as xp
from xparray import Device
from xparray.backends.numba import NumbaArray

DEVICES = ["numpy", "numba", "strict", "strict:device1"]
HOST = ["numpy", "numba"]


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("numpy", Device("numpy")),
        ("numba", Device("numba", "")),
        ("cuda:0", Device("cuda", "0")),
        ("cuda:0", Device("cuda")),
        ("strict:device1", Device("strict", "device1")),
    ],
)
def test_a_device_and_its_name(text: str, device: Device) -> None:
    assert Device.parse(text) == device
    assert str(device) == text
    assert Device.parse(device) is device
    assert len({device, Device.parse(text), Device("elsewhere")}) == 2
    assert pickle.loads(pickle.dumps(device)) == device


@pytest.mark.parametrize(
    ("spec", "error", "text"),
    [
        ("", ValueError, """device: got ''; expected "backend" or "backend:part", such as "numpy" or "cuda:0\""""),
        (":0", ValueError, """device: got ':0'; expected "backend" or "backend:part", such as "numpy" or "cuda:0\""""),
        (3, TypeError, """device: got 3 (int); expected a string such as "numpy" or "cuda:0\""""),
        (None, TypeError, """device: got None (NoneType); expected a string such as "numpy" or "cuda:0\""""),
    ],
)
def test_what_is_no_name_of_a_device(spec: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        Device.parse(spec)
    assert str(e.value) == text


@pytest.mark.parametrize(
    ("device", "text"),
    [
        ("numpy:1", "device 'numpy:1': backend 'numpy' has one memory only; write 'numpy'"),
        ("numba:0", "device 'numba:0': backend 'numba' has one memory only; write 'numba'"),
        ("strict:device9", "device 'strict:device9': array-api-strict has CPU_DEVICE, device1, device2"),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        lambda d: xp.to_device(np.ones(2), d),
        lambda d: xp.zeros((2,), device=d),
        lambda d: xp.zeros_like(np.ones(2), device=d),
        lambda d: xp.asarray([1.0], device=d),
        lambda d: xp.random.default_rng(0).normal((2,), device=d),
    ],
    ids=["to_device", "zeros", "zeros_like", "asarray", "random"],
)
def test_a_part_that_a_backend_lacks(place: Callable[[str], Any], device: str, text: str) -> None:
    with pytest.raises(ValueError) as e:
        place(device)
    assert str(e.value) == text


@pytest.mark.parametrize("target", DEVICES)
@pytest.mark.parametrize("source", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_every_move_keeps_values_shape_and_dtype(source: str, target: str, dtype: str, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    x = xp.asarray(values, device=source)
    y = xp.to_device(x, target)
    assert (str(xp.device_of(x)), str(xp.device_of(y))) == (source, target)
    home = xp.to_device(y, "numpy")
    assert type(home) is np.ndarray
    assert (home.dtype, home.shape) == (values.dtype, shape)
    np.testing.assert_array_equal(home, values)


@pytest.mark.parametrize("device", DEVICES)
def test_a_move_to_where_it_lives_is_the_array_itself(device: str) -> None:
    x = xp.ones((2,), device=device)
    assert xp.to_device(x, device) is x
    assert xp.to_device(x, xp.device_of(x)) is x


@pytest.mark.parametrize("target", HOST)
@pytest.mark.parametrize("source", HOST)
def test_host_backends_share_memory(source: str, target: str) -> None:
    x = xp.zeros((3,), device=source)
    y = xp.to_device(x, target)
    assert xp.shares_memory(x, y)
    y[1] = 5
    assert x.tolist() == [0, 5, 0]


@pytest.mark.parametrize(
    ("source", "target"), [("numpy", "strict"), ("numba", "strict"), ("strict", "numpy"), ("strict", "strict:device1")]
)
def test_a_move_to_another_memory_copies(source: str, target: str) -> None:
    x = xp.zeros((3,), device=source)
    y = xp.to_device(x, target)
    if source != "strict":
        assert not xp.shares_memory(x, y)
    y[1] = 5
    assert xp.to_device(x, "numpy").tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("x", "dtype"), [(2, "int64"), (2.5, "float64"), (True, "bool"), (np.float32(2.5), "float32"), (1j, "complex128")]
)
@pytest.mark.parametrize("device", DEVICES)
def test_a_number_moves_as_an_array_of_no_axes(x: Any, dtype: str, device: str) -> None:
    y = xp.to_device(x, device)
    assert str(xp.device_of(y)) == device
    home = xp.to_device(y, "numpy")
    assert (home.shape, home.dtype, home[()]) == ((), dtype, x)


def test_moving_a_list_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"list is no array of an installed backend; convert it with xp\.asarray\(x\)"):
        xp.to_device([1, 2], "numba")


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        (lambda x: x, lambda x: x[1:], True),
        (lambda x: x, lambda x: x.copy(), False),
        (lambda x: x[:2], lambda x: x[2:], False),
        (lambda x: xp.to_device(x, "numba"), lambda x: x, True),
        (lambda x: xp.to_device(x, "strict"), lambda x: x, False),
    ],
    ids=["view", "copy", "halves", "tagged", "strict"],
)
def test_shared_memory(a: Callable[[Any], Any], b: Callable[[Any], Any], shared: bool) -> None:
    x = np.zeros(4)
    assert xp.shares_memory(a(x), b(x)) is shared
    assert xp.shares_memory(b(x), a(x)) is shared


@pytest.mark.parametrize(
    "kept",
    [
        *(lambda x, p=p: pickle.loads(pickle.dumps(x, protocol=p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        copy.copy,
        copy.deepcopy,
        lambda x: x.copy(),
    ],
    ids=[*(f"pickle{p}" for p in range(pickle.HIGHEST_PROTOCOL + 1)), "copy", "deepcopy", "method"],
)
@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0, 4.0]], [], 3.0])
def test_a_copy_of_a_tagged_array_keeps_the_tag(kept: Callable[[Any], Any], values: Any) -> None:
    x = xp.asarray(values, dtype="float32", device="numba")
    y = kept(x)
    assert type(y) is NumbaArray
    assert (y.dtype, y.shape, y.tolist()) == (x.dtype, x.shape, x.tolist())
    assert not np.shares_memory(x, y)


def test_a_tagged_array_is_an_ndarray_for_everyone(tmp_path: Path) -> None:
    x = xp.asarray([1.0, 2.0, 3.0], device="numba")
    assert isinstance(x, np.ndarray)
    plain = np.asarray(x)
    assert type(plain) is np.ndarray
    plain[0] = 7
    assert x.tolist() == [7, 2, 3]
    np.save(tmp_path / "x.npy", x)
    assert type(np.load(tmp_path / "x.npy")) is np.ndarray
    assert bytes(x) == x.tobytes()


@pytest.mark.parametrize(
    "result",
    [
        lambda x: x + 1,
        lambda x: 1 - x,
        lambda x: -x,
        lambda x: x * np.ones(3),
        lambda x: np.ones(3) * x,
        lambda x: x > 1,
        lambda x: x[:2],
        lambda x: x[[0, 0]],
        lambda x: x.reshape(3, 1),
        lambda x: x.T,
        lambda x: x.sum(keepdims=True),
        lambda x: np.exp(x),
    ],
    ids=["+", "r-", "-", "*", "r*", ">", "slice", "fancy", "reshape", "T", "sum", "np.exp"],
)
def test_operators_and_methods_of_a_tagged_array_keep_the_tag(result: Callable[[Any], Any]) -> None:
    assert type(result(xp.asarray([1.0, 2.0, 3.0], device="numba"))) is NumbaArray


CREATIONS: dict[str, Callable[..., Any]] = {
    "arange": lambda **place: xp.arange(3, **place),
    "asarray of a list": lambda **place: xp.asarray([1.0, 2.0], **place),
    "asarray of a number": lambda **place: xp.asarray(2.0, **place),
    "asarray of nothing": lambda **place: xp.asarray([], **place),
    "empty": lambda **place: xp.empty((2,), **place),
    "eye": lambda **place: xp.eye(2, **place),
    "full": lambda **place: xp.full((2,), 3.0, **place),
    "linspace": lambda **place: xp.linspace(0.0, 1.0, 3, **place),
    "ones": lambda **place: xp.ones((2,), **place),
    "zeros": lambda **place: xp.zeros((2,), dtype="int32", **place),
    "fftfreq": lambda **place: xp.fft.fftfreq(4, **place),
    "normal": lambda **place: xp.random.default_rng(0).normal((2,), **place),
    "integers": lambda **place: xp.random.default_rng(0).integers((2,), 0, 5, **place),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", CREATIONS)
def test_a_block_says_where_arrays_are_made(name: str, device: str) -> None:
    make = CREATIONS[name]
    assert str(xp.device_of(make())) == "numpy"
    with xp.device(device) as place:
        assert place == Device.parse(device)
        assert str(xp.device_of(make())) == device
        assert str(xp.device_of(make(device="numba"))) == "numba"
        assert xp.__array_namespace_info__().default_device() == place
    assert str(xp.device_of(make())) == "numpy"


@pytest.mark.parametrize("home", DEVICES)
def test_a_block_moves_no_array(home: str) -> None:
    x = xp.ones((2,), device=home)
    with xp.device("strict:device2"):
        for y in (xp.asarray(x), xp.exp(x), xp.zeros_like(x), xp.add(x, 1.0), xp.asarray(x, dtype="float32"), x + 1):
            assert str(xp.device_of(y)) == home


def test_blocks_nest_and_end_with_an_error_too() -> None:
    outer = xp.device("numba")
    with outer:
        with xp.device("strict"):
            with outer, pytest.raises(ZeroDivisionError), xp.device("strict:device1"):
                assert str(xp.device_of(xp.zeros(1))) == "strict:device1"
                raise ZeroDivisionError
            assert str(xp.device_of(xp.zeros(1))) == "strict"
        assert str(xp.device_of(xp.zeros(1))) == "numba"
    assert str(xp.device_of(xp.zeros(1))) == "numpy"
    assert repr(outer) == "xparray.device('numba')"


def test_a_block_is_of_its_thread() -> None:
    scope = xp.device("numba")
    seen: list[str] = []
    barrier = threading.Barrier(2)

    def run(device: str) -> None:
        seen.append(str(xp.device_of(xp.zeros(1))))
        with scope, xp.device(device):
            barrier.wait(10)
            seen.append(str(xp.device_of(xp.zeros(1))))
            barrier.wait(10)

    with scope:
        threads = [threading.Thread(target=run, args=(device,)) for device in ("strict:device1", "strict:device2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert str(xp.device_of(xp.zeros(1))) == "numba"
    assert sorted(seen) == ["numpy", "numpy", "strict:device1", "strict:device2"]


def test_a_block_is_of_its_task() -> None:
    async def run(device: str) -> list[str]:
        seen = []
        with xp.device(device):
            for _ in range(3):
                await asyncio.sleep(0)
                seen.append(str(xp.device_of(xp.zeros(1))))
        return [*seen, str(xp.device_of(xp.zeros(1)))]

    async def all_at_once() -> list[list[str]]:
        with xp.device("strict"):
            return await asyncio.gather(*(run(device) for device in ("numba", "strict:device1")))

    assert asyncio.run(all_at_once()) == [["numba"] * 3 + ["strict"], ["strict:device1"] * 3 + ["strict"]]


@pytest.mark.parametrize(
    ("place", "error", "text"),
    [
        ("numpy:1", ValueError, "device 'numpy:1': backend 'numpy' has one memory only; write 'numpy'"),
        (None, TypeError, """device: got None (NoneType); expected a string such as "numpy" or "cuda:0\""""),
        ("tpu", ValueError, "device 'tpu': no such backend is installed"),
    ],
)
def test_a_block_of_no_device(place: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as e:
        xp.device(place)
    assert str(e.value).startswith(text)
    assert str(xp.device_of(xp.zeros(1))) == "numpy"
