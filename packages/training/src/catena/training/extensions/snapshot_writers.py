"""Snapshot writers: whether a snapshot is written at once, by a thread or by another process.

Give one to `snapshot(writer=...)`. What runs beside the training gets a copy of the state, so training may go on at once; what goes
wrong there is raised at the next snapshot or at the end of the run.

Example:
    >>> from catena.training import extensions
    >>> extension = extensions.snapshot(writer=ThreadWriter())
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from catena.nn.serializers import DictionarySerializer, save_npz
from catena.nn.serializers._files import replacing

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer

__all__ = [
    "ProcessQueueWriter",
    "ProcessWriter",
    "QueueWriter",
    "SimpleWriter",
    "StandardWriter",
    "ThreadQueueWriter",
    "ThreadWriter",
    "Writer",
]

SaveFunction = Callable[..., Any]


class _Copy:
    """The state of an object as it was: it saves as the object would have."""

    def __init__(self, target: Any) -> None:
        serializer = DictionarySerializer()
        serializer.save(target)
        self.arrays = {key: np.array(array) for key, array in serializer.target.items()}
        self.file_kind = getattr(target, "file_kind", None)
        self.file_class = type(target).__name__

    def serialize(self, serializer: Serializer) -> None:
        """Write the state."""
        for key, array in self.arrays.items():
            serializer(key, array)


class Writer:
    """Base class of snapshot writers: define `__call__`, which sees to it that `save` is called."""

    def __init__(self) -> None:
        self._post_save_hooks: list[Callable[[], Any]] = []

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        """Write `target`, an object with `serialize`, to the file of that name in the folder."""
        raise TypeError(f"{type(self).__name__} does nothing; define __call__(self, filename, outdir, target) in it")

    def finalize(self) -> None:
        """Wait until everything is written."""

    def save(self, filename: str, outdir: str, target: Any, savefun: SaveFunction, **kwds: Any) -> None:
        """Call `savefun(path, target, **kwds)`; the file appears under its name when it is complete."""
        save(filename, outdir, target, savefun, **kwds)
        self._post_save()

    def _add_cleanup_hook(self, hook: Callable[[], Any]) -> None:
        self._post_save_hooks.append(hook)

    def _post_save(self) -> None:
        for hook in self._post_save_hooks:
            hook()


def save(filename: str, outdir: str, target: Any, savefun: SaveFunction, **kwds: Any) -> None:
    """Write a file that appears under its name when it is complete."""
    path = os.path.join(outdir, filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with replacing(path) as temporary:
        savefun(temporary, target, **kwds)


class SimpleWriter(Writer):
    """Writes at once; training waits.

    Args:
        savefun: called as `savefun(path, target, **kwds)`.
        kwds: more arguments for it.

    Example:
        >>> writer = SimpleWriter(compression=False)
    """

    def __init__(self, savefun: SaveFunction = save_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun = savefun
        self._kwds = kwds

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        """Write `target`."""
        self.save(filename, outdir, target, self._savefun, **self._kwds)


class StandardWriter(Writer):
    """Base class of writers that start a worker for each snapshot and wait for it before the next: define `create_worker`.

    Args:
        savefun: called as `savefun(path, target, **kwds)`.
        kwds: more arguments for it.
    """

    def __init__(self, savefun: SaveFunction = save_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun = savefun
        self._kwds = kwds
        self._worker: Any = None

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        """A worker with the methods `start` and `join`; `join` raises what went wrong."""
        raise TypeError(
            f"{type(self).__name__} has no worker; define create_worker(self, filename, outdir, target) in it"
        )

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        """Wait for the last worker, copy the state of `target`, and let another worker write it."""
        self.finalize()
        self._worker = self.create_worker(filename, outdir, _Copy(target), **self._kwds)
        self._worker.start()

    def finalize(self) -> None:
        """Wait for the worker, and raise what went wrong there."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.join()


class ThreadWriter(StandardWriter):
    """Writes in a thread while training goes on; the next snapshot waits for it.

    Args:
        savefun: called as `savefun(path, target, **kwds)`; `target` is a copy of the state with the method `serialize`.
        kwds: more arguments for it.

    Example:
        >>> writer = ThreadWriter()
    """

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        """A thread that writes."""
        return _Thread(self.save, filename, outdir, target, self._savefun, **kwds)


class ProcessWriter(StandardWriter):
    """Writes in another process while training goes on; the next snapshot waits for it.

    The process is started anew (`spawn`), so a program needs its `if __name__ == "__main__":`, and `savefun` must stand in a module.

    Args:
        savefun: called as `savefun(path, target, **kwds)`; `target` is a copy of the state with the method `serialize`.
        kwds: more arguments for it.

    Example:
        >>> writer = ProcessWriter()
    """

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        """A process that writes."""
        tasks = _spawn().Queue()
        tasks.put((_Task(self._savefun, kwds), filename, outdir, target))
        tasks.put(None)
        return _Process(tasks, self._post_save)


class QueueWriter(Writer):
    """Base class of writers with one worker and a queue, so that training never waits: define `create_queue`, `create_consumer`.

    Args:
        savefun: called as `savefun(path, target)`.
        task: called as `task(filename, outdir, target)` in place of saving with `savefun`.
    """

    def __init__(self, savefun: SaveFunction = save_npz, task: Callable[[str, str, Any], Any] | None = None) -> None:
        super().__init__()
        self._task = self.create_task(savefun) if task is None else task
        self._queue: Any = None
        self._consumer: Any = None

    def create_task(self, savefun: SaveFunction) -> Callable[[str, str, Any], Any]:
        """What the worker calls as `task(filename, outdir, target)`."""
        return _Task(savefun, {})

    def create_queue(self) -> Any:
        """A queue."""
        raise TypeError(f"{type(self).__name__} has no queue; define create_queue(self) in it")

    def create_consumer(self, q: Any) -> Any:
        """A worker with `start`, `check` and `join`, the latter two of which raise what went wrong."""
        raise TypeError(f"{type(self).__name__} has no worker; define create_consumer(self, q) in it")

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        """Copy the state of `target`, and put it into the queue."""
        if self._consumer is None:
            self._queue = self.create_queue()
            self._consumer = self.create_consumer(self._queue)
            self._consumer.start()
        self._consumer.check()
        self._queue.put((self._task, filename, outdir, _Copy(target)))

    def finalize(self) -> None:
        """Wait until everything is written, and raise what went wrong."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._queue.put(None)
            consumer.join()


class ThreadQueueWriter(QueueWriter):
    """Writes in a thread, one snapshot after another, while training goes on.

    Args:
        savefun: called as `savefun(path, target)`; `target` is a copy of the state with the method `serialize`.
        task: called as `task(filename, outdir, target)` in place of saving with `savefun`.

    Example:
        >>> writer = ThreadQueueWriter()
    """

    def create_queue(self) -> Any:
        """A queue between threads."""
        return queue.SimpleQueue()

    def create_consumer(self, q: Any) -> Any:
        """A thread."""
        return _Thread(_consume, q, self._post_save)


class ProcessQueueWriter(QueueWriter):
    """Writes in another process, one snapshot after another, while training goes on; see `ProcessWriter` for what it asks.

    Args:
        savefun: called as `savefun(path, target)`; `target` is a copy of the state with the method `serialize`.
        task: called as `task(filename, outdir, target)` in place of saving with `savefun`.

    Example:
        >>> writer = ProcessQueueWriter()
    """

    def create_queue(self) -> Any:
        """A queue between processes."""
        return _spawn().Queue()

    def create_consumer(self, q: Any) -> Any:
        """A process."""
        return _Process(q, self._post_save)


class _Task:
    """Saving with a function, as something that can be sent to another process."""

    def __init__(self, savefun: SaveFunction, kwds: dict[str, Any]) -> None:
        self.savefun = savefun
        self.kwds = kwds

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        save(filename, outdir, target, self.savefun, **self.kwds)


def _consume(tasks: Any, after: Callable[[], Any] | None = None) -> None:
    """Do the tasks in the queue up to None."""
    while (entry := tasks.get()) is not None:
        task, *args = entry
        task(*args)
        if after is not None:
            after()


class _Thread:
    """A thread that keeps what went wrong in it."""

    def __init__(self, function: Callable[..., Any], *args: Any, **kwds: Any) -> None:
        self._work = partial(function, *args, **kwds)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="snapshot writer")

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # whatever a savefun raises; it is raised again in the thread that trains
            self._error = error

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        if not self._thread.is_alive():
            self.join()

    def join(self) -> None:
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            error.add_note("raised while a thread wrote a snapshot")
            raise error


def _spawn() -> Any:
    """What starts processes anew; imported here, so that a run without such a writer does not load it."""
    import multiprocessing

    return multiprocessing.get_context("spawn")


class _Process:
    """A process that does the tasks of a queue, and tells what went wrong."""

    def __init__(self, tasks: Any, after: Callable[[], Any]) -> None:
        context = _spawn()
        self._tasks = tasks
        self._after = after
        self._failures, sender = context.Pipe(duplex=False)
        self._sender: Any = sender
        self._process = context.Process(target=_in_process, args=(tasks, sender), name="snapshot writer")

    def start(self) -> None:
        self._process.start()
        self._sender.close()

    def check(self) -> None:
        if not self._process.is_alive():
            self.join()
            raise RuntimeError("snapshot: the process that writes snapshots has ended before its time")
        self._after()

    def join(self) -> None:
        text = None
        with suppress(EOFError):  # nothing went wrong, or it was killed
            text = self._failures.recv()
        self._process.join()
        # A process that has ended reads no more; waiting for the rest to be sent would be for ever.
        self._tasks.cancel_join_thread()
        self._tasks.close()
        code = self._process.exitcode
        self._failures.close()
        self._process.close()
        if text is not None:
            raise RuntimeError(f"snapshot: the process that writes snapshots failed:\n{text}")
        if code:
            raise RuntimeError(
                f"snapshot: the process that writes snapshots ended with the exit code {code}; the snapshot was not written"
            )
        self._after()


def _in_process(tasks: Any, failures: Any) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C goes to all processes of the terminal; the one that trains decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _consume(tasks)
    except Exception:  # whatever a savefun raises; the process that trains raises it again
        failures.send(traceback.format_exc())


def _end_with_parent() -> None:
    """End this process when the one that trains is killed: nobody would send anything any more."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
