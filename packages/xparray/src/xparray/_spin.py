"""Waiting without the interpreter's lock, for the threads that share loops; needs numba.

A thread that sleeps takes 50 us to wake up, longer than many loops take. So a worker looks out for its next call for a
while, and lets go of the interpreter's lock meanwhile; each wait here is compiled code that runs without it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from xparray._cache import compile_callback, compile_function

# Numba's annotations do not cover what is used here.
numba: Any = importlib.import_module("numba")
types, cgutils = numba.types, importlib.import_module("numba.core.cgutils")

# A worker's row of words: its state, its call where that is compiled code (0 where it is Python's), and the state it was in
# when it was given one. The last row is the leading thread's, of which only the processor is known.
STATE, ENTRY, DATA, START, STOP, BEFORE, ROW = 0, 1, 2, 3, 4, 5, 8
# States: looks out for a call; has been given one; has begun it; waits for its lock.
IDLE, READY, TAKEN, ASLEEP = 0, 1, 2, 3

# In cycles of the processor's clock, some 3 a nanosecond: how long a worker looks out before it sleeps, how long it may be away
# when it yields the processor to nobody, and how long the leading thread needs to let go of the interpreter's lock.
_PATIENCE = 900_000 if sys.platform == "linux" else 0
_AWAY = 60_000
_LOCK = 8_000

_CODE = {"error_model": "numpy", "nogil": True}
_callbacks: list[Any] = []  # code lives as long as these


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: code that runs without the interpreter's lock; it calls nothing of other files."""
    return compile_function(function, b"", **_CODE)


def shared_code(function: Callable[..., Any]) -> int:
    """Decorator: the address of code that threads call without the interpreter, `function(data, start, stop)` of three integers."""
    callback = compile_callback(function, types.void(types.int64, types.int64, types.int64), **_CODE)
    _callbacks.append(callback)
    address: int = callback.address
    return address


_I32, _I64 = ir.IntType(32), ir.IntType(64)


def intrinsic(typing: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's decorator, under whose name compiled code may call what `typing` describes, without the first parameter."""
    function: Callable[..., Any] = numba.extending.intrinsic(typing)
    return function


def _word(context: Any, b: Any, signature: Any, args: Any) -> Any:
    """Where the word `args[1]` of the flat array `args[0]` lies."""
    return b.gep(context.make_array(signature.args[0])(context, b, args[0]).data, [args[1]])


@intrinsic
def _read(_: Any, words: Any, i: Any) -> Any:
    """A word as other threads last left it."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        return b.load_atomic(_word(context, b, signature, args), "seq_cst", 8)

    return types.int64(words, types.int64), generate


@intrinsic
def _write(_: Any, words: Any, i: Any, value: Any) -> Any:
    """Set a word for all threads to see."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        b.store_atomic(args[2], _word(context, b, signature, args), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64), generate


@intrinsic
def _exchange(_: Any, words: Any, i: Any, value: Any) -> Any:
    """Set a word for all threads to see; what it was before."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        return b.atomic_rmw("xchg", _word(context, b, signature, args), args[2], "seq_cst")

    return types.int64(words, types.int64, types.int64), generate


@intrinsic
def _change(_: Any, words: Any, i: Any, old: Any, new: Any) -> Any:
    """Make a word `new` where it is `old`, in one step for all threads; whether it was."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        done = b.cmpxchg(_word(context, b, signature, args), args[2], args[3], "seq_cst", "seq_cst")
        return b.extract_value(done, 1)

    return types.boolean(words, types.int64, types.int64, types.int64), generate


@intrinsic
def _clock(_: Any) -> Any:
    """The processor's clock, in cycles."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        return b.call(cgutils.get_or_insert_function(b.module, ir.FunctionType(_I64, []), "llvm.readcyclecounter"), [])

    return types.int64(), generate


def _of_libc(name: str) -> Callable[[], int]:
    """A function of the C library that takes nothing and gives an int."""

    @intrinsic
    def call(_: Any) -> Any:
        def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
            return b.call(cgutils.get_or_insert_function(b.module, ir.FunctionType(_I32, []), name), [])

        return types.int32(), generate

    return call


if sys.platform == "linux":
    _yield_processor, _current_processor = _of_libc("sched_yield"), _of_libc("sched_getcpu")
else:  # nobody waits long here: see _PATIENCE

    @compiled
    def _yield_processor() -> int:
        return 0

    @compiled
    def _current_processor() -> int:
        return -1


@intrinsic
def _call(_: Any, entry: Any, data: Any, start: Any, stop: Any) -> Any:
    """Call the C function at the address `entry` with three words."""

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        function = ir.FunctionType(ir.VoidType(), [_I64] * 3).as_pointer()
        b.call(b.inttoptr(args[0], function), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


# What `look_out` found: a call that needs the interpreter, nothing, or itself on the processor of the leading thread.
CALL, NOTHING, CROWD = 0, 1, 2


@compiled
def look_out(words: Any, worker: int, leader: int) -> int:
    """The worker's wait, until it has a call that needs the interpreter, or is to sleep; calls of compiled code it makes itself.

    On the leading thread's processor it would only take time from that: it is to sleep, and to wake up on another one.
    """
    state = worker * ROW
    _change(words, state, TAKEN, IDLE)
    now = start = _clock()
    while True:
        if _read(words, state) == READY:
            if _read(words, state + ENTRY) == 0:
                while _clock() - now < _LOCK:
                    pass
            if _change(words, state, READY, TAKEN):
                # Read only now: the leader may have taken back the call that was seen, and given this one instead.
                entry = _read(words, state + ENTRY)
                if entry == 0:
                    return CALL
                _call(entry, words[state + DATA], words[state + START], words[state + STOP])
                _write(words, state, IDLE)
            now = start = _clock()
        is_crowd = _current_processor() == _read(words, leader * ROW)
        before = now
        if not is_crowd:
            _yield_processor()
            now = _clock()
        # Another thread had work for this processor if the worker was away for long.
        if is_crowd or now - before > _AWAY or now - start > _PATIENCE:
            if _change(words, state, IDLE, ASLEEP):
                return CROWD if is_crowd else NOTHING


@compiled
def begin(words: Any, workers: int) -> None:
    """The leader's start: tell the workers that they have a call."""
    _write(words, words.size - ROW, _current_processor())
    for w in range(workers):
        words[w * ROW + BEFORE] = _exchange(words, w * ROW, READY)


@compiled
def take_back(words: Any, w: int) -> bool:
    """Whether worker `w` has not begun its call, which is the leader's then; if it has, wait until it is done."""
    if _change(words, w * ROW, READY, words[w * ROW + BEFORE]):
        return True
    while _read(words, w * ROW) == TAKEN:
        _yield_processor()
    return False


@compiled
def lead(words: Any, workers: int, entry: int, data: int, n: int) -> None:
    """Call the compiled code at `entry` for all of the range from 0 to `n`, together with the workers."""
    for w in range(workers):
        row = w * ROW
        words[row + ENTRY], words[row + DATA] = entry, data
        words[row + START], words[row + STOP] = n * (w + 1) // (workers + 1), n * (w + 2) // (workers + 1)
    begin(words, workers)
    _call(entry, data, 0, n // (workers + 1))
    for w in range(workers):
        if take_back(words, w):
            _call(entry, data, n * (w + 1) // (workers + 1), n * (w + 2) // (workers + 1))
