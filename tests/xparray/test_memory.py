"""The pool of host memory: blocks come back, and never too early."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from xparray._memory import empty, memory_info, memory_pool, scratch

LARGE = (300, 300)


@pytest.fixture(autouse=True)
def fresh_pool() -> Iterator[None]:
    before = memory_info()
    memory_pool(True)
    yield
    memory_pool(before.enabled, limit=before.limit)


def address(x: np.ndarray) -> int:
    return x.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0, 5), (3,), LARGE, (2, 3, 40_000)], ids=str)
def test_it_is_a_plain_writable_array(shape: tuple[int, ...], dtype: str) -> None:
    x = empty(shape, dtype)
    assert (type(x), x.shape, x.dtype, x.flags.carray) == (np.ndarray, shape, np.dtype(dtype), True)


def test_a_block_is_used_again_once_nothing_refers_to_it() -> None:
    x = empty(LARGE)
    at = address(x)
    del x
    assert address(empty(LARGE)) == at


@pytest.mark.parametrize(
    "refer",
    [lambda x: x[5:].T, lambda x: memoryview(x), lambda x: x.reshape(-1).view("u1")],
    ids=["view", "buffer", "dtype"],
)
def test_whatever_refers_to_a_result_keeps_its_block(refer: object) -> None:
    x = empty(LARGE)
    at, kept = address(x), refer(x)  # type: ignore[operator]
    del x
    y = empty(LARGE)
    assert address(y) != at
    del kept, y
    assert at in {address(a) for a in [empty(LARGE), empty(LARGE)]}


def test_similar_sizes_share_blocks() -> None:
    at = address(empty((30_000,)))
    assert address(empty((29_990,))) == at


def test_the_pool_holds_no_more_than_its_limit() -> None:
    memory_pool(limit=1_000_000)
    arrays = [empty((100_000,)) for _ in range(5)]
    del arrays
    assert 0 < memory_info().held <= 1_000_000


def test_it_counts() -> None:
    before = memory_info()
    first = empty(LARGE)
    del first
    second = empty(LARGE)
    after = memory_info()
    assert (after.taken - before.taken, after.reused - before.reused) == (2, 1)
    assert (after.held, second.shape) == (0, LARGE)


def test_off_it_holds_nothing() -> None:
    x = empty(LARGE)
    memory_pool(False)
    del x
    assert (memory_info().held, memory_info().enabled) == (0, False)
    assert empty(LARGE).base is None


def test_the_environment_switches_it_off() -> None:
    program = "from xparray._memory import memory_info; print(memory_info().enabled)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"XPARRAY_POOL": "0"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_limit_below_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match="memory_pool: limit is -1; expected a number of bytes, 0 or more"):
        memory_pool(limit=-1)


def test_threads_never_share_a_block() -> None:
    wrong = []

    def work(n: int) -> None:
        for _ in range(500):
            x = empty((20_000,), np.int64)
            x.fill(n)
            if not (x == n).all():
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_the_scratch_of_a_thread_is_the_same_memory_each_time_and_grows() -> None:
    first = scratch(100, np.float32)
    assert scratch(50, np.float64).ctypes.data == first.ctypes.data
    larger = scratch(1 << 22, np.float32)
    assert scratch(8, np.float32).ctypes.data == larger.ctypes.data


def test_two_threads_have_scratch_of_their_own() -> None:
    other = []
    thread = threading.Thread(target=lambda: other.append(scratch(100, np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(other[0], scratch(100, np.float32))


@pytest.mark.parametrize("make", [lambda n: empty((n,), np.float32), lambda n: scratch(n, np.float32)])
def test_large_memory_begins_with_a_line_of_the_cache(make: Callable[[int], Any]) -> None:
    assert [make(n).ctypes.data % 64 for n in (1 << 15, 100_003, 1 << 20)] == [0, 0, 0]
