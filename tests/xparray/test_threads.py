"""Loops shared by threads: every index once, the same results for any number of threads, errors where they belong."""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from xparray._threads import num_threads, set_num_threads, share


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = num_threads()
    yield
    set_num_threads(before)


def count(seen: np.ndarray, start: int, stop: int) -> None:
    seen[start:stop] += 1


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize(("n", "grain"), [(0, 1), (1, 1), (5, 1), (1000, 1), (1000, 64), (63, 64)])
def test_every_index_is_visited_once(n: int, grain: int, threads: int) -> None:
    set_num_threads(threads)
    seen = np.zeros(n, int)
    share(count, n, seen, least=0, grain=grain)
    assert (seen == 1).all()


def test_shares_begin_at_multiples_of_the_grain() -> None:
    set_num_threads(3)
    starts: list[int] = []
    share(lambda start, stop: starts.append(start), 1000, least=0, grain=64)
    assert len(starts) == 3
    assert all(start % 64 == 0 for start in starts)


def test_little_work_stays_with_the_caller() -> None:
    set_num_threads(2)
    threads: set[int] = set()
    share(lambda start, stop: threads.add(threading.get_ident()), 99, least=100)
    assert threads == {threading.get_ident()}


def test_what_a_share_raises_reaches_the_caller_and_the_next_call_works() -> None:
    set_num_threads(2)

    def fail(start: int, stop: int) -> None:
        if start:
            raise ZeroDivisionError("in a worker")

    with pytest.raises(ZeroDivisionError, match="in a worker"):
        share(fail, 10, least=0)
    seen = np.zeros(10, int)
    share(count, 10, seen, least=0)
    assert (seen == 1).all()


def test_two_threads_may_share_at_once() -> None:
    set_num_threads(2)
    seen = np.zeros((2, 1000), int)

    def work(i: int) -> None:
        for _ in range(200):
            share(count, 1000, seen[i], least=0)

    others = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in others:
        t.start()
    for t in others:
        t.join()
    assert (seen == 200).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_workers_of_its_own() -> None:
    program = """
import os, numpy as np
from xparray._threads import set_num_threads, share
def count(seen, start, stop): seen[start:stop] += 1
set_num_threads(2)
seen = np.zeros(10, int); share(count, 10, seen, least=0)
child = os.fork()
if child == 0:
    share(count, 10, seen, least=0)
    os._exit(0 if (seen == 2).all() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({"XPARRAY_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, "3"), ({"OMP_NUM_THREADS": "5"}, "5")],
)
def test_the_environment_sets_the_number(environment: dict[str, str], expected: str) -> None:
    program = "from xparray._threads import num_threads; print(num_threads())"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_no_thread_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="set_num_threads: n is 0; expected a number of threads, 1 or more"):
        set_num_threads(0)


SLOW_TO_BEGIN = """
import importlib.util
import sys

import numpy as np

# Workers that wait long between seeing a call of Python's and taking it.
spec = importlib.util.spec_from_file_location("xparray._spin", sys.argv[1])
spin = sys.modules["xparray._spin"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(spin)

from xparray._threads import set_num_threads, share
from xparray.kernels.product import multiply


@spin.numba.njit(nogil=True)
def count(seen, start, stop):
    seen[start:stop] += 1


set_num_threads(2)
seen = np.zeros(64)
a = b = np.ones((256, 256), "float32")
for n in range(1000):
    seen[:] = 0
    share(count, 64, seen, least=1)
    assert (seen == 1).all()
    assert (multiply(a * n, b) == 256 * n).all(), n
"""


def test_a_worker_never_takes_one_call_for_another(tmp_path: Path) -> None:
    """The leader takes back a call that no worker has begun; by the time that one does begin, there is the next call."""
    source = Path(importlib.util.find_spec("xparray._spin").origin).read_text(encoding="utf-8")
    assert source.count("_LOCK = 8_000\n") == 1
    (tmp_path / "_spin.py").write_text(source.replace("_LOCK = 8_000\n", "_LOCK = 60_000\n"), encoding="utf-8")
    command = [sys.executable, "-c", SLOW_TO_BEGIN, str(tmp_path / "_spin.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
