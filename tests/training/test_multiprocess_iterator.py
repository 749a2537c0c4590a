"""MultiprocessIterator and MultithreadIterator: the same minibatches as SerialIterator, and every way to fail."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import active_children
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.nn.serializers import load_npz, save_npz
from catena.training.iterators import (
    MultiprocessIterator,
    MultithreadIterator,
    OrderSampler,
    SerialIterator,
    ShuffleOrderSampler,
    _workers,
)

METHODS = ("spawn", "forkserver", "fork")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the faults of these tests are signals of POSIX"),
    # Python 3.12 and later say so of every fork beside threads, which BLAS has; users of "fork" are told by the docstring.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


class Data:
    """Examples made by `make(i)`, a function of a module's top level."""

    def __init__(self, make, n=10):
        self.make, self.n = make, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return self.make(i)


def image(i):
    return np.full((8, 300), i, np.float32), np.int32(i), {"name": f"n{i}", "odd": np.arange(6).reshape(2, 3).T}


def noise(i):
    rng = xp.random.get_generator()
    return i, float(rng.uniform(())), float(rng.normal(()))


def old_noise(i):
    return random.random(), float(np.random.rand())


def fails_at_3(i):
    if i == 3:
        raise KeyError("no such file")
    return i


class Awkward(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


def awkward(i):
    raise Awkward(1, 2)


def sleeps_at_5(i):
    if i == 5:
        time.sleep(1000)
    return i


def killed_at_5(i):
    if i == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return i


def exits_at_5(i):
    if i == 5:
        os._exit(7)
    return i


def not_picklable(i):
    return threading.Lock() if i == 2 else i


def process(i):
    return os.getpid()


def raises_stop_iteration_at_2(i):
    return next(iter(())) if i == 2 else i


class ReadThereOnly:
    """An example that can be unpickled in its worker alone, with an array large enough for shared memory."""

    def __reduce__(self):
        return read_there_only, (np.zeros(100_000), os.getpid())


def read_there_only(array, pid):
    if pid != os.getpid():
        raise OSError("only in the worker")


def read_there_only_at_3(i):
    return ReadThereOnly() if i == 3 else np.zeros(100_000)


def grows(i):
    return np.full(10 ** min(i, 6), i, np.uint8)


def same(a, b):
    """Whether two examples are the same in bits and types."""
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def trace(iterator, n):
    return [
        (b, iterator.epoch, iterator.is_new_epoch, iterator.epoch_detail, iterator.previous_epoch_detail, iterator.current_position)
        for b in islice(iterator, n)
    ]  # fmt: skip


def processes(data, batch_size=4, **options):
    return MultiprocessIterator(data, batch_size, **{"n_processes": 2, "start_method": "fork", **options})


def threads(data, batch_size=4, **options):
    return MultithreadIterator(data, batch_size, n_threads=2, **options)


def memories():
    """The shared memory of this user's processes, where the system shows it."""
    folder = Path("/dev/shm")
    return (
        {p for p in folder.glob("catena_*") if p.exists() and p.stat().st_uid == os.getuid()}
        if folder.exists()
        else set()
    )


def soon(condition, seconds=60):
    """Whether a condition comes to hold; the limit is for a machine that has much else to do."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def states():
    """Of each process that the system shows: its number, its state and its parent."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just gone
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            yield int(path.parent.name), state, int(parent)


def zombies():
    """Processes of this one that have ended and were never waited for."""
    return [pid for pid, state, parent in states() if parent == os.getpid() and state == "Z"]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """New processes find this module, as they have their parent's search path."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No process and no shared memory outlives a test."""
    before = memories()
    yield
    gc.collect()
    assert zombies() == []
    assert active_children() == []
    # That of a program that was killed is given back by a process that outlives it for a moment.
    assert soon(lambda: memories() <= before)


def seeded(make, *args, **options):
    xp.random.seed(11)
    return make(*args, **options)


@pytest.mark.parametrize("make", [image, noise], ids=["arrays", "random"])
@pytest.mark.parametrize(
    "options", [{}, {"shuffle": False}, {"repeat": False}, {"batch_size": 3}, {"batch_size": 23}], ids=str
)
@pytest.mark.parametrize("kind", [processes, threads])
def test_minibatches_are_those_of_serial_iterator(kind, options, make):
    expected = trace(seeded(SerialIterator, Data(make), **{"batch_size": 4, **options}), 8)
    with seeded(kind, Data(make), **options) as it:
        assert same(trace(it, 8), expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_processes", [1, 3])
def test_every_start_method_gives_the_same(method, n_processes):
    expected = trace(seeded(SerialIterator, Data(image), 4, repeat=False), 9)
    with seeded(processes, Data(image), repeat=False, start_method=method, n_processes=n_processes, n_prefetch=2) as it:
        assert same(trace(it, 9), expected)


@pytest.mark.parametrize(
    "options", [{"n_prefetch": 4}, {"shared_mem": 100}, {"shared_mem": 1 << 20}, {"maxtasksperchild": 3}], ids=str
)
def test_options_change_no_minibatch(options):
    with processes(Data(grows, 8), shuffle=False, **options) as it:
        for _ in range(3):
            assert same([e for b in islice(it, 2) for e in b], [grows(i) for i in range(8)])


def test_arrays_are_ones_own_memory():
    with processes(Data(image), shuffle=False) as it:
        first = it.next()
        for x, *_ in first:
            x += 100
        later = list(islice(it, 5))
        assert [x[0, 0] for x, *_ in first] == [100, 101, 102, 103]
        assert [x[0, 0] for x, *_ in later[-1]] == [0, 1, 2, 3]


def test_arrays_outlive_their_worker():
    """They lie in its shared memory, which has no name any more."""
    before = memories()
    it = processes(Data(image, 100), shuffle=False)
    for _ in range(4):  # before the first examples nobody knows how large they are
        batch = None
        batch = it.next()
    assert all(x.flags.aligned and x.flags.writeable for x, *_ in batch)
    assert any(worker.lent for worker in it._workers._living)
    expected = [x.copy() for x, *_ in batch]
    it.finalize()
    assert memories() == before
    assert same([x for x, *_ in batch], expected)
    with it:
        assert same(it.next(), [image(i) for i in range(16, 20)])
        assert same([x for x, *_ in batch], expected)


def test_a_program_that_collects_minibatches_has_copies():
    with processes(Data(image, 64), shuffle=False) as it:
        collected = list(islice(it, 16))
        # At the worst one worker has all four parts of two minibatches under way, and one lent.
        assert all(len(worker.memories) <= 4 + 1 for worker in it._workers._living)
        assert same([e for batch in collected for e in batch], [image(i) for i in range(64)])


def test_workers_are_replaced_after_their_tasks():
    with processes(Data(process), maxtasksperchild=4, n_processes=1) as it:
        seen = [set(b) for b in islice(it, 4)]
        assert all(len(pids) == 1 for pids in seen) and len(set.union(*seen)) == 4


def test_a_dataset_draws_the_same_whoever_reads_it_and_anew_in_each_epoch():
    def epochs(kind):
        with seeded(kind, Data(noise), batch_size=5, order_sampler=ShuffleOrderSampler(1)) as it:
            return [sorted([*it.next(), *it.next()]) for _ in range(2)]

    first, second = epochs(SerialIterator)
    assert [i for i, *_ in first] == [i for i, *_ in second] == list(range(10))
    assert not {u for _, u, _ in first} & {u for _, u, _ in second}
    assert epochs(threads) == epochs(processes) == [first, second]


@pytest.mark.parametrize("n_processes", [1, 2])
def test_the_streams_of_random_and_of_numpy_differ_between_examples_in_workers(n_processes):
    with seeded(processes, Data(old_noise), batch_size=10, shuffle=False, n_processes=n_processes) as it:
        first, second = it.next(), it.next()
    assert len({u for pair in first + second for u in pair}) == 40
    with seeded(processes, Data(old_noise), batch_size=10, shuffle=False, n_processes=3) as it:
        assert it.next() == first


def test_settings_of_the_caller_hold_in_threads():
    with ag.using_config("train", False), threads(Data(lambda i: ag.config.train)) as it:
        assert it.next() == [False] * 4


@pytest.mark.parametrize("kind", [processes, threads])
@pytest.mark.parametrize("done", [0, 1, 3, 4])
@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"repeat": False}], ids=str)
def test_a_restored_iterator_goes_on_alike(tmp_path, kind, done, options):
    with seeded(kind, Data(noise), **options) as it, kind(Data(noise), **options) as other:
        list(islice(it, done))
        save_npz(tmp_path / "it.npz", it)
        expected = trace(it, 7)
        other.next()
        load_npz(tmp_path / "it.npz", other)
        assert trace(other, 7) == expected
        serial = SerialIterator(Data(noise), 4, **options)
        load_npz(tmp_path / "it.npz", serial)
        assert trace(serial, 7) == expected


def test_what_is_written_is_what_serial_iterator_writes(tmp_path):
    def written(it):
        list(islice(it, 5))
        save_npz(tmp_path / "it.npz", it)
        with np.load(tmp_path / "it.npz") as file:
            return {key: file[key].tolist() for key in file}

    expected = written(seeded(SerialIterator, Data(noise), 4))
    with seeded(processes, Data(noise), n_prefetch=6) as it:
        assert written(it) == expected


@pytest.mark.parametrize("kind", [processes, threads])
def test_reset_starts_again_as_serial_iterator_does(kind):
    def passes(it):
        result = []
        for n in (1, 3, 9):
            result.append(trace(it, n))
            it.reset()
        return result

    for repeat in (True, False):
        with seeded(kind, Data(noise), repeat=repeat) as it:
            assert passes(it) == passes(seeded(SerialIterator, Data(noise), 4, repeat=repeat))


def test_copies_share_the_workers():
    with processes(Data(process), repeat=False, shuffle=False) as it:
        it.next()
        other = copy.copy(it)
        other.reset()
        pids = {p for b in other for p in b} | {p for b in it for p in b}
        assert len(pids) == 2


@pytest.mark.parametrize("kind", [processes, threads])
def test_a_pickled_iterator_goes_on_alike(kind):
    with seeded(kind, Data(noise)) as it:
        it.next()
        with pickle.loads(pickle.dumps(it)) as other:
            assert trace(other, 5) == trace(it, 5)


@pytest.mark.parametrize("kind", [processes, threads])
def test_a_finalized_iterator_goes_on_where_it_was(kind):
    it = kind(Data(image), shuffle=False)
    assert [int(t) for _, t, _ in it.next()] == [0, 1, 2, 3]
    it.finalize()
    assert [int(t) for _, t, _ in it.next()] == [4, 5, 6, 7]
    it.finalize()
    it.finalize()


def test_an_iterator_that_is_dropped_stops_its_workers():
    it = processes(Data(image))
    it.next()
    assert len(active_children()) == 2
    del it
    gc.collect()
    assert active_children() == []


def test_a_copy_that_is_finalized_leaves_the_original_alone():
    for kind in (processes, threads):
        with (
            kind(Data(image), shuffle=False, n_prefetch=2)
            if kind is processes
            else kind(Data(image), shuffle=False) as it
        ):
            assert [int(t) for _, t, _ in it.next()] == [0, 1, 2, 3]
            with copy.copy(it) as other:
                assert [int(t) for _, t, _ in other.next()] == [4, 5, 6, 7]
            assert [int(t) for _, t, _ in it.next()] == [4, 5, 6, 7]
            assert [int(t) for _, t, _ in it.next()] == [8, 9, 0, 1]


# Faults


@pytest.mark.parametrize("kind", [processes, threads, SerialIterator])
def test_what_a_dataset_raises_is_raised_with_the_example(kind):
    it = kind(Data(fails_at_3), batch_size=2, shuffle=False)
    assert it.next() == [0, 1]
    for _ in range(2):  # it stays where it was
        with pytest.raises(KeyError, match="no such file") as caught:
            it.next()
        assert "This was example 3, read in epoch 0." in caught.value.__notes__
    if kind is processes:
        assert re.search(r"raised in worker \d \(process \d+\)", caught.value.__notes__[-1])
        assert 'raise KeyError("no such file")' in str(caught.value.__cause__)


def test_an_exception_that_cannot_be_pickled_comes_as_its_text():
    with pytest.raises(RuntimeError, match=r"a worker raised what cannot be pickled: .*Awkward: 1 and 2"):
        processes(Data(awkward)).next()


@pytest.mark.parametrize("kind", [processes, threads, SerialIterator])
def test_a_dataset_that_raises_stop_iteration_ends_no_pass(kind):
    it = kind(Data(raises_stop_iteration_at_2), batch_size=4, shuffle=False)
    text = re.escape("dataset[2] raised StopIteration, read in epoch 0, which would end the pass; expected an example")
    with pytest.raises(RuntimeError, match=text):
        it.next()


def test_an_example_that_cannot_be_unpickled_here_costs_no_memory():
    it = processes(Data(read_there_only_at_3), batch_size=2, shuffle=False, shared_mem=1 << 20)
    assert len(it.next()) == 2
    with pytest.raises(OSError, match="only in the worker") as caught:
        it.next()
    assert active_children() == [] and caught.value.__traceback__ is not None


def test_an_example_for_which_a_thread_waits_for_ever_is_named():
    release = threading.Event()
    it = threads(Data(lambda i: release.wait() if i == 5 else i), shuffle=False, dataset_timeout=2)
    try:
        assert it.next() == [0, 1, 2, 3]
        text = (
            "MultithreadIterator: a thread did nothing for 2 s while it read example 5 of epoch 0; if examples may take"
        )
        with pytest.raises(TimeoutError, match=re.escape(text)):
            it.next()
    finally:
        release.set()
    assert it.next() == [4, True, 6, 7]


def test_a_timeout_that_the_dataset_raises_is_its_own():
    def example(i):
        raise TimeoutError("the server does not answer")

    with pytest.raises(TimeoutError, match="the server does not answer"):
        threads(Data(example)).next()


@pytest.mark.parametrize("method", METHODS)
def test_an_example_that_sleeps_is_named(method):
    it = processes(Data(sleeps_at_5), shuffle=False, dataset_timeout=2, start_method=method)
    assert it.next() == [0, 1, 2, 3]
    text = r"worker \d \(process \d+\) did nothing for 2 s while it read example 5 of epoch 0, and was stopped"
    with pytest.raises(TimeoutError, match=text):
        it.next()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (killed_at_5, r"was killed by SIGKILL while it read example 5 of epoch 0"),
        (exits_at_5, "ended with exit code 7 while it read example 5"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_is_named(make, text, method):
    it = processes(Data(make), shuffle=False, start_method=method)
    assert it.next() == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match=r"worker \d \(process \d+\) " + text):
        it.next()


def test_idle_workers_killed_from_outside():
    it = processes(Data(process), batch_size=2, shuffle=False)
    pids = it.next()
    time.sleep(0.1)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"worker \d \(process \d+\) was killed by SIGKILL"):
        for _ in range(4):
            it.next()
    assert not set(it.next()) & set(pids)
    it.finalize()


def test_examples_that_cannot_be_pickled_are_named():
    text = r"example 2, read in epoch 0, is <unlocked _thread.lock .* \(lock\), which cannot be pickled to travel from its worker"
    with pytest.raises(TypeError, match=text):
        processes(Data(not_picklable), shuffle=False).next()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_datasets_that_cannot_be_pickled_are_named(method):
    data = Data(lambda i: i)
    text = r"dataset of type Data cannot be pickled to travel to a worker, because of its attribute make \(.*lambda"
    with pytest.raises(TypeError, match=text):
        processes(data, start_method=method).next()
    with processes(data, shuffle=False) as it:
        assert it.next() == [0, 1, 2, 3]


class BreaksThere:
    def __len__(self):
        return 4

    def __setstate__(self, state):
        raise OSError("not there")

    def __getstate__(self):
        return {"a": 1}


def test_a_dataset_that_cannot_be_made_in_the_worker(capfd):
    text = r"worker 0 \(process \d+\) ended with exit code 1 while it started; its own message is above; .*__main__"
    with pytest.raises(RuntimeError, match=text):
        processes(BreaksThere(), start_method="spawn").next()
    assert "OSError: not there" in capfd.readouterr().err


class SleepsThere(BreaksThere):
    def __setstate__(self, state):
        time.sleep(1000)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_that_never_starts_is_named(monkeypatch, method):
    monkeypatch.setattr(_workers, "_START_SECONDS", 0.5)
    text = r"worker 0 \(process \d+\) did nothing for 0.6 s while it started, and was stopped"
    with pytest.raises(TimeoutError, match=text):
        processes(SleepsThere(), start_method=method, dataset_timeout=0.6).next()


def test_an_iterator_works_in_a_thread_of_its_own():
    results = []

    def work():
        with processes(Data(image), shuffle=False) as it:
            results.append([int(t) for _, t, _ in it.next()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == [[0, 1, 2, 3]]


class Stateful(OrderSampler):
    """Orders that follow from a counter; the third one fails."""

    count = 0

    def __call__(self, order, position):
        self.count += 1
        if self.count == 3:
            raise OSError("no third order")
        return np.roll(np.arange(len(order)), self.count)

    def serialize(self, serializer):
        self.count = serializer("count", self.count)


def test_a_sampler_that_fails_ahead_of_time_is_back_where_the_last_minibatch_left_it():
    sampler = Stateful()
    it = processes(range(4), batch_size=2, order_sampler=sampler, n_prefetch=2)
    assert it.next() == [3, 0]
    with pytest.raises(OSError, match="no third order"):
        it.next()
    assert (sampler.count, it.current_position, it.epoch) == (1, 2, 0)


def test_shared_memory_that_is_full_is_said_and_costs_only_time(monkeypatch):
    def full(size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("catena.training.iterators._workers._allocate", full)
    with processes(Data(image), shuffle=False) as it:
        with pytest.warns(RuntimeWarning, match="no .* bytes of shared memory for worker .*No space left on device"):
            assert same([e for b in islice(it, 5) for e in b], [image(i % 10) for i in range(20)])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"n_processes": 0}, ValueError, "MultiprocessIterator: n_processes is 0; expected a positive number of processes"),
        ({"n_processes": 1.5}, TypeError, "MultiprocessIterator: n_processes is 1.5 (float); expected a positive integer"),
        ({"n_prefetch": 0}, ValueError, "n_prefetch is 0; expected a positive number of minibatches"),
        ({"shared_mem": -1}, ValueError, "shared_mem is -1; expected a positive number of bytes an example"),
        ({"maxtasksperchild": 0}, ValueError, "maxtasksperchild is 0; expected a positive number of examples"),
        ({"dataset_timeout": 0}, ValueError, "dataset_timeout is 0; expected a positive number of seconds, or None"),
        ({"dataset_timeout": float("nan")}, ValueError, "dataset_timeout is nan; expected a positive number of seconds"),
        ({"start_method": "thread"}, ValueError, "start_method is 'thread'; expected one of 'spawn', 'forkserver', 'fork'"),
        ({"batch_size": 0}, ValueError, "MultiprocessIterator: batch_size is 0"),
    ],
)  # fmt: skip
def test_bad_options_are_named(options, error, text):
    with pytest.raises(error, match=re.escape(text)):
        processes(range(3), **options)


def test_bad_number_of_threads():
    with pytest.raises(ValueError, match="MultithreadIterator: n_threads is 0; expected a positive number of threads"):
        MultithreadIterator(range(3), 1, n_threads=0)
    with pytest.raises(
        ValueError, match="MultithreadIterator: dataset_timeout is -1; expected a positive number of seconds"
    ):
        MultithreadIterator(range(3), 1, dataset_timeout=-1)


PROGRAM = """
import sys, time
from catena.training.iterators import MultiprocessIterator, MultithreadIterator

class Slow:
    def __len__(self):
        return 100
    def __getitem__(self, i):
        time.sleep(10_000 if i >= 10 and sys.argv[2] == "wait" else 0.02)
        return i

if __name__ == "__main__":
    if sys.argv[1] == "thread":
        it = MultithreadIterator(Slow(), 10, shuffle=False, n_threads=2)
    else:
        options = dict(n_processes=2, start_method=sys.argv[1], dataset_timeout=None)
        it = MultiprocessIterator(Slow(), 10, shuffle=False, **options)
    it.next()
    print(*[] if sys.argv[1] == "thread" else [w.process.pid for w in it._workers._living], flush=True)
    if sys.argv[2] != "end":
        while True:
            it.next()
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(PROGRAM))

    def start(*args):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = subprocess.Popen([sys.executable, path, *args], text=True, start_new_session=True, **pipes)
        return running, [int(pid) for pid in running.stdout.readline().split()]

    return start


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
@pytest.mark.parametrize("does", ["go on", "wait"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_program_that_is_stopped_in_mid_epoch_leaves_no_worker(program, method, number, does):
    running, pids = program(method, does)
    assert len(pids) == 2
    if number == "SIGINT":
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the workers too
    else:
        running.send_signal(signal.Signals[number])
    _, errors = running.communicate(timeout=120)
    assert running.returncode == -signal.Signals[number]
    assert soon(lambda: not any(map(alive, pids)))
    if number == "SIGINT":
        assert errors.count("Traceback") == 1 and errors.endswith("KeyboardInterrupt\n")


@pytest.mark.parametrize("does", ["go on", "wait"])
def test_ctrl_c_ends_a_program_whatever_its_threads_do(program, does):
    running, _ = program("thread", does)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == -signal.SIGINT and errors.endswith("KeyboardInterrupt\n")


@contextmanager
def thread_that_takes_signals():
    """A thread as BLAS has them, to which the system hands a signal that the main thread blocks."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("where", ["Worker", "_allocate", "_release"])
def test_ctrl_c_while_something_is_made_or_given_back_loses_nothing(monkeypatch, where):
    original, calls = getattr(_workers, where), []

    def interrupted(*args):
        result = original(*args)
        if not calls:
            calls.append(args)
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # in which the handler would run
                time.sleep(0.0001)
        return result

    handler = signal.getsignal(signal.SIGINT)
    with thread_that_takes_signals():
        it = processes(Data(grows), batch_size=2, shuffle=False)
        monkeypatch.setattr(_workers, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            for _ in range(5):
                it.next()
        assert calls and signal.getsignal(signal.SIGINT) is handler
        monkeypatch.undo()
        at = it.current_position
        assert len(it.next()[0]) == 10 ** min(at, 6)  # it goes on where it was
        it.finalize()


@needs_proc
@pytest.mark.parametrize("method", METHODS)
def test_a_program_that_forgets_to_finalize_ends(program, method):
    running, pids = program(method, "end")
    _, errors = running.communicate(timeout=120)
    assert (running.returncode, errors) == (0, "")
    assert soon(lambda: not any(map(alive, pids)))


def test_shared_memory_is_given_back():
    it = processes(Data(image))
    list(islice(it, 4))
    names = [m.name for w in it._workers._living for m in w.memories if m is not None]
    assert names
    it.finalize()
    for name in names:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name)
